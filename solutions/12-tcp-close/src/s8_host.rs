//! Step 8: a host.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use packets::Flow;
use tcp_open::{Notice, Segment, Seq, State, Vars, answer_in_closed, isn, seq_lt};

use crate::{Config, Connection, from_bytes, to_bytes};

/// The name of a connection, for the program. It is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// The result of [`Host::recv`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// At least one byte.
    Data(Vec<u8>),
    /// Nothing has come yet.
    Nothing,
    /// No more data comes: the peer has closed, or there is no connection.
    End,
}

/// Why a call of the program fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Another listener has this port.
    PortInUse,
    /// All ports from [`Host::FIRST_PORT`] on are in use towards this peer.
    NoPortLeft,
}

/// A host with one address, and any number of connections. It has no clock and no network:
/// datagrams go in with [`Host::arrives`] and come out of [`Host::poll`]. `poll` is called after
/// every other call that takes `now`, and at the time of [`Host::wake_at`].
#[derive(Debug)]
pub struct Host {
    addr: Ipv4Addr,
    secret: [u8; 16],
    config: Config,
    listeners: BTreeMap<u16, Listening>,
    entries: HashMap<ConnId, Entry>,
    /// By our socket and the peer's.
    flows: HashMap<(SocketAddrV4, SocketAddrV4), ConnId>,
    ids: u64,
    next_port: u16,
    /// To be polled now.
    ready: BTreeSet<ConnId>,
    alarms: BTreeSet<(Duration, ConnId)>,
    /// What leaves and belongs to no connection.
    out: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Listening {
    backlog: usize,
    /// Connections that the program has not accepted, whatever their state: those that wait longest come first.
    waiting: VecDeque<ConnId>,
}

impl Listening {
    fn has_room(&self) -> bool {
        self.waiting.len() < self.backlog
    }
}

#[derive(Debug)]
struct Entry {
    connection: Connection,
    /// From us to the peer.
    flow: Flow,
    /// In whose queue it waits.
    waits_at: Option<u16>,
    /// The program has given up its name.
    is_closed: bool,
    alarm: Option<Duration>,
}

impl Host {
    /// The first of the ports that [`Host::connect`] chooses (RFC 6335, section 6).
    pub const FIRST_PORT: u16 = 49152;

    /// There are no listeners and no connections. Each connection will have this configuration,
    /// except for its ISN.
    pub fn new(addr: Ipv4Addr, secret: [u8; 16], config: Config) -> Host {
        Host {
            addr,
            secret,
            config,
            listeners: BTreeMap::new(),
            entries: HashMap::new(),
            flows: HashMap::new(),
            ids: 0,
            next_port: Host::FIRST_PORT,
            ready: BTreeSet::new(),
            alarms: BTreeSet::new(),
            out: Vec::new(),
        }
    }

    /// The program listens on a port. At most `backlog` connections (at least 1) wait to be
    /// accepted, in any state: not open yet, open, or reset since. When that many wait, a SYN is
    /// ignored, and its sender repeats it.
    ///
    /// # Errors
    ///
    /// [`Refusal::PortInUse`].
    pub fn listen(&mut self, port: u16, backlog: usize) -> Result<(), Refusal> {
        if self.listeners.contains_key(&port) {
            return Err(Refusal::PortInUse);
        }
        let waiting = VecDeque::new();
        self.listeners.insert(port, Listening { backlog, waiting });
        Ok(())
    }

    /// Takes the oldest connection that is open out of the queue of this port: the one whose SYN
    /// came first. It is open if it has been ESTABLISHED, whatever its state is now.
    pub fn accept(&mut self, port: u16) -> Option<ConnId> {
        let waiting = &mut self.listeners.get_mut(&port)?.waiting;
        let entries = &mut self.entries;
        let is_open = |id: &ConnId| {
            let state = entries[id].connection.state();
            !matches!(state, State::Listen | State::SynReceived)
        };
        let id = waiting.remove(waiting.iter().position(is_open)?)?;
        entries.get_mut(&id)?.waits_at = None;
        Some(id)
    }

    /// The program wants a connection. It gets our next port that has no connection with this peer,
    /// counted up from [`Host::FIRST_PORT`] to 65535 and round again. A CLOSED connection does not
    /// count, even if the program still has its name. The check of a port must be one look-up: a
    /// loop over all connections for each port is far too slow when all ports are in use.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoPortLeft`].
    pub fn connect(&mut self, now: Duration, peer: SocketAddrV4) -> Result<ConnId, Refusal> {
        let count = u16::MAX - Host::FIRST_PORT;
        let local = (0..=count).find_map(|_| {
            let local = SocketAddrV4::new(self.addr, self.next_port);
            self.next_port = self.next_port.checked_add(1).unwrap_or(Host::FIRST_PORT);
            (!self.flows.contains_key(&(local, peer))).then_some(local)
        });
        let local = local.ok_or(Refusal::NoPortLeft)?;
        let iss = isn(&self.secret, local, peer, now);
        let id = self.add(local, peer, iss, None);
        self.with(id, |connection| connection.connect(now));
        Ok(id)
    }

    /// [`crate::Connection::send`]; 0 if there is no such connection.
    pub fn send(&mut self, id: ConnId, data: &[u8]) -> usize {
        self.with(id, |connection| connection.send(data))
            .unwrap_or(0)
    }

    /// [`crate::Connection::recv`], with at most `max` bytes; `max` is at least 1.
    pub fn recv(&mut self, id: ConnId, max: usize) -> Received {
        let received = self.with(id, |connection| {
            let data = connection.recv(max);
            match data.is_empty() {
                false => Received::Data(data),
                true if connection.is_over() || connection.state() == State::Closed => {
                    Received::End
                }
                true => Received::Nothing,
            }
        });
        received.unwrap_or(Received::End)
    }

    /// [`crate::Connection::shutdown`].
    pub fn shutdown(&mut self, now: Duration, id: ConnId) {
        self.with(id, |connection| connection.shutdown(now));
    }

    /// [`crate::Connection::close`]. The program gives up the name, and the connection is forgotten
    /// once it is CLOSED.
    pub fn close(&mut self, now: Duration, id: ConnId) {
        self.with(id, |connection| connection.close(now));
        self.gives_up(id);
    }

    /// [`crate::Connection::abort`], and as [`Host::close`].
    pub fn abort(&mut self, now: Duration, id: ConnId) {
        self.with(id, |connection| connection.abort(now));
        self.gives_up(id);
    }

    /// What the program is told of a connection since it was last asked.
    pub fn take_notices(&mut self, id: ConnId) -> Vec<Notice> {
        let entry = self.entries.get_mut(&id);
        entry.map_or(Vec::new(), |entry| entry.connection.take_notices())
    }

    /// The state of a connection; CLOSED if there is none of this name.
    pub fn state(&self, id: ConnId) -> State {
        let entry = self.entries.get(&id);
        entry.map_or(State::Closed, |entry| entry.connection.state())
    }

    /// The variables of a connection.
    pub fn vars(&self, id: ConnId) -> Option<Vars> {
        Some(self.entries.get(&id)?.connection.vars())
    }

    /// The two sockets of a connection: from us to the peer.
    pub fn flow(&self, id: ConnId) -> Option<Flow> {
        Some(self.entries.get(&id)?.flow)
    }

    /// How many connections are kept, in any state.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Takes a datagram.
    ///
    /// It is ignored if it carries no segment ([`crate::from_bytes`]), is not for our address, or comes from an address that no single
    /// host has: a multicast address, 255.255.255.255 or 0.0.0.0 (RFC 9293, section 3.9.2.3).
    ///
    /// A segment belongs to the connection between its two sockets. If there is none, or it is
    /// CLOSED, a SYN without ACK (and without FIN) to a listening port begins one, as long as there
    /// is room ([`Host::listen`]). Any other segment gets the answer of chapter 09's
    /// [`tcp_open::answer_in_closed`].
    ///
    /// A SYN by which the peer reopens a connection that is in TIME-WAIT
    /// ([`crate::Connection::reopens`]) also begins a new one, if the port is listening and there
    /// is room. The old one is CLOSED (`waits_no_longer`), and its data can still be read. The new
    /// ISN is the later one of the usual ISN and the one that `reopens` returns. Without room the
    /// SYN is ignored, and TIME-WAIT stays: without it, the lowest ISN would be unknown when the
    /// SYN comes again.
    pub fn arrives(&mut self, now: Duration, datagram: &[u8]) {
        let Some((flow, segment)) = from_bytes(datagram) else {
            return;
        };
        let from = flow.src.ip();
        if *flow.dst.ip() != self.addr
            || from.is_multicast()
            || from.is_broadcast()
            || from.is_unspecified()
        {
            return;
        }
        let (local, peer) = (flow.dst, flow.src);
        let mut lowest = None;
        if let Some(&id) = self.flows.get(&(local, peer)) {
            let listening = self.listeners.get(&local.port());
            let entry = self.entries.get_mut(&id).expect("it has a flow");
            lowest = entry
                .connection
                .reopens(now, &segment)
                .filter(|_| listening.is_some());
            if lowest.is_some() {
                if !listening.is_some_and(Listening::has_room) {
                    return;
                }
                entry.connection.waits_no_longer();
                self.update(id);
            } else if entry.connection.state() != State::Closed {
                self.with(id, |connection| connection.arrives(now, &segment));
                return;
            }
        }
        self.meets_nobody(now, flow, &segment, lowest);
    }

    /// A segment to which no connection belongs.
    fn meets_nobody(&mut self, now: Duration, flow: Flow, segment: &Segment, lowest: Option<Seq>) {
        let (local, peer) = (flow.dst, flow.src);
        let begins = segment.syn && segment.ack.is_none() && segment.makes_sense();
        match self.listeners.get(&local.port()) {
            Some(listening) if begins => {
                if listening.has_room() {
                    let iss = isn(&self.secret, local, peer, now);
                    let iss = lowest.filter(|lowest| seq_lt(iss, *lowest)).unwrap_or(iss);
                    let id = self.add(local, peer, iss, Some(local.port()));
                    self.with(id, |connection| {
                        connection.listen(now);
                        connection.arrives(now, segment);
                    });
                }
            }
            _ => {
                let answer = answer_in_closed(segment);
                let bytes = answer.and_then(|answer| to_bytes(flow.reversed(), &answer).ok());
                self.out.extend(bytes);
            }
        }
    }

    /// Returns the datagrams that leave now.
    pub fn poll(&mut self, now: Duration) -> Vec<Vec<u8>> {
        while let Some(&(at, id)) = self.alarms.first()
            && at <= now
        {
            self.alarms.pop_first();
            self.ready.insert(id);
        }
        let mut out = std::mem::take(&mut self.out);
        for id in std::mem::take(&mut self.ready) {
            let Some(entry) = self.entries.get_mut(&id) else {
                continue;
            };
            let segments = entry.connection.poll(now);
            let datagrams = segments.iter().map(|segment| to_bytes(entry.flow, segment));
            out.extend(datagrams.flatten());
            self.update(id);
        }
        out
    }

    /// When [`Host::poll`] is due, if nothing happens before. A past time means at once. It is due
    /// at once after each call that may cause a segment: after [`Host::send`] and [`Host::recv`],
    /// too.
    pub fn wake_at(&self) -> Option<Duration> {
        if !self.ready.is_empty() || !self.out.is_empty() {
            return Some(Duration::ZERO);
        }
        self.alarms.first().map(|(at, _)| *at)
    }

    fn add(
        &mut self,
        local: SocketAddrV4,
        peer: SocketAddrV4,
        iss: Seq,
        waits_at: Option<u16>,
    ) -> ConnId {
        self.ids += 1;
        let id = ConnId(self.ids);
        let open = tcp_open::Config {
            iss,
            ..self.config.open
        };
        let config = Config {
            open,
            ..self.config
        };
        let entry = Entry {
            connection: Connection::new(config),
            flow: Flow {
                src: local,
                dst: peer,
            },
            waits_at,
            is_closed: false,
            alarm: None,
        };
        self.entries.insert(id, entry);
        self.flows.insert((local, peer), id);
        if let Some(listening) = waits_at.and_then(|port| self.listeners.get_mut(&port)) {
            listening.waiting.push_back(id);
        }
        id
    }

    /// Does something with a connection, which is to be polled then.
    fn with<T>(&mut self, id: ConnId, f: impl FnOnce(&mut Connection) -> T) -> Option<T> {
        let entry = self.entries.get_mut(&id)?;
        let result = f(&mut entry.connection);
        self.ready.insert(id);
        Some(result)
    }

    fn gives_up(&mut self, id: ConnId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.is_closed = true;
        }
    }

    /// A connection may have changed: sets its alarm, and forgets it if nobody needs it.
    fn update(&mut self, id: ConnId) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let wake_at = entry.connection.wake_at();
        if let Some(alarm) = std::mem::replace(&mut entry.alarm, wake_at) {
            self.alarms.remove(&(alarm, id));
        }
        self.alarms.extend(wake_at.map(|at| (at, id)));
        let state = entry.connection.state();
        // A connection that has not opened goes back to LISTEN: nobody has heard of it.
        let is_over = match entry.waits_at {
            Some(_) => state == State::Listen,
            None => state == State::Closed && entry.is_closed,
        };
        let (local, peer) = (entry.flow.src, entry.flow.dst);
        if (is_over || state == State::Closed) && self.flows.get(&(local, peer)) == Some(&id) {
            self.flows.remove(&(local, peer));
        }
        if is_over {
            let entry = self.entries.remove(&id).expect("it is here");
            if let Some(alarm) = entry.alarm {
                self.alarms.remove(&(alarm, id));
            }
            let listening = entry
                .waits_at
                .and_then(|port| self.listeners.get_mut(&port));
            if let Some(listening) = listening {
                listening.waiting.retain(|other| *other != id);
            }
        }
    }
}
