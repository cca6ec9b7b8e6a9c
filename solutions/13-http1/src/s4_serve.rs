//! Step 4: one connection, many requests.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use concurrent_server::{Clock, Waits};

use crate::s1_head::{is_token, value};
use crate::{
    App, BodyLen, Chunked, HttpError, Request, RequestHead, Response, Version, parse_request,
    reason, request_body,
};

/// A connection: it can be read and written, each call waits for a limited time (chapter 03), and one
/// direction can be ended while the other goes on.
pub trait Stream: Waits {
    /// Ends what is written here: the other side gets the end of the stream (FIN) behind the last byte.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    fn end_writing(&mut self) -> io::Result<()>;
}

impl Stream for &TcpStream {
    fn end_writing(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// What a client may ask of a connection. No time is zero; `Duration::MAX` means: without an end.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long to wait for a request to begin.
    pub idle: Duration,
    /// How long a request may take, from its first byte to its last.
    pub request: Duration,
    /// How long a response may take, from its first byte to its last.
    pub reply: Duration,
    /// How long to go on reading, once the last response is out.
    pub linger: Duration,
    /// The longest content of a request, in bytes.
    pub max_body: u64,
}

/// Answers the requests of one connection, one after the other, until it ends. Returns how many of them
/// `app` has answered.
///
/// **Requests.** Each is read as a whole (`parse_request`, `request_body`, `Chunked`) and then given to
/// `app`. Bytes that have come behind it belong to the next one: a client may send many requests
/// without waiting (pipelining), and gets the answers in the same order. What the application does not
/// look at is read all the same, so that no body is ever taken for a request. Empty lines between
/// requests are nothing.
///
/// **100-continue.** In HTTP/1.1, a client that says `Expect: 100-continue` (in any case) waits for a word
/// before it sends its body: `HTTP/1.1 100 Continue` and an empty line (RFC 9110 §10.1.1). It gets it
/// when a body is announced, nothing of it has come yet, and it is not going to be refused. To write it is
/// part of the request's time, and does not begin that anew. In HTTP/1.0, `Expect` means nothing.
///
/// **Responses.** A status line with `HTTP/1.1`, the status and `reason`, whatever the client's version
/// is; the fields of the `Response` in their order, and those that are serve's own:
///
/// - `Content-Length` with the length of the body, in every response but one of 204 or 304, which have
///   neither the field nor a body. The answer to `HEAD` has the field of the answer to `GET`, and no body.
/// - `Connection: close` if this response is the last one; `Connection: keep-alive` if it is not, and the
///   client's version is 1.0.
///
/// `Date` is none of them. A server with a clock sends it (RFC 9110 §6.6.1), and means one that tells the
/// day; the clock here measures spans. An application that knows the day adds the field.
///
/// Of the response's own fields, `Content-Length`, `Transfer-Encoding`, `Connection` and `Keep-Alive`
/// are left out: framing is not for the application to say. But if its `Connection` lists `close`, the
/// response is the last. A response that cannot be sent is replaced by one of status 500, with nothing of
/// it, and the connection goes on: one whose status is not from 200 to 599, or with a field whose name is
/// no token or whose value has a control character other than HTAB: a line break in it would begin a new
/// field.
///
/// A response is written with one `write`, if the stream takes all of it, and with as many as it needs
/// otherwise, and then flushed. That holds for 100 Continue as well.
///
/// **Persistence** (RFC 9112 §9.3). The connection goes on after a response, unless the request or the
/// application says `close` in `Connection` (a list, in any case), or the request is of HTTP/1.0 and does
/// not say `keep-alive`. It ends without a word when the client ends it between two requests.
///
/// **Refusals.** A request that cannot be read gets a response with the status of the `HttpError`, a body
/// of one line for people, and `Connection: close`; and it is the last one, because nobody knows where
/// the next would begin. So is it with these:
///
/// | status | when |
/// |---|---|
/// | 413 | more content is announced than [`Limits::max_body`]: at once, nothing of it is waited for |
/// | 417 | HTTP/1.1, and `Expect` has another element than `100-continue` |
/// | 408 | the request has begun and is not over after [`Limits::request`] |
/// | 400 | the stream ends in the middle of a request |
///
/// When the head could be read, and its method is `HEAD`, there is no body: the refusal is an answer to
/// `HEAD` like any other (RFC 9110 §9.3.2).
///
/// **The end** (§9.6). Whoever closes a connection on which bytes have come that nobody has read, sends
/// a reset, and that may take the last response from the client's hands. So after the last response comes
/// `end_writing`, and then everything that still comes is read and thrown away, until the client ends its
/// side or [`Limits::linger`] is over. Whatever happens there is no error.
///
/// **Time.** All waiting is done in the stream, in a read, a write or a flush, and never longer than the
/// time that is left. `idle` counts from the moment when the answer before is out (for the first request:
/// from the call), `request` from the first byte of a request or, when that has come earlier, from the
/// moment when idle would begin. Empty lines before a request do not begin one, nor does a CR that may
/// become one. When `idle` is over, the connection ends without a word. The time of a call is what the
/// clock says before it; a byte that has come is taken, however late.
///
/// `ErrorKind::Interrupted` is not an error: the call is repeated, with the time that is left then.
///
/// # Errors
///
/// What the stream says, when it breaks; `TimedOut` when a response is not out after [`Limits::reply`], or
/// 100 Continue when the request's time is over (a stream may call that `WouldBlock`); `WriteZero` when
/// `write` takes nothing.
pub fn serve_connection<S: Stream>(
    stream: S,
    app: &dyn App,
    limits: &Limits,
    clock: &dyn Clock,
) -> io::Result<u32> {
    let mut connection = Connection {
        stream,
        limits,
        clock,
        inbox: Vec::new(),
        is_head: false,
    };
    let mut served = 0;
    loop {
        let request = match connection.request() {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(served),
            Err(Stop::Refused(error)) => {
                let response = Response::text(error.status, error.why);
                connection.reply(&response, Last::Yes)?;
                connection.linger();
                return Ok(served);
            }
            Err(Stop::Broken(error)) => return Err(error),
        };
        let response = app.respond(&request);
        let last = last(&request.head, &response);
        let response = match can_be_sent(&response) {
            true => response,
            false => Response::text(500, "the application's response cannot be sent"),
        };
        connection.reply(&response, last)?;
        served += 1;
        if last == Last::Yes {
            connection.linger();
            return Ok(served);
        }
    }
}

/// Whether a response is the last one of its connection.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Yes,
    No,
    /// No, and the client would not know if it were not told.
    NoAndSaysSo,
}

/// Why there is no request.
enum Stop {
    Refused(HttpError),
    Broken(io::Error),
}

struct Connection<'a, S> {
    stream: S,
    limits: &'a Limits,
    clock: &'a dyn Clock,
    /// What has come and is not yet used.
    inbox: Vec<u8>,
    /// Whether the request that is read, or answered, is a HEAD.
    is_head: bool,
}

impl<S: Stream> Connection<'_, S> {
    /// The next request; `None` when there is none any more.
    fn request(&mut self) -> Result<Option<Request>, Stop> {
        self.is_head = false;
        let Some((head, deadline)) = self.head()? else {
            return Ok(None);
        };
        self.is_head = head.method == "HEAD";
        let len = request_body(&head)?;
        self.welcomes(&head, len, deadline)?;
        let body = match len {
            BodyLen::Exact(len) => self.exactly(len, deadline)?,
            BodyLen::Chunked => self.chunks(deadline)?,
            BodyLen::UntilClose => unreachable!("a request's body has an end"),
        };
        Ok(Some(Request { head, body }))
    }

    /// The next head, and until when the whole request has time.
    fn head(&mut self) -> Result<Option<(RequestHead, Duration)>, Stop> {
        let mut deadline = self.deadline(self.limits.idle);
        let mut begun = false;
        loop {
            while self.inbox.starts_with(b"\r\n") {
                self.inbox.drain(..2);
            }
            if !begun && !self.inbox.is_empty() && self.inbox != b"\r" {
                begun = true;
                deadline = self.deadline(self.limits.request);
            }
            if let Some((head, len)) = parse_request(&self.inbox)? {
                self.inbox.drain(..len);
                return Ok(Some((head, deadline)));
            }
            match self.receive(deadline) {
                Ok(0) if !begun => return Ok(None),
                Err(error) if !begun && error.kind() == ErrorKind::TimedOut => return Ok(None),
                come => self.more(come)?,
            }
        }
    }

    /// Whether the body may come; says so to a client that waits for the word.
    fn welcomes(
        &mut self,
        head: &RequestHead,
        len: BodyLen,
        deadline: Duration,
    ) -> Result<(), Stop> {
        let expected = match head.version {
            Version::Http11 => head.fields.list("Expect"),
            Version::Http10 => Vec::new(),
        };
        if expected.iter().any(|word| word != "100-continue") {
            return Err(HttpError::new(417, "nothing but 100-continue can be expected").into());
        }
        if matches!(len, BodyLen::Exact(len) if len > self.limits.max_body) {
            return Err(HttpError::new(413, "the body is too long").into());
        }
        if !expected.is_empty() && len != BodyLen::Exact(0) && self.inbox.is_empty() {
            let line = format!("HTTP/1.1 100 {}\r\n\r\n", reason(100));
            self.send(line.as_bytes(), deadline).map_err(Stop::Broken)?;
        }
        Ok(())
    }

    fn exactly(&mut self, len: u64, deadline: Duration) -> Result<Vec<u8>, Stop> {
        // It is no more than max_body. What is too much for this machine's memory never comes.
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        while self.inbox.len() < len {
            let come = self.receive(deadline);
            self.more(come)?;
        }
        let rest = self.inbox.split_off(len);
        Ok(std::mem::replace(&mut self.inbox, rest))
    }

    fn chunks(&mut self, deadline: Duration) -> Result<Vec<u8>, Stop> {
        let mut decoder = Chunked::new(self.limits.max_body);
        let mut body = Vec::new();
        loop {
            let taken = decoder.push(&self.inbox, &mut body)?;
            self.inbox.drain(..taken);
            if decoder.is_done() {
                return Ok(body);
            }
            let come = self.receive(deadline);
            self.more(come)?;
        }
    }

    /// In the middle of a request something has come, or should have.
    fn more(&mut self, come: io::Result<usize>) -> Result<(), Stop> {
        match come {
            Ok(0) => Err(HttpError::new(400, "the request ends in the middle").into()),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                Err(HttpError::new(408, "the request takes too long").into())
            }
            Err(error) => Err(Stop::Broken(error)),
        }
    }

    fn reply(&mut self, response: &Response, last: Last) -> io::Result<()> {
        let deadline = self.deadline(self.limits.reply);
        self.send(&on_the_wire(response, self.is_head, last), deadline)
    }

    /// Reads away what still comes, so that closing does not take the last response back.
    fn linger(&mut self) {
        if self.stream.end_writing().is_err() {
            return;
        }
        let deadline = self.deadline(self.limits.linger);
        while let Ok(1..) = self.receive(deadline) {
            self.inbox.clear();
        }
    }

    /// One read, into the inbox.
    fn receive(&mut self, deadline: Duration) -> io::Result<usize> {
        let mut piece = [0; 8 * 1024];
        let n = self.in_time(deadline, |stream| stream.read(&mut piece))?;
        self.inbox.extend_from_slice(&piece[..n]);
        Ok(n)
    }

    fn send(&mut self, mut bytes: &[u8], deadline: Duration) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.in_time(deadline, |stream| stream.write(bytes))? {
                0 => return Err(ErrorKind::WriteZero.into()),
                n => bytes = &bytes[n..],
            }
        }
        self.in_time(deadline, |stream| stream.flush())
    }

    /// A call of the stream that waits until the deadline at most.
    fn in_time<T>(
        &mut self,
        deadline: Duration,
        mut call: impl FnMut(&mut S) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let left = deadline.saturating_sub(self.clock.now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            self.stream.wait_at_most(left)?;
            match call(&mut self.stream) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Two names for one thing: systems differ.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(ErrorKind::TimedOut.into());
                }
                done => return done,
            }
        }
    }

    fn deadline(&self, limit: Duration) -> Duration {
        self.clock.now().saturating_add(limit)
    }
}

fn last(request: &RequestHead, response: &Response) -> Last {
    let asked = request.fields.list("Connection");
    let says = |words: &[String], word| words.iter().any(|other| other == word);
    if says(&asked, "close") || says(&response.fields.list("Connection"), "close") {
        return Last::Yes;
    }
    match request.version {
        Version::Http11 => Last::No,
        Version::Http10 if says(&asked, "keep-alive") => Last::NoAndSaysSo,
        Version::Http10 => Last::Yes,
    }
}

fn can_be_sent(response: &Response) -> bool {
    let mut fields = response.fields.lines().iter();
    matches!(response.status, 200..=599)
        && fields.all(|(name, text)| is_token(name.as_bytes()) && value(text).is_some())
}

fn on_the_wire(response: &Response, to_head: bool, last: Last) -> Vec<u8> {
    let status = response.status;
    let mut bytes = format!("HTTP/1.1 {status} {}\r\n", reason(status)).into_bytes();
    for (name, value) in response.fields.lines() {
        if !is_framing(name) {
            add_field(&mut bytes, name, value);
        }
    }
    let has_body = !matches!(status, 204 | 304);
    if has_body {
        let len = response.body.len().to_string();
        add_field(&mut bytes, "Content-Length", len.as_bytes());
    }
    match last {
        Last::Yes => add_field(&mut bytes, "Connection", b"close"),
        Last::NoAndSaysSo => add_field(&mut bytes, "Connection", b"keep-alive"),
        Last::No => {}
    }
    bytes.extend_from_slice(b"\r\n");
    if has_body && !to_head {
        bytes.extend_from_slice(&response.body);
    }
    bytes
}

/// Whether a field says where a message or a connection ends.
fn is_framing(name: &str) -> bool {
    [
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
    ]
    .iter()
    .any(|framing| framing.eq_ignore_ascii_case(name))
}

fn add_field(bytes: &mut Vec<u8>, name: &str, value: &[u8]) {
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(b": ");
    bytes.extend_from_slice(value);
    bytes.extend_from_slice(b"\r\n");
}

impl From<HttpError> for Stop {
    fn from(error: HttpError) -> Stop {
        Stop::Refused(error)
    }
}
