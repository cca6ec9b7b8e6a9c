//! Race 05: a connection pool.

mod adversaries;
mod bb8_pool;
mod checkouts;
mod crowd;
mod deadpool_pool;
mod latency;
mod link;
#[cfg(feature = "mine-05")]
mod mine;
mod pool;
mod r2d2_pool;
mod reference;
mod source;
mod world;

use std::thread;

use tokio::runtime::{Builder, Handle};

use crate::race::Race;

pub const RACE: Race = Race {
    number: "05",
    title: "A connection pool",
    disciplines: || {
        vec![
            adversaries::discipline(),
            checkouts::discipline(),
            latency::discipline(),
            link::discipline(),
        ]
    },
    servers: &[],
};

/// A runtime of tokio with so many threads, for the rest of the process's life.
fn runtime(workers: usize) -> Handle {
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_time()
        .build()
        .expect("a runtime");
    let handle = runtime.handle().clone();
    // Dropping it would end it.
    std::mem::forget(runtime);
    handle
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
