//! Given: a host with a program, as a node of a simulated network.

use std::any::Any;
use std::time::Duration;

use netlab::sim::{Event, Node, Outbox, Time};

use crate::Host;

/// What runs on a host, with what it remembers. It is asked whenever something may have changed, until it has nothing to do, and
/// says whether it has done something.
pub type Program<T> = fn(&mut Host, Duration, &mut T) -> bool;

/// A host, its program, and what that remembers.
pub struct Site<T: 'static> {
    pub host: Host,
    pub memory: T,
    program: Program<T>,
}

impl<T> Site<T> {
    pub fn new(host: Host, memory: T, program: Program<T>) -> Site<T> {
        Site {
            host,
            memory,
            program,
        }
    }

    /// Starts the program: for [`netlab::sim::Net::with`].
    pub fn start(&mut self, now: Time, out: &mut Outbox) {
        let at = now - Time::ZERO;
        loop {
            let acts = (self.program)(&mut self.host, at, &mut self.memory);
            for datagram in self.host.poll(at) {
                out.send(0, datagram);
            }
            if !acts {
                break;
            }
        }
        match self.host.wake_at() {
            Some(wake) => out.wake_at((Time::ZERO + wake).max(now)),
            None => out.do_not_wake(),
        }
    }
}

impl<T: Any> Node for Site<T> {
    fn step(&mut self, now: Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { packet, .. } = event {
            self.host.arrives(now - Time::ZERO, &packet);
        }
        self.start(now, out);
    }
}
