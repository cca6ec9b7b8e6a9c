//! Step 3: UDP, and the pseudo-header.

use std::net::Ipv4Addr;

use crate::{Layer, PacketError, Reason, internet_checksum, protocol};

/// Bytes that UDP and TCP add to their checksums but never send. So the checksum does not fit at a
/// wrong host or in a wrong protocol (RFC 768; RFC 9293, section 3.1).
///
/// Twelve bytes: `src`, `dst`, a zero byte, `proto`, and `len`, which is the length of the UDP datagram
/// or TCP segment: its header and its data.
#[inline]
pub fn pseudo_header(src: Ipv4Addr, dst: Ipv4Addr, proto: u8, len: u16) -> [u8; 12] {
    let [s0, s1, s2, s3] = src.octets();
    let [d0, d1, d2, d3] = dst.octets();
    let [high, low] = len.to_be_bytes();
    [s0, s1, s2, s3, d0, d1, d2, d3, 0, proto, high, low]
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
    #[inline]
    pub fn parse(
        b: &[u8],
        src: Ipv4Addr,
        dst: Ipv4Addr,
    ) -> Result<(UdpHeader, &[u8]), PacketError> {
        let header: &[u8; 8] = b.first_chunk().ok_or(error(Reason::Truncated))?;
        let u16_at = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let (len, checksum) = (u16_at(4), u16_at(6));
        if usize::from(len) < UdpHeader::LEN {
            return Err(error(Reason::Length));
        }
        let datagram = b.get(..usize::from(len)).ok_or(error(Reason::Truncated))?;
        let pseudo = pseudo_header(src, dst, protocol::UDP, len);
        if checksum != 0 && internet_checksum(&[&pseudo, datagram]) != 0 {
            return Err(error(Reason::Checksum));
        }
        let header = UdpHeader {
            src: u16_at(0),
            dst: u16_at(2),
        };
        Ok((header, &datagram[UdpHeader::LEN..]))
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
        let len =
            u16::try_from(UdpHeader::LEN + payload.len()).map_err(|_| error(Reason::TooBig))?;
        let mut header = [0; UdpHeader::LEN];
        header[0..2].copy_from_slice(&self.src.to_be_bytes());
        header[2..4].copy_from_slice(&self.dst.to_be_bytes());
        header[4..6].copy_from_slice(&len.to_be_bytes());
        let pseudo = pseudo_header(src, dst, protocol::UDP, len);
        let checksum = match internet_checksum(&[&pseudo, &header, payload]) {
            0 => 0xffff,
            checksum => checksum,
        };
        header[6..8].copy_from_slice(&checksum.to_be_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(payload);
        Ok(())
    }
}

fn error(reason: Reason) -> PacketError {
    PacketError {
        layer: Layer::Udp,
        reason,
    }
}
