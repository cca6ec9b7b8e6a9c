//! Step 4: what is on its way, and the timer that watches it.

use std::time::Duration;

use tcp_open::{Segment, Seq};

use crate::s1_rto::RttEstimator;

/// The state of a timer when it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// It does not run, or its time has not come.
    Quiet,
    /// Its time has come.
    Rings,
    /// Its time has come, and the peer has been silent for too long.
    GivesUp,
}

/// The segments that are sent and not acknowledged (the RFCs' retransmission queue), and their timer (RFC 6298,
/// section 5). There is one timer for all of them.
///
/// A segment in flight may count as lost. Then it must be sent again, and until then it is not
/// outstanding.
#[derive(Debug)]
pub struct Flight {
    // Yours to fill.
}

impl Flight {
    /// Nothing is in flight. `give_up` is the RFCs' R2: how long the peer may acknowledge nothing.
    pub fn new(rtt: RttEstimator, give_up: Duration) -> Flight {
        todo!("11.4 Flight::new({rtt:?}, {give_up:?}): nothing is in flight")
    }

    /// A new segment leaves. It has a payload or a FIN, and its numbers follow those of the last one.
    ///
    /// If the timer does not run, it starts, and rings after one RTO (5.1). If it runs, it does not
    /// change.
    pub fn sent(&mut self, now: Duration, segment: Segment) {
        todo!("11.4 sent({now:?}, {segment:?}): keep it, start the timer if it does not run")
    }

    /// Everything before `una` is acknowledged. If nothing of it is new, nothing changes.
    ///
    /// 1. Segments that are covered completely are dropped. If there are any, and none of them was
    ///    ever sent again (Karn), the time since the first of them was sent is a sample for the
    ///    RTO.
    /// 2. If one is covered in part, the rest stays. It keeps the time of its sending.
    /// 3. If nothing is left, the timer stops (5.2). Otherwise it restarts with the current RTO (5.3).
    pub fn on_ack(&mut self, now: Duration, una: Seq) {
        todo!(
            "11.4 on_ack({now:?}, {una}): drop covered segments, take a sample, stop or restart the timer"
        )
    }

    /// The peer has shown that it is there, although it has no room: it may be silent for `give_up`
    /// from now.
    pub fn heard(&mut self, now: Duration) {
        todo!("11.4 heard({now:?}): the peer is there")
    }

    /// Checks the timer. It rings if its time is `now` or has passed, and then:
    ///
    /// - The silence counts from the latest of these: the peer acknowledged something or was heard,
    ///   or a segment was sent while nothing was in flight. If it has lasted `give_up` or longer,
    ///   that is [`Alarm::GivesUp`], and the timer stops. Nothing else changes.
    /// - Otherwise every segment in flight counts as lost, the RTO doubles (5.5), and the timer
    ///   restarts from `now` (5.6).
    pub fn alarm(&mut self, now: Duration) -> Alarm {
        todo!("11.4 alarm({now:?}): has the time come? Then all count as lost, and the RTO doubles")
    }

    /// The first segment in flight counts as lost. The timer does not change.
    pub fn lose_first(&mut self) {
        todo!("11.4 lose_first(): the first counts as lost")
    }

    /// Whether any segment in flight counts as lost.
    pub fn has_lost(&self) -> bool {
        todo!("11.4 has_lost(): does any count as lost?")
    }

    /// Sends the first lost segment again (5.4). It no longer counts as lost, and is outstanding.
    /// The timer does not change.
    pub fn resend(&mut self) -> Option<Segment> {
        todo!("11.4 resend(): the first that counts as lost, once more")
    }

    /// How many numbers are outstanding: sent, not acknowledged, and not counted as lost.
    pub fn outstanding(&self) -> u32 {
        todo!("11.4 outstanding(): the numbers in flight that do not count as lost")
    }

    /// When the timer rings, if it runs.
    pub fn wake_at(&self) -> Option<Duration> {
        todo!("11.4 wake_at(): when the timer rings")
    }

    /// The time-out now.
    pub fn rto(&self) -> Duration {
        todo!("11.4 rto(): the time-out now")
    }
}
