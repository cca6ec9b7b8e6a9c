//! Clients: the reference and h2 ask one and the same server, that of h2.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

#[cfg(feature = "mine-15")]
use super::mine;
use super::{Asked, h2_crate, reference};
use crate::machine;
use crate::race::{Answer, Better, Contestant, Discipline, Effort, Kind, Measure, Turns, View};
use crate::server::ServerProcess;

type Asks = fn(SocketAddr, usize, usize) -> io::Result<Asked>;

const STREAMS: [usize; 2] = [1, 100];

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| {
        measured(effort, reference::ours::asks)
    })];
    #[cfg(feature = "mine-15")]
    contestants.push(Contestant::mine(|effort| {
        measured(effort, mine::ours::asks)
    }));
    contestants.push(Contestant::other(
        "h2",
        || machine::library("h2"),
        |effort| measured(effort, h2_crate::asks),
    ));
    Discipline {
        id: "clients",
        title: "Clients",
        what: "One connection, and requests with the ten fields of a browser. The server is h2's in both cases, in a process \
               of its own. Bytes are those that the client sends, from the preface to the last frame, for each request.",
        cases: STREAMS
            .map(|streams| format!("{streams} at a time"))
            .to_vec(),
        kind: Kind::Figures {
            measures: vec![
                Measure {
                    name: "requests",
                    unit: "1/s",
                    better: Better::More,
                },
                Measure {
                    name: "what is sent for one request",
                    unit: "bytes",
                    better: Better::Less,
                },
            ],
            view: View::Bars,
        },
        contestants,
    }
}

fn measured(effort: &Effort, asks: Asks) -> Result<Turns, String> {
    let server = ServerProcess::own("15", "h2")?;
    let span = effort.span;
    let in_words = |error: io::Error| error.to_string();
    Ok(Box::new(move |case| {
        let streams = STREAMS[case];
        // As many as take some time, at the speed of a few.
        let some = 10 * streams;
        let before = Instant::now();
        asks(server.addr(), some, streams).map_err(in_words)?;
        let speed = some as f64 / before.elapsed().as_secs_f64();
        let requests = some.max((speed * span.as_secs_f64()) as usize);
        let before = Instant::now();
        let asked = asks(server.addr(), requests, streams).map_err(in_words)?;
        let took = before.elapsed().as_secs_f64();
        let per_request = asked.sent as f64 / asked.done as f64;
        Ok(Answer::Figures(vec![asked.done as f64 / took, per_request]))
    }))
}
