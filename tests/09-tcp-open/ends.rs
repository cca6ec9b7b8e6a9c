//! Two machines, A and B, at the ends of a simulated link of 25 ms.

use std::net::{Ipv4Addr, SocketAddrV4};

use netlab::Lab;
use netlab::sim::{self, Kind, Link, Net, Node, NodeId, Outbox, Time, Way};
use tcp_open::{Config, Event, Segment, Seq, State, Tcb};

use super::{player, wire};

/// The end that A is, and its ISN.
pub const A: End = End(0, 100);
pub const B: End = End(1, 300);

#[derive(Clone, Copy)]
pub struct End(usize, u32);

const OTHERWISE: &str = "otherwise(segment)";

pub struct Ends {
    lab: Lab,
    net: Net,
    nodes: [NodeId; 2],
}

/// A host with one connection.
struct Host {
    tcb: Tcb,
    socket: SocketAddrV4,
    peer: SocketAddrV4,
    said: State,
    /// What the last event has gone to, as far as that is known.
    function: &'static str,
}

impl Ends {
    /// Both are CLOSED.
    pub fn new(lab: &Lab) -> Ends {
        let mut net = lab.net(1);
        let sockets = [
            SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 40_000),
            SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80),
        ];
        let host = |end: End| Host {
            tcb: Tcb::new(Config::new(Seq(end.1))),
            socket: sockets[end.0],
            peer: sockets[1 - end.0],
            said: State::Closed,
            function: OTHERWISE,
        };
        let nodes = [net.add("A", host(A)), net.add("B", host(B))];
        net.join(nodes[0], nodes[1], Link::default().delay_ms(25));
        Ends {
            lab: lab.clone(),
            net,
            nodes,
        }
    }

    /// The program at this end calls, now.
    pub fn calls(&mut self, end: End, call: Event) {
        let name = match call {
            Event::Listen => "listen()",
            Event::Connect => "connect()",
            _ => "abort()",
        };
        self.net
            .with(self.nodes[end.0], |host: &mut Host, now, out| {
                out.say(name);
                host.takes(now, call, out);
            });
    }

    /// The machine at this end is switched off and on: it has forgotten the connection, and its next ISN is this.
    pub fn reboots(&mut self, end: End, iss: u32) {
        self.net.with(self.nodes[end.0], |host: &mut Host, _, out| {
            out.say("reboots");
            host.tcb = Tcb::new(Config::new(Seq(iss)));
            host.says_state(out);
        });
    }

    /// Writes a word beside this end.
    pub fn says(&mut self, end: End, words: &str) {
        self.net.say(self.nodes[end.0], words);
    }

    /// Puts a segment onto the link that the machine at this end has not sent just now.
    pub fn sends(&mut self, end: End, segment: Segment) {
        let host: &Host = self.net.node(self.nodes[end.0]);
        let packet = wire::packet(host.socket, host.peer, &segment);
        self.net.send(self.nodes[end.0], packet);
    }

    /// What goes from this end to the other one.
    pub fn from(&mut self, end: End) -> Way<'_> {
        self.net.way(self.nodes[end.0], self.nodes[1 - end.0])
    }

    pub fn runs_until(&mut self, millis: u64) {
        self.lab
            .runs_until(&mut self.net, Time::from_millis(millis));
    }

    /// Demands the states of A and B, which both have for this reason.
    pub fn are(&self, why: &str, a: State, b: State) {
        for (name, node, want) in [("A", self.nodes[0], a), ("B", self.nodes[1], b)] {
            let host: &Host = self.net.node(node);
            let got = host.tcb.state().to_string();
            self.lab.turns_to(host.function);
            self.lab
                .because(why)
                .same(&format!("{name}'s state"), got, want.to_string());
        }
    }

    /// Demands so many segments on the link, in both directions.
    pub fn have_sent(&self, why: &str, want: usize) {
        let got = self
            .net
            .trace()
            .entries()
            .filter(|it| it.is(Kind::Tcp))
            .count();
        self.lab
            .because(why)
            .same("segments on the link", got, want);
    }

    pub fn draws(&self, picture: &str, title: &str) {
        self.lab.draws(picture, self.net.trace().svg(title));
    }
}

impl Host {
    fn takes(&mut self, now: Time, event: Event, out: &mut Outbox) {
        let before = self.tcb.state();
        let output = self.tcb.step(now.since(Time::ZERO), event);
        self.function = match event {
            Event::Arrives(it) => player::taker(before, it, self.tcb.state()).unwrap_or(OTHERWISE),
            Event::Tick => "tick(now)",
            Event::Abort => "abort()",
            Event::Listen | Event::Connect => "open(now, active)",
        };
        for segment in &output.segments {
            out.send(0, wire::packet(self.socket, self.peer, segment));
        }
        self.says_state(out);
        for notice in output.notices.iter().filter(|_| self.said == State::Closed) {
            out.say(player::notice(notice));
        }
        match output.wake_at {
            Some(at) => out.wake_at(Time::ZERO + at),
            None => out.do_not_wake(),
        }
    }

    fn says_state(&mut self, out: &mut Outbox) {
        if self.said != self.tcb.state() {
            self.said = self.tcb.state();
            out.say(self.said.to_string());
        }
    }
}

impl Node for Host {
    fn step(&mut self, now: Time, event: sim::Event, out: &mut Outbox) {
        match event {
            sim::Event::Arrives { packet, .. } => {
                self.takes(now, Event::Arrives(&wire::segment(&packet)), out);
            }
            sim::Event::Wakes => self.takes(now, Event::Tick, out),
        }
    }
}
