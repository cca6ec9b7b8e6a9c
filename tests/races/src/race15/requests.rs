//! Servers: h2load asks the reference, h2 and nginx.

use crate::race::{Answer, Better, Contestant, Discipline, Kind, Measure, Turns, View};
use crate::server::ServerProcess;
use crate::{h2load, machine, nginx};

/// Connections, and requests under way on each.
const CASES: [(usize, usize); 3] = [(1, 1), (1, 100), (16, 10)];

pub fn discipline() -> Discipline {
    let needs_h2load = || h2load::version().map(|_| String::new());
    let own = |server: &'static str| move |_: &_| asked(ServerProcess::own("15", server)?);
    let mut contestants = vec![Contestant {
        present: needs_h2load,
        ..Contestant::reference(own("reference"))
    }];
    #[cfg(feature = "mine-15")]
    contestants.push(Contestant {
        present: needs_h2load,
        ..Contestant::mine(own("mine"))
    });
    contestants.push(Contestant::other(
        "h2",
        || h2load::version().and_then(|_| machine::library("h2")),
        own("h2"),
    ));
    contestants.push(Contestant::other(
        "nginx",
        || h2load::version().and_then(|_| nginx::version()),
        |_| asked(nginx::two_bytes_over_http2("auto")?),
    ));
    Discipline {
        id: "requests",
        title: "Servers",
        what: "h2load asks for one second, with as many requests under way as the case says. All servers answer two bytes \
               that they have in memory. Ours and h2 send :status and content-length; nginx also says what it is, what time \
               it is, and what it sends. Ours has a thread for each connection, h2 and nginx have one a core.",
        cases: CASES
            .map(|(connections, streams)| match connections {
                1 => format!("1 connection, {streams} at a time"),
                n => format!("{n} connections, {streams} at a time each"),
            })
            .to_vec(),
        kind: Kind::Figures {
            measures: vec![
                Measure {
                    name: "requests",
                    unit: "1/s",
                    better: Better::More,
                },
                Measure {
                    name: "what comes for one request",
                    unit: "bytes",
                    better: Better::Less,
                },
            ],
            view: View::Bars,
        },
        contestants,
    }
}

fn asked(server: ServerProcess) -> Result<Turns, String> {
    Ok(Box::new(move |case| {
        let (connections, streams) = CASES[case];
        let told = h2load::asks(server.addr(), connections, streams)?;
        Ok(Answer::Figures(vec![told.per_second, told.bytes]))
    }))
}
