//! Step 7: ARP, which finds the card that has an address.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use packets::{EthernetHeader, Mac, ethertype};

use crate::is_one_host;

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
    /// 0 in a request, where it is not known.
    pub target_mac: Mac,
    pub target_ip: Ipv4Addr,
}

/// Why bytes are not an ARP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArpError {
    /// Fewer than 28 bytes.
    Truncated,
    /// Not about Ethernet (1) and IPv4 (0800) with addresses of 6 and 4 bytes.
    Kind,
    /// Neither a request nor a reply.
    Operation(u16),
}

const KIND: [u8; 6] = [0, 1, 8, 0, 6, 4];

impl ArpPacket {
    /// Reads the payload of a frame of type 0806. Its fields, all in network byte order: hardware type 1, protocol
    /// type 0800, the lengths of their addresses, 6 and 4 (one byte each), the operation, then the four
    /// addresses in the order of the struct. What follows is Ethernet's padding.
    ///
    /// # Errors
    ///
    /// The first of these that holds: [`ArpError::Truncated`], [`ArpError::Kind`], [`ArpError::Operation`].
    pub fn parse(b: &[u8]) -> Result<ArpPacket, ArpError> {
        let b: &[u8; 28] = b.first_chunk().ok_or(ArpError::Truncated)?;
        if b[..6] != KIND {
            return Err(ArpError::Kind);
        }
        let operation = match u16::from_be_bytes([b[6], b[7]]) {
            1 => Operation::Request,
            2 => Operation::Reply,
            other => return Err(ArpError::Operation(other)),
        };
        let mac = |at: usize| Mac(std::array::from_fn(|i| b[at + i]));
        let ip = |at: usize| Ipv4Addr::new(b[at], b[at + 1], b[at + 2], b[at + 3]);
        Ok(ArpPacket {
            operation,
            sender_mac: mac(8),
            sender_ip: ip(14),
            target_mac: mac(18),
            target_ip: ip(24),
        })
    }

    /// The 28 bytes.
    pub fn emit(&self) -> Vec<u8> {
        let mut b = KIND.to_vec();
        b.extend_from_slice(&(self.operation as u16).to_be_bytes());
        b.extend_from_slice(&self.sender_mac.0);
        b.extend_from_slice(&self.sender_ip.octets());
        b.extend_from_slice(&self.target_mac.0);
        b.extend_from_slice(&self.target_ip.octets());
        b
    }
}

/// What a host must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Put this frame onto the cable.
    Frame(Vec<u8>),
    /// No host has the address: this datagram is not delivered.
    Unreachable(Vec<u8>),
}

/// The cards of the neighbours on one cable, as one host knows them. `now` is the time since any fixed
/// moment.
#[derive(Debug)]
pub struct ArpCache {
    mac: Mac,
    ip: Ipv4Addr,
    known: HashMap<Ipv4Addr, Known>,
    asked: HashMap<Ipv4Addr, Asked>,
}

#[derive(Debug)]
struct Known {
    mac: Mac,
    since: Duration,
}

#[derive(Debug)]
struct Asked {
    last: Duration,
    times: usize,
    waiting: VecDeque<Vec<u8>>,
}

impl ArpCache {
    /// How long the cache remembers that a card has an address. Each believed ARP packet from it
    /// ([`ArpCache::receive`]) restarts this time. Sending frames to it does not.
    pub const LIFE: Duration = Duration::from_secs(60);
    /// How long to wait for a reply (RFC 1122, section 2.3.2.1: at most one request a second and address).
    pub const WAIT: Duration = Duration::from_secs(1);
    /// How many requests are sent for one address.
    pub const TRIES: usize = 3;
    /// How many datagrams wait for one address.
    pub const WAITING: usize = 4;
    /// The largest number of known addresses, and of addresses that are being asked for at the same
    /// time.
    pub const MOST: usize = 256;

    /// The cache of the host that has this card and this address. It is empty.
    pub fn new(mac: Mac, ip: Ipv4Addr) -> ArpCache {
        ArpCache {
            mac,
            ip,
            known: HashMap::new(),
            asked: HashMap::new(),
        }
    }

    /// The card that has this address, if it is known at `now`: the last ARP packet from it that was believed came less
    /// than [`ArpCache::LIFE`] ago.
    pub fn card_of(&self, now: Duration, ip: Ipv4Addr) -> Option<Mac> {
        let known = self.known.get(&ip)?;
        (now.saturating_sub(known.since) < ArpCache::LIFE).then_some(known.mac)
    }

    /// Sends a datagram to the neighbour `ip`: its destination, or the next router. The neighbour
    /// is one host other than this one, or 255.255.255.255. It is never called with another
    /// address. The cache does not know the network's size: 10.0.0.255 is an ordinary neighbour.
    ///
    /// - To 255.255.255.255: in a frame to every card, without a request.
    /// - If the card is known: in a frame to it, of type 0800, from this host's card.
    /// - Otherwise it waits, and the address is asked for: a request in a frame to every card, of
    ///   type 0806. While an address is being asked for, `send` does not ask again:
    ///   [`ArpCache::tick`] asks again and gives up. If more than [`ArpCache::WAITING`] datagrams
    ///   wait for an address, the one that has waited longest is dropped silently: the newest is
    ///   worth most (RFC 1122, section 2.3.2.2).
    /// - If [`ArpCache::MOST`] other addresses are being asked for: [`Action::Unreachable`].
    pub fn send(&mut self, now: Duration, ip: Ipv4Addr, datagram: Vec<u8>) -> Vec<Action> {
        let card = if ip.is_broadcast() {
            Some(Mac::BROADCAST)
        } else {
            self.card_of(now, ip)
        };
        if let Some(card) = card {
            return vec![self.frame(card, ethertype::IPV4, &datagram)];
        }
        if let Some(asked) = self.asked.get_mut(&ip) {
            asked.waiting.push_back(datagram);
            if asked.waiting.len() > ArpCache::WAITING {
                asked.waiting.pop_front();
            }
            return Vec::new();
        }
        if self.asked.len() >= ArpCache::MOST {
            return vec![Action::Unreachable(datagram)];
        }
        let asked = Asked {
            last: now,
            times: 1,
            waiting: VecDeque::from([datagram]),
        };
        self.asked.insert(ip, asked);
        vec![self.request(ip)]
    }

    /// Takes the payload of a frame of type 0806 (RFC 826, "Packet Reception").
    ///
    /// - The sender says which card it has. This is believed, and restarts its time, if the sender
    ///   is known at `now`, is being asked for, or the packet is for this host: `target_ip` is its
    ///   own. Otherwise it is not learned. It makes no difference whether the packet is a request
    ///   or a reply, and `target_mac` is ignored.
    /// - The datagrams that wait for the sender go out now, in the order in which they were sent.
    ///   The sender is no longer asked for.
    /// - A request for this host's address is answered, after that: a reply to the sender's card.
    /// - If [`ArpCache::MOST`] others are known, a new one is not learned: an attacker with many
    ///   addresses must not push out known neighbours. Those whose time is over do not count. If
    ///   the new one is being asked for, the datagrams that wait for it are still sent.
    /// - Nothing is learned of an impossible sender: `sender_ip` is not one host
    ///   ([`crate::is_one_host`]) or is this host's own, or `sender_mac` is a group's (the lowest
    ///   bit of its first byte is set). Waiting datagrams go on waiting. A request from 0.0.0.0 is
    ///   still answered (with it, RFC 5227 asks whether an address is free). Whether requests from
    ///   the others are answered is open.
    ///
    /// Bytes that are not an ARP packet change nothing.
    pub fn receive(&mut self, now: Duration, payload: &[u8]) -> Vec<Action> {
        let Ok(packet) = ArpPacket::parse(payload) else {
            return Vec::new();
        };
        let mut actions = Vec::new();
        let (ip, mac) = (packet.sender_ip, packet.sender_mac);
        let is_for_us = packet.target_ip == self.ip;
        let can_be = is_one_host(ip) && ip != self.ip && mac.0[0] & 1 == 0;
        let is_known = self.card_of(now, ip).is_some();
        if can_be && (is_for_us || is_known || self.asked.contains_key(&ip)) {
            if !is_known && self.known.len() >= ArpCache::MOST {
                self.forget(now);
            }
            if is_known || self.known.len() < ArpCache::MOST {
                self.known.insert(ip, Known { mac, since: now });
            }
            let waiting = self.asked.remove(&ip).map(|asked| asked.waiting);
            for datagram in waiting.into_iter().flatten() {
                actions.push(self.frame(mac, ethertype::IPV4, &datagram));
            }
        }
        if is_for_us && packet.operation == Operation::Request {
            let reply = ArpPacket {
                operation: Operation::Reply,
                sender_mac: self.mac,
                sender_ip: self.ip,
                target_mac: mac,
                target_ip: ip,
            };
            actions.push(self.frame(mac, ethertype::ARP, &reply.emit()));
        }
        actions
    }

    /// Does what is due at `now`. It looks at each address whose last request is at least
    /// [`ArpCache::WAIT`] old. After [`ArpCache::TRIES`] requests it gives the address up;
    /// otherwise it asks again. The datagrams that waited for a given-up address are unreachable,
    /// in the order in which they were sent. The lowest address comes first, in both cases. Cards
    /// whose time is over are forgotten.
    pub fn tick(&mut self, now: Duration) -> Vec<Action> {
        self.forget(now);
        let is_due = |asked: &Asked| now.saturating_sub(asked.last) >= ArpCache::WAIT;
        let asked = self.asked.iter();
        let due = asked.filter(|(_, asked)| is_due(asked));
        let mut due: Vec<Ipv4Addr> = due.map(|(ip, _)| *ip).collect();
        due.sort();
        let mut actions = Vec::new();
        for ip in due {
            let asked = self.asked.get_mut(&ip).expect("it is being asked for");
            if asked.times < ArpCache::TRIES {
                asked.times += 1;
                asked.last = now;
                actions.push(self.request(ip));
            } else if let Some(asked) = self.asked.remove(&ip) {
                actions.extend(asked.waiting.into_iter().map(Action::Unreachable));
            }
        }
        actions
    }

    /// When [`ArpCache::tick`] must next send or give up something, if ever. Cards to be forgotten
    /// do not count.
    pub fn next_tick(&self) -> Option<Duration> {
        let last = self.asked.values().map(|asked| asked.last).min()?;
        Some(last + ArpCache::WAIT)
    }

    fn forget(&mut self, now: Duration) {
        self.known
            .retain(|_, known| now.saturating_sub(known.since) < ArpCache::LIFE);
    }

    fn request(&self, ip: Ipv4Addr) -> Action {
        let request = ArpPacket {
            operation: Operation::Request,
            sender_mac: self.mac,
            sender_ip: self.ip,
            target_mac: Mac([0; 6]),
            target_ip: ip,
        };
        self.frame(Mac::BROADCAST, ethertype::ARP, &request.emit())
    }

    fn frame(&self, dst: Mac, ethertype: u16, payload: &[u8]) -> Action {
        let header = EthernetHeader {
            dst,
            src: self.mac,
            ethertype,
        };
        let mut frame = Vec::with_capacity(EthernetHeader::LEN + payload.len());
        header.emit(payload, &mut frame);
        Action::Frame(frame)
    }
}
