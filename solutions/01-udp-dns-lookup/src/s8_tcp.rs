//! Step 8: ask again over TCP.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::s2_query::{Question, build_query};
use crate::s5_message::Message;
use crate::s6_udp::{
    LookupError, Patience, Sent, Verdict, Why, exchange_udp, fresh_id, is_pause, remaining,
};
use crate::s7_judge::judge_reply;

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
    let deadline = Instant::now() + timeout;
    let sent = Sent {
        id: fresh_id()?,
        question: question.clone(),
        server,
    };
    let mut stream = TcpStream::connect_timeout(&server, remaining(deadline)?)
        .map_err(timeouts_are_one_thing)?;

    let query = build_query(sent.id, question);
    // A query is at most 12 + 255 + 4 octets long.
    let mut framed = (query.len() as u16).to_be_bytes().to_vec();
    framed.extend(query);
    stream.set_write_timeout(Some(remaining(deadline)?))?;
    stream.write_all(&framed).map_err(timeouts_are_one_thing)?;

    let mut length = [0; 2];
    read_exact_until(&mut stream, &mut length, deadline)?;
    let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
    read_exact_until(&mut stream, &mut reply, deadline)?;

    match judge_reply(&sent, server, &reply) {
        // There is nowhere else to ask for the rest.
        Verdict::Accept(message) if message.header.tc => Err(LookupError::BadReply(Why::Malformed)),
        Verdict::Accept(message) => Ok(message),
        Verdict::Ignore(why) => Err(LookupError::BadReply(why)),
    }
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
    let reply = exchange_udp(server, question, patience, judge_reply)?;
    if reply.header.tc {
        exchange_tcp(server, question, patience.timeout)
    } else {
        Ok(reply)
    }
}

/// `read_exact` with one deadline for all of its reads: a server that sends a byte now and then
/// must not keep us for ever.
fn read_exact_until(
    stream: &mut TcpStream,
    mut wanted: &mut [u8],
    deadline: Instant,
) -> Result<(), LookupError> {
    while !wanted.is_empty() {
        stream.set_read_timeout(Some(remaining(deadline)?))?;
        match stream.read(wanted) {
            Ok(0) => return Err(LookupError::Io(ErrorKind::UnexpectedEof.into())),
            Ok(n) => wanted = &mut wanted[n..],
            Err(e) if is_pause(&e) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

/// A time-out has one name here, wherever it happened.
fn timeouts_are_one_thing(e: io::Error) -> LookupError {
    if is_pause(&e) {
        LookupError::TimedOut
    } else {
        LookupError::Io(e)
    }
}
