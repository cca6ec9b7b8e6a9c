//! Step 6: two queues.

use std::net::SocketAddrV4;
use std::time::Duration;

use crate::{Config, Segment, Tcb};

/// How many connections a listener keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The SYN queue: those that are in SYN-RECEIVED.
    pub half_open: usize,
    /// The accept queue, which `listen` calls the backlog: those that are ESTABLISHED and wait for the program.
    pub waiting: usize,
}

/// A socket that listens. It needs no program to open a connection: `accept` only takes one that is open.
#[derive(Debug)]
pub struct Listener {
    // Your fields.
}

impl Listener {
    /// Both queues are empty. Each connection has this configuration, but for its ISN: that is `isn` of the
    /// secret, `local`, the peer, and the time at which its SYN comes.
    pub fn new(local: SocketAddrV4, secret: [u8; 16], config: Config, limits: Limits) -> Listener {
        todo!("9.6 Listener::new({local}, {secret:02x?}, {config:?}, {limits:?}): two empty queues")
    }

    /// Takes a segment that `peer` sent to `local`. All segments that are returned go to `peer`.
    ///
    /// If a connection with this peer is in one of the queues, the segment is that connection's. If not, it is a
    /// new connection's that is in LISTEN: that is kept if it comes to SYN-RECEIVED, and forgotten if not.
    ///
    /// - A connection that leaves SYN-RECEIVED leaves the SYN queue. If it is ESTABLISHED, it goes to the end of
    ///   the accept queue.
    /// - A connection in the accept queue stays there, whatever becomes of it: one that was reset is accepted,
    ///   and is CLOSED.
    ///
    /// When there is no room, nobody is told. The segment is ignored, as if the network had lost it, and its
    /// sender sends it again:
    ///
    /// - A SYN that would begin a connection, if either queue is full.
    /// - A segment by which a connection would be ESTABLISHED, if the accept queue is full. It stays in
    ///   SYN-RECEIVED, and its timer goes on.
    pub fn arrives(
        &mut self,
        now: Duration,
        peer: SocketAddrV4,
        segment: &Segment,
    ) -> Vec<Segment> {
        todo!("9.6 arrives({now:?}, {peer}, {segment:?}): which queue is it in, and is there room?")
    }

    /// Time has passed: gives what the connections in the SYN queue send, and to whom, in any order. Those that
    /// give up are forgotten.
    pub fn tick(&mut self, now: Duration) -> Vec<(SocketAddrV4, Segment)> {
        todo!("9.6 tick({now:?}): what the SYN queue sends again")
    }

    /// When [`Listener::tick`] is due: when the first timer's time is over.
    pub fn wake_at(&self) -> Option<Duration> {
        todo!("9.6 wake_at(): the first timer of the SYN queue")
    }

    /// Takes the connection that has been ESTABLISHED for the longest time out of the accept queue, with its
    /// peer. From then on its segments are the caller's.
    pub fn accept(&mut self) -> Option<(SocketAddrV4, Tcb)> {
        todo!("9.6 accept(): the one that has waited longest")
    }
}
