//! Step 7: segments as bytes.

use packets::{Flow, PacketError};
use tcp_open::Segment;

/// The IPv4 datagram that carries a segment from `flow.src` to `flow.dst`. It must not be cut up
/// (DF). Everything else in IP's header is as [`packets::Ipv4Header::new`] makes it. TCP's only
/// option is the MSS, if the segment has one, even without SYN. URG, ECE and CWR are clear, and the
/// urgent pointer is 0. Without ACK the ACK number is 0.
///
/// # Errors
///
/// Those of chapter 06's [`packets::encapsulate_ip`]: the payload is too big.
pub fn to_bytes(flow: Flow, segment: &Segment) -> Result<Vec<u8>, PacketError> {
    todo!("12.7 to_bytes({flow}, {segment:?}): chapter 06's headers")
}

/// The segment that a datagram carries, and its two sockets. `None` if it carries no usable
/// segment: chapter 06's [`packets::dissect_ip`] finds an error, it is a fragment, or it is of
/// another protocol.
///
/// The MSS option counts only in a SYN. All other options are left out; so are URG, ECE and CWR,
/// and the ACK number if ACK is clear. Everything else is as in the datagram, even the payload of a
/// segment with URG. This function does not check whether the flags make sense together.
pub fn from_bytes(datagram: &[u8]) -> Option<(Flow, Segment)> {
    todo!("12.7 from_bytes({datagram:02x?}): chapter 06's headers, the other way")
}
