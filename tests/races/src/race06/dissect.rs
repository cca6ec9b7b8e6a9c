//! A frame taken apart: all its headers, both checksums, the options of TCP.

use std::hint::black_box;

use etherparse::{NetSlice, SlicedPacket, TcpOptionElement, TransportSlice};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, Ipv4Repr, TcpPacket, TcpRepr,
};

use super::frames::{Read, segment};
#[cfg(feature = "mine-06")]
use super::mine;
use super::reference;
use crate::machine;
use crate::race::{Answer, Contestant, Discipline, Effort, Turns};
use crate::stopwatch::nanoseconds;

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| {
        measured(effort, reference::ours::read)
    })];
    #[cfg(feature = "mine-06")]
    contestants.push(Contestant::mine(|effort| {
        measured(effort, mine::ours::read)
    }));
    contestants.push(Contestant::other(
        "etherparse",
        || machine::library("etherparse"),
        |effort| measured(effort, with_etherparse),
    ));
    contestants.push(Contestant::other(
        "smoltcp",
        || machine::library("smoltcp"),
        |effort| measured(effort, with_smoltcp),
    ));
    Discipline {
        id: "dissect",
        title: "A frame taken apart",
        what: "One thread reads a frame in memory: Ethernet, IPv4 and TCP, with both checksums and the options. etherparse \
               leaves the checksums to whoever asks, and is asked.",
        cases: vec![
            "64 bytes".to_owned(),
            "1 500 bytes".to_owned(),
            "1 500 bytes, timestamps".to_owned(),
        ],
        kind: super::nanoseconds_of("one frame"),
        contestants,
    }
}

fn measured(effort: &Effort, read: fn(&[u8]) -> Option<Read>) -> Result<Turns, String> {
    let span = effort.span;
    let frames = [(64, None), (1_500, None), (1_500, Some((7, 8)))]
        .map(|(len, timestamps)| segment(len, timestamps));
    for (frame, want) in &frames {
        // Speed counts when the work is done.
        let broken = [20, 40, frame.len() - 1].map(|at| {
            let mut broken = frame.clone();
            broken[at] ^= 1;
            read(&broken)
        });
        if read(frame) != Some(*want) || broken != [None; 3] {
            return Err("does not read what is there, or reads what is broken".to_owned());
        }
    }
    Ok(Box::new(move |case| {
        let (frame, _) = &frames[case];
        let time = nanoseconds(span, || read(black_box(frame)));
        Ok(Answer::Figures(vec![time]))
    }))
}

fn with_etherparse(frame: &[u8]) -> Option<Read> {
    let packet = SlicedPacket::from_ethernet(frame).ok()?;
    let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) = (packet.net, packet.transport)
    else {
        return None;
    };
    let ip = ip.header();
    if ip.to_header().calc_header_checksum() != ip.header_checksum()
        || tcp.calc_checksum_ipv4(ip.source(), ip.destination()).ok()? != tcp.checksum()
    {
        return None;
    }
    let mut timestamps = None;
    for option in tcp.options_iterator() {
        if let TcpOptionElement::Timestamp(clock, echo) = option.ok()? {
            timestamps = Some((clock, echo));
        }
    }
    let (src, dst) = (tcp.source_port(), tcp.destination_port());
    Some((src, dst, timestamps, tcp.payload().len()))
}

fn with_smoltcp(frame: &[u8]) -> Option<Read> {
    let checksums = ChecksumCapabilities::default();
    let frame = EthernetFrame::new_checked(frame).ok()?;
    if frame.ethertype() != EthernetProtocol::Ipv4 {
        return None;
    }
    let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
    let ip = Ipv4Repr::parse(&packet, &checksums).ok()?;
    if ip.next_header != IpProtocol::Tcp {
        return None;
    }
    let tcp = TcpPacket::new_checked(packet.payload()).ok()?;
    let (src, dst) = (ip.src_addr.into(), ip.dst_addr.into());
    let tcp = TcpRepr::parse(&tcp, &src, &dst, &checksums).ok()?;
    let timestamps = tcp.timestamp.map(|stamp| (stamp.tsval, stamp.tsecr));
    Some((tcp.src_port, tcp.dst_port, timestamps, tcp.payload.len()))
}
