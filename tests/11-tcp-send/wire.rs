//! Segments as packets, so that the simulated network can carry, damage and show them.

use tcp_open::{Segment, Seq};

/// Where a segment comes from: 10.0.0.1:4000, or 10.0.0.2:80.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum From {
    Sender,
    Peer,
}

/// An IPv4 packet with a TCP segment, both with their checksums.
pub fn packet(from: From, segment: &Segment) -> Vec<u8> {
    packet_with(from, segment, &[])
}

/// The same with options, whose length is a multiple of 4.
pub fn packet_with(from: From, segment: &Segment, options: &[u8]) -> Vec<u8> {
    let (sender, peer) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let (src, dst, ports) = match from {
        From::Sender => (sender, peer, [4000_u16, 80]),
        From::Peer => (peer, sender, [80, 4000]),
    };
    let total = 40 + options.len() + segment.payload.len();
    let mut b = vec![0; 40];
    b[0] = 0x45;
    put(&mut b, 2, total as u16);
    b[6] = 0x40;
    b[8] = 64;
    b[9] = 6;
    b[12..16].copy_from_slice(&src);
    b[16..20].copy_from_slice(&dst);
    let sum = checksum(b[..20].iter());
    put(&mut b, 10, sum);
    put(&mut b, 20, ports[0]);
    put(&mut b, 22, ports[1]);
    b[24..28].copy_from_slice(&segment.seq.0.to_be_bytes());
    let ack = segment.ack.unwrap_or_default();
    b[28..32].copy_from_slice(&ack.0.to_be_bytes());
    b[32] = 0x50 + ((options.len() as u8 / 4) << 4);
    let flags = [
        (segment.fin, 0x01),
        (segment.syn, 0x02),
        (segment.rst, 0x04),
        (segment.psh, 0x08),
        (segment.ack.is_some(), 0x10),
    ];
    b[33] = flags
        .iter()
        .map(|(is, bit)| if *is { *bit } else { 0 })
        .sum();
    put(&mut b, 34, segment.window);
    b.extend_from_slice(options);
    b.extend_from_slice(&segment.payload);
    let sum = of_tcp(&b);
    put(&mut b, 36, sum);
    b
}

/// The segment in a packet; `None` if it was damaged on its way.
pub fn segment(packet: &[u8]) -> Option<Segment> {
    let is_sound = packet.len() >= 40 && checksum(packet[..20].iter()) == 0 && of_tcp(packet) == 0;
    if !is_sound {
        return None;
    }
    let number = |at: usize| {
        let bytes = packet[at..at + 4].try_into().expect("four bytes");
        Seq(u32::from_be_bytes(bytes))
    };
    let has = |bit: u8| packet[33] & bit != 0;
    Some(Segment {
        seq: number(24),
        ack: has(0x10).then(|| number(28)),
        syn: has(0x02),
        fin: has(0x01),
        rst: has(0x04),
        psh: has(0x08),
        window: u16::from_be_bytes([packet[34], packet[35]]),
        mss: None,
        payload: packet[20 + usize::from(packet[32] >> 4) * 4..].to_vec(),
    })
}

fn put(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// The checksum of the TCP segment in a packet: 0 if it holds its own, and is sound.
fn of_tcp(packet: &[u8]) -> u16 {
    let length = (packet.len() - 20) as u16;
    let pseudo = [[0, 6], length.to_be_bytes()];
    checksum(pseudo.as_flattened().iter().chain(&packet[12..]))
}

/// RFC 1071.
fn checksum<'a>(bytes: impl Iterator<Item = &'a u8>) -> u16 {
    let mut sum = 0_u32;
    for (at, byte) in bytes.enumerate() {
        sum += u32::from(*byte) << if at % 2 == 0 { 8 } else { 0 };
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
