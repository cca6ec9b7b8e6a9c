//! Step 7: all of it on your own stack.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use concurrent_server::Waits;
use http1::Stream;
use netlab::sim::{Kind, Time, every, first, nth, second};
use netlab::{Lab, lab};
use packets::Ipv4Header;
use rustls::ClientConfig;
use type_a_url::{Browser, Connection, LINGER, Limits, Network, Stack};
use udp_dns_lookup::{Answer, LookupError, Patience};

use super::packet_picture;
use super::sim_network::ms;
use super::words::{failure, page, timeline, url};
use super::world::dns::{Known, Zone, question, reply};
use super::world::home::{Cable, DNS, Forgery, Home, OUTSIDE, Plan, WEB, YOU};
use super::world::{NAME, ROOT, SITE, client, server};

const PATIENCE: Patience = Patience {
    timeout: Duration::from_secs(1),
    attempts: 5,
};

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(30),
    wait: Duration::from_secs(60),
};

fn plan() -> Plan {
    let web = Known::Addresses(vec![WEB.into()]);
    Plan {
        zone: vec![
            (NAME, web),
            ("alias.test", Known::Alias(NAME)),
            (
                "two.test",
                Known::Addresses(vec![WEB.into(), Ipv4Addr::new(192, 0, 2, 81).into()]),
            ),
            (
                "v6.test",
                Known::Addresses(vec!["2001:db8::1".parse().expect("an address")]),
            ),
            ("nothing.test", Known::Nothing),
            ("fails.test", Known::Fails(2)),
            ("refused.test", Known::Fails(5)),
            (
                "beside.test",
                Known::Beside(WEB, Ipv4Addr::new(192, 0, 2, 66)),
            ),
            ("one.test", Known::Chain(1, Some(WEB))),
            ("five.test", Known::Chain(5, Some(WEB))),
            ("most.test", Known::Chain(16, Some(WEB))),
            ("more.test", Known::Chain(17, Some(WEB))),
            ("round.test", Known::Chain(3, None)),
            ("silent.test", Known::Silence),
            ("many.test", Known::CutOff(Some(WEB))),
            ("cut.test", Known::CutOff(None)),
        ],
        config: Some(server(SITE, &[b"http/1.1"])),
        page: text(20_000),
        loss: 0.0,
    }
}

/// Bytes of which none looks like its neighbours.
fn text(len: usize) -> Vec<u8> {
    (0..len as u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

fn home(lab: &Lab, plan: Plan) -> Home {
    Home::new(lab.net(1), plan)
}

fn config() -> Arc<ClientConfig> {
    client(ROOT, &[b"http/1.1"])
}

fn stack(lab: &Lab, home: &Home) -> Stack<Cable> {
    let cable = home.cable();
    lab.you(
        "Stack::new(wire, 192.168.1.10, 198.51.100.53:53, …)",
        || Stack::new(cable, YOU, DNS, PATIENCE, *b"a secret of ours", config()),
    )
}

fn looks_up(lab: &Lab, stack: &mut Stack<Cable>, host: &str) -> String {
    match lab.you(&format!("stack.lookup({host:?})"), || stack.lookup(host)) {
        Ok(Answer::Addresses(addrs)) => addrs
            .iter()
            .map(|addr| addr.to_string())
            .collect::<Vec<_>>()
            .join(" "),
        Ok(Answer::NoSuchName) => "NoSuchName".to_owned(),
        Ok(Answer::NoData) => "NoData".to_owned(),
        Err(LookupError::TimedOut) => "TimedOut".to_owned(),
        Err(LookupError::Rcode(code)) => format!("Rcode {code}"),
        Err(LookupError::BadName(_)) => "BadName".to_owned(),
        Err(LookupError::CnameChain) => "CnameChain".to_owned(),
        Err(_) => "another error".to_owned(),
    }
}

#[test]
fn s7_a_lookup_with_your_own_packets() {
    lab(|lab| {
        lab.why("A query is one UDP datagram in one IP datagram, and so is its reply. The name server sees the NAT's address, and you see yours.");
        let home = home(lab, plan());
        let mut stack = stack(lab, &home);
        lab.same(
            "the answer",
            looks_up(lab, &mut stack, NAME),
            WEB.to_string(),
        );
        let net = home.net.borrow();
        let all: Vec<_> = net
            .trace()
            .entries()
            .map(|entry| {
                (
                    entry.from().to_owned(),
                    Ipv4Header::parse(entry.bytes())
                        .map(|(header, _)| (header.src, header.dst))
                        .ok(),
                )
            })
            .collect();
        let names = *DNS.ip();
        lab.same(
            "who sent, from where, to where",
            all,
            vec![
                ("you".to_owned(), Some((YOU, names))),
                ("NAT".to_owned(), Some((OUTSIDE, names))),
                ("names".to_owned(), Some((names, OUTSIDE))),
                ("NAT".to_owned(), Some((names, YOU))),
            ],
        );
        lab.same(
            "ms: twice 2 and 6, and what it takes to put the bytes onto the links",
            net.now().as_millis(),
            16,
        );
        let now = net.now() - Time::ZERO;
        drop(net);
        lab.same("stack.now()", lab.you("stack.now()", || stack.now()), now);
        lab.scene("the name server has another port");
        let home = self::home(lab, plan());
        let cable = home.cable();
        let dns = SocketAddrV4::new(*DNS.ip(), 5353);
        let mut stack = lab.you("Stack::new(wire, …, 198.51.100.53:5353, …)", || {
            Stack::new(cable, YOU, dns, PATIENCE, *b"a secret of ours", config())
        });
        lab.same(
            "the answer",
            looks_up(lab, &mut stack, NAME),
            WEB.to_string(),
        );
    });
}

#[test]
fn s7_names_without_an_address() {
    lab(|lab| {
        lab.why("No such name, a name without an address, and a server that fails are three results, as in chapter 01. This host has no IPv6, so it asks for A only.");
        let home = home(lab, plan());
        let mut stack = stack(lab, &home);
        for (name, want) in [
            (NAME, "192.0.2.80"),
            ("WWW.Loopback.Test", "192.0.2.80"),
            ("alias.test", "192.0.2.80"),
            ("two.test", "192.0.2.80 192.0.2.81"),
            ("no.test", "NoSuchName"),
            ("nothing.test", "NoData"),
            ("v6.test", "NoData"),
            ("fails.test", "Rcode 2"),
            ("refused.test", "Rcode 5"),
            ("a..b", "BadName"),
        ] {
            lab.same(
                "the answer",
                looks_up(lab, &mut stack, name),
                want.to_owned(),
            );
        }
        let questions: Vec<u16> = home.name_server(|names| {
            names
                .received
                .iter()
                .filter_map(|(_, query)| question(query))
                .map(|(_, qtype, _)| qtype)
                .collect()
        });
        lab.same("the types that were asked for", questions, vec![1; 9]);
    });
}

#[test]
fn s7_whose_addresses() {
    lab(|lab| {
        lab.why("A reply may have records of other names. Only the name and the targets of its CNAMEs count, over at most 16 CNAMEs, as in chapter 01.");
        let home = home(lab, plan());
        let mut stack = stack(lab, &home);
        for (name, want) in [
            ("beside.test", "192.0.2.80"),
            ("one.test", "192.0.2.80"),
            ("five.test", "192.0.2.80"),
            ("most.test", "192.0.2.80"),
            ("more.test", "CnameChain"),
            ("round.test", "CnameChain"),
        ] {
            lab.same(
                "the answer",
                looks_up(lab, &mut stack, name),
                want.to_owned(),
            );
        }
    });
}

#[test]
fn s7_a_lost_query_is_sent_again() {
    lab(|lab| {
        lab.why("UDP repeats nothing. After the time-out the resolver sends a new query, with a new id and from a new port. A late reply to the first query is no reply to the second.");
        let home = home(lab, plan());
        {
            let mut net = home.net.borrow_mut();
            net.way(home.you, home.gateway)
                .loses(first(Kind::Udp))
                .loses(second(Kind::Udp));
        }
        let mut stack = stack(lab, &home);
        lab.same(
            "the answer",
            looks_up(lab, &mut stack, NAME),
            WEB.to_string(),
        );
        lab.same("ms", home.net.borrow().now().as_millis(), 2016);
        let net = home.net.borrow();
        let trace = net.trace();
        let asked: Vec<(Vec<u8>, Vec<u8>)> = trace
            .entries()
            .filter(|entry| entry.from() == "you")
            .map(|entry| {
                (
                    entry.bytes()[20..22].to_vec(),
                    entry.bytes()[28..30].to_vec(),
                )
            })
            .collect();
        lab.same("questions", asked.len(), 3);
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            lab.holds(asked[a].0 != asked[b].0, "another port", "the same again");
            lab.holds(asked[a].1 != asked[b].1, "another id", "the same again");
        }
        drop(trace);
        drop(net);
        lab.scene("no server answers");
        let home = self::home(
            lab,
            Plan {
                loss: 1.0,
                ..plan()
            },
        );
        let mut stack = self::stack(lab, &home);
        lab.same(
            "the answer",
            looks_up(lab, &mut stack, NAME),
            "TimedOut".to_owned(),
        );
        lab.same("ms", home.net.borrow().now().as_millis(), 5000);
        lab.same("questions", home.net.borrow().trace().entries().count(), 5);
        lab.scene("only forged replies come");
        let home = self::home(lab, plan());
        home.before_replies(|query, who| (DNS, who[who.len() - 1], query[..2].to_vec()));
        let mut stack = self::stack(lab, &home);
        lab.same(
            "the answer",
            looks_up(lab, &mut stack, "silent.test"),
            "TimedOut".to_owned(),
        );
        lab.because("Each try has one second. A datagram that is refused must not extend it, or a stranger could keep the look-up waiting.")
            .same("ms", home.net.borrow().now().as_millis(), 5000);
    });
}

#[test]
fn s7_a_reply_that_was_cut_off() {
    lab(|lab| {
        lab.why("TC says that the reply was truncated. Chapter 01 asks again over TCP; this host does not. It ignores the reply: neither its addresses nor their absence count.");
        for name in ["many.test", "cut.test"] {
            lab.scene(format!("each reply about {name} has TC"));
            let home = home(lab, plan());
            let mut stack = stack(lab, &home);
            lab.same(
                "the answer",
                looks_up(lab, &mut stack, name),
                "TimedOut".to_owned(),
            );
            lab.same(
                "questions",
                home.name_server(|names| names.received.len()),
                5,
            );
        }
    });
}

/// The id and the port of this host's questions, one behind the other, and the ISN of its first connection.
fn numbers(lab: &Lab, secret: [u8; 16], questions: usize) -> (Vec<(u16, u16)>, Vec<u8>) {
    let home = home(lab, plan());
    let cable = home.cable();
    let mut stack = lab.you("Stack::new(wire, …, a secret, config)", || {
        Stack::new(cable, YOU, DNS, PATIENCE, secret, config())
    });
    for _ in 0..questions {
        let _ = looks_up(lab, &mut stack, NAME);
    }
    let to = SocketAddr::from((WEB, 80));
    lab.you(&format!("stack.begin({to})"), || stack.begin(to));
    let now = home.net.borrow().now() - Time::ZERO;
    let _ = lab.you("stack.connected(now)", || stack.connected(now));
    let net = home.net.borrow();
    let trace = net.trace();
    let isn = trace
        .entries()
        .rfind(|entry| entry.from() == "you" && entry.is(Kind::Syn))
        .map(|entry| entry.bytes()[24..28].to_vec())
        .unwrap_or_default();
    let number = |bytes: &[u8], at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let asked = trace
        .entries()
        .filter(|entry| entry.from() == "you" && entry.is(Kind::Udp))
        .map(|entry| (number(entry.bytes(), 28), number(entry.bytes(), 20)))
        .collect();
    (asked, isn)
}

#[test]
fn s7_numbers_that_nobody_can_predict() {
    lab(|lab| {
        const QUESTIONS: usize = 12;
        lab.why("An attacker who can predict id and port can forge a reply (RFC 5452 §4). They come from the secret, and are not counted up.");
        let (own, isn) = numbers(lab, *b"a secret of ours", QUESTIONS);
        let (other, another) = numbers(lab, *b"another one's 16", QUESTIONS);
        lab.because("A host with another secret has another ISN (RFC 6528 §3).")
            .holds(isn != another, "another ISN", format!("{isn:?} again"));
        lab.same(
            "questions",
            (own.len(), other.len()),
            (QUESTIONS, QUESTIONS),
        );
        for (what, own, other) in [
            (
                "ids",
                own.iter().map(|it| it.0).collect::<Vec<_>>(),
                other.iter().map(|it| it.0).collect::<Vec<_>>(),
            ),
            (
                "ports",
                own.iter().map(|it| it.1).collect(),
                other.iter().map(|it| it.1).collect(),
            ),
        ] {
            let shown = format!("{own:?} {other:?}");
            let same = own.iter().zip(&other).filter(|(a, b)| a == b).count();
            lab.because("A host with another secret has other numbers.")
                .holds(
                    same <= QUESTIONS / 3,
                    format!("other {what} with another secret"),
                    &shown,
                );
            let mut steps: Vec<u16> = own
                .windows(2)
                .map(|two| two[1].wrapping_sub(two[0]))
                .collect();
            steps.sort();
            steps.dedup();
            lab.because("Two numbers must not tell the third.").holds(
                steps.len() > QUESTIONS / 2,
                format!("{what} that are not counted up"),
                &shown,
            );
        }
        lab.because("Clients use the dynamic ports, from 49152 (RFC 6335 §6).")
            .holds(
                own.iter().chain(&other).all(|it| it.1 >= 49152),
                "ports from 49152 to 65535",
                format!("{own:?} {other:?}"),
            );
        let half = own
            .iter()
            .chain(&other)
            .filter(|(id, port)| (id ^ port) & 0x3fff == 0)
            .count();
        lab.because("The port must not tell the id.").holds(
            half <= QUESTIONS / 3,
            "ids that do not say the port",
            format!("{own:?} {other:?}"),
        );
    });
}

#[test]
fn s7_forged_replies_are_ignored() {
    lab(|lab| {
        lab.why("Anybody can send a datagram. Chapter 01's `judge_reply` checks the sender, the id and the question.");
        let cases: [(&str, Forgery); 7] = [
            ("another id", |query, who| {
                let mut reply = reply(&forged(), query).unwrap_or_default();
                reply[0] ^= 0x55;
                (DNS, who[1], reply)
            }),
            ("another port of the server", |query, who| {
                let from = SocketAddrV4::new(*DNS.ip(), 5353);
                (from, who[1], reply(&forged(), query).unwrap_or_default())
            }),
            ("another address, and port 53", |query, who| {
                let from = SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 66), 53);
                (from, who[1], reply(&forged(), query).unwrap_or_default())
            }),
            ("the port of an earlier question", |query, who| {
                (DNS, who[0], reply(&forged(), query).unwrap_or_default())
            }),
            ("another question", |query, who| {
                let mut reply = reply(&forged(), query).unwrap_or_default();
                reply[13] = b'x';
                (DNS, who[1], reply)
            }),
            ("the query itself", |query, who| {
                (DNS, who[1], query.to_vec())
            }),
            ("no message", |query, who| {
                (DNS, who[1], query[..7].to_vec())
            }),
        ];
        for (name, before) in cases {
            lab.scene(format!("before the second reply comes one with {name}"));
            let home = home(lab, plan());
            let mut stack = stack(lab, &home);
            let _ = looks_up(lab, &mut stack, "no.test");
            home.before_replies(before);
            lab.same(
                "the answer",
                looks_up(lab, &mut stack, NAME),
                WEB.to_string(),
            );
            lab.same(
                "questions",
                home.name_server(|names| names.received.len()),
                2,
            );
        }
    });
}

/// What an attacker would have you believe.
fn forged() -> Zone {
    vec![(
        NAME,
        Known::Addresses(vec![Ipv4Addr::new(192, 0, 2, 66).into()]),
    )]
}

/// One connection to the web server.
fn connection(lab: &Lab, stack: &mut Stack<Cable>, port: u16) -> Connection {
    let to = SocketAddr::from((WEB, port));
    lab.you(&format!("stack.begin({to})"), || stack.begin(to));
    match lab.you("stack.connected(30 s)", || stack.connected(ms(30_000))) {
        Some((from, Ok(connection))) => {
            lab.same("who has answered", from.to_string(), to.to_string());
            connection
        }
        Some((_, Err(error))) => lab.fails("a connection", error),
        None => lab.fails("a connection", "nothing until 30 s"),
    }
}

#[test]
fn s7_connections_of_your_own() {
    lab(|lab| {
        lab.why("A connection needs one round trip. A port without a listener refuses, and an address without a host is silent.");
        let home = home(lab, plan());
        let mut stack = stack(lab, &home);
        let _line = connection(lab, &mut stack, 80);
        lab.same(
            "ms: a round trip of twice 2 and 13",
            home.net.borrow().now().as_millis(),
            30,
        );
        lab.same(
            "who has connected, as the web server sees it",
            home.web(|web| {
                web.from
                    .clone()
                    .iter()
                    .map(|from| *from.ip())
                    .collect::<Vec<_>>()
            })
            .first()
            .copied(),
            None,
        );
        let told = |lab: &Lab, stack: &mut Stack<Cable>, until: u64| {
            let told = lab.you(&format!("stack.connected({until} ms)"), || {
                stack.connected(ms(until))
            });
            told.map(|(from, result)| (from.to_string(), result.err().map(|error| error.kind())))
        };
        lab.you("stack.begin(192.0.2.80:81)", || {
            stack.begin("192.0.2.80:81".parse().expect("an address"))
        });
        lab.same(
            "what came of it",
            told(lab, &mut stack, 1_000),
            Some((
                "192.0.2.80:81".to_owned(),
                Some(ErrorKind::ConnectionRefused),
            )),
        );
        lab.same("ms", home.net.borrow().now().as_millis(), 60);
        lab.you("stack.begin([2001:db8::1]:80)", || {
            stack.begin("[2001:db8::1]:80".parse().expect("an address"))
        });
        let came = told(lab, &mut stack, 60);
        lab.because("There is no IPv6 on this host: the attempt fails at once.")
            .same(
                "who has failed",
                came.as_ref()
                    .map(|(from, error)| (&from[..], error.is_some())),
                Some(("[2001:db8::1]:80", true)),
            );
        for to in ["198.51.100.53:80", "198.51.100.53:81"] {
            lab.you(&format!("stack.begin({to})"), || {
                stack.begin(to.parse().expect("an address"))
            });
        }
        lab.same("until 200 ms", told(lab, &mut stack, 200), None);
        lab.same("ms", home.net.borrow().now().as_millis(), 200);
        let before = home.net.borrow().trace().entries().count();
        lab.you("stack.give_up()", || stack.give_up());
        lab.same("until 20 s", told(lab, &mut stack, 20_000), None);
        lab.because("An attempt that was given up sends nothing more.")
            .same(
                "packets since then",
                home.net.borrow().trace().entries().count(),
                before,
            );
        lab.you("stack.begin(198.51.100.53:80)", || {
            stack.begin("198.51.100.53:80".parse().expect("an address"))
        });
        lab.because("TCP gives up at some time, and that is a failure like others.")
            .same(
                "what came of it",
                told(lab, &mut stack, 3_600_000),
                Some(("198.51.100.53:80".to_owned(), Some(ErrorKind::TimedOut))),
            );
        lab.holds(
            home.net.borrow().now() < Time::from_millis(3_600_000),
            "an end before the hour is over",
            format!("{} ms", home.net.borrow().now()),
        );
    });
}

#[test]
fn s7_several_attempts_at_a_time() {
    lab(|lab| {
        lab.why("Attempts run beside each other. The result of each is returned once, when it is there.");
        let home = home(lab, plan());
        let mut stack = stack(lab, &home);
        for to in ["198.51.100.53:80", "192.0.2.80:81", "192.0.2.80:80"] {
            lab.you(&format!("stack.begin({to})"), || {
                stack.begin(to.parse().expect("an address"))
            });
        }
        let mut told = Vec::new();
        while let Some((from, result)) =
            lab.you("stack.connected(900 ms)", || stack.connected(ms(900)))
        {
            told.push((from.to_string(), result.is_ok()));
        }
        told.sort();
        lab.same(
            "who was told, and whether there is a connection",
            told,
            vec![
                ("192.0.2.80:80".to_owned(), true),
                ("192.0.2.80:81".to_owned(), false),
            ],
        );
        lab.same("ms", home.net.borrow().now().as_millis(), 900);
    });
}

#[test]
fn s7_a_connection_is_a_stream() {
    lab(|lab| {
        lab.why("Written bytes are sent, and bytes that come are read, in pieces of any size. 0 is the end. A read waits for its limit at most.");
        let home = home(lab, plan());
        let mut stack = stack(lab, &home);
        let mut connection = connection(lab, &mut stack, 80);
        lab.ok("connection.wait_at_most(500 ms)", || {
            connection.wait_at_most(ms(500))
        });
        let mut buf = [0; 1000];
        let begin = home.net.borrow().now();
        let kind = lab
            .err("connection.read(buf), where nothing comes", || {
                connection.read(&mut buf)
            })
            .kind();
        lab.holds(
            matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock),
            "TimedOut or WouldBlock",
            format!("{kind:?}"),
        );
        lab.same("ms", (home.net.borrow().now() - begin).as_millis(), 500);
        let waits = home.waits.get();
        let _ = lab.err("connection.read(buf), where nothing comes", || {
            connection.read(&mut buf)
        });
        lab.because("It waits in `Wire::receive` until something comes. A loop that polls wastes processor time.")
            .holds(
                home.waits.get() - waits <= 3,
                "one wait, or two",
                format!("{} calls of wire.receive", home.waits.get() - waits),
            );
        lab.ok("connection.wait_at_most(200 ms)", || {
            connection.wait_at_most(ms(200))
        });
        let begin = home.net.borrow().now();
        let _ = lab.err("connection.read(buf), where nothing comes", || {
            connection.read(&mut buf)
        });
        lab.because("Only the limit that was set last counts.")
            .same("ms", (home.net.borrow().now() - begin).as_millis(), 200);
        lab.ok("connection.wait_at_most(500 ms)", || {
            connection.wait_at_most(ms(500))
        });
        lab.same(
            "connection.write of nothing",
            lab.ok("connection.write(empty)", || connection.write(&[])),
            0,
        );
        lab.same(
            "connection.read of nothing",
            lab.ok("connection.read(empty)", || connection.read(&mut [])),
            0,
        );
        lab.ok("connection.write_all(request)", || {
            connection.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        });
        lab.ok("connection.flush()", || connection.flush());
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n";
        let want = [&head[..], &text(20_000)].concat();
        let mut got = vec![0; want.len()];
        lab.ok("connection.read_exact(response)", || {
            connection.read_exact(&mut got)
        });
        lab.same_bytes("the response", &got, &want);
        lab.same("requests", home.web(|web| web.heads.len()), 1);
        lab.ok("connection.end_writing()", || {
            http1::Stream::end_writing(&mut connection)
        });
        lab.same(
            "connection.read behind the end",
            lab.ok("connection.read(buf)", || connection.read(&mut buf)),
            0,
        );
        lab.same(
            "connection.read again",
            lab.ok("connection.read(buf)", || connection.read(&mut buf)),
            0,
        );
        let kind = lab
            .err("connection.wait_at_most(0)", || {
                connection.wait_at_most(Duration::ZERO)
            })
            .kind();
        lab.same("the kind of the error", kind, ErrorKind::InvalidInput);
    });
}

#[test]
fn s7_one_direction_ends() {
    lab(|lab| {
        lab.why("`end_writing` sends the FIN at once. The other direction stays open: bytes that come can still be read.");
        let home = home(lab, plan());
        let mut stack = stack(lab, &home);
        let mut connection = connection(lab, &mut stack, 80);
        lab.ok("connection.wait_at_most(60 s)", || {
            connection.wait_at_most(ms(60_000))
        });
        lab.ok("connection.write_all(request)", || {
            connection.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        });
        lab.ok("connection.flush()", || connection.flush());
        let begin = home.net.borrow().now();
        lab.ok("connection.end_writing()", || connection.end_writing());
        let sent: Vec<Duration> = {
            let net = home.net.borrow();
            let trace = net.trace();
            let fins = trace
                .entries()
                .filter(|entry| entry.is(Kind::Fin) && entry.from() == "you");
            fins.map(|entry| entry.sent - begin).collect()
        };
        lab.same("when FINs were sent", sent, vec![Duration::ZERO]);
        let mut got = Vec::new();
        lab.ok("connection.read_to_end(answer)", || {
            connection.read_to_end(&mut got)
        });
        lab.holds(
            got.ends_with(&text(20_000)),
            "the whole page",
            format!("{} bytes", got.len()),
        );
    });
}

#[test]
fn s7_more_than_a_window() {
    lab(|lab| {
        lab.why("TCP takes as many bytes as it has room for. A write without room waits until there is some, and runs the stack meanwhile.");
        let home = home(lab, plan());
        let mut stack = stack(lab, &home);
        let mut connection = connection(lab, &mut stack, 80);
        lab.ok("connection.wait_at_most(60 s)", || {
            connection.wait_at_most(ms(60_000))
        });
        let head = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(300_000));
        lab.ok("connection.write_all(300 kB)", || {
            connection.write_all(head.as_bytes())
        });
        lab.ok("connection.flush()", || connection.flush());
        let mut got = [0; 12];
        lab.ok("connection.read_exact(status)", || {
            connection.read_exact(&mut got)
        });
        lab.same_bytes("the beginning of the response", &got, b"HTTP/1.1 200");
        lab.same(
            "bytes of the request",
            home.web(|web| web.heads.iter().map(String::len).collect::<Vec<_>>()),
            vec![head.len()],
        );
    });
}

#[test]
fn s7_a_reset_is_an_error() {
    lab(|lab| {
        lab.why("A reset is an error and not the end of the stream: bytes may be missing.");
        let home = home(lab, plan());
        let mut stack = stack(lab, &home);
        let mut connection = connection(lab, &mut stack, 80);
        lab.ok("connection.wait_at_most(5 s)", || {
            connection.wait_at_most(ms(5_000))
        });
        // In the server's name: it no longer knows the connection.
        {
            let mut net = home.net.borrow_mut();
            net.run_until(Time::from_millis(100))
                .expect("a network at rest");
            let ack = {
                let trace = net.trace();
                let entry = trace
                    .entries()
                    .rfind(|entry| entry.from() == "NAT" && entry.to() == "web");
                entry
                    .map(|entry| entry.bytes().to_vec())
                    .unwrap_or_default()
            };
            let (flow, segment) =
                tcp_close::from_bytes(&ack).expect("the last ACK of the handshake");
            let mut reset = tcp_open::answer_in_closed(&segment).expect("an answer");
            reset.ack = None;
            let bytes = tcp_close::to_bytes(flow.reversed(), &reset).expect("a packet");
            net.send(home.web, bytes);
        }
        let kind = lab
            .err("connection.read(buf)", || connection.read(&mut [0; 10]))
            .kind();
        lab.same("the kind of the error", kind, ErrorKind::ConnectionReset);
        let kind = lab
            .err("connection.read(buf) again", || {
                connection.read(&mut [0; 10])
            })
            .kind();
        lab.same("the kind of the error", kind, ErrorKind::ConnectionReset);
        for _ in 0..2 {
            let kind = lab
                .err("connection.write(x)", || connection.write(b"x"))
                .kind();
            lab.holds(
                matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
                "ConnectionReset or BrokenPipe",
                format!("{kind:?}"),
            );
        }
        lab.scene("the other side is gone");
        let home = self::home(lab, plan());
        let mut stack = self::stack(lab, &home);
        let mut connection = self::connection(lab, &mut stack, 80);
        lab.ok("connection.wait_at_most(12 h)", || {
            connection.wait_at_most(ms(12 * 3_600_000))
        });
        home.net
            .borrow_mut()
            .way(home.you, home.gateway)
            .loses(every(Kind::Packet));
        lab.ok("connection.write_all(x)", || connection.write_all(b"x"));
        let begin = home.net.borrow().now();
        let kind = lab
            .err("connection.read(buf)", || connection.read(&mut [0; 10]))
            .kind();
        lab.same("the kind of the error", kind, ErrorKind::TimedOut);
        lab.because(
            "TCP gives up long before this limit. After that there is nothing to wait for.",
        )
        .holds(
            home.net.borrow().now() - begin < ms(3_600_000),
            "an error within an hour",
            format!("{} ms", (home.net.borrow().now() - begin).as_millis()),
        );
    });
}

#[test]
fn s7_a_dropped_connection_is_closed() {
    lab(|lab| {
        lab.why("A dropped connection is closed with FIN and ACK in both directions. The last data of the other side is received and thrown away, so that no RST answers it.");
        for text in ["http://www.loopback.test/", "https://www.loopback.test/"] {
            lab.scene(format!("behind {text}"));
            let home = home(lab, plan());
            let stack = stack(lab, &home);
            let mut browser = Browser::new(stack, LIMITS);
            let address = url(lab, text);
            let result = lab.you(&format!("browser.visit({text})"), || {
                browser.visit(&address)
            });
            let _ = page(lab, result);
            lab.you("browser.close_idle()", || browser.close_idle());
            lab.you("stack.settle(5 min)", || {
                browser.network().settle(ms(300_000))
            });
            let net = home.net.borrow();
            let senders = |kind: Kind| -> Vec<String> {
                let trace = net.trace();
                let own = trace.entries().filter(|entry| entry.is(kind));
                own.map(|entry| entry.from().to_owned()).collect()
            };
            lab.same(
                "who has sent a FIN, hop by hop",
                senders(Kind::Fin),
                ["you", "NAT", "web", "NAT"].map(str::to_owned).to_vec(),
            );
            lab.same("who has sent a RST", senders(Kind::Rst), Vec::new());
            let last = net
                .trace()
                .entries()
                .last()
                .map(|entry| (entry.from().to_owned(), entry.is(Kind::Ack)));
            lab.same("the last packet", last, Some(("NAT".to_owned(), true)));
            lab.holds(
                net.now() < Time::from_millis(300_000),
                "an end when TIME-WAIT is over",
                format!("{} ms", net.now()),
            );
        }
    });
}

#[test]
fn s7_a_dropped_connection_throws_data_away() {
    lab(|lab| {
        lab.why("The connection is dropped while a page is on its way that is longer than the receive window. The page is received and thrown away, so that the other side can end: it does not wait for the window, and gets no RST.");
        let home = home(
            lab,
            Plan {
                page: text(200_000),
                ..plan()
            },
        );
        let mut stack = stack(lab, &home);
        let mut connections = vec![
            connection(lab, &mut stack, 80),
            connection(lab, &mut stack, 80),
        ];
        for connection in &mut connections {
            lab.ok("connection.write_all(request)", || {
                connection.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            });
            lab.ok("connection.flush()", || connection.flush());
        }
        let begin = home.net.borrow().now();
        lab.you("drop(connections)", || drop(connections));
        lab.you("stack.settle(4 s)", || stack.settle(ms(4_000)));
        let net = home.net.borrow();
        let senders = |kind: Kind| -> Vec<String> {
            let trace = net.trace();
            let own = trace.entries().filter(|entry| entry.is(kind));
            let mut senders: Vec<String> = own.map(|entry| entry.from().to_owned()).collect();
            senders.sort();
            senders
        };
        lab.same("who has sent a RST", senders(Kind::Rst), Vec::new());
        lab.because(
            "Two connections were dropped, and both sides of each end within the four seconds.",
        )
        .same(
            "who has sent a FIN, hop by hop",
            senders(Kind::Fin).join(" "),
            "NAT NAT NAT NAT web web you you".to_owned(),
        );
        lab.because("TIME-WAIT takes a minute, and the limit was 4 s.")
            .same(
                "ms that settle has taken",
                (net.now() - begin).as_millis(),
                4_000,
            );
        drop(net);
        lab.scene("the first of two connections has not ended yet");
        let home = self::home(
            lab,
            Plan {
                page: text(200_000),
                ..plan()
            },
        );
        let mut stack = self::stack(lab, &home);
        let mut connections = vec![
            connection(lab, &mut stack, 80),
            connection(lab, &mut stack, 80),
        ];
        lab.ok("connection.write_all(request)", || {
            connections[1].write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        });
        lab.ok("connection.flush()", || connections[1].flush());
        home.net
            .borrow_mut()
            .way(home.web, home.gateway)
            .loses(first(Kind::Fin));
        lab.you("drop(connections)", || drop(connections));
        lab.you("stack.settle(900 ms)", || stack.settle(ms(900)));
        let net = home.net.borrow();
        let fins = net
            .trace()
            .entries()
            .filter(|entry| entry.is(Kind::Fin) && entry.from() == "web")
            .count();
        lab.because("The server's first FIN is lost, and comes again after a second. The data of the other connection is thrown away meanwhile.")
            .same("FINs of the server, within 900 ms", fins, 2);
    });
}

#[test]
fn s7_a_dropped_connection_sends_its_fin_at_once() {
    lab(|lab| {
        lab.why("A dropped connection sends its FIN at that moment, and does not wait for the next call of the stack.");
        let home = home(lab, plan());
        let mut stack = stack(lab, &home);
        let connection = self::connection(lab, &mut stack, 80);
        let begin = home.net.borrow().now();
        lab.you("drop(connection)", || drop(connection));
        let sent = |home: &Home| -> Vec<String> {
            let net = home.net.borrow();
            let trace = net.trace();
            let fins = trace
                .entries()
                .filter(|entry| entry.is(Kind::Fin) && entry.from() == "you");
            fins.map(|entry| format!("{} ms", (entry.sent - begin).as_millis()))
                .collect()
        };
        lab.same("when FINs were sent", sent(&home), vec!["0 ms".to_owned()]);
        lab.scene("the server has ended first");
        let home = self::home(lab, plan());
        let mut stack = self::stack(lab, &home);
        let mut connection = self::connection(lab, &mut stack, 80);
        lab.ok("connection.wait_at_most(60 s)", || {
            connection.wait_at_most(ms(60_000))
        });
        lab.ok("connection.write_all(request)", || {
            connection.write_all(b"GET /close HTTP/1.1\r\nHost: a\r\n\r\n")
        });
        lab.ok("connection.flush()", || connection.flush());
        lab.ok("connection.read_to_end(answer)", || {
            connection.read_to_end(&mut Vec::new())
        });
        let begin = home.net.borrow().now();
        lab.you("drop(connection)", || drop(connection));
        lab.you("stack.settle(10 min)", || stack.settle(ms(600_000)));
        let took = home.net.borrow().now() - begin;
        lab.because("The side that ends second needs no TIME-WAIT, and no more data can come.")
            .holds(
                took < ms(1_000),
                "an end with the last ACK",
                format!("{} ms", took.as_millis()),
            );
    });
}

#[test]
fn s7_a_dropped_connection_receives_for_a_limited_time() {
    lab(|lab| {
        lab.same("the constant LINGER", LINGER, Duration::from_secs(5));
        lab.why("A server may never end its side. After five seconds the connection is closed, and data that comes then is answered by a RST.");
        let home = home(lab, plan());
        let mut stack = stack(lab, &home);
        let connection = connection(lab, &mut stack, 80);
        // From now on nothing of the server's gets through, its FIN not either.
        home.net
            .borrow_mut()
            .way(home.web, home.gateway)
            .loses(every(Kind::Fin));
        let begin = home.net.borrow().now();
        lab.you("drop(connection)", || drop(connection));
        lab.you("stack.settle(10 min)", || stack.settle(ms(600_000)));
        let took = home.net.borrow().now() - begin;
        lab.holds(
            (ms(64_500)..ms(65_500)).contains(&took),
            "an end after 65 s: five seconds, and one minute of FIN-WAIT-2",
            format!("{} ms", took.as_millis()),
        );
    });
}

#[test]
fn s7_the_page_without_losses() {
    lab(|lab| {
        lab.why("Each stage costs its round trips: one for the name, one for TCP, one for TLS 1.3, one for the answer. 16 ms to the name server and back, 30 to the web server.");
        let home = home(
            lab,
            Plan {
                page: text(3_000),
                ..plan()
            },
        );
        let stack = stack(lab, &home);
        let mut browser = Browser::new(stack, LIMITS);
        let address = url(lab, &format!("https://{NAME}/"));
        let result = lab.you("browser.visit(https://www.loopback.test/)", || {
            browser.visit(&address)
        });
        let page = page(lab, result);
        lab.same_bytes("the page", &page.body, &text(3_000));
        let times = page.timeline;
        let took = |span: Option<type_a_url::Span>| {
            span.map_or(0, |span| (span.to - span.from).as_millis())
        };
        lab.because("One round trip for each of the four stages. If the first byte takes ten round trips, the request waits for an acknowledgment that the other side delays: Nagle's algorithm is on.").same(
            "the stages dns, tcp, tls and first-byte, in tens of milliseconds",
            [
                took(times.dns),
                took(times.tcp),
                took(times.tls),
                took(Some(times.first_byte)),
            ]
            .map(|ms| ms / 10),
            [1, 3, 3, 3],
        );
        lab.same(
            "where it came from",
            page.from.to_string(),
            "192.0.2.80:443".to_owned(),
        );
        lab.same(
            "who was there, as the web server sees it",
            home.web(|web| web.from.iter().map(|from| *from.ip()).collect::<Vec<_>>()),
            vec![OUTSIDE],
        );
    });
}

#[test]
fn s7_the_second_page_needs_no_handshake() {
    lab(|lab| {
        lab.why("The browser of step 5 uses a connection of your stack again, without a change.");
        let home = home(lab, plan());
        let stack = stack(lab, &home);
        let mut browser = Browser::new(stack, LIMITS);
        for nth in 0..3 {
            let address = url(lab, &format!("https://{NAME}/{nth}"));
            let result = lab.you(&format!("browser.visit({address})"), || {
                browser.visit(&address)
            });
            let page = page(lab, result);
            lab.same_bytes("the page", &page.body, &text(20_000));
            lab.same("reused", page.timeline.reused, nth > 0);
        }
        let syns = home
            .net
            .borrow()
            .trace()
            .entries()
            .filter(|entry| entry.is(Kind::Syn) && entry.from() == "you")
            .count();
        lab.same("SYNs", syns, 1);
    });
}

#[test]
fn s7_a_stage_that_fails() {
    lab(|lab| {
        lab.why("The stages have the same names on your own stack.");
        for (text, want) in [
            ("https://no.test/", "Dns, NoSuchName"),
            (
                "https://www.loopback.test:444/",
                "Tcp, Unreachable 192.0.2.80 ConnectionRefused",
            ),
            ("https://alias.test/", "Tls, Io InvalidData"),
            ("https://www.loopback.test:80/", "Tls, Io "),
        ] {
            let home = home(lab, plan());
            let stack = stack(lab, &home);
            let limits = Limits {
                connect: ms(5_000),
                wait: ms(2_000),
            };
            let mut browser = Browser::new(stack, limits);
            let address = url(lab, text);
            let result = lab.you(&format!("browser.visit({text})"), || {
                browser.visit(&address)
            });
            let failed = result
                .err()
                .map_or("a page".to_owned(), |failed| failure(&failed));
            lab.holds(
                failed.starts_with(want),
                format!("the error {want}"),
                failed,
            );
        }
    });
}

#[test]
fn s7_lost_packets_of_each_kind() {
    lab(|lab| {
        lab.why("Each stage repairs its own losses: the resolver sends the query again, and TCP sends the segment again, with TLS or HTTP in it.");
        for n in 1..=14 {
            lab.scene(format!(
                "packet {n} of each direction of your cable is lost"
            ));
            let home = home(
                lab,
                Plan {
                    page: text(9_000),
                    ..plan()
                },
            );
            {
                let mut net = home.net.borrow_mut();
                net.way(home.you, home.gateway).loses(nth(n, Kind::Packet));
                net.way(home.gateway, home.you).loses(nth(n, Kind::Packet));
            }
            let stack = stack(lab, &home);
            let mut browser = Browser::new(stack, LIMITS);
            let address = url(lab, &format!("https://{NAME}/"));
            let result = lab.you("browser.visit(https://www.loopback.test/)", || {
                browser.visit(&address)
            });
            let page = page(lab, result);
            lab.same_bytes("the page", &page.body, &text(9_000));
        }
    });
}

#[test]
fn s7_all_on_your_own_stack() {
    lab(|lab| {
        lab.why("The page must be identical to the byte, over UDP, IP, a NAT, TCP, TLS and HTTP, and over links that lose one packet in fifty.");
        for seed in lab.seeds(25) {
            lab.scene(format!("2 % loss on each link, seed {seed}"));
            let home = Home::new(
                lab.net(seed),
                Plan {
                    loss: 0.02,
                    ..plan()
                },
            );
            let stack = stack(lab, &home);
            let mut browser = Browser::new(stack, LIMITS);
            let address = url(lab, &format!("https://{NAME}/"));
            let result = lab.you("browser.visit(https://www.loopback.test/)", || {
                browser.visit(&address)
            });
            let page = page(lab, result);
            lab.same_bytes("the page", &page.body, &text(20_000));
            lab.you("browser.close_idle()", || browser.close_idle());
            lab.you("stack.settle(10 min)", || {
                browser.network().settle(ms(600_000))
            });
            lab.same("requests", home.web(|web| web.heads.len()), 1);
            let mine: Vec<SocketAddrV4> = home.web(|web| web.from.clone());
            lab.holds(
                mine.iter().all(|from| *from.ip() == OUTSIDE),
                "a client at the NAT's address",
                format!("{mine:?}"),
            );
        }
    });
}

/// A connection over another one whose reads are interrupted every 40 ms, until it breaks off.
struct Interrupted {
    connection: Connection,
    reads: usize,
}

impl Read for Interrupted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        if self.reads > 500 {
            return Err(ErrorKind::ConnectionReset.into());
        }
        self.connection.wait_at_most(ms(40))?;
        self.connection
            .read(buf)
            .map_err(|_| ErrorKind::Interrupted.into())
    }
}

impl Write for Interrupted {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.connection.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.connection.flush()
    }
}

impl Waits for Interrupted {
    fn wait_at_most(&mut self, _limit: Duration) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Interrupted {
    fn end_writing(&mut self) -> io::Result<()> {
        self.connection.end_writing()
    }
}

#[test]
fn s7_a_handshake_has_a_limit() {
    lab(|lab| {
        lab.why("The limit is for the whole handshake, however often a read begins again. TLS measures it with a clock that has to follow the wire's clock: on the system's clock no time passes here.");
        for limit in [200, 1_000] {
            let home = home(lab, plan());
            let mut stack = stack(lab, &home);
            // Nobody speaks TLS at this port, and nobody says anything.
            let connection = Connection::new(Interrupted {
                connection: connection(lab, &mut stack, 80),
                reads: 0,
            });
            let begin = home.net.borrow().now();
            let result = lab.you(
                &format!("stack.secure(connection, {NAME:?}, {limit} ms)"),
                || stack.secure(connection, NAME, ms(limit)),
            );
            lab.same(
                "the kind of the error",
                result.err().map(|error| error.kind()),
                Some(ErrorKind::TimedOut),
            );
            let took = (home.net.borrow().now() - begin).as_millis();
            lab.holds(
                (u128::from(limit)..u128::from(limit) + 40).contains(&took),
                format!("an end after {limit} ms, or with the read of 40 ms that runs then"),
                format!("after {took} ms"),
            );
        }
    });
}

/// The seed whose run the cover shows: a question and a segment are lost.
const COVER: u64 = 3821;

#[test]
fn s7_every_packet_in_one_picture() {
    lab(|lab| {
        lab.why("From the DNS query to the last ACK, each packet belongs to a stage, and the stages come in their order.");
        let home = Home::new(
            lab.net(COVER),
            Plan {
                loss: 0.02,
                page: text(9_000),
                ..plan()
            },
        );
        let stack = stack(lab, &home);
        let mut browser = Browser::new(stack, LIMITS);
        let address = url(lab, &format!("https://{NAME}/"));
        let result = lab.you("browser.visit(https://www.loopback.test/)", || {
            browser.visit(&address)
        });
        let page = page(lab, result);
        lab.same_bytes("the page", &page.body, &text(9_000));
        lab.you("browser.close_idle()", || browser.close_idle());
        lab.you("stack.settle(10 min)", || {
            browser.network().settle(ms(600_000))
        });
        let net = home.net.borrow();
        let trace = net.trace();
        let times = page.timeline;
        let ends = [
            times.dns.map(|span| span.to),
            times.tcp.map(|span| span.to),
            times.tls.map(|span| span.to),
        ]
        .map(Option::unwrap_or_default);
        lab.holds(
            ends[0] < ends[1] && ends[1] < ends[2] && ends[2] < times.first_byte.to,
            "stages in their order",
            timeline(&times),
        );
        let is_dns = |entry: &netlab::sim::Entry| entry.is(Kind::Udp);
        for entry in trace.entries() {
            let at = entry.sent - Time::ZERO;
            lab.same(
                "a packet of UDP is one of the first stage",
                is_dns(&entry),
                at < ends[0],
            );
        }
        lab.draws("17-own-stack", packet_picture::draw(&trace, &times));
        if let Some(folder) = std::env::var_os("NETLAB_PICTURES") {
            let file = std::path::Path::new(&folder).join("17-own-stack.pcapng");
            std::fs::write(file, trace.pcapng()).expect("a file for the capture");
        }
    });
}
