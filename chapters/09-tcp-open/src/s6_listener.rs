//! Step 6: two queues.

use std::net::SocketAddrV4;
use std::time::Duration;

use crate::{Config, Segment, Tcb};

/// How many connections a listener keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The SYN queue: connections in SYN-RECEIVED.
    pub half_open: usize,
    /// The accept queue, which `listen` calls the backlog: connections that are ESTABLISHED and
    /// wait for the program.
    pub waiting: usize,
}

/// A socket that listens. It opens connections without the program: `accept` only takes one that is
/// open.
#[derive(Debug)]
pub struct Listener {
    // Your fields.
}

impl Listener {
    /// Both queues are empty. Each connection has this configuration, except for its ISN: that is
    /// `isn` of the secret, `local`, the peer, and the time when its SYN comes.
    pub fn new(local: SocketAddrV4, secret: [u8; 16], config: Config, limits: Limits) -> Listener {
        todo!("9.6 Listener::new({local}, {secret:02x?}, {config:?}, {limits:?}): two empty queues")
    }

    /// Takes a segment that `peer` sent to `local`. All segments that are returned go to `peer`.
    ///
    /// If a connection with this peer is in one of the queues, that connection gets the segment. If
    /// not, a new connection in LISTEN gets it: it is kept if it reaches SYN-RECEIVED, and
    /// forgotten if not.
    ///
    /// - A connection that leaves SYN-RECEIVED leaves the SYN queue. If it is ESTABLISHED, it goes to the end of
    ///   the accept queue.
    /// - A connection in the accept queue stays there, whatever its state becomes: one that was
    ///   reset is accepted, and is CLOSED.
    ///
    /// When there is no room, no error is sent. The segment is ignored, as if the network had lost
    /// it, and its sender sends it again:
    ///
    /// - A SYN that would begin a connection, if either queue is full.
    /// - A segment that would make a connection ESTABLISHED, if the accept queue is full. The
    ///   connection stays in SYN-RECEIVED, and its timer goes on.
    pub fn arrives(
        &mut self,
        now: Duration,
        peer: SocketAddrV4,
        segment: &Segment,
    ) -> Vec<Segment> {
        todo!("9.6 arrives({now:?}, {peer}, {segment:?}): which queue is it in, and is there room?")
    }

    /// Time has passed: returns the segments that the connections in the SYN queue send, each with
    /// its peer, in any order. Connections that give up are forgotten.
    pub fn tick(&mut self, now: Duration) -> Vec<(SocketAddrV4, Segment)> {
        todo!("9.6 tick({now:?}): what the SYN queue sends again")
    }

    /// When [`Listener::tick`] is due: when the first timer's time is over.
    pub fn wake_at(&self) -> Option<Duration> {
        todo!("9.6 wake_at(): the first timer of the SYN queue")
    }

    /// Takes the connection that has been ESTABLISHED for the longest time out of the accept queue, with its
    /// peer. From then on the caller handles its segments.
    pub fn accept(&mut self) -> Option<(SocketAddrV4, Tcb)> {
        todo!("9.6 accept(): the connection that has waited longest")
    }
}
