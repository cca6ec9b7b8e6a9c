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
#[inline] // a sum of a few bytes costs less than a call; another crate may build it in
pub fn internet_checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0;
    let mut odd = false; // whether the next part begins in the middle of a word
    for part in parts {
        let words = sum_of(part);
        // Words whose bytes are swapped have the sum whose bytes are swapped (RFC 1071, section 2B).
        sum += if odd {
            u64::from(fold(words).swap_bytes())
        } else {
            words
        };
        odd ^= part.len() % 2 == 1;
    }
    // For the same reason the words are big-endian only now.
    !fold(sum).swap_bytes()
}

/// The sum of the little-endian words of a part that begins with a whole one, two words at a time. They
/// do not mind: a carry of the lower one belongs into the upper one, and the upper one is added to the
/// lower one when the sum is folded.
#[inline]
fn sum_of(part: &[u8]) -> u64 {
    let (pairs, rest) = part.as_chunks::<4>();
    let sum = pairs
        .iter()
        .map(|pair| u64::from(u32::from_le_bytes(*pair)))
        .sum();
    if rest.is_empty() {
        return sum;
    }
    sum + rest
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Adds the upper half to the lower one, and the carry, twice. A number and itself with its halves
/// exchanged have the sum of the halves twice, and in the upper half the carry is in it.
#[inline]
fn fold(sum: u64) -> u16 {
    let sum = (sum.wrapping_add(sum.rotate_left(32)) >> 32) as u32;
    (sum.wrapping_add(sum.rotate_left(16)) >> 16) as u16
}
