//! A hundred clients that are there and ask nothing: what they cost.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::clients::Client;
use super::{DESIGNS, line_up};
use crate::race::{Answer, Better, Discipline, Effort, Kind, Measure, Turns, View};
use crate::server::ServerProcess;
use crate::stats;
use crate::stopwatch::micros;
use crate::usage;

/// Fewer than the workers of ours.
const IDLE: usize = 100;

pub fn discipline() -> Discipline {
    Discipline {
        id: "idle",
        title: "A hundred idle clients",
        what: "A hundred clients have asked once and stay connected. What memory do the server's processes hold, shared \
               pages divided among those who share them? And how long does one client more, on an open connection, wait \
               for its echo? (Our workers are 128, and our threads 128 at most; a server for one at a time has no place \
               here.)",
        cases: vec!["100 idle clients".to_owned()],
        kind: Kind::Figures {
            measures: vec![
                Measure {
                    name: "memory",
                    unit: "kB",
                    better: Better::Less,
                },
                Measure {
                    name: "half of the echoes took less than",
                    unit: "µs",
                    better: Better::Less,
                },
            ],
            view: View::Bars,
        },
        contestants: line_up(&DESIGNS, "tokio", come),
    }
}

fn come(server: ServerProcess, effort: &Effort) -> Result<Turns, String> {
    let enters = move |addr: SocketAddr| -> io::Result<Client> {
        let mut client = Client::connects(addr, Duration::from_secs(5))?;
        client.asks()?;
        Ok(client)
    };
    let in_words = |error: io::Error| error.to_string();
    let span = effort.span;
    let mut idle = Vec::new();
    Ok(Box::new(move |_| {
        // Our servers let an idle client go after ten seconds: each turn brings new ones.
        idle.clear();
        for _ in 0..IDLE {
            idle.push(enters(server.addr()).map_err(in_words)?);
        }
        let memory = usage::memory(server.id()).map_err(in_words)?;
        let mut client = enters(server.addr()).map_err(in_words)?;
        let times = micros(Instant::now(), span, || client.asks()).map_err(in_words)?;
        let [half] = stats::quantiles(times, [0.5]);
        Ok(Answer::Figures(vec![memory, half]))
    }))
}
