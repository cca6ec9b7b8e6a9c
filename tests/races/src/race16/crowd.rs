//! Frames: few who ask among many who do not.

use std::io;
use std::time::Instant;

use super::{ACTIVE, IDLE, RACE, line_up, stay};
use crate::race::{Answer, Better, Discipline, Effort, Kind, Measure, Turns, View};
use crate::race03::clients::Client;
use crate::server::ServerProcess;
use crate::stopwatch::micros;
use crate::{stats, usage};

pub fn discipline() -> Discipline {
    let measure = |name| Measure {
        name,
        unit: "µs",
        better: Better::Less,
    };
    Discipline {
        id: "crowd",
        title: "Fifty who ask among two thousand who do not",
        what: "2000 clients have asked once and stay. 50 more ask: each sends a frame of 4 + 5 bytes and takes its echo. \
               Either one of them asks at a time, in turn, or all 50 do, and then the time is until the last one has its \
               echo. \"loop\" and \"tokio, 1 thread\" have one thread, tokio one for each core, \"threads\" and \"workers\" \
               are chapter 03's, with one for each client. Each server limits how long a client may be silent.",
        cases: vec!["one at a time".to_owned(), "all 50 at a time".to_owned()],
        kind: Kind::Figures {
            measures: vec![
                measure("processor time of the server for a request"),
                measure("half of the times were less than"),
                measure("99 of 100 times were less than"),
            ],
            view: View::Bars,
        },
        contestants: line_up(&["threads", "workers"], &["tokio", "tokio, 1 thread"], come),
    }
}

fn come(server: &'static str, effort: &Effort) -> Result<Turns, String> {
    let span = effort.span;
    let server = ServerProcess::own(RACE.number, server)?;
    let idle = stay(IDLE, server.addr(), Client::asks)?;
    let mut active = stay(ACTIVE, server.addr(), Client::asks)?;
    let in_words = |error: io::Error| error.to_string();
    Ok(Box::new(move |case| {
        let _they_stay = &idle;
        let at_a_time = [1, ACTIVE][case];
        let before = usage::processor(server.id()).map_err(in_words)?;
        let mut groups = 0;
        let times = micros(Instant::now(), span, || {
            let first = groups * at_a_time % ACTIVE;
            groups += 1;
            let group = &mut active[first..first + at_a_time];
            group.iter_mut().try_for_each(Client::sends)?;
            group.iter_mut().try_for_each(Client::takes)
        });
        let times = times.map_err(in_words)?;
        let used = usage::processor(server.id()).map_err(in_words)? - before;
        let a_request = used.as_secs_f64() * 1e6 / (groups * at_a_time) as f64;
        let [half, slow] = stats::quantiles(times, [0.5, 0.99]);
        Ok(Answer::Figures(vec![a_request, half, slow]))
    }))
}
