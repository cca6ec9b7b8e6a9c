//! Step 9: the program.

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tcp_echo::{listen_on, read_frame, write_frame};

use crate::{Client, Clock, Handler, Limits, Mode, Server, SystemClock, Timed};

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
    let (mut port, mut workers, mut mode) = (DEFAULT_PORT, DEFAULT_WORKERS, "workers");
    let mut rest = Vec::new();
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg {
            "-h" | "--help" => return Ok(Command::Help),
            "-p" => port = number(value()?, "a port, 0 to 65535")?,
            "--workers" => workers = number(value()?, "a number of workers, 1 or more")?,
            "--mode" => mode = value()?,
            _ if arg.starts_with('-') => return Err(format!("unknown option {arg:?}")),
            _ => rest.push(arg),
        }
    }
    if workers == 0 {
        return Err("--workers 0 would serve nobody".to_owned());
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
    Ok(Command::Serve(Serve { host, port, mode }))
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
    // Before the address is printed: whoever reads it may send the signal at once.
    let (stop, stopped) = sync_channel(1);
    ctrlc::set_handler(move || {
        let _ = stop.try_send(());
    })
    .map_err(io::Error::other)?;

    let listener = listen(&what.host, what.port)?;
    let handler = Arc::new(EchoFrames {
        limits: LIMITS,
        clock: SystemClock::new(),
    });
    let server = Server::start(listener, handler, what.mode)?;
    print_line(&format!("listening on {}", server.addr()))?;

    // The handler of the signal keeps the sender for ever, so this ends with a signal.
    let _ = stopped.recv();
    let report = server.shutdown(GRACE)?;
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
    for addr in (host, port).to_socket_addrs()? {
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
