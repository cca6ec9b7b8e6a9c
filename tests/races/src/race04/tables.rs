//! Tables of connections, and how often a second one finds something in them.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use crate::race::{Answer, Better, Effort, Kind, Measure, Turns, View};

/// The four numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

impl Key {
    /// A connection of this client to the one server that all are clients of.
    pub fn from_client(ip: u32, port: u16) -> Key {
        Key {
            local: (Ipv4Addr::new(10, 0, 0, 5), 443).into(),
            remote: (Ipv4Addr::from_bits(ip), port).into(),
        }
    }
}

/// What is measured: look-ups a second, as bars.
pub fn look_ups() -> Kind {
    Kind::Figures {
        measures: vec![Measure {
            name: "look-ups",
            unit: "1/s",
            better: Better::More,
        }],
        view: View::Bars,
    }
}

/// A table under test.
pub trait Table: 'static {
    fn of(keys: &[Key]) -> Self;
    /// Whether there is a connection with these four numbers.
    fn find(&self, key: Key) -> bool;
}

/// Clients as they come, never two alike: the same ones for every contestant.
pub fn clients(count: usize) -> Vec<Key> {
    // An odd factor makes a permutation of 2^32, and a scattered one.
    let scattered = |n: usize| (n as u32).wrapping_mul(0x9e37_79b1);
    (0..count)
        .map(|n| Key::from_client(scattered(n), 1024 + (scattered(n) >> 7) as u16 % 60_000))
        .collect()
}

/// One table for each case, from these keys, and look-ups of what is in it.
pub fn turns<T: Table>(effort: &Effort, cases: Vec<Vec<Key>>) -> Result<Turns, String> {
    let span = effort.span;
    let cases: Vec<(T, Vec<Key>)> = cases
        .into_iter()
        .map(|keys| (T::of(&keys), asked(&keys)))
        .collect();
    Ok(Box::new(move |case| {
        let (table, keys) = &cases[case];
        let begun = Instant::now();
        let mut found = 0_usize;
        let mut asked = keys.iter().cycle();
        // A clock is slower than a hash table, and a long list is slower than a clock: ask in runs
        // that grow as long as they are short.
        let (mut run, mut all) = (1, 0_usize);
        while all == 0 || begun.elapsed() < span {
            let since = Instant::now();
            for &key in asked.by_ref().take(run) {
                found += usize::from(table.find(black_box(key)));
            }
            all += run;
            if since.elapsed() < span / 50 {
                run *= 2;
            }
        }
        if found != all {
            return Err(format!(
                "{} of {all} connections were not found",
                all - found
            ));
        }
        Ok(Answer::Figures(vec![
            all as f64 / begun.elapsed().as_secs_f64(),
        ]))
    }))
}

/// Some of the connections, in an order that has nothing to do with theirs in the table.
fn asked(keys: &[Key]) -> Vec<Key> {
    const MANY: usize = 1 << 16;
    let count = keys.len().min(MANY);
    (0..count)
        .map(|n| keys[n.wrapping_mul(0x9e37_79b1) % keys.len()])
        .collect()
}
