//! Step 7: the table of a NAT.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::{Flow, Proto};

/// How long a UDP session lasts after its last outbound datagram (RFC 4787, REQ-5: not less than two
/// minutes, five or more recommended).
pub const UDP_IDLE: Duration = Duration::from_secs(5 * 60);
/// The same for an echo (RFC 5508, REQ-2: not less than 60 seconds).
pub const ECHO_IDLE: Duration = Duration::from_secs(60);
/// The same for a TCP connection that is open (RFC 5382, REQ-5: not less than 2 hours 4 minutes, so
/// that a host's keep-alive comes in time).
pub const TCP_OPEN_IDLE: Duration = Duration::from_secs((2 * 60 + 4) * 60);
/// The same for one that is not open yet, or not any more (RFC 5382, REQ-5: not less than 4 minutes).
pub const TCP_CLOSED_IDLE: Duration = Duration::from_secs(4 * 60);

/// What a NAT is told when it is built.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Its one address on the outside.
    pub external: Ipv4Addr,
    /// The ports that it may give to mappings.
    pub ports: RangeInclusive<u16>,
    /// Whom it lets in.
    pub filter: Filter,
    /// The most sessions that it keeps.
    pub max_sessions: usize,
}

/// Who may send to a mapping (RFC 4787, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Anybody, as long as the mapping lasts: endpoint-independent filtering.
    Anyone,
    /// Whom the mapping's inside port has sent to, from whatever port: address-dependent filtering.
    Address,
    /// The same, from the very port that it has sent to: address and port-dependent filtering.
    AddressAndPort,
}

/// Why the table has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It keeps [`Rules::max_sessions`] sessions already.
    Full,
    /// All ports have been given away.
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
/// An outbound packet begins a session, or lets it last for its idle time from now on. An inbound one
/// does neither, with one exception below: an outsider could keep a door open for ever (REQ-6). A session
/// ends at the moment that its time is over, whether or not somebody has called [`Table::expire`].
///
/// A TCP session is **open** when an outbound segment with ACK, and without SYN and RST, has followed an
/// inbound segment without RST. It is no longer open
///
/// - when FINs have gone in both directions, at whatever time and in whatever segments of the session.
///   The last ACK still has to pass, so the entry stays for a while;
/// - after an RST in either direction, until the next outbound segment without RST. That segment undoes
///   the RST and nothing else: a FIN that came with the RST, or after it, still counts. A forger can send
///   an RST, too, and the inside, which goes on, does not believe him.
///
/// An outbound SYN without ACK begins the session anew: what was said before it does not count, what it
/// says itself does. Nothing else begins it anew.
///
/// An inbound segment that ends an open connection, an RST or the second FIN, moves the session's end to
/// [`TCP_CLOSED_IDLE`] from now, whether that is sooner or later than before (RFC 5382, REQ-5; RFC 7857,
/// section 2.2). Where the connection is not open, nothing inbound moves the end. So nobody outside holds
/// a door open: only an outbound segment opens the connection again.
///
/// Each session has a state of its own. A segment to or from an address and port without a session says
/// nothing about any session, even if the filter lets it in.
///
/// `now` is the time since some moment that does not matter, and never goes back. What a call costs does
/// not grow with the number of mappings, of sessions (of one mapping or of all) or of ports, but for the
/// time of looking into a map. That includes the search for a free port, and a call for which there is
/// nothing. Those that end pay for their own removal.
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

    /// A packet goes out: `flow.src` is inside, `flow.dst` is outside. Gives the external port that it
    /// leaves from.
    ///
    /// A new mapping gets the inside's own port number, if that is in [`Rules::ports`] and free for the
    /// protocol; otherwise any port of the range that is free.
    ///
    /// # Errors
    ///
    /// For a packet that needs a new session: [`Refused::Full`], else, if it needs a port, too,
    /// [`Refused::NoPort`]. Nothing changes then: no mapping is left, and no port is taken. Above all, no
    /// session that has not ended makes room: an attacker who fills the table must not throw out those who
    /// were there before.
    pub fn outbound(&mut self, now: Duration, flow: &Flow) -> Result<u16, Refused> {
        todo!(
            "8.7 Table::outbound({now:?}, {flow}): find or begin the session, and let it last from now"
        )
    }

    /// A packet comes in: `flow.src` is outside, `flow.dst` is the external address and a port of it.
    /// Gives the inside address and port that it is for, or `None` if nobody may have it: the port has
    /// no mapping for this protocol, or [`Rules::filter`] does not let this sender in.
    ///
    /// To a forwarded port everybody may send.
    pub fn inbound(&mut self, now: Duration, flow: &Flow) -> Option<SocketAddrV4> {
        todo!(
            "8.7 Table::inbound({now:?}, {flow}): whose port it is, and whether the filter lets the sender in"
        )
    }

    /// The inside address and port that have a session with `remote` through this external port; for a
    /// forwarded port, where it leads, whoever `remote` is. It changes nothing: ICMP errors ask, and they
    /// neither begin a session nor let one last (RFC 4787, REQ-12).
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

    /// From now on, what comes to the external `port` goes to `to`, from whoever it is, and what `to`
    /// sends by this protocol from this very port of its own leaves from `port`. Such a mapping has no
    /// sessions and never ends, and a full table has room for it. The port may be outside
    /// [`Rules::ports`], and nobody else gets it.
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

    /// Removes the sessions that have ended, and says how many it has removed. Those that an earlier call
    /// has removed do not count.
    pub fn expire(&mut self, now: Duration) -> usize {
        todo!("8.7 expire({now:?}): remove what has ended, and count it")
    }

    /// How many sessions the table keeps: those that have not ended, and those that have and were not
    /// removed yet. [`Rules::max_sessions`] at most.
    pub fn sessions(&self) -> usize {
        todo!(
            "8.7 sessions(): how many the table with these rules keeps: {:?}",
            self.rules
        )
    }
}
