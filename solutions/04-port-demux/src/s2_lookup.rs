//! Step 2: which socket gets the segment.

use std::net::SocketAddr;

use crate::{Proto, Row, SocketId, State};

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

/// What the sender is told when nobody gets its segment.
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
/// 3. A row without a peer at `dst`'s port whose address is unspecified and of `dst`'s family.
///
/// TCP asks for more in 2 and 3: the socket must listen. A row with another peer than `src` gets
/// nothing. Only rows of the same protocol count. Where several rows are equally good (their
/// sockets share the address, step 3), any of them is right.
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
        Hit::Nobody(match proto {
            Proto::Tcp => Refusal::Rst,
            Proto::Udp => Refusal::PortUnreachable,
        })
    }
}
