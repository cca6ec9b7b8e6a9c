//! What is at the end of a link.

use std::any::Any;

use super::time::Time;

/// A host, a router, a NAT: a machine without a clock, a thread or a socket of its own.
pub trait Node: Any {
    /// Something happens at `now`. What comes of it goes into `out`.
    fn step(&mut self, now: Time, event: Event, out: &mut Outbox);
}

#[derive(Debug)]
pub enum Event {
    /// A packet, or on Ethernet a frame, comes in.
    Arrives {
        /// The link it comes from: a node's links are counted from 0 in the order in which they
        /// were joined.
        port: usize,
        packet: Vec<u8>,
    },
    /// The time that the node asked for with [`Outbox::wake_at`].
    Wakes,
}

/// What a node sends, and when it wants to be woken.
#[derive(Debug, Default)]
pub struct Outbox {
    pub(super) deeds: Vec<Deed>,
    pub(super) wake: Option<Option<Time>>,
}

/// What a node does, in its order.
#[derive(Debug)]
pub(super) enum Deed {
    Sends { port: usize, packet: Vec<u8> },
    Says(String),
}

impl Outbox {
    /// Puts a packet onto a link.
    pub fn send(&mut self, port: usize, packet: Vec<u8>) {
        self.deeds.push(Deed::Sends { port, packet });
    }

    /// Writes a word beside the node in the trace, at this moment: `connect()`, `SYN-RECEIVED`.
    pub fn say(&mut self, words: impl Into<String>) {
        self.deeds.push(Deed::Says(words.into()));
    }

    /// Asks to be woken, once. A node has one alarm: a later call replaces an earlier one. A time
    /// that has passed means at once.
    pub fn wake_at(&mut self, time: Time) {
        self.wake = Some(Some(time));
    }

    /// Takes the alarm back.
    pub fn do_not_wake(&mut self) {
        self.wake = Some(None);
    }
}
