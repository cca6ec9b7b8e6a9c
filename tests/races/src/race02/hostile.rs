//! Eight hostile clients, and whether a friend gets an answer all the same.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use netlab::hostile::CLIENTS;

use crate::machine;
use crate::race::{Answer, Contestant, Discipline, Kind, Turns};
use crate::server::ServerProcess;

/// A friend who waits longer than this has noticed.
const NOTICEABLE: Duration = Duration::from_millis(300);
/// A friend who waits longer than this, with the hostile client gone, has lost the server.
const LOST: Duration = Duration::from_millis(700);

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|_| own("reference program"))];
    #[cfg(feature = "mine-02")]
    contestants.push(Contestant::mine(|_| own("mine program")));
    contestants.push(Contestant::other(
        "script",
        || machine::program("python3", &["--version"]).map(|version| format!("Python {version}")),
        |_| {
            turns(|| {
                let script = include_str!("script.py");
                ServerProcess::start(Command::new("python3").args(["-c", script]))
            })
        },
    ));
    contestants.push(Contestant::other("socat", machine::socat, |_| {
        turns(ServerProcess::socat)
    }));
    Discipline {
        id: "hostile",
        title: "A friend beside a hostile client",
        what: "A hostile client comes to a fresh server and does its worst. Then a friend asks. \"At once\": it has its \
               reply within 300 ms. \"Later\": it has it when the hostile client has left. \"Never\": not even then.",
        cases: CLIENTS
            .iter()
            .map(|client| client.name.to_owned())
            .collect(),
        kind: Kind::Verdicts,
        contestants,
    }
}

fn own(server: &'static str) -> Result<Turns, String> {
    turns(move || ServerProcess::own("02", server))
}

fn turns(server: impl Fn() -> Result<ServerProcess, String> + 'static) -> Result<Turns, String> {
    Ok(Box::new(move |case| {
        let server = server()?;
        let word = meets(server.addr(), case)?;
        Ok(Answer::Verdict {
            good: word != "never",
            word: word.to_owned(),
        })
    }))
}

fn meets(addr: SocketAddr, case: usize) -> Result<&'static str, String> {
    let (send, outcome) = mpsc::channel();
    netlab::trial(1.0, move |lab| {
        let present = CLIENTS[case].comes(lab, addr);
        let mut friend = Friend::asks(addr);
        let mut word = "at once";
        if !friend.has_reply(NOTICEABLE) {
            drop(present);
            word = if friend.has_reply(LOST) {
                "later"
            } else {
                "never"
            };
        }
        let _ = send.send(word);
    })?;
    outcome.recv().map_err(|error| error.to_string())
}

/// Somebody with a short message, who takes anything for a reply.
struct Friend(Option<TcpStream>);

impl Friend {
    fn asks(addr: SocketAddr) -> Friend {
        let stream = TcpStream::connect_timeout(&addr, NOTICEABLE).and_then(|mut stream| {
            // A frame to those who know frames, and text to the others.
            stream.write_all(b"\0\0\0\x05hello")?;
            Ok(stream)
        });
        Friend(stream.ok())
    }

    fn has_reply(&mut self, patience: Duration) -> bool {
        let Some(stream) = &mut self.0 else {
            return false;
        };
        let _ = stream.set_read_timeout(Some(patience));
        matches!(stream.read(&mut [0; 64]), Ok(1..))
    }
}
