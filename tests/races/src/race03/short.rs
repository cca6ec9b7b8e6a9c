//! Clients with one question: connect, ask, close.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::clients::Client;
use super::{DESIGNS, line_up, one_at_a_time};
use crate::race::{Answer, Better, Discipline, Effort, Kind, Measure, Turns, View};
use crate::server::ServerProcess;
use crate::stats;
use crate::stopwatch::micros;

const CLIENTS: [usize; 2] = [1, 16];

pub fn discipline() -> Discipline {
    let mut contestants = line_up(&DESIGNS, "tokio", come);
    contestants.insert(2, one_at_a_time(come));
    Discipline {
        id: "short",
        title: "Short clients",
        what: "A client connects, sends a frame of 4 + 5 bytes, takes its echo, and closes; then the next one comes. Ours \
               and tokio's limit how long they wait for a client; socat starts a process for each, and waits for ever.",
        cases: CLIENTS
            .map(|n| {
                if n == 1 {
                    "1 at a time".to_owned()
                } else {
                    format!("{n} at a time")
                }
            })
            .to_vec(),
        kind: Kind::Figures {
            measures: vec![
                Measure {
                    name: "clients",
                    unit: "1/s",
                    better: Better::More,
                },
                Measure {
                    name: "99 of 100 clients took less than",
                    unit: "µs",
                    better: Better::Less,
                },
            ],
            view: View::Bars,
        },
        contestants,
    }
}

fn come(server: ServerProcess, effort: &Effort) -> Result<Turns, String> {
    let span = effort.span;
    Ok(Box::new(move |case| {
        let begun = Instant::now();
        let times =
            at_a_time(CLIENTS[case], server.addr(), span).map_err(|error| error.to_string())?;
        let per_second = times.len() as f64 / begun.elapsed().as_secs_f64();
        let [slow] = stats::quantiles(times, [0.99]);
        Ok(Answer::Figures(vec![per_second, slow]))
    }))
}

/// So many threads send short clients, for this long. How long each client took, in µs.
pub fn at_a_time(threads: usize, addr: SocketAddr, span: Duration) -> io::Result<Vec<f64>> {
    let begun = Instant::now();
    let callers: Vec<_> = (0..threads)
        .map(|_| {
            thread::spawn(move || {
                micros(begun, span, || {
                    Client::connects(addr, Duration::from_secs(2))?.asks()
                })
            })
        })
        .collect();
    let mut times = Vec::new();
    for caller in callers {
        times.extend(
            caller
                .join()
                .map_err(|_| io::Error::other("a client panicked"))??,
        );
    }
    Ok(times)
}
