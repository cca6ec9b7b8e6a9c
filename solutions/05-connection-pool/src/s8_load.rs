//! Step 8: a program that loads a server, with and without a pool.

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::thread;
use std::time::{Duration, Instant};

use crate::{Config, Limits, Manager, Pool, Request, TcpManager, call, exchange};

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
    let mut port = DEFAULT_PORT;
    let mut load = Load {
        pool: 4,
        clients: 8,
        requests: 100,
    };
    let mut rest = Vec::new();
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        match arg {
            "-h" | "--help" => return Ok(Command::Help),
            "-p" => {
                let text = args.next().ok_or("-p needs a number")?;
                port = text
                    .parse()
                    .map_err(|_| format!("{text:?} is no port: 0 to 65535"))?;
            }
            "--pool" => load.pool = number(arg, args.next(), 0..=usize::MAX)?,
            "--clients" => load.clients = number(arg, args.next(), 1..=MAX_CLIENTS)?,
            "--requests" => load.requests = number(arg, args.next(), 1..=usize::MAX)?,
            _ if arg.starts_with('-') => return Err(format!("unknown option {arg:?}")),
            _ => rest.push(arg),
        }
    }
    let ["load", host] = rest[..] else {
        return Err("`load` and a host are needed, and nothing else".to_owned());
    };
    let host = host.to_owned();
    Ok(Command::Load { host, port, load })
}

fn number(option: &str, text: Option<&str>, range: RangeInclusive<usize>) -> Result<usize, String> {
    let text = text.ok_or(format!("{option} needs a number"))?;
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => {
            let (least, most) = range.into_inner();
            Err(format!(
                "{option} {text:?}: a number from {least} to {most}"
            ))
        }
    }
}

/// The value at the nearest rank: the smallest of the sorted values for which at least `percent` of
/// a hundred values are not larger than it. Of 10 values, the 90th percentile is the ninth, and the
/// 91st the tenth. The 0th is the first. `percent` is from 0 to 100. `None` when there is no value.
pub fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
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
    let config = Config {
        max: load.pool,
        wait: PATIENCE,
        limits: Limits::default(),
    };
    let pool = Pool::new(TcpManager::new(addr, PATIENCE), config);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let clients: Vec<_> = (0..load.clients)
            .map(|client| {
                let pool = &pool;
                // `scope.spawn` would panic where the system has no room for another thread.
                thread::Builder::new().spawn_scoped(scope, move || send_all(pool, client, load))
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| match client {
                Ok(thread) => thread.join().expect("a client does not panic"),
                Err(error) => vec![Err(without_a_thread(error))],
            })
            .collect()
    });

    let mut report = Report {
        connections: pool.manager().made(),
        ..Report::default()
    };
    for outcome in outcomes {
        match outcome {
            Ok(latency) => report.latencies.push(latency),
            Err(error) => {
                report.failed += 1;
                report.trouble = Some(error);
            }
        }
    }
    report.latencies.sort();
    report
}

fn without_a_thread(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot start a client: {error}"))
}

/// The requests of one client, up to the first that fails.
fn send_all(pool: &Pool<TcpManager>, client: usize, load: Load) -> Vec<io::Result<Duration>> {
    let mut outcomes = Vec::new();
    for request in 0..load.requests {
        let payload = format!("request {request} of client {client}");
        let outcome = send_one(pool, load.pool > 0, payload.as_bytes());
        let failed = outcome.is_err();
        outcomes.push(outcome);
        if failed {
            break;
        }
    }
    outcomes
}

fn send_one(pool: &Pool<TcpManager>, pooled: bool, payload: &[u8]) -> io::Result<Duration> {
    let since = Instant::now();
    let reply = match pooled {
        true => shared(pool, payload)?,
        false => alone(pool.manager(), payload)?,
    };
    let latency = since.elapsed();
    if reply != payload {
        return Err(io::Error::new(ErrorKind::InvalidData, "not an echo"));
    }
    Ok(latency)
}

fn alone(manager: &TcpManager, payload: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = manager.connect()?;
    exchange(&mut stream, payload).map_err(|lost| lost.cause)
}

fn shared(pool: &Pool<TcpManager>, payload: &[u8]) -> io::Result<Vec<u8>> {
    let idempotent = true; // an echo changes nothing
    let request = Request {
        payload,
        idempotent,
    };
    call(pool, request).map_err(io::Error::other)
}

/// Calls [`load`] for one address after the other, and returns the first report with a connection
/// in it, even if its requests failed. If no address lets it connect, it returns the last report.
/// (A name may have several addresses, and the server may listen at one of them only.) Only `load`
/// connects: nothing else tries the addresses before. `None` when there is no address.
pub fn load_one_of(addrs: &[SocketAddr], wanted: Load) -> Option<(SocketAddr, Report)> {
    let mut last = None;
    for &addr in addrs {
        let report = load(addr, wanted);
        let let_in = report.connections > 0;
        last = Some((addr, report));
        if let_in {
            break;
        }
    }
    last
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
    let done = match parse_args(args) {
        Ok(Command::Help) => print(&format!("{USAGE}\n")),
        Ok(Command::Load { host, port, load }) => measure(&host, port, load),
        Err(wrong) => {
            eprintln!("{wrong}\n\n{USAGE}");
            return 2;
        }
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

fn measure(host: &str, port: u16, wanted: Load) -> io::Result<()> {
    let addrs: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    let (addr, report) = load_one_of(&addrs, wanted)
        .ok_or_else(|| io::Error::new(ErrorKind::NotFound, format!("{host} has no address")))?;
    print(&table(&report))?;
    match report.trouble {
        None => Ok(()),
        Some(error) => Err(io::Error::new(error.kind(), format!("{addr}: {error}"))),
    }
}

fn table(report: &Report) -> String {
    let requests = report.latencies.len() + report.failed;
    let mut text = format!(
        "requests     {requests}\nfailed       {}\nconnections  {}\n",
        report.failed, report.connections
    );
    for (name, percent) in [("p50", 50), ("p90", 90), ("p99", 99), ("max", 100)] {
        if let Some(latency) = percentile(&report.latencies, percent) {
            text.push_str(&format!("{name}          {} µs\n", latency.as_micros()));
        }
    }
    text
}

/// Writes to standard output. `print!` would panic on an error.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // The reader, `head` say, has what it wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
