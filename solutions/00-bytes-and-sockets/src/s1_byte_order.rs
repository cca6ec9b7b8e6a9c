//! Step 1: network byte order.

/// Reads the 16-bit big-endian number that begins at byte `at` of `b`.
///
/// `None` when `b` does not hold both bytes, wherever `at` points: both come from a stranger.
/// Big-endian means the high byte first, as in all headers of TCP/IP (RFC 791, appendix B).
pub fn be16(b: &[u8], at: usize) -> Option<u16> {
    let bytes = b.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

/// Appends `value` to `out` as two bytes, big-endian.
pub fn put_be16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}
