//! Given, not an exercise: what a browser stands on, and the words in which the steps talk to each other.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use concurrent_server::Waits;
use http1::{ResponseHead, Stream};
use udp_dns_lookup::{Answer, LookupError};

use crate::{Url, UrlError};

/// What a browser stands on: names, connections, TLS and a clock. Step 6 has one of real sockets, step 7 one of
/// packets, and the tests have one of paper.
pub trait Network {
    /// The time since some moment that never changes.
    fn now(&self) -> Duration;

    /// Asks for the addresses of a name, and waits for the answer.
    ///
    /// # Errors
    ///
    /// Nobody knows whether the name has an address.
    fn lookup(&mut self, host: &str) -> Result<Answer, LookupError>;

    /// Begins to connect, and does not wait. [`Network::connected`] tells what comes of it, even of an attempt
    /// that fails at once.
    fn begin(&mut self, to: SocketAddr);

    /// Waits until one of the attempts that were begun has come to something, and returns it; each is told
    /// once. `None`: it is `until`, and nothing has happened.
    fn connected(&mut self, until: Duration) -> Option<(SocketAddr, io::Result<Line>)>;

    /// Gives up all attempts of which nothing was told.
    fn give_up(&mut self);

    /// Shakes hands with `host` (a name or an address, without brackets) over a line that is connected. The other side
    /// has proved that it is `host`, when this returns. The handshake takes as long as `limit`.
    ///
    /// # Errors
    ///
    /// Those of chapter 14: `InvalidData` when the other side is not believed, and others.
    fn secure(&mut self, line: Line, host: &str, limit: Duration) -> io::Result<Secured>;
}

/// A line with TLS on it.
pub struct Secured {
    pub line: Line,
    /// What the server has chosen by ALPN; `None` when it has not chosen.
    pub protocol: Option<Vec<u8>>,
}

/// A connection of any kind: a socket, TLS over a socket, a machine's own TCP. What the end of its life means
/// is the matter of what is in it: who drops a line hangs up.
pub struct Line(Box<dyn Stream>);

impl Line {
    pub fn new(stream: impl Stream + 'static) -> Line {
        Line(Box::new(stream))
    }
}

impl Read for Line {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Line {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Waits for Line {
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        self.0.wait_at_most(limit)
    }
}

impl Stream for Line {
    fn end_writing(&mut self) -> io::Result<()> {
        self.0.end_writing()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

/// How long a browser waits, and how far it goes. No time is zero.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a connection, all attempts together.
    pub connect: Duration,
    /// For a handshake of TLS, and then for each read and each write.
    pub wait: Duration,
}

/// The five stages of a page, in their order, and what may lie between two pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The name becomes addresses.
    Dns,
    /// One of the addresses answers.
    Tcp,
    /// The other side proves who it is.
    Tls,
    /// The request goes out, and the first byte of the response comes.
    FirstByte,
    /// The rest of the response comes, from its second byte to its last. Its head is a part of it.
    Body,
    /// The page sends us to another one, and we do not go.
    Redirect,
}

/// When something began, and when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Duration,
    pub to: Duration,
}

/// When each stage of a page began and ended, by the network's clock. Each begins at the moment at which the one
/// before it has ended. A stage that was not needed is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// `None` for an address, and where the answer was known already.
    pub dns: Option<Span>,
    /// `None` on a connection that was open already.
    pub tcp: Option<Span>,
    /// `None` for `http`, and on a connection that was open already.
    pub tls: Option<Span>,
    pub first_byte: Span,
    pub body: Span,
    /// The connection was open already.
    pub reused: bool,
}

/// What has come from a server, whatever its status is.
#[derive(Debug)]
pub struct Page {
    pub url: Url,
    /// Where it came from.
    pub from: SocketAddr,
    pub head: ResponseHead,
    pub body: Vec<u8>,
    pub timeline: Timeline,
}

/// Why there is no page, and which stage has failed. All stages before it have done their part.
#[derive(Debug)]
pub struct StageError {
    pub stage: Stage,
    pub cause: Cause,
}

/// What went wrong.
#[derive(Debug)]
pub enum Cause {
    /// The name server knows that there is no such name.
    NoSuchName,
    /// There is such a name, and it has no address.
    NoAddress,
    /// Nobody knows whether the name has an address.
    Lookup(LookupError),
    /// No address has answered: those that failed, in the order in which they did, and those that were silent until
    /// the end, in the order of the attempts.
    Unreachable {
        failed: Vec<(IpAddr, io::Error)>,
        silent: Vec<IpAddr>,
    },
    /// What a stream says.
    Io(io::Error),
    /// The server has chosen this protocol by ALPN, which we do not speak.
    Protocol(Vec<u8>),
    /// So many redirects were followed, and there is one more.
    TooManyRedirects(usize),
    /// A page that came by `https` sends us to one of `http`.
    Downgrade(Url),
    /// A page sends us to something that is no URL for us.
    Location(UrlError),
}
