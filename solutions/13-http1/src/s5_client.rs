//! Step 5: a client, over the pool of chapter 05.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};

use connection_pool::{CallError, Lease, Lost, Manager, Pool};

use crate::s1_head::is_token;
use crate::{BodyLen, Chunked, HttpError, ResponseHead, Version, parse_response, response_body};

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
    let mut incoming = Incoming {
        stream,
        received: 0,
        inbox: Vec::new(),
    };
    incoming.answer(ask).map_err(|cause| Lost {
        received: incoming.received,
        cause,
    })
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
        let ask = Ask {
            method,
            host: &self.host,
            path,
            body,
        };
        let lease = self.pool.get()?;
        let reused = lease.reused();
        match attempt(lease, &ask) {
            Err(lost) if reused && is_idempotent(method) && died_unheard(&lost) => {
                Ok(attempt(self.pool.get_fresh()?, &ask)?)
            }
            done => Ok(done?),
        }
    }
}

fn attempt<M>(mut lease: Lease<M>, ask: &Ask<'_>) -> Result<Answer, Lost>
where
    M: Manager,
    M::Conn: Read + Write,
{
    let done = exchange(&mut *lease, ask);
    if !matches!(&done, Ok(answer) if answer.reusable) {
        lease.discard();
    }
    done
}

fn is_idempotent(method: &str) -> bool {
    matches!(
        method,
        "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE"
    )
}

/// Whether the connection ended before it gave a sign of life.
fn died_unheard(lost: &Lost) -> bool {
    lost.received == 0
        && matches!(
            lost.cause.kind(),
            ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
        )
}

struct Incoming<'a, S> {
    stream: &'a mut S,
    /// Bytes that have come, in all.
    received: usize,
    /// What of them is not yet used.
    inbox: Vec<u8>,
}

impl<S: Read + Write> Incoming<'_, S> {
    fn answer(&mut self, ask: &Ask<'_>) -> io::Result<Answer> {
        let request = on_the_wire(ask)?;
        self.stream.write_all(&request)?;
        self.flush()?;
        let head = self.head()?;
        let len = response_body(ask.method, &head).map_err(invalid)?;
        let body = match len {
            BodyLen::Exact(len) => self.exactly(len)?,
            BodyLen::Chunked => self.chunks()?,
            BodyLen::UntilClose => self.until_close()?,
        };
        let reusable = len != BodyLen::UntilClose && stays(&head) && self.inbox.is_empty();
        Ok(Answer {
            head,
            body,
            reusable,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        loop {
            match self.stream.flush() {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// The head that counts.
    fn head(&mut self) -> io::Result<ResponseHead> {
        let mut interim = 0;
        loop {
            let Some((head, len)) = parse_response(&self.inbox).map_err(invalid)? else {
                self.more()?;
                continue;
            };
            self.inbox.drain(..len);
            match head.status {
                101 => return Err(invalid(HttpError::new(502, "nobody asked for a switch"))),
                100..=199 => interim += 1,
                _ => return Ok(head),
            }
            if interim > MAX_INTERIM {
                return Err(invalid(HttpError::new(502, "too many responses of 1xx")));
            }
        }
    }

    fn exactly(&mut self, len: u64) -> io::Result<Vec<u8>> {
        if len > MAX_BODY {
            return Err(too_long());
        }
        let len = usize::try_from(len).map_err(|_| too_long())?;
        while self.inbox.len() < len {
            self.more()?;
        }
        let rest = self.inbox.split_off(len);
        Ok(std::mem::replace(&mut self.inbox, rest))
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut decoder = Chunked::new(MAX_BODY);
        let mut body = Vec::new();
        loop {
            let taken = decoder.push(&self.inbox, &mut body).map_err(invalid)?;
            self.inbox.drain(..taken);
            if decoder.is_done() {
                return Ok(body);
            }
            self.more()?;
        }
    }

    fn until_close(&mut self) -> io::Result<Vec<u8>> {
        while self.receive()? > 0 {
            if self.inbox.len() as u64 > MAX_BODY {
                return Err(too_long());
            }
        }
        Ok(std::mem::take(&mut self.inbox))
    }

    /// Something that must come.
    fn more(&mut self) -> io::Result<()> {
        match self.receive()? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    fn receive(&mut self) -> io::Result<usize> {
        let mut piece = [0; 8 * 1024];
        loop {
            match self.stream.read(&mut piece) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(n) => {
                    self.received += n;
                    self.inbox.extend_from_slice(&piece[..n]);
                    return Ok(n);
                }
            }
        }
    }
}

fn stays(head: &ResponseHead) -> bool {
    let words = head.fields.list("Connection");
    let says = |word| words.iter().any(|other| other == word);
    !says("close") && (head.version == Version::Http11 || says("keep-alive"))
}

fn on_the_wire(ask: &Ask<'_>) -> io::Result<Vec<u8>> {
    let Ask {
        method,
        host,
        path,
        body,
    } = ask;
    let is_visible = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
    let is_fine = is_token(method.as_bytes())
        && !host.is_empty()
        && is_visible(host)
        && path.starts_with('/')
        && is_visible(path);
    if !is_fine {
        let text = format!("{method:?} {path:?} of {host:?} is no request");
        return Err(io::Error::new(ErrorKind::InvalidInput, text));
    }
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n").into_bytes();
    if !body.is_empty() || matches!(*method, "POST" | "PUT" | "PATCH") {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    Ok(bytes)
}

fn too_long() -> io::Error {
    invalid(HttpError::new(502, "the content is too long"))
}

fn invalid(error: impl Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}
