//! Step 5: HTTPS, which is HTTP in a stream of step 3.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use connection_pool::Manager;
use http1::{App, Limits, Stream};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use crate::{Site, StreamClock, Tcp, TlsStream};

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
    let (_, sites) = (transport, sites.len());
    todo!(
        "14.5 accept(transport, {sites} sites, {limits:?}) at {:?}: read until client_hello has an answer; refuse in the client's language, or pick a site, give the bytes to its ServerConnection, and shake hands",
        clock.now()
    )
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
    let (_, _) = (transport, app);
    todo!(
        "14.5 serve_https(transport, {} sites, app, {limits:?}) at {:?}: accept, look at what ALPN agreed on, serve_connection",
        sites.len(),
        clock.now()
    )
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
        let (addr, name, patience) = (self.addr, &self.name, self.patience);
        todo!(
            "14.5 connect() to {addr} as {name:?} within {patience:?}: TCP, a ClientConnection, the handshake, and what ALPN says"
        )
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
        todo!("14.5 is_reusable({stream:?}): what has come, and what does it mean?")
    }
}
