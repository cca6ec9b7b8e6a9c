//! Step 4: TCP, its flags and its options.

use std::fmt;
use std::net::Ipv4Addr;
use std::ops::BitOr;

use crate::PacketError;

/// The eight control bits (RFC 9293, section 3.1), each at its place in the header's byte 13.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u8);

impl Flags {
    pub const NONE: Flags = Flags(0);
    pub const FIN: Flags = Flags(0x01);
    pub const SYN: Flags = Flags(0x02);
    pub const RST: Flags = Flags(0x04);
    pub const PSH: Flags = Flags(0x08);
    pub const ACK: Flags = Flags(0x10);
    pub const URG: Flags = Flags(0x20);
    pub const ECE: Flags = Flags(0x40);
    pub const CWR: Flags = Flags(0x80);

    /// Given: whether all of `others` are set.
    pub fn contains(self, others: Flags) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether an honest TCP ever sends these flags.
    ///
    /// PSH, ECE and CWR do not matter here. The other five must be one of these combinations:
    /// SYN; SYN and ACK; RST; RST and ACK; ACK; ACK and FIN. SYN alone, ACK alone, and ACK with FIN
    /// may have URG as well. (Linux's connection tracking has this table: `tcp_valid_flags`.)
    ///
    /// `parse` does not check this: the receiver decides what to do with a segment that makes no sense.
    pub fn plausible(self) -> bool {
        todo!(
            "6.4 {self}.plausible(): without PSH, ECE and CWR, is it one of the nine combinations?"
        )
    }
}

/// The options of a TCP header that this course uses. `Default` has none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TcpOptions {
    /// Kind 2: the largest segment that the sender wants to receive (RFC 9293, section 3.7.1).
    pub mss: Option<u16>,
    /// Kind 3: by how many bits the sender's windows are shifted (RFC 7323, section 2).
    pub window_scale: Option<u8>,
    /// Kind 4: the sender understands SACK (RFC 2018, section 2).
    pub sack_permitted: bool,
    /// Kind 8: the sender's clock, and the clock of the other side that it echoes (RFC 7323,
    /// section 3).
    pub timestamps: Option<(u32, u32)>,
    /// Kind 5: blocks that have arrived out of order. Each is its first sequence number and the
    /// number after its last (RFC 2018, section 3). The blocks stand in the option's order, and
    /// `None` fills the rest of the four places.
    pub sack: [Option<(u32, u32)>; 4],
}

impl TcpOptions {
    /// Reads the options of a header, the bytes between byte 20 and the data.
    ///
    /// An option is its kind, its length and its value; the length counts all three. Two kinds are
    /// a single byte: 0 ends the list, whatever follows it, and 1 fills a gap. Any other kind is
    /// unknown, and skipped by its length (RFC 9293, section 3.1, MUST-6). Of two options of one
    /// kind the last one counts. Every value is kept as it came, even 0, and independently of other
    /// options. `b` may be longer than a header has room for.
    ///
    /// # Errors
    ///
    /// `Reason::Option` of `Layer::Tcp`: the length of any kind, known or not, is missing, is 0 or
    /// 1, or reaches behind the end of `b`. Or it is wrong for a known kind. These lengths are 4
    /// (MSS), 3 (window scale), 2 (SACK permitted), 10 (timestamps), and 10, 18, 26 or 34 (SACK).
    pub fn parse(b: &[u8]) -> Result<TcpOptions, PacketError> {
        todo!(
            "6.4 TcpOptions::parse({b:02x?}): kind, length, value; 0 ends, 1 is one byte, and each length must move you on"
        )
    }

    /// Appends the options to `out`: in the order MSS, window scale, SACK permitted, timestamps, SACK.
    /// NOPs (kind 1) in front of each option move its end to a multiple of 4, counted from the
    /// beginning of the options, not of `out`: 0 for MSS, 1 for window scale, 2 for the others.
    /// (RFC 7323, appendix A: the numbers in them are aligned for the processor.)
    ///
    /// Only `None` and `false` are left out: a value of 0 is written. A `None` between
    /// SACK blocks takes no room. Without any block there is no SACK option.
    ///
    /// # Errors
    ///
    /// `Reason::TooBig` of `Layer::Tcp`, and `out` is as before: more than 40 bytes.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), PacketError> {
        todo!(
            "6.4 {self:?}.emit({out:02x?}): NOPs in front, so that each option ends at a multiple of 4"
        )
    }
}

/// The header of a TCP segment (RFC 9293, section 3.1). The data offset and the checksum are not
/// fields: `emit` computes them, and `parse` checks them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TcpHeader {
    pub src: u16,
    pub dst: u16,
    /// The number of the first byte of data, or of the SYN.
    pub seq: u32,
    /// The number that the sender expects next. It has a meaning only if ACK is set, but it is
    /// always read and written as it stands.
    pub ack: u32,
    pub flags: Flags,
    /// How many bytes the sender has room for, as it stands in the field.
    pub window: u16,
    /// The urgent pointer. It has a meaning only if URG is set, but it is always read and written
    /// as it stands.
    pub urgent: u16,
    pub options: TcpOptions,
}

impl TcpHeader {
    /// The length of a header without options.
    pub const MIN_LEN: usize = 20;

    /// Reads the segment that an IPv4 datagram from `src` to `dst` carries: gives its header and its
    /// data.
    ///
    /// The data begins where the header ends, which the data offset tells in units of 4 bytes, and goes
    /// to the end of `b`: TCP has no length of its own. The four bits behind the data offset are reserved, and
    /// ignored. Any combination of flags is accepted, and every port, 0 too.
    ///
    /// # Errors
    ///
    /// The layer is `Layer::Tcp`. The reason is the first of these that holds:
    ///
    /// 1. `Reason::Truncated`: fewer than 20 bytes.
    /// 2. `Reason::HeaderLength`: the data offset is below 5.
    /// 3. `Reason::Truncated`: `b` ends before the header does.
    /// 4. `Reason::TooBig`: more than 65535 bytes, for which the pseudo-header has no room.
    /// 5. `Reason::Checksum`: the checksum of the pseudo-header and the segment is not 0. (It is never
    ///    left out, as UDP's can be. `ffff` fits in the field where `0000` does.)
    /// 6. `Reason::Option`: what [`TcpOptions::parse`] says.
    pub fn parse(
        b: &[u8],
        src: Ipv4Addr,
        dst: Ipv4Addr,
    ) -> Result<(TcpHeader, &[u8]), PacketError> {
        todo!(
            "6.4 TcpHeader::parse({} bytes, {src}, {dst}): check in the order of the list above; the data begins where the data offset says",
            b.len()
        )
    }

    /// Appends the header and the data to `out`, for an IPv4 datagram from `src` to `dst`.
    ///
    /// The data offset and the checksum are computed. The reserved bits are 0. A result of 0 is
    /// sent as 0: unlike in UDP, 0 has no special meaning.
    ///
    /// # Errors
    ///
    /// `Reason::TooBig` of `Layer::Tcp`, and `out` is as before: more than 40 bytes of options, or
    /// more than 65535 bytes in all.
    pub fn emit(
        &self,
        src: Ipv4Addr,
        dst: Ipv4Addr,
        data: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), PacketError> {
        todo!(
            "6.4 {self:?}.emit({src}, {dst}, {} bytes, {out:02x?}): header, options, data, and then the checksum over pseudo-header and all",
            data.len()
        )
    }
}

/// Given: `SYN,ACK`, and `-` for none.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
        let names: Vec<&str> = (0..8)
            .filter(|bit| self.0 >> bit & 1 == 1)
            .map(|bit| NAMES[bit])
            .collect();
        match names[..] {
            [] => f.write_str("-"),
            _ => f.write_str(&names.join(",")),
        }
    }
}

/// Given: `Flags::SYN | Flags::ACK` has both.
impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}
