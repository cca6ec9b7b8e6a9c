//! Step 6: the program.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use concurrent_server::{Clock, SystemClock, Waits};
use http1::{Fields, ResponseHead, Stream, Version};
use netlab::{Folder, Lab, ManualClock, lab, words};
use rustls::{ClientConfig, ServerConfig};
use tls::Tcp;
use type_a_url::{
    Command, Connection, Page, Secured, Span, Timeline, Url, parse_args, report, tls_over,
};

use super::sim_network::ms;
use super::words::{parts, url};
use super::world::dns::{Known, Zone};
use super::world::sites::{
    Names, Site, body, names, names_of_ipv6, site, site_with_ipv6_port_held,
};
use super::world::{EXPIRED, NAME, OTHER, ROOT, SITE, STRANGER, client, server};

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

fn parsed(lab: &Lab, line: &str) -> Command {
    lab.ok(&format!("parse_args({line:?})"), || {
        parse_args(&words(line))
    })
}

#[test]
fn s6_arguments() {
    lab(|lab| {
        lab.why("The URLs keep their order. The options may stand anywhere, and the last one counts if an option is repeated.");
        for (line, urls, rest) in [
            ("http://a", "http | a | 80 | /", [None, None, None, None]),
            (
                "--dns 127.0.0.1:53 https://a:8443/b#c http://d --ca x --out y --ladder z",
                "https | a | 8443 | /b, http | d | 80 | /",
                [Some("127.0.0.1:53"), Some("x"), Some("y"), Some("z")],
            ),
            (
                "--ca a --ca b https://a https://a --dns [::1]:5353",
                "https | a | 443 | /, https | a | 443 | /",
                [Some("[::1]:5353"), Some("b"), None, None],
            ),
            (
                "--out --ca http://a",
                "http | a | 80 | /",
                [None, None, Some("--ca"), None],
            ),
            (
                "--out http://a http://b",
                "http | b | 80 | /",
                [None, None, Some("http://a"), None],
            ),
            (
                "--out a --ladder b --dns 127.0.0.1:1 http://a --dns 127.0.0.2:2 --ladder c --out d",
                "http | a | 80 | /",
                [Some("127.0.0.2:2"), None, Some("d"), Some("c")],
            ),
        ] {
            let Command::Browse(got) = parsed(lab, line) else {
                lab.fails("URLs to open", "something else");
            };
            let shown: Vec<String> = got.urls.iter().map(parts).collect();
            lab.same("the URLs", &shown.join(", ")[..], urls);
            let dns = got.dns.map(|addr| addr.to_string());
            let options = [
                dns.as_deref(),
                got.ca.as_deref(),
                got.out.as_deref(),
                got.ladder.as_deref(),
            ];
            lab.same("--dns, --ca, --out and --ladder", options, rest);
        }
        for line in [
            "-h",
            "--help",
            "http://a --help",
            "--ca -h",
            "--nonsense -h",
            "mailto:a -h",
            "-h http://a",
            "--help --nonsense",
            "--ca --help --dns",
        ] {
            lab.same("help", matches!(parsed(lab, line), Command::Help), true);
        }
        let args = ["--out", "", "http://a"].map(str::to_owned);
        let Command::Browse(got) = lab.ok(&format!("parse_args({args:?})"), || parse_args(&args))
        else {
            lab.fails("a URL to open", "something else");
        };
        lab.because("An empty value is a value: the system will say whether there is such a file.")
            .same("--out", got.out.as_deref(), Some(""));
    });
}

#[test]
fn s6_wrong_arguments() {
    lab(|lab| {
        lab.why("Wrong arguments are reported at once, before the program uses the network.");
        let cases = [
            "",
            "--ca x",
            "a",
            "www.example.org",
            "ftp://a/",
            "http://",
            "http://a:0/",
            "http://a:99999/",
            "http://a http://b:x",
            "http://a --dns",
            "http://a --dns 127.0.0.1",
            "http://a --dns localhost:53",
            "http://a --dns ::1:53",
            "http://a --dns 127.0.0.1:65536",
            "http://a --ca",
            "http://a --out",
            "http://a --ladder",
            "http://a --insecure",
            "http://a -o x",
            "http://a -",
            "-- http://a",
            "http://a --CA x",
            "http://a --out=x",
            "http://a --dns=127.0.0.1:53",
            "http://a -?",
        ];
        lab.refuses_arguments(&cases, parse_args);
        for args in [
            &["http://a\nb"][..],
            &["http://a", "--b\nc"],
            &["--dns", "1\n2", "http://a"],
            &["http://a", "-\n"],
        ] {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            let wrong = lab.err(&format!("parse_args({args:?})"), || parse_args(&args));
            lab.because("An argument may have a line break in it. The message is one line.")
                .holds(
                    wrong.trim_end().lines().count() == 1,
                    "one line",
                    format!("{wrong:?}"),
                );
        }
        for (line, word) in [
            ("http://a ftp://b/", "ftp://b/"),
            ("mailto:a@b", "mailto:a@b"),
        ] {
            let wrong = lab.err(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            lab.because("One of several URLs is wrong. The message says which one, and why.")
                .holds(
                    wrong.contains(word),
                    format!("a line with {word:?}"),
                    format!("{wrong:?}"),
                );
            let text = match Url::parse(word) {
                Err(error) => error.to_string(),
                Ok(_) => lab.fails("an error", "a URL"),
            };
            lab.holds(
                wrong.contains(&text),
                format!("a line with {text:?}"),
                format!("{wrong:?}"),
            );
        }
    });
}

/// A page with this timeline, in microseconds.
fn page_of(
    lab: &Lab,
    text: &str,
    status: u16,
    body: &[u8],
    spans: [Option<(u64, u64)>; 5],
    reused: bool,
) -> Page {
    let span = |nth: usize| {
        spans[nth].map(|(from, to)| Span {
            from: Duration::from_micros(from),
            to: Duration::from_micros(to),
        })
    };
    let none = Span {
        from: ms(0),
        to: ms(0),
    };
    Page {
        url: url(lab, text),
        from: "192.0.2.7:443".parse().expect("an address"),
        head: ResponseHead {
            version: Version::Http11,
            status,
            fields: Fields::new(),
        },
        body: body.to_vec(),
        timeline: Timeline {
            dns: span(0),
            tcp: span(1),
            tls: span(2),
            first_byte: span(3).unwrap_or(none),
            body: span(4).unwrap_or(none),
            reused,
        },
    }
}

/// The words of a report, a row a line.
fn rows(text: &str) -> Vec<Vec<String>> {
    text.lines()
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[test]
fn s6_a_report() {
    lab(|lab| {
        lab.why("Seven lines with the time of each stage, in words that other programs can read.");
        let spans = [
            Some((1_000_000, 1_012_345)),
            Some((1_012_345, 1_030_001)),
            Some((1_030_001, 1_071_250)),
            Some((1_071_250, 2_090_016)),
            Some((2_090_016, 2_090_999)),
        ];
        let page = page_of(
            lab,
            "https://www.example.org/",
            200,
            "\u{e9}".repeat(628).as_bytes(),
            spans,
            false,
        );
        let text = lab.you("report(page, 1 s)", || report(&page, ms(1_000)));
        let want = "https://www.example.org/ 200 1256 bytes from 192.0.2.7:443
            dns 0.000 12.345
            tcp 12.345 30.001
            tls 30.001 71.250
            first-byte 71.250 1090.016
            body 1090.016 1090.999
            total 1090.999";
        lab.because("A line for each stage: when it began and when it ended, in milliseconds since `start`, truncated to three digits. `total` is when the last one ended.")
            .same("the words of each line", rows(&text), rows(want));
        lab.same(
            "line feeds, one at the end of each line",
            (text.matches('\n').count(), text.ends_with('\n')),
            (7, true),
        );
        let mut spans = [None, None, None, Some((5, 17)), Some((17, 17))];
        let page = page_of(lab, "http://a:81/b?c", 404, b"", spans, true);
        let text = lab.you("report(page, 0 s)", || report(&page, ms(0)));
        let want = "http://a:81/b?c 404 0 bytes from 192.0.2.7:443 reused
            dns -
            tcp -
            tls -
            first-byte 0.005 0.017
            body 0.017 0.017
            total 0.017";
        lab.because("A line ends with a line feed, on each system.")
            .same("carriage returns", text.matches('\r').count(), 0);
        lab.because(
            "A stage that was not needed has `-`, and not the times of a stage that took 0 ms.",
        )
        .same("the words of each line", rows(&text), rows(want));
        spans[1] = Some((0, 5));
        let page = page_of(lab, "http://a/", 200, b"a", spans, false);
        let text = lab.you("report(page, 0 s)", || report(&page, ms(0)));
        lab.same(
            "the lines of stages 1 to 3",
            rows(&text)[1..4].to_vec(),
            rows("dns -\ntcp 0.000 0.005\ntls -"),
        );
        let mut page = page_of(lab, "http://a/", 200, b"a", spans, false);
        let hours = |hours: u64, nanos: u64| {
            Duration::from_secs(3600 * hours) + Duration::from_nanos(nanos)
        };
        let mut timeline = page.timeline;
        let times = [
            hours(0, 0),
            hours(0, 999),
            hours(4, 1_999_999),
            hours(4, 999_999_999),
            hours(500, 0),
        ];
        let span = |nth: usize| Span {
            from: times[nth],
            to: times[nth + 1],
        };
        (timeline.dns, timeline.tcp) = (Some(span(0)), Some(span(1)));
        (timeline.first_byte, timeline.body) = (span(2), span(3));
        page.timeline = timeline;
        let text = lab.you("report(page, 0 s)", || report(&page, ms(0)));
        lab.because(
            "The times are truncated to three digits, and hours are printed in milliseconds, too.",
        )
        .same(
            "the lines of the stages",
            rows(&text)[1..].to_vec(),
            rows(
                "dns 0.000 0.000
                    tcp 0.000 14400001.999
                    tls -
                    first-byte 14400001.999 14400999.999
                    body 14400999.999 1800000000.000
                    total 1800000000.000",
            ),
        );
    });
}

/// The student's TLS with this site.
fn secured(lab: &Lab, site: &Site, config: &Arc<ClientConfig>, host: &str) -> io::Result<Secured> {
    let socket = TcpStream::connect(site.addr).expect("a site of the test's");
    let clock = Arc::new(SystemClock::new());
    let connection = Connection::new(Tcp(socket));
    lab.you(
        &format!("tls_over(config, connection, {host:?}, 5 s, clock)"),
        || tls_over(config, connection, host, ms(5_000), clock),
    )
}

fn kind<T>(result: io::Result<T>) -> String {
    result.map_or_else(
        |error| format!("{:?}", error.kind()),
        |_| "a connection".to_owned(),
    )
}

#[test]
fn s6_tls_proves_the_host() {
    lab(|lab| {
        lab.why("The server has to prove that it is the host of the URL. A certificate for another name, one of an unknown authority and an expired one prove nothing.");
        for (certificate, root, host, want) in [
            (SITE, ROOT, NAME, "a connection"),
            (SITE, ROOT, "b.loopback.test", "a connection"),
            (SITE, ROOT, "127.0.0.1", "a connection"),
            (SITE, ROOT, "::1", "a connection"),
            (SITE, ROOT, "c.loopback.test", "InvalidData"),
            (SITE, ROOT, "127.0.0.2", "InvalidData"),
            (OTHER, ROOT, NAME, "InvalidData"),
            (SITE, STRANGER, NAME, "InvalidData"),
            (EXPIRED, ROOT, NAME, "InvalidData"),
            (SITE, ROOT, "", "InvalidInput"),
            (SITE, ROOT, "a b", "InvalidInput"),
        ] {
            let site = site(Some(server(certificate, &[b"http/1.1"])));
            let got = secured(lab, &site, &client(root, &[b"http/1.1"]), host);
            lab.same("what comes of it", kind(got), want.to_owned());
        }
    });
}

#[test]
fn s6_tls_says_which_protocol() {
    lab(|lab| {
        lab.why("`protocol` is what the server has chosen, and `None` if it has chosen nothing. Step 3 decides what that means.");
        for (offers, knows, want) in [
            (
                &[&b"http/1.1"[..]][..],
                &[&b"http/1.1"[..]][..],
                Some("http/1.1"),
            ),
            (&[b"h2", b"http/1.1"], &[b"h2"], Some("h2")),
            (&[b"http/1.1"], &[], None),
            (&[], &[b"h2"], None),
        ] {
            lab.scene(format!(
                "{} protocols are offered, the server knows {}",
                offers.len(),
                knows.len()
            ));
            let site = site(Some(server(SITE, knows)));
            let got = secured(lab, &site, &client(ROOT, offers), NAME);
            let got = got.unwrap_or_else(|error| lab.fails("a connection", error));
            let protocol = got
                .protocol
                .map(|name| String::from_utf8_lossy(&name).into_owned());
            lab.same("the protocol", protocol.as_deref(), want);
        }
    });
}

#[test]
fn s6_tls_carries_a_page() {
    lab(|lab| {
        lab.why("Reads and writes of the connection are plaintext. The second handshake is shorter, because the configuration has kept a ticket.");
        let site = site(Some(server(SITE, &[b"http/1.1"])));
        let config = client(ROOT, &[b"http/1.1"]);
        for path in ["/close", "/close?2"] {
            let got = secured(lab, &site, &config, NAME);
            let mut connection = got
                .unwrap_or_else(|error| lab.fails("a connection", error))
                .connection;
            connection
                .write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes())
                .expect("it is taken");
            connection.flush().expect("it goes out");
            let mut answer = Vec::new();
            let _ = connection.read_to_end(&mut answer);
            lab.holds(
                answer.ends_with(&body(path)),
                "the page",
                String::from_utf8_lossy(&answer),
            );
        }
        lab.same(
            "handshakes",
            site.handshakes(),
            vec!["full".to_owned(), "resumed".to_owned()],
        );
        lab.because(
            "A server with several sites has to know whose certificate to show (RFC 6066 §3).",
        )
        .same(
            "the names that the server was told",
            site.names(),
            vec![NAME.to_owned(); 2],
        );
    });
}

/// A connection on which time passes with each read, and that says nothing. It breaks off after a thousand reads.
struct Slow {
    clock: ManualClock,
    reads: Arc<AtomicUsize>,
}

struct Manual(ManualClock);

impl Clock for Manual {
    fn now(&self) -> Duration {
        self.0.now()
    }
}

impl Read for Slow {
    fn read(&mut self, _buf: &mut [u8]) -> io::Result<usize> {
        self.clock.advance(ms(40));
        match self.reads.fetch_add(1, Ordering::Relaxed) {
            1_000.. => Err(ErrorKind::ConnectionReset.into()),
            // A signal: the call is repeated.
            _ => Err(ErrorKind::Interrupted.into()),
        }
    }
}

impl Write for Slow {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Waits for Slow {
    fn wait_at_most(&mut self, _limit: Duration) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Slow {
    fn end_writing(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn s6_a_handshake_has_a_limit() {
    lab(|lab| {
        lab.why("A server that is silent in the handshake must not keep the browser. The limit is for the whole handshake, and the given clock measures it.");
        for (limit, want) in [(100, 3), (1_000, 25)] {
            let clock = ManualClock::new();
            let reads = Arc::new(AtomicUsize::new(0));
            let connection = Connection::new(Slow {
                clock: clock.clone(),
                reads: reads.clone(),
            });
            let config = client(ROOT, &[b"http/1.1"]);
            let got = lab.you(
                &format!("tls_over(config, connection, {NAME:?}, {limit} ms, clock)"),
                || {
                    tls_over(
                        &config,
                        connection,
                        NAME,
                        ms(limit),
                        Arc::new(Manual(clock.clone())),
                    )
                },
            );
            lab.same("what comes of it", kind(got), "TimedOut".to_owned());
            lab.same("reads of 40 ms each", reads.load(Ordering::Relaxed), want);
        }
    });
}

fn here() -> Known {
    Known::Addresses(vec!["127.0.0.1".parse().expect("an address")])
}

fn zone() -> Zone {
    vec![
        (NAME, here()),
        ("b.loopback.test", here()),
        ("c.loopback.test", here()),
        ("alias.loopback.test", Known::Alias(NAME)),
        ("nothing.loopback.test", Known::Nothing),
        ("fails.loopback.test", Known::Fails(2)),
    ]
}

/// The files that a program of this chapter may read.
fn folder() -> Folder {
    Folder::new()
        .with("root.pem", ROOT)
        .with("stranger.pem", STRANGER)
        .with("empty.pem", "")
        .with("first.pem", format!("{ROOT}{STRANGER}"))
        .with("last.pem", format!("{STRANGER}{ROOT}"))
}

fn read(lab: &Lab, folder: &Folder, name: &str) -> Vec<u8> {
    fs::read(folder.path().join(name))
        .unwrap_or_else(|error| lab.fails(format!("a file at {name}"), error))
}

/// What a run of the program has come to.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
    /// What it printed of each page.
    pages: Vec<Vec<Vec<String>>>,
}

/// Runs the student's program with the test's name server and root.
fn browses(lab: &Lab, names: &Names, folder: &Folder, args: &[&str]) -> Ran {
    let (dns, root) = (names.addr.to_string(), folder.file("root.pem"));
    let mut all = vec!["--dns", &dns, "--ca", &root];
    all.extend(args);
    runs(lab, &all)
}

fn runs(lab: &Lab, args: &[&str]) -> Ran {
    let output = lab.output(PROGRAM, args, "");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let pages = rows(&out).chunks(7).map(<[_]>::to_vec).collect();
    Ran {
        code: output.status.code(),
        out,
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        pages,
    }
}

/// The page's first line.
fn begins(lab: &Lab, ran: &Ran, nth: usize, want: &str) {
    let got = ran.pages.get(nth).map(|page| page[0].join(" "));
    lab.same("the first line of the page", got.as_deref(), Some(want));
}

/// Demands that a page has seven lines, the stages in their order and no hole between them. Gives where they begin and end.
fn stages(lab: &Lab, ran: &Ran, nth: usize) -> Vec<Option<(f64, f64)>> {
    let Some(page) = ran.pages.get(nth) else {
        lab.fails("seven lines of a page", format!("{:?}", ran.out));
    };
    let names: Vec<&str> = page[1..]
        .iter()
        .filter_map(|row| row.first())
        .map(|name| &name[..])
        .collect();
    lab.same(
        "the names of the lines",
        names,
        vec!["dns", "tcp", "tls", "first-byte", "body", "total"],
    );
    let number = |text: &String| -> f64 {
        let digits = text.split_once('.').map_or(0, |(_, behind)| behind.len());
        match text.parse() {
            Ok(number) if digits == 3 => number,
            _ => lab.fails("milliseconds with three digits behind the point", text),
        }
    };
    let mut spans = Vec::new();
    let mut end = None;
    for row in &page[1..6] {
        match &row[1..] {
            [dash] if dash == "-" => spans.push(None),
            [from, to] => {
                let (from, to) = (number(from), number(to));
                lab.because("The two times of a stage are when it began and when it ended; it begins where the one before it has ended.").holds(
                    end.is_none_or(|end| end == from),
                    "a stage that begins where the one before it ended",
                    format!("{row:?}"),
                );
                lab.because(
                    "The second time of a stage is when it ended, and not how long it took.",
                )
                .holds(
                    from <= to,
                    "a stage that ends after it has begun",
                    format!("{row:?}"),
                );
                end = Some(to);
                spans.push(Some((from, to)));
            }
            _ => lab.fails("two times, or -", format!("{row:?}")),
        }
    }
    lab.because("`total` is when the last stage ended.").same(
        "total",
        page[6].get(1).map(number),
        end,
    );
    lab.holds(
        end > Some(0.0),
        "a page that took longer than a microsecond",
        format!("{end:?}"),
    );
    spans
}

fn which(spans: &[Option<(f64, f64)>]) -> Vec<bool> {
    spans.iter().map(Option::is_some).collect()
}

const ALL: [bool; 5] = [true; 5];
const REUSED: [bool; 5] = [false, false, false, true, true];

fn https() -> Option<Arc<ServerConfig>> {
    Some(server(SITE, &[b"http/1.1"]))
}

#[test]
fn s6_cli_help_and_wrong_arguments() {
    lab(|lab| {
        lab.why("Help that was asked for is a result: standard output, exit code 0. Usage after a mistake is a complaint: standard error, exit code 2.");
        let end = lab.program(PROGRAM, &["--help"]).exits();
        lab.same("exit code of --help", end.code, Some(0));
        lab.holds(
            end.stdout.contains("usage"),
            "the usage on standard output",
            format!("{:?}", end.stdout),
        );
        for args in [
            &[][..],
            &["www.example.org"],
            &["http://a/", "--insecure"],
            &["http://a/", "ftp://b/"],
        ] {
            let end = lab.program(PROGRAM, args).exits();
            lab.same("exit code", end.code, Some(2));
            lab.same("standard output", end.stdout, String::new());
            let (complaint, _) = end.stderr.split_once("usage").unwrap_or_default();
            lab.holds(
                !complaint.trim().is_empty(),
                "what is wrong on standard error, and then the usage",
                format!("{:?}", end.stderr),
            );
        }
    });
}

#[test]
fn s6_cli_prints_the_timeline() {
    lab(|lab| {
        lab.why("The report has the five stages with their times, and the result.");
        let (names, folder) = (names(lab, zone()), folder());
        let secure = site(https());
        let port = secure.addr.port();
        let text = format!("https://{NAME}:{port}/a?b");
        let ran = browses(lab, &names, &folder, &[&format!("{text}#c")]);
        lab.same("exit code", (ran.code, &ran.err[..]), (Some(0), ""));
        begins(
            lab,
            &ran,
            0,
            &format!(
                "{text} 200 {} bytes from 127.0.0.1:{port}",
                body("/a?b").len()
            ),
        );
        lab.same(
            "the stages that there were",
            which(&stages(lab, &ran, 0)),
            ALL.to_vec(),
        );
        lab.same("lines", ran.out.lines().count(), 7);
        let heads = secure.heads();
        lab.holds(
            heads.len() == 1 && heads[0].contains(&format!("Host: {NAME}:{port}\r\n")),
            "one request with its Host",
            format!("{heads:?}"),
        );

        let plain = site(None);
        let port = plain.addr.port();
        let ran = browses(
            lab,
            &names,
            &folder,
            &[&format!("http://127.0.0.1:{port}/")],
        );
        lab.same("exit code", ran.code, Some(0));
        lab.because("An address needs no look-up, and `http` needs no TLS.")
            .same(
                "the stages that there were",
                which(&stages(lab, &ran, 0)),
                vec![false, true, false, true, true],
            );
        let ran = browses(
            lab,
            &names,
            &folder,
            &[&format!(
                "https://alias.loopback.test:{}/",
                secure.addr.port()
            )],
        );
        lab.because("The certificate must have the name that was typed, and not the target of its CNAME: a name server could name any target.")
            .holds(ran.code == Some(1) && ran.err.contains("tls: "), "exit code 1, and the stage tls on standard error", format!("{:?} {:?}", ran.code, ran.err));
    });
}

#[test]
fn s6_a_name_server_of_ipv6() {
    lab(|lab| {
        lab.why("The name server may have an IPv6 address.");
        let Some(names) = names_of_ipv6(zone()) else {
            lab.skip("IPv6 on this machine's loopback");
        };
        let site = site(None);
        let url = format!("http://{NAME}:{}/", site.addr.port());
        let ran = runs(lab, &["--dns", &names.to_string(), &url]);
        lab.same(
            "exit code and standard error",
            (ran.code, &ran.err[..]),
            (Some(0), ""),
        );
    });
}

#[test]
fn s6_thirty_objects() {
    lab(|lab| {
        lab.why("Without kept names and connections, 30 objects need 30 look-ups and 30 handshakes. One browser opens all URLs.");
        let (names, folder) = (names(lab, zone()), folder());
        let site = site(https());
        let urls: Vec<String> = (0..31)
            .map(|n| format!("https://{NAME}:{}/{n}", site.addr.port()))
            .collect();
        let urls: Vec<&str> = urls.iter().map(|url| &url[..]).collect();
        let ran = browses(lab, &names, &folder, &urls);
        lab.same("exit code", (ran.code, &ran.err[..]), (Some(0), ""));
        lab.same("pages", ran.pages.len(), 31);
        let first = stages(lab, &ran, 0);
        lab.same("the stages of the first", which(&first), ALL.to_vec());
        let mut end = first[4].map(|(_, to)| to);
        for nth in 1..31 {
            let spans = stages(lab, &ran, nth);
            lab.same("the stages of another", which(&spans), REUSED.to_vec());
            lab.same(
                "its first line ends with",
                ran.pages[nth][0].last().map(|word| &word[..]),
                Some("reused"),
            );
            lab.because("All times begin when the first URL is opened.")
                .holds(
                    end <= spans[3].map(|(from, _)| from),
                    "a page that begins after the one before it",
                    format!("{end:?} {spans:?}"),
                );
            end = spans[4].map(|(_, to)| to);
        }
        lab.same(
            "connections, handshakes, requests",
            (
                site.connections(),
                site.handshakes().len(),
                site.heads().len(),
            ),
            (1, 1, 31),
        );
    });
}

#[test]
fn s6_redirect_to_https() {
    lab(|lab| {
        lab.why("Each page has its own timeline. A redirect from https to http is refused.");
        let (names, folder) = (names(lab, zone()), folder());
        let (secure, plain) = (site(https()), site(None));
        let (s, p) = (secure.addr.port(), plain.addr.port());
        let target = format!("https://{NAME}:{s}/b");
        let begin = format!("http://{NAME}:{p}/to/{target}");
        let (out, ladder) = (folder.file("out"), folder.file("l.svg"));
        let args = ["--out", &out, "--ladder", &ladder, &begin];
        let ran = browses(lab, &names, &folder, &args);
        lab.same("exit code", (ran.code, &ran.err[..]), (Some(0), ""));
        begins(
            lab,
            &ran,
            0,
            &format!(
                "{begin} 302 {} bytes from 127.0.0.1:{p}",
                body(&format!("/to/{target}")).len()
            ),
        );
        begins(
            lab,
            &ran,
            1,
            &format!("{target} 200 {} bytes from 127.0.0.1:{s}", body("/b").len()),
        );
        lab.same(
            "the stages of the first",
            which(&stages(lab, &ran, 0)),
            vec![true, true, false, true, true],
        );
        lab.same(
            "the stages of the second",
            which(&stages(lab, &ran, 1)),
            vec![false, true, true, true, true],
        );
        lab.because("--out has the last page of a URL, and not the pages that redirect.")
            .same_bytes("what was written", &read(lab, &folder, "out"), &body("/b"));
        let picture = String::from_utf8_lossy(&read(lab, &folder, "l.svg")).into_owned();
        lab.because("The picture has all pages, also those that redirect.")
            .same(
                "bars: four of the first page, four of the second, and five in the key",
                picture.matches("<rect").count(),
                13,
            );
        let ran = browses(
            lab,
            &names,
            &folder,
            &[&format!("https://{NAME}:{s}/to/http://{NAME}:{p}/")],
        );
        lab.holds(
            ran.code == Some(1) && ran.err.contains("redirect: "),
            "exit code 1, and the stage redirect on standard error",
            format!("{:?} {:?}", ran.code, ran.err),
        );
        let before = secure.heads().len();
        let ran = browses(
            lab,
            &names,
            &folder,
            &[&format!("https://{NAME}:{s}/round")],
        );
        lab.holds(
            ran.code == Some(1) && ran.err.contains("redirect: "),
            "exit code 1, and the stage redirect on standard error",
            format!("{:?} {:?}", ran.code, ran.err),
        );
        lab.same(
            "requests until it stopped",
            secure.heads().len() - before,
            11,
        );
    });
}

#[test]
fn s6_cli_names_the_stage() {
    lab(|lab| {
        lab.why("A person who reads the wrong stage looks in the wrong place: if the certificate is refused, the name was found.");
        let (names, folder) = (names(lab, zone()), folder());
        let secure = site(https());
        let wrong = site(Some(server(OTHER, &[b"http/1.1"])));
        let old = site(Some(server(EXPIRED, &[b"http/1.1"])));
        let plain = site(None);
        let refused = lab.refused();
        let (s, p) = (secure.addr.port(), plain.addr.port());
        for (url, stage) in [
            (format!("https://no.loopback.test:{s}/"), "dns"),
            (format!("https://nothing.loopback.test:{s}/"), "dns"),
            (format!("https://fails.loopback.test:{s}/"), "dns"),
            (format!("http://{NAME}:{}/", refused.addr().port()), "tcp"),
            (format!("https://c.loopback.test:{s}/"), "tls"),
            (format!("https://{NAME}:{}/", wrong.addr.port()), "tls"),
            (format!("https://{NAME}:{}/", old.addr.port()), "tls"),
            (format!("http://{NAME}:{p}/torn"), "body"),
            (format!("https://{NAME}:{s}/torn"), "body"),
        ] {
            let ran = browses(lab, &names, &folder, &[&url]);
            lab.same("exit code", ran.code, Some(1));
            lab.same("standard output", ran.out, String::new());
            let line = ran.err.lines().next().unwrap_or_default();
            lab.holds(
                line.starts_with(&format!("{url}: {stage}: ")),
                format!("`{url}: {stage}: …` on standard error"),
                format!("{:?}", ran.err),
            );
            lab.same("lines of standard error", ran.err.lines().count(), 1);
        }
        lab.why("Without --ca no certificate is accepted. With another authority's root, only the certificates that it has signed are.");
        let (dns, stranger) = (names.addr.to_string(), folder.file("stranger.pem"));
        let url = format!("https://{NAME}:{s}/");
        for args in [
            &["--dns", &dns, &url][..],
            &["--dns", &dns, "--ca", &stranger, &url],
        ] {
            let ran = runs(lab, args);
            lab.same("exit code", ran.code, Some(1));
            lab.holds(
                ran.err.contains(": tls: "),
                "the stage tls on standard error",
                format!("{:?}", ran.err),
            );
        }
        lab.same(
            "requests that got through",
            secure
                .heads()
                .iter()
                .filter(|head| !head.contains("/torn"))
                .count(),
            0,
        );
    });
}

#[test]
fn s6_a_404_is_a_page() {
    lab(|lab| {
        lab.why("A 404 is a page, and no failure.");
        let (names, folder) = (names(lab, zone()), folder());
        let site = site(https());
        let port = site.addr.port();
        let out = folder.file("out");
        fs::write(&out, [b'x'; 1000]).expect("a file");
        let ran = browses(
            lab,
            &names,
            &folder,
            &[&format!("https://{NAME}:{port}/gone"), "--out", &out],
        );
        lab.same("exit code", (ran.code, &ran.err[..]), (Some(0), ""));
        begins(
            lab,
            &ran,
            0,
            &format!(
                "https://{NAME}:{port}/gone 404 {} bytes from 127.0.0.1:{port}",
                body("/gone").len()
            ),
        );
        lab.same("the stages", which(&stages(lab, &ran, 0)), ALL.to_vec());
        lab.because("The file has the page only, and nothing of its old content.")
            .same_bytes(
                "what was written",
                &read(lab, &folder, "out"),
                &body("/gone"),
            );
    });
}

#[test]
fn s6_goes_on_after_a_failure() {
    lab(|lab| {
        lab.why("One URL of three has failed: the others are opened all the same, and the exit code is 1. Both files are written with what there is.");
        let (names, folder) = (names(lab, zone()), folder());
        let site = site(https());
        let port = site.addr.port();
        let url = |path: &str| format!("https://{NAME}:{port}{path}");
        let (out, ladder) = (folder.file("out"), folder.file("l.svg"));
        let bad = format!("https://no.loopback.test:{port}/");
        let ran = browses(
            lab,
            &names,
            &folder,
            &[
                &url("/a"),
                &bad,
                &url("/large"),
                "--ladder",
                &ladder,
                "--out",
                &out,
            ],
        );
        lab.same("exit code", ran.code, Some(1));
        lab.same("pages", ran.pages.len(), 2);
        begins(
            lab,
            &ran,
            1,
            &format!(
                "{} 200 300000 bytes from 127.0.0.1:{port} reused",
                url("/large")
            ),
        );
        lab.same_bytes(
            "what was written",
            &read(lab, &folder, "out"),
            &[body("/a"), body("/large")].concat(),
        );
        let picture = String::from_utf8_lossy(&read(lab, &folder, "l.svg")).into_owned();
        for word in ["<svg", &url("/a"), &url("/large"), "</svg>"] {
            lab.holds(
                picture.contains(word),
                format!("a picture with {word}"),
                format!("{} bytes", picture.len()),
            );
        }
        lab.same(
            "bars: five of the first page, two of the second, and five in the key",
            picture.matches("<rect").count(),
            12,
        );
    });
}

#[test]
fn s6_the_second_handshake_is_shorter() {
    lab(|lab| {
        lab.why("The server closes after each page, so each page needs a connection. The second TLS session resumes the first one with its ticket.");
        let (names, folder) = (names(lab, zone()), folder());
        let site = site(https());
        let url = |path: &str| format!("https://{NAME}:{}{path}", site.addr.port());
        let ran = browses(
            lab,
            &names,
            &folder,
            &[&url("/close"), &url("/close?2"), &url("/a")],
        );
        lab.same("exit code", (ran.code, &ran.err[..]), (Some(0), ""));
        lab.same(
            "handshakes",
            site.handshakes(),
            vec![
                "full".to_owned(),
                "resumed".to_owned(),
                "resumed".to_owned(),
            ],
        );
        lab.same(
            "the stages of the second",
            which(&stages(lab, &ran, 1)),
            vec![false, true, true, true, true],
        );
    });
}

#[test]
fn s6_alpn_offers_http_1_1() {
    lab(|lab| {
        lab.why("We offer http/1.1 by ALPN. A server that knows only h2 refuses the handshake. A server without ALPN is taken as speaking HTTP/1.1. A server that knows both chooses http/1.1.");
        let (names, folder) = (names(lab, zone()), folder());
        for (knows, works) in [
            (&[&b"h2"[..]][..], false),
            (&[], true),
            (&[b"h2", b"http/1.1"], true),
        ] {
            let shown: Vec<_> = knows
                .iter()
                .map(|name| String::from_utf8_lossy(name))
                .collect();
            lab.scene(format!("the server knows by ALPN: {shown:?}"));
            let site = site(Some(server(SITE, knows)));
            let ran = browses(
                lab,
                &names,
                &folder,
                &[&format!("https://{NAME}:{}/", site.addr.port())],
            );
            lab.same("exit code", ran.code, Some(if works { 0 } else { 1 }));
            lab.same(
                "the stage tls on standard error",
                ran.err.contains(": tls: "),
                !works,
            );
            lab.same("requests", site.heads().len(), usize::from(works));
        }
    });
}

#[test]
fn s6_another_address_when_the_first_is_dead() {
    lab(|lab| {
        lab.why("The name has two addresses. ::1 comes first, and is refused or silent; 127.0.0.1 has the page.");
        let both = Known::Addresses(vec![
            "127.0.0.1".parse().expect("v4"),
            "::1".parse().expect("v6"),
        ]);
        let (names, folder) = (names(lab, vec![(NAME, both)]), folder());
        for is_silent in [false, true] {
            if is_silent && !cfg!(target_os = "linux") {
                continue; // a full queue is silent on Linux only
            }
            lab.scene(if is_silent {
                "::1 is silent"
            } else {
                "::1 refuses"
            });
            let Some((site, _beside)) = site_with_ipv6_port_held(https(), is_silent) else {
                lab.skip("IPv6 on this machine's loopback");
            };
            let port = site.addr.port();
            let ran = browses(lab, &names, &folder, &[&format!("https://{NAME}:{port}/")]);
            lab.same("exit code", (ran.code, &ran.err[..]), (Some(0), ""));
            begins(
                lab,
                &ran,
                0,
                &format!(
                    "https://{NAME}:{port}/ 200 {} bytes from 127.0.0.1:{port}",
                    body("/").len()
                ),
            );
            let tcp = stages(lab, &ran, 0)[1];
            let took = tcp.map_or(0.0, |(from, to)| to - from);
            lab.because("The second attempt begins 250 ms after the first one, if that is silent.")
                .same("250 ms or longer", took >= 249.0, is_silent);
        }
    });
}

#[test]
fn s6_files_that_cannot_be() {
    lab(|lab| {
        lab.why("The file does not exist, or has no certificate in it. The message must say so, and must not blame the server's certificate.");
        let (names, folder) = (names(lab, zone()), folder());
        let (site, plain) = (site(https()), site(None));
        let url = format!("https://{NAME}:{}/", site.addr.port());
        let dns = names.addr.to_string();
        for file in ["nowhere.pem", "empty.pem"] {
            let file = folder.file(file);
            let ran = runs(lab, &["--dns", &dns, "--ca", &file, &url]);
            lab.same(
                "exit code and standard output",
                (ran.code, &ran.out[..]),
                (Some(1), ""),
            );
            lab.holds(
                ran.err.contains(&file),
                "the file's name on standard error",
                format!("{:?}", ran.err),
            );
        }
        lab.same("connections", site.connections(), 0);
        let file = folder.file("empty.pem");
        let http = format!("http://{NAME}:{}/", plain.addr.port());
        let ran = runs(lab, &["--dns", &dns, "--ca", &file, &http]);
        lab.because("A wrong file is a failure, even if no URL needs its certificates.")
            .same(
                "exit code and connections",
                (ran.code, plain.connections()),
                (Some(1), 0),
            );
        for (bad, good) in [("--out", "--ladder"), ("--ladder", "--out")] {
            let (file, other) = (folder.file("no/such/folder"), folder.file(good));
            let ran = browses(lab, &names, &folder, &[bad, &file, good, &other, &url]);
            lab.same("exit code", ran.code, Some(1));
            lab.same("pages that are printed", ran.pages.len(), 1);
            lab.holds(
                ran.err.contains(&file),
                "the file's name on standard error",
                format!("{:?}", ran.err),
            );
            lab.because("A file that cannot be written does not prevent the other one.")
                .holds(
                    !read(lab, &folder, good).is_empty(),
                    format!("what {good} asks for"),
                    "an empty file",
                );
        }
    });
}

#[test]
fn s6_nothing_was_opened() {
    lab(|lab| {
        lab.why("Both files are written, even if there is no page. Otherwise a reader finds the content of an earlier run.");
        let (names, folder) = (names(lab, zone()), folder());
        let (out, ladder) = (folder.file("out"), folder.file("l.svg"));
        for file in [&out, &ladder] {
            fs::write(file, "old").expect("a file");
        }
        let bad = "http://no.loopback.test/";
        let args = ["--out", &out, bad, "--ladder", &ladder];
        let ran = browses(lab, &names, &folder, &args);
        lab.same("exit code", ran.code, Some(1));
        lab.same_bytes("what --out has written", &read(lab, &folder, "out"), b"");
        let picture = String::from_utf8_lossy(&read(lab, &folder, "l.svg")).into_owned();
        lab.holds(
            picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"),
            "a picture without a page",
            format!("{picture:?}"),
        );
    });
}

#[test]
fn s6_all_certificates_of_a_file() {
    lab(|lab| {
        lab.why("A file of --ca may have many certificates, as the system's file has. Each of them is trusted.");
        let (names, folder) = (names(lab, zone()), folder());
        let site = site(https());
        let url = format!("https://{NAME}:{}/", site.addr.port());
        let dns = names.addr.to_string();
        for file in ["first.pem", "last.pem"] {
            let file = folder.file(file);
            let ran = runs(lab, &["--dns", &dns, "--ca", &file, &url]);
            lab.same(
                "exit code and standard error",
                (ran.code, &ran.err[..]),
                (Some(0), ""),
            );
        }
    });
}

#[test]
fn s6_reports_come_at_once() {
    lab(|lab| {
        lab.why("The second server is silent. The report of the first page must be on standard output already.");
        let site = site(None);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let silent = listener.local_addr().expect("an address");
        let urls = [site.addr, silent].map(|addr| format!("http://{addr}/"));
        let args = ["--dns", "127.0.0.1:1", &urls[0], &urls[1]];
        let mut program = lab.program(PROGRAM, &args);
        program.expects_line("the last line of the first report", |line| {
            line.starts_with("total ")
        });
    });
}

#[test]
fn s6_standard_output_that_takes_nothing() {
    lab(|lab| {
        lab.why("A disk may be full. That is a failure and no panic; the other URL is still opened, and the files are still written.");
        let (names, folder) = (names(lab, zone()), folder());
        let site = site(None);
        let url = |path: &str| format!("http://{}{path}", site.addr);
        let (dns, out) = (names.addr.to_string(), folder.file("out"));
        let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
            lab.skip("a device that is always full, /dev/full");
        };
        let args = ["--dns", &dns, &url("/a"), &url("/b"), "--out", &out];
        let output = lab.output_into(full.into(), PROGRAM, &args, "");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        lab.same("exit code", output.status.code(), Some(1));
        lab.holds(
            !err.trim().is_empty() && !err.contains("panicked"),
            "what is wrong on standard error, and no panic",
            format!("{err:?}"),
        );
        lab.same_bytes(
            "what was written",
            &read(lab, &folder, "out"),
            &[body("/a"), body("/b")].concat(),
        );
    });
}
