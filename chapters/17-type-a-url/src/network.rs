//! Given, not an exercise: the network that a browser uses, and the types that the steps share.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use concurrent_server::Waits;
use http1::{ResponseHead, Stream};
use udp_dns_lookup::{Answer, LookupError};

use crate::{Url, UrlError};

/// The network under a browser: names, connections, TLS and a clock. Step 6 has one made of real sockets, and step 7 one
/// made of packets. The tests have a simulated one.
pub trait Network {
    /// The time since some moment that never changes.
    fn now(&self) -> Duration;

    /// Asks for the addresses of a name, and waits for the answer.
    ///
    /// # Errors
    ///
    /// It is not known whether the name has an address, because no usable reply came.
    fn lookup(&mut self, host: &str) -> Result<Answer, LookupError>;

    /// Begins to connect, and does not wait. [`Network::connected`] returns the result, also if the attempt fails at
    /// once.
    fn begin(&mut self, to: SocketAddr);

    /// Waits until one of the attempts has succeeded or failed, and returns its result. Each result is returned once.
    /// `None`: the time is `until`, and there is no result.
    fn connected(&mut self, until: Duration) -> Option<(SocketAddr, io::Result<Connection>)>;

    /// Gives up all attempts whose result was not returned yet.
    fn give_up(&mut self);

    /// Does the TLS handshake with `host` (a name or an address, without brackets) over a connection. When this has
    /// succeeded, the other side has proved that it is `host`. The whole handshake takes `limit` at most.
    ///
    /// # Errors
    ///
    /// Those of chapter 14, such as `InvalidData` when the certificate is refused.
    fn secure(
        &mut self,
        connection: Connection,
        host: &str,
        limit: Duration,
    ) -> io::Result<Secured>;
}

/// A connection with TLS on it.
pub struct Secured {
    pub connection: Connection,
    /// The protocol that the server has chosen by ALPN; `None` if it has chosen none.
    pub protocol: Option<Vec<u8>>,
}

/// A connection of any kind: a socket, TLS over a socket, a TCP of one's own. Dropping it closes what is in it.
pub struct Connection(Box<dyn Stream>);

impl Connection {
    pub fn new(stream: impl Stream + 'static) -> Connection {
        Connection(Box::new(stream))
    }
}

impl Read for Connection {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Connection {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Waits for Connection {
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        self.0.wait_at_most(limit)
    }
}

impl Stream for Connection {
    fn end_writing(&mut self) -> io::Result<()> {
        self.0.end_writing()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

/// How long a browser waits. Neither time is zero.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a connection: all attempts together.
    pub connect: Duration,
    /// For a TLS handshake, and then for each read and each write.
    pub wait: Duration,
}

/// The five stages of a page, in their order, and the redirect between two pages.
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
    /// The rest of the response comes, from its second byte to its last. This includes the rest of the head.
    Body,
    /// The page redirects, and the redirect is not followed.
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

/// A response from a server, whatever its status is.
#[derive(Debug)]
pub struct Page {
    pub url: Url,
    /// The server's address.
    pub from: SocketAddr,
    pub head: ResponseHead,
    pub body: Vec<u8>,
    pub timeline: Timeline,
}

/// Why there is no page: the stage that has failed, and the cause. All stages before it have succeeded.
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
    /// The name exists and has no address.
    NoAddress,
    /// It is not known whether the name has an address.
    Lookup(LookupError),
    /// No address could be reached. `failed` has those that failed, in the order in which they did. `silent` has those that
    /// had not answered at the end, in the order of the attempts.
    Unreachable {
        failed: Vec<(IpAddr, io::Error)>,
        silent: Vec<IpAddr>,
    },
    /// The error of a stream.
    Io(io::Error),
    /// The server has chosen this protocol by ALPN, and this browser does not speak it.
    Protocol(Vec<u8>),
    /// This many redirects were followed, and the last page redirects again.
    TooManyRedirects(usize),
    /// A page that came by `https` redirects to this URL of `http`.
    Downgrade(Url),
    /// A page redirects to a text that is refused as a URL.
    Location(UrlError),
}
