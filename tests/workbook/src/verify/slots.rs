//! How many compilers may run at a time.

use std::sync::{Condvar, Mutex};

pub struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Slots {
    pub fn new(count: usize) -> Slots {
        Slots {
            free: Mutex::new(count),
            freed: Condvar::new(),
        }
    }

    /// Waits for a free slot and does `work` in it.
    pub fn with<T>(&self, work: impl FnOnce() -> T) -> T {
        let free = self.free.lock().expect("counting does not panic");
        let mut free = self
            .freed
            .wait_while(free, |free| *free == 0)
            .expect("counting does not panic");
        *free -= 1;
        drop(free);
        let result = work();
        *self.free.lock().expect("counting does not panic") += 1;
        self.freed.notify_one();
        result
    }
}
