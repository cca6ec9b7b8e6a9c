//! Plays a script to a host: its peers are `c1`, `c2` …, each with a socket of its own.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use netlab::Lab;
use netlab::script::{self, Call, Gives, Machine, Reaction, Script};
use packets::Flow;
use tcp_close::{ConnId, Host, Received, from_bytes, to_bytes};
use tcp_open::{Segment, Seq, State};

use super::player::{config, notice, of_script, segment, vars};

/// The host's address.
pub const ADDR: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
pub const SECRET: [u8; 16] = *b"nobody knows it!";

/// `c7` is 10.0.1.7, port 4007: nobody has the host's own address.
pub fn socket_of(peer: &str) -> SocketAddrV4 {
    let number: u8 = peer[1..].parse().expect("peers are c1, c2, …");
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 1, number), 4000 + u16::from(number))
}

/// In a script, each connection's ISN is 300: the host's own is taken off, since it is a secret. A new ISN begins a new
/// connection.
pub struct Desk {
    host: Host,
    /// What is to be added to a script's numbers, by peer.
    shifts: BTreeMap<String, u32>,
    names: BTreeMap<String, ConnId>,
    function: &'static str,
}

/// Plays one script to a new host that listens on port 80, if `with backlog=N`.
pub fn plays(lab: &Lab, function: &'static str, script: &str) {
    lab.plays(script, |script: &Script| {
        let mut host = Host::new(ADDR, SECRET, config(script));
        if let Some(backlog) = script.setting("backlog") {
            let backlog = backlog.parse().expect("a number");
            host.listen(80, backlog).expect("nobody listens yet");
        }
        Desk {
            host,
            shifts: BTreeMap::new(),
            names: BTreeMap::new(),
            function,
        }
    });
}

impl Desk {
    fn polled(&mut self, now: Duration, gives: Option<Gives>) -> Reaction {
        let mut reaction = Reaction {
            gives,
            ..Reaction::default()
        };
        for datagram in self.host.poll(now) {
            let (flow, mut segment) = from_bytes(&datagram).expect("the host sends segments");
            let peer = format!("c{}", flow.dst.ip().octets()[3]);
            if segment.syn {
                self.shifts
                    .insert(peer.clone(), segment.seq.0.wrapping_sub(300));
            }
            let shift = self.shifts.get(&peer).copied().unwrap_or(0);
            segment.seq = Seq(segment.seq.0.wrapping_sub(shift));
            reaction.segments.push(of_script(&segment, &peer));
        }
        for (peer, id) in &self.names {
            let told = self.host.take_notices(*id);
            let words = told.iter().map(|it| format!("{peer}: {}", notice(it)));
            reaction.told.extend(words);
        }
        reaction.wake_at = self.host.wake_at();
        reaction
    }

    fn id(&self, peer: &str) -> ConnId {
        self.names.get(peer).copied().unwrap_or(ConnId(u64::MAX))
    }
}

impl Machine for Desk {
    fn call(&mut self, now: Duration, call: &Call) -> Reaction {
        let peer = call.arguments.first().map_or("", String::as_str);
        let id = self.id(peer);
        let host = &mut self.host;
        let mut gives = None;
        match call.name.as_str() {
            "accept" => {
                let id = host.accept(80);
                let flow = id.and_then(|id| host.flow(id));
                let peer = flow.map_or("nobody".into(), |flow| {
                    format!("c{}", flow.dst.ip().octets()[3])
                });
                self.names.extend(id.map(|id| (peer.clone(), id)));
                gives = Some(Gives::Word(peer));
            }
            "connect" => {
                let id = host.connect(now, socket_of(peer)).expect("a port is left");
                let port = host.flow(id).map_or(0, |flow| flow.src.port());
                self.names.insert(peer.to_owned(), id);
                gives = Some(Gives::Word(port.to_string()));
            }
            "send" => gives = Some(Gives::Word(host.send(id, &call.data).to_string())),
            "recv" => {
                gives = Some(match host.recv(id, call.number(1).unwrap_or(usize::MAX)) {
                    Received::Data(data) => Gives::Bytes(data),
                    Received::Nothing => Gives::Word("nothing".into()),
                    Received::End => Gives::Word("end".into()),
                });
            }
            "shutdown" => host.shutdown(now, id),
            "close" => host.close(now, id),
            "abort" => host.abort(now, id),
            "count" => gives = Some(Gives::Word(host.count().to_string())),
            other => panic!("a host has no {other}()"),
        }
        self.polled(now, gives)
    }

    fn arrives(&mut self, now: Duration, it: &script::Segment) -> Reaction {
        let shift = self.shifts.get(&it.peer).copied().unwrap_or(0);
        let mut segment: Segment = segment(it);
        segment.ack = segment.ack.map(|ack| ack + shift);
        let known = self.host.flow(self.id(&it.peer));
        let local = known.map_or(SocketAddrV4::new(ADDR, 80), |flow| flow.src);
        let flow = Flow {
            src: socket_of(&it.peer),
            dst: local,
        };
        let datagram = to_bytes(flow, &segment).expect("it fits");
        self.host.arrives(now, &datagram);
        self.polled(now, None)
    }

    fn tick(&mut self, now: Duration) -> Reaction {
        self.polled(now, None)
    }

    fn state(&self, peer: &str) -> String {
        match self.names.get(peer) {
            Some(id) => self.host.state(*id).to_string(),
            None => State::Closed.to_string(),
        }
    }

    fn vars(&self, peer: &str) -> Vec<(&'static str, String)> {
        let known = self.names.get(peer).and_then(|id| self.host.vars(*id));
        known.map_or(Vec::new(), |known| vars(&known))
    }

    fn function(&self) -> &'static str {
        self.function
    }
}
