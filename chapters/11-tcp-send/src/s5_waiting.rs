//! Step 5: segments that must wait: small ones, and all of them while the window is zero.

use std::time::Duration;

use crate::s4_flight::Alarm;

/// A piece of the stream that fits into the window, and the facts that decide whether it leaves now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// How many bytes it has, at least 1.
    pub len: u32,
    /// The most that a segment may have.
    pub mss: u16,
    /// Nothing is left to send after it.
    pub is_last: bool,
    /// The program has closed: a FIN follows the last piece.
    pub is_closing: bool,
    /// How many numbers are sent and not acknowledged.
    pub in_flight: u32,
    /// The widest that the peer's window has ever been.
    pub widest: u32,
    /// The program has switched Nagle's algorithm off (TCP_NODELAY).
    pub nodelay: bool,
}

/// Whether a piece leaves now (RFC 9293, sections 3.7.4 and 3.8.6.2.1). It does if one of these holds:
///
/// - It is as long as a segment may be.
/// - It is the last piece, and it need not wait for an acknowledgment.
/// - It has at least half as many bytes as the widest window so far, and need not wait for an
///   acknowledgment.
///
/// Nagle: it must wait for an acknowledgment while anything is in flight, unless `nodelay` is set,
/// or it is the last and a FIN follows it, because then it cannot grow any more.
pub fn may_go(piece: &Piece) -> bool {
    todo!("11.5 may_go({piece:?}): full, or the last, or half a window; and Nagle")
}

/// The persist timer (RFC 9293, section 3.8.6.1). It is for a sender that has something to send,
/// may not send it, and expects no ACK: the segment that opens the window may be lost, so the
/// sender asks.
#[derive(Debug)]
pub struct Persist {
    // Yours to fill.
}

impl Persist {
    /// It does not run. After a ring it waits at most `max` for the next. `give_up` is how long the
    /// peer may leave the questions without an answer.
    pub fn new(max: Duration, give_up: Duration) -> Persist {
        todo!("11.5 Persist::new({max:?}, {give_up:?}): it does not run")
    }

    /// Starts: it rings after one RTO. If it already runs, it does not change.
    pub fn start(&mut self, now: Duration, rto: Duration) {
        todo!("11.5 start({now:?}, {rto:?}): ring after one RTO, unless it runs already")
    }

    /// Stops. The next start is a new one.
    pub fn stop(&mut self) {
        todo!("11.5 stop(): it does not run")
    }

    /// The peer has sent any acknowledgment: it is there (MUST-37).
    pub fn heard(&mut self) {
        todo!("11.5 heard(): the peer is there")
    }

    /// Checks the timer. It rings if its time is `now` or has passed, and then:
    ///
    /// - If `give_up` or longer has passed since the first ring without an answer, that is
    ///   [`Alarm::GivesUp`], and it stops. The first ring without an answer is the first since the
    ///   start, or since the peer was last heard.
    /// - Otherwise it rings, and restarts from `now` with twice the wait, at most `max`.
    pub fn alarm(&mut self, now: Duration) -> Alarm {
        todo!("11.5 alarm({now:?}): has the time come? Then wait twice as long for the next")
    }

    /// When it rings, if it runs.
    pub fn wake_at(&self) -> Option<Duration> {
        todo!("11.5 wake_at(): when it rings")
    }
}
