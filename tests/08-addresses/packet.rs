//! Packets, built from nothing: the answers are compared with what should have been built.

use std::net::{Ipv4Addr, SocketAddrV4};

use netlab::Lab;

use super::words::{end, ip};

/// The one's complement sum of 16-bit words (RFC 1071).
fn sum(bytes: &[u8]) -> u16 {
    let word = |two: &[u8]| u32::from(two[0]) << 8 | u32::from(*two.get(1).unwrap_or(&0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

fn put(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

pub fn get(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

/// Where what the header carries begins.
pub fn start(packet: &[u8]) -> usize {
    4 * usize::from(packet[0] & 0x0f)
}

/// An IPv4 packet with this protocol number, these options and this payload, whose own checksum is left as
/// it is.
pub fn ipv4(proto: u8, src: &str, dst: &str, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let header = 20 + options.len();
    let mut packet = vec![0; 20];
    packet[0] = 0x40 | (header / 4) as u8;
    put(&mut packet, 2, (header + payload.len()) as u16);
    put(&mut packet, 4, 0x1c46);
    packet[8] = 64;
    packet[9] = proto;
    packet[12..16].copy_from_slice(&ip(src).octets());
    packet[16..20].copy_from_slice(&ip(dst).octets());
    packet.extend(options);
    seal_header(&mut packet);
    packet.extend(payload);
    packet
}

fn pseudo_header(packet: &[u8]) -> Vec<u8> {
    let mut bytes = packet[12..20].to_vec();
    bytes.extend([0, packet[9]]);
    bytes.extend(((packet.len() - start(packet)) as u16).to_be_bytes());
    bytes
}

/// Writes the checksum of the IPv4 header, of as much of it as there is.
pub fn seal_header(packet: &mut [u8]) {
    let end = start(packet).min(packet.len());
    put(packet, 10, 0);
    let checksum = !sum(&packet[..end]);
    put(packet, 10, checksum);
}

/// Writes the IPv4 header's checksum and the one of what it carries. A UDP checksum of 0 is meant.
pub fn seal(packet: &mut [u8]) {
    let start = start(packet);
    seal_header(packet);
    let at = match packet[9] {
        6 => start + 16,
        17 => start + 6,
        _ => start + 2,
    };
    if packet[9] == 17 && get(packet, at) == 0 {
        return;
    }
    put(packet, at, 0);
    let mut covered = match packet[9] {
        1 => Vec::new(),
        _ => pseudo_header(packet),
    };
    covered.extend(&packet[start..]);
    let checksum = match (packet[9], !sum(&covered)) {
        (17, 0) => 0xffff,
        (_, checksum) => checksum,
    };
    put(packet, at, checksum);
}

fn sealed(mut packet: Vec<u8>) -> Vec<u8> {
    seal(&mut packet);
    packet
}

/// A UDP datagram between `a.b.c.d:port`s.
pub fn udp(src: &str, dst: &str, payload: &[u8]) -> Vec<u8> {
    udp_with(src, dst, &[], payload)
}

pub fn udp_with(src: &str, dst: &str, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let (src, dst) = (end(src), end(dst));
    let mut segment = Vec::new();
    segment.extend(src.port().to_be_bytes());
    segment.extend(dst.port().to_be_bytes());
    segment.extend((8 + payload.len() as u16).to_be_bytes());
    segment.extend([0xff, 0xff]); // to be computed
    segment.extend(payload);
    sealed(ipv4(
        17,
        &src.ip().to_string(),
        &dst.ip().to_string(),
        options,
        &segment,
    ))
}

/// A TCP segment with these control bits: `SYN,ACK`.
pub fn tcp(src: &str, dst: &str, bits: &str, payload: &[u8]) -> Vec<u8> {
    tcp_with(src, dst, bits, &[], payload)
}

pub fn tcp_with(src: &str, dst: &str, bits: &str, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let (src, dst) = (end(src), end(dst));
    let bit = |name: &str| match name {
        "FIN" => 0x01,
        "SYN" => 0x02,
        "RST" => 0x04,
        "PSH" => 0x08,
        "ACK" => 0x10,
        "URG" => 0x20,
        "ECE" => 0x40,
        "CWR" => 0x80,
        _ => 0,
    };
    let mut segment = Vec::new();
    segment.extend(src.port().to_be_bytes());
    segment.extend(dst.port().to_be_bytes());
    segment.extend(1000_u32.to_be_bytes());
    segment.extend(2000_u32.to_be_bytes());
    segment.extend([0x50, bits.split(',').map(bit).sum()]);
    segment.extend(0xfaf0_u16.to_be_bytes());
    segment.extend([0; 4]);
    segment.extend(payload);
    sealed(ipv4(
        6,
        &src.ip().to_string(),
        &dst.ip().to_string(),
        options,
        &segment,
    ))
}

/// ICMP's echo request (8) or reply (0).
pub fn echo(kind: u8, src: &str, dst: &str, id: u16) -> Vec<u8> {
    let mut message = vec![kind, 0, 0, 0];
    message.extend(id.to_be_bytes());
    message.extend(7_u16.to_be_bytes());
    message.extend(b"what time is it?");
    sealed(ipv4(1, src, dst, &[], &message))
}

/// An ICMP error of this type and code, from `src` to `dst`, that quotes these bytes.
pub fn error(src: &str, dst: &str, kind: u8, code: u8, quote: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0, 0, 0];
    message.extend(1400_u16.to_be_bytes()); // "fragmentation needed" tells the MTU here
    message.extend(quote);
    sealed(ipv4(1, src, dst, &[], &message))
}

/// The beginning of a packet: its header and `len` bytes of what it carries.
pub fn quoted(packet: &[u8], len: usize) -> Vec<u8> {
    packet[..packet.len().min(start(packet) + len)].to_vec()
}

/// Who sends to whom, and what, in words.
pub fn words(packet: &[u8]) -> String {
    if packet.len() < 28 || packet[0] >> 4 != 4 || packet.len() < start(packet) + 8 {
        return format!("{} bytes", packet.len());
    }
    let at = start(packet);
    let address =
        |at: usize| Ipv4Addr::new(packet[at], packet[at + 1], packet[at + 2], packet[at + 3]);
    let port = |address, at| SocketAddrV4::new(address, get(packet, at)).to_string();
    let (src, dst) = (address(12), address(16));
    match packet[9] {
        6 => format!("TCP {} → {}", port(src, at), port(dst, at + 2)),
        17 => format!("UDP {} → {}", port(src, at), port(dst, at + 2)),
        1 => match packet[at] {
            0 => format!("echo reply {src} → {dst} id {}", get(packet, at + 4)),
            8 => format!("echo request {src} → {dst} id {}", get(packet, at + 4)),
            3 | 11 | 12 => format!(
                "ICMP error {src} → {dst} about [{}]",
                words(&packet[at + 8..])
            ),
            kind => format!("ICMP {kind} {src} → {dst}"),
        },
        proto => format!("protocol {proto} {src} → {dst}"),
    }
}

/// What stands at byte `at` of a packet, for the reason of a failure.
fn place(packet: &[u8], at: usize) -> &'static str {
    let start = start(packet);
    let Some(inside) = at.checked_sub(start) else {
        return match at {
            10 | 11 => {
                "Bytes 10 and 11 are the IPv4 header's checksum. It covers the addresses that you changed, and nothing behind the header. For each changed word it becomes ~(~checksum + ~old + new), and every carry is added to the lowest bit (RFC 1624, equation 3)."
            }
            12..16 => "Bytes 12 to 15 are the source address.",
            16..20 => "Bytes 16 to 19 are the destination address.",
            _ => {
                "Of the IPv4 header a NAT changes the addresses and the checksum, and nothing else."
            }
        };
    };
    match (packet[9], inside) {
        (6 | 17, 0 | 1) => "Here is the source port.",
        (6 | 17, 2 | 3) => "Here is the destination port.",
        (17, 6 | 7) => {
            "Here is UDP's checksum. It covers the addresses and the ports that you changed, and every carry is added to the lowest bit (RFC 1624). A receiver drops a packet whose checksum does not fit. 0 means that there is none, and stays; a result of 0 is written as ffff (RFC 768)."
        }
        (6, 16 | 17) => {
            "Here is TCP's checksum. It covers the addresses and the ports that you changed, and every carry is added to the lowest bit (RFC 1624). A receiver drops a packet whose checksum does not fit."
        }
        (1, 2 | 3) => {
            "Here is ICMP's checksum. It covers the identifier and, in an error, the quote; there is no pseudo-header, so the addresses are not in it."
        }
        (1, 4 | 5) if matches!(packet[start], 0 | 8) => {
            "Here is the identifier. A request's is the source's, a reply's the destination's; at the other end there is none to change."
        }
        (1, 8..) if matches!(packet[start], 3 | 11 | 12) => {
            "This is in the packet that the error quotes. Its receiver finds its connection by it: the address and the port that it knows, and checksums that fit."
        }
        _ => {
            "A NAT changes only addresses, ports and checksums. It does not change the rest of the packet, or the padding."
        }
    }
}

/// Demands that a packet has become what it should be: first its two ends, then every byte. The reason is that
/// of the first byte that differs.
pub fn same_packet(lab: &Lab, what: &str, got: &[u8], want: &[u8]) {
    lab.same(&format!("the ends of {what}"), words(got), words(want));
    let differs = (0..got.len().min(want.len())).find(|&at| got[at] != want[at]);
    let because = differs.map_or("", |at| place(want, at));
    lab.because(because).same_bytes(what, got, want);
}
