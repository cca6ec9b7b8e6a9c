//! Step 6: what a router changes, and what a capture file keeps.

use std::io::{self, ErrorKind, Write};
use std::net::Ipv4Addr;
use std::time::Duration;

use netlab::io::OneByte;
use netlab::{Dice, Lab, hex, lab};
use packets::{LinkType, NotForwarded, decrement_ttl, update_checksum, write_pcap};

use super::explain;
use super::wire::{ENDS, Ip, Tcp, checksum, frame, some_bytes};

/// Demands an updated checksum.
fn updates(lab: &Lab, before: u16, old: u16, new: u16, want: u16) {
    let call = format!("update_checksum({before:04x}, {old:04x}, {new:04x})");
    lab.scene(&call);
    let got = lab.you(&call, || update_checksum(before, old, new));
    lab.same(&call, format!("{got:04x}"), format!("{want:04x}"));
}

#[test]
fn s6_one_word_changed() {
    lab(|lab| {
        lab.why("RFC 1624, equation 3: ~(~checksum + ~old + new). The TTL falls from 40 to 3f, so 4006 becomes 3f06, and b1e6 becomes b2e6.");
        updates(lab, 0xb1e6, 0x4006, 0x3f06, 0xb2e6);
        lab.why("RFC 1624, section 4: the checksum dd2f, and 5555 becomes 3285. Equation 2 of RFC 1141 gives ffff here, which is wrong: it is the other zero.");
        updates(lab, 0xdd2f, 0x5555, 0x3285, 0x0000);
        lab.why("A word that stays as it is changes nothing.");
        updates(lab, 0x1234, 0xabcd, 0xabcd, 0x1234);
        updates(lab, 0x0000, 0xffff, 0xffff, 0x0000);
        updates(lab, 0x0000, 0x1234, 0x1234, 0x0000);
        lab.why("Three numbers of 16 bits can carry twice: fffe + ffff + 0002 is 1ffff, which folds to 10000, and that folds again.");
        updates(lab, 0x0001, 0x0000, 0x0002, !1);
        updates(lab, 0x0000, 0x0000, 0xffff, 0x0000);
    });
}

#[test]
fn s6_update_equals_recompute() {
    lab(|lab| {
        lab.why("The updated checksum is the one that a new sum over all bytes gives.");
        let zero = lab.because("0 and ffff are one number in two forms: where one of them fits, the other does. Both give what a new sum over all bytes gives, also where the word stays as it is. The caller checks for UDP's 0, which means \"none\", before the call.");
        const WORDS: [u16; 12] = [
            0x0000, 0x0001, 0x00ff, 0x0100, 0x4006, 0x7fff, 0x8000, 0xabcd, 0xfeff, 0xff00, 0xfffe,
            0xffff,
        ];
        for rest in [0x0001_u16, 0x1234, 0x8000, 0xfffe, 0xffff] {
            for old in WORDS {
                for new in WORDS {
                    let sum =
                        |word: u16| checksum(&[rest.to_be_bytes(), word.to_be_bytes()].concat());
                    match sum(old) {
                        0 => {
                            updates(&zero, 0, old, new, sum(new));
                            // Of ffff and 0 the equation makes the other form.
                            if (old, new) != (0xffff, 0) {
                                updates(&zero, 0xffff, old, new, sum(new));
                            }
                        }
                        before => updates(lab, before, old, new, sum(new)),
                    }
                }
            }
        }
    });
}

fn forward(lab: &Lab, what: &str, bytes: &mut [u8]) -> Result<(), String> {
    lab.scene(what);
    lab.given("the datagram", &explain::ip(bytes));
    let call = format!("decrement_ttl({what})");
    let got = lab.you(&call, || decrement_ttl(bytes));
    got.map_err(|why| match why {
        NotForwarded::Expired => "Expired".to_owned(),
        NotForwarded::NotIpv4 => "NotIpv4".to_owned(),
    })
}

#[test]
fn s6_ttl_update_equals_recompute() {
    lab(|lab| {
        lab.why(
            "The TTL is one less, and the header's checksum fits again. No other byte is changed.",
        );
        for options in [0, 40] {
            for proto in [6, 255] {
                for ttl in 2..=255 {
                    let ip = Ip {
                        ttl,
                        id: u16::from(ttl) << 8 | 0x5a,
                        options: vec![ttl; options],
                        ..Ip::new(proto, b"payload")
                    };
                    let mut bytes = ip.bytes();
                    let what = format!("TTL {ttl}, protocol {proto}, {options} bytes of options");
                    let got = forward(lab, &what, &mut bytes);
                    lab.same(&format!("what decrement_ttl says of {what}"), got, Ok(()));
                    let want = Ip { ttl: ttl - 1, ..ip }.bytes();
                    lab.same_bytes(
                        &format!("the datagram of {what}, afterwards"),
                        &bytes,
                        &want,
                    );
                }
            }
        }
    });
}

#[test]
fn s6_the_checksum_that_becomes_zero() {
    lab(|lab| {
        lab.why("One's complement has two zeros. A header never sums to 0000, so its checksum is never ffff: feff becomes 0000 here, as a new sum over the header gives.");
        for (ttl, proto) in [(64, 6), (2, 17), (255, 1)] {
            let mut ip = Ip {
                ttl,
                ..Ip::new(proto, b"payload")
            };
            let sum = |ip: &Ip| u16::from_be_bytes([ip.bytes()[10], ip.bytes()[11]]);
            // The ID that makes the checksum feff.
            let id = u32::from(sum(&ip)) + 0x0100;
            ip.id = ((id & 0xffff) + (id >> 16)) as u16;
            let mut bytes = ip.bytes();
            let what = format!("a checksum of {:04x}, TTL {ttl}", sum(&ip));
            let got = forward(lab, &what, &mut bytes);
            lab.same(&format!("what decrement_ttl says of {what}"), got, Ok(()));
            let after = u16::from_be_bytes([bytes[10], bytes[11]]);
            lab.same(
                "the checksum afterwards",
                format!("{after:04x}"),
                "0000".to_owned(),
            );
        }
    });
}

#[test]
fn s6_a_checksum_of_zero_is_brought_up_to_date() {
    lab(|lab| {
        lab.why("0 is an ordinary checksum in IP's header, and ffff is its other form: where 0 fits, ffff does. Only in UDP does 0 mean \"none\".");
        for (ttl, proto) in [(64, 6), (2, 17), (255, 1)] {
            let mut ip = Ip {
                ttl,
                ..Ip::new(proto, b"payload")
            };
            // With the checksum that it had as its ID the header sums to ffff.
            ip.id = u16::from_be_bytes([ip.bytes()[10], ip.bytes()[11]]);
            for stored in [0, 0xff] {
                let mut bytes = ip.bytes();
                lab.same("the test's own checksum", &bytes[10..12], &[0, 0]);
                bytes[10..12].fill(stored);
                let what = format!("a checksum of {stored:02x}{stored:02x} that fits, TTL {ttl}");
                let got = forward(lab, &what, &mut bytes);
                lab.same(&format!("what decrement_ttl says of {what}"), got, Ok(()));
                let want = Ip {
                    ttl: ttl - 1,
                    ..ip.clone()
                };
                lab.same_bytes("the datagram afterwards", &bytes, &want.bytes());
            }
        }
    });
}

#[test]
fn s6_the_last_hop() {
    lab(|lab| {
        lab.why("A router must not forward a datagram if its TTL would become 0. It drops it, and the sender is told (chapter 07), with the datagram as it came.");
        for ttl in [1, 0] {
            let good = Ip {
                ttl,
                ..Ip::new(6, b"payload")
            }
            .bytes();
            let mut bytes = good.clone();
            let what = format!("TTL {ttl}");
            let got = forward(lab, &what, &mut bytes);
            lab.same(
                &format!("what decrement_ttl says of {what}"),
                got,
                Err("Expired".to_owned()),
            );
            lab.same_bytes("the datagram afterwards", &bytes, &good);
        }
    });
}

#[test]
fn s6_what_is_not_ipv4() {
    lab(|lab| {
        lab.why("Fewer than 20 bytes are not a header, and in another version byte 8 is not the TTL. Nothing is changed.");
        let good = Ip::new(6, b"payload").bytes();
        for len in 0..20 {
            let mut bytes = good[..len].to_vec();
            let what = format!("{len} bytes");
            let got = forward(lab, &what, &mut bytes);
            lab.same(
                &format!("what decrement_ttl says of {what}"),
                got,
                Err("NotIpv4".to_owned()),
            );
            lab.same_bytes("the bytes afterwards", &bytes, &good[..len]);
        }
        for version in (0..16).filter(|version| *version != 4) {
            for ttl in [64, 1] {
                let good = Ip {
                    version,
                    ttl,
                    ..Ip::new(6, b"payload")
                }
                .bytes();
                let mut bytes = good.clone();
                let what = format!("version {version}, byte 8 is {ttl}");
                let got = forward(lab, &what, &mut bytes);
                lab.same(
                    &format!("what decrement_ttl says of {what}"),
                    got,
                    Err("NotIpv4".to_owned()),
                );
                lab.same_bytes("the bytes afterwards", &bytes, &good);
            }
        }
    });
}

const UPDATED: &str = "The header is damaged or wrong. A newly computed checksum would hide this. An updated one is wrong by as much as before, and the next host sees it.";

#[test]
fn s6_a_wrong_checksum_stays_wrong() {
    lab(|lab| {
        lab.why(UPDATED);
        let sound = Ip {
            ttl: 9,
            ..Ip::new(6, b"payload")
        }
        .bytes();
        let good = u16::from_be_bytes([sound[10], sound[11]]);
        // The last two of them make it 0 and ffff.
        for damage in [0x0001, 0x0100, 0x1234, 0x8000, good, !good] {
            let mut bytes = sound.clone();
            bytes[10..12].copy_from_slice(&(good ^ damage).to_be_bytes());
            let before = checksum(&bytes[..20]);
            let what = format!(
                "a checksum of {:04x} where {good:04x} is right",
                good ^ damage
            );
            let got = forward(lab, &what, &mut bytes);
            lab.same(&format!("what decrement_ttl says of {what}"), got, Ok(()));
            lab.same("the TTL afterwards", bytes[8], 8);
            lab.same(
                "by how much the sum of the header is off",
                format!("{:04x}", checksum(&bytes[..20])),
                format!("{before:04x}"),
            );
        }
    });
}

#[test]
fn s6_a_router_looks_at_little() {
    lab(|lab| {
        lab.why("decrement_ttl looks at the version, the TTL and the checksum, and changes the last two. All other fields stay as they are, right or wrong: others check them.");
        let plain = Ip::new(6, b"payload");
        for (what, ip) in [
            (
                "Total Length 9999",
                Ip {
                    total: Some(9999),
                    ..Ip::new(6, b"payload")
                },
            ),
            (
                "Total Length 0",
                Ip {
                    total: Some(0),
                    ..Ip::new(6, b"payload")
                },
            ),
            (
                "IHL 0",
                Ip {
                    ihl: Some(0),
                    ..Ip::new(6, b"payload")
                },
            ),
            (
                "IHL 15 in 20 bytes",
                Ip {
                    ihl: Some(15),
                    ..Ip::new(6, b"")
                },
            ),
            (
                "the reserved bit",
                Ip {
                    fragment: 0x8000,
                    ..plain.clone()
                },
            ),
            (
                "all flags and an offset",
                Ip {
                    fragment: 0xe005,
                    ..plain.clone()
                },
            ),
            (
                "1501 bytes, and DF",
                Ip {
                    fragment: 0x4000,
                    ..Ip::new(6, &[7; 1481])
                },
            ),
            (
                "65535 bytes, and DF",
                Ip {
                    fragment: 0x4000,
                    ..Ip::new(6, &[7; 65515])
                },
            ),
            (
                "70 000 bytes, of which 27 are the datagram",
                Ip {
                    total: Some(27),
                    ..Ip::new(6, &[7; 69_980])
                },
            ),
            (
                "addresses and a protocol of all zeros",
                Ip {
                    src: Ipv4Addr::UNSPECIFIED,
                    dst: Ipv4Addr::UNSPECIFIED,
                    ..Ip::new(0, b"payload")
                },
            ),
            (
                "addresses that no router passes on",
                Ip {
                    src: Ipv4Addr::LOCALHOST,
                    dst: Ipv4Addr::BROADCAST,
                    ..Ip::new(255, b"payload")
                },
            ),
            (
                "options that end in zeros",
                Ip {
                    options: vec![0x94, 4, 0, 0, 0, 0, 0, 0],
                    ..plain.clone()
                },
            ),
        ] {
            only_ttl_and_checksum(lab, what, &ip.bytes());
        }
        // Addresses between which RFC 1812 forbids to forward are the business of others as well.
        for (src, dst) in ENDS {
            for proto in [0, 1, 2, 6, 17, 255] {
                let ip = Ip {
                    src,
                    dst,
                    ..Ip::new(proto, b"payload")
                };
                let what = format!("protocol {proto} from {src} to {dst}");
                only_ttl_and_checksum(lab, &what, &ip.bytes());
            }
        }
        for seed in lab.seeds(256) {
            let mut dice = Dice::new(seed);
            let mut bytes: Vec<u8> = (0..20).map(|_| dice.next() as u8).collect();
            bytes.extend(some_bytes(&mut dice, 20));
            bytes[0] = 0x40 | bytes[0] & 0xf;
            bytes[8] = bytes[8].max(2);
            let what = format!("bytes by chance, seed {seed}, of version 4");
            only_ttl_and_checksum(lab, &what, &bytes);
        }
    });
}

/// Demands that `decrement_ttl` takes 1 from the TTL, and that the sum of the header is off by as much
/// afterwards as before. No other byte changes.
fn only_ttl_and_checksum(lab: &Lab, what: &str, before: &[u8]) {
    let mut bytes = before.to_vec();
    let got = forward(lab, what, &mut bytes);
    lab.same(&format!("what decrement_ttl says of {what}"), got, Ok(()));
    let off = |bytes: &[u8]| format!("{:04x}", checksum(&bytes[..20]));
    lab.because(UPDATED).same(
        "by how much the sum of the first 20 bytes is off",
        off(&bytes),
        off(before),
    );
    let mut want = before.to_vec();
    want[8] -= 1;
    bytes[10..12].copy_from_slice(&want[10..12]);
    lab.same_bytes("all bytes but the checksum", &bytes, &want);
}

/// Has a capture written, and demands what stands in it.
fn captures(lab: &Lab, link: LinkType, number: u32, packets: &[(Duration, &[u8])]) {
    let mut file = Vec::new();
    let name = match link {
        LinkType::Ethernet => "Ethernet",
        LinkType::RawIp => "RawIp",
    };
    let call = format!("write_pcap(file, {name}, {} packets)", packets.len());
    lab.scene(&call);
    for (time, packet) in packets.iter().take(3) {
        lab.note(format!("{} at {time:?}", hex::count(packet.len())));
    }
    lab.ok(&call, || write_pcap(&mut file, link, packets));
    let start: Vec<u8> = file.iter().take(96).copied().collect();
    lab.given("the beginning of the file", &hex::rows(&start));
    is_capture(lab, &file, number, packets);
}

/// Demands what stands in a capture file, number by number, in the byte order that its magic number
/// shows.
fn is_capture(lab: &Lab, file: &[u8], link: u32, packets: &[(Duration, &[u8])]) {
    let is_big = file.starts_with(&[0xa1, 0xb2, 0xc3, 0xd4]);
    let mut at = 0;
    let mut take = |len: usize, what: &str| -> &[u8] {
        let Some(bytes) = file.get(at..at + len) else {
            lab.fails(
                format!("{what}: {} at byte {at} of the file", hex::count(len)),
                format!("a file of {}", hex::count(file.len())),
            );
        };
        at += len;
        bytes
    };
    let number = |bytes: &[u8]| match is_big {
        true => bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)),
        false => bytes.iter().rfold(0, |n, byte| n << 8 | u64::from(*byte)),
    };
    for (what, len, want) in [
        ("the magic number", 4, 0xa1b2_c3d4_u64),
        ("the major version", 2, 2),
        ("the minor version", 2, 4),
        ("the first reserved number", 4, 0),
        ("the second reserved number", 4, 0),
        ("the largest length", 4, 262_144),
        ("the link type", 4, link.into()),
    ] {
        let got = number(take(len, what));
        lab.same(what, format!("{got:x}"), format!("{want:x}"));
    }
    for (n, (time, packet)) in packets.iter().enumerate() {
        let size = hex::count(packet.len());
        let of = |what: &str| format!("{what} of packet {} ({size}, {time:?})", n + 1);
        let lab = match packet.is_empty() {
            true => &lab.because("An empty packet is a packet, too. The 16 bytes in front of it are written, and say 0 twice."),
            false => lab,
        };
        let kept = packet.len().min(262_144);
        for (what, want) in [
            ("the seconds", time.as_secs()),
            ("the microseconds", time.subsec_micros().into()),
            ("the length that follows", kept as u64),
            ("the length that it had", packet.len() as u64),
        ] {
            lab.same(&of(what), number(take(4, &of(what))), want);
        }
        lab.same_bytes(
            &of("the bytes"),
            take(kept, &of("the bytes")),
            &packet[..kept],
        );
    }
    let rest = file.len() - at;
    lab.same("bytes behind the last packet", rest, 0);
}

const ZERO: Duration = Duration::ZERO;

#[test]
fn s6_pcap_magic_and_lengths() {
    lab(|lab| {
        lab.why("24 bytes for the file, 16 in front of each packet, all numbers in one byte order. A program that opens the file sees the order in the magic number, and finds the next packet by the length of this one.");
        let segment = Ip::new(6, &Tcp::new(0x02, b"").bytes()).bytes();
        let framed = frame(0x0800, &segment);
        captures(lab, LinkType::Ethernet, 1, &[(ZERO, &framed)]);
        captures(lab, LinkType::RawIp, 101, &[(ZERO, &segment)]);
        captures(lab, LinkType::Ethernet, 1, &[]);
        captures(lab, LinkType::RawIp, 101, &[]);
        let several: [(Duration, &[u8]); 6] = [
            (ZERO, b"x"),
            (ZERO, b""),
            (Duration::from_micros(1), &framed),
            (Duration::from_micros(1), &[7; 300]),
            (Duration::from_secs(3), &[8; 1500]),
            (Duration::from_secs(3), &[0; 60]),
        ];
        captures(lab, LinkType::Ethernet, 1, &several);
        captures(lab, LinkType::Ethernet, 1, &[(ZERO, b"")]);
    });
}

#[test]
fn s6_pcap_looks_into_no_packet() {
    lab(|lab| {
        lab.why("A capture file keeps every byte that came: padding, wrong lengths, and bytes that are not a packet. The reader of the file wants to see exactly these.");
        let ip = Ip::new(6, &Tcp::new(0x02, b"").bytes());
        let sound = ip.bytes();
        let with_total = |total: u16| {
            let total = Some(total);
            Ip {
                total,
                ..ip.clone()
            }
            .bytes()
        };
        let contents = [
            [&sound[..], &[0; 6]].concat(),
            [&sound[..], &[0xee; 1000]].concat(),
            with_total(0),
            with_total(20),
            with_total(9999),
            sound[..20].to_vec(),
            sound[..7].to_vec(),
            vec![0; 60],
            vec![0xff; 61],
            vec![0x60; 80],
            sound,
        ];
        for content in contents {
            for (link, number, bytes) in [
                (LinkType::RawIp, 101, content.clone()),
                (LinkType::RawIp, 101, frame(0x0800, &content)),
                (LinkType::Ethernet, 1, frame(0x0800, &content)),
                (LinkType::Ethernet, 1, frame(0x0806, &content)),
                (LinkType::Ethernet, 1, content),
            ] {
                captures(lab, link, number, &[(ZERO, &bytes), (ZERO, b"next")]);
            }
        }
    });
}

#[test]
fn s6_pcap_keeps_the_order() {
    lab(|lab| {
        lab.why("The packets stand in the file in the order given, whatever their times are. A clock may be set back, and two cards have two queues: do not sort.");
        let at = Duration::from_secs;
        for times in [[3, 2, 1], [1, 3, 2], [2, 2, 0]] {
            let [first, second, third] = times.map(at);
            let packets: [(Duration, &[u8]); 3] =
                [(first, b"one"), (second, b"two"), (third, b"three")];
            captures(lab, LinkType::RawIp, 101, &packets);
        }
        lab.why("A packet that comes twice stands in the file twice: a reader may be looking for just this copy.");
        for second in [1, 2] {
            let packets: [(Duration, &[u8]); 3] =
                [(at(1), b"one"), (at(second), b"one"), (at(3), b"two")];
            captures(lab, LinkType::RawIp, 101, &packets);
        }
    });
}

#[test]
fn s6_pcap_times() {
    lab(|lab| {
        lab.why("A time is two numbers: whole seconds, and the whole microseconds of the rest, below a million (Duration::subsec_micros). A fraction of a microsecond is cut off. A floating-point number cannot hold every time: it rounds.");
        for time in [
            Duration::from_micros(999_999),
            Duration::from_millis(1_500),
            Duration::from_nanos(1_999_999_999),
            Duration::from_nanos(999),
            Duration::new(1_700_000_000, 123_456_789),
            Duration::new(u32::MAX.into(), 0),
            Duration::new(u32::MAX.into(), 999_999_999),
        ] {
            captures(
                lab,
                LinkType::Ethernet,
                1,
                &[(time, b"packet"), (time, b"another")],
            );
        }
        lab.why("Seconds have 32 bits in this format. A larger value is an error: cut off, it would be another time.");
        let second = Duration::from_secs(1);
        for seconds in [1 << 32, (1 << 32) + 5, u64::MAX] {
            for before in [1, 0, 2] {
                let mut packets = [(ZERO, &b"first"[..]), (second, b"second")][..before].to_vec();
                lab.scene(format!("a packet at {seconds} s behind {before} others"));
                let mut without = Vec::new();
                lab.ok("write_pcap(those before it)", || {
                    write_pcap(&mut without, LinkType::RawIp, &packets)
                });
                packets.push((Duration::from_secs(seconds), b"late"));
                packets.push((second, b"behind it"));
                let mut file = Vec::new();
                let call = format!("write_pcap(a packet at {seconds} s, and others)");
                let got = lab.you(&call, || write_pcap(&mut file, LinkType::RawIp, &packets));
                lab.same(
                    &format!("what {call} gives"),
                    got.map_err(|error| error.kind()),
                    Err(ErrorKind::InvalidInput),
                );
                lab.because("Bytes before such a packet may be written by then. No byte of it may be, and no byte after it: a file with a hole, or with another time, looks valid.").same_bytes(
                    "what is written by then: no more than of those before it",
                    &file,
                    &without[..file.len().min(without.len())],
                );
            }
        }
    });
}

#[test]
fn s6_pcap_cuts_what_is_too_long() {
    lab(|lab| {
        lab.why("The file's header promises that no packet is longer than 262144 bytes. A longer one is cut, and that is what the two lengths are for: what follows, and what was there.");
        let long: Vec<u8> = (0..262_147_u32).map(|n| (n % 251) as u8).collect();
        for len in [262_143, 262_144, 262_145, 262_147] {
            captures(
                lab,
                LinkType::RawIp,
                101,
                &[(ZERO, &long[..len]), (ZERO, b"the next one")],
            );
        }
    });
}

#[test]
fn s6_pcap_into_a_slow_writer() {
    lab(|lab| {
        let packets: [(Duration, &[u8]); 2] =
            [(ZERO, b"one"), (Duration::from_millis(5), b"another")];
        lab.why("A writer may take one byte at a time, or be interrupted. write tells how much it took; write_all goes on, as often as it has to.");
        let mut slow = OneByte(Vec::new());
        lab.scene("a writer that takes one byte a call");
        lab.ok("write_pcap(a slow writer)", || {
            write_pcap(&mut slow, LinkType::RawIp, &packets)
        });
        is_capture(lab, &slow.0, 101, &packets);
        for times in [1, 2, 3, 20] {
            for most in [1, 2, usize::MAX] {
                let what = format!(
                    "a writer that takes {most} bytes a call, and is interrupted {times} times before each call"
                );
                lab.scene(&what);
                let mut out = Interrupted {
                    times,
                    most,
                    left: times,
                    taken: Vec::new(),
                };
                lab.ok(&format!("write_pcap({what})"), || {
                    write_pcap(&mut out, LinkType::RawIp, &packets)
                });
                is_capture(lab, &out.taken, 101, &packets);
            }
        }
    });
}

/// Is interrupted so many times in a row before each write, and takes no more than `most` bytes then.
struct Interrupted {
    times: usize,
    most: usize,
    left: usize,
    taken: Vec<u8>,
}

impl Write for Interrupted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left > 0 {
            self.left -= 1;
            return Err(ErrorKind::Interrupted.into());
        }
        self.left = self.times;
        let taken = bytes.len().min(self.most);
        self.taken.extend(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn s6_pcap_tells_of_a_full_disk() {
    lab(|lab| {
        lab.why(
            "A file that was not written must not look as if it were: return the writer's error.",
        );
        let packets: [(Duration, &[u8]); 2] = [(ZERO, b"one"), (ZERO, b"another")];
        for room in 0..24 + 16 + 3 + 16 + 7 {
            let what = format!("a disk with room for {room} bytes");
            lab.scene(&what);
            let mut disk = Disk { room };
            let got = lab.you(&format!("write_pcap({what})"), || {
                write_pcap(&mut disk, LinkType::RawIp, &packets)
            });
            lab.same(
                &format!("what write_pcap says of {what}"),
                got.map_err(|error| error.kind()),
                Err(ErrorKind::StorageFull),
            );
        }
        lab.why("Bytes may wait in a buffer, and the disk is full when it is emptied. Flush before you say that all is well: at the very end, and also where there are no packets.");
        for (count, whole) in [(2, 24 + 16 + 3 + 16 + 7), (0, 24)] {
            for room in 0..whole {
                let what = format!("a buffer in front of a disk with room for {room} bytes");
                lab.scene(format!("{count} packets, {what}"));
                let mut disk = io::BufWriter::new(Disk { room });
                let got = lab.you(&format!("write_pcap({what})"), || {
                    write_pcap(&mut disk, LinkType::RawIp, &packets[..count])
                });
                let got = got.map_err(|error| error.kind());
                drop(disk.into_parts());
                lab.same(
                    &format!("what write_pcap says of {count} packets and {what}"),
                    got,
                    Err(ErrorKind::StorageFull),
                );
            }
        }
    });
}

#[test]
fn s6_pcap_tells_of_each_error() {
    lab(|lab| {
        let packets: [(Duration, &[u8]); 2] = [(ZERO, b"one"), (ZERO, b"another")];
        let call = "write_pcap(a writer that fails once)";
        lab.why("A call that failed has written nothing, so the file has a hole, even if the next call succeeds. Return each error of the writer, of any kind and from any call, flush as well. Pass it on unchanged: its text says more than its kind.");
        for kind in KINDS {
            for at in 0.. {
                lab.scene(format!("a writer whose call {} gives {kind:?}", at + 1));
                let mut out = FailsOnce { at, kind, calls: 0 };
                let got = lab.you(call, || write_pcap(&mut out, LinkType::RawIp, &packets));
                let got = got.map_err(|error| (error.kind(), error.to_string()));
                let has_failed = out.calls > at;
                let want = match has_failed {
                    true => Err((kind, TEXT.to_owned())),
                    false => Ok(()),
                };
                lab.same(&format!("what {call} gives"), got, want);
                if !has_failed {
                    break;
                }
            }
        }
        lab.why("An interrupted flush has not finished: bytes may still wait in a buffer. Pass the error on, or flush again. Writes are different: write_all repeats them.");
        lab.scene("a writer whose first flush is interrupted");
        let mut out = InterruptedFlush { flushes: 0 };
        let got = lab.you("write_pcap(an interrupted flush)", || {
            write_pcap(&mut out, LinkType::RawIp, &packets)
        });
        match got {
            Ok(()) => lab.holds(
                out.flushes > 1,
                "an error, or another flush",
                "Ok(()) after one flush, which was interrupted",
            ),
            Err(error) => lab.same(
                "the error",
                (error.kind(), error.to_string()),
                (ErrorKind::Interrupted, TEXT.to_owned()),
            ),
        }
        lab.why("A writer that takes 0 bytes has no room any more. write_all makes an error of that (WriteZero).");
        lab.if_stuck(
            "A write that takes 0 bytes takes none the next time either. A retry would never end.",
        );
        for room in 0..24 + 16 + 3 + 16 + 7 {
            let what = format!("room for {room} bytes, and then no error");
            lab.scene(&what);
            let mut array = vec![0; room];
            let got = lab.you(&format!("write_pcap({what})"), || {
                write_pcap(&mut array[..], LinkType::RawIp, &packets)
            });
            let got = got.map_or("an error", |()| "Ok");
            lab.same(&format!("what write_pcap says of {what}"), got, "an error");
        }
    });
}

/// All but Interrupted, after which write_all tries again.
const KINDS: [ErrorKind; 24] = [
    ErrorKind::NotFound,
    ErrorKind::PermissionDenied,
    ErrorKind::ConnectionRefused,
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::NotConnected,
    ErrorKind::BrokenPipe,
    ErrorKind::AlreadyExists,
    ErrorKind::WouldBlock,
    ErrorKind::NotADirectory,
    ErrorKind::IsADirectory,
    ErrorKind::ReadOnlyFilesystem,
    ErrorKind::InvalidInput,
    ErrorKind::InvalidData,
    ErrorKind::TimedOut,
    ErrorKind::WriteZero,
    ErrorKind::StorageFull,
    ErrorKind::NotSeekable,
    ErrorKind::FileTooLarge,
    ErrorKind::ResourceBusy,
    ErrorKind::Unsupported,
    ErrorKind::UnexpectedEof,
    ErrorKind::OutOfMemory,
    ErrorKind::Other,
];

/// What the errors of the writers below say.
const TEXT: &str = "the cable of the disk is loose";

/// Fails at one call. The others take everything.
struct FailsOnce {
    at: usize,
    kind: ErrorKind,
    calls: usize,
}

impl FailsOnce {
    fn call(&mut self) -> io::Result<()> {
        self.calls += 1;
        match self.calls == self.at + 1 {
            true => Err(io::Error::new(self.kind, TEXT)),
            false => Ok(()),
        }
    }
}

impl Write for FailsOnce {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call().map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call()
    }
}

/// Takes everything, and is interrupted at its first flush.
struct InterruptedFlush {
    flushes: usize,
}

impl Write for InterruptedFlush {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushes += 1;
        match self.flushes {
            1 => Err(io::Error::new(ErrorKind::Interrupted, TEXT)),
            _ => Ok(()),
        }
    }
}

struct Disk {
    room: usize,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        match taken == 0 && !bytes.is_empty() {
            true => Err(ErrorKind::StorageFull.into()),
            false => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
