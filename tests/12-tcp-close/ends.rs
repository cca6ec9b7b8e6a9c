//! Two connections, A and B, at the ends of a simulated link of 25 ms. A's ISN is 100, B's 300.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use netlab::Lab;
use netlab::sim::{Event, Link, Net, Node, NodeId, Outbox, Time, Way};
use packets::Flow;
use tcp_close::{Config, Connection, from_bytes, to_bytes};
use tcp_open::{Seq, State};

use super::states;

pub struct Ends {
    lab: Lab,
    net: Net,
    pub a: NodeId,
    pub b: NodeId,
}

struct End {
    connection: Connection,
    flow: Flow,
    /// The states that it has been in.
    path: Vec<State>,
}

impl Ends {
    /// A has connected to B. TIME-WAIT lasts two seconds.
    pub fn open(lab: &Lab) -> Ends {
        let mut net = lab.net(1);
        let flow = Flow {
            src: SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 40_000),
            dst: SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80),
        };
        let end = |iss, flow| {
            let mut config = Config::new(Seq(iss));
            config.msl = Duration::from_secs(1);
            End {
                connection: Connection::new(config),
                flow,
                path: vec![State::Closed],
            }
        };
        let a = net.add("A", end(100, flow));
        let b = net.add("B", end(300, flow.reversed()));
        net.join(a, b, Link::default().delay_ms(25));
        let mut ends = Ends {
            lab: lab.clone(),
            net,
            a,
            b,
        };
        ends.does(ends.b, "listen()", |connection, now| connection.listen(now));
        ends.does(ends.a, "connect()", |connection, now| {
            connection.connect(now)
        });
        ends.runs_until(100);
        ends
    }

    /// The program at this end does something, now.
    pub fn does(&mut self, end: NodeId, what: &str, f: impl FnOnce(&mut Connection, Duration)) {
        self.net.with(end, |end: &mut End, now: Time, out| {
            out.say(what);
            f(&mut end.connection, now - Time::ZERO);
            end.goes_on(now, out);
        });
    }

    pub fn way(&mut self, from: NodeId, to: NodeId) -> Way<'_> {
        self.net.way(from, to)
    }

    pub fn runs_until(&mut self, millis: u64) {
        self.lab
            .runs_until(&mut self.net, Time::from_millis(millis));
    }

    /// Demands the states of both.
    pub fn are(&self, why: &str, a: State, b: State) {
        for (name, node, want) in [("A", self.a, a), ("B", self.b, b)] {
            let got = self.net.node::<End>(node).connection.state().to_string();
            self.lab
                .because(why)
                .same(&format!("{name}'s state"), got, want.to_string());
        }
    }

    /// Draws the states, and the ways of both through them.
    pub fn draws_states(&self, name: &str, title: &str) {
        let path = |node| &*self.net.node::<End>(node).path;
        let paths = [("A", path(self.a)), ("B", path(self.b))];
        self.lab.draws(name, states::picture(title, paths));
    }

    pub fn draws(&self, picture: &str, title: &str) {
        self.lab.draws(picture, self.net.trace().svg(title));
    }
}

impl End {
    fn goes_on(&mut self, now: Time, out: &mut Outbox) {
        for segment in self.connection.poll(now - Time::ZERO) {
            out.send(0, to_bytes(self.flow, &segment).expect("it fits"));
        }
        let state = self.connection.state();
        if self.path.last() != Some(&state) {
            self.path.push(state);
            out.say(state.to_string());
        }
        match self.connection.wake_at() {
            Some(at) => out.wake_at((Time::ZERO + at).max(now)),
            None => out.do_not_wake(),
        }
    }
}

impl Node for End {
    fn step(&mut self, now: Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { packet, .. } = event
            && let Some((_, segment)) = from_bytes(&packet)
        {
            self.connection.arrives(now - Time::ZERO, &segment);
        }
        self.goes_on(now, out);
    }
}
