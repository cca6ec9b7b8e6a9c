//! Step 5: who is due, and when the next one will be.

use std::hash::Hash;
use std::marker::PhantomData;
use std::time::Duration;

/// Moments at which something is due, at most one for each key. A moment is a time of a `Clock`: since some
/// moment that never changes. The present time is handed in: nothing here waits, or asks a clock.
///
/// Each call takes time like the logarithm of the number of keys, for each key that it returns: with
/// 10 000 connections it is called 10 000 times a second.
#[derive(Debug)]
pub struct Deadlines<K> {
    // In place of this: a structure that knows its earliest moment at once, and finds a key quickly.
    yours: PhantomData<K>,
}

impl<K: Copy + Ord + Hash> Deadlines<K> {
    pub fn new() -> Deadlines<K> {
        todo!("16.5 Deadlines::new(): nothing is due")
    }

    /// `key` is due at `at`, and no longer at the moment that it had before, be it earlier or later.
    pub fn set(&mut self, key: K, at: Duration) {
        let _ = key;
        todo!("16.5 Deadlines::set(key, {at:?}): in place of the moment that the key had")
    }

    /// `key` is not due any more. `false` if it was not in here.
    pub fn cancel(&mut self, key: K) -> bool {
        let _ = key;
        todo!("16.5 Deadlines::cancel(key): the key is not due any more")
    }

    /// The earliest moment of all. `None` if there is none.
    pub fn next(&self) -> Option<Duration> {
        todo!("16.5 Deadlines::next(): the earliest moment")
    }

    /// Takes out the keys whose moment is `now` or earlier, and returns them in the order of their moments
    /// (of the same moment: in any order).
    pub fn due(&mut self, now: Duration) -> Vec<K> {
        todo!(
            "16.5 Deadlines::due({now:?}): take out the keys whose moment is now or earlier, in order"
        )
    }

    /// How many keys are in here.
    pub fn len(&self) -> usize {
        todo!("16.5 Deadlines::len(): how many keys")
    }

    pub fn is_empty(&self) -> bool {
        todo!("16.5 Deadlines::is_empty(): no key")
    }
}

impl<K: Copy + Ord + Hash> Default for Deadlines<K> {
    fn default() -> Deadlines<K> {
        Deadlines::new()
    }
}
