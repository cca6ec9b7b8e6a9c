//! Step 5: errors of `accept`, and how to react to them.

use std::cell::Cell;
use std::io::{self, Error, ErrorKind};
use std::sync::Mutex;
use std::time::Duration;

use concurrent_server::{Acceptor, AfterError, Client, PAUSE, accept_patiently, after_error};
use netlab::{Lab, lab};

use super::scene::{Knock, Script, connected, locked, printed};

#[test]
fn s5_one_clients_trouble_is_not_the_servers() {
    lab(|lab| {
        lab.why("accept reports an early error of one connection. The next connection is not affected. Only one client is gone, and it has gone by itself. (Interrupted is less than that: a signal came, and no client is gone.)");
        let kinds = [
            ErrorKind::ConnectionAborted,
            ErrorKind::ConnectionReset,
            ErrorKind::ConnectionRefused,
            ErrorKind::Interrupted,
            ErrorKind::TimedOut,
            ErrorKind::HostUnreachable,
            ErrorKind::NetworkUnreachable,
            ErrorKind::NetworkDown,
        ];
        for kind in kinds {
            judges(lab, kind.into(), "Next");
        }
        if cfg!(target_os = "linux") {
            lab.why("Linux gives accept the network errors that the new connection already has, and accept(2) lists them for TCP: try the next one. ErrorKind has no name for some of them, so look at the number.");
            for number in PENDING_ON_LINUX {
                judges(lab, Error::from_raw_os_error(number), "Next");
            }
        }
    });
}

#[test]
fn s5_a_shortage_asks_for_a_pause() {
    lab(|lab| {
        lab.why("No descriptor or no memory: this passes when a client leaves. The client still waits in the queue, so an accept at once fails at once. Treat an unknown error as one that passes. A firewall that forbids one connection (PermissionDenied) does not end the loop either: it may let the next one in.");
        judges(lab, Error::other("what nobody has heard of"), "Pause");
        let kinds = [
            ErrorKind::OutOfMemory,
            ErrorKind::WouldBlock,
            ErrorKind::PermissionDenied,
            ErrorKind::NotConnected,
            ErrorKind::NotFound,
            ErrorKind::AddrInUse,
            ErrorKind::AddrNotAvailable,
            ErrorKind::AlreadyExists,
            ErrorKind::BrokenPipe,
            ErrorKind::InvalidData,
            ErrorKind::UnexpectedEof,
            ErrorKind::Unsupported,
            ErrorKind::WriteZero,
            ErrorKind::ResourceBusy,
        ];
        for kind in kinds {
            judges(lab, kind.into(), "Pause");
        }
        if cfg!(unix) {
            judges(lab, emfile(), "Pause");
            judges(lab, enfile(), "Pause");
        }
        if cfg!(target_os = "linux") {
            const ENOMEM: i32 = 12;
            const ENOBUFS: i32 = 105;
            judges(lab, Error::from_raw_os_error(ENOMEM), "Pause");
            judges(lab, Error::from_raw_os_error(ENOBUFS), "Pause");
            lab.why("These are all the numbers of Linux that are neither one client's trouble nor the listening socket's. Treat an unknown error as one that passes.");
            let named =
                |number: &i32| PENDING_ON_LINUX.contains(number) || NAMED_ON_LINUX.contains(number);
            for number in (1..=133).filter(|number| !named(number)) {
                lab.scene(format!("the error {number}"));
                judges(lab, Error::from_raw_os_error(number), "Pause");
            }
        }
    });
}

#[test]
fn s5_a_broken_listener_is_the_end() {
    lab(|lab| {
        lab.why("EINVAL and EBADF are about the listening socket itself: it does not listen, or there is none. No patience will mend that, and a loop that goes on spins for ever.");
        judges(lab, ErrorKind::InvalidInput.into(), "End");
        if cfg!(unix) {
            judges(lab, ebadf(), "End");
        }
    });
}

#[test]
fn s5_the_loop_survives_what_passes() {
    lab(|lab| {
        lab.why("Four errors, and then a client. The server must still be there to let it in: under load, when these errors happen, is the worst time to end.");
        let (client, _other) = connected();
        let peer = client.peer();
        let shortage = if cfg!(unix) {
            emfile()
        } else {
            ErrorKind::OutOfMemory.into()
        };
        let script = Script::new(
            lab,
            [
                Knock::Error(ErrorKind::ConnectionAborted.into()),
                Knock::Error(ErrorKind::Interrupted.into()),
                Knock::Error(shortage),
                Knock::Error(ErrorKind::ConnectionAborted.into()),
                Knock::Client(client),
            ],
        );
        let pauses = Pauses::default();
        let client = lab.ok("accept_patiently(acceptor, pause)", || {
            accept_patiently(&script, &|span| pauses.note(span))
        });
        lab.same("the client's address", client.map(|c| c.peer()), Some(peer));
        lab.same("the pauses", pauses.all(), vec![PAUSE]);
        lab.same("calls of accept", script.calls(), 5);
    });
}

#[test]
fn s5_every_shortage_gets_its_pause() {
    lab(|lab| {
        lab.why("accept has failed a thousand times in a row. Without a pause behind each, this is one processor at 100 %, in a moment when the machine is short of something already.");
        let shortage = |n| match n % 3 {
            0 if cfg!(unix) => emfile(),
            1 if cfg!(unix) => enfile(),
            _ => ErrorKind::OutOfMemory.into(),
        };
        let knocks = (0..1000)
            .map(|n| Knock::Error(shortage(n)))
            .chain([Knock::Closed]);
        let script = Script::new(lab, knocks);
        let pauses = Pauses::default();
        let goes_on = lab.because("However many errors come that it can live with, it goes on. How long a shortage lasts is not for accept_patiently to decide.");
        let client = goes_on.ok("accept_patiently(acceptor, pause)", || {
            accept_patiently(&script, &|span| pauses.note(span))
        });
        let pauses = pauses.all();
        lab.same("pauses", pauses.len(), 1000);
        lab.why("Each pause is PAUSE long. One that grows keeps the next client waiting when the shortage is over.");
        if let Some(other) = pauses.iter().find(|&&span| span != PAUSE) {
            lab.fails(
                format!("each pause to be PAUSE long, {PAUSE:?}"),
                format!("one of {other:?}"),
            );
        }
        lab.why("accept says None at last: no more clients will come. That is passed on.");
        lab.same("a client", client.is_some(), false);
    });
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, where a shell starts a program")]
fn s5_a_shortage_may_last() {
    lab(|lab| {
        let none = Script::new(lab, [Knock::Closed]);
        lab.ok("accept_patiently(acceptor, pause)", || {
            accept_patiently(&none, &|_| {})
        });
        // Elsewhere, because an overflow of the stack ends the process.
        let end = lab.elsewhere("true", || {
            let shortage = Shortage(Cell::new(100_000));
            let pauses = Cell::new(0);
            let end = match accept_patiently(&shortage, &|_| pauses.set(pauses.get() + 1)) {
                Ok(None) => "None".to_owned(),
                end => format!("{end:?}"),
            };
            println!("\nafter 100000 errors: {end}");
            println!("pauses: {}", pauses.get());
        });
        let told = lab.because("accept has failed a hundred thousand times: half an hour without a descriptor. accept_patiently does not give up before its acceptor does. And it is a loop: a function that calls itself after each error needs more stack for each, until there is no more.");
        printed(&told, &end, "after 100000 errors", "None");
        let told = lab.because("Every second of the errors was a shortage, the others were one client's trouble. Each shortage gets its pause and no other error does, however many there were.");
        printed(&told, &end, "pauses", "50000");
    });
}

/// Fails so many times, by turns for one client and for want of a descriptor. Then nobody comes.
struct Shortage(Cell<u32>);

impl Acceptor for Shortage {
    fn accept(&self) -> io::Result<Option<Client>> {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        match left {
            0 => Ok(None),
            n if n % 2 == 0 => Err(ErrorKind::ConnectionAborted.into()),
            _ => Err(ErrorKind::OutOfMemory.into()),
        }
    }
}

#[test]
fn s5_no_pause_for_a_client_that_left() {
    lab(|lab| {
        lab.why("A client that left before it was let in costs nothing but the call. If you paused for it, any client could slow the server down, by connecting and leaving.");
        let knocks = (0..100)
            .map(|_| Knock::Error(ErrorKind::ConnectionAborted.into()))
            .chain([Knock::Closed]);
        let script = Script::new(lab, knocks);
        let pauses = Pauses::default();
        let client = lab.ok("accept_patiently(acceptor, pause)", || {
            accept_patiently(&script, &|span| pauses.note(span))
        });
        lab.same("a client", client.is_some(), false);
        lab.same("pauses", pauses.all().len(), 0);
    });
}

#[test]
fn s5_the_end_is_told() {
    lab(|lab| {
        lab.why("The listening socket is broken. The operator must be told which error it was, and the loop must not try again.");
        let mut cases: Vec<fn() -> Error> = vec![|| ErrorKind::InvalidInput.into()];
        if cfg!(unix) {
            cases.push(ebadf);
        }
        for broken in cases {
            // Behind an error that it lives with: that one is not the end, and is not told.
            let passes = Knock::Error(ErrorKind::OutOfMemory.into());
            let script = Script::new(lab, [passes, Knock::Error(broken())]);
            let pauses = Pauses::default();
            let error = lab.err("accept_patiently(acceptor, pause)", || {
                accept_patiently(&script, &|span| pauses.note(span))
            });
            lab.same("the error", error.to_string(), broken().to_string());
            lab.same("calls of accept", script.calls(), 2);
            lab.same("pauses", pauses.all().len(), 1);
        }
    });
}

/// The network errors of a new connection, by their numbers on Linux (accept(2)): ENONET, EPROTO,
/// ENOPROTOOPT, EOPNOTSUPP, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH.
const PENDING_ON_LINUX: [i32; 8] = [64, 71, 92, 95, 100, 101, 112, 113];

/// What else has a judgement of its own, by kind or by number: EINTR, EBADF, EINVAL, ECONNABORTED,
/// ECONNRESET, ETIMEDOUT, ECONNREFUSED.
const NAMED_ON_LINUX: [i32; 7] = [4, 9, 22, 103, 104, 110, 111];

/// "Too many open files", of this process.
fn emfile() -> Error {
    Error::from_raw_os_error(24)
}

/// "Too many open files in system".
fn enfile() -> Error {
    Error::from_raw_os_error(23)
}

/// "Bad file descriptor".
fn ebadf() -> Error {
    Error::from_raw_os_error(9)
}

fn judges(lab: &Lab, error: Error, want: &str) {
    let got = match lab.you(&format!("after_error({error:?})"), || after_error(&error)) {
        AfterError::Next => "Next",
        AfterError::Pause => "Pause",
        AfterError::End => "End",
    };
    lab.same(&format!("what follows from {error}"), got, want);
}

/// The pauses that were asked for. None of them is made.
#[derive(Default)]
struct Pauses(Mutex<Vec<Duration>>);

impl Pauses {
    fn note(&self, span: Duration) {
        locked(&self.0).push(span);
    }

    fn all(&self) -> Vec<Duration> {
        locked(&self.0).clone()
    }
}
