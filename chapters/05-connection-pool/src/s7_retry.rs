//! Step 7: the connection that died on the way, and when to try again.

use std::error::Error;
use std::fmt;
use std::io::{self, Read, Write};

use crate::{Manager, Pool, PoolError};

/// The longest reply that is read, in bytes.
pub const MAX_REPLY: u32 = 1 << 20;

/// A request to a server. On the wire it is a frame of chapter 02: the payload's length as four
/// bytes in network byte order, then the payload. The reply is such a frame, too.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub payload: &'a [u8],
    /// Whether serving it twice is the same as serving it once (RFC 9110 §9.2.2). Reading a page:
    /// yes. Placing an order: no.
    pub idempotent: bool,
}

/// An exchange that gave no reply.
#[derive(Debug)]
pub struct Lost {
    /// How many bytes of a reply had come before, including its header.
    pub received: usize,
    pub cause: io::Error,
}

/// Why a call gave no reply.
#[derive(Debug)]
pub enum CallError {
    /// The pool gave no connection.
    Pool(PoolError<io::Error>),
    /// The request may have been served or not. The caller cannot know.
    Lost(Lost),
}

/// Sends one request and reads its reply: exactly the reply's bytes, and none after them.
///
/// The request goes out in one `write`, or in more when the stream takes only a part of it, and
/// then a `flush`. `ErrorKind::Interrupted` from `read` or `write` is not an error: the call is
/// repeated. From `flush` it may be repeated or reported. Every other error is reported.
///
/// # Errors
///
/// [`Lost`], with the stream's error as its cause (of `write`, `flush` or `read`), or
///
/// - `ErrorKind::WriteZero` when `write` takes 0 bytes;
/// - `ErrorKind::UnexpectedEof` when the stream ends before the reply does;
/// - `ErrorKind::InvalidData` when the reply announces more than [`MAX_REPLY`] bytes (nothing of
///   it is read then);
/// - `ErrorKind::InvalidInput` when the payload's length does not fit into four bytes (nothing is
///   written then).
///
/// After an error the stream is in the middle of a message and cannot be used any more.
pub fn exchange<S: Read + Write>(stream: &mut S, payload: &[u8]) -> Result<Vec<u8>, Lost> {
    let (what, len) = (std::any::type_name_of_val(stream), payload.len());
    todo!("5.7 exchange({what}, {len} bytes): write a frame, read a frame, count what comes")
}

/// Sends a request over a connection of the pool and returns the reply.
///
/// A connection can die between the moment when the pool finds it good and the moment when the
/// request arrives. So a call is repeated, once and on a fresh connection ([`Pool::get_fresh`]), when
/// *all* of this holds:
///
/// - the request is idempotent (RFC 9110 §9.2.2),
/// - the connection is a [reused](Lease::reused) one (when a fresh one ends, there is another reason),
/// - the connection ended: `UnexpectedEof`, `ConnectionReset`, `ConnectionAborted` (Windows) or
///   `BrokenPipe`. After any other error, such as a time-out, it may be alive,
/// - and no byte of a reply had come (the same section).
///
/// The second attempt's failure is final. Both attempts use connections of the pool. A connection
/// on which an exchange failed is never given back to the pool; the others are.
///
/// # Errors
///
/// [`CallError`], of the last attempt.
pub fn call<M>(pool: &Pool<M>, request: Request<'_>) -> Result<Vec<u8>, CallError>
where
    M: Manager<Error = io::Error>,
    M::Conn: Read + Write,
{
    let state = pool.state();
    todo!("5.7 call({state:?}, {request:?}): lease, exchange, and at most one more attempt")
}

impl From<PoolError<io::Error>> for CallError {
    fn from(error: PoolError<io::Error>) -> CallError {
        CallError::Pool(error)
    }
}

impl From<Lost> for CallError {
    fn from(lost: Lost) -> CallError {
        CallError::Lost(lost)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Pool(error) => error.fmt(f),
            CallError::Lost(Lost { received, cause }) => {
                write!(f, "the reply is lost after {received} bytes: {cause}")
            }
        }
    }
}

impl Error for CallError {}
