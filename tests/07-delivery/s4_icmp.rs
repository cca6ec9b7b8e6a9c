//! Step 4: ICMP.

use delivery::{Cause, Echo, Icmp, answer_echo, icmp_error};
use netlab::{Lab, hex, lab};

use super::wire::{
    ICMP, Ip, NOT_ONE_HOST, ONE_HOST, UDP, echo, icmp, ip, numbered, other_fields, padded, put,
    seal, unsound,
};
use super::words;

const A: &str = "10.0.0.1";
const B: &str = "198.51.100.2";
const ROUTER: &str = "10.0.0.254";

const CAUSES: [(Cause, u8, u8, u16); 11] = [
    (Cause::NetUnreachable, 3, 0, 0),
    (Cause::HostUnreachable, 3, 1, 0),
    (Cause::ProtocolUnreachable, 3, 2, 0),
    (Cause::PortUnreachable, 3, 3, 0),
    (Cause::FragmentationNeeded { mtu: 1400 }, 3, 4, 1400),
    (Cause::FragmentationNeeded { mtu: 0 }, 3, 4, 0),
    (Cause::FragmentationNeeded { mtu: 1 }, 3, 4, 1),
    (Cause::FragmentationNeeded { mtu: 67 }, 3, 4, 67),
    (Cause::FragmentationNeeded { mtu: 65535 }, 3, 4, 65535),
    (Cause::TtlExceeded, 11, 0, 0),
    (Cause::ReassemblyExceeded, 11, 1, 0),
];

/// The datagram that says why `about` was not delivered.
fn error(lab: &Lab, cause: Cause, what: &str, about: &[u8]) -> Option<Vec<u8>> {
    lab.given("the datagram", &hex::rows(&about[..about.len().min(96)]));
    let call = format!("icmp_error({ROUTER}, {}, {what})", words::cause(cause));
    lab.you(&call, || icmp_error(ip(ROUTER), cause, about))
}

fn some(lab: &Lab, datagram: Option<Vec<u8>>) -> Vec<u8> {
    datagram.unwrap_or_else(|| lab.fails("a datagram", "None"))
}

fn reads(lab: &Lab, what: &str, message: &[u8], want: &str) {
    lab.given("the message", &hex::rows(message));
    let got = lab.you(&format!("Icmp::parse({what})"), || {
        words::icmp(&Icmp::parse(message))
    });
    lab.same("what it says", got.as_str(), want);
}

#[test]
fn s4_an_echo_is_written() {
    lab(|lab| {
        for (ident, seq, data) in [
            (0x1234, 7, b"ping".as_slice()),
            (0xff00, 0x8001, b""),
            (1, 65535, b"odd"),
            // The checksum of the request comes out as 0, and here that of the reply.
            (0xf7ff, 0, b""),
            (0xfffe, 1, b""),
        ] {
            let it = Echo { ident, seq, data };
            let what = format!(
                "Echo {{ ident: {ident:#06x}, seq: {seq}, {} }}",
                hex::count(data.len())
            );
            let got = lab.you(&format!("{what}.request()"), || it.request());
            lab.because("Type 8, code 0, the checksum over the whole message, identifier, sequence number, data (RFC 792, \
                         \"Echo or Echo Reply\"). A checksum that comes out as 0 is written as 0.")
                .same_bytes("the request", &got, &echo(8, ident, seq, data));
            let got = lab.you(&format!("{what}.reply()"), || it.reply());
            lab.because("Type 0, and a checksum of its own. Everything else is as in the request.")
                .same_bytes("the reply", &got, &echo(0, ident, seq, data));
        }
    });
}

#[test]
fn s4_an_echo_is_read() {
    lab(|lab| {
        lab.why("Type 8 is a request, type 0 a reply. The fields are in network byte order, and the data is the rest.");
        reads(
            lab,
            "a request",
            &echo(8, 0x1234, 7, b"ab"),
            "EchoRequest 0x1234, 7, data 61 62",
        );
        reads(
            lab,
            "a reply",
            &echo(0, 0xff00, 0x8001, b"abc"),
            "EchoReply 0xff00, 32769, data 61 62 63",
        );
        reads(
            lab,
            "a request without data",
            &echo(8, 1, 65535, b""),
            "EchoRequest 0x0001, 65535, data ",
        );
        lab.why("Only the type says that it is an echo. Its code is ignored.");
        reads(
            lab,
            "a request with code 5",
            &icmp(8, 5, [0, 1, 0, 2], b"a"),
            "EchoRequest 0x0001, 2, data 61",
        );
        reads(
            lab,
            "a reply with code 255",
            &icmp(0, 255, [0, 1, 0, 2], b"a"),
            "EchoReply 0x0001, 2, data 61",
        );
    });
}

#[test]
fn s4_an_error_is_read() {
    lab(|lab| {
        let about = Ip {
            options: vec![1; 4],
            ttl: 1,
            ..Ip::new(UDP, A, B)
        };
        let quote = &about.bytes(&numbered(100))[..32];
        for (cause, kind, code, mtu) in CAUSES {
            let [high, low] = mtu.to_be_bytes();
            let message = icmp(kind, code, [0, 0, high, low], quote);
            lab.why("Type and code say the cause (RFC 792). An MTU is given as it stands there. Then a header follows, and the first bytes of its payload.");
            let want = format!(
                "Error({}) about {A} → {B}, protocol 17: {}",
                words::cause(cause),
                hex::all(&numbered(8))
            );
            reads(lab, &format!("type {kind}, code {code}"), &message, &want);
        }
        lab.why("Only \"fragmentation needed\" has an MTU, in the last 16 of the second 32 bits. RFC 1191 leaves the first 16 \
                 unused; newer routers write other things there. Fewer than 8 bytes of payload may be quoted. Return those that are there.");
        let want = format!("Error(FragmentationNeeded, MTU 576) about {A} → {B}, protocol 17: 00");
        reads(
            lab,
            "type 3, code 4 with other bits set",
            &icmp(3, 4, [0xaa, 0xbb, 2, 0x40], &quote[..25]),
            &want,
        );
        let want = format!("Error(TtlExceeded) about {A} → {B}, protocol 17: ");
        reads(
            lab,
            "type 11, code 0 with other bits set",
            &icmp(11, 0, [1, 2, 3, 4], &quote[..24]),
            &want,
        );
        lab.why("Newer routers quote more than 8 bytes (RFC 1812, section 4.3.2.3). Return all of them, up to the quoted Total Length.");
        for (payload, behind) in [(9, 0), (100, 0), (20, 8), (3, 8), (0, 1)] {
            let mut quote = about.bytes(&numbered(payload));
            quote.extend_from_slice(&vec![0xee; behind]);
            let want = format!(
                "Error(TtlExceeded) about {A} → {B}, protocol 17: {}",
                hex::all(&numbered(payload))
            );
            let what = format!(
                "an error that quotes {payload} bytes of payload, and {behind} behind them"
            );
            reads(lab, &what, &icmp(11, 0, [0; 4], &quote), &want);
        }
    });
}

#[test]
fn s4_other_messages_are_told_apart() {
    lab(|lab| {
        lab.why("A message without a name in this chapter is returned with its numbers. The rest of it is ignored.");
        for (kind, code) in [
            (3, 5),
            (3, 13),
            (11, 2),
            (5, 0),
            (4, 0),
            (12, 0),
            (13, 0),
            (9, 0),
            (255, 255),
        ] {
            let want = format!("Other: type {kind}, code {code}");
            reads(
                lab,
                &format!("type {kind}, code {code}"),
                &icmp(kind, code, [0; 4], b"?"),
                &want,
            );
        }
    });
}

#[test]
fn s4_damage_is_found() {
    lab(|lab| {
        let sound = echo(8, 1, 2, b"hello");
        lab.why("An ICMP message has at least 8 bytes.");
        for len in 0..8 {
            reads(lab, &format!("{len} bytes"), &sound[..len], "Truncated");
        }
        lab.why("The checksum covers the whole message, so it finds a flipped bit anywhere.");
        for at in 0..sound.len() {
            let mut flipped = sound.clone();
            flipped[at] ^= 0x10;
            reads(
                lab,
                &format!("a request whose byte {at} is damaged"),
                &flipped,
                "Checksum",
            );
        }
        for (what, field) in [
            ("0", [0, 0]),
            ("ffff", [0xff, 0xff]),
            ("its two bytes swapped", [sound[3], sound[2]]),
            ("its complement", [!sound[2], !sound[3]]),
        ] {
            let mut other = sound.clone();
            other[2..4].copy_from_slice(&field);
            lab.why(
                "Every ICMP message has a checksum, unlike in UDP: each value of the field counts.",
            );
            let what = format!("a request with the checksum {what}");
            reads(lab, &what, &other, "Checksum");
        }
        lab.why("What an error quotes must be the beginning of a datagram, with its whole header.");
        let quote = Ip::new(UDP, A, B).bytes(b"12345678");
        reads(
            lab,
            "an error that quotes 19 bytes",
            &icmp(11, 0, [0; 4], &quote[..19]),
            "Quote: IPv4: the bytes end before what the header promises",
        );
        for (what, bytes, says) in unsound(&Ip::new(UDP, A, B)) {
            // A quote may be cut off.
            if bytes.len() != 27 {
                let message = icmp(3, 1, [0; 4], &bytes);
                let what = format!("an error that quotes {what}");
                reads(lab, &what, &message, &format!("Quote: {says}"));
            }
        }
        let mut damaged = icmp(3, 1, [0; 4], &quote[..19]);
        damaged[3] ^= 1;
        lab.why("The checksum comes first: the quote in a damaged message means nothing.");
        reads(lab, "a damaged error", &damaged, "Checksum");
    });
}

#[test]
fn s4_an_error_says_why() {
    lab(|lab| {
        for (src, dst) in [(A, B), ("192.0.2.9", "10.0.0.1")] {
            let about = Ip {
                tos: 0xb8,
                id: 0x4242,
                ttl: 1,
                ..Ip::new(UDP, src, dst)
            }
            .bytes(&numbered(100));
            for (cause, kind, code, mtu) in CAUSES {
                let got = some(lab, error(lab, cause, "a datagram of 120 bytes", &about));
                let [high, low] = mtu.to_be_bytes();
                let message = icmp(kind, code, [0, 0, high, low], &about[..28]);
                let want = Ip::new(ICMP, ROUTER, src).bytes(&message);
                lab.because(
                    "It goes from the router to the source of the datagram, in a header of its own: TTL 64, TOS 0, no options, \
                     identification 0. It has type and code of the cause, and quotes the header and 8 bytes (RFC 792). Only \
                     \"fragmentation needed\" has an MTU (RFC 1191).",
                )
                .same_bytes("the error", &got, &want);
            }
        }
    });
}

#[test]
fn s4_the_quote_is_the_header_and_8_bytes() {
    lab(|lab| {
        for (options, len) in [(0, 8), (0, 9), (0, 3), (0, 0), (40, 8), (4, 100), (12, 1)] {
            let about = Ip {
                options: vec![1; options],
                reserved: true,
                ..Ip::new(UDP, A, B)
            }
            .bytes(&numbered(len));
            lab.why("It is UDP, from one host to another, and not a later piece, so its source is told, however short it is. Only in protocol 1 does the first byte of the payload say whether it is an error.");
            let got = some(
                lab,
                error(
                    lab,
                    Cause::HostUnreachable,
                    &format!(
                        "a datagram with {options} bytes of options and {len} of payload, padded"
                    ),
                    &padded(&about),
                ),
            );
            let quote = &about[..20 + options + len.min(8)];
            lab.because("Quote the whole header, with its options, byte by byte as it came, and at most 8 bytes of payload. Bytes behind Total Length are not part of the datagram.")
                .same_bytes("the quote", &got[28..], quote);
        }
    });
}

#[test]
fn s4_no_error_about_an_error() {
    lab(|lab| {
        // Options whose bytes could be taken for a type.
        for options in [vec![], vec![3; 4], vec![8; 4], vec![8; 40]] {
            let header = Ip {
                options,
                ..Ip::new(ICMP, A, B)
            };
            let behind = format!("behind {} bytes of options", header.options.len());
            for kind in [3, 4, 5, 11, 12] {
                let quote = Ip::new(UDP, B, A).bytes(b"12345678");
                let got = error(
                    lab,
                    Cause::TtlExceeded,
                    &format!("an ICMP error of type {kind} {behind}"),
                    &header.bytes(&icmp(kind, 0, [0; 4], &quote)),
                );
                lab.because("No error about an ICMP error: two hosts would send each other errors for ever (RFC 1122, section 3.2.2).")
                    .same("an error", got.is_some(), false);
            }
            for pad in [0, 3, 8] {
                let mut about = header.bytes(b"");
                about.resize(about.len() + 26, pad);
                let got = error(
                    lab,
                    Cause::TtlExceeded,
                    &format!("a datagram of protocol 1 without payload, padded with {pad}"),
                    &about,
                );
                lab.because("It could be an error. The padding is not its payload.")
                    .same("an error", got.is_some(), false);
            }
            for kind in [8, 0, 13, 14] {
                let got = error(
                    lab,
                    Cause::TtlExceeded,
                    &format!("an ICMP message of type {kind} {behind}"),
                    &header.bytes(&echo(kind, 1, 1, b"")),
                );
                lab.because("Echo and timestamp are not errors. Traceroute needs this answer.")
                    .same("an error", got.is_some(), true);
            }
        }
        let got = error(
            lab,
            Cause::PortUnreachable,
            "a UDP datagram that begins with 3",
            &Ip::new(UDP, A, B).bytes(&[3, 0, 0, 0, 0, 0, 0, 0]),
        );
        lab.because("Only in protocol 1 is the first byte a type.")
            .same("an error", got.is_some(), true);
    });
}

#[test]
fn s4_no_error_about_later_pieces() {
    lab(|lab| {
        for (mf, offset, want) in [
            (true, 0, true),
            (true, 1, false),
            (false, 1, false),
            (false, 8189, false),
            (true, 256, false),
        ] {
            let about = Ip {
                mf,
                offset,
                ..Ip::new(UDP, A, B)
            };
            let got = error(
                lab,
                Cause::TtlExceeded,
                &format!("a piece at offset {offset}, More Fragments {mf}"),
                &about.bytes(b"12345678"),
            );
            lab.because(
                "One datagram, one error: about the piece at offset 0, which has the ports.",
            )
            .same("an error", got.is_some(), want);
            for (what, about) in other_fields(&about) {
                let about = about.bytes(b"12345678");
                let got = icmp_error(ip(ROUTER), Cause::TtlExceeded, &about);
                lab.because("Only its offset decides whether its source is told, not its TTL or another field.")
                    .same(&format!("an error about it with {what}"), got.is_some(), want);
            }
        }
    });
}

#[test]
fn s4_no_error_about_what_was_sent_to_many() {
    lab(|lab| {
        for (dst, want) in [
            ("224.0.0.0", false),
            ("231.7.7.7", false),
            ("239.255.255.255", false),
            ("255.255.255.255", false),
            ("223.255.255.255", true),
            ("240.0.0.0", true),
            ("255.255.255.254", true),
            ("198.51.100.255", true),
        ] {
            let got = error(
                lab,
                Cause::PortUnreachable,
                &format!("a datagram to {dst}"),
                &Ip::new(UDP, A, dst).bytes(b"12345678"),
            );
            lab.because(match want {
                false => "All its receivers would answer at once (RFC 1122, section 3.2.2).",
                true => "Only 224.0.0.0/4 and 255.255.255.255 are for many hosts, and this address is not one of them. So its source is told.",
            })
            .same("an error", got.is_some(), want);
        }
    });
}

#[test]
fn s4_no_error_to_nobody() {
    lab(|lab| {
        let nobody = NOT_ONE_HOST.map(|src| (src, false));
        let others = [B, ROUTER, "169.254.1.1", "10.0.0.255"];
        let hosts = ONE_HOST.into_iter().chain(others).map(|src| (src, true));
        for (src, want) in nobody.into_iter().chain(hosts) {
            let got = error(
                lab,
                Cause::NetUnreachable,
                &format!("a datagram from {src}"),
                &Ip::new(UDP, src, B).bytes(b"12345678"),
            );
            lab.because("The source must be one host. Otherwise the error would go to no host or to many (RFC 1122, section 3.2.2).")
                .same("an error", got.is_some(), want);
        }
        for (what, about, _) in unsound(&Ip::new(UDP, A, B)) {
            let got = error(lab, Cause::NetUnreachable, what, &about);
            lab.because("The source address may be damaged: send no error.")
                .same("an error", got.is_some(), false);
        }
    });
}

fn answer(lab: &Lab, addr: &str, what: &str, request: &[u8]) -> Option<Vec<u8>> {
    lab.given(
        "the datagram begins with",
        &hex::rows(&request[..request.len().min(96)]),
    );
    lab.you(&format!("answer_echo({addr}, {what})"), || {
        answer_echo(ip(addr), request)
    })
}

#[test]
fn s4_ping_is_answered() {
    lab(|lab| {
        for (src, ident, seq, data) in [
            (A, 0x1234, 1, numbered(56)),
            ("192.0.2.9", 0xfedc, 65535, vec![]),
            (A, 0, 0, b"odd".to_vec()),
            (A, 0, 0, numbered(1473)),
            (A, 1, 1, numbered(65503)),
            ("223.255.255.255", 1, 1, b"x".to_vec()),
            ("169.254.1.1", 1, 1, b"x".to_vec()),
            (B, 1, 1, b"oneself".to_vec()),
        ] {
            let request = Ip {
                ttl: 3,
                tos: 0x10,
                id: 77,
                df: true,
                options: vec![1; 4],
                ..Ip::new(ICMP, src, B)
            };
            let request = padded(&request.bytes(&echo(8, ident, seq, &data)));
            let got = some(lab, answer(lab, B, "an echo request, padded", &request));
            lab.because("The reply goes from the requested address to the requester, and repeats identifier, sequence number and all data (RFC 1122, section 3.2.2.6). It has its own header: TTL 64, TOS 0, no options, \
                         identification 0.")
                .same_bytes("the reply", &got, &Ip::new(ICMP, B, src).bytes(&echo(0, ident, seq, &data)));
        }
    });
}

#[test]
fn s4_nothing_else_is_answered() {
    lab(|lab| {
        let ask = echo(8, 1, 2, b"hello");
        let base = Ip::new(ICMP, A, B);
        let mut damaged = ask.clone();
        damaged[9] ^= 1;
        let mut short = base.bytes(&ask);
        put(&mut short, 2, 27);
        seal(&mut short);
        let mut cases = vec![
            ("a reply", base.bytes(&echo(0, 1, 2, b"hello"))),
            (
                "a request of type 13",
                base.bytes(&echo(13, 1, 2, b"hello")),
            ),
            (
                "an error",
                base.bytes(&icmp(3, 3, [0; 4], &base.bytes(&ask))),
            ),
            ("a request with a damaged byte", base.bytes(&damaged)),
            ("a message of 7 bytes", short),
            (
                "the same bytes in protocol 17",
                Ip::new(UDP, A, B).bytes(&ask),
            ),
            (
                "a request for another address",
                Ip::new(ICMP, A, "198.51.100.3").bytes(&ask),
            ),
            (
                "a request for all",
                Ip::new(ICMP, A, "255.255.255.255").bytes(&ask),
            ),
            (
                "a request for 198.51.100.255",
                Ip::new(ICMP, A, "198.51.100.255").bytes(&ask),
            ),
            (
                "a request for all hosts of a group",
                Ip::new(ICMP, A, "224.0.0.1").bytes(&ask),
            ),
            (
                "the first piece of a request",
                Ip {
                    mf: true,
                    ..base.clone()
                }
                .bytes(&echo(8, 1, 2, b"")),
            ),
            (
                "a later piece",
                Ip {
                    offset: 1,
                    ..base.clone()
                }
                .bytes(&ask),
            ),
        ];
        for src in NOT_ONE_HOST {
            cases.push(("a request from nobody", Ip::new(ICMP, src, B).bytes(&ask)));
        }
        for (what, bytes, _) in unsound(&base) {
            cases.push((what, bytes));
        }
        for (what, request) in cases {
            let got = answer(lab, B, what, &request);
            lab.because("Only a valid and whole echo request, for this address and from one host, gets an answer.")
                .same("an answer", got.is_some(), false);
        }
    });
}

#[test]
fn s4_every_type_and_code() {
    lab(|lab| {
        let quote = Ip::new(UDP, A, B).bytes(b"12345678");
        for kind in 0..=255 {
            let codes = match kind {
                0 | 3 | 8 | 11 => 0..=255,
                _ => 0..=15,
            };
            let got: Vec<String> = lab.you(
                &format!("Icmp::parse(a message of type {kind}, with each code)"),
                || {
                    let messages = codes
                        .clone()
                        .map(|code| icmp(kind, code, [0, 7, 2, 0x40], &quote));
                    messages.map(|it| words::icmp(&Icmp::parse(&it))).collect()
                },
            );
            for (code, got) in codes.zip(got) {
                let known = CAUSES.iter().find(|it| (it.1, it.2) == (kind, code));
                let echo = format!("0x0007, 576, data {}", hex::all(&quote));
                let (want, why) = match (kind, known) {
                    (0, _) => (
                        format!("EchoReply {echo}"),
                        "Type 0 is an echo reply. Its code is ignored.",
                    ),
                    (8, _) => (
                        format!("EchoRequest {echo}"),
                        "Type 8 is an echo request. Its code is ignored.",
                    ),
                    (_, Some((cause, ..))) => {
                        let cause = match cause {
                            Cause::FragmentationNeeded { .. } => {
                                Cause::FragmentationNeeded { mtu: 576 }
                            }
                            other => *other,
                        };
                        let cause = words::cause(cause);
                        let quoted = hex::all(&quote[20..]);
                        (
                            format!("Error({cause}) about {A} → {B}, protocol 17: {quoted}"),
                            "This is one of the seven errors that have a name here.",
                        )
                    }
                    _ => (
                        format!("Other: type {kind}, code {code}"),
                        "This chapter has names for seven pairs of type and code, and for the echo. Another code is another message, even if its meaning is similar.",
                    ),
                };
                lab.because(why)
                    .same(&format!("what type {kind}, code {code} says"), got, want);
            }
        }
    });
}

#[test]
fn s4_the_first_byte_alone_says_whether_it_is_an_error() {
    lab(|lab| {
        for kind in 0..=255 {
            let is_error = matches!(kind, 3 | 4 | 5 | 11 | 12);
            for len in [1, 2, 7, 8, 40] {
                for is_sound in [true, false] {
                    let mut message = icmp(kind, 0, [0; 4], &[0x45; 32]);
                    message.truncate(len);
                    if let Some(byte) = message.get_mut(3).filter(|_| !is_sound) {
                        *byte ^= 1;
                    }
                    let about = Ip::new(ICMP, A, B).bytes(&message);
                    let what = format!("protocol 1 with {}, type {kind}", hex::count(len));
                    let call = format!("icmp_error({ROUTER}, TtlExceeded, {what})");
                    let got = lab.you(&call, || icmp_error(ip(ROUTER), Cause::TtlExceeded, &about));
                    lab.because(match is_error {
                        true => "3, 4, 5, 11 and 12 are errors, and an error gets no error. The rest of the message is not checked.",
                        false => "Only 3, 4, 5, 11 and 12 are errors. The rest of the message is not checked.",
                    })
                    .same(&format!("an error about {what}"), got.is_some(), !is_error);
                }
            }
        }
    });
}

#[test]
fn s4_a_reply_depends_on_the_request_alone() {
    lab(|lab| {
        for code in [0, 1, 5, 255] {
            for (what, header) in other_fields(&Ip::new(ICMP, A, B)) {
                let request = header.bytes(&icmp(8, code, [0, 1, 0, 2], b"ping"));
                let what = format!("an echo request of code {code} with {what}");
                let got = some(
                    &lab.because(
                        "It has arrived, and it is an echo request. No other field matters.",
                    ),
                    answer(lab, B, &what, &request),
                );
                lab.because("The reply is type 0, code 0, and repeats identifier, number and data. It has its own header: TTL 64, TOS 0, no options, identification 0.")
                    .same_bytes("the reply", &got, &Ip::new(ICMP, B, A).bytes(&echo(0, 1, 2, b"ping")));
            }
        }
    });
}
