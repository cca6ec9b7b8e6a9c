//! Datagrams, built from nothing: the answers are compared with what should have been built.

use std::net::Ipv4Addr;

pub const ICMP: u8 = 1;
pub const UDP: u8 = 17;

/// A datagram, field by field (RFC 791, section 3.1).
#[derive(Clone)]
pub struct Ip {
    pub tos: u8,
    pub id: u16,
    pub reserved: bool,
    pub df: bool,
    pub mf: bool,
    /// In units of 8 bytes.
    pub offset: u16,
    pub ttl: u8,
    pub proto: u8,
    pub src: Ipv4Addr,
    pub dst: Ipv4Addr,
    pub options: Vec<u8>,
}

pub fn ip(text: &str) -> Ipv4Addr {
    text.parse().expect("an address")
}

impl Ip {
    pub fn new(proto: u8, src: &str, dst: &str) -> Ip {
        Ip {
            tos: 0,
            id: 0,
            reserved: false,
            df: false,
            mf: false,
            offset: 0,
            ttl: 64,
            proto,
            src: ip(src),
            dst: ip(dst),
            options: Vec::new(),
        }
    }

    pub fn bytes(&self, payload: &[u8]) -> Vec<u8> {
        let header = 20 + self.options.len().next_multiple_of(4);
        let mut b = vec![0; header];
        b[0] = 0x40 | (header / 4) as u8;
        b[1] = self.tos;
        put(&mut b, 2, (header + payload.len()) as u16);
        put(&mut b, 4, self.id);
        let bits = [
            (self.reserved, 0x8000),
            (self.df, 0x4000),
            (self.mf, 0x2000),
        ];
        let bits: u16 = bits
            .iter()
            .filter(|(set, _)| *set)
            .map(|(_, bit)| bit)
            .sum();
        put(&mut b, 6, bits | self.offset);
        b[8] = self.ttl;
        b[9] = self.proto;
        b[12..16].copy_from_slice(&self.src.octets());
        b[16..20].copy_from_slice(&self.dst.octets());
        b[20..20 + self.options.len()].copy_from_slice(&self.options);
        seal(&mut b);
        b.extend_from_slice(payload);
        b
    }
}

/// The same header, each time with another value in a field that does not say what is to become of a datagram.
pub fn other_fields(header: &Ip) -> Vec<(String, Ip)> {
    let mut all = vec![("no other field".to_owned(), header.clone())];
    let mut with = |what: String, change: &dyn Fn(&mut Ip)| {
        let mut other = header.clone();
        change(&mut other);
        all.push((what, other));
    };
    with("the reserved flag".to_owned(), &|it| it.reserved = true);
    with("Don't Fragment".to_owned(), &|it| it.df = true);
    for ttl in [0, 1, 2, 255] {
        with(format!("TTL {ttl}"), &|it| it.ttl = ttl);
    }
    for tos in [1, 0xb8, 255] {
        with(format!("TOS {tos}"), &|it| it.tos = tos);
    }
    for id in [0, 1, 0xffff] {
        with(format!("identification {id}"), &|it| it.id = id);
    }
    for options in [
        vec![1; 4],
        vec![7, 3, 4, 0],
        vec![0x82, 3, 9, 0],
        vec![1; 40],
    ] {
        let what = format!("options {}", netlab::hex::all(&options));
        with(what, &|it| it.options = options.clone());
    }
    all
}

/// Datagrams that are not sound: what each is, its bytes, and what chapter 06 says of it.
pub fn unsound(header: &Ip) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let sound = header.bytes(b"12345678");
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = sound.clone();
        change(&mut bytes);
        bytes
    };
    let cut_off = "IPv4: the bytes end before what the header promises";
    vec![
        (
            "a datagram with a flipped bit",
            with(&|b| b[14] ^= 0x10),
            "IPv4: the checksum does not fit the bytes",
        ),
        (
            "a datagram of version 6",
            with(&|b| b[0] ^= 0x20),
            "IPv4: the version is not 4",
        ),
        (
            "a datagram whose header says that it has 16 bytes",
            with(&|b| b[0] = 0x44),
            "IPv4: the header says that it is shorter than its fixed part",
        ),
        (
            "a datagram whose Total Length is 19",
            with(&|b| {
                put(b, 2, 19);
                seal(b);
            }),
            "IPv4: the length field says less than the header's own length",
        ),
        (
            "a datagram that is cut off",
            with(&|b| b.truncate(27)),
            cut_off,
        ),
        ("nothing", vec![], cut_off),
    ]
}

/// The frame's payload when Ethernet has padded it: behind the datagram come bytes that are not its own.
pub fn padded(datagram: &[u8]) -> Vec<u8> {
    let mut bytes = datagram.to_vec();
    bytes.resize(46.max(datagram.len() + 3), 0xee);
    bytes
}

/// Addresses that are not those of one host: the first and the last of 0, 127, multicast and reserved.
pub const NOT_ONE_HOST: [&str; 8] = [
    "0.0.0.0",
    "0.255.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "224.0.0.0",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
];

/// Their neighbours.
pub const ONE_HOST: [&str; 4] = ["1.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255"];

/// Writes the header's checksum.
pub fn seal(datagram: &mut [u8]) {
    let header = 4 * usize::from(datagram[0] & 0xf);
    put(datagram, 10, 0);
    let sum = checksum(&datagram[..header]);
    put(datagram, 10, sum);
}

/// RFC 1071.
pub fn checksum(bytes: &[u8]) -> u16 {
    let word = |two: &[u8]| u32::from(two[0]) << 8 | u32::from(*two.get(1).unwrap_or(&0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

pub fn put(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// An ICMP message: its second 32 bits, and what follows (RFC 792).
pub fn icmp(kind: u8, code: u8, second: [u8; 4], rest: &[u8]) -> Vec<u8> {
    let mut b = vec![kind, code, 0, 0];
    b.extend_from_slice(&second);
    b.extend_from_slice(rest);
    let sum = checksum(&b);
    put(&mut b, 2, sum);
    b
}

/// An echo request or its reply.
pub fn echo(kind: u8, ident: u16, seq: u16, data: &[u8]) -> Vec<u8> {
    let [a, b] = ident.to_be_bytes();
    let [c, d] = seq.to_be_bytes();
    icmp(kind, 0, [a, b, c, d], data)
}

/// A payload in which each byte says where it stands.
pub fn numbered(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}
