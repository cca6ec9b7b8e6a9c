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
    let is_full = piece.len >= u32::from(piece.mss);
    let is_free = piece.nodelay || piece.in_flight == 0;
    let is_half = u64::from(piece.len) * 2 >= u64::from(piece.widest);
    is_full || piece.is_last && (is_free || piece.is_closing) || is_half && is_free
}

/// The persist timer (RFC 9293, section 3.8.6.1). It is for a sender that has something to send,
/// may not send it, and expects no ACK: the segment that opens the window may be lost, so the
/// sender asks.
#[derive(Debug)]
pub struct Persist {
    max: Duration,
    give_up: Duration,
    /// When it rings, and how long it has waited for that.
    rings: Option<(Duration, Duration)>,
    /// When it rang for the first time since the peer was heard.
    unanswered: Option<Duration>,
}

impl Persist {
    /// It does not run. After a ring it waits at most `max` for the next. `give_up` is how long the
    /// peer may leave the questions without an answer.
    pub fn new(max: Duration, give_up: Duration) -> Persist {
        Persist {
            max,
            give_up,
            rings: None,
            unanswered: None,
        }
    }

    /// Starts: it rings after one RTO. If it already runs, it does not change.
    pub fn start(&mut self, now: Duration, rto: Duration) {
        if self.rings.is_none() {
            self.rings = Some((now + rto, rto));
            self.unanswered = None;
        }
    }

    /// Stops. The next start is a new one.
    pub fn stop(&mut self) {
        self.rings = None;
    }

    /// The peer has sent any acknowledgment: it is there (MUST-37).
    pub fn heard(&mut self) {
        self.unanswered = None;
    }

    /// Checks the timer. It rings if its time is `now` or has passed, and then:
    ///
    /// - If `give_up` or longer has passed since the first ring without an answer, that is
    ///   [`Alarm::GivesUp`], and it stops. The first ring without an answer is the first since the
    ///   start, or since the peer was last heard.
    /// - Otherwise it rings, and restarts from `now` with twice the wait, at most `max`.
    pub fn alarm(&mut self, now: Duration) -> Alarm {
        let Some((_, wait)) = self.rings.filter(|(at, _)| now >= *at) else {
            return Alarm::Quiet;
        };
        let first = *self.unanswered.get_or_insert(now);
        if now.saturating_sub(first) >= self.give_up {
            self.rings = None;
            return Alarm::GivesUp;
        }
        let wait = (wait * 2).min(self.max);
        self.rings = Some((now + wait, wait));
        Alarm::Rings
    }

    /// When it rings, if it runs.
    pub fn wake_at(&self) -> Option<Duration> {
        self.rings.map(|(at, _)| at)
    }
}
