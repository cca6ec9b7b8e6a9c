//! Look-ups a second among a thousand and a million connections.

use port_demux_solution::{Hit, Proto, Row, lookup};

#[cfg(feature = "mine-04")]
use super::mine;
use super::tables::{self, Key, Table};
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
    contestants.push(Contestant::other(
        "a list",
        || Ok(String::new()),
        |effort| tables::turns::<List>(effort, cases(effort)?),
    ));
    contestants.extend(hashed::contestants(cases));
    Discipline {
        id: "lookups",
        title: "Who gets the segment",
        what: "One thread asks for connections that are in the table, each time for another one. The list is the \
               reference's lookup, which goes through all rows. The others are std's HashMap from the four numbers \
               to a socket, with the hashers that people choose.",
        cases: vec![
            "1 000 connections".to_owned(),
            "1 000 000 connections".to_owned(),
        ],
        kind: tables::look_ups(),
        contestants,
    }
}

fn cases(effort: &Effort) -> Result<Vec<Vec<Key>>, String> {
    let many = if effort.quick { 10_000 } else { 1_000_000 };
    Ok([1_000, many].map(tables::clients).to_vec())
}

/// The rows one after the other, as step 2 begins.
struct List(Vec<Row>);

impl Table for List {
    fn of(keys: &[Key]) -> List {
        List(reference::ours::rows(keys))
    }

    fn find(&self, key: Key) -> bool {
        let hit = lookup(&self.0, Proto::Tcp, key.local, key.remote);
        matches!(hit, Hit::Exact(_))
    }
}
