//! Step 4: what to tell a person when there is no page, and pages that send us on.

use std::io::ErrorKind;

use http1::{Fields, ResponseHead, Version};
use netlab::{Lab, lab};
use type_a_url::{
    Cause, MAX_REDIRECTS, Page, Span, Stage, StageError, Timeline, Url, UrlError, follow, open_url,
    redirect,
};
use udp_dns_lookup::LookupError;

use super::sim_network::{
    ConnectOutcome, DnsReply, LIMITS, ServerStep, SimNetwork, bytes, ip, ips, ms,
};
use super::words::{fails, failure, parts, url};

#[test]
fn s4_each_failure_names_its_stage() {
    lab(|lab| {
        lab.why("A person who reads the wrong stage looks in the wrong place: if the certificate is refused, the name was found.");
        type Change = fn(&SimNetwork);
        let worlds: &[(&str, Change, &str)] = &[
            (
                "there is no such name",
                |world| world.name("www.example.org", 12, DnsReply::NoSuchName),
                "Dns, NoSuchName",
            ),
            (
                "the name has no address",
                |world| world.name("www.example.org", 12, DnsReply::NoData),
                "Dns, NoAddress",
            ),
            (
                "the name server is silent",
                |world| world.name("www.example.org", 12, DnsReply::Silence),
                "Dns, Lookup TimedOut",
            ),
            (
                "the name server fails",
                |world| world.name("www.example.org", 12, DnsReply::Rcode(2)),
                "Dns, Lookup Rcode 2",
            ),
            (
                "the address refuses",
                |world| world.on_connect("192.0.2.1:443", ConnectOutcome::Refused(9)),
                "Tcp, Unreachable 192.0.2.1 ConnectionRefused",
            ),
            (
                "the address is silent",
                |world| world.on_connect("192.0.2.1:443", ConnectOutcome::Silent),
                "Tcp, Unreachable 192.0.2.1 silent",
            ),
            (
                "the certificate is somebody else's",
                |world| world.handshake(Err(ErrorKind::InvalidData)),
                "Tls, Io InvalidData",
            ),
            (
                "the server ends in the handshake",
                |world| world.handshake(Err(ErrorKind::UnexpectedEof)),
                "Tls, Io UnexpectedEof",
            ),
            (
                "the handshake takes too long",
                |world| world.handshake(Err(ErrorKind::TimedOut)),
                "Tls, Io TimedOut",
            ),
            (
                "the server speaks h2",
                |world| world.handshake(Ok(Some(b"h2"))),
                "Tls, Protocol h2",
            ),
            (
                "no answer comes",
                |world| world.answers(vec![vec![]]),
                "FirstByte, Io WouldBlock",
            ),
            (
                "the server hangs up",
                |world| world.answers(vec![vec![ServerStep::After(9), ServerStep::End]]),
                "FirstByte, Io UnexpectedEof",
            ),
            (
                "the server resets",
                |world| world.answers(vec![vec![ServerStep::Fails(ErrorKind::ConnectionReset)]]),
                "FirstByte, Io ConnectionReset",
            ),
            (
                "the body is torn",
                |world| {
                    world.answers(vec![vec![
                        bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe"),
                        ServerStep::End,
                    ]])
                },
                "Body, Io UnexpectedEof",
            ),
            (
                "the head is torn",
                |world| world.answers(vec![vec![bytes("HTT"), ServerStep::End]]),
                "Body, Io UnexpectedEof",
            ),
            (
                "it is no HTTP",
                |world| world.answers(vec![vec![bytes("SSH-2.0-x\r\n\r\n")]]),
                "Body, Io InvalidData",
            ),
            (
                "the body stops",
                |world| {
                    world.answers(vec![vec![bytes(
                        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe",
                    )]])
                },
                "Body, Io WouldBlock",
            ),
            (
                "the head takes too long",
                |world| {
                    world.answers(vec![vec![
                        bytes("H"),
                        ServerStep::Fails(ErrorKind::TimedOut),
                    ]]);
                },
                "Body, Io TimedOut",
            ),
            (
                "the first byte takes too long",
                |world| world.answers(vec![vec![ServerStep::Fails(ErrorKind::TimedOut)]]),
                "FirstByte, Io TimedOut",
            ),
            (
                "the body is reset",
                |world| {
                    world.answers(vec![vec![
                        bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe"),
                        ServerStep::Fails(ErrorKind::ConnectionReset),
                    ]])
                },
                "Body, Io ConnectionReset",
            ),
            (
                "the chunks are none",
                |world| {
                    world.answers(vec![vec![bytes(
                        "HTTP/1.1 404 X\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
                    )]])
                },
                "Body, Io InvalidData",
            ),
        ];
        for (scene, change, want) in worlds {
            lab.scene(*scene);
            let world = SimNetwork::default();
            change(&world);
            let usual = SimNetwork::with_site();
            // What the scene does not change is as usual.
            let world = overlay(world, usual);
            let mut network = world.clone();
            let url = url(lab, "https://www.example.org/");
            let result = lab.you(
                "open_url(network, https://www.example.org/, limits)",
                || open_url(&mut network, &url, &LIMITS),
            );
            fails(lab, result, want);
            lab.because("A connection on which something has failed is closed.")
                .same(
                    "connections that are closed",
                    world.count("closed"),
                    world.count("open"),
                );
        }
    });
}

/// The first world, and of the second one what the first does not have.
fn overlay(world: SimNetwork, usual: SimNetwork) -> SimNetwork {
    world.adds_missing(&usual);
    world
}

fn told(lab: &Lab, stage: Stage, cause: Cause) -> String {
    let failed = StageError { stage, cause };
    let name = failure(&failed);
    lab.scene(format!("the failure is {name}"));
    lab.you("failed.to_string()", || failed.to_string())
}

/// The line begins with the stage, and has these words.
fn says(lab: &Lab, line: &str, stage: &str, words: &[&str]) {
    lab.holds(
        line.starts_with(&format!("{stage}: ")),
        format!("a line that begins with `{stage}: `"),
        format!("{line:?}"),
    );
    lab.because("A person reads one line for each failure. Bytes from a server may be line ends: a byte that is not visible ASCII is shown as \\xNN.")
        .holds(!line.contains('\n'), "one line", format!("{line:?}"));
    let behind = &line[stage.len() + 2..];
    for word in words {
        lab.holds(
            behind.contains(word),
            format!("a line with {word:?} behind the stage"),
            format!("{line:?}"),
        );
    }
}

#[test]
fn s4_what_a_person_reads() {
    lab(|lab| {
        lab.why("The line is all that the person has. It says which stage failed, and why.");
        let io = |kind: ErrorKind, text: &str| std::io::Error::new(kind, text.to_owned());
        let line = told(lab, Stage::Dns, Cause::NoSuchName);
        says(lab, &line, "dns", &["no such name"]);
        let line = told(lab, Stage::Dns, Cause::NoAddress);
        says(lab, &line, "dns", &["no address"]);
        for error in [LookupError::Rcode(5), LookupError::TimedOut] {
            let text = error.to_string();
            let line = told(lab, Stage::Dns, Cause::Lookup(error));
            says(lab, &line, "dns", &[&text]);
        }
        let failed = vec![
            (
                ip("192.0.2.1"),
                io(ErrorKind::ConnectionRefused, "a first trouble"),
            ),
            (
                ip("2001:db8::1"),
                io(ErrorKind::ConnectionReset, "another one"),
            ),
        ];
        let line = told(
            lab,
            Stage::Tcp,
            Cause::Unreachable {
                failed,
                silent: vec![],
            },
        );
        says(
            lab,
            &line,
            "tcp",
            &["192.0.2.1", "a first trouble", "2001:db8::1", "another one"],
        );
        lab.holds(
            !line.contains("silent"),
            "nobody who was silent",
            format!("{line:?}"),
        );
        let line = told(
            lab,
            Stage::Tcp,
            Cause::Unreachable {
                failed: vec![],
                silent: ips(&["192.0.2.7", "192.0.2.8"]),
            },
        );
        says(lab, &line, "tcp", &["192.0.2.7", "192.0.2.8", "silent"]);
        for (stage, name) in [
            (Stage::Tls, "tls"),
            (Stage::FirstByte, "first-byte"),
            (Stage::Body, "body"),
        ] {
            let line = told(
                lab,
                stage,
                Cause::Io(io(ErrorKind::Other, "the words of an error")),
            );
            says(lab, &line, name, &["the words of an error"]);
            for error in [
                ErrorKind::TimedOut.into(),
                std::io::Error::from_raw_os_error(1),
            ] {
                let text = error.to_string();
                let line = told(lab, stage, Cause::Io(error));
                says(lab, &line, name, &[&text]);
            }
        }
        let line = told(lab, Stage::Tls, Cause::Protocol(b"h2".to_vec()));
        says(lab, &line, "tls", &["h2"]);
        let line = told(
            lab,
            Stage::Tls,
            Cause::Protocol(b"\x1b[2J \xff\t\n\0\x7f~".to_vec()),
        );
        says(
            lab,
            &line.to_ascii_lowercase(),
            "tls",
            &["\\x1b[2j\\x20\\xff\\x09\\x0a\\x00\\x7f~"],
        );
        lab.because("This text goes to a terminal. Bytes that are not visible must be shown as \\xNN, or the terminal obeys them.")
            .holds(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "visible ASCII", format!("{line:?}"));
        for count in [3, 10] {
            let line = told(lab, Stage::Redirect, Cause::TooManyRedirects(count));
            says(lab, &line, "redirect", &[&count.to_string()]);
        }
        let target = url(lab, "http://evil.example:8080/x");
        let line = told(lab, Stage::Redirect, Cause::Downgrade(target));
        says(lab, &line, "redirect", &["http://evil.example:8080/x"]);
        let text = UrlError::Userinfo.to_string();
        let line = told(lab, Stage::Redirect, Cause::Location(UrlError::Userinfo));
        says(lab, &line, "redirect", &[&text]);
    });
}

#[test]
fn s4_what_is_wrong_with_a_url() {
    lab(|lab| {
        lab.why("The seven errors have seven different lines, so that a person need not guess.");
        let all = [
            UrlError::NoScheme,
            UrlError::Scheme,
            UrlError::Characters,
            UrlError::NoHost,
            UrlError::Host,
            UrlError::Port,
            UrlError::Userinfo,
        ];
        let mut lines: Vec<String> = Vec::new();
        for error in all {
            let line = lab.you("error.to_string()", || error.to_string());
            lab.holds(
                !line.trim().is_empty() && !line.contains('\n'),
                "one line",
                format!("{line:?}"),
            );
            lab.holds(
                !lines.contains(&line),
                "a line of its own",
                format!("{line:?} again"),
            );
            lines.push(line);
        }
    });
}

#[test]
fn s4_the_names_of_the_stages() {
    lab(|lab| {
        lab.why("A stage has one name, in reports and in errors.");
        for (stage, name) in [
            (Stage::Dns, "dns"),
            (Stage::Tcp, "tcp"),
            (Stage::Tls, "tls"),
            (Stage::FirstByte, "first-byte"),
            (Stage::Body, "body"),
            (Stage::Redirect, "redirect"),
        ] {
            let got = lab.you("stage.to_string()", || stage.to_string());
            lab.same("the name", &got[..], name);
        }
    });
}

/// A page as it may have come.
fn page_of(url: &Url, status: u16, fields: &[(&str, &[u8])]) -> Page {
    let mut head = ResponseHead {
        version: Version::Http11,
        status,
        fields: Fields::new(),
    };
    for (name, value) in fields {
        head.fields.push(*name, *value);
    }
    let span = Span {
        from: ms(0),
        to: ms(0),
    };
    Page {
        url: url.clone(),
        from: "192.0.2.1:443".parse().expect("an address"),
        head,
        body: Vec::new(),
        timeline: Timeline {
            dns: None,
            tcp: None,
            tls: None,
            first_byte: span,
            body: span,
            reused: false,
        },
    }
}

fn sends(lab: &Lab, base: &str, status: u16, fields: &[(&str, &[u8])], want: &str) {
    let shown: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.escape_ascii()))
        .collect();
    lab.scene(format!("{base} answers {status} with {shown:?}"));
    let url = url(lab, base);
    let page = page_of(&url, status, fields);
    let got = match lab.you("redirect(page)", || redirect(&page)) {
        Ok(None) => "nowhere".to_owned(),
        Ok(Some(url)) => parts(&url),
        Err(failed) => failure(&failed),
    };
    match want {
        "Redirect, Location Characters" => lab.because("A URL is visible ASCII. Blanks, other characters and bytes that are no UTF-8 are the error Characters, and never a reason to guess."),
        _ => lab.clone(),
    }
    .same("where the page sends us", got, want.to_owned());
}

#[test]
fn s4_five_statuses_redirect() {
    lab(|lab| {
        lab.why("301, 302, 303, 307 and 308 redirect. 300 leaves the choice to a person, 304 is about a stored response, and the Location of a 201 says what was created (RFC 9110 §15).");
        let to: &[(&str, &[u8])] = &[("Location", b"/b")];
        for status in [301, 302, 303, 307, 308] {
            sends(lab, "https://a/", status, to, "https | a | 443 | /b");
        }
        for status in [200, 201, 202, 204, 300, 304, 305, 306, 309, 310, 404, 503] {
            sends(lab, "https://a/", status, to, "nowhere");
        }
        for status in [301, 302, 303, 307, 308] {
            sends(
                lab,
                "https://a/",
                status,
                &[("Content-Location", b"/b")],
                "nowhere",
            );
        }
    });
}

#[test]
fn s4_what_location_says() {
    lab(|lab| {
        lab.why("A Location may be a part of a URL. The missing parts come from the URL of the page (RFC 9110 §10.2.2).");
        for (location, want) in [
            (&b"https://b:8443/c"[..], "https | b | 8443 | /c"),
            (b"c", "https | a | 443 | /d/c"),
            (b"../c?e#f", "https | a | 443 | /c?e"),
            (b"//b", "https | b | 443 | /"),
            (b"", "https | a | 443 | /d/?q"),
            (b"caf\xc3\xa9", "Redirect, Location Characters"),
            (b"caf\xe9", "Redirect, Location Characters"),
            (b"ftp://b/", "Redirect, Location Scheme"),
            (b"javascript:alert(1)", "Redirect, Location NoScheme"),
            (b"https://a@b/", "Redirect, Location Userinfo"),
            (b"https://b:0/", "Redirect, Location Port"),
            (b"a b", "Redirect, Location Characters"),
        ] {
            sends(lab, "https://a/d/?q", 302, &[("lOCATION", location)], want);
        }
        sends(
            lab,
            "https://a/",
            302,
            &[("Location", b"/b"), ("Location", b"/c")],
            "https | a | 443 | /b",
        );
    });
}

#[test]
fn s4_never_from_https_to_http() {
    lab(|lab| {
        lab.why("From https to http, an eavesdropper could read what TLS was to hide, and could answer in the server's place. From http to https is allowed.");
        let downgrade = "Redirect, Downgrade http | b | 80 | /";
        sends(
            lab,
            "https://a/",
            301,
            &[("Location", b"http://b/")],
            downgrade,
        );
        sends(
            lab,
            "https://b/",
            308,
            &[("Location", b"http://b/")],
            downgrade,
        );
        sends(
            lab,
            "https://a/",
            302,
            &[("Location", b"HTTP://a:443/x")],
            "Redirect, Downgrade http | a | 443 | /x",
        );
        sends(
            lab,
            "http://a/",
            301,
            &[("Location", b"https://a/")],
            "https | a | 443 | /",
        );
        sends(
            lab,
            "http://a/",
            301,
            &[("Location", b"http://b/")],
            "http | b | 80 | /",
        );
        sends(
            lab,
            "https://a/",
            200,
            &[("Location", b"http://b/")],
            "nowhere",
        );
    });
}

/// Follows through a world of pages that are numbered; each sends us to the next, the last one nowhere.
fn follows(
    lab: &Lab,
    hops: usize,
    broken: Option<usize>,
) -> (Vec<String>, Result<Vec<Page>, StageError>) {
    let begin = url(lab, "http://a/0");
    let mut opened = Vec::new();
    let result = lab.you("follow(http://a/0, open)", || {
        follow(&begin, |url| {
            opened.push(url.path.clone());
            let number: usize = url
                .path
                .trim_start_matches('/')
                .parse()
                .unwrap_or(usize::MAX);
            if broken == Some(number) {
                return Err(StageError {
                    stage: Stage::Tcp,
                    cause: Cause::NoAddress,
                });
            }
            let next = format!("/{}", number + 1);
            Ok(match number < hops {
                true => page_of(url, 302, &[("Location", next.as_bytes())]),
                false => page_of(url, 404, &[]),
            })
        })
    });
    (opened, result)
}

fn paths(pages: &[Page]) -> String {
    pages
        .iter()
        .map(|page| format!("{}{} ", page.url.path, page.head.status))
        .collect()
}

#[test]
fn s4_all_pages_on_the_way() {
    lab(|lab| {
        lab.why(
            "A person sees the last page; who wants to know where the time went needs all of them.",
        );
        for hops in [0, 1, 3] {
            lab.scene(format!("{hops} redirects"));
            let (opened, result) = follows(lab, hops, None);
            let pages = result.unwrap_or_else(|failed| lab.fails("pages", failure(&failed)));
            let want: String = (0..hops).map(|n| format!("/{n}302 ")).collect::<String>()
                + &format!("/{hops}404 ");
            lab.same("path and status of each", paths(&pages), want);
            lab.same("how many were opened", opened.len(), hops + 1);
        }
    });
}

#[test]
fn s4_ten_redirects_and_no_more() {
    lab(|lab| {
        lab.same("MAX_REDIRECTS", MAX_REDIRECTS, 10);
        lab.why("Ten redirects are followed: that is eleven pages. The eleventh redirect is one too many. Without a limit, two pages that redirect to each other would go on for ever.");
        lab.scene("10 redirects");
        let (opened, result) = follows(lab, 10, None);
        let pages = result.unwrap_or_else(|failed| lab.fails("pages", failure(&failed)));
        lab.same("pages", pages.len(), 11);
        lab.same("how many were opened", opened.len(), 11);
        for hops in [11, 500] {
            lab.scene(format!("{hops} redirects"));
            let (opened, result) = follows(lab, hops, None);
            let failed = result.err().map(|failed| failure(&failed));
            lab.same(
                "the failure",
                failed,
                Some("Redirect, TooManyRedirects 10".to_owned()),
            );
            lab.same("how many were opened", opened.len(), 11);
        }
    });
}

#[test]
fn s4_a_failure_on_the_way() {
    lab(|lab| {
        lab.why("The error is the one of the page that failed, also if it is not the first page.");
        for broken in [0, 2] {
            lab.scene(format!("page {broken} cannot be opened"));
            let (opened, result) = follows(lab, 5, Some(broken));
            let failed = result.err().map(|failed| failure(&failed));
            lab.same("the failure", failed, Some("Tcp, NoAddress".to_owned()));
            lab.same("how many were opened", opened.len(), broken + 1);
        }
    });
}

#[test]
fn s4_each_page_is_the_base_of_the_next() {
    lab(|lab| {
        lab.why("Each page is the base of its own Location, and decides alone whether the redirect leaves https. The first URL of the chain no longer matters.");
        type Hop = (&'static str, &'static str, &'static str);
        let ways: &[(&str, &[Hop], &str)] = &[
            (
                "another host, and then a relative path",
                &[
                    ("http | a | 80 | /x/y", "http://b:81/v/w", ""),
                    ("http | b | 81 | /v/w", "z", ""),
                    ("http | b | 81 | /v/z", "//c", ""),
                    ("http | c | 80 | /", "?q", ""),
                ],
                "http | a | 80 | /x/y, http | b | 81 | /v/w, http | b | 81 | /v/z, http | c | 80 | /, http | c | 80 | /?q",
            ),
            (
                "up to https, and down again",
                &[
                    ("http | a | 80 | /x/y", "https://a/", ""),
                    ("https | a | 443 | /", "http://a/", ""),
                ],
                "Redirect, Downgrade http | a | 80 | /",
            ),
            (
                "a second Location that is no URL",
                &[
                    ("http | a | 80 | /x/y", "z", ""),
                    ("http | a | 80 | /x/z", "http://u@b/", ""),
                ],
                "Redirect, Location Userinfo",
            ),
            (
                "back to a page that has been there",
                &[
                    ("http | a | 80 | /x/y", "z", ""),
                    ("http | a | 80 | /x/z", "y", "once"),
                ],
                "http | a | 80 | /x/y, http | a | 80 | /x/z, http | a | 80 | /x/y",
            ),
        ];
        for (scene, hops, want) in ways {
            lab.scene(*scene);
            let begin = url(lab, "http://a/x/y");
            let mut opened = 0;
            let result = lab.you("follow(http://a/x/y, open)", || {
                follow(&begin, |url| {
                    opened += 1;
                    let hop = hops.iter().find(|(from, ..)| *from == parts(url));
                    // The second time a page may send us nowhere: it has set a cookie meanwhile.
                    let is_done = opened > 2 && hops.iter().any(|(.., how)| *how == "once");
                    Ok(match hop.filter(|_| !is_done) {
                        Some((_, to, _)) => page_of(url, 302, &[("Location", to.as_bytes())]),
                        None => page_of(url, 200, &[]),
                    })
                })
            });
            let got = match result {
                Ok(pages) => pages
                    .iter()
                    .map(|page| parts(&page.url))
                    .collect::<Vec<_>>()
                    .join(", "),
                Err(failed) => failure(&failed),
            };
            lab.same("the pages, or the failure", &got[..], *want);
        }
    });
}

#[test]
fn s4_redirect_to_https() {
    lab(|lab| {
        lab.why("Many first requests go to `http`, and are redirected to `https`: two connections, two ports, and TLS on the second one only.");
        let world = SimNetwork::with_site();
        world.answers(vec![vec![bytes(
            "HTTP/1.1 301 X\r\nLocation: https://www.example.org/b\r\nContent-Length: 0\r\n\r\n",
        )]]);
        let mut network = world.clone();
        let begin = url(lab, "http://www.example.org/a");
        let pages = lab.you("follow(http://www.example.org/a, open_url)", || {
            follow(&begin, |url| open_url(&mut network, url, &LIMITS))
        });
        let pages = pages.unwrap_or_else(|failed| lab.fails("two pages", failure(&failed)));
        lab.same(
            "path and status of each",
            paths(&pages),
            "/a301 /b200 ".to_owned(),
        );
        lab.same(
            "which have TLS",
            pages
                .iter()
                .map(|page| page.timeline.tls.is_some())
                .collect::<Vec<_>>(),
            vec![false, true],
        );
        lab.same(
            "ports",
            pages
                .iter()
                .map(|page| page.from.port())
                .collect::<Vec<_>>(),
            vec![80, 443],
        );
    });
}
