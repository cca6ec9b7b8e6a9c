//! Step 5: a browser, which knows on the second page what it has learned on the first one.

use std::io::ErrorKind;
use std::time::Duration;

use netlab::{Lab, lab};
use type_a_url::{Browser, NAME_LIFE, Page, StageError};

use super::sim_network::{
    ConnectOutcome, DnsReply, LIMITS, PAGE, ServerStep, SimNetwork, bytes, ips, ms, response,
};
use super::words::{fails, failure, lines, page, runs, timeline, url};

fn browser(lab: &Lab, world: &SimNetwork) -> Browser<SimNetwork> {
    let network = world.clone();
    lab.you("Browser::new(network, limits)", || {
        Browser::new(network, LIMITS)
    })
}

fn visits(lab: &Lab, browser: &mut Browser<SimNetwork>, text: &str) -> Result<Page, StageError> {
    let url = url(lab, text);
    lab.you(&format!("browser.visit({text})"), || browser.visit(&url))
}

fn gets(lab: &Lab, browser: &mut Browser<SimNetwork>, text: &str) -> Page {
    let result = visits(lab, browser, text);
    page(lab, result)
}

/// How many look-ups, attempts to connect, handshakes and requests there were.
fn counts(lab: &Lab, world: &SimNetwork, want: [usize; 4]) {
    let got = ["lookup", "connect", "tls", "request"].map(|word| world.count(word));
    lab.same("look-ups, connects, handshakes, requests", got, want);
}

const SITE: &str = "https://www.example.org";

#[test]
fn s5_the_second_page_needs_two_stages() {
    lab(|lab| {
        lab.why("The second page needs two of the five stages: the connection is open, and the server has proved who it is.");
        let world = SimNetwork::with_site();
        let mut browser = browser(lab, &world);
        let first = gets(lab, &mut browser, &format!("{SITE}/a"));
        let second = gets(lab, &mut browser, &format!("{SITE}/b"));
        runs(
            lab,
            "the first timeline",
            &first.timeline,
            "dns 0..12 tcp 12..32 tls 32..72 first 72..90 body 90..100",
        );
        runs(
            lab,
            "the second timeline",
            &second.timeline,
            "dns - tcp - tls - first 100..118 body 118..128 reused",
        );
        lab.same_bytes("the second body", &second.body, PAGE.as_bytes());
        lab.same(
            "where it came from",
            second.from.to_string(),
            "192.0.2.1:443".to_owned(),
        );
        lab.same(
            "the second request",
            world.journal().last().map(|line| &line[..]),
            Some("100 request GET /b HTTP/1.1 on connection 1"),
        );
        counts(lab, &world, [1, 1, 1, 2]);
    });
}

#[test]
fn s5_thirty_objects() {
    lab(|lab| {
        lab.why(
            "30 objects, 30 look-ups, 30 handshakes: that is what a page costs without a memory.",
        );
        let world = SimNetwork::with_site();
        let mut browser = browser(lab, &world);
        for n in 0..31 {
            let got = gets(lab, &mut browser, &format!("{SITE}/{n}"));
            lab.same("reused", got.timeline.reused, n > 0);
        }
        counts(lab, &world, [1, 1, 1, 31]);
        lab.same(
            "ms for the page and thirty objects",
            world.time().as_millis(),
            100 + 30 * 28,
        );
    });
}

#[test]
fn s5_a_new_connection_where_the_server_closes() {
    lab(|lab| {
        lab.why("A connection that the server will close is not used again. The addresses of its name are still kept.");
        for (scene, plays) in [
            (
                "the server says close",
                response(200, "Connection: close\r\n", "a"),
            ),
            (
                "the body ends with the connection",
                vec![bytes("HTTP/1.1 200 OK\r\n\r\na"), ServerStep::End],
            ),
            (
                "it speaks HTTP/1.0",
                vec![bytes("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na")],
            ),
        ] {
            lab.scene(scene);
            let world = SimNetwork::with_site();
            world.answers(vec![plays]);
            let mut browser = browser(lab, &world);
            let first = gets(lab, &mut browser, &format!("{SITE}/a"));
            lab.same_bytes("the first body", &first.body, b"a");
            let second = gets(lab, &mut browser, &format!("{SITE}/b"));
            runs(
                lab,
                "the second timeline",
                &second.timeline,
                "dns - tcp 72..92 tls 92..132 first 132..150 body 150..160",
            );
            lab.same("connections that are closed", world.count("closed"), 1);
            counts(lab, &world, [1, 2, 2, 2]);
        }
    });
}

#[test]
fn s5_another_origin_is_another_connection() {
    lab(|lab| {
        lab.why("A connection belongs to one scheme, host and port. Otherwise one site's requests go to another site, or the secrets of `https` go over `http`.");
        let world = SimNetwork::with_site();
        world.name("b.example.org", 5, DnsReply::Addresses(ips(&["192.0.2.1"])));
        world.on_connect("192.0.2.1:8443", ConnectOutcome::Opens(20));
        let mut browser = browser(lab, &world);
        let all = [
            "https://www.example.org/",
            "http://www.example.org/",
            "https://www.example.org:8443/",
            "https://b.example.org/",
            "http://www.example.org:443/",
        ];
        for text in all {
            let page = gets(lab, &mut browser, text);
            lab.same("reused", page.timeline.reused, false);
        }
        counts(lab, &world, [2, 5, 3, 5]);
        lab.because("Each scheme, host and port keeps its own connection.")
            .note("once more to each");
        for text in all {
            let page = gets(lab, &mut browser, text);
            lab.same("reused", page.timeline.reused, true);
        }
        counts(lab, &world, [2, 5, 3, 10]);
        let hosts: Vec<String> = world.requests()[5..]
            .iter()
            .filter_map(|head| {
                head.lines()
                    .find_map(|line| line.strip_prefix("Host: "))
                    .map(str::to_owned)
            })
            .collect();
        lab.same("who was asked", hosts.join(" "), "www.example.org www.example.org www.example.org:8443 b.example.org www.example.org:443".to_owned());
    });
}

#[test]
fn s5_a_connection_that_ended_while_it_was_idle() {
    lab(|lab| {
        lab.why("A server closes idle connections, and the browser learns it with its next request. No byte of a response has come, so the request is repeated on a new connection.");
        for (scene, play) in [
            ("the end", ServerStep::End),
            ("a reset", ServerStep::Fails(ErrorKind::ConnectionReset)),
            ("an abort", ServerStep::Fails(ErrorKind::ConnectionAborted)),
            ("a broken pipe", ServerStep::Fails(ErrorKind::BrokenPipe)),
        ] {
            lab.scene(format!("the second request meets {scene}"));
            let world = SimNetwork::with_site();
            world.answers(vec![
                response(200, "", "a"),
                vec![ServerStep::After(4), play],
            ]);
            let mut browser = browser(lab, &world);
            let _ = gets(lab, &mut browser, &format!("{SITE}/a"));
            let second = gets(lab, &mut browser, &format!("{SITE}/b"));
            lab.same_bytes("the second body", &second.body, PAGE.as_bytes());
            lab.because("The time of the lost attempt belongs to the first stage after it. Otherwise the timeline is shorter than the call.")
                .same("the second timeline", timeline(&second.timeline), "dns - tcp 72..96 tls 96..136 first 136..154 body 154..164".to_owned());
            counts(lab, &world, [1, 2, 2, 3]);
            lab.same("connections that are closed", world.count("closed"), 1);
            let third = gets(lab, &mut browser, &format!("{SITE}/c"));
            lab.same("the third is reused", third.timeline.reused, true);
        }
    });
}

#[test]
fn s5_what_is_not_repeated() {
    lab(|lab| {
        lab.why("A request is repeated only if a kept connection ended before a byte came. After a byte the server has begun to answer; a silent server has not closed; and a new connection was not closed for being idle.");
        for (scene, first, second, want, connects) in [
            (
                "a torn answer",
                response(200, "", "a"),
                vec![bytes("H"), ServerStep::End],
                "Body, Io UnexpectedEof",
                1,
            ),
            (
                "silence",
                response(200, "", "a"),
                vec![],
                "FirstByte, Io WouldBlock",
                1,
            ),
            (
                "another error",
                response(200, "", "a"),
                vec![ServerStep::Fails(ErrorKind::InvalidData)],
                "FirstByte, Io InvalidData",
                1,
            ),
            (
                "a time-out",
                response(200, "", "a"),
                vec![ServerStep::Fails(ErrorKind::TimedOut)],
                "FirstByte, Io TimedOut",
                1,
            ),
        ] {
            lab.scene(format!("the second request on a connection meets {scene}"));
            let world = SimNetwork::with_site();
            world.answers(vec![first, second]);
            let mut browser = browser(lab, &world);
            let _ = gets(lab, &mut browser, &format!("{SITE}/a"));
            let begin = world.time();
            let result = visits(lab, &mut browser, &format!("{SITE}/b"));
            fails(lab, result, want);
            if scene == "silence" {
                lab.because("A read on a kept connection has the limit of all reads.")
                    .same("how long it has waited", world.time() - begin, LIMITS.wait);
            }
            counts(lab, &world, [1, connects, connects, 2]);
            lab.same("connections that are closed", world.count("closed"), 1);
            let third = gets(lab, &mut browser, &format!("{SITE}/c"));
            lab.because("A connection on which something has failed is not kept.")
                .same("the third is reused", third.timeline.reused, false);
        }
        lab.scene("a new connection that ends");
        let world = SimNetwork::with_site();
        world.answers(vec![vec![ServerStep::End]]);
        let mut browser = browser(lab, &world);
        let result = visits(lab, &mut browser, &format!("{SITE}/a"));
        fails(lab, result, "FirstByte, Io UnexpectedEof");
        counts(lab, &world, [1, 1, 1, 1]);
        let _ = gets(lab, &mut browser, &format!("{SITE}/b"));
        lab.because("The address has answered, so it is not forgotten when the server closes the connection.")
            .same("look-ups", world.count("lookup"), 1);
        lab.scene("a connection that was kept ends, and the new one as well");
        let world = SimNetwork::with_site();
        world.answers(vec![response(200, "", "a"), vec![ServerStep::End]]);
        world.answers(vec![vec![ServerStep::End]]);
        let mut browser = self::browser(lab, &world);
        let _ = gets(lab, &mut browser, &format!("{SITE}/a"));
        let result = visits(lab, &mut browser, &format!("{SITE}/b"));
        fails(lab, result, "FirstByte, Io UnexpectedEof");
        counts(lab, &world, [1, 2, 2, 3]);
    });
}

#[test]
fn s5_names_are_kept_for_a_minute() {
    lab(|lab| {
        lab.same("the constant NAME_LIFE", NAME_LIFE, Duration::from_secs(60));
        lab.why("The addresses of a name may change. They are kept for a minute from the end of the look-up; after that the name is looked up again.");
        for (pause, lookups) in [(0, 1), (59_999, 1), (60_000, 2), (3_600_000, 2)] {
            lab.scene(format!("{pause} ms after the look-up"));
            let world = SimNetwork::with_site();
            world.answers(vec![response(200, "Connection: close\r\n", "a")]);
            let mut browser = browser(lab, &world);
            let _ = gets(lab, &mut browser, "http://www.example.org/");
            // 12 ms for the name, 20 to connect.
            lab.same("ms", world.time(), ms(32));
            world.advance(ms(12 + pause).saturating_sub(ms(32)));
            let late = world.time().saturating_sub(ms(12)) >= NAME_LIFE;
            let second = gets(lab, &mut browser, "http://www.example.org/b");
            lab.same("look-ups", world.count("lookup"), lookups);
            lab.same(
                "the second page has a first stage",
                second.timeline.dns.is_some(),
                late,
            );
        }
    });
}

#[test]
fn s5_a_use_does_not_extend_the_minute() {
    lab(|lab| {
        lab.why("The minute counts from the look-up, and not from the last use. Otherwise a browser that opens a page each second would never learn new addresses.");
        let world = SimNetwork::with_site();
        let close = response(200, "Connection: close\r\n", "a");
        for _ in 0..3 {
            world.answers(vec![close.clone()]);
        }
        let mut browser = browser(lab, &world);
        for (at, lookups) in [(0, 1), (40_000, 1), (60_013, 2)] {
            world.advance(ms(at).saturating_sub(world.time()));
            let _ = gets(lab, &mut browser, "http://www.example.org/");
            lab.same("look-ups", world.count("lookup"), lookups);
        }
        lab.note("a minute later the name server fails");
        world.advance(ms(60_000));
        world.name("www.example.org", 12, DnsReply::Rcode(2));
        let result = visits(lab, &mut browser, "http://www.example.org/");
        let lab = &lab.because(
            "The kept addresses are too old. They are not used again, even if the name server fails.",
        );
        fails(lab, result, "Dns, Lookup Rcode 2");
        lab.scene("a connection is older than its name");
        let world = SimNetwork::with_site();
        let mut browser = self::browser(lab, &world);
        let _ = gets(lab, &mut browser, SITE);
        world.advance(ms(3_600_000));
        let second = gets(lab, &mut browser, SITE);
        lab.because("An open connection needs no look-up.").same(
            "the second is reused",
            second.timeline.reused,
            true,
        );
        counts(lab, &world, [1, 1, 1, 2]);
    });
}

#[test]
fn s5_all_addresses_are_kept() {
    lab(|lab| {
        lab.why("All addresses are kept, in their order: the one that has answered may be dead the next time. A page's `from` is the address of its connection, and not the first one of the name.");
        let world = SimNetwork::default();
        world.name(
            "a",
            10,
            DnsReply::Addresses(ips(&["192.0.2.1", "192.0.2.2"])),
        );
        world.on_connect("192.0.2.1:80", ConnectOutcome::Refused(1));
        world.on_connect("192.0.2.2:80", ConnectOutcome::Opens(20));
        world.answers(vec![
            response(200, "", "a"),
            response(200, "Connection: close\r\n", "b"),
        ]);
        let mut browser = browser(lab, &world);
        for (reused, connects) in [(false, 2), (true, 2), (false, 4)] {
            let page = gets(lab, &mut browser, "http://a/");
            lab.same(
                "where it came from",
                page.from.to_string(),
                "192.0.2.2:80".to_owned(),
            );
            lab.same("reused", page.timeline.reused, reused);
            counts(lab, &world, [1, connects, 0, world.requests().len()]);
        }
    });
}

#[test]
fn s5_any_status_keeps_its_connection() {
    lab(|lab| {
        lab.why("The framing of the response and the field `Connection` decide whether the connection can be used again. The status does not.");
        for status in [200, 301, 404, 500, 503] {
            lab.scene(format!("the first answer is {status}"));
            let world = SimNetwork::with_site();
            world.answers(vec![response(status, "", "a"), response(200, "", "b")]);
            let mut browser = browser(lab, &world);
            let first = gets(lab, &mut browser, SITE);
            lab.same("the status", first.head.status, status);
            let second = gets(lab, &mut browser, SITE);
            lab.same("the second is reused", second.timeline.reused, true);
        }
    });
}

#[test]
fn s5_two_sites_at_one_address() {
    lab(|lab| {
        lab.why("Two names may have the same address. The server of a connection has proved to be one name, and not the other. If one connection ends, the other stays.");
        let world = SimNetwork::with_site();
        world.name("b.example.org", 5, DnsReply::Addresses(ips(&["192.0.2.1"])));
        let mut browser = browser(lab, &world);
        let close = response(200, "Connection: close\r\n", "a");
        world.answers(vec![close]);
        world.answers(vec![
            response(200, "", "b"),
            response(200, "", "b"),
            response(200, "", "b"),
        ]);
        world.answers(vec![response(200, "", "a"), vec![ServerStep::End]]);
        let b = "https://b.example.org/";
        for (text, reused) in [(SITE, false), (b, false), (SITE, false), (b, true)] {
            let page = gets(lab, &mut browser, text);
            lab.same("reused", page.timeline.reused, reused);
        }
        lab.note("the connection to www.example.org ends");
        for (text, reused) in [(SITE, false), (b, true)] {
            let page = gets(lab, &mut browser, text);
            lab.because(
                "The connection to one site has ended. The connection to the other is still kept.",
            )
            .same("reused", page.timeline.reused, reused);
        }
        lab.same("look-ups", world.count("lookup"), 2);
    });
}

#[test]
fn s5_a_name_is_kept_for_all_ports() {
    lab(|lab| {
        lab.why(
            "The addresses of a name do not depend on port and scheme. Another name has its own.",
        );
        let world = SimNetwork::with_site();
        world.name("b", 3, DnsReply::Addresses(ips(&["192.0.2.2"])));
        world.on_connect("192.0.2.2:80", ConnectOutcome::Opens(1));
        let mut browser = browser(lab, &world);
        let _ = gets(lab, &mut browser, "http://www.example.org/");
        let second = gets(lab, &mut browser, "https://WWW.example.org/");
        runs(
            lab,
            "the second timeline",
            &second.timeline,
            "dns - tcp 60..80 tls 80..120 first 120..138 body 138..148",
        );
        let third = gets(lab, &mut browser, "http://b/");
        lab.same(
            "where the third came from",
            third.from.to_string(),
            "192.0.2.2:80".to_owned(),
        );
        lab.same("look-ups", world.count("lookup"), 2);
        lab.scene("the first port is an unusual one");
        let world = SimNetwork::with_site();
        world.on_connect("192.0.2.1:8443", ConnectOutcome::Opens(20));
        let mut browser = self::browser(lab, &world);
        let _ = gets(lab, &mut browser, "https://www.example.org:8443/");
        let _ = gets(lab, &mut browser, "https://www.example.org/");
        lab.same("look-ups", world.count("lookup"), 1);
    });
}

#[test]
fn s5_a_negative_answer_is_not_kept() {
    lab(|lab| {
        lab.why("The person may have repaired the name, and tries again. A kept failure would hide the repair.");
        for said in [
            DnsReply::NoSuchName,
            DnsReply::NoData,
            DnsReply::Silence,
            DnsReply::Rcode(2),
        ] {
            lab.scene(format!("the name server first says {said:?}"));
            let world = SimNetwork::with_site();
            world.name("www.example.org", 12, said);
            let mut browser = browser(lab, &world);
            let result = visits(lab, &mut browser, SITE);
            lab.same("there is no page", result.is_err(), true);
            world.name(
                "www.example.org",
                12,
                DnsReply::Addresses(ips(&["192.0.2.1"])),
            );
            let second = gets(lab, &mut browser, SITE);
            lab.same("the status", second.head.status, 200);
        }
    });
}

#[test]
fn s5_addresses_that_are_dead_are_forgotten() {
    lab(|lab| {
        lab.why("The server has a new address, and the name server knows it. If no kept address can be reached, the browser has to look the name up again.");
        let world = SimNetwork::with_site();
        world.answers(vec![response(200, "Connection: close\r\n", "a")]);
        let mut browser = browser(lab, &world);
        let _ = gets(lab, &mut browser, SITE);
        world.on_connect("192.0.2.1:443", ConnectOutcome::Refused(1));
        world.name(
            "www.example.org",
            12,
            DnsReply::Addresses(ips(&["192.0.2.9"])),
        );
        world.on_connect("192.0.2.9:443", ConnectOutcome::Opens(7));
        let result = visits(lab, &mut browser, SITE);
        fails(lab, result, "Tcp, Unreachable 192.0.2.1 ConnectionRefused");
        let third = gets(lab, &mut browser, SITE);
        lab.same(
            "where it came from",
            third.from.to_string(),
            "192.0.2.9:443".to_owned(),
        );
        lab.scene("of two names one is dead");
        let world = SimNetwork::with_site();
        world.name("b", 5, DnsReply::Addresses(ips(&["192.0.2.2"])));
        world.on_connect("192.0.2.2:443", ConnectOutcome::Refused(1));
        world.answers(vec![response(200, "Connection: close\r\n", "a")]);
        let mut browser = self::browser(lab, &world);
        let _ = gets(lab, &mut browser, SITE);
        let result = visits(lab, &mut browser, "https://b/");
        fails(lab, result, "Tcp, Unreachable 192.0.2.2 ConnectionRefused");
        let _ = gets(lab, &mut browser, SITE);
        lab.because("Only the addresses of the unreachable name are forgotten.")
            .same("look-ups", world.count("lookup"), 2);
        lab.scene("a certificate that is refused");
        let world = SimNetwork::with_site();
        world.handshake(Err(ErrorKind::InvalidData));
        let mut browser = self::browser(lab, &world);
        let result = visits(lab, &mut browser, SITE);
        fails(lab, result, "Tls, Io InvalidData");
        let _ = gets(lab, &mut browser, SITE);
        lab.because("The address has answered. A refused certificate is no reason to forget it.")
            .same("look-ups", world.count("lookup"), 1);
    });
}

#[test]
fn s5_an_address_is_not_a_name() {
    lab(|lab| {
        lab.why("An address needs no look-up, the first time and the second.");
        let world = SimNetwork::with_site();
        world.answers(vec![response(200, "Connection: close\r\n", "a")]);
        let mut browser = browser(lab, &world);
        let first = gets(lab, &mut browser, "http://192.0.2.1/");
        runs(
            lab,
            "the first timeline",
            &first.timeline,
            "dns - tcp 0..20 tls - first 20..20 body 20..20",
        );
        let _ = gets(lab, &mut browser, "http://192.0.2.1/");
        let third = gets(lab, &mut browser, "http://192.0.2.1/");
        lab.same("the third is reused", third.timeline.reused, true);
        counts(lab, &world, [0, 2, 0, 3]);
    });
}

#[test]
fn s5_redirects_use_the_same_connection() {
    lab(|lab| {
        lab.why("A redirect to the same site is a second request on the same connection.");
        let world = SimNetwork::with_site();
        world.answers(vec![
            response(302, "Location: /b\r\n", "gone"),
            response(301, "Location: ../c?d\r\n", ""),
            response(200, "", "here"),
        ]);
        let mut browser = browser(lab, &world);
        let begin = url(lab, &format!("{SITE}/a"));
        let pages = lab.you(&format!("browser.open({SITE}/a)"), || browser.open(&begin));
        let pages = pages.unwrap_or_else(|failed| lab.fails("three pages", failure(&failed)));
        let shown: Vec<String> = pages
            .iter()
            .map(|page| format!("{} {}", page.url.path, page.timeline.reused))
            .collect();
        lab.same(
            "path of each, and whether its connection was reused",
            lines(&shown),
            "/a false\n/b true\n/c?d true".to_owned(),
        );
        lab.same_bytes("the last body", &pages[2].body, b"here");
        counts(lab, &world, [1, 1, 1, 3]);
    });
}

#[test]
fn s5_a_loop_of_redirects_ends() {
    lab(|lab| {
        lab.why("Ten redirects and no more, also within one site.");
        let world = SimNetwork::with_site();
        let back = response(302, "Location: /a\r\n", "");
        world.answers(vec![back; 20]);
        let mut browser = browser(lab, &world);
        let begin = url(lab, &format!("{SITE}/a"));
        let result = lab.you(&format!("browser.open({SITE}/a)"), || browser.open(&begin));
        lab.same(
            "the failure",
            result.err().map(|failed| failure(&failed)),
            Some("Redirect, TooManyRedirects 10".to_owned()),
        );
        counts(lab, &world, [1, 1, 1, 11]);
    });
}

#[test]
fn s5_close_idle() {
    lab(|lab| {
        lab.why("`close_idle` and dropping the browser close the kept connections. After `close_idle` the kept names are still there.");
        let world = SimNetwork::with_site();
        let mut browser = browser(lab, &world);
        let _ = gets(lab, &mut browser, SITE);
        let _ = gets(lab, &mut browser, "http://www.example.org/");
        lab.same("connections that are closed", world.count("closed"), 0);
        lab.you("browser.close_idle()", || browser.close_idle());
        lab.same("connections that are closed", world.count("closed"), 2);
        let third = gets(lab, &mut browser, SITE);
        lab.same("the third is reused", third.timeline.reused, false);
        counts(lab, &world, [1, 3, 2, 3]);
        lab.you("drop(browser)", move || {
            let _gone = browser;
        });
        lab.same("connections that are closed", world.count("closed"), 3);
    });
}
