//! Step 8: ask again over TCP.

use std::net::SocketAddr;
use std::time::Duration;

use crate::s2_query::Question;
use crate::s5_message::Message;
use crate::s6_udp::{LookupError, Patience};

/// Asks `server` over TCP, with a fresh id on a fresh connection, and returns the reply.
///
/// TCP is a stream of bytes without boundaries, so each message is preceded by its length in two
/// big-endian octets (RFC 1035 §4.2.2). Length and query go out together (RFC 7766 §8). The reply
/// may come in pieces of any size. `timeout` is for everything together: connecting, sending, and
/// every byte of the reply. When the function returns, the connection is closed.
///
/// # Errors
///
/// [`LookupError::TimedOut`] when the time is up, wherever that happens. (Of a read, Linux then says
/// `WouldBlock`. `Interrupted` says that a signal came: go on.) [`LookupError::Io`] when the connection cannot be made, breaks, or ends before the
/// whole reply came; that end has the kind `UnexpectedEof`. [`LookupError::BadReply`] when
/// `judge_reply` does not accept what came: a stranger cannot have sent it here, so there is
/// nothing to wait for. A reply over TCP that says TC is `BadReply(Why::Malformed)`.
pub fn exchange_tcp(
    server: SocketAddr,
    question: &Question,
    timeout: Duration,
) -> Result<Message, LookupError> {
    todo!(
        "1.8 exchange_tcp({server}, {question:?}, {timeout:?}): connect, send length and query, read \
         a length and that many octets"
    )
}

/// Asks over UDP, believing `judge_reply`, and if the reply was cut off (TC) over TCP: once, whatever
/// `patience.attempts` says, with one try's time. The cut-off reply is not used (RFC 2181 §9).
///
/// # Errors
///
/// Those of `exchange_udp` and [`exchange_tcp`].
pub fn ask(
    server: SocketAddr,
    question: &Question,
    patience: Patience,
) -> Result<Message, LookupError> {
    todo!(
        "1.8 ask({server}, {question:?}, {patience:?}): over UDP, and over TCP when the reply was \
         cut off"
    )
}
