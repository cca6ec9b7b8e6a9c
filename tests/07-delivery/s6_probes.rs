//! Step 6: what a host finds out about a path that it does not see.

use std::net::Ipv4Addr;

use delivery::{Interface, Path, Router, answer_echo, path_mtu, traceroute};
use netlab::sim::{Event, Inbox, Kind, Link, Net, Node, NodeId, Outbox, Time, every, first};
use netlab::{Lab, lab};

use super::path::{Scripted, Through};
use super::wire::{ICMP, Ip, UDP, echo, icmp, ip, numbered, other_fields, padded, seal};
use super::words;

const A: &str = "10.0.0.1";
const B: &str = "10.9.0.1";
const IDENT: u16 = 0x4c42;

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

/// The host that is looked for.
struct Answers;

impl Node for Answers {
    fn step(&mut self, _now: Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { port, packet } = event
            && let Some(reply) = answer_echo(ip(B), &packet)
        {
            out.send(port, reply);
        }
    }
}

/// A, routers in a row, and B. Router n has the addresses 10.0.n.1 towards A and 10.0.n.2 towards B. The MTUs are
/// those of the links, from A to B.
fn row(lab: &Lab, mtus: &[usize]) -> (Net, Vec<NodeId>) {
    let mut net = lab.net(1);
    let mut nodes = vec![net.add("A", Inbox::default())];
    for n in 1..mtus.len() {
        let interface = |side: u8, mtu| Interface {
            addr: Ipv4Addr::new(10, 0, n as u8, side),
            mtu,
        };
        let interfaces = vec![interface(1, mtus[n - 1]), interface(2, mtus[n])];
        let router = lab.you("Router::new(two interfaces)", || {
            Router::new(interfaces, |dst| match dst.octets() {
                [10, 0, ..] => Some(0),
                [10, 9, ..] => Some(1),
                _ => None,
            })
        });
        nodes.push(net.add(&format!("R{n}"), Forwards(router)));
    }
    nodes.push(net.add("B", Answers));
    for (pair, mtu) in nodes.windows(2).zip(mtus) {
        net.join(pair[0], pair[1], Link::default().delay_ms(5).mtu(*mtu));
    }
    (net, nodes)
}

fn traces(lab: &Lab, path: &mut dyn Path, to: &str, most: u8) -> String {
    let what = format!("traceroute(path, {A}, {to}, {IDENT:#06x}, {most})");
    let hops = lab.you(&what, || traceroute(path, ip(A), ip(to), IDENT, most));
    hops.iter().map(words::hop).collect::<Vec<_>>().join(", ")
}

fn finds(lab: &Lab, path: &mut dyn Path, first: usize) -> Result<usize, &'static str> {
    let what = format!("path_mtu(path, {A}, {B}, {IDENT:#06x}, {first})");
    lab.you(&what, || path_mtu(path, ip(A), ip(B), IDENT, first))
        .map_err(|_| "NoAnswer")
}

/// Demands that each length that was tried is the one that the docs say, after the answers that came.
fn searches<F>(lab: &Lab, path: &Scripted<F>, first: usize) {
    let (mut good, mut bad, mut tries) = (67, first + 1, 0);
    let mut next = first..=first;
    let mut why = format!("The first probe is {first} bytes long.");
    for (n, (probe, answer)) in path.sent.iter().zip(&path.answered).enumerate() {
        let len = probe.len();
        let got = format!("probe {n}, of {len} bytes");
        lab.because("No length is left between the longest that gets through and the shortest that does not.")
            .holds(good + 1 < bad, "the end of the search", &got);
        let want = match next.clone().count() {
            1 => format!("a probe of {} bytes", next.start()),
            _ => format!("a probe of {} or {} bytes", next.start(), next.end()),
        };
        lab.because(why.as_str())
            .holds(next.contains(&len), want, got);
        tries += 1;
        let header = 4 * usize::from(answer.first().unwrap_or(&0) & 0xf);
        let heard = match answer.get(header..) {
            Some([0, ..]) => {
                good = len;
                format!("{len} bytes got a reply.")
            }
            Some([3, 4, _, _, _, _, high, low, ..]) => {
                let told = usize::from(u16::from_be_bytes([*high, *low]));
                if (good + 1..len).contains(&told) {
                    (bad, tries, next) = (told + 1, 0, told..=told);
                    why = format!(
                        "A router said {told}: no longer datagram gets through, and this length is next."
                    );
                    continue;
                }
                bad = len;
                format!("A router said that {len} bytes are too long, but gave no possible MTU.")
            }
            _ if tries < 3 => {
                next = len..=len;
                why = format!(
                    "{len} bytes got no answer, and another error counts as silence. Each length gets three tries."
                );
                continue;
            }
            _ => {
                bad = len;
                format!("{len} bytes got no answer in three tries.")
            }
        };
        (tries, next) = (0, good.midpoint(bad)..=(good + bad).div_ceil(2));
        why = format!(
            "{heard} The next length is halfway between {good} and {bad}, so each probe rules out half the rest."
        );
    }
    lab.because("The search ends when the longest length that gets through and the shortest that does not are neighbours.")
        .same("lengths between the two", bad - good - 1, 0);
}

/// The reply to a probe.
fn reply(probe: &[u8]) -> Vec<u8> {
    let mut message = probe[20..].to_vec();
    message[0] = 0;
    let message = icmp(
        0,
        0,
        [message[4], message[5], message[6], message[7]],
        &message[8..],
    );
    Ip::new(ICMP, B, A).bytes(&message)
}

/// An error about a probe.
fn error(from: &str, kind: u8, code: u8, mtu: u16, probe: &[u8]) -> Vec<u8> {
    quotes(from, kind, code, mtu, &probe[..28])
}

/// An error with this quote.
fn quotes(from: &str, kind: u8, code: u8, mtu: u16, quote: &[u8]) -> Vec<u8> {
    let [high, low] = mtu.to_be_bytes();
    Ip::new(ICMP, from, A).bytes(&icmp(kind, code, [0, 0, high, low], quote))
}

/// The same datagram with options. They look like the type of another message.
fn with_options(datagram: &[u8]) -> Vec<u8> {
    let mut other = datagram[..20].to_vec();
    other[0] = 0x46;
    let total = u16::from_be_bytes([other[2], other[3]]) + 4;
    other[2..4].copy_from_slice(&total.to_be_bytes());
    other.extend_from_slice(&[11, 4, 1, 1]);
    seal(&mut other);
    other.extend_from_slice(&datagram[20..]);
    other
}

/// The causes other than "time to live exceeded", in words.
const OTHER_CAUSES: [(u8, u8, &str); 6] = [
    (3, 0, "NetUnreachable"),
    (3, 1, "HostUnreachable"),
    (3, 2, "ProtocolUnreachable"),
    (3, 3, "PortUnreachable"),
    (3, 4, "FragmentationNeeded, MTU 500"),
    (11, 1, "ReassemblyExceeded"),
];

#[test]
fn s6_traceroute_lists_the_routers_on_the_way() {
    lab(|lab| {
        for routers in 0..=4 {
            lab.scene(format!("{routers} routers between A and B"));
            let (mut net, nodes) = row(lab, &vec![1500; routers + 1]);
            let mut path = Through {
                net: &mut net,
                host: nodes[0],
                seen: 0,
            };
            let got = traces(lab, &mut path, B, 30);
            let want: Vec<String> = (1..=routers)
                .map(|n| format!("Router(10.0.{n}.1)"))
                .chain(["Reached".to_owned()])
                .collect();
            lab.because("TTL 1 ends at the first router, TTL 2 at the second, and so on. Each error has its router's address.")
                .same("the hops", got, want.join(", "));
            lab.because("No probe was lost, and each way there and back takes less than 60 ms. The answer ends the wait, and the next probe is sent.")
                .same("whole seconds until the end", (net.now() - Time::ZERO).as_secs(), 0);
            if routers == 2 {
                lab.draws("07-hops", net.trace().svg("A traceroute over two routers"));
            }
        }
    });
}

#[test]
fn s6_each_probe_is_an_echo_request_with_its_own_ttl_and_number() {
    lab(|lab| {
        let mut path = Scripted::new(lab, |_, _| vec![]);
        let got = traces(lab, &mut path, B, 255);
        let silent = got.split(", ").filter(|hop| *hop == "Silent").count();
        lab.because("No answer comes, and all TTLs are tried. However many routers are silent, the next may be the destination.")
            .same("silent hops", silent, 255);
        lab.because("One probe for each TTL.")
            .same("probes sent", path.sent.len(), 255);
        let mut numbers = Vec::new();
        for (n, probe) in path.sent.iter().enumerate() {
            lab.because("TTL 1, 2, 3 and so on.")
                .same("the TTL", usize::from(probe[8]), n + 1);
            lab.because("An echo request: protocol 1, type 8, code 0.")
                .same(
                    "protocol, type, code",
                    (probe[9], probe[20], probe[21]),
                    (1, 8, 0),
                );
            lab.because("From A to B.").same_bytes(
                "source and destination",
                &probe[12..20],
                &[ip(A).octets(), ip(B).octets()].concat(),
            );
            lab.because("The identifier tells these probes from those of other programs.")
                .same_bytes("the identifier", &probe[24..26], &IDENT.to_be_bytes());
            let number = u16::from_be_bytes([probe[26], probe[27]]);
            lab.because("A number of its own tells which probe an answer is for.")
                .holds(
                    !numbers.contains(&number),
                    "another sequence number",
                    number,
                );
            numbers.push(number);
        }
    });
}

#[test]
fn s6_a_router_that_says_nothing_is_silent() {
    lab(|lab| {
        let (mut net, nodes) = row(lab, &[1500; 4]);
        // What comes from R2 itself is lost; what it passes on is not.
        net.way(nodes[2], nodes[1]).loses(
            every(Kind::Icmp).that("come from R2", |packet: &[u8]| packet[12..15] == [10, 0, 2]),
        );
        let mut path = Through {
            net: &mut net,
            host: nodes[0],
            seen: 0,
        };
        let got = traces(lab, &mut path, B, 30);
        lab.because("Some routers send no error, or their answer is lost. The later probes still get through.")
            .same("the hops", got.as_str(), "Router(10.0.1.1), Silent, Router(10.0.3.1), Reached");
    });
}

#[test]
fn s6_unreachable_is_the_end_of_the_list() {
    lab(|lab| {
        let (mut net, nodes) = row(lab, &[1500; 3]);
        let mut path = Through {
            net: &mut net,
            host: nodes[0],
            seen: 0,
        };
        let got = traces(lab, &mut path, "192.0.2.9", 30);
        lab.because("The first router has no route: it says so with the first probe that gets past its TTL.")
            .same("the hops", got.as_str(), "Router(10.0.1.1), Unreachable(10.0.1.1, NetUnreachable)");
        // A host that finds no card for B says so itself: Linux does.
        for from in ["10.0.7.7", B, A] {
            for (kind, code, want) in OTHER_CAUSES {
                lab.scene(format!("{want}, from {from}"));
                let mut path = Scripted::new(lab, |_, probe: &[u8]| {
                    vec![error(from, kind, code, 500, probe)]
                });
                let got = traces(lab, &mut path, B, 30);
                lab.because("Any cause but \"time to live exceeded\" ends the list, from any sender: a router, the destination, or this host itself.")
                    .same("the hops", got, format!("Unreachable({from}, {want})"));
            }
        }
    });
}

#[test]
fn s6_time_exceeded_is_a_router_whoever_says_so() {
    lab(|lab| {
        for from in [B, "10.9.0.2"] {
            let mut path = Scripted::new(lab, |n, probe: &[u8]| match n {
                0 => vec![error(from, 11, 0, 0, probe)],
                _ => vec![reply(probe)],
            });
            let got = traces(lab, &mut path, B, 30);
            lab.because("\"Time to live exceeded\" says that the probe had not arrived. Only a reply says that it has.")
                .same("the hops", got, format!("Router({from}), Reached"));
        }
    });
}

#[test]
fn s6_padding_and_options_hide_no_answer() {
    lab(|lab| {
        for (what, is_padded, has_options) in [
            ("padded", true, false),
            ("with options", false, true),
            ("with options, padded", true, true),
        ] {
            let change = |answer: Vec<u8>| {
                let answer = if has_options {
                    with_options(&answer)
                } else {
                    answer
                };
                if is_padded { padded(&answer) } else { answer }
            };
            lab.scene(format!("each answer comes {what}"));
            let mut path = Scripted::new(lab, |n, probe: &[u8]| match n {
                0 => vec![change(error("10.0.1.1", 11, 0, 0, probe))],
                1 => vec![change(quotes("10.0.2.1", 11, 0, 0, &with_options(probe)))],
                _ => vec![change(reply(probe))],
            });
            let got = traces(lab, &mut path, B, 9);
            lab.because(
                "The ICMP message is the payload: it begins behind the options and ends at Total Length. The same holds for the quoted header.",
            )
            .same("the hops", got.as_str(), "Router(10.0.1.1), Router(10.0.2.1), Reached");
            let mut path = Scripted::new(lab, |n, probe: &[u8]| match n {
                0 => vec![change(error("10.0.1.1", 3, 4, 1400, probe))],
                _ => vec![change(reply(probe))],
            });
            let got = finds(lab, &mut path, 1500);
            lab.because("The ICMP message is the payload: it begins behind the options and ends at Total Length.")
                .same("the path's MTU", got, Ok(1400));
        }
    });
}

#[test]
fn s6_a_flood_of_others_is_no_answer() {
    lab(|lab| {
        for strangers in [10, 1000] {
            let stranger = Ip::new(UDP, "10.0.0.66", A).bytes(b"look at me");
            let mut path = Scripted::new(lab, |n, probe: &[u8]| {
                let answer = match n {
                    0 => error("10.0.1.1", 11, 0, 0, probe),
                    _ => reply(probe),
                };
                let mut come = vec![stranger.clone(); strangers];
                come.push(answer);
                come
            });
            let got = traces(lab, &mut path, B, 2);
            lab.because(format!(
                "Before each answer come {strangers} other datagrams. However many there are, ignore them until the time to wait is over."
            ))
            .same("the hops", got.as_str(), "Router(10.0.1.1), Reached");
        }
    });
}

#[test]
fn s6_after_so_many_it_ends() {
    lab(|lab| {
        for most in [0, 1, 30, 255] {
            for (routers, why) in [
                (
                    255,
                    "The list has at most this many entries, up to 255, the highest TTL.",
                ),
                (
                    2,
                    "Two routers send the probes to each other. A router that comes twice does not end the list: the list shows the circle.",
                ),
                (
                    1,
                    "The same router answers each time. A router that comes twice does not end the list.",
                ),
            ] {
                let mut path = Scripted::new(lab, |n, probe: &[u8]| {
                    vec![error(&format!("10.1.0.{}", n % routers), 11, 0, 0, probe)]
                });
                let got = traces(lab, &mut path, B, most);
                let count = got.matches("Router").count();
                lab.because(why).same("entries", count, usize::from(most));
            }
        }
    });
}

#[test]
fn s6_answers_to_others_are_ignored() {
    lab(|lab| {
        let strangers = |probe: &[u8]| {
            let change = |at: usize, value: u8| {
                let mut other = probe.to_vec();
                other[at] ^= value;
                other
            };
            let requote = |other: &[u8]| {
                let (kind, second, rest) = (
                    other[20],
                    [other[24], other[25], other[26], other[27]],
                    &other[28..],
                );
                let ip4 = |at: usize| {
                    Ipv4Addr::new(other[at], other[at + 1], other[at + 2], other[at + 3])
                        .to_string()
                };
                let whole =
                    Ip::new(other[9], &ip4(12), &ip4(16)).bytes(&icmp(kind, 0, second, rest));
                error("10.0.0.66", 11, 0, 0, &whole)
            };
            let mut damaged = error("10.0.0.66", 11, 0, 0, probe);
            damaged[22] ^= 1;
            let to = |dst: &str, mut datagram: Vec<u8>| {
                datagram[16..20].copy_from_slice(&ip(dst).octets());
                seal(&mut datagram);
                datagram
            };
            let lie = || error("10.0.0.66", 11, 0, 0, probe);
            let short = error(
                "10.0.0.66",
                11,
                0,
                0,
                &[&probe[..20], &probe[20..]].concat(),
            )[..55]
                .to_vec();
            let quote_of = |len: usize| quotes("10.0.0.66", 11, 0, 0, &probe[..20 + len]);
            vec![
                ("an error that quotes the header alone", quote_of(0)),
                ("an error that quotes 1 byte of payload", quote_of(1)),
                ("an error that quotes 4 bytes of payload", quote_of(4)),
                ("an error that quotes 5 bytes of payload", quote_of(5)),
                ("an error that quotes 6 bytes of payload", quote_of(6)),
                ("an error that quotes 7 bytes of payload", quote_of(7)),
                ("an error about another identifier", requote(&change(24, 1))),
                (
                    "an error about another identifier's low byte",
                    requote(&change(25, 1)),
                ),
                (
                    "an error about another number's high byte",
                    requote(&change(26, 1)),
                ),
                ("an error about another number", requote(&change(27, 0x40))),
                (
                    "an error about a datagram of another source",
                    requote(&change(15, 9)),
                ),
                (
                    "an error about a datagram to another",
                    requote(&change(19, 9)),
                ),
                ("an error about an echo reply", requote(&change(20, 8))),
                ("an error about a UDP datagram", requote(&change(9, 16))),
                ("a damaged error", damaged),
                ("an error for another host", to("10.0.0.2", lie())),
                ("an error for everybody", to("255.255.255.255", lie())),
                ("an error for a group", to("224.0.0.1", lie())),
                ("a reply to everybody", to("255.255.255.255", reply(probe))),
                ("a reply to 10.0.0.255", to("10.0.0.255", reply(probe))),
                ("an error that is cut off", short),
                ("a reply to another identifier", reply(&change(24, 1))),
                (
                    "a reply to another identifier's low byte",
                    reply(&change(25, 1)),
                ),
                (
                    "a reply to another number's high byte",
                    reply(&change(26, 1)),
                ),
                ("a reply to another number", reply(&change(27, 0x40))),
                (
                    "a reply from another host",
                    Ip::new(ICMP, "10.9.0.2", A).bytes(&reply(probe)[20..]),
                ),
                (
                    "an echo request like the probe",
                    Ip::new(ICMP, B, A).bytes(&probe[20..]),
                ),
                (
                    "the bytes of the reply in protocol 17",
                    Ip::new(UDP, B, A).bytes(&reply(probe)[20..]),
                ),
                ("three bytes", vec![1, 2, 3]),
            ]
        };
        let all = strangers(&Ip::new(ICMP, A, B).bytes(&echo(8, IDENT, 1, b"")));
        for (n, (name, _)) in all.iter().enumerate() {
            let mut path = Scripted::new(lab, |_, probe: &[u8]| {
                let (_, bytes) = strangers(probe).swap_remove(n);
                vec![bytes, error("10.0.1.1", 11, 0, 0, probe)]
            });
            lab.why(format!(
                "Before each answer came {name}. It is not about this probe: go on waiting.",
            ));
            let got = traces(lab, &mut path, B, 2);
            lab.same(
                "the hops",
                got.as_str(),
                "Router(10.0.1.1), Router(10.0.1.1)",
            );
            let mut path = Scripted::new(lab, |at, probe: &[u8]| {
                let (_, bytes) = strangers(probe).swap_remove(n);
                let answer = match at {
                    0 => error("10.0.1.1", 3, 4, 1400, probe),
                    _ => reply(probe),
                };
                vec![bytes, answer]
            });
            let got = finds(lab, &mut path, 1500);
            lab.same("the path's MTU", got, Ok(1400));
            lab.same("probes sent", path.sent.len(), 2);
        }
    });
}

#[test]
fn s6_a_late_answer_is_not_the_next_probes() {
    lab(|lab| {
        let mut earlier: Option<Vec<u8>> = None;
        let mut path = Scripted::new(lab, |n, probe: &[u8]| match n {
            0 => {
                earlier = Some(probe.to_vec());
                vec![]
            }
            1 => vec![
                error("10.0.1.1", 11, 0, 0, earlier.as_ref().unwrap()),
                error("10.0.2.1", 11, 0, 0, probe),
            ],
            _ => vec![reply(earlier.as_ref().unwrap()), reply(probe)],
        });
        let got = traces(lab, &mut path, B, 9);
        lab.because("The answer to the first probe came while the second was under way. It does not answer the second.")
            .same("the hops", got.as_str(), "Silent, Router(10.0.2.1), Reached");
    });
}

#[test]
fn s6_path_mtu_finds_the_narrowest_link() {
    lab(|lab| {
        for (mtus, want, probes) in [
            (vec![1500, 1500], 1500, vec![1500]),
            (vec![1500, 1400, 1500], 1400, vec![1500, 1400]),
            (vec![1500, 1400, 576, 1000], 576, vec![1500, 1400, 576]),
            (vec![1500, 68], 68, vec![1500, 68]),
            (vec![9000, 1500], 1500, vec![9000, 1500]),
        ] {
            lab.scene(format!("links of {mtus:?} bytes"));
            let (mut net, nodes) = row(lab, &mtus);
            let mut path = Through {
                net: &mut net,
                host: nodes[0],
                seen: 0,
            };
            let got = finds(lab, &mut path, mtus[0]);
            lab.because("The path carries what its narrowest link carries.")
                .same("the path's MTU", got, Ok(want));
            let sent: Vec<usize> = net
                .trace()
                .entries()
                .filter(|it| it.from() == "A")
                .map(|it| it.bytes().len())
                .collect();
            lab.because(
                "Each router that cannot forward it gives its link's MTU. Nothing longer gets through, and that is the next length to try. When a reply comes, the search is over.",
            )
            .same("the lengths of the probes", sent, probes);
        }
    });
}

#[test]
fn s6_each_probe_for_the_mtu_is_as_long_as_it_says_and_must_not_be_cut() {
    lab(|lab| {
        let mut path = Scripted::new(lab, |n, probe: &[u8]| match n {
            0 => vec![error("10.0.1.1", 3, 4, 1400, probe)],
            1 => vec![error("10.0.2.1", 3, 4, 69, probe)],
            _ => vec![reply(probe)],
        });
        let got = finds(lab, &mut path, 1500);
        lab.because("A router said 69, and 69 bytes got through: nothing longer does.")
            .same("the path's MTU", got, Ok(69));
        lab.because("A router said 1400, and this is tried, and 69 after it. A length without a reply is not known to get through, and the reply to 69 bytes ends the search.")
            .same("probes sent", path.sent.len(), 3);
        let mut numbers = Vec::new();
        for (probe, len) in path.sent.iter().zip([1500, 1400, 69]) {
            lab.because("The whole datagram counts: 20 bytes of header, 8 of ICMP, and data.")
                .same(
                    "the length",
                    (
                        probe.len(),
                        usize::from(u16::from_be_bytes([probe[2], probe[3]])),
                    ),
                    (len, len),
                );
            lab.because("Without Don't Fragment a router would cut it silently.")
                .same("Don't Fragment", probe[6] & 0x40, 0x40);
            lab.because("It is an echo request with the identifier.")
                .same_bytes(
                    "type, code, identifier",
                    &[probe[20], probe[21], probe[24], probe[25]],
                    &[8, 0, 0x4c, 0x42],
                );
            numbers.push([probe[26], probe[27]]);
        }
        numbers.sort();
        numbers.dedup();
        lab.because("Each probe has a number of its own.").same(
            "different numbers",
            numbers.len(),
            3,
        );
    });
}

#[test]
fn s6_one_lost_probe_is_no_narrow_link() {
    lab(|lab| {
        let (mut net, nodes) = row(lab, &[1500, 1400, 1500]);
        net.way(nodes[0], nodes[1]).loses(first(Kind::Icmp));
        net.way(nodes[3], nodes[2]).loses(first(Kind::Icmp));
        let mut path = Through {
            net: &mut net,
            host: nodes[0],
            seen: 0,
        };
        let got = finds(lab, &mut path, 1500);
        lab.because("One probe and one reply were lost. IP promises nothing, so a probe is repeated before silence counts.")
            .same("the path's MTU", got, Ok(1400));
        let sent: Vec<usize> = net
            .trace()
            .entries()
            .filter(|it| it.from() == "A")
            .map(|it| it.bytes().len())
            .collect();
        lab.because(
            "Each length is tried again, since one datagram was lost. A router said 1400: nothing longer gets through, and the reply ends the search.",
        )
        .same(
            "the lengths of the probes",
            sent,
            vec![1500, 1500, 1400, 1400],
        );
    });
}

#[test]
fn s6_a_black_hole_is_noticed() {
    lab(|lab| {
        for (first, real) in [
            (1500, 1280),
            (1500, 68),
            (1500, 1499),
            (1500, 69),
            (9000, 1500),
            (65535, 576),
            (100, 99),
        ] {
            let mut path = Scripted::new(lab, |_, probe: &[u8]| {
                if probe.len() <= real {
                    vec![reply(probe)]
                } else {
                    vec![]
                }
            });
            let got = finds(lab, &mut path, first);
            lab.because("A link carries less, and no router says so: a black hole (RFC 2923). Only trying helps.").same("the path's MTU", got, Ok(real));
            searches(lab, &path, first);
            let mut numbers: Vec<[u8; 2]> = path.sent.iter().map(|it| [it[26], it[27]]).collect();
            numbers.sort();
            numbers.dedup();
            lab.because("Each probe that is sent has a number of its own, even a repeated one. Otherwise a late answer to one is taken for an answer to the other.")
                .same("different numbers", numbers.len(), path.sent.len());
        }
    });
}

#[test]
fn s6_the_third_try_counts() {
    lab(|lab| {
        for answered in 0..3 {
            let mut path = Scripted::new(lab, |n, probe: &[u8]| {
                if n == answered {
                    vec![reply(probe)]
                } else {
                    vec![]
                }
            });
            let got = finds(lab, &mut path, 1500);
            lab.because(format!("Try {} of three was answered.", answered + 1))
                .same("the path's MTU", got, Ok(1500));
            lab.because("With the answer it is known.").same(
                "probes sent",
                path.sent.len(),
                answered + 1,
            );
        }
    });
}

#[test]
fn s6_an_mtu_that_cannot_be_is_not_believed() {
    lab(|lab| {
        for said in [0, 1, 67, 1500, 1501, 65535] {
            lab.scene(format!(
                "of each probe above 1006 bytes, a router says that its MTU is {said}"
            ));
            let mut path = Scripted::new(lab, |_, probe: &[u8]| {
                if probe.len() <= 1006 {
                    vec![reply(probe)]
                } else {
                    vec![error("10.0.1.1", 3, 4, said, probe)]
                }
            });
            let got = finds(lab, &mut path, 1500);
            lab.because(format!(
                "The router says {said}: less than any link carries, or not less than the probe. Old routers say 0 (RFC 1191). You only know that the probe was too long."
            ))
            .same("the path's MTU", got, Ok(1006));
            searches(lab, &path, 1500);
        }
        lab.scene("1500 bytes are lost three times; from the eighth probe on, a router says of each above 1200 that its MTU is 100");
        // What was told in the middle of a search is not less than what is known to get through.
        let mut path = Scripted::new(lab, |n, probe: &[u8]| match probe.len() {
            1500 => vec![],
            len if len <= 1200 => vec![reply(probe)],
            _ if n > 6 => vec![error("10.0.1.1", 3, 4, 100, probe)],
            _ => vec![],
        });
        let got = finds(lab, &mut path, 1500);
        lab.because("Longer probes have got through than the router says: it is wrong.")
            .same("the path's MTU", got, Ok(1200));
        searches(lab, &path, 1500);
        for less in [0, 1] {
            lab.scene(format!("of each probe above 1000 bytes, a router says the longest length that got through, less {less}"));
            let mut longest = 0;
            let mut path = Scripted::new(lab, |_, probe: &[u8]| match probe.len() {
                len if len <= 1000 => {
                    longest = longest.max(len);
                    vec![reply(probe)]
                }
                _ if longest == 0 => vec![],
                _ => vec![error("10.0.1.1", 3, 4, (longest - less) as u16, probe)],
            });
            let got = finds(lab, &mut path, 1500);
            lab.because(format!(
                "The router says the longest length that got through, less {less}. Believe it only if it is above that. Otherwise you only know that the probe was too long."
            ))
            .same("the path's MTU", got, Ok(1000));
            searches(lab, &path, 1500);
        }
    });
}

#[test]
fn s6_other_errors_are_no_answer() {
    lab(|lab| {
        let others = OTHER_CAUSES.into_iter().filter(|it| (it.0, it.1) != (3, 4));
        for (kind, code, what) in others.chain([(11, 0, "TtlExceeded")]) {
            lab.scene(format!("each probe is answered with {what}"));
            let mut path = Scripted::new(lab, |_, probe: &[u8]| {
                vec![error("10.0.1.1", kind, code, 0, probe)]
            });
            let got = finds(lab, &mut path, 200);
            lab.because(format!(
                "{what} says nothing about a length, and nothing got through."
            ))
            .same("the path's MTU", got, Err("NoAnswer"));
            searches(lab, &path, 200);
            for until in [1, 2] {
                lab.scene(format!(
                    "the first {until} of the probes get {what}, the next a reply"
                ));
                let mut path = Scripted::new(lab, |n, probe: &[u8]| match n < until {
                    true => vec![error("10.0.1.1", kind, code, 0, probe)],
                    false => vec![reply(probe)],
                });
                let got = finds(lab, &mut path, 200);
                lab.because(format!(
                    "{what} counts as silence: the probe is repeated, and then 200 bytes get through."
                ))
                .same("the path's MTU", got, Ok(200));
            }
        }
    });
}

#[test]
fn s6_where_nobody_answers_there_is_no_mtu() {
    lab(|lab| {
        for first in [68, 69, 1500, 65535] {
            let mut path = Scripted::new(lab, |_, _| vec![]);
            let got = finds(lab, &mut path, first);
            lab.because(
                "Not even 68 bytes got an answer: the way is broken, or the host does not exist.",
            )
            .same("the path's MTU", got, Err("NoAnswer"));
            let sent = path.sent.iter().map(Vec::len);
            lab.because(format!(
                "{first} bytes are what the host's own link carries. They are tried first, with the same rules."
            ))
            .same("the first probe", sent.clone().next(), Some(first));
            lab.because("68 bytes are the last that is tried: every link carries them (RFC 791).")
                .same("the shortest probe", sent.min(), Some(68));
            searches(lab, &path, first);
        }
    });
}

#[test]
fn s6_nothing_else_of_a_quote_is_looked_at() {
    lab(|lab| {
        let mut headers = other_fields(&Ip::new(ICMP, A, B));
        let piece = Ip {
            mf: true,
            ..Ip::new(ICMP, A, B)
        };
        headers.push(("More Fragments".to_owned(), piece));
        for (what, header) in headers {
            for (more, is_changed) in [
                (0, false),
                (1, false),
                (100, false),
                (4000, false),
                (0, true),
                (100, true),
            ] {
                let changed = if is_changed {
                    ", code, checksum and data are others"
                } else {
                    ""
                };
                lab.scene(format!("the quoted header has {what}, and {more} bytes behind the number are quoted, or what there is{changed}"));
                let quote = |probe: &[u8]| {
                    let mut all = header.bytes(&probe[20..]);
                    let start = 20 + header.options.len();
                    all.truncate(start + 8 + more);
                    if is_changed {
                        all[start + 1..start + 4]
                            .iter_mut()
                            .for_each(|byte| *byte ^= 0x55);
                        all[start + 8..].iter_mut().for_each(|byte| *byte ^= 0x55);
                    }
                    all
                };
                let mut path = Scripted::new(lab, |n, probe: &[u8]| match n {
                    0 => vec![quotes("10.0.1.1", 11, 0, 0, &quote(probe))],
                    _ => vec![reply(probe)],
                });
                let got = traces(lab, &mut path, B, 9);
                lab.why(
                    "Source, destination, type, identifier and number show that it is about this probe. Routers change other fields on the way, and new ones quote more than 8 bytes of payload (RFC 1812, section 4.3.2.3). A quote may end anywhere, so its checksum means nothing.",
                );
                lab.same("the hops", got.as_str(), "Router(10.0.1.1), Reached");
                let mut path = Scripted::new(lab, |n, probe: &[u8]| match n {
                    0 => vec![quotes("10.0.1.1", 3, 4, 1400, &quote(probe))],
                    _ => vec![reply(probe)],
                });
                let got = finds(lab, &mut path, 1500);
                lab.same("the path's MTU", got, Ok(1400));
                let sent = path.sent.len();
                lab.because("The first probe has its answer, and is not repeated.")
                    .same("probes sent", sent, 2);
            }
        }
    });
}

#[test]
fn s6_nothing_else_of_a_reply_is_looked_at() {
    lab(|lab| {
        for (what, header) in other_fields(&Ip::new(ICMP, B, A)) {
            for data in [vec![], b"x".to_vec(), numbered(2000)] {
                for code in [0, 1] {
                    lab.scene(format!(
                        "a reply with {what}, code {code}, and {} bytes of data",
                        data.len()
                    ));
                    let reply = |probe: &[u8]| {
                        let second = [probe[24], probe[25], probe[26], probe[27]];
                        vec![header.bytes(&icmp(0, code, second, &data))]
                    };
                    lab.why("Source, identifier and number show that it answers this probe. Its data and its other fields are ignored.");
                    let mut path = Scripted::new(lab, |_, probe: &[u8]| reply(probe));
                    let got = traces(lab, &mut path, B, 9);
                    lab.same("the hops", got.as_str(), "Reached");
                    let mut path = Scripted::new(lab, |_, probe: &[u8]| reply(probe));
                    let got = finds(lab, &mut path, 1500);
                    lab.same("the path's MTU", got, Ok(1500));
                }
            }
        }
    });
}
