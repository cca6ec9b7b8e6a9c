//! Step 7: the table of a NAT.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::{Control, Flow, Proto};

/// How long a UDP session lasts after its last outbound datagram (RFC 4787, REQ-5: at least two
/// minutes, five or more recommended).
pub const UDP_IDLE: Duration = Duration::from_secs(5 * 60);
/// The same for an echo (RFC 5508, REQ-2: not less than 60 seconds).
pub const ECHO_IDLE: Duration = Duration::from_secs(60);
/// The same for a TCP connection that is open (RFC 5382, REQ-5: not less than 2 hours 4 minutes, so
/// that a host's keep-alive comes in time).
pub const TCP_OPEN_IDLE: Duration = Duration::from_secs((2 * 60 + 4) * 60);
/// The same for a connection that is not open yet, or no longer open (RFC 5382, REQ-5: not less
/// than 4 minutes).
pub const TCP_CLOSED_IDLE: Duration = Duration::from_secs(4 * 60);

/// The settings of a NAT.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Its one address on the outside.
    pub external: Ipv4Addr,
    /// The ports that it may give to mappings.
    pub ports: RangeInclusive<u16>,
    /// Which outside hosts it lets in.
    pub filter: Filter,
    /// The most sessions that it keeps.
    pub max_sessions: usize,
}

/// Which outside hosts may send to a mapping (RFC 4787, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Every host, as long as the mapping lasts: endpoint-independent filtering.
    Anyone,
    /// A host that the mapping's inside port has sent to, from any port: address-dependent filtering.
    Address,
    /// Such a host, only from the port that was sent to: address and port-dependent filtering.
    AddressAndPort,
}

/// Why the table has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It keeps [`Rules::max_sessions`] sessions already.
    Full,
    /// All ports are in use.
    NoPort,
    /// In [`Table::forward`]: the port, or the one that it should lead to, is in use.
    Taken,
}

/// Which ports of the outside belong to which ports of the inside, and for how long.
///
/// A **mapping** joins an inside address and port to a port of the external address, for one protocol.
/// Each inside port has one mapping, wherever it sends to (RFC 4787, REQ-1), and no two share a port of
/// one protocol (REQ-3). A **session** is a mapping together with one address and port of the outside
/// that the inside has sent to. A mapping lasts as long as one of its sessions.
///
/// An outbound packet begins a session, or extends it to its idle time from now. An inbound one
/// does neither, with one exception below: otherwise an outsider could keep a mapping open for ever
/// (REQ-6). A session ends at the moment when its time is over, whether or not [`Table::expire`]
/// was called.
///
/// A TCP session is **open** when an outbound segment with ACK, and without SYN and RST, has followed an
/// inbound segment without RST. It is no longer open
///
/// - when FINs have gone in both directions, at whatever time and in whatever segments of the session.
///   The last ACK still has to pass, so the entry stays for a while;
/// - after an RST in either direction, until the next outbound segment without RST. That segment
///   cancels only the RST: a FIN that came with the RST, or after it, still counts. An RST may be
///   forged. If the inside host goes on, it did not accept the RST.
///
/// An outbound SYN without ACK restarts the session: earlier segments no longer count, and the
/// SYN's own bits do. Nothing else restarts it.
///
/// An inbound segment that ends an open connection, an RST or the second FIN, moves the session's end to
/// [`TCP_CLOSED_IDLE`] from now, whether that is sooner or later than before (RFC 5382, REQ-5; RFC 7857,
/// section 2.2). If the connection is not open, no inbound segment moves the end. So no outsider
/// keeps a mapping open: only an outbound segment opens the connection again.
///
/// Each session has a state of its own. A segment to or from an address and port without a session
/// changes no session, even if the filter lets it in.
///
/// `now` is the time since any fixed moment, and never decreases. The cost of a call does not grow
/// with the number of mappings, of sessions (of one mapping or of all) or of ports, except for the
/// time of a look-up in a map. This includes the search for a free port, and a call that finds
/// nothing. The removal of ended sessions may cost extra, for each of them.
#[derive(Debug)]
pub struct Table {
    rules: Rules,
    mappings: HashMap<Inside, Mapping>,
    /// The mappings by their external ports.
    owners: HashMap<(Proto, u16), SocketAddrV4>,
    /// For each protocol, the ports that it can still give away. Those it has not been asked for yet
    /// are not here.
    free: HashMap<Proto, BTreeSet<u16>>,
    /// Where the next search for a port begins, so that one that has just become free rests.
    next_port: u16,
    /// All sessions, by when they end.
    ends: BTreeSet<(Duration, Inside, SocketAddrV4)>,
}

type Inside = (Proto, SocketAddrV4);

#[derive(Debug)]
struct Mapping {
    port: u16,
    /// Made by hand: lasts for ever, for everybody, and keeps no sessions.
    is_forwarded: bool,
    sessions: BTreeMap<SocketAddrV4, Session>,
}

#[derive(Debug, Default)]
struct Session {
    end: Duration,
    /// Something has come in that was not an RST.
    has_answered: bool,
    /// The inside has acknowledged it.
    is_confirmed: bool,
    fin_out: bool,
    fin_in: bool,
    is_reset: bool,
}

impl Session {
    fn outbound(&mut self, control: Control) {
        if control.syn && !control.ack {
            *self = Session::default();
        }
        self.is_reset = control.rst;
        self.fin_out |= control.fin;
        let confirms = control.ack && !control.syn && !control.rst;
        self.is_confirmed |= self.has_answered && confirms;
    }

    fn inbound(&mut self, control: Control) {
        self.is_reset |= control.rst;
        self.fin_in |= control.fin;
        self.has_answered |= !control.rst;
    }

    fn is_open(&self) -> bool {
        self.is_confirmed && !self.is_reset && !(self.fin_in && self.fin_out)
    }

    /// How long it lasts without an outbound packet.
    fn idle(&self, proto: Proto) -> Duration {
        match proto {
            Proto::Udp => UDP_IDLE,
            Proto::Echo => ECHO_IDLE,
            Proto::Tcp if self.is_open() => TCP_OPEN_IDLE,
            Proto::Tcp => TCP_CLOSED_IDLE,
        }
    }
}

impl Table {
    /// An empty table.
    pub fn new(rules: Rules) -> Table {
        Table {
            next_port: *rules.ports.start(),
            rules,
            mappings: HashMap::new(),
            owners: HashMap::new(),
            free: HashMap::new(),
            ends: BTreeSet::new(),
        }
    }

    /// A packet goes out: `flow.src` is inside, `flow.dst` is outside. Returns the external port
    /// that it leaves from.
    ///
    /// A new mapping gets the same number as the inside port, if that is in [`Rules::ports`] and
    /// free for the protocol; otherwise any free port of the range.
    ///
    /// # Errors
    ///
    /// For a packet that needs a new session: [`Refused::Full`]. Otherwise, if it also needs a
    /// port, [`Refused::NoPort`]. Then nothing changes: no mapping is left, and no port is taken.
    /// Above all, no living session is removed: an attacker who fills the table must not end
    /// earlier sessions.
    pub fn outbound(&mut self, now: Duration, flow: &Flow) -> Result<u16, Refused> {
        self.expire(now);
        let inside = (flow.proto, flow.src);
        let mapping = self.mappings.get(&inside);
        if let Some(mapping) = mapping.filter(|mapping| mapping.is_forwarded) {
            return Ok(mapping.port);
        }
        let is_new = mapping.is_none_or(|mapping| !mapping.sessions.contains_key(&flow.dst));
        if is_new && self.ends.len() >= self.rules.max_sessions {
            return Err(Refused::Full);
        }
        if mapping.is_none() {
            let port = self.free_port(flow).ok_or(Refused::NoPort)?;
            self.insert(inside, port, false);
        }
        let mapping = self
            .mappings
            .get_mut(&inside)
            .expect("it was there or made");
        let session = mapping.sessions.entry(flow.dst).or_default();
        self.ends.remove(&(session.end, inside, flow.dst));
        session.outbound(flow.control);
        session.end = now + session.idle(flow.proto);
        self.ends.insert((session.end, inside, flow.dst));
        Ok(mapping.port)
    }

    /// A packet comes in: `flow.src` is outside, `flow.dst` is the external address and a port of it.
    /// Returns the inside address and port that it is for, or `None` if it must be dropped: the
    /// port has no mapping for this protocol, or [`Rules::filter`] does not let this sender in.
    ///
    /// Every host may send to a forwarded port.
    pub fn inbound(&mut self, now: Duration, flow: &Flow) -> Option<SocketAddrV4> {
        self.expire(now);
        let owner = *self.owners.get(&(flow.proto, flow.dst.port()))?;
        let inside = (flow.proto, owner);
        let mapping = self.mappings.get_mut(&inside)?;
        if mapping.is_forwarded {
            return Some(owner);
        }
        let of_address =
            SocketAddrV4::new(*flow.src.ip(), 0)..=SocketAddrV4::new(*flow.src.ip(), u16::MAX);
        let may = match self.rules.filter {
            Filter::Anyone => true,
            Filter::Address => mapping.sessions.range(of_address).next().is_some(),
            Filter::AddressAndPort => mapping.sessions.contains_key(&flow.src),
        };
        if !may {
            return None;
        }
        if let Some(session) = mapping.sessions.get_mut(&flow.src) {
            let was_open = session.is_open();
            session.inbound(flow.control);
            if was_open && !session.is_open() {
                self.ends.remove(&(session.end, inside, flow.src));
                session.end = now + TCP_CLOSED_IDLE;
                self.ends.insert((session.end, inside, flow.src));
            }
        }
        Some(owner)
    }

    /// The inside address and port that have a session with `remote` through this external port;
    /// for a forwarded port, where it leads, whatever `remote` is. It changes nothing: it is called
    /// for ICMP errors, which neither begin a session nor extend one (RFC 4787, REQ-12).
    pub fn owner(
        &mut self,
        now: Duration,
        proto: Proto,
        port: u16,
        remote: SocketAddrV4,
    ) -> Option<SocketAddrV4> {
        self.expire(now);
        let owner = *self.owners.get(&(proto, port))?;
        let mapping = self.mappings.get(&(proto, owner))?;
        let is_theirs = mapping.is_forwarded || mapping.sessions.contains_key(&remote);
        is_theirs.then_some(owner)
    }

    /// The external port of an inside address and port, if they have a mapping. It changes nothing.
    pub fn port_of(&mut self, now: Duration, proto: Proto, inside: SocketAddrV4) -> Option<u16> {
        self.expire(now);
        let mapping = self.mappings.get(&(proto, inside))?;
        Some(mapping.port)
    }

    /// From now on, packets to the external `port` go to `to`, from every sender. Packets of this
    /// protocol from `to`'s address and port leave from `port`. Such a mapping has no sessions and
    /// never ends, and a full table has room for it. The port may be outside [`Rules::ports`], and
    /// no other mapping gets it.
    ///
    /// # Errors
    ///
    /// [`Refused::Taken`] if the port has a mapping for this protocol, or if `to` has one.
    pub fn forward(
        &mut self,
        now: Duration,
        proto: Proto,
        port: u16,
        to: SocketAddrV4,
    ) -> Result<(), Refused> {
        self.expire(now);
        if self.owners.contains_key(&(proto, port)) || self.mappings.contains_key(&(proto, to)) {
            return Err(Refused::Taken);
        }
        self.insert((proto, to), port, true);
        Ok(())
    }

    /// Removes the sessions that have ended, and returns how many it has removed. Those that an
    /// earlier call has removed do not count.
    pub fn expire(&mut self, now: Duration) -> usize {
        let before = self.ends.len();
        while let Some(&(end, inside, remote)) = self.ends.first()
            && end <= now
        {
            self.ends.pop_first();
            let mapping = self
                .mappings
                .get_mut(&inside)
                .expect("a session has a mapping");
            mapping.sessions.remove(&remote);
            if mapping.sessions.is_empty() {
                let port = mapping.port;
                self.mappings.remove(&inside);
                self.owners.remove(&(inside.0, port));
                self.free_ports(inside.0).insert(port);
            }
        }
        before - self.ends.len()
    }

    /// How many sessions the table keeps: those that have not ended, and ended ones that were not
    /// removed yet. At most [`Rules::max_sessions`].
    pub fn sessions(&self) -> usize {
        self.ends.len()
    }

    fn insert(&mut self, inside: Inside, port: u16, is_forwarded: bool) {
        let (proto, owner) = inside;
        self.owners.insert((proto, port), owner);
        self.free_ports(proto).remove(&port);
        let sessions = BTreeMap::new();
        self.mappings.insert(
            inside,
            Mapping {
                port,
                is_forwarded,
                sessions,
            },
        );
    }

    fn free_port(&mut self, flow: &Flow) -> Option<u16> {
        let (next, own) = (self.next_port, flow.src.port());
        let free = self.free_ports(flow.proto);
        if free.contains(&own) {
            return Some(own);
        }
        let port = *free.range(next..).next().or(free.first())?;
        self.next_port = port.wrapping_add(1);
        Some(port)
    }

    fn free_ports(&mut self, proto: Proto) -> &mut BTreeSet<u16> {
        let all = || self.rules.ports.clone().collect();
        self.free.entry(proto).or_insert_with(all)
    }
}
