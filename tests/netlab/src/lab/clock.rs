//! Time that passes only when the test says so.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A clock for code that asks for the time instead of waiting for it. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<Mutex<Duration>>);

impl ManualClock {
    /// A clock that stands at zero.
    pub fn new() -> ManualClock {
        ManualClock::default()
    }

    /// Time since the clock was made.
    pub fn now(&self) -> Duration {
        *self.lock()
    }

    pub fn advance(&self, by: Duration) {
        *self.lock() += by;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Takes its time, until this moment: a judge or a peer that is slow by its part in the scene. It is
/// no way to wait for something.
pub fn slow_until(moment: Instant) {
    std::thread::sleep(moment.saturating_duration_since(Instant::now()));
}
