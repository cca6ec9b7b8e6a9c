//! Step 5: who is due, and when the next one will be.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Duration;

/// Moments at which something is due, at most one for each key. A moment is a time of a `Clock`: since some
/// moment that never changes. The present time is handed in: nothing here waits, or asks a clock.
///
/// Each call takes time like the logarithm of the number of keys, for each key that it returns: with
/// 10 000 connections it is called 10 000 times a second.
#[derive(Debug)]
pub struct Deadlines<K> {
    /// In the order of their moments.
    queue: BTreeSet<(Duration, K)>,
    at: HashMap<K, Duration>,
}

impl<K: Copy + Ord + Hash> Deadlines<K> {
    pub fn new() -> Deadlines<K> {
        Deadlines {
            queue: BTreeSet::new(),
            at: HashMap::new(),
        }
    }

    /// `key` is due at `at`, and no longer at the moment that it had before, be it earlier or later.
    pub fn set(&mut self, key: K, at: Duration) {
        self.cancel(key);
        self.queue.insert((at, key));
        self.at.insert(key, at);
    }

    /// `key` is not due any more. `false` if it was not in here.
    pub fn cancel(&mut self, key: K) -> bool {
        let Some(at) = self.at.remove(&key) else {
            return false;
        };
        self.queue.remove(&(at, key))
    }

    /// The earliest moment of all. `None` if there is none.
    pub fn next(&self) -> Option<Duration> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes out the keys whose moment is `now` or earlier, and returns them in the order of their moments
    /// (of the same moment: in any order).
    pub fn due(&mut self, now: Duration) -> Vec<K> {
        let mut due = Vec::new();
        while let Some(&(at, key)) = self.queue.first().filter(|(at, _)| *at <= now) {
            self.queue.remove(&(at, key));
            self.at.remove(&key);
            due.push(key);
        }
        due
    }

    /// How many keys are in here.
    pub fn len(&self) -> usize {
        self.at.len()
    }

    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }
}

impl<K: Copy + Ord + Hash> Default for Deadlines<K> {
    fn default() -> Deadlines<K> {
        Deadlines::new()
    }
}
