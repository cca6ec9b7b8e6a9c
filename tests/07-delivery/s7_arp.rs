//! Step 7: ARP.

use std::time::Duration;

use delivery::{Action, ArpCache, ArpError, ArpPacket, Operation};
use netlab::{Lab, hex, lab};
use packets::Mac;

use super::wire::{NOT_ONE_HOST, ONE_HOST, ip};

const OWN: Mac = Mac([2, 0, 0, 0, 0, 1]);
const BEN: Mac = Mac([2, 0, 0, 0, 0, 0xb]);
const EVE: Mac = Mac([2, 0, 0, 0, 0, 0xe]);
const ALL: Mac = Mac([0xff; 6]);
const IP: &str = "10.0.0.1";
const B: &str = "10.0.0.11";
const C: &str = "10.0.0.12";

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// An ARP packet, built from nothing (RFC 826).
fn arp(operation: u8, sender: (Mac, &str), target: (Mac, &str)) -> Vec<u8> {
    let mut b = vec![0, 1, 8, 0, 6, 4, 0, operation];
    for (mac, addr) in [sender, target] {
        b.extend_from_slice(&mac.0);
        b.extend_from_slice(&ip(addr).octets());
    }
    b
}

fn request(sender: (Mac, &str), target: &str) -> Vec<u8> {
    arp(1, sender, (Mac([0; 6]), target))
}

fn reply(sender: (Mac, &str), target: (Mac, &str)) -> Vec<u8> {
    arp(2, sender, target)
}

fn frame(dst: Mac, ethertype: [u8; 2], payload: &[u8]) -> Vec<u8> {
    [&dst.0[..], &OWN.0, &ethertype, payload].concat()
}

fn cache(lab: &Lab) -> ArpCache {
    lab.you(&format!("ArpCache::new({OWN}, {IP})"), || {
        ArpCache::new(OWN, ip(IP))
    })
}

/// What a host is to do, in words: each frame by where it goes and what it carries.
fn words(actions: &[Action]) -> String {
    let each = actions.iter().map(|action| match action {
        Action::Unreachable(datagram) => format!("unreachable {}", hex::short(datagram)),
        Action::Frame(bytes) if bytes.len() < 14 => format!("a frame of {} bytes", bytes.len()),
        Action::Frame(bytes) => {
            let dst = Mac(std::array::from_fn(|i| bytes[i]));
            let to = match dst {
                ALL => "all".to_owned(),
                BEN => "BEN".to_owned(),
                EVE => "EVE".to_owned(),
                other => other.to_string(),
            };
            match bytes[12..14] {
                [8, 6] if bytes.len() >= 42 => {
                    let addr = |at: usize| {
                        format!(
                            "{}.{}.{}.{}",
                            bytes[at],
                            bytes[at + 1],
                            bytes[at + 2],
                            bytes[at + 3]
                        )
                    };
                    match bytes[21] {
                        1 => format!("{to}: who has {}?", addr(38)),
                        _ => format!(
                            "{to}: {} is at {}",
                            addr(28),
                            Mac(std::array::from_fn(|i| bytes[22 + i]))
                        ),
                    }
                }
                [8, 0] => format!("{to}: {}", hex::short(&bytes[14..])),
                _ => format!("{to}: type {}", hex::all(&bytes[12..14])),
            }
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

fn sends(lab: &Lab, cache: &mut ArpCache, now: Duration, to: &str, datagram: &[u8]) -> Vec<Action> {
    let what = format!("send({now:?}, {to}, {})", hex::short(datagram));
    lab.you(&what, || cache.send(now, ip(to), datagram.to_vec()))
}

fn takes(lab: &Lab, cache: &mut ArpCache, now: Duration, what: &str, packet: &[u8]) -> Vec<Action> {
    lab.you(&format!("receive({now:?}, {what})"), || {
        cache.receive(now, packet)
    })
}

fn ticks(lab: &Lab, cache: &mut ArpCache, now: Duration) -> Vec<Action> {
    lab.you(&format!("tick({now:?})"), || cache.tick(now))
}

fn knows(lab: &Lab, cache: &ArpCache, now: Duration, addr: &str) -> Option<String> {
    let card = lab.you(&format!("card_of({now:?}, {addr})"), || {
        cache.card_of(now, ip(addr))
    });
    card.map(|mac| mac.to_string())
}

/// The same, where the question is what an earlier call has done.
fn card(cache: &ArpCache, now: Duration, addr: &str) -> Option<String> {
    cache.card_of(now, ip(addr)).map(|mac| mac.to_string())
}

/// The cache knows B.
fn knowing(lab: &Lab, now: Duration) -> ArpCache {
    let mut it = cache(lab);
    takes(
        lab,
        &mut it,
        now,
        "a request from B for this host",
        &request((BEN, B), IP),
    );
    it
}

#[test]
fn s7_a_packet_has_28_bytes() {
    lab(|lab| {
        for (operation, number, sender, target) in [
            (Operation::Request, 1, (OWN, IP), (Mac([0; 6]), B)),
            (Operation::Reply, 2, (BEN, "192.0.2.200"), (EVE, "10.1.2.3")),
        ] {
            let packet = ArpPacket {
                operation,
                sender_mac: sender.0,
                sender_ip: ip(sender.1),
                target_mac: target.0,
                target_ip: ip(target.1),
            };
            let got = lab.you(
                &format!("emit() of an ARP packet, operation {number}"),
                || packet.emit(),
            );
            lab.because("Ethernet is 1, IPv4 0800, their addresses have 6 and 4 bytes. Then the operation, and sender and target, the card before \
                         the address (RFC 826).")
                .same_bytes("the packet", &got, &arp(number, sender, target));
            // A frame may be longer than the shortest one.
            let mut long = got.clone();
            long.resize(1500, 0xee);
            lab.because("What follows the 28 bytes is padding, however much it is.")
                .ok("ArpPacket::parse(1500 bytes, padded)", || {
                    ArpPacket::parse(&long)
                });
            let mut padded = got.clone();
            padded.resize(46, 0xee);
            let read = lab.ok("ArpPacket::parse(46 bytes, padded)", || {
                ArpPacket::parse(&padded)
            });
            lab.because("The fields are those that were written, and the rest is padding.")
                .same_bytes("the packet, read and written again", &read.emit(), &got);
            lab.same("the operation", read.operation as u16, u16::from(number));
            let text = format!(
                "{} {} {} {}",
                read.sender_mac, read.sender_ip, read.target_mac, read.target_ip
            );
            lab.because("Each field has its place.").same(
                "the fields",
                text,
                format!("{} {} {} {}", sender.0, sender.1, target.0, target.1),
            );
        }
    });
}

#[test]
fn s7_other_bytes_are_no_packet() {
    lab(|lab| {
        let sound = request((BEN, B), IP);
        let parse = |what: &str, bytes: &[u8]| {
            let got = lab.you(&format!("ArpPacket::parse({what})"), || {
                ArpPacket::parse(bytes)
            });
            match got {
                Ok(_) => "a packet".to_owned(),
                Err(ArpError::Truncated) => "Truncated".to_owned(),
                Err(ArpError::Kind) => "Kind".to_owned(),
                Err(ArpError::Operation(n)) => format!("Operation({n})"),
            }
        };
        let mut other = sound.clone();
        other[..8].fill(9);
        for len in 0..28 {
            for (what, bytes) in [("a packet", &sound), ("a packet of another kind", &other)] {
                let got = parse(&format!("{len} bytes of {what}"), &bytes[..len]);
                lab.because("28 bytes are needed. Check this first.").same(
                    "what is said",
                    got.as_str(),
                    "Truncated",
                );
            }
        }
        for at in 0..6 {
            for value in (0..=255).filter(|value| *value != sound[at]) {
                for operation in [1, 2, 9] {
                    let mut other = sound.clone();
                    other[at] = value;
                    other[7] = operation;
                    let got = parse(
                        &format!("byte {at} is {value}, operation {operation}"),
                        &other,
                    );
                    lab.because("Another hardware, another protocol, or addresses of another length: the fields may mean something else, and this host speaks only Ethernet (1) and IPv4 (0800). Check this before the operation.")
                        .same("what is said", got.as_str(), "Kind");
                }
            }
        }
        for operation in [0]
            .into_iter()
            .chain(3..=300_u16)
            .chain([513, 1024, 0x8002, 0xffff])
        {
            let mut other = sound.clone();
            other[6..8].copy_from_slice(&operation.to_be_bytes());
            let got = parse(&format!("operation {operation}"), &other);
            lab.because("1 is a request, 2 is a reply, and other numbers are not ARP for IPv4: 3 and 4 are RARP (RFC 903). The field has 16 bits.")
                .same("what is said", got, format!("Operation({operation})"));
        }
    });
}

#[test]
fn s7_arp_asks_once_and_queues() {
    lab(|lab| {
        let mut it = cache(lab);
        let got = sends(lab, &mut it, seconds(0), B, b"one");
        lab.because("B's card is not known yet: all hosts are asked, and the datagram waits.")
            .same(
                "what is to be done",
                words(&got).as_str(),
                "all: who has 10.0.0.11?",
            );
        let want = frame(ALL, [8, 6], &request((OWN, IP), B));
        if let Some(Action::Frame(got)) = got.first() {
            lab.because(
                "A request in a frame to every card. It names its sender; the target's card is 0.",
            )
            .same_bytes("the frame", got, &want);
        }
        for (millis, text) in [(10, "two"), (1500, "three")] {
            let now = Duration::from_millis(millis);
            let got = sends(lab, &mut it, now, B, text.as_bytes());
            lab.because(
                "The question is under way. One for each datagram would be a flood (RFC 1122, section 2.3.2.1). tick decides when to ask again.",
            )
            .same("what is to be done", words(&got).as_str(), "");
        }
        lab.because("The waiting datagrams do not delay the next question.")
            .same("next_tick()", it.next_tick(), Some(seconds(1)));
        let got = takes(
            lab,
            &mut it,
            Duration::from_millis(1600),
            "B's reply",
            &reply((BEN, B), (OWN, IP)),
        );
        lab.because("B's card is known now: the waiting datagrams go to it, in their order.")
            .same(
                "what is to be done",
                words(&got).as_str(),
                "BEN: \"one\", BEN: \"two\", BEN: \"three\"",
            );
        if let Some(Action::Frame(got)) = got.first() {
            lab.because("From this host's card, with type 0800.")
                .same_bytes("the frame", got, &frame(BEN, [8, 0], b"one"));
        }
        let got = sends(lab, &mut it, seconds(2), B, b"four");
        lab.because("What is known is not asked for.").same(
            "what is to be done",
            words(&got).as_str(),
            "BEN: \"four\"",
        );
        let got = takes(
            lab,
            &mut it,
            seconds(2),
            "B's reply again",
            &reply((BEN, B), (OWN, IP)),
        );
        lab.because("Nothing waits any more.")
            .same("what is to be done", words(&got).as_str(), "");
    });
}

#[test]
fn s7_two_addresses_are_two_questions() {
    lab(|lab| {
        let mut it = cache(lab);
        sends(lab, &mut it, seconds(0), B, b"for B");
        let got = sends(lab, &mut it, seconds(0), C, b"for C");
        lab.because("That B is being asked for says nothing about C.")
            .same(
                "what is to be done",
                words(&got).as_str(),
                "all: who has 10.0.0.12?",
            );
        let got = takes(
            lab,
            &mut it,
            seconds(0),
            "C's reply",
            &reply((EVE, C), (OWN, IP)),
        );
        lab.because("Only what waits for C goes.").same(
            "what is to be done",
            words(&got).as_str(),
            "EVE: \"for C\"",
        );
        lab.because("B is still unknown.")
            .same("B's card", knows(lab, &it, seconds(0), B), None);
        for addr in [
            "10.0.0.255",
            "10.255.255.255",
            "255.255.255.254",
            "10.0.0.0",
            "1.0.0.1",
            "223.255.255.255",
        ] {
            let got = sends(lab, &mut it, seconds(0), addr, b"p");
            lab.because("Only 255.255.255.255 means every host here. The cache does not know the size of the network: this is an ordinary neighbour.")
                .same("what is to be done", words(&got), format!("all: who has {addr}?"));
        }
    });
}

#[test]
fn s7_to_all_needs_no_question() {
    lab(|lab| {
        let mut it = cache(lab);
        let got = sends(lab, &mut it, seconds(0), "255.255.255.255", b"hello");
        lab.because("255.255.255.255 is every host on the link, and ff:ff:ff:ff:ff:ff every card.")
            .same("what is to be done", words(&got).as_str(), "all: \"hello\"");
        lab.because("Nobody was asked.")
            .same("next_tick()", it.next_tick(), None);
    });
}

#[test]
fn s7_only_the_newest_wait() {
    lab(|lab| {
        let mut it = cache(lab);
        for n in 1..=ArpCache::WAITING + 3 {
            let got = sends(lab, &mut it, seconds(0), B, format!("p{n}").as_bytes());
            let want = if n == 1 {
                "all: who has 10.0.0.11?"
            } else {
                ""
            };
            lab.because(
                "B is asked for once. A datagram that is dropped for a newer one is dropped silently.",
            )
            .same("what is to be done", words(&got).as_str(), want);
        }
        let got = takes(
            lab,
            &mut it,
            seconds(0),
            "B's reply",
            &reply((BEN, B), (OWN, IP)),
        );
        lab.because("At most four wait. A host that does not exist must not fill the memory, and the newest datagrams are worth most (RFC 1122, section 2.3.2.2).")
            .same("what is to be done", words(&got).as_str(), "BEN: \"p4\", BEN: \"p5\", BEN: \"p6\", BEN: \"p7\"");
        lab.scene("the same datagram twice, and one of 65535 bytes");
        let mut it = cache(lab);
        let long = vec![b'x'; 65535];
        let all = [&b"again"[..], b"again", &long];
        for datagram in all {
            sends(lab, &mut it, seconds(0), B, datagram);
        }
        let got = takes(
            lab,
            &mut it,
            seconds(0),
            "B's reply",
            &reply((BEN, B), (OWN, IP)),
        );
        let want = all.map(|datagram| Action::Frame(frame(BEN, [8, 0], datagram)));
        lab.because(
            "Each datagram that is sent waits, whatever its content, even if it was sent before.",
        )
        .same("what is to be done", words(&got), words(&want));
        let got: Vec<usize> = got
            .iter()
            .map(|it| match it {
                Action::Frame(bytes) => bytes.len(),
                Action::Unreachable(_) => 0,
            })
            .collect();
        lab.because("A frame is 14 bytes and the datagram as it is. The cache does not check whether it is too long for the cable.")
            .same("the lengths of the frames", got, vec![19, 19, 65549]);
    });
}

#[test]
fn s7_a_request_for_us_teaches_and_flushes_the_queue() {
    lab(|lab| {
        let mut it = cache(lab);
        sends(lab, &mut it, seconds(0), B, b"waits");
        let got = takes(
            lab,
            &mut it,
            seconds(0),
            "B's own request for this host",
            &request((BEN, B), IP),
        );
        lab.because("B's question says which card B has: the waiting datagram can go, and then B gets its answer.")
            .same("what is to be done", words(&got).as_str(), "BEN: \"waits\", BEN: 10.0.0.1 is at 02:00:00:00:00:01");
        if let Some(Action::Frame(got)) = got.last() {
            let want = frame(BEN, [8, 6], &reply((OWN, IP), (BEN, B)));
            lab.because("A reply goes to the sender of the request, and to no other host.")
                .same_bytes("the reply", got, &want);
        }
        lab.because("It is learned.").same(
            "B's card",
            knows(lab, &it, seconds(0), B),
            Some(BEN.to_string()),
        );
        lab.because("B is no longer asked for.")
            .same("next_tick()", it.next_tick(), None);
        let mut it = cache(lab);
        let got = takes(
            lab,
            &mut it,
            seconds(0),
            "a request from B",
            &request((BEN, B), IP),
        );
        lab.because("Learn from it, even if nothing waits (RFC 826: merge, then answer).")
            .same(
                "B's card",
                knows(lab, &it, seconds(0), B),
                Some(BEN.to_string()),
            );
        lab.because("And it is answered.").same(
            "what is to be done",
            words(&got).as_str(),
            "BEN: 10.0.0.1 is at 02:00:00:00:00:01",
        );
        for (now, what, mac, want) in [
            (
                1,
                "the same request again",
                BEN,
                "BEN: 10.0.0.1 is at 02:00:00:00:00:01",
            ),
            (
                2,
                "a request of B from another card",
                EVE,
                "EVE: 10.0.0.1 is at 02:00:00:00:00:01",
            ),
            (
                99,
                "a request from B when its time is over",
                BEN,
                "BEN: 10.0.0.1 is at 02:00:00:00:00:01",
            ),
        ] {
            let mut packet = request((mac, B), IP);
            packet.resize(46, 0xee);
            let got = takes(
                lab,
                &mut it,
                seconds(now),
                &format!("{what}, padded"),
                &packet,
            );
            lab.because("A request gets an answer, whether its sender is known or not: the sender may have forgotten. The answer goes to the sender's card.")
                .same("what is to be done", words(&got).as_str(), want);
        }
    });
}

#[test]
fn s7_what_is_between_others_is_not_learned() {
    lab(|lab| {
        let mut it = cache(lab);
        for (what, packet) in [
            ("B's request for C", request((BEN, B), C)),
            ("B's reply to C", reply((BEN, B), (EVE, C))),
            ("B's announcement of itself", request((BEN, B), B)),
        ] {
            let got = takes(lab, &mut it, seconds(0), what, &packet);
            lab.because("It is not for this host: no answer.").same(
                "what is to be done",
                words(&got).as_str(),
                "",
            );
            lab.because("On a large cable every host would learn every other (RFC 826).")
                .same("B's card", knows(lab, &it, seconds(0), B), None);
        }
    });
}

#[test]
fn s7_who_is_known_may_change_its_card() {
    lab(|lab| {
        for (what, packet) in [
            ("B's request for C, from another card", request((EVE, B), C)),
            ("B's announcement of another card", request((EVE, B), B)),
            (
                "a reply of B's to C, from another card",
                reply((EVE, B), (BEN, C)),
            ),
            ("B's reply from another card", reply((EVE, B), (OWN, IP))),
        ] {
            lab.scene(what);
            let mut it = knowing(lab, seconds(0));
            takes(lab, &mut it, seconds(1), what, &packet);
            lab.because("B is known, so a packet from it counts, whatever its target: B may have a new card (RFC 826).")
                .same("B's card", card(&it, seconds(1), B), Some(EVE.to_string()));
        }
    });
}

#[test]
fn s7_who_is_asked_for_is_learned_from_any_packet() {
    lab(|lab| {
        for (what, packet) in [
            ("B's request for C", request((BEN, B), C)),
            ("B's reply to C", reply((BEN, B), (EVE, C))),
            ("B's announcement of itself", request((BEN, B), B)),
            (
                "B's reply, with no target card",
                reply((BEN, B), (Mac([0; 6]), IP)),
            ),
            (
                "B's reply, with another target card",
                reply((BEN, B), (EVE, IP)),
            ),
        ] {
            lab.scene(what);
            let mut it = cache(lab);
            sends(lab, &mut it, seconds(0), B, b"waits");
            let got = takes(lab, &mut it, seconds(0), what, &packet);
            lab.because("B is being asked for, and this packet gives its card. It is not a request for this host, so it gets no answer.")
                .same("what is to be done", words(&got).as_str(), "BEN: \"waits\"");
            lab.because("It is known now.").same(
                "B's card",
                card(&it, seconds(0), B),
                Some(BEN.to_string()),
            );
            lab.because("It is no longer asked for.")
                .same("next_tick()", it.next_tick(), None);
            lab.because("A packet gives information only about its sender. Its target fields are only what B believes.")
                .same("C's card", card(&it, seconds(0), C), None);
        }
    });
}

#[test]
fn s7_an_unsolicited_reply_is_learned_and_never_crashes() {
    lab(|lab| {
        for target in [EVE, Mac([0; 6]), OWN] {
            let mut it = cache(lab);
            let what = format!("a reply without a request, to the card {target}");
            let got = takes(
                lab,
                &mut it,
                seconds(0),
                &what,
                &reply((BEN, B), (target, IP)),
            );
            lab.because("A reply is not answered.").same(
                "what is to be done",
                words(&got).as_str(),
                "",
            );
            lab.because(
                "Its target_ip says that it is for this host, so it is believed: ARP proves nothing.",
            )
            .same("B's card", card(&it, seconds(0), B), Some(BEN.to_string()));
        }
        let mut it = knowing(lab, seconds(0));
        for bytes in [&b""[..], &[0; 27], &[0xff; 28], &[0xff; 60]] {
            let got = takes(
                lab,
                &mut it,
                seconds(0),
                &format!("{} bytes of nonsense", bytes.len()),
                bytes,
            );
            lab.because("Bytes that are not an ARP packet change nothing.")
                .same("what is to be done", words(&got).as_str(), "");
        }
        lab.because("Bytes that are not an ARP packet change nothing.")
            .same("B's card", card(&it, seconds(0), B), Some(BEN.to_string()));
    });
}

#[test]
fn s7_senders_that_cannot_be_are_not_learned() {
    lab(|lab| {
        let groups = [
            ("the card of everybody", ALL, B),
            ("a group's card", Mac([1, 0, 0x5e, 0, 0, 2]), B),
            ("another group's card", Mac([0x33, 0x33, 0, 0, 0, 1]), B),
        ];
        for first in 0..=255 {
            for last in [0xe, 0xf] {
                let mac = Mac([first, 4, 5, 6, 7, last]);
                let mut it = cache(lab);
                let what = format!("a reply of B from {mac}");
                takes(lab, &mut it, seconds(0), &what, &reply((mac, B), (OWN, IP)));
                let want = (first & 1 == 0).then(|| mac.to_string());
                lab.because(
                    "Only the lowest bit of the first byte says whether it is a group address.",
                )
                .same("B's card", card(&it, seconds(0), B), want);
            }
        }
        let own = [OWN, Mac([0; 6])].map(|mac| (mac, B));
        let odd = ["10.0.0.255", "10.0.0.0", "169.254.1.1", "192.168.0.1"];
        let hosts = ONE_HOST.into_iter().chain(odd).map(|addr| (BEN, addr));
        for (mac, addr) in own.into_iter().chain(hosts) {
            let mut it = cache(lab);
            let what = format!("a reply of {addr} from {mac}");
            takes(
                lab,
                &mut it,
                seconds(0),
                &what,
                &reply((mac, addr), (OWN, IP)),
            );
            lab.because("It is not a group's card, and it is the address of one host. A sender needs only these two.")
                .same("its card", card(&it, seconds(0), addr), Some(mac.to_string()));
        }
        let addresses = NOT_ONE_HOST.map(|addr| (addr, EVE, addr));
        let own = ("this host's own address", EVE, IP);
        for (what, mac, addr) in groups.into_iter().chain(addresses).chain([own]) {
            let mut it = cache(lab);
            takes(
                lab,
                &mut it,
                seconds(0),
                &format!("a reply of {what}"),
                &reply((mac, addr), (OWN, IP)),
            );
            lab.because(format!("{what} is not one neighbour.")).same(
                "its card",
                card(&it, seconds(0), addr),
                None,
            );
        }
        for (what, mac, _) in groups {
            lab.scene(format!("B is known, and then comes {what}"));
            let mut it = knowing(lab, seconds(0));
            let what = format!("a reply of B with {what}");
            takes(
                lab,
                &mut it,
                seconds(50),
                &what,
                &reply((mac, B), (OWN, IP)),
            );
            lab.because("It is not believed: B's card stays the same.")
                .same("B's card", card(&it, seconds(59), B), Some(BEN.to_string()));
            lab.because("It is not believed: B's time was not restarted.")
                .same("B's card", card(&it, seconds(60), B), None);
        }
        lab.scene("a request from 0.0.0.0");
        let mut it = cache(lab);
        let got = takes(
            lab,
            &mut it,
            seconds(0),
            "a request of 0.0.0.0 for this host",
            &request((BEN, "0.0.0.0"), IP),
        );
        lab.because(
            "A new host asks whether the address is free (RFC 5227). It must get an answer, because the address is not free.",
        )
        .same(
            "what is to be done",
            words(&got).as_str(),
            "BEN: 10.0.0.1 is at 02:00:00:00:00:01",
        );
        lab.because("0.0.0.0 is nobody's address.").same(
            "its card",
            card(&it, seconds(0), "0.0.0.0"),
            None,
        );
        lab.scene("B is being asked for");
        let mut it = cache(lab);
        sends(lab, &mut it, seconds(0), B, b"waits");
        for (what, mac, sender) in groups.into_iter().chain([own]) {
            let packet = reply((mac, sender), (OWN, IP));
            let now = Duration::from_millis(500);
            let got = takes(lab, &mut it, now, &format!("a reply with {what}"), &packet);
            lab.because("It says nothing about B's card: go on waiting.")
                .same("what is to be done", words(&got).as_str(), "");
            lab.because("The next question is not put off.").same(
                "next_tick()",
                it.next_tick(),
                Some(seconds(1)),
            );
        }
        let now = Duration::from_millis(600);
        let got = takes(lab, &mut it, now, "B's reply", &reply((BEN, B), (OWN, IP)));
        lab.because("What waited is still here.").same(
            "what is to be done",
            words(&got).as_str(),
            "BEN: \"waits\"",
        );
    });
}

#[test]
fn s7_what_is_known_is_known_for_a_minute() {
    lab(|lab| {
        // No round number: each nanosecond counts.
        let begin = Duration::new(10, 900_000_001);
        let over = begin + ArpCache::LIFE;
        let before = over - Duration::from_nanos(1);
        let mut it = knowing(lab, begin);
        lab.because("60 s are not over yet.").same(
            "B's card",
            knows(lab, &it, before, B),
            Some(BEN.to_string()),
        );
        let got = sends(lab, &mut it, before, B, b"x");
        lab.because("60 s are not over yet.").same(
            "what is to be done",
            words(&got).as_str(),
            "BEN: \"x\"",
        );
        lab.because("Cards change silently: after 60 s the address is asked for again (RFC 1122, section 2.3.2.1). Sending frames to a card proves nothing.")
            .same("B's card", knows(lab, &it, over, B), None);
        let got = sends(lab, &mut it, over, B, b"y");
        lab.because("It is asked for again.").same(
            "what is to be done",
            words(&got).as_str(),
            "all: who has 10.0.0.11?",
        );
        lab.scene("a tick just before the minute is over");
        let mut it = knowing(lab, begin);
        ticks(lab, &mut it, before);
        lab.because("tick forgets a card whose time is over. This one's is not.")
            .same("B's card", card(&it, before, B), Some(BEN.to_string()));
        for (what, packet) in [
            ("a request from B", request((BEN, B), IP)),
            ("B's request for C", request((BEN, B), C)),
        ] {
            lab.scene(format!("{what} at second 50"));
            let mut it = knowing(lab, seconds(0));
            takes(lab, &mut it, seconds(50), what, &packet);
            lab.because("An ARP packet from B restarts the minute.")
                .same(
                    "B's card",
                    card(&it, seconds(109), B),
                    Some(BEN.to_string()),
                );
            lab.because("That minute ends, too.").same(
                "B's card",
                card(&it, seconds(110), B),
                None,
            );
        }
        for second in [60, 61] {
            lab.scene(format!("B's request for C at second {second}"));
            let mut it = knowing(lab, seconds(0));
            let packet = request((BEN, B), C);
            takes(lab, &mut it, seconds(second), "B's request for C", &packet);
            lab.because("B's time was over: it was no longer known when this packet came, and the packet was not for this host.")
                .same("B's card", card(&it, seconds(second), B), None);
        }
    });
}

#[test]
fn s7_it_asks_three_times_and_gives_up() {
    lab(|lab| {
        let mut it = cache(lab);
        // No round number: each nanosecond counts.
        let start = Duration::new(5, 900_000_001);
        sends(lab, &mut it, start, B, b"one");
        sends(lab, &mut it, start + Duration::from_millis(900), B, b"two");
        lab.because("A second after the request.").same(
            "next_tick()",
            it.next_tick(),
            Some(start + ArpCache::WAIT),
        );
        let early = start + ArpCache::WAIT - Duration::from_nanos(1);
        let got = ticks(lab, &mut it, early);
        lab.because("At most one request a second (RFC 1122, section 2.3.2.1).")
            .same("what is to be done", words(&got).as_str(), "");
        for again in [1, 2] {
            let again = start + seconds(again);
            let got = ticks(lab, &mut it, again);
            lab.because("The request or its reply may be lost: ask again.")
                .same(
                    "what is to be done",
                    words(&got).as_str(),
                    "all: who has 10.0.0.11?",
                );
            let got = ticks(lab, &mut it, again);
            lab.because("It has just been asked.").same(
                "what is to be done",
                words(&got).as_str(),
                "",
            );
            lab.because("A second after the last request.").same(
                "next_tick()",
                it.next_tick(),
                Some(again + ArpCache::WAIT),
            );
        }
        let got = ticks(lab, &mut it, start + seconds(3));
        lab.because("There were three requests, and a second after each. No host has this address: the senders of the waiting datagrams can be told.").same("what is to be done", words(&got).as_str(), "unreachable \"one\", unreachable \"two\"");
        lab.because("Nothing is asked for any more.")
            .same("next_tick()", it.next_tick(), None);
        let got = sends(lab, &mut it, start + seconds(4), B, b"three");
        lab.because("A new datagram is a new question.").same(
            "what is to be done",
            words(&got).as_str(),
            "all: who has 10.0.0.11?",
        );
        let got = ticks(lab, &mut it, start + seconds(5));
        lab.because("With three tries of its own.").same(
            "what is to be done",
            words(&got).as_str(),
            "all: who has 10.0.0.11?",
        );
    });
}

#[test]
fn s7_what_is_sent_meanwhile_changes_no_question() {
    lab(|lab| {
        let asks = "all: who has 10.0.0.11?";
        // When a datagram is sent, in milliseconds after each request.
        for after in [0, 1, 500, 999, 1000, 1500] {
            for late in [0, 600] {
                lab.scene(format!(
                    "another datagram {after} ms after each request, and each tick {late} ms late"
                ));
                let mut it = cache(lab);
                lab.because("The first datagram asks.").same(
                    "what is to be done",
                    words(&sends(lab, &mut it, seconds(5), B, b"1")).as_str(),
                    asks,
                );
                let mut now = seconds(5);
                for (text, want) in [
                    ("2", asks),
                    ("3", asks),
                    (
                        "4",
                        "unreachable \"1\", unreachable \"2\", unreachable \"3\", unreachable \"4\"",
                    ),
                ] {
                    let sent = now + Duration::from_millis(after);
                    let got = sends(lab, &mut it, sent, B, text.as_bytes());
                    lab.because("B is being asked for, so this one waits, too. Only tick asks again and gives up, however late it is called.")
                        .same("what is to be done", words(&got).as_str(), "");
                    lab.because("Waiting datagrams do not delay the next question.")
                        .same("next_tick()", it.next_tick(), Some(now + seconds(1)));
                    now = (now + Duration::from_millis(1000 + late)).max(sent);
                    let got = ticks(lab, &mut it, now);
                    lab.because("There were three requests, and one more second after the last. A datagram sent meanwhile causes no further request.")
                        .same("what is to be done", words(&got).as_str(), want);
                }
                let got = sends(lab, &mut it, now, B, b"5");
                lab.because("B was given up at this moment, so it is not being asked for. This datagram causes a new question.")
                    .same("what is to be done", words(&got).as_str(), asks);
            }
        }
    });
}

#[test]
fn s7_who_is_known_is_let_alone_by_tick() {
    lab(|lab| {
        let mut it = knowing(lab, seconds(0));
        sends(lab, &mut it, seconds(1), C, b"c");
        for second in [2, 3] {
            let got = ticks(lab, &mut it, seconds(second));
            lab.because("Only C is being asked for.").same(
                "what is to be done",
                words(&got).as_str(),
                "all: who has 10.0.0.12?",
            );
        }
        ticks(lab, &mut it, seconds(4));
        lab.because("C was given up. That says nothing about B.")
            .same(
                "B's card",
                knows(lab, &it, seconds(59), B),
                Some(BEN.to_string()),
            );
        for second in [59, 60, 61, 1000] {
            let got = ticks(lab, &mut it, seconds(second));
            lab.because("A card whose time is over is forgotten. It is asked for only when a datagram is sent to it.")
                .same("what is to be done", words(&got).as_str(), "");
            lab.because("Nothing is being asked for.")
                .same("next_tick()", it.next_tick(), None);
        }
    });
}

#[test]
fn s7_target_ip_and_what_is_known_of_the_sender_decide() {
    lab(|lab| {
        let asked = Duration::from_millis(49_100);
        let now = seconds(50);
        let nobody = Mac([0; 6]);
        for operation in [1, 2] {
            for before in ["unknown", "known", "known by another card", "asked for"] {
                for target_mac in [nobody, OWN, ALL, BEN, EVE] {
                    for target_ip in [IP, B, C, "10.0.0.255", "255.255.255.255", "0.0.0.0"] {
                        let kind = ["request", "reply"][usize::from(operation) - 1];
                        lab.scene(format!("B is {before}"));
                        let mut it = cache(lab);
                        match before {
                            "known" => drop(it.receive(seconds(0), &request((BEN, B), IP))),
                            "known by another card" => {
                                drop(it.receive(seconds(0), &request((EVE, B), IP)))
                            }
                            "asked for" => drop(sends(lab, &mut it, asked, B, b"waits")),
                            _ => {}
                        }
                        let what = format!("a {kind} of B for {target_ip}, card {target_mac}");
                        let packet = arp(operation, (BEN, B), (target_mac, target_ip));
                        let got = takes(lab, &mut it, now, &what, &packet);
                        let is_for_us = target_ip == IP;
                        let mut want = Vec::new();
                        if before == "asked for" {
                            want.push("BEN: \"waits\"");
                        }
                        if is_for_us && operation == 1 {
                            want.push("BEN: 10.0.0.1 is at 02:00:00:00:00:01");
                        }
                        lab.because("The datagrams that wait for the sender go out, for a request as for a reply. Only a request whose target_ip is this host's is answered. target_mac is ignored: some hosts send a request to one card, to see whether it is still there.")
                            .same("what is to be done", words(&got), want.join(", "));
                        let is_believed = is_for_us || before != "unknown";
                        let end = now + ArpCache::LIFE;
                        let last = end - Duration::from_nanos(1);
                        let got = [last, end].map(|now| card(&it, now, B));
                        let want = [is_believed.then(|| BEN.to_string()), None];
                        lab.because(match is_believed {
                            true => "It is for this host, or B was known or asked for. So it is believed, and the minute begins when it comes. It makes no difference when the question was asked, or whether the card has changed.",
                            false => "It is not for this host, and B was neither known nor asked for.",
                        })
                        .same("B's card just before and at the end of a minute", got, want);
                        lab.because("A neighbour that has given its card is no longer asked for.")
                            .same("next_tick()", it.next_tick(), None);
                    }
                }
            }
        }
    });
}

#[test]
fn s7_addresses_are_ordered_as_numbers() {
    lab(|lab| {
        // Each order of these four bytes.
        let bytes = [1, 2, 30, 200];
        let mut all = Vec::new();
        for code in 0..256_usize {
            let order = [code / 64, code / 16 % 4, code / 4 % 4, code % 4];
            if (0..4).all(|n| order.contains(&n)) {
                all.push(std::net::Ipv4Addr::from(order.map(|n| bytes[n])));
            }
        }
        let mut it = cache(lab);
        // Asked for in another order.
        for n in 0..all.len() {
            let addr = all[n * 7 % all.len()].to_string();
            sends(lab, &mut it, seconds(0), &addr, b"p");
        }
        let got = ticks(lab, &mut it, seconds(1));
        all.sort_by_key(|addr| u32::from(*addr));
        let want: Vec<String> = all.iter().map(|it| format!("all: who has {it}?")).collect();
        lab.because("The lowest address comes first: the first byte counts most, and each is a number, not a text.")
            .same("what is to be done", words(&got), want.join(", "));
    });
}

#[test]
fn s7_a_late_tick_asks_once() {
    lab(|lab| {
        let mut it = cache(lab);
        sends(lab, &mut it, seconds(0), C, b"c");
        sends(lab, &mut it, seconds(0), B, b"b");
        let got = ticks(lab, &mut it, seconds(100));
        lab.because(
            "However late tick is called, it sends one request for each address, the lowest first.",
        )
        .same(
            "what is to be done",
            words(&got).as_str(),
            "all: who has 10.0.0.11?, all: who has 10.0.0.12?",
        );
        lab.because("A second from now.")
            .same("next_tick()", it.next_tick(), Some(seconds(101)));
        let got = takes(
            lab,
            &mut it,
            seconds(100),
            "B's reply",
            &reply((BEN, B), (OWN, IP)),
        );
        lab.because("B has been asked for again, and its datagrams still wait.")
            .same("what is to be done", words(&got).as_str(), "BEN: \"b\"");
    });
}

#[test]
fn s7_the_lowest_address_comes_first() {
    lab(|lab| {
        lab.scene("two questions to ask again");
        let mut it = cache(lab);
        for (second, to) in [(0, "10.0.0.100"), (1, "9.200.0.1"), (2, "10.0.0.20")] {
            sends(lab, &mut it, seconds(second), to, b"p");
        }
        let got = ticks(lab, &mut it, seconds(3));
        lab.because("All three are due. They come in the order of the addresses, as numbers, whichever was asked for first.")
            .same(
                "what is to be done",
                words(&got).as_str(),
                "all: who has 9.200.0.1?, all: who has 10.0.0.20?, all: who has 10.0.0.100?",
            );
        for (first, second, want) in [
            (
                B,
                C,
                "unreachable \"first\", unreachable \"too\", all: who has 10.0.0.12?",
            ),
            (
                C,
                B,
                "all: who has 10.0.0.11?, unreachable \"first\", unreachable \"too\"",
            ),
        ] {
            lab.scene(format!("{first} is given up, and {second} asked for again"));
            let mut it = cache(lab);
            sends(lab, &mut it, seconds(0), first, b"first");
            sends(lab, &mut it, seconds(0), first, b"too");
            ticks(lab, &mut it, seconds(1));
            ticks(lab, &mut it, seconds(2));
            sends(lab, &mut it, seconds(2), second, b"second");
            let got = ticks(lab, &mut it, seconds(3));
            lab.because(
                "The lowest address comes first, whether it is asked for again or given up. The datagrams for one address come in the order in which they were sent.",
            )
            .same("what is to be done", words(&got).as_str(), want);
        }
    });
}

#[test]
fn s7_the_next_tick_is_the_earliest() {
    lab(|lab| {
        for (first, second) in [(B, C), (C, B)] {
            lab.scene(format!("{first} is asked for, and then {second}"));
            let mut it = knowing(lab, seconds(0));
            lab.because("A card that will be forgotten is no reason to wake up.")
                .same("next_tick()", it.next_tick(), None);
            let mut ask = |now, to| sends(lab, &mut it, now, to, b"p");
            ask(seconds(100), first);
            ask(Duration::from_millis(100_400), second);
            lab.because("The first question is a second old at 101 s, the other one later.")
                .same("next_tick()", it.next_tick(), Some(seconds(101)));
            let got = ticks(lab, &mut it, seconds(101));
            lab.because("Only one is a second old.").same(
                "what is to be done",
                words(&got),
                format!("all: who has {first}?"),
            );
            lab.because("Now the other one is next.").same(
                "next_tick()",
                it.next_tick(),
                Some(Duration::from_millis(101_400)),
            );
        }
    });
}

fn numbered(n: usize) -> String {
    format!("10.1.{}.{}", n / 200, n % 200 + 1)
}

#[test]
fn s7_a_storm_does_not_drive_out_who_is_known() {
    lab(|lab| {
        let mut it = knowing(lab, seconds(0));
        for n in 0..1000 {
            let packet = reply((EVE, &numbered(n)), (OWN, IP));
            it.receive(seconds(1), &packet);
        }
        lab.because("A neighbour that was known before the storm is still known.")
            .same(
                "B's card",
                knows(lab, &it, seconds(1), B),
                Some(BEN.to_string()),
            );
        let known = (0..1000)
            .filter(|n| it.card_of(seconds(1), ip(&numbered(*n))).is_some())
            .count();
        lab.because(
            "At most 256 are known: the table has a maximum size, whatever a stranger sends.",
        )
        .same("how many of the storm are known", known, ArpCache::MOST - 1);
        takes(
            lab,
            &mut it,
            seconds(2),
            "a request of B for C, from another card",
            &request((EVE, B), C),
        );
        lab.because("A known neighbour may still change its card.")
            .same("B's card", card(&it, seconds(2), B), Some(EVE.to_string()));
        let got = takes(
            lab,
            &mut it,
            seconds(2),
            "a request of C",
            &request((BEN, C), IP),
        );
        lab.because("C's request is answered, although there is no room to remember C.")
            .same(
                "what is to be done",
                words(&got).as_str(),
                "BEN: 10.0.0.1 is at 02:00:00:00:00:01",
            );
        sends(lab, &mut it, seconds(2), C, b"waits");
        let got = takes(
            lab,
            &mut it,
            seconds(2),
            "C's reply",
            &reply((BEN, C), (OWN, IP)),
        );
        lab.because(
            "The datagrams that wait for C go out, although there is no room to remember C.",
        )
        .same("what is to be done", words(&got).as_str(), "BEN: \"waits\"");
        lab.because("There was no room.")
            .same("C's card", card(&it, seconds(2), C), None);
        lab.because("The waiting datagrams have gone out, and C is no longer asked for.")
            .same("next_tick()", it.next_tick(), None);
        for (what, packet, is_asked) in [
            ("a request of C", request((BEN, C), IP), false),
            (
                "a reply of C that was asked for",
                reply((BEN, C), (OWN, IP)),
                true,
            ),
            (
                "a request of C for B, when C is being asked for",
                request((BEN, C), B),
                true,
            ),
        ] {
            lab.scene(format!("after the storm comes {what}"));
            let mut it = cache(lab);
            for n in 0..1000 {
                it.receive(seconds(1), &reply((EVE, &numbered(n)), (OWN, IP)));
            }
            if is_asked {
                sends(lab, &mut it, seconds(61), C, b"waits");
            }
            takes(lab, &mut it, seconds(61), what, &packet);
            lab.because(
                "A minute later the time of the storm's addresses is over, and they no longer count.",
            )
            .same("C's card", card(&it, seconds(61), C), Some(BEN.to_string()));
        }
    });
}

#[test]
fn s7_questions_are_bounded_too() {
    lab(|lab| {
        let mut it = cache(lab);
        for n in 0..ArpCache::MOST {
            let got = it.send(seconds(0), ip(&numbered(n)), b"p".to_vec());
            lab.because("There is room for 256 questions.").same(
                &format!("what question {n} does"),
                words(&got),
                format!("all: who has {}?", numbered(n)),
            );
        }
        let mut knows_b = knowing(lab, seconds(0));
        for n in 0..ArpCache::MOST {
            let got = words(&knows_b.send(seconds(0), ip(&numbered(n)), b"p".to_vec()));
            lab.because("B is known, and is not being asked for. Known neighbours do not count here: there is room for 256 questions beside B.")
                .same(&format!("what question {n} does"), got, format!("all: who has {}?", numbered(n)));
        }
        let got = sends(lab, &mut knows_b, seconds(0), B, b"x");
        lab.because("256 addresses are being asked for, but B is known, and needs no question.")
            .same("what is to be done", words(&got).as_str(), "BEN: \"x\"");
        let got = sends(lab, &mut it, seconds(0), C, b"one more");
        lab.because("256 addresses are being asked for: a program scans the network. Those questions go on, and this datagram is not delivered.").same("what is to be done", words(&got).as_str(), "unreachable \"one more\"");
        let got = sends(lab, &mut it, seconds(0), &numbered(0), b"q");
        lab.because("This address is already being asked for.")
            .same("what is to be done", words(&got).as_str(), "");
        lab.because("An undelivered datagram leaves no trace: it delayed no question.")
            .same("next_tick()", it.next_tick(), Some(seconds(1)));
        let first = numbered(0);
        let got = takes(
            lab,
            &mut it,
            seconds(0),
            &format!("the reply of {first}"),
            &reply((BEN, &first), (OWN, IP)),
        );
        lab.because(format!(
            "For each of 256 addresses \"p\" waits, and for {first} \"q\" too: at most {} for each address.",
            ArpCache::WAITING
        ))
        .same("what is to be done", words(&got).as_str(), "BEN: \"p\", BEN: \"q\"");
        let got = sends(lab, &mut it, seconds(0), C, b"again");
        lab.because("One question has its answer, so 255 are under way, and there is room. Known neighbours do not count here.")
            .same(
                "what is to be done",
                words(&got).as_str(),
                "all: who has 10.0.0.12?",
            );
    });
}
