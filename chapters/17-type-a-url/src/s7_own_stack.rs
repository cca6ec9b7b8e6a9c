//! Step 7: the whole page over your own stack.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use udp_dns_lookup::{Answer, LookupError, Patience};

use crate::{Connection, Network, Secured};

/// A link that carries IPv4 datagrams, and loses some of them.
pub trait Wire {
    /// The time since some moment that never changes.
    fn now(&self) -> Duration;

    /// Sends a datagram.
    fn send(&mut self, datagram: Vec<u8>);

    /// Waits for a datagram. `None`: the time is `until`, and none has come.
    fn receive(&mut self, until: Duration) -> Option<Vec<u8>>;
}

/// How long a dropped connection goes on receiving, if the other side does not end.
pub const LINGER: Duration = Duration::from_secs(5);

/// A host that needs no kernel: UDP and IP of chapters 06 and 07 for names, TCP of chapter 12 for connections, and chapter 14's
/// TLS on top. Its connections work for as long as they live.
///
/// A dropped connection sends its FIN at once. Data that still arrives is read and thrown away, until the other side has ended,
/// too, or [`LINGER`] is over. Then the connection is closed. Without this, the last data of the other side, such as its
/// close_notify, would be answered by a RST.
pub struct Stack<W: Wire> {
    // What belongs here is yours to decide: connections share the machine with it.
    _wire: std::marker::PhantomData<W>,
}

impl<W: Wire + 'static> Stack<W> {
    /// A host with this address. It sends DNS queries to `dns`. Numbers that an attacker must not predict (ISNs, ids and ports of
    /// queries) come from `secret`. `config` is as for [`tls_over`](crate::tls_over). TCP has its usual settings, without Nagle's
    /// algorithm, which would hold back the request until the end of the handshake is acknowledged.
    pub fn new(
        wire: W,
        addr: Ipv4Addr,
        dns: SocketAddrV4,
        patience: Patience,
        secret: [u8; 16],
        config: Arc<ClientConfig>,
    ) -> Stack<W> {
        let _ = (wire, secret, config);
        todo!(
            "17.7 Stack::new(wire, {addr}, {dns}, {patience:?}, secret, config): a delivery::Host, a tcp_close::Host and the wire, shared with all connections"
        )
    }

    /// Runs the stack for `limit`, or until its TCP has no connection. Dropped connections still have data to send and to receive,
    /// up to the end of TIME-WAIT.
    pub fn settle(&mut self, limit: Duration) {
        todo!("17.7 stack.settle({limit:?}): run the stack until TCP has no connection")
    }
}

impl<W: Wire + 'static> Network for Stack<W> {
    fn now(&self) -> Duration {
        todo!("17.7 stack.now(): the time of the wire")
    }

    /// As chapter 01's `lookup_ip`, with these differences:
    ///
    /// - It asks for A only, since this host has no IPv6.
    /// - It uses UDP only. A truncated reply (TC) is ignored; if there is no other, the result is `LookupError::TimedOut`.
    /// - A name without an address is `NoData`, even if the reply names other servers to ask.
    ///
    /// Each try is a query with its own id and its own port, which is a dynamic one (from 49152, RFC 6335 §6). Chapter 01's
    /// `judge_reply` judges what comes. A datagram that it refuses does not extend the time of the try.
    fn lookup(&mut self, host: &str) -> Result<Answer, LookupError> {
        todo!(
            "17.7 stack.lookup({host:?}): a query in UDP in IP, and wait for a reply that judge_reply accepts; send another query when its time is up"
        )
    }

    fn begin(&mut self, to: SocketAddr) {
        todo!("17.7 stack.begin({to}): connect of chapter 12's Host")
    }

    fn connected(&mut self, until: Duration) -> Option<(SocketAddr, io::Result<Connection>)> {
        todo!(
            "17.7 stack.connected({until:?}): run the stack until an attempt has left SYN-SENT, or until that moment"
        )
    }

    fn give_up(&mut self) {
        todo!("17.7 stack.give_up(): abort all attempts")
    }

    fn secure(
        &mut self,
        connection: Connection,
        host: &str,
        limit: Duration,
    ) -> io::Result<Secured> {
        let _ = connection;
        todo!(
            "17.7 stack.secure(connection, {host:?}, {limit:?}): tls_over of step 6, with a clock that follows the wire"
        )
    }
}
