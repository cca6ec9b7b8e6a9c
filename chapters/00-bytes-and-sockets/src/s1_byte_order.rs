//! Step 1: network byte order.

/// Reads the 16-bit big-endian number that begins at byte `at` of `b`.
///
/// `None` when `b` does not hold both bytes, wherever `at` points: both come from a stranger.
/// Big-endian means the high byte first, as in all headers of TCP/IP (RFC 791, appendix B).
pub fn be16(b: &[u8], at: usize) -> Option<u16> {
    todo!("0.1 be16({b:02x?}, {at}): the two bytes at `at` as one number, or None")
}

/// Appends `value` to `out` as two bytes, big-endian.
pub fn put_be16(out: &mut Vec<u8>, value: u16) {
    todo!("0.1 put_be16({out:02x?}, {value:#06x}): append two bytes, the high one first")
}
