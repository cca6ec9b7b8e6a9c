//! Step 6: what a router changes, and what a capture file keeps.

use std::io::{self, Write};
use std::time::Duration;

use crate::LinkType;

/// The new checksum of bytes in which one 16-bit word, at an even offset, was `old` and is `new`
/// now; `checksum` fitted them before (RFC 1624, equation 3: `~(~checksum + ~old + new)`).
///
/// It gives the same as [`crate::internet_checksum`] of the changed bytes, if not all of them are
/// 0. A checksum that did not fit before does not fit now either.
///
/// 0 is an ordinary number here. `ffff` is its other form, and fits where 0 does. If `old` is
/// `new`, the equation makes 0 of both. (For `ffff` with `old` `ffff` and `new` 0 it makes `ffff`.
/// That is the other form of 0, and either may be returned.) The caller handles UDP's two
/// exceptions: a 0 that means "none" stays, and a result of 0 is sent as `ffff`.
pub fn update_checksum(checksum: u16, old: u16, new: u16) -> u16 {
    let sum = u32::from(!checksum) + u32::from(!old) + u32::from(new);
    let sum = (sum & 0xffff) + (sum >> 16);
    !((sum & 0xffff) + (sum >> 16)) as u16
}

/// Why a router does not forward a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotForwarded {
    /// Its time to live is over.
    Expired,
    /// It is not a datagram: fewer than 20 bytes, or the version is not 4.
    NotIpv4,
}

/// Does to a datagram what each router does before it forwards it: subtracts 1 from the TTL, and
/// updates the header's checksum.
///
/// The checksum is updated, not computed again from all bytes: a header that was damaged in the
/// router's memory after its check must not look valid when it leaves (RFC 1812, section 4.2.2.5).
/// It is updated in every case: 0 is an ordinary checksum. No other byte changes. Only the version,
/// the TTL, the word that contains the TTL, and the checksum are read.
///
/// # Errors
///
/// [`NotForwarded::NotIpv4`] first, then [`NotForwarded::Expired`] if the TTL is 1 or 0: no TTL
/// would be left. The datagram is as before.
pub fn decrement_ttl(datagram: &mut [u8]) -> Result<(), NotForwarded> {
    let header: &mut [u8; 20] = datagram
        .first_chunk_mut()
        .filter(|header: &&mut [u8; 20]| header[0] >> 4 == 4)
        .ok_or(NotForwarded::NotIpv4)?;
    if header[8] <= 1 {
        return Err(NotForwarded::Expired);
    }
    // The word of the TTL has the protocol in its lower half.
    let old = u16::from_be_bytes([header[8], header[9]]);
    header[8] -= 1;
    let new = u16::from_be_bytes([header[8], header[9]]);
    let checksum = u16::from_be_bytes([header[10], header[11]]);
    header[10..12].copy_from_slice(&update_checksum(checksum, old, new).to_be_bytes());
    Ok(())
}

/// Writes a capture file that tcpdump, tshark and Wireshark open (the pcap format of
/// draft-ietf-opsawg-pcap).
///
/// The file begins with 24 bytes: the magic number `a1b2c3d4` (times are in microseconds), the version
/// 2.4 as two numbers of 16 bits, two numbers of 32 bits that are 0, the length to which packets were
/// cut (262144), and the link type; both of these have 32 bits. Each packet has 16 bytes in front: the
/// time in seconds and the rest of it in microseconds, how many bytes of it follow, and how many it had.
/// All four have 32 bits. A fraction of a microsecond is cut off. A packet of more than 262144 bytes is
/// cut to that.
///
/// All packets are written in the order given, whatever their times are. A packet that is given
/// twice is written twice.
///
/// All these numbers are in one byte order. You choose it: the reader sees it in the magic number.
/// At the end `out` is flushed, even if there are no packets.
///
/// # Errors
///
/// Each error of `out`, of any kind and at any call, is passed on as [`Write::write_all`] and
/// [`Write::flush`] return it. `write_all` repeats an interrupted write as often as necessary. An
/// interrupted flush is an error, unless you flush again.
///
/// [`io::ErrorKind::InvalidInput`] for the first packet whose time has more than 32 bits of
/// seconds. Bytes before that packet may be written by then, flushed or not. No byte of that packet
/// is written, and no byte after it.
pub fn write_pcap<W: Write>(
    mut out: W,
    link: LinkType,
    packets: &[(Duration, &[u8])],
) -> io::Result<()> {
    const MAX_LEN: u32 = 262_144;
    out.write_all(&0xa1b2_c3d4_u32.to_le_bytes())?;
    out.write_all(&2_u16.to_le_bytes())?;
    out.write_all(&4_u16.to_le_bytes())?;
    for number in [0, 0, MAX_LEN, link as u32] {
        out.write_all(&number.to_le_bytes())?;
    }
    for (time, packet) in packets {
        let seconds = u32::try_from(time.as_secs()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let had = u32::try_from(packet.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let kept = had.min(MAX_LEN);
        for number in [seconds, time.subsec_micros(), kept, had] {
            out.write_all(&number.to_le_bytes())?;
        }
        out.write_all(&packet[..kept as usize])?;
    }
    out.flush()
}
