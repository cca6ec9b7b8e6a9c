//! Step 6.

use http2::{Config, Frame, Guard, Limits, code};
use netlab::{Lab, lab};

use super::ends::{End, FREE, outcome};
use super::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, HEADERS, OK, PADDED, PING, POST,
    PRIORITY, block, data, frame, get, goaway, head, last_data, last_head, listed, post, reset,
    settings, settings_ack, window_update,
};
use super::machine::Machine;
use super::rules::{self, Examined, OURS, play};

const LIMITS: Limits = Limits {
    resets: 3,
    idle_frames: 5,
    continuations: 2,
};

const LIMITED: Config = Config {
    limits: Some(LIMITS),
    ..FREE
};

#[test]
fn s6_rst_stream_leaves_the_rest_alive() {
    lab(|lab| {
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("requests on 1, 3 and 5", &[get(1), get(3), get(5)].concat());
        for stream in [1, 3, 5] {
            end.answers(stream, OK, false);
            end.queues(stream, b"hello", true);
        }
        end.tells(
            "The client no longer wants stream 3. The program hears of it.",
            "RST_STREAM on 3",
            &reset(3, code::CANCEL),
            &["Reset on 3: CANCEL"],
        );
        let sent: Vec<String> = end
            .sends()
            .into_iter()
            .filter(|words| !words.starts_with("HEADERS"))
            .collect();
        lab.because("Stream 3 was cancelled, 1 and 5 were fine: a reset is about its stream (RFC 9113, section 6.4). It is not answered with RST_STREAM.").same("the frames sent, but for HEADERS", sent, vec!["DATA on 1: 5 bytes END_STREAM".to_owned(), "DATA on 5: 5 bytes END_STREAM".to_owned()]);
        lab.because("Nothing more can be sent on 3.").same(
            "send",
            outcome(lab.you("send(3, 1 byte, true)", || end.h2.send(3, b"x", true))),
            "Over".to_owned(),
        );
        end.tells(
            "A second one is ignored: the stream is closed.",
            "RST_STREAM on 3",
            &reset(3, 8),
            &[],
        );
        end.tells("So is one for a stream that has ended on both sides: it may have been under way (section 5.1).", "RST_STREAM on 1", &reset(1, 8), &[]);
        end.tells(
            "The connection goes on.",
            "a request on 7",
            &get(7),
            &[&format!("Head on 7: {}, ends", listed(GET))],
        );
        let got = lab.you("open_streams()", || end.h2.open_streams());
        lab.because("A stream that was reset is no longer open.")
            .same("streams", got, 1);
        let mut client = End::client(lab, FREE, &[]);
        for _ in 0..2 {
            let _ = client.asks(GET, true);
        }
        client.tells(
            "A server resets a stream: its code may be one that nobody knows (section 7).",
            "RST_STREAM on 1 and 3",
            &[reset(1, 0), reset(3, 0x1234)].concat(),
            &["Reset on 1: NO_ERROR", "Reset on 3: an unknown code"],
        );
    });
}

#[test]
fn s6_rst_stream_on_an_idle_stream() {
    lab(|lab| {
        let why = "An idle stream cannot be reset: a connection error, PROTOCOL_ERROR (RFC 9113, section 6.4).";
        for stream in [1, 2, 7] {
            End::server(lab, FREE, &[]).breaks(
                why,
                &format!("RST_STREAM on {stream}"),
                &reset(stream, 8),
                "PROTOCOL_ERROR",
            );
        }
        End::client(lab, FREE, &[]).breaks(why, "RST_STREAM on 1", &reset(1, 8), "PROTOCOL_ERROR");
    });
}

#[test]
fn s6_we_reset_a_stream() {
    lab(|lab| {
        let mut end = End::client(lab, FREE, &[]);
        let _ = end.asks(POST, false);
        let _ = end.asks(GET, true);
        let _ = end.pending();
        end.queues(1, b"hello", true);
        lab.you("reset(1, CANCEL)", || end.h2.reset(1, code::CANCEL));
        end.says("RST_STREAM is the last frame of its stream: what was queued stays here (RFC 9113, section 6.4).", &["RST_STREAM on 1: CANCEL"]);
        lab.you("reset(1, CANCEL)", || end.h2.reset(1, code::CANCEL));
        lab.you("reset(9, CANCEL)", || end.h2.reset(9, code::CANCEL));
        end.says(
            "Once is enough, and what was never open cannot be reset.",
            &[],
        );
        end.tells(
            "What was under way then is read and ignored (section 5.1).",
            "an answer on 1",
            &[head(1, OK), data(1, b"x"), last_data(1, b"y")].concat(),
            &[],
        );
        end.says("Without an answer.", &[]);
        end.tells(
            "The other stream goes on.",
            "an answer on 3",
            &last_head(3, OK),
            &["Head on 3: :status=200, ends"],
        );
        let got = lab.you("open_streams()", || end.h2.open_streams());
        lab.because("No stream is left.").same("streams", got, 0);
    });
}

#[test]
fn s6_ping() {
    lab(|lab| {
        let mut end = End::server(lab, FREE, &[]);
        end.tells(
            "A PING is no event: the machine answers by itself.",
            "PING",
            &frame(PING, 0, 0, b"12345678"),
            &[],
        );
        let frames = end.frames();
        lab.because("It is answered with ACK and the same eight bytes (RFC 9113, section 6.7).")
            .same(
                "type, flags, stream and payload",
                frames
                    .iter()
                    .map(|frame| (frame.kind, frame.flags, frame.stream, frame.payload.clone()))
                    .collect::<Vec<_>>(),
                vec![(PING, ACK, 0, b"12345678".to_vec())],
            );
        end.tells(
            "Two of them.",
            "two PINGs",
            &[
                frame(PING, 0, 0, b"abcdefgh"),
                frame(PING, 0, 0, &[0xff; 8]),
            ]
            .concat(),
            &[],
        );
        let payloads: Vec<Vec<u8>> = end
            .frames()
            .iter()
            .map(|frame| frame.payload.clone())
            .collect();
        lab.because("Each gets its answer, in their order.").same(
            "the payloads",
            payloads,
            vec![b"abcdefgh".to_vec(), vec![0xff; 8]],
        );
        end.tells(
            "An answer is an event.",
            "PING ACK",
            &frame(PING, ACK, 0, b"87654321"),
            &["Pong 87654321"],
        );
        end.says("An answer is not answered (section 6.7).", &[]);
        lab.you("ping(loopback)", || end.h2.ping(*b"loopback"));
        let frames = end.frames();
        lab.because("Our own question has no ACK.").same(
            "flags and payload",
            frames
                .iter()
                .map(|frame| (frame.flags, frame.payload.clone()))
                .collect::<Vec<_>>(),
            vec![(0, b"loopback".to_vec())],
        );
    });
}

#[test]
fn s6_goaway_last_stream() {
    lab(|lab| {
        let mut end = End::client(lab, FREE, &[]);
        for _ in 0..4 {
            let _ = end.asks(GET, true);
        }
        let _ = end.pending();
        end.tells("The server has taken nothing above 3. It will never look at 5 and 7, so that they can be asked again on another connection (RFC 9113, section 6.8).", "GOAWAY, last 3", &goaway(3, 0), &["GoAway: last 3, NO_ERROR", "Reset on 5: REFUSED_STREAM", "Reset on 7: REFUSED_STREAM"]);
        end.says("Nothing is sent for 5 and 7: the server looks at neither, so RST_STREAM would tell it nothing.", &[]);
        lab.because("No streams are opened behind GOAWAY.").same(
            "a request",
            outcome(end.request(GET, true)),
            "Over".to_owned(),
        );
        let over = lab.you("is_over()", || end.h2.is_over());
        lab.because("1 and 3 still go on.")
            .same("whether the connection is over", over, false);
        end.tells(
            "They are answered.",
            "two answers",
            &[last_head(3, OK), last_head(1, OK)].concat(),
            &[
                "Head on 3: :status=200, ends",
                "Head on 1: :status=200, ends",
            ],
        );
        let over = lab.you("is_over()", || end.h2.is_over());
        lab.because("No stream is left, and no new one can come.")
            .same("whether the connection is over", over, true);
        let mut end = End::client(lab, FREE, &[]);
        let _ = end.asks(GET, true);
        end.tells("The highest number there is: a server that does not yet know where it will stop. All streams go on.", "GOAWAY, last 2^31 - 1", &goaway(0x7fff_ffff, 0), &["GoAway: last 2147483647, NO_ERROR"]);
        end.tells(
            "And a second one, which knows.",
            "GOAWAY, last 0, with a reason",
            &goaway(0, 2),
            &[
                "GoAway: last 0, INTERNAL_ERROR",
                "Reset on 1: REFUSED_STREAM",
            ],
        );
        let mut server = End::server(lab, FREE, &[]);
        let _ = server.receives("requests on 1 and 3", &[get(1), get(3)].concat());
        server.tells("A client that leaves speaks of the server's streams, of which there are none: its own requests go on.", "GOAWAY, last 0", &goaway(0, 0), &["GoAway: last 0, NO_ERROR"]);
        server.answers(1, OK, true);
        server.answers(3, OK, true);
        server.says(
            "So they are answered.",
            &[
                "HEADERS on 1 END_HEADERS END_STREAM",
                "HEADERS on 3 END_HEADERS END_STREAM",
            ],
        );
        let over = lab.you("is_over()", || server.h2.is_over());
        lab.because("Then it is over.")
            .same("whether the connection is over", over, true);
    });
}

#[test]
fn s6_we_shut_down() {
    lab(|lab| {
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("requests on 1 and 3", &[get(1), post(3)].concat());
        lab.you("shut_down()", || end.h2.shut_down());
        end.says(
            "GOAWAY names the last stream that was taken (RFC 9113, section 6.8).",
            &["GOAWAY: last 3, NO_ERROR"],
        );
        lab.you("shut_down()", || end.h2.shut_down());
        end.says("GOAWAY has been said: a second call does nothing.", &[]);
        let more = [
            frame(
                HEADERS,
                END_HEADERS,
                5,
                &[0x82, 0x86, 0x84, 0x40, 1, b'x', 1, b'y'],
            ),
            data(5, b"abc"),
            last_head(5, &[("t", "u")]),
        ]
        .concat();
        end.tells(
            "What the client has sent on new streams before it knew is ignored.",
            "a request on 5",
            &more,
            &[],
        );
        end.says("Without an answer: the client knows from GOAWAY.", &[]);
        end.tells(
            "But the table has followed, and streams that were taken go on.",
            "trailers on 3 with an index of the table",
            &frame(HEADERS, END_HEADERS | END_STREAM, 3, &[0xbe]),
            &["Trailers on 3: x=y"],
        );
        let over = lab.you("is_over()", || end.h2.is_over());
        lab.because("Two answers are missing.")
            .same("whether the connection is over", over, false);
        end.answers(1, OK, true);
        end.answers(3, OK, true);
        let over = lab.you("is_over()", || end.h2.is_over());
        lab.because("Now everything is answered.").same(
            "whether the connection is over",
            over,
            true,
        );
        let mut end = End::server(lab, FREE, &[]);
        let requests = [post(1), last_head(3, &GET[..3])].concat();
        let _ = end.receives("a request on 1, and a malformed one on 3", &requests);
        let _ = end.pending();
        lab.you("shut_down()", || end.h2.shut_down());
        end.says(
            "The program has never heard of stream 3, so it was not taken: the client may ask again elsewhere.",
            &["GOAWAY: last 1, NO_ERROR"],
        );
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives(
            "a request on 1, and GOAWAY",
            &[post(1), goaway(0, 0)].concat(),
        );
        lab.you("shut_down()", || end.h2.shut_down());
        end.says(
            "The client's GOAWAY was about the server's streams. Ours says which of the client's were taken.",
            &["GOAWAY: last 1, NO_ERROR"],
        );
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("PING on stream 1", &frame(PING, 0, 1, b"12345678"));
        let _ = end.pending();
        lab.you("shut_down()", || end.h2.shut_down());
        end.says("Behind a connection error everything was said.", &[]);
        let mut client = End::client(lab, FREE, &[]);
        let _ = client.asks(GET, true);
        let _ = client.pending();
        lab.you("shut_down()", || client.h2.shut_down());
        client.says(
            "A client has taken no streams.",
            &["GOAWAY: last 0, NO_ERROR"],
        );
        lab.because("It asks for nothing more.").same(
            "a request",
            outcome(client.request(GET, true)),
            "Over".to_owned(),
        );
        client.tells(
            "What it has asked for is answered.",
            "an answer",
            &last_head(1, OK),
            &["Head on 1: :status=200, ends"],
        );
        let over = lab.you("is_over()", || client.h2.is_over());
        lab.because("Then it is over.")
            .same("whether the connection is over", over, true);
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("a request on 1", &get(1));
        let _ = end.receives("a malformed request on 3", &last_head(3, &GET[..3]));
        let _ = end.pending();
        lab.you("shut_down()", || end.h2.shut_down());
        end.says(
            "The program has not heard of the malformed request on 3: GOAWAY names the last one that it has.",
            &["GOAWAY: last 1, NO_ERROR"],
        );
        let mut end = End::server(lab, FREE, &[]);
        lab.you("shut_down()", || end.h2.shut_down());
        end.says("Nothing was taken.", &["GOAWAY: last 0, NO_ERROR"]);
        end.breaks(
            "An error is an error also behind it, and has a GOAWAY of its own (section 5.4).",
            "PING on a stream",
            &frame(PING, 0, 1, b"12345678"),
            "PROTOCOL_ERROR",
        );
    });
}

/// Whether this guard still takes it.
fn takes(lab: &Lab, guard: &mut Guard, what: &str, frame: &Frame) -> String {
    match lab.you(&format!("frame({what})"), || guard.frame(frame)) {
        Ok(()) => "fine".to_owned(),
        Err(fault) => format!("{} on stream {}", code::name(fault.code), fault.stream),
    }
}

const CALM: &str = "ENHANCE_YOUR_CALM on stream 0";

#[test]
fn s6_idle_frames_are_counted() {
    lab(|lab| {
        let idle: Vec<(&str, Frame)> = vec![
            (
                "PING",
                Frame::Ping {
                    is_answer: false,
                    data: [0; 8],
                },
            ),
            (
                "PING ACK",
                Frame::Ping {
                    is_answer: true,
                    data: [0; 8],
                },
            ),
            ("SETTINGS", Frame::Settings(Vec::new())),
            ("SETTINGS ACK", Frame::SettingsAck),
            ("PRIORITY", Frame::Priority { stream: 1 }),
            (
                "WINDOW_UPDATE",
                Frame::WindowUpdate {
                    stream: 0,
                    increment: 1,
                },
            ),
            ("RST_STREAM", Frame::Reset { stream: 1, code: 8 }),
            (
                "empty DATA",
                Frame::Data {
                    stream: 1,
                    data: Vec::new(),
                    padding: 0,
                    ends: false,
                },
            ),
            (
                "DATA with padding alone",
                Frame::Data {
                    stream: 1,
                    data: Vec::new(),
                    padding: 9,
                    ends: false,
                },
            ),
            (
                "HEADERS",
                Frame::Headers {
                    stream: 1,
                    block: vec![0],
                    ends: true,
                    is_whole: true,
                },
            ),
            (
                "a frame of unknown type",
                Frame::Unknown {
                    kind: 99,
                    stream: 1,
                },
            ),
            (
                "GOAWAY",
                Frame::GoAway {
                    last: 0,
                    code: 0,
                    debug: Vec::new(),
                },
            ),
        ];
        for (what, frame) in &idle {
            let mut guard = Guard::new(LIMITS);
            let got: Vec<String> = (0..6)
                .map(|_| takes(lab, &mut guard, what, frame))
                .collect();
            let want = [["fine"; 5].as_slice(), &[CALM]].concat();
            lab.because("Five frames in a row that bring nothing are allowed here, and the sixth is too much. Each costs the sender nothing, and us an answer or a look (RFC 9113, section 10.5).").same("six of them", got, want.iter().map(|s| (*s).to_owned()).collect());
            let mut guard = Guard::new(LIMITS);
            for _ in 0..5 {
                let _ = takes(lab, &mut guard, what, frame);
            }
            lab.you("useful()", || guard.useful());
            let got: Vec<String> = (0..6)
                .map(|_| takes(lab, &mut guard, what, frame))
                .collect();
            lab.because("Behind something useful the count begins again.")
                .same(
                    "six of them",
                    got,
                    want.iter().map(|s| (*s).to_owned()).collect(),
                );
        }
        let mut guard = Guard::new(LIMITS);
        let got = idle
            .iter()
            .map(|(what, frame)| takes(lab, &mut guard, what, frame))
            .position(|got| got == CALM);
        lab.because("All kinds are counted together.").same(
            "the first that is too much",
            got,
            Some(5),
        );
        for (what, frame) in [
            (
                "DATA with one byte",
                Frame::Data {
                    stream: 1,
                    data: vec![1],
                    padding: 0,
                    ends: false,
                },
            ),
            (
                "empty DATA with END_STREAM",
                Frame::Data {
                    stream: 1,
                    data: Vec::new(),
                    padding: 0,
                    ends: true,
                },
            ),
        ] {
            let mut guard = Guard::new(LIMITS);
            let got = (0..20).all(|_| takes(lab, &mut guard, what, &frame) == "fine");
            lab.because("This brings something.")
                .same("whether twenty are fine", got, true);
        }
        let mut guard = Guard::new(LIMITS);
        let ping = Frame::Ping {
            is_answer: false,
            data: [0; 8],
        };
        let brings = Frame::Data {
            stream: 1,
            data: vec![1],
            padding: 0,
            ends: false,
        };
        for _ in 0..5 {
            let _ = takes(lab, &mut guard, "PING", &ping);
        }
        let _ = takes(lab, &mut guard, "DATA with one byte", &brings);
        let got = takes(lab, &mut guard, "PING", &ping);
        lab.because("A frame alone does not set the count back: it may be for a stream that is over. Guard::useful says when it was of use.").same("one PING more", got, CALM.to_owned());
    });
}

#[test]
fn s6_continuations_are_counted() {
    lab(|lab| {
        let begins = Frame::Headers {
            stream: 1,
            block: vec![0],
            ends: true,
            is_whole: false,
        };
        let goes_on = Frame::Continuation {
            stream: 1,
            block: vec![0],
            is_whole: false,
        };
        let empty = Frame::Continuation {
            stream: 1,
            block: Vec::new(),
            is_whole: false,
        };
        let mut guard = Guard::new(LIMITS);
        let mut got = vec![takes(lab, &mut guard, "HEADERS", &begins)];
        for _ in 0..3 {
            got.push(takes(lab, &mut guard, "CONTINUATION", &goes_on));
        }
        lab.because("A block may have two CONTINUATION frames here. A flood of small ones costs much work before anybody knows who is asking.").same("HEADERS and three CONTINUATION frames", got, ["fine", "fine", "fine", CALM].map(str::to_owned).to_vec());
        let mut guard = Guard::new(Limits {
            idle_frames: 100,
            ..LIMITS
        });
        for _ in 0..4 {
            let mut got = vec![takes(lab, &mut guard, "HEADERS", &begins)];
            for _ in 0..2 {
                got.push(takes(lab, &mut guard, "CONTINUATION", &goes_on));
            }
            lab.because("Each block begins with HEADERS, and is counted for itself.")
                .same(
                    "HEADERS and two CONTINUATION frames",
                    got,
                    vec!["fine".to_owned(); 3],
                );
        }
        let mut guard = Guard::new(Limits {
            continuations: 100,
            ..LIMITS
        });
        let mut got = vec![takes(lab, &mut guard, "HEADERS", &begins)];
        for _ in 0..5 {
            got.push(takes(lab, &mut guard, "an empty CONTINUATION", &empty));
        }
        lab.because(
            "An empty CONTINUATION is idle, and HEADERS is until somebody says that it was useful.",
        )
        .same(
            "HEADERS and five empty ones",
            got,
            ["fine", "fine", "fine", "fine", "fine", CALM]
                .map(str::to_owned)
                .to_vec(),
        );
        let mut guard = Guard::new(Limits {
            continuations: 100,
            ..LIMITS
        });
        let got = (0..50).all(|_| takes(lab, &mut guard, "CONTINUATION", &goes_on) == "fine");
        lab.because("A CONTINUATION with bytes is not idle.").same(
            "whether fifty are fine",
            got,
            true,
        );
    });
}

#[test]
fn s6_resets_are_counted() {
    lab(|lab| {
        let cut = |guard: &mut Guard| match lab.you("cut_off()", || guard.cut_off()) {
            Ok(()) => "fine".to_owned(),
            Err(fault) => format!("{} on stream {}", code::name(fault.code), fault.stream),
        };
        let mut guard = Guard::new(LIMITS);
        let got: Vec<String> = (0..4).map(|_| cut(&mut guard)).collect();
        lab.because("Three streams more may be cut off than come to their end.")
            .same(
                "four streams that are cut off",
                got,
                ["fine", "fine", "fine", CALM].map(str::to_owned).to_vec(),
            );
        let mut guard = Guard::new(LIMITS);
        for _ in 0..10 {
            let got = cut(&mut guard);
            lab.because("Each is made up for by one that has come to its end.")
                .same("a stream that is cut off", got, "fine".to_owned());
            lab.you("completed()", || guard.completed());
        }
        for _ in 0..100 {
            lab.you("completed()", || guard.completed());
        }
        let got: Vec<String> = (0..4).map(|_| cut(&mut guard)).collect();
        lab.because("But credit is not saved up: the count does not go below 0.")
            .same(
                "four streams that are cut off",
                got,
                ["fine", "fine", "fine", CALM].map(str::to_owned).to_vec(),
            );
        let mut guard = Guard::new(LIMITS);
        for _ in 0..3 {
            let _ = cut(&mut guard);
        }
        lab.you("completed()", || guard.completed());
        let got: Vec<String> = (0..2).map(|_| cut(&mut guard)).collect();
        lab.because("One that has come to its end makes up for one, and not for three.")
            .same(
                "two streams more that are cut off",
                got,
                ["fine", CALM].map(str::to_owned).to_vec(),
            );
        let mut guard = Guard::new(LIMITS);
        for _ in 0..3 {
            let _ = cut(&mut guard);
        }
        lab.you("useful()", || guard.useful());
        let got = cut(&mut guard);
        lab.because("Something useful is no end of a stream: only ends make up for resets.")
            .same("one more", got, CALM.to_owned());
    });
}

#[test]
fn s6_rapid_reset_is_limited() {
    lab(|lab| {
        let mut end = End::server(lab, LIMITED, &[]);
        let _ = end.receives("a request on 99, which goes on", &post(99));
        let rapid = |n: u32| [get(2 * n + 101), reset(2 * n + 101, 8)].concat();
        for n in 0..3 {
            let got = end.receives("a request, and its reset", &rapid(n));
            lab.because("A client may change its mind.")
                .same("how many events", got.len(), 2);
        }
        end.breaks("Each pair is allowed, and never is more than one stream open: no limit on open streams helps. But every request costs work, and a reset costs nothing. So it is counted (CVE-2023-44487).", "one more", &rapid(3), "ENHANCE_YOUR_CALM");
        let mut end = End::server(lab, LIMITED, &[]);
        for n in 0..20 {
            let _ = end.receives("a request, and its reset", &rapid(2 * n));
            let _ = end.receives("a request", &get(2 * (2 * n + 1) + 101));
            end.answers(2 * (2 * n + 1) + 101, OK, true);
            let _ = end.pending();
        }
        let over = lab.you("is_over()", || end.h2.is_over());
        lab.because("A client that cancels as many as it takes is a client.")
            .same("whether the connection is over", over, false);
        let mut end = End::server(lab, LIMITED, &[]);
        for n in 0..3 {
            let _ = end.receives("a malformed request", &last_head(2 * n + 1, &GET[..3]));
        }
        end.breaks("A client can also make us reset its streams, with faults of its own (CVE-2025-8671). It is the same work, and the same count.", "one more", &last_head(7, &GET[..3]), "ENHANCE_YOUR_CALM");
        let mut end = End::server(lab, LIMITED, &[]);
        for n in 0..5 {
            let _ = end.receives("a request that goes on", &post(2 * n + 1));
            lab.you("reset", || end.h2.reset(2 * n + 1, code::CANCEL));
        }
        let under_way: Vec<u8> = (0..5)
            .flat_map(|n| data(2 * n + 1, b"x").repeat(2))
            .collect();
        end.tells(
            "What our program cuts off is no fault of the client's, and neither is what was under way then.",
            "DATA on the streams that we have reset",
            &under_way,
            &[],
        );
        for n in 0..3 {
            let got = end.receives("a request, and its reset", &rapid(n));
            lab.because(
                "Only what the client cuts off is counted, so it may still cut off as many.",
            )
            .same("how many events", got.len(), 2);
        }
        end.breaks(
            "But they have not come to their end either: they make up for nothing.",
            "one more",
            &rapid(3),
            "ENHANCE_YOUR_CALM",
        );
        let mut end = End::server(lab, LIMITED, &[]);
        let _ = end.receives("requests that go on", &[post(1), post(3), post(5)].concat());
        for n in 5..8 {
            let _ = end.receives("a request, and its reset", &rapid(n));
        }
        for stream in [1, 3, 5] {
            lab.you("reset", || end.h2.reset(stream, code::CANCEL));
        }
        end.breaks(
            "Three streams were cut off by the client, and three by us. None of the six has come to its end, so nothing is made up for.",
            "one more",
            &rapid(8),
            "ENHANCE_YOUR_CALM",
        );
        let mut end = End::server(lab, LIMITED, &[]);
        let _ = end.receives("a request", &get(1));
        end.answers(1, OK, true);
        let many = reset(1, 8).repeat(5);
        end.tells(
            "A reset of a stream that is over cuts nothing off.",
            "RST_STREAM on 1, five times",
            &many,
            &[],
        );
        let mut client = End::client(lab, LIMITED, &[]);
        for _ in 0..20 {
            let stream = client.asks(GET, true);
            lab.you("reset", || client.h2.reset(stream, 8));
        }
        let over = lab.you("is_over()", || client.h2.is_over());
        lab.because("What our own program resets is not the peer's doing.")
            .same("whether the connection is over", over, false);
    });
}

#[test]
fn s6_floods_are_limited() {
    lab(|lab| {
        let ping = frame(PING, 0, 0, b"12345678");
        for (what, flood) in [
            ("PING", ping.clone()),
            ("SETTINGS", settings(&[])),
            ("SETTINGS ACK", settings_ack()),
            ("PRIORITY", frame(PRIORITY, 0, 1, &[0; 5])),
            ("WINDOW_UPDATE", window_update(0, 1)),
            ("a frame of unknown type", frame(0x42, 0, 1, b"x")),
            ("empty DATA on an open stream", data(1, b"")),
            ("padding on an open stream", frame(DATA, PADDED, 1, b"\0")),
        ] {
            let mut end = End::server(lab, LIMITED, &[]);
            let _ = end.receives("the head of a request", &post(1));
            let got = end.receives(&format!("five times {what}"), &flood.repeat(5));
            lab.because("Five frames that bring nothing are allowed here.")
                .same(
                    "an error",
                    got.iter().any(|words| words.starts_with("ConnectionError")),
                    false,
                );
            end.breaks("The sixth in a row is too much: each costs the client nothing, and us an answer that waits in memory, or a look (RFC 9113, section 10.5).", what, &flood, "ENHANCE_YOUR_CALM");
        }
        let mut end = End::server(lab, LIMITED, &[]);
        let block = block(GET);
        let flood = [
            frame(HEADERS, 0, 1, &block[..5]),
            frame(CONTINUATION, 0, 1, &block[5..6]),
            frame(CONTINUATION, 0, 1, &block[6..7]),
        ]
        .concat();
        end.tells(
            "Two CONTINUATION frames are allowed here.",
            "HEADERS and two CONTINUATION frames",
            &flood,
            &[],
        );
        end.breaks(
            "A third is too much, though the block is short (CVE-2024-27316 and others).",
            "one more",
            &frame(CONTINUATION, END_HEADERS, 1, &block[7..]),
            "ENHANCE_YOUR_CALM",
        );
        let mut end = End::server(lab, LIMITED, &[]);
        let _ = end.receives("a request", &get(1));
        for n in 0..20 {
            let _ = end.receives(
                "four times PING, and a request",
                &[ping.repeat(4), get(2 * n + 3)].concat(),
            );
            end.answers(2 * n + 3, OK, true);
        }
        let over = lab.you("is_over()", || end.h2.is_over());
        lab.because("Requests in between are useful.").same(
            "whether the connection is over",
            over,
            false,
        );
        let _ = end.receives("the head of a request", &post(101));
        for _ in 0..20 {
            let _ = end.receives(
                "four times PING, and content",
                &[ping.repeat(4), data(101, b"x")].concat(),
            );
        }
        let over = lab.you("is_over()", || end.h2.is_over());
        lab.because("So is content.")
            .same("whether the connection is over", over, false);
        let mut end = End::server(lab, LIMITED, &[]);
        let _ = end.receives("a request", &get(1));
        end.answers(1, OK, false);
        for _ in 0..20 {
            end.queues(1, b"x", false);
            let _ = end.pending();
            let _ = end.receives("four times WINDOW_UPDATE", &window_update(1, 1).repeat(4));
        }
        let over = lab.you("is_over()", || end.h2.is_over());
        lab.because("Content that we send is useful, too: a client that downloads says nothing but WINDOW_UPDATE.").same("whether the connection is over", over, false);
        let mut client = End::client(lab, LIMITED, &[]);
        let _ = client.asks(GET, true);
        let _ = client.asks(GET, true);
        let _ = client.receives("an answer on 1", &last_head(1, OK));
        let interim = head(3, &[(":status", "103")]);
        let _ = client.receives("103, five times", &interim.repeat(5));
        client.breaks(
            "Heads of 1xx without end are a flood as well.",
            "103",
            &interim,
            "ENHANCE_YOUR_CALM",
        );
    });
}

#[test]
fn s6_no_limits_where_none_are_asked_for() {
    lab(|lab| {
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives(
            "10 000 times PRIORITY",
            &frame(PRIORITY, 0, 1, &[0; 5]).repeat(10_000),
        );
        let over = lab.you("is_over()", || end.h2.is_over());
        lab.because("This configuration has no limits.").same(
            "whether the connection is over",
            over,
            false,
        );
        let mut end = End::server(lab, Config::default(), &[]);
        let _ = end.receives("a request", &get(1));
        let _ = end.receives(
            "1000 times PING",
            &frame(PING, 0, 0, b"12345678").repeat(1000),
        );
        let over = lab.you("is_over()", || end.h2.is_over());
        lab.because("The default allows 1000 idle frames.").same(
            "whether the connection is over",
            over,
            false,
        );
        end.breaks(
            "And not one more.",
            "PING",
            &frame(PING, 0, 0, b"12345678"),
            "ENHANCE_YOUR_CALM",
        );
    });
}

// What a peer can see of RFC 9113: each test plays all rows of `rules/rules.txt` that stand under its section.

/// Plays the rows of a section, until one ends otherwise than it must.
fn plays(lab: &Lab, section: &str) {
    let mut rows = rules::all();
    rows.retain(|row| row.section.split_once(' ').map(|(number, _)| number) == Some(section));
    lab.holds(!rows.is_empty(), format!("rows of {section}"), "none");
    for row in rows {
        let who = match row.examined {
            Examined::Server => "server",
            Examined::Client => "client",
        };
        lab.scene(format!("{}, you are the {who}: {}", row.section, row.name));
        lab.note("how these lines are read: tests/15-http2/rules/mod.rs");
        lab.why(&row.why);
        let verdict = lab.you("h2.receive(what the peer sends)", || {
            let mut machine = Machine::new(lab, row.examined);
            play::verdict(&row, &mut machine)
        });
        if !row.accepts(&verdict) {
            lab.fails(row.kept(OURS).expect("what ours must do"), verdict);
        }
    }
}

#[test]
fn s6_rules_3_4_preface() {
    lab(|lab| plays(lab, "§3.4"));
}

#[test]
fn s6_rules_4_1_frame_format() {
    lab(|lab| plays(lab, "§4.1"));
}

#[test]
fn s6_rules_4_2_frame_size() {
    lab(|lab| plays(lab, "§4.2"));
}

#[test]
fn s6_rules_4_3_field_blocks() {
    lab(|lab| plays(lab, "§4.3"));
}

#[test]
fn s6_rules_5_1_stream_states() {
    lab(|lab| plays(lab, "§5.1"));
}

#[test]
fn s6_rules_5_1_1_identifiers() {
    lab(|lab| plays(lab, "§5.1.1"));
}

#[test]
fn s6_rules_5_1_2_concurrency() {
    lab(|lab| plays(lab, "§5.1.2"));
}

#[test]
fn s6_rules_5_4_errors() {
    lab(|lab| plays(lab, "§5.4"));
}

#[test]
fn s6_rules_5_5_extensions() {
    lab(|lab| plays(lab, "§5.5"));
}

#[test]
fn s6_rules_6_1_data() {
    lab(|lab| plays(lab, "§6.1"));
}

#[test]
fn s6_rules_6_2_headers() {
    lab(|lab| plays(lab, "§6.2"));
}

#[test]
fn s6_rules_6_3_priority() {
    lab(|lab| plays(lab, "§6.3"));
}

#[test]
fn s6_rules_6_4_rst_stream() {
    lab(|lab| plays(lab, "§6.4"));
}

#[test]
fn s6_rules_6_5_settings() {
    lab(|lab| plays(lab, "§6.5"));
}

#[test]
fn s6_rules_6_6_push_promise() {
    lab(|lab| plays(lab, "§6.6"));
}

#[test]
fn s6_rules_6_7_ping() {
    lab(|lab| plays(lab, "§6.7"));
}

#[test]
fn s6_rules_6_8_goaway() {
    lab(|lab| plays(lab, "§6.8"));
}

#[test]
fn s6_rules_6_9_window_update() {
    lab(|lab| plays(lab, "§6.9"));
}

#[test]
fn s6_rules_6_10_continuation() {
    lab(|lab| plays(lab, "§6.10"));
}

#[test]
fn s6_rules_8_1_message_framing() {
    lab(|lab| plays(lab, "§8.1"));
}

#[test]
fn s6_rules_8_1_1_malformed() {
    lab(|lab| plays(lab, "§8.1.1"));
}

#[test]
fn s6_rules_8_2_1_fields() {
    lab(|lab| plays(lab, "§8.2.1"));
}

#[test]
fn s6_rules_8_2_2_connection_fields() {
    lab(|lab| plays(lab, "§8.2.2"));
}

#[test]
fn s6_rules_8_3_control_data() {
    lab(|lab| plays(lab, "§8.3"));
}
