//! Step 8: a program that loads a server, with and without a pool.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// The port when `-p` is not given.
pub const DEFAULT_PORT: u16 = 1060;

/// What `--help` prints on standard output, and wrong arguments on standard error.
pub const USAGE: &str = "\
usage: ch05 load HOST [-p PORT] [--pool N] [--clients M] [--requests R]

  load HOST      send frames to a server that echoes them, and measure
  -p PORT        TCP port, default 1060
  --pool N       share N connections, default 4; 0 means: one connection a request
  --clients M    threads that send, each one request after the other, 1 to 10000,
                 default 8
  --requests R   requests of each client, default 100
  -h, --help     print this

exit codes: 0 done, 1 the network failed, 2 wrong arguments";

/// The largest number of clients: each is a thread of its own.
pub const MAX_CLIENTS: usize = 10_000;

/// How long a client of [`load`] waits for its turn, and how long a connect, a read or a write of it may
/// take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What the arguments ask for.
#[derive(Debug)]
pub enum Command {
    Load { host: String, port: u16, load: Load },
    Help,
}

/// How many clients send how many requests, over how many connections.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// The pool's `max`. 0: no pool, and one connection for each request.
    pub pool: usize,
    /// Threads, from 1 to [`MAX_CLIENTS`].
    pub clients: usize,
    /// Requests of each client, 1 at least.
    pub requests: usize,
}

/// The result of a load.
#[derive(Debug, Default)]
pub struct Report {
    /// How long each answered request took. The clock starts before the request has a connection:
    /// waiting for one, and connecting, are part of it. It stops with the reply. Sorted.
    pub latencies: Vec<Duration>,
    /// How many requests got no reply, or one that is not their echo.
    pub failed: usize,
    /// How many connections were made.
    pub connections: usize,
    /// One of the errors, if there were any: of any client, and of any kind.
    pub trouble: Option<io::Error>,
}

/// Reads the arguments, without the program's name.
///
/// They are read from left to right. `-h` or `--help` in the place of an option ends the reading and
/// asks for help. A wrong option before it is still an error, but a wrong word is not. Options may
/// stand anywhere. Of two options of one kind the last one counts. PORT is a number from 0 to
/// 65535, N is 0 or more, M is 1 to [`MAX_CLIENTS`], R is 1 or more. Anything else that begins with
/// `-` is an unknown option. What is left must be `load` and a host.
///
/// # Errors
///
/// One line that says what is wrong, for a person.
pub fn parse_args(args: &[String]) -> Result<Command, String> {
    todo!("5.8 parse_args({args:?}): options wherever they stand, `load` and a host")
}

/// The value at the nearest rank: the smallest of the sorted values for which at least `percent` of
/// a hundred values are not larger than it. Of 10 values, the 90th percentile is the ninth, and the
/// 91st the tenth. The 0th is the first. `percent` is from 0 to 100. `None` when there is no value.
pub fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let n = sorted.len();
    todo!("5.8 percentile({n} values, {percent}): the value at the nearest rank")
}

/// Lets `clients` threads send `requests` requests each to a server at `addr` that echoes frames.
///
/// With a pool, all clients share it and use [`call`](crate::call). Without one, each request makes
/// a connection of its own. Every request has a payload that no other has, and a reply that differs
/// from it in any byte is a failure. An echo changes nothing, so these requests are idempotent. A
/// client stops at its first request that fails; a client whose thread cannot be started counts as
/// one failed request. The pool's `wait`, and the patience of its [`TcpManager`](crate::TcpManager), is
/// [`PATIENCE`]. When `load` returns, its connections are closed.
pub fn load(addr: SocketAddr, load: Load) -> Report {
    todo!("5.8 load({addr}, {load:?}): clients on threads, a shared pool or none, a report")
}

/// Calls [`load`] for one address after the other, and returns the first report with a connection
/// in it, even if its requests failed. If no address lets it connect, it returns the last report.
/// (A name may have several addresses, and the server may listen at one of them only.) Only `load`
/// connects: nothing else tries the addresses before. `None` when there is no address.
pub fn load_one_of(addrs: &[SocketAddr], wanted: Load) -> Option<(SocketAddr, Report)> {
    todo!("5.8 load_one_of({addrs:?}, {wanted:?}): the first report with a connection in it")
}

/// Does what `args` ask for, and returns the exit code.
///
/// - **Load**: prints the report on standard output, a name and a value a line: `requests` (the
///   answered and the failed ones), `failed`, `connections`, and for the answered requests `p50`,
///   `p90`, `p99` and `max` in microseconds; these four are left out when nothing was answered. A
///   run in which requests fail has its report too. One of the errors, if there was any, goes to
///   standard error with the server's address and port.
/// - **Help**: `USAGE` on standard output.
/// - **Wrong arguments**: what is wrong, and `USAGE`, on standard error.
///
/// A HOST may be a name with several addresses: see [`load_one_of`].
///
/// A reader that has closed standard output has read enough: that is not an error. Every other
/// error of standard output is one. It is reported, and then no other error has to be.
///
/// Exit codes: 0, done; 1, at least one request failed, the host has no address, or standard output
/// cannot be written; 2, wrong arguments.
pub fn run(args: &[String]) -> u8 {
    todo!("5.8 run({args:?}): parse_args, load, the report; return the exit code")
}
