//! Step 5: errors of `accept`, and how to react to them.

use std::io::{self, ErrorKind};
use std::time::Duration;

use crate::{Acceptor, Client};

/// What to do after an error of `accept`.
#[derive(Clone, Copy, Debug)]
pub enum AfterError {
    /// It concerns one client that is gone: accept the next one.
    Next,
    /// It may pass: wait for a moment, then accept again.
    Pause,
    /// The listening socket will never accept a client again.
    End,
}

/// How long to pause when the system is short of something.
pub const PAUSE: Duration = Duration::from_millis(20);

/// Judges an error of `accept` (accept(2), section ERRORS).
///
/// - `Next`: `ErrorKind::ConnectionAborted` and `ConnectionReset` (the client was gone before it
///   was let in), `Interrupted` (a signal), and the network errors of the new connection:
///   `ConnectionRefused`, `TimedOut`, `HostUnreachable`, `NetworkUnreachable`, `NetworkDown`. On
///   Linux also those that accept(2) lists for TCP and that have no such name, by their raw numbers:
///   64 (ENONET), 71 (EPROTO), 92 (ENOPROTOOPT), 95 (EOPNOTSUPP), 112 (EHOSTDOWN).
/// - `End`: `ErrorKind::InvalidInput` (EINVAL: the socket does not listen), and on Unix the raw
///   error 9 (EBADF: there is no such descriptor).
/// - `Pause`: everything else. Above all EMFILE and ENFILE, Unix's 24 and 23: the process, or the
///   system, has no descriptor left. The client is still in the queue, so that to accept again
///   at once fails at once. The shortage ends when a client leaves.
pub fn after_error(error: &io::Error) -> AfterError {
    match error.kind() {
        ErrorKind::ConnectionAborted
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionRefused
        | ErrorKind::Interrupted
        | ErrorKind::TimedOut
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown => AfterError::Next,
        ErrorKind::InvalidInput => AfterError::End,
        _ if cfg!(unix) && error.raw_os_error() == Some(9) => AfterError::End,
        _ if cfg!(target_os = "linux") && error.raw_os_error().is_some_and(is_pending) => {
            AfterError::Next
        }
        _ => AfterError::Pause,
    }
}

/// Whether Linux takes this number from the new connection, which has failed before it was let in.
fn is_pending(number: i32) -> bool {
    const ENONET: i32 = 64;
    const EPROTO: i32 = 71;
    const ENOPROTOOPT: i32 = 92;
    const EOPNOTSUPP: i32 = 95;
    const EHOSTDOWN: i32 = 112;
    [ENONET, EPROTO, ENOPROTOOPT, EOPNOTSUPP, EHOSTDOWN].contains(&number)
}

/// The next client. Errors that do not end the loop may come first, any number of them.
///
/// After an error that `after_error` calls `Pause` it calls `pause`, once, with `PAUSE`; after
/// `Next` it goes on without one. `None` of `acceptor` is passed on.
///
/// # Errors
///
/// The first error that `after_error` calls `End`.
pub fn accept_patiently(
    acceptor: &dyn Acceptor,
    pause: &dyn Fn(Duration),
) -> io::Result<Option<Client>> {
    loop {
        match acceptor.accept() {
            Ok(client) => return Ok(client),
            Err(error) => match after_error(&error) {
                AfterError::Next => {}
                AfterError::Pause => pause(PAUSE),
                AfterError::End => return Err(error),
            },
        }
    }
}
