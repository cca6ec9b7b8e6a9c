//! Requests over connections that stay open: wrk asks the reference, nginx and hyper.

use crate::race::{Contestant, Discipline, Kind, Turns, View};
use crate::server::ServerProcess;
use crate::{machine, nginx, wrk};

const CONNECTIONS: [usize; 2] = [1, 16];

pub fn discipline() -> Discipline {
    let needs_wrk = || wrk::version().map(|_| String::new());
    let own = |server: &'static str| move |_: &_| asked(ServerProcess::own("13", server)?);
    let mut contestants = vec![Contestant {
        present: needs_wrk,
        ..Contestant::reference(own("reference"))
    }];
    #[cfg(feature = "mine-13")]
    contestants.push(Contestant {
        present: needs_wrk,
        ..Contestant::mine(own("mine"))
    });
    contestants.push(Contestant::other(
        "nginx",
        || wrk::version().and_then(|_| nginx::version()),
        |_| asked(nginx::two_bytes("auto")?),
    ));
    contestants.push(Contestant::other(
        "hyper",
        || wrk::version().and_then(|_| machine::library("hyper")),
        own("hyper"),
    ));
    Discipline {
        id: "requests",
        title: "Requests over connections that stay open",
        what: "wrk asks for one second, and each of its connections waits for an answer before it asks again. All servers \
               answer two bytes that they have in memory, with the fields that they send by themselves. Ours has a thread \
               for each connection; hyper's handler has three lines; nginx returns a fixed text and writes no log.",
        cases: CONNECTIONS
            .map(|n| match n {
                1 => "1 connection".to_owned(),
                n => format!("{n} connections"),
            })
            .to_vec(),
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
