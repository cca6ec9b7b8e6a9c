//! Step 5: a browser, which knows on the second page what it has learned on the first one.

use std::io::ErrorKind;
use std::time::Duration;

use netlab::{Lab, lab};
use type_a_url::{Browser, NAME_LIFE, Page, StageError};

use super::paper::{Door, LIMITS, PAGE, Paper, Play, Said, bytes, ips, ms, response};
use super::words::{fails, failure, lines, page, runs, timeline, url};

fn browser(lab: &Lab, world: &Paper) -> Browser<Paper> {
    let network = world.clone();
    lab.you("Browser::new(network, limits)", || {
        Browser::new(network, LIMITS)
    })
}

fn visits(lab: &Lab, browser: &mut Browser<Paper>, text: &str) -> Result<Page, StageError> {
    let url = url(lab, text);
    lab.you(&format!("browser.visit({text})"), || browser.visit(&url))
}

fn gets(lab: &Lab, browser: &mut Browser<Paper>, text: &str) -> Page {
    let result = visits(lab, browser, text);
    page(lab, result)
}

/// How many look-ups, attempts to connect, handshakes and requests there were.
fn counts(lab: &Lab, world: &Paper, want: [usize; 4]) {
    let got = ["lookup", "connect", "tls", "request"].map(|word| world.count(word));
    lab.same("look-ups, connects, handshakes, requests", got, want);
}

const SITE: &str = "https://www.example.org";

#[test]
fn s5_second_page_reuses_name_connection_and_proof() {
    lab(|lab| {
        lab.why("The second page needs two of the five stages: the connection is open, and the other side has proved who it is.");
        let world = Paper::with_site();
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
            Some("100 request GET /b HTTP/1.1 on line 1"),
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
        let world = Paper::with_site();
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
        lab.why("A connection that the server will close carries nothing any more. Its name is known all the same.");
        for (scene, plays) in [
            (
                "the server says close",
                response(200, "Connection: close\r\n", "a"),
            ),
            (
                "the body ends with the connection",
                vec![bytes("HTTP/1.1 200 OK\r\n\r\na"), Play::End],
            ),
            (
                "it speaks HTTP/1.0",
                vec![bytes("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na")],
            ),
        ] {
            lab.scene(scene);
            let world = Paper::with_site();
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
            lab.same("lines that are closed", world.count("closed"), 1);
            counts(lab, &world, [1, 2, 2, 2]);
        }
    });
}

#[test]
fn s5_another_origin_is_another_connection() {
    lab(|lab| {
        lab.why("Scheme, host and port: who shares a connection between two of these sends one site's requests to another, or the secrets of `https` over `http`.");
        let world = Paper::with_site();
        world.name("b.example.org", 5, Said::Addresses(ips(&["192.0.2.1"])));
        world.door("192.0.2.1:8443", Door::Opens(20));
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
        lab.because("Each of them keeps its own line.")
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
fn s5_a_line_that_died_while_it_was_idle() {
    lab(|lab| {
        lab.why("A server closes what is idle, and the browser learns it with its next request. No byte of a response has come, so it was no answer, and the request is repeated on a new line.");
        for (scene, play) in [
            ("the end", Play::End),
            ("a reset", Play::Fails(ErrorKind::ConnectionReset)),
            ("an abort", Play::Fails(ErrorKind::ConnectionAborted)),
            ("a broken pipe", Play::Fails(ErrorKind::BrokenPipe)),
        ] {
            lab.scene(format!("the second request meets {scene}"));
            let world = Paper::with_site();
            world.answers(vec![response(200, "", "a"), vec![Play::After(4), play]]);
            let mut browser = browser(lab, &world);
            let _ = gets(lab, &mut browser, &format!("{SITE}/a"));
            let second = gets(lab, &mut browser, &format!("{SITE}/b"));
            lab.same_bytes("the second body", &second.body, PAGE.as_bytes());
            lab.because("The time of the lost attempt belongs to the first stage behind it: a timeline without it would say less than it took.")
                .same("the second timeline", timeline(&second.timeline), "dns - tcp 72..96 tls 96..136 first 136..154 body 154..164".to_owned());
            counts(lab, &world, [1, 2, 2, 3]);
            lab.same("lines that are closed", world.count("closed"), 1);
            let third = gets(lab, &mut browser, &format!("{SITE}/c"));
            lab.same("the third is reused", third.timeline.reused, true);
        }
    });
}

#[test]
fn s5_what_is_not_repeated() {
    lab(|lab| {
        lab.why("When a byte of a response has come, the server has begun to answer; and a server that is silent is not one that has hung up. A new line that ends is the server's own will.");
        for (scene, first, second, want, connects) in [
            (
                "a torn answer",
                response(200, "", "a"),
                vec![bytes("H"), Play::End],
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
                vec![Play::Fails(ErrorKind::InvalidData)],
                "FirstByte, Io InvalidData",
                1,
            ),
            (
                "a time-out",
                response(200, "", "a"),
                vec![Play::Fails(ErrorKind::TimedOut)],
                "FirstByte, Io TimedOut",
                1,
            ),
        ] {
            lab.scene(format!("the second request on a line meets {scene}"));
            let world = Paper::with_site();
            world.answers(vec![first, second]);
            let mut browser = browser(lab, &world);
            let _ = gets(lab, &mut browser, &format!("{SITE}/a"));
            let begin = world.time();
            let result = visits(lab, &mut browser, &format!("{SITE}/b"));
            fails(lab, result, want);
            if scene == "silence" {
                lab.because("A read on a kept line has the limit of all reads.")
                    .same("how long it has waited", world.time() - begin, LIMITS.wait);
            }
            counts(lab, &world, [1, connects, connects, 2]);
            lab.same("lines that are closed", world.count("closed"), 1);
            let third = gets(lab, &mut browser, &format!("{SITE}/c"));
            lab.because("A line on which something has failed is not kept.")
                .same("the third is reused", third.timeline.reused, false);
        }
        lab.scene("a new line that ends");
        let world = Paper::with_site();
        world.answers(vec![vec![Play::End]]);
        let mut browser = browser(lab, &world);
        let result = visits(lab, &mut browser, &format!("{SITE}/a"));
        fails(lab, result, "FirstByte, Io UnexpectedEof");
        counts(lab, &world, [1, 1, 1, 1]);
        let _ = gets(lab, &mut browser, &format!("{SITE}/b"));
        lab.because("The address has answered: it is not forgotten because a server has hung up.")
            .same("look-ups", world.count("lookup"), 1);
        lab.scene("a line that was kept ends, and the new one as well");
        let world = Paper::with_site();
        world.answers(vec![response(200, "", "a"), vec![Play::End]]);
        world.answers(vec![vec![Play::End]]);
        let mut browser = self::browser(lab, &world);
        let _ = gets(lab, &mut browser, &format!("{SITE}/a"));
        let result = visits(lab, &mut browser, &format!("{SITE}/b"));
        fails(lab, result, "FirstByte, Io UnexpectedEof");
        counts(lab, &world, [1, 2, 2, 3]);
    });
}

#[test]
fn s5_names_are_known_for_a_minute() {
    lab(|lab| {
        lab.same("the constant NAME_LIFE", NAME_LIFE, Duration::from_secs(60));
        lab.why("A name may move. What was learned is believed for a minute from the end of the look-up, and then it is asked for again.");
        for (pause, lookups) in [(0, 1), (59_999, 1), (60_000, 2), (3_600_000, 2)] {
            lab.scene(format!("{pause} ms after the look-up"));
            let world = Paper::with_site();
            world.answers(vec![response(200, "Connection: close\r\n", "a")]);
            let mut browser = browser(lab, &world);
            let _ = gets(lab, &mut browser, "http://www.example.org/");
            // 12 ms for the name, 20 to connect.
            lab.same("ms", world.time(), ms(32));
            world.passes(ms(12 + pause).saturating_sub(ms(32)));
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
fn s5_a_minute_is_not_begun_again() {
    lab(|lab| {
        lab.why("The minute counts from the look-up, and not from the last use: who opens a page each second would never hear that a name has moved.");
        let world = Paper::with_site();
        let close = response(200, "Connection: close\r\n", "a");
        for _ in 0..3 {
            world.answers(vec![close.clone()]);
        }
        let mut browser = browser(lab, &world);
        for (at, lookups) in [(0, 1), (40_000, 1), (60_013, 2)] {
            world.passes(ms(at).saturating_sub(world.time()));
            let _ = gets(lab, &mut browser, "http://www.example.org/");
            lab.same("look-ups", world.count("lookup"), lookups);
        }
        lab.note("a minute later the name server fails");
        world.passes(ms(60_000));
        world.name("www.example.org", 12, Said::Rcode(2));
        let result = visits(lab, &mut browser, "http://www.example.org/");
        let lab = &lab.because(
            "What was known is over. A name server that fails is no reason to believe it again.",
        );
        fails(lab, result, "Dns, Lookup Rcode 2");
        lab.scene("a line is older than its name");
        let world = Paper::with_site();
        let mut browser = self::browser(lab, &world);
        let _ = gets(lab, &mut browser, SITE);
        world.passes(ms(3_600_000));
        let second = gets(lab, &mut browser, SITE);
        lab.because("A line that is open needs no name.").same(
            "the second is reused",
            second.timeline.reused,
            true,
        );
        counts(lab, &world, [1, 1, 1, 2]);
    });
}

#[test]
fn s5_all_addresses_are_known() {
    lab(|lab| {
        lab.why("The address that has answered may be dead the next time. What was learned are all of them, in their order; and a line is where it is, whatever stands first.");
        let world = Paper::default();
        world.name("a", 10, Said::Addresses(ips(&["192.0.2.1", "192.0.2.2"])));
        world.door("192.0.2.1:80", Door::Refuses(1));
        world.door("192.0.2.2:80", Door::Opens(20));
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
fn s5_any_status_keeps_its_line() {
    lab(|lab| {
        lab.why("Whether a line can be used again is said by the response's framing and by `Connection`, not by its status.");
        for status in [200, 301, 404, 500, 503] {
            lab.scene(format!("the first answer is {status}"));
            let world = Paper::with_site();
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
        lab.why("Two names may have the same address. A line whose other side has proved to be one of them has not proved to be the other; and what happens to one of them does not concern the other.");
        let world = Paper::with_site();
        world.name("b.example.org", 5, Said::Addresses(ips(&["192.0.2.1"])));
        let mut browser = browser(lab, &world);
        let close = response(200, "Connection: close\r\n", "a");
        world.answers(vec![close]);
        world.answers(vec![
            response(200, "", "b"),
            response(200, "", "b"),
            response(200, "", "b"),
        ]);
        world.answers(vec![response(200, "", "a"), vec![Play::End]]);
        let b = "https://b.example.org/";
        for (text, reused) in [(SITE, false), (b, false), (SITE, false), (b, true)] {
            let page = gets(lab, &mut browser, text);
            lab.same("reused", page.timeline.reused, reused);
        }
        lab.note("the line to www.example.org ends");
        for (text, reused) in [(SITE, false), (b, true)] {
            let page = gets(lab, &mut browser, text);
            lab.because("The line to one site has died. The line to the other lives.")
                .same("reused", page.timeline.reused, reused);
        }
        lab.same("look-ups", world.count("lookup"), 2);
    });
}

#[test]
fn s5_names_are_known_by_all_ports() {
    lab(|lab| {
        lab.why("A name has its addresses whatever the port and the scheme are. Another name has others.");
        let world = Paper::with_site();
        world.name("b", 3, Said::Addresses(ips(&["192.0.2.2"])));
        world.door("192.0.2.2:80", Door::Opens(1));
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
        let world = Paper::with_site();
        world.door("192.0.2.1:8443", Door::Opens(20));
        let mut browser = self::browser(lab, &world);
        let _ = gets(lab, &mut browser, "https://www.example.org:8443/");
        let _ = gets(lab, &mut browser, "https://www.example.org/");
        lab.same("look-ups", world.count("lookup"), 1);
    });
}

#[test]
fn s5_a_no_is_not_remembered() {
    lab(|lab| {
        lab.why("The person has mended it, and tries again. Who remembers the failure says that nothing was mended.");
        for said in [
            Said::NoSuchName,
            Said::NoData,
            Said::Silence,
            Said::Rcode(2),
        ] {
            lab.scene(format!("the name server first says {said:?}"));
            let world = Paper::with_site();
            world.name("www.example.org", 12, said);
            let mut browser = browser(lab, &world);
            let result = visits(lab, &mut browser, SITE);
            lab.same("there is no page", result.is_err(), true);
            world.name("www.example.org", 12, Said::Addresses(ips(&["192.0.2.1"])));
            let second = gets(lab, &mut browser, SITE);
            lab.same("the status", second.head.status, 200);
        }
    });
}

#[test]
fn s5_addresses_that_are_dead_are_forgotten() {
    lab(|lab| {
        lab.why("The server has moved. The name server knows it, and the browser that does not ask again is the only one that does not.");
        let world = Paper::with_site();
        world.answers(vec![response(200, "Connection: close\r\n", "a")]);
        let mut browser = browser(lab, &world);
        let _ = gets(lab, &mut browser, SITE);
        world.door("192.0.2.1:443", Door::Refuses(1));
        world.name("www.example.org", 12, Said::Addresses(ips(&["192.0.2.9"])));
        world.door("192.0.2.9:443", Door::Opens(7));
        let result = visits(lab, &mut browser, SITE);
        fails(lab, result, "Tcp, Unreachable 192.0.2.1 ConnectionRefused");
        let third = gets(lab, &mut browser, SITE);
        lab.same(
            "where it came from",
            third.from.to_string(),
            "192.0.2.9:443".to_owned(),
        );
        lab.scene("of two names one is dead");
        let world = Paper::with_site();
        world.name("b", 5, Said::Addresses(ips(&["192.0.2.2"])));
        world.door("192.0.2.2:443", Door::Refuses(1));
        world.answers(vec![response(200, "Connection: close\r\n", "a")]);
        let mut browser = self::browser(lab, &world);
        let _ = gets(lab, &mut browser, SITE);
        let result = visits(lab, &mut browser, "https://b/");
        fails(lab, result, "Tcp, Unreachable 192.0.2.2 ConnectionRefused");
        let _ = gets(lab, &mut browser, SITE);
        lab.because("The other name has nothing to do with it.")
            .same("look-ups", world.count("lookup"), 2);
        lab.scene("a certificate that is not believed");
        let world = Paper::with_site();
        world.handshake(Err(ErrorKind::InvalidData));
        let mut browser = self::browser(lab, &world);
        let result = visits(lab, &mut browser, SITE);
        fails(lab, result, "Tls, Io InvalidData");
        let _ = gets(lab, &mut browser, SITE);
        lab.because(
            "The address has answered. It is not to blame for what stands in a certificate.",
        )
        .same("look-ups", world.count("lookup"), 1);
    });
}

#[test]
fn s5_an_address_is_not_a_name() {
    lab(|lab| {
        lab.why("An address needs no look-up, the first time and the second.");
        let world = Paper::with_site();
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
fn s5_redirects_use_the_same_line() {
    lab(|lab| {
        lab.why("A redirect to the same site is a second request, and no second connection.");
        let world = Paper::with_site();
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
            "path of each, and whether its line was reused",
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
        let world = Paper::with_site();
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
fn s5_hanging_up() {
    lab(|lab| {
        lab.why("Lines that wait are closed when the browser hangs up, and when it goes; what it knows of names stays.");
        let world = Paper::with_site();
        let mut browser = browser(lab, &world);
        let _ = gets(lab, &mut browser, SITE);
        let _ = gets(lab, &mut browser, "http://www.example.org/");
        lab.same("lines that are closed", world.count("closed"), 0);
        lab.you("browser.hang_up()", || browser.hang_up());
        lab.same("lines that are closed", world.count("closed"), 2);
        let third = gets(lab, &mut browser, SITE);
        lab.same("the third is reused", third.timeline.reused, false);
        counts(lab, &world, [1, 3, 2, 3]);
        lab.you("drop(browser)", move || {
            let _gone = browser;
        });
        lab.same("lines that are closed", world.count("closed"), 3);
    });
}
