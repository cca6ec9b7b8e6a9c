//! Step 2: the header of IPv4.

use std::net::Ipv4Addr;

use netlab::{Lab, hex, lab};
use packets::Ipv4Header;

use super::wire::{self, CLIENT, Ip, SERVER, checksum};
use super::{explain, words};

const GOLDEN_SRC: Ipv4Addr = Ipv4Addr::new(172, 16, 10, 99);
const GOLDEN_DST: Ipv4Addr = Ipv4Addr::new(172, 16, 10, 12);

const TRUNCATED: &str = "The header promises more bytes than there are. A stranger wrote the length, and the packet may have been cut on its way: that is an error, not a panic, and not a shorter packet.";
const VERSION: &str =
    "The upper four bits of the first byte are the version. Another version has another header.";
const HEADER_LENGTH: &str = "IHL counts units of 4 bytes, and the fixed part has five of them. A smaller IHL is wrong: the header would end inside its fixed part.";
const CHECKSUM: &str = "The checksum covers the header, options included. If it is not 0, some bit of the header is not what the sender wrote. No field can be trusted, not even Total Length, so the checksum is checked first (RFC 1122, section 3.2.1.2).";
const LENGTH: &str = "Total Length counts the header, too. A smaller value is wrong, and the subtraction would go below zero.";

const QUOTED: &str = " parse_quoted leaves out only the last error of the list (number 7).";

fn why(reason: &str) -> &'static str {
    match reason {
        "Truncated" => TRUNCATED,
        "Version" => VERSION,
        "HeaderLength" => HEADER_LENGTH,
        "Checksum" => CHECKSUM,
        _ => LENGTH,
    }
}

/// Shows the bytes, if the test fails.
fn shows(lab: &Lab, what: &str, bytes: &[u8]) {
    lab.scene(what);
    lab.given("the datagram", &explain::ip(bytes));
}

fn in_words(result: Result<(Ipv4Header, &[u8]), packets::PacketError>) -> String {
    match result {
        Ok((header, payload)) => {
            format!("{}, payload [{}]", words::ip(&header), hex::short(payload))
        }
        Err(error) => words::error(error),
    }
}

/// Demands a header and a payload from `parse`, and from `parse_quoted` the same.
fn reads(lab: &Lab, what: &str, bytes: &[u8], header: &str, payload: &[u8]) {
    for quoted in [false, true] {
        shows(lab, what, bytes);
        let (call, got) = parse(lab, bytes, quoted);
        match got {
            Ok((got, rest)) => {
                words::same_fields(
                    lab,
                    &format!("the header of {what}"),
                    &words::ip(&got),
                    header,
                );
                lab.same_bytes(&format!("the payload of {what}"), rest, payload);
            }
            Err(error) => lab.fails(
                format!("your {call} to succeed: no error in the list in its docs fits {what}"),
                words::error(error),
            ),
        }
    }
}

type Parsed<'a> = Result<(Ipv4Header, &'a [u8]), packets::PacketError>;

fn parse<'a>(lab: &Lab, bytes: &'a [u8], quoted: bool) -> (String, Parsed<'a>) {
    let (name, parse): (_, fn(&[u8]) -> Parsed) = match quoted {
        false => ("parse", Ipv4Header::parse),
        true => ("parse_quoted", Ipv4Header::parse_quoted),
    };
    let call = format!("Ipv4Header::{name}({} bytes)", bytes.len());
    let got = lab.you(&call, || parse(bytes));
    (call, got)
}

/// Demands that `parse` refuses, and that `parse_quoted` says the same.
fn refuses(lab: &Lab, what: &str, bytes: &[u8], reason: &str) {
    for quoted in [false, true] {
        refuses_once(lab, what, bytes, quoted, reason);
    }
}

fn refuses_once(lab: &Lab, what: &str, bytes: &[u8], quoted: bool, reason: &str) {
    shows(lab, what, bytes);
    let (call, got) = parse(lab, bytes, quoted);
    let also = if quoted { QUOTED } else { "" };
    words::refused(
        lab,
        &format!("what {call} says of {what}"),
        &format!("{}{also}", why(reason)),
        in_words(got),
        &format!("Ipv4 {reason}"),
    );
}

fn emits(lab: &Lab, header: &Ipv4Header, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let call = format!("Ipv4Header::emit({})", hex::count(payload.len()));
    lab.note(format!("a header: {}", words::ip(header)));
    lab.ok(&call, || header.emit(payload, &mut out));
    out
}

const COVERS: &str = "Only the checksum differs. It covers exactly the header, with 0 in its own field. The result is written as it is, even 0: only in UDP does 0 have a special meaning.";

/// Demands the bytes that `emit` appends.
fn writes(lab: &Lab, what: &str, header: &Ipv4Header, payload: &[u8], want: &[u8]) {
    lab.scene(what);
    lab.given("the datagram that RFC 791 asks for", &explain::ip(want));
    let got = emits(lab, header, payload);
    lab.given("yours", &explain::ip(&got));
    words::same_written(
        lab,
        &format!("the datagram: {what}"),
        &got,
        want,
        10..12,
        COVERS,
    );
}

/// Both ways.
fn reads_and_writes(lab: &Lab, what: &str, ip: &Ip) {
    let bytes = ip.bytes();
    reads(lab, what, &bytes, &words::ip(&header(ip)), &ip.payload);
    writes(lab, what, &header(ip), &ip.payload, &bytes);
}

/// The student's header for what the test's bytes say.
fn header(ip: &Ip) -> Ipv4Header {
    Ipv4Header {
        tos: ip.tos,
        id: ip.id,
        df: ip.fragment & 0x4000 != 0,
        mf: ip.fragment & 0x2000 != 0,
        frag_off: ip.fragment & 0x1fff,
        ttl: ip.ttl,
        proto: ip.proto,
        src: ip.src,
        dst: ip.dst,
        options: ip.options.clone(),
    }
}

/// Every field with a value of its own.
fn busy() -> Ip {
    Ip {
        tos: 0xb9,
        id: 0xbeef,
        fragment: 0x4000,
        ttl: 17,
        src: Ipv4Addr::new(10, 20, 30, 40),
        dst: Ipv4Addr::new(250, 251, 252, 253),
        ..Ip::new(0x59, b"what it carries")
    }
}

#[test]
fn s2_golden_header() {
    lab(|lab| {
        lab.why("A header from a real capture, field by field as RFC 791, section 3.1, draws it.");
        // 45 00 00 3c 1c 46 40 00 40 06 b1 e6 ac 10 0a 63 ac 10 0a 0c, and 40 bytes of payload
        let payload = [0x5a; 40];
        let golden = Ip {
            id: 0x1c46,
            fragment: 0x4000,
            src: GOLDEN_SRC,
            dst: GOLDEN_DST,
            ..Ip::new(6, &payload)
        };
        let bytes = golden.bytes();
        reads(
            lab,
            "a datagram of 60 bytes",
            &bytes,
            "tos 00 · id 1c46 · df true · mf false · offset 0 · ttl 64 · proto 6 · from 172.16.10.99 · to 172.16.10.12 · options []",
            &payload,
        );
        lab.why("The checksum of this header is b1e6: computed with 0 in its field, then filled in. Computed with the old one still in place, it never fits.");
        let got = emits(lab, &header(&golden), &payload);
        lab.given("yours", &explain::ip(&got));
        lab.same_bytes("the same datagram", &got, &bytes);
    });
}

#[test]
fn s2_every_field_at_its_place() {
    lab(|lab| {
        lab.why("RFC 791, section 3.1: each row of the figure is 4 bytes. A number of 16 bits has its high byte first.");
        let busy = busy();
        reads(
            lab,
            "a datagram with a value of its own in each field",
            &busy.bytes(),
            "tos b9 · id beef · df true · mf false · offset 0 · ttl 17 · proto 89 · from 10.20.30.40 · to 250.251.252.253 · options []",
            b"what it carries",
        );
        let others = [
            (
                "tos 01",
                Ip {
                    tos: 0x01,
                    ..busy.clone()
                },
            ),
            (
                "id 0100",
                Ip {
                    id: 0x0100,
                    ..busy.clone()
                },
            ),
            (
                "id 0001",
                Ip {
                    id: 1,
                    ..busy.clone()
                },
            ),
            (
                "ttl 255",
                Ip {
                    ttl: 255,
                    ..busy.clone()
                },
            ),
            (
                "protocol 1",
                Ip {
                    proto: 1,
                    ..busy.clone()
                },
            ),
            (
                "protocol 17",
                Ip {
                    proto: 17,
                    ..busy.clone()
                },
            ),
            (
                "protocol 6",
                Ip {
                    proto: 6,
                    ..busy.clone()
                },
            ),
            (
                "another source",
                Ip {
                    src: Ipv4Addr::new(1, 2, 3, 4),
                    ..busy.clone()
                },
            ),
            (
                "another destination",
                Ip {
                    dst: Ipv4Addr::BROADCAST,
                    ..busy.clone()
                },
            ),
            (
                "no payload",
                Ip {
                    payload: Vec::new(),
                    ..busy.clone()
                },
            ),
            (
                "a payload of 300 bytes",
                Ip {
                    payload: vec![7; 300],
                    ..busy.clone()
                },
            ),
        ];
        for (what, ip) in others {
            reads_and_writes(lab, what, &ip);
        }
        lab.why("A field is read and written as it stands. parse does not judge an address that no host can have, or a fragment that ends behind 65535 bytes.");
        let odd = [
            (
                "a source that nobody has",
                Ip {
                    src: Ipv4Addr::BROADCAST,
                    ..busy.clone()
                },
            ),
            (
                "a group as source",
                Ip {
                    src: Ipv4Addr::new(224, 0, 0, 1),
                    ..busy.clone()
                },
            ),
            (
                "this machine to itself",
                Ip {
                    src: Ipv4Addr::LOCALHOST,
                    dst: Ipv4Addr::LOCALHOST,
                    ..busy.clone()
                },
            ),
            (
                "0 in every field that may be 0",
                Ip {
                    tos: 0,
                    id: 0,
                    fragment: 0,
                    ttl: 0,
                    src: Ipv4Addr::UNSPECIFIED,
                    dst: Ipv4Addr::UNSPECIFIED,
                    ..Ip::new(0, &[0; 8])
                },
            ),
            (
                "all bits set in every field that may have them",
                Ip {
                    tos: 0xff,
                    id: 0xffff,
                    fragment: 0x7fff,
                    ttl: 0xff,
                    src: Ipv4Addr::BROADCAST,
                    dst: Ipv4Addr::BROADCAST,
                    ..Ip::new(0xff, &[0xff; 8])
                },
            ),
        ];
        for (what, ip) in odd {
            reads_and_writes(lab, what, &ip);
        }
    });
}

#[test]
fn s2_flags_and_offset_share_two_bytes() {
    lab(|lab| {
        lab.why("Bytes 6 and 7: one reserved bit, DF, MF, and 13 bits of offset (RFC 791, section 3.1). The offset is in units of 8 bytes, and frag_off keeps it so. Every value is allowed: reassembly checks whether the pieces fit together (chapter 07).");
        for df in [0, 0x4000] {
            for mf in [0, 0x2000] {
                for offset in [0, 1, 185, 370, 0x0100, 0x1000, 8191] {
                    let ip = Ip {
                        fragment: df | mf | offset,
                        ..Ip::new(17, b"12345678")
                    };
                    let what = format!(
                        "DF {}, MF {}, offset {offset}",
                        u8::from(df > 0),
                        u8::from(mf > 0)
                    );
                    let bytes = ip.bytes();
                    reads(lab, &what, &bytes, &words::ip(&header(&ip)), b"12345678");
                    writes(lab, &what, &header(&ip), b"12345678", &bytes);
                }
            }
        }
    });
}

#[test]
fn s2_the_reserved_bit_is_ignored() {
    lab(|lab| {
        lab.why("The highest flag bit is reserved. It has no known meaning: it belongs neither to DF nor to the offset, and is not an error.");
        for fragment in [0x8000, 0x8000 | 0x4000, 0x8000 | 0x2000 | 5] {
            let ip = Ip {
                fragment,
                ..Ip::new(6, b"hello")
            };
            let what = format!("flags and offset {fragment:04x}");
            reads(lab, &what, &ip.bytes(), &words::ip(&header(&ip)), b"hello");
        }
    });
}

#[test]
fn s2_total_length_beats_buffer_length() {
    lab(|lab| {
        let ip = Ip::new(6, &[0x11; 21]);
        for padding in [1, 5, 1000] {
            lab.why(format!("Ethernet pads short frames. Total Length says 41, the buffer has {}. Code that takes the whole buffer delivers {} that the sender did not send.", 41 + padding, hex::count(padding)));
            let bytes = [ip.bytes(), vec![0xee; padding]].concat();
            let what = format!("41 bytes of datagram, {padding} of padding");
            reads(lab, &what, &bytes, &words::ip(&header(&ip)), &[0x11; 21]);
        }
        lab.why("A datagram without payload is valid. Everything after its header is padding.");
        let empty = Ip::new(6, b"");
        let bytes = [empty.bytes(), vec![0; 26]].concat();
        let what = "20 bytes of datagram, 26 of padding";
        reads(lab, what, &bytes, &words::ip(&header(&empty)), b"");
        lab.why("The buffer may be larger than any datagram. Its length need not fit into 16 bits: only Total Length has 16 bits.");
        for len in [65535, 65536, 65540, 65536 + 20, 70_000, 131_072 + 41] {
            let mut bytes = ip.bytes();
            bytes.resize(len, 0xee);
            let what = format!("41 bytes of datagram in a buffer of {len}");
            reads(lab, &what, &bytes, &words::ip(&header(&ip)), &[0x11; 21]);
        }
        lab.why(
            "Zeros at the end of the payload are payload. Only Total Length says where it ends.",
        );
        let zeros = Ip::new(6, &[0; 6]);
        let bytes = [zeros.bytes(), vec![0; 20]].concat();
        let what = "26 bytes of datagram that end in zeros, 20 of padding";
        reads(lab, what, &bytes, &words::ip(&header(&zeros)), &[0; 6]);
    });
}

#[test]
fn s2_options_are_not_payload() {
    lab(|lab| {
        for words_of_options in 1..=10_u8 {
            let len = usize::from(words_of_options) * 4;
            lab.why(format!("IHL is {}: the payload begins at byte {}, not at 20. The bytes in between are options (RFC 791, section 3.1).", 5 + words_of_options, 20 + len));
            let ip = Ip {
                options: (1..=len as u8).map(|n| n | 0x80).collect(),
                ..Ip::new(17, b"payload")
            };
            let what = format!("{len} bytes of options");
            let bytes = ip.bytes();
            reads(lab, &what, &bytes, &words::ip(&header(&ip)), b"payload");
            lab.why("IHL and Total Length count the options, and the checksum covers them. IHL goes up to 15, so 40 bytes of them fit.");
            writes(lab, &what, &header(&ip), b"payload", &bytes);
        }
    });
}

#[test]
fn s2_options_end_where_the_header_does() {
    lab(|lab| {
        lab.why("IHL alone says where the options end. A zero is an option byte, and all of them are kept: with fewer, header_len() would differ.");
        for options in [
            &[0x94, 4, 0, 0][..], // Router Alert (RFC 2113)
            &[1, 0, 0, 0],
            &[0; 4],
            &[0; 12],
            &[0; 40],
            &[7, 7, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0x94, 4, 0, 0],
            &[0xff; 4],
        ] {
            let ip = Ip {
                options: options.to_vec(),
                ..Ip::new(17, b"payload")
            };
            let what = format!("the options [{}]", hex::all(options));
            let bytes = ip.bytes();
            reads(lab, &what, &bytes, &words::ip(&header(&ip)), b"payload");
            writes(lab, &what, &header(&ip), b"payload", &bytes);
            let (call, got) = parse(lab, &bytes, false);
            let got = got.map(|(header, _)| header.header_len());
            let got = got.map_err(words::error);
            let what = format!("header_len() of what {call} gives for {what}");
            lab.same(&what, got, Ok(20 + options.len()));
        }
    });
}

#[test]
fn s2_options_are_padded() {
    lab(|lab| {
        lab.why("IHL counts words of 4 bytes, so options fill whole words. Zeros fill the last one (RFC 791, section 3.1: Padding). 40 bytes are ten words, and fit.");
        for len in [1, 2, 3, 4, 5, 7, 13, 37, 38, 39, 40] {
            let options: Vec<u8> = (0..len).map(|n| n | 0x90).collect();
            let mut padded = options.clone();
            padded.resize(options.len().next_multiple_of(4), 0);
            let mine = Ipv4Header {
                options,
                ..Ipv4Header::new(1, CLIENT, SERVER)
            };
            let want = Ip {
                options: padded,
                ..Ip::new(1, b"payload")
            };
            let what = format!("{len} bytes of options");
            let call = format!("Ipv4Header::header_len(), {what}");
            let got = lab.you(&call, || mine.header_len());
            lab.same("header_len()", got, 20 + want.options.len());
            writes(lab, &what, &mine, b"payload", &want.bytes());
        }
        lab.why(
            "header_len counts all the options, as whole words, even if emit cannot write them.",
        );
        for (len, want) in [
            (0, 20),
            (41, 64),
            (44, 64),
            (300, 320),
            (1001, 1024),
            (65_517, 65_540),
        ] {
            let header = Ipv4Header {
                options: vec![1; len],
                ..Ipv4Header::new(1, CLIENT, SERVER)
            };
            let call = format!("Ipv4Header::header_len(), {len} bytes of options");
            let got = lab.you(&call, || header.header_len());
            lab.same(&call, got, want);
        }
    });
}

#[test]
fn s2_ihl_lies() {
    lab(|lab| {
        for ihl in 0..5 {
            let ip = Ip {
                ihl: Some(ihl),
                ..Ip::new(6, b"payload of some length")
            };
            refuses(lab, &format!("IHL {ihl}"), &ip.bytes(), "HeaderLength");
        }
        for (ihl, len) in [(6, 20), (6, 23), (15, 20), (15, 59), (10, 39)] {
            let mut bytes = Ip {
                ihl: Some(ihl),
                total: Some(20),
                ..Ip::new(6, &[])
            }
            .bytes();
            bytes.resize(len, 0);
            let what = format!("IHL {ihl}, and {len} bytes");
            refuses(lab, &what, &bytes, "Truncated");
        }
    });
}

#[test]
fn s2_other_versions() {
    lab(|lab| {
        for version in (0..16).filter(|version| *version != 4) {
            let ip = Ip {
                version,
                ..Ip::new(6, &[0x60; 40])
            };
            refuses(lab, &format!("version {version}"), &ip.bytes(), "Version");
        }
    });
}

#[test]
fn s2_total_length_lies() {
    lab(|lab| {
        for total in [0, 1, 19] {
            let ip = Ip {
                total: Some(total),
                ..Ip::new(6, b"payload")
            };
            refuses(lab, &format!("Total Length {total}"), &ip.bytes(), "Length");
        }
        for total in [20, 23, 27] {
            let ip = Ip {
                total: Some(total),
                options: vec![1; 8],
                ..Ip::new(6, b"payload")
            };
            let what = format!("Total Length {total} and a header of 28 bytes");
            refuses(lab, &what, &ip.bytes(), "Length");
        }
        for total in [28, 29, 300, 0xffff] {
            let ip = Ip {
                total: Some(total),
                ..Ip::new(6, b"payload")
            };
            let what = format!("Total Length {total}, and 27 bytes");
            refuses_once(lab, &what, &ip.bytes(), false, "Truncated");
        }
    });
}

#[test]
fn s2_cut_at_every_byte() {
    lab(|lab| {
        for options in [0, 8] {
            let ip = Ip {
                options: vec![1; options],
                ..Ip::new(6, b"payload")
            };
            let bytes = ip.bytes();
            for len in 0..bytes.len() {
                let what = format!("{len} of {} bytes", bytes.len());
                if len < 20 + options {
                    refuses(lab, &what, &bytes[..len], "Truncated");
                } else {
                    refuses_once(lab, &what, &bytes[..len], false, "Truncated");
                }
            }
        }
    });
}

#[test]
fn s2_quoted_datagrams_may_be_cut() {
    lab(|lab| {
        lab.why("An ICMP error quotes the header and the first bytes of a datagram. Total Length still gives the length of the whole datagram. parse_quoted returns the part that is there.");
        for options in [0, 4, 40] {
            let ip = Ip {
                options: vec![1; options],
                ..Ip::new(6, b"the payload")
            };
            let bytes = ip.bytes();
            for there in 0..=11 {
                let cut = &bytes[..20 + options + there];
                let what = format!("{there} of 11 bytes of payload, behind {options} of options");
                shows(lab, &what, cut);
                let (call, got) = parse(lab, cut, true);
                let want = format!(
                    "{}, payload [{}]",
                    words::ip(&header(&ip)),
                    hex::short(&b"the payload"[..there])
                );
                lab.same(
                    &format!("what {call} gives for {what}"),
                    in_words(got),
                    want,
                );
            }
        }
    });
}

#[test]
fn s2_bad_checksum_is_an_error() {
    lab(|lab| {
        for options in [0, 8] {
            let ip = Ip {
                options: vec![1; options],
                ..Ip::new(6, b"payload")
            };
            let good = ip.bytes();
            // The first byte says where the header ends, and other tests are about that.
            for bit in 8..(20 + options) * 8 {
                let mut bytes = good.clone();
                bytes[bit / 8] ^= 0x80 >> (bit % 8);
                let what = format!("bit {} of byte {} flipped", bit % 8, bit / 8);
                refuses(lab, &what, &bytes, "Checksum");
            }
            let mut bytes = good.clone();
            bytes[10..12].fill(0);
            refuses(lab, "a checksum of 0", &bytes, "Checksum");
            bytes[10..12].fill(0xff);
            refuses(lab, "a checksum of ffff", &bytes, "Checksum");
            // Half of the field is 0 by right, and a bit somewhere else is flipped.
            for half in [0x00ff, 0xff00] {
                let mut bytes = with_checksum(&ip, half & 0x1234).bytes();
                bytes[8] ^= 0x20;
                let what = format!("checksum {:04x}, and another TTL", half & 0x1234);
                refuses(lab, &what, &bytes, "Checksum");
            }
            lab.why(
                "The header's checksum covers the header. The payload has checksums of its own.",
            );
            let mut bytes = good.clone();
            bytes[20 + options] ^= 0xff;
            let header = words::ip(&header(&ip));
            let what = "a changed byte of payload";
            reads(lab, what, &bytes, &header, &bytes[20 + options..]);
        }
    });
}

/// The same datagram with the ID that makes its checksum come out as this.
fn with_checksum(ip: &Ip, sum: u16) -> Ip {
    let without = Ip {
        id: 0,
        ..ip.clone()
    }
    .bytes();
    let before = u32::from(u16::from_be_bytes([without[10], without[11]]));
    let id = before + u32::from(!sum);
    Ip {
        id: ((id & 0xffff) + (id >> 16)) as u16,
        ..ip.clone()
    }
}

#[test]
fn s2_a_checksum_of_zero_has_two_forms() {
    lab(|lab| {
        for (options, ttl) in [(0, 64), (8, 64), (0, 3)] {
            let ip = Ip {
                ttl,
                options: vec![1; options],
                ..Ip::new(6, b"payload")
            };
            let ip = with_checksum(&ip, 0);
            let mut bytes = ip.bytes();
            lab.same("the test's own checksum", &bytes[10..12], &[0, 0]);
            lab.why("The sum of this header comes out as ffff, and its checksum as 0. 0 is an ordinary checksum here: only in UDP does it mean \"none\".");
            let what = format!("a header whose checksum is 0, TTL {ttl}");
            reads(lab, &what, &bytes, &words::ip(&header(&ip)), b"payload");
            writes(lab, &what, &header(&ip), b"payload", &bytes);
            lab.why("The sum of this header with ffff in the field is ffff: all its bytes have the checksum 0, and only this is checked. Code that computes the checksum again and compares gets 0, which is the same number in its other form.");
            bytes[10..12].fill(0xff);
            let what = format!("the same header with ffff for 0, TTL {ttl}");
            reads(lab, &what, &bytes, &words::ip(&header(&ip)), b"payload");
        }
    });
}

/// Every mixture of sound and broken fields, each cut at several places.
#[test]
fn s2_the_first_fault_counts() {
    lab(|lab| {
        for version in [4, 6] {
            for ihl in [4, 5, 6, 15] {
                for total in [0, 23, 27, 64, 0xffff] {
                    for len in [19, 20, 27, 67] {
                        for damaged in [false, true] {
                            mixture(lab, (version, ihl, total), len, damaged);
                        }
                    }
                }
            }
        }
    });
}

/// Demands what the list in the docs says of a header with these fields in so many bytes.
fn mixture(lab: &Lab, (version, ihl, total): (u8, u8, u16), len: usize, damaged: bool) {
    let mut ip = Ip {
        version,
        ihl: Some(ihl),
        total: Some(total),
        ..Ip::new(6, &[1; 47])
    };
    let mut bytes = ip.bytes();
    bytes[10] ^= u8::from(damaged);
    bytes.truncate(len);
    let (header_len, total) = (usize::from(ihl) * 4, usize::from(total));
    let checksum = if damaged { "wrong" } else { "right" };
    let what = format!(
        "version {version}, IHL {ihl}, Total Length {total}, {}, checksum {checksum}",
        hex::count(len)
    );
    for quoted in [false, true] {
        let (said, first) = words::first_fault(&[
            ("Truncated", len < 20),
            ("Version", version != 4),
            ("HeaderLength", ihl < 5),
            ("Truncated", len < header_len),
            ("Checksum", damaged),
            ("Length", total < header_len),
            ("Truncated", len < total && !quoted),
        ]);
        let (want, why) = match first {
            Some(reason) => (format!("Ipv4 {reason}"), why(reason)),
            None => {
                ip.options = bytes[20..header_len].to_vec();
                let payload = &bytes[header_len..total.min(len)];
                let words = words::ip(&header(&ip));
                let want = format!("{words}, payload [{}]", hex::short(payload));
                (want, "Only parse_quoted accepts a payload that is cut.")
            }
        };
        shows(lab, &what, &bytes);
        let (call, got) = parse(lab, &bytes, quoted);
        let what = format!("what {call} says of {what}");
        let also = if quoted { QUOTED } else { "" };
        words::refused(
            lab,
            &what,
            &format!("{said} {why}{also}"),
            in_words(got),
            &want,
        );
    }
}

#[test]
fn s2_every_ttl_arrives() {
    lab(|lab| {
        lab.why("A TTL of 1 or 0 ends the way through routers. A host takes what has arrived: it must not discard it for its TTL (RFC 1122, section 3.2.1.7).");
        for ttl in [0, 1, 2, 64, 128, 255] {
            let ip = Ip {
                ttl,
                ..Ip::new(6, b"hello")
            };
            let what = format!("TTL {ttl}");
            reads(lab, &what, &ip.bytes(), &words::ip(&header(&ip)), b"hello");
            writes(lab, &what, &header(&ip), b"hello", &ip.bytes());
        }
    });
}

#[test]
fn s2_emit_appends() {
    lab(|lab| {
        lab.why("emit appends. Bytes that are already in `out` stay, and are not part of the checksum. The padding of the options is counted from the beginning of the header, not from that of `out`.");
        for options in 0..=4 {
            let mut ip = busy();
            ip.options = vec![0x94; options];
            let header = header(&ip);
            ip.options.resize(options.next_multiple_of(4), 0);
            for before in wire::BEFORE {
                let before = vec![0x5a; before];
                let what = format!(
                    "Ipv4Header::emit({options} bytes of options, behind {} in out)",
                    hex::count(before.len())
                );
                lab.scene(&what);
                let mut out = before.clone();
                lab.ok(&what, || header.emit(&ip.payload, &mut out));
                lab.same_bytes(
                    &format!("out after {what}"),
                    &out,
                    &[before, ip.bytes()].concat(),
                );
            }
        }
    });
}

/// Demands that `emit` refuses and leaves `out` alone.
fn does_not_fit(lab: &Lab, what: &str, header: &Ipv4Header, payload: usize) {
    lab.scene(what);
    let mut out = b"before".to_vec();
    let payload = vec![0; payload];
    let call = format!("Ipv4Header::emit({} bytes), {what}", payload.len());
    let got = lab.you(&call, || header.emit(&payload, &mut out));
    let got = got.map_or_else(words::error, |()| "Ok".to_owned());
    lab.same(
        &format!("what emit says of {what}"),
        got,
        "Ipv4 TooBig".to_owned(),
    );
    lab.same_bytes("out after the error", &out, b"before");
}

#[test]
fn s2_what_does_not_fit_is_not_written() {
    lab(|lab| {
        lab.why("A field has a fixed number of bits. A value that does not fit is an error: if it were cut off, the packet would be another one. After an error `out` is as before.");
        let plain = Ipv4Header::new(6, CLIENT, SERVER);
        for len in [41, 42, 44, 256, 260, 300, 65536, 65540] {
            let header = Ipv4Header {
                options: vec![1; len],
                ..plain.clone()
            };
            does_not_fit(lab, &format!("{len} bytes of options"), &header, 5);
        }
        for frag_off in [0x2000, 0x4000, 0x8000, 0xffff] {
            let header = Ipv4Header {
                frag_off,
                ..plain.clone()
            };
            does_not_fit(lab, &format!("a fragment offset of {frag_off}"), &header, 8);
        }
        does_not_fit(lab, "65536 bytes in all", &plain, 65516);
        does_not_fit(lab, "85555 bytes in all", &plain, 85535);
        does_not_fit(lab, "131092 bytes in all", &plain, 131_072);
        let with_options = Ipv4Header {
            options: vec![1; 3],
            ..plain.clone()
        };
        does_not_fit(lab, "65536 bytes with options", &with_options, 65512);

        lab.why("65535 is the largest Total Length, and it fits.");
        for (header, len) in [(&plain, 65515), (&with_options, 65511)] {
            let payload = vec![0xab; len];
            lab.scene(format!("{len} bytes of payload"));
            let out = emits(lab, header, &payload);
            lab.same("the length of the datagram", out.len(), 65535);
            lab.same_bytes("Total Length", &out[2..4], &[0xff, 0xff]);
            let header_len = 65535 - len;
            lab.same(
                "the checksum of its header",
                checksum(&out[..header_len]),
                0,
            );
            lab.same_bytes("its payload", &out[header_len..], &payload);
            let (_, got) = parse(lab, &out, false);
            let got = got.map_or_else(words::error, |(_, payload)| payload.len().to_string());
            lab.same("the payload's length, read again", got, len.to_string());
        }
    });
}
