//! Step 3: how old is too old.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

/// The clock that the pool reads. Tests use a clock that they set by hand.
pub trait Clock: Send + Sync + 'static {
    /// Time since some moment in the past, which is the same for every call. Never decreases.
    fn now(&self) -> Duration;
}

/// The system's clock. Given.
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A thing and two times of a [`Clock`]. Given.
#[derive(Debug)]
pub struct Aged<T> {
    pub thing: T,
    /// When it was made.
    pub made_at: Duration,
    /// When it was last given back, or made.
    pub idle_since: Duration,
}

impl<T> Aged<T> {
    /// A thing that is made now.
    pub fn new(thing: T, now: Duration) -> Aged<T> {
        Aged {
            thing,
            made_at: now,
            idle_since: now,
        }
    }
}

impl<T> Deref for Aged<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.thing
    }
}

impl<T> DerefMut for Aged<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.thing
    }
}

/// How long a thing may be kept. `None` stands for "no limit".
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// A thing that has not been used for this long is expired. A NAT or a firewall on the way may
    /// have forgotten an unused connection.
    pub max_idle: Option<Duration>,
    /// A thing is expired this long after it was made, even if it is busy all the time. So the pool
    /// notices a server that has moved, and a new server gets its share of the load.
    pub max_age: Option<Duration>,
}

impl Limits {
    /// Whether `it`, a thing on the shelf, has reached one of the limits at the time `now`: its
    /// idle time or its age is as long as the limit, or longer. Times and limits count to the
    /// nanosecond, and a limit of zero is reached at once.
    ///
    /// A time later than `now` counts as `now`: another thread may have read the clock after the
    /// caller did. Ask for each limit separately: a connection whose `idle_since` is later than
    /// `now` can still be too old.
    pub fn expired<T>(&self, it: &Aged<T>, now: Duration) -> bool {
        let reached = |limit: Option<Duration>, since: Duration| {
            limit.is_some_and(|limit| now.saturating_sub(since) >= limit)
        };
        reached(self.max_idle, it.idle_since) || reached(self.max_age, it.made_at)
    }
}
