//! What more and more idle clients cost.

use std::io;
use std::time::Instant;

use super::{IDLE, RACE, line_up, stay};
use crate::race::{Answer, Better, Discipline, Effort, Kind, Measure, Turns, View};
use crate::race03::clients::Client;
use crate::server::ServerProcess;
use crate::stopwatch::micros;
use crate::{stats, usage};

const CASES: [usize; 5] = [0, IDLE / 4, IDLE / 2, IDLE * 3 / 4, IDLE];

pub fn discipline() -> Discipline {
    let measure = |name, unit| Measure {
        name,
        unit,
        better: Better::Less,
    };
    Discipline {
        id: "grows",
        title: "More and more idle clients",
        what: "So many clients have asked once and stay. What memory does the server's process hold, without what the kernel \
               keeps for it? And how long does one client more wait for its echo? Each case has a server of its own.",
        cases: CASES.map(|idle| idle.to_string()).to_vec(),
        kind: Kind::Figures {
            measures: vec![
                measure("memory", "kB"),
                measure("half of the echoes took less than", "µs"),
            ],
            view: View::LinesOverCases,
        },
        contestants: line_up(&["threads"], &["tokio, 1 thread"], come),
    }
}

fn come(server: &'static str, effort: &Effort) -> Result<Turns, String> {
    struct House {
        server: ServerProcess,
        _idle: Vec<Client>,
        friend: Client,
    }
    let opens = |idle| {
        let server = ServerProcess::own(RACE.number, server)?;
        let _idle = stay(idle, server.addr(), Client::asks)?;
        let friend = stay(1, server.addr(), Client::asks)?.remove(0);
        Ok(House {
            server,
            _idle,
            friend,
        })
    };
    let houses: Result<Vec<House>, String> = CASES.into_iter().map(opens).collect();
    let (mut houses, span) = (houses?, effort.span);
    let in_words = |error: io::Error| error.to_string();
    Ok(Box::new(move |case| {
        let House { server, friend, .. } = &mut houses[case];
        let memory = usage::memory(server.id()).map_err(in_words)?;
        let times = micros(Instant::now(), span, || friend.asks()).map_err(in_words)?;
        let [half] = stats::quantiles(times, [0.5]);
        Ok(Answer::Figures(vec![memory, half]))
    }))
}
