//! Step 5.

use std::time::Duration;

use http2::{Config, Inflow, MAX_WINDOW, PIECE, Settings, Window};
use netlab::{Lab, lab};

use super::ends::{End, FREE, outcome, strings};
use super::frames::{
    DATA, END_STREAM, GET, OK, PADDED, PING, POST, Sent, data, fields, frame, frames, get, head,
    in_words, last_data, last_head, listed, post, reset, settings, settings_ack, window_update,
};
use super::lossy::{OBJECT, OBJECTS, downloads};

fn shift(lab: &Lab, window: &mut Window, by: i64) -> bool {
    lab.you(&format!("shift({by})"), || window.shift(by))
        .is_ok()
}

#[test]
fn s5_a_window() {
    lab(|lab| {
        let mut window = Window::new(100);
        let room = |window: &Window| lab.you("room()", || window.room());
        lab.because("A new window has its whole size.")
            .same("the room", room(&window), 100);
        let spent = lab.you("spend(60)", || window.spend(60)).is_ok();
        lab.because("There was room for 60.").same(
            "whether they were spent, and the room",
            (spent, room(&window)),
            (true, 40),
        );
        let spent = lab.you("spend(41)", || window.spend(41)).is_ok();
        lab.because(
            "More than the room must not be sent, and changes nothing (RFC 9113, section 6.9.1).",
        )
        .same(
            "whether they were spent, and the room",
            (spent, room(&window)),
            (false, 40),
        );
        let spent = lab.you("spend(40)", || window.spend(40)).is_ok();
        lab.because("Exactly what is there is not too much.").same(
            "whether they were spent, and the room",
            (spent, room(&window)),
            (true, 0),
        );
        let spent = lab.you("spend(0)", || window.spend(0)).is_ok();
        lab.because("Nothing needs no room: an empty DATA frame may always be sent.")
            .same("whether it was spent", spent, true);
        let grown = shift(lab, &mut window, 7);
        lab.because("WINDOW_UPDATE makes room.").same(
            "whether it grew, and the room",
            (grown, room(&window)),
            (true, 7),
        );
        let shrunk = shift(lab, &mut window, -100);
        lab.because("A smaller INITIAL_WINDOW_SIZE may take away what was there already: the window is negative then, and there is no room (section 6.9.2).").same("whether it shrank, and the room", (shrunk, room(&window)), (true, 0));
        let spent = lab.you("spend(0)", || window.spend(0)).is_ok();
        lab.because("An empty DATA frame may still be sent.").same(
            "whether it was spent",
            spent,
            true,
        );
        let spent = lab.you("spend(1)", || window.spend(1)).is_ok();
        lab.because("A negative window has room for nothing.").same(
            "whether it was spent",
            spent,
            false,
        );
        let _ = shift(lab, &mut window, 93);
        lab.because("-93 and 93 are 0: what was taken away has to come back first.")
            .same("the room", room(&window), 0);
        let _ = shift(lab, &mut window, 1);
        lab.because("One byte more.")
            .same("the room", room(&window), 1);
        let mut window = Window::new(1);
        lab.because("A window is at most 2^31 - 1 (section 6.9.1).")
            .same(
                "whether it grew to that",
                shift(lab, &mut window, MAX_WINDOW - 1),
                true,
            );
        lab.because("The room is the whole window.").same(
            "the room",
            room(&window),
            MAX_WINDOW as usize,
        );
        lab.because("Not one byte more.").same(
            "whether it grew, and the room",
            (shift(lab, &mut window, 1), room(&window)),
            (false, MAX_WINDOW as usize),
        );
        let mut window = Window::new(0x7fff_ffff);
        lab.because("The largest size of a stream's window.").same(
            "the room",
            room(&window),
            MAX_WINDOW as usize,
        );
        let _ = shift(lab, &mut window, -MAX_WINDOW - 5);
        lab.because("And down again, below 0.")
            .same("the room", room(&window), 0);
    });
}

#[test]
fn s5_what_is_given_back() {
    lab(|lab| {
        let mut inflow = Inflow::new(1000);
        let consumed = |inflow: &mut Inflow, bytes| {
            lab.you(&format!("consumed({bytes})"), || inflow.consumed(bytes))
        };
        let got = consumed(&mut inflow, 500);
        lab.because("Nothing has come, so there is nothing to give back.")
            .same("the increment", got, None);
        let _ = inflow.window.spend(700);
        let got = consumed(&mut inflow, 499);
        lab.because("Less than half of the size is owed: a WINDOW_UPDATE for every few bytes would cost more than it brings.").same("the increment, and what is owed", (got, inflow.owed), (None, 499));
        let got = consumed(&mut inflow, 1);
        lab.because("Half of the size is owed: all of it is given back, and the window grows.")
            .same(
                "the increment, what is owed, and the room",
                (got, inflow.owed, inflow.window.room()),
                (Some(500), 0, 800),
            );
        let got = consumed(&mut inflow, 10_000);
        lab.because(
            "Of 700 bytes 500 were given back. 200 are left that may be used up, not 10 000.",
        )
        .same(
            "the increment, and what is owed",
            (got, inflow.owed),
            (None, 200),
        );
        let _ = inflow.window.spend(800);
        let got = consumed(&mut inflow, u32::MAX);
        lab.because(
            "Everything is given back, and no more: the peer may never send more than the size.",
        )
        .same(
            "the increment, and the room",
            (got, inflow.window.room()),
            (Some(1000), 1000),
        );
        let mut odd = Inflow::new(65_535);
        let _ = odd.window.spend(65_535);
        let got = consumed(&mut odd, 32_767);
        lab.because("Half of 65 535 is 32 767 and a half.")
            .same("the increment", got, None);
        let got = consumed(&mut odd, 1);
        lab.because("32 768 are at least half.")
            .same("the increment", got, Some(32_768));
        let mut one = Inflow::new(1);
        let _ = one.window.spend(1);
        lab.because("A window of one byte.")
            .same("the increment", consumed(&mut one, 1), Some(1));
        lab.because("Nothing is owed.")
            .same("the increment", consumed(&mut one, 0), None);
        let mut none = Inflow::new(0);
        lab.because("Half of 0 is owed at once, but an increment of 0 is an error at the other end (RFC 9113, section 6.9): nothing is given back.")
            .same("the increment", consumed(&mut none, 5), None);
    });
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at / 251 + at) as u8).collect()
}

/// A server with requests on 1, 3 and so on, which have been answered, but for content.
fn asked(lab: &Lab, pairs: &[(u16, u32)], streams: u32) -> End {
    lab.if_stuck("fills goes on while a stream can send: one that has content needs room in both windows, its own and the connection's. Without both it is passed over.");
    let mut end = End::server(lab, FREE, pairs);
    for n in 0..streams {
        let _ = end.receives("a request", &get(2 * n + 1));
        end.answers(2 * n + 1, OK, false);
    }
    let _ = end.pending();
    end
}

#[test]
fn s5_content_both_ways() {
    lab(|lab| {
        let (mut client, mut server) = End::both(lab, FREE);
        let stream = client.asks(POST, false);
        client.queues(stream, b"a=1", false);
        client.queues(stream, b"&b=2", true);
        let sent = client.pending();
        lab.because(
            "What was queued goes out together, behind its HEADERS. The last frame has END_STREAM.",
        )
        .same(
            "the frames",
            in_words(&sent),
            strings(&["HEADERS on 1 END_HEADERS", "DATA on 1: 7 bytes END_STREAM"]),
        );
        let got = server.receives("what the client has sent", &sent);
        lab.because("The server gets the content.").same(
            "the events",
            got,
            vec![
                format!("Head on 1: {}", listed(POST)),
                "Data on 1: \"a=1&b=2\", ends".to_owned(),
            ],
        );
        server.answers(stream, OK, false);
        server.queues(stream, b"fine", true);
        let sent = server.pending();
        lab.because("The answer has content as well.").same(
            "the frames",
            in_words(&sent),
            strings(&["HEADERS on 1 END_HEADERS", "DATA on 1: 4 bytes END_STREAM"]),
        );
        let got = client.receives("what the server has sent", &sent);
        lab.because("The client gets the content.").same(
            "the events",
            got,
            strings(&["Head on 1: :status=200", "Data on 1: \"fine\", ends"]),
        );
        for end in [&client, &server] {
            let got = lab.you("open_streams()", || end.h2.open_streams());
            lab.because("Both sides have ended.")
                .same("streams that are open", got, 0);
        }
    });
}

#[test]
fn s5_ends_without_content() {
    lab(|lab| {
        let mut end = asked(lab, &[(4, 0)], 1);
        end.queues(1, b"", true);
        end.says("An end without content is an empty DATA frame with END_STREAM. It needs no room in any window (RFC 9113, section 6.9.1).", &["DATA on 1: 0 bytes END_STREAM"]);
        let mut end = asked(lab, &[], 1);
        end.queues(1, b"abc", false);
        end.says("More may follow.", &["DATA on 1: 3 bytes"]);
        end.queues(1, b"", false);
        end.says("Nothing was queued: nothing is sent.", &[]);
        end.queues(1, b"", true);
        end.says("Then the end.", &["DATA on 1: 0 bytes END_STREAM"]);
    });
}

#[test]
fn s5_what_cannot_be_queued() {
    lab(|lab| {
        let mut end = asked(lab, &[], 1);
        let send = |end: &mut End, stream, ends| {
            outcome(lab.you(&format!("send({stream}, 1 byte, {ends})"), || {
                end.h2.send(stream, b"x", ends)
            }))
        };
        lab.because("Nobody has asked on 3.").same(
            "send",
            send(&mut end, 3, false),
            "Over".to_owned(),
        );
        lab.because("Content, and the end.")
            .same("send", send(&mut end, 1, true), "Ok".to_owned());
        lab.because("The end of the content is queued already.")
            .same("send", send(&mut end, 1, false), "Over".to_owned());
        let _ = end.pending();
        lab.because("The stream is over.").same(
            "send",
            send(&mut end, 1, false),
            "Over".to_owned(),
        );
        let _ = end.receives("the head of a request", &post(3));
        lab.because("First the head of the answer, then its content.")
            .same("send", send(&mut end, 3, false), "Wrong".to_owned());
        end.answers(3, &[(":status", "100")], false);
        lab.because("A head of 1xx is not the answer.").same(
            "send",
            send(&mut end, 3, false),
            "Wrong".to_owned(),
        );
        let trailers = fields(&[("x", "y")]);
        let got = lab.you("trailers(3, x=y)", || end.h2.trailers(3, &trailers));
        lab.because("Trailers stand behind an answer, as content does.")
            .same("trailers", outcome(got), "Wrong".to_owned());
        end.answers(3, OK, false);
        lab.because("Now it is.")
            .same("send", send(&mut end, 3, false), "Ok".to_owned());
        let mut client = End::client(lab, FREE, &[]);
        let _ = client.asks(GET, true);
        lab.because("The request has ended with its head.").same(
            "send",
            send(&mut client, 1, false),
            "Over".to_owned(),
        );
        let _ = client.asks(POST, false);
        lab.because("This one has not.")
            .same("send", send(&mut client, 3, false), "Ok".to_owned());
        let _ = client.receives("PING on a stream", &frame(PING, 0, 1, b"12345678"));
        lab.because("The connection is broken.").same(
            "send",
            send(&mut client, 3, false),
            "Over".to_owned(),
        );
    });
}

#[test]
fn s5_two_downloads_interleave() {
    lab(|lab| {
        let mut end = asked(lab, &[], 2);
        end.queues(1, &bytes(40_000), true);
        end.queues(3, &bytes(20_000), true);
        end.says("Streams take turns, one frame each: that is what many streams on one connection are for. A long answer does not hold up a short one.", &[
            "DATA on 1: 16384 bytes",
            "DATA on 3: 16384 bytes",
            "DATA on 1: 16384 bytes",
            "DATA on 3: 3616 bytes END_STREAM",
            "DATA on 1: 7232 bytes END_STREAM",
        ]);
        let mut end = asked(lab, &[], 3);
        end.queues(5, b"c", true);
        end.queues(1, b"a", true);
        end.queues(3, b"b", true);
        end.says(
            "By rising number, from the one behind the last turn on: nobody has had one yet.",
            &[
                "DATA on 1: 1 bytes END_STREAM",
                "DATA on 3: 1 bytes END_STREAM",
                "DATA on 5: 1 bytes END_STREAM",
            ],
        );
        let mut end = asked(lab, &[], 3);
        end.queues(3, b"b", false);
        let _ = end.pending();
        for stream in [1, 3, 5] {
            end.queues(stream, b"x", false);
        }
        end.says(
            "3 was the last. So 5 is the first, and then it begins again.",
            &[
                "DATA on 5: 1 bytes",
                "DATA on 1: 1 bytes",
                "DATA on 3: 1 bytes",
            ],
        );
    });
}

#[test]
fn s5_bytes_arrive_in_order() {
    lab(|lab| {
        let mut end = asked(lab, &[], 2);
        let (one, other) = (bytes(40_000), bytes(25_001));
        end.queues(1, &one, true);
        end.queues(3, &other, false);
        let frames = end.frames();
        for (stream, want) in [(1, &one), (3, &other)] {
            let got: Vec<u8> = frames
                .iter()
                .filter(|frame| frame.stream == stream)
                .flat_map(|frame| frame.payload.clone())
                .collect();
            lab.because("The frames of one stream are its content, in its order.")
                .same("whether it is the same content", got == *want, true);
        }
        let last: Vec<u8> = frames
            .iter()
            .filter(|frame| frame.stream == 3)
            .map(|frame| frame.flags)
            .collect();
        lab.because("Stream 3 has not ended.")
            .same("flags of its frames", last, vec![0; 2]);
    });
}

#[test]
fn s5_a_slow_stream_does_not_block_others() {
    lab(|lab| {
        let mut end = asked(lab, &[(4, 10)], 3);
        for stream in [1, 3, 5] {
            end.queues(stream, &bytes(25), true);
        }
        end.says(
            "Each stream has a window of 10 bytes, and sends so much.",
            &[
                "DATA on 1: 10 bytes",
                "DATA on 3: 10 bytes",
                "DATA on 5: 10 bytes",
            ],
        );
        let queued =
            [1, 3, 5].map(|stream| lab.you(&format!("queued({stream})"), || end.h2.queued(stream)));
        lab.because("The rest waits.")
            .same("what waits", queued, [15; 3]);
        let _ = end.receives(
            "WINDOW_UPDATE on 3 and 5",
            &[window_update(3, 15), window_update(5, 3)].concat(),
        );
        end.says(
            "Stream 1 has no room; the others do not wait for it (RFC 9113, section 5.2).",
            &["DATA on 3: 15 bytes END_STREAM", "DATA on 5: 3 bytes"],
        );
        let _ = end.receives("WINDOW_UPDATE on 1", &window_update(1, 100));
        end.says("Now it has.", &["DATA on 1: 15 bytes END_STREAM"]);
    });
}

#[test]
fn s5_connection_window_does() {
    lab(|lab| {
        let mut end = asked(lab, &[(4, 1_000_000)], 2);
        end.queues(1, &bytes(60_000), false);
        let sent = end
            .frames()
            .iter()
            .map(|frame| frame.payload.len())
            .sum::<usize>();
        lab.because("The connection's window begins with 65 535, whatever the streams' is.")
            .same("bytes sent", sent, 60_000);
        end.queues(3, &bytes(20_000), true);
        end.says("Stream 3 has room for a million bytes, the connection for 5535: both windows count (RFC 9113, section 6.9.1).", &["DATA on 3: 5535 bytes"]);
        let _ = end.receives("WINDOW_UPDATE on 3", &window_update(3, 50_000));
        end.says("A window of a stream does not help.", &[]);
        end.queues(1, b"x", true);
        end.says(
            "Stream 1 waits as well: the connection's window stops everybody.",
            &[],
        );
        let _ = end.receives("WINDOW_UPDATE on the connection", &window_update(0, 14_466));
        end.says(
            "Now there is room, for all of it.",
            &[
                "DATA on 1: 1 bytes END_STREAM",
                "DATA on 3: 14465 bytes END_STREAM",
            ],
        );
        let mut end = asked(lab, &[], 1);
        end.queues(1, &bytes(100_000), true);
        let sent = |end: &mut End| {
            end.frames()
                .iter()
                .map(|frame| frame.payload.len())
                .sum::<usize>()
        };
        lab.because("65 535 bytes, and then both windows are empty.")
            .same("bytes sent", sent(&mut end), 65_535);
        let _ = end.receives("WINDOW_UPDATE on 1", &window_update(1, 100_000));
        lab.because("Only one of two has room.")
            .same("bytes sent", sent(&mut end), 0);
        let _ = end.receives("WINDOW_UPDATE on the connection", &window_update(0, 10));
        lab.because("The smaller one counts.")
            .same("bytes sent", sent(&mut end), 10);
    });
}

#[test]
fn s5_a_piece_at_a_time() {
    lab(|lab| {
        let mut end = asked(lab, &[(4, 10_000_000)], 2);
        let _ = end.receives("WINDOW_UPDATE", &window_update(0, 20_000_000));
        end.queues(1, &bytes(400_000), true);
        let pieces = end.pieces();
        let longest = pieces.iter().map(Vec::len).max().unwrap_or(0);
        lab.because("pending begins no DATA frame behind PIECE bytes: who has sent a piece can look whether something new has come, before the rest goes out.").same("whether the longest piece is PIECE and one frame at most, and there are several", (longest <= PIECE + 9 + 16_384, pieces.len() > 3), (true, true));
        let total: usize = frames(&pieces.concat())
            .0
            .iter()
            .map(|frame| frame.payload.len())
            .sum();
        lab.because("All of it leaves.")
            .same("bytes sent", total, 400_000);
        let first = pieces.first().map_or(0, Vec::len);
        lab.because("A piece is not less than PIECE, either, as long as there is more.")
            .same("whether the first piece is full", first >= PIECE, true);
        let mut end = asked(lab, &[], 2);
        end.queues(1, &bytes(2 * 16_384 + 1), false);
        end.queues(3, &bytes(16_384 + 16_348), false);
        let first = end.pieces().first().map_or(0, Vec::len);
        lab.because("The frames of three times 16 384 bytes and one of 16 348 are PIECE bytes, not one less. So the next frame is in the next piece.")
            .same("bytes of the first piece", first, PIECE);
    });
}

#[test]
fn s5_frames_they_take() {
    lab(|lab| {
        let mut end = asked(lab, &[(5, 50_000)], 1);
        end.queues(1, &bytes(40_000), true);
        let longest = end.frames().iter().map(|frame| frame.payload.len()).max();
        lab.because("The client takes frames of 50 000 bytes, but other streams would wait as long for their turn: we send 16 384 at most.").same("the longest payload", longest, Some(16_384));
        let ours = Config {
            settings: Settings {
                max_frame_size: 1 << 20,
                ..FREE.settings
            },
            ..FREE
        };
        let mut end = End::server(lab, ours, &[]);
        let _ = end.receives("a request", &get(1));
        end.answers(1, OK, false);
        end.queues(1, &bytes(40_000), true);
        let longest = end.frames().iter().map(|frame| frame.payload.len()).max();
        lab.because("Here we have said that we take frames of a megabyte. The client has not, so it takes 16 384 bytes at most (RFC 9113, section 4.2).").same("the longest payload", longest, Some(16_384));
        let mut end = asked(lab, &[(4, 100)], 2);
        let _ = end.receives("HEADERS", &get(5));
        end.queues(1, &bytes(10), false);
        end.answers(5, OK, true);
        end.says(
            "What is not content leaves first.",
            &["HEADERS on 5 END_HEADERS END_STREAM", "DATA on 1: 10 bytes"],
        );
        end.queues(1, &bytes(10), false);
        let _ = end.receives("PING and SETTINGS", &[settings(&[])].concat());
        end.says(
            "An acknowledgement does not wait behind content.",
            &["SETTINGS ACK", "DATA on 1: 10 bytes"],
        );
    });
}

#[test]
fn s5_window_update_zero_and_overflow_are_errors() {
    lab(|lab| {
        let mut end = asked(lab, &[], 2);
        end.resets(
            "An increment of 0 is an error of the stream (RFC 9113, section 6.9).",
            "WINDOW_UPDATE by 0 on 1",
            &window_update(1, 0),
            1,
            "PROTOCOL_ERROR",
        );
        end.resets("A window above 2^31 - 1 is an error of the stream, FLOW_CONTROL_ERROR (section 6.9.1).", "WINDOW_UPDATE by 2^31 - 1 on 3", &window_update(3, 0x7fff_ffff), 3, "FLOW_CONTROL_ERROR");
        asked(lab, &[], 1).breaks(
            "On stream 0 it is an error of the connection.",
            "WINDOW_UPDATE by 0",
            &window_update(0, 0),
            "PROTOCOL_ERROR",
        );
        asked(lab, &[], 1).breaks(
            "On stream 0 it is an error of the connection.",
            "WINDOW_UPDATE by 2^31 - 1",
            &window_update(0, 0x7fff_ffff),
            "FLOW_CONTROL_ERROR",
        );
        let mut end = asked(lab, &[], 1);
        end.tells(
            "To the largest window exactly.",
            "WINDOW_UPDATE by what is missing, on both",
            &[
                window_update(0, 0x7fff_ffff - 65_535),
                window_update(1, 0x7fff_ffff - 65_535),
            ]
            .concat(),
            &[],
        );
        end.breaks(
            "One byte more.",
            "WINDOW_UPDATE by 1",
            &window_update(0, 1),
            "FLOW_CONTROL_ERROR",
        );
        asked(lab, &[], 1).breaks(
            "An idle stream has no window: nobody has opened it (section 5.1).",
            "WINDOW_UPDATE on 3",
            &window_update(3, 1),
            "PROTOCOL_ERROR",
        );
        asked(lab, &[], 1).breaks(
            "Streams of the server are idle: it opens none.",
            "WINDOW_UPDATE on 2",
            &window_update(2, 1),
            "PROTOCOL_ERROR",
        );
        let mut end = asked(lab, &[], 1);
        end.queues(1, b"x", true);
        let _ = end.pending();
        end.tells("The stream is closed. A WINDOW_UPDATE may have been under way, and is ignored (section 5.1).", "WINDOW_UPDATE on 1", &window_update(1, 5), &[]);
        let mut client = End::client(lab, FREE, &[]);
        let _ = client.asks(GET, true);
        client.tells(
            "The request has ended, and the server says that it takes more of it: ignored as well.",
            "WINDOW_UPDATE on 1",
            &window_update(1, 5),
            &[],
        );
    });
}

#[test]
fn s5_settings_change_adjusts_open_streams() {
    lab(|lab| {
        let mut end = asked(lab, &[(4, 100)], 2);
        end.queues(1, &bytes(1000), true);
        end.queues(3, &bytes(30), true);
        end.says(
            "100 bytes for each stream.",
            &["DATA on 1: 100 bytes", "DATA on 3: 30 bytes END_STREAM"],
        );
        let _ = end.receives("SETTINGS 4=150", &settings(&[(4, 150)]));
        end.says("A larger INITIAL_WINDOW_SIZE is for streams that are open as well: each window grows by the difference (RFC 9113, section 6.9.2).", &["SETTINGS ACK", "DATA on 1: 50 bytes"]);
        let _ = end.receives("SETTINGS 4=0", &settings(&[(4, 0)]));
        end.says("150 less: the window is -150 now.", &["SETTINGS ACK"]);
        let _ = end.receives("WINDOW_UPDATE by 150", &window_update(1, 150));
        end.says(
            "150 more is 0: it may be negative, and that has to be made up for first.",
            &[],
        );
        let _ = end.receives("WINDOW_UPDATE by 7", &window_update(1, 7));
        end.says("7 bytes of room.", &["DATA on 1: 7 bytes"]);
        let _ = end.receives("SETTINGS 4=5, 4=10", &settings(&[(4, 5), (4, 10)]));
        end.says(
            "Of several the last one counts.",
            &["SETTINGS ACK", "DATA on 1: 10 bytes"],
        );
        let mut end = asked(lab, &[], 1);
        end.queues(1, &bytes(65_535), true);
        let _ = end.pending();
        let _ = end.receives("a request", &get(3));
        end.answers(3, OK, false);
        end.queues(3, &bytes(10), false);
        let _ = end.receives("SETTINGS 4=1000000", &settings(&[(4, 1_000_000)]));
        end.says(
            "The connection's window is not changed by SETTINGS, and it is empty.",
            &["HEADERS on 3 END_HEADERS", "SETTINGS ACK"],
        );
        let mut end = asked(lab, &[], 1);
        let _ = end.receives(
            "WINDOW_UPDATE on 1",
            &window_update(1, 0x7fff_ffff - 65_535),
        );
        end.breaks("A window that would be above 2^31 - 1 by this is an error of the connection (section 6.9.2).", "SETTINGS 4=65536", &settings(&[(4, 65_536)]), "FLOW_CONTROL_ERROR");
        let mut end = asked(lab, &[(4, 20)], 0);
        let _ = end.receives("a request", &get(1));
        end.answers(1, OK, false);
        end.queues(1, &bytes(50), true);
        end.says(
            "A new stream begins with the size that holds then.",
            &["HEADERS on 1 END_HEADERS", "DATA on 1: 20 bytes"],
        );
    });
}

/// A server with a request on 1 whose content is still to come.
fn uploading(lab: &Lab, config: Config) -> End {
    let mut end = End::server(lab, config, &[]);
    let _ = end.receives("the head of a request", &post(1));
    end
}

fn small() -> Config {
    Config {
        connection_window: 65_535,
        ..FREE
    }
}

fn window(size: u32) -> Config {
    Config {
        settings: Settings {
            initial_window_size: size,
            ..FREE.settings
        },
        ..FREE
    }
}

#[test]
fn s5_windows_are_topped_up() {
    lab(|lab| {
        let mut end = uploading(lab, small());
        let piece = bytes(16_384);
        end.tells(
            "DATA is an event.",
            "16 384 bytes",
            &data(1, &piece),
            &["Data on 1: 16384 bytes"],
        );
        end.says(
            "The program has not used them up: nothing is given back.",
            &[],
        );
        lab.you("consumed(1, 16384)", || end.h2.consumed(1, 16_384));
        end.says("Less than half of the window is owed.", &[]);
        let _ = end.receives("16 384 bytes", &data(1, &piece));
        lab.you("consumed(1, 16384)", || end.h2.consumed(1, 16_384));
        let mut got = end.sends();
        got.sort();
        lab.because("Half of both windows is owed, and given back: one WINDOW_UPDATE for the connection and one for the stream. Without them everything stops at byte 65 535 (RFC 9113, section 6.9).").same("the frames sent, sorted", got, strings(&["WINDOW_UPDATE on 1: 32768", "WINDOW_UPDATE: 32768"]));
        let mut total = 0;
        for _ in 0..20 {
            let got = end.receives("16 384 bytes", &data(1, &piece));
            lab.because("What was given back may be sent again, as often as one likes.")
                .same("the event", got, strings(&["Data on 1: 16384 bytes"]));
            lab.you("consumed(1, 16384)", || end.h2.consumed(1, 16_384));
            total += end.frames().len();
        }
        lab.because("Ten times half a window, for two windows.")
            .same("how many WINDOW_UPDATE frames", total, 20);
    });
}

#[test]
fn s5_more_than_a_window() {
    lab(|lab| {
        let mut end = uploading(lab, window(100));
        end.tells(
            "100 bytes may come.",
            "100 bytes",
            &data(1, &bytes(100)),
            &["Data on 1: 100 bytes"],
        );
        end.resets("The stream's window is empty. More is an error of the stream, FLOW_CONTROL_ERROR (RFC 9113, section 6.9.1).", "1 byte", &data(1, b"x"), 1, "FLOW_CONTROL_ERROR");
        let mut end = uploading(lab, window(100));
        end.resets(
            "101 bytes at once.",
            "101 bytes",
            &data(1, &bytes(101)),
            1,
            "FLOW_CONTROL_ERROR",
        );
        let mut end = uploading(lab, window(100));
        end.resets(
            "Padding counts: 50 bytes of data, and 51 of padding with its length (section 6.1).",
            "50 bytes and padding",
            &frame(DATA, PADDED, 1, &[&[50][..], &[7; 50], &[0; 50]].concat()),
            1,
            "FLOW_CONTROL_ERROR",
        );
        let wide = Config {
            settings: Settings {
                initial_window_size: 1_000_000,
                max_frame_size: 70_000,
                ..FREE.settings
            },
            connection_window: 65_535,
            limits: None,
        };
        let mut end = uploading(lab, wide);
        end.tells(
            "The stream has room for a million bytes, and the connection for 65 535.",
            "65 535 bytes",
            &data(1, &bytes(65_535)),
            &["Data on 1: 65535 bytes"],
        );
        end.tells(
            "DATA without data needs no room, so it is no error where the window is empty. Without an end it brings the program nothing, and is no event.",
            "DATA without data",
            &data(1, b""),
            &[],
        );
        end.breaks(
            "The connection's window is empty: more is an error of the connection (section 6.9.1).",
            "1 byte",
            &data(1, b"x"),
            "FLOW_CONTROL_ERROR",
        );
        let mut end = uploading(lab, wide);
        end.breaks(
            "Padding counts here as well.",
            "65 500 bytes and 36 more",
            &frame(
                DATA,
                PADDED,
                1,
                &[&[35][..], &bytes(65_500), &[0; 35]].concat(),
            ),
            "FLOW_CONTROL_ERROR",
        );
    });
}

#[test]
fn s5_padding_is_used_up_at_once() {
    lab(|lab| {
        let mut end = uploading(
            lab,
            Config {
                connection_window: 65_535,
                ..window(65_535)
            },
        );
        let padded = |data: &[u8]| frame(DATA, PADDED, 1, &[&[255][..], data, &[0; 255]].concat());
        for _ in 0..127 {
            end.tells(
                "The program gets the data without its padding.",
                "1 byte, and 256 of padding",
                &padded(b"x"),
                &["Data on 1: \"x\""],
            );
        }
        end.says("32 512 bytes of padding are less than half.", &[]);
        end.tells(
            "A frame of padding alone is no event.",
            "padding alone",
            &padded(b""),
            &[],
        );
        let mut got = end.sends();
        got.sort();
        lab.because("Padding counts on both windows, but the program never sees it and cannot say that it is used up: it is given back at once.").same("the frames sent, sorted", got, strings(&["WINDOW_UPDATE on 1: 32768", "WINDOW_UPDATE: 32768"]));
        end.tells(
            "An end in a frame of padding.",
            "padding and END_STREAM",
            &frame(DATA, PADDED | END_STREAM, 1, b"\0"),
            &["Data on 1: \"\", ends"],
        );
        let mut end = uploading(lab, window(300));
        end.tells(
            "The last frame has more padding than half of the stream's window.",
            "1 byte, 256 of padding and END_STREAM",
            &frame(
                DATA,
                PADDED | END_STREAM,
                1,
                &[&[255][..], b"x", &[0; 255]].concat(),
            ),
            &["Data on 1: \"x\", ends"],
        );
        let sent = end.sends();
        let is_for_it = |words: &String| words.starts_with("WINDOW_UPDATE on 1");
        lab.because("Nothing more can come on this stream, so it needs no window.")
            .same("WINDOW_UPDATE on 1", sent.iter().any(is_for_it), false);
    });
}

#[test]
fn s5_ignored_content_counts_too() {
    lab(|lab| {
        let wide = Config {
            settings: Settings {
                initial_window_size: 40_000,
                max_frame_size: 40_000,
                ..FREE.settings
            },
            connection_window: 65_535,
            limits: None,
        };
        let half = bytes(33_000);
        let mut end = uploading(lab, wide);
        let _ = end.receives("trailers without an end", &head(1, &[("x", "y")]));
        let _ = end.pending();
        end.tells("We have ended this stream with RST_STREAM: its DATA may be under way, and is ignored (RFC 9113, section 5.1).", "33 000 bytes on 1", &data(1, &half), &[]);
        end.says("But it was counted on the connection's window by the client, so it is given back there. Otherwise every stream that is cut off would make the window smaller for ever.", &["WINDOW_UPDATE: 33000"]);
        let mut end = uploading(lab, wide);
        let _ = end.receives("the end", &last_data(1, b""));
        end.tells(
            "DATA behind END_STREAM is an error of the stream.",
            "33 000 bytes on 1",
            &data(1, &half),
            &["StreamError on 1: STREAM_CLOSED"],
        );
        let mut got = end.sends();
        got.sort();
        lab.because("The connection's window gets it back as well.")
            .same(
                "the frames sent, sorted",
                got,
                strings(&["RST_STREAM on 1: STREAM_CLOSED", "WINDOW_UPDATE: 33000"]),
            );
        let mut end = uploading(lab, wide);
        let _ = end.receives("the end", &last_data(1, b""));
        let padded = |at: u32| frame(DATA, PADDED, at, &[&[255][..], &[0; 255]].concat());
        let _ = end.receives("256 bytes of padding on 1", &padded(1));
        for stream in [3, 5] {
            let what = format!(
                "the head of a request, and 256 bytes of padding behind its content-length of 1, on {stream}"
            );
            let lines = [POST, &[("content-length", "1")]].concat();
            let torn = [
                head(stream, &lines),
                frame(
                    DATA,
                    PADDED,
                    stream,
                    &[&[255][..], b"xy", &[0; 255]].concat(),
                ),
            ];
            let _ = end.receives(&what, &torn.concat());
        }
        let _ = end.pending();
        let rest = 32_768 - 256 - 2 * 258;
        let _ = end.receives(
            "as much on 1 as is missing to half of the window",
            &data(1, &bytes(rest)),
        );
        end.says(
            "The padding of DATA that is an error of its stream, or is ignored, counts like its content: 256 bytes on 1, and 258 on 3 and on 5. Together with this frame that is half of the connection's window, to the byte.",
            &["WINDOW_UPDATE: 32768"],
        );
        let mut end = uploading(lab, wide);
        let _ = end.receives("33 000 bytes", &data(1, &half));
        let _ = end.receives("trailers without an end", &head(1, &[("x", "y")]));
        let _ = end.pending();
        end.says(
            "The program has 33 000 bytes, and has not said that they are used up.",
            &[],
        );
        lab.you("consumed(1, 33000)", || end.h2.consumed(1, 33_000));
        end.says(
            "The stream is over, and gets no WINDOW_UPDATE; the connection's window is given back.",
            &["WINDOW_UPDATE: 33000"],
        );
        let beyond = "All DATA counts on the connection's window, on whatever stream it comes (RFC 9113, section 6.9.1). The program still has the first 33 000 bytes, so these are more than 65 535.";
        let again = "33 000 bytes more on 1";
        let mut end = uploading(lab, wide);
        let _ = end.receives("33 000 bytes", &data(1, &half));
        let _ = end.receives("trailers without an end", &head(1, &[("x", "y")]));
        end.breaks(beyond, again, &data(1, &half), "FLOW_CONTROL_ERROR");
        let mut end = uploading(lab, wide);
        let _ = end.receives("33 000 bytes, and the end", &last_data(1, &half));
        end.breaks(beyond, again, &data(1, &half), "FLOW_CONTROL_ERROR");
        let mut end = uploading(lab, wide);
        let _ = end.receives("33 000 bytes", &data(1, &half));
        let _ = end.receives("RST_STREAM", &reset(1, 8));
        end.breaks(beyond, again, &data(1, &half), "FLOW_CONTROL_ERROR");
        let mut end = uploading(lab, wide);
        let _ = end.receives("33 000 bytes, and the end", &last_data(1, &half));
        lab.you("consumed(1, 33000)", || end.h2.consumed(1, 33_000));
        end.says(
            "The client has ended its side: nobody needs a window there (section 5.1).",
            &["WINDOW_UPDATE: 33000"],
        );
    });
}

#[test]
fn s5_data_on_streams_that_are_not_open() {
    lab(|lab| {
        End::server(lab, FREE, &[]).breaks(
            "An idle stream: nobody has asked (RFC 9113, section 5.1).",
            "DATA on 1",
            &data(1, b"x"),
            "PROTOCOL_ERROR",
        );
        uploading(lab, FREE).breaks(
            "Streams of the server are idle.",
            "DATA on 2",
            &data(2, b"x"),
            "PROTOCOL_ERROR",
        );
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("a whole request on 5", &get(5));
        end.resets(
            "Stream 5 is half-closed: its client has ended it (section 5.1).",
            "DATA on 5",
            &data(5, b"x"),
            5,
            "STREAM_CLOSED",
        );
        end.resets("Stream 3 was left out, and is closed. DATA on a closed stream is an error of the stream (section 6.1).", "DATA on 3", &data(3, b"x"), 3, "STREAM_CLOSED");
        end.tells(
            "Now we have answered with RST_STREAM: once is enough.",
            "DATA on 3",
            &data(3, b"x"),
            &[],
        );
        end.says("No second RST_STREAM. And a byte that is used up is no half of a window: a WINDOW_UPDATE for it would come too early.", &[]);
        let mut end = uploading(lab, FREE);
        let _ = end.receives("a whole request on 3", &get(3));
        lab.you("respond(3, 204), its end", || {
            end.h2.respond(3, &fields(&[(":status", "204")]), true)
        })
        .ok();
        lab.you("shut_down()", || end.h2.shut_down());
        let _ = end.pending();
        end.resets(
            "Stream 3 is closed, and our GOAWAY has named it as taken. What is ignored behind GOAWAY is what comes on higher streams.",
            "DATA on 3",
            &data(3, b"x"),
            3,
            "STREAM_CLOSED",
        );
        let mut client = End::client(lab, FREE, &[]);
        let _ = client.asks(GET, true);
        let _ = client.pending();
        client.resets(
            "Content before the head of the answer (section 8.1).",
            "DATA on 1",
            &data(1, b"x"),
            1,
            "PROTOCOL_ERROR",
        );
        let _ = client.asks(GET, true);
        let _ = client.receives("100 Continue", &head(3, &[(":status", "100")]));
        let _ = client.pending();
        client.resets(
            "A head of 1xx has no content: the answer's head is still to come.",
            "DATA on 3",
            &data(3, b"x"),
            3,
            "PROTOCOL_ERROR",
        );
    });
}

#[test]
fn s5_content_length_is_the_sum() {
    lab(|lab| {
        let five = [POST, &[("content-length", "5")]].concat();
        let begin = |lab: &Lab| {
            let mut end = End::server(lab, FREE, &[]);
            let _ = end.receives(
                "the head of a request with content-length: 5",
                &head(1, &five),
            );
            end
        };
        begin(lab).tells(
            "Two frames of 2 and 3 bytes are 5.",
            "abc and de",
            &[data(1, b"abc"), last_data(1, b"de")].concat(),
            &["Data on 1: \"abc\"", "Data on 1: \"de\", ends"],
        );
        begin(lab).tells(
            "The end may come alone.",
            "abcde and the end",
            &[data(1, b"abcde"), last_data(1, b"")].concat(),
            &["Data on 1: \"abcde\"", "Data on 1: \"\", ends"],
        );
        begin(lab).tells(
            "Padding is no content.",
            "abcde with padding",
            &frame(DATA, PADDED | END_STREAM, 1, b"\x03abcde\0\0\0"),
            &["Data on 1: \"abcde\", ends"],
        );
        begin(lab).tells(
            "Trailers may follow.",
            "abcde and trailers",
            &[data(1, b"abcde"), last_head(1, &[("x", "y")])].concat(),
            &["Data on 1: \"abcde\"", "Trailers on 1: x=y"],
        );
        let why = "The sum of all DATA must be what content-length says. Else the message is malformed (RFC 9113, section 8.1.1): another reader may believe the other number.";
        begin(lab).resets(why, "6 bytes", &data(1, b"abcdef"), 1, "PROTOCOL_ERROR");
        begin(lab).resets(
            why,
            "4 bytes and the end",
            &last_data(1, b"abcd"),
            1,
            "PROTOCOL_ERROR",
        );
        begin(lab).resets(why, "the end", &last_data(1, b""), 1, "PROTOCOL_ERROR");
        let mut end = begin(lab);
        let _ = end.receives("abcd", &data(1, b"abcd"));
        end.resets(
            why,
            "trailers behind 4 bytes",
            &last_head(1, &[("x", "y")]),
            1,
            "PROTOCOL_ERROR",
        );
        let mut end = begin(lab);
        let _ = end.receives("abcd", &data(1, b"abcd"));
        end.resets(
            why,
            "2 bytes behind 4",
            &data(1, b"ef"),
            1,
            "PROTOCOL_ERROR",
        );
        for (ask, status) in [
            (
                &[(":method", "HEAD"), (":scheme", "http"), (":path", "/")][..],
                "200",
            ),
            (GET, "304"),
            (GET, "204"),
        ] {
            let mut client = End::client(lab, FREE, &[]);
            let _ = client.asks(ask, true);
            let _ = client.receives(
                "a head with content-length: 5",
                &head(1, &[(":status", status), ("content-length", "5")]),
            );
            let _ = client.pending();
            client.resets("This response has no content by definition, whatever its length says (RFC 9110, section 6.4.1).", "5 bytes", &data(1, b"abcde"), 1, "PROTOCOL_ERROR");
            let mut client = End::client(lab, FREE, &[]);
            let _ = client.asks(ask, true);
            let _ = client.receives(
                "a head with content-length: 5",
                &head(1, &[(":status", status), ("content-length", "5")]),
            );
            client.tells(
                "Its end may come in an empty frame.",
                "the end",
                &last_data(1, b""),
                &["Data on 1: \"\", ends"],
            );
        }
        let mut client = End::client(lab, FREE, &[]);
        let _ = client.asks(GET, true);
        let _ = client.receives("a head without a length", &head(1, OK));
        client.tells(
            "Without a length, END_STREAM says where the end is.",
            "3 bytes, 2 bytes",
            &[data(1, b"abc"), last_data(1, b"de")].concat(),
            &["Data on 1: \"abc\"", "Data on 1: \"de\", ends"],
        );
    });
}

#[test]
fn s5_trailers_follow_the_content() {
    lab(|lab| {
        let mut end = asked(lab, &[(4, 10)], 1);
        end.queues(1, &bytes(15), false);
        let list = fields(&[("x-sum", "7")]);
        let done = lab.you("trailers(1, x-sum=7)", || end.h2.trailers(1, &list));
        end.did(
            "trailers",
            "Nothing is wrong with these fields, and the end of the stream was not sent.",
            done,
        );
        end.says(
            "Ten bytes have room; the trailers wait behind the rest.",
            &["DATA on 1: 10 bytes"],
        );
        let _ = end.receives("WINDOW_UPDATE on 1", &window_update(1, 5));
        end.says(
            "Then the rest, without END_STREAM, and the trailers with it (RFC 9113, section 8.1).",
            &["DATA on 1: 5 bytes", "HEADERS on 1 END_HEADERS END_STREAM"],
        );
        let got = lab.you("open_streams()", || end.h2.open_streams());
        lab.because("Both sides have ended.")
            .same("streams that are open", got, 0);
        let mut end = asked(lab, &[(4, 0)], 2);
        let wrong = fields(&[(":status", "200")]);
        let done = lab.you("trailers(1, :status=200)", || end.h2.trailers(1, &wrong));
        lab.because("Trailers have no pseudo-header fields.").same(
            "trailers",
            outcome(done),
            "Wrong".to_owned(),
        );
        let done = lab.you("trailers(1, x-sum=7)", || end.h2.trailers(1, &list));
        end.did(
            "trailers",
            "Nothing is wrong with these fields, and the end of the stream was not sent.",
            done,
        );
        lab.because("Behind them nothing can be queued.").same(
            "send",
            outcome(lab.you("send(1, 1 byte, true)", || end.h2.send(1, b"x", true))),
            "Over".to_owned(),
        );
        let sent = end.frames();
        let words: Vec<String> = sent.iter().map(Sent::words).collect();
        lab.because("Trailers without content need no window, and no DATA in front of them: a frame without content that ends nothing brings nothing.")
            .same(
                "the frames sent",
                words,
                strings(&["HEADERS on 1 END_HEADERS END_STREAM"]),
            );
        let got = end.decoded(&sent[0].payload);
        lab.because("The block has the trailers.")
            .same("the fields", got, "x-sum=7".to_owned());
        for (what, list) in [("x-sum=7", &list), (":status=200", &wrong)] {
            let done = lab.you(&format!("trailers(9, {what})"), || end.h2.trailers(9, list));
            lab.because("Nobody has asked on 9. That is said first, whatever the trailers are: nothing could be sent there.")
                .same("trailers", outcome(done), "Over".to_owned());
        }
    });
}

#[test]
fn s5_our_window_holds_when_it_is_acknowledged() {
    lab(|lab| {
        let hello = [&http2::PREFACE[..], &settings(&[]), &post(1)].concat();
        let mut end = End::silent_server(lab, window(10));
        let _ = end.receives("preface, SETTINGS and the head of a request", &hello);
        end.tells("The client has not acknowledged our window of 10 bytes: for it 65 535 holds (RFC 9113, section 6.9.2).", "100 bytes", &data(1, &bytes(100)), &["Data on 1: 100 bytes"]);
        end.tells(
            "Then it acknowledges. The window is 65 525 less, and negative. DATA without data needs no room in it, and is no event.",
            "SETTINGS ACK, and DATA without data",
            &[settings_ack(), data(1, b"")].concat(),
            &["SettingsAcked"],
        );
        let mut end = End::silent_server(lab, window(10));
        let _ = end.receives(
            "preface, SETTINGS, the head of a request, SETTINGS ACK",
            &[hello.clone(), settings_ack()].concat(),
        );
        let _ = end.pending();
        end.resets(
            "Streams that are open follow: 10 bytes.",
            "11 bytes",
            &data(1, &bytes(11)),
            1,
            "FLOW_CONTROL_ERROR",
        );
        let mut end = End::silent_server(lab, window(100_000));
        let _ = end.receives(
            "preface, SETTINGS, the head of a request, SETTINGS ACK",
            &[hello, settings_ack()].concat(),
        );
        let all: Vec<u8> = (0..5).flat_map(|_| data(1, &bytes(16_000))).collect();
        let got = end.receives("80 000 bytes", &all);
        lab.because("A larger window holds as well from then on.")
            .same("how many events", got.len(), 5);
    });
}

#[test]
fn s5_a_megabyte_both_ways() {
    lab(|lab| {
        lab.if_stuck("Sooner or later a window is empty, and nobody gives it back.");
        let (mut client, mut server) = End::both(lab, small());
        let stream = client.asks(POST, false);
        let content = bytes(1_000_000);
        client.queues(stream, &content, true);
        let (mut got, mut rounds) = (Vec::new(), 0);
        let mut has_ended = false;
        while !has_ended && rounds < 1000 {
            rounds += 1;
            for event in server.events("what the client has sent", &client.h2.pending()) {
                if let http2::Event::Data {
                    stream,
                    bytes,
                    ends,
                } = event
                {
                    server.h2.consumed(stream, bytes.len());
                    got.extend(bytes);
                    has_ended |= ends;
                }
            }
            let _ = client.events("what the server has sent", &server.h2.pending());
        }
        lab.because(
            "A megabyte is more than any window here. It arrives because both windows are given back, the stream's and the connection's, as often as the program has used up half of one.",
        )
        .same(
            "how much has arrived, and whether it is the same",
            (got.len(), got == content),
            (1_000_000, true),
        );
    });
}

#[test]
fn s5_tcp_loss_stops_all_streams() {
    lab(|lab| {
        let whole = |arrivals: &[(Duration, u32, usize)]| {
            arrivals.iter().map(|(_, _, len)| len).sum::<usize>()
        };
        // The moment at which most came at once: when it was, how long nothing had come before, how much, and on which streams.
        let most_at_once = |arrivals: &[(Duration, u32, usize)]| {
            let mut moments: Vec<(Duration, usize, Vec<u32>)> = Vec::new();
            for (at, stream, len) in arrivals {
                match moments.last_mut() {
                    Some((last, total, streams)) if last == at => {
                        *total += len;
                        streams.push(*stream);
                    }
                    _ => moments.push((*at, *len, vec![*stream])),
                }
            }
            let most = (0..moments.len())
                .max_by_key(|at| moments[*at].1)
                .unwrap_or_default();
            let (at, total, mut streams) = moments.get(most).cloned().unwrap_or_default();
            let before = most.checked_sub(1).map_or(at, |before| moments[before].0);
            streams.sort_unstable();
            streams.dedup();
            (at - before, total, streams)
        };
        let smooth = downloads(lab, None);
        lab.because("Twenty downloads over one connection of chapter 12's TCP.")
            .same("bytes of all objects", whole(&smooth), OBJECT * OBJECTS);
        let torn = downloads(lab, Some(15));
        lab.because("TCP sends again what was lost: all of it arrives.")
            .same("bytes of all objects", whole(&torn), OBJECT * OBJECTS);
        let (pause, total, streams) = most_at_once(&torn);
        let stopped = "One segment was lost, with bytes of one stream. Behind it came segments with bytes of others, and TCP kept them: it gives out bytes in order, and knows nothing of streams. So all of them stopped, and went on at the same moment (RFC 9114, section 1.1).";
        lab.because(stopped).holds(
            streams.len() > 3,
            "much at once, on several streams",
            format!("{total} bytes on {streams:?}"),
        );
        lab.because(stopped).holds(
            pause >= Duration::from_millis(40),
            "a pause of a round trip at least, 40 ms, before it",
            format!("{} ms", pause.as_millis()),
        );
        let (_, usual, _) = most_at_once(&smooth);
        lab.because("Without loss nothing waits for anything.")
            .holds(
                usual < total,
                format!("less than {total} bytes at once"),
                format!("{usual} bytes"),
            );
    });
}
