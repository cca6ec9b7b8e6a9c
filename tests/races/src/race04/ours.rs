//! Chapter 04's answer as a contestant. Included twice: the module around it says whose it is.

use std::ops::RangeInclusive;

use super::port_demux::{self, Hit, Proto, Row, SocketId, State};
use crate::race04::tables::{Key, Table};

// The scripts of the chapter's own race with the kernel. `duel` and the others are its modules.
#[path = "../../../04-port-demux/author/race/duel.rs"]
mod duel;
#[path = "../../../04-port-demux/inode.rs"]
mod inode;
#[path = "../../../04-port-demux/author/race/kernel.rs"]
mod kernel;
#[path = "../../../04-port-demux/author/race/model.rs"]
mod model;
#[path = "../../../04-port-demux/author/race/names.rs"]
mod names;
#[path = "../../../04-port-demux/author/race/script.rs"]
mod script;

/// Plays the scripts of these seeds in the table and in the kernel, and counts those that differ.
pub fn differences(seeds: RangeInclusive<u64>) -> usize {
    let scripts: Vec<_> = seeds.map(script::Script::generate).collect();
    // The kernel's table is read once for all of a batch, so a batch must not leave too much in it.
    let batches = scripts.chunks(10).flat_map(duel::all);
    batches.filter(Result::is_err).count()
}

pub use super::port_demux::Index;

impl Table for Index {
    fn of(keys: &[Key]) -> Index {
        Index::new(&rows(keys))
    }

    fn find(&self, key: Key) -> bool {
        let hit = self.lookup(Proto::Tcp, key.local, key.remote);
        matches!(hit, Hit::Exact(_))
    }
}

/// Each key as an open connection.
pub fn rows(keys: &[Key]) -> Vec<Row> {
    let rows = keys.iter().zip(1..).map(|(key, id)| Row {
        id: SocketId(id),
        proto: Proto::Tcp,
        state: State::Established,
        local: key.local,
        remote: Some(key.remote),
    });
    rows.collect()
}
