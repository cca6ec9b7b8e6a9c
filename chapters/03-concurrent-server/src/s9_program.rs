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

/// How long a client of the program may keep it.
pub const LIMITS: Limits = Limits {
    idle: Duration::from_secs(10),
    total: Duration::from_secs(30),
};

/// How long conversations may go on after Ctrl-C.
pub const GRACE: Duration = Duration::from_secs(5);

/// What `--help` prints on standard output, and wrong arguments on standard error.
pub const USAGE: &str = "\
usage: ch03 serve HOST [-p PORT] [--mode MODE] [--workers N]

  serve HOST    listen on HOST; send back each frame that comes
  -p PORT       TCP port, default 1060; 0 means: choose one
  --mode MODE   iterative  one client after the other
                threads    a thread for each client, at most N
                workers    N threads started beforehand (default)
  --workers N   1 or more, default 8
  -h, --help    print this

A frame is the length of its payload (4 bytes, big-endian) and the payload, at
most 65536 bytes. Ctrl-C ends the server: clients get 5 seconds to finish.

exit codes: 0 done, 1 the network failed, 2 wrong arguments";

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
}

/// Reads the arguments, without the program's name.
///
/// `-h` or `--help` anywhere asks for help. The options may stand anywhere else, in any order. PORT
/// is a number from 0 to 65535, N a number from 1, as `str::parse` reads them (`+80` is 80). What is
/// left must be `serve` and a host.
///
/// # Errors
///
/// One line that says what is wrong, for a person.
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
///   really has, printed when clients can connect. The kernel's queue for it has `BACKLOG` places.
///   Then it serves with `EchoFrames` and `LIMITS`, until Ctrl-C (SIGINT) or SIGTERM, and shuts
///   down with `GRACE`. The last line is `served S, failed F, turned away T, cut off C`, the numbers
///   of the `Report`.
/// - **Help**: `USAGE` on standard output.
///
/// A HOST may be a name with several addresses: the first one that works is taken.
///
/// Exit codes: 0, done; 1, the network failed; 2, wrong arguments. What failed, and at which
/// address, is said on standard error.
pub fn run(args: &[String]) -> u8 {
    todo!(
        "3.9 run({args:?}): parse_args, listen_on with BACKLOG, Server::start, print the address, wait for ctrlc, shut down, return the exit code"
    )
}
