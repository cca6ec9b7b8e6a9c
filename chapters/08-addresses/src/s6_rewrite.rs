//! Step 6: another address and another port in a packet.

use std::net::SocketAddrV4;

use crate::Flow;

/// Why a NAT cannot read the two ends of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is cut off, its header's checksum does not fit, or a length in it is impossible.
    Malformed,
    /// A fragment. Only the first one has ports, so fragments must be put together before they get
    /// here (chapter 07).
    Fragment,
    /// Neither TCP nor UDP, nor ICMP's echo or its reply.
    Unknown,
}

/// The sender and the receiver of this IPv4 packet.
///
/// Bytes behind the header's Total Length are padding. The checksum of the IPv4 header is checked.
/// The checksum of the payload is not: the receiving host checks it. ICMP's types 8 and 0 are echo
/// request and reply, whatever their code is.
///
/// # Errors
///
/// The first of these that holds, in this order:
///
/// - [`Unfit::Malformed`]: the header is not one (chapter 06, step 2), or the packet ends before its
///   Total Length.
/// - [`Unfit::Fragment`]: More Fragments is set, or the fragment offset is not 0.
/// - [`Unfit::Unknown`]: another protocol.
/// - [`Unfit::Malformed`]: fewer than 8 bytes of UDP or ICMP, or 20 of TCP; UDP's length below 8 or
///   beyond the packet's end; TCP's data offset below 5 or beyond the packet's end.
/// - [`Unfit::Unknown`]: another ICMP message.
pub fn read_flow(packet: &[u8]) -> Result<Flow, Unfit> {
    todo!(
        "8.6 read_flow({} bytes): the addresses from the IPv4 header, the ports from what it carries",
        packet.len()
    )
}

/// The same for the packet that an ICMP error quotes. Often it is cut off after the first 8 bytes
/// of its payload (RFC 792), so only these are needed, and the control bits are all false.
///
/// # Errors
///
/// The first of these that holds, in this order:
///
/// - [`Unfit::Malformed`]: the IPv4 header is not one.
/// - [`Unfit::Fragment`]: the fragment offset is not 0. A first fragment is as good as a whole packet
///   here: it has the ports.
/// - [`Unfit::Unknown`]: another protocol.
/// - [`Unfit::Malformed`]: fewer than 8 bytes behind the header.
/// - [`Unfit::Unknown`]: another ICMP message.
pub fn read_quote(quote: &[u8]) -> Result<Flow, Unfit> {
    todo!(
        "8.6 read_quote({} bytes): as read_flow, with 8 bytes behind the header",
        quote.len()
    )
}

/// Gives a packet, or a quote, another source: address and port.
///
/// The port is the identifier of an echo request; a reply has none at this end, and keeps what it has.
/// Both checksums are updated: the IPv4 header's, and the payload's, if both its bytes are there.
/// TCP's and UDP's cover the addresses (chapter 06, steps 3 and 4), ICMP's does not.
///
/// A UDP checksum of 0 says that there is none, and stays 0. A UDP checksum with the result 0 is
/// written as ffff (RFC 768). TCP's and ICMP's results are written unchanged, even 0.
///
/// A checksum that was wrong stays wrong: a NAT that computes it from all bytes makes a damaged
/// packet look valid. Nothing else changes, including padding.
///
/// # Errors
///
/// Those of [`read_quote`]. Then the packet is as before.
pub fn set_source(packet: &mut [u8], to: SocketAddrV4) -> Result<(), Unfit> {
    todo!(
        "8.6 set_source({} bytes, {to}): the address, the port, and every checksum that covers them",
        packet.len()
    )
}

/// Gives a packet, or a quote, another destination, as [`set_source`] does for the source. An echo
/// reply's identifier is the destination's; a request has none at this end.
///
/// # Errors
///
/// Those of [`read_quote`]. Then the packet is as before.
pub fn set_destination(packet: &mut [u8], to: SocketAddrV4) -> Result<(), Unfit> {
    todo!(
        "8.6 set_destination({} bytes, {to}): the address, the port, and every checksum that covers them",
        packet.len()
    )
}
