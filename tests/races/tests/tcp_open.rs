//! Chapter 09's machine opens connections with smoltcp, over links that lose 30 of 100 packets.
//!
//! When all is quiet, either both have the connection or neither has: nothing is half open.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::rc::Rc;
use std::time::Duration;

use netlab::sim::{Chance, Event as Happens, Link, Net, Node, Outbox, Time};
use packets_solution::Flow;
use races::foreign::{App, Host};
use smoltcp::socket::tcp;
use smoltcp::wire::{IpAddress, IpCidr};
use tcp_close_solution::{from_bytes, to_bytes};
use tcp_open_solution::{Config, Event, State, Tcb, isn};

const SEEDS: u64 = 500;
const US: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 40_000);
const SMOLTCP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Connects,
    Listens,
}

/// Our machine as a node.
struct Ours(Tcb);

impl Ours {
    fn takes(&mut self, now: Time, event: Event, out: &mut Outbox) {
        let output = self.0.step(now.since(Time::ZERO), event);
        for segment in &output.segments {
            out.send(0, to_bytes(FLOW, segment).expect("it fits"));
        }
        match output.wake_at {
            Some(at) => out.wake_at(Time::ZERO + at),
            None => out.do_not_wake(),
        }
    }
}

impl Node for Ours {
    fn step(&mut self, now: Time, event: Happens, out: &mut Outbox) {
        match event {
            Happens::Arrives { packet, .. } => {
                let (_, segment) = from_bytes(&packet).expect("smoltcp sends sound segments");
                self.takes(now, Event::Arrives(&segment), out);
            }
            Happens::Wakes => self.takes(now, Event::Tick, out),
        }
    }
}

/// What we send.
const FLOW: Flow = Flow {
    src: US,
    dst: SMOLTCP,
};

/// smoltcp in this role. Who connects sends a byte: who says nothing never learns that nobody listens.
fn smoltcp(role: Role, state: Rc<Cell<tcp::State>>) -> App {
    let mut handle = None;
    let mut has_sent = false;
    Box::new(move |interface, sockets| {
        let is_new = handle.is_none();
        let buffer = || tcp::SocketBuffer::new(vec![0; 4096]);
        let handle =
            *handle.get_or_insert_with(|| sockets.add(tcp::Socket::new(buffer(), buffer())));
        let socket = sockets.get_mut::<tcp::Socket>(handle);
        if is_new {
            match role {
                Role::Listens => socket.listen(SMOLTCP.port()).unwrap(),
                Role::Connects => {
                    let to = (IpAddress::Ipv4(*US.ip()), US.port());
                    socket
                        .connect(interface.context(), to, SMOLTCP.port())
                        .unwrap();
                }
            }
        }
        let sends = role == Role::Connects && !has_sent && socket.can_send();
        if sends {
            has_sent = true;
            socket.send_slice(b"x").unwrap();
        }
        state.set(socket.state());
        is_new || sends
    })
}

/// How the seeds end: both open, or neither.
fn opens(ours: Role, theirs: Role, give_up: u64) -> (usize, usize) {
    let (mut open, mut closed) = (0, 0);
    for seed in 1..=SEEDS {
        let state = Rc::new(Cell::new(tcp::State::Closed));
        let iss = isn(b"nobody knows me!", US, SMOLTCP, Duration::from_secs(seed));
        let tcb = Tcb::new(Config {
            give_up: Duration::from_secs(give_up),
            ..Config::new(iss)
        });
        let mut net = Net::new(seed);
        let us = net.add("ours", Ours(tcb));
        let address = IpCidr::new(IpAddress::Ipv4(*SMOLTCP.ip()), 24);
        let them = net.add(
            "smoltcp",
            Host::new(address, smoltcp(theirs, state.clone())),
        );
        let link = Link::default().delay_ms(25).chance(Chance::lose(0.3));
        net.join(us, them, link);
        let call = match ours {
            Role::Connects => Event::Connect,
            Role::Listens => Event::Listen,
        };
        net.with(us, |ours: &mut Ours, now, out| ours.takes(now, call, out));
        net.with(them, Host::start);
        // smoltcp never gives up, so it is never at rest.
        net.run_until(Time::from_millis(1_000_000)).unwrap();
        let ours = net.node::<Ours>(us).0.state();
        let is_open = [
            ours == State::Established,
            state.get() == tcp::State::Established,
        ];
        assert!(
            is_open[0] == is_open[1],
            "seed {seed}: we are {ours}, smoltcp is {}\n{}",
            state.get(),
            net.trace().text()
        );
        match is_open[0] {
            true => open += 1,
            false => closed += 1,
        }
    }
    (open, closed)
}

/// With three minutes everybody gets through; with three seconds not.
fn opens_or_not(ours: Role, theirs: Role) {
    assert_eq!(opens(ours, theirs, 180), (SEEDS as usize, 0));
    let (open, closed) = opens(ours, theirs, 3);
    assert!(open > 0 && closed > 0, "{open} open, {closed} not");
}

#[test]
fn we_connect_and_smoltcp_listens() {
    opens_or_not(Role::Connects, Role::Listens);
}

#[test]
fn smoltcp_connects_and_we_listen() {
    opens_or_not(Role::Listens, Role::Connects);
}

#[test]
fn both_connect() {
    opens_or_not(Role::Connects, Role::Connects);
}
