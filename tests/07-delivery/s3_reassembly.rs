//! Step 3: the pieces come together.

use std::time::Duration;

use delivery::{Limits, Outcome, Reassembly};
use netlab::{Lab, hex, lab};

use super::wire::{ICMP, Ip, UDP, ip, numbered, other_fields, padded, unsound};
use super::words;

const A: &str = "10.0.0.1";
const B: &str = "10.0.0.2";
const MINUTE: Duration = Duration::from_secs(60);
const ROOM: usize = 1 << 20;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn reassembly(lab: &Lab, timeout: Duration, bytes: usize) -> Reassembly {
    let what = format!("Reassembly::new({timeout:?}, {bytes} bytes)");
    lab.you(&what, || Reassembly::new(Limits { timeout, bytes }))
}

/// What becomes of a datagram, in words, and the whole if it is one.
fn push(
    lab: &Lab,
    r: &mut Reassembly,
    now: Duration,
    what: &str,
    datagram: &[u8],
) -> (String, Vec<u8>) {
    let call = format!("push({now:?}, {what})");
    let outcome = lab.you(&call, || r.push(now, datagram));
    let words = words::outcome(&outcome);
    match outcome {
        Outcome::Whole(bytes) => (words, bytes),
        _ => (words, Vec::new()),
    }
}

/// Demands what becomes of a piece at second 0.
fn becomes(lab: &Lab, r: &mut Reassembly, part: (&Ip, usize, &[u8], bool), want: &str) -> Vec<u8> {
    becomes_at(lab, r, seconds(0), part, want)
}

fn becomes_at(
    lab: &Lab,
    r: &mut Reassembly,
    now: Duration,
    (header, at, bytes, mf): (&Ip, usize, &[u8], bool),
    want: &str,
) -> Vec<u8> {
    let (what, datagram) = piece(header, at, bytes, mf);
    let (got, whole) = push(lab, r, now, &what, &datagram);
    lab.same(&format!("what becomes of {what}"), got.as_str(), want);
    whole
}

fn expire(lab: &Lab, r: &mut Reassembly, now: Duration) -> Vec<Vec<u8>> {
    lab.you(&format!("expire({now:?})"), || r.expire(now))
}

fn piece(header: &Ip, at: usize, bytes: &[u8], mf: bool) -> (String, Vec<u8>) {
    let more = if mf { "" } else { ", the last" };
    let of = match header.id {
        ID => String::new(),
        id => format!(" of datagram {id:#x}"),
    };
    let what = format!("bytes {at} to {}{of}{more}", at + bytes.len());
    let header = Ip {
        offset: (at / 8) as u16,
        mf,
        ..header.clone()
    };
    (what, header.bytes(bytes))
}

/// Where a piece begins, its payload, and More Fragments.
type Part<'a> = (usize, &'a [u8], bool);

const ID: u16 = 0x1234;

fn header() -> Ip {
    Ip {
        id: ID,
        ..Ip::new(UDP, A, B)
    }
}

#[test]
fn s3_what_is_no_piece_is_whole() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, 0);
        for header in [
            header(),
            Ip {
                reserved: true,
                df: true,
                tos: 3,
                options: vec![1; 4],
                ..Ip::new(ICMP, B, A)
            },
        ] {
            // As many bytes as a Total Length can say.
            let most = numbered(65515 - header.options.len());
            for payload in [&b"hello"[..], b"", &most] {
                let datagram = header.bytes(payload);
                let what = format!(
                    "a datagram with {} of payload, padded",
                    hex::count(payload.len())
                );
                let (_, got) = push(lab, &mut r, seconds(0), &what, &padded(&datagram));
                lab.because("Offset 0 and no More Fragments: nothing is missing. It is returned up to its Total Length, and needs no room.")
                    .same_bytes("the datagram", &got, &datagram);
            }
        }
        lab.scene("beside pieces with the same identification");
        let mut r = reassembly(lab, MINUTE, ROOM);
        lab.why(
            "A whole datagram does not affect pieces, whatever its identification is. They stay.",
        );
        becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
        becomes(
            lab,
            &mut r,
            (&header(), 0, b"whole", false),
            "Whole(25 bytes)",
        );
        let whole = becomes(lab, &mut r, (&header(), 8, b"b", false), "Whole(29 bytes)");
        lab.same_bytes("the whole", &whole, &header().bytes(b"aaaaaaaab"));
    });
}

#[test]
fn s3_two_pieces_make_a_whole() {
    lab(|lab| {
        for (payload, options) in [
            (b"12345678abc".as_slice(), vec![]),
            (b"ABCDEFGHIJKLMNOPq", vec![0x07, 3, 4, 0]),
        ] {
            let header = Ip {
                tos: 0x28,
                ttl: 7,
                df: options.is_empty(),
                options,
                ..header()
            };
            let mut r = reassembly(lab, MINUTE, ROOM);
            let cut = payload.len() / 8 * 8;
            lab.why("Another piece is missing.");
            becomes(lab, &mut r, (&header, 0, &payload[..cut], true), "Waiting");
            lab.why("It was the last that was missing.");
            let later = Ip {
                options: vec![],
                ttl: 9,
                tos: 0,
                ..header.clone()
            };
            let (what, last) = piece(&later, cut, &payload[cut..], false);
            let (_, whole) = push(lab, &mut r, seconds(1), &what, &last);
            lab.because(
                "The whole has the header of the piece at offset 0, Don't Fragment too, with More Fragments clear, its own \
                 Total Length, and a checksum that fits that.",
            )
            .same_bytes("the whole", &whole, &header.bytes(payload));
            lab.because("What is whole is no longer kept.")
                .same("bytes()", r.bytes(), 0);
            lab.because("What is whole is no longer kept.").same(
                "next_expiry()",
                r.next_expiry(),
                None,
            );
        }
    });
}

#[test]
fn s3_any_order() {
    lab(|lab| {
        let payload = numbered(29);
        let parts = [(0, 8), (8, 16), (16, 24), (24, 29)];
        for a in 0..4 {
            for b in (0..4).filter(|b| *b != a) {
                for c in (0..4).filter(|c| *c != a && *c != b) {
                    let order = [a, b, c, 6 - a - b - c];
                    lab.scene(format!("four pieces, in the order {order:?}"));
                    let mut r = reassembly(lab, MINUTE, ROOM);
                    for (n, part) in order.into_iter().enumerate() {
                        let (begin, end) = parts[part];
                        lab.why("It is whole when the last missing piece comes, whichever that is, and no earlier.");
                        let want = if n < 3 { "Waiting" } else { "Whole(49 bytes)" };
                        let whole = becomes(
                            lab,
                            &mut r,
                            (&header(), begin, &payload[begin..end], part < 3),
                            want,
                        );
                        if n == 3 {
                            lab.because("Each payload belongs where its offset says.")
                                .same_bytes("the whole", &whole, &header().bytes(&payload));
                        }
                    }
                }
            }
        }
    });
}

#[test]
fn s3_source_destination_protocol_and_id_tell_what_belongs_together() {
    lab(|lab| {
        let others = [
            (
                "another source",
                Ip {
                    src: ip("10.0.0.3"),
                    ..header()
                },
            ),
            (
                "another destination",
                Ip {
                    dst: ip("10.0.0.3"),
                    ..header()
                },
            ),
            (
                "another protocol",
                Ip {
                    proto: ICMP,
                    ..header()
                },
            ),
            (
                "another identification",
                Ip {
                    id: 0x1235,
                    ..header()
                },
            ),
            (
                "the way back",
                Ip {
                    src: ip(B),
                    dst: ip(A),
                    ..header()
                },
            ),
            (
                "an identification with the same low byte",
                Ip {
                    id: 0x0034,
                    ..header()
                },
            ),
        ];
        for (what, other) in others {
            lab.scene(what);
            let mut r = reassembly(lab, MINUTE, ROOM);
            lab.why(format!(
                "{what}: pieces of two datagrams. They must not be glued together."
            ));
            becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
            becomes(lab, &mut r, (&other, 8, b"zz", false), "Waiting");
            becomes(
                lab,
                &mut r,
                (&other, 0, b"yyyyyyyy", true),
                "Whole(30 bytes)",
            );
            let whole = becomes(lab, &mut r, (&header(), 8, b"bb", false), "Whole(30 bytes)");
            lab.same_bytes("the first datagram", &whole, &header().bytes(b"aaaaaaaabb"));
        }
        lab.scene("everything else differs");
        let mut r = reassembly(lab, MINUTE, ROOM);
        lab.why(
            "TOS, TTL and Don't Fragment may differ from piece to piece: they took different ways.",
        );
        becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
        let other = Ip {
            tos: 1,
            ttl: 1,
            df: true,
            ..header()
        };
        becomes(lab, &mut r, (&other, 8, b"bb", false), "Whole(30 bytes)");
    });
}

#[test]
fn s3_a_repeated_piece_changes_nothing() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, ROOM);
        lab.why("Networks repeat packets. An exact copy is ignored, and the earlier pieces stay.");
        for _ in 0..3 {
            becomes(lab, &mut r, (&header(), 8, b"bbbbbbbb", true), "Waiting");
        }
        for _ in 0..2 {
            becomes(lab, &mut r, (&header(), 16, b"cc", false), "Waiting");
        }
        lab.because("The copies are not kept: two pieces of 8 and 2 bytes, and 20 for each.")
            .same("bytes()", r.bytes(), 50);
        becomes(lab, &mut r, (&header(), 8, b"bbbbbbbb", true), "Waiting");
        let whole = becomes(
            lab,
            &mut r,
            (&header(), 0, b"aaaaaaaa", true),
            "Whole(38 bytes)",
        );
        lab.same_bytes("the whole", &whole, &header().bytes(b"aaaaaaaabbbbbbbbcc"));
    });
}

#[test]
fn s3_a_copy_does_not_need_room() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, 28);
        lab.why("It has 8 bytes, counts for 20 more, and there is room for 28.");
        becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
        lab.why("It is ignored before the room is checked.");
        becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
    });
}

#[test]
fn s3_overlap_is_the_end_of_all() {
    lab(|lab| {
        let base: (usize, &[u8], bool) = (8, b"bbbbbbbbcccccccc", true);
        let cases: [(&str, usize, &[u8], bool); 11] = [
            (
                "the same place, another last byte",
                8,
                b"bbbbbbbbcccccccX",
                true,
            ),
            (
                "the same place, another first byte",
                8,
                b"Xbbbbbbbcccccccc",
                true,
            ),
            (
                "the same place, a byte in between",
                8,
                b"bbbbbbbbXccccccc",
                true,
            ),
            (
                "the same bytes, but the last",
                8,
                b"bbbbbbbbcccccccc",
                false,
            ),
            ("its beginning", 8, b"bbbbbbbb", true),
            ("its end", 16, b"cccccccc", true),
            ("its last byte, and more", 16, b"ccccccccdddddddd", true),
            ("from before it, into it", 0, b"aaaaaaaabbbbbbbb", true),
            ("from before it, to behind it", 0, &[b'x'; 40], true),
            ("from its beginning, to behind it", 8, &[b'x'; 24], true),
            ("its beginning, as the last", 8, b"bb", false),
        ];
        for (what, at, bytes, mf) in cases {
            lab.scene(what);
            let mut r = reassembly(lab, MINUTE, ROOM);
            lab.why(
                "Two pieces claim the same bytes. A filter on the way may have seen only one of them, so the whole datagram is discarded (RFC 5722 for IPv6; RFC 1858 shows the attack). Only a piece with the same place, More Fragments and payload is a copy. Check this before the end of the datagram.",
            );
            becomes(lab, &mut r, (&header(), base.0, base.1, base.2), "Waiting");
            becomes(
                lab,
                &mut r,
                (&header(), at, bytes, mf),
                "Discarded: Overlap",
            );
            lab.because("All pieces are forgotten, including the one that came.")
                .same("bytes()", r.bytes(), 0);
            lab.because("Its time is forgotten with it.").same(
                "next_expiry()",
                r.next_expiry(),
                None,
            );
            lab.why("The datagram starts again: its pieces have been forgotten.");
            becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
            becomes(lab, &mut r, (&header(), 24, b"d", false), "Waiting");
            becomes(
                lab,
                &mut r,
                (&header(), base.0, base.1, base.2),
                "Whole(45 bytes)",
            );
        }
    });
}

#[test]
fn s3_pieces_that_only_touch_do_not_overlap() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, ROOM);
        lab.why("The end of one is the beginning of the next: no byte is there twice.");
        becomes(lab, &mut r, (&header(), 8, b"bbbbbbbb", true), "Waiting");
        becomes(lab, &mut r, (&header(), 16, b"cccccccc", true), "Waiting");
        becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
        becomes(lab, &mut r, (&header(), 24, b"d", false), "Whole(45 bytes)");
    });
}

#[test]
fn s3_other_datagrams_stay_when_one_is_discarded() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, ROOM);
        let other = Ip { id: 9, ..header() };
        lab.why("Two datagrams, and in the second one an overlap.");
        becomes(lab, &mut r, (&other, 0, b"aaaaaaaa", true), "Waiting");
        becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
        becomes(
            lab,
            &mut r,
            (&header(), 0, b"AAAAAAAA", true),
            "Discarded: Overlap",
        );
        lab.why("The overlap was in another datagram.");
        becomes(lab, &mut r, (&other, 8, b"b", false), "Whole(29 bytes)");
    });
}

#[test]
fn s3_two_ends_contradict_each_other() {
    lab(|lab| {
        let cases: [(&str, Part, Part); 6] = [
            (
                "a piece behind the end",
                (8, b"bb", false),
                (16, b"cccccccc", true),
            ),
            (
                "a second end, behind the first",
                (8, b"bbbbbbbb", false),
                (16, b"c", false),
            ),
            (
                "a second end, before the first",
                (16, b"c", false),
                (8, b"b", false),
            ),
            (
                "an end before a piece that is here",
                (16, b"cccccccc", true),
                (8, b"bb", false),
            ),
            (
                "an end where a piece begins that is here",
                (16, b"cccccccc", true),
                (8, b"bbbbbbbb", false),
            ),
            (
                "an end before a long piece that is here",
                (16, &[b'c'; 800], true),
                (8, b"bbbbbbbb", false),
            ),
        ];
        for (what, first, second) in cases {
            lab.scene(what);
            let mut r = reassembly(lab, MINUTE, ROOM);
            lab.why("Another piece is missing.");
            let first_part = (&header(), first.0, first.1, first.2);
            becomes(lab, &mut r, first_part, "Waiting");
            lab.why("A piece without More Fragments says where the datagram ends, and there is one end.");
            becomes(
                lab,
                &mut r,
                (&header(), second.0, second.1, second.2),
                "Discarded: End",
            );
            lab.because("All pieces are forgotten, including the one that came.")
                .same("bytes()", r.bytes(), 0);
            lab.because("Its time is forgotten with it.").same(
                "next_expiry()",
                r.next_expiry(),
                None,
            );
            lab.why("The datagram starts again: its pieces and its end have been forgotten.");
            becomes(lab, &mut r, (&header(), 1600, b"y", false), "Waiting");
            let rest = [b'x'; 1600];
            let whole = becomes(
                lab,
                &mut r,
                (&header(), 0, &rest, true),
                "Whole(1621 bytes)",
            );
            lab.same_bytes(
                "the whole",
                &whole,
                &header().bytes(&[&rest[..], b"y"].concat()),
            );
        }
        let (near, far): (Part, Part) = ((0, b"aaaaaaaa", true), (24, b"dddddddd", true));
        for (one, two) in [(near, far), (far, near)] {
            lab.scene("an end between two pieces that are here");
            let mut r = reassembly(lab, MINUTE, ROOM);
            lab.why("Another piece is missing.");
            becomes(lab, &mut r, (&header(), one.0, one.1, one.2), "Waiting");
            becomes(lab, &mut r, (&header(), two.0, two.1, two.2), "Waiting");
            lab.why("One of the earlier pieces ends behind the end that this piece gives.");
            becomes(lab, &mut r, (&header(), 8, b"bb", false), "Discarded: End");
        }
    });
}

#[test]
fn s3_sizes_that_cannot_be() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, ROOM);
        lab.why("Another piece is missing.");
        becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
        lab.why("A piece that is followed by another carries a multiple of 8 bytes: the next offset could not say where it \
                 begins. And no piece is empty.");
        for len in (0..24).filter(|len| len % 8 != 0) {
            becomes(
                lab,
                &mut r,
                (&header(), 8, &numbered(len), true),
                "Discarded: Size",
            );
        }
        for (at, mf) in [(8, true), (8, false), (0, true)] {
            becomes(lab, &mut r, (&header(), at, b"", mf), "Discarded: Size");
        }
        lab.why("Only the bad piece is discarded. The others are still here.");
        becomes(
            lab,
            &mut r,
            (&header(), 8, b"bbbbbbb", false),
            "Whole(35 bytes)",
        );
    });
}

#[test]
fn s3_more_than_65535_bytes_cannot_be() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, ROOM);
        lab.why("The ping of death: the last piece ends behind the longest datagram. 65535 less 20 of header is 65515.");
        for (at, len, mf) in [
            (65512, 4, false),
            (65528, 1, false),
            (65512, 8, true),
            (65528, 1480, true),
        ] {
            becomes(
                lab,
                &mut r,
                (&header(), at, &numbered(len), mf),
                "Discarded: TooLong",
            );
        }
        lab.why("65515 bytes of payload are the longest datagram there is. Only the header of the piece at offset 0 counts: this piece's options do not.");
        let options = Ip {
            options: vec![0x82, 3, 9],
            ..header()
        };
        becomes(lab, &mut r, (&options, 65512, b"end", false), "Waiting");
        let mut at = 0;
        while at < 65512 {
            let end = (at + 16384).min(65512);
            let want = if end == 65512 {
                "Whole(65535 bytes)"
            } else {
                "Waiting"
            };
            becomes(
                lab,
                &mut r,
                (&header(), at, &numbered(65512)[at..end], true),
                want,
            );
            at = end;
        }
        lab.scene("the first piece has options");
        let long = Ip {
            options: vec![1; 4],
            ..header()
        };
        let mut r = reassembly(lab, MINUTE, ROOM);
        becomes(lab, &mut r, (&header(), 65512, b"end", false), "Waiting");
        becomes(
            lab,
            &mut r,
            (&header(), 32768, &numbered(32744), true),
            "Waiting",
        );
        lab.why("With 4 bytes of options the whole would have 65539.");
        becomes(
            lab,
            &mut r,
            (&long, 0, &numbered(32768), true),
            "Discarded: TooLong",
        );
        lab.because("All pieces are forgotten.")
            .same("bytes()", r.bytes(), 0);
    });
}

#[test]
fn s3_a_hole_is_given_up_after_its_time() {
    lab(|lab| {
        // No round number: each nanosecond counts.
        let begin = Duration::new(100, 900_000_001);
        for timeout in [MINUTE, seconds(15), Duration::from_nanos(1_500_000_001)] {
            lab.scene(format!("a time of {timeout:?}"));
            let mut r = reassembly(lab, timeout, ROOM);
            let (what, first) = piece(&header(), 0, b"aaaaaaaa", true);
            push(lab, &mut r, begin, &what, &first);
            let (what, third) = piece(&header(), 16, b"cc", false);
            push(lab, &mut r, begin + timeout / 2, &what, &third);
            lab.because("The first piece that came starts the time.")
                .same("next_expiry()", r.next_expiry(), Some(begin + timeout));
            let early = begin + timeout - Duration::from_nanos(1);
            let got = lab.you(&format!("expire({early:?})"), || r.expire(early));
            lab.because("Its time is not over yet.")
                .same("datagrams given up", got.len(), 0);
            lab.because("Its time is not over yet.")
                .same("bytes()", r.bytes(), 50);
            let over = begin + timeout;
            let got = lab.you(&format!("expire({over:?})"), || r.expire(over));
            lab.because(
                "The hole stays open for the whole time and no longer, however late other pieces came. The piece with \
                 offset 0 is needed to tell the source (ICMP 11, 1).",
            )
            .same("datagrams given up", got.len(), 1);
            lab.because("As it came, its header too.").same_bytes(
                "the first piece",
                &got[0],
                &first,
            );
            lab.because("The room is free again.")
                .same("bytes()", r.bytes(), 0);
            lab.why("The missing piece came too late: the others have been given up.");
            let (what, second) = piece(&header(), 8, b"bbbbbbbb", true);
            let (got, _) = push(lab, &mut r, over, &what, &second);
            lab.same("what becomes of the missing piece", got.as_str(), "Waiting");
        }
        lab.scene("the longest time that there is");
        let mut r = reassembly(lab, Duration::MAX, ROOM);
        lab.why("Another piece is missing.");
        let part = (&header(), 0, &b"aaaaaaaa"[..], true);
        becomes_at(lab, &mut r, begin, part, "Waiting");
        // When that is over, no Duration says. Some say the longest, some say nothing.
        lab.you("next_expiry()", || r.next_expiry());
        let got = expire(lab, &mut r, begin * 1000).len();
        lab.because("It is never over.")
            .same("datagrams given up", got, 0);
    });
}

#[test]
fn s3_without_the_first_piece_nobody_is_told() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, ROOM);
        lab.why("Another piece is missing.");
        for (id, at, second) in [(1, 8, 0), (2, 0, 2), (3, 0, 1), (4, 0, 50)] {
            let part = (&Ip { id, ..header() }, at, &b"pppppppp"[..], true);
            becomes_at(lab, &mut r, seconds(second), part, "Waiting");
        }
        let got = expire(lab, &mut r, seconds(62));
        let ids: Vec<u8> = got.iter().map(|it| it[5]).collect();
        lab.because(
            "2 and 3 are here for a minute, and 3 came first. Of 1 the piece at offset 0 is missing: it alone has the ports, and \
             without it there is nothing to quote (RFC 792). The time of 4 is not over.",
        )
        .same("the identifications of the first pieces", ids, vec![3, 2]);
        lab.because(
            "All expired datagrams are given up, whether their source is told or not. One is left.",
        )
        .same("bytes()", r.bytes(), 28);
        lab.because("One is left.")
            .same("next_expiry()", r.next_expiry(), Some(seconds(110)));
    });
}

#[test]
fn s3_the_first_piece_is_kept_without_padding() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, ROOM);
        let first = Ip {
            mf: true,
            reserved: true,
            options: vec![1; 4],
            ..header()
        }
        .bytes(&numbered(40));
        let mut padded = first.clone();
        padded.resize(80, 0xee);
        push(
            lab,
            &mut r,
            seconds(0),
            "bytes 0 to 40, with padding behind them",
            &padded,
        );
        let got = lab.you("expire(60s)", || r.expire(MINUTE));
        lab.because("It is returned as it came, with the reserved flag. The padding is Ethernet's: the datagram ends where Total Length says.")
            .same_bytes(
                "the first piece",
                got.first().map_or(&[], |it| it.as_slice()),
                &first,
            );
    });
}

#[test]
fn s3_the_oldest_is_next() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, ROOM);
        lab.why("Another piece is missing.");
        for (id, second) in [(1, 20), (2, 5), (3, 40)] {
            let part = (&Ip { id, ..header() }, 8, &b"pppppppp"[..], true);
            becomes_at(lab, &mut r, seconds(second), part, "Waiting");
        }
        lab.because("The datagram that has waited longest is given up first.")
            .same("next_expiry()", r.next_expiry(), Some(seconds(65)));
        lab.scene("twenty datagrams");
        let mut r = reassembly(lab, MINUTE, ROOM);
        lab.why("Another piece is missing.");
        // The n-th oldest has the identification 7 n modulo 20.
        let ids: Vec<u16> = (0..20).map(|n| n * 7 % 20).collect();
        for id in (0..20).map(|n| n * 3 % 20) {
            let age = ids.iter().position(|other| *other == id);
            let part = (&Ip { id, ..header() }, 0, &b"pppppppp"[..], true);
            let second = seconds(age.unwrap_or_default() as u64);
            becomes_at(lab, &mut r, second, part, "Waiting");
        }
        for (n, pair) in ids.chunks(2).enumerate() {
            let second = 2 * n as u64 + 60;
            lab.because("The datagram that has waited longest is given up first.")
                .same("next_expiry()", r.next_expiry(), Some(seconds(second)));
            let got = expire(lab, &mut r, seconds(second + 1));
            let got: Vec<u16> = got.iter().map(|it| it[5].into()).collect();
            lab.because("The time of two is over, and the older one comes first.")
                .same(
                    "the identifications of the first pieces",
                    got,
                    pair.to_vec(),
                );
        }
    });
}

#[test]
fn s3_a_late_piece_is_taken_until_somebody_gives_up() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, ROOM);
        lab.why("Another piece is missing.");
        becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
        let (what, last) = piece(&header(), 8, b"b", false);
        let (got, _) = push(lab, &mut r, seconds(300), &what, &last);
        lab.because("Only expire gives up by time; push does not.")
            .same(
                "the result for a piece after 300 s",
                got.as_str(),
                "Whole(29 bytes)",
            );
    });
}

#[test]
fn s3_room_is_bounded_and_what_is_here_stays() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, 3 * 28);
        lab.why("There is room for three pieces of 8 bytes, and 20 for each.");
        becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
        for id in 1..=2 {
            becomes(
                lab,
                &mut r,
                (
                    &Ip {
                        id,
                        options: vec![0x82, 3, 9],
                        ..header()
                    },
                    800,
                    b"pppppppp",
                    true,
                ),
                "Waiting",
            );
        }
        lab.because("Each of the three counts for its 8 bytes and 20. Two of them have 4 bytes of options, and these do not count.")
            .same("bytes()", r.bytes(), 84);
        lab.why("An attacker sends pieces that are never completed. There is no room for more, and earlier datagrams must not suffer.");
        for id in 3..200 {
            let (what, piece) = piece(&Ip { id, ..header() }, 800, b"pppppppp", true);
            let got = words::outcome(&r.push(seconds(0), &piece));
            lab.same(
                &format!("what becomes of {what}"),
                got.as_str(),
                "Discarded: Full",
            );
        }
        lab.why("This piece would make its datagram whole. It is counted like any other, and there is no room for it.");
        becomes(lab, &mut r, (&header(), 8, b"b", false), "Discarded: Full");
        lab.because("What was refused is not kept.")
            .same("bytes()", r.bytes(), 84);
        let whole = Ip::new(UDP, A, B).bytes(b"whole");
        let (got, _) = push(lab, &mut r, seconds(1), "a datagram that is whole", &whole);
        lab.because("What is whole needs no room.").same(
            "what becomes of it",
            got.as_str(),
            "Whole(25 bytes)",
        );
        lab.you("expire(60s)", || r.expire(MINUTE));
        lab.why("Time has made room.");
        becomes(lab, &mut r, (&header(), 0, b"aaaaaaaa", true), "Waiting");
        becomes(lab, &mut r, (&header(), 8, b"b", false), "Whole(29 bytes)");
    });
}

#[test]
fn s3_the_reasons_have_an_order() {
    lab(|lab| {
        let first: Part = (0, b"aaaaaaaa", true);
        let last: Part = (8, b"bbbbbbbb", false);
        // Room for all, or for what is here and no more.
        let (wide, full) = (ROOM, 28);
        let far: Part = (65504, b"cccccccc", true);
        let cases: [(&str, usize, Part, Part, &str); 11] = [
            (
                "Size before TooLong",
                wide,
                last,
                (65528, &[0; 9], true),
                "Size",
            ),
            (
                "Size before Overlap",
                wide,
                last,
                (8, b"bbbb", true),
                "Size",
            ),
            ("Size before End", wide, last, (16, b"", false), "Size"),
            ("Size before Full", full, first, (16, b"cccc", true), "Size"),
            (
                "TooLong before Overlap",
                wide,
                far,
                (65504, &[0; 16], true),
                "TooLong",
            ),
            (
                "TooLong before End",
                wide,
                last,
                (65512, b"ends", false),
                "TooLong",
            ),
            (
                "TooLong before Full",
                full,
                first,
                (65512, &[0; 8], true),
                "TooLong",
            ),
            (
                "Overlap before End",
                wide,
                last,
                (8, &[0; 16], true),
                "Overlap",
            ),
            (
                "Overlap before Full",
                full,
                first,
                (0, &[0; 16], true),
                "Overlap",
            ),
            (
                "End before Full",
                full,
                last,
                (16, b"cccccccc", true),
                "End",
            ),
            (
                "a second end before Full",
                full,
                last,
                (16, b"c", false),
                "End",
            ),
        ];
        for (what, room, here, part, want) in cases {
            lab.scene(what);
            let mut r = reassembly(lab, MINUTE, room);
            lab.why("Another piece is missing.");
            becomes(lab, &mut r, (&header(), here.0, here.1, here.2), "Waiting");
            lab.why(format!("The reasons have an order: {what}."));
            let part = (&header(), part.0, part.1, part.2);
            becomes(lab, &mut r, part, &format!("Discarded: {want}"));
        }
    });
}

/// What the docs say of a piece when one other is here, and there is room for it or not.
fn verdict(here: Part, part: Part, is_full: bool) -> (&'static str, &'static str) {
    let end = |part: Part| part.0 + part.1.len();
    if here == part {
        return ("Waiting", "It is an exact copy, and nothing changes.");
    }
    if part.0 < end(here) && here.0 < end(part) {
        return ("Discarded: Overlap", "Bytes of it are here already.");
    }
    match (here.2, part.2) {
        (false, false) => return ("Discarded: End", "Each of the two says another end."),
        (false, true) if end(part) > end(here) => {
            return (
                "Discarded: End",
                "The piece that is here says where the datagram ends, and this one ends behind that.",
            );
        }
        (true, false) if end(here) > end(part) => {
            return (
                "Discarded: End",
                "It says where the datagram ends, and the piece that is here ends behind that.",
            );
        }
        _ => {}
    }
    if is_full {
        return (
            "Discarded: Full",
            "It would be kept, but there is no room for it. The earlier pieces stay, however old they are: only expire gives up.",
        );
    }
    let is_whole = here.0.min(part.0) == 0
        && end(here).min(end(part)) == here.0.max(part.0)
        && here.2 != part.2;
    match is_whole {
        true => (
            "Whole",
            "It begins at 0, nothing is missing in between, and it has an end.",
        ),
        false => (
            "Waiting",
            "Nothing contradicts anything, and something is missing.",
        ),
    }
}

#[test]
fn s3_every_two_pieces() {
    lab(|lab| {
        let bytes = numbered(40);
        let mut all: Vec<Part> = Vec::new();
        for begin in [0, 8, 16, 24] {
            for (len, mf) in [(8, true), (16, true), (3, false), (8, false), (11, false)] {
                // The whole from 0 to its end is no piece.
                if mf || begin > 0 {
                    all.push((begin, &bytes[begin..begin + len], mf));
                }
            }
        }
        // Time is not looked at, so it makes no difference how late the second one comes.
        for (is_full, late) in [(false, 0), (false, 300), (true, 1), (true, 300)] {
            for here in &all {
                for part in &all {
                    let room = if is_full { here.1.len() + 20 } else { ROOM };
                    lab.scene(format!("a limit of {room} bytes"));
                    let mut r = reassembly(lab, MINUTE, room);
                    lab.why("Another piece is missing.");
                    becomes(lab, &mut r, (&header(), here.0, here.1, here.2), "Waiting");
                    let (want, why) = verdict(*here, *part, is_full);
                    let (what, datagram) = piece(&header(), part.0, part.1, part.2);
                    let (got, _) = push(lab, &mut r, seconds(late), &what, &datagram);
                    let got = got.split('(').next().unwrap_or_default();
                    lab.because(why)
                        .same(&format!("what becomes of {what}"), got, want);
                    let left = match want {
                        "Discarded: Full" => here.1.len() + 20,
                        "Waiting" if here == part => here.1.len() + 20,
                        "Waiting" => here.1.len() + part.1.len() + 40,
                        _ => 0,
                    };
                    lab.because("After Overlap, End and the whole, all pieces are forgotten. A discard for another reason changes nothing, and only expire uses the time.")
                        .same("bytes()", r.bytes(), left);
                }
            }
        }
    });
}

#[test]
fn s3_other_fields_and_protocols_make_no_difference() {
    lab(|lab| {
        for proto in [0, ICMP, 6, UDP, 253] {
            for (what, header) in other_fields(&Ip { proto, ..header() }) {
                lab.scene(format!("two pieces of protocol {proto} with {what}"));
                let mut r = reassembly(lab, MINUTE, ROOM);
                lab.why("No reason in the list is about this field. It is an ordinary piece.");
                for (at, bytes, mf, want) in [
                    (0, &b"aaaaaaaa"[..], true, "Waiting"),
                    (8, b"bbbbbbbb", true, "Waiting"),
                    (16, b"c", false, "Whole"),
                ] {
                    let (what, datagram) = piece(&header, at, bytes, mf);
                    let (got, whole) = push(lab, &mut r, seconds(0), &what, &datagram);
                    let got = got.split('(').next().unwrap_or_default();
                    lab.same(&format!("what becomes of {what}"), got, want);
                    let payload = whole.len().saturating_sub(17);
                    if !mf {
                        lab.same_bytes("its payload", &whole[payload..], b"aaaaaaaabbbbbbbbc");
                    }
                }
            }
        }
    });
}

#[test]
fn s3_there_is_no_limit_but_that_of_bytes() {
    lab(|lab| {
        for (len, size) in [(65507, 552), (65515, 1480), (8000, 8), (20000, 32)] {
            lab.scene(format!("{len} bytes in pieces of {size}"));
            let payload = numbered(len);
            let count = len.div_ceil(size);
            // Just enough for all pieces but the last, and the last completes it.
            let mut r = reassembly(lab, MINUTE, len + 20 * count);
            let mut last = (String::new(), Vec::new());
            for (n, part) in payload.chunks(size).enumerate() {
                let (what, datagram) = piece(&header(), n * size, part, n + 1 < count);
                let outcome = r.push(seconds(0), &datagram);
                let want = if n + 1 < count {
                    "Waiting".to_owned()
                } else {
                    format!("Whole({} bytes)", len + 20)
                };
                lab.because(format!(
                    "The {count} pieces count {} bytes together, and that many are allowed. The number of pieces has no limit of its own.",
                    len + 20 * count
                ))
                .same(&format!("what becomes of {what}"), words::outcome(&outcome), want);
                if let Outcome::Whole(whole) = outcome {
                    last = (what, whole);
                }
            }
            lab.because("Each payload belongs where its offset says.")
                .same_bytes(
                    &format!("the whole after {}", last.0),
                    &last.1,
                    &header().bytes(&payload),
                );
        }
    });
}

#[test]
fn s3_too_long_with_options_is_seen_when_all_are_here() {
    lab(|lab| {
        let long = Ip {
            options: vec![1; 40],
            ..header()
        };
        let why = "The first piece has 40 bytes of options, so the whole would have more than 65535 bytes. Check this last, when all pieces have come.";
        let behind: (&Ip, usize, &[u8], bool) = (&header(), 65512, b"end", false);
        for first_comes_first in [true, false] {
            let mut r = reassembly(lab, MINUTE, ROOM);
            lab.why(why);
            let first: (&Ip, usize, &[u8], bool) = (&long, 0, b"aaaaaaaa", true);
            let (one, two) = if first_comes_first {
                (first, behind)
            } else {
                (behind, first)
            };
            becomes(lab, &mut r, one, "Waiting");
            becomes(lab, &mut r, two, "Waiting");
            lab.because("Nothing is discarded while a piece is missing.")
                .same("bytes()", r.bytes(), 51);
            lab.why(
                "Some of its bytes have already come. Check this before the length of the whole.",
            );
            becomes(
                lab,
                &mut r,
                (&header(), 65512, b"END", false),
                "Discarded: Overlap",
            );
        }
    });
}

#[test]
fn s3_damage_comes_before_everything() {
    lab(|lab| {
        let mut r = reassembly(lab, MINUTE, 0);
        for header in [
            header(),
            Ip {
                mf: true,
                ..header()
            },
            Ip {
                offset: 8191,
                ..header()
            },
        ] {
            for (what, datagram, says) in unsound(&header) {
                let (got, _) = push(lab, &mut r, seconds(0), what, &datagram);
                lab.because("Whether it is sound is looked at first. What is wrong is what chapter 06's parse says.")
                    .same("what becomes of it", got, format!("Malformed: {says}"));
            }
        }
        lab.because("Nothing of it is kept.")
            .same("bytes()", r.bytes(), 0);
    });
}

#[test]
fn s3_padding_is_no_payload() {
    lab(|lab| {
        let parts: [Part; 3] = [
            (0, b"aaaaaaaa", true),
            (8, b"bbbbbbbb", true),
            (16, b"cc", false),
        ];
        for is_padded in [
            [true, false, false],
            [false, true, false],
            [false, false, true],
            [true; 3],
        ] {
            lab.scene(format!("three pieces, padded: {is_padded:?}"));
            // Just enough.
            let mut r = reassembly(lab, MINUTE, 78);
            let mut last = (String::new(), Vec::new());
            for ((at, bytes, mf), is_padded) in parts.into_iter().zip(is_padded) {
                let (what, datagram) = piece(&header(), at, bytes, mf);
                last = match is_padded {
                    true => push(
                        lab,
                        &mut r,
                        seconds(0),
                        &format!("{what}, padded"),
                        &padded(&datagram),
                    ),
                    false => push(lab, &mut r, seconds(0), &what, &datagram),
                };
                let here = [28, 56, 0][at / 8];
                lab.because(
                    "The padding is Ethernet's. It is not part of the datagram and does not count.",
                )
                .same("bytes()", r.bytes(), here);
            }
            lab.because("A short piece is padded like any short frame. It ends where its Total Length says.")
                .same_bytes("the whole", &last.1, &header().bytes(b"aaaaaaaabbbbbbbbcc"));
        }
        lab.scene("what padding does not change");
        let mut r = reassembly(lab, MINUTE, ROOM);
        let (at_0, behind): (Part, Part) = ((0, b"aaaaaaaa", true), (65512, b"end", false));
        for (part, want, why) in [
            (at_0, "Waiting", "Another piece is missing."),
            (
                at_0,
                "Waiting",
                "It is a copy of the first, and the padding is not part of it.",
            ),
            ((8, b"bbbb", true), "Discarded: Size", "It has 4 bytes."),
            (
                (8, b"", true),
                "Discarded: Size",
                "It has nothing but padding.",
            ),
            (
                (8, b"", false),
                "Discarded: Size",
                "It has nothing but padding.",
            ),
            (
                behind,
                "Waiting",
                "It ends with byte 65515, and the datagram may.",
            ),
        ] {
            let (what, datagram) = piece(&header(), part.0, part.1, part.2);
            let what = format!("{what}, padded");
            let (got, _) = push(lab, &mut r, seconds(0), &what, &padded(&datagram));
            lab.because(why)
                .same(&format!("what becomes of {what}"), got.as_str(), want);
        }
    });
}

#[test]
fn s3_what_is_discarded_leaves_nothing_behind() {
    lab(|lab| {
        // What is discarded, and the room that there is beside what is here.
        let cases: [(&str, Part, usize); 7] = [
            ("Size", (0, b"AAAA", true), ROOM),
            ("Size", (16, b"", false), ROOM),
            ("TooLong", (65512, b"ends", false), ROOM),
            ("TooLong", (65512, b"TooLong!", true), ROOM),
            ("Full", (0, b"AAAAAAAA", true), 27),
            ("Full", (8, b"BBBBBBBB", true), 27),
            ("Full", (16, b"CCCCCCCC", false), 27),
        ];
        for (why, part, room) in cases {
            let (what, datagram) = piece(&header(), part.0, part.1, part.2);
            let refused = format!("Discarded: {why}");
            lab.scene(format!("{why}: {what}, and nothing is here"));
            let mut r = reassembly(lab, MINUTE, room);
            let (got, _) = push(lab, &mut r, seconds(1), &what, &datagram);
            lab.because("It is no piece that may stay.")
                .same("what becomes of it", &got, &refused);
            lab.because("It is not kept.").same("bytes()", r.bytes(), 0);
            lab.because(
                "Nothing is there that could be given up: a discarded piece starts no time.",
            )
            .same("next_expiry()", r.next_expiry(), None);
            let over = expire(lab, &mut r, seconds(1000)).len();
            lab.because("A discarded piece is not kept, and no error is sent about it.")
                .same("datagrams given up", over, 0);

            lab.scene(format!("{why}: {what}, and another piece is here"));
            let other = Ip { id: 9, ..header() };
            let mut r = reassembly(lab, MINUTE, 56 + room);
            lab.why("Another piece is missing.");
            becomes_at(
                lab,
                &mut r,
                seconds(1),
                (&other, 800, b"pppppppp", true),
                "Waiting",
            );
            let here: Part = if part.0 == 0 {
                (8, b"bbbbbbbb", true)
            } else {
                (0, b"aaaaaaaa", true)
            };
            let here = (&header(), here.0, here.1, here.2);
            becomes_at(lab, &mut r, seconds(5), here, "Waiting");
            let (got, _) = push(lab, &mut r, seconds(20), &what, &datagram);
            lab.because("It is no piece that may stay.")
                .same("what becomes of it", &got, &refused);
            lab.because("The two earlier ones stay, and nothing else.")
                .same("bytes()", r.bytes(), 56);
            lab.because("The time of the earlier ones runs as before.")
                .same("next_expiry()", r.next_expiry(), Some(seconds(61)));
            // The other one makes room.
            let over = expire(lab, &mut r, seconds(61)).len();
            lab.because("It has no piece at offset 0.")
                .same("datagrams given up", over, 0);
            lab.because("The time of the earlier ones runs as before.")
                .same("next_expiry()", r.next_expiry(), Some(seconds(65)));
            if room < ROOM {
                continue;
            }
            lab.why("Nothing of a discarded piece is remembered: neither its bytes, nor its header, nor its end of the datagram.");
            let missing: Part = if part.0 == 0 {
                (0, b"aaaaaaaa", true)
            } else {
                (8, b"bbbbbbbb", true)
            };
            let missing = (&header(), missing.0, missing.1, missing.2);
            becomes_at(lab, &mut r, seconds(62), missing, "Waiting");
            let end = (&header(), 16, &b"cc"[..], false);
            let whole = becomes_at(lab, &mut r, seconds(62), end, "Whole(38 bytes)");
            lab.same_bytes("the whole", &whole, &header().bytes(b"aaaaaaaabbbbbbbbcc"));
        }
    });
}

#[test]
fn s3_what_is_full_can_come_again() {
    lab(|lab| {
        let parts: [Part; 3] = [
            (0, b"aaaaaaaa", true),
            (8, b"bbbbbbbb", true),
            (16, b"cc", false),
        ];
        for refused in 0..3 {
            let (what, datagram) = piece(
                &header(),
                parts[refused].0,
                parts[refused].1,
                parts[refused].2,
            );
            lab.scene(format!("no room for {what}"));
            let mut r = reassembly(lab, MINUTE, 84);
            lab.why("There is room for it.");
            let other = Ip { id: 9, ..header() };
            becomes(lab, &mut r, (&other, 0, b"pppppppp", true), "Waiting");
            for (at, bytes, mf) in (0..3).filter(|n| *n != refused).map(|n| parts[n]) {
                becomes(lab, &mut r, (&header(), at, bytes, mf), "Waiting");
            }
            let (got, _) = push(lab, &mut r, seconds(0), &what, &datagram);
            lab.because("84 bytes are the limit.").same(
                "what becomes of it",
                got.as_str(),
                "Discarded: Full",
            );
            lab.why("The other datagram is not whole, and no copy of its piece is kept either.");
            becomes(
                lab,
                &mut r,
                (&other, 0, b"PPPPPPPP", true),
                "Discarded: Overlap",
            );
            let (got, whole) = push(lab, &mut r, seconds(0), &what, &datagram);
            lab.because(
                "Now there is room. The refused piece left nothing that could contradict this one.",
            )
            .same("what becomes of it", got.as_str(), "Whole(38 bytes)");
            lab.same_bytes("the whole", &whole, &header().bytes(b"aaaaaaaabbbbbbbbcc"));
        }
    });
}

#[test]
fn s3_only_the_first_to_come_starts_the_time() {
    lab(|lab| {
        let (a, b, c, d): (Part, Part, Part, Part) = (
            (0, b"aaaaaaaa", true),
            (8, b"bbbbbbbb", true),
            (16, b"cccccccc", true),
            (24, b"d", false),
        );
        let cases: [(&str, Part, Part); 7] = [
            ("the piece at offset 0", b, a),
            ("the last piece", b, d),
            ("a piece in between", a, c),
            ("the piece behind it", b, c),
            ("a copy", b, b),
            ("a copy of the piece at offset 0", a, a),
            ("a copy of the last piece", d, d),
        ];
        for (what, first, later) in cases {
            lab.scene(format!("{what} comes later"));
            let mut r = reassembly(lab, MINUTE, ROOM);
            lab.why("Another piece is missing.");
            let (first, later) = (
                (&header(), first.0, first.1, first.2),
                (&header(), later.0, later.1, later.2),
            );
            becomes_at(lab, &mut r, seconds(1), first, "Waiting");
            for second in [20, 60] {
                becomes_at(lab, &mut r, seconds(second), later, "Waiting");
                lab.because(
                    "The first piece that came started the time. If later pieces could restart it, an attacker could keep the hole open for ever.",
                )
                .same("next_expiry()", r.next_expiry(), Some(seconds(61)));
            }
            expire(lab, &mut r, seconds(61));
            lab.because("A minute after the first piece came, the datagram is given up.")
                .same("bytes()", r.bytes(), 0);
        }
        let ends: [(&str, &[(Part, &str)]); 4] = [
            (
                "it was whole",
                &[(a, "Waiting"), ((8, b"e", false), "Whole(29 bytes)")],
            ),
            (
                "Overlap",
                &[
                    (a, "Waiting"),
                    ((0, b"AAAAAAAA", true), "Discarded: Overlap"),
                ],
            ),
            (
                "End",
                &[(d, "Waiting"), ((32, b"e", false), "Discarded: End")],
            ),
            ("it was given up", &[(a, "Waiting")]),
        ];
        for (what, steps) in ends {
            lab.scene(what);
            let mut r = reassembly(lab, MINUTE, ROOM);
            lab.why(format!("The datagram ends here: {what}."));
            for (part, want) in steps {
                becomes_at(
                    lab,
                    &mut r,
                    seconds(1),
                    (&header(), part.0, part.1, part.2),
                    want,
                );
            }
            expire(lab, &mut r, seconds(61));
            lab.why("Its pieces have been forgotten, so another piece is missing.");
            becomes_at(
                lab,
                &mut r,
                seconds(70),
                (&header(), 8, b"bbbbbbbb", true),
                "Waiting",
            );
            lab.because("The datagram has started again, and so has its time.")
                .same("next_expiry()", r.next_expiry(), Some(seconds(130)));
        }
    });
}

#[test]
fn s3_a_copy_does_not_replace_what_is_here() {
    lab(|lab| {
        let other = Ip {
            ttl: 9,
            tos: 3,
            options: vec![1; 4],
            ..header()
        };
        let mut r = reassembly(lab, MINUTE, ROOM);
        let first = (&header(), 0, &b"aaaaaaaa"[..], true);
        lab.why("Place, More Fragments and payload make a copy. TOS, TTL and options may differ, because the copy took another way.");
        becomes(lab, &mut r, first, "Waiting");
        becomes(lab, &mut r, (&other, 0, b"aaaaaaaa", true), "Waiting");
        let (what, last) = piece(&header(), 8, b"b", false);
        let (_, whole) = push(lab, &mut r, seconds(0), &what, &last);
        lab.because("The copy is ignored: the header is that of the piece that came first.")
            .same_bytes("the whole", &whole, &header().bytes(b"aaaaaaaab"));
        becomes(lab, &mut r, first, "Waiting");
        becomes(lab, &mut r, (&other, 0, b"aaaaaaaa", true), "Waiting");
        let over = expire(lab, &mut r, MINUTE);
        lab.because("The copy is ignored: the piece that came first is given.")
            .same_bytes(
                "the piece at offset 0",
                over.first().map_or(&[], |it| it.as_slice()),
                &piece(&header(), 0, b"aaaaaaaa", true).1,
            );
    });
}
