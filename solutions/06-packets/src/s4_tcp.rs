//! Step 4: TCP, its flags and its options.

use std::fmt;
use std::net::Ipv4Addr;
use std::ops::BitOr;

use crate::{Layer, PacketError, Reason, internet_checksum, protocol, pseudo_header};

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
        const IGNORED: u8 = Flags::PSH.0 | Flags::ECE.0 | Flags::CWR.0;
        let alone = [
            Flags::SYN,
            Flags::SYN | Flags::URG,
            Flags::SYN | Flags::ACK,
            Flags::RST,
            Flags::RST | Flags::ACK,
            Flags::ACK,
            Flags::ACK | Flags::URG,
            Flags::ACK | Flags::FIN,
            Flags::ACK | Flags::FIN | Flags::URG,
        ];
        alone.contains(&Flags(self.0 & !IGNORED))
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
    #[inline]
    pub fn parse(b: &[u8]) -> Result<TcpOptions, PacketError> {
        let mut options = TcpOptions::default();
        let mut rest = b;
        while let [kind, behind @ ..] = rest {
            match kind {
                0 => break,
                1 => {
                    rest = behind;
                    continue;
                }
                _ => {}
            }
            let len = usize::from(*behind.first().ok_or(error(Reason::Option))?);
            let value = rest.get(2..len).ok_or(error(Reason::Option))?;
            rest = &rest[len..];
            match (kind, value) {
                (2, &[a, b]) => options.mss = Some(u16::from_be_bytes([a, b])),
                (3, &[shift]) => options.window_scale = Some(shift),
                (4, []) => options.sack_permitted = true,
                (5, blocks) if matches!(blocks.len(), 8 | 16 | 24 | 32) => {
                    options.sack = [None; 4];
                    for (to, block) in options.sack.iter_mut().zip(blocks.chunks_exact(8)) {
                        *to = two_numbers(block);
                    }
                }
                (8, value) if value.len() == 8 => options.timestamps = two_numbers(value),
                (2 | 3 | 4 | 5 | 8, _) => return Err(error(Reason::Option)),
                _ => {}
            }
        }
        Ok(options)
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
        let start = out.len();
        if let Some(mss) = self.mss {
            out.extend_from_slice(&[2, 4]);
            out.extend_from_slice(&mss.to_be_bytes());
        }
        if let Some(shift) = self.window_scale {
            out.extend_from_slice(&[1, 3, 3, shift]);
        }
        if self.sack_permitted {
            out.extend_from_slice(&[1, 1, 4, 2]);
        }
        if let Some((clock, echo)) = self.timestamps {
            out.extend_from_slice(&[1, 1, 8, 10]);
            out.extend_from_slice(&clock.to_be_bytes());
            out.extend_from_slice(&echo.to_be_bytes());
        }
        let blocks = self.sack.iter().flatten();
        let count = blocks.clone().count() as u8;
        if count > 0 {
            out.extend_from_slice(&[1, 1, 5, 2 + 8 * count]);
            for (first, behind) in blocks {
                out.extend_from_slice(&first.to_be_bytes());
                out.extend_from_slice(&behind.to_be_bytes());
            }
        }
        if out.len() - start > 40 {
            out.truncate(start);
            return Err(error(Reason::TooBig));
        }
        Ok(())
    }
}

/// Two 32-bit numbers out of eight bytes.
fn two_numbers(b: &[u8]) -> Option<(u32, u32)> {
    let &[a0, a1, a2, a3, b0, b1, b2, b3] = b else {
        return None;
    };
    let first = u32::from_be_bytes([a0, a1, a2, a3]);
    Some((first, u32::from_be_bytes([b0, b1, b2, b3])))
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
    #[inline]
    pub fn parse(
        b: &[u8],
        src: Ipv4Addr,
        dst: Ipv4Addr,
    ) -> Result<(TcpHeader, &[u8]), PacketError> {
        let fixed: &[u8; 20] = b.first_chunk().ok_or(error(Reason::Truncated))?;
        let header_len = usize::from(fixed[12] >> 4) * 4;
        if header_len < TcpHeader::MIN_LEN {
            return Err(error(Reason::HeaderLength));
        }
        let (header, data) = b
            .split_at_checked(header_len)
            .ok_or(error(Reason::Truncated))?;
        let len = u16::try_from(b.len()).map_err(|_| error(Reason::TooBig))?;
        let pseudo = pseudo_header(src, dst, protocol::TCP, len);
        if internet_checksum(&[&pseudo, b]) != 0 {
            return Err(error(Reason::Checksum));
        }
        let u16_at = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
        let u32_at = |at: usize| u32::from(u16_at(at)) << 16 | u32::from(u16_at(at + 2));
        let header = TcpHeader {
            src: u16_at(0),
            dst: u16_at(2),
            seq: u32_at(4),
            ack: u32_at(8),
            flags: Flags(fixed[13]),
            window: u16_at(14),
            urgent: u16_at(18),
            options: TcpOptions::parse(&header[TcpHeader::MIN_LEN..])?,
        };
        Ok((header, data))
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
        let start = out.len();
        out.extend_from_slice(&self.src.to_be_bytes());
        out.extend_from_slice(&self.dst.to_be_bytes());
        out.extend_from_slice(&self.seq.to_be_bytes());
        out.extend_from_slice(&self.ack.to_be_bytes());
        out.extend_from_slice(&[0, self.flags.0]); // the data offset comes when it is known
        out.extend_from_slice(&self.window.to_be_bytes());
        out.extend_from_slice(&[0; 2]); // the checksum counts as 0 while it is computed
        out.extend_from_slice(&self.urgent.to_be_bytes());
        let options = self.options.emit(out);
        let header_len = out.len() - start;
        let len = u16::try_from(header_len + data.len()).map_err(|_| error(Reason::TooBig));
        let len = match options.and(len) {
            Ok(len) => len,
            Err(error) => {
                out.truncate(start);
                return Err(error);
            }
        };
        out[start + 12] = ((header_len / 4) as u8) << 4;
        let pseudo = pseudo_header(src, dst, protocol::TCP, len);
        let checksum = internet_checksum(&[&pseudo, &out[start..], data]);
        out[start + 16..start + 18].copy_from_slice(&checksum.to_be_bytes());
        out.extend_from_slice(data);
        Ok(())
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

fn error(reason: Reason) -> PacketError {
    PacketError {
        layer: Layer::Tcp,
        reason,
    }
}
