//! Step 5: HTTPS, which is HTTP in a stream of step 3.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use concurrent_server::{Clock, SystemClock, Waits};
use connection_pool::Manager;
use http1::{App, Limits, Stream, serve_connection};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConnection};

use crate::s3_stream::in_time;
use crate::{ClientHello, Refusal, Site, StreamClock, Tcp, TlsStream, client_hello, pick};

/// The type of a record with an alert, and the level of one that ends everything (RFC 8446 §5.1, §6).
const ALERT: u8 = 21;
const FATAL: u8 = 2;

/// Accepts a client: reads its hello, finds the site that it asks for, and shakes hands as that site.
///
/// The hello is read by [`client_hello`](crate::client_hello), from what comes, in whatever pieces it comes. What
/// was read belongs to rustls then (`read_tls` takes any reader). [`pick`](crate::pick) finds the site.
///
/// **Refusals.** A client that is refused is told why, in a way that it understands:
///
/// - A `Refusal` of the hello or of `pick` is answered by an alert in the clear: a record of type 21 and
///   version 0x0303, with the bytes 2 (fatal) and the alert (RFC 8446 §6).
/// - A client whose first byte is an ASCII letter speaks no TLS, but HTTP. It gets a response of HTTP/1.1 with
///   status 400, `Content-Length`, `Connection: close` and a line for people that has the word `https`.
/// - What rustls refuses, it makes an alert for, and the stream sends it.
///
/// Behind these, and after a client's own alert, comes what chapter 13 has behind a last response: the
/// transport's `end_writing`, and then everything that still comes is read and thrown away, until the client ends
/// its side or [`Limits::linger`] is over.
///
/// **Time.** From the call until the end of the handshake it takes [`Limits::request`] at most. A client that is over
/// time is left without a word.
///
/// # Errors
///
/// - `ErrorKind::InvalidData`: with the `Refusal` inside it; with a `rustls::Error` inside it; or for plain HTTP.
/// - `ErrorKind::TimedOut` (a transport may call that `WouldBlock`).
/// - `ErrorKind::UnexpectedEof` when the client ends its side before.
/// - What the transport says.
pub fn accept<S: Stream>(
    transport: S,
    sites: &[Site],
    limits: &Limits,
    clock: StreamClock,
) -> io::Result<TlsStream<S>> {
    let mut pending = Pending {
        transport,
        limits,
        deadline: clock.now().saturating_add(limits.request),
        clock,
    };
    let (hello, come) = pending.hello()?;
    let site = match pick(sites, hello.server_name.as_deref()) {
        Ok(site) => site,
        Err(refusal) => return Err(pending.refuses(refusal)),
    };
    let mut connection = ServerConnection::new(site.config.clone()).map_err(invalid)?;
    let mut ahead = &come[..];
    while !ahead.is_empty() {
        connection.read_tls(&mut ahead)?;
        // What is wrong comes again in the handshake, which tells the client.
        let _ = connection.process_new_packets();
    }
    let left = pending.deadline.saturating_sub(pending.clock.now());
    let mut stream = TlsStream::new(connection, pending.transport, pending.clock.clone());
    // The time may be over. Then the shortest one is.
    stream.wait_at_most(left.max(Duration::from_nanos(1)))?;
    match stream.handshake() {
        Ok(()) => Ok(stream),
        Err(error) => {
            if error.kind() == ErrorKind::InvalidData {
                linger(stream.parts().1, limits, &*pending.clock);
            }
            Err(error)
        }
    }
}

/// A client that has come, and has not said anything yet.
pub(crate) struct Pending<'a, S> {
    pub transport: S,
    pub limits: &'a Limits,
    pub clock: StreamClock,
    pub deadline: Duration,
}

impl<S: Stream> Pending<'_, S> {
    /// The client's hello, and the bytes that have come, which are it or begin with it. A client that
    /// sends something else is told so.
    pub fn hello(&mut self) -> io::Result<(ClientHello, Vec<u8>)> {
        let mut come = Vec::new();
        loop {
            match client_hello(&come) {
                Ok(Some((hello, _))) => return Ok((hello, come)),
                Ok(None) => {}
                Err(_) if come[0].is_ascii_alphabetic() => {
                    self.says_and_lingers(&plain_http());
                    let text = "plain HTTP came to a port of HTTPS";
                    return Err(io::Error::new(ErrorKind::InvalidData, text));
                }
                Err(refusal) => return Err(self.refuses(refusal)),
            }
            let mut piece = [0; 4 * 1024];
            let n = in_time(
                &mut self.transport,
                &*self.clock,
                Some(self.deadline),
                |transport| transport.read(&mut piece),
            )?;
            if n == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            come.extend_from_slice(&piece[..n]);
        }
    }

    /// Refuses the client by an alert in the clear.
    pub fn refuses(&mut self, refusal: Refusal) -> io::Error {
        self.says_and_lingers(&[ALERT, 3, 3, 0, 2, FATAL, refusal.alert.into()]);
        refusal.into()
    }

    /// The last words to this client. Whether they arrive changes nothing here.
    fn says_and_lingers(&mut self, mut words: &[u8]) {
        let deadline = Some(self.deadline);
        while !words.is_empty() {
            match in_time(&mut self.transport, &*self.clock, deadline, |to| {
                to.write(words)
            }) {
                Ok(n @ 1..) => words = &words[n..],
                _ => return,
            }
        }
        if in_time(&mut self.transport, &*self.clock, deadline, |to| to.flush()).is_ok() {
            linger(&mut self.transport, self.limits, &*self.clock);
        }
    }
}

/// Reads away what still comes, so that closing does not take the last words back.
fn linger<S: Stream>(transport: &mut S, limits: &Limits, clock: &dyn Clock) {
    if transport.end_writing().is_err() {
        return;
    }
    let deadline = clock.now().saturating_add(limits.linger);
    let mut piece = [0; 4 * 1024];
    while let Ok(1..) = in_time(transport, clock, Some(deadline), |from| {
        from.read(&mut piece)
    }) {}
}

fn plain_http() -> Vec<u8> {
    let body = "this port speaks TLS: ask by https://\n";
    let len = body.len();
    format!("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}

/// Whether HTTP/1.1 is what was agreed on, or nothing was.
fn speaks_http1(connection: &Connection) -> bool {
    matches!(connection.alpn_protocol(), None | Some(b"http/1.1"))
}

fn other_protocol() -> io::Error {
    let text = "another protocol than http/1.1 was agreed";
    io::Error::new(ErrorKind::InvalidData, text)
}

/// Serves HTTP/1.1 to one client, over TLS: [`accept`], and then chapter 13's `serve_connection`, to its end. Returns
/// how many requests were answered.
///
/// A client with which no protocol was agreed (it does not know ALPN) is served as well. One with which
/// another one than `http/1.1` was agreed is not: nothing is answered, and the connection is closed as in step 4.
///
/// # Errors
///
/// As `accept` and `serve_connection`; `ErrorKind::InvalidData` when another protocol was agreed.
pub fn serve_https<S: Stream>(
    transport: S,
    sites: &[Site],
    app: &dyn App,
    limits: &Limits,
    clock: StreamClock,
) -> io::Result<u32> {
    let stream = accept(transport, sites, limits, clock.clone())?;
    if !speaks_http1(stream.connection()) {
        let _ = stream.close(limits.linger);
        return Err(other_protocol());
    }
    serve_connection(stream, app, limits, &*clock)
}

/// Makes connections of TLS to one address, for a pool: with it, chapter 13's `Client` is a client of HTTPS.
pub struct TlsManager {
    /// Where the server is.
    pub addr: SocketAddr,
    /// Who it must be.
    pub name: ServerName<'static>,
    /// One for all connections: it keeps the tickets by which sessions are resumed.
    pub config: Arc<ClientConfig>,
    /// How long a connect may take, and a handshake, and then each `read` and each `write`. Not zero.
    pub patience: Duration,
}

impl Manager for TlsManager {
    type Conn = TlsStream<Tcp>;
    type Error = io::Error;

    /// Connects (without Nagle's algorithm, as chapter 05), and shakes hands.
    ///
    /// # Errors
    ///
    /// What `connect` and `handshake` say; `ErrorKind::InvalidData` when the server agrees to another
    /// protocol than `http/1.1`. With none it is fine.
    fn connect(&self) -> io::Result<TlsStream<Tcp>> {
        let socket = TcpStream::connect_timeout(&self.addr, self.patience)?;
        socket.set_nodelay(true)?;
        let connection =
            ClientConnection::new(self.config.clone(), self.name.clone()).map_err(invalid)?;
        let clock = Arc::new(SystemClock::new());
        let mut stream = TlsStream::new(connection, Tcp(socket), clock);
        stream.wait_at_most(self.patience)?;
        stream.handshake()?;
        match speaks_http1(stream.connection()) {
            true => Ok(stream),
            false => Err(other_protocol()),
        }
    }

    /// Whether an idle connection can carry the next request.
    ///
    /// Chapter 05 peeks: bytes that nobody has asked for are the end of it. Here they are records, and it
    /// depends on what is in them. What has come is read, without waiting, and given to rustls:
    ///
    /// - nothing, or a ticket for the next session (RFC 8446 §4.6.1), or new keys (§4.6.3): `true`;
    /// - plaintext that belongs to nobody, a close_notify, an alert, the end of the transport, an error: `false`.
    ///
    /// The socket is in blocking mode before and after.
    fn is_reusable(&self, stream: &mut TlsStream<Tcp>) -> bool {
        let (connection, Tcp(socket)) = stream.parts();
        if socket.set_nonblocking(true).is_err() {
            return false;
        }
        let quiet = is_quiet(connection, socket);
        // Whatever the answer is, the mode is back.
        socket.set_nonblocking(false).is_ok() && quiet
    }
}

/// Whether nothing has come that somebody would have to read.
fn is_quiet(connection: &mut Connection, socket: &mut TcpStream) -> bool {
    loop {
        match connection.process_new_packets() {
            Ok(state) if state.plaintext_bytes_to_read() > 0 || state.peer_has_closed() => {
                return false;
            }
            Ok(_) => {}
            Err(_) => return false,
        }
        match connection.read_tls(socket) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}
