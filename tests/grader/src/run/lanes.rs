//! How many submissions may compute at a time, whatever else waits.
//!
//! Most of a test that hangs is sleep. So a worker has a lane only while it compiles, or runs a test that
//! is awake; while its tests sleep, another worker has it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

pub struct Lanes {
    count: usize,
    free: Mutex<usize>,
    given_back: Condvar,
}

/// Leave to compute, until it is dropped.
pub struct Lane<'a>(&'a Lanes);

impl Lanes {
    /// One for every processor: the compiler uses one, and a test hardly more.
    pub fn of_this_machine() -> Lanes {
        Lanes::new(std::thread::available_parallelism().map_or(1, usize::from))
    }

    pub fn new(count: usize) -> Lanes {
        Lanes {
            count,
            free: Mutex::new(count),
            given_back: Condvar::new(),
        }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// Waits for one.
    pub fn take(&self) -> Lane<'_> {
        let waits = |free: &mut usize| *free == 0;
        let mut free = self
            .given_back
            .wait_while(self.free(), waits)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Lane(self)
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        *self.0.free() += 1;
        self.0.given_back.notify_one();
    }
}
