//! Race 03: a server for many.

pub mod clients;
mod idle;
#[cfg(feature = "mine-03")]
mod mine;
mod mixed;
mod nginx;
mod reference;
mod short;
mod silent;
pub mod tokio_frames;
mod tutorial;

use std::time::Duration;

use crate::machine;
use crate::race::{Contestant, Effort, Race, Server, Turns};
use crate::server::ServerProcess;

/// The workers of the small servers, and as many silent clients.
pub const FOUR: usize = 4;
/// The workers or threads of the large ones.
pub const MANY: usize = 128;
/// How many may wait for a worker.
pub const QUEUE: usize = 128;
/// How long a small server waits for a silent client.
pub const PATIENCE: Duration = Duration::from_millis(200);

pub const RACE: Race = Race {
    number: "03",
    title: "A server for many",
    disciplines: || {
        vec![
            silent::discipline(),
            short::discipline(),
            mixed::discipline(),
            idle::discipline(),
            nginx::discipline(),
        ]
    },
    servers: &[
        server("workers", reference::ours::workers),
        server("threads", reference::ours::threads),
        server("one at a time", reference::ours::iterative),
        server("four workers", reference::ours::four_workers),
        server("four threads", reference::ours::four_threads),
        server("http", reference::ours::http),
        #[cfg(feature = "mine-03")]
        server("my workers", mine::ours::workers),
        #[cfg(feature = "mine-03")]
        server("my threads", mine::ours::threads),
        #[cfg(feature = "mine-03")]
        server("my four workers", mine::ours::four_workers),
        #[cfg(feature = "mine-03")]
        server("my four threads", mine::ours::four_threads),
        #[cfg(feature = "mine-03")]
        server("my http", mine::ours::http),
        server("tokio", tokio_frames::serve),
        server("tokio, 0.2 s", tokio_frames::impatient),
        server("tutorial", tutorial::serve),
    ],
};

const fn server(name: &'static str, run: fn() -> std::io::Result<()>) -> Server {
    Server { name, run }
}

/// The designs that a server for many may have, of the reference and of the student.
const DESIGNS: [[&str; 2]; 2] = [["workers", "my workers"], ["threads", "my threads"]];

/// How a discipline makes turns of a server.
type With = fn(ServerProcess, &Effort) -> Result<Turns, String>;

/// These designs of the reference and of the student, tokio, and a process for each client.
fn line_up(designs: &[[&'static str; 2]], tokio: &'static str, with: With) -> Vec<Contestant> {
    let own = move |server: &'static str| {
        move |effort: &Effort| with(ServerProcess::own(RACE.number, server)?, effort)
    };
    let mut contestants = Vec::new();
    for [reference, _] in designs {
        contestants.push(Contestant::reference(own(reference)).named(reference));
    }
    if cfg!(feature = "mine-03") {
        for [_, mine] in designs {
            contestants.push(Contestant::mine(own(mine)).named(mine));
        }
    }
    contestants.push(Contestant::other(
        tokio,
        || machine::library("tokio"),
        own(tokio),
    ));
    contestants.push(Contestant::other("socat", machine::socat, move |effort| {
        with(ServerProcess::socat()?, effort)
    }));
    contestants
}

/// The reference's first design: one is enough to see what it cannot.
fn one_at_a_time(with: With) -> Contestant {
    let start =
        move |effort: &Effort| with(ServerProcess::own(RACE.number, "one at a time")?, effort);
    Contestant::reference(start).named("one at a time")
}
