//! etherparse and smoltcp judge 10 000 mutated frames, each with the same question as ours: is this
//! sound, and who talks to whom? Where they differ, a section of an RFC says why.

use netlab::Dice;
use std::collections::BTreeMap;

use etherparse::{NetSlice, SlicedPacket, TcpOptionReadError, TransportSlice};
use packets_solution::{Datagram, Network, Transport, dissect, encapsulate};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, Ipv4Repr, TcpPacket, TcpRepr,
    UdpPacket, UdpRepr,
};

use super::frames;
use super::wire::{checksum, pseudo, some_bytes};

const FRAMES: usize = 10_000;

/// What a judge takes a frame for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Broken, somewhere.
    Refused,
    /// Sound, and neither TCP nor UDP that can be read.
    Other,
    /// Sound: the ports and the length of the data.
    Ports(u16, u16, usize),
}

fn ours(frame: &[u8]) -> Verdict {
    let Ok(frame) = dissect(frame) else {
        return Verdict::Refused;
    };
    match frame.network {
        Network::Ipv4(Datagram { transport, .. }) => match transport {
            Transport::Tcp(tcp, data) => Verdict::Ports(tcp.src, tcp.dst, data.len()),
            Transport::Udp(udp, data) => Verdict::Ports(udp.src, udp.dst, data.len()),
            Transport::Fragment(_) | Transport::Other(_) => Verdict::Other,
        },
        Network::Other(_) => Verdict::Other,
    }
}

/// etherparse leaves checksums and the options of TCP to whoever asks. Here they are asked for.
fn etherparse(frame: &[u8]) -> Verdict {
    fn judge(frame: &[u8]) -> Option<Verdict> {
        if frame.get(12..14)? != [8, 0] {
            return Some(Verdict::Other);
        }
        let packet = SlicedPacket::from_ethernet(frame).ok()?;
        let Some(NetSlice::Ipv4(ip)) = packet.net else {
            return None;
        };
        let header = ip.header();
        if header.to_header().calc_header_checksum() != header.header_checksum() {
            return None;
        }
        if header.more_fragments() || header.fragments_offset().value() > 0 {
            return Some(Verdict::Other);
        }
        let (src, dst) = (header.source(), header.destination());
        match packet.transport {
            Some(TransportSlice::Tcp(tcp)) => {
                let is_known = |option: &Result<_, TcpOptionReadError>| {
                    !matches!(option, Err(TcpOptionReadError::UnknownId(_)))
                };
                if tcp.calc_checksum_ipv4(src, dst).ok()? != tcp.checksum()
                    || tcp
                        .options_iterator()
                        .take_while(is_known)
                        .any(|it| it.is_err())
                {
                    return None;
                }
                let data = tcp.payload().len();
                Some(Verdict::Ports(
                    tcp.source_port(),
                    tcp.destination_port(),
                    data,
                ))
            }
            Some(TransportSlice::Udp(udp)) => {
                let header = udp.to_header();
                let right = header
                    .calc_checksum_ipv4_raw(src, dst, udp.payload())
                    .ok()?;
                if udp.checksum() != 0 && right != udp.checksum() {
                    return None;
                }
                let data = udp.payload().len();
                Some(Verdict::Ports(
                    udp.source_port(),
                    udp.destination_port(),
                    data,
                ))
            }
            _ => Some(Verdict::Other),
        }
    }
    judge(frame).unwrap_or(Verdict::Refused)
}

fn smoltcp(frame: &[u8]) -> Verdict {
    fn judge(frame: &[u8]) -> Option<Verdict> {
        let checksums = ChecksumCapabilities::default();
        let frame = EthernetFrame::new_checked(frame).ok()?;
        if frame.ethertype() != EthernetProtocol::Ipv4 {
            return Some(Verdict::Other);
        }
        let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
        // Without its feature for fragments it refuses them. It is asked about the header all the same.
        let is_fragment = packet.more_frags() || packet.frag_offset() > 0;
        if is_fragment && packet.version() == 4 && packet.verify_checksum() {
            return Some(Verdict::Other);
        }
        let ip = Ipv4Repr::parse(&packet, &checksums).ok()?;
        let (src, dst) = (ip.src_addr.into(), ip.dst_addr.into());
        match ip.next_header {
            IpProtocol::Tcp => {
                let tcp = TcpPacket::new_checked(packet.payload()).ok()?;
                let tcp = TcpRepr::parse(&tcp, &src, &dst, &checksums).ok()?;
                Some(Verdict::Ports(
                    tcp.src_port,
                    tcp.dst_port,
                    tcp.payload.len(),
                ))
            }
            IpProtocol::Udp => {
                let udp = UdpPacket::new_checked(packet.payload()).ok()?;
                let header = UdpRepr::parse(&udp, &src, &dst, &checksums).ok()?;
                let data = udp.payload().len();
                Some(Verdict::Ports(header.src_port, header.dst_port, data))
            }
            _ => Some(Verdict::Other),
        }
    }
    judge(frame).unwrap_or(Verdict::Refused)
}

/// Does something to a sound frame. Half of the time the checksums are made to fit again, so that what
/// stands behind them is looked at, too.
fn mutate(dice: &mut Dice, frame: &mut Vec<u8>) {
    // IP's lengths, TCP's offset and options, UDP's length and so on: where it hurts.
    let places = [
        12, 13, 14, 16, 17, 20, 21, 22, 23, 24, 34, 38, 39, 40, 41, 46, 47,
    ];
    for _ in 0..dice.below(3) {
        let any = dice.below(frame.len() as u64) as usize;
        let at = match dice.below(3) {
            0 => places[dice.below(places.len() as u64) as usize],
            1 => 54 + dice.below(40) as usize,
            _ => any,
        };
        let at = at.min(frame.len() - 1);
        match dice.below(6) {
            0 => frame[at] = dice.next() as u8,
            1 => frame[at] ^= 1 << dice.below(8),
            2 => frame[at] = frame[at].wrapping_add(1),
            3 => frame[at] = dice.below(9) as u8,
            4 => frame.truncate(1 + any),
            _ => frame.extend(some_bytes(dice, 20)),
        }
    }
    if dice.below(2) == 0 {
        mend(frame);
    }
}

/// Makes the checksums fit what the lengths say.
fn mend(frame: &mut [u8]) {
    let Some(datagram) = frame.get_mut(14..).filter(|it| it.len() >= 20) else {
        return;
    };
    let header = usize::from(datagram[0] & 0xf) * 4;
    let total = usize::from(u16::from_be_bytes([datagram[2], datagram[3]]));
    if header < 20 || datagram.len() < header {
        return;
    }
    datagram[10..12].fill(0);
    let sum = checksum(&datagram[..header]);
    datagram[10..12].copy_from_slice(&sum.to_be_bytes());
    let proto = datagram[9];
    let [src, dst] = [12, 16].map(|at| {
        let octets: [u8; 4] = datagram[at..at + 4].try_into().expect("four bytes");
        octets.into()
    });
    let Some(segment) = datagram.get_mut(header..total) else {
        return;
    };
    let (at, len) = match proto {
        6 if segment.len() >= 20 => (16, segment.len()),
        17 if segment.len() >= 8 => {
            let len = usize::from(u16::from_be_bytes([segment[4], segment[5]]));
            (6, len.clamp(8, segment.len()))
        }
        _ => return,
    };
    segment[at..at + 2].fill(0);
    let pseudo = pseudo(src, dst, proto, len as u16);
    let sum = match checksum(&[&pseudo[..], &segment[..len]].concat()) {
        0 if proto == 17 => 0xffff,
        sum => sum,
    };
    segment[at..at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// A reason for which a judge may differ from us.
struct Difference {
    judge: &'static str,
    what: &'static str,
    /// What stands behind our verdict.
    section: &'static str,
    /// Whether the bytes of a datagram have the trait that the reason is about.
    has: fn(&[u8]) -> bool,
}

const DIFFERENCES: [Difference; 4] = [
    Difference {
        judge: "etherparse",
        what: "sums a header without its reserved flag bit",
        section: "RFC 1071, section 1: all of the header's words are summed; RFC 791, section 3.2: be liberal",
        has: |datagram| datagram[6] & 0x80 != 0,
    },
    Difference {
        judge: "etherparse",
        what: "does not look at options behind one that it does not know",
        section: "RFC 9293, section 3.1, MUST-6: an unknown option is passed over by its length",
        has: |datagram| kinds(datagram).any(|(kind, _)| !matches!(kind, 0..=5 | 8)),
    },
    Difference {
        judge: "smoltcp",
        what: "refuses flags that make no sense together",
        section: "RFC 9293, section 3.10.7: each state looks at RST, SYN, ACK and FIN in this order",
        has: |datagram| {
            let flags = tcp(datagram).and_then(|tcp| tcp.get(13)).unwrap_or(&0);
            (flags & 0b111).count_ones() > 1
        },
    },
    Difference {
        judge: "smoltcp",
        what: "takes timestamps of a wrong length for an unknown option",
        section: "RFC 7323, section 3.2: the length is 10; RFC 9293, section 3.1, MUST-7",
        has: |datagram| kinds(datagram).any(|(kind, len)| kind == 8 && len != 10),
    },
];

/// The segment of a datagram, if it carries one.
fn tcp(datagram: &[u8]) -> Option<&[u8]> {
    let header = usize::from(datagram[0] & 0xf) * 4;
    datagram.get(header..).filter(|_| datagram[9] == 6)
}

/// Kind and length of each option of a segment, as far as they can be followed.
fn kinds(datagram: &[u8]) -> impl Iterator<Item = (u8, usize)> {
    let options = tcp(datagram).and_then(|tcp| {
        let end = usize::from(tcp.get(12)? >> 4) * 4;
        tcp.get(20..end)
    });
    let mut rest = options.unwrap_or_default();
    std::iter::from_fn(move || {
        let kind = *rest.first()?;
        let len = match kind {
            0 => return None,
            1 => 1,
            _ => usize::from(*rest.get(1)?),
        };
        rest = rest.get(len..).filter(|_| len > 0).unwrap_or_default();
        Some((kind, len))
    })
}

#[test]
fn they_agree_on_10_000_mutated_frames() {
    let mut dice = Dice::new(6);
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut sound = 0;
    let mut unexplained = Vec::new();
    for n in 0..FRAMES {
        let data = some_bytes(&mut dice, 80);
        let mut frame = encapsulate(&frames::sound(&mut dice, &data)).expect("a sound frame");
        mutate(&mut dice, &mut frame);
        let ours = ours(&frame);
        sound += usize::from(ours != Verdict::Refused);
        for (judge, verdict) in [
            ("etherparse", etherparse(&frame)),
            ("smoltcp", smoltcp(&frame)),
        ] {
            if verdict == ours {
                continue;
            }
            let datagram = frame.get(14..).filter(|it| it.len() >= 20);
            let why = DIFFERENCES.iter().find(|difference| {
                difference.judge == judge && datagram.is_some_and(difference.has)
            });
            match why {
                Some(why) => *counts.entry((judge, why.what)).or_default() += 1,
                None => unexplained.push(format!(
                    "frame {n}: {judge} says {verdict:?}, we say {ours:?} ({:?})\n{:02x?}",
                    dissect(&frame).err(),
                    frame
                )),
            }
        }
    }
    println!("{FRAMES} frames, {sound} of them sound");
    for ((judge, what), count) in &counts {
        println!("{count:5} {judge}: {what}");
    }
    let shown: Vec<&String> = unexplained.iter().take(40).collect();
    assert!(unexplained.is_empty(), "{}: {shown:#?}", unexplained.len());
    for difference in &DIFFERENCES {
        let key = (difference.judge, difference.what);
        assert!(
            counts.contains_key(&key),
            "{key:?}, {}: no frame any more",
            difference.section
        );
    }
}
