//! Step 4: what is on its way, and the timer that watches it.

use std::collections::VecDeque;
use std::time::Duration;

use tcp_open::{Segment, Seq, seq_lt};

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
    rtt: RttEstimator,
    give_up: Duration,
    /// In the order of their numbers.
    segments: VecDeque<Sent>,
    rings_at: Option<Duration>,
    /// When the peer last acknowledged something, or the first of these was sent.
    since: Duration,
}

#[derive(Debug)]
struct Sent {
    segment: Segment,
    at: Duration,
    is_resent: bool,
    is_lost: bool,
}

impl Flight {
    /// Nothing is in flight. `give_up` is the RFCs' R2: how long the peer may acknowledge nothing.
    pub fn new(rtt: RttEstimator, give_up: Duration) -> Flight {
        Flight {
            rtt,
            give_up,
            segments: VecDeque::new(),
            rings_at: None,
            since: Duration::ZERO,
        }
    }

    /// A new segment leaves. It has a payload or a FIN, and its numbers follow those of the last one.
    ///
    /// If the timer does not run, it starts, and rings after one RTO (5.1). If it runs, it does not
    /// change.
    pub fn sent(&mut self, now: Duration, segment: Segment) {
        if self.rings_at.is_none() {
            self.rings_at = Some(now + self.rtt.rto());
            self.since = now;
        }
        self.segments.push_back(Sent {
            segment,
            at: now,
            is_resent: false,
            is_lost: false,
        });
    }

    /// Everything before `una` is acknowledged. If nothing of it is new, nothing changes.
    ///
    /// 1. Segments that are covered completely are dropped. If there are any, and none of them was
    ///    ever sent again (Karn), the time since the first of them was sent is a sample for the
    ///    RTO.
    /// 2. If one is covered in part, the rest stays. It keeps the time of its sending.
    /// 3. If nothing is left, the timer stops (5.2). Otherwise it restarts with the current RTO (5.3).
    pub fn on_ack(&mut self, now: Duration, una: Seq) {
        let first = self.segments.front();
        if first.is_none_or(|first| !seq_lt(first.segment.seq, una)) {
            return;
        }
        let is_covered = |sent: &Sent| !seq_lt(una, sent.segment.seq + sent.segment.len());
        let covered = self.segments.iter().take_while(|sent| is_covered(sent));
        let covered = covered.count();
        let covered: Vec<Sent> = self.segments.drain(..covered).collect();
        if let Some(first) = covered.first()
            && !covered.iter().any(|sent| sent.is_resent)
        {
            self.rtt.sample(now.saturating_sub(first.at));
        }
        if let Some(Sent { segment, .. }) = self.segments.front_mut()
            && seq_lt(segment.seq, una)
        {
            segment.payload.drain(..(una - segment.seq) as usize);
            segment.seq = una;
        }
        self.since = now;
        self.rings_at = Some(now + self.rtt.rto()).filter(|_| !self.segments.is_empty());
    }

    /// The peer has shown that it is there, although it has no room: it may be silent for `give_up`
    /// from now.
    pub fn heard(&mut self, now: Duration) {
        self.since = now;
    }

    /// Checks the timer. It rings if its time is `now` or has passed, and then:
    ///
    /// - The silence counts from the latest of these: the peer acknowledged something or was heard,
    ///   or a segment was sent while nothing was in flight. If it has lasted `give_up` or longer,
    ///   that is [`Alarm::GivesUp`], and the timer stops. Nothing else changes.
    /// - Otherwise every segment in flight counts as lost, the RTO doubles (5.5), and the timer
    ///   restarts from `now` (5.6).
    pub fn alarm(&mut self, now: Duration) -> Alarm {
        if self.rings_at.is_none_or(|at| now < at) {
            return Alarm::Quiet;
        }
        if now.saturating_sub(self.since) >= self.give_up {
            self.rings_at = None;
            return Alarm::GivesUp;
        }
        for sent in &mut self.segments {
            sent.is_lost = true;
        }
        self.rtt.back_off();
        self.rings_at = Some(now + self.rtt.rto());
        Alarm::Rings
    }

    /// The first segment in flight counts as lost. The timer does not change.
    pub fn lose_first(&mut self) {
        if let Some(first) = self.segments.front_mut() {
            first.is_lost = true;
        }
    }

    /// Whether any segment in flight counts as lost.
    pub fn has_lost(&self) -> bool {
        self.segments.iter().any(|sent| sent.is_lost)
    }

    /// Sends the first lost segment again (5.4). It no longer counts as lost, and is outstanding.
    /// The timer does not change.
    pub fn resend(&mut self) -> Option<Segment> {
        let lost = self.segments.iter_mut().find(|sent| sent.is_lost)?;
        lost.is_lost = false;
        lost.is_resent = true;
        Some(lost.segment.clone())
    }

    /// How many numbers are outstanding: sent, not acknowledged, and not counted as lost.
    pub fn outstanding(&self) -> u32 {
        let here = self.segments.iter().filter(|sent| !sent.is_lost);
        here.map(|sent| sent.segment.len()).sum()
    }

    /// When the timer rings, if it runs.
    pub fn wake_at(&self) -> Option<Duration> {
        self.rings_at
    }

    /// The time-out now.
    pub fn rto(&self) -> Duration {
        self.rtt.rto()
    }
}
