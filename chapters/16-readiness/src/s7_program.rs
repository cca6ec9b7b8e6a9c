//! Step 7: the program.

use std::io;
use std::time::Duration;

use concurrent_server::Clock;

use crate::{Limits, Protocol, Server, Waker};

/// The port when `-p` is not given.
pub const DEFAULT_PORT: u16 = 1060;

/// How many connections the kernel may keep for `accept`: the second argument of `listen_on`.
pub const BACKLOG: i32 = 256;

/// What the program grants, unless `--patience` or `--most` says otherwise.
pub const LIMITS: Limits = Limits {
    patience: Duration::from_secs(30),
    most: 10_000,
};

/// How long requests may go on after Ctrl-C, unless `--grace` says otherwise.
pub const GRACE: Duration = Duration::from_secs(5);

/// What `--help` prints on standard output, and wrong arguments on standard error.
pub const USAGE: &str = "\
usage: ch16 serve HOST [-p PORT] [--most N] [--patience MS] [--grace MS]

  serve HOST     listen on HOST; send back each frame that comes
  -p PORT        TCP port, default 1060; 0 means: choose one
  --most N       how many connections at a time, default 10000
  --patience MS  how long one may go without completing a frame, default 30000
  --grace MS     how long clients may go on after Ctrl-C, default 5000
  -h, --help     print this

A frame is the length of its payload (4 bytes, big-endian) and the payload, at
most 65536 bytes. Ctrl-C ends the server when the frames that have begun are
answered, or the grace is over. A second one ends it at once.

exit codes: 0 done, 1 failed, 2 wrong arguments";

/// Asks a server to stop. A clone asks the same server, from any thread.
#[derive(Clone, Debug)]
pub struct Stop {
    waker: Waker,
    // Add what all clones share.
}

impl Stop {
    pub fn new(waker: Waker) -> Stop {
        Stop { waker }
    }

    /// Ends the server's wait, so that it sees at once what it was asked.
    pub fn stop(&self) {
        todo!(
            "16.7 Stop::stop() with {:?}: set the flag, then wake the loop",
            self.waker
        )
    }

    pub fn is_asked(&self) -> bool {
        todo!("16.7 Stop::is_asked(): is the flag set?")
    }
}

/// What a server did in its life. Each connection counts once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Connections that came to their end: `Event::Closed` with `Ok`.
    pub served: u64,
    /// Connections that ended in an error, that of a limit included.
    pub failed: u64,
    /// Connections that were closed because the grace was over.
    pub cut_off: u64,
}

/// Serves until `stop` is asked, and sleeps while there is nothing to do.
///
/// Then no client is accepted any more, and connections end where they are at rest (`Server::finish`), at once and also
/// with a grace of zero. The others have `grace` to come to their rest, by the server's clock: when the last one
/// has ended, nobody waits. What is left then is cut off. `Duration::MAX` is a grace without an end.
///
/// # Errors
///
/// Those of `Server::round`.
pub fn serve<P, C>(server: Server<P, C>, stop: &Stop, grace: Duration) -> io::Result<Report>
where
    P: Protocol + Clone,
    C: Clock,
{
    let _ = server;
    todo!(
        "16.7 serve(server, {stop:?}, {grace:?}): rounds until it is asked; finish; rounds until nobody is left or the grace is over; cut the rest off"
    )
}

/// What the arguments ask for.
#[derive(Debug)]
pub enum Command {
    Serve(Serve),
    Help,
}

/// A server to start.
#[derive(Debug)]
pub struct Serve {
    pub host: String,
    pub port: u16,
    pub limits: Limits,
    pub grace: Duration,
}

/// Reads the arguments, without the program's name.
///
/// `-h` or `--help` anywhere asks for help, whatever else is there. The options may stand anywhere, in
/// any order, each with its value behind it. Of one that is repeated the last counts; a wrong value
/// before it may be an error or not. PORT is a number from 0 to 65535, N a number from 1, MS a number
/// of milliseconds in 64 bits, as `str::parse` reads them (`+80` is 80). The patience is not 0; the grace may
/// be. Anything else that begins with `-` is an error. What is left must be `serve` and a host, in
/// this order.
///
/// # Errors
///
/// One line that says what is wrong, for a person, whatever is in the arguments.
pub fn parse_args(args: &[String]) -> Result<Command, String> {
    todo!(
        "16.7 parse_args({args:?}): find --help and the options, wherever they stand; serve and a host must be left"
    )
}

/// Does what `args` ask for, and returns the exit code.
///
/// - **Serve**: the first line on standard output is `listening on ADDRESS:PORT`, the address it
///   really has. It is printed when clients can connect and the signals below are caught: whoever
///   reads it may send one at once. The kernel's queue for it has `BACKLOG` places. Then one thread serves all
///   clients with `EchoFrames` (a second one may wait for signals), until Ctrl-C (SIGINT) or SIGTERM, and the
///   grace. A second signal ends the program at once, with exit code 1. The last line is
///   `served S, failed F, cut off C`, the numbers of the `Report`. That nobody reads standard output any more
///   is no failure then.
/// - **Help**: `USAGE` on standard output.
///
/// A HOST may be a name with several addresses: the first one that works is taken.
///
/// Exit codes: 0, done; 1, it failed: the network, or nobody can get the first line or the help (standard output
/// takes nothing); 2, wrong arguments. Standard error says what is wrong. Of the network it also says at which address
/// (`127.0.0.1:1060`), of a HOST without an address which HOST; behind wrong arguments it has `USAGE`.
pub fn run(args: &[String]) -> u8 {
    todo!(
        "16.7 run({args:?}): parse_args, StopSignals::catch, listen_on with BACKLOG, Server::new, a thread that waits for signals and calls Stop::stop, print the address, serve, print the report, return the exit code"
    )
}
