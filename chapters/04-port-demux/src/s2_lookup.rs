//! Step 2: which socket gets the segment.

use std::net::SocketAddr;

use crate::{Proto, Row, SocketId};

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
    todo!(
        "4.2 lookup({} rows, {proto}, {dst}, {src}): the exact four numbers first, then address and port, then the port of all addresses, then the refusal",
        rows.len()
    )
}

/// Rows in hash maps. A look-up asks them at most three times, however many rows there are, and
/// however many of them share a port.
///
/// An index is made of the rows as they are now. It does not follow later changes.
pub struct Index {
    // Yours to fill.
}

impl Index {
    /// Builds the index of `rows`, once for many look-ups.
    pub fn new(rows: &[Row]) -> Index {
        todo!(
            "4.2 Index::new({} rows): each row into a hash map, with the fields that a segment must match as its key",
            rows.len()
        )
    }

    /// The result of [`lookup`] for these rows, without going through them. If several rows are
    /// equally good, it may find another one.
    pub fn lookup(&self, proto: Proto, dst: SocketAddr, src: SocketAddr) -> Hit {
        todo!(
            "4.2 Index::lookup({proto}, {dst}, {src}): the same sieves, each one a question to a hash map"
        )
    }
}
