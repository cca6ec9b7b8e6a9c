//! Chapter 07: what neighbours say about themselves. Nothing panics, the tables have an end, a storm drives nobody out,
//! and what waits goes out once or is told to be unreachable.
#![no_main]

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use delivery::{Action, ArpCache, ArpPacket, Operation};
use fuzz::{kept, within};
use packets::{EthernetHeader, Mac, ethertype};

const OURS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const FRIEND: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const CARD: Mac = Mac([2, 0, 0, 0, 0, 2]);
/// Two tables of 256 rows, with four datagrams of 20 bytes that wait for each address.
const MEMORY: isize = 128 * 1024;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(packet) = within(data, || ArpPacket::parse(data)) {
        assert_eq!(packet.emit(), data[..28]);
    }
    storm(data);
});

fn storm(mut data: &[u8]) {
    let mut cache = ArpCache::new(Mac([2, 0, 0, 0, 0, 1]), OURS);
    let mut memory = 0;
    let mut now = Duration::ZERO;
    let hello = ArpPacket {
        operation: Operation::Request,
        sender_mac: CARD,
        sender_ip: FRIEND,
        target_mac: Mac([0; 6]),
        target_ip: OURS,
    };
    assert_eq!(cache.receive(now, &hello.emit()).len(), 1);
    let (mut last_heard, mut is_in) = (now, true);
    let (mut sent, mut gone) = (0, 0);
    let mut named = BTreeSet::new();
    // A byte says what happens, and one each how long after the last, and to whom.
    while let [what, time, who, rest @ ..] = data {
        now += Duration::from_millis(u64::from(*time) * 4);
        let who = Ipv4Addr::from_bits(0x0a00_0000 | u32::from(what >> 2) << 8 | u32::from(*who));
        data = rest;
        named.insert(who);
        let (actions, more) = kept(|| match what & 3 {
            0 => {
                sent += 1;
                cache.send(now, who, vec![0x45; 20])
            }
            1 => cache.tick(now),
            _ if what & 3 == 2 && who != FRIEND => {
                let packet = ArpPacket {
                    operation: Operation::Reply,
                    sender_mac: Mac([*time, 0, 0, 0, 0, 9]),
                    sender_ip: who,
                    ..hello
                };
                cache.receive(now, &packet.emit())
            }
            _ => {
                // A packet as it comes, but not from the friend.
                let (packet, behind) = rest.split_at(rest.len().min(28));
                data = behind;
                match packet.get(14..18) == Some(&FRIEND.octets()) {
                    true => Vec::new(),
                    false => cache.receive(now, packet),
                }
            }
        });
        memory += more;
        assert!(what & 3 < 2 || actions.len() <= 1 + ArpCache::WAITING);
        gone += actions.iter().filter(|action| is_datagram(action)).count();
        assert!(gone <= sent, "nothing goes out twice");
        let held: usize = actions.iter().map(held).sum();
        memory -= (held + actions.capacity() * size_of::<Action>()) as isize;
        assert!(memory <= MEMORY, "{memory} bytes in use");
        let is_fresh = is_in && now - last_heard < ArpCache::LIFE;
        assert_eq!(cache.card_of(now, FRIEND), is_fresh.then_some(CARD));
        if !is_fresh {
            cache.receive(now, &hello.emit());
            last_heard = now;
            // Whoever has left may find the table full of others.
            is_in = cache.card_of(now, FRIEND).is_some();
        }
    }
    let known = named
        .iter()
        .filter(|who| cache.card_of(now, **who).is_some());
    assert!(known.count() <= ArpCache::MOST);
    // Whoever is asked for is given up in the end.
    let mut unreachable = 0;
    for _ in 0..=ArpCache::TRIES {
        now += ArpCache::WAIT;
        let actions = cache.tick(now);
        unreachable += actions.iter().filter(|action| is_datagram(action)).count();
    }
    assert!(unreachable <= ArpCache::MOST * ArpCache::WAITING);
    assert!(gone + unreachable <= sent && cache.next_tick().is_none());
}

/// Whether an action carries a datagram of ours, or says that one goes nowhere.
fn is_datagram(action: &Action) -> bool {
    match action {
        Action::Unreachable(_) => true,
        Action::Frame(frame) => {
            let (header, _) = EthernetHeader::parse(frame).expect("what we write, we read");
            header.ethertype == ethertype::IPV4
        }
    }
}

fn held(action: &Action) -> usize {
    match action {
        Action::Frame(bytes) | Action::Unreachable(bytes) => bytes.capacity(),
    }
}
