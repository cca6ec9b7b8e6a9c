//! Step 2: a limit, and threads that wait for their turn.
//!
//! A counting semaphore: the standard library has none.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A fixed number of permits. Clones are handles of the same ones.
#[derive(Debug, Clone)]
pub struct Permits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max: usize,
    counts: Mutex<Counts>,
    /// Rung when `free` grows, and when the permits close.
    returned: Condvar,
}

#[derive(Debug)]
struct Counts {
    free: usize,
    waiting: usize,
    closed: bool,
}

/// The right to use one of a limited number of things. Dropping it lets the next thread in.
#[derive(Debug)]
pub struct Permit(Permits);

/// Why there is no permit.
#[derive(Debug, Clone, Copy)]
pub enum NoPermit {
    /// No permit came free in time. `waited` is how long the call has waited, from its beginning.
    Timeout { waited: Duration },
    /// The permits are closed.
    Closed,
}

impl Permits {
    /// `max` permits, all free.
    pub fn new(max: usize) -> Permits {
        Permits(Arc::new(Shared {
            max,
            counts: Mutex::new(Counts {
                free: max,
                waiting: 0,
                closed: false,
            }),
            returned: Condvar::new(),
        }))
    }

    /// How many permits are in use.
    pub fn in_use(&self) -> usize {
        self.0.max - self.counts().free
    }

    /// How many threads wait in [`Permits::acquire`].
    pub fn waiting(&self) -> usize {
        self.counts().waiting
    }

    /// Wakes all waiting threads, for no reason. Given, for the tests: a Condvar may wake a thread
    /// for no reason at any time, but a test cannot make it do so.
    pub fn wake_all(&self) {
        self.0.returned.notify_all();
    }

    /// Takes a permit. When none is free, waits for one, for `wait` at most.
    ///
    /// A thread that waits sleeps: it uses no processor time, and wakes up when a permit comes back,
    /// when the permits close, or when `wait` is over. The whole call keeps to `wait`, however often
    /// the thread is woken in between. Every duration is allowed, `Duration::ZERO` and
    /// `Duration::MAX` too.
    ///
    /// # Errors
    ///
    /// - [`NoPermit::Closed`] when the permits are closed, before the call or during it. This comes
    ///   first, even when a permit is free or the time is over.
    /// - [`NoPermit::Timeout`] when none came free in time.
    pub fn acquire(&self, wait: Duration) -> Result<Permit, NoPermit> {
        let Counts {
            free,
            waiting,
            closed,
        } = *self.counts();
        todo!(
            "5.2 acquire({wait:?}), {free} free, {waiting} waiting, closed: {closed}: a permit, or one deadline's wait for one"
        )
    }

    /// Takes a permit if one is free now, and the permits are not closed. Never waits.
    pub fn try_acquire(&self) -> Option<Permit> {
        todo!(
            "5.2 try_acquire(), {} in use: a permit if one is free now",
            self.in_use()
        )
    }

    /// Gives out no more permits, and wakes all waiting threads: they get [`NoPermit::Closed`].
    /// Permits in use stay valid.
    pub fn close(&self) {
        todo!(
            "5.2 close(), {} waiting: mark it, and wake all waiting threads",
            self.waiting()
        )
    }

    /// Only this module's code runs under the lock, and it never stops half-way. So the counts are
    /// right even if a panic has poisoned the lock.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the permit back and wakes one waiting thread.
impl Drop for Permit {
    fn drop(&mut self) {
        let _shared = &self.0.0;
        // 5.2: as the comment above says.
    }
}
