//! Step 2: the header of IPv4.

use std::net::Ipv4Addr;

use crate::PacketError;

/// The header of an IPv4 datagram (RFC 791, section 3.1). The version, the lengths and the checksum
/// are not fields: `emit` computes them, and `parse` checks them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ipv4Header {
    /// Type of service, the second byte as it is. Today it is DSCP and ECN (RFC 2474, RFC 3168).
    pub tos: u8,
    /// Identification: fragments of one datagram have it in common.
    pub id: u16,
    /// Don't Fragment.
    pub df: bool,
    /// More Fragments.
    pub mf: bool,
    /// Fragment offset in units of 8 bytes, as it stands in the field: 13 bits.
    pub frag_off: u16,
    /// Time to live: how many more routers may forward it.
    pub ttl: u8,
    /// What it carries: see [`crate::protocol`].
    pub proto: u8,
    pub src: Ipv4Addr,
    pub dst: Ipv4Addr,
    /// The options as bytes, at most 40. `parse` keeps their padding: zeros at the end are part of them.
    pub options: Vec<u8>,
}

impl Ipv4Header {
    /// The length of a header without options.
    pub const MIN_LEN: usize = 20;

    /// Given: a header with TTL 64, no options, and everything else 0.
    pub fn new(proto: u8, src: Ipv4Addr, dst: Ipv4Addr) -> Ipv4Header {
        Ipv4Header {
            tos: 0,
            id: 0,
            df: false,
            mf: false,
            frag_off: 0,
            ttl: 64,
            proto,
            src,
            dst,
            options: Vec::new(),
        }
    }

    /// Reads a datagram: gives its header and its payload.
    ///
    /// The payload begins where the header ends, which IHL tells in units of 4 bytes, and ends where
    /// Total Length says. `b` may go on behind that by any length. Those bytes are not part of the
    /// datagram: a short Ethernet frame is padded.
    ///
    /// The highest of the three flag bits is reserved, and ignored. Every TTL is accepted, 0 too: a
    /// host takes what is addressed to it (RFC 1122, section 3.2.1.7). Every address, protocol and
    /// fragment offset is accepted as well: later code decides about them.
    ///
    /// # Errors
    ///
    /// The layer is `Layer::Ipv4`. The reason is the first of these that holds:
    ///
    /// 1. `Reason::Truncated`: fewer than 20 bytes.
    /// 2. `Reason::Version`: the version is not 4.
    /// 3. `Reason::HeaderLength`: IHL is below 5.
    /// 4. `Reason::Truncated`: `b` ends before the header does.
    /// 5. `Reason::Checksum`: the checksum of the header, all its bytes, is not 0. (So `ffff` fits in
    ///    the field where `0000` does.)
    /// 6. `Reason::Length`: Total Length is less than the header's length.
    /// 7. `Reason::Truncated`: `b` ends before Total Length.
    pub fn parse(b: &[u8]) -> Result<(Ipv4Header, &[u8]), PacketError> {
        todo!(
            "6.2 Ipv4Header::parse({} bytes): check in the order of the list above; the payload lies between the header's end and Total Length",
            b.len()
        )
    }

    /// Reads a datagram that may be cut anywhere behind its header, such as the one that an ICMP
    /// error quotes (RFC 792: the header and 8 bytes).
    ///
    /// It is [`Ipv4Header::parse`] without the last error: if `b` ends before Total Length, the
    /// payload ends there.
    pub fn parse_quoted(b: &[u8]) -> Result<(Ipv4Header, &[u8]), PacketError> {
        todo!(
            "6.2 Ipv4Header::parse_quoted({} bytes): as parse, but the payload may end early",
            b.len()
        )
    }

    /// Appends the header and the payload to `out`.
    ///
    /// Version, IHL, Total Length and the checksum are computed. A result of 0 is written as 0.
    /// Options are padded with zero bytes to a multiple of 4. The reserved flag bit is 0.
    ///
    /// # Errors
    ///
    /// `Reason::TooBig` of `Layer::Ipv4`, and `out` is as before: more than 40 bytes of options (40 fit),
    /// a fragment offset of more than 13 bits, or more than 65535 bytes in all.
    pub fn emit(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), PacketError> {
        todo!(
            "6.2 {self:?}.emit({} bytes, {out:02x?}): header with computed lengths and checksum, then the payload",
            payload.len()
        )
    }

    /// How many bytes the header has with its padded options: a multiple of 4. It counts all
    /// options, even if they are more than `emit` can write.
    pub fn header_len(&self) -> usize {
        todo!(
            "6.2 header_len() with {} bytes of options: 20 and the options, up to a multiple of 4",
            self.options.len()
        )
    }
}
