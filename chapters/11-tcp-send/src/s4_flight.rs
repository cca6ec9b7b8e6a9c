//! Step 4: what is on its way, and the timer that watches it.

use std::time::Duration;

use tcp_open::{Segment, Seq};

use crate::s1_rto::RttEstimator;

/// What a timer says when it is looked at.
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
/// A segment in flight may count as lost. Then it is to be sent again, and until then it is not outstanding.
#[derive(Debug)]
pub struct Flight {
    // Yours to fill.
}

impl Flight {
    /// Nothing is on its way. `give_up` is the RFCs' R2: how long the peer may acknowledge nothing.
    pub fn new(rtt: RttEstimator, give_up: Duration) -> Flight {
        todo!("11.4 Flight::new({rtt:?}, {give_up:?}): nothing is on its way")
    }

    /// A new segment leaves. It has a payload or a FIN, and its numbers follow those of the last one.
    ///
    /// If the timer does not run, it starts, and rings after one RTO (5.1). If it runs, it is left alone.
    pub fn sent(&mut self, now: Duration, segment: Segment) {
        todo!("11.4 sent({now:?}, {segment:?}): keep it, start the timer if it does not run")
    }

    /// Everything before `una` is acknowledged. If that is nothing new, nothing changes.
    ///
    /// 1. Segments that are covered whole are dropped. If there are any, and none of them has ever been sent again
    ///    (Karn), the time since the first of them was sent is a sample for the RTO.
    /// 2. Of one that is covered in part, the rest stays. It is still the segment that was sent then.
    /// 3. If nothing is left, the timer stops (5.2), else it starts anew with the RTO as it is now (5.3).
    pub fn on_ack(&mut self, now: Duration, una: Seq) {
        todo!("11.4 on_ack({now:?}, {una}): drop what is covered, take a sample, see to the timer")
    }

    /// The peer says that it is there, though it has room for nothing: it may be silent for `give_up` from now.
    pub fn heard(&mut self, now: Duration) {
        todo!("11.4 heard({now:?}): the peer is there")
    }

    /// Looks at the timer. It rings if its time is `now` or has passed, and then:
    ///
    /// - If `give_up` or longer has gone by since the peer last acknowledged something or was heard, or since a segment
    ///   was sent while nothing was in flight, that is [`Alarm::GivesUp`], and the timer stops. Nothing else changes.
    /// - Else every segment in flight counts as lost, the RTO doubles (5.5), and the timer starts anew from `now`
    ///   (5.6).
    pub fn alarm(&mut self, now: Duration) -> Alarm {
        todo!("11.4 alarm({now:?}): has the time come? Then all count as lost, and the RTO doubles")
    }

    /// The first segment in flight counts as lost. The timer is left alone.
    pub fn lose_first(&mut self) {
        todo!("11.4 lose_first(): the first counts as lost")
    }

    /// Whether any segment in flight counts as lost.
    pub fn has_lost(&self) -> bool {
        todo!("11.4 has_lost(): does any count as lost?")
    }

    /// Sends the first of those that count as lost again (5.4). It does not count as lost any more, and is outstanding.
    /// The timer is left alone.
    pub fn resend(&mut self) -> Option<Segment> {
        todo!("11.4 resend(): the first that counts as lost, once more")
    }

    /// How many numbers are on their way: sent, not acknowledged, and not lost as far as one knows.
    pub fn outstanding(&self) -> u32 {
        todo!("11.4 outstanding(): what is on its way and not lost")
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
