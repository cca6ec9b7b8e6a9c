//! Plays a script to the program: the host is in a process of its own, and is asked line by line. Addresses, ports, the
//! secret and the peers' numbers are drawn; the script has those of the desk.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use netlab::Dice;
use netlab::script::{self, Call, Gives, Machine, Reaction, Script};
use netlab::{Lab, Program};
use packets::Flow;

use super::wire;

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

pub struct Remote {
    lab: Lab,
    program: Program,
    host: SocketAddrV4,
    /// The socket of peer `c0`.
    peers: SocketAddrV4,
    /// What is to be added to a script's number of a peer's.
    theirs: u32,
    /// The same for ours, by peer: the host's ISN is a secret.
    ours: BTreeMap<String, u32>,
    /// The connections that have names, by peer.
    names: BTreeMap<String, Known>,
}

/// What the program has said of a connection last.
#[derive(Default)]
struct Known {
    name: String,
    socket: Option<SocketAddrV4>,
    state: String,
    /// SND.UNA, SND.NXT, SND.WND, RCV.NXT and RCV.WND.
    vars: Vec<u32>,
}

/// Plays it to a program that listens, if `with backlog=N`.
pub fn plays(lab: &Lab, script: &str) {
    for seed in lab.seeds(2) {
        lab.plays(script, |script: &Script| Remote::starts(lab, script, seed));
    }
}

impl Remote {
    fn starts(lab: &Lab, script: &Script, seed: u64) -> Remote {
        let mut dice = Dice::new(seed);
        let mut below = |end: u64| dice.below(end);
        let mut addr = |net| Ipv4Addr::new(net, below(250) as u8, below(250) as u8, 1);
        let (ours, theirs) = (addr(10), addr(11));
        let secret = format!("{:016x}{:016x}", below(u64::MAX), below(u64::MAX));
        let names = ["room", "mss", "buffer", "give_up", "msl", "linger"];
        let settings = names.iter().filter_map(|name| {
            let value = script.setting(name)?;
            Some(format!("{name}={value}"))
        });
        let settings: Vec<String> = settings.collect();
        let ours_text = ours.to_string();
        let mut args = vec!["host", &ours_text, &secret];
        args.extend(settings.iter().map(String::as_str));
        let mut remote = Remote {
            lab: lab.clone(),
            program: lab.program(PROGRAM, &args),
            host: SocketAddrV4::new(ours, 1 + below(40_000) as u16),
            peers: SocketAddrV4::new(theirs, 2000 + below(40_000) as u16),
            theirs: below(1 << 32) as u32,
            ours: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        if let Some(backlog) = script.setting("backlog") {
            let port = remote.host.port();
            remote.asks(Duration::ZERO, &format!("listen {port} {backlog}"));
        }
        remote
    }

    /// Each peer has an address and a port of its own.
    fn socket_of(&self, peer: &str) -> SocketAddrV4 {
        let number: u8 = peer[1..].parse().expect("peers are c1, c2, …");
        let [a, b, c, _] = self.peers.ip().octets();
        let port = self.peers.port() + 3 * u16::from(number);
        SocketAddrV4::new(Ipv4Addr::new(a, b, c, number), port)
    }

    fn peer_at(socket: SocketAddrV4) -> String {
        format!("c{}", socket.ip().octets()[3])
    }

    /// What comes of a call. Of a connection that is not kept any more, nothing is said.
    fn asks(&mut self, now: Duration, call: &str) -> Reaction {
        self.program.types(&format!("{} {call}\n", now.as_nanos()));
        for known in self.names.values_mut() {
            known.state = "CLOSED".into();
            known.vars.clear();
        }
        let mut reaction = Reaction::default();
        loop {
            let line = self.program.expects_line("a line of its answer", |_| true);
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["gives", word] => reaction.gives = Some(Gives::Word(word.into())),
                ["sends", datagram] => {
                    let segment = self.leaves(datagram);
                    reaction.segments.push(segment);
                }
                ["told", name, word] => {
                    let is_it = |(_, known): &(&String, &Known)| known.name == name;
                    let peer = self.names.iter().find(is_it).map(|(peer, _)| peer);
                    let peer = peer.map_or("nobody", |peer| peer);
                    reaction.told.push(format!("{peer}: {word}"));
                }
                ["is", name, ours, theirs, state, ref vars @ ..] => {
                    self.is(name, ours, theirs, state, vars);
                }
                ["wakes", nanos] => {
                    reaction.wake_at = nanos.parse().ok().map(Duration::from_nanos);
                    return reaction;
                }
                ["sleeps"] => return reaction,
                _ => self.no_answer(&line),
            }
        }
    }

    fn no_answer(&self, line: &str) -> ! {
        self.lab
            .because("The given file lines.rs says how a host answers.")
            .fails("a line of its answer", line)
    }

    fn leaves(&mut self, datagram: &str) -> script::Segment {
        let Some(bytes) = from_hex(datagram) else {
            self.no_answer(datagram)
        };
        let (flow, mut segment) = wire::read(&bytes).unwrap_or_else(|wrong| {
            self.lab
                .fails("a datagram with a segment", format!("{wrong}: {datagram}"))
        });
        segment.peer = Remote::peer_at(flow.dst);
        if segment.syn {
            let shift = segment.seq.wrapping_sub(300);
            self.ours.insert(segment.peer.clone(), shift);
        }
        let ours = self.ours.get(&segment.peer).copied().unwrap_or(0);
        segment.seq = segment.seq.wrapping_sub(ours);
        segment.ack = segment.ack.map(|ack| ack.wrapping_sub(self.theirs));
        segment
    }

    fn is(&mut self, name: &str, ours: &str, theirs: &str, state: &str, vars: &[&str]) {
        let Ok(peer) = theirs.parse().map(Remote::peer_at) else {
            self.no_answer(theirs)
        };
        let shift = self.ours.get(&peer).copied().unwrap_or(0);
        let shifts = [shift, shift, 0, self.theirs, 0];
        let vars = vars.iter().zip(shifts).map(|(number, shift)| {
            let number: u32 = number.parse().unwrap_or_else(|_| self.no_answer(number));
            number.wrapping_sub(shift)
        });
        let known = Known {
            name: name.into(),
            socket: ours.parse().ok(),
            state: state.into(),
            vars: vars.collect(),
        };
        // Of two connections with the same peer, the later one comes last.
        self.names.insert(peer, known);
    }

    fn name(&self, peer: &str) -> String {
        let known = self.names.get(peer);
        known.map_or_else(|| u64::MAX.to_string(), |known| known.name.clone())
    }
}

impl Machine for Remote {
    fn call(&mut self, now: Duration, call: &Call) -> Reaction {
        let peer = call.arguments.first().map_or("", String::as_str);
        let (name, port) = (self.name(peer), self.host.port());
        let line = match call.name.as_str() {
            "accept" => format!("accept {port}"),
            "connect" => format!("connect {}", self.socket_of(peer)),
            "send" => format!("send {name} {}", to_hex(&call.data)),
            "recv" => format!("recv {name} {}", call.number(1).unwrap_or(usize::MAX)),
            "count" => "count".into(),
            other => format!("{other} {name}"),
        };
        let mut reaction = self.asks(now, &line);
        let Some(Gives::Word(word)) = &reaction.gives else {
            return reaction;
        };
        let is_it = |(_, known): &(&String, &Known)| known.name == *word;
        let accepted = self.names.iter().find(is_it).map(|(peer, _)| peer.clone());
        reaction.gives = match call.name.as_str() {
            "accept" => Some(Gives::Word(accepted.unwrap_or("nobody".into()))),
            "connect" => None,
            "recv" => Some(from_hex(word).map_or(Gives::Word(word.clone()), Gives::Bytes)),
            _ => reaction.gives,
        };
        reaction
    }

    fn arrives(&mut self, now: Duration, it: &script::Segment) -> Reaction {
        let ours = self.ours.get(&it.peer).copied().unwrap_or(0);
        let local = self.names.get(&it.peer).and_then(|known| known.socket);
        let flow = Flow {
            src: self.socket_of(&it.peer),
            dst: local.unwrap_or(self.host),
        };
        let segment = script::Segment {
            seq: it.seq.wrapping_add(self.theirs),
            ack: it.ack.map(|ack| ack.wrapping_add(ours)),
            ..it.clone()
        };
        let datagram = to_hex(&wire::bytes_of(flow, &segment));
        self.asks(now, &format!("arrives {datagram}"))
    }

    fn tick(&mut self, now: Duration) -> Reaction {
        self.asks(now, "poll")
    }

    fn state(&self, peer: &str) -> String {
        let known = self.names.get(peer);
        known.map_or("CLOSED".into(), |known| known.state.clone())
    }

    fn vars(&self, peer: &str) -> Vec<(&'static str, String)> {
        let names = ["SND.UNA", "SND.NXT", "SND.WND", "RCV.NXT", "RCV.WND"];
        let known = self.names.get(peer).map_or(&[][..], |known| &known.vars);
        let values = known.iter().map(u32::to_string);
        names.into_iter().zip(values).collect()
    }

    fn function(&self) -> &'static str {
        "the program: host"
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}
