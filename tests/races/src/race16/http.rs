//! HTTP, where nginx speaks it too.

use super::{ACTIVE, IDLE, RACE, has_room, stay};
use crate::race::{Answer, Better, Contestant, Discipline, Kind, Measure, Turns, View};
use crate::server::ServerProcess;
use crate::{nginx, usage, wrk};

pub fn discipline() -> Discipline {
    let present = || {
        has_room()
            .and_then(|()| wrk::version())
            .map(|_| String::new())
    };
    let mut contestants = vec![Contestant {
        present,
        ..Contestant::reference(|_| asked(ServerProcess::own(RACE.number, "http"))).named("loop")
    }];
    if cfg!(feature = "mine-16") {
        contestants.push(Contestant {
            present,
            ..Contestant::mine(|_| asked(ServerProcess::own(RACE.number, "my http")))
                .named("my loop")
        });
    }
    contestants.push(Contestant::other(
        "nginx",
        || {
            has_room()?;
            wrk::version()?;
            nginx::version()
        },
        |_| asked(nginx::two_bytes("1")),
    ));
    let mut measures = wrk::measures();
    measures.push(Measure {
        name: "processor time of the server for a request",
        unit: "µs",
        better: Better::Less,
    });
    measures.push(Measure {
        name: "memory",
        unit: "kB",
        better: Better::Less,
    });
    Discipline {
        id: "nginx",
        title: "HTTP: fifty who ask among two thousand who do not",
        what: "2000 clients have asked once and stay. wrk asks for one second over 50 connections more. nginx has one process \
               that works, returns a fixed text and writes no log; our loop has a protocol that looks for an empty line and \
               answers with 40 bytes. It knows no other HTTP.",
        cases: vec!["50 connections".to_owned()],
        kind: Kind::Figures {
            measures,
            view: View::Bars,
        },
        contestants,
    }
}

fn asked(server: Result<ServerProcess, String>) -> Result<Turns, String> {
    let server = server?;
    let idle = stay(IDLE, server.addr(), |client| {
        client.says(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    })?;
    let in_words = |error: std::io::Error| error.to_string();
    Ok(Box::new(move |_| {
        let _they_stay = &idle;
        let before = usage::processor(server.id()).map_err(in_words)?;
        let told = wrk::asks(server.addr(), ACTIVE)?;
        let used = usage::processor(server.id()).map_err(in_words)? - before;
        let a_request = used.as_secs_f64() * 1e6 / told.requests;
        let memory = usage::memory(server.id()).map_err(in_words)?;
        let figures = vec![told.per_second, told.slow, a_request, memory];
        Ok(Answer::Figures(figures))
    }))
}
