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

exit codes: 0 done, 1 the network failed, 2 wrong arguments";

/// What the arguments ask for.
#[derive(Debug)]
pub enum Command {
    Server { host: String, port: u16 },
    Client { host: String, port: u16 },
    Help,
}

/// How a conversation with one client went.
#[derive(Debug)]
pub struct Talk {
    /// The client's address.
    pub peer: SocketAddr,
    /// How many messages were answered.
    pub messages: u64,
    /// `None` when the client ended its stream between two frames; else what went wrong.
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
/// `-h` or `--help` anywhere asks for help. `-p PORT` may stand anywhere else; PORT is a number
/// from 0 to 65535. What is left must be a role, `server` or `client`, and a host.
///
/// # Errors
///
/// One line that says what is wrong, for a person.
pub fn parse_args(args: &[String]) -> Result<Command, String> {
    todo!(
        "2.6 parse_args({args:?}): find --help and -p PORT, wherever they stand; a role and a host must be left"
    )
}

/// Accepts one client and answers each of its frames with the frame of `reply_to`, until it
/// ends its stream.
///
/// One client's trouble is the end of its conversation and of nothing else, so it is returned in
/// `Talk::trouble`: a broken connection, a frame that is too big or torn, bytes that are not
/// UTF-8, and a client from whom `patience` long nothing comes (`ErrorKind::TimedOut`).
///
/// # Errors
///
/// The error of `accept`.
pub fn answer_one(listener: &TcpListener, patience: Duration) -> io::Result<Talk> {
    todo!(
        "2.6 answer_one({listener:?}, {patience:?}): accept, then a frame of reply_to(message, peer) for each frame, until the client ends; its trouble goes into the Talk"
    )
}

/// Plays the role that `args` ask for, and returns the exit code.
///
/// - **Server**: its first line on standard output is `listening on ADDRESS:PORT`, the address it
///   really has, printed when clients can connect. Then it answers clients one after the other,
///   for ever, and tells each conversation's end in a line that has the client's address in it.
/// - **Client**: reads one line from standard input (its end counts as an empty line; a person at
///   a terminal is asked for it, on standard error), and only then connects: a person who thinks
///   must not occupy the server. The message is the line without its line break. The reply goes to
///   standard output, as a line.
/// - **Help**: `USAGE` on standard output.
///
/// A HOST may be a name with several addresses: the first one that works is taken.
///
/// Exit codes: 0, done; 1, the network failed; 2, wrong arguments. What failed, and at which
/// address, is said on standard error.
pub fn run(args: &[String]) -> u8 {
    todo!("2.6 run({args:?}): parse_args, play the role, return the exit code")
}
