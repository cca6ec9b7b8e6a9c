//! Step 8: a host.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use packets::Flow;
use tcp_open::{Notice, State, Vars};

use crate::Config;

/// The name of a connection, for the program. It is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What [`Host::recv`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// At least one byte.
    Data(Vec<u8>),
    /// Nothing has come yet.
    Nothing,
    /// Nothing comes any more: the peer has closed, or there is no connection.
    End,
}

/// Why a call of the program fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody listens on this port already.
    PortInUse,
    /// All ports from [`Host::FIRST_PORT`] on are used towards this peer.
    NoPortLeft,
}

/// A host with one address, and any number of connections. It has no clock and no network: datagrams go in by
/// [`Host::arrives`], and what leaves comes out of [`Host::poll`]. That is called after every other call that takes `now`, and when
/// [`Host::wake_at`] says so.
#[derive(Debug)]
pub struct Host {
    // Your fields.
}

impl Host {
    /// Where the ports begin that [`Host::connect`] chooses (RFC 6335, section 6).
    pub const FIRST_PORT: u16 = 49152;

    /// Nobody listens, and there are no connections. Each will have this configuration, but for its ISN.
    pub fn new(addr: Ipv4Addr, secret: [u8; 16], config: Config) -> Host {
        todo!("12.8 Host::new({addr}, {secret:02x?}, {config:?}): no listener, no connection")
    }

    /// The program listens on a port. `backlog` connections at most, at least 1, wait to be accepted, whatever their state: not
    /// open yet, open, or reset since. When there are as many, a SYN is ignored, and its sender repeats it.
    ///
    /// # Errors
    ///
    /// [`Refusal::PortInUse`].
    pub fn listen(&mut self, port: u16, backlog: usize) -> Result<(), Refusal> {
        todo!("12.8 listen({port}, {backlog}): a queue for this port")
    }

    /// Takes the oldest connection that is open out of the queue of this port: the one whose SYN came first. It is open if it has
    /// been ESTABLISHED, whatever has become of it since.
    pub fn accept(&mut self, port: u16) -> Option<ConnId> {
        todo!("12.8 accept({port}): the oldest that is open")
    }

    /// The program wants a connection. It has the next port of ours, counted up from [`Host::FIRST_PORT`] to 65535 and round
    /// again, that has no connection with this peer. One that is CLOSED does not count, even if the program still has its name.
    /// To ask about a port is one look-up: whoever goes through all connections for each port is far too slow when all are used.
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

    /// [`crate::Connection::close`]. The program gives up the name, and nothing of the connection is kept once it is CLOSED.
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

    /// Between whom a connection is: from us to the peer.
    pub fn flow(&self, id: ConnId) -> Option<Flow> {
        todo!("12.8 flow({id:?})")
    }

    /// How many connections are kept, in whatever state.
    pub fn count(&self) -> usize {
        todo!("12.8 count(): how many connections are kept?")
    }

    /// Takes a datagram.
    ///
    /// It is ignored if it carries no segment ([`crate::from_bytes`]), is not for our address, or comes from an address that no single
    /// host has: a multicast address, 255.255.255.255 or 0.0.0.0 (RFC 9293, section 3.9.2.3).
    ///
    /// A segment belongs to the connection between its two sockets. If there is none, or it is CLOSED, a SYN without ACK (and without
    /// FIN) to a port where somebody listens begins one, as long as there is room ([`Host::listen`]). To any other the answer is that
    /// of chapter 09's [`tcp_open::answer_in_closed`].
    ///
    /// A SYN by which the peer reopens a connection that is in TIME-WAIT ([`crate::Connection::reopens`]) begins a new one as
    /// well, if somebody listens and there is room. The old one is CLOSED (`waits_no_longer`), and what it has brought can
    /// still be read. The new ISN is the usual one or, if that comes before it, the one that `reopens` gives. Without room the
    /// SYN is ignored, and TIME-WAIT stays: without it, nobody would know the lowest ISN when the SYN comes again.
    pub fn arrives(&mut self, now: Duration, datagram: &[u8]) {
        todo!("12.8 arrives({now:?}, {datagram:02x?}): for us, and for which connection?")
    }

    /// Gives the datagrams that leave now.
    pub fn poll(&mut self, now: Duration) -> Vec<Vec<u8>> {
        todo!("12.8 poll({now:?}): whatever leaves now, as bytes")
    }

    /// When [`Host::poll`] is due, if nothing happens before. A time that has passed means at once. It is due at once after each
    /// call by which something may have to leave: after [`Host::send`] and [`Host::recv`], too.
    pub fn wake_at(&self) -> Option<Duration> {
        todo!("12.8 wake_at(): the first alarm of all connections")
    }
}
