//! Step 4: 32 bits name a position of 64.

use tcp_open::Seq;

/// How many numbers after the peer's SYN `seq` comes, for a connection that has counted to `near` already.
///
/// `isn` is the number of the SYN, which counts as 0; the first byte is 1. The field in a segment has 32 bits and wraps, so
/// `seq` can mean a number, that plus 2³², plus 2·2³², and so on. What is meant is the one nearest to `near`; of two that
/// are equally near, the lower one. No number is less than 0. `near` is less than 2⁶³.
pub fn unwrap_seq(seq: Seq, isn: Seq, near: u64) -> u64 {
    todo!("10.4 unwrap_seq({seq}, {isn}, {near}): which of them is nearest?")
}
