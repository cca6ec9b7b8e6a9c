//! Step 1: a shelf from which things are lent, and to which they return by themselves.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Things that wait to be used again. Clones are handles of the same shelf. When the last handle
/// and the last loan are dropped, the things on the shelf are dropped, too.
///
/// A thing's own `drop` may be slow, or may use the shelf. So no thing is dropped under the lock.
pub struct Shelf<T>(Arc<Mutex<Stock<T>>>);

struct Stock<T> {
    /// The last one to come back is at the end.
    idle: Vec<T>,
    closed: bool,
}

/// A thing in use. When the loan ends, however it ends, the thing goes back to its shelf.
pub struct Loan<T> {
    /// `None` only while the loan is ending: a `drop` that owns nothing can take it from here.
    thing: Option<T>,
    shelf: Shelf<T>,
}

impl<T> Shelf<T> {
    /// An empty shelf.
    pub fn new() -> Shelf<T> {
        Shelf(Arc::new(Mutex::new(Stock {
            idle: Vec::new(),
            closed: false,
        })))
    }

    /// How many things are on the shelf. Those on loan do not count.
    pub fn idle(&self) -> usize {
        self.stock().idle.len()
    }

    /// Lends something new. It comes to the shelf for the first time when the loan ends.
    pub fn lend(&self, thing: T) -> Loan<T> {
        todo!(
            "5.1 lend(a thing of {} bytes): a loan that owns the thing",
            size_of_val(&thing)
        )
    }

    /// Lends what came back last; `None` when the shelf is empty.
    ///
    /// Last in, first out: under a light load the same few things are used again and again, and the
    /// others grow old enough to be removed.
    pub fn take(&self) -> Option<Loan<T>> {
        todo!(
            "5.1 take() from a shelf of {}: the last one as a loan, or None",
            self.idle()
        )
    }

    /// Lends one of the things for which `wanted` holds: the one that has been on the shelf for the
    /// longest time. `None` when there is none. The order of the others stays as it is.
    ///
    /// The things stay on the shelf, under its lock, while `wanted` looks at them: another thread
    /// that calls `take` meanwhile waits, and does not find the shelf empty. So `wanted` must not use
    /// the shelf. `wanted` may panic. Then the shelf is as it was, and can still be used.
    pub fn take_where(&self, wanted: impl Fn(&T) -> bool) -> Option<Loan<T>> {
        let first = self.stock().idle.first().map(wanted);
        todo!("5.1 take_where(wanted), true for the oldest: {first:?}: lend the oldest wanted one")
    }

    /// Drops everything on the shelf. What comes back later is dropped as well, and so is what comes
    /// back while `close` drops the others.
    pub fn close(&self) {
        let closed = self.stock().closed;
        todo!("5.1 close() of a shelf, closed: {closed}: drop what is there, and take nothing back")
    }

    /// The stock is consistent between any two statements, so it stays usable after a panic elsewhere.
    fn stock(&self) -> MutexGuard<'_, Stock<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Loan<T> {
    /// Ends the loan and drops the thing, because it cannot be used any more.
    pub fn discard(self) {
        let left = self.shelf.idle();
        todo!("5.1 discard() beside a shelf of {left}: drop the thing, and leave nothing to return")
    }
}

/// Ends the loan: the thing goes back to the shelf.
///
/// If the thread is panicking, the thing is dropped instead, because its state is unknown. It is
/// also dropped when the shelf is closed.
impl<T> Drop for Loan<T> {
    fn drop(&mut self) {
        // 5.1: as the comment above says. (No todo! here: a panic in a drop during a panic would
        // end the whole program.)
    }
}

impl<T> Deref for Loan<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.thing.as_ref().expect("a loan has its thing")
    }
}

impl<T> DerefMut for Loan<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.thing.as_mut().expect("a loan has its thing")
    }
}

impl<T> Clone for Shelf<T> {
    fn clone(&self) -> Shelf<T> {
        Shelf(self.0.clone())
    }
}

impl<T> Default for Shelf<T> {
    fn default() -> Shelf<T> {
        Shelf::new()
    }
}
