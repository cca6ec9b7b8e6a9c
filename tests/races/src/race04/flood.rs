//! The same under keys that an attacker chooses.
//!
//! FxHash has no secret: everybody can compute which connections will lie in one heap. It adds what it
//! hashes and multiplies, and the client's port comes last. So a port more adds a constant to the hash,
//! and to find a port that leads into the heap is a search in a sorted list.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

#[cfg(feature = "mine-04")]
use super::mine;
use super::tables::{self, Key};
use super::{hashed, reference};
use crate::race::{Contestant, Discipline, Effort};

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| {
        tables::turns::<reference::ours::Index>(effort, cases(effort)?)
    })];
    #[cfg(feature = "mine-04")]
    contestants.push(Contestant::mine(|effort| {
        tables::turns::<mine::ours::Index>(effort, cases(effort)?)
    }));
    contestants.extend(hashed::contestants(cases));
    Discipline {
        id: "flood",
        title: "Keys that an attacker chooses",
        what: "10 000 connections, first as they come, then with addresses and ports of clients that were chosen so \
               that their FxHash (rustc-hash) puts all of them into one heap. The other hashers are keyed with a \
               secret that differs from run to run.",
        cases: vec!["as they come".to_owned(), "chosen".to_owned()],
        kind: tables::look_ups(),
        contestants,
    }
}

fn cases(effort: &Effort) -> Result<Vec<Vec<Key>>, String> {
    let count = if effort.quick { 1_000 } else { 10_000 };
    Ok(vec![tables::clients(count), chosen(count)?])
}

/// The bits of the sum by which a HashMap finds a place: 7 that stand beside each entry to be compared,
/// and above them 15 that say where to begin, enough for 32 768 places.
const HEAP: std::ops::Range<u32> = 31..53;

/// So many clients whose connections all lie in one heap.
fn chosen(count: usize) -> Result<Vec<Key>, String> {
    let modulus = 1_u64 << HEAP.end;
    // FxHash ends by turning its sum.
    let sum = |ip, port| {
        let hash = FxBuildHasher.hash_one(Key::from_client(ip, port));
        hash.rotate_right(26) % modulus
    };
    let a_port_more = sum(0, 1).wrapping_sub(sum(0, 0)) % modulus;
    let mut ports: Vec<(u64, u16)> = (1024..=u16::MAX)
        .map(|port| (a_port_more.wrapping_mul(port.into()) % modulus, port))
        .collect();
    ports.sort();
    let width = 1 << HEAP.start;
    let keys: Vec<Key> = (0..u32::MAX)
        .filter_map(|ip| {
            // Heap 0: the sum must wrap around, and come to less than the width of a heap.
            let missing = modulus - sum(ip, 0);
            let at = ports.partition_point(|(added, _)| *added < missing);
            let (added, port) = *ports.get(at)?;
            (added - missing < width).then(|| Key::from_client(ip, port))
        })
        .take(count)
        .collect();
    let in_the_heap = |key: &&Key| FxBuildHasher.hash_one(key).rotate_right(26) % modulus < width;
    if keys.iter().filter(in_the_heap).count() < count {
        return Err("this FxHash does not add the port as it used to".to_owned());
    }
    Ok(keys)
}
