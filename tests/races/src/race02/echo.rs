//! Requests a second, and how long one takes, at 1, 8 and 64 connections.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::machine;
use crate::race::{Answer, Better, Contestant, Discipline, Effort, Kind, Measure, Turns, View};
use crate::server::ServerProcess;
use crate::stats;
use crate::stopwatch::micros;

const CONNECTIONS: [usize; 3] = [1, 8, 64];
const MESSAGE: [u8; 32] = [b'x'; 32];

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| own("reference", effort))];
    #[cfg(feature = "mine-02")]
    contestants.push(Contestant::mine(|effort| own("mine", effort)));
    contestants.push(Contestant::other(
        "tokio",
        || machine::library("tokio"),
        |effort| own("tokio", effort),
    ));
    contestants.push(Contestant::other("socat", machine::socat, |effort| {
        clients(ServerProcess::socat()?, effort)
    }));
    Discipline {
        id: "echo",
        title: "Echo of 32 bytes",
        what: "Each client has a connection that is open already. It sends 32 bytes, waits for their echo, and sends \
               again. Server and clients are two processes on the same cores; the clients are the same for all.",
        cases: CONNECTIONS
            .map(|n| {
                if n == 1 {
                    "1 connection".to_owned()
                } else {
                    format!("{n} connections")
                }
            })
            .to_vec(),
        kind: Kind::Figures {
            measures: vec![
                Measure {
                    name: "echoes",
                    unit: "1/s",
                    better: Better::More,
                },
                Measure {
                    name: "half of the echoes took less than",
                    unit: "µs",
                    better: Better::Less,
                },
                Measure {
                    name: "99 of 100 echoes took less than",
                    unit: "µs",
                    better: Better::Less,
                },
            ],
            view: View::Bars,
        },
        contestants,
    }
}

fn own(server: &str, effort: &Effort) -> Result<Turns, String> {
    clients(ServerProcess::own("02", server)?, effort)
}

fn clients(server: ServerProcess, effort: &Effort) -> Result<Turns, String> {
    let span = effort.span;
    Ok(Box::new(move |case| {
        measured(server.addr(), CONNECTIONS[case], span).map_err(|error| error.to_string())
    }))
}

/// So many clients ask for this long.
fn measured(addr: SocketAddr, connections: usize, span: Duration) -> io::Result<Answer> {
    let streams: Vec<TcpStream> = (0..connections)
        .map(|_| {
            let mut stream = TcpStream::connect(addr)?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            // The server has accepted it, and has a thread or a task for it.
            echo(&mut stream)?;
            Ok(stream)
        })
        .collect::<io::Result<_>>()?;
    let begun = Instant::now();
    let clients: Vec<_> = streams
        .into_iter()
        .map(|mut stream| thread::spawn(move || micros(begun, span, || echo(&mut stream))))
        .collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(
            client
                .join()
                .map_err(|_| io::Error::other("a client panicked"))??,
        );
    }
    let per_second = times.len() as f64 / begun.elapsed().as_secs_f64();
    let [half, slow] = stats::quantiles(times, [0.5, 0.99]);
    Ok(Answer::Figures(vec![per_second, half, slow]))
}

fn echo(stream: &mut TcpStream) -> io::Result<()> {
    let mut reply = [0; MESSAGE.len()];
    stream.write_all(&MESSAGE)?;
    stream.read_exact(&mut reply)?;
    if reply != MESSAGE {
        return Err(io::Error::other("another echo came back"));
    }
    Ok(())
}
