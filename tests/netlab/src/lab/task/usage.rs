//! What the system counts for a thread.

use std::time::Duration;

/// How much processor time a thread has had, and how often.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub time: Duration,
    /// How long it was ready to run and stood in line for a processor.
    pub in_line: Duration,
    /// How often it was given one. A thread that is only asleep is given none.
    pub turns: u64,
}

impl Usage {
    pub fn since(self, before: Usage) -> Usage {
        Usage {
            time: self.time.saturating_sub(before.time),
            in_line: self.in_line.saturating_sub(before.in_line),
            turns: self.turns.saturating_sub(before.turns),
        }
    }
}
