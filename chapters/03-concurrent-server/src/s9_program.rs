//! Step 9: the program.

use std::io;
use std::time::Duration;

use crate::{Client, Clock, Handler, Limits, Mode};

/// The port when `-p` is not given.
pub const DEFAULT_PORT: u16 = 1060;

/// The number of workers when `--workers` is not given.
pub const DEFAULT_WORKERS: usize = 8;

/// How many clients may wait for a worker.
pub const QUEUE: usize = 128;

/// How many connections the kernel may keep for `accept`: the second argument of `listen_on`.
pub const BACKLOG: i32 = 128;

/// The largest payload of a frame, in bytes.
pub const MAX_FRAME: u32 = 64 * 1024;

/// How long a client of the program may keep it, unless `--idle` or `--total` says otherwise.
pub const LIMITS: Limits = Limits {
    idle: Duration::from_secs(10),
    total: Duration::from_secs(30),
};

/// How long conversations may go on after Ctrl-C, unless `--grace` says otherwise.
pub const GRACE: Duration = Duration::from_secs(5);

/// What `--help` prints on standard output, and wrong arguments on standard error.
pub const USAGE: &str = "\
usage: ch03 serve HOST [-p PORT] [--mode MODE] [--workers N]
            [--idle MS] [--total MS] [--grace MS]

  serve HOST    listen on HOST; send back each frame that comes
  -p PORT       TCP port, default 1060; 0 means: choose one
  --mode MODE   iterative  one client after the other
                threads    a thread for each client, at most N
                workers    N threads started beforehand (default)
  --workers N   1 or more (workers: at most 4096), default 8
  --idle MS     how long one read or write may wait, default 10000 (10 s)
  --total MS    how long a frame and its reply may take, default 30000
  --grace MS    how long clients may go on after Ctrl-C, default 5000
  -h, --help    print this

A frame is the length of its payload (4 bytes, big-endian) and the payload, at
most 65536 bytes. Ctrl-C ends the server when clients have finished, or the
grace is over. A second one ends it at once.

exit codes: 0 done, 1 failed, 2 wrong arguments";

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
    /// `Threads { max: N }`, or `Workers { workers: N, queue: QUEUE }`.
    pub mode: Mode,
    pub limits: Limits,
    pub grace: Duration,
}

/// Reads the arguments, without the program's name.
///
/// `-h` or `--help` anywhere asks for help, whatever else is there. The options may stand anywhere, in
/// any order, each with its value behind it. Of one that is repeated the last counts; a wrong value
/// before it may be an error or not. PORT is a number from 0 to 65535, N a number from 1, MS a number
/// of milliseconds in 64 bits, as `str::parse` reads them (`+80` is 80). No limit is 0; the grace may
/// be. Anything else that begins with `-` is an error. What is left must be `serve` and a host, in
/// this order.
///
/// # Errors
///
/// One line that says what is wrong, for a person, whatever is in the arguments.
pub fn parse_args(args: &[String]) -> Result<Command, String> {
    todo!(
        "3.9 parse_args({args:?}): find --help and the options, wherever they stand; serve and a host must be left"
    )
}

/// Sends back each frame of a client, within limits.
#[derive(Clone, Copy, Debug)]
pub struct EchoFrames<C> {
    pub limits: Limits,
    pub clock: C,
}

/// Answers each frame with the same frame, in order, until the client ends its stream between two
/// frames. Each frame is a request of its own to `EchoFrames::limits`.
///
/// # Errors
///
/// A payload of more than `MAX_FRAME` bytes is announced (`ErrorKind::InvalidData`), the stream
/// ends inside a frame (`UnexpectedEof`), a limit is over (`TimedOut`), the connection breaks.
impl<C> Handler for EchoFrames<C>
where
    C: Clock + Clone + Send + Sync + 'static,
{
    fn serve(&self, client: &Client) -> io::Result<()> {
        todo!(
            "3.9 EchoFrames::serve({client:?}) with {:?} at {:?}: a frame for each frame, on a Timed stream; begin again after each",
            self.limits,
            self.clock.now()
        )
    }
}

/// Does what `args` ask for, and returns the exit code.
///
/// - **Serve**: the first line on standard output is `listening on ADDRESS:PORT`, the address it
///   really has. It is printed when clients can connect and the signals below are caught: a script
///   that reads it may send one at once. The kernel's queue for it has `BACKLOG` places. Then it
///   serves with `EchoFrames` and its limits, until Ctrl-C (SIGINT) or SIGTERM, and shuts down with
///   its grace. A second signal ends the program at once, with exit code 1. The last line is
///   `served S, failed F, turned away T, cut off C`, the numbers of the `Report`. At that point it
///   is not a failure if standard output is no longer read.
/// - **Help**: `USAGE` on standard output.
///
/// A HOST may be a name with several addresses: the first one that works is taken.
///
/// Exit codes: 0, done; 1, it failed: the network, or the system has no threads for the workers; 2,
/// wrong arguments. More than `MOST_WORKERS` workers are either of the two: `parse_args` may refuse
/// them, and `Server::start` does. Standard error says what is wrong. For a network error it also
/// names the address (`127.0.0.1:1060`). After wrong arguments it has `USAGE`.
pub fn run(args: &[String]) -> u8 {
    todo!(
        "3.9 run({args:?}): parse_args, listen_on with BACKLOG, Server::start, print the address, wait for the signals of StopSignals::catch, which comes before the address; shut down, return the exit code"
    )
}
