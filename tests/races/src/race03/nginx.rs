//! HTTP, where both speak it: wrk asks nginx, and the reference with a handler of a few lines.

use crate::race::{Contestant, Discipline, Kind, Turns, View};
use crate::server::ServerProcess;
use crate::{nginx, wrk};

const CONNECTIONS: [usize; 1] = [16];

pub fn discipline() -> Discipline {
    let needs_wrk = || wrk::version().map(|_| String::new());
    let mut contestants = vec![Contestant {
        present: needs_wrk,
        ..Contestant::reference(|_| asked(ServerProcess::own("03", "http")?)).named("workers")
    }];
    if cfg!(feature = "mine-03") {
        contestants.push(Contestant {
            present: needs_wrk,
            ..Contestant::mine(|_| asked(ServerProcess::own("03", "my http")?)).named("my workers")
        });
    }
    contestants.push(Contestant::other(
        "nginx",
        || wrk::version().and_then(|_| nginx::version()),
        |_| asked(nginx::two_bytes("auto")?),
    ));
    Discipline {
        id: "nginx",
        title: "HTTP: two bytes for each request",
        what: "wrk asks for one second over 16 connections that stay open. nginx returns a fixed text and writes no log; our \
               workers have a handler that reads up to an empty line and writes 40 bytes. It knows no other HTTP.",
        cases: CONNECTIONS.map(|n| format!("{n} connections")).to_vec(),
        kind: Kind::Figures {
            measures: wrk::measures(),
            view: View::Bars,
        },
        contestants,
    }
}

fn asked(server: ServerProcess) -> Result<Turns, String> {
    Ok(wrk::turns(server, &CONNECTIONS))
}
