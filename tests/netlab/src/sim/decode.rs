//! What a packet's headers say, in few words and in the terms of the RFCs. For people: it takes what
//! it finds, checks no checksum, and says so when something is cut.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::medium::Medium;

/// A packet in words.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Who sends it and for whom it is, with the ports where there are any. Empty where the packet does
    /// not say.
    pub from: String,
    pub to: String,
    /// `SYN seq 100 win 64240`.
    pub words: String,
}

/// What a plan wants to know about a packet.
pub enum Transport {
    Tcp {
        flags: u8,
        /// Bytes behind the header.
        length: usize,
    },
    Udp,
    Icmp,
    Arp,
    Fragment,
    Other,
}

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;
const URG: u8 = 0x20;

/// `10.0.0.1:4000 → 10.0.0.2:80 SYN seq 100 win 64240`.
pub fn in_words(medium: Medium, packet: &[u8]) -> String {
    let said = read(medium, packet);
    match said.to.as_str() {
        "" => said.words,
        _ => format!("{} → {} {}", said.from, said.to, said.words),
    }
}

pub fn read(medium: Medium, packet: &[u8]) -> Said {
    match medium {
        Medium::Ip => ip(packet),
        Medium::Ethernet => frame(packet),
    }
    .unwrap_or_else(|| Said::only(format!("{} bytes", packet.len())))
}

pub fn transport(medium: Medium, packet: &[u8]) -> Transport {
    let of_frame = || match u16_at(packet, 12)? {
        0x0806 => Some(Transport::Arp),
        0x0800 | 0x86dd => of_ip(packet.get(14..)?),
        _ => None,
    };
    match medium {
        Medium::Ip => of_ip(packet),
        Medium::Ethernet => of_frame(),
    }
    .unwrap_or(Transport::Other)
}

fn of_ip(packet: &[u8]) -> Option<Transport> {
    let ip = Ip::read(packet)?;
    if ip.fragment.is_some() {
        return Some(Transport::Fragment);
    }
    Some(match ip.protocol {
        1 | 58 => Transport::Icmp,
        6 => Transport::Tcp {
            flags: *ip.payload.get(13)?,
            length: (ip.payload.len()).saturating_sub(usize::from(ip.payload[12] >> 4) * 4),
        },
        17 => Transport::Udp,
        _ => Transport::Other,
    })
}

impl Said {
    fn only(words: String) -> Said {
        Said {
            words,
            ..Said::default()
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn address_at(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    u32_at(bytes, at).map(Ipv4Addr::from)
}

fn address6_at(bytes: &[u8], at: usize) -> Option<Ipv6Addr> {
    let octets: [u8; 16] = bytes.get(at..at + 16)?.try_into().ok()?;
    Some(Ipv6Addr::from(octets))
}

fn mac_at(bytes: &[u8], at: usize) -> Option<String> {
    let octets = bytes.get(at..at + 6)?.iter();
    let octets: Vec<String> = octets.map(|octet| format!("{octet:02x}")).collect();
    Some(octets.join(":"))
}

/// RFC 894 and RFC 2464; ARP by RFC 826.
fn frame(frame: &[u8]) -> Option<Said> {
    let (to, from) = (mac_at(frame, 0)?, mac_at(frame, 6)?);
    let (kind, payload) = (u16_at(frame, 12)?, frame.get(14..)?);
    match kind {
        0x0800 | 0x86dd => {
            let mut said = ip(payload)?;
            let _ = write!(said.words, " to {to}");
            Some(said)
        }
        0x0806 => Some(Said::only(arp(payload)?)),
        kind => Some(Said {
            from,
            to,
            words: format!("type {kind:#06x} len {}", payload.len()),
        }),
    }
}

fn arp(packet: &[u8]) -> Option<String> {
    let (sender, target) = (address_at(packet, 14)?, address_at(packet, 24)?);
    match u16_at(packet, 6)? {
        // RFC 5227: a probe has no address of its own yet.
        1 if sender.is_unspecified() => Some(format!("ARP who has {target}? (probe)")),
        1 if sender == target => Some(format!(
            "ARP {sender} is at {} (announced)",
            mac_at(packet, 8)?
        )),
        1 => Some(format!("ARP who has {target}? tell {sender}")),
        2 => Some(format!("ARP {sender} is at {}", mac_at(packet, 8)?)),
        other => Some(format!("ARP operation {other}")),
    }
}

/// What of an IP header matters here, of either version.
struct Ip<'a> {
    from: String,
    to: String,
    protocol: u8,
    /// TTL or hop limit.
    hops: u8,
    version: u8,
    fragment: Option<Fragment>,
    payload: &'a [u8],
}

struct Fragment {
    id: u32,
    /// In bytes.
    offset: u32,
    more: bool,
}

impl Fragment {
    /// From the 16 bits of which all but three are the offset in units of eight bytes.
    fn new(id: u32, units: u16, more: bool) -> Option<Fragment> {
        (more || units > 0).then_some(Fragment {
            id,
            offset: u32::from(units) * 8,
            more,
        })
    }
}

impl Ip<'_> {
    fn read(packet: &[u8]) -> Option<Ip<'_>> {
        match packet.first()? >> 4 {
            4 => Ip::v4(packet),
            6 => Ip::v6(packet),
            _ => None,
        }
    }

    /// RFC 791, section 3.1.
    fn v4(packet: &[u8]) -> Option<Ip<'_>> {
        let header = usize::from(packet[0] & 0xf) * 4;
        let total = usize::from(u16_at(packet, 2)?);
        let (from, to) = (address_at(packet, 12)?, address_at(packet, 16)?);
        let bits = u16_at(packet, 6)?;
        Some(Ip {
            from: from.to_string(),
            to: to.to_string(),
            protocol: packet[9],
            hops: packet[8],
            version: 4,
            fragment: Fragment::new(u16_at(packet, 4)?.into(), bits & 0x1fff, bits & 0x2000 != 0),
            payload: packet.get(header..total.clamp(header, packet.len().max(header)))?,
        })
    }

    /// RFC 8200, sections 3 and 4.
    fn v6(packet: &[u8]) -> Option<Ip<'_>> {
        const HEADER: usize = 40;
        let (from, to) = (address6_at(packet, 8)?, address6_at(packet, 24)?);
        let end = (HEADER + usize::from(u16_at(packet, 4)?)).min(packet.len());
        let mut next = packet[6];
        let mut at = HEADER;
        let mut fragment = None;
        loop {
            match next {
                // Hop-by-hop options, routing, destination options.
                0 | 43 | 60 => {
                    next = *packet.get(at)?;
                    at += 8 + 8 * usize::from(*packet.get(at + 1)?);
                }
                44 => {
                    next = *packet.get(at)?;
                    let bits = u16_at(packet, at + 2)?;
                    fragment = Fragment::new(u32_at(packet, at + 4)?, bits >> 3, bits & 1 != 0);
                    at += 8;
                    if bits >> 3 > 0 {
                        break; // what follows is not a header
                    }
                }
                _ => break,
            }
        }
        Some(Ip {
            from: from.to_string(),
            to: to.to_string(),
            protocol: next,
            hops: packet[7],
            version: 6,
            fragment,
            payload: packet.get(at..end)?,
        })
    }
}

fn ip(packet: &[u8]) -> Option<Said> {
    let version = packet.first()? >> 4;
    if version != 4 && version != 6 {
        let words = format!("{} bytes, IP version {version}", packet.len());
        return Some(Said::only(words));
    }
    let Ip {
        from,
        to,
        protocol,
        hops,
        version,
        fragment,
        payload,
    } = Ip::read(packet)?;
    let mut said = Said {
        from,
        to,
        words: String::new(),
    };
    let length = payload.len();
    match fragment {
        Some(Fragment { id, offset, more }) => {
            let more = if more { " MF" } else { "" };
            said.words = format!("fragment of {id} at byte {offset} len {length}{more}");
        }
        None => {
            let inside = match protocol {
                1 => icmp(payload),
                6 => tcp(payload),
                17 => udp(payload),
                58 => icmp6(payload),
                _ => None,
            };
            said.words = inside.unwrap_or_else(|| format!("protocol {protocol} len {length}"));
            if protocol == 6 || protocol == 17 {
                add_ports(&mut said, version, payload);
            }
        }
    }
    // What hosts send starts at 64; lower, it has come by routers or is meant to end soon.
    if hops != 64 {
        let name = if version == 4 { "ttl" } else { "hop limit" };
        let _ = write!(said.words, " {name} {hops}");
    }
    Some(said)
}

fn add_ports(said: &mut Said, version: u8, payload: &[u8]) {
    let ports = u16_at(payload, 0).zip(u16_at(payload, 2));
    if let Some((from, to)) = ports {
        let add = |address: &mut String, port| match version {
            4 => *address = format!("{address}:{port}"),
            _ => *address = format!("[{address}]:{port}"),
        };
        add(&mut said.from, from);
        add(&mut said.to, to);
    }
}

/// RFC 768.
fn udp(datagram: &[u8]) -> Option<String> {
    let length = u16_at(datagram, 4)?.saturating_sub(8);
    Some(format!("UDP len {length}"))
}

/// RFC 9293, section 3.1.
fn tcp(segment: &[u8]) -> Option<String> {
    const FLAGS: [(u8, &str); 6] = [
        (SYN, "SYN"),
        (FIN, "FIN"),
        (RST, "RST"),
        (PSH, "PSH"),
        (ACK, "ACK"),
        (URG, "URG"),
    ];
    let header = usize::from(segment.get(12)? >> 4) * 4;
    let bits = *segment.get(13)?;
    let flags = FLAGS.iter().filter(|(bit, _)| bits & bit != 0);
    let flags: Vec<&str> = flags.map(|(_, name)| *name).collect();
    let mut words = flags.join(",");
    let _ = write!(words, " seq {}", u32_at(segment, 4)?);
    if bits & ACK != 0 {
        let _ = write!(words, " ack {}", u32_at(segment, 8)?);
    }
    match segment.len().checked_sub(header)? {
        0 => {}
        length => {
            let _ = write!(words, " len {length}");
        }
    }
    let _ = write!(words, " win {}", u16_at(segment, 14)?);
    tcp_options(&mut words, segment.get(20..header).unwrap_or(&[]));
    Some(words.trim_start().to_owned())
}

/// Those that change what the segment means: RFC 9293, section 3.2; RFC 7323; RFC 2018.
fn tcp_options(words: &mut String, mut options: &[u8]) {
    while let Some((&kind, rest)) = options.split_first() {
        match kind {
            0 => return,
            1 => {
                options = rest;
                continue;
            }
            _ => {}
        }
        let length = rest.first().map_or(0, |length| usize::from(*length));
        let Some(value) = options.get(2..length) else {
            return; // it lies about its length
        };
        match (kind, value) {
            (2, [high, low]) => {
                let _ = write!(words, " mss {}", u16::from_be_bytes([*high, *low]));
            }
            (3, [shift]) => {
                let _ = write!(words, " ws {shift}");
            }
            (4, []) => words.push_str(" sackOK"),
            (5, blocks) => {
                for block in blocks.chunks_exact(8) {
                    if let (Some(left), Some(right)) = (u32_at(block, 0), u32_at(block, 4)) {
                        let _ = write!(words, " sack {left}-{right}");
                    }
                }
            }
            _ => {}
        }
        options = &options[length..];
    }
}

/// RFC 792; the next hop's MTU by RFC 1191.
fn icmp(message: &[u8]) -> Option<String> {
    let (kind, code) = (*message.first()?, *message.get(1)?);
    match (kind, code) {
        (0, _) => echo("ICMP echo reply", message),
        (8, _) => echo("ICMP echo request", message),
        (3, 4) => Some(format!(
            "ICMP fragmentation needed, MTU {}",
            u16_at(message, 6)?
        )),
        (3, 0) => Some("ICMP network unreachable".into()),
        (3, 1) => Some("ICMP host unreachable".into()),
        (3, 2) => Some("ICMP protocol unreachable".into()),
        (3, 3) => Some("ICMP port unreachable".into()),
        (5, _) => Some(format!("ICMP redirect to {}", address_at(message, 4)?)),
        (11, 0) => Some("ICMP time exceeded in transit".into()),
        (11, 1) => Some("ICMP reassembly time exceeded".into()),
        (kind, code) => Some(format!("ICMP type {kind} code {code}")),
    }
}

/// RFC 4443; neighbours by RFC 4861.
fn icmp6(message: &[u8]) -> Option<String> {
    let (kind, code) = (*message.first()?, *message.get(1)?);
    match (kind, code) {
        (128, _) => echo("ICMPv6 echo request", message),
        (129, _) => echo("ICMPv6 echo reply", message),
        (1, 0) => Some("ICMPv6 no route".into()),
        (1, 3) => Some("ICMPv6 address unreachable".into()),
        (1, 4) => Some("ICMPv6 port unreachable".into()),
        (2, _) => Some(format!(
            "ICMPv6 packet too big, MTU {}",
            u32_at(message, 4)?
        )),
        (3, 0) => Some("ICMPv6 hop limit exceeded in transit".into()),
        (3, 1) => Some("ICMPv6 reassembly time exceeded".into()),
        (133, _) => Some("ICMPv6 router solicitation".into()),
        (134, _) => Some("ICMPv6 router advertisement".into()),
        (135, _) => Some(format!("ICMPv6 who has {}?", address6_at(message, 8)?)),
        (136, _) => Some(format!("ICMPv6 here is {}", address6_at(message, 8)?)),
        (kind, code) => Some(format!("ICMPv6 type {kind} code {code}")),
    }
}

fn echo(what: &str, message: &[u8]) -> Option<String> {
    let (id, seq) = (u16_at(message, 4)?, u16_at(message, 6)?);
    Some(format!("{what} id {id} seq {seq}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `45 00 …`
    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(|b| b.is_ascii_hexdigit()).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    #[test]
    fn headers_are_told_in_the_terms_of_their_rfcs() {
        let ip = "45 00 00 28 1c46 4000 40 06 0000 0a000001 0a000002";
        for (hex, words) in [
            (
                format!("{ip} 0fa0 0050 00000064 00000000 50 02 faf0 0000 0000"),
                "10.0.0.1:4000 → 10.0.0.2:80 SYN seq 100 win 64240",
            ),
            (
                "45 00 00 1f 0001 0000 40 11 0000 0a000001 0a000002 c000 0035 000b 0000 686921"
                    .into(),
                "10.0.0.1:49152 → 10.0.0.2:53 UDP len 3",
            ),
            (
                "45 00 05dc 0007 2000 40 11 0000 0a000001 0a000002 aa".into(),
                "10.0.0.1 → 10.0.0.2 fragment of 7 at byte 0 len 1 MF",
            ),
            (
                "45 00 00 1c 0001 0000 01 01 0000 0a000001 0a000002 08 00 0000 0007 0001".into(),
                "10.0.0.1 → 10.0.0.2 ICMP echo request id 7 seq 1 ttl 1",
            ),
            ("50 00".into(), "2 bytes, IP version 5"),
            ("60 00".into(), "2 bytes"),
            ("45 00".into(), "2 bytes"),
            (String::new(), "0 bytes"),
        ] {
            assert_eq!(in_words(Medium::Ip, &bytes(&hex)), words);
        }
        let arp = "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002";
        assert_eq!(
            in_words(Medium::Ethernet, &bytes(arp)),
            "ARP who has 10.0.0.2? tell 10.0.0.1"
        );
    }

    #[test]
    fn no_packet_is_too_short_to_be_told() {
        let whole = bytes(
            "45 00 00 28 1c46 4000 40 06 0000 0a000001 0a000002 0fa0 0050 00000064 00000000 50 02 faf0 0000 0000",
        );
        for length in 0..whole.len() {
            in_words(Medium::Ip, &whole[..length]);
            in_words(Medium::Ethernet, &whole[..length]);
        }
    }
}
