//! Step 7: the table of a NAT.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::{Flow, Proto};

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
    // Yours to fill.
}

impl Table {
    /// An empty table.
    pub fn new(rules: Rules) -> Table {
        Table { rules }
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
        todo!(
            "8.7 Table::outbound({now:?}, {flow}): find or begin the session, and let it last from now"
        )
    }

    /// A packet comes in: `flow.src` is outside, `flow.dst` is the external address and a port of it.
    /// Returns the inside address and port that it is for, or `None` if it must be dropped: the
    /// port has no mapping for this protocol, or [`Rules::filter`] does not let this sender in.
    ///
    /// Every host may send to a forwarded port.
    pub fn inbound(&mut self, now: Duration, flow: &Flow) -> Option<SocketAddrV4> {
        todo!(
            "8.7 Table::inbound({now:?}, {flow}): whose port it is, and whether the filter lets the sender in"
        )
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
        todo!("8.7 owner({now:?}, {proto} port {port}, {remote}): who has this session")
    }

    /// The external port of an inside address and port, if they have a mapping. It changes nothing.
    pub fn port_of(&mut self, now: Duration, proto: Proto, inside: SocketAddrV4) -> Option<u16> {
        todo!("8.7 port_of({now:?}, {proto} {inside}): the port of its mapping")
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
        todo!(
            "8.7 forward({now:?}, {proto} port {port}, {to}): a mapping that never ends; refuse what is in use"
        )
    }

    /// Removes the sessions that have ended, and returns how many it has removed. Those that an
    /// earlier call has removed do not count.
    pub fn expire(&mut self, now: Duration) -> usize {
        todo!("8.7 expire({now:?}): remove what has ended, and count it")
    }

    /// How many sessions the table keeps: those that have not ended, and ended ones that were not
    /// removed yet. At most [`Rules::max_sessions`].
    pub fn sessions(&self) -> usize {
        todo!(
            "8.7 sessions(): how many the table with these rules keeps: {:?}",
            self.rules
        )
    }
}
