//! std's HashMap from the four numbers to a socket, with the hashers that people choose.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::tables::{self, Key, Table};
use crate::machine;
use crate::race::{Contestant, Effort, Turns};

struct Hashed<S>(HashMap<Key, u64, S>);

impl<S: BuildHasher + Default + 'static> Table for Hashed<S> {
    fn of(keys: &[Key]) -> Hashed<S> {
        Hashed(keys.iter().copied().zip(1..).collect())
    }

    fn find(&self, key: Key) -> bool {
        self.0.contains_key(&key)
    }
}

/// A contestant for each hasher. `cases` makes the keys.
pub fn contestants(cases: fn(&Effort) -> Result<Vec<Vec<Key>>, String>) -> Vec<Contestant> {
    fn turns<S: BuildHasher + Default + 'static>(
        effort: &Effort,
        cases: fn(&Effort) -> Result<Vec<Vec<Key>>, String>,
    ) -> Result<Turns, String> {
        tables::turns::<Hashed<S>>(effort, cases(effort)?)
    }
    vec![
        Contestant::other(
            "std's SipHash",
            || Ok(String::new()),
            move |effort| turns::<RandomState>(effort, cases),
        ),
        Contestant::other(
            "ahash",
            || machine::library("ahash"),
            move |effort| turns::<ahash::RandomState>(effort, cases),
        ),
        Contestant::other(
            "foldhash",
            || machine::library("foldhash"),
            move |effort| turns::<foldhash::fast::RandomState>(effort, cases),
        ),
        Contestant::other(
            "rustc-hash",
            || machine::library("rustc-hash"),
            move |effort| turns::<rustc_hash::FxBuildHasher>(effort, cases),
        ),
    ]
}
