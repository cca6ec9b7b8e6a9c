//! Four clients that say nothing, at servers for four.

use std::time::{Duration, Instant};

use super::clients::Client;
use super::{FOUR, line_up};
use crate::race::{Answer, Contestant, Discipline, Effort, Kind, Turns};
use crate::server::ServerProcess;

/// A friend who waits longer than this gives up.
const PATIENCE: Duration = Duration::from_millis(1200);
const AT_ONCE: Duration = Duration::from_millis(100);

const FRAME: &[u8] = b"\0\0\0\x05hello";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

pub fn discipline() -> Discipline {
    let designs = [
        ["four workers", "my four workers"],
        ["four threads", "my four threads"],
    ];
    let mut contestants = vec![Contestant::other(
        "tutorial",
        || Ok(String::new()),
        |_| meets(ServerProcess::own("03", "tutorial")?, REQUEST),
    )];
    contestants.extend(line_up(&designs, "tokio, 0.2 s", |server, _: &Effort| {
        meets(server, FRAME)
    }));
    Discipline {
        id: "silent",
        title: "Four silent clients",
        what: "Four clients connect and say nothing. A fifth asks and waits 1.2 s for its reply. Then the four leave, and \
               eight ask one after the other. \"tutorial\" is a server in the shape of well-known tutorials: four workers, \
               no deadline. Ours have four workers, or four threads at most. They and tokio's let a client go that is silent \
               for 0.2 s.",
        cases: vec!["the fifth asks".to_owned(), "eight ask later".to_owned()],
        kind: Kind::Verdicts,
        contestants,
    }
}

fn meets(server: ServerProcess, words: &'static [u8]) -> Result<Turns, String> {
    let mut silent = Vec::new();
    Ok(Box::new(move |case| {
        let addr = server.addr();
        let ask = || Client::connects(addr, PATIENCE).and_then(|mut friend| friend.says(words));
        if case == 0 {
            for _ in 0..FOUR {
                silent.push(Client::connects(addr, PATIENCE).map_err(|error| error.to_string())?);
            }
            let asked = Instant::now();
            let good = ask().is_ok();
            let took = asked.elapsed();
            let word = match good {
                true if took < AT_ONCE => "at once".to_owned(),
                true => format!("after {:.1} s", took.as_secs_f64()),
                false => "no reply".to_owned(),
            };
            return Ok(Answer::Verdict { good, word });
        }
        silent.clear();
        let replies = (0..8).filter(|_| ask().is_ok()).count();
        Ok(Answer::Verdict {
            good: replies == 8,
            word: format!("{replies} of 8"),
        })
    }))
}
