//! Step 5: a client with one question.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::{read_frame, write_frame};

/// The longest message that either side accepts, in bytes.
pub const MAX_MESSAGE: u32 = 65_536;

/// Sends `message` as one frame over `stream`, and returns the one frame that comes back. Exactly
/// one is taken: what follows it stays in `stream` for the next call.
///
/// Both are UTF-8. An empty message is a message: it is sent as a frame of length 0, and its reply
/// is awaited.
///
/// # Errors
///
/// - `ErrorKind::InvalidInput` when `message` is longer than `MAX_MESSAGE`; nothing is sent.
/// - `ErrorKind::UnexpectedEof` when the stream ends before the reply is complete, or before it
///   begins.
/// - `ErrorKind::InvalidData` when the reply announces more than `MAX_MESSAGE` bytes, or is
///   not UTF-8 as a whole.
/// - Any error of the stream, as it is.
pub fn exchange<S: Read + Write>(stream: &mut S, message: &str) -> io::Result<String> {
    if message.len() > MAX_MESSAGE as usize {
        return Err(ErrorKind::InvalidInput.into());
    }
    write_frame(stream, message.as_bytes())?;
    let reply = read_frame(stream, MAX_MESSAGE)?.ok_or(ErrorKind::UnexpectedEof)?;
    // Only here, where all bytes are together: a read may end inside a character.
    String::from_utf8(reply).map_err(|e| io::Error::new(ErrorKind::InvalidData, e))
}

/// Connects to `addr`, IPv4 or IPv6, makes one `exchange` and closes, whatever the result is.
///
/// No single wait is longer than `timeout`, which is not zero and may be `Duration::MAX`: neither for the
/// connection, nor for the next bytes of the reply, nor for room to send. A reply that is complete within
/// `timeout` is waited for. (You may add a limit for the whole, of that length or more; none is
/// required.) Every wait must sleep. After a failure nothing is tried again, not even the
/// connection: the server may have served the request.
///
/// # Errors
///
/// - `ErrorKind::TimedOut` when a wait is over. (A socket with a read time-out says
///   `WouldBlock` for this on Unix and `TimedOut` on Windows; `ask` always says `TimedOut`.)
/// - `ErrorKind::ConnectionRefused` when no program listens there.
/// - The errors of `exchange`, each with its own kind.
pub fn ask(addr: SocketAddr, message: &str, timeout: Duration) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&addr, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    exchange(&mut stream, message).map_err(named_timeout)
}

/// Gives a read or write that took too long the name it should have: on Unix a socket's time-out
/// is told with the same error as "nothing there" on a non-blocking one.
pub(crate) fn named_timeout(e: io::Error) -> io::Error {
    match e.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        _ => e,
    }
}
