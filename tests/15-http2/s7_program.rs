//! Step 7.

use std::cell::RefCell;
use std::io::{ErrorKind, Write};
use std::net::Ipv6Addr;
use std::time::{Duration, Instant};

use http2::{
    Command, FIRST_REQUESTS, Field, LINGER, MAX_BODY, MAX_CLIENTS, PREFACE, Response, parse_args,
    to_fields, to_request,
};
use netlab::{Folder, Lab, Program, Running, TcpServer, lab, words};

use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, GOAWAY, HEADERS, OK, PING, POST, RST_STREAM,
    data, fields, frame, framed, get, goaway, head, last_data, last_head, reset, settings,
    settings_ack, shown, window_update,
};
use super::program::{
    Ended, PROGRAM, ends, full, gets, getting, half_a_request, has_no_room, is_rid_of_clients,
    listens, memory, refuses, server, starts_getting, stops_and_goes_on, threads, url,
};
use super::site::{HUGE, huge_site, large, object, site};
use super::talk::{Talk, ask, ping, upload};

#[test]
fn s7_arguments() {
    lab(|lab| {
        lab.why("serve, a folder and a host have their order; the options may stand anywhere, and of one that is repeated the last counts. What is not named is the port 8080, IDLE and GRACE.");
        for (line, want) in [
            ("serve . 127.0.0.1", (".", "127.0.0.1", 8080, 10_000, 5000)),
            (
                "serve /srv/www ::1 -p 0",
                ("/srv/www", "::1", 0, 10_000, 5000),
            ),
            (
                "-p 65535 serve a localhost",
                ("a", "localhost", 65535, 10_000, 5000),
            ),
            ("serve -p 80 a b -p 81", ("a", "b", 81, 10_000, 5000)),
            ("serve -p +80 a b --idle +5", ("a", "b", 80, 5, 5000)),
            ("serve a --idle 1 b --grace 3", ("a", "b", 8080, 1, 3)),
            (
                "serve a b --idle 5 --idle 6 --grace 7 --grace 0",
                ("a", "b", 8080, 6, 0),
            ),
            ("serve get b", ("get", "b", 8080, 10_000, 5000)),
            (
                "serve a b --idle 5000000000 --grace 6000000000",
                ("a", "b", 8080, 5_000_000_000, 6_000_000_000),
            ),
        ] {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let Command::Serve(serve) = got else {
                lab.fails("a server", "something else");
            };
            let (dir, host, port, idle, grace) = want;
            lab.same(
                "folder, host and port",
                (&serve.dir[..], &serve.host[..], serve.port),
                (dir, host, port),
            );
            lab.same(
                "idle and grace",
                [serve.idle, serve.grace],
                [idle, grace].map(Duration::from_millis),
            );
        }
        for (line, want) in [
            ("get http://a", 1),
            ("get http://a http://b:80/c http://a", 3),
            ("get http://a http://a", 2),
        ] {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            let Command::Get(urls) = got else {
                lab.fails("URLs to get", "something else");
            };
            lab.same("how many URLs", urls.len(), want);
            lab.same("the first one's host", &urls[0].host[..], "a");
        }
        for line in [
            "-h",
            "--help",
            "serve --help",
            "get http:// -h",
            "serve a b -p x --help",
            "serve a b -p --help",
            "serve a --idle -h b",
        ] {
            let got = lab.ok(&format!("parse_args({line:?})"), || {
                parse_args(&words(line))
            });
            lab.same("help", matches!(got, Command::Help), true);
        }
    });
}

#[test]
fn s7_wrong_arguments() {
    lab(|lab| {
        lab.why("What cannot be meant is told to the person at once, before anything touches the network.");
        let cases = [
            "",
            "serve",
            "serve a",
            "serve a b c",
            "get",
            "a",
            "serve a b -p",
            "serve a b -p 65536",
            "serve a b -p http",
            "serve a b -p -1",
            "serve a b --idle 0",
            "serve a b --idle",
            "serve a b --idle 5s",
            "serve a b --idle -1",
            "serve a b --grace -1",
            "serve a b --grace",
            "serve a b --port 80",
            "serve a b -p80",
            "serve a b --",
            "serve a b --request 5",
            "get a",
            "get https://a",
            "get http://a b",
            "get http://a -p 80",
            "get http://a --idle 5",
            "get http://a --grace 5",
            "get -v http://a",
            "fetch http://a",
            "http://a",
            "serve - b",
            "Get http://a",
        ];
        lab.refuses_arguments(&cases, parse_args);
        for words in [
            &["serve", "a", "b", "-x\ny"][..],
            &["serve", "a", "b", "-p", "1\n2"],
            &["serve", "a", "b", "--idle", "1\n2"],
            &["serve", "a", "b", "--grace", "\n"],
            &["get", "a\nb"],
            &["\n"],
            &[""],
            &["get", ""],
            &["serve", "a", "b", ""],
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let wrong = lab.err(&format!("parse_args({words:?})"), || parse_args(&words));
            lab.because("A line end in an argument stays in the argument: what is wrong is said in one line, whatever is in it. An argument may be empty, too.").same(
                "lines of the error",
                wrong.trim_end().lines().count(),
                1,
            );
        }
    });
}

#[test]
fn s7_requests_for_chapter_13() {
    lab(|lab| {
        let shown = |fields: &[Field]| {
            let request = lab.you(&format!("to_request({})", shown(fields)), || {
                to_request(fields)
            });
            let lines: Vec<String> = request
                .head
                .fields
                .lines()
                .iter()
                .map(|(name, value)| {
                    format!("{}={}", name.to_ascii_lowercase(), value.escape_ascii())
                })
                .collect();
            (
                request.head.method,
                request.head.target,
                lines.join(" "),
                request.body.len(),
            )
        };
        for (why, lines, method, target, want) in [
            (
                "Method and path are those of the pseudo-header fields, and :authority becomes Host.",
                GET,
                "GET",
                "/",
                "host=a.example",
            ),
            (
                "The other fields stay, in their order.",
                &[
                    (":method", "HEAD"),
                    (":scheme", "http"),
                    (":path", "/a?b"),
                    (":authority", "x:81"),
                    ("b", "1"),
                    ("a", "2"),
                    ("te", "trailers"),
                    ("content-length", "3"),
                    ("expect", "100-continue"),
                ][..],
                "HEAD",
                "/a?b",
                "host=x:81 b=1 a=2 te=trailers content-length=3 expect=100-continue",
            ),
            (
                "A method is taken as it is: `get` is another one than GET, and it is for the application to say so.",
                &[
                    (":method", "get"),
                    (":scheme", "http"),
                    (":path", "/"),
                    (":authority", "x"),
                ],
                "get",
                "/",
                "host=x",
            ),
            (
                ":authority takes the place of Host, which must not be there twice (RFC 9113, section 8.3.1).",
                &[
                    (":method", "GET"),
                    (":scheme", "http"),
                    (":path", "/"),
                    (":authority", "A"),
                    ("x", "y"),
                    ("host", "a"),
                ],
                "GET",
                "/",
                "host=A x=y",
            ),
            (
                "Without :authority, host stays.",
                &[
                    (":method", "GET"),
                    (":scheme", "http"),
                    (":path", "/"),
                    ("x", "y"),
                    ("host", "a"),
                ],
                "GET",
                "/",
                "x=y host=a",
            ),
            (
                "HTTP/2 may cut a cookie into several fields. An application of HTTP/1.1 gets one, with a semicolon and a space between them (section 8.2.3).",
                &[
                    (":method", "GET"),
                    (":scheme", "http"),
                    (":path", "/"),
                    ("cookie", "a=1"),
                    ("x", "y"),
                    ("cookie", "b=2"),
                    ("cookie", "c=3"),
                ],
                "GET",
                "/",
                "cookie=a=1; b=2; c=3 x=y",
            ),
            (
                "A cookie that is empty is one as well.",
                &[
                    (":method", "GET"),
                    (":scheme", "http"),
                    (":path", "/"),
                    ("cookie", "a=1"),
                    ("cookie", ""),
                    ("cookie", "b=2"),
                ],
                "GET",
                "/",
                "cookie=a=1; ; b=2",
            ),
            (
                "A field may stand there several times, and every one stays.",
                &[
                    (":method", "GET"),
                    (":scheme", "http"),
                    (":path", "/"),
                    ("x", "1"),
                    ("y", "2"),
                    ("x", "3"),
                ],
                "GET",
                "/",
                "x=1 y=2 x=3",
            ),
            (
                "CONNECT has no path: its target is the authority.",
                &[(":method", "CONNECT"), (":authority", "a:443")],
                "CONNECT",
                "a:443",
                "host=a:443",
            ),
        ] {
            let got = shown(&fields(lines));
            lab.because(why).same(
                "method, target, fields and length",
                got,
                (method.to_owned(), target.to_owned(), want.to_owned(), 0),
            );
        }
        let mut secret = fields(GET);
        secret.push(Field::secret("authorization", "x"));
        let got = shown(&secret);
        lab.because("That no table may keep a field is for HPACK, and for a proxy that sends it on. The application gets it like any other.")
            .same("the fields", got.2, "host=a.example authorization=x".to_owned());
        let mut bytes = fields(GET);
        bytes.push(Field::new("x", [0xe4, 0xff, b'a']));
        let request = lab.you("to_request(a value that is no text)", || to_request(&bytes));
        lab.because("A value is bytes, and need not be UTF-8.")
            .same(
                "the value of x",
                request
                    .head
                    .fields
                    .lines()
                    .last()
                    .map(|(_, value)| value.clone()),
                Some(vec![0xe4, 0xff, b'a']),
            );
        lab.because("The application is one of HTTP/1.1.").same(
            "whether the version is 1.1",
            matches!(request.head.version, http1::Version::Http11),
            true,
        );
    });
}

#[test]
fn s7_answers_of_chapter_13() {
    lab(|lab| {
        for (why, status, lines, len, want) in [
            (
                ":status is the first field, and content-length says how long the content is.",
                200,
                &[("Content-Type", "text/plain")][..],
                5,
                ":status=200 content-type=text/plain content-length=5",
            ),
            (
                "A length that is there already is not believed.",
                200,
                &[("Content-Length", "9"), ("A", "b")],
                2,
                ":status=200 a=b content-length=2",
            ),
            (
                "What belongs to HTTP/1.1's connections is left out (RFC 9113, section 8.2.2).",
                404,
                &[
                    ("Connection", "close"),
                    ("X-A", "B"),
                    ("Keep-Alive", "5"),
                    ("Transfer-Encoding", "chunked"),
                    ("UPGRADE", "h2c"),
                    ("Proxy-Connection", "x"),
                ],
                0,
                ":status=404 x-a=B content-length=0",
            ),
            (
                "A field may stand there several times, and every one is sent.",
                200,
                &[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")],
                1,
                ":status=200 set-cookie=a=1 set-cookie=b=2 content-length=1",
            ),
            (
                "A status that has no content has no length.",
                204,
                &[("a", "b"), ("content-length", "0")],
                0,
                ":status=204 a=b",
            ),
            (
                "What is no field of the connection stays, also te and trailer.",
                206,
                &[("TE", "trailers"), ("Trailer", "x-sum"), ("Vary", "te")],
                3,
                ":status=206 te=trailers trailer=x-sum vary=te content-length=3",
            ),
            (
                "205 has no content either, and it says so with its length.",
                205,
                &[],
                0,
                ":status=205 content-length=0",
            ),
            (
                "304 has no content either, and no length (RFC 9110, section 15.4.5).",
                304,
                &[("Content-Length", "9"), ("etag", "x")],
                0,
                ":status=304 etag=x",
            ),
        ] {
            let mut response = Response::new(status, vec![b'x'; len]);
            for (name, value) in lines {
                response.fields.push(*name, *value);
            }
            let got = lab.you(&format!("to_fields(status {status}, {len} bytes)"), || {
                to_fields(&response)
            });
            lab.because(why)
                .same("the fields", shown(&got), want.to_owned());
        }
        let mut response = Response::new(200, b"");
        response.fields.push("x", [0xe4, 0xff, b'a']);
        let got = lab.you("to_fields(a value that is no text)", || {
            to_fields(&response)
        });
        lab.because("A value is bytes, and need not be UTF-8.")
            .same(
                "the value of x",
                got.iter()
                    .find(|field| field.name == b"x")
                    .map(|field| field.value.clone()),
                Some(vec![0xe4, 0xff, b'a']),
            );
    });
}

#[test]
fn s7_serve_gives_files() {
    lab(|lab| {
        let folder = site();
        let (program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[]);
        talk.sends(
            "requests",
            &[
                ask(1, "GET", "/a.txt"),
                ask(3, "GET", "/"),
                ask(5, "GET", "/none"),
                ask(7, "GET", "/../a.txt"),
                ask(9, "GET", "/empty.txt"),
            ]
            .concat(),
        );
        lab.why("Chapter 13's files, over HTTP/2.");
        let (all, _) = talk.answers(&[1, 3, 5, 7, 9]);
        all[&1].is(lab, 200, b"alpha");
        all[&1].has(lab, "content-type=text/plain; charset=utf-8");
        all[&1].has(lab, "content-length=5");
        all[&3].is(lab, 200, b"<h1>hello</h1>");
        all[&3].has(lab, "content-type=text/html");
        all[&5].has(lab, ":status=404");
        all[&9].is(lab, 200, b"");
        all[&9].has(lab, "content-length=0");
        lab.why("The answer to HEAD has the fields of the one to GET, and no content.");
        let got = talk.gets(11, "HEAD", "/a.txt");
        got.is(lab, 200, b"");
        got.has(lab, "content-length=5");
        let mut bytes = upload(13);
        for _ in 0..10 {
            bytes.extend(window_update(0, 1));
            bytes.extend(data(13, &[b'x'; 4000]));
        }
        bytes.extend(last_data(13, b""));
        talk.sends("POST with content", &bytes);
        lab.why(
            "Another method is answered when its content has come, and the content is forgotten.",
        );
        let got = talk.answer(13);
        got.has(lab, ":status=405");
        got.has(lab, "allow=GET, HEAD");
        talk.peer.half_closes();
        talk.ends_well("A client that has ended its side has got what it has asked for. The server closes; it may say GOAWAY before.");
        program.is_interrupted();
        lab.because("Ctrl-C ends the server.")
            .same("the exit code", program.exits().code, Some(0));
    });
}

#[test]
fn s7_serve_takes_turns() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[(4, 1 << 20)]);
        talk.sends(
            "WINDOW_UPDATE, and two requests at once",
            &[
                window_update(0, 1 << 20),
                ask(1, "GET", "/large.bin"),
                ask(3, "GET", "/large.bin"),
            ]
            .concat(),
        );
        let (all, turns) = talk.answers(&[1, 3]);
        for stream in [1, 3] {
            lab.why("Both get all of the file.");
            all[&stream].is(lab, 200, &large());
            all[&stream].has(lab, "content-length=300000");
        }
        let first_of_3 = turns.iter().position(|stream| *stream == 3);
        let last_of_1 = turns.iter().rposition(|stream| *stream == 1);
        lab.because(
            "Two answers on one connection take turns: neither waits for the end of the other.",
        )
        .holds(
            first_of_3 < last_of_1,
            "DATA of both streams in between",
            format!("the streams of the DATA frames: {turns:?}"),
        );
        let streams: Vec<u32> = (0..30).map(|n| 2 * n + 5).collect();
        let asks: Vec<u8> = streams
            .iter()
            .flat_map(|stream| ask(*stream, "GET", &format!("/o{}.bin", (stream - 5) / 2)))
            .collect();
        talk.sends("thirty requests at once", &asks);
        let (all, _) = talk.answers(&streams);
        for (n, stream) in streams.iter().enumerate() {
            lab.why("Thirty objects over one connection.");
            all[stream].is(lab, 200, &object(n));
        }
    });
}

#[test]
fn s7_serve_a_slow_stream() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[(4, 10)]);
        talk.sends(
            "a request for a large file, and one for a small one",
            &[ask(1, "GET", "/large.bin"), ask(3, "GET", "/a.txt")].concat(),
        );
        let (mut all, _) = talk.answers(&[3]);
        all[&3].is(
            &lab.because("Stream 1 has no window for its file. The other does not wait for it."),
            200,
            b"alpha",
        );
        let mut content = all.remove(&1).unwrap_or_default().content;
        lab.because("A window of ten bytes is for ten bytes, however long the file is.")
            .holds(
                content.len() <= 10,
                "ten bytes at most",
                format!("{} bytes", content.len()),
            );
        talk.sends(
            "a window for the rest",
            &[window_update(0, 1 << 20), window_update(1, 1 << 20)].concat(),
        );
        content.extend(talk.answer(1).content);
        lab.because("With a window the rest comes.").holds(
            content == large(),
            "the file",
            format!("{} bytes that are not", content.len()),
        );
        talk.sends("GOAWAY", &goaway(0, 0));
        talk.ends_well("A client that leaves, and no stream is open: the server closes. It may say GOAWAY as well.");
    });
}

#[test]
fn s7_serve_refuses_http1() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        for (what, more, why) in [
            (
                "a request of HTTP/1.1",
                0,
                "A client of HTTP/1.1 has no preface: GOAWAY, and the end. It must arrive: a socket that is closed with unread bytes sends a reset, which can overtake it.",
            ),
            (
                "a request of HTTP/1.1, and 400 000 bytes more",
                400_000,
                "The server goes on reading for LINGER, so that nothing is left unread when it closes. Otherwise its system resets the connection, and the client may never read GOAWAY.",
            ),
        ] {
            let mut talk = Talk::new(lab, lab.connect(addr));
            let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
            talk.sends(what, &[&request[..], &vec![b'x'; more]].concat());
            talk.is_sent_away(why, "PROTOCOL_ERROR");
        }
        let mut other = Talk::begin(lab, addr, &[]);
        let got = other.gets(1, "GET", "/a.txt");
        got.is(&lab.because("The others are served."), 200, b"alpha");
    });
}

#[test]
fn s7_serve_hostile_clients() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let long = vec![0; 16_384];
        for (what, bytes, code) in [
            ("a flood of PING", ping().repeat(1500), "ENHANCE_YOUR_CALM"),
            (
                "a flood of SETTINGS",
                settings(&[]).repeat(1500),
                "ENHANCE_YOUR_CALM",
            ),
            (
                "rapid resets",
                (0..150)
                    .flat_map(|n| {
                        [ask(2 * n + 1, "GET", "/large.bin"), reset(2 * n + 1, 8)].concat()
                    })
                    .collect(),
                "ENHANCE_YOUR_CALM",
            ),
            (
                "a block without end",
                [
                    frame(HEADERS, 0, 1, &long),
                    frame(CONTINUATION, 0, 1, &long),
                ]
                .concat(),
                "ENHANCE_YOUR_CALM",
            ),
            (
                "a frame that is too long",
                framed(DATA, 0, 1, 16_385, b""),
                "FRAME_SIZE_ERROR",
            ),
            ("a request on an even stream", get(2), "PROTOCOL_ERROR"),
            (
                "a block that cannot be read",
                frame(HEADERS, END_HEADERS, 1, &[0x80]),
                "COMPRESSION_ERROR",
            ),
        ] {
            let mut talk = Talk::begin(lab, addr, &[]);
            talk.sends(what, &bytes);
            talk.is_sent_away(
                "Each fault has its code, and ends the connection (RFC 9113, section 5.4.1).",
                code,
            );
        }
        let mut talk = Talk::begin(lab, addr, &[]);
        talk.sends(
            "a malformed request, and a request",
            &[last_head(1, &GET[..3]), ask(3, "GET", "/a.txt")].concat(),
        );
        let reset = loop {
            let frame = talk.frame();
            if frame.kind == RST_STREAM {
                break frame.words();
            }
        };
        lab.because("A malformed request is an error of its stream.")
            .same(
                "the frame",
                reset,
                "RST_STREAM on 1: PROTOCOL_ERROR".to_owned(),
            );
        lab.why("The others are served.");
        talk.answer(3).is(lab, 200, b"alpha");
    });
}

#[test]
fn s7_serve_a_client_that_does_not_read() {
    lab(|lab| {
        let folder = Folder::new()
            .with("a.txt", "alpha")
            .with("huge.bin", vec![b'x'; 3 << 20]);
        let (program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[(4, 0)]);
        let asks: Vec<u8> = (0..90)
            .flat_map(|n| ask(2 * n + 1, "GET", "/huge.bin"))
            .collect();
        talk.sends(
            "ninety requests for three megabytes each, and no window",
            &asks,
        );
        let mut other = Talk::begin(lab, addr, &[]);
        let got = other.gets(1, "GET", "/a.txt");
        got.is(&lab.because("Other connections are served."), 200, b"alpha");
        talk.sends("PING", &ping());
        while talk.frame().kind != PING {}
        lab.note("the answer to PING has come: all requests were read before");
        let is_small = |why| {
            let Some(kilobytes) = memory(&program) else {
                return lab.note("this system does not tell how much memory a program has");
            };
            lab.because(why).holds(
                kilobytes < 40_000,
                "less than 40 MB",
                format!("{} MB", kilobytes / 1000),
            );
        };
        is_small(
            "Ninety answers of three megabytes are 270 megabytes that nobody may have. No more than MAX_QUEUED and one file wait for one client: the other requests are not looked at yet.",
        );
        let wide = Talk::begin_as(lab, lab.connect_narrow(addr), WIDE);
        wide.sends(
            "ninety such requests, and windows for all that they ask for",
            &[&window_update(0, (1 << 31) - 1 - 65_535)[..], &asks].concat(),
        );
        program.settles();
        lab.note("the client does not read: the server waits in a write");
        is_small(
            "The windows let all of it go, but TCP does not. What is pending is written piece by piece; collected before the first write, it would be 270 megabytes.",
        );
    });
}

#[test]
fn s7_serve_forgets_what_is_reset() {
    lab(|lab| {
        let folder = huge_site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[(4, 0)]);
        talk.sends(
            "a request for MAX_QUEUED bytes, three for a small file, and no window",
            &[
                ask(1, "GET", "/huge.bin"),
                ask(3, "GET", "/a.txt"),
                ask(5, "GET", "/a.txt"),
                ask(7, "GET", "/a.txt"),
            ]
            .concat(),
        );
        talk.sends(
            "RST_STREAM on 5, and then on 1",
            &[reset(5, 8), reset(1, 8)].concat(),
        );
        talk.sends(
            "windows for 3 and 7",
            &[window_update(3, 5), window_update(7, 5)].concat(),
        );
        let why = "Content that nobody wants any more makes room for the next answers. What is reset is one request: the others stay.";
        lab.if_stuck(why);
        lab.why(why);
        let (all, _) = talk.answers(&[3, 7]);
        for stream in [3, 7] {
            all[&stream].is(lab, 200, b"alpha");
        }
    });
}

#[test]
fn s7_serve_is_patient_for_a_while() {
    lab(|lab| {
        let folder = huge_site();
        let (_program, addr) = server(lab, folder.path(), &["--idle", "300"]);
        let mut slow = Talk::begin_as(lab, lab.connect_narrow(addr), WIDE);
        asks_for_much(&slow);
        let mut talk = Talk::begin(lab, addr, &[]);
        let mut sending = Talk::begin(lab, addr, &[]);
        let mut silent = Talk::new(lab, lab.connect(addr));
        lab.note("one client reads a little of a large file at a time, one sends a little at a time, and the others do nothing");
        let sends_all_the_time = "This client has got nothing for so long, but it has sent something all the time: the idle time begins anew with whatever comes. It is still served.";
        lab.why(sends_all_the_time);
        let (slowly, began) = (RefCell::new(&mut slow), Instant::now());
        while silent.frame().kind != GOAWAY {
            let look = || {
                // Five megabytes a second: the file lasts longer than the others do.
                let most = began.elapsed().as_micros() as usize * 5;
                slowly.borrow_mut().sips(most);
                sending.sends(
                    "a frame of a type that nobody knows",
                    &frame(0xbb, 0, 0, b""),
                );
                silent.has_come()
            };
            lab.until("a frame for a client that does nothing", look, |come| *come);
        }
        talk.is_sent_away("A client from which nothing comes is told that no more is taken, and the connection ends: NO_ERROR, since silence is no fault.", "NO_ERROR");
        silent.ends_well("So is one that has never said anything.");
        lab.why("This client has sent nothing for so long, but it has read: what could be sent to it counts as well. Its download goes on.");
        slow.answer(1).is(lab, 200, &vec![0; HUGE]);
        sending.sends("PING", &ping());
        lab.why(sends_all_the_time);
        while sending.frame().kind != PING {}
    });
}

#[test]
fn s7_serve_cannot_begin() {
    lab(|lab| {
        let folder = site();
        let file = folder.path().join("a.txt");
        let other = lab.tcp_server("another server");
        let taken = other.addr().port().to_string();
        for (why, dir, host, port) in [
            (
                "A folder that is none.",
                "/no/such/folder",
                "127.0.0.1",
                "0",
            ),
            ("A host that is none.", ".", "no-such-host.invalid", "0"),
            (
                "Another server has this port. A server at another port than the one that was asked for is found by nobody.",
                ".",
                "127.0.0.1",
                &taken,
            ),
            (
                "A file is no folder. Nobody is served from it, so the program fails before it says that it listens.",
                &file.to_string_lossy(),
                "127.0.0.1",
                "0",
            ),
        ] {
            lab.if_stuck(why);
            let end = ends(lab, &["serve", dir, host, "-p", port]);
            lab.because(format!("{why} Standard output is for what was asked for; standard error says what is wrong.")).same(
                "the exit code, bytes on standard output, whether standard error says anything",
                (end.code, end.stdout.len(), !end.stderr.is_empty()),
                (Some(1), 0, true),
            );
        }
    });
}

#[test]
fn s7_cli_help_and_wrong_arguments() {
    lab(|lab| {
        let end = ends(lab, &["--help"]);
        lab.because("Who asks for help gets it on standard output, and has done nothing wrong.")
            .same(
                "the exit code, and whether it is there",
                (end.code, end.text().contains("usage: ch15 serve")),
                (Some(0), true),
            );
        for args in [&["serve"][..], &[], &["get", "ftp://a"]] {
            let end = ends(lab, args);
            lab.because(
                "Wrong arguments are exit code 2, and standard error says what would be right.",
            )
            .same(
                "the exit code, usage on standard error, bytes on standard output",
                (
                    end.code,
                    end.stderr.contains("usage: ch15 serve"),
                    end.stdout.len(),
                ),
                (Some(2), true, 0),
            );
        }
    });
}

#[test]
fn s7_cli_says_what_is_wrong() {
    lab(|lab| {
        for args in [&["serve"][..], &[], &["get", "ftp://a"]] {
            let end = ends(lab, args);
            let words: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            let wrong = lab.err(&format!("parse_args({args:?})"), || parse_args(&words));
            let before = end.stderr.split("usage: ch15").next().unwrap_or_default();
            lab.because("In front of the usage, standard error says what is wrong, in the words of parse_args. The usage alone would leave that to a guess.").holds(
                before.contains(wrong.trim_end()),
                format!("{:?} in front of the usage", wrong.trim_end()),
                format!("{:?}", end.stderr),
            );
        }
    });
}

#[test]
fn s7_ctrl_c_ends_serve() {
    lab(|lab| {
        let folder = site();
        let (program, addr) = server(lab, folder.path(), &["--grace", "100"]);
        let mut talk = Talk::begin(lab, addr, &[]);
        let _ = talk.gets(1, "GET", "/a.txt");
        program.is_interrupted();
        lab.because("Ctrl-C ends the server when the grace is over, though a client is there.")
            .same("the exit code", program.exits().code, Some(0));
    });
}

#[test]
fn s7_get_from_serve() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut urls = ["/a.txt", "/large.bin", "/empty.txt"]
            .map(|path| url(addr, path))
            .to_vec();
        urls.extend((0..30).map(|n| url(addr, &format!("/o{n}.bin"))));
        let mut want = [&b"alpha"[..], &large()].concat();
        want.extend((0..30).flat_map(object));
        lab.if_stuck("One of the files is longer than the windows: content that was used up has to be given back (H2::consumed), and WINDOW_UPDATE has to be sent.");
        let end = gets(lab, &urls);
        lab.because("Whatever comes first, it is printed in the order of the URLs.")
            .same(
                "the exit code, and whether it is all of it",
                (end.code, end.stdout == want),
                (Some(0), true),
            );
        let end = gets(lab, &["/a.txt", "/none", "/"].map(|path| url(addr, path)));
        let why = "A status other than 2xx is a failure: standard error tells it with its URL, standard output gets nothing of it, and the others are fetched all the same.";
        lab.because(why).same(
            "the exit code, and standard output",
            (end.code, end.text()),
            (Some(1), "alpha<h1>hello</h1>".to_owned()),
        );
        lab.because(why).holds(
            end.stderr.contains("404") && end.stderr.contains("/none"),
            "404 and /none on standard error",
            format!("{:?}", end.stderr),
        );
    });
}

#[test]
fn s7_get_uses_one_connection() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let addr = server.addr();
        let program = getting(lab, &["/a", "/b?c", "/a"].map(|path| url(addr, path)));
        let mut talk = Talk::accepts(lab, &server);
        talk.answers_with("nothing yet", b"");
        // The order of the pseudo-header fields means nothing.
        let sorted = |fields: &str, stream: u32| {
            let mut fields: Vec<&str> = fields.split(' ').take(4).collect();
            fields.sort_unstable();
            format!("{} on {stream}", fields.join(" "))
        };
        let mut asked = Vec::new();
        while asked.len() < 3 {
            let frame = talk.frame();
            if frame.kind == HEADERS {
                asked.push(sorted(&talk.fields(&frame), frame.stream));
            }
        }
        let want = [("/a", 1), ("/b?c", 3), ("/a", 5)].map(|(path, stream)| {
            let line = format!(":method=GET :scheme=http :authority={addr} :path={path}");
            sorted(&line, stream)
        });
        let names_the_port = |line: &String| line.contains(&format!(":authority={addr} "));
        lab.because(":authority has the port where it is not 80: a server may have other sites at other ports (RFC 9113, section 8.3.1).").holds(
            asked.iter().all(names_the_port),
            format!(":authority={addr} in each request"),
            asked.join(", "),
        );
        lab.because("URLs of one host and port share one connection, and all are asked for before the first answer has come: that is what HTTP/2 is for.").same("the requests", asked, want.to_vec());
        let answers = [
            head(5, OK),
            head(1, OK),
            data(5, b"three"),
            head(3, &[(":status", "103")]),
            head(3, OK),
            data(1, b"o"),
            last_data(3, b"two "),
            last_data(5, b""),
            last_data(1, b"ne "),
        ]
        .concat();
        talk.sends("three answers, mixed", &answers);
        let end = program.returns();
        lab.because("Answers come in any order, in pieces that are mixed. Each is told by its stream, and printed in its turn.").same("the exit code, and the content", (end.code, &end.text()[..]), (Some(0), "one two three"));
    });
}

/// What `get` makes of these bytes from a server that it has asked for these paths.
fn answered(lab: &Lab, paths: &[&str], what: &str, answer: &[u8]) -> Ended {
    let server = lab.tcp_server("server");
    let urls: Vec<String> = paths.iter().map(|path| url(server.addr(), path)).collect();
    let program = getting(lab, &urls);
    let mut talk = Talk::accepts(lab, &server);
    let _ = talk.requests(paths.len());
    talk.answers_with(what, answer);
    program.returns()
}

#[test]
fn s7_get_tells_what_failed() {
    lab(|lab| {
        let fine = [head(3, OK), last_data(3, b"fine")].concat();
        for (what, answer, word) in [
            (
                "RST_STREAM on 1, and an answer on 3",
                [&reset(1, 2)[..], &fine].concat(),
                "INTERNAL_ERROR",
            ),
            (
                "a malformed answer on 1, and one on 3",
                [&head(1, &[("a", "b")])[..], &fine].concat(),
                "PROTOCOL_ERROR",
            ),
            (
                "500 on 1, and an answer on 3",
                [&last_head(1, &[(":status", "500")])[..], &fine].concat(),
                "500",
            ),
            (
                "a torn answer on 1 behind one on 3",
                [
                    &fine[..],
                    &head(1, &[(":status", "200"), ("content-length", "9")]),
                    &last_data(1, b"half"),
                ]
                .concat(),
                "PROTOCOL_ERROR",
            ),
            (
                "GOAWAY, and an answer on 3 before",
                [&fine[..], &goaway(0, 0)].concat(),
                "REFUSED_STREAM",
            ),
        ] {
            let end = answered(lab, &["/a", "/b"], what, &answer);
            lab.because(
                "What fails is one stream: the other is printed, and standard error says why.",
            )
            .same(
                "the exit code, the content, whether the URL and the reason are told",
                (
                    end.code,
                    &end.text()[..],
                    end.stderr.contains("/a") && end.stderr.contains(word),
                ),
                (Some(1), "fine", true),
            );
        }
    });
}

#[test]
fn s7_get_needs_all_of_an_answer() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let program = getting(lab, &[url(server.addr(), "/a")]);
        let talk = Talk::accepts(lab, &server);
        talk.answers_with(
            "half of an answer",
            &[head(1, OK), data(1, b"half")].concat(),
        );
        talk.peer.half_closes();
        let end = program.returns();
        lab.because("The connection has ended, and the stream has not: half of an answer is none.")
            .same(
                "the exit code, and the content",
                (end.code, &end.text()[..]),
                (Some(1), ""),
            );
        let program = getting(lab, &[url(server.addr(), "/a")]);
        let mut talk = Talk::accepts(lab, &server);
        talk.sends(
            "HTTP/1.1",
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        );
        talk.is_told("A server that does not speak HTTP/2 is told so: its letters are no length that was announced.", "FRAME_SIZE_ERROR");
        let end = program.returns();
        lab.because("And it is a failure.")
            .same("the exit code", end.code, Some(1));
    });
}

#[test]
fn s7_get_from_nobody() {
    lab(|lab| {
        let refused = lab.refused();
        let end = gets(lab, &[url(refused.addr(), "/a")]);
        lab.because("Nobody is there: that is told, with the URL.")
            .same(
                "the exit code, bytes on standard output, whether the URL is told",
                (end.code, end.stdout.len(), end.stderr.contains("/a")),
                (Some(1), 0, true),
            );
    });
}

/// The windows of a client that wants everything at once.
const WIDE: &[(u16, u32)] = &[(4, (1 << 31) - 1)];

/// A client that has asked for [`HUGE`] bytes, may have them all, and does not read. The server waits in a write.
fn does_not_read(lab: &Lab, folder: &Folder) -> (Program, Talk) {
    let (program, addr) = server(lab, folder.path(), &["--idle", "60000"]);
    let talk = Talk::begin_as(lab, lab.connect_narrow(addr), WIDE);
    asks_for_much(&talk);
    lab.until(
        "the content to begin",
        || talk.peer.stream().peek(&mut [0; 2000]).unwrap_or(0),
        |len| *len > 1000,
    );
    program.settles();
    lab.note("the client does not read: the server waits in a write");
    (program, talk)
}

fn asks_for_much(talk: &Talk) {
    talk.sends(
        "wide windows, and a request for four megabytes",
        &[
            window_update(0, (1 << 31) - 1 - 65_535),
            ask(1, "GET", "/huge.bin"),
        ]
        .concat(),
    );
}

/// 300 long frames of a type that nobody knows: bytes that are read, and mean nothing. In front of them is a request, so
/// that they are no flood.
fn unknown_behind(stream: u32) -> Vec<u8> {
    let frames = frame(0xbb, 0, 0, &[0; 16_384]).repeat(300);
    [ask(stream, "HEAD", "/a.txt"), frames].concat()
}

/// A request, and nearly as many PINGs as make a flood, for each of these streams.
fn pings(streams: &[u32], method: &'static str, path: &str) -> Vec<u8> {
    let ask = |stream: &u32| [ask(*stream, method, path), ping().repeat(PINGS)].concat();
    streams.iter().flat_map(ask).collect()
}

const PINGS: usize = 950;

#[test]
fn s7_serve_says_the_address_it_has() {
    lab(|lab| {
        let folder = site();
        let dir = folder.path().to_string_lossy().into_owned();
        let mut program = lab.program(PROGRAM, &["serve", &dir, "localhost", "-p", "0"]);
        let addr = listens(lab, &mut program);
        lab.because("A name such as localhost may have several addresses. Whoever reads the line wants to know which one the server has taken.")
            .holds(addr.ip().is_loopback(), "an address of this machine", addr);
    });
}

#[test]
fn s7_serve_a_byte_at_a_time() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let peer = lab.connect(addr);
        let bytes = [
            &PREFACE[..],
            &settings(&[]),
            &settings_ack(),
            &ask(1, "GET", "/a.txt"),
        ];
        peer.dribbles(&bytes.concat());
        lab.why("TCP gives bytes in any pieces. A read gives as many as there are, and the rest of its buffer is no part of the stream.");
        let got = Talk::new(lab, peer).answer(1);
        got.is(lab, 200, b"alpha");
    });
}

#[test]
fn s7_serve_answers_when_a_request_is_whole() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[]);
        let why = "The request goes on: it has no end yet. It is answered when it has come whole.";
        talk.sends("the head of a request, with content to come", &upload(1));
        talk.hears_nothing_on(1, why);
        talk.sends("a byte of the content", &data(1, b"x"));
        talk.hears_nothing_on(1, why);
        talk.sends("the end of the content", &last_data(1, b"y"));
        lab.why("Now it is whole.");
        talk.answer(1).has(lab, ":status=405");
        talk.sends(
            "a request whose trailers are its end",
            &[
                &upload(3)[..],
                &data(3, b"x"),
                &last_head(3, &[("x-sum", "1")]),
            ]
            .concat(),
        );
        lab.why("Trailers end a request as well (RFC 9113, section 8.1).");
        talk.answer(3).has(lab, ":status=405");
    });
}

#[test]
fn s7_serve_takes_a_long_upload() {
    const LONG: usize = 16 << 20;
    lab(|lab| {
        let folder = site();
        let (program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[]);
        let before = memory(&program);
        talk.sends("the head of a request", &upload(1));
        talk.uploads(1, LONG, 65_535, "Content that was used up has to be given back: else each side waits for the other (RFC 9113, section 5.2).");
        if let Some((before, after)) = before.zip(memory(&program)) {
            lab.because("The content is used up and forgotten. Nobody wants it, and a request may have as much of it as it likes.").holds(
                after < before + 8000,
                "no more than 8 MB more than before the request",
                format!("{} kB more", after.saturating_sub(before)),
            );
        }
        talk.sends("the end", &last_data(1, b""));
        lab.why("Sixteen megabytes are more than any window here. The content is used up and forgotten, so its window is given back.");
        talk.answer(1).has(lab, ":status=405");
    });
}

#[test]
fn s7_serve_forty_streams_without_a_window() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[(4, 0)]);
        let stream = |n: u32| 2 * n + 1;
        let asks: Vec<u8> = (0..40)
            .flat_map(|n| {
                let path = if n < 13 { "/large.bin" } else { "/a.txt" };
                ask(stream(n), "GET", path)
            })
            .collect();
        talk.sends("forty requests, and no window", &asks);
        let why = "None of the forty has a window, and all of them together are 3.9 megabytes, which is less than MAX_QUEUED. Streams do not wait for each other, so the last one, for a file without content, is answered.";
        lab.if_stuck(why);
        lab.why(why);
        talk.gets(81, "GET", "/empty.txt").is(lab, 200, b"");
        let small: Vec<u32> = (13..40).map(stream).collect();
        let updates: Vec<u8> = small.iter().flat_map(|n| window_update(*n, 5)).collect();
        talk.sends("a window of five bytes for each of 27", &updates);
        let (all, _) = talk.answers(&small);
        lab.because("With a window each goes on.").same(
            "content of five bytes",
            all.values().filter(|got| got.content == b"alpha").count(),
            27,
        );
    });
}

#[test]
fn s7_serve_reads_while_it_writes() {
    lab(|lab| {
        let folder = huge_site();
        let (_program, mut talk) = does_not_read(lab, &folder);
        lab.if_stuck("a server that does not read while it writes, or while less than MAX_UNSENT bytes besides content wait");
        talk.sends(
            "2850 PINGs, whose answers are less than MAX_UNSENT, and 300 frames of a type that nobody knows",
            &[pings(&[3, 5, 7], "HEAD", "/a.txt"), unknown_behind(9)].concat(),
        );
        lab.note("they are more than two sockets hold: the server has read them meanwhile");
        lab.why("What is written and what is read do not wait for each other.");
        talk.answer(1).is(lab, 200, &vec![0; HUGE]);
    });
}

#[test]
fn s7_serve_goes_on_when_it_was_stopped() {
    lab(|lab| {
        let folder = huge_site();
        let (program, mut talk) = does_not_read(lab, &folder);
        stops_and_goes_on(lab, &program);
        lab.why("Ctrl-Z and `fg` interrupt calls that have a time-out: a read with an error that is none, and a write when it has taken a part (signal(7)). The rest is still to be written.");
        talk.answer(1).is(lab, 200, &vec![0; HUGE]);
        program.settles();
        stops_and_goes_on(lab, &program);
        lab.why("A read that was interrupted has read nothing, and is done again.");
        talk.gets(3, "GET", "/a.txt").is(lab, 200, b"alpha");
    });
}

#[test]
fn s7_serve_does_not_collect_answers() {
    lab(|lab| {
        let folder = huge_site();
        let (program, mut talk) = does_not_read(lab, &folder);
        // What one write holds does not wait any more, so these are more than MAX_UNSENT twice.
        let streams: Vec<u32> = (1..13).map(|n| 2 * n + 1).collect();
        let flood = [pings(&streams, "HEAD", "/a.txt"), unknown_behind(27)].concat();
        let len = flood.len();
        let sent = sends_what_goes(&talk, &flood, &program);
        lab.because("Each PING has an answer of 17 bytes, and the client reads none of the 11 400. When MAX_UNSENT bytes wait for it, the server does not read from it any more, and TCP holds the client back.").holds(
            sent < len,
            "a part of what the client sends to be taken",
            format!("all {len} bytes of it"),
        );
        lab.because("There is nothing to do until the client reads. A server that looks again and again whether there is room keeps a processor busy with it.")
            .holds(program.settles(), "the server to wait", "it goes on working");
        let rest = talk.peer.starts_sending(flood[sent..].to_vec());
        let (mut pongs, mut open) = (0, 2 + streams.len());
        while open > 0 || pongs < PINGS * streams.len() {
            let frame = talk.frame();
            lab.because("Now the client reads: everything is answered.")
                .holds(
                    !matches!(frame.kind, GOAWAY | RST_STREAM),
                    "the answers to all of it",
                    frame.words(),
                );
            pongs += usize::from(frame.kind == PING);
            open -= usize::from(frame.kind <= HEADERS && frame.flags & END_STREAM != 0);
        }
        rest.returns();
    });
}

/// Sends as much as goes without waiting, until the program waits as well. Gives how much that was.
fn sends_what_goes(talk: &Talk, bytes: &[u8], program: &Program) -> usize {
    let mut stream = talk.peer.stream();
    stream.set_nonblocking(true).expect("non-blocking mode");
    let mut sent = 0;
    let mut was_full = false;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(n) => {
                sent += n;
                was_full = false;
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock && !was_full => {
                program.settles();
                was_full = true;
            }
            Err(_) => break,
        }
    }
    stream.set_nonblocking(false).expect("blocking mode");
    sent
}

#[test]
fn s7_serve_gives_up_on_clients() {
    lab(|lab| {
        let folder = huge_site();
        let (program, addr) = server(lab, folder.path(), &["--idle", "100"]);
        program.settles();
        let before = threads(&program);
        let mut waiting = Talk::begin(lab, addr, &[(4, 3)]);
        waiting.sends(
            "a request, and a window of three bytes",
            &ask(1, "GET", "/a.txt"),
        );
        let [deaf, asking] = [(); 2].map(|()| {
            let talk = Talk::begin_as(lab, lab.connect_narrow(addr), WIDE);
            asks_for_much(&talk);
            talk
        });
        lab.note("one of these clients sends more requests, and PINGs between them");
        let streams: Vec<u32> = (1..8).map(|n| 2 * n + 1).collect();
        // The server may give it up before it has sent all of them.
        let _ = asking
            .peer
            .stream()
            .write_all(&pings(&streams, "GET", "/huge.bin"));
        let why = "A stream that waits for a window keeps nobody: nothing comes, and nothing can be sent, for the idle time.";
        waiting.is_told(why, "NO_ERROR");
        waiting.ends_well(why);
        lab.note("the clients stay, and do not read");
        lab.if_stuck("a write, or a wait for room, that lasts as long as the client likes");
        is_rid_of_clients(lab, &program, before);
        drop(deaf);
    });
}

#[test]
fn s7_serve_lingers() {
    lab(|lab| {
        let folder = site();
        let (program, addr) = server(lab, folder.path(), &["--idle", "60000"]);
        for (what, bytes, code) in [
            (
                "no preface",
                b"GET / HTTP/1.1\r\n\r\n".to_vec(),
                Some("PROTOCOL_ERROR"),
            ),
            (
                "a request on an even stream",
                [&PREFACE[..], &settings(&[]), &get(2)].concat(),
                Some("PROTOCOL_ERROR"),
            ),
            (
                "a whole conversation, and GOAWAY",
                [&PREFACE[..], &settings(&[]), &settings_ack(), &goaway(0, 0)].concat(),
                None,
            ),
        ] {
            let mut talk = Talk::new(lab, lab.connect(addr));
            talk.sends(what, &bytes);
            program.settles();
            lab.note("the connection is over, and the client has not heard of it yet");
            let why = "The client was still sending when the connection was over. The server reads that for a while, and throws it away: a socket that is closed with unread bytes sends a reset, and what was written last may be lost with it.";
            lab.why(why);
            talk.sends("two megabytes more", &[b'x'; 2 << 20]);
            match code {
                Some(code) => talk.is_sent_away(why, code),
                None => talk.ends_well(why),
            }
        }
        program.settles();
        let before = threads(&program);
        let is_quick = (0..3).any(|_| {
            let begun = Instant::now();
            let mut talk = Talk::new(lab, lab.connect(addr));
            talk.sends("no preface", b"GET / HTTP/1.1\r\n\r\n");
            talk.is_sent_away("No preface.", "PROTOCOL_ERROR");
            talk.peer.closes();
            is_rid_of_clients(lab, &program, before);
            begun.elapsed() < LINGER
        });
        lab.because("LINGER is for a client that stays. When one has gone, there is nothing to wait for, and its place is free at once.")
            .holds(is_quick, "its thread to end before LINGER is over", "an end behind LINGER, three times");
    });
}

#[test]
fn s7_serve_does_not_linger_for_ever() {
    lab(|lab| {
        let folder = site();
        let (program, addr) = server(lab, folder.path(), &["--idle", "100"]);
        program.settles();
        let before = threads(&program);
        let mut talk = Talk::new(lab, lab.connect(addr));
        talk.sends("no preface", b"GET / HTTP/1.1\r\n\r\n");
        talk.is_sent_away("No preface.", "PROTOCOL_ERROR");
        let sends = talk.peer.drips(b'x', Duration::from_millis(5));
        lab.if_stuck("a client that goes on sending when the connection is over has LINGER, or the idle time, and no more");
        is_rid_of_clients(lab, &program, before);
        sends.returns();
    });
}

#[test]
fn s7_serve_finishes_before_it_leaves() {
    lab(|lab| {
        let folder = site();
        let (program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[]);
        let why = "GOAWAY says that the client takes no new streams of the server's. What it has asked for goes on (RFC 9113, section 6.8).";
        lab.why(why);
        talk.sends(
            "a request for a large file, the head of another request, and GOAWAY",
            &[ask(1, "GET", "/large.bin"), upload(3), goaway(0, 0)].concat(),
        );
        program.settles();
        talk.sends(
            "windows",
            &[window_update(0, 1 << 20), window_update(1, 1 << 20)].concat(),
        );
        talk.sends("the content of the other", &last_data(3, b"x"));
        let (all, _) = talk.answers(&[1, 3]);
        all[&1].is(lab, 200, &large());
        all[&3].has(lab, ":status=405");
        talk.ends_well(why);
    });
}

#[test]
fn s7_serve_has_so_many_places() {
    lab(|lab| {
        let folder = site();
        let (program, addr) = server(lab, folder.path(), &["--idle", "600000"]);
        let mut all: Vec<Talk> = (0..MAX_CLIENTS)
            .map(|_| {
                let mut talk = Talk::begin(lab, addr, &[]);
                lab.why("MAX_CLIENTS clients are served at a time.");
                talk.gets(1, "GET", "/a.txt").is(lab, 200, b"alpha");
                talk
            })
            .collect();
        let mut waiting = Talk::begin(lab, addr, &[]);
        waiting.sends("a request", &ask(1, "GET", "/a.txt"));
        program.settles();
        lab.because("One more has to wait. Without a limit, whoever opens connections decides how many threads your machine runs.").holds(
            !waiting.has_come(),
            format!("it to wait, while {MAX_CLIENTS} are being served"),
            "an answer, or the end of the stream",
        );
        if let Some(talk) = all.pop() {
            talk.peer.closes();
        }
        lab.why("One has left, so the next one is served.");
        waiting.answer(1).is(lab, 200, b"alpha");
    });
}

#[test]
fn s7_a_signal_lets_a_request_finish() {
    lab(|lab| {
        for signal in [netlab::interrupt(), "TERM"] {
            let folder = site();
            let (program, addr, mut talk) = half_a_request(lab, folder.path());
            program.gets(signal);
            refuses(lab, addr);
            talk.sends("the rest of the request", &last_data(1, b""));
            lab.why("The client has done nothing wrong: within the grace it may send the other half, and gets its answer. Nobody new is let in.");
            talk.answer(1).is(lab, 200, b"<h1>hello</h1>");
            talk.peer.closes();
            lab.because("Nobody is left, so there is nothing to wait for: the grace is a limit, and no duty.")
                .same("the exit code", program.exits().code, Some(0));
        }
    });
}

#[test]
fn s7_a_second_signal_ends_serve_at_once() {
    lab(|lab| {
        let folder = site();
        let (program, addr, _talk) = half_a_request(lab, folder.path());
        program.is_interrupted();
        refuses(lab, addr);
        program.is_interrupted();
        let why = "A client keeps the server within its grace, which is ten minutes here. A person who presses Ctrl-C a second time does not want to wait for that. Not everybody was served, so the exit code is 1.";
        lab.if_stuck(why);
        lab.because(why)
            .same("the exit code", program.exits().code, Some(1));
    });
}

#[test]
fn s7_help_that_nobody_gets() {
    lab(|lab| {
        let device = full(lab);
        has_no_room(lab, device, &["--help"]);
    });
}

/// Looks at what has come, when the program only waits: there must be no request.
fn asks_for_nothing(lab: &Lab, talk: &mut Talk, program: &Program, why: &str) {
    program.settles();
    lab.why(why);
    while talk.has_come() {
        let frame = talk.frame();
        lab.holds(
            frame.kind != HEADERS,
            "no more requests now",
            format!("{}, with a request", frame.words()),
        );
    }
}

fn empty_answers(streams: &[u32]) -> Vec<u8> {
    streams
        .iter()
        .flat_map(|stream| last_head(*stream, &[(":status", "204")]))
        .collect()
}

#[test]
fn s7_get_asks_for_a_hundred_before_settings() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let program = starts_getting(lab, server.addr(), FIRST_REQUESTS + 30);
        let mut talk = Talk::accepts(lab, &server);
        lab.if_stuck("a client that waits for SETTINGS or for an answer before it asks, or that has a connection for each URL");
        let mut open = talk.requests(FIRST_REQUESTS);
        asks_for_nothing(
            lab,
            &mut talk,
            &program,
            "Until SETTINGS have come, nobody knows how many streams the server takes.",
        );
        talk.sends("SETTINGS without a limit", &settings(&[]));
        lab.if_stuck(
            "a client that keeps to FIRST_REQUESTS although the server has said nothing of a limit",
        );
        open.extend(talk.requests(30));
        lab.note("the rest is asked for, and nothing was answered yet");
        talk.sends("answers", &[settings_ack(), empty_answers(&open)].concat());
        lab.because("All of them were answered.").same(
            "the exit code",
            program.exits().code,
            Some(0),
        );
    });
}

#[test]
fn s7_get_waits_while_the_server_takes_nothing() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let program = starts_getting(lab, server.addr(), FIRST_REQUESTS + 3);
        let mut talk = Talk::accepts(lab, &server);
        let open = talk.requests(FIRST_REQUESTS);
        talk.sends(
            "SETTINGS: no stream at all, and the first hundred answers",
            &[settings(&[(3, 0)]), settings_ack(), empty_answers(&open)].concat(),
        );
        asks_for_nothing(
            lab,
            &mut talk,
            &program,
            "The server takes no streams now, and URLs wait to be asked for. A client with nothing open is not done, and a limit of 0 is no refusal.",
        );
        for (limit, count) in [(1, 1), (2, 2)] {
            talk.sends(
                &format!("SETTINGS: {limit} at a time"),
                &settings(&[(3, limit)]),
            );
            lab.why("The server takes streams again, and URLs wait to be asked for.");
            let open = talk.requests(count);
            asks_for_nothing(
                lab,
                &mut talk,
                &program,
                "The server takes so many at a time, and no more.",
            );
            talk.sends(
                "no more for now, and the answers",
                &[settings(&[(3, 0)]), empty_answers(&open)].concat(),
            );
        }
        lab.because("All of them were answered.").same(
            "the exit code",
            program.exits().code,
            Some(0),
        );
    });
}

#[test]
fn s7_get_when_the_server_takes_no_more() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let program = starts_getting(lab, server.addr(), FIRST_REQUESTS + 2);
        let mut talk = Talk::accepts(lab, &server);
        let open = talk.requests(FIRST_REQUESTS);
        let last = open.last().copied().unwrap_or(0);
        talk.sends(
            "SETTINGS: no stream at all, GOAWAY behind the last request, and an answer to each of them",
            &[
                settings(&[(3, 0)]),
                settings_ack(),
                goaway(last, 0),
                open.iter()
                    .flat_map(|stream| [head(*stream, OK), last_data(*stream, b"x")].concat())
                    .collect(),
            ]
            .concat(),
        );
        let end = program.exits();
        lab.because("GOAWAY ends no stream up to the last one that it names: all of these are printed. What was not asked for yet has failed.").same(
            "the exit code, how much was printed, whether standard error tells of /100 and /101",
            (
                end.code,
                end.stdout.trim_end().len(),
                end.stderr.contains("/100") && end.stderr.contains("/101"),
            ),
            (Some(1), FIRST_REQUESTS, true),
        );
    });
}

const TWO_SERVERS: &str = "Two ports are two servers, and each has one connection, wherever its URLs stand. What comes is printed in the order of the URLs.";

/// A server that takes one connection, waits for so many requests, and answers each with this text.
fn answers_each(lab: &Lab, server: TcpServer, count: usize, text: &'static [u8]) -> Running<()> {
    let twin = lab.clone();
    lab.meanwhile("a server answers", move || {
        let mut talk = Talk::accepts(&twin, &server);
        talk.answers_with("nothing yet", b"");
        for stream in talk.requests(count) {
            talk.sends(
                "an answer",
                &[head(stream, OK), last_data(stream, text)].concat(),
            );
        }
        talk.ends_well(TWO_SERVERS);
        server.expects_nobody_else();
    })
}

#[test]
fn s7_get_from_two_servers() {
    lab(|lab| {
        lab.why(TWO_SERVERS);
        let (first, second) = (lab.tcp_server("first"), lab.tcp_server("second"));
        let (one, two) = (first.addr(), second.addr());
        let urls = [
            (one, "/1"),
            (two, "/2"),
            (one, "/3"),
            (two, "/4"),
            (two, "/5"),
        ];
        let both = [
            answers_each(lab, first, 2, b"a"),
            answers_each(lab, second, 3, b"b"),
        ];
        let end = getting(lab, &urls.map(|(addr, path)| url(addr, path))).returns();
        lab.same(
            "the exit code, and the content",
            (end.code, &end.text()[..]),
            (Some(0), "ababb"),
        );
        for server in both {
            server.returns();
        }
    });
}

#[test]
fn s7_get_from_an_ipv6_address() {
    lab(|lab| {
        let Ok(server) = lab.tcp_server_at("server", Ipv6Addr::LOCALHOST.into()) else {
            lab.skip("this machine cannot listen at ::1");
        };
        let addr = server.addr();
        let program = getting(lab, &[url(addr, "/a")]);
        let mut talk = Talk::accepts(lab, &server);
        let fields = loop {
            let frame = talk.frame();
            if frame.kind == HEADERS {
                break talk.fields(&frame);
            }
        };
        lab.because("An address of IPv6 has colons of its own, so it stands in brackets in front of the port (RFC 3986, section 3.2.2).").holds(
            fields.contains(&format!(":authority={addr} ")),
            format!(":authority={addr}"),
            fields,
        );
        talk.answers_with("an answer", &[head(1, OK), last_data(1, b"6")].concat());
        let end = program.returns();
        lab.because("An address of IPv6 is an address.").same(
            "the exit code, and the content",
            (end.code, &end.text()[..]),
            (Some(0), "6"),
        );
    });
}

#[test]
fn s7_get_takes_every_kind_of_answer() {
    lab(|lab| {
        let mut body: Vec<u8> = (0..=255).collect();
        body.extend([b'y'; 9000]);
        for (why, answer, content) in [
            (
                "A response may have trailers, and they are its end (RFC 9113, section 8.1).",
                [head(1, OK), data(1, b"x"), last_head(1, &[("x-sum", "1")])].concat(),
                &b"x"[..],
            ),
            (
                "Every status of 2xx is a success.",
                [head(1, &[(":status", "203")]), last_data(1, b"x")].concat(),
                b"x",
            ),
            (
                "A response that is nothing but its head has no content.",
                last_head(1, &[(":status", "204")]),
                b"",
            ),
            (
                "RST_STREAM with NO_ERROR behind a whole response says that the server needs no more of the request. The response is kept (section 8.1).",
                [head(1, OK), last_data(1, b"x"), reset(1, 0)].concat(),
                b"x",
            ),
            (
                "Content is bytes, and standard output gets every one of them.",
                [head(1, OK), last_data(1, &body)].concat(),
                &body,
            ),
        ] {
            lab.if_stuck(why);
            let end = answered(lab, &["/a"], "an answer", &answer);
            lab.because(why).same("the exit code", end.code, Some(0));
            lab.because(why)
                .same_bytes("standard output", &end.stdout, content);
        }
    });
}

#[test]
fn s7_get_takes_no_for_an_answer() {
    lab(|lab| {
        for (what, answer) in [
            (
                "301",
                [
                    head(1, &[(":status", "301"), ("location", "/b")]),
                    last_data(1, b"moved"),
                ]
                .concat(),
            ),
            ("304", last_head(1, &[(":status", "304")])),
            (
                "404",
                [head(1, &[(":status", "404")]), last_data(1, b"none")].concat(),
            ),
            ("REFUSED_STREAM", reset(1, 7)),
            (
                "NO_ERROR",
                [head(1, OK), data(1, b"half"), reset(1, 0)].concat(),
            ),
        ] {
            let end = answered(lab, &["/a"], what, &answer);
            lab.because("This is no content of 2xx that came to its end. Standard error says what came, and for which URL; standard output gets nothing of it, and nobody follows a redirect.").same(
                "the exit code, the content, whether the URL and the reason are told",
                (
                    end.code,
                    &end.text()[..],
                    end.stderr.contains(&end.args[1]),
                    end.stderr.contains(what),
                ),
                (Some(1), "", true, true),
            );
        }
    });
}

#[test]
fn s7_get_goes_on_when_it_was_stopped() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let program = starts_getting(lab, server.addr(), 1);
        let mut talk = Talk::accepts(lab, &server);
        let _ = talk.requests(1);
        program.settles();
        stops_and_goes_on(lab, &program);
        talk.answers_with(
            "PING, and an answer",
            &[ping(), head(1, OK), last_data(1, b"still here")].concat(),
        );
        let end = program.exits();
        lab.because("Ctrl-Z and `fg` interrupt a read that has a time-out (signal(7)). It has read nothing, and is done again.").same(
            "the exit code, and the content",
            (end.code, end.stdout.trim_end()),
            (Some(0), "still here"),
        );
    });
}

#[test]
fn s7_get_that_nobody_gets() {
    lab(|lab| {
        let device = full(lab);
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &[]);
        has_no_room(lab, device, &["get", &url(addr, "/a.txt")]);
    });
}

#[test]
fn s7_both_ends_are_as_configured() {
    lab(|lab| {
        let said = |talk: &mut Talk| [talk.frame().words(), talk.frame().words()];
        let why = "CONFIG says what the program's connections are like, at both ends: a hundred streams at a time, lists of 16 384 bytes, and a window of a megabyte for the connection.";
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[]);
        let first = said(&mut talk);
        lab.because(why).same(
            "the server's first frames",
            first,
            ["SETTINGS: 3=100 6=16384", "WINDOW_UPDATE: 983041"].map(str::to_owned),
        );
        let server = lab.tcp_server("server");
        let program = getting(lab, &[url(server.addr(), "/a")]);
        let mut talk = Talk::accepts(lab, &server);
        let first = said(&mut talk);
        lab.because(why).same(
            "the client's first frames",
            first,
            ["SETTINGS: 2=0 3=100 6=16384", "WINDOW_UPDATE: 983041"].map(str::to_owned),
        );
        // With SETTINGS and the acknowledgement these are one more than CONFIG allows.
        talk.answers_with("a flood of PING", &ping().repeat(999));
        talk.is_told(
            "A server can flood a client as well, so CONFIG has limits for both.",
            "ENHANCE_YOUR_CALM",
        );
        lab.because("No answer has come.")
            .same("the exit code", program.returns().code, Some(1));
    });
}

#[test]
fn s7_serve_a_client_that_ends_its_side() {
    lab(|lab| {
        let folder = huge_site();
        let (program, addr) = server(lab, folder.path(), &["--idle", "60000"]);
        let mut talk = Talk::begin_as(lab, lab.connect_narrow(addr), WIDE);
        asks_for_much(&talk);
        talk.sends(
            "a second such request, and two for a small file",
            &[
                ask(3, "GET", "/huge.bin"),
                ask(5, "GET", "/a.txt"),
                ask(7, "HEAD", "/a.txt"),
            ]
            .concat(),
        );
        talk.peer.half_closes();
        program.settles();
        let why = "A client that has ended its side gets all that it has asked for, as in HTTP/1.1: also the answers that were not begun when its end came, because there was too much that waited.";
        lab.if_stuck(why);
        lab.why(why);
        let (all, _) = talk.answers(&[1, 3, 5, 7]);
        for stream in [1, 3] {
            all[&stream].is(lab, 200, &vec![0; HUGE]);
        }
        all[&5].is(lab, 200, b"alpha");
        all[&7].is(lab, 200, b"");
        talk.ends_well("Then there is nothing left to do. The server may say GOAWAY, and closes.");
    });
}

#[test]
fn s7_serve_a_reset_ends_one_request() {
    lab(|lab| {
        let folder = huge_site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[(4, 0)]);
        talk.sends(
            "no window, two requests for four megabytes, three for a small file, and the head of one more",
            &[
                ask(1, "GET", "/huge.bin"),
                ask(3, "GET", "/huge.bin"),
                ask(5, "GET", "/a.txt"),
                ask(7, "GET", "/a.txt"),
                ask(9, "GET", "/a.txt"),
                upload(11),
            ]
            .concat(),
        );
        loop {
            let frame = talk.frame();
            if frame.kind == HEADERS {
                let _ = talk.fields(&frame);
                break;
            }
        }
        lab.note("the first answer has begun, and so much waits that the small files are not looked at yet");
        talk.sends("RST_STREAM on 7", &reset(7, 8));
        talk.hears_nothing_on(
            7,
            "RST_STREAM is not answered, and nothing else is sent on its stream.",
        );
        talk.sends(
            "windows for all of it, and the content of the last request",
            &[
                settings(&[(4, 1 << 24)]),
                window_update(0, 1 << 24),
                last_data(11, b"x"),
            ]
            .concat(),
        );
        let why = "RST_STREAM ends one stream. The requests on the others, before it and behind it, are answered.";
        lab.if_stuck(why);
        lab.why(why);
        let (all, _) = talk.answers(&[1, 3, 5, 9, 11]);
        for stream in [1, 3] {
            lab.holds(
                all[&stream].content.len() == HUGE,
                format!("four megabytes on {stream}"),
                format!("{} bytes", all[&stream].content.len()),
            );
        }
        for stream in [5, 9] {
            all[&stream].is(lab, 200, b"alpha");
        }
        all[&11].has(lab, ":status=405");
        lab.because("The client has said that it does not want 7.")
            .holds(!all.contains_key(&7), "nothing on 7", "an answer");
    });
}

#[test]
fn s7_serve_forgets_what_was_cut_off() {
    lab(|lab| {
        const ROUNDS: u32 = 600;
        let folder = site();
        let (program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[]);
        let long = "y".repeat(15_000);
        let begun = |stream, line| head(stream, &[POST, &[("x", &long[..]), line]].concat());
        let mut before = None;
        for n in 0..ROUNDS {
            let stream = 8 * n + 1;
            let round = [
                begun(stream, ("y", "z")),
                reset(stream, 8),
                begun(stream + 2, ("content-length", "1")),
                data(stream + 2, b"xy"),
                ask(stream + 4, "HEAD", "/a.txt"),
                ask(stream + 6, "HEAD", "/a.txt"),
            ];
            talk.sends("a round", &round.concat());
            lab.why("As many streams come to their end as are cut off.");
            loop {
                let frame = talk.frame();
                lab.holds(frame.kind != GOAWAY, "answers", frame.words());
                if frame.stream == stream + 6 && frame.flags & END_STREAM != 0 {
                    break;
                }
            }
            if n == ROUNDS / 10 {
                before = memory(&program);
            }
        }
        let Some((before, after)) = before.zip(memory(&program)) else {
            return lab.note("this system does not tell how much memory a program has");
        };
        lab.because("Each round had two heads of 15 000 bytes whose streams were cut off: one by the client's RST_STREAM, and one for content that is longer than announced. Such a request will never be whole. If the server keeps its head, a connection that goes on takes all of your memory.").holds(
            after < before + 4000,
            "no more than 4 MB above what it was after a tenth of the rounds",
            format!("{} kB above it, after {ROUNDS} rounds", after.saturating_sub(before)),
        );
    });
}

#[test]
fn s7_serve_a_response_that_is_too_long() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[(6, 50)]);
        let why = "The client takes lists of 50 bytes, and the head of the answer is longer: it must not be sent, and whoever has asked must not wait for it. RST_STREAM with INTERNAL_ERROR says that no answer comes. The connection and the other streams go on.";
        lab.if_stuck(why);
        for (stream, method) in [(1, "GET"), (3, "HEAD")] {
            talk.sends("a request", &ask(stream, method, "/a.txt"));
            let told = loop {
                let frame = talk.frame();
                if frame.stream == stream || frame.kind == GOAWAY {
                    break frame.words();
                }
            };
            lab.because(why).same(
                "what comes on the stream",
                told,
                format!("RST_STREAM on {stream}: INTERNAL_ERROR"),
            );
        }
        talk.sends("SETTINGS: 6=1000", &settings(&[(6, 1000)]));
        lab.why("Now the client takes longer lists.");
        talk.gets(5, "GET", "/a.txt").is(lab, 200, b"alpha");
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, whose namespaces give a program a file of names of its own"
)]
fn s7_the_first_address_that_works_is_taken() {
    lab(|lab| {
        let folder = site();
        let dir = folder.path().to_string_lossy().into_owned();
        for addrs in lab.pairs_for_a_name() {
            let [first, second] = addrs.map(|addr| addr.parse().expect("an address"));
            let taken = lab.tcp_server_at("first", first).expect("a free port");
            let port = taken.addr().port();
            for (port, want) in [(0, first), (port, second)] {
                let args = ["serve", &dir, Lab::NAME, "-p", &port.to_string()];
                let mut program = lab.program_with_name(addrs, PROGRAM, &args);
                let addr = listens(lab, &mut program);
                lab.because("A name may have several addresses. They are tried in their order, and the server listens at the first one that works. A port may be taken at one address, and free at another.")
                    .same("the address", addr.ip(), want);
            }
            let server = lab.tcp_server_at("second", second).expect("a free port");
            let asks = format!("http://{}:{}/a", Lab::NAME, server.addr().port());
            let program = lab.program_with_name(addrs, PROGRAM, &["get", &asks]);
            lab.if_stuck("A name may have several addresses. Nobody listens at the first one, which is no reason to give up: the next one is tried.");
            let mut talk = Talk::accepts(lab, &server);
            let _ = talk.requests(1);
            talk.answers_with(
                "an answer",
                &[head(1, OK), last_data(1, b"second")].concat(),
            );
            let end = program.exits();
            lab.because("The second address has answered.").same(
                "the exit code, and the content",
                (end.code, end.stdout.trim_end()),
                (Some(0), "second"),
            );
        }
    });
}

#[test]
fn s7_get_keeps_what_was_whole() {
    lab(|lab| {
        for is_reset in [false, true] {
            let server = lab.tcp_server("server");
            let program = getting(lab, &["/a", "/b"].map(|path| url(server.addr(), path)));
            let mut talk = Talk::accepts(lab, &server);
            let _ = talk.requests(2);
            talk.answers_with(
                "an answer on 1, half of one on 3, and PING",
                &[
                    head(1, OK),
                    last_data(1, b"whole"),
                    head(3, OK),
                    data(3, b"half"),
                    ping(),
                ]
                .concat(),
            );
            while talk.frame().kind != PING {}
            lab.note("the client has answered PING: it has read all of that");
            match is_reset {
                true => talk.peer.resets(),
                false => talk.peer.closes(),
            }
            let end = program.returns();
            lab.because("One answer was whole when the connection ended. It is printed; what is missing of the other is no fault of it.").same(
                "the exit code, the content, whether standard error tells of /b",
                (end.code, &end.text()[..], end.stderr.contains("/b")),
                (Some(1), "whole", true),
            );
        }
    });
}

#[test]
fn s7_get_a_request_that_is_too_long() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let mut paths: Vec<String> = (0..FIRST_REQUESTS).map(|n| format!("/{n}")).collect();
        paths.push(format!("/{}", "long".repeat(100)));
        paths.push("/last".to_owned());
        let urls: Vec<String> = paths.iter().map(|path| url(server.addr(), path)).collect();
        let program = getting(lab, &urls);
        let mut talk = Talk::accepts(lab, &server);
        let open = talk.requests(FIRST_REQUESTS);
        talk.sends(
            "SETTINGS: lists of 300 bytes, and answers",
            &[settings(&[(6, 300)]), settings_ack(), empty_answers(&open)].concat(),
        );
        let why = "The server takes lists of 300 bytes, and one of the two requests that are left is longer. It must not be sent, and has failed. The others are fetched all the same.";
        lab.if_stuck(why);
        lab.why(why);
        let last = talk.requests(1)[0];
        talk.sends(
            "an answer",
            &[head(last, OK), last_data(last, b"last")].concat(),
        );
        let end = program.returns();
        lab.because(why).same(
            "the exit code, the content, whether standard error tells of the long one alone",
            (
                end.code,
                &end.text()[..],
                end.stderr.contains("/longlong") && !end.stderr.contains("/last"),
            ),
            (Some(1), "last", true),
        );
    });
}

#[test]
fn s7_get_content_has_a_limit() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let program = starts_getting(lab, server.addr(), FIRST_REQUESTS + 1);
        let mut talk = Talk::accepts(lab, &server);
        let open = talk.requests(FIRST_REQUESTS);
        let two = [head(1, OK), head(3, OK), data(3, b"fi")].concat();
        let rest = empty_answers(&open[2..]);
        talk.sends(
            "SETTINGS: two streams at a time; a head on 1, the beginning of an answer on 3, and all other answers",
            &[settings(&[(3, 2)]), settings_ack(), two, rest].concat(),
        );
        talk.uploads(
            1,
            MAX_BODY,
            1 << 20,
            "MAX_BODY is the longest content that is taken of one URL: it is not too long, whatever other streams have brought.",
        );
        talk.sends("PING", &ping());
        lab.why("MAX_BODY is the longest content that is taken of one URL: it is not too long.");
        loop {
            let frame = talk.frame();
            match frame.kind {
                PING => break,
                kind => lab.holds(kind != RST_STREAM, "no RST_STREAM", frame.words()),
            }
        }
        let why = "One byte more than MAX_BODY is too much. This URL has failed; the others are fetched all the same, also what was not asked for yet.";
        lab.if_stuck(why);
        lab.why(why);
        talk.sends(
            "one byte more on 1 and its end, and the end of the answer on 3",
            &[last_data(1, b"x"), last_data(3, b"ne")].concat(),
        );
        let last = talk.requests(1)[0];
        talk.sends(
            "an answer",
            &[head(last, OK), last_data(last, b", last")].concat(),
        );
        let end = program.exits();
        lab.because(why).same(
            "the exit code, the content, whether standard error tells of /0",
            (end.code, end.stdout.trim_end(), end.stderr.contains("/0")),
            (Some(1), "fine, last", true),
        );
    });
}
