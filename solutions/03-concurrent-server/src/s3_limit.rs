//! Step 3: a limit on conversations.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::s2_threads::{Tally, converse};
use crate::{Acceptor, Handler, Stats};

/// A fixed number of places. Clones share them.
#[derive(Clone, Debug)]
pub struct Slots(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A place that is taken. Dropping it frees the place, however the thread that holds it ends.
#[derive(Debug)]
pub struct Slot(Slots);

impl Slots {
    /// `max` places, all free. `max` is 1 or more.
    pub fn new(max: usize) -> Slots {
        Slots(Arc::new(Shared {
            free: Mutex::new(max),
            freed: Condvar::new(),
        }))
    }

    /// Takes a place. Waits for one, asleep, when none is free.
    ///
    /// Each place that becomes free wakes one waiting thread, if there is one.
    pub fn take(&self) -> Slot {
        let mut free = self.lock();
        // A loop, because a thread may wake without a reason, or find that another one was quicker.
        while *free == 0 {
            free = self
                .0
                .freed
                .wait(free)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Slot(self.clone())
    }

    /// How many places are free right now.
    pub fn free(&self) -> usize {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        // The number is right between any two statements, whoever panicked.
        self.0.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.0.lock() += 1;
        self.0.0.freed.notify_one();
    }
}

/// Like `serve_threads`, with at most `max` conversations at a time. `max` is 1 or more.
///
/// Clients beyond that wait in the kernel's queue, and are served in their turn. At most one of
/// them may already have been accepted, and none of them has a thread. A conversation that ends in
/// an error or a panic makes room, too.
///
/// # Errors
///
/// As `serve_threads`.
pub fn serve_limited(
    acceptor: &dyn Acceptor,
    handler: Arc<dyn Handler>,
    max: usize,
) -> io::Result<Stats> {
    let tally = Tally::default();
    let slots = Slots::new(max);
    thread::scope(|scope| {
        loop {
            // First the place, then the client: who must wait does so in the kernel's queue,
            // where it costs us neither a descriptor nor a thread.
            let slot = slots.take();
            let Some(client) = acceptor.accept()? else {
                return Ok(());
            };
            let (handler, tally) = (&*handler, &tally);
            let serve = move || {
                let _until_the_end = slot;
                converse(handler, client, tally);
            };
            if thread::Builder::new().spawn_scoped(scope, serve).is_err() {
                tally.turned_away();
            }
        }
    })
    .map(|()| tally.stats())
}
