//! Step 1: is a segment acceptable?

use tcp_open::Seq;

/// Whether a segment that begins at the number `seq` and uses `len` numbers (SEG.LEN) is acceptable
/// to a receiver that expects `rcv_nxt` next and has a window of `rcv_wnd` bytes (RFC 9293, section
/// 3.10.7.4, table 6).
///
/// A number is in the window if it is one of the `rcv_wnd` numbers that begin with `rcv_nxt`.
///
/// | `len` | `rcv_wnd` | it is acceptable if |
/// |---|---|---|
/// | 0 | 0 | `seq` is `rcv_nxt` |
/// | 0 | more | `seq` is in the window |
/// | more | 0 | never |
/// | more | more | its first number or its last one is in the window |
///
/// Numbers wrap: after 4294967295 comes 0. `len` and `rcv_wnd` are less than 2³¹.
pub fn acceptable(rcv_nxt: Seq, rcv_wnd: u32, seq: Seq, len: u32) -> bool {
    todo!("10.1 acceptable({rcv_nxt}, {rcv_wnd}, {seq}, {len}): the four rows of table 6")
}
