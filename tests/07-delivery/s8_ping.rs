//! Step 8: ping, and the host that answers.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use delivery::{Path, Pong, Responder, ping};
use netlab::{Dice, End, Lab, hex, lab};

use super::far::{self, A, PROGRAM, Way, error, joined, pieces, reply, reply_message, runs};
use super::path::Scripted;
use super::wire::{ICMP, Ip, ONE_HOST, UDP, echo, icmp, ip, numbered, other_fields};
use super::words;

const B: &str = "198.51.100.2";
const ROUTER: &str = "10.0.7.7";
const IDENT: u16 = 0x4c42;
const MINUTE: Duration = Duration::from_secs(60);

fn pings(lab: &Lab, path: &mut dyn Path, seq: u16, data: &[u8], mtu: usize) -> String {
    let count = data.len();
    let what =
        format!("ping(path, {A}, {B}, {IDENT:#06x}, number {seq}, {count} bytes of data, {mtu})");
    match lab.you(&what, || ping(path, ip(A), ip(B), IDENT, seq, data, mtu)) {
        Pong::Reply { ttl } => format!("Reply, ttl {ttl}"),
        Pong::Error(who, cause) => format!("Error({who}, {})", words::cause(cause)),
        Pong::Lost => "Lost".to_owned(),
    }
}

/// The request as it should be, before it is cut.
fn request(seq: u16, data: &[u8]) -> (Ip, Vec<u8>) {
    let header = Ip {
        id: seq,
        ..Ip::new(ICMP, A, B)
    };
    (header, echo(8, IDENT, seq, data))
}

#[test]
fn s8_one_request_is_sent() {
    lab(|lab| {
        for (seq, data) in [(0, b"".as_slice()), (7, b"ping"), (65535, &numbered(56))] {
            lab.scene("nobody answers");
            let mut path = Scripted::new(lab, |_, _| vec![]);
            let got = pings(lab, &mut path, seq, data, 1500);
            lab.because("Silence is all that is known.").same(
                "what became of it",
                got.as_str(),
                "Lost",
            );
            lab.because("One call is one request.")
                .same("datagrams sent", path.sent.len(), 1);
            let (header, message) = request(seq, data);
            lab.because("An echo request from A to B, with TTL 64, Don't Fragment clear, and the number as its identification.")
                .same_bytes("the datagram", &path.sent[0], &header.bytes(&message));
        }
    });
}

#[test]
fn s8_the_reply_tells_its_ttl() {
    lab(|lab| {
        for ttl in [64, 57, 1] {
            let mut path = Scripted::new(lab, |_, it: &[u8]| vec![reply(B, ttl, it)]);
            let got = pings(lab, &mut path, 3, b"ping", 1500);
            lab.because("It is the TTL in the reply's own header, after all routers on its way.")
                .same("what became of it", got, format!("Reply, ttl {ttl}"));
        }
    });
}

#[test]
fn s8_only_its_own_reply_counts() {
    lab(|lab| {
        let message = |kind, ident, seq| echo(kind, ident, seq, b"ping");
        let from = |src: &str, dst: &str, message: &[u8]| Ip::new(ICMP, src, dst).bytes(message);
        let mut damaged = message(0, IDENT, 5);
        damaged[9] ^= 1;
        let mut of_udp = Ip::new(ICMP, A, B);
        of_udp.proto = UDP;
        let own = request(5, b"ping");
        let own = own.0.bytes(&own.1);
        // Sound in itself, and the beginning of something longer.
        let piece = |message: &[u8]| {
            let header = Ip {
                mf: true,
                ..Ip::new(ICMP, B, A)
            };
            header.bytes(message)
        };
        let others: [(&str, Vec<u8>); 12] = [
            (
                "a reply to another program",
                from(B, A, &message(0, IDENT + 1, 5)),
            ),
            ("a late reply", from(B, A, &message(0, IDENT, 4))),
            (
                "a reply from another host",
                from(ROUTER, A, &message(0, IDENT, 5)),
            ),
            (
                "a reply to another host",
                from(B, "10.0.0.3", &message(0, IDENT, 5)),
            ),
            ("B's own request", from(B, A, &message(8, IDENT, 5))),
            ("a damaged reply", from(B, A, &damaged)),
            ("a piece of a reply", piece(&echo(0, IDENT, 5, b"pingping"))),
            ("a piece of an error", piece(&icmp(3, 1, [0; 4], &own))),
            (
                "a reply to everybody",
                from(B, "255.255.255.255", &message(0, IDENT, 5)),
            ),
            (
                "an error about an earlier one",
                error(
                    ROUTER,
                    3,
                    1,
                    0,
                    &request(4, b"").0.bytes(&echo(8, IDENT, 4, b"")),
                ),
            ),
            (
                "an error about a UDP datagram",
                error(ROUTER, 3, 3, 0, &of_udp.bytes(&own[20..])),
            ),
            ("no datagram", vec![0x45; 12]),
        ];
        for (what, datagram) in &others {
            lab.scene(format!("{what} comes, and nothing else"));
            lab.given("what comes", &hex::rows(datagram));
            let mut path = Scripted::new(lab, |_, _| vec![datagram.clone()]);
            let got = pings(lab, &mut path, 5, b"ping", 1500);
            lab.because(
                "A datagram that comes may be for another program, or a piece. It must be whole, and source, destination, identifier and number must be right.",
            )
            .same("what became of it", got.as_str(), "Lost");
        }
        for (what, datagram) in &others {
            lab.scene(format!("{what} comes, and the reply behind it"));
            let mut path =
                Scripted::new(lab, |_, it: &[u8]| vec![datagram.clone(), reply(B, 61, it)]);
            let got = pings(lab, &mut path, 5, b"ping", 1500);
            lab.because("Other datagrams are ignored, and the wait goes on.")
                .same("what became of it", got.as_str(), "Reply, ttl 61");
        }
        lab.scene("all of them come, and the reply behind them");
        let mut path = Scripted::new(lab, |_, it: &[u8]| {
            let all = others.iter().map(|(_, datagram)| datagram.clone());
            all.chain([reply(B, 61, it)]).collect()
        });
        let got = pings(lab, &mut path, 5, b"ping", 1500);
        lab.because("However many others come, the wait goes on.")
            .same("what became of it", got.as_str(), "Reply, ttl 61");
    });
}

#[test]
fn s8_an_error_is_told() {
    lab(|lab| {
        for (kind, code, mtu, cause) in [
            (3, 0, 0, "NetUnreachable"),
            (3, 1, 0, "HostUnreachable"),
            (3, 4, 1280, "FragmentationNeeded, MTU 1280"),
            (11, 0, 0, "TtlExceeded"),
            (11, 1, 0, "ReassemblyExceeded"),
        ] {
            for data in [4, 4000] {
                lab.scene(format!(
                    "{cause}, about a request with {data} bytes of data or its first piece"
                ));
                let mut path = Scripted::new(lab, |n, it: &[u8]| match n {
                    0 => vec![error(ROUTER, kind, code, mtu, it), reply(B, 60, it)],
                    _ => vec![],
                });
                let got = pings(lab, &mut path, 9, &numbered(data), 1500);
                lab.because(
                    "An error that quotes the request ends the wait, and its source is returned. A router sees only pieces of a long request, and quotes the first.",
                )
                .same(
                    "what became of it",
                    got,
                    format!("Error({ROUTER}, {cause})"),
                );
            }
        }
        for is_backwards in [false, true] {
            lab.scene("an error that comes in pieces, and a reply behind them");
            let mut path = Scripted::new(lab, |_, it: &[u8]| {
                let message = icmp(3, 1, [0; 4], &it[..28]);
                let mut come = pieces(&Ip::new(ICMP, ROUTER, A), &message, 16);
                if is_backwards {
                    come.reverse();
                }
                come.push(reply(B, 60, it));
                come
            });
            let got = pings(lab, &mut path, 9, b"ping", 1500);
            lab.because(
                "A router's error may also be too long for a link on its way. Put the pieces from every source together first.",
            )
            .same(
                "what became of it",
                got,
                format!("Error({ROUTER}, HostUnreachable)"),
            );
        }
    });
}

#[test]
fn s8_a_long_request_goes_in_pieces() {
    lab(|lab| {
        for (size, mtu, count) in [
            (4000, 1500, 3),
            (1472, 1500, 1),
            (1473, 1500, 2),
            (300, 68, 7),
            (4000, 9000, 1),
            (20000, 9000, 3),
            (65507, 65535, 1),
            (65507, 576, 119),
            (65507, 68, 1365),
        ] {
            lab.scene(format!("{size} bytes of data, and a link of {mtu}"));
            let data = numbered(size);
            let (_, message) = request(2, &data);
            let mut path = Scripted::new(lab, |n, _| {
                // When the last piece has come, the reply comes in pieces, the last first.
                let whole = Ip {
                    id: 77,
                    ttl: 50,
                    ..Ip::new(ICMP, B, A)
                };
                if n + 1 < count {
                    return vec![];
                }
                let reply = pieces(&whole, &reply_message(&message), 512);
                reply.into_iter().rev().collect()
            });
            let got = pings(lab, &mut path, 2, &data, mtu);
            let longest = path.sent.iter().map(Vec::len).max().unwrap_or(0);
            lab.because("The host's own link carries no more.").holds(
                longest <= mtu,
                format!("datagrams of at most {mtu} bytes"),
                longest,
            );
            lab.because(
                "Send as many pieces as are needed, each once. The longest message has 65515 bytes.",
            )
            .same("datagrams sent", path.sent.len(), count);
            lab.because("No answer can come before the last piece is sent, so do not wait between the pieces.")
                .same("datagrams sent before the first receive", path.sent_at_first, Some(count));
            match joined(&path.sent) {
                Ok(payload) => lab.because("Together they are the request.").same_bytes(
                    "the message",
                    &payload,
                    &message,
                ),
                Err(wrong) => lab.fails("pieces of one datagram, in their order", wrong),
            }
            lab.because(
                "The number is the identification. Otherwise the pieces of two requests are mixed up.",
            )
            .same_bytes("the identification", &path.sent[0][4..6], &[0, 2]);
            lab.because(
                "A reply that comes in pieces is put together first, in whatever order they come.",
            )
            .same("what became of it", got.as_str(), "Reply, ttl 50");
        }
    });
}

#[test]
fn s8_a_reply_in_pieces_is_one_reply() {
    lab(|lab| {
        for (size, cut) in [(100, 8), (1000, 8), (1000, 512), (65507, 512)] {
            let data = numbered(size);
            let (_, message) = request(2, &data);
            let whole = Ip {
                id: 77,
                ttl: 50,
                ..Ip::new(ICMP, B, A)
            };
            // The first piece took a longer way than the others.
            let mut reply = pieces(
                &Ip {
                    ttl: 60,
                    ..whole.clone()
                },
                &reply_message(&message),
                cut,
            );
            reply[0] = pieces(&whole, &reply_message(&message), cut)[0].clone();
            let count = reply.len();
            let other = Ip {
                id: 78,
                ..whole.clone()
            };
            let strangers = [
                ("nothing", None),
                (
                    "a whole UDP datagram for another program",
                    Some(Ip::new(UDP, ROUTER, A).bytes(b"look at me")),
                ),
                (
                    "a late reply",
                    Some(whole.bytes(&echo(0, IDENT, 1, b"late"))),
                ),
                (
                    "the first piece of another datagram",
                    Some(Ip { mf: true, ..other }.bytes(&numbered(8))),
                ),
                ("bytes that are no datagram", Some(vec![0x45; 12])),
            ];
            for (what, stranger) in strangers {
                for is_backwards in [false, true] {
                    lab.scene(format!(
                        "a reply of {size} bytes in {count} pieces comes, {}, and {what} behind each",
                        if is_backwards { "the last first" } else { "in order" },
                    ));
                    let mut reply = reply.clone();
                    if is_backwards {
                        reply.reverse();
                    }
                    let came = |stranger: &Option<Vec<u8>>| {
                        let each = reply.iter().cloned();
                        each.flat_map(|piece| [Some(piece), stranger.clone()])
                            .flatten()
                            .collect()
                    };
                    let mut path = Scripted::new(lab, |_, _| came(&stranger));
                    let got = pings(lab, &mut path, 2, &data, 65535);
                    lab.because(
                        "The datagrams between the pieces do not affect them, and a Responder has room for all. With the last piece the reply is whole, with the header of the piece at offset 0: its time to live is 50, that of the others 60.",
                    )
                    .same("what became of it", got.as_str(), "Reply, ttl 50");
                }
            }
        }
    });
}

#[test]
fn s8_nothing_else_of_a_reply_is_looked_at() {
    lab(|lab| {
        for (what, header) in other_fields(&Ip::new(ICMP, B, A)) {
            for data in [vec![], b"pong".to_vec(), numbered(1000)] {
                lab.scene(format!(
                    "a reply with {what} and {} bytes of data",
                    data.len()
                ));
                let reply = header.bytes(&echo(0, IDENT, 2, &data));
                let mut path = Scripted::new(lab, |_, _| vec![reply.clone()]);
                let got = pings(lab, &mut path, 2, b"ping", 1500);
                lab.because("Source, identifier and number show that it answers this request. Its data and its other fields are ignored.")
                    .same("what became of it", got, format!("Reply, ttl {}", header.ttl));
            }
        }
    });
}

/// A host at B, and what it does with what comes.
struct At<'a> {
    lab: &'a Lab,
    host: Responder,
}

impl At<'_> {
    fn new(lab: &Lab, mtu: usize) -> At<'_> {
        let host = lab.you(&format!("Responder::new({B}, {mtu})"), || {
            Responder::new(ip(B), mtu)
        });
        At { lab, host }
    }

    fn gets(&mut self, now: Duration, what: &str, datagram: &[u8]) -> Vec<Vec<u8>> {
        self.lab.given(
            "the datagram",
            &hex::rows(&datagram[..datagram.len().min(96)]),
        );
        self.lab.you(&format!("receive({now:?}, {what})"), || {
            self.host.receive(now, datagram)
        })
    }

    /// Demands one answer: an error to A, with this type and code and this quote.
    fn tells(&mut self, what: &str, datagram: &[u8], (kind, code): (u8, u8), quote: &[u8]) {
        let out = self.gets(Duration::ZERO, what, datagram);
        self.lab.same("datagrams sent", out.len(), 1);
        let want = Ip::new(ICMP, B, A).bytes(&icmp(kind, code, [0; 4], quote));
        let ends = out[0].get(12..20).unwrap_or_default();
        self.lab
            .because("An error goes from this host to the sender of the datagram.")
            .same_bytes("source and destination", ends, &want[12..20]);
        self.lab.same_bytes("the error", &out[0], &want);
    }

    fn nothing(&mut self, now: Duration, what: &str, datagram: &[u8]) {
        let out = self.gets(now, what, datagram);
        self.lab.same("datagrams sent", out.len(), 0);
    }
}

/// An echo request from A to B.
fn asks(ident: u16, seq: u16, data: &[u8]) -> Vec<u8> {
    Ip::new(ICMP, A, B).bytes(&echo(8, ident, seq, data))
}

#[test]
fn s8_a_host_answers_echo() {
    lab(|lab| {
        let mut host = At::new(lab, 1500);
        let mut numbers = Vec::new();
        for (ident, seq, data) in [
            (1, 1, b"ping".as_slice()),
            (0xabcd, 2, b""),
            (1, 1, b"ping"),
        ] {
            lab.why("A request is answered with its identifier, its number and its data, each time it comes.");
            let out = host.gets(Duration::ZERO, "an echo request", &asks(ident, seq, data));
            lab.same("datagrams sent", out.len(), 1);
            let number = out[0].get(4..6).unwrap_or_default().to_vec();
            let header = Ip {
                id: u16::from_be_bytes([number[0], number[1]]),
                ..Ip::new(ICMP, B, A)
            };
            lab.same_bytes(
                "the reply",
                &out[0],
                &header.bytes(&echo(0, ident, seq, data)),
            );
            numbers.push(number);
        }
        lab.because("Use Host::send, which counts. If two replies with one identification are cut, their pieces are mixed up.")
            .holds(
                numbers[0] != numbers[1] && numbers[1] != numbers[2],
                "another identification each time",
                format!("{numbers:?}"),
            );
        let mut seen = HashSet::new();
        for n in 1..=1000 {
            let out = host.host.receive(Duration::ZERO, &asks(1, 1, b"ping"));
            lab.same("datagrams sent", out.len(), 1);
            let number = out[0].get(4..6).unwrap_or_default();
            lab.because("Host::send has 65536 identifications, and takes one after the other.")
                .holds(
                    seen.insert(number.to_vec()),
                    format!("an identification for reply {n} of a thousand that none before has"),
                    hex::all(number),
                );
        }
    });
}

#[test]
fn s8_a_host_is_silent_where_it_must_be() {
    lab(|lab| {
        let mut host = At::new(lab, 1500);
        let message = echo(8, 1, 1, b"ping");
        let mut damaged = message.clone();
        damaged[4] ^= 1;
        let mut header = asks(1, 1, b"ping");
        header[8] ^= 1;
        lab.why("Answer only what is for your own address: a request to all, or to a group, would get an answer of every host. Ignore a damaged datagram, too, and one whose source cannot be one host.");
        for (what, datagram) in [
            (
                "a request to another host",
                Ip::new(ICMP, A, "198.51.100.3").bytes(&message),
            ),
            (
                "a request to all",
                Ip::new(ICMP, A, "255.255.255.255").bytes(&message),
            ),
            (
                "a request to a group",
                Ip::new(ICMP, A, "224.0.0.1").bytes(&message),
            ),
            (
                "a request from 0.0.0.0",
                Ip::new(ICMP, "0.0.0.0", B).bytes(&message),
            ),
            (
                "a request from 127.0.0.1",
                Ip::new(ICMP, "127.0.0.1", B).bytes(&message),
            ),
            (
                "UDP from a group",
                Ip::new(UDP, "224.0.0.1", B).bytes(&numbered(16)),
            ),
            (
                "UDP to another host",
                Ip::new(UDP, A, "198.51.100.3").bytes(&numbered(16)),
            ),
            ("a damaged header", header),
            (
                "the beginning of a request",
                asks(1, 1, b"ping")[..24].to_vec(),
            ),
            ("no bytes", vec![]),
        ] {
            host.nothing(Duration::ZERO, what, &datagram);
        }
        lab.why("In protocol 1 only a request is answered: answers to answers would never end.");
        let quote = &asks(1, 1, b"ping")[..28];
        for (what, message) in [
            ("an echo reply", echo(0, 1, 1, b"ping")),
            ("an error", icmp(3, 1, [0; 4], quote)),
            ("a type that nobody knows", icmp(42, 0, [0; 4], b"")),
            ("four bytes", vec![8, 0, 0xf7, 0xff]),
            ("a damaged request", damaged),
        ] {
            host.nothing(Duration::ZERO, what, &Ip::new(ICMP, A, B).bytes(&message));
        }
    });
}

#[test]
fn s8_a_host_says_what_it_does_not_have() {
    lab(|lab| {
        let mut host = At::new(lab, 1500);
        // What icmp_error makes has identification 0, however many replies there were.
        host.gets(Duration::ZERO, "an echo request", &asks(1, 1, b"ping"));
        for (proto, code, why) in [
            (
                UDP,
                3,
                "No program has a port here: port unreachable, type 3, code 3. IP does not look into the payload, so a wrong checksum of UDP changes nothing.",
            ),
            (
                6,
                2,
                "This host does not know the protocol: protocol unreachable, type 3, code 2.",
            ),
            (
                0,
                2,
                "This host does not know the protocol: protocol unreachable, type 3, code 2.",
            ),
            (
                253,
                2,
                "This host does not know the protocol: protocol unreachable, type 3, code 2.",
            ),
        ] {
            let about = Ip::new(proto, A, B).bytes(&numbered(40));
            lab.why(why);
            for time in ["", ", the same again"] {
                let what = format!("protocol {proto}{time}");
                host.tells(&what, &about, (3, code), &about[..28]);
            }
        }
        lab.scene("each protocol, and other fields");
        lab.why(
            "No program has a port, and this host knows only ICMP and UDP. The payload and its checksum belong to the protocol above IP, so they are not checked here. The error is made by icmp_error, with identification 0.",
        );
        let every = (0..=255).filter(|proto| *proto != ICMP);
        let every = every.map(|proto| ("no other field".to_owned(), Ip::new(proto, A, B)));
        let others = [UDP, 6, 253].into_iter();
        let others = others.flat_map(|proto| other_fields(&Ip::new(proto, A, B)));
        for (what, header) in every.chain(others) {
            let proto = header.proto;
            let code = if proto == UDP { 3 } else { 2 };
            // A header of UDP has 8 bytes.
            // Of zeros: ports, a length and a checksum that UDP does not have.
            let payloads = [0, 7, 8, 9].map(|len| [numbered(len), vec![0; len]]);
            for payload in payloads.into_iter().flatten() {
                let len = payload.len();
                let about = header.bytes(&payload);
                let out = host.host.receive(Duration::ZERO, &about);
                let end = 20 + header.options.len() + len.min(8);
                let want = Ip::new(ICMP, B, A).bytes(&icmp(3, code, [0; 4], &about[..end]));
                let what = format!(
                    "about protocol {proto}, {len} bytes, the last of them {}, {what}",
                    payload.last().copied().unwrap_or(0)
                );
                lab.same(&format!("datagrams sent {what}"), out.len(), 1);
                lab.same_bytes(&format!("the error {what}"), &out[0], &want);
            }
        }
        lab.scene("UDP in two pieces");
        for is_backwards in [false, true] {
            let whole = Ip {
                id: 7 + u16::from(is_backwards),
                ..Ip::new(UDP, A, B)
            };
            let mut parts = pieces(&whole, &numbered(40), 24);
            if is_backwards {
                parts.reverse();
            }
            lab.why("Nobody knows yet what it is.");
            host.nothing(Duration::ZERO, "one piece", &parts[0]);
            lab.why(
                "The error is about the whole datagram: More Fragments is clear in what it quotes.",
            );
            let quote = &whole.bytes(&numbered(40))[..28];
            host.tells("the other piece", &parts[1], (3, 3), quote);
        }
    });
}

#[test]
fn s8_a_host_answers_whoever_asks() {
    lab(|lab| {
        for src in ONE_HOST.into_iter().chain([A, B]) {
            for code in [0, 1, 255] {
                for (what, header) in other_fields(&Ip::new(ICMP, src, B)) {
                    lab.scene(format!(
                        "an echo request of code {code} from {src}, with {what}"
                    ));
                    let mut host = At::new(lab, 1500);
                    let request = header.bytes(&icmp(8, code, [0, 7, 0, 1], b"ping"));
                    let out = host.gets(Duration::ZERO, "the request", &request);
                    lab.why("It is whole, for this host, and from one host, even if that is the host itself. An echo request gets an answer, whatever its code and its other fields are.");
                    lab.same("datagrams sent", out.len(), 1);
                    let id = u16::from_be_bytes([out[0][4], out[0][5]]);
                    let want = Ip {
                        id,
                        ..Ip::new(ICMP, B, src)
                    };
                    lab.same_bytes("the reply", &out[0], &want.bytes(&echo(0, 7, 1, b"ping")));
                }
            }
        }
    });
}

#[test]
fn s8_what_is_too_long_for_the_hosts_link_is_cut() {
    lab(|lab| {
        let cut = |what: &str, mtu: usize, out: &[Vec<u8>], message: &[u8]| {
            lab.why(format!(
                "The link carries {mtu} bytes. Everything that the host sends must fit: a reply to a whole request, or an error."
            ));
            let lengths: Vec<usize> = out.iter().map(Vec::len).collect();
            lab.holds(
                lengths.iter().all(|len| *len <= mtu),
                format!("datagrams of at most {mtu} bytes"),
                format!("{lengths:?}"),
            );
            match joined(out) {
                Ok(payload) => lab.same_bytes(what, &payload, message),
                Err(wrong) => lab.fails(format!("pieces of {what}, in their order"), wrong),
            }
        };
        for (size, mtu) in [
            (1400, 576),
            (548, 576),
            (549, 576),
            (40, 68),
            (41, 68),
            (65507, 576),
            (65507, 1500),
        ] {
            lab.scene(format!(
                "a whole request with {size} bytes of data, and a link of {mtu}"
            ));
            let mut host = At::new(lab, mtu);
            let out = host.gets(Duration::ZERO, "the request", &asks(7, 1, &numbered(size)));
            cut("the reply", mtu, &out, &echo(0, 7, 1, &numbered(size)));
        }
        for (proto, code) in [(UDP, 3), (6, 2)] {
            lab.scene(format!(
                "protocol {proto} with 40 bytes of options, and a link of 68"
            ));
            let mut host = At::new(lab, 68);
            let about = Ip {
                options: vec![1; 40],
                ..Ip::new(proto, A, B)
            };
            let about = about.bytes(&numbered(8));
            let out = host.gets(Duration::ZERO, "the datagram", &about);
            cut("the error", 68, &out, &icmp(3, code, [0; 4], &about));
        }
        lab.scene("a first piece with 40 bytes of options, and a link of 68");
        let mut host = At::new(lab, 68);
        let first = Ip {
            options: vec![1; 40],
            mf: true,
            ..Ip::new(UDP, A, B)
        };
        let first = first.bytes(&numbered(8));
        host.nothing(Duration::ZERO, "the first piece", &first);
        let out = host.gets(MINUTE, "no datagram", &[]);
        cut("the error", 68, &out, &icmp(11, 1, [0; 4], &first));
    });
}

#[test]
fn s8_a_host_puts_pieces_together() {
    lab(|lab| {
        for (size, mtu) in [(3000, 1500), (3000, 576), (900, 68)] {
            lab.scene(format!(
                "a request of {size} bytes in pieces, to a host behind a link of {mtu}"
            ));
            let mut host = At::new(lab, mtu);
            let message = echo(8, 7, 1, &numbered(size));
            let mut numbers = Vec::new();
            for id in [1, 2] {
                let whole = Ip {
                    id,
                    df: id == 2,
                    ..Ip::new(ICMP, A, B)
                };
                let mut parts = pieces(&whole, &message, 256);
                parts.rotate_left(2);
                let last = parts.pop().expect("a piece");
                lab.why("Before the last piece the datagram is not whole. A copy changes nothing.");
                for (n, piece) in parts.iter().enumerate() {
                    host.nothing(Duration::ZERO, &format!("piece {n}"), piece);
                    host.nothing(Duration::ZERO, &format!("piece {n} again"), piece);
                }
                let other = Ip {
                    id: 9,
                    mf: true,
                    ..Ip::new(UDP, "10.0.0.3", B)
                };
                lab.why("Another datagram does not change these pieces, whether it is discarded or whole.");
                for (what, payload) in [
                    ("a piece of 3 bytes, and another follows", &b"bad"[..]),
                    ("a first piece", b"12345678"),
                    ("the same with other bytes", b"abcdefgh"),
                ] {
                    host.nothing(Duration::ZERO, what, &other.bytes(payload));
                }
                let ping = Ip::new(ICMP, "10.0.0.3", B).bytes(&echo(8, 9, 9, b""));
                let out = host.gets(Duration::ZERO, "a short request of another host", &ping);
                lab.same("datagrams sent", out.len(), 1);
                let out = host.gets(Duration::ZERO, "the last piece to come", &last);
                let longest = out.iter().map(Vec::len).max().unwrap_or(0);
                lab.because("A datagram too long for the host's link goes out in pieces.")
                    .holds(
                        longest <= mtu,
                        format!("datagrams of at most {mtu} bytes"),
                        longest,
                    );
                match joined(&out) {
                    Ok(payload) => lab.because("Together they are the reply.").same_bytes(
                        "the message",
                        &payload,
                        &echo(0, 7, 1, &numbered(size)),
                    ),
                    Err(wrong) => lab.fails("the pieces of one reply, in their order", wrong),
                }
                numbers.push(out[0][4..6].to_vec());
            }
            lab.because("The pieces of two replies may meet on the way: each reply needs a number of its own.")
                .holds(
                    numbers[0] != numbers[1],
                    "another identification for the second reply",
                    format!("{numbers:?}"),
                );
        }
    });
}

#[test]
fn s8_a_host_gives_up_after_a_minute() {
    lab(|lab| {
        let piece = |id, offset, dst: &str| {
            let piece = Ip {
                id,
                offset,
                mf: true,
                ..Ip::new(ICMP, A, dst)
            };
            piece.bytes(&echo(8, 7, 1, &numbered(8)))
        };
        let first = piece(1, 0, B);
        // A clock does not begin when a host does.
        let begin = Duration::from_secs(10);
        let end = begin + MINUTE;
        let nearly = end - Duration::from_nanos(1);
        let mut host = At::new(lab, 1500);
        lab.why("Pieces are kept for a minute.");
        host.nothing(begin, "a first piece", &first);
        host.nothing(begin, "a later piece of another datagram", &piece(2, 2, B));
        host.nothing(nearly, "no datagram", &[]);
        lab.why("When the time is over, the source of the first piece is told, type 11, code 1. Without a first piece no error is sent.");
        let got = host.gets(end, "no datagram", &[]);
        lab.same("datagrams sent", got.len(), 1);
        let want = Ip::new(ICMP, B, A).bytes(&icmp(11, 1, [0; 4], &first[..28]));
        lab.same_bytes("the error", &got[0], &want);
        lab.why("It is told once.");
        host.nothing(end + MINUTE, "no datagram", &[]);

        let other = Ip::new(ICMP, "10.0.0.3", B).bytes(&echo(8, 1, 1, b"ping"));
        for came in [vec![], asks(1, 1, b"ping"), other] {
            lab.scene("the time of five datagrams is over, now or long ago");
            let mut host = At::new(lab, 1500);
            lab.why("Pieces are kept for a minute.");
            for id in 1..=5 {
                let now = begin + Duration::from_secs(u64::from(id) % 2);
                host.nothing(
                    now,
                    &format!("a first piece of datagram {id}"),
                    &piece(id, 0, B),
                );
            }
            let out = host.gets(end + MINUTE, "what comes next", &came);
            let mut about: Vec<u8> = out
                .iter()
                .filter(|it| it[20] == 11)
                .map(|it| it[33])
                .collect();
            about.sort();
            lab.because("The source of each is told, whatever comes: here five errors, each with its own quote.")
                .same("identifications that are quoted", about, vec![1, 2, 3, 4, 5]);
        }

        lab.scene("the missing piece comes when the time is over");
        let mut host = At::new(lab, 1500);
        let parts = pieces(&Ip::new(ICMP, A, B), &echo(8, 7, 1, &numbered(8)), 8);
        lab.why("Pieces are kept for a minute.");
        host.nothing(begin, "the first of two pieces of a request", &parts[0]);
        for (n, kind, why) in [
            (
                1,
                11,
                "First the expired datagrams are given up, and then the piece starts its datagram again.",
            ),
            (0, 0, "With this piece the new datagram is whole."),
        ] {
            let out = host.gets(end, &format!("piece {n}"), &parts[n]);
            lab.because(why).same(
                "types of the messages",
                out.iter().map(|d| d.get(20).copied()).collect::<Vec<_>>(),
                vec![Some(kind)],
            );
        }

        lab.scene("what is for somebody else");
        let mut host = At::new(lab, 1500);
        lab.why(
            "Nothing of a datagram for another host is kept: a stranger could fill the table with it.",
        );
        host.nothing(
            begin,
            "a first piece for 198.51.100.3",
            &piece(1, 0, "198.51.100.3"),
        );
        host.nothing(end, "no datagram", &[]);
        lab.scene("an error comes before the answer");
        let mut host = At::new(lab, 1500);
        host.nothing(begin, "a first piece", &first);
        let out = host.gets(end, "an echo request", &asks(1, 1, b"ping"));
        lab.because("First the expired datagrams, then the one that came.")
            .same(
                "types of the messages",
                out.iter().map(|d| d.get(20).copied()).collect::<Vec<_>>(),
                vec![Some(11), Some(0)],
            );
    });
}

#[test]
fn s8_what_a_host_keeps_has_an_end() {
    lab(|lab| {
        let piece = |src, id| {
            let piece = Ip {
                id,
                offset: 1,
                mf: true,
                ..Ip::new(UDP, src, B)
            };
            piece.bytes(&numbered(1480))
        };
        for (src, strangers, size, answers) in [
            (A, 173, 1480, 1),
            (A, 174, 1480, 0),
            ("0.0.0.1", 174, 1480, 1),
            (A, 173, 2596, 1),
            (A, 173, 2597, 0),
        ] {
            lab.scene(format!(
                "{strangers} pieces of 1480 bytes have come from {src}, and then a request of {size} in two"
            ));
            let mut host = At::new(lab, 1500);
            for id in 0..strangers {
                lab.you("receive(0ns, a piece of another datagram)", || {
                    host.host.receive(Duration::ZERO, &piece(src, id))
                });
            }
            let message = echo(8, 7, 1, &numbered(size));
            let whole = Ip {
                id: 1000,
                ..Ip::new(ICMP, A, B)
            };
            let parts = pieces(&whole, &message, 1480);
            lab.you("receive(0ns, the first piece of a request)", || {
                host.host.receive(Duration::ZERO, &parts[0])
            });
            let out = host.gets(Duration::ZERO, "the second piece", &parts[1]);
            let is_answered = usize::from(!out.is_empty());
            lab.because("Each piece counts as its payload and 20 bytes, and all pieces together at most 262144. The earlier pieces stay. Nothing is kept from a source that cannot be one host.")
                .same("requests answered", is_answered, answers);
            let oldest = |offset, mf, payload: &[u8]| {
                let piece = Ip {
                    offset,
                    mf,
                    ..Ip::new(UDP, src, B)
                };
                piece.bytes(payload)
            };
            lab.why("Another piece is missing.");
            host.nothing(
                Duration::ZERO,
                "the piece at offset 0 of the oldest datagram",
                &oldest(0, true, b"12345678"),
            );
            let end = oldest(186, false, b"end");
            let out = host.gets(
                Duration::ZERO,
                "the last piece of the oldest datagram",
                &end,
            );
            lab.because("The pieces that came before the room was full are kept, if they came from one host. The datagram is whole, and gets its error.")
                .same("datagrams sent", out.len(), usize::from(src == A));
        }
    });
}

fn has_lines(lab: &Lab, end: &End, lines: &[String]) {
    let got: Vec<&str> = end.stdout.lines().map(str::trim).collect();
    let want: Vec<&str> = lines.iter().map(String::as_str).collect();
    lab.same("the lines on standard output", got, want);
}

fn host_of(dice: &mut Dice) -> String {
    let mut byte = || 1 + dice.below(250) as u8;
    Ipv4Addr::new(198, byte(), byte(), byte()).to_string()
}

#[test]
fn s8_program_pings() {
    lab(|lab| {
        lab.why("The program prints what ping says, number by number.");
        for seed in lab.seeds(2) {
            let mut dice = Dice::new(seed);
            let (to, router) = (host_of(&mut dice), host_of(&mut dice));
            let (size, ttl) = (dice.below(1400), 1 + dice.below(254) as u8);
            let args = ["ping", &to, "-c", "3", "-s", &size.to_string()];
            let (sent, end) = runs(lab, &args, |n, request| match n {
                0 => vec![reply(&to, ttl, request)],
                1 => vec![],
                _ => vec![error(&router, 3, 1, 0, request)],
            });
            lab.same("datagrams sent", sent.len(), 3);
            let ident = u16::from_be_bytes([sent[0][24], sent[0][25]]);
            for (seq, got) in (0..).zip(&sent) {
                let header = Ip {
                    id: seq,
                    ..Ip::new(ICMP, A, &to)
                };
                let data: Vec<u8> = (0..size).map(|at| at as u8).collect();
                let want = header.bytes(&echo(8, ident, seq, &data));
                lab.same_bytes("the request", got, &want);
            }
            let lines = [
                format!("seq 0: reply from {to}, ttl {ttl}"),
                "seq 1: no answer".to_owned(),
                format!("seq 2: {router} says: host unreachable"),
                "3 sent, 1 answered".to_owned(),
            ];
            has_lines(lab, &end, &lines);
            lab.same("exit code", end.code, Some(0));
        }
    });
}

#[test]
fn s8_program_reaches_nobody() {
    lab(|lab| {
        lab.why("If no reply comes, the exit code is 1.");
        for seed in lab.seeds(2) {
            let to = host_of(&mut Dice::new(seed));
            let (_, end) = runs(lab, &["ping", &to, "-c", "2"], |_, request| {
                // Another host's reply is none.
                vec![reply("198.51.100.77", 64, request)]
            });
            has_lines(
                lab,
                &end,
                &["seq 0: no answer", "seq 1: no answer", "2 sent, 0 answered"].map(str::to_owned),
            );
            lab.same("exit code", end.code, Some(1));
        }
    });
}

#[test]
fn s8_program_pings_in_pieces() {
    lab(|lab| {
        for seed in lab.seeds(3) {
            let mut dice = Dice::new(seed);
            let to = host_of(&mut dice);
            let (size, mtu) = (2000 + dice.below(6000), 300 + dice.below(1200));
            let data: Vec<u8> = (0..size).map(|at| at as u8).collect();
            let mut came: Vec<Vec<u8>> = Vec::new();
            let [size, mtu_text] = [size, mtu].map(|n| n.to_string());
            let args = ["ping", &to, "-c", "1", "-s", &size, "--mtu", &mtu_text];
            let (sent, end) = runs(lab, &args, |_, piece| {
                came.push(piece.to_vec());
                let is_last = piece[6] & 0x20 == 0;
                let Some(message) = joined(&came).ok().filter(|_| is_last) else {
                    return vec![];
                };
                let whole = Ip {
                    id: 9,
                    ttl: 44,
                    ..Ip::new(ICMP, &to, A)
                };
                // Not more of them than a socket keeps.
                let reply = pieces(&whole, &reply_message(&message), 8 * (16 + dice.below(160)));
                reply.into_iter().rev().collect()
            });
            let longest = sent.iter().map(Vec::len).max().unwrap_or(0);
            lab.because("The host's own link carries no more.").holds(
                longest <= mtu,
                format!("datagrams of at most {mtu} bytes"),
                longest,
            );
            let message =
                joined(&sent).unwrap_or_else(|wrong| lab.fails("pieces, in order", wrong));
            let ident = u16::from_be_bytes([message[4], message[5]]);
            lab.because("Together the pieces are one request.")
                .same_bytes("the message", &message, &echo(8, ident, 0, &data));
            lab.why("The reply's pieces come the last first.");
            let lines = [
                format!("seq 0: reply from {to}, ttl 44"),
                "1 sent, 1 answered".to_owned(),
            ];
            has_lines(lab, &end, &lines);
        }
    });
}

#[test]
fn s8_program_lists_the_routers() {
    lab(|lab| {
        for seed in lab.seeds(3) {
            let way = Way::drawn(seed);
            lab.given("the way", &format!("{way:#?}"));
            let to = way.to.to_string();
            let (_, end) = runs(lab, &["traceroute", &to], |_, probe| way.answers(probe));
            let hop = |n: usize| match &way.routers.get(n) {
                Some(_) if way.silent == Some(n) => "*".to_owned(),
                Some(router) => router.to_string(),
                None => format!("{to}, reached"),
            };
            let lines: Vec<String> = (0..=way.routers.len())
                .map(|n| format!("{}  {}", n + 1, hop(n)))
                .collect();
            lab.why("Each router sends an error when a probe's time to live ends there. One of them never does.");
            has_lines(lab, &end, &lines);
            lab.same("exit code", end.code, Some(0));
        }
        lab.scene("a router that has no route");
        let (_, end) = runs(lab, &["traceroute", B], |n, probe| {
            let code = [(11, 0), (3, 0)][n.min(1)];
            vec![error(ROUTER, code.0, code.1, 0, probe)]
        });
        lab.why("The router that says that it cannot be reached ends the list.");
        let lines = [
            format!("1  {ROUTER}"),
            format!("2  {ROUTER} says: network unreachable"),
        ];
        has_lines(lab, &end, &lines);
        lab.same("exit code", end.code, Some(1));
    });
}

#[test]
fn s8_program_finds_the_mtu() {
    lab(|lab| {
        for seed in lab.seeds(3) {
            let way = Way::drawn(seed);
            lab.given("the way", &format!("{way:#?}"));
            let to = way.to.to_string();
            let (_, end) = runs(lab, &["mtu", &to], |_, probe| way.answers(probe));
            let narrowest = way.mtus.iter().min().expect("a router");
            lab.why(
                "The narrowest link decides. One router drops what is too long and says nothing.",
            );
            has_lines(
                lab,
                &end,
                &[format!("{narrowest} bytes get through to {to}")],
            );
            lab.same("exit code", end.code, Some(0));
        }
        lab.scene("a network in which everything is lost");
        let (_, end) = runs(lab, &["mtu", B, "--mtu", "80"], |_, _| vec![]);
        has_lines(lab, &end, &[format!("nothing gets through to {B}")]);
        lab.same("exit code", end.code, Some(1));
    });
}

#[test]
fn s8_program_is_a_host() {
    lab(|lab| {
        for seed in lab.seeds(2) {
            let mut dice = Dice::new(seed);
            let addr = host_of(&mut dice);
            let host = far::Host::starts(lab, &addr, "1500");
            let message = echo(8, dice.below(65536) as u16, 3, &numbered(dice.below(900)));
            lab.why("A host answers pings.");
            let out = host.answers(&Ip::new(ICMP, A, &addr).bytes(&message));
            lab.same("datagrams sent", out.len(), 1);
            lab.same_bytes("the reply", &out[0][20..], &reply_message(&message));
            lab.why("To nobody else's.");
            let other = Ip::new(ICMP, A, "198.51.100.77").bytes(&message);
            lab.same("datagrams sent", host.answers(&other).len(), 0);
            lab.why("It has no program, and says so: no port, no protocol.");
            for (proto, code) in [(UDP, 3), (2 + dice.below(4) as u8, 2)] {
                let about = Ip::new(proto, A, &addr).bytes(&numbered(30));
                let out = host.answers(&about);
                lab.same("datagrams sent", out.len(), 1);
                let want = icmp(3, code, [0; 4], &about[..28]);
                lab.same_bytes("the error", &out[0][20..], &want);
            }
            host.ends();
        }
    });
}

#[test]
fn s8_program_host_puts_pieces_together() {
    lab(|lab| {
        for seed in lab.seeds(3) {
            let mut dice = Dice::new(seed);
            let addr = host_of(&mut dice);
            let mtu = 300 + dice.below(1200);
            let host = far::Host::starts(lab, &addr, &mtu.to_string());
            let message = echo(8, 7, 1, &numbered(1000 + dice.below(3000)));
            let mut storm = |id| {
                let whole = Ip {
                    id,
                    ..Ip::new(ICMP, A, &addr)
                };
                let mut parts = pieces(&whole, &message, 8 * (10 + dice.below(50)));
                for _ in 0..8 {
                    let (a, b) = (dice.below(parts.len()), dice.below(parts.len()));
                    parts.swap(a, b);
                }
                parts
            };
            lab.scene("pieces in another order, one of them twice");
            let mut parts = storm(1);
            parts.insert(1, parts[0].clone());
            let mut out: Vec<Vec<u8>> =
                parts.iter().flat_map(|piece| host.answers(piece)).collect();
            lab.because(
                "All are here: the request is answered, in pieces that fit the host's link.",
            )
            .holds(
                !out.is_empty() && out.iter().all(|piece| piece.len() <= mtu),
                format!("a reply in datagrams of at most {mtu} bytes"),
                format!("{:?}", out.iter().map(Vec::len).collect::<Vec<_>>()),
            );
            out.sort_by_key(|piece| u16::from_be_bytes([piece[6], piece[7]]) & 0x1fff);
            let got =
                joined(&out).unwrap_or_else(|wrong| lab.fails("the pieces of one reply", wrong));
            lab.same_bytes("the reply", &got, &reply_message(&message));

            lab.scene("one of the pieces comes with other bytes first");
            let mut parts = storm(2);
            let mut forged = parts[1].clone();
            *forged.last_mut().expect("a payload") ^= 1;
            parts.insert(0, forged);
            let out: Vec<Vec<u8>> = parts.iter().flat_map(|piece| host.answers(piece)).collect();
            lab.because("If two pieces claim the same bytes, all pieces are discarded, and the rest is not whole.")
                .same("datagrams sent", out.len(), 0);

            lab.scene("a piece is missing");
            let mut parts = storm(3);
            parts.pop();
            let out: Vec<Vec<u8>> = parts.iter().flat_map(|piece| host.answers(piece)).collect();
            lab.because("There is a hole.")
                .same("datagrams sent", out.len(), 0);
            host.ends();
        }
    });
}

#[test]
fn s8_program_has_an_internet() {
    lab(|lab| {
        let run = |line: &str| {
            let args: Vec<&str> = line.split(' ').collect();
            lab.program(PROGRAM, &args).exits()
        };
        let says = |line: &str, code: i32, want: &[&str]| {
            let end = run(line);
            has_lines(
                lab,
                &end,
                &want.iter().map(ToString::to_string).collect::<Vec<_>>(),
            );
            lab.same("exit code", end.code, Some(code));
        };
        lab.why("The program's own internet is made of your routers and hosts: three routers in a row, and a link of 576 bytes between the second and the third.");
        says(
            "traceroute 10.3.0.2",
            0,
            &[
                "1  10.0.0.1",
                "2  10.1.0.2",
                "3  10.2.0.2",
                "4  10.3.0.2, reached",
            ],
        );
        says("mtu 10.3.0.2", 0, &["576 bytes get through to 10.3.0.2"]);
        says("mtu 10.4.0.2", 0, &["1500 bytes get through to 10.4.0.2"]);
        says(
            "ping 10.3.0.2 -c 2 -s 3000",
            0,
            &[
                "seq 0: reply from 10.3.0.2, ttl 61",
                "seq 1: reply from 10.3.0.2, ttl 61",
                "2 sent, 2 answered",
            ],
        );
        says(
            "ping 192.0.2.1 -c 1",
            1,
            &[
                "seq 0: 10.0.0.1 says: network unreachable",
                "1 sent, 0 answered",
            ],
        );
        lab.why("R1 sends it to R2, and R2 sends it back. Each lowers the time to live, so it ends: R1 gets it with 64, 62 and so on, R2 with 63, 61, and the last with 1.");
        says(
            "ping 10.66.0.1 -c 1",
            1,
            &[
                "seq 0: 10.1.0.2 says: time to live exceeded",
                "1 sent, 0 answered",
            ],
        );
    });
}
