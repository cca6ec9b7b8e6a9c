//! Step 4.

use http2::{
    Config, DEFAULT_LIST_SIZE, REMEMBERED, Settings, Sign, State, code, request_head,
    response_head, trailer_fields,
};
use netlab::{Lab, lab};

use super::ends::{End, FREE, outcome, strings};
use super::frames::{
    CONTINUATION, END_HEADERS, END_STREAM, GET, HEADERS, Lines, OK, PING, POST, PRIORITY, Sent,
    block, data, fields, frame, get, goaway, head, in_words, last_head, listed, post, reset,
    settings, settings_ack, shown, window_update,
};

const STATES: [(State, &str); 5] = [
    (State::Idle, "Idle"),
    (State::Open, "Open"),
    (State::HalfClosedLocal, "HalfClosedLocal"),
    (State::HalfClosedRemote, "HalfClosedRemote"),
    (State::Closed, "Closed"),
];

const SIGNS: [(Sign, &str); 6] = [
    (Sign::Headers { ends: false }, "HEADERS"),
    (Sign::Headers { ends: true }, "HEADERS END_STREAM"),
    (Sign::Data { ends: false }, "DATA"),
    (Sign::Data { ends: true }, "DATA END_STREAM"),
    (Sign::Reset, "RST_STREAM"),
    (Sign::WindowUpdate, "WINDOW_UPDATE"),
];

fn name(state: State) -> &'static str {
    match state {
        State::Idle => "Idle",
        State::Open => "Open",
        State::HalfClosedLocal => "HalfClosedLocal",
        State::HalfClosedRemote => "HalfClosedRemote",
        State::Closed => "Closed",
    }
}

#[test]
fn s4_states_when_we_send() {
    const NO: &str = "must not be sent";
    const TABLE: [[&str; 6]; 5] = [
        ["Open", "HalfClosedLocal", NO, NO, NO, NO],
        [
            "Open",
            "HalfClosedLocal",
            "Open",
            "HalfClosedLocal",
            "Closed",
            "Open",
        ],
        [NO, NO, NO, NO, "Closed", "HalfClosedLocal"],
        [
            "HalfClosedRemote",
            "Closed",
            "HalfClosedRemote",
            "Closed",
            "Closed",
            "HalfClosedRemote",
        ],
        [NO, NO, NO, NO, NO, NO],
    ];
    lab(|lab| {
        for ((state, from), row) in STATES.into_iter().zip(TABLE) {
            for ((sign, what), want) in SIGNS.into_iter().zip(row) {
                let got = lab.you(&format!("{from}.sent({what})"), || state.sent(sign));
                let why = match (state, sign) {
                    (State::Idle, Sign::Headers { .. }) => {
                        "HEADERS opens an idle stream, and END_STREAM on it ends our side at once."
                    }
                    (State::Idle, _) => "An idle stream is opened by HEADERS and nothing else.",
                    (State::Closed, _) => {
                        "On a closed stream nothing more is sent, not even a second RST_STREAM."
                    }
                    (_, Sign::Reset) => "RST_STREAM ends both sides.",
                    (_, Sign::WindowUpdate) => {
                        "A window may be given as long as the stream is neither idle nor closed."
                    }
                    (State::HalfClosedLocal, _) => {
                        "We have ended our side: we send no more HEADERS or DATA."
                    }
                    _ => {
                        "END_STREAM ends our side of the stream. When both sides have ended, the stream is closed."
                    }
                };
                lab.because(format!("{why} (RFC 9113, section 5.1)")).same(
                    &format!("the state behind {what} in {from}"),
                    got.map_or(NO, name),
                    want,
                );
            }
        }
    });
}

#[test]
fn s4_states_when_they_send() {
    const IDLE: &str = "connection error PROTOCOL_ERROR";
    const STREAM: &str = "stream error STREAM_CLOSED";
    const CLOSED: &str = "connection error STREAM_CLOSED";
    const TABLE: [[&str; 6]; 5] = [
        ["Open", "HalfClosedRemote", IDLE, IDLE, IDLE, IDLE],
        [
            "Open",
            "HalfClosedRemote",
            "Open",
            "HalfClosedRemote",
            "Closed",
            "Open",
        ],
        [
            "HalfClosedLocal",
            "Closed",
            "HalfClosedLocal",
            "Closed",
            "Closed",
            "HalfClosedLocal",
        ],
        [STREAM, STREAM, STREAM, STREAM, "Closed", "HalfClosedRemote"],
        [CLOSED, CLOSED, STREAM, STREAM, "Closed", "Closed"],
    ];
    lab(|lab| {
        for ((state, from), row) in STATES.into_iter().zip(TABLE) {
            for ((sign, what), want) in SIGNS.into_iter().zip(row) {
                let got = lab.you(&format!("{from}.received(7, {what})"), || {
                    state.received(7, sign)
                });
                let got = match got {
                    Ok(state) => name(state).to_owned(),
                    Err(fault) if fault.stream == 0 => {
                        format!("connection error {}", code::name(fault.code))
                    }
                    Err(fault) if fault.stream == 7 => {
                        format!("stream error {}", code::name(fault.code))
                    }
                    Err(fault) => format!("an error of stream {}", fault.stream),
                };
                let why = match (state, sign) {
                    (State::Idle, Sign::Headers { .. }) => {
                        "HEADERS opens an idle stream, and END_STREAM on it ends the peer's side at once."
                    }
                    (State::Idle, _) => {
                        "An idle stream is opened by HEADERS and nothing else. Whoever sends something else has lost count: an error of the connection."
                    }
                    (State::Closed | State::HalfClosedRemote, Sign::Reset | Sign::WindowUpdate) => {
                        "RST_STREAM and WINDOW_UPDATE may have been under way when the peer's side ended."
                    }
                    (State::Closed, Sign::Headers { .. }) => {
                        "A number is used once. HEADERS on a closed stream are an error of the connection."
                    }
                    (State::Closed, _) => {
                        "DATA on a closed stream are an error of that stream (section 6.1)."
                    }
                    (State::HalfClosedRemote, _) => {
                        "The peer has ended its side: its HEADERS and DATA there are an error of the stream."
                    }
                    (_, Sign::Reset) => "RST_STREAM ends both sides.",
                    (_, Sign::WindowUpdate) => "A window changes no state.",
                    _ => {
                        "END_STREAM ends the peer's side of the stream. When both sides have ended, the stream is closed."
                    }
                };
                lab.because(format!("{why} (RFC 9113, section 5.1)")).same(
                    &format!("{what} in {from}"),
                    got,
                    want.to_owned(),
                );
            }
        }
    });
}

const WRONG_FIELDS: &[(&str, &str, &str)] = &[
    (
        "Accept",
        "x",
        "Names are in small letters (RFC 9113, section 8.2.1).",
    ),
    ("aBc", "x", "Names are in small letters (section 8.2.1)."),
    ("", "x", "A name is not empty."),
    ("a b", "x", "A name has no blanks (section 8.2.1)."),
    (
        "a\u{7f}",
        "x",
        "A name has no byte from 0x7f on (section 8.2.1).",
    ),
    ("caf\u{e9}", "x", "A name is ASCII (section 8.2.1)."),
    (
        "a\0",
        "x",
        "A name has no control characters (section 8.2.1).",
    ),
    (
        "a:b",
        "x",
        "A colon stands in front of a pseudo-header field, and nowhere else (section 8.2.1).",
    ),
    (
        "a",
        "x\r\ny: z",
        "CR and LF in a value would make two fields of one in front of an HTTP/1.1 server (section 8.2.1).",
    ),
    ("a", "\n", "LF in a value (section 8.2.1)."),
    ("a", "x\ry", "CR in a value (section 8.2.1)."),
    ("a", "x\0", "NUL in a value (section 8.2.1)."),
    (
        "a",
        " x",
        "A value does not begin with a blank (section 8.2.1).",
    ),
    (
        "a",
        "\tx",
        "A value does not begin with a tab (section 8.2.1).",
    ),
    (
        "a",
        "x ",
        "A value does not end with a blank (section 8.2.1).",
    ),
    (
        "a",
        "x\t",
        "A value does not end with a tab (section 8.2.1).",
    ),
    ("a", " ", "A value of a blank alone begins with it."),
    (
        "connection",
        "close",
        "HTTP/2 has no Connection (section 8.2.2).",
    ),
    (
        "connection",
        "",
        "HTTP/2 has no Connection, not even an empty one.",
    ),
    (
        "proxy-connection",
        "keep-alive",
        "HTTP/2 has no Proxy-Connection (section 8.2.2).",
    ),
    (
        "keep-alive",
        "timeout=5",
        "HTTP/2 has no Keep-Alive (section 8.2.2).",
    ),
    (
        "transfer-encoding",
        "chunked",
        "HTTP/2 has no chunks: DATA frames say where content ends (section 8.2.2).",
    ),
    (
        "upgrade",
        "websocket",
        "HTTP/2 has no Upgrade (sections 8.2.2, 8.6).",
    ),
    (
        "te",
        "gzip",
        "TE may say trailers, and nothing else (section 8.2.2).",
    ),
    (
        "te",
        "trailers, deflate",
        "TE may say trailers, and nothing else (section 8.2.2).",
    ),
    (
        ":x",
        "y",
        "A pseudo-header field that nobody knows (section 8.3).",
    ),
    (":", "y", "A colon is no name."),
];

const RIGHT_FIELDS: &[(&str, &str)] = &[
    ("accept", "*/*"),
    ("x", ""),
    ("!#$%&'*+-.^_`|~0", "a b\tc"),
    ("te", "trailers"),
    ("te", "Trailers"),
    ("cookie", "a=b"),
    ("cookie2", "caf\u{e9}"),
    ("x", "\u{1}\u{8}\u{b}\u{1b}\u{7f}"),
    ("x", "\u{1}"),
    ("x", "\u{7f}"),
    ("x", "\u{85}"),
    ("content-type", "text/plain; a=\":\""),
    ("content-length", "0"),
];

fn verdict(got: Result<String, &'static str>) -> String {
    got.unwrap_or("malformed".to_owned())
}

fn request(lab: &Lab, lines: Lines) -> String {
    let fields = fields(lines);
    let got = lab.you(&format!("request_head({})", shown(&fields)), || {
        request_head(&fields)
    });
    verdict(got.map(|head| {
        format!(
            "status {}, HEAD {}, length {:?}",
            head.status, head.is_head, head.content_length
        )
    }))
}

fn response(lab: &Lab, lines: Lines) -> String {
    let fields = fields(lines);
    let got = lab.you(&format!("response_head({})", shown(&fields)), || {
        response_head(&fields)
    });
    verdict(got.map(|head| {
        format!(
            "status {}, HEAD {}, length {:?}",
            head.status, head.is_head, head.content_length
        )
    }))
}

fn is(lab: &Lab, why: &str, got: String, want: &str) {
    lab.because(why).same("what it is", got, want.to_owned());
}

#[test]
fn s4_fields_that_may_not_be() {
    lab(|lab| {
        for &(name, value, why) in WRONG_FIELDS {
            let line = (name, value);
            is(
                lab,
                why,
                request(lab, &[GET, &[line]].concat()),
                "malformed",
            );
            is(
                lab,
                why,
                request(lab, &[GET, &[("a", "b"), line, ("c", "d")]].concat()),
                "malformed",
            );
            is(
                lab,
                why,
                response(lab, &[(":status", "200"), line]),
                "malformed",
            );
            let list = fields(&[("a", "b"), line]);
            let got = lab.you(&format!("trailer_fields({})", shown(&list)), || {
                trailer_fields(&list)
            });
            is(
                lab,
                why,
                verdict(got.map(|()| "trailers".to_owned())),
                "malformed",
            );
        }
        for line in RIGHT_FIELDS {
            let why = match line.0 {
                "te" => "TE may say trailers, in any case (RFC 9113, section 8.2.2).",
                _ => "No rule of section 8.2 forbids this field: it is taken as it is.",
            };
            let length = if line.0 == "content-length" {
                "Some(0)"
            } else {
                "None"
            };
            is(
                lab,
                why,
                request(lab, &[GET, &[*line]].concat()),
                &format!("status 0, HEAD false, length {length}"),
            );
            is(
                lab,
                why,
                response(lab, &[(":status", "200"), *line]),
                &format!("status 200, HEAD false, length {length}"),
            );
            let list = fields(&[*line]);
            let got = lab.you(&format!("trailer_fields({})", shown(&list)), || {
                trailer_fields(&list)
            });
            is(
                lab,
                why,
                verdict(got.map(|()| "trailers".to_owned())),
                "trailers",
            );
        }
    });
}

const M: (&str, &str) = (":method", "GET");
const S: (&str, &str) = (":scheme", "https");
const A: (&str, &str) = (":authority", "a.example");
const P: (&str, &str) = (":path", "/");

#[test]
fn s4_request_heads() {
    lab(|lab| {
        const RIGHT: &str = "status 0, HEAD false, length None";
        for (why, lines, want) in [
            (
                "The four pseudo-header fields of a request (RFC 9113, section 8.3.1).",
                &[M, S, A, P][..],
                RIGHT,
            ),
            ("Their order means nothing.", &[P, A, S, M], RIGHT),
            (
                "An authority may be missing (section 8.3.1).",
                &[M, S, P],
                RIGHT,
            ),
            (
                "A host may stand in its place.",
                &[M, S, P, ("host", "a.example")],
                RIGHT,
            ),
            (
                "A name may have bytes that are no letters of a token: section 8.2.1 asks for less than RFC 9110, and what it does not name is no reason to refuse a request.",
                &[
                    M,
                    S,
                    A,
                    P,
                    ("x[1]", "a"),
                    ("x/y", "a"),
                    ("{x}", "a"),
                    ("\"x\"", "a"),
                ],
                RIGHT,
            ),
            (
                "A host beside it must be the same, but for case.",
                &[M, S, A, P, ("host", "A.Example")],
                RIGHT,
            ),
            (
                "The scheme is not only http or https (section 8.3.1).",
                &[M, (":scheme", "gopher"), A, P],
                RIGHT,
            ),
            (
                "A path with a query.",
                &[M, S, A, (":path", "/a?b=*")],
                RIGHT,
            ),
            (
                "OPTIONS may ask for the whole server.",
                &[(":method", "OPTIONS"), S, A, (":path", "*")],
                RIGHT,
            ),
            (
                "A method is a token of any letters.",
                &[(":method", "m-SEARCH"), S, A, P],
                RIGHT,
            ),
            (
                "A response to HEAD has no content.",
                &[(":method", "HEAD"), S, A, P],
                "status 0, HEAD true, length None",
            ),
            (
                "Methods are compared with case.",
                &[(":method", "head"), S, A, P],
                RIGHT,
            ),
            (
                "A length is a number.",
                &[M, S, A, P, ("content-length", "0012")],
                "status 0, HEAD false, length Some(12)",
            ),
            (
                "The largest length.",
                &[M, S, A, P, ("content-length", "18446744073709551615")],
                "status 0, HEAD false, length Some(18446744073709551615)",
            ),
            (
                "The same length twice is one length.",
                &[
                    M,
                    S,
                    A,
                    P,
                    ("content-length", "5"),
                    ("content-length", "05"),
                ],
                "status 0, HEAD false, length Some(5)",
            ),
            (
                "CONNECT has an authority, and neither scheme nor path (section 8.5).",
                &[(":method", "CONNECT"), A],
                RIGHT,
            ),
        ] {
            is(lab, why, request(lab, lines), want);
        }
        for (why, lines) in [
            ("No method (section 8.3.1).", &[S, A, P][..]),
            ("No scheme.", &[M, A, P]),
            ("No path.", &[M, S, A]),
            ("Nothing at all.", &[]),
            ("A method twice (section 8.3).", &[M, M, S, A, P]),
            ("A path twice, though the same.", &[M, S, A, P, P]),
            ("A scheme twice.", &[M, S, S, A, P]),
            ("An authority twice.", &[M, S, A, A, P]),
            (
                "A pseudo-header field behind another field (section 8.3).",
                &[M, S, A, ("a", "b"), P],
            ),
            (
                "A pseudo-header field of responses (section 8.3).",
                &[M, S, A, P, (":status", "200")],
            ),
            ("An empty path (section 8.3.1).", &[M, S, A, (":path", "")]),
            (
                "A path that does not begin with a slash.",
                &[M, S, A, (":path", "a")],
            ),
            ("A star is for OPTIONS alone.", &[M, S, A, (":path", "*")]),
            (
                "A star is the whole path.",
                &[(":method", "OPTIONS"), S, A, (":path", "*/")],
            ),
            ("An empty method.", &[(":method", ""), S, A, P]),
            (
                "A blank in a method would make a request line of two.",
                &[(":method", "GET /x HTTP/1.1"), S, A, P],
            ),
            (
                "A method that is no token.",
                &[(":method", "GE/T"), S, A, P],
            ),
            (
                "CONNECT with a path (section 8.5).",
                &[(":method", "CONNECT"), A, P],
            ),
            ("CONNECT with a scheme.", &[(":method", "CONNECT"), S, A]),
            ("CONNECT without an authority.", &[(":method", "CONNECT")]),
            (
                "A user in the authority (section 8.3.1).",
                &[M, S, (":authority", "u@a.example"), P],
            ),
            (
                "Two hosts that differ: two readers, two opinions (section 8.3.1).",
                &[M, S, A, P, ("host", "b.example")],
            ),
            (
                "Two host fields, even with the same value: a reader that takes the first and one that takes the last may be sent different ones next time (RFC 9110, section 7.2).",
                &[M, S, P, ("host", "a"), ("host", "a")],
            ),
            (
                "A line end in a pseudo-header field.",
                &[M, S, A, (":path", "/\r\nX: y")],
            ),
            ("A blank behind a path.", &[M, S, A, (":path", "/ ")]),
            (
                "A length with a sign.",
                &[M, S, A, P, ("content-length", "+5")],
            ),
            ("A length below 0.", &[M, S, A, P, ("content-length", "-1")]),
            ("An empty length.", &[M, S, A, P, ("content-length", "")]),
            (
                "A length of more than 64 bits.",
                &[M, S, A, P, ("content-length", "18446744073709551616")],
            ),
            (
                "A length that is hexadecimal.",
                &[M, S, A, P, ("content-length", "0x5")],
            ),
            (
                "Two lengths.",
                &[M, S, A, P, ("content-length", "5"), ("content-length", "6")],
            ),
        ] {
            is(lab, why, request(lab, lines), "malformed");
        }
    });
}

#[test]
fn s4_response_heads() {
    lab(|lab| {
        for status in ["100", "103", "199", "200", "204", "304", "404", "599"] {
            is(
                lab,
                "A status is three digits (RFC 9113, section 8.3.2).",
                response(lab, &[(":status", status), ("a", "b")]),
                &format!("status {status}, HEAD false, length None"),
            );
        }
        is(
            lab,
            "A length.",
            response(lab, &[(":status", "200"), ("content-length", "7")]),
            "status 200, HEAD false, length Some(7)",
        );
        is(
            lab,
            "Nobody looks for hosts in a response.",
            response(lab, &[(":status", "200"), ("host", "a"), ("host", "b")]),
            "status 200, HEAD false, length None",
        );
        for (why, lines) in [
            ("No status.", &[("a", "b")][..]),
            ("Nothing.", &[]),
            ("A status twice.", &[(":status", "200"), (":status", "200")]),
            (
                "A status behind a field.",
                &[("a", "b"), (":status", "200")],
            ),
            ("HTTP/2 has no 101 (section 8.6).", &[(":status", "101")]),
            ("Two digits.", &[(":status", "99")]),
            ("Two digits, and a zero.", &[(":status", "099")]),
            ("Four digits.", &[(":status", "2000")]),
            ("Four digits, and a zero.", &[(":status", "0200")]),
            ("A sign.", &[(":status", "+20")]),
            ("A word behind it.", &[(":status", "200 OK")]),
            ("Above 599.", &[(":status", "600")]),
            ("Nothing in it.", &[(":status", "")]),
            (
                "A pseudo-header field of requests.",
                &[(":status", "200"), (":path", "/")],
            ),
            (
                "Two lengths.",
                &[
                    (":status", "200"),
                    ("content-length", "1"),
                    ("content-length", "2"),
                ],
            ),
        ] {
            is(lab, why, response(lab, lines), "malformed");
        }
        let list = fields(&[(":status", "200")]);
        let got = lab.you("trailer_fields(:status=200)", || {
            trailer_fields(&list).is_err()
        });
        lab.because("Trailers have no pseudo-header fields at all (section 8.1).")
            .same("whether it is malformed", got, true);
        let list = fields(&[("content-length", "x"), ("content-length", "7")]);
        let got = lab.you("trailer_fields(content-length=x content-length=7)", || {
            trailer_fields(&list).is_err()
        });
        lab.because("Nobody takes a length from trailers.").same(
            "whether it is malformed",
            got,
            false,
        );
    });
}

const HEAD_OF_GET: &str = "Head on 1: :method=GET :scheme=http :authority=a.example :path=/, ends";

#[test]
fn s4_get_round_trip() {
    lab(|lab| {
        let (mut client, mut server) = End::both(lab, FREE);
        for stream in [1, 3, 5] {
            let asked = client.asks(GET, true);
            lab.because("Streams of a client are odd, and rise (RFC 9113, section 5.1.1).")
                .same("the stream", asked, stream);
            let bytes = client.pending();
            lab.because("A request without content is one HEADERS frame with END_STREAM.")
                .same(
                    "the frames",
                    in_words(&bytes),
                    vec![format!("HEADERS on {stream} END_HEADERS END_STREAM")],
                );
            let got = server.receives("what the client has sent", &bytes);
            lab.because("The server gets the fields, in their order.")
                .same(
                    "the events",
                    got,
                    vec![HEAD_OF_GET.replace("on 1", &format!("on {stream}"))],
                );
            server.answers(stream, &[(":status", "204"), ("x", "y")], true);
            let bytes = server.pending();
            lab.because("An answer without content is one HEADERS frame with END_STREAM, on the same stream.").same("the frames", in_words(&bytes), vec![format!("HEADERS on {stream} END_HEADERS END_STREAM")]);
            let got = client.receives("what the server has sent", &bytes);
            lab.because("The client gets the answer on the stream of its request.")
                .same(
                    "the events",
                    got,
                    vec![format!("Head on {stream}: :status=204 x=y, ends")],
                );
            for end in [&client, &server] {
                let open = lab.you("open_streams()", || end.h2.open_streams());
                lab.because(
                    "Both sides have ended: the stream is closed, and nothing is kept of it.",
                )
                .same("streams that are open", open, 0);
            }
        }
    });
}

#[test]
fn s4_ids_are_odd_and_rise() {
    lab(|lab| {
        let number = "Streams of a client are odd, and each is above all before it (RFC 9113, section 5.1.1).";
        for (what, bytes) in [
            ("2", get(2)),
            ("4, behind 3", [get(3), get(4)].concat()),
            ("0x7ffffffe", get(0x7fff_fffe)),
        ] {
            End::server(lab, FREE, &[]).breaks(
                number,
                &format!("a request on {what}"),
                &bytes,
                "PROTOCOL_ERROR",
            );
        }
        for (first, second) in [(5, 3), (5, 1), (101, 99)] {
            End::server(lab, FREE, &[]).breaks(
                number,
                &format!("a request on {first}, and one on {second}"),
                &[get(first), get(second)].concat(),
                "PROTOCOL_ERROR",
            );
        }
        let mut end = End::server(lab, FREE, &[]);
        end.tells(
            "Numbers may be left out: those in between are closed (section 5.1.1).",
            "requests on 1, 7 and 2^31 - 1",
            &[get(1), get(7), get(0x7fff_ffff)].concat(),
            &[
                HEAD_OF_GET,
                &HEAD_OF_GET.replace("on 1", "on 7"),
                &HEAD_OF_GET.replace("on 1", "on 2147483647"),
            ],
        );
        let mut client = End::client(lab, FREE, &[]);
        client.breaks(
            "A server opens no streams here: nobody has asked on 2 (section 5.1).",
            "HEADERS on 2",
            &last_head(2, OK),
            "PROTOCOL_ERROR",
        );
        let mut client = End::client(lab, FREE, &[]);
        let _ = client.asks(GET, true);
        client.breaks(
            "Stream 3 is idle: nobody has asked on it (section 5.1).",
            "an answer on 3",
            &last_head(3, OK),
            "PROTOCOL_ERROR",
        );
    });
}

#[test]
fn s4_headers_split_into_continuation() {
    lab(|lab| {
        let block = block(&[GET, &[("cookie", "c=hocolate")]].concat());
        let want =
            "Head on 1: :method=GET :scheme=http :authority=a.example :path=/ cookie=c=hocolate";
        for cuts in [
            vec![10],
            vec![0],
            vec![block.len()],
            vec![1, 2, 3],
            vec![5, 5, 30],
        ] {
            for ends in [true, false] {
                let mut end = End::server(lab, FREE, &[]);
                let mut bytes = Vec::new();
                let mut from = 0;
                for (at, to) in cuts.iter().chain([&block.len()]).enumerate() {
                    let flags = if *to == block.len() && at == cuts.len() {
                        END_HEADERS
                    } else {
                        0
                    };
                    bytes.extend(match at {
                        0 => frame(HEADERS, flags | u8::from(ends), 1, &block[from..*to]),
                        _ => frame(CONTINUATION, flags, 1, &block[from..*to]),
                    });
                    from = *to;
                }
                let want = format!("{want}{}", if ends { ", ends" } else { "" });
                end.tells("HEADERS and its CONTINUATION frames are one block, wherever it is cut. END_STREAM is a flag of HEADERS and holds for the whole (RFC 9113, sections 4.3, 6.2).", &format!("a block that is cut at {cuts:?}"), &bytes, &[&want]);
            }
        }
        let mut end = End::server(lab, FREE, &[]);
        end.tells(
            "Until END_HEADERS has come, there is no request.",
            "HEADERS without END_HEADERS",
            &frame(HEADERS, END_STREAM, 1, &block),
            &[],
        );
        end.tells(
            "An empty CONTINUATION may bring it.",
            "CONTINUATION",
            &frame(CONTINUATION, END_HEADERS, 1, b""),
            &[&format!("{want}, ends")],
        );
    });
}

#[test]
fn s4_nothing_between_them() {
    lab(|lab| {
        let block = block(GET);
        let begin = frame(HEADERS, END_STREAM, 1, &block[..9]);
        let why = "A block of fields is one uninterrupted piece: nothing but CONTINUATION on the same stream may follow (RFC 9113, sections 6.2 and 6.10).";
        for (what, bytes) in [
            ("PING", frame(PING, 0, 0, b"12345678")),
            ("DATA on another stream", data(3, b"x")),
            (
                "HEADERS on the same stream",
                frame(HEADERS, END_HEADERS, 1, &block[9..]),
            ),
            ("HEADERS on another stream", get(3)),
            (
                "CONTINUATION on another stream",
                frame(CONTINUATION, END_HEADERS, 3, &block[9..]),
            ),
            ("SETTINGS", settings(&[])),
            ("SETTINGS ACK", settings_ack()),
            ("WINDOW_UPDATE", window_update(0, 1)),
            ("WINDOW_UPDATE by 0 on a stream", window_update(1, 0)),
            ("RST_STREAM of the same stream", reset(1, 8)),
            ("PRIORITY", frame(PRIORITY, 0, 1, &[0; 5])),
            ("a frame of unknown type", frame(0x42, 0, 1, b"x")),
            ("GOAWAY", goaway(0, 0)),
        ] {
            End::server(lab, FREE, &[]).breaks(
                why,
                &format!("HEADERS without END_HEADERS, and then {what}"),
                &[begin.clone(), bytes].concat(),
                "PROTOCOL_ERROR",
            );
        }
        let why = "CONTINUATION goes on with a block, and there is none (section 6.10).";
        End::server(lab, FREE, &[]).breaks(
            why,
            "CONTINUATION alone",
            &frame(CONTINUATION, END_HEADERS, 1, &block),
            "PROTOCOL_ERROR",
        );
        End::server(lab, FREE, &[]).breaks(
            why,
            "a whole request, and CONTINUATION",
            &[get(1), frame(CONTINUATION, END_HEADERS, 1, b"")].concat(),
            "PROTOCOL_ERROR",
        );
        let whole = [begin, frame(CONTINUATION, END_HEADERS, 1, &block[9..])].concat();
        End::server(lab, FREE, &[]).breaks(
            why,
            "CONTINUATION behind the last one",
            &[whole, frame(CONTINUATION, END_HEADERS, 1, b"")].concat(),
            "PROTOCOL_ERROR",
        );
    });
}

#[test]
fn s4_a_block_without_end() {
    lab(|lab| {
        let piece = vec![0; 10_000];
        let bytes = [
            frame(HEADERS, 0, 1, &piece),
            frame(CONTINUATION, 0, 1, &piece[..6384]),
        ]
        .concat();
        let mut end = End::server(lab, FREE, &[]);
        end.tells(
            "We take lists of 16 384 bytes. A block of as many bytes is not above that: it may still be such a list.",
            "a block of 16 384 bytes so far",
            &bytes,
            &[],
        );
        end.breaks("One byte more cannot be a list that is allowed: no encoding is longer than what a list counts. Whoever collects it all the same has no end of it (RFC 9113, section 10.5.1).", "one byte more", &frame(CONTINUATION, 0, 1, &[0]), "ENHANCE_YOUR_CALM");
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("a block of 16 384 bytes so far", &bytes);
        end.breaks(
            "The same with the last piece.",
            "one byte more, and END_HEADERS",
            &frame(CONTINUATION, END_HEADERS, 1, &[0]),
            "ENHANCE_YOUR_CALM",
        );
        let small = Config {
            settings: Settings {
                max_header_list_size: Some(100),
                ..FREE.settings
            },
            ..FREE
        };
        End::server(lab, small, &[]).breaks(
            "What counts is what we have announced.",
            "HEADERS of 101 bytes",
            &frame(HEADERS, 0, 1, &[0; 101]),
            "ENHANCE_YOUR_CALM",
        );
        let none = Config {
            settings: Settings {
                max_header_list_size: None,
                ..FREE.settings
            },
            ..FREE
        };
        let mut end = End::server(lab, none, &[]);
        let _ = end.receives("HEADERS", &frame(HEADERS, 0, 1, &piece));
        let rest = DEFAULT_LIST_SIZE as usize - piece.len();
        end.breaks(
            "Who announces nothing has a limit all the same.",
            "CONTINUATION beyond DEFAULT_LIST_SIZE",
            &frame(CONTINUATION, 0, 1, &vec![0; rest + 1]),
            "ENHANCE_YOUR_CALM",
        );
    });
}

#[test]
fn s4_a_list_that_is_too_long() {
    lab(|lab| {
        let small = Config {
            settings: Settings {
                max_header_list_size: Some(300),
                ..FREE.settings
            },
            ..FREE
        };
        let mut end = End::server(lab, small, &[]);
        let long = [
            &[0x82, 0x86, 0x84, 0x41, 1, b'a', 0x40, 1, b'x', 1, b'y'][..],
            &[0xbe; 5],
        ]
        .concat();
        end.resets("The block is short and the list is long: 32 bytes count for each field. The stream ends; the table has followed (RFC 9113, section 10.5.1).", "a list of more than 300 bytes", &frame(HEADERS, END_HEADERS | END_STREAM, 1, &long), 1, "ENHANCE_YOUR_CALM");
        end.tells(
            "The next block is read with the table that the long one has left.",
            "a request with an index of the table",
            &frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                3,
                &[0x82, 0x86, 0x84, 0xbf, 0xbe],
            ),
            &["Head on 3: :method=GET :scheme=http :path=/ :authority=a x=y, ends"],
        );
    });
}

#[test]
fn s4_a_block_that_cannot_be_read() {
    lab(|lab| {
        let why = "A block that cannot be decoded leaves the table unknown: nothing behind it can be read. So it is a connection error, COMPRESSION_ERROR (RFC 9113, section 4.3).";
        for (what, block) in [
            ("index 0", &[0x80][..]),
            ("a block that is cut off", &[0x82, 0x40]),
            ("an unknown index", &[0x82, 0xff, 0x10]),
        ] {
            End::server(lab, FREE, &[]).breaks(
                why,
                what,
                &frame(HEADERS, END_HEADERS, 1, block),
                "COMPRESSION_ERROR",
            );
        }
        End::server(lab, FREE, &[]).breaks(
            "Also on a stream that must not be: the block is read first.",
            "index 0 on stream 2",
            &frame(HEADERS, END_HEADERS, 2, &[0x80]),
            "COMPRESSION_ERROR",
        );
    });
}

#[test]
fn s4_malformed_is_a_stream_error() {
    lab(|lab| {
        for (what, lines) in [
            (
                "a capital letter in a name",
                &[GET, &[("Accept", "x")]].concat()[..],
            ),
            ("no path", &GET[..3]),
            (
                "a field of HTTP/1.1's connections",
                &[GET, &[("connection", "close")]].concat(),
            ),
            (
                "content-length: 5, and no content",
                &[POST, &[("content-length", "5")]].concat(),
            ),
        ] {
            let mut end = End::server(lab, FREE, &[]);
            end.resets("A malformed request is an error of its stream, PROTOCOL_ERROR; the program never sees it (RFC 9113, section 8.1.1).", what, &last_head(1, lines), 1, "PROTOCOL_ERROR");
            end.tells(
                "The connection goes on.",
                "a request on 3",
                &get(3),
                &[&HEAD_OF_GET.replace("on 1", "on 3")],
            );
        }
        for (what, bytes) in [
            ("no status", last_head(1, &[("a", "b")])),
            ("status 101", head(1, &[(":status", "101")])),
            ("100, and the end", last_head(1, &[(":status", "100")])),
            (
                "content-length: 5, and no content",
                last_head(1, &[(":status", "200"), ("content-length", "5")]),
            ),
        ] {
            let mut end = End::client(lab, FREE, &[]);
            let _ = end.asks(GET, true);
            let _ = end.pending();
            end.resets(
                "A malformed response must not be accepted (section 8.1.1).",
                what,
                &bytes,
                1,
                "PROTOCOL_ERROR",
            );
        }
        for (stream, state) in [(5, "that is idle"), (1, "that is open")] {
            let mut end = End::server(lab, FREE, &[]);
            let _ = end.receives("the head of a request on 1", &post(1));
            let what = format!("PRIORITY of 4 bytes on {stream}, a stream {state}");
            let bytes = frame(PRIORITY, 0, stream, &[0; 4]);
            match stream {
                1 => end.resets("PRIORITY of another length is an error of its stream (RFC 9113, section 6.3).", &what, &bytes, 1, "FRAME_SIZE_ERROR"),
                _ => end.breaks("PRIORITY of another length is an error of its stream. But RST_STREAM must not be sent for a stream that is idle (RFC 9113, section 6.4), so the connection ends, with the same code.", &what, &bytes, "FRAME_SIZE_ERROR"),
            }
        }
        let mut end = End::server(lab, FREE, &[]);
        let zero = [POST, &[("content-length", "0")]].concat();
        end.tells(
            "A length of 0 and no content is right.",
            "content-length: 0",
            &last_head(1, &zero),
            &[&format!("Head on 1: {}, ends", listed(&zero))],
        );
    });
}

#[test]
fn s4_responses_without_content() {
    lab(|lab| {
        for (lines, status) in [
            (GET, "204"),
            (GET, "304"),
            (&[(":method", "HEAD"), S, A, P], "200"),
        ] {
            let mut end = End::client(lab, FREE, &[]);
            let stream = end.asks(lines, true);
            let _ = end.pending();
            end.tells("This response has no content by definition, and its content-length is that of another one (RFC 9113, section 8.1.1; RFC 9110, section 6.4.1).", &format!("{status}, content-length: 5"), &last_head(stream, &[(":status", status), ("content-length", "5")]), &[&format!("Head on 1: :status={status} content-length=5, ends")]);
        }
    });
}

#[test]
fn s4_interim_responses() {
    lab(|lab| {
        let mut end = End::client(lab, FREE, &[]);
        let _ = end.asks(GET, true);
        let _ = end.pending();
        let bytes = [
            head(1, &[(":status", "100")]),
            head(1, &[(":status", "103"), ("link", "x")]),
            last_head(1, OK),
        ]
        .concat();
        end.tells(
            "Any number of heads of 1xx may come before the answer (RFC 9113, section 8.1).",
            "100, 103 and 200",
            &bytes,
            &[
                "Head on 1: :status=100",
                "Head on 1: :status=103 link=x",
                "Head on 1: :status=200, ends",
            ],
        );
        let mut server = End::server(lab, FREE, &[]);
        let _ = server.receives("a request", &get(1));
        server.answers(1, &[(":status", "100")], false);
        server.answers(1, &[(":status", "103")], false);
        server.answers(1, OK, true);
        server.says(
            "So it is in the other direction: heads of 1xx, and then the answer.",
            &[
                "HEADERS on 1 END_HEADERS",
                "HEADERS on 1 END_HEADERS",
                "HEADERS on 1 END_HEADERS END_STREAM",
            ],
        );
    });
}

#[test]
fn s4_trailers_come_last() {
    lab(|lab| {
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("the head of a request", &post(1));
        end.tells("HEADERS behind the head of a request are trailers, and end it (RFC 9113, section 8.1).", "trailers", &last_head(1, &[("x", "y")]), &["Trailers on 1: x=y"]);
        let mut end = End::client(lab, FREE, &[]);
        let _ = end.asks(GET, true);
        let _ = end.pending();
        end.tells(
            "So it is behind a response that is not 1xx.",
            "a head and trailers",
            &[head(1, OK), last_head(1, &[("x", "y")])].concat(),
            &["Head on 1: :status=200", "Trailers on 1: x=y"],
        );
        let why = "HEADERS behind the head that do not end the stream make the message malformed (section 8.1).";
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("the head of a request", &post(1));
        end.resets(
            why,
            "HEADERS without END_STREAM",
            &head(1, &[("x", "y")]),
            1,
            "PROTOCOL_ERROR",
        );
        let mut end = End::client(lab, FREE, &[]);
        let _ = end.asks(GET, true);
        let _ = end.pending();
        let _ = end.receives("the answer's head", &head(1, OK));
        end.resets(why, "a second answer", &head(1, OK), 1, "PROTOCOL_ERROR");
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("the head of a request", &post(1));
        end.resets(
            "Pseudo-header fields in trailers are malformed (section 8.1).",
            "trailers with :path",
            &last_head(1, &[(":path", "/")]),
            1,
            "PROTOCOL_ERROR",
        );
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives(
            "the head of a request with content-length: 5",
            &head(1, &[POST, &[("content-length", "5")]].concat()),
        );
        end.resets(
            "Five bytes were announced, and none has come (section 8.1.1).",
            "trailers",
            &last_head(1, &[("x", "y")]),
            1,
            "PROTOCOL_ERROR",
        );
    });
}

#[test]
fn s4_closed_stream_frames() {
    lab(|lab| {
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("a whole request", &get(1));
        end.resets("The client has ended its side: more HEADERS are an error of the stream, STREAM_CLOSED (RFC 9113, section 5.1).", "HEADERS on 1", &last_head(1, &[("x", "y")]), 1, "STREAM_CLOSED");
        end.tells(
            "We have ended the stream with RST_STREAM. What was under way then is ignored.",
            "HEADERS on 1",
            &last_head(1, &[("x", "y")]),
            &[],
        );
        end.says("And no second RST_STREAM is sent (section 5.4.2).", &[]);
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("a whole request", &get(1));
        end.answers(1, OK, true);
        end.breaks("Both sides have ended this stream: HEADERS on it are a connection error, STREAM_CLOSED (section 5.1).", "HEADERS on 1", &last_head(1, GET), "STREAM_CLOSED");
        let mut client = End::client(lab, FREE, &[]);
        let _ = client.asks(GET, true);
        let _ = client.receives("the answer", &last_head(1, OK));
        client.breaks(
            "A second answer on a stream that is closed.",
            "HEADERS on 1",
            &last_head(1, OK),
            "STREAM_CLOSED",
        );
    });
}

#[test]
fn s4_what_is_ignored_is_read_all_the_same() {
    lab(|lab| {
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("a malformed request", &last_head(1, &GET[..3]));
        let _ = end.pending();
        end.tells(
            "We have ended this stream already. A second error on it is no event, and no second RST_STREAM.",
            "WINDOW_UPDATE by 0 on 1",
            &window_update(1, 0),
            &[],
        );
        end.says("RST_STREAM is sent once for a stream.", &[]);
        let adds = frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            1,
            &[0x40, 1, b'x', 1, b'y'],
        );
        end.tells(
            "HEADERS on a stream that we have ended are ignored.",
            "HEADERS on 1 with a new entry for the table",
            &adds,
            &[],
        );
        end.tells(
            "But its block has changed the table (RFC 9113, section 4.3).",
            "a request on 3 with an index",
            &frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                3,
                &[0x82, 0x86, 0x84, 0xbe],
            ),
            &["Head on 3: :method=GET :scheme=http :path=/ x=y, ends"],
        );
    });
}

#[test]
fn s4_what_is_remembered() {
    lab(|lab| {
        let mut end = End::server(lab, FREE, &[]);
        let malformed = |stream| last_head(stream, &GET[..3]);
        for n in 0..REMEMBERED as u32 {
            let _ = end.receives("a malformed request", &malformed(2 * n + 1));
        }
        let _ = end.pending();
        end.tells(
            "We have ended as many streams as are remembered, and know of the first one.",
            "HEADERS on 1",
            &last_head(1, &[("x", "y")]),
            &[],
        );
        let _ = end.receives(
            "one more malformed request",
            &malformed(2 * REMEMBERED as u32 + 1),
        );
        end.breaks("One more, and the first is forgotten. Memory has an end: it is taken for a number that does not rise (RFC 9113, section 5.1.1).", "HEADERS on 1", &last_head(1, &[("x", "y")]), "PROTOCOL_ERROR");
    });
}

#[test]
fn s4_too_many_streams() {
    lab(|lab| {
        let two = Config {
            settings: Settings {
                max_concurrent_streams: Some(2),
                ..FREE.settings
            },
            ..FREE
        };
        let mut end = End::server(lab, two, &[]);
        let _ = end.receives("two requests", &[get(1), post(3)].concat());
        let third = frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            5,
            &[0x82, 0x86, 0x84, 0x40, 1, b'x', 1, b'y'],
        );
        end.resets("Two streams are open, of which the client was told: half-closed ones count. A third is refused with REFUSED_STREAM, which says that it may be asked again (RFC 9113, section 5.1.2).", "a third request", &third, 5, "REFUSED_STREAM");
        end.answers(1, OK, true);
        let _ = end.pending();
        end.tells(
            "One has ended: there is room, and the table knows what the refused one has added.",
            "a request",
            &frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                7,
                &[0x82, 0x86, 0x84, 0xbe],
            ),
            &["Head on 7: :method=GET :scheme=http :path=/ x=y, ends"],
        );
        let zero = Config {
            settings: Settings {
                max_concurrent_streams: Some(0),
                ..FREE.settings
            },
            ..FREE
        };
        End::server(lab, zero, &[]).resets(
            "None at all is a limit, too.",
            "a request",
            &get(1),
            1,
            "REFUSED_STREAM",
        );
    });
}

#[test]
fn s4_client_keeps_to_their_limits() {
    lab(|lab| {
        let mut end = End::client(lab, FREE, &[(3, 2)]);
        let why = "The server has said how many streams it takes: an endpoint must not exceed it (RFC 9113, section 5.1.2). Later there may be room.";
        let got: Vec<String> = (0..3).map(|_| outcome(end.request(GET, true))).collect();
        lab.because(why)
            .same("three requests", got, strings(&["Ok", "Ok", "Busy"]));
        let _ = end.receives("the first answer", &last_head(1, OK));
        lab.because("A stream that is over makes room.").same(
            "a request",
            outcome(end.request(GET, true)),
            "Ok".to_owned(),
        );
        let _ = end.receives("SETTINGS: 3=0", &settings(&[(3, 0)]));
        lab.because(why).same(
            "a request",
            outcome(end.request(GET, true)),
            "Busy".to_owned(),
        );
        lab.because("What is malformed can never be sent. That is told first: Busy would mean that it may be sent later.").same(
            "a request without :path",
            outcome(end.request(&GET[..3], true)),
            "Wrong".to_owned(),
        );
        let more = [GET, &[("x-new", "1")]].concat();
        let mut end = End::client(lab, FREE, &[(3, 0)]);
        let _ = outcome(end.request(&more, true));
        let _ = end.receives("SETTINGS: 3=1", &settings(&[(3, 1)]));
        let _ = end.pending();
        lab.because("A request that was refused for now uses up no number.")
            .same("the next stream", end.asks(&more, true), 1);
        let head = end.sends_head();
        lab.because("It has not changed the table either: the server has not seen its block, so this one spells its fields.")
            .same("the fields", head, listed(&more));
        let mut end = End::client(lab, FREE, &[]);
        let got: Vec<String> = (0..101).map(|_| outcome(end.request(GET, true))).collect();
        lab.because("This server has named no limit, so there is none (section 6.5.2).")
            .same("the 101st request", &got[100], &"Ok".to_owned());
        let mut end = End::client(lab, FREE, &[(6, 200)]);
        let long = [
            GET,
            &[(
                "x",
                "a value of some length, so that the list is too long for the server",
            )],
        ]
        .concat();
        lab.because("The server has said how long a list it takes (section 6.5.2).")
            .same(
                "a request with more",
                outcome(end.request(&long, true)),
                "Wrong".to_owned(),
            );
        let size: usize = GET
            .iter()
            .map(|(name, value)| name.len() + value.len() + 32)
            .sum();
        let mut end = End::client(lab, FREE, &[(6, size as u32)]);
        lab.because("Exactly as long is not longer.").same(
            "a request",
            outcome(end.request(GET, true)),
            "Ok".to_owned(),
        );
        let mut end = End::client(lab, FREE, &[(6, size as u32 - 1)]);
        lab.because("One byte too long.").same(
            "a request",
            outcome(end.request(GET, true)),
            "Wrong".to_owned(),
        );
        end.says("Nothing of it is sent.", &[]);
        let got = lab.you("open_streams()", || end.h2.open_streams());
        lab.because("And no stream was opened.")
            .same("streams", got, 0);
        let _ = end.receives("SETTINGS: 6=1000", &settings(&[(6, 1000)]));
        let no_number = "Streams are 1, 3, 5 and so on. A request that is refused opens none and uses up no number, whatever it is refused for.";
        lab.because(no_number)
            .same("the next stream", end.asks(GET, true), 1);
        let why = "SETTINGS change what they name. What they do not name stays as it was (RFC 9113, section 6.5.3).";
        let mut end = End::client(lab, FREE, &[(3, 1), (6, 200)]);
        let _ = end.receives("SETTINGS that name others", &settings(&[(4, 100), (99, 1)]));
        let _ = end.receives("SETTINGS that name nothing", &settings(&[]));
        let value = "y".repeat(200);
        let wide = [GET, &[("x", &value[..])]].concat();
        lab.because(why).same(
            "a request that is longer than the server takes",
            outcome(end.request(&wide, true)),
            "Wrong".to_owned(),
        );
        let got: Vec<String> = (0..2).map(|_| outcome(end.request(GET, true))).collect();
        lab.because(why)
            .same("two requests", got, strings(&["Ok", "Busy"]));
        let mut end = End::client(lab, FREE, &[]);
        let _ = outcome(end.request(&GET[..2], true));
        lab.because("A request that is refused uses up no number, and does not change the table.")
            .same("the next stream", end.asks(GET, true), 1);
        let head = end.sends_head();
        lab.because("The block can be read without the refused one.")
            .same("the fields", head, listed(GET));
    });
}

#[test]
fn s4_nothing_malformed_is_sent() {
    lab(|lab| {
        let mut end = End::client(lab, FREE, &[]);
        for (lines, ends) in [
            (&[GET, &[("Accept", "x")]].concat()[..], true),
            (&GET[..3], true),
            (&[GET, &[("a", "x\r\ny: z")]].concat(), true),
            (&[GET, &[("connection", "close")]].concat(), true),
            (&[POST, &[("content-length", "5")]].concat(), true),
            (OK, true),
        ] {
            lab.because("What would be malformed must not be sent (RFC 9113, section 8.1.1): the other side would refuse it, or worse, take it.").same("a malformed request", outcome(end.request(lines, ends)), "Wrong".to_owned());
        }
        lab.because("A length of 0 is true of a request without content.")
            .same(
                "content-length: 0, and no more",
                outcome(end.request(&[POST, &[("content-length", "0")]].concat(), true)),
                "Ok".to_owned(),
            );
        lab.because("Content may follow.").same(
            "content-length: 5, and more to come",
            outcome(end.request(&[POST, &[("content-length", "5")]].concat(), false)),
            "Ok".to_owned(),
        );
        lab.because("A client does not answer.").same(
            "respond",
            outcome(end.respond(1, OK, true)),
            "Wrong".to_owned(),
        );
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("a request", &get(1));
        for (lines, ends) in [
            (&[(":status", "99")][..], true),
            (&[("a", "b")], true),
            (&[(":status", "200"), ("A", "b")], true),
            (&[(":status", "100")], true),
            (&[(":status", "101")], false),
        ] {
            lab.because("What would be malformed must not be sent: response_head knows most of it, and a head of 1xx does not end a stream.")
                .same(
                    &format!("a malformed response, {}", listed(lines)),
                    outcome(end.respond(1, lines, ends)),
                    "Wrong".to_owned(),
                );
        }
        lab.because("A server does not ask.").same(
            "request",
            outcome(end.request(GET, true)),
            "Wrong".to_owned(),
        );
        end.says("Nothing of all this was sent.", &[]);
        end.answers(1, OK, false);
        lab.because("One answer to one request.").same(
            "a second answer",
            outcome(end.respond(1, OK, true)),
            "Wrong".to_owned(),
        );
        lab.because("Stream 3 was none.").same(
            "an answer on 3",
            outcome(end.respond(3, OK, true)),
            "Over".to_owned(),
        );
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("a request", &get(1));
        end.answers(1, OK, true);
        lab.because("The stream is over.").same(
            "a second answer",
            outcome(end.respond(1, OK, true)),
            "Over".to_owned(),
        );
        let mut end = End::server(lab, FREE, &[(6, 50)]);
        let _ = end.receives("a request", &get(1));
        lab.because("The client has said how long a list it takes.")
            .same(
                "a long answer",
                outcome(end.respond(1, &[(":status", "200"), ("x", "y")], true)),
                "Wrong".to_owned(),
            );
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("the head of a request", &post(1));
        end.answers(1, OK, true);
        lab.because("Our side of the stream has ended, though the client's has not.")
            .same(
                "one more answer",
                outcome(end.respond(1, OK, true)),
                "Over".to_owned(),
            );
    });
}

#[test]
fn s4_long_blocks_are_sent_in_pieces() {
    lab(|lab| {
        let value = "~".repeat(15_000);
        let long = [
            GET,
            &[("a", &value[..]), ("b", &value[..]), ("c", &value[..])],
        ]
        .concat();
        let mut end = End::client(lab, FREE, &[]);
        let _ = end.asks(&long, true);
        let all = end.frames();
        let words: Vec<String> = all.iter().map(Sent::words).collect();
        lab.because("What does not fit into a frame goes into CONTINUATION frames right behind it. END_STREAM stands on HEADERS, END_HEADERS on the last piece (RFC 9113, section 6.10).")
            .same("the frames", words, strings(&["HEADERS on 1 END_STREAM", "CONTINUATION on 1", "CONTINUATION on 1 END_HEADERS"]));
        let longest = all.iter().map(|frame| frame.payload.len()).max();
        lab.because("No frame is longer than the other side takes.")
            .same("the longest payload", longest, Some(16_384));
        let whole: Vec<u8> = all.iter().flat_map(|frame| frame.payload.clone()).collect();
        let got = end.decoded(&whole);
        lab.because("Together they are one block.").same(
            "bytes of the fields in words",
            got.len(),
            listed(&long).len(),
        );
        let mut end = End::client(lab, FREE, &[(5, 50_000)]);
        let _ = end.asks(&long, true);
        end.says(
            "A server that takes longer frames gets one.",
            &["HEADERS on 1 END_HEADERS END_STREAM"],
        );
        let mut server = End::server(lab, FREE, &[]);
        let _ = server.receives("a request", &get(1));
        server.answers(1, &[(":status", "200"), ("a", &value), ("b", &value)], true);
        server.says(
            "So it is with an answer.",
            &["HEADERS on 1 END_STREAM", "CONTINUATION on 1 END_HEADERS"],
        );
    });
}

#[test]
fn s4_one_table_for_all_streams() {
    lab(|lab| {
        let lines = [GET, &[("user-agent", "loopback")]].concat();
        let mut end = End::client(lab, FREE, &[]);
        let _ = end.asks(&lines, true);
        let first: usize = end.frames().iter().map(|frame| frame.payload.len()).sum();
        let _ = end.asks(&lines, true);
        let second: usize = end.frames().iter().map(|frame| frame.payload.len()).sum();
        lab.because("There is one table for each direction of the connection, not one for each stream: the second request names by numbers what the first has spelled (RFC 9113, section 4.3).")
            .same("bytes of the second block, which is shorter than the first", (second, first > second), (lines.len(), true));
        let mut end = End::client(lab, FREE, &[(1, 0)]);
        let _ = end.asks(&lines, true);
        let first = end.frames().remove(0).payload;
        lab.because("The server has said that its table has 0 bytes. The next block says that this has been heard (RFC 7541, section 4.2).").same("the first byte of the block", first.first().copied(), Some(0x20));
        for (pairs, begin) in [
            (&[(1, 0), (1, 4096)][..], &[0x20, 0x3f, 0xe1, 0x1f][..]),
            (
                &[(1, 200), (4, 9), (1, 100), (1, 300)],
                &[0x3f, 0x45, 0x3f, 0x8d, 0x02],
            ),
        ] {
            let mut end = End::client(lab, FREE, &[]);
            let _ = end.asks(&lines, true);
            let _ = end.sends_head();
            let _ = end.receives("SETTINGS with several sizes of the table", &settings(pairs));
            end.says("They are acknowledged once.", &["SETTINGS ACK"]);
            let _ = end.asks(&lines, true);
            let block = end.frames().remove(0).payload;
            lab.because("One SETTINGS frame may have a setting several times, and each value held for a moment: with the smallest the server's table lost its entries. So the next block says the smallest first and then the last (RFC 7541, section 4.2).").same_bytes(
                "the beginning of the block",
                &block[..begin.len().min(block.len())],
                begin,
            );
            let got = end.decoded(&block);
            lab.because("And it uses no entry that was lost.").same(
                "the fields",
                got,
                listed(&lines),
            );
        }
        let small = Config {
            settings: Settings {
                header_table_size: 0,
                ..FREE.settings
            },
            ..FREE
        };
        let mut server = End::server(lab, small, &[]);
        server.breaks("We have said that our table has 0 bytes, and the client has acknowledged it: its next block must begin with an update (RFC 9113, section 4.3.1).", "a request without an update", &get(1), "COMPRESSION_ERROR");
        let mut server = End::server(lab, small, &[]);
        let updated = [&[0x20][..], &block(GET)].concat();
        server.tells(
            "With an update it is right.",
            "a request with an update",
            &frame(HEADERS, END_HEADERS | END_STREAM, 1, &updated),
            &[HEAD_OF_GET],
        );
    });
}

#[test]
fn s4_goaway_names_the_last_stream() {
    lab(|lab| {
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("requests on 1 and 5", &[get(1), get(5)].concat());
        let _ = end.receives("a malformed request on 7", &last_head(7, &GET[..3]));
        let _ = end.pending();
        let _ = end.receives("PING on a stream", &frame(PING, 0, 9, b"12345678"));
        end.says("GOAWAY names the last stream of which the program has heard: what is above it can be asked again. The malformed one on 7 it has never seen (RFC 9113, section 6.8).", &["GOAWAY: last 5, PROTOCOL_ERROR"]);
        let got = lab.you("open_streams()", || end.h2.open_streams());
        lab.because("With the connection all streams are over.")
            .same("streams", got, 0);
        lab.because("And nothing more can be sent.").same(
            "an answer",
            outcome(end.respond(1, OK, true)),
            "Over".to_owned(),
        );
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("a request on 1", &get(1));
        let short = last_head(3, &[POST, &[("content-length", "5")]].concat());
        let _ = end.receives(
            "a request on 3 that has no content, and says that it has",
            &short,
        );
        let _ = end.pending();
        let _ = end.receives("PING on a stream", &frame(PING, 0, 9, b"12345678"));
        end.says("The request on 3 was malformed, whichever rule it broke: the program has not heard of it.", &["GOAWAY: last 1, PROTOCOL_ERROR"]);
        let mut client = End::client(lab, FREE, &[]);
        let _ = client.receives("PING on a stream", &frame(PING, 0, 9, b"12345678"));
        lab.because("A connection that is broken takes no requests.")
            .same(
                "a request",
                outcome(client.request(GET, true)),
                "Over".to_owned(),
            );
    });
}
