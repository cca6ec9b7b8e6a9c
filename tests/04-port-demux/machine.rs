//! A machine whose table is the student's. Each method is one line of the scene.

use std::net::SocketAddr;

use netlab::Lab;
use port_demux::{EphemeralPorts, Errno, FourTuple, Proto, Reuse, Row, SocketId, SocketTable};

use super::words::{self, addr, number};

/// The machine's address where a socket has none.
pub const HOME: &str = "10.0.0.5";

pub struct Machine {
    lab: Lab,
    pub table: SocketTable,
}

impl Machine {
    /// With the ports from 40000 to 40009 to choose from.
    pub fn new(lab: &Lab) -> Machine {
        Machine::at(lab, HOME)
    }

    /// The same with another address than `HOME`.
    pub fn at(lab: &Lab, home: &str) -> Machine {
        let ports = EphemeralPorts::new(40000..=40009, numbers(4));
        let home = home.parse().expect("an address");
        Machine {
            lab: lab.clone(),
            table: SocketTable::new(home, ports),
        }
    }

    pub fn tcp(&mut self) -> SocketId {
        self.socket(Proto::Tcp, words::NO_REUSE)
    }

    pub fn udp(&mut self) -> SocketId {
        self.socket(Proto::Udp, words::NO_REUSE)
    }

    pub fn socket(&mut self, proto: Proto, reuse: Reuse) -> SocketId {
        let id = self.table.socket(proto, reuse);
        let options = words::options(reuse);
        self.lab
            .note(format!("{} is a {proto:?} socket{options}", number(id)));
        id
    }

    /// A row that was there before the scene begins.
    pub fn has(&mut self, row: Row, reuse: Reuse) {
        self.lab.note(format!(
            "{} is there: {}{}",
            number(row.id),
            words::shown(Some(row)),
            words::options(reuse)
        ));
        self.table.insert(row, reuse);
    }

    pub fn bind(&mut self, s: SocketId, local: &str) -> SocketAddr {
        let call = format!("bind({}, {local})", number(s));
        let bound = self.lab.you(&call, || self.table.bind(s, addr(local)));
        let bound = self.succeeds(&call, bound);
        if addr(local).port() == 0 {
            self.lab.note(format!("{} gets {bound}", number(s)));
        }
        bound
    }

    pub fn cannot_bind(&mut self, s: SocketId, local: &str, want: &str) {
        let call = format!("bind({}, {local})", number(s));
        let got = self.lab.you(&call, || self.table.bind(s, addr(local)));
        self.refused(&call, got, want);
    }

    pub fn connect(&mut self, s: SocketId, remote: &str) -> FourTuple {
        let call = format!("connect({}, {remote})", number(s));
        let t = self.lab.you(&call, || self.table.connect(s, addr(remote)));
        let t = self.succeeds(&call, t);
        self.lab.note(format!("{} is at {}", number(s), t.local));
        t
    }

    pub fn cannot_connect(&mut self, s: SocketId, remote: &str, want: &str) {
        let call = format!("connect({}, {remote})", number(s));
        let got = self.lab.you(&call, || self.table.connect(s, addr(remote)));
        self.refused(&call, got, want);
    }

    pub fn listen(&mut self, s: SocketId, backlog: usize) {
        let call = format!("listen({}, {backlog})", number(s));
        let done = self.lab.you(&call, || self.table.listen(s, backlog));
        self.succeeds(&call, done);
    }

    /// The socket with this peer.
    pub fn row_towards(&self, remote: &str) -> SocketId {
        let rows = self.table.rows();
        let row = rows.iter().find(|row| row.remote == Some(addr(remote)));
        match row {
            Some(row) => row.id,
            None => self
                .lab
                .fails(format!("a row with the peer {remote}"), "none"),
        }
    }

    /// The port that a socket has by now.
    pub fn port(&self, s: SocketId) -> u16 {
        self.table.row(s).map_or(0, |row| row.local.port())
    }

    pub fn cannot_listen(&mut self, s: SocketId, want: &str) {
        let call = format!("listen({}, 1)", number(s));
        let got = self.lab.you(&call, || self.table.listen(s, 1));
        self.refused(&call, got, want);
    }

    /// A TCP socket that listens at `local`.
    pub fn listener(&mut self, local: &str, backlog: usize) -> SocketId {
        let s = self.tcp();
        self.bind(s, local);
        self.listen(s, backlog);
        s
    }

    /// A SYN arrives; gives the outcome in words.
    pub fn syn(&mut self, to: &str, from: &str) -> String {
        let call = format!("on_syn({from} → {to})");
        words::syn(
            self.lab
                .you(&call, || self.table.on_syn(words::tuple(to, from))),
        )
    }

    pub fn ack(&mut self, to: &str, from: &str) -> String {
        let call = format!("on_ack({from} → {to})");
        words::ack(
            self.lab
                .you(&call, || self.table.on_ack(words::tuple(to, from))),
        )
    }

    pub fn syn_ack(&mut self, t: FourTuple) -> Option<SocketId> {
        let call = format!("on_syn_ack({} → {})", t.remote, t.local);
        self.lab.you(&call, || self.table.on_syn_ack(t))
    }

    /// A whole handshake of a client with a listener of this machine.
    pub fn meets(&mut self, to: &str, from: &str) -> SocketId {
        let answer = self.syn(to, from);
        if !answer.starts_with("SYN and ACK") {
            let lab = match answer.as_str() {
                "RST" => &self.lab.because("RST says that nobody listens there. The listener is still there, and takes a SYN whatever other sockets do."),
                _ => &self.lab,
            };
            lab.fails(
                format!("the SYN from {from} to {to} is answered with SYN and ACK"),
                answer,
            );
        }
        let opened = self.ack(to, from);
        let id = opened
            .strip_suffix(" is open")
            .and_then(|id| id[1..].parse().ok());
        let Some(id) = id else {
            self.lab.fails(
                format!("the ACK from {from} to {to} opens the connection"),
                opened,
            );
        };
        SocketId(id)
    }

    pub fn accept(&mut self, listener: SocketId) -> (SocketId, FourTuple) {
        let call = format!("accept({})", number(listener));
        let accepted = self.lab.you(&call, || self.table.accept(listener));
        self.succeeds(&call, accepted)
    }

    pub fn cannot_accept(&mut self, listener: SocketId, want: &str) {
        let call = format!("accept({})", number(listener));
        let got = self.lab.you(&call, || self.table.accept(listener));
        self.refused(&call, got, want);
    }

    /// Closes, and gives what goes out.
    pub fn close(&mut self, s: SocketId) -> Vec<String> {
        let call = format!("close({})", number(s));
        let out = self.lab.you(&call, || self.table.close(s));
        words::effects(self.succeeds(&call, out))
    }

    pub fn fin(&mut self, t: FourTuple) -> Option<u64> {
        let call = format!("on_fin({} → {})", t.remote, t.local);
        self.lab.you(&call, || self.table.on_fin(t)).map(|id| id.0)
    }

    pub fn rst(&mut self, t: FourTuple) -> Option<u64> {
        let call = format!("on_rst({} → {})", t.remote, t.local);
        self.lab.you(&call, || self.table.on_rst(t)).map(|id| id.0)
    }

    /// Demands what a socket's row looks like: `STATE local remote`.
    pub fn shows(&self, s: SocketId, want: &str) {
        let row = self.table.row(s);
        let got = words::shown(row);
        if got != want {
            let of_udp = row.is_some_and(|row| matches!(row.proto, Proto::Udp));
            self.lab.fails(
                format!("the row of {}: {want:?}", number(s)),
                format!("{got:?}\n{}", words::difference(&got, want, of_udp)),
            );
        }
    }

    /// Demands how many rows there are.
    pub fn has_rows(&self, want: usize) {
        const SHOWN: usize = 8;
        let rows = self.table.rows();
        if rows.len() != want {
            let last = rows.iter().rev().take(SHOWN).rev();
            let shown =
                last.map(|row| format!("\n{} {}", number(row.id), words::shown(Some(*row))));
            self.lab.fails(
                format!("rows in the table: {want}"),
                format!(
                    "{}; the last ones are:{}",
                    rows.len(),
                    shown.collect::<String>()
                ),
            );
        }
    }

    /// Demands which socket gets a segment.
    pub fn gets(&self, to: &str, from: &str, want: &str) {
        let call = format!("lookup(Tcp, {from} → {to})");
        let hit = self.lab.you(&call, || {
            self.table.lookup(Proto::Tcp, addr(to), addr(from))
        });
        self.lab.same(
            &format!("who gets {from} → {to}"),
            words::hit(hit),
            want.to_owned(),
        );
    }

    fn succeeds<T>(&self, call: &str, got: Result<T, Errno>) -> T {
        got.unwrap_or_else(|errno| {
            let errno = words::errno(errno);
            let got = format!("Err({errno})\n{}", words::reason(errno));
            self.lab.fails(format!("your {call} to succeed"), got)
        })
    }

    fn refused<T>(&self, call: &str, got: Result<T, Errno>, want: &str) {
        let what = format!("your {call} gives");
        match got {
            Ok(_) => self.lab.same(&what, "Ok", want),
            Err(got) => {
                // The call has failed, as it should: what remains is the kind.
                let lab = self.lab.because(words::reason(want));
                lab.same(&what, words::errno(got), want);
            }
        }
    }
}

/// A source of numbers that look random and are the same every time.
pub fn numbers(seed: u64) -> impl FnMut() -> u32 + Send + 'static {
    let mut dice = netlab::Dice::new(seed);
    move || (dice.next() >> 32) as u32
}
