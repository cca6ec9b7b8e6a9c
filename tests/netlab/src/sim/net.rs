//! Nodes and links, and their time.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::ladder;
use super::link::Link;
use super::node::{Deed, Event, Node, Outbox};
use super::queue::Next;
use super::time::Time;
use super::trace::{Counts, Ends, Trace};
use super::way::Way;
use super::wires::Wires;

/// A run that has not come to rest after so many events never will. Its trace still fits the memory.
const MOST_EVENTS: usize = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(pub(super) usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkId(pub(super) usize);

/// A network and its time.
pub struct Net {
    now: Time,
    seed: u64,
    nodes: Vec<Box<dyn Node>>,
    wires: Wires,
    /// For a step, so that none allocates.
    out: Outbox,
    trace: SharedTrace,
    most_events: usize,
}

/// A trace that a laboratory can look at while a node is at work, and never returns from it.
///
/// A lock for many readers: a test may look twice at the same time. None of them can be in the way of the
/// network, which writes through `&mut self`.
pub(crate) type SharedTrace = Arc<RwLock<Trace>>;

impl Net {
    /// An empty network. The seed decides what links do by chance.
    pub fn new(seed: u64) -> Net {
        Net {
            now: Time::ZERO,
            seed,
            nodes: Vec::new(),
            wires: Wires::default(),
            out: Outbox::default(),
            trace: SharedTrace::default(),
            most_events: MOST_EVENTS,
        }
    }

    /// How many events a run may take; at first 100 000.
    pub fn give_up_after(&mut self, events: usize) {
        self.most_events = events;
    }

    pub fn add(&mut self, name: &str, node: impl Node) -> NodeId {
        self.nodes.push(Box::new(node));
        self.wires.add_node();
        write(&self.trace).nodes.push(name.to_owned());
        NodeId(self.nodes.len() - 1)
    }

    /// Joins two nodes. Each gets its next port.
    pub fn join(&mut self, a: NodeId, b: NodeId, link: Link) -> LinkId {
        let ends = [a.0, b.0];
        write(&self.trace).links.push(Ends {
            medium: link.medium,
            nodes: ends,
        });
        LinkId(self.wires.join(ends, link, self.seed))
    }

    /// What a link is made of, to look at or to change for the packets to come.
    pub fn link(&mut self, id: LinkId) -> &mut Link {
        self.wires.link(id.0)
    }

    /// The packets that one node sends to another on the first link that joins them, to plan what
    /// happens to them:
    ///
    /// `net.way(client, server).loses(first(Kind::Data)).repeats(third(Kind::Packet));`
    pub fn way(&mut self, from: NodeId, to: NodeId) -> Way<'_> {
        let link = self.wires.between(from.0, to.0);
        let link = link.expect("a link joins the two nodes");
        self.way_on(LinkId(link), from)
    }

    /// The same for a link that is not the only one between its nodes.
    pub fn way_on(&mut self, link: LinkId, from: NodeId) -> Way<'_> {
        let (direction, to) = self.wires.direction(link.0, from.0);
        Way::new(direction, write(&self.trace), (from.0, to))
    }

    pub fn now(&self) -> Time {
        self.now
    }

    /// What has crossed the links so far.
    pub fn trace(&self) -> impl Deref<Target = Trace> + '_ {
        read(&self.trace)
    }

    pub(crate) fn shared_trace(&self) -> SharedTrace {
        self.trace.clone()
    }

    pub fn counts(&self) -> Counts {
        self.wires.counts()
    }

    /// A node, as what it is.
    pub fn node<T: Node>(&self, id: NodeId) -> &T {
        let node: &dyn Any = &*self.nodes[id.0];
        node.downcast_ref().expect("the node is of this type")
    }

    /// Has a node do something from outside, as an application does: it may send, and set its alarm.
    pub fn with<T: Node, R>(
        &mut self,
        id: NodeId,
        f: impl FnOnce(&mut T, Time, &mut Outbox) -> R,
    ) -> R {
        let mut out = std::mem::take(&mut self.out);
        let node: &mut dyn Any = &mut *self.nodes[id.0];
        let node = node.downcast_mut().expect("the node is of this type");
        let result = f(node, self.now, &mut out);
        self.carry_out(id.0, out);
        result
    }

    /// Sends a packet in a node's name, on its first link.
    pub fn send(&mut self, from: NodeId, packet: Vec<u8>) {
        self.send_on(from, 0, packet);
    }

    /// Sends a packet in a node's name.
    pub fn send_on(&mut self, from: NodeId, port: usize, packet: Vec<u8>) {
        let trace = &mut write(&self.trace);
        self.wires.put(self.now, (from.0, port), packet, trace);
    }

    /// Writes a word beside a node in the trace: what an application does there, what state it is in.
    pub fn say(&mut self, node: NodeId, words: impl Into<String>) {
        write(&self.trace).says(self.now, node.0, words.into());
    }

    /// When something happens next; `None` when the network is at rest.
    pub fn next_time(&mut self) -> Option<Time> {
        self.wires.queue.next_time()
    }

    /// Runs until nothing is under way and no alarm is set.
    ///
    /// # Errors
    ///
    /// When it does not come to rest: two nodes send each other something for ever, or an alarm rings
    /// and is set again.
    pub fn run(&mut self) -> Result<(), Restless> {
        self.run_while(Time::from_nanos(u64::MAX))
    }

    /// Runs what happens up to this moment and at it, and then it is that moment.
    ///
    /// # Errors
    ///
    /// As for [`Net::run`].
    pub fn run_until(&mut self, end: Time) -> Result<(), Restless> {
        self.run_while(end)?;
        self.now = self.now.max(end);
        Ok(())
    }

    fn run_while(&mut self, end: Time) -> Result<(), Restless> {
        for _ in 0..self.most_events {
            match self.wires.queue.pop(end) {
                Some((at, next)) => self.happens(at, next),
                None => return Ok(()),
            }
        }
        match self.next_time() {
            Some(at) if at <= end => Err(self.restless()),
            _ => Ok(()),
        }
    }

    fn happens(&mut self, at: Time, next: Next) {
        let (id, event) = match next {
            Next::Packet { line, packet } => {
                self.wires.counts.delivered += 1;
                let (node, port) = self.wires.end_of(line);
                (node, Event::Arrives { port, packet })
            }
            Next::Alarm { node } => (node, Event::Wakes),
        };
        self.now = at;
        let mut out = std::mem::take(&mut self.out);
        self.nodes[id].step(at, event, &mut out);
        self.carry_out(id, out);
    }

    /// Carries out what a node wants.
    fn carry_out(&mut self, id: usize, mut out: Outbox) {
        let now = self.now;
        if let Some(wake) = out.wake.take() {
            self.wires.queue.wake(id, wake.map(|at| at.max(now)));
        }
        if !out.deeds.is_empty() {
            let trace = &mut write(&self.trace);
            for deed in out.deeds.drain(..) {
                match deed {
                    Deed::Sends { port, packet } => self.wires.put(now, (id, port), packet, trace),
                    Deed::Says(words) => trace.says(now, id, words),
                }
            }
        }
        self.out = out;
    }

    fn restless(&self) -> Restless {
        let trace = read(&self.trace);
        let wakes = self
            .wires
            .queue
            .alarms()
            .map(|node| trace.nodes[node].as_str());
        let wakes: Vec<&str> = wakes.collect();
        let mut summary = format!(
            "after {} events it is {} ms; packets under way: {}",
            self.most_events,
            self.now,
            self.counts().on_the_way
        );
        if !wakes.is_empty() {
            summary.push_str(&format!("; an alarm is set by: {}", wakes.join(", ")));
        }
        Restless {
            summary,
            last: ladder::last(&trace, 8),
        }
    }
}

/// Why a run was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restless {
    /// How things stand, without the packets.
    pub summary: String,
    /// The last packets.
    last: String,
}

impl fmt::Display for Restless {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Restless { summary, last } = self;
        write!(
            f,
            "The network does not come to rest: {summary}.\nThe last packets:\n{last}"
        )
    }
}

impl std::error::Error for Restless {}

// Whole between any two statements, so that a panic of a node is no reason to give up on it.

pub(crate) fn read(trace: &SharedTrace) -> RwLockReadGuard<'_, Trace> {
    trace.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(trace: &SharedTrace) -> RwLockWriteGuard<'_, Trace> {
    trace.write().unwrap_or_else(PoisonError::into_inner)
}
