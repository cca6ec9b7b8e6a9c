//! A small message as one write or as two: Nagle's algorithm and the delayed acknowledgment meet.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::reference::ours;
use crate::race::{Answer, Better, Contestant, Discipline, Effort, Kind, Measure, Turns, View};
use crate::server::ServerProcess;
use crate::stats;

/// Sends a frame, each in its own way.
type Send = fn(&mut TcpStream, &[u8]) -> io::Result<()>;
/// Takes a frame in.
type Take = fn(&mut TcpStream) -> io::Result<Vec<u8>>;

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| {
        asks(ours::write, ours::read, false, effort)
    })];
    #[cfg(feature = "mine-02")]
    contestants.push(Contestant::mine(|effort| {
        use super::mine::ours;
        asks(ours::write, ours::read, false, effort)
    }));
    let present = || Ok(String::new());
    contestants.push(Contestant::other(
        "two writes, TCP_NODELAY",
        present,
        |effort| asks(two_writes, ours::read, true, effort),
    ));
    contestants.push(Contestant::other("two writes", present, |effort| {
        asks(two_writes, ours::read, false, effort)
    }));
    let measure = |name| Measure {
        name,
        unit: "µs",
        better: Better::Less,
    };
    Discipline {
        id: "writes",
        title: "A frame of 4 + 4 bytes, and its reply",
        what: "A client sends a frame on an open connection and waits for the reply, again and again. The reference \
               sends it with one write; \"two writes\" are the length and then the payload. The server is the same.",
        cases: vec!["4 + 4 bytes".to_owned()],
        kind: Kind::Figures {
            measures: vec![
                measure("fastest"),
                measure("half"),
                measure("9 of 10"),
                measure("slowest"),
            ],
            view: View::LinesOverMeasures,
        },
        contestants,
    }
}

fn two_writes(stream: &mut TcpStream, payload: &[u8]) -> io::Result<()> {
    stream.write_all(&(payload.len() as u32).to_be_bytes())?;
    stream.write_all(payload)
}

fn asks(send: Send, take: Take, no_delay: bool, effort: &Effort) -> Result<Turns, String> {
    let requests = if effort.quick { 2 } else { 16 };
    let server = ServerProcess::own("02", "reference program")?;
    let connect = || {
        let stream = TcpStream::connect(server.addr())?;
        stream.set_nodelay(no_delay)?;
        Ok(stream)
    };
    let mut stream = connect().map_err(|error: io::Error| error.to_string())?;
    Ok(Box::new(move |_| {
        let _ = &server; // it lives as long as its client
        let mut ask = || {
            let asked = Instant::now();
            send(&mut stream, b"ping")?;
            take(&mut stream)?;
            Ok(asked.elapsed().as_secs_f64() * 1e6)
        };
        let times: io::Result<Vec<f64>> = (0..requests).map(|_| ask()).collect();
        let times = times.map_err(|error| error.to_string())?;
        let quantiles = stats::quantiles(times, [0.0, 0.5, 0.9, 1.0]);
        Ok(Answer::Figures(quantiles.to_vec()))
    }))
}
