//! Step 5: a router.

use std::net::Ipv4Addr;

use delivery::{Interface, Router};
use netlab::sim::{Event, Inbox, Link, Node, Outbox, Time};
use netlab::{Lab, hex, lab};

use super::wire::{
    ICMP, Ip, NOT_ONE_HOST, ONE_HOST, UDP, echo, icmp, ip, numbered, other_fields, padded, unsound,
};

const A: &str = "10.1.0.1";
const B: &str = "10.2.0.1";

/// A router of three interfaces: 10.1.0.0/16 is behind 0, 10.2.0.0/16 behind 1, 10.3.0.0/16 behind 2.
fn router(lab: &Lab, mtus: [usize; 3]) -> Router {
    let interfaces = [0, 1, 2].map(|n| Interface {
        addr: Ipv4Addr::new(10, n as u8 + 1, 0, 254),
        mtu: mtus[n],
    });
    lab.you(
        &format!("Router::new(three interfaces, MTU {mtus:?})"),
        || Router::new(interfaces.to_vec(), behind),
    )
}

fn behind(dst: Ipv4Addr) -> Option<usize> {
    match dst.octets() {
        [10, n @ 1..=3, ..] => Some(usize::from(n) - 1),
        _ => None,
    }
}

fn forward(lab: &Lab, router: &Router, what: &str, datagram: &[u8]) -> Vec<(usize, Vec<u8>)> {
    lab.given(
        "the datagram begins with",
        &hex::rows(&datagram[..datagram.len().min(64)]),
    );
    lab.you(&format!("router.forward({what})"), || {
        router.forward(datagram)
    })
}

/// What goes out, if it is one datagram. The reason is `lab`'s.
fn one(lab: &Lab, router: &Router, what: &str, datagram: &[u8]) -> (usize, Vec<u8>) {
    let mut out = forward(lab, router, what, datagram);
    match out.len() {
        1 => out.remove(0),
        n => lab.fails("one datagram goes out", format!("{n}")),
    }
}

fn none(lab: &Lab, router: &Router, what: &str, datagram: &[u8]) {
    let out = forward(lab, router, what, datagram);
    lab.same("datagrams that go out", out.len(), 0);
}

/// Demands an ICMP error about a datagram.
fn tells(
    lab: &Lab,
    router: &Router,
    what: &str,
    about: &[u8],
    (kind, code, mtu): (u8, u8, u16),
    back: (usize, &str),
) {
    let (out, got) = one(lab, router, what, about);
    lab.same("the interface by which the error goes out", out, back.0);
    let src = Ipv4Addr::new(about[12], about[13], about[14], about[15]).to_string();
    let header = 4 * usize::from(about[0] & 0xf);
    let total = usize::from(u16::from_be_bytes([about[2], about[3]]));
    let [high, low] = mtu.to_be_bytes();
    let message = icmp(
        kind,
        code,
        [0, 0, high, low],
        &about[..total.min(header + 8)],
    );
    lab.same_bytes(
        "the error",
        &got,
        &Ip::new(ICMP, back.1, &src).bytes(&message),
    );
}

#[test]
fn s5_the_route_says_the_interface_and_the_ttl_goes_down() {
    lab(|lab| {
        let router = router(lab, [1500; 3]);
        for (dst, out, ttl) in [
            (B, 1, 64),
            ("10.3.255.255", 2, 2),
            ("10.2.7.7", 1, 255),
            (A, 0, 9),
        ] {
            let datagram = Ip {
                ttl,
                id: 5,
                tos: 7,
                df: true,
                reserved: true,
                options: vec![1; 4],
                ..Ip::new(UDP, A, dst)
            };
            lab.why("It is valid, from one host to another, its TTL is not over, and a route leads there. So it goes out.");
            let (to, got) = one(
                lab,
                &router,
                &format!("a datagram to {dst} with TTL {ttl}, padded"),
                &padded(&datagram.bytes(b"hi")),
            );
            lab.because("The route to its destination decides the interface, even if it is the one that it came from.")
                .same("the interface", to, out);
            let want = Ip {
                ttl: ttl - 1,
                ..datagram
            };
            lab.because("A router subtracts 1 from the TTL, updates the checksum, and changes nothing else, not even the reserved bit. Padding does not go out.")
                .same_bytes("the datagram", &got, &want.bytes(b"hi"));
        }
        for src in ["192.0.2.1", "10.9.0.1"] {
            let datagram = Ip::new(UDP, src, B);
            lab.why(
                "The route to its source matters only when an answer or an error must be sent.",
            );
            let (to, _) = one(
                lab,
                &router,
                &format!("a datagram from {src}"),
                &datagram.bytes(b"hi"),
            );
            lab.same("the interface", to, 1);
        }
    });
}

#[test]
fn s5_ttl_1_is_time_exceeded() {
    lab(|lab| {
        let router = router(lab, [1500; 3]);
        for (src, dst, back) in [
            (A, B, (0, "10.1.0.254")),
            ("10.3.0.9", A, (2, "10.3.0.254")),
            ("10.2.0.254", A, (1, "10.2.0.254")),
        ] {
            for (ttl, len) in [(1, 50), (0, 50), (1, 2)] {
                let datagram = Ip {
                    ttl,
                    reserved: true,
                    ..Ip::new(UDP, src, dst)
                };
                let datagram = padded(&datagram.bytes(&numbered(len)));
                lab.why(
                    "A datagram that would leave with TTL 0 does not leave. The error goes along the route to its source, and quotes the datagram as it came in (RFC 1812, section 5.3.1).",
                );
                tells(
                    lab,
                    &router,
                    &format!("a datagram with TTL {ttl}, padded"),
                    &datagram,
                    (11, 0, 0),
                    back,
                );
            }
        }
        let datagram = Ip {
            ttl: 1,
            ..Ip::new(UDP, A, "192.0.2.1")
        }
        .bytes(b"12345678");
        lab.why("The reasons have an order: TTL before the route.");
        tells(
            lab,
            &router,
            "a datagram with TTL 1 to where no route leads",
            &datagram,
            (11, 0, 0),
            (0, "10.1.0.254"),
        );
        let datagram = Ip {
            ttl: 1,
            df: true,
            ..Ip::new(UDP, A, B)
        };
        lab.why("The reasons have an order: TTL before the length.");
        tells(
            lab,
            &router,
            "a datagram of 1501 bytes with TTL 1 and DF",
            &datagram.bytes(&numbered(1481)),
            (11, 0, 0),
            (0, "10.1.0.254"),
        );
    });
}

#[test]
fn s5_no_route_is_net_unreachable() {
    lab(|lab| {
        let router = router(lab, [1500; 3]);
        for dst in ["192.0.2.1", "10.4.0.1", "11.1.0.1"] {
            let datagram = Ip {
                options: vec![1; 4],
                ..Ip::new(UDP, A, dst)
            }
            .bytes(b"1234567890");
            lab.why("No route leads there, and the source gets an error. It quotes the datagram as it came in: the TTL is lowered only in a datagram that goes out.");
            tells(
                lab,
                &router,
                &format!("a datagram to {dst}"),
                &datagram,
                (3, 0, 0),
                (0, "10.1.0.254"),
            );
        }
        lab.why("No route leads back to the source either, so no error can be sent.");
        none(
            lab,
            &router,
            "a datagram from 192.0.2.1 to 192.0.2.9",
            &Ip::new(UDP, "192.0.2.1", "192.0.2.9").bytes(b"x"),
        );
    });
}

#[test]
fn s5_what_is_too_long_is_cut_or_its_source_told() {
    lab(|lab| {
        let router = router(lab, [1500, 576, 100_000]);
        let datagram = Ip::new(UDP, A, B);
        let got = forward(
            lab,
            &router,
            "a datagram of 1000 bytes, padded",
            &padded(&datagram.bytes(&numbered(980))),
        );
        lab.because("The link behind interface 1 carries 576 bytes: 552 + 428.")
            .same("datagrams that go out", got.len(), 2);
        let payload = numbered(980);
        for (n, (out, piece)) in got.iter().enumerate() {
            lab.because("All pieces go the same way.")
                .same("the interface", *out, 1);
            let want = Ip {
                ttl: 63,
                mf: n == 0,
                offset: if n == 0 { 0 } else { 69 },
                ..datagram.clone()
            };
            let range = if n == 0 { 0..552 } else { 552..980 };
            lab.because("Each piece has the TTL that the datagram leaves with.")
                .same_bytes(&format!("piece {n}"), piece, &want.bytes(&payload[range]));
        }
        let df = Ip {
            df: true,
            ..datagram.clone()
        };
        lab.why("Don't Fragment: the error gives the source the MTU of the link that is too narrow (RFC 1191), and quotes the datagram as it came in.");
        tells(
            lab,
            &router,
            "a datagram of 577 bytes with DF",
            &df.bytes(&numbered(557)),
            (3, 4, 576),
            (0, "10.1.0.254"),
        );
        lab.why("576 bytes fit, so Don't Fragment does not matter.");
        let (out, got) = one(
            lab,
            &router,
            "a datagram of 576 bytes with DF",
            &df.bytes(&numbered(556)),
        );
        lab.same("interface and length", (out, got.len()), (1, 576));
        let datagram = padded(&df.bytes(&numbered(556)));
        lab.why("Padding does not count: Total Length says 576.");
        let (_, got) = one(lab, &router, "the same, padded", &datagram);
        lab.same("length", got.len(), 576);
        lab.why("The link behind interface 2 carries 100000 bytes, and no datagram is longer than that.");
        let datagram = Ip::new(UDP, A, "10.3.0.1").bytes(&numbered(65515));
        let (_, got) = one(lab, &router, "a datagram of 65535 bytes", &datagram);
        lab.same("length", got.len(), 65535);
        let router = self::router(lab, [1280, 65534, 68]);
        lab.why("The link behind interface 1 carries 65534 bytes. The MTU has 16 bits.");
        tells(
            lab,
            &router,
            "a datagram of 65535 bytes with DF",
            &df.bytes(&numbered(65515)),
            (3, 4, 65534),
            (0, "10.1.0.254"),
        );
        let router = self::router(lab, [1280, 1006, 68]);
        let datagram = Ip::new(UDP, A, "10.3.0.1").bytes(&numbered(65515));
        let got = forward(lab, &router, "a datagram of 65535 bytes", &datagram);
        lab.because("The link behind interface 2 carries 68 bytes, and 48 of payload. All pieces go out, however many there are.")
            .same("datagrams that go out", got.len(), 65515_usize.div_ceil(48));
        for (dst, mtu) in [(A, 1280), (B, 1006), ("10.3.0.1", 68)] {
            let datagram = Ip {
                df: true,
                ..Ip::new(UDP, "10.2.0.9", dst)
            };
            lab.why("Each link has another MTU. The error gives the MTU of the link by which the datagram would have gone out.");
            tells(
                lab,
                &router,
                &format!("a datagram of 1400 bytes with DF to {dst}"),
                &datagram.bytes(&numbered(1380)),
                (3, 4, mtu),
                (1, "10.2.0.254"),
            );
        }
    });
}

#[test]
fn s5_answers_and_errors_are_not_cut() {
    lab(|lab| {
        let router = router(lab, [40, 1500, 1500]);
        lab.why(
            "The link back carries 40 bytes. The router's own messages still go out in one piece.",
        );
        for len in [13, 1000] {
            let request = Ip::new(ICMP, A, "10.1.0.254").bytes(&echo(8, 7, 9, &numbered(len)));
            let what = format!("an echo request with {} of data", hex::count(len));
            let (_, got) = one(lab, &router, &what, &request);
            lab.same_bytes(
                "the answer",
                &got,
                &Ip::new(ICMP, "10.1.0.254", A).bytes(&echo(0, 7, 9, &numbered(len))),
            );
        }
        for (ttl, dst, error) in [(1, B, (11, 0, 0)), (64, "192.0.2.1", (3, 0, 0))] {
            let datagram = Ip {
                ttl,
                ..Ip::new(UDP, A, dst)
            };
            let what = format!("a datagram to {dst} with TTL {ttl}");
            let datagram = datagram.bytes(b"12345678");
            tells(lab, &router, &what, &datagram, error, (0, "10.1.0.254"));
        }
    });
}

#[test]
fn s5_a_link_that_carries_nothing() {
    lab(|lab| {
        let router = router(lab, [1500, 27, 1500]);
        lab.why("A link of 27 bytes has no room for a header and 8 bytes. There is no ICMP error for that.");
        none(
            lab,
            &router,
            "a datagram of 100 bytes",
            &Ip::new(UDP, A, B).bytes(&numbered(80)),
        );
        lab.why("The reasons have an order: TTL before the length. The narrow link does not matter any more.");
        tells(
            lab,
            &router,
            "a datagram of 100 bytes with TTL 1",
            &Ip {
                ttl: 1,
                ..Ip::new(UDP, A, B)
            }
            .bytes(&numbered(80)),
            (11, 0, 0),
            (0, "10.1.0.254"),
        );
        lab.why("Its last piece would begin behind what 13 bits can say. There is no ICMP error for that either.");
        none(
            lab,
            &router,
            "a piece of 2000 bytes at offset 8191",
            &Ip {
                offset: 8191,
                ..Ip::new(UDP, A, "10.3.0.1")
            }
            .bytes(&numbered(1980)),
        );
    });
}

#[test]
fn s5_the_router_itself_can_be_asked() {
    lab(|lab| {
        let router = router(lab, [1500; 3]);
        for (addr, src, out) in [
            ("10.1.0.254", A, 0),
            ("10.2.0.254", A, 0),
            ("10.3.0.254", "10.2.0.5", 1),
        ] {
            for ttl in [0, 1, 64] {
                let request = Ip {
                    ttl,
                    ..Ip::new(ICMP, src, addr)
                }
                .bytes(&echo(8, 7, 9, b"ping"));
                lab.why("Each address of the router answers. It has arrived, so its TTL does not matter.");
                let (to, got) = one(
                    lab,
                    &router,
                    &format!("an echo request for {addr} with TTL {ttl}"),
                    &request,
                );
                lab.because("The answer goes along the route to the requester.")
                    .same("the interface", to, out);
                lab.because("The answer comes from the requested address.")
                    .same_bytes(
                        "the answer",
                        &got,
                        &Ip::new(ICMP, addr, src).bytes(&echo(0, 7, 9, b"ping")),
                    );
            }
        }
        lab.why("A datagram for the router itself is not forwarded, and only an echo request gets an answer.");
        none(
            lab,
            &router,
            "a UDP datagram for 10.2.0.254",
            &Ip::new(UDP, A, "10.2.0.254").bytes(b"12345678"),
        );
        none(
            lab,
            &router,
            "an echo reply for 10.1.0.254",
            &Ip::new(ICMP, A, "10.1.0.254").bytes(&echo(0, 1, 1, b"")),
        );
        lab.why("No route leads back to who asked.");
        none(
            lab,
            &router,
            "a request from 192.0.2.1",
            &Ip::new(ICMP, "192.0.2.1", "10.1.0.254").bytes(&echo(8, 1, 1, b"")),
        );
    });
}

#[test]
fn s5_what_goes_nowhere() {
    lab(|lab| {
        // With a default route, so that the routes are no reason.
        let interfaces = [1, 2].map(|n| Interface {
            addr: Ipv4Addr::new(10, n, 0, 254),
            mtu: 1500,
        });
        let router = lab.you("Router::new(two interfaces, a default route to 1)", || {
            Router::new(interfaces.to_vec(), |dst| {
                Some(behind(dst).map_or(1, |n| n.min(1)))
            })
        });
        lab.why("A damaged datagram is discarded silently (RFC 1812, section 5.2.2). A router that updates an unchecked checksum passes the damage on.");
        for ttl in [64, 1] {
            let header = Ip {
                ttl,
                ..Ip::new(UDP, A, B)
            };
            for (what, datagram, _) in unsound(&header) {
                none(lab, &router, what, &datagram);
            }
        }
        for addr in NOT_ONE_HOST {
            for ttl in [64, 1] {
                let header = Ip {
                    ttl,
                    ..Ip::new(UDP, A, B)
                };
                lab.why(
                    "A broadcast does not leave its link, multicast has routers of its own, and no host has any of the other addresses (RFC 1812, section 5.3.7).",
                );
                let to = Ip {
                    dst: ip(addr),
                    ..header.clone()
                };
                none(
                    lab,
                    &router,
                    &format!("a datagram to {addr} with TTL {ttl}"),
                    &to.bytes(b"x"),
                );
                let ask = Ip { proto: ICMP, ..to };
                none(
                    lab,
                    &router,
                    &format!("an echo request to {addr} with TTL {ttl}"),
                    &ask.bytes(&echo(8, 1, 1, b"")),
                );
                lab.why(
                    "A sender has the address of one host, and this source is not one (RFC 1812, section 5.3.7).",
                );
                let from = Ip {
                    src: ip(addr),
                    ..header
                };
                none(
                    lab,
                    &router,
                    &format!("a datagram from {addr} with TTL {ttl}"),
                    &from.bytes(b"x"),
                );
            }
        }
        for addr in ONE_HOST.into_iter().chain(["192.168.0.1", "172.16.0.0"]) {
            for (src, dst) in [(A, addr), (addr, B)] {
                let datagram = Ip::new(UDP, src, dst);
                let what = format!("a datagram from {src} to {dst}");
                let out = forward(lab, &router, &what, &datagram.bytes(b"x"));
                lab.because("Each of these addresses can be one host's.")
                    .same("datagrams that go out", out.len(), 1);
            }
        }
        let sound = Ip::new(UDP, A, B).bytes(&numbered(30));
        lab.why("Its TTL is over, but it is itself an ICMP error: no error about an error.");
        let error = icmp(3, 1, [0; 4], &sound[..28]);
        none(
            lab,
            &router,
            "an ICMP error with TTL 1",
            &Ip {
                ttl: 1,
                ..Ip::new(ICMP, A, B)
            }
            .bytes(&error),
        );
        none(
            lab,
            &router,
            "a later piece with TTL 1",
            &Ip {
                ttl: 1,
                offset: 3,
                ..Ip::new(UDP, A, B)
            }
            .bytes(b"x"),
        );
    });
}

/// A router of the reader's in a simulated network.
struct Forwards(Router);

impl Node for Forwards {
    fn step(&mut self, _now: Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { packet, .. } = event {
            for (port, datagram) in self.0.forward(&packet) {
                out.send(port, datagram);
            }
        }
    }
}

#[test]
fn s5_a_loop_of_routes_ends() {
    lab(|lab| {
        let mut net = lab.net(1);
        let a = net.add("A", Inbox::default());
        // Two routers that take each other for the way to everywhere.
        let make = |n: u8, home: u8| {
            let interfaces = vec![
                Interface {
                    addr: Ipv4Addr::new(10, home, 0, 254),
                    mtu: 1500,
                },
                Interface {
                    addr: Ipv4Addr::new(10, 9, 0, n),
                    mtu: 1500,
                },
            ];
            lab.you("Router::new(two interfaces)", || {
                Router::new(interfaces, move |dst| {
                    Some(usize::from(dst.octets()[1] != home))
                })
            })
        };
        let (one, two) = (make(1, 1), make(2, 2));
        let (one, two) = (net.add("R1", Forwards(one)), net.add("R2", Forwards(two)));
        net.join(a, one, Link::default().delay_ms(1));
        // R2's port 0 leads to nobody's network.
        let other = net.add("B", Inbox::default());
        net.join(other, two, Link::default().delay_ms(1));
        net.join(one, two, Link::default().delay_ms(1));
        net.send(
            a,
            Ip {
                ttl: 40,
                ..Ip::new(UDP, A, "10.7.0.1")
            }
            .bytes(b"12345678"),
        );
        net.give_up_after(1000);
        lab.runs(&mut net);
        let hops = net.trace().entries().count();
        lab.because(
            "The two routers pass it to each other until its TTL is over: 40 crossings, and one error on its way back. \
             Without a TTL it would go round for ever.",
        )
        .holds(hops >= 41, "at least 41 packets on the links", hops);
        let back = net
            .node::<Inbox>(a)
            .packets()
            .first()
            .map(|it| (it[20], it[21]));
        lab.because("The router where it ended must tell the source.")
            .same("type and code of what came back", back, Some((11, 0)));
    });
}

type Routes = fn(Ipv4Addr) -> Option<usize>;

#[test]
fn s5_a_route_to_its_own_address_is_no_matter() {
    lab(|lab| {
        let own = ["10.1.0.254", "10.2.0.254", "10.3.0.254"];
        let routes: [(&str, Routes); 3] = [
            ("to its interface", behind),
            ("to another interface", |dst| {
                behind(dst).map(|n| (n + 1) % 3)
            }),
            ("nowhere", |_| None),
        ];
        for (what, to_own) in routes {
            lab.scene(format!(
                "the routes to the router's own addresses lead {what}"
            ));
            let interfaces = own.map(|addr| Interface {
                addr: ip(addr),
                mtu: 1500,
            });
            let router = lab.you("Router::new(three interfaces)", || {
                Router::new(interfaces.to_vec(), move |dst| match dst.octets() {
                    [.., 254] => to_own(dst),
                    _ => behind(dst),
                })
            });
            for addr in own {
                for (what, header) in other_fields(&Ip::new(ICMP, A, addr)) {
                    let request = header.bytes(&echo(8, 7, 9, b"ping"));
                    let what = format!("an echo request for {addr} with {what}");
                    lab.why("It is for the router itself, and has arrived: neither a route to it nor another field matters.");
                    let got = one(lab, &router, &what, &request);
                    let reply = Ip::new(ICMP, addr, A).bytes(&echo(0, 7, 9, b"ping"));
                    lab.same("the interface", got.0, 0);
                    lab.same_bytes("the answer", &got.1, &reply);
                }
                lab.why("A datagram for the router itself is not forwarded, and causes no error. Only a whole echo request gets an answer.");
                for proto in [0, 2, 6, UDP, 47, 253] {
                    for ttl in [0, 1, 64] {
                        let datagram = Ip {
                            ttl,
                            ..Ip::new(proto, A, addr)
                        };
                        let what = format!("protocol {proto} for {addr} with TTL {ttl}");
                        none(lab, &router, &what, &datagram.bytes(&numbered(8)));
                    }
                }
                for (mf, offset) in [(true, 0), (true, 1), (false, 1)] {
                    let piece = Ip {
                        mf,
                        offset,
                        ..Ip::new(ICMP, A, addr)
                    };
                    let what =
                        format!("a piece of a request, More Fragments {mf}, offset {offset}");
                    none(lab, &router, &what, &piece.bytes(&echo(8, 7, 9, &[0; 8])));
                }
            }
        }
    });
}

#[test]
fn s5_only_a_later_piece_has_no_error() {
    lab(|lab| {
        let router = router(lab, [1500, 576, 1500]);
        for (mf, offset, is_told) in [
            (false, 0, true),
            (true, 0, true),
            (true, 1, false),
            (false, 1, false),
        ] {
            for (what, header) in other_fields(&Ip {
                mf,
                offset,
                ..Ip::new(UDP, A, B)
            }) {
                for (why, datagram, says) in [
                    (
                        "its TTL is over",
                        Ip {
                            ttl: 1,
                            ..header.clone()
                        },
                        (11, 0, 0),
                    ),
                    (
                        "no route leads there",
                        Ip {
                            dst: ip("192.0.2.1"),
                            ttl: 9,
                            ..header.clone()
                        },
                        (3, 0, 0),
                    ),
                    (
                        "it is too long, with Don't Fragment",
                        Ip {
                            df: true,
                            ttl: 9,
                            ..header.clone()
                        },
                        (3, 4, 576),
                    ),
                ] {
                    let datagram = datagram.bytes(&numbered(600));
                    let what = format!("{what}, More Fragments {mf}, offset {offset}: {why}");
                    lab.why(match is_told {
                        true => "The source is told. A first piece has the ports, and is quoted like a whole datagram.",
                        false => "A piece other than the first causes no error, and it does not go out either.",
                    });
                    match is_told {
                        true => tells(lab, &router, &what, &datagram, says, (0, "10.1.0.254")),
                        false => none(lab, &router, &what, &datagram),
                    }
                }
            }
        }
    });
}

#[test]
fn s5_an_interface_is_no_route() {
    lab(|lab| {
        let interfaces = [1, 2].map(|n| Interface {
            addr: Ipv4Addr::new(10, n, 0, 254),
            mtu: 1500,
        });
        let router = lab.you(
            "Router::new(two interfaces, one route, to 10.1.0.1)",
            || Router::new(interfaces.to_vec(), |dst| (dst == ip(A)).then_some(0)),
        );
        for dst in [
            "10.1.0.2",
            "10.1.0.255",
            "10.2.0.9",
            "10.1.0.253",
            "10.2.0.1",
        ] {
            lab.why("An interface has an address near this one, but only the routes count, and none leads there: the network is unreachable.");
            let datagram = Ip::new(UDP, A, dst).bytes(b"12345678");
            let what = format!("a datagram to {dst}");
            tells(lab, &router, &what, &datagram, (3, 0, 0), (0, "10.1.0.254"));
        }
    });
}
