//! Step 5: what `accept` complains about, and what follows from it.

use std::io::{Error, ErrorKind};
use std::sync::Mutex;
use std::time::Duration;

use concurrent_server::{AfterError, PAUSE, accept_patiently, after_error};
use netlab::{Lab, lab};

use super::scene::{Knock, Script, connected, locked};

#[test]
fn s5_one_clients_trouble_is_not_the_servers() {
    lab(|lab| {
        lab.why("accept reports what happened to one connection before anybody talked on it. The next connection is as good as any. Only one client is gone, and it has gone by itself.");
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
    });
}

#[test]
fn s5_a_shortage_asks_for_a_pause() {
    lab(|lab| {
        lab.why("No descriptor, no memory: that passes when somebody leaves. The client still waits in the queue, so an accept at once fails at once. What nobody has heard of is best taken for something that passes.");
        judges(lab, ErrorKind::OutOfMemory.into(), "Pause");
        judges(lab, Error::other("what nobody has heard of"), "Pause");
        judges(lab, ErrorKind::WouldBlock.into(), "Pause");
        if cfg!(unix) {
            judges(lab, emfile(), "Pause");
            judges(lab, Error::from_raw_os_error(23), "Pause");
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
        lab.why("accept has failed a hundred times in a row. Without a pause behind each, this is one processor at 100 %, in a moment when the machine is short of something already.");
        let knocks = (0..100)
            .map(|_| Knock::Error(ErrorKind::OutOfMemory.into()))
            .chain([Knock::Closed]);
        let script = Script::new(lab, knocks);
        let pauses = Pauses::default();
        let client = lab.ok("accept_patiently(acceptor, pause)", || {
            accept_patiently(&script, &|span| pauses.note(span))
        });
        lab.same("a client", client.is_some(), false);
        lab.same("pauses", pauses.all().len(), 100);
    });
}

#[test]
fn s5_no_pause_for_a_client_that_left() {
    lab(|lab| {
        lab.why("A client that left before it was let in costs nothing but the call. To pause for it would let anybody slow the server down, by connecting and leaving.");
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
        lab.why("The listening socket is broken. Whoever runs the server must hear which error it was, and the loop must not ask again.");
        let script = Script::new(lab, [Knock::Error(ErrorKind::InvalidInput.into())]);
        let pauses = Pauses::default();
        let error = lab.err("accept_patiently(acceptor, pause)", || {
            accept_patiently(&script, &|span| pauses.note(span))
        });
        lab.same(
            "the kind of the error",
            error.kind(),
            ErrorKind::InvalidInput,
        );
        lab.same("calls of accept", script.calls(), 1);
    });
}

/// "Too many open files", of this process.
fn emfile() -> Error {
    Error::from_raw_os_error(24)
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
