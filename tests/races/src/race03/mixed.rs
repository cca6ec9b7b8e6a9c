//! Short clients among some that stay a while.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::clients::Client;
use super::short::at_a_time;
use super::{DESIGNS, line_up, one_at_a_time};
use crate::race::{Answer, Better, Discipline, Effort, Kind, Measure, Turns, View};
use crate::server::ServerProcess;
use crate::stats;

/// Clients that stay: each asks so many questions, and thinks before each.
const STAYING: usize = 4;
const QUESTIONS: usize = 5;
const THINKS: Duration = Duration::from_millis(4);

pub fn discipline() -> Discipline {
    let mut contestants = line_up(&DESIGNS, "tokio", come);
    contestants.insert(2, one_at_a_time(come));
    let measure = |name| Measure {
        name,
        unit: "µs",
        better: Better::Less,
    };
    Discipline {
        id: "mixed",
        title: "Short clients among four that stay",
        what: "Four clients at a time stay for five questions each and think 4 ms before each, then others like them come. \
               Beside them two short ones at a time connect, ask once and close: how long do the short ones take?",
        cases: vec!["a short client".to_owned()],
        kind: Kind::Figures {
            measures: vec![
                measure("half"),
                measure("9 of 10"),
                measure("99 of 100"),
                measure("slowest"),
            ],
            view: View::LinesOverMeasures,
        },
        contestants,
    }
}

fn come(server: ServerProcess, effort: &Effort) -> Result<Turns, String> {
    let span = effort.span;
    Ok(Box::new(move |_| {
        let addr = server.addr();
        let over = AtomicBool::new(false);
        let times = thread::scope(|scope| {
            for _ in 0..STAYING {
                // One that is cut off has nothing to tell: the short ones do.
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        if stays(addr).is_err() {
                            return;
                        }
                    }
                });
            }
            // They are in before the first short one comes.
            thread::sleep(THINKS);
            let times = at_a_time(2, addr, span);
            over.store(true, Ordering::Relaxed);
            times
        });
        let times = times.map_err(|error| error.to_string())?;
        let quantiles = stats::quantiles(times, [0.5, 0.9, 0.99, 1.0]);
        Ok(Answer::Figures(quantiles.to_vec()))
    }))
}

fn stays(addr: SocketAddr) -> io::Result<()> {
    let mut client = Client::connects(addr, Duration::from_secs(2))?;
    for _ in 0..QUESTIONS {
        thread::sleep(THINKS);
        client.asks()?;
    }
    Ok(())
}
