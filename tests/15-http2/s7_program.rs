//! Step 7.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http2::{
    Command, FIRST_REQUESTS, Field, MAX_CLIENTS, PREFACE, Response, parse_args, to_fields,
    to_request,
};
use netlab::{Lab, Program, Running, TcpPeer, TcpServer, lab, words};

use super::blocks::Blocks;
use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, GOAWAY, HEADERS, OK, PING, RST_STREAM, Sent,
    WINDOW_UPDATE, data, fields, frame, framed, get, goaway, head, last_data, last_head, reset,
    settings, settings_ack, shown, window_update,
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
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let wrong = lab.err(&format!("parse_args({words:?})"), || parse_args(&words));
            lab.because("A line end in an argument stays in the argument: what is wrong is said in one line, whatever is in it.").same(
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
    /// With this peer, of which nothing has been read.
    fn new(lab: &Lab, peer: TcpPeer) -> Talk<'_> {
        Talk {
            lab,
            peer,
            blocks: Blocks::new(),
        }
    }

    /// Connects, and says what a client says first.
    fn begin<'a>(lab: &'a Lab, addr: SocketAddr, pairs: &[(u16, u32)]) -> Talk<'a> {
        let peer = lab.connect(addr);
        peer.sends_labelled(
            "the preface and SETTINGS",
            &[&PREFACE[..], &settings(pairs), &settings_ack()].concat(),
        );
        Talk::new(lab, peer)
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

    /// The next frame, or `None` at the end of the stream.
    fn frame_or_end(&self) -> Option<Sent> {
        let nothing = [
            ErrorKind::WouldBlock,
            ErrorKind::TimedOut,
            ErrorKind::Interrupted,
        ];
        let seen = self.lab.until(
            "a frame, or the end of the stream",
            || self.peer.stream().peek(&mut [0]).map_err(|e| e.kind()),
            |seen| !seen.is_err_and(|kind| nothing.contains(&kind)),
        );
        match seen {
            Ok(0) => None,
            _ => Some(self.frame()),
        }
    }

    /// Reads until the end of the stream. A server may say GOAWAY before it, and that it needs no more of a stream.
    fn ends_well(&self) {
        while let Some(frame) = self.frame_or_end() {
            let is_well =
                !matches!(frame.kind, GOAWAY | RST_STREAM) || frame.words().ends_with("NO_ERROR");
            self.lab
                .holds(is_well, "the end of the stream", frame.words());
        }
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
        lab.why("A client that leaves, and no stream is open: the server closes. It may say GOAWAY as well.");
        talk.ends_well();
    });
}

#[test]
fn s7_serve_refuses_http1() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let peer = lab.connect(addr);
        peer.sends(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let talk = Talk::new(lab, peer);
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
        let silent = Talk::new(lab, silent);
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
fn accepts<'a>(lab: &'a Lab, server: &TcpServer) -> Talk<'a> {
    let peer = server.accepts();
    let preface = peer.expects_exactly(24);
    lab.because("A client sends the preface first.").same_bytes(
        "the first 24 bytes",
        &preface,
        PREFACE,
    );
    Talk::new(lab, peer)
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

/// The length of a file that no pair of sockets holds.
const HUGE: usize = 12 << 20;

/// A folder with a small file, and one of [`HUGE`] zeros.
fn huge_site() -> Folder {
    let folder = Folder::new().with("a.txt", "alpha");
    let file = File::create(folder.path().join("huge.bin")).expect("a file");
    file.set_len(HUGE as u64).expect("a long file");
    folder
}

/// The windows of a client that wants everything at once.
fn wide_windows() -> Vec<u8> {
    window_update(0, (1 << 31) - 1 - 65_535)
}

/// Long frames of a type that nobody knows: bytes that are read, and mean nothing.
fn unknown(count: usize) -> Vec<u8> {
    frame(0xbb, 0, 0, &[0; 16_384]).repeat(count)
}

const WIDE: &[(u16, u32)] = &[(4, (1 << 31) - 1)];

/// How many threads the program has. `None` where the system does not tell.
fn threads(program: &Program) -> Option<usize> {
    let all = fs::read_dir(format!("/proc/{}/task", program.id())).ok()?;
    Some(all.count())
}

/// Waits until the program has no more threads than it had before its clients came.
fn is_rid_of_clients(lab: &Lab, program: &Program, before: Option<usize>) {
    lab.until(
        "the threads of the client to end",
        || threads(program),
        |now| *now <= before,
    );
}

#[test]
fn s7_serve_says_the_address_it_has() {
    lab(|lab| {
        let folder = site();
        let dir = folder.path().to_string_lossy().into_owned();
        let mut program = lab.program(PROGRAM, &["serve", &dir, "localhost", "-p", "0"]);
        let line = program.expects_line("the line `listening on ADDRESS:PORT`", |_| true);
        let addr = line.strip_prefix("listening on ");
        let addr: Option<SocketAddr> = addr.and_then(|addr| addr.parse().ok());
        lab.because("A name such as localhost may have several addresses. Whoever reads the line wants to know which one the server has taken.")
            .holds(addr.is_some_and(|addr| addr.ip().is_loopback()), "listening on, an address in numbers, and a port", line.clone());
    });
}

#[test]
fn s7_serve_wants_a_folder() {
    lab(|lab| {
        let folder = site();
        let file = folder.path().join("a.txt");
        let output = lab.output(
            PROGRAM,
            &["serve", &file.to_string_lossy(), "127.0.0.1", "-p", "0"],
            "",
        );
        lab.because("A file is no folder. Nobody is served from it, so the program fails before it says that it listens.").same(
            "the exit code, bytes on standard output, whether standard error says anything",
            (output.status.code(), output.stdout.len(), output.stderr.is_empty()),
            (Some(1), 0, false),
        );
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
        let mut talk = Talk::new(lab, peer);
        let (all, _) = talk.answers(&[1]);
        has(
            lab,
            "TCP gives bytes in any pieces. A read gives as many as there are, and the rest of its buffer is no part of the stream.",
            &all[&1],
            &[":status=200"],
            b"alpha",
        );
    });
}

#[test]
fn s7_serve_answers_when_a_request_is_whole() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[]);
        let post = |stream| {
            head(
                stream,
                &[
                    (":method", "POST"),
                    (":scheme", "http"),
                    (":path", "/a.txt"),
                ],
            )
        };
        talk.sends(
            "the head of a request, with content to come",
            &[&post(1)[..], &data(1, b"x")].concat(),
        );
        for _ in 0..2 {
            talk.sends("PING", &frame(PING, 0, 0, b"12345678"));
            loop {
                let frame = talk.frame();
                lab.because("The request goes on: its content has no end yet. It is answered when it has come whole.").holds(
                    frame.kind != HEADERS,
                    "the answer to PING alone",
                    frame.words(),
                );
                if frame.kind == PING {
                    break;
                }
            }
        }
        talk.sends("the end of the content", &last_data(1, b"y"));
        let (all, _) = talk.answers(&[1]);
        let why = "Now it is whole.";
        has(lab, why, &all[&1], &[":status=405"], &all[&1].content);
        talk.sends(
            "a request whose trailers are its end",
            &[
                &post(3)[..],
                &data(3, b"x"),
                &last_head(3, &[("x-sum", "1")]),
            ]
            .concat(),
        );
        let (all, _) = talk.answers(&[3]);
        let why = "Trailers end a request as well (RFC 9113, section 8.1).";
        has(lab, why, &all[&3], &[":status=405"], &all[&3].content);
    });
}

#[test]
fn s7_serve_takes_a_long_upload() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[]);
        talk.sends(
            "the head of a request",
            &head(
                1,
                &[
                    (":method", "POST"),
                    (":scheme", "http"),
                    (":path", "/a.txt"),
                ],
            ),
        );
        // What the stream and the connection let us send. Both begin with 65 535.
        let (mut left, mut windows) = (2_000_000_usize, [65_535_usize; 2]);
        let cause = "content that was used up and not given back: each side waits for the other (RFC 9113, section 5.2)";
        while left > 0 {
            let len = left.min(16_384).min(windows[0]).min(windows[1]);
            if len > 0 {
                talk.peer.sends(&data(1, &vec![b'x'; len]));
                left -= len;
                windows = windows.map(|window| window - len);
                continue;
            }
            lab.if_stuck(cause);
            let frame = talk.frame();
            if frame.kind == WINDOW_UPDATE
                && let Ok(increment) = frame.payload[..].try_into()
            {
                windows[usize::from(frame.stream == 0)] += u32::from_be_bytes(increment) as usize;
            }
        }
        talk.sends("the end", &last_data(1, b""));
        let (all, _) = talk.answers(&[1]);
        let why = "Two megabytes are more than any window here. The content is used up and forgotten, so its window is given back.";
        has(lab, why, &all[&1], &[":status=405"], &all[&1].content);
    });
}

#[test]
fn s7_serve_forty_streams_without_a_window() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[(4, 0)]);
        let streams: Vec<u32> = (0..40).map(|n| 2 * n + 1).collect();
        let asks: Vec<u8> = streams
            .iter()
            .flat_map(|stream| ask(*stream, "GET", "/a.txt"))
            .collect();
        talk.sends("forty requests, and no window", &asks);
        talk.sends(
            "a request for a file without content",
            &ask(81, "GET", "/empty.txt"),
        );
        let why = "None of the forty has a window, and all of them together are two hundred bytes. Streams do not wait for each other, so the last one is answered.";
        lab.if_stuck(why);
        let (all, _) = talk.answers(&[81]);
        has(lab, why, &all[&81], &[":status=200"], b"");
        let updates: Vec<u8> = streams.iter().flat_map(|n| window_update(*n, 5)).collect();
        talk.sends("a window for each", &updates);
        let (all, _) = talk.answers(&streams);
        lab.because("With a window each goes on.").same(
            "content of five bytes",
            all.values().filter(|got| got.content == b"alpha").count(),
            40,
        );
    });
}

#[test]
fn s7_serve_reads_while_it_writes() {
    lab(|lab| {
        let folder = huge_site();
        let (program, addr) = server(lab, folder.path(), &["--idle", "60000"]);
        let mut talk = Talk::begin(lab, addr, WIDE);
        talk.sends(
            "wide windows, and a request for twelve megabytes",
            &[wide_windows(), ask(1, "GET", "/huge.bin")].concat(),
        );
        program.settles();
        lab.note("the client does not read: the server waits in a write");
        let flood = [frame(PING, 0, 0, b"12345678"), unknown(900)].concat();
        talk.sends("PING, and 900 frames of a type that nobody knows", &flood);
        lab.note("they are more than two sockets hold: the server has read them meanwhile");
        let (all, _) = talk.answers(&[1]);
        has(
            lab,
            "What is written and what is read do not wait for each other.",
            &all[&1],
            &[":status=200"],
            &vec![0; HUGE],
        );
    });
}

#[test]
fn s7_serve_goes_on_when_it_was_stopped() {
    lab(|lab| {
        let folder = huge_site();
        let (program, addr) = server(lab, folder.path(), &["--idle", "60000"]);
        let mut talk = Talk::begin(lab, addr, WIDE);
        talk.sends(
            "wide windows, and a request for twelve megabytes",
            &[wide_windows(), ask(1, "GET", "/huge.bin")].concat(),
        );
        program.settles();
        lab.note("the client does not read: the server waits in a write, and in a read");
        stops_and_goes_on(lab, &program);
        let (all, _) = talk.answers(&[1]);
        has(
            lab,
            "Ctrl-Z and `fg` interrupt calls that have a time-out: a read with an error that is none, and a write when it has taken a part (signal(7)). The rest is still to be written.",
            &all[&1],
            &[":status=200"],
            &vec![0; HUGE],
        );
        program.settles();
        stops_and_goes_on(lab, &program);
        talk.sends("another request", &ask(3, "GET", "/a.txt"));
        let (all, _) = talk.answers(&[3]);
        has(
            lab,
            "A read that was interrupted has read nothing, and is done again.",
            &all[&3],
            &[":status=200"],
            b"alpha",
        );
    });
}

/// The state of the program's first thread, as proc(5) names it. `None` where the system does not tell.
fn state(program: &Program) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", program.id())).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// What Ctrl-Z and `fg` do.
fn stops_and_goes_on(lab: &Lab, program: &Program) {
    program.gets("STOP");
    lab.until(
        "the program to be stopped",
        || state(program),
        |state| state.is_none_or(|state| state == 'T'),
    );
    program.gets("CONT");
}

#[test]
fn s7_serve_does_not_collect_answers() {
    lab(|lab| {
        let folder = huge_site();
        let (program, addr) = server(lab, folder.path(), &["--idle", "60000"]);
        let talk = Talk::begin(lab, addr, WIDE);
        talk.sends(
            "wide windows, and a request for twelve megabytes",
            &[wide_windows(), ask(1, "GET", "/huge.bin")].concat(),
        );
        program.settles();
        talk.sends("300 frames of a type that nobody knows", &unknown(300));
        program.settles();
        lab.note("the client does not read: the server waits in a write, and no byte more goes");
        // A request in front of each thousand, which is then no flood of frames that bring nothing.
        let streams: Vec<u32> = (1..13).map(|n| 2 * n + 1).collect();
        let mut flood: Vec<u8> = streams
            .iter()
            .flat_map(|stream| {
                let pings = frame(PING, 0, 0, b"12345678").repeat(950);
                [ask(*stream, "HEAD", "/a.txt"), pings].concat()
            })
            .collect();
        flood.extend(ask(27, "HEAD", "/a.txt"));
        flood.extend(unknown(500));
        let len = flood.len();
        let sent = sends_what_goes(&talk, &flood, &program);
        lab.because("Each PING has an answer, and the client reads none of the 11 400. When MAX_UNSENT bytes wait for it, the server does not read from it any more, and TCP holds the client back.").holds(
            sent < len,
            "a part of what the client sends to be taken",
            format!("all {len} bytes of it"),
        );
        let rest = talk.peer.starts_sending(flood[sent..].to_vec());
        let (mut pongs, mut open) = (0, 2 + streams.len());
        while open > 0 || pongs < 950 * streams.len() {
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
    talk.lab.note(format!("the client sends {sent} bytes"));
    sent
}

#[test]
fn s7_serve_gives_up_on_clients() {
    lab(|lab| {
        let folder = huge_site();
        let (program, addr) = server(lab, folder.path(), &["--idle", "100"]);
        program.settles();
        let before = threads(&program);
        let waiting = Talk::begin(lab, addr, &[(4, 3)]);
        waiting.sends(
            "a request, and a window of three bytes",
            &ask(1, "GET", "/a.txt"),
        );
        let goaway = waiting.goaway();
        lab.because("A stream that waits for a window keeps nobody: nothing comes, and nothing can be sent, for the idle time.").holds(
            goaway.ends_with("NO_ERROR"),
            "GOAWAY with NO_ERROR",
            goaway.clone(),
        );
        waiting.ends_well();
        let deaf = Talk::begin(lab, addr, WIDE);
        deaf.sends(
            "wide windows, and a request for twelve megabytes",
            &[wide_windows(), ask(1, "GET", "/huge.bin")].concat(),
        );
        let asking = Talk::begin(lab, addr, WIDE);
        let flood: Vec<u8> = (0..20)
            .flat_map(|n| {
                let pings = frame(PING, 0, 0, b"12345678").repeat(950);
                [ask(2 * n + 1, "GET", "/huge.bin"), pings].concat()
            })
            .collect();
        asking.sends(
            "wide windows, twenty such requests, and PINGs between them",
            &[wide_windows(), flood].concat(),
        );
        lab.note("the clients stay, and do not read");
        lab.if_stuck("a write, or a wait for room, that lasts as long as the client likes");
        is_rid_of_clients(lab, &program, before);
    });
}

#[test]
fn s7_serve_lingers_and_closes() {
    lab(|lab| {
        let folder = site();
        let (program, addr) = server(lab, folder.path(), &["--idle", "60000"]);
        program.settles();
        let before = threads(&program);
        let staying = Talk::new(lab, lab.connect(addr));
        staying.sends("no preface", b"GET / HTTP/1.1\r\n\r\n");
        let goaway = staying.goaway();
        lab.because("No preface.").holds(
            goaway.ends_with("PROTOCOL_ERROR"),
            "GOAWAY with PROTOCOL_ERROR",
            goaway.clone(),
        );
        staying.peer.expects_eof();
        lab.note("the client does not end its side");
        let talking = Talk::new(lab, lab.connect(addr));
        talking.sends("no preface, and two megabytes behind it", &[b'x'; 2 << 20]);
        let goaway = talking.goaway();
        lab.because("The client was still sending when the connection was over. The server reads that, and throws it away: a socket that is closed with unread bytes sends a reset, and what was written last may be lost with it.").holds(
            goaway.ends_with("PROTOCOL_ERROR"),
            "GOAWAY with PROTOCOL_ERROR",
            goaway.clone(),
        );
        talking.peer.expects_eof();
        talking.peer.closes();
        lab.if_stuck(
            "a client that stays when the connection is over has LINGER, one second, and no more",
        );
        is_rid_of_clients(lab, &program, before);
    });
}

#[test]
fn s7_serve_finishes_before_it_leaves() {
    lab(|lab| {
        let folder = site();
        let (_program, addr) = server(lab, folder.path(), &[]);
        let mut talk = Talk::begin(lab, addr, &[]);
        talk.sends(
            "a request for a large file, the head of another request, and GOAWAY",
            &[
                ask(1, "GET", "/large.bin"),
                head(
                    3,
                    &[
                        (":method", "POST"),
                        (":scheme", "http"),
                        (":path", "/a.txt"),
                    ],
                ),
                goaway(0, 0),
            ]
            .concat(),
        );
        talk.sends(
            "windows",
            &[window_update(0, 1 << 20), window_update(1, 1 << 20)].concat(),
        );
        talk.sends("the content of the other", &last_data(3, b"x"));
        let (all, _) = talk.answers(&[1, 3]);
        let why = "GOAWAY says that the client takes no new streams of the server's. What it has asked for goes on (RFC 9113, section 6.8).";
        has(lab, why, &all[&1], &[":status=200"], &large());
        has(lab, why, &all[&3], &[":status=405"], &all[&3].content);
        talk.ends_well();
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
                talk.sends("a request", &ask(1, "GET", "/a.txt"));
                let (got, _) = talk.answers(&[1]);
                has(
                    lab,
                    "MAX_CLIENTS clients are served at a time.",
                    &got[&1],
                    &[":status=200"],
                    b"alpha",
                );
                talk
            })
            .collect();
        let mut waiting = Talk::begin(lab, addr, &[]);
        waiting.sends("a request", &ask(1, "GET", "/a.txt"));
        program.settles();
        let stream = waiting.peer.stream();
        stream.set_nonblocking(true).expect("non-blocking mode");
        let answer = stream.peek(&mut [0]);
        stream.set_nonblocking(false).expect("blocking mode");
        lab.because("One more has to wait. Without a limit, whoever opens connections decides how many threads your machine runs.").holds(
            answer.is_err(),
            format!("it to wait, while {MAX_CLIENTS} are being served"),
            "an answer, or the end of the stream",
        );
        if let Some(talk) = all.pop() {
            talk.peer.closes();
        }
        let (got, _) = waiting.answers(&[1]);
        has(
            lab,
            "One has left, so the next one is served.",
            &got[&1],
            &[":status=200"],
            b"alpha",
        );
    });
}

/// Waits until nobody is let in any more.
fn refuses(lab: &Lab, addr: SocketAddr) {
    lab.until(
        &format!("connections to {addr} to be refused"),
        || TcpStream::connect(addr).is_err(),
        |refused| *refused,
    );
    lab.note("new clients are refused");
}

/// A server whose grace is ten minutes, and a client with half of a request.
fn half_a_request<'a>(lab: &'a Lab, dir: &Path) -> (Program, SocketAddr, Talk<'a>) {
    let (program, addr) = server(lab, dir, &["--grace", "600000", "--idle", "600000"]);
    let talk = Talk::begin(lab, addr, &[]);
    talk.sends("the head of a request", &head(1, GET));
    program.settles();
    (program, addr, talk)
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
            let (all, _) = talk.answers(&[1]);
            has(
                lab,
                "The client has done nothing wrong: within the grace it may send the other half, and gets its answer. Nobody new is let in.",
                &all[&1],
                &[":status=200"],
                b"<h1>hello</h1>",
            );
            talk.peer.closes();
            let end = program.exits();
            lab.because("Nobody is left, so there is nothing to wait for: the grace is a limit, and no duty.")
                .same("the exit code", end.code, Some(0));
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
        let end = program.exits();
        lab.because("A client keeps the server within its grace, which is ten minutes here. A person who presses Ctrl-C a second time does not want to wait for that. Not everybody was served, so the exit code is 1.")
            .same("the exit code", end.code, Some(1));
    });
}

/// A device that takes nothing: every write to it fails for want of room.
fn full() -> Option<Stdio> {
    let device = File::options().write(true).open("/dev/full").ok()?;
    Some(device.into())
}

#[test]
fn s7_help_that_nobody_gets() {
    lab(|lab| {
        let Some(device) = full() else {
            lab.skip("this machine has no /dev/full");
        };
        let output = lab.output_into(device, PROGRAM, &["--help"], "");
        lab.because("The disk is full: standard output takes nothing, so it was not done, and standard error says why.").same(
            "the exit code, and whether standard error says anything",
            (output.status.code(), output.stderr.is_empty()),
            (Some(1), false),
        );
    });
}

/// Starts `get` with so many URLs of this server: `/0`, `/1` and so on.
fn starts(lab: &Lab, addr: SocketAddr, count: usize) -> Program {
    let urls: Vec<String> = (0..count).map(|n| url(addr, &format!("/{n}"))).collect();
    let args: Vec<&str> = ["get"]
        .into_iter()
        .chain(urls.iter().map(String::as_str))
        .collect();
    let program = lab.program(PROGRAM, &args);
    program.settles();
    // A program that has ended asks nobody: what it has said is told instead.
    if state(&program) == Some('Z') {
        let end = program.exits();
        lab.fails(
            "a client that waits for answers",
            format!("its end, with {:?}: {}", end.code, end.stderr),
        );
    }
    program
}

/// Reads until so many requests have come, and gives their streams.
fn requests(talk: &Talk, count: usize) -> Vec<u32> {
    let mut streams = Vec::new();
    while streams.len() < count {
        let frame = talk.frame();
        if frame.kind == HEADERS {
            streams.push(frame.stream);
        }
    }
    streams
}

/// Looks at what has come, when the program only waits: there must be no request.
fn asks_for_nothing(talk: &Talk, program: &Program, why: &str) {
    program.settles();
    let stream = talk.peer.stream();
    loop {
        stream.set_nonblocking(true).expect("non-blocking mode");
        let seen = stream.peek(&mut [0]);
        stream.set_nonblocking(false).expect("blocking mode");
        if seen.is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
            return;
        }
        let frame = talk.frame();
        talk.lab.because(why).holds(
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
        let program = starts(lab, server.addr(), FIRST_REQUESTS + 30);
        let talk = accepts(lab, &server);
        lab.if_stuck("a client that waits for SETTINGS or for an answer before it asks");
        let mut open = requests(&talk, FIRST_REQUESTS);
        asks_for_nothing(
            &talk,
            &program,
            "Until SETTINGS have come, nobody knows how many streams the server takes.",
        );
        talk.sends("SETTINGS without a limit", &settings(&[]));
        lab.if_stuck(
            "a client that keeps to FIRST_REQUESTS although the server has said nothing of a limit",
        );
        open.extend(requests(&talk, 30));
        lab.note("the rest is asked for, and nothing was answered yet");
        talk.sends("answers", &[settings_ack(), empty_answers(&open)].concat());
        let end = program.exits();
        lab.because("All of them were answered.")
            .same("the exit code", end.code, Some(0));
    });
}

#[test]
fn s7_get_waits_while_the_server_takes_nothing() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let program = starts(lab, server.addr(), FIRST_REQUESTS + 3);
        let talk = accepts(lab, &server);
        let open = requests(&talk, FIRST_REQUESTS);
        talk.sends(
            "SETTINGS: no stream at all, and the first hundred answers",
            &[settings(&[(3, 0)]), settings_ack(), empty_answers(&open)].concat(),
        );
        asks_for_nothing(&talk, &program, "The server takes no streams now.");
        for (limit, count) in [(1, 1), (2, 2)] {
            talk.sends(
                &format!("SETTINGS: {limit} at a time"),
                &settings(&[(3, limit)]),
            );
            lab.if_stuck(
                "a client that is done, or has given up, although URLs wait to be asked for",
            );
            let open = requests(&talk, count);
            asks_for_nothing(
                &talk,
                &program,
                "The server takes so many at a time, and no more.",
            );
            talk.sends(
                "no more for now, and the answers",
                &[settings(&[(3, 0)]), empty_answers(&open)].concat(),
            );
        }
        let end = program.exits();
        lab.because("All of them were answered.")
            .same("the exit code", end.code, Some(0));
    });
}

#[test]
fn s7_get_when_the_server_takes_no_more() {
    lab(|lab| {
        let server = lab.tcp_server("server");
        let program = starts(lab, server.addr(), FIRST_REQUESTS + 2);
        let talk = accepts(lab, &server);
        let open = requests(&talk, FIRST_REQUESTS);
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

/// A server that takes one connection, waits for so many requests, and answers each with this text.
fn answers_each(lab: &Lab, server: TcpServer, count: usize, text: &'static [u8]) -> Running<()> {
    let twin = lab.clone();
    lab.meanwhile("a server answers", move || {
        let talk = accepts(&twin, &server);
        talk.sends("SETTINGS", &[settings(&[]), settings_ack()].concat());
        let open = requests(&talk, count);
        for stream in open {
            talk.sends(
                "an answer",
                &[head(stream, OK), last_data(stream, text)].concat(),
            );
        }
        talk.ends_well();
        server.expects_nobody_else();
    })
}

#[test]
fn s7_get_from_two_servers() {
    lab(|lab| {
        lab.why("Two ports are two servers, and each has one connection, wherever its URLs stand. What comes is printed in the order of the URLs.");
        let (first, second) = (lab.tcp_server("first"), lab.tcp_server("second"));
        let urls = [
            url(first.addr(), "/1"),
            url(second.addr(), "/2"),
            url(first.addr(), "/3"),
            url(second.addr(), "/4"),
            url(second.addr(), "/5"),
        ];
        let both = [
            answers_each(lab, first, 2, b"a"),
            answers_each(lab, second, 3, b"b"),
        ];
        let args: Vec<&str> = ["get"]
            .into_iter()
            .chain(urls.iter().map(String::as_str))
            .collect();
        let end = ended(getting(lab, &args).returns());
        lab.same(
            "the exit code, and the content",
            (end.code, end.stdout.trim_end()),
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
        let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            lab.skip("this machine cannot listen at ::1");
        };
        let addr = listener
            .local_addr()
            .expect("a bound socket has an address");
        let server = lab.meanwhile("a server answers one request", move || {
            use std::io::{Read, Write};
            let (mut stream, _) = listener.accept()?;
            let mut preface = [0; PREFACE.len()];
            stream.read_exact(&mut preface)?;
            loop {
                let mut head = [0; 9];
                stream.read_exact(&mut head)?;
                let len = usize::from(head[1]) << 8 | usize::from(head[2]);
                let mut payload = vec![0; len];
                stream.read_exact(&mut payload)?;
                if head[3] == HEADERS {
                    let answer = [
                        settings(&[]),
                        settings_ack(),
                        super::frames::head(1, OK),
                        last_data(1, b"6"),
                    ];
                    stream.write_all(&answer.concat())?;
                    // The end of the client's side.
                    let _ = stream.read_to_end(&mut Vec::new());
                    return std::io::Result::Ok(payload);
                }
            }
        });
        let end = ended(getting(lab, &["get", &url(addr, "/a")]).returns());
        lab.because("An address of IPv6 is an address.").same(
            "the exit code, and the content",
            (end.code, end.stdout.trim_end()),
            (Some(0), "6"),
        );
        let block = server.returns().expect("a connection that does not break");
        let fields = super::blocks::Blocks::new()
            .read(&block)
            .unwrap_or_else(|why| {
                lab.fails("a block of fields", why);
            });
        lab.because("An address of IPv6 has colons of its own, so it stands in brackets in front of the port (RFC 3986, section 3.2.2).").holds(
            fields.contains(&format!(":authority={addr}")),
            format!(":authority={addr}"),
            fields.clone(),
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
            let server = lab.tcp_server("server");
            let program = getting(lab, &["get", &url(server.addr(), "/a")]);
            let talk = accepts(lab, &server);
            let _ = requests(&talk, 1);
            talk.sends(
                "an answer",
                &[settings(&[]), settings_ack(), answer].concat(),
            );
            let output = program.returns();
            lab.because(why)
                .same("the exit code", output.status.code(), Some(0));
            lab.because(why)
                .same_bytes("standard output", &output.stdout, content);
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
            let server = lab.tcp_server("server");
            let asked = url(server.addr(), "/a");
            let program = getting(lab, &["get", &asked]);
            let talk = accepts(lab, &server);
            let _ = requests(&talk, 1);
            talk.sends(what, &[settings(&[]), settings_ack(), answer].concat());
            let end = ended(program.returns());
            lab.because("This is no content of 2xx that came to its end. Standard error says what came, and for which URL; standard output gets nothing of it, and nobody follows a redirect.").same(
                "the exit code, the content, whether the URL and the reason are told",
                (
                    end.code,
                    &end.stdout[..],
                    end.stderr.contains(&asked),
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
        let program = starts(lab, server.addr(), 1);
        let talk = accepts(lab, &server);
        let _ = requests(&talk, 1);
        program.settles();
        stops_and_goes_on(lab, &program);
        talk.sends(
            "SETTINGS, PING, and an answer",
            &[
                settings(&[]),
                settings_ack(),
                frame(PING, 0, 0, &[7; 8]),
                head(1, OK),
                last_data(1, b"still here"),
            ]
            .concat(),
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
        let Some(device) = full() else {
            lab.skip("this machine has no /dev/full");
        };
        let folder = site();
        let (_server, addr) = server(lab, folder.path(), &[]);
        let output = lab.output_into(device, PROGRAM, &["get", &url(addr, "/a.txt")], "");
        lab.because("The disk is full: standard output takes nothing, so it was not done, and standard error says why. What stands in a buffer in the program is not printed yet.").same(
            "the exit code, and whether standard error says anything",
            (output.status.code(), output.stderr.is_empty()),
            (Some(1), false),
        );
    });
}
