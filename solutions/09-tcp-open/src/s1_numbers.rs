//! Step 1: numbers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::Seq;

/// Whether `a` comes before `b`, on the shorter way round: `b` is 1 to 2147483647 places further
/// on. If two numbers are exactly 2³¹ apart, neither comes before the other.
pub fn seq_lt(a: Seq, b: Seq) -> bool {
    (1..1 << 31).contains(&(b - a))
}

/// Whether `x` is one of the numbers from `lo` on that come before `hi`. There are `hi - lo` of
/// them, and the first is `lo`. When both are equal there is none.
///
/// The RFC's "RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND" is `seq_between(rcv_nxt, seq, rcv_nxt + rcv_wnd)`.
pub fn seq_between(lo: Seq, x: Seq, hi: Seq) -> bool {
    x - lo < hi - lo
}

/// The initial sequence number of a connection (RFC 9293, section 3.4.1): M + F(local, remote, secret).
///
/// M is a clock: it counts every 4 microseconds of `now` from 0, and after 4294967295 comes 0. So a
/// new connection between the same two sockets begins behind the numbers that are still on their
/// way.
///
/// F is a number that depends on all of its arguments: both addresses, both ports, and each byte of
/// the secret. It mixes them. An attacker who knows F of some pairs of sockets, but not the secret,
/// learns nothing about F of another pair, or about the difference of two. F does not depend on
/// `now`.
///
/// `std::hash::DefaultHasher` mixes well enough for this course.
pub fn isn(secret: &[u8; 16], local: SocketAddrV4, remote: SocketAddrV4, now: Duration) -> Seq {
    let mut f = DefaultHasher::new();
    (secret, local, remote).hash(&mut f);
    let m = now.as_micros() / 4;
    Seq(m as u32) + f.finish() as u32
}
