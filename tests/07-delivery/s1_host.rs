//! Step 1: send, and hope.

use delivery::{Discard, Host, Received};
use netlab::sim::{Inbox, Kind, Link, fourth, nth, second, third};
use netlab::{Lab, hex, lab};

use super::wire::{
    ICMP, Ip, NOT_ONE_HOST, ONE_HOST, UDP, ip, numbered, other_fields, padded, unsound,
};
use super::words;

const A: &str = "10.0.0.1";
const B: &str = "10.0.0.2";

/// What a host at B makes of a datagram: source, protocol and payload, or why it is discarded.
fn receives(lab: &Lab, what: &str, datagram: &[u8]) -> String {
    lab.given("the datagram", &hex::rows(datagram));
    let host = host(lab, B);
    lab.you(&format!("host.receive({what})"), || {
        received(host.receive(datagram))
    })
}

fn received(got: Result<Received, Discard>) -> String {
    match got {
        Ok(it) => format!(
            "from {}, protocol {}: {}",
            it.src,
            it.proto,
            hex::all(it.payload)
        ),
        Err(why) => words::discard(why),
    }
}

fn sends(lab: &Lab, host: &mut Host, dst: &str, proto: u8, payload: &[u8]) -> Vec<u8> {
    let what = format!("host.send({dst}, {proto}, {})", hex::count(payload.len()));
    lab.ok(&what, || host.send(ip(dst), proto, payload))
}

fn host(lab: &Lab, addr: &str) -> Host {
    lab.you(&format!("Host::new({addr})"), || Host::new(ip(addr)))
}

#[test]
fn s1_a_datagram_carries_addresses_protocol_and_payload() {
    lab(|lab| {
        let mut a = host(lab, A);
        for (n, (dst, proto, payload)) in [
            (B, UDP, b"hi".as_slice()),
            ("198.51.100.7", ICMP, b""),
            ("10.0.0.200", 6, b"three"),
            ("255.255.255.255", UDP, b"all"),
            ("224.0.0.1", UDP, b"some"),
            ("0.0.0.0", UDP, b"nobody"),
            ("127.0.0.1", UDP, b"oneself"),
            (A, UDP, b"oneself"),
        ]
        .into_iter()
        .enumerate()
        {
            let got = sends(lab, &mut a, dst, proto, payload);
            let want = Ip {
                id: n as u16,
                ..Ip::new(proto, A, dst)
            };
            lab.because(
                "The header is chapter 06's: this host's address as the source, whatever the destination is, TTL 64, TOS 0, no options, no flag set, \
                 and an identification that counts up from 0 (RFC 791, section 3.1).",
            )
            .same_bytes("the datagram", &got, &want.bytes(payload));
        }
    });
}

#[test]
fn s1_the_source_is_the_hosts_own() {
    lab(|lab| {
        for addr in [A, "192.0.2.77"] {
            let mut sender = host(lab, addr);
            let got = sends(lab, &mut sender, B, UDP, b"x");
            lab.because("Each host writes its own address into the source field.")
                .same_bytes("the source", &got[12..16], &ip(addr).octets());
        }
    });
}

#[test]
fn s1_identifications_count_and_begin_anew() {
    lab(|lab| {
        let mut a = host(lab, A);
        for n in 0..=65537_u32 {
            let datagram = a.send(ip(B), UDP, b"").map_err(|error| error.to_string());
            let id = datagram.map(|d| u16::from_be_bytes([d[4], d[5]]));
            lab.because(
                "The field has 16 bits: after 65535 comes 0. Two datagrams in a row must not have the \
                 same, or their fragments are taken for one.",
            )
            .same(&format!("the identification of datagram {n}"), id, Ok(n as u16));
        }
    });
}

#[test]
fn s1_what_does_not_fit_is_an_error_and_costs_no_number() {
    lab(|lab| {
        let mut a = host(lab, A);
        let longest = sends(lab, &mut a, B, UDP, &numbered(65515));
        lab.because("Total Length has 16 bits, and the header takes 20 of 65535 bytes.")
            .same("the longest datagram's length", longest.len(), 65535);
        lab.because("One byte more does not fit into Total Length.")
            .err("host.send(10.0.0.2, 17, 65516 bytes)", || {
                a.send(ip(B), UDP, &numbered(65516))
            });
        let next = sends(lab, &mut a, B, UDP, b"next");
        lab.because("No datagram was made, so none was counted.")
            .same("the next identification", next[5], 1);
    });
}

#[test]
fn s1_what_is_for_this_host_is_received() {
    lab(|lab| {
        let cases = [
            (
                B,
                UDP,
                b"hi".as_slice(),
                "from 10.0.0.1, protocol 17: 68 69",
            ),
            (B, 200, b"", "from 10.0.0.1, protocol 200: "),
            (
                "255.255.255.255",
                ICMP,
                b"x",
                "from 10.0.0.1, protocol 1: 78",
            ),
        ];
        for (dst, proto, payload, want) in cases {
            let got = receives(
                lab,
                &format!("a datagram to {dst}"),
                &Ip::new(proto, A, dst).bytes(payload),
            );
            lab.because(
                "A host takes what is sent to its address, and what is sent to all on the link. IP does not check which protocols it knows.",
            )
            .same("what is received", got.as_str(), want);
        }
        let got = receives(
            lab,
            "a datagram with padding behind it",
            &padded(&Ip::new(UDP, A, B).bytes(b"hi")),
        );
        lab.because("Total Length says where the datagram ends. The rest is Ethernet's padding.")
            .same(
                "what is received",
                got.as_str(),
                "from 10.0.0.1, protocol 17: 68 69",
            );
        let options = Ip {
            options: vec![1; 8],
            ttl: 0,
            df: true,
            id: 9,
            ..Ip::new(UDP, A, B)
        };
        let got = receives(
            lab,
            "a datagram with options and TTL 0",
            &options.bytes(b"hi"),
        );
        lab.because(
            "A host ignores the TTL of a datagram that has arrived (RFC 1122, section 3.2.1.7). \
             The payload begins behind the options.",
        )
        .same(
            "what is received",
            got.as_str(),
            "from 10.0.0.1, protocol 17: 68 69",
        );
    });
}

#[test]
fn s1_what_is_for_others_is_not() {
    lab(|lab| {
        let another = "All four bytes of the address count. A host that accepts datagrams for others would be a wiretap.";
        let no_other_name = "This is not another name of the host. On a link it has only its own address, and 255.255.255.255 means every host.";
        for (dst, why) in [
            ("10.0.0.3", another),
            ("10.0.1.2", another),
            ("10.1.0.2", another),
            ("11.0.0.2", another),
            ("10.0.0.1", another),
            ("2.0.0.10", another),
            ("10.0.0.255", no_other_name),
            ("224.0.0.1", no_other_name),
            ("255.255.255.254", no_other_name),
            ("127.0.0.1", no_other_name),
            ("0.0.0.0", no_other_name),
        ] {
            let got = receives(
                lab,
                &format!("a datagram to {dst}"),
                &Ip::new(UDP, A, dst).bytes(b"hi"),
            );
            lab.because(why)
                .same("what becomes of it", got.as_str(), "NotForUs");
        }
    });
}

#[test]
fn s1_a_source_that_is_nobody_is_discarded() {
    lab(|lab| {
        for src in NOT_ONE_HOST {
            let got = receives(
                lab,
                &format!("a datagram from {src}"),
                &Ip::new(UDP, src, B).bytes(b"hi"),
            );
            lab.because(
                "An answer to this source would go to no host, to many, or back to this host (RFC 1122, section 3.2.1.3).",
            )
            .same("what becomes of it", got.as_str(), "BadSource");
        }
        for src in ONE_HOST
            .into_iter()
            .chain([B, "169.254.1.1", "10.0.0.255", "10.0.0.0"])
        {
            let got = receives(
                lab,
                &format!("a datagram from {src}"),
                &Ip::new(UDP, src, B).bytes(b"hi"),
            );
            lab.because("This address can be a host's.").same(
                "what becomes of it",
                got,
                format!("from {src}, protocol 17: 68 69"),
            );
        }
    });
}

#[test]
fn s1_damage_is_discarded_before_anything_else() {
    lab(|lab| {
        for (what, datagram, says) in unsound(&Ip::new(UDP, "127.0.0.1", "10.0.0.3")) {
            let got = receives(lab, what, &datagram);
            lab.because(
                "The addresses of a damaged header mean nothing: look at them after the checksum. Return the error of chapter 06's parse.",
            )
            .same("what becomes of it", got, format!("Malformed: {says}"));
        }
    });
}

#[test]
fn s1_pieces_are_left_to_step_3() {
    lab(|lab| {
        for (mf, offset) in [
            (true, 0),
            (false, 1),
            (true, 185),
            (false, 256),
            (false, 4096),
            (false, 8191),
        ] {
            let piece = Ip {
                mf,
                offset,
                ..Ip::new(UDP, A, B)
            };
            let got = receives(
                lab,
                &format!("a piece, More Fragments {mf}, offset {offset}"),
                &piece.bytes(b"12345678"),
            );
            lab.because("More Fragments, or an offset that is not 0: a part of a datagram. A program must not get it.")
                .same("what becomes of it", got.as_str(), "Fragment");
        }
        let order = Ip {
            mf: true,
            ..Ip::new(UDP, "224.0.0.9", "10.0.0.3")
        };
        let got = receives(lab, "a piece for another host", &order.bytes(b"12345678"));
        lab.because("The reasons have an order: first the destination.")
            .same("what becomes of it", got.as_str(), "NotForUs");
        let order = Ip {
            dst: ip(B),
            ..order
        };
        let got = receives(lab, "a piece from nobody", &order.bytes(b"12345678"));
        lab.because("The reasons have an order: the source comes before wholeness.")
            .same("what becomes of it", got.as_str(), "BadSource");
    });
}

#[test]
fn s1_sending_to_nobody_succeeds() {
    lab(|lab| {
        let mut net = lab.net(1);
        let a = net.add("A", Inbox::default());
        let b = net.add("B", Inbox::default());
        net.join(a, b, Link::default().delay_ms(10));
        let mut sender = host(lab, A);
        let datagram = sends(lab, &mut sender, "10.0.0.99", UDP, b"anybody there?");
        net.send(a, datagram);
        lab.runs(&mut net);
        let came = net.node::<Inbox>(b).packets().first().map(|it| it.to_vec());
        let got = receives(lab, "what came", &came.expect("the link delivers it"));
        lab.because("There is no host 10.0.0.99. The call must still succeed: IP does not ask before it sends.")
            .same("what becomes of it", got.as_str(), "NotForUs");
        lab.because(
            "Nothing comes back, not even an error: this link has no router that could send one.",
        )
        .same(
            "datagrams that came back",
            net.node::<Inbox>(a).packets().len(),
            0,
        );
    });
}

#[test]
fn s1_lost_repeated_and_late_datagrams_are_received_as_they_come() {
    lab(|lab| {
        let mut net = lab.net(1);
        let a = net.add("A", Inbox::default());
        let b = net.add("B", Inbox::default());
        net.join(a, b, Link::default().delay_ms(10));
        net.way(a, b)
            .delivers_after(second(Kind::Packet), fourth(Kind::Packet))
            .repeats(third(Kind::Packet))
            .loses(nth(5, Kind::Packet));
        let mut sender = host(lab, A);
        for payload in [b"1", b"2", b"3", b"4", b"5"] {
            let datagram = sends(lab, &mut sender, B, UDP, payload);
            net.send(a, datagram);
        }
        lab.runs(&mut net);
        let receiver = host(lab, B);
        let came = net.node::<Inbox>(b).packets();
        let got: Vec<String> = came
            .iter()
            .map(|came| {
                let what = format!("host.receive({})", hex::short(&came[20..]));
                lab.you(&what, || match receiver.receive(came) {
                    Ok(it) => String::from_utf8_lossy(it.payload).into_owned(),
                    Err(why) => words::discard(why),
                })
            })
            .collect();
        lab.because(
            "IP promises neither that each datagram comes, nor that it comes once, nor in which order. A host passes up whatever comes. TCP will repair this (chapter 10); UDP leaves it to the program.",
        )
        .same("what is received", got.join(" ").as_str(), "1 3 3 4 2");
    });
}

#[test]
fn s1_nothing_but_the_four_questions_decides() {
    lab(|lab| {
        let host = host(lab, B);
        for (dst, is_ours) in [(B, true), ("255.255.255.255", true), ("10.0.0.3", false)] {
            for (src, is_host) in [
                (A, true),
                (B, true),
                ("0.0.0.0", false),
                ("224.0.0.1", false),
            ] {
                for (mf, offset) in [(false, 0), (true, 0), (false, 1), (true, 8191)] {
                    let what = format!("from {src} to {dst}, More Fragments {mf}, offset {offset}");
                    lab.scene(format!("datagrams {what}"));
                    let headers: Vec<(String, Ip)> = [0, ICMP, 6, UDP, 253]
                        .into_iter()
                        .flat_map(|proto| {
                            other_fields(&Ip {
                                mf,
                                offset,
                                ..Ip::new(proto, src, dst)
                            })
                        })
                        .collect();
                    let got: Vec<String> =
                        lab.you(&format!("host.receive(each datagram {what})"), || {
                            let each = headers.iter();
                            each.map(|(_, it)| received(host.receive(&it.bytes(b"12345678"))))
                                .collect()
                        });
                    for ((what, header), got) in headers.iter().zip(got) {
                        let proto = header.proto;
                        let want = match (is_ours, is_host, mf || offset > 0) {
                            (false, ..) => "NotForUs".to_owned(),
                            (_, false, _) => "BadSource".to_owned(),
                            (.., true) => "Fragment".to_owned(),
                            _ => format!("from {src}, protocol {proto}: 31 32 33 34 35 36 37 38"),
                        };
                        lab.because(
                            "Check these four, in this order, and no other field: valid, for this host, from one host, whole. They are the same for each protocol, and for a broadcast.",
                        )
                        .same(&format!("the result for protocol {proto} with {what}"), got, want);
                    }
                }
            }
        }
    });
}
