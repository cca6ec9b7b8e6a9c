//! Step 8: the NAT.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use packets::{Ipv4Header, internet_checksum, protocol, update_checksum};

use crate::{
    Cidr, Flow, Refused, Rules, Table, Unfit, read_flow, read_quote, set_destination, set_source,
};

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
        self.try_outbound(now, packet).unwrap_or_else(Verdict::Drop)
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
        self.try_inbound(now, packet).unwrap_or_else(Verdict::Drop)
    }

    fn try_outbound(&mut self, now: Duration, packet: &mut [u8]) -> Result<Verdict, Reason> {
        let (src, dst) = ends(packet)?;
        if !self.block.contains(src) || self.block.contains(dst) {
            return Err(Reason::Misplaced);
        }
        let turns_round = dst == self.external;
        if let Some(error) = IcmpError::read(packet)? {
            let about = error.about;
            let port = self.table.port_of(now, about.proto, about.dst);
            let mapped = self.outside(port.ok_or(Reason::Unwanted)?);
            // Whose packet it was, if that host is inside, too.
            let owner = match turns_round {
                true => {
                    let owner = self.table.owner(now, about.proto, about.src.port(), mapped);
                    Some(owner.ok_or(Reason::Unwanted)?)
                }
                false => None,
            };
            error.set_quoted_destination(packet, mapped);
            set_address(packet, SOURCE, self.external);
            if let Some(owner) = owner {
                error.set_quoted_source(packet, owner);
                set_address(packet, DESTINATION, *owner.ip());
            }
        } else {
            let flow = read_flow(packet).map_err(Reason::Unfit)?;
            let port = self.table.outbound(now, &flow).map_err(Reason::Refused)?;
            let mapped = self.outside(port);
            let as_seen = Flow {
                src: mapped,
                ..flow
            };
            let owner = match turns_round {
                true => Some(self.table.inbound(now, &as_seen).ok_or(Reason::Unwanted)?),
                false => None,
            };
            set_source(packet, mapped).map_err(Reason::Unfit)?;
            if let Some(owner) = owner {
                set_destination(packet, owner).map_err(Reason::Unfit)?;
            }
        }
        Ok(if turns_round {
            Verdict::In
        } else {
            Verdict::Out
        })
    }

    fn try_inbound(&mut self, now: Duration, packet: &mut [u8]) -> Result<Verdict, Reason> {
        let (src, dst) = ends(packet)?;
        if dst != self.external || src == self.external || self.block.contains(src) {
            return Err(Reason::Misplaced);
        }
        if let Some(error) = IcmpError::read(packet)? {
            let Flow {
                proto, src, dst, ..
            } = error.about;
            let owner = self.table.owner(now, proto, src.port(), dst);
            let owner = owner.ok_or(Reason::Unwanted)?;
            error.set_quoted_source(packet, owner);
            set_address(packet, DESTINATION, *owner.ip());
        } else {
            let flow = read_flow(packet).map_err(Reason::Unfit)?;
            let owner = self.table.inbound(now, &flow).ok_or(Reason::Unwanted)?;
            set_destination(packet, owner).map_err(Reason::Unfit)?;
        }
        Ok(Verdict::In)
    }

    fn outside(&self, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(self.external, port)
    }
}

/// Where an IPv4 header has its addresses.
const SOURCE: usize = 12;
const DESTINATION: usize = 16;

fn ends(packet: &[u8]) -> Result<(Ipv4Addr, Ipv4Addr), Reason> {
    let (header, _) = Ipv4Header::parse(packet).map_err(|_| Reason::Unfit(Unfit::Malformed))?;
    Ok((header.src, header.dst))
}

/// Changes an address and the header's checksum. What the packet carries stays: ICMP's checksum does
/// not cover addresses.
fn set_address(packet: &mut [u8], at: usize, address: Ipv4Addr) {
    for (at, new) in [at, at + 2].into_iter().zip(address.octets().chunks(2)) {
        let two = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
        let updated = update_checksum(two(10), two(at), u16::from_be_bytes([new[0], new[1]]));
        packet[at..at + 2].copy_from_slice(new);
        packet[10..12].copy_from_slice(&updated.to_be_bytes());
    }
}

/// An ICMP error, and the flow of the packet that it is about.
struct IcmpError {
    about: Flow,
    /// Where in the packet the ICMP message begins, and where it ends.
    start: usize,
    end: usize,
}

impl IcmpError {
    /// `None` if the packet is none. The header has been checked.
    fn read(packet: &[u8]) -> Result<Option<IcmpError>, Reason> {
        let malformed = Reason::Unfit(Unfit::Malformed);
        let (header, message) = Ipv4Header::parse(packet).map_err(|_| malformed)?;
        let is_whole = !header.mf && header.frag_off == 0;
        let is_error = matches!(message.first(), Some(3 | 11 | 12));
        if !(header.proto == protocol::ICMP && is_whole && is_error) {
            return Ok(None);
        }
        let quote = message.get(8..).ok_or(malformed)?;
        if internet_checksum(&[message]) != 0 {
            return Err(malformed);
        }
        let about = read_quote(quote).map_err(Reason::Unfit)?;
        if *about.src.ip() != header.dst {
            return Err(Reason::Misplaced);
        }
        let start = header.header_len();
        let end = start + message.len();
        Ok(Some(IcmpError { about, start, end }))
    }

    fn set_quoted_source(&self, packet: &mut [u8], to: SocketAddrV4) {
        let message = &mut packet[self.start..self.end];
        set_source(&mut message[8..], to).expect("the quote was read before");
        seal(message);
    }

    fn set_quoted_destination(&self, packet: &mut [u8], to: SocketAddrV4) {
        let message = &mut packet[self.start..self.end];
        set_destination(&mut message[8..], to).expect("the quote was read before");
        seal(message);
    }
}

/// Computes the checksum of an ICMP message anew. It was right before.
fn seal(message: &mut [u8]) {
    message[2..4].fill(0);
    let checksum = internet_checksum(&[message]);
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
}
