//! Step 6: two queues.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::{Config, Event, Segment, State, Tcb, isn};

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
    local: SocketAddrV4,
    secret: [u8; 16],
    config: Config,
    limits: Limits,
    half_open: BTreeMap<SocketAddrV4, Tcb>,
    waiting: VecDeque<(SocketAddrV4, Tcb)>,
}

impl Listener {
    /// Both queues are empty. Each connection has this configuration, except for its ISN: that is
    /// `isn` of the secret, `local`, the peer, and the time when its SYN comes.
    pub fn new(local: SocketAddrV4, secret: [u8; 16], config: Config, limits: Limits) -> Listener {
        Listener {
            local,
            secret,
            config,
            limits,
            half_open: BTreeMap::new(),
            waiting: VecDeque::new(),
        }
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
        let event = Event::Arrives(segment);
        if let Some((_, tcb)) = self.waiting.iter_mut().find(|(it, _)| *it == peer) {
            return tcb.step(now, event).segments;
        }
        let known = self.half_open.get(&peer);
        let mut tcb = known.cloned().unwrap_or_else(|| self.listen(now, peer));
        let output = tcb.step(now, event);
        let no_room = self.waiting.len() >= self.limits.waiting;
        match tcb.state() {
            State::Established if no_room => return Vec::new(),
            State::Established => {
                self.half_open.remove(&peer);
                self.waiting.push_back((peer, tcb));
            }
            State::SynReceived => {
                let is_new = known.is_none();
                if is_new && (no_room || self.half_open.len() >= self.limits.half_open) {
                    return Vec::new();
                }
                self.half_open.insert(peer, tcb);
            }
            _ => {
                self.half_open.remove(&peer);
            }
        }
        output.segments
    }

    /// Time has passed: returns the segments that the connections in the SYN queue send, each with
    /// its peer, in any order. Connections that give up are forgotten.
    pub fn tick(&mut self, now: Duration) -> Vec<(SocketAddrV4, Segment)> {
        let mut sent = Vec::new();
        self.half_open.retain(|peer, tcb| {
            let output = tcb.step(now, Event::Tick);
            sent.extend(output.segments.into_iter().map(|segment| (*peer, segment)));
            tcb.state() == State::SynReceived
        });
        sent
    }

    /// When [`Listener::tick`] is due: when the first timer's time is over.
    pub fn wake_at(&self) -> Option<Duration> {
        let timers = self.half_open.values().filter_map(|tcb| tcb.timer);
        timers.map(|timer| timer.at).min()
    }

    /// Takes the connection that has been ESTABLISHED for the longest time out of the accept queue, with its
    /// peer. From then on the caller handles its segments.
    pub fn accept(&mut self) -> Option<(SocketAddrV4, Tcb)> {
        self.waiting.pop_front()
    }

    fn listen(&self, now: Duration, peer: SocketAddrV4) -> Tcb {
        let iss = isn(&self.secret, self.local, peer, now);
        let mut tcb = Tcb::new(Config { iss, ..self.config });
        tcb.step(now, Event::Listen);
        tcb
    }
}
