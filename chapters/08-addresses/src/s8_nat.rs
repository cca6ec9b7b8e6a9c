//! Step 8: the NAT.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::{Cidr, Refused, Rules, Table, Unfit};

/// What happens to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was translated and goes out.
    Out,
    /// It was translated and goes in.
    In,
    /// It is dropped, and its bytes are as they were.
    Drop(Reason),
}

/// Why a packet is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The packet, or the one that an ICMP error quotes, is not one that can be translated.
    Unfit(Unfit),
    /// Its source cannot be on this side, or its destination is not on the other side.
    Misplaced,
    /// The table has no place for a new session.
    Refused(Refused),
    /// No host inside has asked for it.
    Unwanted,
}

/// A NAT with one address: between a block of inside addresses and the rest of the world (RFC 3022,
/// section 2.2: NAPT; RFC 4787).
///
/// It rewrites packets in place. Chapter 07 handles its other part, the router, which subtracts 1
/// from the TTL.
///
/// The table sees only valid packets: a misplaced or unfit one changes nothing there, as if it had
/// never come.
#[derive(Debug)]
pub struct Nat {
    /// The inside.
    pub block: Cidr,
    /// Which host has which port. Ports are forwarded here.
    pub table: Table,
    external: Ipv4Addr,
}

impl Nat {
    /// A NAT in front of `block`.
    pub fn new(block: Cidr, rules: Rules) -> Nat {
        Nat {
            block,
            external: rules.external,
            table: Table::new(rules),
        }
    }

    /// A packet comes from inside. If several reasons to drop it apply, any of them is right.
    ///
    /// - If its source is not in the block, or if its destination is in the block, it is misplaced.
    /// - If it is an ICMP error, see below.
    /// - Otherwise it gets the external address and its mapping's port as its source, and goes out.
    /// - If its destination is the external address, it turns round: it is also translated like a packet
    ///   that has come in, and goes in (a *hairpin*, RFC 4787, REQ-9). Its receiver sees the sender's
    ///   external address and port. For the table it is always an outbound packet: the sender's
    ///   session begins or is extended, and its control bits count. If the receiver's filter lets
    ///   it in, it is an inbound packet as well. If not, it is unwanted.
    ///
    /// # ICMP errors
    ///
    /// Types 3, 11 and 12 are about a packet, and quote its beginning (RFC 792). A fragment of an error is
    /// a fragment, and not an error: [`Unfit::Fragment`]. If the checksum of the
    /// ICMP message does not fit, the error is [`Unfit::Malformed`]; [`read_quote`] judges the
    /// quote. An error goes to the sender of the quoted packet: if its destination is not the
    /// quote's source address, it is misplaced.
    ///
    /// An error from inside is about a packet that came in. The quote's destination is an inside port,
    /// and becomes that mapping's external address and port; without a mapping the error is unwanted. The
    /// error's own source becomes the external address. If its destination is the external address, it
    /// turns round like any packet, and is also translated like an error that has come in.
    ///
    /// All checksums are updated: the error's IPv4 header, the ICMP message, the quoted header, and
    /// the quote's own checksum if it is there. Nothing else changes, not even in the quote: its
    /// TTL is the one with which the packet was dropped. An error does not count as a packet in the
    /// table: it begins, extends and ends no session, and is not an answer (RFC 4787, REQ-12; RFC
    /// 5508, REQ-6). The same holds for an error that turns round.
    pub fn outbound(&mut self, now: Duration, packet: &mut [u8]) -> Verdict {
        todo!(
            "8.8 Nat::outbound({now:?}, {} bytes) from {} through {}: misplaced, an ICMP error, a hairpin, or it goes out",
            packet.len(),
            self.block,
            self.external
        )
    }

    /// A packet comes from outside.
    ///
    /// - If its destination is not the external address, or its source is the external address or in the
    ///   block, it is misplaced.
    /// - If the table has a receiver for it, it gets that address and port as its destination, and
    ///   goes in. If not, it is unwanted, and this NAT's policy is not to tell the sender. (Without
    ///   such a policy RFC 5382, REQ-4, wants an ICMP error about a SYN, six seconds later.)
    /// - An ICMP error from outside is about a packet that went out. The quote's source is a port
    ///   of the external address, and becomes the inside's address and port. The error goes to that
    ///   address. This needs a session with the quote's destination, or a forwarded port; without
    ///   one the error is unwanted. Its own source stays: it is the router that sent it.
    pub fn inbound(&mut self, now: Duration, packet: &mut [u8]) -> Verdict {
        todo!(
            "8.8 Nat::inbound({now:?}, {} bytes) to {}: misplaced, an ICMP error, or it goes in if the table has a receiver",
            packet.len(),
            self.external
        )
    }
}
