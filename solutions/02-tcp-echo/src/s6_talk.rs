//! Step 6: the program of two roles.

use std::fmt::Display;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::s5_ask::named_timeout;
use crate::{MAX_MESSAGE, ask, listen_on, read_frame, write_frame};

/// The port of both roles when `-p` is not given.
pub const DEFAULT_PORT: u16 = 1060;

/// What `--help` prints on standard output, and wrong arguments on standard error.
pub const USAGE: &str = "\
usage: ch02 (server|client) HOST [-p PORT]

  server HOST   listen on HOST and answer messages, one client after the other
  client HOST   read one line from standard input, send it to HOST, print the reply
  -p PORT       TCP port, default 1060; for a server, 0 means: choose one
  -h, --help    print this

exit codes: 0 done, 1 failed, 2 wrong arguments";

/// What the arguments ask for.
#[derive(Debug)]
pub enum Command {
    Server { host: String, port: u16 },
    Client { host: String, port: u16 },
    Help,
}

/// The result of a conversation with one client.
#[derive(Debug)]
pub struct Talk {
    /// The client's address.
    pub peer: SocketAddr,
    /// How many messages were answered.
    pub messages: u64,
    /// `None` when the client ended its stream between two frames; otherwise what went wrong.
    pub trouble: Option<io::Error>,
}

/// The server's answer to `message`, without a line break.
pub fn reply_to(message: &str, peer: SocketAddr) -> String {
    format!(
        "received bytes: {}, characters: {}, from: {peer}",
        message.len(),
        message.chars().count()
    )
}

/// Reads the arguments, without the program's name.
///
/// `-h` or `--help` anywhere asks for help, whatever else is there. `-p PORT` may stand before,
/// between and behind the others, and the last one counts; each PORT is a number from 0 to 65535, as
/// `str::parse` reads it.
/// Anything else that begins with `-` is an error. What is left must be a role, `server` or
/// `client`, and a host.
///
/// # Errors
///
/// One line that says what is wrong, for a person. It is one line even when an argument has a line
/// break in it, which `{arg:?}` shows as `\n`.
pub fn parse_args(args: &[String]) -> Result<Command, String> {
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        return Ok(Command::Help);
    }
    let mut port = DEFAULT_PORT;
    let mut rest = Vec::new();
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        match arg {
            "-p" => {
                let number = args.next().ok_or("-p needs a port number")?;
                port = number
                    .parse()
                    .map_err(|_| format!("{number:?} is no port: 0 to 65535"))?;
            }
            _ if arg.starts_with('-') => return Err(format!("unknown option {arg:?}")),
            _ => rest.push(arg),
        }
    }
    let [role, host] = rest[..] else {
        return Err("a role and a host are needed, and nothing else".to_owned());
    };
    let host = host.to_owned();
    match role {
        "server" => Ok(Command::Server { host, port }),
        "client" => Ok(Command::Client { host, port }),
        _ => Err(format!("{role:?} is no role: server or client")),
    }
}

/// Accepts one client and answers each of its frames with the frame of `reply_to`, until it
/// ends its stream.
///
/// One client's trouble ends only its own conversation, so it is returned in `Talk::trouble`: a
/// broken connection (its error as it is), a frame that is longer than `MAX_MESSAGE` or bytes that
/// are not UTF-8 (`ErrorKind::InvalidData`), a torn frame (`UnexpectedEof`), and a client that, at
/// any time, sends nothing or makes no room for its replies for as long as `patience` (`TimedOut`).
/// The patience, which is not zero, is for clients: `accept` waits for one without a limit, and
/// `listener` does not change. Every wait must sleep. Only replies are sent. When the function
/// returns, the connection is closed.
///
/// # Errors
///
/// The error of `accept`, as it is.
pub fn answer_one(listener: &TcpListener, patience: Duration) -> io::Result<Talk> {
    let (stream, peer) = listener.accept()?;
    let mut messages = 0;
    let trouble = converse(stream, peer, patience, &mut messages).err();
    Ok(Talk {
        peer,
        messages,
        trouble: trouble.map(named_timeout),
    })
}

fn converse(
    mut stream: TcpStream,
    peer: SocketAddr,
    patience: Duration,
    messages: &mut u64,
) -> io::Result<()> {
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    while let Some(message) = read_frame(&mut stream, MAX_MESSAGE)? {
        let message =
            String::from_utf8(message).map_err(|e| io::Error::new(ErrorKind::InvalidData, e))?;
        write_frame(&mut stream, reply_to(&message, peer).as_bytes())?;
        *messages += 1;
    }
    Ok(())
}

/// Plays the role that `args` ask for, and returns the exit code.
///
/// - **Server**: its first line on standard output is `listening on ADDRESS:PORT`, the address it
///   really has, printed when clients can connect. Then it answers clients for ever, with ten
///   seconds of patience for each. One after the other is enough; a thread for each is allowed.
///   While it is busy with one, sixteen others can connect and wait for their turn. The end of each
///   conversation is a line on standard output with the client's address and port. When standard
///   output takes nothing, not even the first line, the server goes on without it.
/// - **Client**: reads one line from standard input (its end counts as an empty line; a person at
///   a terminal is asked for it, on standard error), and only then connects: a person who is still
///   thinking must not occupy the server. The message is the line without its line break, `\n` or
///   `\r\n`. A line that is longer than `MAX_MESSAGE` is refused without reading to its end (two
///   more bytes than that are enough to know), and without connecting. The server has ten seconds,
///   which are the time-out of `ask`. The reply goes to standard output unchanged, with a line
///   break after it.
/// - **Help**: `USAGE` on standard output.
///
/// A HOST may be an IPv4 or IPv6 address (`::1`), or a name with several addresses: the first one
/// that works is used. So a client may ask twice: when an `ask` has failed, it asks at the next
/// address.
///
/// Exit codes:
///
/// - 0, done.
/// - 1, it failed: the network (for a server, also an error of `accept`), a HOST that has no address,
///   standard input, which cannot be read, the line, which is not UTF-8 or longer than `MAX_MESSAGE`, or
///   standard output, which does not take the reply or the help. Standard error says what failed.
///   For a network error it also names the address, as `127.0.0.1:1060`, or the HOST.
/// - 2, wrong arguments. Standard error says what is wrong, then `USAGE`.
///
/// When something fails, standard output gets nothing from a client. A full standard error changes
/// no exit code.
pub fn run(args: &[String]) -> u8 {
    let done = match parse_args(args) {
        Ok(Command::Help) => print_line(USAGE),
        Ok(Command::Server { host, port }) => serve(&host, port),
        Ok(Command::Client { host, port }) => talk(&host, port),
        Err(wrong) => {
            complain(&format!("{wrong}\n\n{USAGE}\n"));
            return 2;
        }
    };
    match done {
        Ok(()) => 0,
        Err(e) => {
            complain(&format!("{e}\n"));
            1
        }
    }
}

/// Connections that may wait for their turn. Enough for a class room.
const BACKLOG: i32 = 128;

/// How long the other side may keep one of us waiting.
const PATIENCE: Duration = Duration::from_secs(10);

fn serve(host: &str, port: u16) -> io::Result<()> {
    let listener = with_any_address(host, port, |addr| listen_on(addr, BACKLOG))?;
    let addr = listener.local_addr()?;
    // Whoever reads our output may have gone, or the disk is full. The clients have not.
    let _ = print_line(&format!("listening on {addr}"));
    loop {
        let Talk {
            peer,
            messages,
            trouble,
        } = answer_one(&listener, PATIENCE).map_err(|e| at(addr, &e))?;
        let end = match trouble {
            None => "closed".to_owned(),
            Some(e) => format!("cut off: {e}"),
        };
        let _ = print_line(&format!("{peer}: {messages} answered, {end}"));
    }
}

fn talk(host: &str, port: u16) -> io::Result<()> {
    // A person wants to be asked. A pipe does not read.
    if io::stdin().is_terminal() {
        complain("message: ");
    }
    let message = read_message(io::stdin().lock())?;
    let reply = with_any_address(host, port, |addr| ask(addr, &message, PATIENCE))?;
    print_line(&reply)
}

/// One line without its line break. Of a line that is too long no more is read than shows it.
fn read_message(input: impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    // The longest message, and a line break of two characters.
    let most = u64::from(MAX_MESSAGE) + 2;
    input
        .take(most)
        .read_until(b'\n', &mut line)
        .map_err(|e| at("standard input", &e))?;
    if line.ends_with(b"\n") {
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
    }
    let wrong = |text: &str| io::Error::new(ErrorKind::InvalidInput, text);
    if line.len() > MAX_MESSAGE as usize {
        return Err(wrong("the line is longer than 65536 bytes"));
    }
    String::from_utf8(line).map_err(|_| wrong("the line is not UTF-8"))
}

/// What `attempt` makes of the first of `host`'s addresses that works, or the last one's error.
/// (A client may so send its message twice, to two addresses, which does no harm here.)
fn with_any_address<T>(
    host: &str,
    port: u16,
    attempt: impl Fn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = io::Error::new(ErrorKind::NotFound, format!("{host} has no address"));
    let addrs = (host, port).to_socket_addrs().map_err(|e| at(host, &e))?;
    for addr in addrs {
        match attempt(addr) {
            Ok(value) => return Ok(value),
            Err(e) => last = at(addr, &e),
        }
    }
    Err(last)
}

/// The error with the place at which it happened.
fn at(place: impl Display, e: &io::Error) -> io::Error {
    io::Error::new(e.kind(), format!("{place}: {e}"))
}

/// A line on standard output that is out when this returns, also when it goes into a pipe.
/// `println!` would panic when nobody reads there any more.
fn print_line(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|e| at("standard output", &e))
}

/// Text on standard error, as it is. `eprintln!` would panic when that takes nothing.
fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
