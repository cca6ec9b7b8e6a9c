//! A host without behaviour.

use super::node::{Event, Node, Outbox};
use super::time::Time;

/// Keeps what comes, and does nothing by itself: a test sends in its name with
/// [`Net::send`](super::Net::send).
#[derive(Debug, Default)]
pub struct Inbox {
    arrived: Vec<Arrival>,
}

/// A packet that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub at: Time,
    pub port: usize,
    pub packet: Vec<u8>,
}

impl Inbox {
    /// Everything that has come, the earliest first.
    pub fn arrived(&self) -> &[Arrival] {
        &self.arrived
    }

    /// The bytes of everything that has come.
    pub fn packets(&self) -> Vec<&[u8]> {
        self.arrived.iter().map(|it| it.packet.as_slice()).collect()
    }
}

impl Node for Inbox {
    fn step(&mut self, now: Time, event: Event, _out: &mut Outbox) {
        if let Event::Arrives { port, packet } = event {
            self.arrived.push(Arrival {
                at: now,
                port,
                packet,
            });
        }
    }
}
