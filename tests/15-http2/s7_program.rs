//! Step 7.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http2::{Command, Field, PREFACE, Response, parse_args, to_fields, to_request};
use netlab::{Lab, Program, Running, TcpPeer, lab, words};

use super::blocks::Blocks;
use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, GOAWAY, HEADERS, OK, PING, RST_STREAM, Sent,
    data, fields, frame, framed, get, goaway, head, last_data, last_head, reset, settings,
    settings_ack, shown, window_update,
};

/// The program of the package whose tests these are: the student's, or the reference answer's.
const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

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
                ][..],
                "HEAD",
                "/a?b",
                "host=x:81 b=1 a=2",
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
                "A status that has no content has no length.",
                204,
                &[("a", "b")],
                0,
                ":status=204 a=b",
            ),
            (
                "304 has no content either, and no length (RFC 9110, section 15.4.5).",
                304,
                &[],
                0,
                ":status=304",
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
    });
}

/// A folder of this test's own. It goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let nth = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("loopback-15-{}-{nth}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder for temporary files");
        Folder(path)
    }

    fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Folder {
        fs::write(self.0.join(name), bytes).expect("a file");
        self
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn site() -> Folder {
    let mut folder = Folder::new()
        .with("index.html", "<h1>hello</h1>")
        .with("a.txt", "alpha")
        .with("empty.txt", "")
        .with("large.bin", large());
    for n in 0..30 {
        folder = folder.with(&format!("o{n}.bin"), vec![n as u8; 3000 + n]);
    }
    folder
}

fn large() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n / 251 + n) as u8).collect()
}

/// The student's server of a folder, on a port that the system chooses, and its address.
fn server(lab: &Lab, dir: &Path, more: &[&str]) -> (Program, SocketAddr) {
    lab.if_stuck("Something to send may come from what was received: an answer, an acknowledgement, room in a window. If one thread reads and another writes, the reader has to wake the writer each time.");
    let dir = dir.to_string_lossy();
    let args = [&["serve", &dir, "127.0.0.1", "-p", "0"], more].concat();
    let mut program = lab.program(PROGRAM, &args);
    let line = program.expects_line("the line `listening on ADDRESS:PORT`", |_| true);
    let addr = line
        .strip_prefix("listening on ")
        .and_then(|addr| addr.parse().ok());
    let Some(addr) = addr else {
        lab.because("The first line on standard output says where the server listens. Whoever started it reads the port there, and reads nothing else.")
            .fails("listening on 127.0.0.1:PORT", format!("{line:?}"));
    };
    (program, addr)
}

/// A client that speaks frames.
struct Talk<'a> {
    lab: &'a Lab,
    peer: TcpPeer,
    blocks: Blocks,
}

/// What has come on a stream.
#[derive(Default)]
struct Answer {
    head: String,
    content: Vec<u8>,
}

impl Talk<'_> {
    /// Connects, and says what a client says first.
    fn begin<'a>(lab: &'a Lab, addr: SocketAddr, pairs: &[(u16, u32)]) -> Talk<'a> {
        let peer = lab.connect(addr);
        peer.sends_labelled(
            "the preface and SETTINGS",
            &[&PREFACE[..], &settings(pairs), &settings_ack()].concat(),
        );
        Talk {
            lab,
            peer,
            blocks: Blocks::new(),
        }
    }

    fn sends(&self, what: &str, bytes: &[u8]) {
        self.peer.sends_labelled(what, bytes);
    }

    /// The next frame.
    fn frame(&self) -> Sent {
        let head = self.peer.expects_exactly(9);
        let len = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let payload = match len {
            0 => Vec::new(),
            _ => self.peer.expects_exactly(len),
        };
        Sent {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload,
        }
    }

    /// Reads until all these streams have ended, and gives what has come on them, and the streams of all DATA frames in their
    /// order.
    fn answers(&mut self, streams: &[u32]) -> (BTreeMap<u32, Answer>, Vec<u32>) {
        let mut all: BTreeMap<u32, Answer> = BTreeMap::new();
        let mut turns = Vec::new();
        let mut open = streams.to_vec();
        while !open.is_empty() {
            let frame = self.frame();
            match frame.kind {
                HEADERS => {
                    all.entry(frame.stream).or_default().head = self.fields(&frame);
                }
                DATA => {
                    all.entry(frame.stream)
                        .or_default()
                        .content
                        .extend(&frame.payload);
                    turns.push(frame.stream);
                }
                RST_STREAM | GOAWAY => self
                    .lab
                    .because(
                        "Nothing is wrong with these requests, and the client has broken no limit.",
                    )
                    .fails("answers", frame.words()),
                _ => continue,
            }
            if frame.flags & END_STREAM != 0 && matches!(frame.kind, HEADERS | DATA) {
                open.retain(|stream| *stream != frame.stream);
            }
        }
        (all, turns)
    }

    /// The fields of HEADERS, in words.
    fn fields(&mut self, frame: &Sent) -> String {
        self.blocks.read(&frame.payload).unwrap_or_else(|why| {
            self.lab
                .because("The whole block is in the frame, in the code of RFC 7541, for a reader with a table of 4096 bytes at most.")
                .fails("a block of fields", why)
        })
    }

    /// Reads until GOAWAY, and gives it in words.
    fn goaway(&self) -> String {
        loop {
            let frame = self.frame();
            if frame.kind == GOAWAY {
                return frame.words();
            }
        }
    }
}

fn ask(stream: u32, method: &str, path: &str) -> Vec<u8> {
    last_head(
        stream,
        &[
            (":method", method),
            (":scheme", "http"),
            (":authority", "a"),
            (":path", path),
        ],
    )
}

fn has(lab: &Lab, why: &str, answer: &Answer, head: &[&str], content: &[u8]) {
    for part in head {
        lab.because(why).holds(
            answer.head.contains(part),
            format!("a head with {part}"),
            answer.head.clone(),
        );
    }
    let brief = |bytes: &[u8]| match bytes.len() {
        0..100 => format!("the content \"{}\"", bytes.escape_ascii()),
        len => format!("content of {len} bytes"),
    };
    lab.because(why).holds(
        answer.content == content,
        brief(content),
        match (answer.content.len() == content.len(), content.len()) {
            (true, 100..) => "as many bytes, which are others".to_owned(),
            _ => brief(&answer.content),
        },
    );
}

#[test]
fn s7_serve_gives_files() {
    lab(|lab| {
        let folder = site();
        let (program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[]);
        let why = "Chapter 13's files, over HTTP/2.";
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
        let (all, _) = talk.answers(&[1, 3, 5, 7, 9]);
        has(
            lab,
            why,
            &all[&1],
            &[
                ":status=200",
                "content-type=text/plain; charset=utf-8",
                "content-length=5",
            ],
            b"alpha",
        );
        has(
            lab,
            why,
            &all[&3],
            &[":status=200", "content-type=text/html"],
            b"<h1>hello</h1>",
        );
        lab.because(why).holds(
            all[&5].head.starts_with(":status=404"),
            ":status=404",
            all[&5].head.clone(),
        );
        has(
            lab,
            why,
            &all[&9],
            &[":status=200", "content-length=0"],
            b"",
        );
        talk.sends("HEAD", &ask(11, "HEAD", "/a.txt"));
        let (all, _) = talk.answers(&[11]);
        has(
            lab,
            "The answer to HEAD has the fields of the one to GET, and no content.",
            &all[&11],
            &[":status=200", "content-length=5"],
            b"",
        );
        let post = head(
            13,
            &[
                (":method", "POST"),
                (":scheme", "http"),
                (":path", "/a.txt"),
            ],
        );
        let content = vec![b'x'; 16_000];
        let mut bytes = post;
        for _ in 0..10 {
            bytes.extend(window_update(0, 1));
            bytes.extend(data(13, &content[..4000]));
        }
        bytes.extend(last_data(13, b""));
        talk.sends("POST with content", &bytes);
        let (all, _) = talk.answers(&[13]);
        has(
            lab,
            "Another method is answered when its content has come, and the content is forgotten.",
            &all[&13],
            &[":status=405", "allow=GET, HEAD"],
            &all[&13].content.clone(),
        );
        talk.sends(
            "the head of a POST",
            &head(
                15,
                &[
                    (":method", "POST"),
                    (":scheme", "http"),
                    (":path", "/a.txt"),
                ],
            ),
        );
        for _ in 0..2 {
            talk.sends("PING", &frame(PING, 0, 0, b"12345678"));
            loop {
                let frame = talk.frame();
                lab.because("A request is answered when it has come whole: the end of this one is still to come.")
                    .holds(frame.stream != 15, "nothing on 15 before its end", frame.words());
                if frame.kind == PING {
                    break;
                }
            }
        }
        talk.sends("the end of the POST", &last_data(15, b"x"));
        let (all, _) = talk.answers(&[15]);
        has(
            lab,
            "Now it is whole.",
            &all[&15],
            &[":status=405"],
            &all[&15].content.clone(),
        );
        talk.peer.half_closes();
        let goaway = talk.goaway();
        lab.because("A client that has ended its side gets what it has asked for. Then the server says goodbye, and closes.").holds(goaway.ends_with("NO_ERROR"), "GOAWAY with NO_ERROR", goaway.clone());
        talk.peer.expects_eof();
        program.is_interrupted();
        let end = program.exits();
        lab.because("Ctrl-C ends the server.")
            .same("the exit code", end.code, Some(0));
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
            has(
                lab,
                "Both get all of the file.",
                &all[&stream],
                &[":status=200", "content-length=300000"],
                &large(),
            );
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
            has(
                lab,
                "Thirty objects over one connection.",
                &all[stream],
                &[":status=200"],
                &vec![n as u8; 3000 + n],
            );
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
        let (all, _) = talk.answers(&[3]);
        has(
            lab,
            "Stream 1 has no window for its file. The other does not wait for it.",
            &all[&3],
            &[":status=200"],
            b"alpha",
        );
        talk.sends(
            "a window for the rest",
            &[window_update(0, 1 << 20), window_update(1, 1 << 20)].concat(),
        );
        let (rest, _) = talk.answers(&[1]);
        let begin = all.get(&1).map_or(0, |answer| answer.content.len());
        lab.because("With a window the rest comes.").same(
            "bytes of the file",
            begin + rest[&1].content.len(),
            300_000,
        );
        talk.sends("GOAWAY", &goaway(0, 0));
        talk.peer.expects_eof();
        lab.note("a client that leaves, and no stream is open: the server closes");
    });
}

#[test]
fn s7_serve_refuses_http1() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let peer = lab.connect(addr);
        peer.sends(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let talk = Talk {
            lab,
            peer,
            blocks: Blocks::new(),
        };
        let goaway = talk.goaway();
        lab.because("A client of HTTP/1.1 has no preface: GOAWAY, and the end. It must arrive: a socket that is closed with unread bytes sends a reset, which can overtake it.").holds(goaway.ends_with("PROTOCOL_ERROR"), "GOAWAY with PROTOCOL_ERROR", goaway.clone());
        talk.peer.expects_eof();
        let peer = lab.connect(addr);
        let long = [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], &[b'x'; 400_000]].concat();
        peer.sends_labelled("a request of HTTP/1.1, and 400 000 bytes more", &long);
        let talk = Talk {
            lab,
            peer,
            blocks: Blocks::new(),
        };
        let goaway = talk.goaway();
        lab.because("The server goes on reading for LINGER, so that nothing is left unread when it closes. Otherwise its system resets the connection, and the client may never read GOAWAY.").holds(goaway.ends_with("PROTOCOL_ERROR"), "GOAWAY with PROTOCOL_ERROR", goaway.clone());
        talk.peer.expects_eof();
        let mut other = Talk::begin(lab, addr, &[]);
        other.sends("a request", &ask(1, "GET", "/a.txt"));
        let (all, _) = other.answers(&[1]);
        has(
            lab,
            "The others are served.",
            &all[&1],
            &[":status=200"],
            b"alpha",
        );
    });
}

#[test]
fn s7_serve_hostile_clients() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let long = vec![0; 16_384];
        for (what, bytes, code) in [
            (
                "a flood of PING",
                frame(PING, 0, 0, b"12345678").repeat(1500),
                "ENHANCE_YOUR_CALM",
            ),
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
            let talk = Talk::begin(lab, addr, &[]);
            talk.sends(what, &bytes);
            let goaway = talk.goaway();
            lab.because(
                "Each fault has its code, and ends the connection (RFC 9113, section 5.4.1).",
            )
            .holds(
                goaway.ends_with(code),
                format!("GOAWAY with {code}"),
                goaway.clone(),
            );
            talk.peer.expects_eof();
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
        let (all, _) = talk.answers(&[3]);
        has(
            lab,
            "The others are served.",
            &all[&3],
            &[":status=200"],
            b"alpha",
        );
    });
}

#[test]
fn s7_serve_a_client_that_does_not_read() {
    lab(|lab| {
        let folder = Folder::new()
            .with("a.txt", "alpha")
            .with("huge.bin", vec![b'x'; 3 << 20]);
        let (program, addr) = server(lab, folder.path(), &[]);
        let talk = Talk::begin(lab, addr, &[(4, 0)]);
        let asks: Vec<u8> = (0..90)
            .flat_map(|n| ask(2 * n + 1, "GET", "/huge.bin"))
            .collect();
        talk.sends(
            "ninety requests for three megabytes each, and no window",
            &asks,
        );
        let mut other = Talk::begin(lab, addr, &[]);
        other.sends("a request", &ask(1, "GET", "/a.txt"));
        let (all, _) = other.answers(&[1]);
        has(
            lab,
            "Other connections are served.",
            &all[&1],
            &[":status=200"],
            b"alpha",
        );
        let status = format!("/proc/{}/status", program.id());
        let Ok(text) = fs::read_to_string(status) else {
            return lab.note("this system does not tell how much memory a program has");
        };
        talk.sends("PING", &frame(PING, 0, 0, b"12345678"));
        while talk.frame().kind != PING {}
        lab.note("the answer to PING has come: all requests were read before");
        let text = fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap_or(text);
        let kilobytes = text.lines().find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .trim()
                .strip_suffix(" kB")?
                .trim()
                .parse::<u64>()
                .ok()
        });
        lab.because("Ninety answers of three megabytes are 270 megabytes that nobody may have. No more than MAX_QUEUED and one file wait for one client: the other requests are not looked at yet.")
            .holds(kilobytes.unwrap_or(0) < 100_000, "less than 100 MB", format!("{} MB", kilobytes.unwrap_or(0) / 1000));
    });
}

#[test]
fn s7_serve_is_patient_for_a_while() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &["--idle", "300"]);
        let talk = Talk::begin(lab, addr, &[]);
        let silent = lab.connect(addr);
        let goaway = talk.goaway();
        lab.because("A client from which nothing comes is told that no more is taken, and the connection ends: NO_ERROR, since silence is no fault.").holds(goaway.ends_with("NO_ERROR"), "GOAWAY with NO_ERROR", goaway.clone());
        talk.peer.expects_eof();
        let silent = Talk {
            lab,
            peer: silent,
            blocks: Blocks::new(),
        };
        let goaway = silent.goaway();
        lab.because("So is one that has never said anything.")
            .holds(
                goaway.ends_with("NO_ERROR"),
                "GOAWAY with NO_ERROR",
                goaway.clone(),
            );
        silent.peer.expects_eof();
    });
}

#[test]
fn s7_serve_cannot_begin() {
    lab(|lab| {
        for (why, args) in [
            (
                "A folder that is none.",
                &["serve", "/no/such/folder", "127.0.0.1", "-p", "0"][..],
            ),
            (
                "A host that is none.",
                &["serve", ".", "no-such-host.invalid", "-p", "0"],
            ),
        ] {
            let output = lab.output(PROGRAM, args, "");
            lab.because(why)
                .same("the exit code", output.status.code(), Some(1));
            lab.because("Standard output is for what was asked for.")
                .same("bytes on standard output", output.stdout.len(), 0);
            lab.because("Standard error says what is wrong.").holds(
                !output.stderr.is_empty(),
                "a word about it",
                "nothing",
            );
        }
    });
}

#[test]
fn s7_cli_help_and_wrong_arguments() {
    lab(|lab| {
        let output = lab.output(PROGRAM, &["--help"], "");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        lab.because("Who asks for help gets it on standard output, and has done nothing wrong.")
            .same(
                "the exit code, and whether it is there",
                (output.status.code(), text.contains("usage: ch15 serve")),
                (Some(0), true),
            );
        for args in [&["serve"][..], &[], &["get", "ftp://a"]] {
            let output = lab.output(PROGRAM, args, "");
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            lab.because(
                "Wrong arguments are exit code 2, and standard error says what would be right.",
            )
            .same(
                "the exit code, usage on standard error, bytes on standard output",
                (
                    output.status.code(),
                    text.contains("usage: ch15 serve"),
                    output.stdout.len(),
                ),
                (Some(2), true, 0),
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
        talk.sends("a request", &ask(1, "GET", "/a.txt"));
        let _ = talk.answers(&[1]);
        program.is_interrupted();
        let end = program.exits();
        lab.because("Ctrl-C ends the server when the grace is over, though a client is there.")
            .same("the exit code", end.code, Some(0));
    });
}

fn url(addr: SocketAddr, path: &str) -> String {
    format!("http://{addr}{path}")
}

#[test]
fn s7_get_from_serve() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut urls = vec![
            url(addr, "/a.txt"),
            url(addr, "/large.bin"),
            url(addr, "/empty.txt"),
        ];
        urls.extend((0..30).map(|n| url(addr, &format!("/o{n}.bin"))));
        let mut want = [&b"alpha"[..], &large()].concat();
        for n in 0..30 {
            want.extend(vec![n as u8; 3000 + n]);
        }
        let args: Vec<&str> = ["get"]
            .into_iter()
            .chain(urls.iter().map(String::as_str))
            .collect();
        lab.if_stuck("One of the files is longer than the windows: content that was used up has to be given back (H2::consumed), and WINDOW_UPDATE has to be sent.");
        let output = lab.output(PROGRAM, &args, "");
        lab.because("Whatever comes first, it is printed in the order of the URLs.")
            .same(
                "the exit code, and whether it is all of it",
                (output.status.code(), output.stdout == want),
                (Some(0), true),
            );
        let output = lab.output(
            PROGRAM,
            &[
                "get",
                &url(addr, "/a.txt"),
                &url(addr, "/none"),
                &url(addr, "/"),
            ],
            "",
        );
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let why = "A status other than 2xx is a failure: standard error tells it with its URL, standard output gets nothing of it, and the others are fetched all the same.";
        lab.because(why).same(
            "the exit code, and standard output",
            (
                output.status.code(),
                String::from_utf8_lossy(&output.stdout).into_owned(),
            ),
            (Some(1), "alpha<h1>hello</h1>".to_owned()),
        );
        lab.because(why).holds(
            errors.contains("404") && errors.contains("/none"),
            "404 and /none on standard error",
            format!("{errors:?}"),
        );
    });
}

/// Runs the student's program beside the test.
fn getting(lab: &Lab, args: &[&str]) -> Running<Output> {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let twin = lab.clone();
    lab.meanwhile("get runs", move || {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        twin.output(PROGRAM, &args, "")
    })
}

/// How a program ended, and what it has said.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn ended(output: Output) -> Ended {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

/// Accepts the program's connection, and reads its preface.
fn accepts<'a>(lab: &'a Lab, server: &netlab::TcpServer) -> Talk<'a> {
    let peer = server.accepts();
    let preface = peer.expects_exactly(24);
    lab.because("A client sends the preface first.").same_bytes(
        "the first 24 bytes",
        &preface,
        PREFACE,
    );
    Talk {
        lab,
        peer,
        blocks: Blocks::new(),
    }
}

#[test]
fn s7_get_uses_one_connection() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let addr = server.addr();
        let args = [
            "get".to_owned(),
            url(addr, "/a"),
            url(addr, "/b?c"),
            url(addr, "/a"),
        ];
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let program = getting(lab, &args);
        let mut talk = accepts(lab, &server);
        talk.sends("SETTINGS", &[settings(&[]), settings_ack()].concat());
        let mut asked = Vec::new();
        while asked.len() < 3 {
            let frame = talk.frame();
            if frame.kind == HEADERS {
                asked.push(format!("{} on {}", talk.fields(&frame), frame.stream));
            }
        }
        let want: Vec<String> = [("/a", 1), ("/b?c", 3), ("/a", 5)]
            .iter()
            .map(|(path, stream)| {
                format!(":method=GET :scheme=http :authority={addr} :path={path} on {stream}")
            })
            .collect();
        let mut sorted = asked.clone();
        sorted.iter_mut().for_each(|line| {
            // The order of the pseudo-header fields means nothing.
            let (fields, stream) = line.rsplit_once(" on ").unwrap_or((line, ""));
            let mut fields: Vec<&str> = fields.split(' ').take(4).collect();
            fields.sort_unstable();
            *line = format!("{} on {stream}", fields.join(" "));
        });
        let want: Vec<String> = want
            .iter()
            .map(|line| {
                let (fields, stream) = line.rsplit_once(" on ").unwrap_or((line, ""));
                let mut fields: Vec<&str> = fields.split(' ').collect();
                fields.sort_unstable();
                format!("{} on {stream}", fields.join(" "))
            })
            .collect();
        let names_the_port = |line: &String| line.contains(&format!(":authority={addr} "));
        lab.because(":authority has the port where it is not 80: a server may have other sites at other ports (RFC 9113, section 8.3.1).").holds(
            sorted.iter().all(names_the_port),
            format!(":authority={addr} in each request"),
            sorted.join(", "),
        );
        lab.because("URLs of one host and port share one connection, and all are asked for before the first answer has come: that is what HTTP/2 is for.").same("the requests", sorted, want);
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
        let end = ended(program.returns());
        lab.because("Answers come in any order, in pieces that are mixed. Each is told by its stream, and printed in its turn.").same("the exit code, and the content", (end.code, end.stdout.trim_end()), (Some(0), "one two three"));
    });
}

#[test]
fn s7_get_keeps_to_the_servers_limits() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let addr = server.addr();
        let args: Vec<String> = ["get".to_owned()]
            .into_iter()
            .chain((0..150).map(|n| url(addr, &format!("/{n}"))))
            .collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let program = getting(lab, &args);
        let talk = accepts(lab, &server);
        let mut asked = 0;
        let mut settled = false;
        let mut highest = 0;
        while asked < 150 {
            let frame = talk.frame();
            if frame.kind != HEADERS {
                continue;
            }
            asked += 1;
            highest = frame.stream;
            if asked == 100 && !settled {
                settled = true;
                talk.sends(
                    "SETTINGS: one stream at a time, and the first hundred answers",
                    &[settings(&[(3, 1)]), settings_ack()].concat(),
                );
                let all: Vec<u8> = (0..100)
                    .flat_map(|n| last_head(2 * n + 1, &[(":status", "204")]))
                    .collect();
                talk.sends("answers", &all);
            } else if settled {
                talk.sends("an answer", &last_head(frame.stream, &[(":status", "204")]));
            }
        }
        lab.because("The client asks for no more than FIRST_REQUESTS before it knows how many the server takes, and then for one at a time.").same("the last stream", highest, 299);
        let end = ended(program.returns());
        lab.because("All of them were answered.")
            .same("the exit code", end.code, Some(0));
    });
}

#[test]
fn s7_get_tells_what_failed() {
    lab(|lab| {
        for (what, answer, word) in [
            (
                "RST_STREAM on 1, and an answer on 3",
                [reset(1, 2), head(3, OK), last_data(3, b"fine")].concat(),
                "INTERNAL_ERROR",
            ),
            (
                "a malformed answer on 1, and one on 3",
                [head(1, &[("a", "b")]), head(3, OK), last_data(3, b"fine")].concat(),
                "PROTOCOL_ERROR",
            ),
            (
                "500 on 1, and an answer on 3",
                [
                    last_head(1, &[(":status", "500")]),
                    head(3, OK),
                    last_data(3, b"fine"),
                ]
                .concat(),
                "500",
            ),
            (
                "a torn answer on 1 behind one on 3",
                [
                    head(3, OK),
                    last_data(3, b"fine"),
                    head(1, &[(":status", "200"), ("content-length", "9")]),
                    last_data(1, b"half"),
                ]
                .concat(),
                "PROTOCOL_ERROR",
            ),
            (
                "GOAWAY, and an answer on 3 before",
                [head(3, OK), last_data(3, b"fine"), goaway(0, 0)].concat(),
                "REFUSED_STREAM",
            ),
        ] {
            let server = lab.tcp_server("server");
            let args = [
                "get".to_owned(),
                url(server.addr(), "/a"),
                url(server.addr(), "/b"),
            ];
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let program = getting(lab, &args);
            let talk = accepts(lab, &server);
            talk.sends(what, &[settings(&[]), settings_ack(), answer].concat());
            let end = ended(program.returns());
            lab.because(
                "What fails is one stream: the other is printed, and standard error says why.",
            )
            .same(
                "the exit code, the content, whether the URL and the reason are told",
                (
                    end.code,
                    end.stdout.trim_end(),
                    end.stderr.contains("/a") && end.stderr.contains(word),
                ),
                (Some(1), "fine", true),
            );
        }
        let server = lab.tcp_server("server");
        let args = ["get".to_owned(), url(server.addr(), "/a")];
        let program = getting(lab, &args.iter().map(String::as_str).collect::<Vec<_>>());
        let talk = accepts(lab, &server);
        talk.sends(
            "half of an answer",
            &[settings(&[]), settings_ack(), head(1, OK), data(1, b"half")].concat(),
        );
        talk.peer.half_closes();
        let end = ended(program.returns());
        lab.because("The connection has ended, and the stream has not: half of an answer is none.")
            .same(
                "the exit code, and the content",
                (end.code, end.stdout.trim_end()),
                (Some(1), ""),
            );
        let server = lab.tcp_server("server");
        let args = ["get".to_owned(), url(server.addr(), "/a")];
        let program = getting(lab, &args.iter().map(String::as_str).collect::<Vec<_>>());
        let talk = accepts(lab, &server);
        talk.sends(
            "HTTP/1.1",
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        );
        let goaway = talk.goaway();
        lab.because("A server that does not speak HTTP/2 is told so.")
            .holds(
                goaway.ends_with("FRAME_SIZE_ERROR"),
                "GOAWAY with FRAME_SIZE_ERROR: its letters are no length that was announced",
                goaway.clone(),
            );
        let end = ended(program.returns());
        lab.because("And it is a failure.")
            .same("the exit code", end.code, Some(1));
    });
}

#[test]
fn s7_get_from_nobody() {
    lab(|lab| {
        let refused = lab.refused();
        let output = lab.output(PROGRAM, &["get", &url(refused.addr(), "/a")], "");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        lab.because("Nobody is there: that is told, with the URL.")
            .same(
                "the exit code, bytes on standard output, whether the URL is told",
                (
                    output.status.code(),
                    output.stdout.len(),
                    errors.contains("/a"),
                ),
                (Some(1), 0, true),
            );
    });
}
