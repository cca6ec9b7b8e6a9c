//! Step 7: ARP, which finds the card that has an address.

use std::net::Ipv4Addr;
use std::time::Duration;

use packets::Mac;

/// What an ARP packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Request = 1,
    Reply = 2,
}

/// An ARP packet for Ethernet and IPv4 (RFC 826).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArpPacket {
    pub operation: Operation,
    pub sender_mac: Mac,
    pub sender_ip: Ipv4Addr,
    /// Not known in a request, where it is 0.
    pub target_mac: Mac,
    pub target_ip: Ipv4Addr,
}

/// Why bytes are not such a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArpError {
    /// Fewer than 28 bytes.
    Truncated,
    /// Not about Ethernet (1) and IPv4 (0800) with addresses of 6 and 4 bytes.
    Kind,
    /// Neither a request nor a reply.
    Operation(u16),
}

impl ArpPacket {
    /// Reads the payload of a frame of type 0806. Its fields, all in network byte order: hardware type 1, protocol
    /// type 0800, the lengths of their addresses, 6 and 4 (one byte each), the operation, then the four
    /// addresses in the order of the struct. What follows is Ethernet's padding.
    ///
    /// # Errors
    ///
    /// The first of these that holds: [`ArpError::Truncated`], [`ArpError::Kind`], [`ArpError::Operation`].
    pub fn parse(b: &[u8]) -> Result<ArpPacket, ArpError> {
        todo!(
            "7.7 ArpPacket::parse({} bytes): 28 bytes, fields in network byte order",
            b.len()
        )
    }

    /// The 28 bytes.
    pub fn emit(&self) -> Vec<u8> {
        todo!("7.7 emit() of {self:?}: 28 bytes")
    }
}

/// What a host is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Put this frame onto the cable.
    Frame(Vec<u8>),
    /// Nobody has the address: this datagram goes nowhere.
    Unreachable(Vec<u8>),
}

/// The cards of the neighbours on one cable, as one host knows them. `now` is the time since any fixed
/// moment.
#[derive(Debug)]
pub struct ArpCache {
    mac: Mac,
    ip: Ipv4Addr,
    // Yours to fill.
}

impl ArpCache {
    /// How long a card is taken to have its address. Each ARP packet from it that is believed ([`ArpCache::receive`])
    /// starts this time anew; that frames are sent to it does not.
    pub const LIFE: Duration = Duration::from_secs(60);
    /// How long to wait for a reply (RFC 1122, section 2.3.2.1: at most one request a second and address).
    pub const WAIT: Duration = Duration::from_secs(1);
    /// How often an address is asked for.
    pub const TRIES: usize = 3;
    /// How many datagrams wait for one address.
    pub const WAITING: usize = 4;
    /// How many addresses are known at most, and how many are asked for at the same time.
    pub const MOST: usize = 256;

    /// The cache of the host that has this card and this address. It knows nobody.
    pub fn new(mac: Mac, ip: Ipv4Addr) -> ArpCache {
        ArpCache { mac, ip }
    }

    /// The card that has this address, if it is known at `now`: the last ARP packet from it that was believed came less
    /// than [`ArpCache::LIFE`] ago.
    pub fn card_of(&self, now: Duration, ip: Ipv4Addr) -> Option<Mac> {
        todo!("7.7 card_of({now:?}, {ip}): is it known, and not for too long?")
    }

    /// Sends a datagram to the neighbour `ip`: its destination, or the next router. The neighbour is one host other than
    /// this one, or 255.255.255.255; nobody calls it with another address. The cache knows no network's size: 10.0.0.255
    /// is a neighbour like any other.
    ///
    /// - To 255.255.255.255: in a frame to every card. Nobody is asked.
    /// - If the card is known: in a frame to it, of type 0800, from this host's card.
    /// - Else it waits, and the address is asked for: a request in a frame to every card, of type 0806. It is not asked
    ///   for again while it is being asked for: that, and giving up, are for [`ArpCache::tick`]. If more than [`ArpCache::WAITING`] datagrams wait for an address, the
    ///   one that has waited longest is dropped, and nobody is told: the newest is worth most (RFC 1122, section 2.3.2.2).
    /// - If [`ArpCache::MOST`] other addresses are being asked for: [`Action::Unreachable`].
    pub fn send(&mut self, now: Duration, ip: Ipv4Addr, datagram: Vec<u8>) -> Vec<Action> {
        todo!(
            "7.7 send({now:?}, {ip}, {} bytes) from {} with {}: to its card, or wait and ask",
            datagram.len(),
            self.ip,
            self.mac
        )
    }

    /// Takes the payload of a frame of type 0806 (RFC 826, "Packet Reception").
    ///
    /// - The sender says which card it has. That is believed, and starts its time anew, if the sender is known at `now`, is
    ///   being asked for, or the packet is for this host: `target_ip` is its own. Else it is none of this host's
    ///   business, and not learned. It makes no difference whether the packet is a request or a reply, and
    ///   `target_mac` is not looked at.
    /// - What waits for the sender goes out now, in the order in which it was sent. It is no longer asked for.
    /// - A request for this host's address is answered, after that: a reply to the sender's card.
    /// - If [`ArpCache::MOST`] others are known, a new one is not learned: an attacker with many addresses shall not
    ///   drive out those that are there. Those whose time is over do not count. If the new one is being asked for, what
    ///   waits for it is sent all the same.
    /// - Nothing is learned of a sender that cannot be: `sender_ip` is not one host ([`crate::is_one_host`]) or this host's
    ///   own, or `sender_mac` is a group's (the lowest bit of its first byte is set). What waits goes on waiting. A
    ///   request from 0.0.0.0 is answered all the same (RFC 5227 asks so whether an address is free); whether those of
    ///   the others are is open.
    ///
    /// Bytes that are no such packet change nothing.
    pub fn receive(&mut self, now: Duration, payload: &[u8]) -> Vec<Action> {
        todo!(
            "7.7 receive({now:?}, {} bytes): learn the sender, send what waits, answer",
            payload.len()
        )
    }

    /// Does what is due at `now`: asks again for the addresses whose last request is at least [`ArpCache::WAIT`] old,
    /// and gives those up that were asked for [`ArpCache::TRIES`] times. What waited for them is unreachable, in the order in
    /// which it was sent. The lowest address comes first, whatever is done about it. Cards whose time is over are
    /// forgotten.
    pub fn tick(&mut self, now: Duration) -> Vec<Action> {
        todo!("7.7 tick({now:?}): ask again, give up, forget")
    }

    /// When [`ArpCache::tick`] has something to send or to give up next, if it has. Cards to be forgotten do not count.
    pub fn next_tick(&self) -> Option<Duration> {
        todo!("7.7 next_tick(): when the next request is due")
    }
}
