//! Step 9: the program.

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use std::{process, thread};

use tcp_echo::{listen_on, read_frame, write_frame};

use crate::{Client, Clock, Handler, Limits, Mode, Server, StopSignals, SystemClock, Timed};

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
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        return Ok(Command::Help);
    }
    let (mut port, mut workers, mut mode) = (DEFAULT_PORT, DEFAULT_WORKERS, "workers");
    let (mut limits, mut grace) = (LIMITS, GRACE);
    let mut rest = Vec::new();
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg {
            "-p" => port = number(value()?, "a port, 0 to 65535")?,
            "--workers" => workers = number(value()?, "a number of workers, 1 or more")?,
            "--mode" => mode = value()?,
            "--idle" => limits.idle = milliseconds(value()?)?,
            "--total" => limits.total = milliseconds(value()?)?,
            "--grace" => grace = milliseconds(value()?)?,
            _ if arg.starts_with('-') => return Err(format!("unknown option {arg:?}")),
            _ => rest.push(arg),
        }
    }
    if workers == 0 {
        return Err("--workers 0 would serve nobody".to_owned());
    }
    if limits.idle.is_zero() || limits.total.is_zero() {
        return Err("a limit of 0 would leave nobody any time".to_owned());
    }
    let mode = match mode {
        "iterative" => Mode::Iterative,
        "threads" => Mode::Threads { max: workers },
        "workers" => Mode::Workers {
            workers,
            queue: QUEUE,
        },
        _ => {
            return Err(format!(
                "{mode:?} is no mode: iterative, threads or workers"
            ));
        }
    };
    let ["serve", host] = rest[..] else {
        return Err("\"serve\" and a host are needed, and nothing else".to_owned());
    };
    let host = host.to_owned();
    Ok(Command::Serve(Serve {
        host,
        port,
        mode,
        limits,
        grace,
    }))
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    number(text, "a number of milliseconds").map(Duration::from_millis)
}

fn number<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not {what}"))
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
        let mut stream = Timed::new(client.stream(), self.clock.clone(), self.limits);
        while let Some(payload) = read_frame(&mut stream, MAX_FRAME)? {
            write_frame(&mut stream, &payload)?;
            stream.begin();
        }
        Ok(())
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
    let done = match parse_args(args) {
        Ok(Command::Help) => print_line(USAGE),
        Ok(Command::Serve(what)) => serve(&what),
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

fn serve(what: &Serve) -> io::Result<()> {
    // Before the address is printed: whoever reads it may send a signal at once.
    let mut signals = StopSignals::catch()?;
    let (stop, stopped) = channel();
    thread::Builder::new().spawn(move || {
        signals.wait();
        let _ = stop.send(());
        signals.wait();
        process::exit(1);
    })?;
    let listener = listen(&what.host, what.port)?;
    let handler = Arc::new(EchoFrames {
        limits: what.limits,
        clock: SystemClock::new(),
    });
    let server = Server::start(listener, handler, what.mode)?;
    print_line(&format!("listening on {}", server.addr()))?;

    // The sender lives until there is a signal.
    let _ = stopped.recv();
    let report = server.shutdown(what.grace)?;
    let stats = report.stats;
    // Whoever read our output may have gone. That is no failure of ours.
    let _ = print_line(&format!(
        "served {}, failed {}, turned away {}, cut off {}",
        stats.served, stats.failed, stats.turned_away, report.cut_off
    ));
    Ok(())
}

/// Listens on the first of `host`'s addresses that works, or gives the last one's error.
fn listen(host: &str, port: u16) -> io::Result<TcpListener> {
    let mut last = io::Error::new(ErrorKind::NotFound, format!("{host} has no address"));
    let addrs = (host, port)
        .to_socket_addrs()
        .map_err(|e| io::Error::new(e.kind(), format!("{host}: {e}")))?;
    for addr in addrs {
        match listen_on(addr, BACKLOG) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = at(addr, &error),
        }
    }
    Err(last)
}

fn at(addr: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{addr}: {error}"))
}

/// A line on standard output that is out when this returns, also when it goes into a pipe.
/// `println!` would panic when nobody reads there any more.
fn print_line(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
