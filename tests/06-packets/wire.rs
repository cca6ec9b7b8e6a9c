//! Packets as bytes, written by the tests themselves from the figures of the RFCs. Nothing here uses
//! the student's code.

use netlab::Dice;
use std::net::Ipv4Addr;

/// Addresses for documentation (RFC 5737).
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub const SERVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);

/// Pairs of addresses, source and destination: both ways, the same twice, and some that nobody should send
/// from or to.
pub const ENDS: [(Ipv4Addr, Ipv4Addr); 7] = [
    (CLIENT, SERVER),
    (SERVER, CLIENT),
    (CLIENT, CLIENT),
    (Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST),
    (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST),
    (Ipv4Addr::new(224, 0, 0, 1), Ipv4Addr::new(169, 254, 7, 7)),
    (Ipv4Addr::new(169, 254, 7, 7), Ipv4Addr::new(239, 1, 2, 3)),
];

/// Ports: the bounds, two that are known, and one that is not.
pub const PORTS: [u16; 5] = [0, 53, 80, 49152, 65535];

/// How many bytes there are already where something is appended.
pub const BEFORE: [usize; 5] = [1, 2, 3, 41, 1500];

/// The one's-complement sum by its definition: byte by byte, a carry added back when it arises.
pub fn checksum(bytes: &[u8]) -> u16 {
    let mut sum = 0_u16;
    for (at, byte) in bytes.iter().enumerate() {
        let word = if at % 2 == 0 {
            u16::from(*byte) << 8
        } else {
            u16::from(*byte)
        };
        let (added, carry) = sum.overflowing_add(word);
        sum = added + u16::from(carry);
    }
    !sum
}

/// An IPv4 datagram (RFC 791, section 3.1), field by field, so that each of them can lie. The
/// checksum is right for what the others say.
#[derive(Clone)]
pub struct Ip {
    pub version: u8,
    /// `None`: what the options make it.
    pub ihl: Option<u8>,
    pub tos: u8,
    /// `None`: the true length.
    pub total: Option<u16>,
    pub id: u16,
    /// The three flag bits and the offset, as they stand in bytes 6 and 7.
    pub fragment: u16,
    pub ttl: u8,
    pub proto: u8,
    pub src: Ipv4Addr,
    pub dst: Ipv4Addr,
    pub options: Vec<u8>,
    pub payload: Vec<u8>,
}

impl Ip {
    pub fn new(proto: u8, payload: &[u8]) -> Ip {
        Ip {
            version: 4,
            ihl: None,
            tos: 0,
            total: None,
            id: 0,
            fragment: 0,
            ttl: 64,
            proto,
            src: CLIENT,
            dst: SERVER,
            options: Vec::new(),
            payload: payload.to_vec(),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let header_len = 20 + self.options.len();
        let ihl = self.ihl.unwrap_or((header_len / 4) as u8);
        let total = self
            .total
            .unwrap_or((header_len + self.payload.len()) as u16);
        let mut out = vec![self.version << 4 | ihl, self.tos];
        out.extend(total.to_be_bytes());
        out.extend(self.id.to_be_bytes());
        out.extend(self.fragment.to_be_bytes());
        out.extend([self.ttl, self.proto, 0, 0]);
        out.extend(self.src.octets());
        out.extend(self.dst.octets());
        out.extend(&self.options);
        out.extend(&self.payload);
        // A header that lies about its length is summed as long as it says.
        let summed = (usize::from(ihl) * 4).min(out.len());
        put(&mut out, 10, checksum_of_header(summed));
        out
    }
}

fn checksum_of_header(len: usize) -> impl Fn(&[u8]) -> u16 {
    move |bytes| checksum(&bytes[..len])
}

/// Writes a checksum over the two zero bytes at `at`.
fn put(bytes: &mut [u8], at: usize, checksum: impl Fn(&[u8]) -> u16) {
    let sum = checksum(bytes);
    bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// The pseudo-header of RFC 768 and RFC 9293, section 3.1.
pub fn pseudo(src: Ipv4Addr, dst: Ipv4Addr, proto: u8, len: u16) -> Vec<u8> {
    let mut out = src.octets().to_vec();
    out.extend(dst.octets());
    out.extend([0, proto]);
    out.extend(len.to_be_bytes());
    out
}

/// A UDP datagram (RFC 768).
#[derive(Clone)]
pub struct Udp {
    /// From where to where IP carries it.
    pub ends: (Ipv4Addr, Ipv4Addr),
    pub src: u16,
    pub dst: u16,
    /// `None`: the true length.
    pub len: Option<u16>,
    /// `None`: the right one.
    pub checksum: Option<u16>,
    pub payload: Vec<u8>,
}

impl Udp {
    pub fn new(payload: &[u8]) -> Udp {
        Udp {
            ends: (CLIENT, SERVER),
            src: 49152,
            dst: 53,
            len: None,
            checksum: None,
            payload: payload.to_vec(),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let len = self.len.unwrap_or((8 + self.payload.len()) as u16);
        let mut out = self.src.to_be_bytes().to_vec();
        out.extend(self.dst.to_be_bytes());
        out.extend(len.to_be_bytes());
        out.extend([0, 0]);
        out.extend(&self.payload);
        match self.checksum {
            Some(checksum) => out[6..8].copy_from_slice(&checksum.to_be_bytes()),
            None => {
                let summed = usize::from(len).clamp(8, out.len());
                let (src, dst) = self.ends;
                let all = [&pseudo(src, dst, 17, len)[..], &out[..summed]].concat();
                let sum = match checksum(&all) {
                    0 => 0xffff,
                    sum => sum,
                };
                out[6..8].copy_from_slice(&sum.to_be_bytes());
            }
        }
        out
    }
}

/// A TCP segment (RFC 9293, section 3.1).
#[derive(Clone)]
pub struct Tcp {
    /// From where to where IP carries it.
    pub ends: (Ipv4Addr, Ipv4Addr),
    pub src: u16,
    pub dst: u16,
    pub seq: u32,
    pub ack: u32,
    /// `None`: what the options make it.
    pub offset: Option<u8>,
    /// The four bits behind the data offset.
    pub reserved: u8,
    pub flags: u8,
    pub window: u16,
    /// `None`: the right one.
    pub checksum: Option<u16>,
    pub urgent: u16,
    pub options: Vec<u8>,
    pub data: Vec<u8>,
}

impl Tcp {
    pub fn new(flags: u8, data: &[u8]) -> Tcp {
        Tcp {
            ends: (CLIENT, SERVER),
            src: 49152,
            dst: 80,
            seq: 1000,
            ack: 2000,
            offset: None,
            reserved: 0,
            flags,
            window: 64240,
            checksum: None,
            urgent: 0,
            options: Vec::new(),
            data: data.to_vec(),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let header_len = 20 + self.options.len();
        let offset = self.offset.unwrap_or((header_len / 4) as u8);
        let mut out = self.src.to_be_bytes().to_vec();
        out.extend(self.dst.to_be_bytes());
        out.extend(self.seq.to_be_bytes());
        out.extend(self.ack.to_be_bytes());
        out.extend([offset << 4 | self.reserved, self.flags]);
        out.extend(self.window.to_be_bytes());
        out.extend([0, 0]);
        out.extend(self.urgent.to_be_bytes());
        out.extend(&self.options);
        out.extend(&self.data);
        let sum = self.checksum.unwrap_or_else(|| {
            let (src, dst) = self.ends;
            let pseudo = pseudo(src, dst, 6, out.len() as u16);
            checksum(&[&pseudo[..], &out].concat())
        });
        out[16..18].copy_from_slice(&sum.to_be_bytes());
        out
    }
}

pub const CLIENT_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x0a];
pub const ROUTER_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];

/// A frame (RFC 894) from [`CLIENT_MAC`] to [`ROUTER_MAC`].
pub fn frame(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = ROUTER_MAC.to_vec();
    out.extend(CLIENT_MAC);
    out.extend(ethertype.to_be_bytes());
    out.extend(payload);
    out
}

/// Up to so many bytes.
pub fn some_bytes(dice: &mut Dice, most: u64) -> Vec<u8> {
    (0..dice.below(most + 1))
        .map(|_| dice.next() as u8)
        .collect()
}
