//! Step 2: which socket gets the segment.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{FourTuple, Proto, Row, SocketId, State};

/// Which sieve held a segment, and the socket that gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// A socket with exactly these four numbers.
    Exact(SocketId),
    /// A socket without a peer, at exactly this address and port.
    Bound(SocketId),
    /// A socket without a peer, at this port of all addresses.
    Wildcard(SocketId),
    /// No socket.
    Nobody(Refusal),
}

/// The answer to the sender when no socket gets its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// TCP's answer: a segment with RST (RFC 9293, section 3.10.7.1).
    Rst,
    /// UDP's: an ICMP message, destination unreachable, port unreachable (RFC 1122, section
    /// 4.1.3.1).
    PortUnreachable,
}

/// Finds the socket for a segment or datagram that came from `src` and is addressed to `dst`.
///
/// The most exact match wins, wherever in `rows` it stands:
///
/// 1. A row whose `local` is `dst` and whose `remote` is `src`.
/// 2. A row without a peer whose `local` is `dst`.
/// 3. A row without a peer at `dst`'s port whose address is unspecified and of `dst`'s family
///    (`::ffff:10.0.0.5` is of IPv6).
///
/// For TCP the socket in 2 and 3 must also listen. A row with another peer than `src` gets nothing.
/// Only rows of the same protocol count. If several rows are equally good (their sockets share the
/// address, step 3), any of them is right.
pub fn lookup(rows: &[Row], proto: Proto, dst: SocketAddr, src: SocketAddr) -> Hit {
    let rows = || rows.iter().filter(|row| row.proto == proto);
    let open =
        |row: &&Row| row.remote.is_none() && (proto == Proto::Udp || row.state == State::Listen);
    let everywhere = |local: SocketAddr| {
        local.ip().is_unspecified()
            && local.is_ipv4() == dst.is_ipv4()
            && local.port() == dst.port()
    };
    let exact = rows().find(|row| row.local == dst && row.remote == Some(src));
    let bound = || rows().filter(open).find(|row| row.local == dst);
    let wildcard = || rows().filter(open).find(|row| everywhere(row.local));

    if let Some(row) = exact {
        Hit::Exact(row.id)
    } else if let Some(row) = bound() {
        Hit::Bound(row.id)
    } else if let Some(row) = wildcard() {
        Hit::Wildcard(row.id)
    } else {
        Hit::Nobody(refusal(proto))
    }
}

fn refusal(proto: Proto) -> Refusal {
    match proto {
        Proto::Tcp => Refusal::Rst,
        Proto::Udp => Refusal::PortUnreachable,
    }
}

/// Rows in hash maps. A look-up asks them at most three times, however many rows there are, and
/// however many of them share a port.
///
/// An index is made of the rows as they are now. It does not follow later changes.
pub struct Index {
    tcp: Sieves,
    udp: Sieves,
}

/// One protocol's sockets. std's maps hash with a secret: strangers choose what goes in here.
#[derive(Default)]
struct Sieves {
    connected: HashMap<FourTuple, SocketId>,
    /// The second sieve and the third: here the unspecified address is an address like any other.
    open: HashMap<SocketAddr, SocketId>,
}

impl Index {
    /// Builds the index of `rows`, once for many look-ups.
    pub fn new(rows: &[Row]) -> Index {
        let (mut tcp, mut udp) = (Sieves::default(), Sieves::default());
        for row in rows {
            let (sieves, open) = match row.proto {
                Proto::Tcp => (&mut tcp, row.state == State::Listen),
                Proto::Udp => (&mut udp, true),
            };
            if let Some(t) = row.four_tuple() {
                sieves.connected.insert(t, row.id);
            } else if open {
                sieves.open.insert(row.local, row.id);
            }
        }
        Index { tcp, udp }
    }

    /// The result of [`lookup`] for these rows, without going through them. If several rows are
    /// equally good, it may find another one.
    pub fn lookup(&self, proto: Proto, dst: SocketAddr, src: SocketAddr) -> Hit {
        let Sieves { connected, open } = match proto {
            Proto::Tcp => &self.tcp,
            Proto::Udp => &self.udp,
        };
        let t = FourTuple {
            local: dst,
            remote: src,
        };
        let everywhere: SocketAddr = match dst {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, dst.port()).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, dst.port()).into(),
        };
        if let Some(&id) = connected.get(&t) {
            Hit::Exact(id)
        } else if let Some(&id) = open.get(&dst) {
            Hit::Bound(id)
        } else if let Some(&id) = open.get(&everywhere) {
            Hit::Wildcard(id)
        } else {
            Hit::Nobody(refusal(proto))
        }
    }
}
