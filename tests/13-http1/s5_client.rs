//! Step 5: a client, over the pool of chapter 05.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connection_pool::{CallError, Config, Limits, Lost, Manager, Pool, PoolError, TcpManager};
use http1::{Answer, Ask, Client, HttpError, MAX_BODY, MAX_INTERIM, exchange};
use netlab::io::{Interrupting, OneByte, Play, Tape};
use netlab::{Lab, TcpPeer, lab};

use super::heads::shown;

const GET: Ask<'static> = Ask {
    method: "GET",
    host: "www.example.org",
    path: "/a",
    body: b"",
};

fn bytes(bytes: &[u8]) -> Play {
    Play::Bytes(bytes.to_vec())
}

/// The student's exchange on a stream that plays this response, and what may follow it.
fn exchanged(lab: &Lab, ask: &Ask<'_>, plays: &[&[u8]]) -> (Result<Answer, Lost>, Tape) {
    let mut tape = Tape::new(plays.iter().map(|play| bytes(play)));
    let plays: Vec<_> = plays.iter().map(|play| shown(play)).collect();
    lab.scene(format!(
        "the server answers {}, and ends its side",
        plays.join(" and ")
    ));
    let got = call(lab, ask, &mut tape);
    (got, tape)
}

fn call<S: Read + Write>(lab: &Lab, ask: &Ask<'_>, stream: &mut S) -> Result<Answer, Lost> {
    let Ask {
        method, path, body, ..
    } = ask;
    let call = format!("exchange(stream, {method} {path}, {} bytes)", body.len());
    lab.you(&call, || exchange(stream, ask))
}

/// The answer, which must be there.
fn answer(lab: &Lab, got: Result<Answer, Lost>) -> Answer {
    got.unwrap_or_else(|lost| {
        lab.fails(
            "an answer",
            format!(
                "{:?} ({}), after {} bytes",
                lost.cause.kind(),
                lost.cause,
                lost.received
            ),
        )
    })
}

/// Demands that there is no answer, for this reason, after so many bytes.
fn lost(lab: &Lab, got: Result<Answer, Lost>, kind: ErrorKind, received: usize) {
    match got {
        Ok(answer) => lab.fails(
            format!("the error {kind:?}"),
            format!(
                "an answer with status {} and {} bytes",
                answer.head.status,
                answer.body.len()
            ),
        ),
        Err(lost) => {
            lab.same("the kind of the cause", lost.cause.kind(), kind);
            // What cannot be read may be found before all of it has been read.
            let early = kind == ErrorKind::InvalidData && (1..received).contains(&lost.received);
            if !early {
                lab.same("the bytes that had come", lost.received, received);
            }
        }
    }
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

#[test]
fn s5_a_request_on_the_wire() {
    lab(|lab| {
        lab.why("The line, Host, and a length where there is a body, or where one could be (RFC 9110 §8.6): a POST without one may be refused with 411. Nothing else.");
        for (method, body, length) in [
            ("GET", &b""[..], None),
            ("HEAD", b"", None),
            ("DELETE", b"", None),
            ("OPTIONS", b"", None),
            ("POST", b"", Some("content-length: 0")),
            ("PUT", b"", Some("content-length: 0")),
            ("PATCH", b"", Some("content-length: 0")),
            ("POST", b"a=b\r\n\r\n", Some("content-length: 7")),
            ("GET", b"x", Some("content-length: 1")),
            ("get", b"", None),
            ("post", b"", None),
            ("Post", b"x", Some("content-length: 1")),
            ("BREW", b"0123456789", Some("content-length: 10")),
            ("PUT", b"caf\xc3\xa9\xff", Some("content-length: 6")),
        ] {
            let ask = Ask {
                method,
                host: "WWW.Example.org:8080",
                path: "/a?B=%20#\"<|{}^`\\",
                body,
            };
            let (_, tape) = exchanged(lab, &ask, &[OK]);
            let Some(end) = tape.written.windows(4).position(|four| four == b"\r\n\r\n") else {
                lab.fails("a head that ends with an empty line", shown(&tape.written));
            };
            let head = String::from_utf8_lossy(&tape.written[..end]).into_owned();
            let mut lines = head.split("\r\n");
            lab.same(
                "the request line",
                lines.next(),
                Some(&format!("{method} {} HTTP/1.1", ask.path)[..]),
            );
            let small = |line: &str| match line.split_once(':') {
                Some((name, value)) => format!("{}:{value}", name.to_lowercase()),
                None => line.to_owned(),
            };
            let mut fields: Vec<_> = lines.map(small).collect();
            fields.sort();
            let want: Vec<_> = length
                .into_iter()
                .chain(["host: WWW.Example.org:8080"])
                .map(String::from)
                .collect();
            lab.same("the fields", fields, want);
            lab.same_bytes("the body", &tape.written[end + 4..], body);
            lab.because("Head and body in two writes are two segments, and the second may wait for the acknowledgement of the first. And a stream may keep what it is given until it is flushed.")
                .same("the writes, and whether there was a flush", (tape.writes, tape.flushes > 0), (1, true));
        }
    });
}

#[test]
fn s5_nothing_else_gets_into_a_request() {
    lab(|lab| {
        lab.why("A path that somebody has typed may hold a space, or a line break and a whole second request. What would not be one request as it was meant is not sent.");
        for (method, host, path) in [
            ("GET", "h", "/a b"),
            ("GET", "h", "/a\r\nX: y"),
            ("GET", "h", "/a HTTP/1.1\r\nHost: h\r\n\r\nGET /b"),
            ("GET", "h", "/\0"),
            ("GET", "h", "/\u{e9}"),
            ("GET", "h", "/\x7f"),
            ("GET", "h", ""),
            ("GET", "h", "a"),
            ("GET", "h", "http://h/"),
            ("GET", "h", "*"),
            ("GET", "", "/"),
            ("GET", "h\r\nX: y", "/"),
            ("GET", "h h", "/"),
            ("GET", "h\u{e9}", "/"),
            ("", "h", "/"),
            ("GET /b", "h", "/"),
            ("G\nT", "h", "/"),
            ("G:T", "h", "/"),
        ] {
            let ask = Ask {
                method,
                host,
                path,
                body: b"",
            };
            lab.scene(format!("method {method:?}, host {host:?}, path {path:?}"));
            let mut tape = Tape::new([bytes(OK)]);
            let got = lab.you("exchange(stream, this)", || exchange(&mut tape, &ask));
            lost(lab, got, ErrorKind::InvalidInput, 0);
            lab.same_bytes("what was written", &tape.written, b"");
        }
    });
}

/// Responses, the method they answer, their content, and whether the connection can go on.
type Case = (&'static str, &'static [u8], &'static [u8], bool);

const CASES: [Case; 23] = [
    ("GET", OK, b"hello", true),
    ("GET", b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 0\r\n\r\n", b"", true),
    ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nA: b\r\n\r\n", b"hello", true),
    ("GET", b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello", false),
    ("GET", b"HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", false),
    ("GET", b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", b"", false),
    ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b"", true),
    ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"", true),
    ("HEAD", b"HTTP/1.1 200 OK\r\n\r\n", b"", true),
    ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b"", true),
    ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", b"", true),
    ("GET", b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", b"gone", true),
    ("GET", b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", b"", true),
    ("GET", b"HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\noops\r\n0\r\n\r\n", b"oops", true),
    ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncaf\xc3\xa9\xff", b"caf\xc3\xa9\xff", true),
    ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", b"hello", false),
    ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nconnection: te, CLOSE\r\n\r\nhello", b"hello", false),
    ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\nConnection: close\r\n\r\nhello", b"hello", false),
    ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: closed\r\n\r\nhello", b"hello", true),
    ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", false),
    ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n\r\nhello", b"hello", true),
    ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive, close\r\n\r\nhello", b"hello", false),
    ("GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", true),
];

#[test]
fn s5_each_body_and_what_becomes_of_the_connection() {
    lab(|lab| {
        lab.why("The body ends where step 2 says. The connection can carry another request if the body did not end with it, nobody said close, and the server's version stays by itself, or it says so (RFC 9112 §9.3).");
        for (method, response, content, reusable) in CASES {
            let ask = Ask { method, ..GET };
            let (got, tape) = exchanged(lab, &ask, &[response]);
            let got = answer(lab, got);
            lab.same_bytes("the content", &got.body, content);
            lab.same("reusable", got.reusable, reusable);
            if reusable {
                lab.because("The response is over: whoever reads on waits for bytes that do not come, until somebody loses patience.")
                    .same("reads behind the response", tape.ends, 0);
            }
        }
    });
}

#[test]
fn s5_in_any_pieces() {
    lab(|lab| {
        lab.why("A response comes in any pieces, here a byte a read, and a request goes out a byte a write, with a signal before each call. Interrupted is not an error. What the response means does not depend on the pieces, and is as in the test with all of it at once.");
        for (method, response, content, reusable) in CASES {
            let mut stream = Interrupting::new(OneByte(Tape::new([bytes(response)])));
            lab.scene(format!(
                "the server answers {}, and ends its side",
                shown(response)
            ));
            let got = call(
                lab,
                &Ask {
                    method,
                    body: b"hello",
                    ..GET
                },
                &mut stream,
            );
            let got = answer(lab, got);
            lab.same_bytes("the content", &got.body, content);
            lab.same("reusable", got.reusable, reusable);
            let written = &stream.inner.0.written;
            lab.holds(
                written.ends_with(b"\r\n\r\nhello"),
                "all of the request written",
                shown(written),
            );
        }
    });
}

/// A stream whose first flush fails.
struct FirstFlushFails {
    tape: Tape,
    error: Option<ErrorKind>,
}

impl Read for FirstFlushFails {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.tape.read(buf)
    }
}

impl Write for FirstFlushFails {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.tape.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.error.take() {
            Some(kind) => Err(kind.into()),
            None => self.tape.flush(),
        }
    }
}

#[test]
fn s5_a_flush_is_repeated() {
    lab(|lab| {
        lab.why("A signal may come in a flush as in every other call. What has not been flushed has not been sent: call again, until it is.");
        let mut stream = FirstFlushFails {
            tape: Tape::new([bytes(OK)]),
            error: Some(ErrorKind::Interrupted),
        };
        lab.note("the first flush is interrupted by a signal");
        let got = call(lab, &GET, &mut stream);
        lab.same_bytes("the content", &answer(lab, got).body, b"hello");
        let flushes = stream.tape.flushes;
        lab.holds(flushes > 0, "a flush that was not interrupted", "none");
    });
}

#[test]
fn s5_a_flush_that_fails() {
    lab(|lab| {
        lab.why("A stream with a buffer, such as TLS, may find out in a flush that it cannot send. Then the request has not been sent, whatever comes from the other side. That is the cause.");
        for kind in [ErrorKind::BrokenPipe, ErrorKind::TimedOut] {
            let mut stream = FirstFlushFails {
                tape: Tape::new([bytes(OK)]),
                error: Some(kind),
            };
            lab.note(format!("the first flush fails ({kind:?})"));
            let got = call(lab, &GET, &mut stream);
            lost(lab, got, kind, 0);
        }
    });
}

#[test]
fn s5_what_comes_behind_the_response() {
    lab(|lab| {
        lab.why("Bytes behind the response answer nothing that was asked. Leave them in the connection, or keep it without them, and the next request gets an answer that somebody else has written.");
        for behind in [
            &b"\r\n"[..],
            b"x",
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        ] {
            for (method, response, content) in [
                ("GET", OK, &b"hello"[..]),
                ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b""),
                (
                    "GET",
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    b"",
                ),
                ("GET", b"HTTP/1.1 304 Not Modified\r\n\r\n", b""),
                ("CONNECT", b"HTTP/1.1 200 OK\r\n\r\n", b""),
            ] {
                let (got, _) =
                    exchanged(lab, &Ask { method, ..GET }, &[&[response, behind].concat()]);
                let got = answer(lab, got);
                lab.same_bytes("the content", &got.body, content);
                lab.same("reusable", got.reusable, false);
            }
        }
    });
}

#[test]
fn s5_the_answer_has_its_head() {
    lab(|lab| {
        lab.why("Status and fields of the response that counts, and not of one of 1xx before it.");
        let (got, _) = exchanged(
            lab,
            &GET,
            &[
                b"HTTP/1.1 103 x\r\nA: early\r\n\r\n",
                b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
            ],
        );
        let got = answer(lab, got);
        lab.same("the status", got.head.status, 302);
        let all: Vec<_> = got
            .head
            .fields
            .lines()
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
            .collect();
        lab.same(
            "the fields",
            all,
            vec!["Location: /b".to_owned(), "Content-Length: 0".to_owned()],
        );
    });
}

#[test]
fn s5_responses_of_1xx() {
    lab(|lab| {
        lab.why("Any number of responses of 1xx may come before the one that counts (RFC 9110 §15.2), and a server that sends nothing else must not hold a client for ever: MAX_INTERIM, and no more.");
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
        let many = [interim.repeat(MAX_INTERIM), OK.to_vec()].concat();
        let (got, _) = exchanged(lab, &GET, &[&many]);
        lab.same_bytes("the content", &answer(lab, got).body, b"hello");
        let mut pieces = vec![&interim[..]; MAX_INTERIM];
        pieces.push(OK);
        let (got, _) = exchanged(lab, &GET, &pieces);
        lab.same_bytes("the content", &answer(lab, got).body, b"hello");
        let more = [interim.repeat(MAX_INTERIM + 1), OK.to_vec()].concat();
        let (got, _) = exchanged(lab, &GET, &[&more]);
        lost(lab, got, ErrorKind::InvalidData, more.len());
        lab.why("A response of 1xx ends with its head, whatever its number is and whatever its fields say (RFC 9112 §6.3). They are nothing to the answer that follows. 101 alone is another thing.");
        for status in [102, 103, 104, 110, 199] {
            for field in [
                "A: b",
                "Content-Length: 500",
                "Transfer-Encoding: chunked",
                "Content-Length: none",
                "Connection: close",
            ] {
                let early = format!("HTTP/1.1 {status} x\r\n{field}\r\n\r\n");
                let (got, _) = exchanged(lab, &GET, &[early.as_bytes(), OK]);
                let got = answer(lab, got);
                let state = (got.head.status, got.reusable);
                lab.same("the status, and reusable", state, (200, true));
                lab.same_bytes("the content", &got.body, b"hello");
            }
        }
        lab.why("101 says that from here on another protocol is spoken. Nobody has asked for one.");
        let switch = [
            &b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"[..],
            OK,
        ]
        .concat();
        let (got, _) = exchanged(lab, &GET, &[&switch]);
        lost(lab, got, ErrorKind::InvalidData, switch.len());
    });
}

#[test]
fn s5_what_cannot_be_read() {
    lab(|lab| {
        lab.why("A response that is none is an error of the kind InvalidData, with the HttpError in it, so that a log can say what was wrong. It is not an empty answer.");
        for response in [
            &b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..],
            b"HTTP/2.0 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
            b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello!",
            b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxyz",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n",
        ] {
            let (got, _) = exchanged(lab, &GET, &[response]);
            if let Err(lost) = &got {
                let inside = lost
                    .cause
                    .get_ref()
                    .is_some_and(|error| error.is::<HttpError>());
                lab.same("an HttpError inside the error", inside, true);
            }
            lost(lab, got, ErrorKind::InvalidData, response.len());
        }
    });
}

#[test]
fn s5_a_response_that_ends_early() {
    lab(|lab| {
        lab.why("A body that is shorter than it was said to be is half an answer. Who takes the end of the connection for the end of the body stores half a file and calls it whole.");
        for response in [
            &b""[..],
            b"HTTP/1.1 2",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
        ] {
            let (got, _) = exchanged(lab, &GET, &[response]);
            lost(lab, got, ErrorKind::UnexpectedEof, response.len());
        }
    });
}

/// A stream that begins a response and then goes on for ever.
struct Endless {
    start: Vec<u8>,
    piece: &'static [u8],
    given: usize,
    /// It ends its side after so many bytes.
    end: usize,
}

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let from = if self.start.is_empty() {
            self.piece
        } else {
            &self.start[..]
        };
        let n = from.len().min(buf.len()).min(self.end - self.given);
        buf[..n].copy_from_slice(&from[..n]);
        self.start.drain(..n.min(self.start.len()));
        self.given += n;
        Ok(n)
    }
}

impl Write for Endless {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn s5_an_answer_that_is_too_long() {
    lab(|lab| {
        lab.why("A server that sends for ever fills the memory of every client that lets it. MAX_BODY bytes are read; what is announced to be more is not even begun.");
        static PIECE: [u8; 65_536] = [b'x'; 65_536];
        let most = usize::try_from(MAX_BODY).expect("4 MiB") + 300_000;
        for (response, piece, most) in [
            (
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                    MAX_BODY + 1
                ),
                &PIECE[..],
                300_000,
            ),
            (
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", u64::MAX),
                &PIECE[..],
                300_000,
            ),
            (
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                    (1u64 << 32) + 5
                ),
                &PIECE[..],
                300_000,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n".to_owned(),
                &PIECE[..],
                300_000,
            ),
            ("HTTP/1.1 200 OK\r\n\r\n".to_owned(), &PIECE[..], most),
            ("HTTP/1.1 200 OK\r\n\r\nhello".to_owned(), &PIECE[..], most),
            ("HTTP/1.1 200 OK\r\n".to_owned(), &b"A: b\r\n"[..], 300_000),
            (String::new(), &PIECE[..], 300_000),
        ] {
            lab.scene(format!(
                "the server answers {}, and then {} for ever",
                shown(response.as_bytes()),
                shown(piece)
            ));
            let mut stream = Endless {
                start: response.into_bytes(),
                piece,
                given: 0,
                end: usize::MAX,
            };
            let got = call(lab, &GET, &mut stream);
            let inside = got.as_ref().err().is_some_and(|lost| {
                let inside = lost.cause.get_ref();
                inside.is_some_and(|error| error.is::<HttpError>())
            });
            let kind = got.err().map(|lost| lost.cause.kind());
            lab.same("the kind of the error", kind, Some(ErrorKind::InvalidData));
            lab.same("an HttpError inside the error", inside, true);
            lab.holds(
                stream.given <= most,
                format!("at most {most} bytes to be read"),
                format!("{} bytes", stream.given),
            );
        }
        lab.why("MAX_BODY bytes are taken.");
        let length = usize::try_from(MAX_BODY).expect("4 MiB");
        let mut stream = Endless {
            start: format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes(),
            piece: &PIECE,
            given: 0,
            end: usize::MAX,
        };
        let got = call(lab, &GET, &mut stream);
        lab.same(
            "the length of the content",
            answer(lab, got).body.len(),
            length,
        );
        let start = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        let end = start.len() + length;
        let mut stream = Endless {
            start,
            piece: &PIECE,
            given: 0,
            end,
        };
        let got = call(lab, &GET, &mut stream);
        lab.same(
            "the length of the content that ends with the connection",
            answer(lab, got).body.len(),
            length,
        );
        lab.why("So it is with a length and in chunks, to the byte; and a long answer is no reason to give up the connection.");
        let content = vec![b'x'; length + 1];
        for (size, is_taken) in [(length, true), (length + 1, false)] {
            let chunks = [
                format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n")
                    .as_bytes(),
                &content[..size],
                b"\r\n0\r\n\r\n",
            ]
            .concat();
            let announced = [
                format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n").as_bytes(),
                &content[..size],
            ]
            .concat();
            for response in [chunks, announced] {
                let (got, _) = exchanged(lab, &GET, &[&response]);
                let got = got.map(|answer| (answer.body.len(), answer.reusable));
                let got = got.map_err(|lost| lost.cause.kind());
                let want = match is_taken {
                    true => Ok((length, true)),
                    false => Err(ErrorKind::InvalidData),
                };
                lab.same("the length of the content, and reusable", got, want);
            }
        }
    });
}

#[test]
fn s5_errors_of_the_stream() {
    lab(|lab| {
        lab.why("What the stream says is the cause, and how much of a response had come before decides whether somebody may try again. An error in the middle of a body that ends with the connection is no end.");
        for kind in [
            ErrorKind::ConnectionReset,
            ErrorKind::TimedOut,
            ErrorKind::WouldBlock,
            ErrorKind::Other,
        ] {
            for part in [
                &b""[..],
                b"HTTP/1.1 2",
                b"HTTP/1.1 100 Continue\r\n\r\n",
                b"HTTP/1.1 200 OK\r\n\r\nhell",
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe",
            ] {
                let plays = [bytes(part), Play::Error(kind)];
                let mut tape = Tape::new(plays.into_iter().skip(usize::from(part.is_empty())));
                lab.scene(format!(
                    "the server answers {}, and then the connection fails ({kind:?})",
                    shown(part)
                ));
                let got = call(lab, &GET, &mut tape);
                lost(lab, got, kind, part.len());
            }
        }
        lab.why("A stream that takes nothing takes nothing more, ever.");
        let mut full = Tape::new([bytes(OK)]).taking(0);
        let got = call(lab, &GET, &mut full);
        lost(lab, got, ErrorKind::WriteZero, 0);
        lab.why("A stream that takes a part is given the rest.");
        let mut narrow = Tape::new([bytes(OK)]).taking(7);
        let got = call(
            lab,
            &Ask {
                method: "POST",
                body: b"0123456789",
                ..GET
            },
            &mut narrow,
        );
        answer(lab, got);
        lab.holds(
            narrow.written.ends_with(b"\r\n\r\n0123456789"),
            "all of the request written",
            shown(&narrow.written),
        );
    });
}

/// Connections that follow scripts, in this order. The pool finds all of them good: they die after the check.
struct Scripts {
    streams: Mutex<VecDeque<Line>>,
    connects: AtomicUsize,
    open: Arc<AtomicUsize>,
    most: AtomicUsize,
    requests: Arc<Mutex<Vec<String>>>,
}

/// One connection: a tape, whose write number `fails.0` fails.
struct Line {
    tape: Tape,
    fails: Option<(usize, ErrorKind)>,
    open: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Read for Line {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.tape.read(buf)
    }
}

impl Write for Line {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if let Some((at, kind)) = self.fails
            && self.tape.writes + 1 == at
        {
            return Err(kind.into());
        }
        let text = String::from_utf8_lossy(buf).into_owned();
        self.requests.lock().expect("no panic in here").push(text);
        self.tape.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tape.flush()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.open.fetch_sub(1, SeqCst);
    }
}

impl Manager for Scripts {
    type Conn = Line;
    type Error = io::Error;

    fn connect(&self) -> io::Result<Line> {
        self.connects.fetch_add(1, SeqCst);
        let line = self.streams.lock().expect("no panic in here").pop_front();
        let line = line.ok_or(ErrorKind::ConnectionRefused)?;
        let open = self.open.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(open, SeqCst);
        Ok(line)
    }

    fn is_reusable(&self, _: &mut Line) -> bool {
        true
    }
}

type Script = (Vec<Play>, Option<(usize, ErrorKind)>);

/// A client of one connection at a time, whose connections play these scripts.
fn client(lab: &Lab, scripts: Vec<Script>) -> Client<Scripts> {
    client_of(lab, 1, scripts)
}

/// The same with so many connections at a time.
fn client_of(lab: &Lab, max: usize, scripts: Vec<Script>) -> Client<Scripts> {
    let (open, requests) = (
        Arc::<AtomicUsize>::default(),
        Arc::<Mutex<Vec<String>>>::default(),
    );
    lab.scene(format!(
        "a pool with room for {max}, whose connections are these"
    ));
    for (nth, (plays, fails)) in scripts.iter().enumerate() {
        let plays: Vec<_> = plays
            .iter()
            .map(|play| match play {
                Play::Bytes(bytes) => format!("answers {}", shown(bytes)),
                Play::Error(kind) => format!("fails ({kind:?})"),
            })
            .collect();
        let fails = fails
            .map(|(at, kind)| format!("; write {at} fails ({kind:?})"))
            .unwrap_or_default();
        lab.note(format!(
            "connection #{} {}{}{fails}",
            nth + 1,
            plays.join(", then "),
            if plays.is_empty() {
                "ends"
            } else {
                ", then ends"
            }
        ));
    }
    let lines = scripts.into_iter().map(|(plays, fails)| Line {
        tape: Tape::new(plays),
        fails,
        open: open.clone(),
        requests: requests.clone(),
    });
    let scripts = Scripts {
        streams: Mutex::new(lines.collect()),
        connects: AtomicUsize::new(0),
        open: open.clone(),
        most: AtomicUsize::new(0),
        requests,
    };
    lab.you("Client::new(pool, \"www.example.org\")", || {
        Client::new(pool(max, scripts), "www.example.org")
    })
}

fn pool<M: Manager>(max: usize, manager: M) -> Pool<M> {
    Pool::new(
        manager,
        Config {
            max,
            wait: Duration::from_secs(60),
            limits: Limits::default(),
        },
    )
}

/// Why a client of one connection may hang.
const HOLDS: &str = "This pool has one place. A connection that is of no use is discarded before the next one is asked for, or the call waits for itself.";

fn send(lab: &Lab, client: &Client<Scripts>, method: &str) -> Result<Answer, CallError> {
    send_with(lab, client, method, "")
}

fn send_with(
    lab: &Lab,
    client: &Client<Scripts>,
    method: &str,
    body: &str,
) -> Result<Answer, CallError> {
    lab.if_stuck(HOLDS);
    let call = format!("client.send({method:?}, \"/a\", {body:?})");
    lab.you(&call, || client.send(method, "/a", body.as_bytes()))
}

/// What became of a call: the content, or the cause's kind and how many bytes had come.
fn outcome(got: Result<Answer, CallError>) -> Result<String, (String, usize)> {
    match got {
        Ok(answer) => Ok(String::from_utf8_lossy(&answer.body).into_owned()),
        Err(CallError::Lost(lost)) => Err((format!("{:?}", lost.cause.kind()), lost.received)),
        Err(CallError::Pool(PoolError::Connect(error))) => {
            Err((format!("connect: {:?}", error.kind()), 0))
        }
        Err(CallError::Pool(error)) => Err((format!("pool: {error}"), 0)),
    }
}

fn counts(client: &Client<Scripts>) -> (usize, usize, usize) {
    let pool = client.pool();
    let manager = pool.manager();
    (
        manager.connects.load(SeqCst),
        pool.state().idle,
        manager.open.load(SeqCst),
    )
}

/// All that was written, a write each.
fn requests(client: &Client<Scripts>) -> Vec<String> {
    let requests = &client.pool().manager().requests;
    requests.lock().expect("no panic in here").clone()
}

fn hello() -> String {
    "hello".to_owned()
}

#[test]
fn s5_one_connection_after_another_request() {
    lab(|lab| {
        lab.why("A connection that can go on goes back to the pool, and carries the next request.");
        let client = client(lab, vec![(vec![bytes(OK), bytes(OK), bytes(OK)], None)]);
        for method in ["GET", "POST", "DELETE"] {
            lab.same(
                "the answer",
                outcome(send(lab, &client, method)),
                Ok(hello()),
            );
            lab.same("connects, idle, open", counts(&client), (1, 1, 1));
        }
        let got = lab.you("client.get(\"/b\")", || client.get("/b"));
        lab.same(
            "the end of the connection",
            outcome(got),
            Err(("connect: ConnectionRefused".to_owned(), 0)),
        );
        let lines: Vec<_> = requests(&client)
            .iter()
            .filter_map(|request| Some(request.split_once("\r\n")?.0.to_owned()))
            .collect();
        lab.same(
            "the requests",
            lines,
            ["GET /a", "POST /a", "DELETE /a", "GET /b"]
                .map(|line| format!("{line} HTTP/1.1"))
                .to_vec(),
        );
    });
}

#[test]
fn s5_a_status_is_no_failure_of_the_connection() {
    lab(|lab| {
        lab.why("404 and 500 say something about what was asked for. They are answers, and the connection that brought them is as good as before. A client that gives it up connects anew behind each page that is missing.");
        let statuses = [404, 500, 302, 206, 503, 400];
        let answer = |status| format!("HTTP/1.1 {status} x\r\nContent-Length: 5\r\n\r\nhello");
        let plays = statuses.map(|status| bytes(answer(status).as_bytes()));
        let client = client(lab, vec![(plays.to_vec(), None)]);
        for status in statuses {
            let got = send(lab, &client, "GET").map(|answer| answer.head.status);
            lab.same("the status", got.ok(), Some(status));
            lab.same("connects, idle, open", counts(&client), (1, 1, 1));
        }
    });
}

#[test]
fn s5_until_close_body_makes_connection_unusable() {
    lab(|lab| {
        lab.why("A body that ends with the connection takes the connection with it; so do close, and bytes that nobody asked for. Such a connection does not go back to the pool, where it would spoil the next request.");
        for response in [
            &b"HTTP/1.1 200 OK\r\n\r\nhello"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
            b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n",
        ] {
            let client = client(
                lab,
                vec![(vec![bytes(response)], None), (vec![bytes(OK)], None)],
            );
            lab.same(
                "the answer",
                outcome(send(lab, &client, "GET")),
                Ok(hello()),
            );
            lab.same("connects, idle, open", counts(&client), (1, 0, 0));
            lab.same(
                "the next answer",
                outcome(send(lab, &client, "POST")),
                Ok(hello()),
            );
            lab.same("connects, idle, open", counts(&client), (2, 1, 1));
        }
        lab.why("After an error the connection is in the middle of something.");
        for part in [
            &b""[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe",
            b"nonsense\r\n\r\n",
        ] {
            let plays = if part.is_empty() {
                vec![]
            } else {
                vec![bytes(part)]
            };
            let client = client(lab, vec![(plays, None), (vec![bytes(OK)], None)]);
            let got = outcome(send(lab, &client, "GET"));
            lab.holds(got.is_err(), "an error", format!("{got:?}"));
            lab.same("connects, idle, open", counts(&client), (1, 0, 0));
        }
    });
}

#[test]
fn s5_stale_connection_get_retried_post_not() {
    lab(|lab| {
        lab.why("The server closes an idle connection at the moment when the next request is on its way. Nobody knows whether it was served. To GET again does no harm (RFC 9110 §9.2.2), to order twice does: the error is the caller's to judge.");
        let stale = || (vec![bytes(OK)], None);
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
            let fresh = match method {
                "HEAD" => &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"[..],
                _ => OK,
            };
            let client = client(lab, vec![stale(), (vec![bytes(fresh)], None)]);
            lab.same(
                "the answer",
                outcome(send(lab, &client, "GET")),
                Ok(hello()),
            );
            let got = outcome(send(lab, &client, method));
            let want = if method == "HEAD" { "" } else { "hello" };
            lab.same("the answer on a fresh connection", got, Ok(want.to_owned()));
            lab.same("connects, idle, open", counts(&client), (2, 1, 1));
            lab.same("the requests that were written", requests(&client).len(), 3);
            lab.same(
                "open at a time",
                client.pool().manager().most.load(SeqCst),
                1,
            );
        }
        lab.why("PUT puts the same thing in the same place, once or twice. It is repeated with its body: that is still in your hands.");
        for method in ["PUT", "DELETE", "GET"] {
            let client = client(lab, vec![stale(), (vec![bytes(OK)], None)]);
            lab.same(
                "the answer",
                outcome(send(lab, &client, "GET")),
                Ok(hello()),
            );
            let got = outcome(send_with(lab, &client, method, "a thing"));
            lab.same("the answer on a fresh connection", got, Ok(hello()));
            let written = requests(&client);
            let bodies: Vec<_> = written
                .iter()
                .filter_map(|request| Some(request.split_once("\r\n\r\n")?.1))
                .collect();
            lab.same("the bodies", bodies, vec!["", "a thing", "a thing"]);
        }
        lab.why("The server closes an idle connection at the moment when the next request is on its way. Nobody knows whether it was served, and to order twice does harm: the error is the caller's to judge.");
        for method in ["POST", "PATCH", "CONNECT", "get", "BREW"] {
            let client = client(lab, vec![stale(), (vec![bytes(OK)], None)]);
            lab.same(
                "the answer",
                outcome(send(lab, &client, "GET")),
                Ok(hello()),
            );
            let got = outcome(send(lab, &client, method));
            lab.same("the answer", got, Err(("UnexpectedEof".to_owned(), 0)));
            lab.same("connects, idle, open", counts(&client), (1, 0, 0));
        }
    });
}

#[test]
fn s5_what_is_tried_again() {
    lab(|lab| {
        lab.why("Again, if the connection was used before, and ended, and no byte of an answer had come. A fresh connection that ends has another reason to; after a time-out it may be alive, and so may one that takes nothing more; and half an answer is a request that was served.");
        use ErrorKind::{
            BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, Other, TimedOut,
            UnexpectedEof, WouldBlock, WriteZero,
        };
        for (kind, again) in [
            (ConnectionReset, true),
            (ConnectionAborted, true),
            (BrokenPipe, true),
            (UnexpectedEof, true),
            (WriteZero, false),
            (NotConnected, false),
            (TimedOut, false),
            (WouldBlock, false),
            (Other, false),
        ] {
            let reads = (vec![bytes(OK), Play::Error(kind)], None);
            let writes = (vec![bytes(OK), bytes(OK)], Some((2, kind)));
            for stale in [reads, writes] {
                let client = client(lab, vec![stale, (vec![bytes(OK)], None)]);
                lab.same(
                    "the answer",
                    outcome(send(lab, &client, "GET")),
                    Ok(hello()),
                );
                let got = outcome(send(lab, &client, "GET"));
                let want = if again {
                    Ok(hello())
                } else {
                    Err((format!("{kind:?}"), 0))
                };
                lab.same("the second answer", got, want);
                lab.same("connects", counts(&client).0, 1 + usize::from(again));
            }
        }
        lab.note("now half an answer");
        let client = client(
            lab,
            vec![
                (vec![bytes(OK), bytes(b"HTTP/1.1 2")], None),
                (vec![bytes(OK)], None),
            ],
        );
        lab.same(
            "the answer",
            outcome(send(lab, &client, "GET")),
            Ok(hello()),
        );
        let got = outcome(send(lab, &client, "GET"));
        lab.same(
            "the second answer",
            got,
            Err(("UnexpectedEof".to_owned(), 10)),
        );
        lab.note("now a fresh connection");
        let client = super::s5_client::client(lab, vec![(vec![], None), (vec![bytes(OK)], None)]);
        let got = outcome(send(lab, &client, "GET"));
        lab.same("the answer", got, Err(("UnexpectedEof".to_owned(), 0)));
        lab.same("connects, idle, open", counts(&client), (1, 0, 0));
    });
}

#[test]
fn s5_once_and_no_more() {
    lab(|lab| {
        lab.why("The second attempt's failure is final: a server that is down is not helped by more requests.");
        let client = client(
            lab,
            vec![
                (vec![bytes(OK)], None),
                (vec![], None),
                (vec![bytes(OK)], None),
            ],
        );
        lab.same(
            "the answer",
            outcome(send(lab, &client, "GET")),
            Ok(hello()),
        );
        let got = outcome(send(lab, &client, "GET"));
        lab.same(
            "the second answer",
            got,
            Err(("UnexpectedEof".to_owned(), 0)),
        );
        lab.same("connects, idle, open", counts(&client), (2, 0, 0));
        let client = super::s5_client::client(lab, vec![(vec![bytes(OK)], None)]);
        lab.same(
            "the answer",
            outcome(send(lab, &client, "GET")),
            Ok(hello()),
        );
        let got = outcome(send(lab, &client, "GET"));
        lab.same(
            "the second answer",
            got,
            Err(("connect: ConnectionRefused".to_owned(), 0)),
        );

        lab.why("What the caller hears is the second attempt's failure: that the first connection was dead is what the second one was for.");
        let stale = || {
            let dies = Play::Error(ErrorKind::ConnectionReset);
            (vec![bytes(OK), dies], None)
        };
        for (plays, want) in [
            (vec![], ("UnexpectedEof", 0)),
            (vec![bytes(b"HTTP/1.1 2")], ("UnexpectedEof", 10)),
            (vec![Play::Error(ErrorKind::TimedOut)], ("TimedOut", 0)),
        ] {
            let client = super::s5_client::client(lab, vec![stale(), (plays, None)]);
            lab.same(
                "the answer",
                outcome(send(lab, &client, "GET")),
                Ok(hello()),
            );
            let got = outcome(send(lab, &client, "GET"));
            lab.same("the second answer", got, Err((want.0.to_owned(), want.1)));
        }
    });
}

#[test]
fn s5_the_second_attempt_is_on_a_fresh_connection() {
    lab(|lab| {
        lab.why("One idle connection was dead. The others have been idle as long, and are likely to be dead, too: the second attempt is on a fresh one (get_fresh), and there is no third.");
        let stale = || (vec![], None);
        let scripts = vec![stale(), stale(), (vec![bytes(OK)], None)];
        let client = client_of(lab, 2, scripts);
        let ready = lab.ok("pool.prewarm(2)", || {
            client.pool().prewarm(2).map_err(|error| error.kind())
        });
        lab.same("idle connections", ready, 2);
        lab.same(
            "the answer",
            outcome(send(lab, &client, "GET")),
            Ok(hello()),
        );
        lab.same("connects", counts(&client).0, 3);
        lab.same("the requests that were written", requests(&client).len(), 2);
        lab.same(
            "at most so many open at a time",
            client.pool().manager().most.load(SeqCst),
            2,
        );
    });
}

fn tcp_client(lab: &Lab, addr: SocketAddr) -> Client<TcpManager> {
    lab.you("Client::new(pool, \"www.example.org\")", || {
        Client::new(
            pool(1, TcpManager::new(addr, Duration::from_secs(10))),
            "www.example.org",
        )
    })
}

/// A request as the client sends it.
fn on_the_wire(method: &str, path: &str) -> Vec<u8> {
    let length = if method == "POST" {
        "Content-Length: 0\r\n"
    } else {
        ""
    };
    format!("{method} {path} HTTP/1.1\r\nHost: www.example.org\r\n{length}\r\n").into_bytes()
}

/// Reads one request of the student's client.
fn hears(lab: &Lab, peer: &TcpPeer, method: &str, path: &str) {
    let want = on_the_wire(method, path);
    let got = peer.expects_exactly(want.len());
    let line = format!("{method} {path} HTTP/1.1\r\n");
    lab.holds(got.starts_with(line.as_bytes()), shown(&want), shown(&got));
}

#[test]
fn s5_thirty_objects_one_connection() {
    lab(|lab| {
        lab.why("A page is dozens of objects. On one connection they cost one handshake; a client that connects for each pays thirty, and so does the server.");
        let server = lab.tcp_server("server");
        let client = tcp_client(lab, server.addr());
        let fetching = lab.student("client.get(path), thirty times", move || {
            let answers = (0..30).map(|n| client.get(&format!("/{n}")));
            let bodies: Result<Vec<_>, _> =
                answers.map(|got| got.map(|answer| answer.body)).collect();
            bodies.map(|bodies| (bodies, client.pool().manager().made()))
        });
        let peer = server.accepts();
        for n in 0..30 {
            hears(lab, &peer, "GET", &format!("/{n}"));
            match n % 3 {
                0 => peer.sends(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{n}", n.to_string().len()).as_bytes()),
                1 => peer.sends(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{n}\r\n0\r\n\r\n", n.to_string().len()).as_bytes()),
                _ => peer.dribbles(b"HTTP/1.1 204 No Content\r\n\r\n"),
            }
        }
        let (bodies, made) = fetching.returns_ok();
        for (n, body) in bodies.iter().enumerate() {
            let want = if n % 3 == 2 {
                String::new()
            } else {
                n.to_string()
            };
            lab.same_bytes(&format!("object {n}"), body, want.as_bytes());
        }
        lab.same("connections made", made, 1);
        server.expects_nobody_else();
    });
}

#[test]
fn s5_a_server_that_leaves() {
    lab(|lab| {
        lab.why("The server reads the second request and closes without a word. GET goes out again, on a new connection; POST is lost, and says so.");
        for method in ["GET", "POST"] {
            let server = lab.tcp_server("server");
            let client = tcp_client(lab, server.addr());
            lab.if_stuck(HOLDS);
            let asking = lab.student(
                &format!("client.get(\"/1\"), then client.send({method:?}, \"/2\", \"\")"),
                move || {
                    let first = outcome(client.get("/1"));
                    (first, outcome(client.send(method, "/2", b"")))
                },
            );
            let peer = server.accepts();
            hears(lab, &peer, "GET", "/1");
            peer.sends(OK);
            hears(lab, &peer, method, "/2");
            peer.closes();
            if method == "GET" {
                let peer = server.accepts();
                hears(lab, &peer, "GET", "/2");
                peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain");
                lab.same(
                    "the answers",
                    asking.returns(),
                    (Ok(hello()), Ok("again".to_owned())),
                );
            } else {
                let (first, second) = asking.returns();
                lab.same("the first answer", first, Ok(hello()));
                lab.holds(
                    matches!(second, Err((_, 0))),
                    "an error, and 0 bytes of a response",
                    format!("{second:?}"),
                );
                server.expects_nobody_else();
            }
        }
    });
}
