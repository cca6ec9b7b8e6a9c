//! Step 3: UDP, and the pseudo-header.

use std::net::Ipv4Addr;

use crate::PacketError;

/// What UDP and TCP add to their checksums and never send: so a datagram that reaches a wrong host
/// or a wrong protocol does not fit (RFC 768; RFC 9293, section 3.1).
///
/// Twelve bytes: `src`, `dst`, a zero byte, `proto`, and `len`, which is the length of the UDP datagram
/// or TCP segment: its header and its data.
pub fn pseudo_header(src: Ipv4Addr, dst: Ipv4Addr, proto: u8, len: u16) -> [u8; 12] {
    todo!(
        "6.3 pseudo_header({src}, {dst}, {proto}, {len}): source, destination, zero, protocol, length"
    )
}

/// The header of a UDP datagram (RFC 768). The length and the checksum are not fields: `emit`
/// computes them, and `parse` checks them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UdpHeader {
    pub src: u16,
    pub dst: u16,
}

impl UdpHeader {
    /// The length of the header.
    pub const LEN: usize = 8;

    /// Reads the UDP datagram that an IPv4 datagram from `src` to `dst` carries: gives its header and
    /// its payload.
    ///
    /// The payload ends where the length field says. What `b` has behind that, however much it is, is
    /// not the datagram's, and the checksum does not cover it. A checksum of 0 says that the sender
    /// computed none, and nothing is compared; the length counts all the same. Every port is accepted,
    /// 0 too.
    ///
    /// # Errors
    ///
    /// The layer is `Layer::Udp`. The reason is the first of these that holds:
    ///
    /// 1. `Reason::Truncated`: fewer than 8 bytes.
    /// 2. `Reason::Length`: the length field is below 8.
    /// 3. `Reason::Truncated`: `b` ends before the length field says.
    /// 4. `Reason::Checksum`: the checksum of the pseudo-header and the datagram is not 0. (Where the field
    ///    is 0, this is not asked.)
    pub fn parse(
        b: &[u8],
        src: Ipv4Addr,
        dst: Ipv4Addr,
    ) -> Result<(UdpHeader, &[u8]), PacketError> {
        todo!(
            "6.3 UdpHeader::parse({} bytes, {src}, {dst}): check in the order of the list above; the payload ends where the length says",
            b.len()
        )
    }

    /// Appends the header and the payload to `out`, for an IPv4 datagram from `src` to `dst`.
    ///
    /// The checksum covers the pseudo-header, the header and the payload. Where it comes out as 0, it
    /// is sent as `ffff`: 0 would say that there is none.
    ///
    /// # Errors
    ///
    /// `Reason::TooBig` of `Layer::Udp`, and `out` is as before: header and payload have more than
    /// 65535 bytes.
    pub fn emit(
        &self,
        src: Ipv4Addr,
        dst: Ipv4Addr,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), PacketError> {
        todo!(
            "6.3 {self:?}.emit({src}, {dst}, {} bytes, {out:02x?}): the checksum over pseudo-header, header and payload, and 0 becomes ffff",
            payload.len()
        )
    }
}
