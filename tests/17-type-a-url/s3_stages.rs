//! Step 3: the five stages of a page.

use std::io::ErrorKind;
use std::time::Duration;

use netlab::{Lab, lab};
use type_a_url::{
    Cause, Limits, Network, Page, StageError, connect, fetch, open_url, resolve, secure,
};

use super::sim_network::{
    ConnectOutcome, ConnectionKind, DnsReply, LIMITS, PAGE, ServerStep, SimNetwork, bytes, ip, ips,
    ms, response,
};
use super::words::{cause, fails, lines, page, runs, timeline, url};

/// The student's `open_url` in this world.
fn opens(lab: &Lab, world: &SimNetwork, text: &str, limits: &Limits) -> Result<Page, StageError> {
    let url = url(lab, text);
    let mut network = world.clone();
    lab.you(&format!("open_url(network, {text}, limits)"), || {
        open_url(&mut network, &url, limits)
    })
}

fn gets(lab: &Lab, world: &SimNetwork, text: &str) -> Page {
    let result = opens(lab, world, text, &LIMITS);
    page(lab, result)
}

fn journal(lab: &Lab, world: &SimNetwork, want: &[&str]) {
    let got = world.journal();
    for at in 0..got.len().max(want.len()) {
        let line = |line: Option<&str>| line.unwrap_or("nothing more").to_owned();
        lab.same(
            &format!("what has happened, with its time in ms, line {}", at + 1),
            line(got.get(at).map(String::as_str)),
            line(want.get(at).copied()),
        );
    }
}

#[test]
fn s3_five_stages_in_order() {
    lab(|lab| {
        lab.why("Each stage needs the result of the one before it: an address, a connection, a verified server, a request.");
        let world = SimNetwork::with_site();
        let page = gets(lab, &world, "https://www.example.org/a");
        journal(
            lab,
            &world,
            &[
                "0 lookup www.example.org",
                "12 connect 192.0.2.1:443",
                "32 open 192.0.2.1:443",
                "32 tls www.example.org for 5000 ms at most",
                "72 request GET /a HTTP/1.1 on connection 1",
                "100 closed connection 1",
            ],
        );
        lab.same_bytes("the body", &page.body, PAGE.as_bytes());
        lab.same("the status", page.head.status, 200);
        lab.same(
            "where it came from",
            page.from.to_string(),
            "192.0.2.1:443".to_owned(),
        );
        lab.same(
            "the page's URL",
            super::words::parts(&page.url),
            "https | www.example.org | 443 | /a".to_owned(),
        );
    });
}

#[test]
fn s3_the_timeline_has_no_gaps() {
    lab(|lab| {
        lab.why("A stage begins when the one before it has ended. A gap would be time that no stage explains.");
        let world = SimNetwork::with_site();
        let page = gets(lab, &world, "https://www.example.org/a");
        runs(
            lab,
            "the timeline",
            &page.timeline,
            "dns 0..12 tcp 12..32 tls 32..72 first 72..90 body 90..100",
        );
        let world = SimNetwork::with_site();
        world.advance(Duration::from_secs(7));
        world.name(
            "www.example.org",
            0,
            DnsReply::Addresses(ips(&["192.0.2.1"])),
        );
        let page = gets(lab, &world, "https://www.example.org/a");
        lab.because(
            "The times come from the network's clock. A stage that took no time still has a span.",
        )
        .same(
            "the timeline",
            timeline(&page.timeline),
            "dns 7000..7000 tcp 7000..7020 tls 7020..7060 first 7060..7078 body 7078..7088"
                .to_owned(),
        );
    });
}

#[test]
fn s3_http_needs_no_tls() {
    lab(|lab| {
        lab.why("`http` goes to port 80 and is not encrypted. A stage that was not needed has no span, and not one of 0 ms.");
        let world = SimNetwork::with_site();
        let page = gets(lab, &world, "http://www.example.org/");
        runs(
            lab,
            "the timeline",
            &page.timeline,
            "dns 0..12 tcp 12..32 tls - first 32..50 body 50..60",
        );
        journal(
            lab,
            &world,
            &[
                "0 lookup www.example.org",
                "12 connect 192.0.2.1:80",
                "32 open 192.0.2.1:80",
                "32 request GET / HTTP/1.1 on connection 1",
                "60 closed connection 1",
            ],
        );
    });
}

#[test]
fn s3_an_address_needs_no_name() {
    lab(|lab| {
        lab.why("An address needs no look-up. A name server that is asked for it says that there is no such name.");
        for (text, addr, host) in [
            ("http://192.0.2.1:8080/", "192.0.2.1:8080", "192.0.2.1:8080"),
            ("http://[2001:db8::7]/", "[2001:db8::7]:80", "[2001:db8::7]"),
        ] {
            lab.scene(text);
            let world = SimNetwork::with_site();
            world.on_connect(addr, ConnectOutcome::Opens(20));
            let page = gets(lab, &world, text);
            lab.same("the look-ups", world.count("lookup"), 0);
            runs(
                lab,
                "the timeline",
                &page.timeline,
                "dns - tcp 0..20 tls - first 20..38 body 38..48",
            );
            lab.same("Host", host_of(lab, &world), host.to_owned());
        }
        lab.scene("https of an address");
        let world = SimNetwork::with_site();
        world.on_connect("[2001:db8::7]:8443", ConnectOutcome::Opens(20));
        let _ = gets(lab, &world, "https://[2001:db8::7]:8443/");
        lab.because("`https` means TLS, whatever the port is.")
            .same("handshakes", world.count("tls"), 1);
        lab.because("The name that the certificate must have is the host, without brackets and without a port.")
            .same("who is to prove itself", world.journal()[2].clone(), "20 tls 2001:db8::7 for 5000 ms at most".to_owned());
    });
}

/// The `Host` of the only request.
fn host_of(lab: &Lab, world: &SimNetwork) -> String {
    let requests = world.requests();
    lab.same("requests", requests.len(), 1);
    let hosts: Vec<&str> = requests[0]
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map(|(_, value)| value)
        .collect();
    lab.same("fields `Host`", hosts.len(), 1);
    hosts[0].to_owned()
}

#[test]
fn s3_what_is_asked_for() {
    lab(|lab| {
        lab.why(
            "Host has the port if it is not the scheme's default. User and fragment are not sent.",
        );
        for (text, line, host) in [
            (
                "https://www.example.org/",
                "GET / HTTP/1.1",
                "www.example.org",
            ),
            (
                "https://www.example.org:8443",
                "GET / HTTP/1.1",
                "www.example.org:8443",
            ),
            (
                "http://me:secret@www.example.org/a/../b?c=d#e",
                "GET /b?c=d HTTP/1.1",
                "www.example.org",
            ),
            (
                "http://WWW.example.org:8443?q",
                "GET /?q HTTP/1.1",
                "www.example.org:8443",
            ),
        ] {
            lab.scene(text);
            let world = SimNetwork::with_site();
            world.on_connect("192.0.2.1:8443", ConnectOutcome::Opens(20));
            let _ = gets(lab, &world, text);
            lab.same("Host", host_of(lab, &world), host.to_owned());
            let requests = world.requests();
            lab.same("the request line", requests[0].lines().next(), Some(line));
        }
    });
}

#[test]
fn s3_first_address_silent_second_works() {
    lab(|lab| {
        lab.why("192.0.2.9 is silent. 192.0.2.10 answers, and its attempt begins 250 ms later.");
        let world = SimNetwork::default();
        world.name(
            "a",
            10,
            DnsReply::Addresses(ips(&["192.0.2.9", "192.0.2.10"])),
        );
        world.on_connect("192.0.2.9:80", ConnectOutcome::Silent);
        world.on_connect("192.0.2.10:80", ConnectOutcome::Opens(20));
        let page = gets(lab, &world, "http://a/");
        journal(
            lab,
            &world,
            &[
                "0 lookup a",
                "10 connect 192.0.2.9:80",
                "260 connect 192.0.2.10:80",
                "280 open 192.0.2.10:80",
                "280 given-up 192.0.2.9:80",
                "280 request GET / HTTP/1.1 on connection 1",
                "308 closed connection 1",
            ],
        );
        lab.same(
            "where it came from",
            page.from.to_string(),
            "192.0.2.10:80".to_owned(),
        );
        runs(
            lab,
            "the timeline",
            &page.timeline,
            "dns 0..10 tcp 10..280 tls - first 280..298 body 298..308",
        );
    });
}

#[test]
fn s3_the_families_take_turns() {
    lab(|lab| {
        lab.why("A machine whose IPv6 leads nowhere has a page after a quarter of a second, because the second attempt is IPv4 (RFC 8305 §4).");
        let world = SimNetwork::default();
        world.name(
            "a",
            0,
            DnsReply::Addresses(ips(&["192.0.2.1", "2001:db8::1", "2001:db8::2"])),
        );
        for addr in ["[2001:db8::1]:80", "[2001:db8::2]:80"] {
            world.on_connect(addr, ConnectOutcome::Silent);
        }
        world.on_connect("192.0.2.1:80", ConnectOutcome::Opens(20));
        let page = gets(lab, &world, "http://a/");
        runs(
            lab,
            "the timeline",
            &page.timeline,
            "dns 0..0 tcp 0..270 tls - first 270..288 body 288..298",
        );
    });
}

#[test]
fn s3_refused_moves_on_at_once() {
    lab(|lab| {
        lab.why("After a refusal the next attempt begins at once.");
        let world = SimNetwork::default();
        world.name(
            "a",
            0,
            DnsReply::Addresses(ips(&["192.0.2.9", "192.0.2.8", "192.0.2.10"])),
        );
        world.on_connect("192.0.2.9:80", ConnectOutcome::Refused(3));
        world.on_connect("192.0.2.8:80", ConnectOutcome::Refused(4));
        world.on_connect("192.0.2.10:80", ConnectOutcome::Opens(20));
        let page = gets(lab, &world, "http://a/");
        runs(
            lab,
            "the timeline",
            &page.timeline,
            "dns 0..0 tcp 0..27 tls - first 27..45 body 45..55",
        );
        lab.same("attempts", world.count("connect"), 3);
    });
}

#[test]
fn s3_the_first_that_answers_is_taken() {
    lab(|lab| {
        lab.why("An attempt goes on while the next one runs beside it. The first connection that opens is taken, and the others are given up.");
        let world = SimNetwork::default();
        world.name(
            "a",
            0,
            DnsReply::Addresses(ips(&["192.0.2.1", "192.0.2.2", "192.0.2.3"])),
        );
        world.on_connect("192.0.2.1:80", ConnectOutcome::Opens(400));
        world.on_connect("192.0.2.2:80", ConnectOutcome::Opens(900));
        world.on_connect("192.0.2.3:80", ConnectOutcome::Opens(20));
        let page = gets(lab, &world, "http://a/");
        lab.same(
            "where it came from",
            page.from.to_string(),
            "192.0.2.1:80".to_owned(),
        );
        lab.same("attempts", world.count("connect"), 2);
        lab.same("given up", world.count("given-up"), 1);
        runs(
            lab,
            "the timeline",
            &page.timeline,
            "dns 0..0 tcp 0..400 tls - first 400..418 body 418..428",
        );
    });
}

#[test]
fn s3_time_outs_do_not_add_up() {
    lab(|lab| {
        lab.why("Attempts overlap, and the limit is one for all of them. Four silent addresses take as long as one.");
        let world = SimNetwork::default();
        world.name(
            "a",
            10,
            DnsReply::Addresses(ips(&["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"])),
        );
        for addr in ["192.0.2.1:80", "192.0.2.2:80", "192.0.2.4:80"] {
            world.on_connect(addr, ConnectOutcome::Silent);
        }
        world.on_connect("192.0.2.3:80", ConnectOutcome::Refused(30));
        let result = opens(lab, &world, "http://a/", &LIMITS);
        fails(
            lab,
            result,
            "Tcp, Unreachable 192.0.2.3 ConnectionRefused 192.0.2.1 silent 192.0.2.2 silent 192.0.2.4 silent",
        );
        lab.same("ms since the beginning", world.time().as_millis(), 10_010);
        lab.same("given up", world.count("given-up"), 3);
    });
}

#[test]
fn s3_who_has_not_answered() {
    lab(|lab| {
        lab.why("A person who reads that all were refused looks for a service that does not run; one who reads that all were silent looks for a firewall.");
        lab.scene("two refuse");
        let world = SimNetwork::default();
        world.on_connect("192.0.2.1:7", ConnectOutcome::Refused(30));
        world.on_connect("192.0.2.2:7", ConnectOutcome::Refused(10));
        let mut network = world.clone();
        let addrs = ips(&["192.0.2.1", "192.0.2.2"]);
        let got = lab.you("connect(network, addrs, 7, 10 s)", || {
            connect(&mut network, &addrs, 7, ms(10_000))
        });
        let got = got.err().map(|failed| cause(&failed));
        lab.same(
            "the cause",
            got,
            Some("Unreachable 192.0.2.1 ConnectionRefused 192.0.2.2 ConnectionRefused".to_owned()),
        );
        lab.scene("there is no time for the second one");
        let world = SimNetwork::default();
        world.on_connect("192.0.2.1:7", ConnectOutcome::Silent);
        let mut network = world.clone();
        let got = lab.you("connect(network, addrs, 7, 100 ms)", || {
            connect(&mut network, &addrs, 7, ms(100))
        });
        let got = got.err().map(|failed| cause(&failed));
        lab.same(
            "the cause",
            got,
            Some("Unreachable 192.0.2.1 silent".to_owned()),
        );
        lab.same("ms", world.time(), ms(100));
        lab.scene("the first one fails late");
        let world = SimNetwork::default();
        world.on_connect("192.0.2.1:7", ConnectOutcome::Refused(300));
        world.on_connect("192.0.2.2:7", ConnectOutcome::Refused(10));
        let mut network = world.clone();
        let got = lab.you("connect(network, addrs, 7, 10 s)", || {
            connect(&mut network, &addrs, 7, ms(10_000))
        });
        let got = got.err().map(|failed| cause(&failed));
        lab.because("They stand in the order in which they failed.")
            .same(
                "the cause",
                got,
                Some(
                    "Unreachable 192.0.2.2 ConnectionRefused 192.0.2.1 ConnectionRefused"
                        .to_owned(),
                ),
            );
    });
}

#[test]
fn s3_resolve() {
    lab(|lab| {
        lab.why("Stage 1 returns all addresses in the order in which they came; stage 2 orders the attempts. Each kind of failure has its own cause.");
        for (said, want) in [
            (
                DnsReply::Addresses(ips(&["192.0.2.1", "2001:db8::1", "192.0.2.1"])),
                "192.0.2.1 2001:db8::1 192.0.2.1",
            ),
            (DnsReply::NoSuchName, "NoSuchName"),
            (DnsReply::NoData, "NoAddress"),
            (DnsReply::Silence, "Lookup TimedOut"),
            (DnsReply::Rcode(2), "Lookup Rcode 2"),
        ] {
            lab.scene(format!("the name server says {said:?}"));
            let world = SimNetwork::default();
            world.name("a", 5, said);
            let url = url(lab, "http://a:8080/");
            let mut network = world.clone();
            let got = match lab.you("resolve(network, http://a:8080/)", || {
                resolve(&mut network, &url)
            }) {
                Ok(addrs) => addrs
                    .iter()
                    .map(|addr| addr.to_string())
                    .collect::<Vec<_>>()
                    .join(" "),
                Err(failed) => cause(&failed),
            };
            lab.because("A name server knows names: they have no port, no brackets and no scheme.")
                .same(
                    "what it was asked",
                    lines(&world.journal()),
                    "0 lookup a".to_owned(),
                );
            lab.same("what was found", got, want.to_owned());
        }
    });
}

/// A connection of this world, to this address.
fn connection(lab: &Lab, network: &mut SimNetwork) -> type_a_url::Connection {
    network.begin("192.0.2.1:80".parse().expect("an address"));
    match network.connected(ms(60_000)) {
        Some((_, Ok(connection))) => connection,
        _ => lab.fails("a connection of the test's", "none"),
    }
}

#[test]
fn s3_protocols() {
    lab(|lab| {
        lab.why("A server that chooses nothing by ALPN speaks HTTP/1.1. A server that has chosen another protocol would not understand the request (RFC 7301 §3.2).");
        for (handshake, want) in [
            (Ok(Some(&b"http/1.1"[..])), "a connection"),
            (Ok(None), "a connection"),
            (Ok(Some(b"h2")), "Protocol h2"),
            (Ok(Some(b"http/1.0")), "Protocol http/1.0"),
            (Ok(Some(b"HTTP/1.1")), "Protocol HTTP/1.1"),
            (Ok(Some(b"")), "Protocol "),
            (Ok(Some(b"\xff\0")), "Protocol \\xff\\x00"),
            (Err(ErrorKind::InvalidData), "Io InvalidData"),
            (Err(ErrorKind::UnexpectedEof), "Io UnexpectedEof"),
        ] {
            let shown = handshake.map(|name| name.map(|name| name.escape_ascii().to_string()));
            lab.scene(format!("the handshake gives {shown:?}"));
            let world = SimNetwork::with_site();
            world.handshake(handshake);
            let mut network = world.clone();
            let connection = connection(lab, &mut network);
            let url = url(lab, "https://www.example.org:80/");
            let got = match lab.you(
                "secure(network, connection, https://www.example.org:80/, 3 s)",
                || secure(&mut network, connection, &url, ms(3_000)),
            ) {
                Ok(_) => "a connection".to_owned(),
                Err(failed) => cause(&failed),
            };
            lab.same("what came of it", got, want.to_owned());
            let journal = world.journal();
            lab.same(
                "who is to prove itself, and for how long",
                &journal[2][..],
                "20 tls www.example.org for 3000 ms at most",
            );
        }
    });
}

#[test]
fn s3_when_the_first_byte_came() {
    lab(|lab| {
        lab.why("Stage 4 ends with the first byte that comes, also if it belongs to a 1xx response. It does not wait for the whole head.");
        for (plays, first, end) in [
            (
                vec![
                    ServerStep::After(5),
                    bytes("H"),
                    ServerStep::After(90),
                    bytes("TTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"),
                    ServerStep::After(1),
                    bytes("a"),
                ],
                5,
                96,
            ),
            (
                vec![
                    ServerStep::After(7),
                    bytes("HTTP/1.1 103 Early\r\n\r\n"),
                    ServerStep::After(50),
                    bytes("HTTP/1.1 204 X\r\n\r\n"),
                ],
                7,
                57,
            ),
            (
                vec![
                    bytes("HTTP/1.1 200 OK\r\n\r\na"),
                    ServerStep::After(40),
                    ServerStep::End,
                ],
                0,
                40,
            ),
        ] {
            lab.scene(format!("the server plays {plays:?}"));
            let world = SimNetwork::with_site();
            world.answers(vec![plays]);
            let mut network = world.clone();
            let mut connection = connection(lab, &mut network);
            let begin = world.time();
            let url = url(lab, "http://www.example.org/");
            let got = lab.you("fetch(network, connection, url, 5 s)", || {
                fetch(&network, &mut connection, &url, ms(5_000))
            });
            let (_, at) = got.unwrap_or_else(|lost| {
                lab.fails(
                    "an answer",
                    format!("{:?} after {} bytes", lost.cause.kind(), lost.received),
                )
            });
            lab.same(
                "ms until the first byte",
                at.saturating_sub(begin).as_millis(),
                first,
            );
            lab.same(
                "ms until the end",
                world.time().saturating_sub(begin).as_millis(),
                end,
            );
        }
    });
}

#[test]
fn s3_each_read_has_a_limit() {
    lab(|lab| {
        lab.why("Without a limit, a server that stops sending would keep the browser for ever. The limit is for each read, so it begins again after each read that gave bytes.");
        for (plays, received, end) in [
            (vec![], 0, 300),
            (
                vec![
                    ServerStep::After(290),
                    bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
                    ServerStep::After(290),
                    bytes("a"),
                    ServerStep::After(310),
                    bytes("b"),
                ],
                39,
                880,
            ),
        ] {
            lab.scene(format!("the server plays {plays:?}"));
            let world = SimNetwork::with_site();
            world.answers(vec![plays]);
            let mut network = world.clone();
            let mut connection = connection(lab, &mut network);
            let begin = world.time();
            let url = url(lab, "http://www.example.org/");
            let got = lab.you("fetch(network, connection, url, 300 ms)", || {
                fetch(&network, &mut connection, &url, ms(300))
            });
            let Err(lost) = got else {
                lab.fails("an error of the read that takes too long", "an answer");
            };
            lab.same(
                "the kind of the error",
                lost.cause.kind(),
                ErrorKind::WouldBlock,
            );
            lab.same("bytes that had come", lost.received, received);
            lab.same("ms", world.time().saturating_sub(begin).as_millis(), end);
        }
    });
}

#[test]
fn s3_the_limits_are_the_callers() {
    lab(|lab| {
        lab.why("Both limits must be passed on: `connect` to stage 2, and `wait` to the handshake, the reads and the writes.");
        let limits = Limits {
            connect: ms(700),
            wait: ms(90),
        };
        lab.scene("the address is silent");
        let world = SimNetwork::with_site();
        world.on_connect("192.0.2.1:443", ConnectOutcome::Silent);
        let result = opens(lab, &world, "https://www.example.org/", &limits);
        fails(lab, result, "Tcp, Unreachable 192.0.2.1 silent");
        lab.same("ms", world.time().as_millis(), 712);
        lab.scene("the server is silent");
        let world = SimNetwork::with_site();
        world.answers(vec![vec![]]);
        let result = opens(lab, &world, "https://www.example.org/", &limits);
        fails(lab, result, "FirstByte, Io WouldBlock");
        lab.same("ms", world.time().as_millis(), 162);
        lab.same(
            "how long the handshake may take",
            world.journal()[3].clone(),
            "32 tls www.example.org for 90 ms at most".to_owned(),
        );
    });
}

#[test]
fn s3_any_status_is_a_page() {
    lab(|lab| {
        lab.why("The status does not matter: a 404 has come through all five stages.");
        for status in [200, 204, 301, 404, 418, 500, 503, 599] {
            lab.scene(format!("the server answers {status}"));
            let world = SimNetwork::with_site();
            let body = if status == 204 { "" } else { "no" };
            let mut plays = vec![ServerStep::After(3)];
            plays.extend(match status {
                204 => vec![bytes("HTTP/1.1 204 X\r\n\r\n")],
                _ => response(status, "", body),
            });
            world.answers(vec![plays]);
            let page = gets(lab, &world, "https://www.example.org/");
            lab.same("the status", page.head.status, status);
            lab.same_bytes("the body", &page.body, body.as_bytes());
            runs(
                lab,
                "the timeline",
                &page.timeline,
                "dns 0..12 tcp 12..32 tls 32..72 first 72..75 body 75..75",
            );
        }
    });
}

#[test]
fn s3_chunks_and_ends() {
    lab(|lab| {
        lab.why(
            "Where a body ends is chapter 13's matter, in chunks and with the connection as well.",
        );
        for plays in [
            vec![
                bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n"),
                ServerStep::After(5),
                bytes("3\r\nllo\r\n0\r\n\r\n"),
            ],
            vec![
                bytes("HTTP/1.1 200 OK\r\n\r\nhe"),
                ServerStep::After(5),
                bytes("llo"),
                ServerStep::End,
            ],
        ] {
            lab.scene(format!("the server plays {plays:?}"));
            let world = SimNetwork::with_site();
            world.answers(vec![plays]);
            let page = gets(lab, &world, "http://www.example.org/");
            lab.same_bytes("the body", &page.body, b"hello");
            runs(
                lab,
                "the timeline",
                &page.timeline,
                "dns 0..12 tcp 12..32 tls - first 32..32 body 32..37",
            );
        }
    });
}

#[test]
fn s3_an_attempt_may_fail_by_any_error() {
    lab(|lab| {
        lab.why("The system has many errors for an address that cannot be reached, and a time-out of its own. Each of them is a failure; only an address without a result is silent.");
        for kind in [
            ErrorKind::TimedOut,
            ErrorKind::HostUnreachable,
            ErrorKind::NetworkUnreachable,
            ErrorKind::AddrNotAvailable,
        ] {
            lab.scene(format!("192.0.2.1 fails by {kind:?}"));
            let world = SimNetwork::default();
            world.on_connect("192.0.2.1:7", ConnectOutcome::Fails(30, kind));
            world.on_connect("192.0.2.2:7", ConnectOutcome::Silent);
            let mut network = world.clone();
            let addrs = ips(&["192.0.2.1", "192.0.2.2"]);
            let got = lab.you("connect(network, addrs, 7, 1 s)", || {
                connect(&mut network, &addrs, 7, ms(1_000))
            });
            lab.same(
                "the cause",
                got.err().map(|failed| cause(&failed)),
                Some(format!("Unreachable 192.0.2.1 {kind:?} 192.0.2.2 silent")),
            );
            journal(
                lab,
                &world,
                &[
                    "0 connect 192.0.2.1:7",
                    "30 refused 192.0.2.1:7",
                    "30 connect 192.0.2.2:7",
                    "1000 given-up 192.0.2.2:7",
                ],
            );
        }
    });
}

#[test]
fn s3_connect_waits_without_polling() {
    lab(|lab| {
        lab.why("`Attempts` says until when there is nothing to do. A loop that asks more often wastes processor time.");
        let world = SimNetwork::default();
        for addr in ["192.0.2.1:7", "192.0.2.2:7"] {
            world.on_connect(addr, ConnectOutcome::Silent);
        }
        let mut network = world.clone();
        let addrs = ips(&["192.0.2.1", "192.0.2.2"]);
        let got = lab.you("connect(network, addrs, 7, 10 s)", || {
            connect(&mut network, &addrs, 7, ms(10_000))
        });
        lab.same("a connection", got.is_ok(), false);
        lab.holds(
            world.waits() <= 4,
            "one wait until the second attempt, and one until the end",
            format!("{} calls of network.connected", world.waits()),
        );
    });
}

#[test]
fn s3_connections_of_other_kinds() {
    lab(|lab| {
        lab.why("A write may take only a part of its bytes, and TLS keeps written bytes until the flush. Chapter 13's exchange handles both, if your stream passes on what `write` returns, and `flush`.");
        let world = SimNetwork::with_site();
        world.connections(ConnectionKind::ShortWrites);
        let page = gets(lab, &world, "http://www.example.org/a?b");
        lab.same_bytes("the body", &page.body, PAGE.as_bytes());
        lab.same("Host", host_of(lab, &world), "www.example.org".to_owned());
        for kind in [ErrorKind::Unsupported, ErrorKind::InvalidInput] {
            lab.scene(format!("a connection whose limit cannot be set: {kind:?}"));
            let world = SimNetwork::with_site();
            world.connections(ConnectionKind::NoLimit(kind));
            let mut network = world.clone();
            let mut connection = connection(lab, &mut network);
            let url = url(lab, "http://www.example.org/");
            let got = lab.you("fetch(network, connection, url, 5 s)", || {
                fetch(&network, &mut connection, &url, ms(5_000))
            });
            let got = got.err().map(|lost| (lost.cause.kind(), lost.received));
            lab.because("Without a limit a silent server keeps the browser for ever.")
                .same(
                    "the kind of the error, bytes received",
                    got,
                    Some((kind, 0)),
                );
            lab.same("requests", world.requests().len(), 0);
        }
    });
}

#[test]
fn s3_connect_says_which_one() {
    lab(|lab| {
        lab.why("The result has the address that has answered, with the port of the call.");
        let world = SimNetwork::default();
        world.on_connect("[2001:db8::1]:8443", ConnectOutcome::Refused(1));
        world.on_connect("192.0.2.1:8443", ConnectOutcome::Opens(2));
        let mut network = world.clone();
        let addrs = vec![ip("192.0.2.1"), ip("2001:db8::1")];
        let got = lab.you("connect(network, addrs, 8443, 10 s)", || {
            connect(&mut network, &addrs, 8443, ms(10_000))
        });
        let got: Result<_, Cause> = got.map(|(_, from)| from.to_string());
        let got = got.unwrap_or_else(|failed| lab.fails("a connection", cause(&failed)));
        lab.same("who has answered", got, "192.0.2.1:8443".to_owned());
        lab.same("ms", world.time(), ms(3));
    });
}
