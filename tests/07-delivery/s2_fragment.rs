//! Step 2: a datagram that is too long for a link.

use delivery::fragment;
use netlab::{Lab, hex, lab};

use super::wire::{ICMP, Ip, UDP, numbered, padded, unsound};
use super::{ruler, words};

const A: &str = "10.0.0.1";
const B: &str = "198.51.100.2";

fn pieces(lab: &Lab, what: &str, datagram: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    cuts(lab, what, datagram, mtu)
        .unwrap_or_else(|error| lab.fails("pieces", format!("Err({error})")))
}

fn cuts(lab: &Lab, what: &str, datagram: &[u8], mtu: usize) -> Result<Vec<Vec<u8>>, String> {
    let head = &datagram[..datagram.len().min(64)];
    lab.given("the datagram begins with", &hex::rows(head));
    let call = format!("fragment({what}, {mtu})");
    lab.you(&call, || fragment(datagram, mtu))
        .map_err(words::frag_error)
}

/// Offset in units of 8, More Fragments, payload length, total length.
fn shape(piece: &[u8]) -> (u16, bool, usize, usize) {
    let bits = u16::from_be_bytes([piece[6], piece[7]]);
    let header = 4 * usize::from(piece[0] & 0xf);
    (
        bits & 0x1fff,
        bits & 0x2000 != 0,
        piece.len() - header,
        piece.len(),
    )
}

#[test]
fn s2_4000_bytes_over_an_mtu_of_1500() {
    lab(|lab| {
        lab.why("A datagram that is too long for a link is cut, if its sender allows it (RFC 791, section 3.2).");
        let whole = Ip {
            id: 0x1c46,
            ..Ip::new(UDP, A, B)
        };
        let payload = numbered(3980);
        let got = pieces(
            lab,
            "a datagram of 4000 bytes",
            &whole.bytes(&payload),
            1500,
        );
        lab.because(
            "1500 bytes have room for 20 of header and 1480 of payload: 1480 + 1480 + 1020 = 3980.",
        )
        .same("how many pieces", got.len(), 3);
        lab.draws(
            "07-pieces",
            ruler::draw("A datagram of 4000 bytes in three pieces", &got),
        );
        let want = [
            (0, true, 0..1480),
            (185, true, 1480..2960),
            (370, false, 2960..3980),
        ];
        for ((offset, mf, range), piece) in want.into_iter().zip(&got) {
            let header = Ip {
                offset,
                mf,
                ..whole.clone()
            };
            lab.because(
                "Each piece but the last carries as much as fits. The offset field counts units of 8 bytes: 1480 / 8 = 185. More Fragments is set in every piece but \
                 the last, and each header has its own length and checksum (RFC 791, section 3.2).",
            )
            .same_bytes(&format!("the piece at offset {offset}"), piece, &header.bytes(&payload[range]));
        }
    });
}

#[test]
fn s2_what_fits_goes_as_it_is() {
    lab(|lab| {
        lab.why("It fits, so nothing about cutting matters: neither Don't Fragment nor padding behind Total Length.");
        for (len, mtu, df) in [
            (100, 100, false),
            (1500, 1500, true),
            (99, 100, false),
            (20, 68, true),
            (100, 65536, false),
            (65535, 65535 + 100, true),
        ] {
            let whole = Ip {
                df,
                reserved: true,
                options: Vec::new(),
                ..Ip::new(UDP, A, B)
            };
            let datagram = whole.bytes(&numbered(len - 20));
            let got = pieces(lab, &format!("a datagram of {len} bytes"), &datagram, mtu);
            lab.because("It fits: an MTU is what a link carries, not what it refuses.")
                .same("how many pieces", got.len(), 1);
            lab.because("A datagram that fits must not be changed.")
                .same_bytes("the datagram", &got[0], &datagram);
        }
        let datagram = Ip {
            df: true,
            ..Ip::new(UDP, A, B)
        }
        .bytes(b"hi");
        let got = pieces(
            lab,
            "a datagram of 22 bytes, padded to 46",
            &padded(&datagram),
            30,
        );
        lab.because(
            "Total Length says 22: the padding is not part of the datagram, and does not count.",
        )
        .same_bytes("the datagram", &got[0], &datagram);
        let piece = Ip {
            mf: true,
            offset: 8190,
            ..Ip::new(UDP, A, B)
        };
        let piece = piece.bytes(b"");
        let got = pieces(lab, "a piece without payload", &piece, 20);
        lab.because("It fits. Whether it makes sense is for the receiver.")
            .same_bytes("the piece", &got[0], &piece);
    });
}

#[test]
fn s2_every_piece_but_the_last_is_a_multiple_of_8_and_full() {
    lab(|lab| {
        lab.why("Nothing forbids cutting here, and the link has room for 8 bytes.");
        let payload = numbered(6000);
        let whole = Ip::new(ICMP, A, B).bytes(&payload);
        for mtu in (28..60).chain([576, 1006, 1492, 1499, 1500, 1501, 5999, 6019]) {
            let got = pieces(lab, "a datagram of 6020 bytes", &whole, mtu);
            let room = (mtu - 20) / 8 * 8;
            let mut joined = Vec::new();
            for (n, piece) in got.iter().enumerate() {
                let (offset, mf, payload, total) = shape(piece);
                let is_last = n + 1 == got.len();
                lab.because(format!(
                    "{mtu} bytes have room for {} of payload. The offset counts in units of 8, so a piece that is \
                     followed by another carries {room}.",
                    mtu - 20
                ))
                .holds(
                    if is_last { total <= mtu && payload > 0 } else { payload == room },
                    format!("{room} bytes in piece {n} of {}", got.len()),
                    format!("{payload} bytes, {total} with its header"),
                );
                lab.because("The offset says how many units of 8 bytes come before.")
                    .same(
                        &format!("the offset of piece {n}"),
                        usize::from(offset) * 8,
                        joined.len(),
                    );
                lab.because("More Fragments is clear only in the last piece.")
                    .same(&format!("More Fragments of piece {n}"), mf, !is_last);
                joined.extend_from_slice(&piece[20..]);
            }
            lab.because("Nothing may be lost or added where the cuts are.")
                .same_bytes("the payloads, joined", &joined, &payload);
        }
    });
}

#[test]
fn s2_the_last_piece_may_use_all_the_room() {
    lab(|lab| {
        lab.why("Nothing forbids cutting here, and the link has room for 8 bytes.");
        // 1480 + 1480 + 7: the last of these fits behind two full pieces of an MTU that is 20 + 1487.
        for (payload, mtu, want) in [
            (2967, 1507, vec![1480, 1487]),
            (1488, 1507, vec![1480, 8]),
            (1487, 1507, vec![1487]),
        ] {
            let datagram = Ip::new(UDP, A, B).bytes(&numbered(payload));
            let got = pieces(
                lab,
                &format!("a datagram of {} bytes", payload + 20),
                &datagram,
                mtu,
            );
            let got: Vec<usize> = got.iter().map(|piece| shape(piece).2).collect();
            lab.because("The last piece need not be a multiple of 8: cut only what does not fit.")
                .same("the payloads of the pieces", got, want);
        }
    });
}

#[test]
fn s2_df_forbids_it() {
    lab(|lab| {
        for (len, mtu) in [(1501, 1500), (4000, 1500), (100, 24), (20, 19)] {
            for (mf, offset) in [(false, 0), (true, 0), (true, 100), (false, 100)] {
                let datagram = Ip {
                    df: true,
                    mf,
                    offset,
                    ..Ip::new(UDP, A, B)
                };
                let got = cuts(
                    lab,
                    &format!("{len} bytes with DF, More Fragments {mf}, offset {offset}"),
                    &datagram.bytes(&numbered(len - 20)),
                    mtu,
                );
                lab.because(
                    "Don't Fragment: the sender wants an error instead (step 4), and a piece would hide the problem. The same holds for a piece. The room on the link is checked after this.",
                )
                .same("what is said", got, Err("DontFragment".into()));
            }
        }
    });
}

#[test]
fn s2_a_link_too_narrow_for_8_bytes() {
    lab(|lab| {
        for (options, len, mtu, fits) in [
            (0, 100, 27, false),
            (0, 100, 28, true),
            (0, 100, 0, false),
            (40, 100, 67, false),
            (40, 100, 68, true),
            (0, 0, 19, false),
            (40, 0, 59, false),
            (40, 0, 60, true),
        ] {
            let datagram = Ip {
                options: vec![0x82; options],
                ..Ip::new(UDP, A, B)
            };
            let got = cuts(
                lab,
                &format!("a datagram with {options} bytes of options and {len} of payload"),
                &datagram.bytes(&numbered(len)),
                mtu,
            );
            lab.because(format!(
                "A datagram that fits goes as it is. Otherwise a piece needs its header, {} bytes here, and at least one unit of 8. Every link of the internet \
                 carries 68 (RFC 791).",
                20 + options
            ))
            .same("what is said", got.map(|_| "pieces").map_err(|it| it.to_string()), if fits { Ok("pieces") } else { Err("MtuTooSmall".into()) });
        }
    });
}

#[test]
fn s2_everything_else_in_the_header_stays() {
    lab(|lab| {
        lab.why("68 bytes are room enough for any datagram (RFC 791).");
        let headers = [
            Ip {
                tos: 0xb8,
                id: 0xbeef,
                ttl: 3,
                ..Ip::new(6, A, B)
            },
            Ip {
                tos: 0x03,
                id: 1,
                ttl: 255,
                ..Ip::new(UDP, B, A)
            },
        ];
        for header in headers {
            let payload = numbered(100);
            let got = pieces(lab, "a datagram of 120 bytes", &header.bytes(&payload), 68);
            for (n, piece) in got.iter().enumerate() {
                let range = n * 48..(n * 48 + 48).min(100);
                let want = Ip {
                    offset: n as u16 * 6,
                    mf: n < 2,
                    ..header.clone()
                };
                lab.because("A piece has the datagram's TOS, identification, TTL, protocol and addresses: by these the \
                             receiver knows what belongs together.")
                    .same_bytes(&format!("piece {n}"), piece, &want.bytes(&payload[range]));
            }
        }
    });
}

#[test]
fn s2_padding_stays_behind() {
    lab(|lab| {
        lab.why("Nothing forbids cutting here, and the link has room for 8 bytes.");
        for len in [100, 96, 49] {
            let header = Ip::new(UDP, A, B);
            let payload = numbered(len);
            let datagram = padded(&header.bytes(&payload));
            let got = pieces(
                lab,
                &format!("a datagram of {} bytes, padded", len + 20),
                &datagram,
                68,
            );
            let got: Vec<u8> = got
                .iter()
                .flat_map(|piece| piece.get(20..).unwrap_or_default().to_vec())
                .collect();
            lab.because("The datagram ends where Total Length says. The rest is Ethernet's padding, and goes into no piece.")
                .same_bytes("the payloads, joined", &got, &payload);
        }
    });
}

#[test]
fn s2_a_piece_is_cut_again() {
    lab(|lab| {
        lab.why("A piece is an ordinary datagram, and can be cut.");
        let payload = numbered(1480);
        for mf in [true, false] {
            let piece = Ip {
                id: 7,
                mf,
                offset: 185,
                ..Ip::new(UDP, A, B)
            };
            let got = pieces(
                lab,
                &format!("a piece at offset 185, More Fragments {mf}"),
                &piece.bytes(&payload),
                576,
            );
            let got: Vec<_> = got.iter().map(|it| shape(it)).collect();
            lab.because(
                "A piece is an ordinary datagram. Its pieces begin at its own offset, and the last of them has its own More Fragments.",
            )
            .same(
                "offset, More Fragments, payload and length of the pieces",
                got,
                vec![(185, true, 552, 572), (185 + 69, true, 552, 572), (185 + 138, mf, 376, 396)],
            );
        }
        // The highest offset of all.
        let piece = Ip {
            offset: 8180,
            ..Ip::new(UDP, A, B)
        };
        let got = pieces(
            lab,
            "a piece at offset 8180",
            &piece.bytes(&numbered(75)),
            68,
        );
        let got: Vec<_> = got.iter().map(|it| shape(it)).collect();
        lab.because("The offset field has 13 bits: 8191 is its highest value.")
            .same(
                "the pieces",
                got,
                vec![(8180, true, 48, 68), (8186, false, 27, 47)],
            );
        for (len, lengths) in [(76, vec![48, 28]), (95, vec![48, 47]), (96, vec![48, 48])] {
            let piece = piece.bytes(&numbered(len));
            let what = format!("a piece of {len} bytes at offset 8180");
            let got = pieces(lab, &what, &piece, 68);
            let got: Vec<_> = got.iter().map(|it| shape(it).2).collect();
            lab.because(
                "Each of its pieces begins at 8191 units or before, and only that matters here. The receiver checks whether it ends behind 65535 bytes.",
            )
            .same("the payloads of the pieces", got, lengths);
        }
        for (offset, len) in [(8191, 1000), (8186, 49), (8180, 97)] {
            let piece = Ip {
                offset,
                ..Ip::new(UDP, A, B)
            };
            let what = format!("a piece of {len} bytes at offset {offset}");
            let got = cuts(lab, &what, &piece.bytes(&numbered(len)), 68);
            lab.because("Its last piece would begin behind 8191 units. The offset field has no room for that.")
                .same(
                    "what is said",
                    got.map(|pieces| pieces.len()),
                    Err("Malformed: IPv4: a value does not fit into its field".into()),
                );
        }
    });
}

#[test]
fn s2_copied_options_are_in_every_piece() {
    lab(|lab| {
        // Security-like 0x82 (copied), record route 0x07 (not), stream id 0x88 (copied), NOP, end.
        let record = [0x07, 0x07, 0x04, 0, 0, 0, 0];
        let security = [0x82, 0x03, 0xaa];
        let stream = [0x88, 0x04, 0x12, 0x34];
        let copied = "An option is in the later pieces only if the highest bit of its first byte, copied, is set (RFC 791, \
                      section 3.1). 0x07 has it clear, 0x82 and 0x88 have it set, and 1 is one byte without a length.";
        let end = "0 ends the list: what is behind it is padding.";
        let cannot_be = "An option's length counts its own two first bytes and ends within the list. An option with an impossible length ends the list, because the next one's place is unknown.";
        let cases: [(&str, Vec<u8>, Vec<u8>, &str); 12] = [
            ("record route", record.to_vec(), vec![], copied),
            ("security", security.to_vec(), security.to_vec(), copied),
            (
                "record route, no operation, security, no operation, stream identifier",
                [&record[..], &[1], &security, &[1], &stream].concat(),
                [&security[..], &stream].concat(),
                copied,
            ),
            (
                "security, end, stream identifier",
                [&security[..], &[0], &stream].concat(),
                security.to_vec(),
                end,
            ),
            (
                "security, end, a byte 2, and stream identifier",
                [&security[..], &[0, 2], &stream].concat(),
                security.to_vec(),
                end,
            ),
            (
                "security, and an option of length 1",
                [&security[..], &[0x88, 1, 9, 9]].concat(),
                security.to_vec(),
                cannot_be,
            ),
            (
                "security, and an option of length 0",
                [&security[..], &[0x88, 0, 9, 9]].concat(),
                security.to_vec(),
                cannot_be,
            ),
            (
                "security, and an option that is longer than the list",
                [&security[..], &[0x88, 9]].concat(),
                security.to_vec(),
                cannot_be,
            ),
            (
                "security, an option of length 1, and stream identifier",
                [&security[..], &[0x88, 1], &stream].concat(),
                security.to_vec(),
                cannot_be,
            ),
            (
                "security, an option of length 0, and stream identifier",
                [&security[..], &[0x07, 0], &stream].concat(),
                security.to_vec(),
                cannot_be,
            ),
            (
                "security, an option that is longer than the list, and stream identifier",
                [&security[..], &[0x07, 40], &stream].concat(),
                security.to_vec(),
                cannot_be,
            ),
            (
                "stream identifier, security, and an option without a length",
                [&stream[..], &security, &[0x88]].concat(),
                [&stream[..], &security].concat(),
                cannot_be,
            ),
        ];
        let cases = cases
            .into_iter()
            .flat_map(|it| [(0, it.clone()), (100, it)])
            // With each rest that the room can leave when it is divided by 8.
            .flat_map(|it| (100..108).map(move |mtu| (mtu, it.clone())));
        for (mtu, (begin, (what, options, later, why))) in cases {
            lab.scene(format!("{what}, at offset {begin}"));
            lab.why(why);
            let header = Ip {
                offset: begin,
                options,
                ..Ip::new(UDP, A, B)
            };
            let payload = numbered(150);
            let got = pieces(
                lab,
                &format!("a datagram at offset {begin} with {what}"),
                &header.bytes(&payload),
                mtu,
            );
            let room = (mtu - 20 - header.options.len().next_multiple_of(4)) / 8 * 8;
            let first = Ip {
                mf: true,
                ..header.clone()
            };
            lab.because(
                "The first piece has all options of the datagram, even if the datagram is itself a piece.",
            )
            .same_bytes("the first piece", &got[0], &first.bytes(&payload[..room]));
            let mut at = room;
            for piece in &got[1..] {
                let room = mtu - 20 - later.len().next_multiple_of(4);
                let end = if payload.len() - at <= room {
                    payload.len()
                } else {
                    at + room / 8 * 8
                };
                let want = Ip {
                    options: later.clone(),
                    offset: begin + (at / 8) as u16,
                    mf: end < payload.len(),
                    ..header.clone()
                };
                lab.because("The offset is the sum of what all pieces before it carry, in units of 8 bytes. The first carries less than the others, because its header is longer.")
                    .same(&format!("the offset of the piece at byte {at}"), shape(piece).0, want.offset);
                let mut options = later.clone();
                options.resize(later.len().next_multiple_of(4), 0);
                lab.because(why).same_bytes(
                    &format!("the options of the piece at byte {at}"),
                    options_of(piece),
                    &options,
                );
                lab.because(
                    "A piece may carry the MTU minus its own header. A later header has only the copied options, padded to a multiple of 4.",
                )
                .same_bytes(
                    &format!("the piece at byte {at}"),
                    piece,
                    &want.bytes(&payload[at..end]),
                );
                at = end;
            }
            lab.because("All of the payload goes.")
                .same("bytes sent", at, payload.len());
        }
    });
}

#[test]
fn s2_damage_is_an_error() {
    lab(|lab| {
        let header = Ip {
            df: true,
            ..Ip::new(UDP, A, B)
        };
        for mtu in [1500, 27, 0] {
            for (what, datagram, says) in unsound(&header) {
                let got = cuts(lab, what, &datagram, mtu).err();
                lab.because(
                    "An invalid datagram is not forwarded, in pieces or whole. Check this first, and return the error of chapter 06's parse.",
                )
                .same("what is said", got.unwrap_or("pieces".into()), format!("Malformed: {says}"));
            }
        }
    });
}

#[test]
fn s2_the_highest_bit_of_every_option_says_whether_it_is_copied() {
    lab(|lab| {
        let stream = [0x88, 4, 0x12, 0x34];
        let payload = numbered(100);
        for kind in 2..=255 {
            for len in 2..=4 {
                let option = [&[kind, len], &[0x55; 2][..usize::from(len) - 2]].concat();
                let header = Ip {
                    options: [&option[..], &stream].concat(),
                    ..Ip::new(UDP, A, B)
                };
                let what = format!(
                    "fragment(an option of type {kind} and length {len}, and then another)"
                );
                let datagram = header.bytes(&payload);
                let got = lab.you(&what, || fragment(&datagram, 68));
                let got = got.map_err(words::frag_error);
                let got = got.map(|pieces| pieces.last().map(|it| hex::all(options_of(it))));
                let mut want = match kind & 0x80 {
                    0 => stream.to_vec(),
                    _ => header.options,
                };
                want.resize(want.len().next_multiple_of(4), 0);
                lab.because(format!(
                    "The highest bit of {kind:#04x} is {}. {len} is the option's whole length, its type and this byte included, and the \
                     next one, 0x88, begins behind it. A length of 2 is possible: such an option has no data (RFC 791, section 3.1).",
                    if kind & 0x80 == 0 { "clear" } else { "set" }
                ))
                .same("the options of the last piece", got, Ok(Some(hex::all(&want))));
            }
        }
    });
}

fn options_of(piece: &[u8]) -> &[u8] {
    let header = 4 * usize::from(piece[0] & 0xf);
    piece.get(20..header).unwrap_or_default()
}
