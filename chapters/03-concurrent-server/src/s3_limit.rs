//! Step 3: a limit on conversations.

use std::io;
use std::sync::Arc;

use crate::{Acceptor, Handler, Stats};

/// A fixed number of places. Clones share them.
#[derive(Clone, Debug)]
pub struct Slots {}

/// A place that is taken. Dropping it frees the place, however the thread that holds it ends.
// A type does something when it is dropped if you write `impl Drop for Slot` for it.
#[derive(Debug)]
pub struct Slot {}

impl Slots {
    /// `max` places, all free. `max` is 1 or more.
    pub fn new(max: usize) -> Slots {
        todo!("3.3 Slots::new({max}): a count that threads share, and something to wait for")
    }

    /// Takes a place. Waits for one, asleep, when none is free.
    ///
    /// Each place that becomes free wakes one waiting thread, if there is one.
    pub fn take(&self) -> Slot {
        todo!(
            "3.3 Slots::take(): wait while none of {self:?} is free, count one down, return a Slot that counts it up again when dropped"
        )
    }

    /// How many places are free right now.
    pub fn free(&self) -> usize {
        todo!("3.3 Slots::free(): the count of {self:?}")
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
    let _ = (acceptor, handler);
    todo!(
        "3.3 serve_limited(acceptor, handler, {max}): as serve_threads, with a slot for each conversation"
    )
}
