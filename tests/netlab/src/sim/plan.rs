//! Explicit plans: which packets of a link's direction a fault is for, and what it does to them.

use std::fmt;
use std::time::Duration;

use super::decode::{self, Transport};
use super::medium::Medium;

/// A kind of packet, as a reader names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Every packet.
    Packet,
    /// A TCP segment that carries bytes.
    Data,
    /// SYN without ACK.
    Syn,
    SynAck,
    /// ACK and nothing else: no data, no SYN, FIN or RST.
    Ack,
    Fin,
    Rst,
    Tcp,
    Udp,
    /// ICMP, also that of IPv6.
    Icmp,
    Arp,
    /// A piece of a larger IP packet.
    Fragment,
}

impl Kind {
    /// Whether a packet is of this kind. It goes by the headers, without a look at checksums. A fragment
    /// is a fragment and nothing else.
    pub fn takes(self, medium: Medium, packet: &[u8]) -> bool {
        if self == Kind::Packet {
            return true;
        }
        let transport = decode::transport(medium, packet);
        match (self, transport) {
            (Kind::Tcp, Transport::Tcp { .. })
            | (Kind::Udp, Transport::Udp)
            | (Kind::Icmp, Transport::Icmp)
            | (Kind::Arp, Transport::Arp)
            | (Kind::Fragment, Transport::Fragment) => true,
            (kind, Transport::Tcp { flags, length }) => {
                let has = |bits| flags & bits != 0;
                match kind {
                    Kind::Data => length > 0,
                    Kind::Syn => has(decode::SYN) && !has(decode::ACK),
                    Kind::SynAck => has(decode::SYN) && has(decode::ACK),
                    Kind::Ack => {
                        has(decode::ACK)
                            && !has(decode::SYN | decode::FIN | decode::RST)
                            && length == 0
                    }
                    Kind::Fin => has(decode::FIN),
                    Kind::Rst => has(decode::RST),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Packet => "packet",
            Kind::Data => "data segment",
            Kind::Syn => "SYN",
            Kind::SynAck => "SYN,ACK",
            Kind::Ack => "bare ACK",
            Kind::Fin => "FIN",
            Kind::Rst => "RST",
            Kind::Tcp => "TCP segment",
            Kind::Udp => "UDP datagram",
            Kind::Icmp => "ICMP message",
            Kind::Arp => "ARP packet",
            Kind::Fragment => "fragment",
        }
    }
}

/// Which packets of a direction: `first(Kind::Data)`, `every(Kind::Arp)`.
///
/// They are counted from when the plan is made, in the order in which they are put onto the link.
pub struct Which {
    /// Counted from 1; every one where it says nothing.
    nth: Option<usize>,
    kind: Kind,
    also: Option<(String, Filter)>,
}

type Filter = Box<dyn Fn(&[u8]) -> bool>;

pub fn first(kind: Kind) -> Which {
    nth(1, kind)
}

pub fn second(kind: Kind) -> Which {
    nth(2, kind)
}

pub fn third(kind: Kind) -> Which {
    nth(3, kind)
}

pub fn fourth(kind: Kind) -> Which {
    nth(4, kind)
}

/// The n-th of this kind, counted from 1.
pub fn nth(n: usize, kind: Kind) -> Which {
    Which {
        nth: Some(n),
        kind,
        also: None,
    }
}

pub fn every(kind: Kind) -> Which {
    Which {
        nth: None,
        kind,
        also: None,
    }
}

impl Which {
    /// Only those of the kind that satisfy a condition, too. `name` follows the kind's when it is told:
    /// `second(Kind::Udp).that("asks for AAAA", |packet| …)`. The bytes are those on the link, an Ethernet
    /// header included.
    pub fn that(self, name: &str, filter: impl Fn(&[u8]) -> bool + 'static) -> Which {
        Which {
            also: Some((name.to_owned(), Box::new(filter))),
            ..self
        }
    }
}

/// `the first data segment`.
impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let kind = self.kind.name();
        match self.nth {
            None => write!(f, "every {kind}"),
            Some(1) => write!(f, "the first {kind}"),
            Some(2) => write!(f, "the second {kind}"),
            Some(3) => write!(f, "the third {kind}"),
            Some(4) => write!(f, "the fourth {kind}"),
            Some(n) => write!(f, "{kind} {n}"),
        }?;
        match &self.also {
            Some((name, _)) => write!(f, " that {name}"),
            None => Ok(()),
        }
    }
}

/// What a plan does to a packet.
pub(super) enum Fault {
    Lose,
    /// A second copy comes right behind the first.
    Repeat,
    /// It comes right behind another one.
    After(Counter),
    /// This much later than it would.
    Late(Duration),
    /// One bit is turned over. Bit 0 is the lowest.
    Flip {
        byte: u32,
        bit: u8,
    },
}

/// Counts the packets of a direction until it is the one's turn.
pub(super) struct Counter {
    which: Which,
    seen: usize,
}

impl Counter {
    pub fn new(which: Which) -> Counter {
        Counter { which, seen: 0 }
    }

    /// Whether this packet is the one. Each packet is shown once.
    pub fn takes(&mut self, medium: Medium, packet: &[u8]) -> bool {
        let which = &self.which;
        if which.nth.is_some_and(|n| self.seen >= n) || !which.kind.takes(medium, packet) {
            return false;
        }
        if let Some((_, filter)) = &which.also
            && !filter(packet)
        {
            return false;
        }
        self.seen += 1;
        which.nth.is_none_or(|n| n == self.seen)
    }

    /// Whether the one that is waited for has gone by.
    pub fn is_past(&self) -> bool {
        self.seen >= self.which.nth.unwrap_or(1)
    }
}

/// One line of a direction's plan.
pub(super) struct Plan {
    pub counter: Counter,
    pub fault: Fault,
    /// Its place among all plans of the network, for the trace.
    pub id: u16,
}

/// `lose the first data segment`.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let which = &self.counter.which;
        match &self.fault {
            Fault::Lose => write!(f, "lose {which}"),
            Fault::Repeat => write!(f, "repeat {which}"),
            Fault::After(other) => write!(f, "deliver {which} after {}", other.which),
            Fault::Late(by) => write!(f, "deliver {which} {by:?} late"),
            Fault::Flip { byte, bit } => write!(f, "flip bit {bit} of byte {byte} of {which}"),
        }
    }
}
