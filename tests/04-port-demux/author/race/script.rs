//! Scripts, and the making of them.

use netlab::Dice;
use std::fmt;

use super::port_demux::{Proto, Reuse, Row, State};

use super::model::Table;

/// A socket of the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle(pub usize);

/// An address of loopback that only this script uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Host(pub u8);

/// A port, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Port(pub u8);

impl Host {
    /// All addresses of the machine.
    pub const ANY: Host = Host(0);

    pub fn all() -> impl Iterator<Item = Host> {
        (0..=2).map(Host)
    }
}

#[derive(Debug, Clone, Copy)]
pub enum Op {
    Socket {
        into: Handle,
        proto: Proto,
        reuse: Reuse,
    },
    Bind {
        socket: Handle,
        host: Host,
        port: Port,
    },
    Listen {
        socket: Handle,
        backlog: usize,
    },
    Connect {
        socket: Handle,
        host: Host,
        port: Port,
    },
    Accept {
        socket: Handle,
        into: Handle,
    },
    Close {
        socket: Handle,
    },
}

pub struct Script {
    pub seed: u64,
    pub ops: Vec<Op>,
}

impl Script {
    /// The table plays along, so that the calls make sense more often than not.
    pub fn generate(seed: u64) -> Script {
        let mut random = Random(Dice::new(seed));
        let mut table = Table::new(seed);
        let mut ops = Vec::new();
        let mut handles = 0;
        while ops.len() < 80 {
            let op = random.op(&table, handles);
            // A connection that somebody waits for is worth more than one that is refused.
            let dull = table.is_refused(&op) && !random.0.one_in(8);
            if dull || !table.can_play(&op) {
                continue;
            }
            if let Op::Socket { .. } | Op::Accept { .. } = op {
                handles += 1;
            }
            table.play(&op);
            ops.push(op);
        }
        Script { seed, ops }
    }
}

impl Op {
    /// The socket that the call is made on.
    pub fn socket(&self) -> Handle {
        match *self {
            Op::Socket { into, .. } => into,
            Op::Bind { socket, .. }
            | Op::Listen { socket, .. }
            | Op::Connect { socket, .. }
            | Op::Accept { socket, .. }
            | Op::Close { socket } => socket,
        }
    }
}

/// Chooses the calls of a script.
struct Random(Dice);

impl Random {
    fn op(&mut self, table: &Table, handles: usize) -> Op {
        let alive: Vec<(Handle, Row)> = (0..handles)
            .filter_map(|n| Some((Handle(n), table.row(Handle(n))?)))
            .collect();
        let next = Handle(handles);
        if alive.is_empty() || (alive.len() < 9 && self.0.one_in(4)) {
            let proto = match self.0.one_in(8) {
                true => Proto::Udp,
                false => Proto::Tcp,
            };
            return Op::Socket {
                into: next,
                proto,
                reuse: self.reuse(proto),
            };
        }
        let (socket, row) = alive[self.0.below(alive.len())];
        let bound = row.local.port() != 0;
        let choice = self.0.below(6);
        // Now and then something that makes no sense: it must fail in the same way.
        if self.0.one_in(10) {
            return match choice {
                0 | 1 => self.bind(socket),
                2 | 3 => self.listen(socket),
                4 => self.connect(socket),
                _ => Op::Accept { socket, into: next },
            };
        }
        match (row.state, choice) {
            (State::Listen, 0) => self.listen(socket),
            (State::Listen, 1) => Op::Close { socket },
            (State::Listen, _) => Op::Accept { socket, into: next },
            (State::Closed, 0..=3) if !bound => self.bind(socket),
            (State::Closed, 0..=2) => self.listen(socket),
            (State::Closed, _) => self.connect(socket),
            (_, _) => Op::Close { socket },
        }
    }

    /// Linux has short cuts around the rule of `bind` that are not quite the rule (6.18):
    ///
    /// - TCP: a socket with both options is let in by its neighbours' SO_REUSEADDR. After that others
    ///   are let in by SO_REUSEPORT, and those neighbours are not asked again (`fastreuseport` in
    ///   inet_connection_sock.c). So no socket gets both.
    /// - UDP: the first neighbour that agrees by SO_REUSEPORT answers for all (`udp_lib_lport_inuse`
    ///   in udp.c). So no UDP socket gets that option.
    fn reuse(&mut self, proto: Proto) -> Reuse {
        let choice = self.0.below(4);
        Reuse {
            addr: choice < 2,
            port: choice == 2 && proto == Proto::Tcp,
        }
    }

    fn bind(&mut self, socket: Handle) -> Op {
        let host = match self.0.one_in(4) {
            true => Host::ANY,
            false => self.host(),
        };
        let port = self.port();
        Op::Bind { socket, host, port }
    }

    fn listen(&mut self, socket: Handle) -> Op {
        let backlog = self.0.below(3);
        Op::Listen { socket, backlog }
    }

    fn connect(&mut self, socket: Handle) -> Op {
        let (host, port) = (self.host(), self.port());
        Op::Connect { socket, host, port }
    }

    fn host(&mut self) -> Host {
        Host(1 + self.0.below(2) as u8)
    }

    fn port(&mut self) -> Port {
        Port(1 + self.0.below(2) as u8)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Host::ANY => write!(f, "*"),
            Host(n) => write!(f, "host{n}"),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&match self {
            Op::Socket { into, proto, reuse } => {
                let addr = if reuse.addr { ", reuse addr" } else { "" };
                let port = if reuse.port { ", reuse port" } else { "" };
                format!("{into} = socket({proto}{addr}{port})")
            }
            Op::Bind { socket, host, port } => format!("bind({socket}, {host}:p{})", port.0),
            Op::Listen { socket, backlog } => format!("listen({socket}, {backlog})"),
            Op::Connect { socket, host, port } => {
                format!("connect({socket}, {host}:p{})", port.0)
            }
            Op::Accept { socket, into } => format!("{into} = accept({socket})"),
            Op::Close { socket } => format!("close({socket})"),
        })
    }
}
