//! Step 1.

use http2::{Fault, Frame, FrameHead, Frames, code, read_frame, read_frame_head, write_frame_head};
use netlab::{Lab, lab};

use super::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITY,
    PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, WITH_PRIORITY, frame, framed, goaway,
    settings, window_update,
};
use super::memory::peak;

/// A frame that was read, in words: all that a test may compare.
fn words(frame: &Frame) -> String {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    match frame {
        Frame::Data {
            stream,
            data,
            padding,
            ends,
        } => {
            format!("Data {stream} {} padding {padding} ends {ends}", text(data))
        }
        Frame::Headers {
            stream,
            block,
            ends,
            is_whole,
        } => {
            format!(
                "Headers {stream} {} ends {ends} whole {is_whole}",
                text(block)
            )
        }
        Frame::Priority { stream } => format!("Priority {stream}"),
        Frame::Reset { stream, code } => format!("Reset {stream} {code:#x}"),
        Frame::Settings(pairs) => {
            let pairs = pairs.iter().map(|(id, value)| format!(" {id}={value}"));
            format!("Settings{}", pairs.collect::<String>())
        }
        Frame::SettingsAck => "SettingsAck".to_owned(),
        Frame::PushPromise {
            stream,
            promised: new,
            block,
            is_whole,
        } => {
            format!(
                "PushPromise {stream} {new} {} whole {is_whole}",
                text(block)
            )
        }
        Frame::Ping { is_answer, data } => format!("Ping {} answer {is_answer}", text(data)),
        Frame::GoAway { last, code, debug } => format!("GoAway {last} {code:#x} {}", text(debug)),
        Frame::WindowUpdate { stream, increment } => format!("WindowUpdate {stream} {increment}"),
        Frame::Continuation {
            stream,
            block,
            is_whole,
        } => {
            format!("Continuation {stream} {} whole {is_whole}", text(block))
        }
        Frame::Unknown { kind, stream } => format!("Unknown {kind:#x} {stream}"),
    }
}

fn fault_in_words(fault: Fault) -> String {
    match fault.stream {
        0 => format!("connection error {}", code::name(fault.code)),
        stream => format!("stream error on {stream}, {}", code::name(fault.code)),
    }
}

/// What `read_frame` makes of the one frame in these bytes.
fn read(lab: &Lab, bytes: &[u8]) -> String {
    let (head, payload) = bytes.split_at(9);
    let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, b| sum << 8 | u32::from(*b));
    let head = FrameHead {
        len: number(&head[..3]),
        kind: head[3],
        flags: head[4],
        stream: number(&head[5..]),
    };
    let call = format!(
        "read_frame(type {}, flags {:#04x}, stream {}, {} bytes)",
        head.kind,
        head.flags,
        head.stream,
        payload.len()
    );
    match lab.you(&call, || read_frame(&head, payload)) {
        Ok(frame) => words(&frame),
        Err(fault) => fault_in_words(fault),
    }
}

fn reads(lab: &Lab, why: &str, bytes: &[u8], want: &str) {
    let got = read(lab, bytes);
    lab.because(why).same("the frame", got, want.to_owned());
}

const PROTOCOL: &str = "connection error PROTOCOL_ERROR";
const SIZE: &str = "connection error FRAME_SIZE_ERROR";

#[test]
fn s1_nine_bytes() {
    lab(|lab| {
        for (bytes, want) in [
            ([0, 0, 5, 0, 1, 0, 0, 0, 3], (5, 0, 1, 3)),
            ([1, 2, 3, 4, 5, 6, 7, 8, 9], (0x01_0203, 4, 5, 0x0607_0809)),
            (
                [0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff],
                (0xff_ffff, 0xff, 0xff, 0x7fff_ffff),
            ),
            ([0; 9], (0, 0, 0, 0)),
        ] {
            let call = format!("read_frame_head({bytes:02x?})");
            let head = lab.you(&call, || read_frame_head(&bytes));
            lab.because("Three bytes of length, one of type, one of flags, four of stream, all big-endian (RFC 9113, section 4.1). The length counts the payload only, without these nine bytes.")
                .same("length, type, flags and stream", (head.len, head.kind, head.flags, head.stream), want);
            let (len, kind, flags, stream) = want;
            let head = FrameHead {
                len,
                kind,
                flags,
                stream,
            };
            let call = format!(
                "write_frame_head(len {len:#x}, kind {kind:#x}, flags {flags:#x}, stream {stream:#x})"
            );
            let got = lab.you(&call, || write_frame_head(&head));
            lab.because("What is written is what read_frame_head reads, with the reserved bit 0.")
                .same_bytes("the nine bytes", &got, &bytes);
        }
    });
}

#[test]
fn s1_reserved_bit_ignored() {
    lab(|lab| {
        let why = "The bit before the number of a stream is reserved. It must be ignored when it comes (RFC 9113, section 4.1).";
        let head = lab.you("read_frame_head(a stream with the highest bit)", || {
            read_frame_head(&[0, 0, 0, 0, 0, 0x80, 0, 0, 7])
        });
        lab.because(why).same("the stream", head.stream, 7);
        let head = lab.you("read_frame_head(all ones)", || read_frame_head(&[0xff; 9]));
        lab.because(why)
            .same("the stream", head.stream, 0x7fff_ffff);
        let why = "The same bit stands before the last stream of GOAWAY, the increment of WINDOW_UPDATE and the promised stream (sections 6.6, 6.8, 6.9).";
        reads(lab, why, &goaway(0x8000_0005, 2), "GoAway 5 0x2 ");
        reads(lab, why, &window_update(3, 0x8000_0001), "WindowUpdate 3 1");
        reads(
            lab,
            why,
            &frame(PUSH_PROMISE, END_HEADERS, 1, &[0x80, 0, 0, 2, b'x']),
            "PushPromise 1 2 x whole true",
        );
        reads(
            lab,
            "An increment of 0 with the reserved bit is an increment of 0.",
            &window_update(3, 0x8000_0000),
            "stream error on 3, PROTOCOL_ERROR",
        );
    });
}

#[test]
fn s1_each_type_is_read() {
    lab(|lab| {
        for (bytes, want) in [
            (
                frame(DATA, 0, 1, b"hello"),
                "Data 1 hello padding 0 ends false",
            ),
            (
                frame(DATA, END_STREAM, 3, b""),
                "Data 3  padding 0 ends true",
            ),
            (
                frame(HEADERS, 0, 5, b"block"),
                "Headers 5 block ends false whole false",
            ),
            (
                frame(HEADERS, END_HEADERS, 5, b""),
                "Headers 5  ends false whole true",
            ),
            (
                frame(HEADERS, END_STREAM, 5, b"b"),
                "Headers 5 b ends true whole false",
            ),
            (frame(PRIORITY, 0, 9, &[0, 0, 0, 1, 16]), "Priority 9"),
            (frame(RST_STREAM, 0, 7, &[0, 0, 0, 8]), "Reset 7 0x8"),
            (
                frame(RST_STREAM, 0, 7, &[0xff, 0, 1, 2]),
                "Reset 7 0xff000102",
            ),
            (settings(&[]), "Settings"),
            (
                settings(&[(3, 100), (4, 65_536), (3, 1)]),
                "Settings 3=100 4=65536 3=1",
            ),
            (
                settings(&[(0x0a0b, 0x0c0d_0e0f)]),
                "Settings 2571=202182159",
            ),
            (frame(SETTINGS, ACK, 0, b""), "SettingsAck"),
            (
                frame(PUSH_PROMISE, 0, 1, b"\0\0\0\x02bl"),
                "PushPromise 1 2 bl whole false",
            ),
            (frame(PING, 0, 0, b"12345678"), "Ping 12345678 answer false"),
            (
                frame(PING, ACK, 0, b"abcdefgh"),
                "Ping abcdefgh answer true",
            ),
            (goaway(3, 11), "GoAway 3 0xb "),
            (
                frame(GOAWAY, 0, 0, b"\0\0\0\x01\0\0\0\x02why"),
                "GoAway 1 0x2 why",
            ),
            (window_update(0, 1), "WindowUpdate 0 1"),
            (window_update(5, 0x7fff_ffff), "WindowUpdate 5 2147483647"),
            (
                frame(CONTINUATION, 0, 3, b"more"),
                "Continuation 3 more whole false",
            ),
            (
                frame(CONTINUATION, END_HEADERS, 3, b""),
                "Continuation 3  whole true",
            ),
        ] {
            reads(
                lab,
                "Each type has its own payload (RFC 9113, section 6).",
                &bytes,
                want,
            );
        }
    });
}

#[test]
fn s1_unknown_types_and_flags_are_no_errors() {
    lab(|lab| {
        let why = "A type that nobody knows is an extension: the frame must be ignored, whatever stands in it, on any stream (RFC 9113, sections 4.1 and 5.5).";
        reads(
            lab,
            why,
            &frame(0x0a, 0xff, 0, b"anything"),
            "Unknown 0xa 0",
        );
        reads(lab, why, &frame(0xff, 0, 17, b""), "Unknown 0xff 17");
        let why = "A flag that the type does not have means nothing and must be ignored (section 4.1): PADDED is a flag of DATA, HEADERS and PUSH_PROMISE alone.";
        reads(
            lab,
            why,
            &frame(DATA, 0xf6, 1, b"x"),
            "Data 1 x padding 0 ends false",
        );
        reads(
            lab,
            why,
            &frame(HEADERS, 0xd2, 1, b"x"),
            "Headers 1 x ends false whole false",
        );
        reads(
            lab,
            why,
            &frame(CONTINUATION, 0xfb, 1, b"\x09xx"),
            "Continuation 1 \\txx whole false",
        );
        reads(
            lab,
            why,
            &frame(PING, 0xfe, 0, b"12345678"),
            "Ping 12345678 answer false",
        );
        reads(
            lab,
            why,
            &frame(RST_STREAM, 0xff, 1, &[0; 4]),
            "Reset 1 0x0",
        );
        reads(
            lab,
            why,
            &frame(SETTINGS, 0xfe, 0, &[0, 3, 0, 0, 0, 1]),
            "Settings 3=1",
        );
        let acked = "ACK is one bit. It is set whatever the other seven are, which mean nothing here (section 4.1).";
        reads(
            lab,
            acked,
            &frame(PING, 0xff, 0, b"12345678"),
            "Ping 12345678 answer true",
        );
        reads(lab, acked, &frame(SETTINGS, 0x41, 0, b""), "SettingsAck");
        reads(
            lab,
            why,
            &frame(WINDOW_UPDATE, 0xff, 1, &[0, 0, 0, 1]),
            "WindowUpdate 1 1",
        );
        reads(lab, why, &frame(GOAWAY, 0xff, 0, &[0; 8]), "GoAway 0 0x0 ");
        reads(lab, why, &frame(PRIORITY, 0xff, 1, &[0; 5]), "Priority 1");
        reads(
            lab,
            why,
            &frame(PUSH_PROMISE, 0xf3, 1, b"\0\0\0\x02x"),
            "PushPromise 1 2 x whole false",
        );
    });
}

#[test]
fn s1_padding_is_cut_off() {
    lab(|lab| {
        let why = "With PADDED, the first byte says how many bytes of padding stand at the end. Neither is data; both count for flow control (RFC 9113, section 6.1).";
        reads(
            lab,
            why,
            &frame(DATA, PADDED, 1, b"\x02hi\0\0"),
            "Data 1 hi padding 3 ends false",
        );
        reads(
            lab,
            why,
            &frame(DATA, PADDED | END_STREAM, 1, b"\0hi"),
            "Data 1 hi padding 1 ends true",
        );
        reads(
            lab,
            why,
            &frame(DATA, PADDED, 1, b"\0"),
            "Data 1  padding 1 ends false",
        );
        reads(
            lab,
            why,
            &frame(DATA, PADDED, 1, b"\x03\0\0\0"),
            "Data 1  padding 4 ends false",
        );
        reads(
            lab,
            "What stands in padding is not looked at.",
            &frame(DATA, PADDED, 1, b"\x01axy"),
            "Data 1 ax padding 2 ends false",
        );
        let long = [&[255][..], b"d", &[0; 255]].concat();
        reads(
            lab,
            why,
            &frame(DATA, PADDED, 1, &long),
            "Data 1 d padding 256 ends false",
        );
        reads(
            lab,
            why,
            &frame(HEADERS, PADDED | END_HEADERS, 1, b"\x02hi\0\0"),
            "Headers 1 hi ends false whole true",
        );
        reads(
            lab,
            "The promised stream stands between the length of the padding and the block.",
            &frame(PUSH_PROMISE, PADDED, 1, b"\x01\0\0\0\x04hi\0"),
            "PushPromise 1 4 hi whole false",
        );
        let why = "With the flag PRIORITY, five bytes stand before the block. They mean nothing any more, but they are there (section 6.2).";
        reads(
            lab,
            why,
            &frame(HEADERS, WITH_PRIORITY, 1, b"\x80\0\0\x01\x10hi"),
            "Headers 1 hi ends false whole false",
        );
        reads(
            lab,
            "First the length of the padding, then the priority, then the block.",
            &frame(
                HEADERS,
                WITH_PRIORITY | PADDED,
                1,
                b"\x01\0\0\0\x01\x10hi\0",
            ),
            "Headers 1 hi ends false whole false",
        );
        reads(
            lab,
            "RFC 9113 has no rule against a stream that depends on itself: priorities of this kind are gone (section 5.3.2).",
            &frame(HEADERS, WITH_PRIORITY, 1, b"\0\0\0\x01\x10x"),
            "Headers 1 x ends false whole false",
        );
    });
}

#[test]
fn s1_too_much_padding() {
    lab(|lab| {
        let why = "Padding that is as long as the payload, or longer, is a connection error of type PROTOCOL_ERROR (RFC 9113, sections 6.1 and 6.2).";
        reads(lab, why, &frame(DATA, PADDED, 1, b"\x01"), PROTOCOL);
        reads(lab, why, &frame(DATA, PADDED, 1, b"\x04abc"), PROTOCOL);
        reads(lab, why, &frame(DATA, PADDED, 1, b"\xffabc"), PROTOCOL);
        reads(lab, why, &frame(HEADERS, PADDED, 1, b"\x03ab"), PROTOCOL);
        reads(
            lab,
            "The padding cannot reach into the five bytes of the priority.",
            &frame(HEADERS, PADDED | WITH_PRIORITY, 1, b"\x02\0\0\0\x01\x10a"),
            PROTOCOL,
        );
        reads(
            lab,
            "The padding cannot reach into the promised stream.",
            &frame(PUSH_PROMISE, PADDED, 1, b"\x01\0\0\0\x02"),
            PROTOCOL,
        );
        reads(
            lab,
            "Padding that ends exactly where the block begins leaves an empty block.",
            &frame(HEADERS, PADDED | WITH_PRIORITY, 1, b"\x01\0\0\0\x01\x10\0"),
            "Headers 1  ends false whole false",
        );
        let why = "A frame that is too short for what its flags announce is a FRAME_SIZE_ERROR (section 4.2).";
        reads(lab, why, &frame(DATA, PADDED, 1, b""), SIZE);
        reads(lab, why, &frame(HEADERS, PADDED, 1, b""), SIZE);
        reads(
            lab,
            why,
            &frame(HEADERS, WITH_PRIORITY, 1, b"\0\0\0\x01"),
            SIZE,
        );
        reads(
            lab,
            why,
            &frame(HEADERS, WITH_PRIORITY | PADDED, 1, b"\0\0\0\0\x01"),
            SIZE,
        );
        reads(lab, why, &frame(PUSH_PROMISE, 0, 1, b"\0\0\0"), SIZE);
        reads(
            lab,
            why,
            &frame(PUSH_PROMISE, PADDED, 1, b"\0\0\0\x02"),
            SIZE,
        );
    });
}

#[test]
fn s1_wrong_lengths() {
    lab(|lab| {
        for len in [0, 1, 3, 5, 8] {
            let payload = vec![1; len];
            reads(
                lab,
                "RST_STREAM has four bytes, else it is a connection error (RFC 9113, section 6.4).",
                &frame(RST_STREAM, 0, 1, &payload),
                SIZE,
            );
            reads(
                lab,
                "WINDOW_UPDATE has four bytes, else it is a connection error (section 6.9).",
                &frame(WINDOW_UPDATE, 0, 1, &payload),
                SIZE,
            );
        }
        for len in [0, 7, 9, 16] {
            reads(
                lab,
                "PING has eight bytes (section 6.7).",
                &frame(PING, 0, 0, &vec![1; len]),
                SIZE,
            );
        }
        for len in [0, 7] {
            reads(
                lab,
                "GOAWAY has eight bytes at least: the last stream and the code (section 6.8).",
                &frame(GOAWAY, 0, 0, &vec![1; len]),
                SIZE,
            );
        }
        for len in [1, 5, 7, 13] {
            reads(
                lab,
                "SETTINGS has six bytes for each setting (section 6.5).",
                &frame(SETTINGS, 0, 0, &vec![1; len]),
                SIZE,
            );
        }
        for len in [1, 6] {
            reads(
                lab,
                "SETTINGS with ACK has no payload (section 6.5).",
                &frame(SETTINGS, ACK, 0, &vec![0; len]),
                SIZE,
            );
        }
        for len in [0, 4, 6] {
            reads(
                lab,
                "PRIORITY has five bytes. It is the one frame whose wrong length is an error of its stream alone (section 6.3).",
                &frame(PRIORITY, 0, 3, &vec![0; len]),
                "stream error on 3, FRAME_SIZE_ERROR",
            );
        }
    });
}

#[test]
fn s1_frames_on_the_wrong_stream() {
    lab(|lab| {
        let payload = |kind| match kind {
            PRIORITY => vec![0; 5],
            RST_STREAM => vec![0; 4],
            SETTINGS => vec![0; 6],
            _ => vec![0; 8],
        };
        for kind in [
            DATA,
            HEADERS,
            PRIORITY,
            RST_STREAM,
            PUSH_PROMISE,
            CONTINUATION,
        ] {
            reads(
                lab,
                "This frame belongs to a stream. Stream 0 is the connection, so it is a connection error, PROTOCOL_ERROR (RFC 9113, section 6).",
                &frame(kind, 0, 0, &payload(kind)),
                PROTOCOL,
            );
        }
        for kind in [SETTINGS, PING, GOAWAY] {
            reads(
                lab,
                "This frame is about the connection, which is stream 0. On any other stream it is a connection error, PROTOCOL_ERROR (RFC 9113, section 6).",
                &frame(kind, 0, 1, &payload(kind)),
                PROTOCOL,
            );
            reads(
                lab,
                "An acknowledgement is about the connection, too.",
                &frame(kind, ACK, 2, &payload(kind)),
                PROTOCOL,
            );
        }
        let why = "Of two errors the first line of the table counts: which stream it is comes before how long it is.";
        reads(lab, why, &frame(PRIORITY, 0, 0, b""), PROTOCOL);
        reads(lab, why, &frame(RST_STREAM, 0, 0, b""), PROTOCOL);
        reads(lab, why, &frame(PING, 0, 1, b""), PROTOCOL);
    });
}

#[test]
fn s1_window_update_of_nothing() {
    lab(|lab| {
        let why = "A window that grows by 0 is an error of its stream; on stream 0, of the connection (RFC 9113, section 6.9).";
        reads(
            lab,
            why,
            &window_update(5, 0),
            "stream error on 5, PROTOCOL_ERROR",
        );
        reads(lab, why, &window_update(0, 0), PROTOCOL);
    });
}

fn all_frames() -> Vec<(Frame, Vec<u8>)> {
    let bytes = |text: &str| text.as_bytes().to_vec();
    vec![
        (
            Frame::Data {
                stream: 1,
                data: bytes("hello"),
                padding: 0,
                ends: false,
            },
            frame(DATA, 0, 1, b"hello"),
        ),
        (
            Frame::Data {
                stream: 3,
                data: bytes(""),
                padding: 0,
                ends: true,
            },
            frame(DATA, END_STREAM, 3, b""),
        ),
        (
            Frame::Data {
                stream: 3,
                data: bytes("x"),
                padding: 1,
                ends: true,
            },
            frame(DATA, END_STREAM | PADDED, 3, b"\0x"),
        ),
        (
            Frame::Data {
                stream: 3,
                data: bytes("xy"),
                padding: 4,
                ends: false,
            },
            frame(DATA, PADDED, 3, b"\x03xy\0\0\0"),
        ),
        (
            Frame::Data {
                stream: 3,
                data: bytes("z"),
                padding: 256,
                ends: false,
            },
            frame(DATA, PADDED, 3, &[&[255, b'z'][..], &[0; 255]].concat()),
        ),
        (
            Frame::Headers {
                stream: 5,
                block: bytes("b"),
                ends: true,
                is_whole: false,
            },
            frame(HEADERS, END_STREAM, 5, b"b"),
        ),
        (
            Frame::Headers {
                stream: 5,
                block: bytes("b"),
                ends: false,
                is_whole: true,
            },
            frame(HEADERS, END_HEADERS, 5, b"b"),
        ),
        (
            Frame::Headers {
                stream: 5,
                block: bytes("b"),
                ends: true,
                is_whole: true,
            },
            frame(HEADERS, END_HEADERS | END_STREAM, 5, b"b"),
        ),
        (
            Frame::Priority { stream: 7 },
            frame(PRIORITY, 0, 7, &[0; 5]),
        ),
        (
            Frame::Reset {
                stream: 7,
                code: 0x0102_0304,
            },
            frame(RST_STREAM, 0, 7, &[1, 2, 3, 4]),
        ),
        (Frame::Settings(vec![]), settings(&[])),
        (
            Frame::Settings(vec![(0x0102, 0x0304_0506), (5, 20_000)]),
            settings(&[(0x0102, 0x0304_0506), (5, 20_000)]),
        ),
        (Frame::SettingsAck, frame(SETTINGS, ACK, 0, b"")),
        (
            Frame::PushPromise {
                stream: 1,
                promised: 2,
                block: bytes("b"),
                is_whole: true,
            },
            frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\x02b"),
        ),
        (
            Frame::Ping {
                is_answer: false,
                data: *b"12345678",
            },
            frame(PING, 0, 0, b"12345678"),
        ),
        (
            Frame::Ping {
                is_answer: true,
                data: *b"abcdefgh",
            },
            frame(PING, ACK, 0, b"abcdefgh"),
        ),
        (
            Frame::GoAway {
                last: 9,
                code: 2,
                debug: bytes("why"),
            },
            frame(GOAWAY, 0, 0, b"\0\0\0\x09\0\0\0\x02why"),
        ),
        (
            Frame::WindowUpdate {
                stream: 0,
                increment: 65_536,
            },
            window_update(0, 65_536),
        ),
        (
            Frame::WindowUpdate {
                stream: 9,
                increment: 1,
            },
            window_update(9, 1),
        ),
        (
            Frame::Continuation {
                stream: 5,
                block: bytes("c"),
                is_whole: false,
            },
            frame(CONTINUATION, 0, 5, b"c"),
        ),
        (
            Frame::Continuation {
                stream: 5,
                block: bytes("c"),
                is_whole: true,
            },
            frame(CONTINUATION, END_HEADERS, 5, b"c"),
        ),
        (
            Frame::Unknown {
                kind: 0x2a,
                stream: 3,
            },
            frame(0x2a, 0, 3, b""),
        ),
    ]
}

#[test]
fn s1_each_type_is_written() {
    lab(|lab| {
        for (frame, want) in all_frames() {
            let mut out = b"before".to_vec();
            lab.you(&format!("write({})", words(&frame)), || {
                frame.write(&mut out)
            });
            lab.because(
                "A frame is put behind what is there: frames are collected and sent together.",
            )
            .same_bytes(
                "what stood there before",
                out.get(..6).unwrap_or_default(),
                b"before",
            );
            lab.because("The nine bytes and the payload of this type, with no flag that was not asked for (RFC 9113, section 6).")
                .same_bytes("the frame", &out[6..], &want);
        }
    });
}

/// All frames that come out of these bytes when they come in pieces of this length.
fn cut(lab: &Lab, max: u32, bytes: &[u8], piece: usize) -> Vec<String> {
    let mut frames = Frames::new(max);
    let mut got = Vec::new();
    for piece in bytes.chunks(piece) {
        lab.you(&format!("Frames::push({} bytes)", piece.len()), || {
            frames.push(piece)
        });
        drain(lab, &mut frames, &mut got);
    }
    got
}

fn drain(lab: &Lab, frames: &mut Frames, got: &mut Vec<String>) {
    for _ in 0..10_000 {
        match lab.you("next_frame()", || frames.next_frame()) {
            Ok(None) => return,
            Ok(Some(frame)) => got.push(words(&frame)),
            Err(fault) => {
                let is_last = got.last() == Some(&fault_in_words(fault));
                got.push(fault_in_words(fault));
                if is_last {
                    return;
                }
            }
        }
    }
    lab.because("When no whole frame is left, next_frame gives None.")
        .fails("None in the end", "frame after frame");
}

#[test]
fn s1_frames_in_any_pieces() {
    lab(|lab| {
        let all = all_frames();
        let bytes: Vec<u8> = all.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        let want: Vec<String> = all.iter().map(|(frame, _)| words(frame)).collect();
        for piece in [1, 2, 5, 9, 10, 13, bytes.len()] {
            lab.scene(format!(
                "{} frames come in pieces of {piece} bytes",
                want.len()
            ));
            let got = cut(lab, 16_384, &bytes, piece);
            lab.because("TCP knows nothing of frames: a read may bring half of one, or twenty. What is not whole yet waits for the rest.")
                .same("how many frames", got.len(), want.len());
            for (at, (got, want)) in got.iter().zip(&want).enumerate() {
                lab.because("Frames come out in their order, as they would in one piece, and each is what read_frame makes of its bytes. (Padding is what is no data: the byte with its length counts.)")
                    .same(&format!("frame {}", at + 1), got, want);
            }
        }
    });
}

#[test]
fn s1_nothing_is_a_frame_before_its_last_byte() {
    lab(|lab| {
        let bytes = [frame(PING, 0, 0, b"12345678"), frame(DATA, 0, 1, b"xyz")].concat();
        let mut frames = Frames::new(16_384);
        for (at, byte) in bytes.iter().enumerate() {
            lab.you("Frames::push(1 byte)", || frames.push(&[*byte]));
            let got = lab.ok("next_frame()", || frames.next_frame());
            let is_whole = at == 16 || at == bytes.len() - 1;
            lab.because("A frame is nine bytes and as many as they say: with its last byte it is there, not before and not later.")
                .same(&format!("a frame after {} bytes", at + 1), got.is_some(), is_whole);
        }
    });
}

#[test]
fn s1_frame_larger_than_max_is_frame_size_error() {
    lab(|lab| {
        let why = "Longer than what we have announced is a FRAME_SIZE_ERROR (RFC 9113, section 4.2). The length is known with the ninth byte: nobody waits for sixteen megabytes to throw them away.";
        let bytes = frame(DATA, 0, 1, &[7; 100]);
        let got = cut(lab, 100, &bytes, 109);
        lab.because("As long as the maximum is not too long.").same(
            "how many frames",
            (got.len(), got[0].starts_with("Data")),
            (1, true),
        );
        for (max, len) in [(99, 100), (16_384, 16_385), (16_384, 0xff_ffff), (0, 1)] {
            for kind in [DATA, SETTINGS, 0x55] {
                let stream = u32::from(kind != SETTINGS);
                let head = framed(kind, 0, stream, len, b"");
                let got = cut(lab, max, &head, 9);
                lab.because(why).same(
                    &format!("a head with length {len}, {max} are allowed"),
                    got,
                    vec![SIZE.to_owned(); 2],
                );
            }
        }
        let mut frames = Frames::new(10);
        lab.you("set_max(20)", || frames.set_max(20));
        lab.you("push(a frame of 20 bytes)", || {
            frames.push(&frame(DATA, 0, 1, &[1; 20]))
        });
        let got = lab.you("next_frame()", || frames.next_frame());
        lab.because("set_max holds from the next frame on.").same(
            "whether there is a frame",
            matches!(got, Ok(Some(_))),
            true,
        );
        lab.you("set_max(19)", || frames.set_max(19));
        lab.you("push(a frame of 20 bytes)", || {
            frames.push(&frame(DATA, 0, 1, &[1; 20]))
        });
        let got = lab.you("next_frame()", || frames.next_frame());
        lab.because("set_max holds from the next frame on.").same(
            "whether there is an error",
            got.is_err(),
            true,
        );
    });
}

#[test]
fn s1_frames_behind_a_bad_one() {
    lab(|lab| {
        let bytes = [
            window_update(3, 0),
            frame(PING, 0, 0, b"12345678"),
            frame(PRIORITY, 0, 5, b"x"),
            window_update(1, 4),
        ]
        .concat();
        for piece in [1, bytes.len()] {
            let got = cut(lab, 16_384, &bytes, piece);
            let want = [
                "stream error on 3, PROTOCOL_ERROR",
                "Ping 12345678 answer false",
                "stream error on 5, FRAME_SIZE_ERROR",
                "WindowUpdate 1 4",
            ];
            lab.because("An increment of 0 and a PRIORITY with a wrong length are errors of their streams. They do not end the connection, so the frames behind them are read: a bad frame has a length like all others.")
                .same("what next_frame gives", got, want.map(str::to_owned).to_vec());
        }
    });
}

#[test]
fn s1_many_small_frames_at_once() {
    lab(|lab| {
        const COUNT: usize = 200_000;
        let bytes = frame(PING, 0, 0, b"12345678").repeat(COUNT);
        let mut frames = Frames::new(16_384);
        lab.if_stuck("Each frame that is given out should not move all the bytes behind it: a megabyte of small frames would be moved tens of thousands of times.");
        lab.you(&format!("Frames::push({} bytes)", bytes.len()), || {
            frames.push(&bytes)
        });
        let count = lab.you("next_frame() until None", || {
            let mut count = 0;
            while let Ok(Some(_)) = frames.next_frame() {
                count += 1;
            }
            count
        });
        lab.because("One frame after the other.")
            .same("how many frames", count, COUNT);
        let bytes = frame(DATA, 0, 1, &[0; 16_384]).repeat(61);
        let mut frames = Frames::new(16_384);
        let (count, grown) = peak(|| {
            lab.you(
                "200 times push(61 frames of 16 KiB, but for three bytes), and next_frame() until None",
                || {
                    let mut count = 0;
                    let mut push = |bytes: &[u8]| {
                        frames.push(bytes);
                        while let Ok(Some(_)) = frames.next_frame() {
                            count += 1;
                        }
                    };
                    push(&bytes[..bytes.len() - 3]);
                    let next = [&bytes[bytes.len() - 3..], &bytes[..bytes.len() - 3]].concat();
                    (1..200).for_each(|_| push(&next));
                    count
                },
            )
        });
        lab.because("A part of a frame waits each time, and comes out with its rest.")
            .same("how many frames", count, 200 * 61 - 1);
        if let Some(grown) = grown {
            lab.because("A connection has no end: what was given out must not stay, also if a part of a frame waits behind it each time.").holds(
                grown < 100_000,
                "no more than 100 MB of memory for 200 MB of frames",
                format!("{} MB", grown / 1000),
            );
        }
    });
}
