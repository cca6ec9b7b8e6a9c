//! Step 8: the NAT.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::{Cidr, Refused, Rules, Table, Unfit};

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was translated and goes out.
    Out,
    /// It was translated and goes in.
    In,
    /// It goes nowhere, and its bytes are as they were.
    Drop(Reason),
}

/// Why a packet is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The packet, or the one that an ICMP error quotes, is not one that can be translated.
    Unfit(Unfit),
    /// It comes from where its source cannot be, or is for somebody who is not on the other side.
    Misplaced,
    /// The table has no place for a new session.
    Refused(Refused),
    /// Nobody inside has asked for it.
    Unwanted,
}

/// A NAT with one address: between a block of inside addresses and the rest of the world (RFC 3022,
/// section 2.2: NAPT; RFC 4787).
///
/// It rewrites packets where they lie. That it is a router as well, which takes one from the TTL, is
/// chapter 07's business.
///
/// The table hears of a packet only when nothing is wrong with it: one that is misplaced or unfit says
/// nothing to the table, as if it had never come.
#[derive(Debug)]
pub struct Nat {
    /// The inside.
    pub block: Cidr,
    /// Who has which port. Ports are forwarded here.
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

    /// A packet comes from inside. Where it may be dropped for several reasons, any of them is right.
    ///
    /// - If its source is not in the block, or if its destination is in the block, it is misplaced.
    /// - If it is an ICMP error, see below.
    /// - Else it gets the external address and its mapping's port as its source, and goes out.
    /// - If its destination is the external address, it turns round: it is also translated like a packet
    ///   that has come in, and goes in (a *hairpin*, RFC 4787, REQ-9). Its receiver sees the sender's
    ///   external address and port. To the table it is an outbound packet in any case: the sender's session
    ///   begins, or lasts longer, and hears of the control bits. If the receiver's filter lets it in, it is
    ///   an inbound packet as well. If not, it is unwanted.
    ///
    /// # ICMP errors
    ///
    /// Types 3, 11 and 12 are about a packet, and quote its beginning (RFC 792). A fragment of an error is
    /// a fragment, and not an error: [`Unfit::Fragment`]. If the checksum of the
    /// ICMP message does not fit, the error is [`Unfit::Malformed`]; the quote is judged by
    /// [`read_quote`]. An error goes to who has sent the packet that it is about: if its destination is
    /// not the quote's source address, it is misplaced.
    ///
    /// An error from inside is about a packet that came in. The quote's destination is an inside port,
    /// and becomes that mapping's external address and port; without a mapping the error is unwanted. The
    /// error's own source becomes the external address. If its destination is the external address, it
    /// turns round like any packet, and is also translated like an error that has come in.
    ///
    /// All checksums are brought up to date: the error's IPv4 header, the ICMP message, the quoted header,
    /// and what of the quote's own checksum is there. Nothing else changes, in the quote either: its TTL is
    /// the one with which the packet has died. To the table an error is no packet: it begins no session,
    /// lets none last longer, ends none, and is no answer (RFC 4787, REQ-12; RFC 5508, REQ-6). This holds
    /// for one that turns round, too.
    pub fn outbound(&mut self, now: Duration, packet: &mut [u8]) -> Verdict {
        todo!(
            "8.8 Nat::outbound({now:?}, {} bytes) from {} through {}: misplaced, an ICMP error, a hairpin, or out it goes",
            packet.len(),
            self.block,
            self.external
        )
    }

    /// A packet comes from outside.
    ///
    /// - If its destination is not the external address, or its source is the external address or in the
    ///   block, it is misplaced.
    /// - If the table has somebody for it, it gets that address and port as its destination, and goes in.
    ///   If not, it is unwanted, and this NAT's policy is not to tell the sender. (Without such a policy
    ///   RFC 5382, REQ-4, wants an ICMP error about a SYN, six seconds later.)
    /// - An ICMP error from outside is about a packet that went out. The quote's source is a port of the
    ///   external address, and becomes the inside's address and port, to whose address the error goes. It
    ///   takes a session with the quote's destination, or a forwarded port; without one it is unwanted.
    ///   Its own source stays: it is the router that had to say something.
    pub fn inbound(&mut self, now: Duration, packet: &mut [u8]) -> Verdict {
        todo!(
            "8.8 Nat::inbound({now:?}, {} bytes) to {}: misplaced, an ICMP error, or in it goes if the table has somebody",
            packet.len(),
            self.external
        )
    }
}
