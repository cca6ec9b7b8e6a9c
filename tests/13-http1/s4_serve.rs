//! Step 4: one connection, many requests.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

use concurrent_server::SystemClock;
use http1::{App, Limits, MAX_HEAD, Request, Response, reason, serve_connection};
use netlab::{Lab, lab};

use super::heads::shown;
use super::replies::{Reply, replies, reply};
use super::wire::{Deed, Fails, Play, Wire, after, sends, wire};

/// Of every scene, unless it says otherwise.
const LIMITS: Limits = Limits {
    idle: secs(10),
    request: secs(30),
    reply: secs(20),
    linger: secs(5),
    max_body: 1000,
};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// An application that answers with what it was asked, and keeps it.
#[derive(Default)]
struct Echo(Mutex<Vec<String>>);

impl Echo {
    fn seen(&self) -> Vec<String> {
        self.0.lock().expect("no panic in here").clone()
    }
}

impl App for Echo {
    fn respond(&self, request: &Request) -> Response {
        let body = String::from_utf8_lossy(&request.body);
        let text = format!("{} {} {body}", request.head.method, request.head.target);
        self.0.lock().expect("no panic in here").push(text.clone());
        Response::new(200, text)
    }
}

fn serve(lab: &Lab, wire: &Wire, app: &dyn App) -> io::Result<u32> {
    serve_within(lab, wire, app, LIMITS)
}

fn serve_within(lab: &Lab, wire: &Wire, app: &dyn App, limits: Limits) -> io::Result<u32> {
    lab.you("serve_connection(stream, app, limits, clock)", || {
        serve_connection(wire.clone(), app, &limits, &wire.clock())
    })
}

/// The same, and it must have answered so many requests.
fn serves(lab: &Lab, wire: &Wire, app: &dyn App, count: u32) {
    let got = serve(lab, wire, app).map_err(|error| error.kind());
    lab.same("the requests that were answered", got, Ok(count));
}

/// Demands that the client was left without a word.
fn gets_nothing(lab: &Lab, wire: &Wire) {
    let written = wire.written();
    lab.holds(written.is_empty(), "no word to the client", shown(&written));
}

/// A whole request, or many, in one piece, and then the client's end; and the responses to it.
fn conversation(lab: &Lab, bytes: &[u8], methods: &[&str]) -> Vec<Reply> {
    let wire = wire(lab, [sends(bytes)]);
    let count = u32::try_from(methods.len()).expect("a few");
    serves(lab, &wire, &Echo::default(), count);
    replies(lab, &wire.written(), methods)
}

fn bodies(replies: &[Reply]) -> Vec<String> {
    let text = |reply: &Reply| String::from_utf8_lossy(&reply.body).into_owned();
    replies.iter().map(text).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

const GET_A: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const GET_B: &[u8] = b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n";
const LAST_B: &[u8] = b"GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[test]
fn s4_one_request_one_response() {
    lab(|lab| {
        lab.why("A status line with the server's version, the application's fields in their order, the length, an empty line, the body. Nothing says that the connection stays: in HTTP/1.1 that is what happens (RFC 9112 §9.3).");
        let app = |_: &Request| {
            let mut response = Response::new(201, "hello");
            response.fields.push("Content-Type", "text/plain");
            response.fields.push("ETag", "\"a\"");
            response.fields.push("X", "");
            response
        };
        let wire = wire(lab, [sends(GET_A)]);
        serves(lab, &wire, &app, 1);
        let written = wire.written();
        let first = b"HTTP/1.1 201 Created\r\n";
        lab.same_bytes(
            "the status line",
            &written[..first.len().min(written.len())],
            first,
        );
        let all = replies(lab, &written, &["GET"]);
        let own: Vec<_> = all[0]
            .fields
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("Content-Length"))
            .collect();
        let own: Vec<_> = own
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        lab.same(
            "the fields",
            own,
            words(&["Content-Type: text/plain", "ETag: \"a\"", "X: "]),
        );
        lab.same_bytes("the body", &all[0].body, b"hello");
    });
}

#[test]
fn s4_second_request_same_connection() {
    lab(|lab| {
        lab.why("1.1 stays open unless someone says close. The client waits for the first answer and asks again, on the same connection: no handshake, no second of waiting.");
        let wire = wire(
            lab,
            [
                sends(GET_A),
                Play::When {
                    seen: b"GET /a",
                    then: GET_B.to_vec(),
                },
                Play::When {
                    seen: b"GET /b",
                    then: GET_A.to_vec(),
                },
            ],
        );
        serves(lab, &wire, &Echo::default(), 3);
        let all = replies(lab, &wire.written(), &["GET"; 3]);
        lab.same(
            "the answers",
            bodies(&all),
            words(&["GET /a ", "GET /b ", "GET /a "]),
        );
        lab.same(
            "a word about closing",
            all.iter().any(|reply| reply.says("close")),
            false,
        );
    });
}

#[test]
fn s4_two_pipelined_requests_answered_in_order() {
    lab(|lab| {
        lab.why("A client may send its requests without waiting. They may come in one read; what is behind the first is not lost and not skipped. Nothing but the order says which answer belongs to which request (RFC 9112 §9.3.2).");
        let app = Echo::default();
        let wire = wire(lab, [sends(&[GET_A, GET_B, GET_A, GET_B].concat())]);
        serves(lab, &wire, &app, 4);
        let all = replies(lab, &wire.written(), &["GET"; 4]);
        let want = words(&["GET /a ", "GET /b ", "GET /a ", "GET /b "]);
        lab.same("the answers", bodies(&all), want);

        let many = 1000;
        let count = u32::try_from(many).expect("a few");
        let wire = super::wire::wire(lab, [sends(&GET_A.repeat(many))]);
        serves(lab, &wire, &Echo::default(), count);
        lab.same(
            "the answers",
            replies(lab, &wire.written(), &vec!["GET"; many]).len(),
            many,
        );

        lab.why(
            "The second request may come in part with the first. Its beginning is not thrown away.",
        );
        for at in [1, 10, GET_B.len() - 1] {
            let both = [GET_A, &GET_B[..at]].concat();
            let wire = super::wire::wire(lab, [sends(&both), after(5, &GET_B[at..])]);
            serves(lab, &wire, &Echo::default(), 2);
            let all = replies(lab, &wire.written(), &["GET"; 2]);
            lab.same("the answers", bodies(&all), words(&["GET /a ", "GET /b "]));
        }
    });
}

#[test]
fn s4_a_byte_at_a_time() {
    lab(|lab| {
        lab.why("Requests come in any pieces, here a byte a read, and with a signal before each call. Interrupted is not an error: call again.");
        let bytes = [
            GET_A,
            b"POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
            b"POST /d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
            GET_B,
        ]
        .concat();
        let wire = wire(lab, bytes.iter().map(|&b| sends(&[b]))).interrupting(Duration::ZERO);
        wire.state().takes = 1;
        serves(lab, &wire, &Echo::default(), 4);
        let all = replies(lab, &wire.written(), &["GET", "POST", "POST", "GET"]);
        let want = words(&["GET /a ", "POST /c hello", "POST /d hello", "GET /b "]);
        lab.same("the answers", bodies(&all), want);
    });
}

#[test]
fn s4_a_body_is_not_the_next_request() {
    lab(|lab| {
        lab.why("A POST's body was parsed as a request line. What an application does not look at is read all the same, by the length that the head says: else a body is a request that nobody has checked.");
        let evil = "GET /evil HTTP/1.1\r\nHost: x\r\n\r\n";
        let len = evil.len();
        let chunked = format!("{len:x}\r\n{evil}\r\n0\r\n\r\n");
        for (head, body) in [
            (
                format!("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: {len}\r\n\r\n"),
                evil,
            ),
            (
                format!("GET /p HTTP/1.1\r\nHost: x\r\ncontent-length: {len}\r\n\r\n"),
                evil,
            ),
            (
                "PUT /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n".to_owned(),
                &chunked[..],
            ),
        ] {
            let bytes = [head.as_bytes(), body.as_bytes(), GET_B].concat();
            for pieces in [
                vec![&bytes[..]],
                vec![&bytes[..head.len()], &bytes[head.len()..]],
            ] {
                let blind = |request: &Request| Response::new(200, request.head.target.clone());
                let wire = wire(lab, pieces.into_iter().map(sends));
                serves(lab, &wire, &blind, 2);
                let all = replies(lab, &wire.written(), &["GET"; 2]);
                lab.same("the answers", bodies(&all), words(&["/p", "/b"]));
            }
        }
    });
}

#[test]
fn s4_the_application_gets_the_body() {
    lab(|lab| {
        lab.why("A body is given to the application whole, without chunks, to the byte: CRLF and NUL in it are content.");
        let body: &[u8] = b"\r\n\0\xff0\r\n\r\n";
        let app = Kept::default();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\n\r\n\0\r\n6\r\n\xff0\r\n\r\n\r\n0\r\n\r\n";
        let wire = wire(lab, [sends(&[head.as_bytes(), body, chunked].concat())]);
        serves(lab, &wire, &app, 2);
        for got in app.0.lock().expect("no panic in here").iter() {
            lab.same_bytes("the body", got, body);
        }
    });
}

#[test]
fn s4_a_large_body() {
    lab(|lab| {
        lab.why("A body may be as large as max_body, and come in many reads, together with the next request or not.");
        let body: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
        let limits = Limits {
            max_body: 300_000,
            ..LIMITS
        };
        let length = format!("Content-Length: {}\r\n\r\n", body.len());
        let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len());
        for (fields, end) in [(length, ""), (chunked, "\r\n0\r\n\r\n")] {
            let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}");
            let all = [head.as_bytes(), &body, end.as_bytes(), GET_B].concat();
            for piece in [all.len(), 70_000, 1000] {
                let app = Kept::default();
                let wire = wire(lab, all.chunks(piece).map(sends));
                let got = serve_within(lab, &wire, &app, limits).map_err(|error| error.kind());
                lab.same("the requests that were answered", got, Ok(2));
                let kept = app.0.lock().expect("no panic in here");
                lab.same_bytes("the first body", &kept[0], &body);
                lab.same_bytes("the second body", &kept[1], b"");
            }
        }
        lab.why("max_body may be 0: then a request without a body is as good as ever, and one byte is too long.");
        let limits = Limits {
            max_body: 0,
            ..LIMITS
        };
        let one = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx";
        let none = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        let wire = wire(lab, [sends(&[GET_A, none, one].concat())]);
        lab.note("max_body is 0");
        let got = serve_within(lab, &wire, &Echo::default(), limits);
        let got = got.map_err(|error| error.kind());
        lab.same("the requests that were answered", got, Ok(2));
        let all = replies(lab, &wire.written(), &["GET", "POST", "POST"]);
        lab.same("the last status", all[2].status, 413);
    });
}

#[derive(Default)]
struct Kept(Mutex<Vec<Vec<u8>>>);

impl App for Kept {
    fn respond(&self, request: &Request) -> Response {
        self.0
            .lock()
            .expect("no panic in here")
            .push(request.body.clone());
        Response::new(200, "")
    }
}

#[test]
fn s4_every_response_has_a_length() {
    lab(|lab| {
        lab.why("The client cannot know that you are done: so a response says its length, also where that is 0, and where it is an error. It counts bytes: a letter may be several.");
        for status in [200, 201, 205, 299, 301, 400, 404, 418, 500, 599] {
            for body in BODIES {
                let app = |_: &Request| Response::new(status, body);
                let wire = wire(lab, [sends(&[GET_A, GET_B].concat())]);
                serves(lab, &wire, &app, 2);
                for reply in replies(lab, &wire.written(), &["GET"; 2]) {
                    lab.same("the status", reply.status, status);
                    lab.same_bytes("the body", &reply.body, body);
                }
            }
        }
    });
}

/// Of the last two, one has fewer letters than bytes, and one has no letters.
const BODIES: [&[u8]; 5] = [
    b"",
    b"x",
    b"0123456789abcdef",
    b"caf\xc3\xa9 for 3 \xe2\x82\xac",
    b"\xff\x80\0\r\n",
];

#[test]
fn s4_a_response_is_one_write() {
    lab(|lab| {
        lab.why("Head and body in two writes are two segments, and the second may wait for the acknowledgement of the first (page 02 has the 40 ms). One write for each response; and a flush, since a stream may keep what it is given.");
        let large = "x".repeat(100_000);
        for body in ["", "hello", &large] {
            let app = |_: &Request| Response::new(200, body);
            let wire = wire(lab, [sends(&[GET_A, GET_B].concat())]);
            serves(lab, &wire, &app, 2);
            let state = wire.state();
            lab.same("the writes", state.writes, 2);
            lab.same(
                "the bytes that were flushed",
                state.flushed,
                state.written.len(),
            );
        }
        lab.why("A response is flushed before the next request is waited for: the client may wait for this one.");
        let wire = wire(
            lab,
            [
                sends(GET_A),
                Play::When {
                    seen: b"GET /a",
                    then: GET_B.to_vec(),
                },
            ],
        );
        serves(lab, &wire, &Echo::default(), 2);
        let flushes = wire.state().flushes;
        lab.holds(
            flushes >= 2,
            "a flush for each response",
            format!("{flushes} flushes"),
        );
    });
}

#[test]
fn s4_204_and_304_have_no_body() {
    lab(|lab| {
        lab.why("204 and 304 end with their head, whatever the application gives (RFC 9112 §6.3). A body behind one is the beginning of the next response.");
        for status in [204, 304] {
            let app = |_: &Request| Response::new(status, "not to be sent");
            let wire = wire(lab, [sends(&[GET_A, LAST_B].concat())]);
            serves(lab, &wire, &app, 2);
            let all = replies(lab, &wire.written(), &["GET"; 2]);
            lab.same("close in the first", all[0].says("close"), false);
            lab.same("close in the last", all[1].says("close"), true);
        }
    });
}

#[test]
fn s4_head_has_the_length_and_no_body() {
    lab(|lab| {
        lab.why("The answer to HEAD is that to GET without the body, and with its length (RFC 9110 §9.3.2). A body behind it is the beginning of the next response.");
        let bytes = [&b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n"[..], GET_B].concat();
        let all = conversation(lab, &bytes, &["HEAD", "GET"]);
        lab.same(
            "the length that HEAD tells",
            all[0].all("content-length"),
            vec!["8"],
        );
        lab.same_bytes("the answer to GET", &all[1].body, b"GET /b ");
        lab.why("head is another method.");
        let all = conversation(lab, b"head /a HTTP/1.1\r\nHost: x\r\n\r\n", &["head"]);
        lab.same_bytes("the answer to head", &all[0].body, b"head /a ");
    });
}

#[test]
fn s4_connection_close_is_honoured_and_echoed() {
    lab(|lab| {
        lab.why("A client that says close gets its answer, with the same word in it, and then the end. Connection is a list, over all its lines, in any case (RFC 9112 §9.6). What came behind the request is answered no more.");
        for lines in [
            "Connection: close",
            "connection: CLOSE",
            "Connection: keep-alive, close",
            "Connection: close, te",
            "Connection: te\r\nX: y\r\nConnection: Close",
        ] {
            let request = format!("GET /a HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n");
            let app = Echo::default();
            let wire = wire(lab, [sends(&[request.as_bytes(), GET_B].concat())]);
            serves(lab, &wire, &app, 1);
            let all = replies(lab, &wire.written(), &["GET"]);
            lab.same("close in the response", all[0].says("close"), true);
            lab.same("what the application saw", app.seen(), words(&["GET /a "]));
        }
        lab.why("Other words, and words that are only like it, close nothing.");
        for line in [
            "Connection: keep-alive",
            "Connection: closed",
            "Connection: clos",
            "X-Connection: close",
            "Connection: te, upgrade",
            "Connection:",
        ] {
            let request = format!("GET /a HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n");
            let all = conversation(lab, &[request.as_bytes(), GET_B].concat(), &["GET"; 2]);
            lab.because("In HTTP/1.1 a connection stays by itself (RFC 9112 §9.3), whether the client says keep-alive or not. Nobody has to be told.")
                .same("Connection in the response", all[0].all("Connection"), Vec::new());
        }
    });
}

#[test]
fn s4_the_application_may_close() {
    lab(|lab| {
        lab.why("An application may want the connection to end: it says close in Connection, and that is one word, said once.");
        for line in ["close", "CLOSE", "x, close"] {
            let app = |_: &Request| {
                let mut response = Response::new(200, "bye");
                response.fields.push("connection", line);
                response
            };
            let wire = wire(lab, [sends(&[GET_A, GET_B].concat())]);
            serves(lab, &wire, &app, 1);
            let all = replies(lab, &wire.written(), &["GET"]);
            lab.same("Connection", all[0].all("Connection"), vec!["close"]);
            let old = b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
            let wire = super::wire::wire(lab, [sends(&[&old[..], GET_B].concat())]);
            serves(lab, &wire, &app, 1);
            let all = replies(lab, &wire.written(), &["GET"]);
            lab.same("Connection", all[0].all("Connection"), vec!["close"]);
        }
    });
}

#[test]
fn s4_framing_is_not_the_applications() {
    lab(|lab| {
        lab.why("An application that says a length, a coding or how long the connection stays would contradict you, and a message with two opinions is refused by every careful client. Those four fields are left out, in any case. All others are sent: they are no affair of yours.");
        let app = |_: &Request| {
            let mut response = Response::new(200, "hello");
            for (name, value) in [
                ("content-length", "500"),
                ("Content-Length", "5"),
                ("A", "b"),
                ("Transfer-Encoding", "chunked"),
                ("transfer-encoding", "gzip"),
                ("Connection", "keep-alive"),
                ("KEEP-ALIVE", "timeout=1000"),
                ("Content-Length-2", "c"),
                ("Content-Encoding", "gzip"),
                ("Proxy-Connection", "keep-alive"),
                ("Trailer", "E"),
                ("Upgrade", "h2c"),
                ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("Set-Cookie", "a=b"),
                ("Set-Cookie", "c=d"),
            ] {
                response.fields.push(name, value);
            }
            response
        };
        let wire = wire(lab, [sends(&[GET_A, GET_B].concat())]);
        serves(lab, &wire, &app, 2);
        for reply in replies(lab, &wire.written(), &["GET"; 2]) {
            let mut names: Vec<_> = reply
                .fields
                .iter()
                .map(|(name, _)| name.to_lowercase())
                .collect();
            names.sort();
            lab.same(
                "the fields",
                names,
                words(&[
                    "a",
                    "content-encoding",
                    "content-length",
                    "content-length-2",
                    "date",
                    "proxy-connection",
                    "set-cookie",
                    "set-cookie",
                    "trailer",
                    "upgrade",
                ]),
            );
        }
        lab.why("So it is where nothing of the body is sent. HEAD gets the length of the answer to GET, once, and 204 and 304 get none, whatever the application says.");
        let head = b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n";
        for (status, length) in [
            (200, vec!["5"]),
            (404, vec!["5"]),
            (204, vec![]),
            (304, vec![]),
        ] {
            let app = |_: &Request| {
                let mut response = Response::new(status, "hello");
                response.fields.push("Content-Length", "500");
                response.fields.push("Transfer-Encoding", "chunked");
                response
            };
            let wire = super::wire::wire(lab, [sends(&[head, GET_B].concat())]);
            lab.note(format!("the application answers {status}, and says Content-Length: 500 and Transfer-Encoding: chunked"));
            serves(lab, &wire, &app, 2);
            for reply in replies(lab, &wire.written(), &["HEAD", "GET"]) {
                lab.same(
                    "Content-Length",
                    reply.all("Content-Length"),
                    length.clone(),
                );
                let codings = reply.all("Transfer-Encoding");
                lab.same("Transfer-Encoding", codings, Vec::new());
            }
        }
    });
}

#[test]
fn s4_what_cannot_be_sent_is_500() {
    lab(|lab| {
        lab.why("A line break in a value begins a field that the application never wrote, or a whole response: so a link that a user has typed becomes a page under your name. Such a response is not sent. The client gets 500, and the connection goes on.");
        for (name, value) in [
            ("Location", &b"/a\r\nSet-Cookie: b"[..]),
            ("Location", b"/a\nSet-Cookie: b"),
            ("Location", b"/a\r"),
            ("Location", b"\0"),
            ("Location", b"a\x7f"),
            ("A b", b"c"),
            ("", b"c"),
            ("A\r\nB", b"c"),
            ("A:", b"c"),
            ("\u{e9}", b"c"),
        ] {
            let app = |request: &Request| {
                let mut response = Response::new(200, "hello");
                response.fields.push("First", "1");
                if request.head.target == "/a" {
                    response.fields.push(name, value);
                }
                response.fields.push("Last", "2");
                response
            };
            let wire = wire(lab, [sends(&[GET_A, GET_B].concat())]);
            lab.note(format!(
                "the application's field: {name:?}: {}",
                shown(value)
            ));
            serves(lab, &wire, &app, 2);
            let all = replies(lab, &wire.written(), &["GET"; 2]);
            lab.same("the statuses", (all[0].status, all[1].status), (500, 200));
        }
        lab.why("The 500 is another response: nothing of the one that cannot be sent is in it. It answers HEAD without a body, as every response does.");
        for method in ["GET", "HEAD"] {
            let app = |_: &Request| {
                let mut response = Response::new(200, "hello");
                response.fields.push("Content-Encoding", "gzip");
                response.fields.push("Location", "/a\r\nSet-Cookie: b");
                response
            };
            let request = format!("{method} /a HTTP/1.1\r\nHost: x\r\n\r\n");
            let wire = wire(lab, [sends(&[request.as_bytes(), GET_B].concat())]);
            serves(lab, &wire, &app, 2);
            for reply in replies(lab, &wire.written(), &[method, "GET"]) {
                lab.same("the status", reply.status, 500);
                let body = String::from_utf8_lossy(&reply.body).into_owned();
                lab.holds(!body.contains("hello"), "another body", format!("{body:?}"));
                for name in ["Content-Encoding", "Location", "Set-Cookie"] {
                    lab.same(name, reply.all(name), Vec::new());
                }
            }
        }
        lab.why("A status has three digits; and one of 1xx is not the answer: the client would wait for another.");
        for status in [0, 20, 99, 100, 101, 199, 600, 999, 1000, 2000] {
            let app = |_: &Request| Response::new(status, "hello");
            let wire = wire(lab, [sends(GET_A)]);
            lab.note(format!("the application's status: {status}"));
            serves(lab, &wire, &app, 1);
            let all = replies(lab, &wire.written(), &["GET"]);
            lab.same("the status", all[0].status, 500);
        }
        lab.why("Bytes that are no ASCII, and tabs, may stand in a value.");
        let app = |_: &Request| {
            let mut response = Response::new(200, "hello");
            response.fields.push("A", &b"caf\xc3\xa9\tx\xff"[..]);
            response
        };
        let wire = wire(lab, [sends(GET_A)]);
        serves(lab, &wire, &app, 1);
        let written = wire.written();
        let line = b"\r\nA: caf\xc3\xa9\tx\xff\r\n";
        lab.holds(
            written.windows(line.len()).any(|part| part == line),
            format!("the line {} in the response", shown(line)),
            shown(&written),
        );
        lab.same(
            "the status",
            replies(lab, &wire.written(), &["GET"])[0].status,
            200,
        );
    });
}

#[test]
fn s4_http10_closes_unless_keep_alive() {
    lab(|lab| {
        lab.why("HTTP/1.0 closes after each response. A client of that age that can do more asks for keep-alive, and must be told that it has got it (RFC 9112 §9.3). The version in the answer is yours, and not the client's.");
        for (lines, stays) in [
            ("", false),
            ("Connection: keep-alive\r\n", true),
            ("Connection: Keep-Alive\r\n", true),
            ("connection: te, KEEP-ALIVE\r\n", true),
            ("Connection: keep-alive, close\r\n", false),
            ("Connection: te\r\n", false),
            ("Keep-Alive: 5\r\n", false),
        ] {
            let request = format!("GET /a HTTP/1.0\r\n{lines}\r\n");
            let wire = wire(lab, [sends(&[request.as_bytes(), GET_B].concat())]);
            let (count, methods) = if stays {
                (2, &["GET"; 2][..])
            } else {
                (1, &["GET"][..])
            };
            serves(lab, &wire, &Echo::default(), count);
            let all = replies(lab, &wire.written(), methods);
            let want = vec![if stays { "keep-alive" } else { "close" }];
            let got: Vec<_> = all[0]
                .all("Connection")
                .iter()
                .map(|word| word.to_lowercase())
                .collect();
            lab.same("Connection", got, words(&want));
        }
    });
}

#[test]
fn s4_nothing_is_a_normal_end() {
    lab(|lab| {
        lab.why("The client said nothing and left. That is a normal end: browsers connect beforehand. So is the end between two requests, and an empty line before it.");
        for bytes in [&b""[..], b"\r\n", b"\r\n\r\n"] {
            let wire = wire(
                lab,
                [sends(bytes)].into_iter().filter(|_| !bytes.is_empty()),
            );
            serves(lab, &wire, &Echo::default(), 0);
            gets_nothing(lab, &wire);
            let wire = super::wire::wire(lab, [sends(&[GET_A, bytes].concat())]);
            serves(lab, &wire, &Echo::default(), 1);
            replies(lab, &wire.written(), &["GET"]);
        }
    });
}

#[test]
fn s4_empty_lines_between_requests() {
    lab(|lab| {
        lab.why("Old clients send an empty line behind the body of a POST. It is not the next request, and it does not begin one: the client has all of the idle time.");
        let post = b"POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi\r\n";
        let all = conversation(lab, &[&post[..], GET_B].concat(), &["POST", "GET"]);
        lab.same(
            "the answers",
            bodies(&all),
            words(&["POST /c hi", "GET /b "]),
        );
        let wire = wire(lab, [sends(post), Play::Silence]);
        serves(lab, &wire, &Echo::default(), 1);
        replies(lab, &wire.written(), &["POST"]);
        lab.same("the time, in seconds", wire.secs(), 10.0);

        lab.why("A CR alone may become an empty line. It has not begun a request, so the client is idle, and is left without a word.");
        for plays in [
            vec![sends(b"\r"), Play::Silence],
            vec![sends(b"\r\n\r"), Play::Silence],
            vec![sends(b"\r"), after(9, b"\n"), Play::Silence],
        ] {
            let wire = super::wire::wire(lab, plays);
            serves(lab, &wire, &Echo::default(), 0);
            lab.same("the time, in seconds", wire.secs(), 10.0);
            gets_nothing(lab, &wire);
        }
        let wire = super::wire::wire(lab, [sends(b"\r")]);
        serves(lab, &wire, &Echo::default(), 0);
        gets_nothing(lab, &wire);
        lab.why("The line feed comes, and then a request, which has all of its time from its own first byte.");
        let (part, rest) = GET_B.split_at(10);
        let part = [b"\n", part].concat();
        let wire = super::wire::wire(lab, [sends(b"\r"), after(9, &part), after(29, rest)]);
        serves(lab, &wire, &Echo::default(), 1);
        lab.same_bytes(
            "the answer",
            &replies(lab, &wire.written(), &["GET"])[0].body,
            b"GET /b ",
        );
    });
}

#[test]
fn s4_refusals() {
    lab(|lab| {
        lab.why("A request that cannot be read is refused with the status that fits. Nobody knows where the next one would begin: so Connection: close, and what is behind it is not looked at. The application never hears of it.");
        let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(9000));
        let fields = format!(
            "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
            "A: b\r\n".repeat(200)
        );
        for (request, status) in [
            ("GET /\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
            (&long, 414),
            (&fields, 431),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
                400,
            ),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                400,
            ),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                501,
            ),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n",
                400,
            ),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloGET / HTTP/1.1\r\n",
                400,
            ),
            ("HEAD / HTTP/1.1\r\n\r\n", 400),
            ("\n", 400),
            ("\r\n\n", 400),
            ("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03\r\n\r\n", 400),
        ] {
            let app = Echo::default();
            let wire = wire(lab, [sends(&[GET_A, request.as_bytes(), GET_B].concat())]);
            serves(lab, &wire, &app, 1);
            let all = replies(lab, &wire.written(), &["GET"; 2]);
            lab.same("the status", all[1].status, status);
            lab.same("close in the response", all[1].says("close"), true);
            lab.same("what the application saw", app.seen(), words(&["GET /a "]));
            let text = String::from_utf8_lossy(&all[1].body).into_owned();
            lab.holds(
                !text.trim().is_empty() && text.trim_end().lines().count() == 1,
                "one line for people in the body",
                format!("{text:?}"),
            );
        }
    });
}

#[test]
fn s4_a_refused_head_has_no_body() {
    lab(|lab| {
        lab.why("A request to HEAD is refused as any other, and its answer has no body, as every answer to HEAD (RFC 9110 §9.3.2). The head was read, so its method is known.");
        for (fields, status) in [
            ("Content-Length: 1001", 413),
            ("Content-Length: 5, 6", 400),
            ("Transfer-Encoding: gzip, chunked", 501),
            ("Expect: something", 417),
            ("Content-Length: 5\r\n\r\nhell", 408),
            ("Transfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        ] {
            let head = format!("HEAD /a HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n");
            let head = match fields.contains("\r\n\r\n") {
                true => head.trim_end_matches("\r\n\r\n"),
                false => &head,
            };
            let wire = wire(
                lab,
                [sends(&[GET_A, head.as_bytes()].concat()), Play::Silence],
            );
            serves(lab, &wire, &Echo::default(), 1);
            let all = replies(lab, &wire.written(), &["GET", "HEAD"]);
            lab.same("the status", all[1].status, status);
            lab.same("close in the response", all[1].says("close"), true);
        }
        lab.why("A HEAD before it is over: what is refused now is another request, and its body says why.");
        let head = b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n";
        let wire = wire(lab, [sends(&[&head[..], b"nonsense\r\n\r\n"].concat())]);
        serves(lab, &wire, &Echo::default(), 1);
        let all = replies(lab, &wire.written(), &["HEAD", "GET"]);
        lab.same("the status", all[1].status, 400);
        lab.holds(
            !all[1].body.is_empty(),
            "a line for people in the body",
            "an empty body",
        );
    });
}

#[test]
fn s4_the_end_in_the_middle() {
    lab(|lab| {
        lab.why("The client's side ends before its request does. It may still read: it gets 400, and what has come is no request for the application.");
        for part in [
            &b"G"[..],
            b"GET / HTTP/1.1\r\nHost: x\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell",
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        ] {
            let app = Echo::default();
            let wire = wire(lab, [sends(GET_A), sends(part)]);
            serves(lab, &wire, &app, 1);
            let all = replies(lab, &wire.written(), &["GET"; 2]);
            lab.same("the status", all[1].status, 400);
            lab.same("close in the response", all[1].says("close"), true);
            lab.same("what the application saw", app.seen(), words(&["GET /a "]));
        }
    });
}

#[test]
fn s4_a_body_that_is_too_long() {
    lab(|lab| {
        lab.why("More is announced than is taken: 413 at once. Nobody waits for bytes that nobody wants, and nothing is reserved for them.");
        for (fields, body) in [
            ("Content-Length: 1001", ""),
            ("Content-Length: 4294967301", ""),
            ("Content-Length: 18446744073709551615", ""),
            ("Transfer-Encoding: chunked", "100000005\r\n"),
            ("Transfer-Encoding: chunked", "3e9\r\n"),
            ("Transfer-Encoding: chunked", "ffffffffffffffff\r\n"),
        ] {
            let request = format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n{body}");
            let app = Echo::default();
            let wire = wire(lab, [sends(request.as_bytes()), Play::Silence]);
            serves(lab, &wire, &app, 0);
            let all = replies(lab, &wire.written(), &["POST"]);
            lab.same("the status", all[0].status, 413);
            lab.same("what the application saw", app.seen(), Vec::new());
            let first = wire.state().deeds.clone();
            let want = vec![Deed::Reads, Deed::Writes, Deed::EndsWriting, Deed::Reads];
            lab.because("The refusal is written at once, and is the last response: so your side ends behind it (end_writing), and what the client still sends is read until linger is over. A client that waits for the end of your side would wait for linger, too.")
                .same("what serve does", first, want);
            lab.same("the time, in seconds: of lingering alone", wire.secs(), 5.0);
        }
        lab.why("As many bytes as the limit says are taken.");
        let request = format!(
            "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{}",
            "x".repeat(1000)
        );
        let all = conversation(lab, request.as_bytes(), &["POST"]);
        lab.same("the status", all[0].status, 200);
        let request = format!(
            "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n{}\r\n0\r\n\r\n",
            "x".repeat(1000)
        );
        let all = conversation(lab, request.as_bytes(), &["POST"]);
        lab.same("the status", all[0].status, 200);
    });
}

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

#[test]
fn s4_expect_100_continue() {
    lab(|lab| {
        lab.why("The client waits for a word before it sends its body: HTTP/1.1 100 Continue, and an empty line (RFC 9110 §10.1.1). Without it curl waits for a second, and others for ever.");
        for (method, expect) in [
            ("PUT", "Expect: 100-continue"),
            ("POST", "expect: 100-CONTINUE"),
            ("GET", "Expect: 100-continue, 100-continue"),
            ("BREW", "Expect: 100-continue\r\nExpect: 100-Continue"),
        ] {
            for (fields, body) in [
                ("Content-Length: 5", "hello"),
                ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
            ] {
                let head =
                    format!("{method} /c HTTP/1.1\r\nHost: x\r\n{expect}\r\n{fields}\r\n\r\n");
                let then = [body.as_bytes(), GET_B].concat();
                let seen = CONTINUE;
                let plays = [sends(head.as_bytes()), Play::When { seen, then }];
                let wire = wire(lab, plays);
                serves(lab, &wire, &Echo::default(), 2);
                let written = wire.written();
                lab.same_bytes(
                    "the first word",
                    &written[..CONTINUE.len().min(written.len())],
                    CONTINUE,
                );
                let all = replies(lab, &written[CONTINUE.len()..], &[method, "GET"]);
                let want = [&format!("{method} /c hello")[..], "GET /b "];
                lab.same("the answers", bodies(&all), words(&want));
                lab.same("the time, in seconds", wire.secs(), 0.0);
            }
        }
        lab.why("The word is written as an answer is: all of it, also where a write takes a part, and flushed.");
        let head =
            b"PUT /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        for takes in [1, 7, CONTINUE.len() - 1] {
            let (seen, then) = (CONTINUE, b"hello".to_vec());
            let wire = wire(lab, [sends(head), Play::When { seen, then }]);
            lab.note(format!("each write takes {takes} bytes at most"));
            wire.state().takes = takes;
            serves(lab, &wire, &Echo::default(), 1);
            let written = wire.written();
            let behind = written.strip_prefix(CONTINUE).unwrap_or_default();
            let all = replies(lab, behind, &["PUT"]);
            lab.same("the answers", bodies(&all), words(&["PUT /c hello"]));
        }
        lab.why("The word belongs to the request, and has what is left of its 30 seconds. A client that does not take it cannot be told anything: the error is the caller's.");
        let wire = wire(lab, [sends(head), Play::Silence]);
        wire.state().takes_after = secs(60);
        lab.note("and takes nothing for 60 s");
        let got = serve(lab, &wire, &Echo::default()).map_err(|error| error.kind());
        let is_timeout = matches!(got, Err(ErrorKind::TimedOut | ErrorKind::WouldBlock));
        lab.holds(is_timeout, "the error TimedOut", format!("{got:?}"));
        lab.same("the time, in seconds", wire.secs(), 30.0);
        lab.same("how often serve has tried to write", wire.state().writes, 1);
    });
}

#[test]
fn s4_no_continue_without_need() {
    lab(|lab| {
        lab.why("No word is due when there is no body, when some of it has come, when the client is of HTTP/1.0 and would take it for the answer, or when it asked for none.");
        for (head, body) in [
            (
                "GET /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
                "",
            ),
            (
                "PUT /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
                "",
            ),
            (
                "PUT /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nh",
                "ello",
            ),
            (
                "PUT /c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
                "hello",
            ),
            (
                "PUT /c HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
                "hello",
            ),
            (
                "PUT /c HTTP/1.0\r\nExpect: something\r\nContent-Length: 5\r\n\r\n",
                "hello",
            ),
        ] {
            let wire = wire(
                lab,
                [sends(head.as_bytes()), sends(body.as_bytes())]
                    .into_iter()
                    .take(1 + usize::from(!body.is_empty())),
            );
            serves(lab, &wire, &Echo::default(), 1);
            let all = replies(lab, &wire.written(), &["PUT"]);
            lab.same("the status", all[0].status, 200);
        }
        lab.why("A body that is going to be refused is not asked for.");
        let head =
            b"PUT /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n";
        let wire = wire(lab, [sends(head), Play::Silence]);
        serves(lab, &wire, &Echo::default(), 0);
        lab.same(
            "the status",
            replies(lab, &wire.written(), &["PUT"])[0].status,
            413,
        );
        for (framing, status) in [
            ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
            ("Content-Length: 5, 6", 400),
            ("Content-Length: +5", 400),
            ("Transfer-Encoding: gzip", 400),
            ("Transfer-Encoding: gzip, chunked", 501),
        ] {
            let head =
                format!("PUT /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{framing}\r\n\r\n");
            let wire = super::wire::wire(lab, [sends(head.as_bytes()), Play::Silence]);
            serves(lab, &wire, &Echo::default(), 0);
            let reply = &replies(lab, &wire.written(), &["PUT"])[0];
            lab.same("the status", reply.status, status);
        }
        lab.why("What else is expected nobody here can do: 417, instead of doing as if.");
        for expect in [
            "something",
            "100-continue, something",
            "100",
            "something\r\nExpect: 100-continue",
        ] {
            let head = format!(
                "PUT /c HTTP/1.1\r\nHost: x\r\nExpect: {expect}\r\nContent-Length: 5\r\n\r\n"
            );
            refused_with_417(lab, &head);
        }
        lab.why("With a body or without one, and whatever the method is: what is expected cannot be had, so it is 417.");
        for (method, fields) in [
            ("GET", ""),
            ("DELETE", ""),
            ("POST", "Content-Length: 0\r\n"),
            ("PUT", "Transfer-Encoding: chunked\r\n"),
        ] {
            let head =
                format!("{method} /c HTTP/1.1\r\nHost: x\r\n{fields}Expect: something\r\n\r\n");
            refused_with_417(lab, &head);
        }
    });
}

fn refused_with_417(lab: &Lab, head: &str) {
    let wire = wire(lab, [sends(head.as_bytes()), Play::Silence]);
    serves(lab, &wire, &Echo::default(), 0);
    let method = head.split(' ').next().unwrap_or_default();
    let reply = &replies(lab, &wire.written(), &[method])[0];
    lab.same("the status", reply.status, 417);
}

#[test]
fn s4_idle_deadline() {
    lab(|lab| {
        lab.why("Connections that nobody uses are cleaned up automatically, it is said. By whom? By you. A client that says nothing for 10 s is left without a word: it has asked for nothing, and 408 would be the answer to its next request.");
        let wire = wire(lab, [Play::Silence]);
        serves(lab, &wire, &Echo::default(), 0);
        lab.same("the time, in seconds", wire.secs(), 10.0);
        gets_nothing(lab, &wire);

        lab.why("The idle time begins anew when an answer is out. Nine seconds between two requests are fine, for as long as the client likes.");
        let plays = (0..5).map(|_| after(9, GET_A)).chain([Play::Silence]);
        let wire = super::wire::wire(lab, plays);
        serves(lab, &wire, &Echo::default(), 5);
        lab.same("the time, in seconds", wire.secs(), 55.0);
        replies(lab, &wire.written(), &["GET"; 5]);

        lab.why("An empty line now and then is no request: it does not keep a connection. idle counts from the answer before, and not from the last byte: no read renews it.");
        let wire = super::wire::wire(lab, (0..100).map(|_| after(1, b"\r\n")));
        serves(lab, &wire, &Echo::default(), 0);
        lab.same("the time, in seconds", wire.secs(), 10.0);
        gets_nothing(lab, &wire);
    });
}

#[test]
fn s4_head_deadline() {
    lab(|lab| {
        lab.why("A byte a second: each comes long before idle is over, and each renews it. From its first byte on a request has 30 seconds in all, and no byte moves that. Then it is 408, and the end.");
        let wire = wire(lab, [after(4, b"G"), Play::Drips(b'x')]);
        let app = Echo::default();
        serves(lab, &wire, &app, 0);
        let all = replies(lab, &wire.written(), &["GET"]);
        lab.same("the status", all[0].status, 408);
        lab.same("close in the response", all[0].says("close"), true);
        lab.same("what the application saw", app.seen(), Vec::new());
        lab.same(
            "the time, in seconds: 4, 30, and 5 of lingering",
            wire.secs(),
            39.0,
        );

        lab.why("What begins has its time, and is not idle any more: a request may take longer than idle.");
        let wire = super::wire::wire(
            lab,
            [
                after(9, b"GET /a HT"),
                after(25, b"TP/1.1\r\nHost: x\r\n\r\n"),
                Play::Silence,
            ],
        );
        serves(lab, &wire, &Echo::default(), 1);
        lab.same(
            "the status",
            replies(lab, &wire.written(), &["GET"])[0].status,
            200,
        );
        lab.same("the time, in seconds", wire.secs(), 44.0);
    });
}

#[test]
fn s4_the_body_has_no_time_of_its_own() {
    lab(|lab| {
        lab.why("The 30 seconds are for the request, from its first byte to its last. Who gives the head 30, the body 30 more, and each chunk a few, gives a client that dribbles all the time there is.");
        for (fields, first) in [
            ("Content-Length: 500", &b""[..]),
            ("Transfer-Encoding: chunked", b"1f4\r\n"),
        ] {
            let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n");
            let (start, rest) = head.as_bytes().split_at(5);
            let wire = wire(
                lab,
                [
                    sends(start),
                    after(12, rest),
                    sends(first),
                    Play::Drips(b'x'),
                ]
                .into_iter()
                .filter(|play| !matches!(play, Play::After(_, bytes) if bytes.is_empty())),
            );
            serves(lab, &wire, &Echo::default(), 0);
            lab.same(
                "the status",
                replies(lab, &wire.written(), &["POST"])[0].status,
                408,
            );
            lab.same(
                "the time, in seconds: 30, and 5 of lingering",
                wire.secs(),
                35.0,
            );
        }
        lab.why("A word of yours in between, 100 Continue, does not begin the time anew.");
        let head =
            b"PUT /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 500\r\n\r\n";
        let (start, rest) = head.split_at(5);
        let seen = CONTINUE;
        let then = b"x".to_vec();
        let plays = [
            sends(start),
            after(12, rest),
            Play::When { seen, then },
            Play::Drips(b'x'),
        ];
        let wire = wire(lab, plays);
        serves(lab, &wire, &Echo::default(), 0);
        let written = wire.written();
        let behind = written.strip_prefix(CONTINUE).unwrap_or(&written);
        lab.same("the status", replies(lab, behind, &["PUT"])[0].status, 408);
        lab.same(
            "the time, in seconds: 30, and 5 of lingering",
            wire.secs(),
            35.0,
        );
        lab.why("The next request has its own time.");
        let slow = |path: &str| {
            let head = format!("GET /{path} HTTP/1.1\r\nHo");
            [after(5, head.as_bytes()), after(25, b"st: x\r\n\r\n")]
        };
        let wire = super::wire::wire(lab, slow("a").into_iter().chain(slow("b")).chain(slow("c")));
        serves(lab, &wire, &Echo::default(), 3);
        lab.same("the time, in seconds", wire.secs(), 90.0);
    });
}

#[test]
fn s4_a_request_that_has_begun_already() {
    lab(|lab| {
        lab.why("The beginning of the second request came with the first. It has begun, so the client is not idle: the request has its 30 seconds, from when the answer before it is out. Then it is 408, as for every request that has begun.");
        let (part, rest) = GET_B.split_at(10);
        let wire = wire(lab, [sends(&[GET_A, part].concat()), after(29, rest)]);
        serves(lab, &wire, &Echo::default(), 2);
        let all = replies(lab, &wire.written(), &["GET"; 2]);
        lab.same("the statuses", (all[0].status, all[1].status), (200, 200));
        let wire = super::wire::wire(lab, [sends(&[GET_A, part].concat()), Play::Silence]);
        serves(lab, &wire, &Echo::default(), 1);
        let all = replies(lab, &wire.written(), &["GET"; 2]);
        lab.same("the statuses", (all[0].status, all[1].status), (200, 408));
        lab.same(
            "the time, in seconds: 30, and 5 of lingering",
            wire.secs(),
            35.0,
        );
    });
}

#[test]
fn s4_each_wait_has_what_is_left() {
    lab(|lab| {
        lab.why("Each read may wait for what is left of the time, and not for all of it again: after 20 of 30 seconds that is 10. And the time of an answer is nobody else's.");
        let wire = wire(
            lab,
            [
                after(4, b"GET /a HT"),
                after(20, b"TP/1.1\r\nHost: "),
                after(3, b"x\r\n\r\n"),
                after(9, GET_B),
                Play::Silence,
            ],
        );
        serves(lab, &wire, &Echo::default(), 2);
        let limits: Vec<_> = wire
            .state()
            .read_limits
            .iter()
            .map(Duration::as_secs)
            .collect();
        lab.same(
            "the limits of the reads, in seconds",
            limits,
            vec![10, 30, 10, 10, 10],
        );
        let limits: Vec<_> = wire
            .state()
            .write_limits
            .iter()
            .map(Duration::as_secs)
            .collect();
        lab.same("the limits of the writes, in seconds", limits, vec![20, 20]);
        lab.why("A flush may wait as a write does: a stream with a buffer writes there. It has what the writes have left.");
        let wire = super::wire::wire(lab, [sends(GET_A), Play::Silence]);
        wire.state().takes_after = secs(6);
        lab.note("and takes an answer after 6 s");
        serves(lab, &wire, &Echo::default(), 1);
        let limits = wire.state().flush_limits.clone();
        lab.same("the limits of the flush", limits, vec![secs(14)]);
        lab.why("A signal wakes a call before its time is over. The time until then has gone by all the same: the call that repeats it has what is left.");
        let body = b"PUT /c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nh";
        let plays = [sends(body), sends(b"i"), Play::Silence];
        let wire = super::wire::wire(lab, plays).interrupting(secs(2));
        serves(lab, &wire, &Echo::default(), 1);
        let of = |limits: &[Duration]| limits.iter().map(Duration::as_secs).collect::<Vec<_>>();
        let state = wire.state();
        lab.same(
            "the limits of the reads, in seconds",
            of(&state.read_limits),
            vec![10, 8, 30, 28, 10, 8],
        );
        lab.same(
            "the limits of the writes, in seconds",
            of(&state.write_limits),
            vec![20, 18],
        );
        lab.why("A short time is told as it is, neither rounded nor raised.");
        let idle = Duration::from_micros(1500);
        let wire = super::wire::wire(lab, [Play::Silence]);
        let got = serve_within(lab, &wire, &Echo::default(), Limits { idle, ..LIMITS });
        lab.same(
            "the requests that were answered",
            got.map_err(|error| error.kind()),
            Ok(0),
        );
        let limits = wire.state().read_limits.clone();
        lab.same("the limits of the reads", limits, vec![idle]);
    });
}

#[test]
fn s4_the_application_takes_its_time() {
    lab(|lab| {
        lab.why("An application that thinks for two minutes uses up nobody's time but its own: the answer has its 20 seconds from when it begins, and idle begins when it is out.");
        let wire = wire(lab, [sends(GET_A), after(9, GET_B), Play::Silence]);
        let clock = wire.clock();
        let app = move |_: &Request| {
            clock.advance(120);
            Response::new(200, "at last")
        };
        wire.state().takes_after = secs(2);
        serves(lab, &wire, &app, 2);
        replies(lab, &wire.written(), &["GET"; 2]);
        lab.same(
            "the time, in seconds",
            wire.secs(),
            120.0 + 2.0 + 9.0 + 120.0 + 2.0 + 10.0,
        );
    });
}

#[test]
fn s4_late_bytes_are_bytes() {
    lab(|lab| {
        lab.why("The last bytes of a request come with the last of its time, or the machine was busy. They are there, and the request is whole: it is answered.");
        let wire = wire(
            lab,
            [
                sends(b"GET /a HTTP/1.1\r\n"),
                Play::Late(b"Host: x\r\n\r\n".to_vec()),
            ],
        );
        serves(lab, &wire, &Echo::default(), 1);
        lab.same(
            "the status",
            replies(lab, &wire.written(), &["GET"])[0].status,
            200,
        );
        let wire = super::wire::wire(lab, [Play::Late(GET_A.to_vec())]);
        serves(lab, &wire, &Echo::default(), 1);
        lab.same(
            "the status",
            replies(lab, &wire.written(), &["GET"])[0].status,
            200,
        );
    });
}

#[test]
fn s4_reply_deadline() {
    lab(|lab| {
        lab.why("A client that never reads keeps you as well as one that never writes. A response has 20 seconds in all: a byte now and then does not renew them.");
        for (takes, every) in [(1, secs(1)), (usize::MAX, secs(60))] {
            let wire = wire(lab, [sends(&[GET_A, GET_B].concat()), Play::Silence]);
            wire.state().takes = takes;
            wire.state().takes_after = every;
            lab.note(format!(
                "and takes {} every {} s",
                if takes == 1 { "a byte" } else { "all" },
                every.as_secs()
            ));
            let got = serve(lab, &wire, &Echo::default()).map_err(|error| error.kind());
            let is_timeout = matches!(got, Err(ErrorKind::TimedOut | ErrorKind::WouldBlock));
            lab.holds(is_timeout, "the error TimedOut", format!("{got:?}"));
            lab.same("the time, in seconds", wire.secs(), 20.0);
        }
        lab.why("A stream with a buffer takes all at once, and waits in the flush. That is time of the response as well.");
        let wire = wire(lab, [sends(&[GET_A, GET_B].concat()), Play::Silence]);
        wire.state().flushes_after = secs(60);
        lab.note("and each flush waits for 60 s");
        let got = serve(lab, &wire, &Echo::default()).map_err(|error| error.kind());
        let is_timeout = matches!(got, Err(ErrorKind::TimedOut | ErrorKind::WouldBlock));
        lab.holds(is_timeout, "the error TimedOut", format!("{got:?}"));
        lab.same("the time, in seconds", wire.secs(), 20.0);
    });
}

#[test]
fn s4_limits_that_never_end() {
    lab(|lab| {
        lab.why("Duration::MAX is how a caller says: for as long as it takes. A moment that lies so far ahead cannot be counted, and now + limit panics: saturate.");
        let limits = Limits {
            idle: Duration::MAX,
            request: Duration::MAX,
            reply: Duration::MAX,
            linger: Duration::MAX,
            max_body: u64::MAX,
        };
        let put =
            b"PUT /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        let wire = wire(
            lab,
            [
                after(5, GET_A),
                after(100, put),
                after(100, b"hello"),
                after(100, LAST_B),
                after(100, b"more"),
            ],
        );
        lab.note("all limits are Duration::MAX, max_body is u64::MAX");
        let got = serve_within(lab, &wire, &Echo::default(), limits);
        let got = got.map_err(|error| error.kind());
        lab.same("the requests that were answered", got, Ok(3));
        lab.same("the time, in seconds", wire.secs(), 405.0);
    });
}

#[test]
fn s4_a_write_takes_a_part() {
    lab(|lab| {
        lab.why("write says how many bytes it took. The rest is still yours to send; a stream that takes 0 bytes takes nothing more, ever: WriteZero.");
        for takes in [1, 3, 1000] {
            let large = "0123456789".repeat(400);
            let app = |_: &Request| Response::new(200, &large[..]);
            let wire = wire(lab, [sends(GET_A)]);
            wire.state().takes = takes;
            serves(lab, &wire, &app, 1);
            let all = replies(lab, &wire.written(), &["GET"]);
            lab.same_bytes("the body", &all[0].body, large.as_bytes());
        }
        let wire = wire(lab, [sends(GET_A)]);
        wire.state().takes = 0;
        let got = serve(lab, &wire, &Echo::default()).map_err(|error| error.kind());
        lab.same("the end", got, Err(ErrorKind::WriteZero));
        lab.same("the writes", wire.state().writes, 1);
    });
}

#[test]
fn s4_errors_of_the_stream() {
    lab(|lab| {
        lab.why("A connection that breaks is not one that ended: the error is the caller's to know. Only Interrupted means again.");
        for kind in [
            ErrorKind::ConnectionReset,
            ErrorKind::BrokenPipe,
            ErrorKind::Other,
            ErrorKind::HostUnreachable,
        ] {
            for part in [
                &b""[..],
                b"GET /",
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe",
                b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5",
            ] {
                let wire = wire(lab, [sends(&[GET_A, part].concat()), Play::Error(kind)]);
                let got = serve(lab, &wire, &Echo::default()).map_err(|error| error.kind());
                lab.same("the end", got, Err(kind));
                replies(lab, &wire.written(), &["GET"]);
            }
            let plays = [sends(&[GET_A, GET_B].concat())];
            let wire = wire(lab, plays).failing(Fails::Write, kind);
            let got = serve(lab, &wire, &Echo::default()).map_err(|error| error.kind());
            lab.same("the end", got, Err(kind));
            lab.same_bytes("what was written after it", &wire.written(), b"");
        }
    });
}

#[test]
fn s4_a_refusal_that_cannot_be_sent() {
    lab(|lab| {
        lab.why("A refusal and a 100 Continue go over the same connection as an answer. When it breaks there, the caller hears of it, whatever call has failed: a wait, a write or a flush.");
        let put = b"PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        for asked in [
            GET_A,
            put,
            b"nonsense\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n",
        ] {
            for call in [Fails::Wait, Fails::Write, Fails::Flush] {
                for kind in [ErrorKind::BrokenPipe, ErrorKind::Other] {
                    let wire = wire(lab, [sends(asked)]).failing(call, kind);
                    let got = serve(lab, &wire, &Echo::default()).map_err(|error| error.kind());
                    lab.same("the end", got, Err(kind));
                }
            }
        }
    });
}

#[test]
fn s4_the_last_response_is_not_taken_back() {
    lab(|lab| {
        lab.why("Whoever closes a connection on which something has come that nobody has read sends a reset, and the client's system throws away the response with it (RFC 9112 §9.6). So: the response, the end of your side, and then read on until the client has ended its side.");
        let rest = vec![b'x'; 100_000];
        for last in [
            LAST_B,
            b"GET / HTTP/1.0\r\n\r\n",
            b"nonsense\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n",
        ] {
            let wire = wire(lab, [sends(last), after(1, &rest), after(2, &rest)]);
            let got = serve(lab, &wire, &Echo::default());
            lab.holds(got.is_ok(), "no error", format!("{got:?}"));
            let state = wire.state();
            let want = vec![Deed::Reads, Deed::Writes, Deed::EndsWriting, Deed::Reads];
            lab.same("what serve does", state.deeds.clone(), want);
            lab.same("the bytes read", state.taken, last.len() + 200_000);
        }
        lab.why(
            "A signal is not the end of the client's side: Interrupted means again, here as well.",
        );
        let plays = [sends(LAST_B), after(1, &rest), after(2, &rest)];
        let signalled = wire(lab, plays).interrupting(Duration::ZERO);
        serves(lab, &signalled, &Echo::default(), 1);
        let taken = signalled.state().taken;
        lab.same("the bytes read", taken, LAST_B.len() + 200_000);
        lab.why("A client that goes on and on is left after linger, 5 seconds from the response, however fast it sends. Whatever happens then is no error: the response is out.");
        for endless in [
            Play::Silence,
            Play::Drips(b'x'),
            Play::Floods(vec![b'x'; 8192]),
        ] {
            let wire = wire(lab, [sends(LAST_B), endless]);
            serves(lab, &wire, &Echo::default(), 1);
            lab.same("the time, in seconds", wire.secs(), 5.0);
        }
        let wire = wire(
            lab,
            [sends(LAST_B), Play::Error(ErrorKind::ConnectionReset)],
        );
        serves(lab, &wire, &Echo::default(), 1);
        for call in [Fails::EndWriting, Fails::LastWait] {
            for (asked, count) in [(LAST_B, 1), (b"nonsense\r\n\r\n", 0)] {
                let plays = [sends(asked), Play::Silence];
                let wire = super::wire::wire(lab, plays).failing(call, ErrorKind::NotConnected);
                serves(lab, &wire, &Echo::default(), count);
                replies(lab, &wire.written(), &["GET"]);
            }
        }
        lab.why("The end of your side comes behind the last response, and not behind each.");
        let wire = super::wire::wire(lab, [sends(&[GET_A, GET_A, LAST_B].concat())]);
        serves(lab, &wire, &Echo::default(), 3);
        let ends = wire
            .state()
            .deeds
            .iter()
            .filter(|&&deed| deed == Deed::EndsWriting)
            .count();
        lab.same("how often serve ends its side", ends, 1);
    });
}

#[test]
fn s4_a_head_without_end() {
    lab(|lab| {
        lab.why("A client that sends fields, or a line, or empty lines without end gets its refusal when the limit is reached, and not more memory.");
        for (piece, statuses) in [
            (&b"A: bcdefgh\r\n"[..], &[431][..]),
            (b"xxxxxxxxxxxxxxxx", &[414]),
        ] {
            let start = if piece[0] == b'A' {
                &b"GET / HTTP/1.1\r\n"[..]
            } else {
                b""
            };
            let plays = [sends(start), Play::Floods(piece.to_vec())];
            let wire = wire(lab, plays.into_iter().skip(usize::from(start.is_empty())));
            serves(lab, &wire, &Echo::default(), 0);
            let (reply, _) = reply(lab, &wire.written(), "GET");
            lab.holds(
                statuses.contains(&reply.status),
                format!("a status of {statuses:?}"),
                reply.status,
            );
            // Time goes by with each piece: it says how many were read before the answer.
            let read = (wire.secs() - 5.0) * 1000.0 * piece.len() as f64;
            lab.holds(
                read < 3.0 * MAX_HEAD as f64,
                "the answer when the limit is reached",
                format!("after {read} bytes"),
            );
        }
        let wire = wire(lab, [Play::Floods(b"\r\n\r\n\r\n\r\n".to_vec())]);
        let got = serve(lab, &wire, &Echo::default());
        lab.holds(got.is_ok(), "no error", format!("{got:?}"));
        lab.holds(
            wire.secs() <= 15.0,
            "an end when idle is over",
            format!("{} s", wire.secs()),
        );
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which tells how much memory a process has had"
)]
fn s4_what_comes_behind_the_last_response_is_not_kept() {
    lab(|lab| {
        lab.why("What comes behind the last response is read and thrown away. Who puts it where the next request would be keeps all of it, as much as a stranger sends in the time: that is a client who fills your memory after you have refused him.");
        serves(lab, &wire(lab, [sends(LAST_B)]), &Echo::default(), 1);
        lab.note("in a process of its own, the client sends nonsense, and then goes on sending for 30 seconds of lingering");
        let end = lab.elsewhere("ulimit -v 2000000", || {
            let linger = secs(30);
            let plays = [sends(b"nonsense\r\n\r\n"), Play::Floods(vec![b'x'; 8192])];
            let wire = wire(lab, plays);
            let got = serve_within(lab, &wire, &Echo::default(), Limits { linger, ..LIMITS });
            let got = got.map_err(|error| error.kind());
            println!("\nresult: {got:?}, {} MiB", peak_memory() >> 10);
        });
        let mut lines = end.stdout.lines();
        let result = lines.find_map(|line| line.strip_prefix("result: "));
        let mib = result.and_then(|line| line.strip_prefix("Ok(0), ")?.strip_suffix(" MiB"));
        lab.holds(
            mib.and_then(|mib| mib.parse().ok())
                .is_some_and(|mib: u64| mib < 20),
            "Ok(0) after 30 seconds of lingering, and 20 MiB of memory at the most",
            result.map_or_else(
                || format!("the program ended, and said: {}", end.stderr.trim()),
                str::to_owned,
            ),
        );
    });
}

/// The most memory that this process has had in use, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Both ends of a real connection.
fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a port of loopback");
    let addr = listener
        .local_addr()
        .expect("a bound socket has an address");
    let client = TcpStream::connect(addr).expect("connect to a socket of our own");
    let (server, _) = listener.accept().expect("accept");
    client
        .set_read_timeout(Some(secs(10)))
        .expect("a read time-out");
    (server, client)
}

#[test]
fn s4_a_refused_upload_gets_its_answer() {
    lab(|lab| {
        lab.why("A real client sends a megabyte that is refused, and reads the answer when it is done. A server that closes at once answers the rest with a reset, and the 413 is gone before it is read.");
        let (server, mut client) = connected();
        let serving = lab.student(
            "serve_connection(&tcp_stream, app, limits, clock)",
            move || serve_connection(&server, &Echo::default(), &LIMITS, &SystemClock::new()),
        );
        client
            .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
            .expect("the buffers take a head");
        lab.note("the client sends the head of an upload");
        // The server may be done with us already. Then the answer is still to be had.
        let body = vec![b'x'; 1_000_000];
        let sent = client
            .write_all(&body)
            .and_then(|()| client.shutdown(Shutdown::Write));
        lab.note(format!(
            "the client sends its 1000000 bytes and its end: {:?}",
            sent.map_err(|error| error.kind())
        ));
        let mut answer = Vec::new();
        let read = client
            .read_to_end(&mut answer)
            .map_err(|error| error.kind());
        lab.same("the client's reading", read.map(|_| ()), Ok(()));
        lab.same(
            "the status",
            replies(lab, &answer, &["POST"])[0].status,
            413,
        );
        let served = serving.returns_ok();
        lab.same("the requests that were answered", served, 0);
    });
}

#[test]
fn s4_half_close_still_gets_its_answer() {
    lab(|lab| {
        lab.why("The client has said all it wanted and ends its side, as `nc` does at the end of a file. It still reads: the end of one direction is not the end of the connection.");
        let (server, mut client) = connected();
        let serving = lab.student(
            "serve_connection(&tcp_stream, app, limits, clock)",
            move || serve_connection(&server, &Echo::default(), &LIMITS, &SystemClock::new()),
        );
        client
            .write_all(&[GET_A, GET_B].concat())
            .expect("the buffers take it");
        client
            .shutdown(Shutdown::Write)
            .expect("an open connection");
        lab.note("the client sends two requests, and its end");
        let mut answer = Vec::new();
        let read = client
            .read_to_end(&mut answer)
            .map_err(|error| error.kind());
        lab.same("the client's reading", read.map(|_| ()), Ok(()));
        let all = replies(lab, &answer, &["GET"; 2]);
        lab.same("the answers", bodies(&all), words(&["GET /a ", "GET /b "]));
        lab.same("the requests that were answered", serving.returns_ok(), 2);
    });
}

#[test]
fn s4_waits_asleep() {
    lab(|lab| {
        lab.why("Between requests, in the middle of one, and behind the last, there is nothing to do. A read that waits costs nothing; a stream that does not block, or a short wait in a loop, costs a processor.");
        let limits = Limits {
            idle: secs(60),
            request: secs(60),
            linger: secs(60),
            ..LIMITS
        };
        let mut serving = Vec::new();
        let body = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe";
        for part in [&b""[..], b"GET / HT", body, LAST_B] {
            let (server, mut client) = connected();
            lab.note(format!("a client sends {}, and nothing more", shown(part)));
            client.write_all(part).expect("the buffers take it");
            let call = "serve_connection(&tcp_stream, app, limits, clock)";
            let running = lab.student(call, move || {
                serve_connection(&server, &Echo::default(), &limits, &SystemClock::new())
            });
            serving.push((running, client));
        }
        lab.sleeps("a client sends more");
        for (running, client) in serving {
            drop(client);
            // Only the wait is looked at here.
            let _ = running.returns();
        }
    });
}

#[test]
fn s4_reasons() {
    lab(|lab| {
        lab.why("Behind the status stands what reason() says, or nothing; the space before it is always there (RFC 9112 §4).");
        for status in [200, 204, 404, 299, 418, 503] {
            let app = |_: &Request| Response::new(status, "");
            let wire = wire(lab, [sends(GET_A)]);
            serves(lab, &wire, &app, 1);
            let want = format!("HTTP/1.1 {status} {}\r\n", reason(status));
            let written = wire.written();
            lab.same_bytes(
                "the status line",
                &written[..want.len().min(written.len())],
                want.as_bytes(),
            );
        }
    });
}
