//! Step 8: a host.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use packets::Flow;
use tcp_open::{Notice, State, Vars};

use crate::Config;

/// The name of a connection, for the program. It is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// The result of [`Host::recv`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// At least one byte.
    Data(Vec<u8>),
    /// Nothing has come yet.
    Nothing,
    /// No more data comes: the peer has closed, or there is no connection.
    End,
}

/// Why a call of the program fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Another listener has this port.
    PortInUse,
    /// All ports from [`Host::FIRST_PORT`] on are in use towards this peer.
    NoPortLeft,
}

/// A host with one address, and any number of connections. It has no clock and no network:
/// datagrams go in with [`Host::arrives`] and come out of [`Host::poll`]. `poll` is called after
/// every other call that takes `now`, and at the time of [`Host::wake_at`].
#[derive(Debug)]
pub struct Host {
    // Your fields.
}

impl Host {
    /// The first of the ports that [`Host::connect`] chooses (RFC 6335, section 6).
    pub const FIRST_PORT: u16 = 49152;

    /// There are no listeners and no connections. Each connection will have this configuration,
    /// except for its ISN.
    pub fn new(addr: Ipv4Addr, secret: [u8; 16], config: Config) -> Host {
        todo!("12.8 Host::new({addr}, {secret:02x?}, {config:?}): no listener, no connection")
    }

    /// The program listens on a port. At most `backlog` connections (at least 1) wait to be
    /// accepted, in any state: not open yet, open, or reset since. When that many wait, a SYN is
    /// ignored, and its sender repeats it.
    ///
    /// # Errors
    ///
    /// [`Refusal::PortInUse`].
    pub fn listen(&mut self, port: u16, backlog: usize) -> Result<(), Refusal> {
        todo!("12.8 listen({port}, {backlog}): a queue for this port")
    }

    /// Takes the oldest connection that is open out of the queue of this port: the one whose SYN
    /// came first. It is open if it has been ESTABLISHED, whatever its state is now.
    pub fn accept(&mut self, port: u16) -> Option<ConnId> {
        todo!("12.8 accept({port}): the oldest that is open")
    }

    /// The program wants a connection. It gets our next port that has no connection with this peer,
    /// counted up from [`Host::FIRST_PORT`] to 65535 and round again. A CLOSED connection does not
    /// count, even if the program still has its name. The check of a port must be one look-up: a
    /// loop over all connections for each port is far too slow when all ports are in use.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoPortLeft`].
    pub fn connect(&mut self, now: Duration, peer: SocketAddrV4) -> Result<ConnId, Refusal> {
        todo!("12.8 connect({now:?}, {peer}): a port, an ISN, a connection")
    }

    /// [`crate::Connection::send`]; 0 if there is no such connection.
    pub fn send(&mut self, id: ConnId, data: &[u8]) -> usize {
        todo!("12.8 send({id:?}, {} bytes)", data.len())
    }

    /// [`crate::Connection::recv`], with at most `max` bytes; `max` is at least 1.
    pub fn recv(&mut self, id: ConnId, max: usize) -> Received {
        todo!("12.8 recv({id:?}, {max}): data, nothing yet, or the end?")
    }

    /// [`crate::Connection::shutdown`].
    pub fn shutdown(&mut self, now: Duration, id: ConnId) {
        todo!("12.8 shutdown({now:?}, {id:?})")
    }

    /// [`crate::Connection::close`]. The program gives up the name, and the connection is forgotten
    /// once it is CLOSED.
    pub fn close(&mut self, now: Duration, id: ConnId) {
        todo!("12.8 close({now:?}, {id:?}): the connection closes, and the name is given up")
    }

    /// [`crate::Connection::abort`], and as [`Host::close`].
    pub fn abort(&mut self, now: Duration, id: ConnId) {
        todo!("12.8 abort({now:?}, {id:?}): the connection aborts, and the name is given up")
    }

    /// What the program is told of a connection since it was last asked.
    pub fn take_notices(&mut self, id: ConnId) -> Vec<Notice> {
        todo!("12.8 take_notices({id:?})")
    }

    /// The state of a connection; CLOSED if there is none of this name.
    pub fn state(&self, id: ConnId) -> State {
        todo!("12.8 state({id:?})")
    }

    /// The variables of a connection.
    pub fn vars(&self, id: ConnId) -> Option<Vars> {
        todo!("12.8 vars({id:?})")
    }

    /// The two sockets of a connection: from us to the peer.
    pub fn flow(&self, id: ConnId) -> Option<Flow> {
        todo!("12.8 flow({id:?})")
    }

    /// How many connections are kept, in any state.
    pub fn count(&self) -> usize {
        todo!("12.8 count(): how many connections are kept?")
    }

    /// Takes a datagram.
    ///
    /// It is ignored if it carries no segment ([`crate::from_bytes`]), is not for our address, or comes from an address that no single
    /// host has: a multicast address, 255.255.255.255 or 0.0.0.0 (RFC 9293, section 3.9.2.3).
    ///
    /// A segment belongs to the connection between its two sockets. If there is none, or it is
    /// CLOSED, a SYN without ACK (and without FIN) to a listening port begins one, as long as there
    /// is room ([`Host::listen`]). Any other segment gets the answer of chapter 09's
    /// [`tcp_open::answer_in_closed`].
    ///
    /// A SYN by which the peer reopens a connection that is in TIME-WAIT
    /// ([`crate::Connection::reopens`]) also begins a new one, if the port is listening and there
    /// is room. The old one is CLOSED (`waits_no_longer`), and its data can still be read. The new
    /// ISN is the later one of the usual ISN and the one that `reopens` returns. Without room the
    /// SYN is ignored, and TIME-WAIT stays: without it, the lowest ISN would be unknown when the
    /// SYN comes again.
    pub fn arrives(&mut self, now: Duration, datagram: &[u8]) {
        todo!("12.8 arrives({now:?}, {datagram:02x?}): for us, and for which connection?")
    }

    /// Returns the datagrams that leave now.
    pub fn poll(&mut self, now: Duration) -> Vec<Vec<u8>> {
        todo!("12.8 poll({now:?}): everything that leaves now, as bytes")
    }

    /// When [`Host::poll`] is due, if nothing happens before. A past time means at once. It is due
    /// at once after each call that may cause a segment: after [`Host::send`] and [`Host::recv`],
    /// too.
    pub fn wake_at(&self) -> Option<Duration> {
        todo!("12.8 wake_at(): the first alarm of all connections")
    }
}
