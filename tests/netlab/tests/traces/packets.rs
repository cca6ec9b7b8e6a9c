//! Packets, byte by byte, and three runs that have something of everything.

use std::time::Duration;

use netlab::sim::{Chance, Inbox, Kind, Link, Net, Time, every, first, fourth, nth, second, third};

/// RFC 1071.
fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let mut bytes = parts.concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    let words = bytes.chunks(2);
    let mut sum: u32 = words
        .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}

/// The two hosts of most runs.
pub const A: [u8; 4] = [10, 0, 0, 1];
pub const B: [u8; 4] = [10, 0, 0, 2];

pub struct Ip {
    pub from: [u8; 4],
    pub to: [u8; 4],
    pub ttl: u8,
    pub id: u16,
    /// The three flags and the offset.
    pub fragment: u16,
}

impl Ip {
    pub fn new(from: [u8; 4], to: [u8; 4]) -> Ip {
        let (ttl, id, fragment) = (64, 0, 0);
        Ip {
            from,
            to,
            ttl,
            id,
            fragment,
        }
    }

    pub fn packet(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut header = vec![0x45, 0];
        header.extend((20 + payload.len() as u16).to_be_bytes());
        header.extend(self.id.to_be_bytes());
        header.extend(self.fragment.to_be_bytes());
        header.extend([self.ttl, protocol, 0, 0]);
        header.extend(self.from);
        header.extend(self.to);
        let sum = checksum(&[&header]);
        header[10..12].copy_from_slice(&sum);
        header.extend(payload);
        header
    }

    /// A TCP or UDP payload with its checksum, which stands at `at`.
    fn summed(&self, protocol: u8, mut payload: Vec<u8>, at: usize) -> Vec<u8> {
        let length = (payload.len() as u16).to_be_bytes();
        let sum = checksum(&[&self.from, &self.to, &[0, protocol], &length, &payload]);
        payload[at..at + 2].copy_from_slice(&sum);
        payload
    }

    pub fn tcp(
        &self,
        ports: (u16, u16),
        (seq, ack): (u32, u32),
        flags: u8,
        options: &[u8],
        data: &[u8],
    ) -> Vec<u8> {
        let mut segment = Vec::new();
        segment.extend(ports.0.to_be_bytes());
        segment.extend(ports.1.to_be_bytes());
        segment.extend(seq.to_be_bytes());
        segment.extend(ack.to_be_bytes());
        segment.extend([(20 + options.len() as u8) << 2, flags]);
        segment.extend(64_240_u16.to_be_bytes());
        segment.extend([0; 4]);
        segment.extend(options);
        segment.extend(data);
        self.packet(6, &self.summed(6, segment, 16))
    }

    pub fn udp_payload(&self, (from, to): (u16, u16), data: &[u8]) -> Vec<u8> {
        let mut datagram = Vec::new();
        datagram.extend(from.to_be_bytes());
        datagram.extend(to.to_be_bytes());
        datagram.extend((8 + data.len() as u16).to_be_bytes());
        datagram.extend([0; 2]);
        datagram.extend(data);
        self.summed(17, datagram, 6)
    }

    pub fn udp(&self, ports: (u16, u16), data: &[u8]) -> Vec<u8> {
        self.packet(17, &self.udp_payload(ports, data))
    }

    pub fn icmp(&self, kind: u8, code: u8, rest: [u8; 4], data: &[u8]) -> Vec<u8> {
        let mut message = vec![kind, code, 0, 0];
        message.extend(rest);
        message.extend(data);
        let sum = checksum(&[&message]);
        message[2..4].copy_from_slice(&sum);
        self.packet(1, &message)
    }
}

fn mac(n: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, n]
}

fn frame(to: [u8; 6], from: [u8; 6], kind: u16, payload: &[u8]) -> Vec<u8> {
    [&to[..], &from, &kind.to_be_bytes(), payload].concat()
}

fn arp(operation: u8, from: ([u8; 6], [u8; 4]), to: ([u8; 6], [u8; 4])) -> Vec<u8> {
    let head = [0, 1, 8, 0, 6, 4, 0, operation];
    [&head[..], &from.0, &from.1, &to.0, &to.1].concat()
}

/// An echo request or reply from one host of fd00::/64 to another.
fn ping6(from: u8, to: u8, kind: u8) -> Vec<u8> {
    let address = |n: u8| [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n];
    let mut message = vec![kind, 0, 0, 0, 0, 7, 0, 1];
    let length = [0, 0, 0, message.len() as u8];
    let sum = checksum(&[
        &address(from),
        &address(to),
        &length,
        &[0, 0, 0, 58],
        &message,
    ]);
    message[2..4].copy_from_slice(&sum);
    let head = [0x60, 0, 0, 0, 0, message.len() as u8, 58, 64];
    [&head[..], &address(from), &address(to), &message].concat()
}

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// A TCP conversation on a link of IP packets, to which a plan does all that plans can do.
pub fn conversation() -> Net {
    let mut net = Net::new(1);
    let client = net.add("client", Inbox::default());
    let server = net.add("server", Inbox::default());
    net.join(
        client,
        server,
        Link::default().delay_ms(25).rate(10_000_000),
    );
    net.way(client, server)
        .loses(first(Kind::Data))
        .repeats(third(Kind::Data))
        .delivers_after(second(Kind::Data), fourth(Kind::Data))
        .flips(nth(5, Kind::Data), 45, 0);
    net.way(server, client)
        .delays(every(Kind::Fin), Duration::from_millis(7));

    let (to, back) = (Ip::new(A, B), Ip::new(B, A));
    let (there, here) = ((49_152, 7000), (7000, 49_152));
    net.say(client, "connect()");
    net.say(server, "LISTEN");
    // MSS 1460, SACK permitted, window scale 7.
    let options = [2, 4, 5, 180, 4, 2, 1, 3, 3, 7, 0, 0];
    net.send(client, to.tcp(there, (100, 0), SYN, &options, b""));
    net.run().unwrap();
    net.say(server, "SYN-RECEIVED");
    net.send(
        server,
        back.tcp(here, (300, 101), SYN | ACK, &options[..4], b""),
    );
    net.run().unwrap();
    net.say(client, "ESTABLISHED");
    net.send(client, to.tcp(there, (101, 301), ACK, b"", b""));
    for n in 0..5_u32 {
        let data = [b'a' + n as u8; 100];
        net.send(client, to.tcp(there, (101 + 100 * n, 301), ACK, b"", &data));
    }
    net.run().unwrap();
    // Two NOPs and a SACK block.
    let sack = [
        &[1, 1, 5, 10][..],
        &201_u32.to_be_bytes(),
        &501_u32.to_be_bytes(),
    ]
    .concat();
    net.send(server, back.tcp(here, (301, 101), ACK, &sack, b""));
    net.run_until(Time::from_millis(1200)).unwrap();
    net.send(client, to.tcp(there, (101, 301), ACK, b"", &[b'a'; 100]));
    net.run().unwrap();
    net.send(server, back.tcp(here, (301, 601), FIN | ACK, b"", b""));
    net.run().unwrap();
    net
}

/// ARP, pings of both versions and a datagram in fragments, on Ethernet.
pub fn neighbours() -> Net {
    let mut net = Net::new(1);
    let a = net.add("alice", Inbox::default());
    let b = net.add("bob", Inbox::default());
    net.join(a, b, Link::ethernet().delay(Duration::from_micros(50)));
    net.way(a, b).loses(second(Kind::Fragment));

    let (to, from) = (mac(2), mac(1));
    net.send(
        a,
        frame([0xff; 6], from, 0x0806, &arp(1, (from, A), ([0; 6], B))),
    );
    net.run().unwrap();
    net.send(b, frame(from, to, 0x0806, &arp(2, (to, B), (from, A))));
    net.run().unwrap();
    let ping = [0, 7, 0, 1];
    net.send(
        a,
        frame(to, from, 0x0800, &Ip::new(A, B).icmp(8, 0, ping, b"hello")),
    );
    net.run().unwrap();
    net.send(
        b,
        frame(from, to, 0x0800, &Ip::new(B, A).icmp(0, 0, ping, b"hello")),
    );
    net.run().unwrap();
    net.send(a, frame(to, from, 0x86dd, &ping6(1, 2, 128)));
    net.run().unwrap();
    net.send(b, frame(from, to, 0x86dd, &ping6(2, 1, 129)));
    net.run().unwrap();
    let datagram = Ip::new(A, B).udp_payload((4000, 7000), &[b'x'; 3972]);
    for (n, piece) in datagram.chunks(1480).enumerate() {
        let more = if n < 2 { 0x2000 } else { 0 };
        let fragment = more | (185 * n) as u16;
        let ip = Ip {
            id: 77,
            fragment,
            ..Ip::new(A, B)
        };
        net.send(a, frame(to, from, 0x0800, &ip.packet(17, piece)));
    }
    net.run().unwrap();
    net
}

/// A datagram hop by hop, which ends where its TTL does.
pub fn hops() -> Net {
    let mut net = Net::new(1);
    let names = ["client", "r1", "nat", "server"];
    let nodes = names.map(|name| net.add(name, Inbox::default()));
    for pair in nodes.windows(2) {
        net.join(pair[0], pair[1], Link::default().delay_ms(10));
    }
    let [client, r1, nat, server] = nodes;
    net.way(nat, server).loses(second(Kind::Udp));
    let far = [203, 0, 113, 9];
    for round in 0..2 {
        for (n, (node, port)) in [(client, 0), (r1, 1), (nat, 1)].into_iter().enumerate() {
            let from = if n == 2 { [198, 51, 100, 1] } else { A };
            let ip = Ip {
                ttl: 64 - n as u8,
                id: round,
                ..Ip::new(from, far)
            };
            net.send_on(node, port, ip.udp((49_152, 7000), b"hello"));
            net.run().unwrap();
            if n == 1 {
                net.say(nat, "maps to :49152");
            }
        }
    }
    net.say(server, "waits");
    let short = Ip {
        ttl: 1,
        ..Ip::new(A, far)
    }
    .udp((49_152, 33_434), b"");
    net.send_on(client, 0, short.clone());
    net.run().unwrap();
    let quoted = &short[..28];
    net.send_on(
        r1,
        0,
        Ip::new([10, 0, 0, 254], A).icmp(11, 0, [0; 4], quoted),
    );
    net.run().unwrap();
    net
}

/// A way of more hops than there is room for lanes.
pub fn many() -> Net {
    let mut net = Net::new(1);
    let names = [
        "client",
        "home",
        "provider",
        "exchange",
        "carrier",
        "data centre",
        "server",
    ];
    let nodes = names.map(|name| net.add(name, Inbox::default()));
    for pair in nodes.windows(2) {
        net.join(pair[0], pair[1], Link::default().delay_ms(2));
    }
    net.way(nodes[4], nodes[5]).loses(first(Kind::Udp));
    let ports = nodes.map(|node| usize::from(node != nodes[0]));
    for (n, node) in nodes.into_iter().enumerate().take(5) {
        let ttl = 64 - n as u8;
        let ip = Ip {
            ttl,
            ..Ip::new(A, [203, 0, 113, 9])
        };
        net.send_on(node, ports[n], ip.udp((49_152, 7000), b"hello"));
        net.run().unwrap();
    }
    net.say(nodes[6], "waits in vain");
    net
}

/// Two hosts and everything that can happen by chance.
pub fn storm(seed: u64) -> Net {
    let mut net = Net::new(seed);
    let a = net.add("alice", Inbox::default());
    let b = net.add("bob", Inbox::default());
    let chance = Chance {
        lose: 0.15,
        repeat: 0.15,
        flip: 0.15,
        late: 0.3,
        late_by: Duration::from_millis(9),
    };
    net.join(
        a,
        b,
        Link::default()
            .delay_ms(3)
            .rate(1_000_000)
            .queue(4)
            .chance(chance),
    );
    for n in 0..24_u16 {
        net.send(
            a,
            Ip {
                id: n,
                ..Ip::new(A, B)
            }
            .udp((4000, 7000), &[n as u8; 40]),
        );
        net.send(
            b,
            Ip {
                id: n,
                ..Ip::new(B, A)
            }
            .udp((7000, 4000), &[n as u8; 20]),
        );
        net.run_until(Time::from_micros(u64::from(n) * 410))
            .unwrap();
    }
    net.run().unwrap();
    net
}
