//! Step 1: the Internet checksum.

/// The Internet checksum of `parts`, as if they stood one behind the other in one buffer (RFC 1071).
///
/// The bytes are read as 16-bit big-endian numbers. These are added in one's-complement arithmetic:
/// a carry out of the highest bit is added to the lowest bit. The checksum is the complement of
/// that sum. If the number of all bytes is odd, the sum has a zero byte after the last one. A part
/// may have any length: the first byte of a number may end a part, and the second one may begin the
/// next.
///
/// The checksum of nothing is `ffff`. Bytes that contain their own checksum, at an even offset,
/// have the checksum 0: this is how a receiver checks them.
///
/// There may be any number of parts, and they may be longer than any packet: no carry is lost.
pub fn internet_checksum(parts: &[&[u8]]) -> u16 {
    todo!(
        "6.1 internet_checksum({} parts): add the 16-bit big-endian words of all parts as one buffer, add the carries back, complement",
        parts.len()
    )
}
