//! Segments as IPv4 packets, for the simulated network. Nothing is checked: its links damage nothing here.

use std::net::SocketAddrV4;

use tcp_open::{Segment, Seq};

const SYN: u8 = 0x02;

/// The packet that carries a segment (RFC 791, section 3.1; RFC 9293, section 3.1).
pub fn packet(from: SocketAddrV4, to: SocketAddrV4, segment: &Segment) -> Vec<u8> {
    let mut options = Vec::new();
    if let Some(mss) = segment.mss {
        options.extend([2, 4]);
        options.extend(mss.to_be_bytes());
    }
    let flags = [
        (segment.fin, 0x01),
        (segment.syn, SYN),
        (segment.rst, 0x04),
        (segment.psh, 0x08),
        (segment.ack.is_some(), 0x10),
    ];
    let flags = flags
        .iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, bit)| bit)
        .sum();
    let mut tcp = Vec::new();
    tcp.extend(from.port().to_be_bytes());
    tcp.extend(to.port().to_be_bytes());
    tcp.extend(segment.seq.0.to_be_bytes());
    tcp.extend(segment.ack.unwrap_or_default().0.to_be_bytes());
    tcp.extend([(5 + options.len() as u8 / 4) << 4, flags]);
    tcp.extend(segment.window.to_be_bytes());
    tcp.extend([0; 4]); // checksum and urgent pointer
    tcp.extend(options);
    tcp.extend(&segment.payload);

    let addresses = [from.ip().octets(), to.ip().octets()].concat();
    let length = (tcp.len() as u16).to_be_bytes();
    let sum = checksum(&[&addresses[..], &[0, 6], &length, &tcp].concat());
    tcp[16..18].copy_from_slice(&sum);

    let mut ip = vec![0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0];
    ip.extend(addresses);
    let total = (20 + tcp.len() as u16).to_be_bytes();
    ip[2..4].copy_from_slice(&total);
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum);
    ip.extend(tcp);
    ip
}

/// What `packet` has written.
pub fn segment(packet: &[u8]) -> Segment {
    let tcp = &packet[20..];
    let word = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
    let number = |at: usize| Seq(u32::from(word(at)) << 16 | u32::from(word(at + 2)));
    let header = usize::from(tcp[12] >> 4) * 4;
    let has = |bit: u8| tcp[13] & bit != 0;
    Segment {
        seq: number(4),
        ack: has(0x10).then(|| number(8)),
        syn: has(SYN),
        fin: has(0x01),
        rst: has(0x04),
        psh: has(0x08),
        window: word(14),
        mss: (header > 20).then(|| word(22)),
        payload: tcp[header..].to_vec(),
    }
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let word = |two: &[u8]| u32::from(two[0]) << 8 | u32::from(*two.get(1).unwrap_or(&0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}
