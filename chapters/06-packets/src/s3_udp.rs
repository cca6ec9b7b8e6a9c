//! Step 3: UDP, and the pseudo-header.

use std::net::Ipv4Addr;

use crate::PacketError;

/// Bytes that UDP and TCP add to their checksums but never send. So the checksum does not fit at a
/// wrong host or in a wrong protocol (RFC 768; RFC 9293, section 3.1).
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
    /// The payload ends where the length field says. `b` may go on behind that by any length. Those
    /// bytes are not part of the datagram, and the checksum does not cover them. A checksum of 0
    /// says that the sender computed none. Then nothing is compared, but the length is still
    /// checked. Every port is accepted, 0 too.
    ///
    /// # Errors
    ///
    /// The layer is `Layer::Udp`. The reason is the first of these that holds:
    ///
    /// 1. `Reason::Truncated`: fewer than 8 bytes.
    /// 2. `Reason::Length`: the length field is below 8.
    /// 3. `Reason::Truncated`: `b` ends before the length field says.
    /// 4. `Reason::Checksum`: the checksum of the pseudo-header and the datagram is not 0. (Not
    ///    checked if the field is 0.)
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
    /// The checksum covers the pseudo-header, the header and the payload. A result of 0 is sent as
    /// `ffff`, because 0 means that there is no checksum.
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
