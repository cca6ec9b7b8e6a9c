//! Step 7: all of it on your own stack.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use udp_dns_lookup::{Answer, LookupError, Patience};

use crate::{Line, Network, Secured};

/// A cable, with nothing but IPv4 datagrams on it. Some are lost.
pub trait Wire {
    /// The time since some moment that never changes.
    fn now(&self) -> Duration;

    /// Sends a datagram.
    fn send(&mut self, datagram: Vec<u8>);

    /// Waits for a datagram. `None`: it is `until`, and none has come.
    fn receive(&mut self, until: Duration) -> Option<Vec<u8>>;
}

/// How long the other side of a line that was dropped is listened to.
pub const GOODBYE: Duration = Duration::from_secs(5);

/// A host at the end of a cable that needs no kernel: UDP and IP of chapters 06 and 07 for names, TCP of chapter 12 for lines,
/// chapter 14's TLS on top. Lines of it stay valid as long as they live.
///
/// A line that is dropped hangs up: it sends its FIN at once. What still comes is read and thrown away, until the other side has ended, too, or
/// [`GOODBYE`] is over; then the connection is closed. Without that, the other side's last words, such as its close_notify, would be answered by
/// a RST.
pub struct Stack<W: Wire> {
    // What belongs here is yours to decide: lines share the machine with it.
    _wire: std::marker::PhantomData<W>,
}

impl<W: Wire + 'static> Stack<W> {
    /// A host with this address, whose questions about names go to `dns`. Whatever must not be foreseen (ISN, ids and ports of questions) comes
    /// from `secret`. `config` is as for [`tls_over`](crate::tls_over). TCP's settings are the usual ones, without Nagle's algorithm, which would hold back the request
    /// until the end of the handshake is acknowledged.
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
            "17.7 Stack::new(wire, {addr}, {dns}, {patience:?}, secret, config): a delivery::Host, a tcp_close::Host and the wire, shared with all lines"
        )
    }

    /// Lets the machine go on for as long as `limit`, or until its TCP keeps no connection: those whose lines were dropped still have
    /// something to send and to hear, up to the end of TIME-WAIT.
    pub fn settle(&mut self, limit: Duration) {
        todo!("17.7 stack.settle({limit:?}): go on until TCP keeps no connection")
    }
}

impl<W: Wire + 'static> Network for Stack<W> {
    fn now(&self) -> Duration {
        todo!("17.7 stack.now(): the time of the wire")
    }

    /// As chapter 01's `lookup_ip`, with these differences: it asks for A only, since this host has no IPv6; an answer of UDP
    /// is all that it takes (one that was cut off is `LookupError::TimedOut`, after the last try); and a name without an address is `NoData`
    /// even if the server names others to ask.
    ///
    /// Each try is a question with an id and a port of its own, one of the dynamic ports (from 49152, RFC 6335 §6), and the reply is judged
    /// by chapter 01's `judge_reply`. What comes and is no reply to it gives the try no more time.
    fn lookup(&mut self, host: &str) -> Result<Answer, LookupError> {
        todo!(
            "17.7 stack.lookup({host:?}): a question in UDP in IP, and wait for a reply that judge_reply accepts; ask again when its time is up"
        )
    }

    fn begin(&mut self, to: SocketAddr) {
        todo!("17.7 stack.begin({to}): connect of chapter 12's Host")
    }

    fn connected(&mut self, until: Duration) -> Option<(SocketAddr, io::Result<Line>)> {
        todo!(
            "17.7 stack.connected({until:?}): let the machine go on until an attempt has left SYN-SENT, or it is that moment"
        )
    }

    fn give_up(&mut self) {
        todo!("17.7 stack.give_up(): abort all attempts")
    }

    fn secure(&mut self, line: Line, host: &str, limit: Duration) -> io::Result<Secured> {
        let _ = line;
        todo!(
            "17.7 stack.secure(line, {host:?}, {limit:?}): tls_over of step 6, with a clock that follows the wire"
        )
    }
}
