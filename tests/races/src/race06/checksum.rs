//! The Internet checksum of short and long datagrams.

use std::hint::black_box;

use etherparse::checksum::Sum16BitWords;
use smoltcp::wire::{IpAddress, UdpPacket};

use super::frames::{CLIENT, SERVER, datagram};
#[cfg(feature = "mine-06")]
use super::mine;
use super::reference;
use crate::machine;
use crate::race::{Answer, Contestant, Discipline, Effort, Turns};
use crate::stopwatch::nanoseconds;

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| {
        measured(effort, reference::ours::is_sound)
    })];
    #[cfg(feature = "mine-06")]
    contestants.push(Contestant::mine(|effort| {
        measured(effort, mine::ours::is_sound)
    }));
    contestants.push(Contestant::other(
        "byte by byte",
        || Ok(String::new()),
        |effort| measured(effort, byte_by_byte),
    ));
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
        id: "checksum",
        title: "The checksum of a UDP datagram",
        what: "One thread checks a datagram in memory: the pseudo-header and all its bytes are summed. \"Byte by byte\" \
               is the plainest answer that is right.",
        cases: vec!["64 bytes".to_owned(), "1 500 bytes".to_owned()],
        kind: super::nanoseconds_of("one datagram"),
        contestants,
    }
}

fn measured(effort: &Effort, is_sound: fn(&[u8]) -> bool) -> Result<Turns, String> {
    let span = effort.span;
    let datagrams = [64, 1_500].map(datagram);
    for datagram in &datagrams {
        let mut broken = datagram.clone();
        broken[20] ^= 1;
        if !is_sound(datagram) || is_sound(&broken) {
            return Err("does not tell a sound datagram from a broken one".to_owned());
        }
    }
    Ok(Box::new(move |case| {
        let datagram = &datagrams[case];
        let time = nanoseconds(span, || is_sound(black_box(datagram)));
        Ok(Answer::Figures(vec![time]))
    }))
}

/// Step 1 as its hint tells it.
fn byte_by_byte(datagram: &[u8]) -> bool {
    let [high, low] = (datagram.len() as u16).to_be_bytes();
    let rest = [0, 17, high, low];
    let (mut sum, mut is_low) = (0_u64, false);
    for part in [&CLIENT.octets()[..], &SERVER.octets(), &rest, datagram] {
        for byte in part {
            sum += u64::from(*byte) << if is_low { 0 } else { 8 };
            is_low = !is_low;
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum == 0xffff
}

fn with_etherparse(datagram: &[u8]) -> bool {
    let sum = Sum16BitWords::new()
        .add_4bytes(CLIENT.octets())
        .add_4bytes(SERVER.octets())
        .add_2bytes([0, 17])
        .add_2bytes((datagram.len() as u16).to_be_bytes())
        .add_slice(datagram);
    sum.ones_complement() == 0
}

fn with_smoltcp(datagram: &[u8]) -> bool {
    let (src, dst) = (IpAddress::Ipv4(CLIENT), IpAddress::Ipv4(SERVER));
    UdpPacket::new_unchecked(datagram).verify_checksum(&src, &dst)
}
