//! The world of the reference table: one table for both ends, and a wire that loses nothing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::port_demux::{
    AckOutcome, Effect, EphemeralPorts, Errno, FourTuple, Hit, Proto, SocketId, SocketTable, State,
    SynOutcome,
};

use super::duel::{NO_ANSWER, Outcome};
use super::names::Names;
use super::script::{Handle, Host, Op};

pub struct Table {
    table: SocketTable,
    sockets: HashMap<Handle, SocketId>,
    names: Names,
}

impl Table {
    pub fn new(seed: u64) -> Table {
        let mut dice = netlab::Dice::new(seed);
        let ports = EphemeralPorts::new(1024..=65535, move || dice.next() as u32);
        Table {
            table: SocketTable::new(Ipv4Addr::LOCALHOST.into(), ports),
            sockets: HashMap::new(),
            names: Names::new(Host::all().map(|host| (host, ip(host)))),
        }
    }

    /// Does what `op` says.
    pub fn play(&mut self, op: &Op) -> Outcome {
        if let Op::Socket { into, proto, reuse } = *op {
            self.sockets.insert(into, self.table.socket(proto, reuse));
            return "ok".to_owned();
        }
        let Some(&s) = self.sockets.get(&op.socket()) else {
            return "no such socket".to_owned();
        };
        let done = match *op {
            Op::Socket { .. } => Ok(()),
            Op::Bind { host, port, .. } => {
                let number = self.names.number(port);
                let bound = self.table.bind(s, SocketAddr::new(ip(host), number));
                bound
                    .map(|addr| self.names.chosen(port, addr.port()))
                    .map_err(name)
            }
            Op::Listen { socket, backlog } => {
                let done = self.table.listen(s, backlog).map_err(name);
                if let (Ok(()), Some(row)) = (&done, self.table.row(s)) {
                    self.names.chosen_for(socket, row.local.port());
                }
                done
            }
            Op::Connect { socket, host, port } => {
                let remote = SocketAddr::new(ip(host), self.names.number(port));
                self.connect(socket, s, remote)
            }
            Op::Accept { into, .. } => match self.table.accept(s) {
                Ok((child, t)) => {
                    self.sockets.insert(into, child);
                    self.names.open(into);
                    return self.names.peer(t);
                }
                Err(errno) => Err(name(errno)),
            },
            Op::Close { socket } => {
                self.sockets.remove(&socket);
                self.close(s).map_err(name)
            }
        };
        done.err().unwrap_or("ok".to_owned())
    }

    /// The rows by name, sorted.
    pub fn table(&self) -> Vec<String> {
        let rows = self.table.rows();
        let mut rows: Vec<String> = rows.iter().filter_map(|row| self.names.row(row)).collect();
        rows.sort();
        rows
    }

    /// The script's sockets whose other end has closed or was reset.
    pub fn ended(&self) -> impl Iterator<Item = Handle> {
        let handles = self.sockets.keys().copied();
        handles.filter(|&handle| {
            let state = self.row(handle).map(|row| row.state);
            state == Some(State::CloseWait) || self.was_reset(handle)
        })
    }

    /// After a reset, a socket of a program is good for nothing but `close`.
    fn was_reset(&self, socket: Handle) -> bool {
        let state = self.row(socket).map(|row| row.state);
        state == Some(State::Closed) && self.names.was_connected(socket)
    }

    /// Whether the script may go on with this call: the rest is other chapters' affair.
    pub fn can_play(&self, op: &Op) -> bool {
        let Op::Connect { socket, host, port } = *op else {
            // A socket that has kept its address and lost its chosen port, by a refused connect,
            // loses the address as well if another bind fails (Linux 6.18). The table lets it be.
            let half_bound = self
                .row(op.socket())
                .is_some_and(|row| row.local.port() == 0 && !row.local.ip().is_unspecified());
            return match op {
                Op::Close { .. } => true,
                Op::Bind { .. } => !half_bound && !self.was_reset(op.socket()),
                _ => !self.was_reset(op.socket()),
            };
        };
        let (Some(row), number) = (self.row(socket), self.names.number(port)) else {
            return false;
        };
        let remote = SocketAddr::new(ip(host), number);
        let rows = self.table.rows();
        let at = |addr| {
            rows.iter()
                .filter(move |r| r.local == addr && r.state == State::Listen)
        };
        let wildcard = SocketAddr::new(ip(Host::ANY), number);
        // Several sockets that share an address: the kernel draws lots.
        let lots = at(remote).count() > 1 || at(wildcard).count() > 1;
        // A connection of a socket with itself: simultaneous open, chapter 09.
        let itself = row.local == remote;
        // Over an old connection that has not ended at both ends: sequence numbers, chapter 12.
        let local = match row.local.ip().is_unspecified() {
            true => SocketAddr::from((Ipv4Addr::LOCALHOST, row.local.port())),
            false => row.local,
        };
        let t = FourTuple { local, remote };
        let state_of = |t| {
            rows.iter()
                .find(|r| r.four_tuple() == Some(t))
                .map(|r| r.state)
        };
        let left_out = match (state_of(t), state_of(t.reversed())) {
            (Some(State::FinWait2), _) => true,
            (None | Some(State::TimeWait), theirs) => {
                theirs.is_some_and(|state| state != State::TimeWait)
            }
            // In use: this must fail. But Linux takes a port that the system chose away from a socket
            // whose connect fails like this (6.18); the table leaves the socket as it was.
            (Some(_), _) => self.port_was_chosen(socket),
        };
        number != 0 && !lots && !itself && !left_out && !self.was_reset(socket)
    }

    /// Whether the program let the system choose the port, in `bind`.
    fn port_was_chosen(&self, socket: Handle) -> bool {
        let socket = self.sockets.get(&socket).and_then(|&id| self.table.get(id));
        let given = socket.and_then(|socket| socket.bind);
        given.is_some_and(|given| given.port() == 0)
    }

    /// Whether the call is a connection to where nobody listens.
    pub fn is_refused(&self, op: &Op) -> bool {
        let Op::Connect { host, port, .. } = *op else {
            return false;
        };
        let remote = SocketAddr::new(ip(host), self.names.number(port));
        let hit = self.table.lookup(Proto::Tcp, remote, remote);
        matches!(hit, Hit::Nobody(_))
    }

    /// The row of a socket that the script has.
    pub fn row(&self, socket: Handle) -> Option<super::port_demux::Row> {
        self.sockets.get(&socket).and_then(|&id| self.table.row(id))
    }

    fn connect(&mut self, by: Handle, s: SocketId, remote: SocketAddr) -> Result<(), String> {
        let t = self.table.connect(s, remote).map_err(name)?;
        let proto = self.table.row(s).map(|row| row.proto);
        self.names.connected(proto.unwrap_or(Proto::Tcp), t, by);
        if proto == Some(Proto::Udp) {
            return Ok(());
        }
        self.handshake(by, s, t)
    }

    fn handshake(&mut self, by: Handle, s: SocketId, t: FourTuple) -> Result<(), String> {
        match self.table.on_syn(t.reversed()) {
            SynOutcome::Rst => {
                self.table.on_rst(t);
                Err("refused".to_owned())
            }
            SynOutcome::Dropped => {
                // The script gives up at once.
                self.close(s).map_err(name)?;
                self.sockets.remove(&by);
                Err(NO_ANSWER.to_owned())
            }
            // The client has never heard of the old connection. It resets it and calls again.
            SynOutcome::ChallengeAck(_) => {
                self.table.on_rst(t.reversed());
                self.handshake(by, s, t)
            }
            SynOutcome::SynAck(child) => {
                let answered = self.table.on_syn_ack(t) == Some(s);
                let open = self.table.on_ack(t.reversed()) == AckOutcome::Established(child);
                match answered && open {
                    true => {
                        self.names.open(by);
                        Ok(())
                    }
                    false => Err("an unfinished handshake".to_owned()),
                }
            }
        }
    }

    fn close(&mut self, s: SocketId) -> Result<(), Errno> {
        for effect in self.table.close(s)? {
            match effect {
                Effect::Fin(t) => self.table.on_fin(t.reversed()),
                Effect::Rst(t) => self.table.on_rst(t.reversed()),
            };
        }
        Ok(())
    }
}

fn name(errno: Errno) -> String {
    format!("{errno:?}")
}

fn ip(host: Host) -> IpAddr {
    match host {
        Host::ANY => Ipv4Addr::UNSPECIFIED.into(),
        Host(n) => Ipv4Addr::new(10, 0, 0, n).into(),
    }
}
