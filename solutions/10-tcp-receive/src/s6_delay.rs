//! Step 6: when to acknowledge.

use std::time::Duration;

/// Whether an acknowledgment is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckPlan {
    /// None is owed.
    Nothing,
    /// One is owed. If no segment leaves before this moment, one is sent then only for the
    /// acknowledgment.
    Later(Duration),
    /// One must be sent now.
    Now,
}

/// When the next acknowledgment must leave. `now` is the time since any fixed moment.
#[derive(Debug, Default)]
pub struct AckTimer {
    by: Option<Duration>,
}

impl AckTimer {
    /// How long an acknowledgment may wait. RFC 9293 (section 3.8.6.3) demands less than 500 ms.
    pub const DELAY: Duration = Duration::from_millis(200);

    /// None is owed.
    pub fn new() -> AckTimer {
        AckTimer::default()
    }

    /// A segment has come in order at `now`, and must be acknowledged. That can wait for
    /// [`AckTimer::DELAY`]: the program may answer, and its answer carries the acknowledgment. But
    /// if one is already owed, it must be sent now: every second segment is acknowledged at once,
    /// even if both come at the same moment.
    pub fn on_data(&mut self, now: Duration) {
        match self.by {
            None => self.by = Some(now + AckTimer::DELAY),
            Some(_) => self.at_once(),
        }
    }

    /// A segment has come that must be acknowledged at once.
    pub fn at_once(&mut self) {
        self.by = Some(Duration::ZERO);
    }

    /// A segment with an acknowledgment leaves, for any reason. None is owed any more.
    pub fn sent(&mut self) {
        self.by = None;
    }

    /// The plan at `now`.
    pub fn plan(&self, now: Duration) -> AckPlan {
        match self.by {
            None => AckPlan::Nothing,
            Some(by) if by <= now => AckPlan::Now,
            Some(by) => AckPlan::Later(by),
        }
    }
}
