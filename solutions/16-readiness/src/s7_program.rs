//! Step 7: the program.

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{process, thread};

use concurrent_server::{Clock, StopSignals, SystemClock};
use tcp_echo::listen_on;

use crate::{EchoFrames, Event, Limits, Protocol, Server, Waker};

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
    asked: Arc<AtomicBool>,
    waker: Waker,
}

impl Stop {
    pub fn new(waker: Waker) -> Stop {
        Stop {
            asked: Arc::default(),
            waker,
        }
    }

    /// Ends the server's wait, so that it sees at once what it was asked.
    pub fn stop(&self) {
        // First the flag, then the waker: the loop that wakes must find the flag.
        self.asked.store(true, Ordering::Release);
        // A loop that cannot be woken sees it after its next event.
        let _ = self.waker.wake();
    }

    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
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
pub fn serve<P, C>(mut server: Server<P, C>, stop: &Stop, grace: Duration) -> io::Result<Report>
where
    P: Protocol + Clone,
    C: Clock,
{
    let mut report = Report::default();
    while !stop.is_asked() {
        report.count(&server.round(None)?);
    }
    server.finish();
    let end = server.now().saturating_add(grace);
    while server.connections() > 0 {
        // At least once, however short the grace: who is at rest ends there.
        report.count(&server.round(Some(end))?);
        if server.now() >= end {
            break;
        }
    }
    report.cut_off = server.cut_off() as u64;
    Ok(report)
}

impl Report {
    fn count(&mut self, happened: &[Event]) {
        for event in happened {
            match event {
                Event::Closed(_, Ok(())) => self.served += 1,
                Event::Closed(_, Err(_)) => self.failed += 1,
                _ => {}
            }
        }
    }
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
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        return Ok(Command::Help);
    }
    let (mut port, mut limits, mut grace) = (DEFAULT_PORT, LIMITS, GRACE);
    let mut rest = Vec::new();
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg {
            "-p" => port = number(value()?, "a port, 0 to 65535")?,
            "--most" => limits.most = number(value()?, "a number of connections, 1 or more")?,
            "--patience" => limits.patience = milliseconds(value()?)?,
            "--grace" => grace = milliseconds(value()?)?,
            _ if arg.starts_with('-') => return Err(format!("unknown option {arg:?}")),
            _ => rest.push(arg),
        }
    }
    if limits.most == 0 {
        return Err("--most 0 would serve nobody".to_owned());
    }
    if limits.patience.is_zero() {
        return Err("--patience 0 would leave nobody any time".to_owned());
    }
    let ["serve", host] = rest[..] else {
        return Err("\"serve\" and a host are needed, and nothing else".to_owned());
    };
    let host = host.to_owned();
    Ok(Command::Serve(Serve {
        host,
        port,
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
    let done = match parse_args(args) {
        Ok(Command::Help) => print_line(USAGE),
        Ok(Command::Serve(what)) => start(&what),
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

fn start(what: &Serve) -> io::Result<()> {
    // Before the address is printed: whoever reads it may send a signal at once.
    let mut signals = StopSignals::catch()?;
    let listener = listen(&what.host, what.port)?;
    let addr = listener.local_addr()?;
    let server = Server::new(listener, EchoFrames, SystemClock::new(), what.limits)?;
    let stop = Stop::new(server.waker());
    let asked = stop.clone();
    thread::Builder::new().spawn(move || {
        signals.wait();
        asked.stop();
        signals.wait();
        process::exit(1);
    })?;
    print_line(&format!("listening on {addr}"))?;

    let report = serve(server, &stop, what.grace)?;
    // Whoever read our output may have gone. That is no failure of ours.
    let _ = print_line(&format!(
        "served {}, failed {}, cut off {}",
        report.served, report.failed, report.cut_off
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
