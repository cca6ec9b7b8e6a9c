//! Race 16: one thread, many sockets.

mod chapter03;
mod crowd;
mod grows;
mod http;
#[cfg(feature = "mine-16")]
mod mine;
mod reference;
mod tokio_loops;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::race::{Contestant, Effort, Race, Server, Turns};
use crate::race03::clients::Client;
use crate::{descriptors, machine};

/// Clients that have asked once, and stay.
pub const IDLE: usize = 2000;
/// Those who go on asking.
pub const ACTIVE: usize = 50;
/// As many threads as chapter 03's servers need, and some descriptors more than that for anybody.
pub const MANY: usize = IDLE + ACTIVE + 50;
/// No client of a race is that slow, but every server has a limit.
pub const PATIENCE: Duration = Duration::from_secs(600);

pub const RACE: Race = Race {
    number: "16",
    title: "One thread, many sockets",
    disciplines: || vec![crowd::discipline(), grows::discipline(), http::discipline()],
    servers: &[
        server("loop", reference::ours::frames),
        server("http", reference::ours::http),
        #[cfg(feature = "mine-16")]
        server("my loop", mine::ours::frames),
        #[cfg(feature = "mine-16")]
        server("my http", mine::ours::http),
        server("threads", chapter03::threads),
        server("workers", chapter03::workers),
        server("tokio", tokio_loops::many),
        server("tokio, 1 thread", tokio_loops::one),
    ],
};

const fn server(name: &'static str, run: fn() -> io::Result<()>) -> Server {
    Server { name, run }
}

/// How a discipline makes turns of a server of this name.
type With = fn(&'static str, &Effort) -> Result<Turns, String>;

/// The loop of the reference and of the student, and these designs of chapter 03 and of tokio.
fn line_up(chapter03: &[&'static str], tokio: &[&'static str], with: With) -> Vec<Contestant> {
    let start = move |server: &'static str| move |effort: &Effort| with(server, effort);
    let mut contestants = vec![Contestant::reference(start("loop")).named("loop")];
    if cfg!(feature = "mine-16") {
        contestants.push(Contestant::mine(start("my loop")).named("my loop"));
    }
    for server in chapter03 {
        contestants.push(Contestant::reference(start(server)).named(server));
    }
    for contestant in &mut contestants {
        contestant.present = || has_room().map(|()| String::new());
    }
    for server in tokio {
        let present = || has_room().and_then(|()| machine::library("tokio"));
        contestants.push(Contestant::other(server, present, start(server)));
    }
    contestants
}

/// Lets the referee, and so all that it starts, have as many sockets as they need.
fn has_room() -> Result<(), String> {
    descriptors::allow(MANY)
}

/// So many clients come, ask once, and stay.
fn stay(
    clients: usize,
    addr: SocketAddr,
    ask: fn(&mut Client) -> io::Result<()>,
) -> Result<Vec<Client>, String> {
    let comes = |_| {
        let mut client = Client::connects(addr, Duration::from_secs(5))?;
        ask(&mut client)?;
        Ok(client)
    };
    let all: io::Result<_> = (0..clients).map(comes).collect();
    all.map_err(|error| error.to_string())
}
