//! Step 6: ask over UDP.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::s1_names::NameError;
use crate::s2_query::{Question, build_query};
use crate::s5_message::Message;

/// How long to wait, and how often to ask.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long one try waits for its reply, from sending to giving up. More than zero, and an
    /// hour at most.
    pub timeout: Duration,
    /// How many times the question is sent at most, the first time included. At least 1.
    pub attempts: u32,
}

/// The defaults of resolv.conf(5): twice, five seconds each.
impl Default for Patience {
    fn default() -> Self {
        Patience {
            timeout: Duration::from_secs(5),
            attempts: 2,
        }
    }
}

/// What a reply must match: one query, as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The number of this query.
    pub id: u16,
    /// What it asked.
    pub question: Question,
    /// Where it went.
    pub server: SocketAddr,
}

/// Decides whether a datagram that came `from` somewhere is the reply to the query in [`Sent`].
///
/// [`exchange_udp`] knows how to ask and how long to wait; the judge decides which reply to
/// believe. The tests of step 6 bring a judge of their own, step 7 writes the real one.
pub type Judge = fn(sent: &Sent, from: SocketAddr, datagram: &[u8]) -> Verdict;

/// What a judge says.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// This is the reply.
    Accept(Message),
    /// This is not our reply. It changes nothing: go on waiting.
    Ignore(Why),
}

/// Why a datagram is not our reply.
#[derive(Clone, Copy, Debug)]
pub enum Why {
    /// It did not come from the address and the port we asked.
    WrongSource,
    /// It has another id, or is too short to have one.
    WrongId,
    /// It cannot be read as a message; over TCP also: it was cut off (TC).
    Malformed,
    /// It is itself a query: QR is 0.
    NotAReply,
    /// It is about another name, type or class, or has no question.
    WrongQuestion,
}

/// Why there is no answer. (A name that does not exist is an answer, and not among these.)
#[derive(Debug)]
pub enum LookupError {
    /// The name cannot be asked about.
    BadName(NameError),
    /// No answer came in time.
    TimedOut,
    /// The operating system or the connection failed.
    Io(io::Error),
    /// Over TCP: what came back is not the reply to our query.
    BadReply(Why),
    /// The server answered that it cannot or will not: its RCODE, such as 2 SERVFAIL, 5 REFUSED.
    Rcode(u8),
    /// The server does not know and does not ask others: it only names other servers.
    Referral,
    /// The answer's chain of other names goes in a circle, or on for too long.
    CnameChain,
}

/// Asks `server` over UDP, as patiently as `patience` says, and returns the first reply that
/// `judge` accepts.
///
/// Every try is a query of its own, with a fresh unpredictable id (the crate `getrandom` has them),
/// from a fresh socket and so from a port that the system picks (RFC 5452 §9.2). A try ends
/// `patience.timeout` after its query was sent, no matter what came in meanwhile; then the next one
/// begins. The last try waits as long as the others. The same try goes on, however many datagrams
/// `judge` ignores. A reply may be as large as a UDP datagram can be.
///
/// Let the system wait, in one `recv_from` for the rest of the try's time: do not wake up to look.
/// When the function returns, its sockets are closed. Nothing is kept from one call to the next,
/// and calls in several threads do not wait for one another.
///
/// Each socket is bound to port 0 of the unspecified address of the server's family, `0.0.0.0` or
/// `[::]`: bound to `127.0.0.1` it reaches only this machine. It may be connected or not. A
/// connected one may be told that no program listens (`ConnectionRefused`). An error of receiving,
/// this one or another, may end the try or the look-up. After the last try you may return this
/// error or `TimedOut`.
///
/// # Errors
///
/// [`LookupError::TimedOut`] when the last try ended without an accepted reply. (When the time of a
/// read is up, Linux says `WouldBlock` and Windows `TimedOut`; both mean this. `Interrupted` says that a
/// signal came: the try goes on.)
/// [`LookupError::Io`] when the system refuses to make a socket or to send.
pub fn exchange_udp(
    server: SocketAddr,
    question: &Question,
    patience: Patience,
    judge: Judge,
) -> Result<Message, LookupError> {
    for _ in 0..patience.attempts {
        match one_try(server, question, patience.timeout, judge) {
            Err(LookupError::TimedOut) => continue,
            done => return done,
        }
    }
    Err(LookupError::TimedOut)
}

fn one_try(
    server: SocketAddr,
    question: &Question,
    timeout: Duration,
    judge: Judge,
) -> Result<Message, LookupError> {
    let sent = Sent {
        id: fresh_id()?,
        question: question.clone(),
        server,
    };
    // Port 0: the system picks one nobody can foresee. The socket stays unconnected, so that it is
    // the judge who looks at the sender; a connected one would let the kernel do it.
    let socket = match server {
        SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?,
        SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?,
    };
    socket.send_to(&build_query(sent.id, question), server)?;

    // One deadline for the whole try. A time-out that began anew with every datagram would let
    // anyone who sends junk keep us here for ever.
    let deadline = Instant::now() + timeout;
    // A datagram is read once: what does not fit in the buffer is gone. None is larger than this.
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        socket.set_read_timeout(Some(remaining(deadline)?))?;
        match socket.recv_from(&mut buffer) {
            Ok((length, from)) => match judge(&sent, from, &buffer[..length]) {
                Verdict::Accept(reply) => return Ok(reply),
                Verdict::Ignore(_) => {}
            },
            Err(e) if is_pause(&e) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// An id that nobody can foresee, from the operating system's own source.
pub(crate) fn fresh_id() -> Result<u16, LookupError> {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).map_err(io::Error::from)?;
    Ok(u16::from_be_bytes(bytes))
}

/// What is left until `deadline`. Never zero, which a socket would not take as a time-out.
pub(crate) fn remaining(deadline: Instant) -> Result<Duration, LookupError> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(LookupError::TimedOut),
        left => Ok(left),
    }
}

/// Whether a wait merely ended: because its time ran out (Unix says WouldBlock, Windows TimedOut), or
/// because of a signal.
pub(crate) fn is_pause(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

impl From<io::Error> for LookupError {
    fn from(e: io::Error) -> Self {
        LookupError::Io(e)
    }
}

impl From<NameError> for LookupError {
    fn from(e: NameError) -> Self {
        LookupError::BadName(e)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::WrongSource => "it came from a sender that we did not ask",
            Why::WrongId => "it has another id",
            Why::Malformed => "it cannot be read",
            Why::NotAReply => "it is a query itself",
            Why::WrongQuestion => "it is about something else",
        })
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupError::BadName(e) => write!(f, "not a domain name: {e}"),
            LookupError::TimedOut => f.write_str("no answer in time"),
            LookupError::Io(e) => write!(f, "{e}"),
            LookupError::BadReply(why) => write!(f, "a reply over TCP that is not ours: {why}"),
            LookupError::Rcode(rcode) => match rcode {
                1 => f.write_str("the server could not read the query (FORMERR)"),
                2 => f.write_str("the server failed (SERVFAIL)"),
                4 => f.write_str("the server cannot do this (NOTIMP)"),
                5 => f.write_str("the server refused (REFUSED)"),
                _ => write!(f, "the server answered with RCODE {rcode}"),
            },
            LookupError::Referral => {
                f.write_str("the server knows no answer, only other servers to ask (a referral)")
            }
            LookupError::CnameChain => {
                f.write_str("its chain of other names goes in a circle, or on for too long")
            }
        }
    }
}

impl Error for LookupError {}
