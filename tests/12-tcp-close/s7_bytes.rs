//! Step 7: segments as bytes.

use std::net::{Ipv4Addr, SocketAddrV4};

use netlab::sim::{Kind, first};
use netlab::{Dice, Lab, hex, lab};
use packets::{Datagram, Flow, Ipv4Header, Transport, UdpHeader, encapsulate_ip, protocol};
use tcp_close::{from_bytes, to_bytes};
use tcp_open::{Segment, Seq, State};

use super::ends::Ends;
use super::player::of_script;
use super::wire::{self, ACK, SYN};

fn flow() -> Flow {
    Flow {
        src: SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 40000),
        dst: SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80),
    }
}

/// A datagram from 10.0.0.1:40000 to 10.0.0.2:80.
fn datagram(
    numbers: (u32, u32),
    flags: u8,
    window: u16,
    options: &[u8],
    payload: &[u8],
) -> Vec<u8> {
    wire::datagram(flow(), numbers, flags, window, options, payload)
}

/// The same with these bytes at this place of TCP's header.
fn altered(datagram: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut tcp = datagram[20..].to_vec();
    tcp[at..at + bytes.len()].copy_from_slice(bytes);
    tcp[16..18].fill(0);
    wire::sealed(flow(), tcp)
}

fn syn() -> Segment {
    Segment {
        seq: Seq(0xfffe_0001),
        syn: true,
        window: 65535,
        mss: Some(1460),
        ..Segment::default()
    }
}

fn data() -> Segment {
    Segment {
        seq: Seq(101),
        ack: Some(Seq(0x0102_0304)),
        psh: true,
        window: 4000,
        payload: b"hello".to_vec(),
        ..Segment::default()
    }
}

/// The datagram of a segment, by hand.
fn bytes_of(segment: &Segment) -> Vec<u8> {
    wire::bytes_of(flow(), &of_script(segment, ""))
}

fn cases() -> Vec<(&'static str, Segment)> {
    let bare = Segment {
        payload: Vec::new(),
        psh: false,
        ..data()
    };
    vec![
        ("SYN", syn()),
        ("SYN without MSS", Segment { mss: None, ..syn() }),
        (
            "SYN with MSS 0, which is an ordinary number",
            Segment {
                mss: Some(0),
                ..syn()
            },
        ),
        (
            "ACK with zeros as data",
            Segment {
                payload: vec![0, 7, 0, 0],
                ..data()
            },
        ),
        (
            "SYN,ACK",
            Segment {
                ack: Some(Seq(7)),
                mss: Some(536),
                ..syn()
            },
        ),
        (
            "SYN,ACK with data",
            Segment {
                ack: Some(Seq(7)),
                payload: b"hi".to_vec(),
                ..syn()
            },
        ),
        ("PSH,ACK with data", data()),
        (
            "ACK with data, without PSH",
            Segment {
                psh: false,
                ..data()
            },
        ),
        ("ACK", bare.clone()),
        (
            "ACK with the ACK number 0, which is an ordinary number",
            Segment {
                ack: Some(Seq(0)),
                ..bare.clone()
            },
        ),
        (
            "ACK with the number 0 and window 0",
            Segment {
                seq: Seq(0),
                window: 0,
                ..bare.clone()
            },
        ),
        (
            "FIN,ACK",
            Segment {
                fin: true,
                ..bare.clone()
            },
        ),
        (
            "FIN,PSH,ACK without data",
            Segment {
                fin: true,
                psh: true,
                ..bare.clone()
            },
        ),
        (
            "RST,ACK",
            Segment {
                rst: true,
                ..bare.clone()
            },
        ),
        (
            "RST",
            Segment {
                rst: true,
                ack: None,
                ..bare.clone()
            },
        ),
        (
            "RST with data",
            Segment {
                rst: true,
                ack: None,
                ..data()
            },
        ),
        (
            "SYN,FIN: this step does not check whether flags make sense",
            Segment { fin: true, ..syn() },
        ),
        ("no flag", Segment { ack: None, ..bare }),
    ]
}

#[test]
fn s7_a_segment_becomes_a_datagram() {
    lab(|lab| {
        lab.why("IPv4's header with DF, TCP's header with both checksums, the payload. Each flag and each field is as the segment has it: an MSS option only if it has an MSS, PSH only if it has PSH, ACK only if it has an ACK number, which may be any number. (TCP's header begins at byte 20; \
                 the flags are byte 33.)");
        for (what, segment) in cases() {
            let got = lab.ok(&format!("to_bytes(flow, {what})"), || {
                to_bytes(flow(), &segment)
            });
            lab.same_bytes(what, &got, &bytes_of(&segment));
        }
        let odd = Segment {
            mss: Some(1000),
            ..data()
        };
        let got = lab.ok("to_bytes(flow, PSH,ACK with an MSS)", || {
            to_bytes(flow(), &odd)
        });
        lab.because("The option is there if the segment has an MSS, even without SYN.")
            .same_bytes("PSH,ACK with an MSS", &got, &bytes_of(&odd));
        let back = lab.ok("to_bytes(the flow back, ACK)", || {
            to_bytes(flow().reversed(), &data())
        });
        lab.because("From `flow.src` to `flow.dst`.").same(
            "the addresses",
            back[12..20].to_vec(),
            vec![10, 0, 0, 2, 10, 0, 0, 1],
        );
        lab.because("From `flow.src` to `flow.dst`.").same(
            "the ports",
            back[20..24].to_vec(),
            vec![0, 80, 0x9c, 0x40],
        );
    });
}

#[test]
fn s7_too_much_is_an_error() {
    lab(|lab| {
        for size in [65_496, 70_000] {
            let segment = Segment {
                payload: vec![0; size],
                ..data()
            };
            lab.because("An IPv4 datagram has at most 65535 bytes, 40 of which are headers.")
                .err(&format!("to_bytes(flow, {size} bytes)"), || {
                    to_bytes(flow(), &segment).map(|bytes| format!("{} bytes", bytes.len()))
                });
        }
        let segment = Segment {
            payload: vec![0; 65_495],
            ..data()
        };
        lab.ok("to_bytes(flow, 65495 bytes)", || to_bytes(flow(), &segment));
    });
}

/// What is in a segment, as primitives.
fn parts(segment: &Segment) -> (u32, Option<u32>, [bool; 4], u16, Option<u16>, Vec<u8>) {
    (
        segment.seq.0,
        segment.ack.map(|ack| ack.0),
        [segment.syn, segment.fin, segment.rst, segment.psh],
        segment.window,
        segment.mss,
        segment.payload.clone(),
    )
}

fn reads(lab: &Lab, what: &str, bytes: &[u8]) -> Option<(Flow, Segment)> {
    lab.given("the datagram", &hex::rows(bytes));
    lab.you(&format!("from_bytes({what})"), || from_bytes(bytes))
}

#[test]
fn s7_a_datagram_becomes_a_segment() {
    lab(|lab| {
        lab.why("`None` is only for an error of dissect_ip, a fragment and another protocol.");
        for (what, segment) in cases() {
            let (from, got) = reads(lab, what, &bytes_of(&segment))
                .unwrap_or_else(|| lab.fails("a segment", "None"));
            lab.because("The addresses are IP's, the ports TCP's, and `src` is the sender.")
                .same("the flow", (from.src, from.dst), (flow().src, flow().dst));
            lab.because("Each field is what the header says.").same(
                "seq, ack, [SYN, FIN, RST, PSH], window, MSS, payload",
                parts(&got),
                parts(&segment),
            );
        }
    });
}

#[test]
fn s7_every_segment_comes_back_as_it_was() {
    lab(|lab| {
        lab.why("Each field by itself: any flags, any numbers, with an MSS or without, with a payload or without.");
        let mut dice = Dice::new(7);
        let mut below = |end: u32| dice.below(end);
        for _ in 0..300 {
            let flags: [bool; 6] = std::array::from_fn(|_| below(2) == 1);
            let [syn, fin, rst, psh, has_ack, has_mss] = flags;
            let segment = Segment {
                seq: Seq(below(u32::MAX)),
                ack: has_ack.then(|| Seq(below(3) * below(1 << 30))),
                syn,
                fin,
                rst,
                psh,
                window: below(65_536) as u16,
                mss: (syn && has_mss).then(|| below(65_536) as u16),
                payload: (0..below(20) * below(2))
                    .map(|_| below(256) as u8)
                    .collect(),
            };
            let what = format!("{:?}", parts(&segment));
            let bytes = lab.ok(&format!("to_bytes(flow, {what})"), || {
                to_bytes(flow(), &segment)
            });
            lab.same_bytes(&what, &bytes, &bytes_of(&segment));
            let back = reads(lab, "these bytes", &bytes).map(|(_, segment)| parts(&segment));
            lab.same(
                "seq, ack, [SYN, FIN, RST, PSH], window, MSS, payload",
                back,
                Some(parts(&segment)),
            );
        }
    });
}

#[test]
fn s7_what_is_not_ours_is_left_out() {
    lab(|lab| {
        let known = datagram(
            (101, 9),
            ACK | 0xe0,
            4000,
            &[
                2, 4, 5, 180, 1, 3, 3, 7, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2,
            ],
            b"hello",
        );
        let got =
            reads(lab, "URG, ECE, CWR and options", &known).map(|(_, segment)| parts(&segment));
        lab.because("URG, ECE, CWR, window scale and timestamps are not for this machine. An MSS counts only in a SYN (RFC 9293, section 3.7.1).")
            .same("the segment", got, Some((101, Some(9), [false; 4], 4000, None, b"hello".to_vec())));
        for (pointer, what) in [
            (3, "URG with urgent pointer 3"),
            (5, "URG, all of it urgent"),
        ] {
            let urgent = datagram((101, 9), ACK | 0x20, 4000, &[], b"hello");
            let urgent = altered(&urgent, 18, &[0, pointer]);
            let got = reads(lab, what, &urgent).map(|(_, segment)| parts(&segment));
            lab.because("URG and its pointer are left out. The bytes are ordinary bytes (RFC 9293, section 3.8.5).")
                .same("the segment", got, Some((101, Some(9), [false; 4], 4000, None, b"hello".to_vec())));
        }
        let plain = datagram((101, 9), ACK, 4000, &[], b"hello");
        for (at, want) in [(0, (0, 80)), (2, (40_000, 0))] {
            let port_0 = altered(&plain, at, &[0, 0]);
            let got = reads(lab, "a segment from or to port 0", &port_0);
            let ports = got.map(|(flow, _)| (flow.src.port(), flow.dst.port()));
            lab.because("A port may be any number; `None` is only for the cases in the docs.")
                .same("the ports", ports, Some(want));
        }
        let header = Ipv4Header::new(protocol::TCP, *flow().src.ip(), *flow().dst.ip());
        for (what, header) in [
            ("without DF", header.clone()),
            (
                "with TTL 0",
                Ipv4Header {
                    ttl: 0,
                    ..header.clone()
                },
            ),
            (
                "with a type of service",
                Ipv4Header {
                    tos: 0xb8,
                    ..header.clone()
                },
            ),
            (
                "with IP options",
                Ipv4Header {
                    options: vec![1; 4],
                    ..header
                },
            ),
        ] {
            let mut bytes = Vec::new();
            header.emit(&plain[20..], &mut bytes).expect("it fits");
            let got = reads(lab, what, &bytes).map(|(_, segment)| segment.payload);
            lab.because("It carries a segment, whatever else IP's header says: `None` is only for the cases in the docs.")
                .same("the payload", got, Some(b"hello".to_vec()));
        }
        let no_ack = datagram((101, 9), SYN, 4000, &[1, 3, 3, 7], b"");
        let got = reads(lab, "a SYN with something in the ACK field", &no_ack)
            .map(|(_, segment)| parts(&segment));
        lab.because("Without the flag ACK, the ACK number means nothing.")
            .same(
                "the segment",
                got,
                Some((101, None, [true, false, false, false], 4000, None, vec![])),
            );
    });
}

#[test]
fn s7_what_carries_no_segment_is_none() {
    lab(|lab| {
        lab.why("A wrong checksum, a piece, another protocol: no segment can be trusted.");
        let good = datagram((101, 9), ACK, 4000, &[], b"hello");
        let mut cases = vec![
            ("no byte", Vec::new()),
            ("half a header", good[..30].to_vec()),
        ];
        for at in [8, 21, 27, 33, 44] {
            let mut flipped = good.clone();
            flipped[at] ^= 0x10;
            cases.push(("a flipped bit", flipped));
        }
        let header = Ipv4Header::new(protocol::TCP, *flow().src.ip(), *flow().dst.ip());
        let with = |header: Ipv4Header| {
            let mut out = Vec::new();
            header.emit(&good[20..], &mut out).expect("it fits");
            out
        };
        cases.push((
            "a piece",
            with(Ipv4Header {
                mf: true,
                ..header.clone()
            }),
        ));
        cases.push((
            "a later piece",
            with(Ipv4Header {
                frag_off: 185,
                ..header.clone()
            }),
        ));
        cases.push((
            "UDP",
            with(Ipv4Header {
                proto: protocol::UDP,
                ..header.clone()
            }),
        ));
        cases.push((
            "ICMP",
            with(Ipv4Header {
                proto: protocol::ICMP,
                ..header
            }),
        ));
        let udp = Datagram {
            ip: Ipv4Header::new(protocol::UDP, *flow().src.ip(), *flow().dst.ip()),
            transport: Transport::Udp(UdpHeader { src: 4000, dst: 80 }, b"hello"),
        };
        cases.push((
            "UDP whose checksum fits",
            encapsulate_ip(&udp).expect("it fits"),
        ));
        for (what, bytes) in cases {
            let got = reads(lab, what, &bytes).map(|(_, segment)| parts(&segment));
            lab.same(what, got, None);
        }
    });
}

#[test]
fn s7_two_connections_close_over_bytes() {
    lab(|lab| {
        let mut ends = Ends::open(lab);
        ends.are(
            "Three datagrams, and both are open.",
            State::Established,
            State::Established,
        );
        ends.does(ends.a, "shutdown()", |a, now| a.shutdown(now));
        ends.runs_until(200);
        ends.are(
            "RFC 9293, figure 12: A has sent everything, B has not.",
            State::FinWait2,
            State::CloseWait,
        );
        ends.does(ends.b, "shutdown()", |b, now| b.shutdown(now));
        ends.runs_until(300);
        ends.are(
            "A has closed first, so A waits.",
            State::TimeWait,
            State::Closed,
        );
        ends.runs_until(9000);
        ends.are("Two MSL later.", State::Closed, State::Closed);
        ends.draws("12-figure-12", "A closes, and later B");
        ends.draws_states("12-states", "The ways of A, which closes first, and of B");
    });
}

#[test]
fn s7_two_connections_close_at_once_over_bytes() {
    lab(|lab| {
        let mut ends = Ends::open(lab);
        ends.does(ends.a, "shutdown()", |a, now| a.shutdown(now));
        ends.does(ends.b, "shutdown()", |b, now| b.shutdown(now));
        ends.runs_until(130);
        ends.are(
            "RFC 9293, figure 13: the FINs have crossed.",
            State::Closing,
            State::Closing,
        );
        ends.runs_until(200);
        ends.are(
            "Each has sent a first FIN, so both wait.",
            State::TimeWait,
            State::TimeWait,
        );
        ends.runs_until(9000);
        ends.are("Two MSL later.", State::Closed, State::Closed);
        ends.draws("12-figure-13", "Both close at the same time");
    });
}

#[test]
fn s7_a_lost_last_ack_costs_a_second() {
    lab(|lab| {
        let mut ends = Ends::open(lab);
        ends.way(ends.a, ends.b).loses(first(Kind::Ack));
        ends.does(ends.a, "shutdown()", |a, now| a.shutdown(now));
        ends.runs_until(200);
        ends.does(ends.b, "shutdown()", |b, now| b.shutdown(now));
        ends.runs_until(1000);
        ends.are(
            "B does not know that A has its FIN.",
            State::TimeWait,
            State::LastAck,
        );
        ends.runs_until(1400);
        ends.are(
            "B has sent its FIN again, and A was still there to answer.",
            State::TimeWait,
            State::Closed,
        );
        ends.runs_until(3200);
        ends.are(
            "A's two MSL have restarted with the second FIN.",
            State::TimeWait,
            State::Closed,
        );
        ends.runs_until(9000);
        ends.are("Two MSL after it.", State::Closed, State::Closed);
        ends.draws("12-last-ack", "The last ACK is lost: what TIME-WAIT is for");
    });
}
