//! Step 7: segments as bytes.

use packets::{Flow, PacketError};
use tcp_open::Segment;

/// The IPv4 datagram that carries a segment from `flow.src` to `flow.dst`. It must not be cut up (DF); all else in IP's header is
/// as [`packets::Ipv4Header::new`] has it. Of options TCP's header has the MSS, if the segment has one, be it a SYN or not, and no
/// other; URG, ECE and CWR are clear, and the urgent pointer is 0. Without ACK the ACK number is 0.
///
/// # Errors
///
/// Those of chapter 06's [`packets::encapsulate_ip`]: the payload is too big.
pub fn to_bytes(flow: Flow, segment: &Segment) -> Result<Vec<u8>, PacketError> {
    todo!("12.7 to_bytes({flow}, {segment:?}): chapter 06's headers")
}

/// The segment that a datagram carries, and between whom. `None` if it carries none that can be used: chapter 06's
/// [`packets::dissect_ip`] finds an error, it is a piece of a datagram, or of another protocol.
///
/// The MSS option counts on a SYN alone. Whatever else is in the options is left out; so are URG, ECE and CWR, and the ACK
/// number where ACK is clear. All else is as the datagram says, the payload of a segment with URG included. Whether the flags make
/// sense together is not asked here.
pub fn from_bytes(datagram: &[u8]) -> Option<(Flow, Segment)> {
    todo!("12.7 from_bytes({datagram:02x?}): chapter 06's headers, the other way")
}
