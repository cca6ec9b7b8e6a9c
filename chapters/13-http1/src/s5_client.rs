//! Step 5: a client, over the pool of chapter 05.

use std::any::type_name_of_val;
use std::io::{self, Read, Write};

use connection_pool::{CallError, Lost, Manager, Pool};

use crate::ResponseHead;

/// The longest content of a response that is read, in bytes.
pub const MAX_BODY: u64 = 4 << 20;

/// The most responses of 1xx before the one that counts.
pub const MAX_INTERIM: usize = 16;

/// What a client asks for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub method: &'a str,
    /// What `Host` says.
    pub host: &'a str,
    /// The target, which begins with `/`.
    pub path: &'a str,
    pub body: &'a [u8],
}

/// What a client gets.
#[derive(Clone, Debug)]
pub struct Answer {
    pub head: ResponseHead,
    pub body: Vec<u8>,
    /// Whether the connection can carry another request.
    pub reusable: bool,
}

/// Sends one request and reads its response.
///
/// The request has the line `METHOD PATH HTTP/1.1`, `Host`, and `Content-Length` when there is a body or
/// the method is `POST`, `PUT` or `PATCH` (RFC 9110 §8.6), and no other field. Head and body go out in
/// one `write`, or in more when the stream takes only a part of it, and then a `flush`.
///
/// Responses of 1xx are passed over (`parse_response`); the next one counts (RFC 9110 §15.2). Its body
/// is read as `response_body` says.
///
/// The connection can be used again when all of this holds (RFC 9112 §9.3):
///
/// - the body does not end with the connection;
/// - the response does not say `close` in `Connection` (a list, in any case);
/// - its version is 1.1, or it says `keep-alive` there;
/// - behind it nothing has come: whose would that be?
///
/// `ErrorKind::Interrupted` is not an error: the call is repeated.
///
/// # Errors
///
/// [`Lost`]: how many bytes of any response had come, and as its cause the stream's error, or
///
/// - `ErrorKind::InvalidInput`, and nothing is written, when the method is no token, the host is empty,
///   the path does not begin with `/`, or host or path has anything else than visible ASCII;
/// - `ErrorKind::WriteZero` when `write` takes 0 bytes;
/// - `ErrorKind::UnexpectedEof` when the stream ends before the response does;
/// - `ErrorKind::InvalidData`, with an `HttpError` inside it, when the response cannot be read; when its
///   content is longer than [`MAX_BODY`] (no more than a piece beyond that is read, and nothing at all when
///   the length is announced); when more than [`MAX_INTERIM`] responses of 1xx come; or when one is
///   101, since nobody has asked for another protocol.
///
/// After an error the stream is in the middle of something and of no use any more.
pub fn exchange<S: Read + Write>(stream: &mut S, ask: &Ask<'_>) -> Result<Answer, Lost> {
    let what = type_name_of_val(stream);
    todo!(
        "13.5 exchange({what}, {ask:?}): write a request, read the response that counts, and say whether the connection can go on"
    )
}

/// A client of one server.
pub struct Client<M: Manager> {
    pool: Pool<M>,
    host: String,
}

impl<M> Client<M>
where
    M: Manager<Error = io::Error>,
    M::Conn: Read + Write,
{
    /// `host` is what `Host` says; the connections of `pool` lead there.
    pub fn new(pool: Pool<M>, host: &str) -> Client<M> {
        Client {
            pool,
            host: host.to_owned(),
        }
    }

    /// The pool, for a look at its state.
    pub fn pool(&self) -> &Pool<M> {
        &self.pool
    }

    /// `GET`, without a body.
    ///
    /// # Errors
    ///
    /// As [`Client::send`].
    pub fn get(&self, path: &str) -> Result<Answer, CallError> {
        self.send("GET", path, b"")
    }

    /// Sends a request over a connection of the pool, and returns the response.
    ///
    /// The connection goes back to the pool if it is [reusable](Answer::reusable), and is closed if it is
    /// not, or after an error.
    ///
    /// A connection may have died while it was idle, and the pool cannot know. So a request is repeated,
    /// once and on a fresh connection, under the conditions of chapter 05's `call`: the connection was
    /// reused, it ended (`UnexpectedEof`, `ConnectionReset`, `ConnectionAborted`, `BrokenPipe`) before a
    /// byte of a response had come, and the method is idempotent (RFC 9110 §9.2.2): `GET`, `HEAD`,
    /// `OPTIONS`, `TRACE`, `PUT` or `DELETE`, in capitals.
    ///
    /// # Errors
    ///
    /// `CallError` of chapter 05, of the last attempt.
    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> Result<Answer, CallError> {
        let (state, host) = (self.pool.state(), &self.host);
        todo!(
            "13.5 Client::send({method:?}, {path:?}, {} bytes) to {host} with {state:?}: lease, exchange, and at most one more attempt; then give the connection back or discard it",
            body.len()
        )
    }
}
