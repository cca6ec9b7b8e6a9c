//! Step 6: the program of two roles.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

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
    todo!(
        "2.6 parse_args({args:?}): find --help and -p PORT, wherever they stand; a role and a host must be left"
    )
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
    todo!(
        "2.6 answer_one({listener:?}, {patience:?}): accept, then a frame of reply_to(message, peer) for each frame, until the client ends; its trouble goes into the Talk"
    )
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
    todo!("2.6 run({args:?}): parse_args, play the role, return the exit code")
}
