//! Step 4: one connection, many requests.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use concurrent_server::{Clock, Waits};

use crate::App;

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
    let (_, _) = (stream, app);
    todo!(
        "13.4 serve_connection(stream, app, {limits:?}) at {:?}: read a request, answer it, decide whether the connection goes on; behind the last answer: end_writing, and read until the end",
        clock.now()
    )
}
