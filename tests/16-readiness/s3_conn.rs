//! Step 3: a connection that is never waited for.

use std::io::{self, ErrorKind};

use netlab::frames::{frame, frames};
use netlab::{Lab, lab};
use readiness::{Conn, EchoFrames, INBOX, Next, OUTBOX, Protocol, TURN};

use super::protocols::{Long, NO_QUESTIONS, NoQuestions, Times};
use super::wire::Wire;

const READ: &str = "Wait { read: true, write: false }";
const WRITE: &str = "Wait { read: false, write: true }";
const BOTH: &str = "Wait { read: true, write: true }";

fn connection<P: Protocol>(lab: &Lab, protocol: P) -> Conn<P> {
    lab.you("Conn::new(protocol)", || Conn::new(protocol))
}

const UNREAD: &str = "read: true says that a read found nothing (WouldBlock). A system that tells each change once has told of the bytes that are here, and will not tell again: who waits now waits for ever. Where a turn has to stop earlier, Again says so.";
const UNWRITTEN: &str = "write: true says that a write found no room (WouldBlock). A stream that has room has no news to tell: on a system that tells each change once nobody is woken, and on one that tells as long as it is so the loop runs hot.";
const NOTHING: &str = "A connection that waits for neither is never heard of again.";

/// One turn. Whatever it is, it must be right to wait for what it says.
fn turn<P: Protocol>(lab: &Lab, conn: &mut Conn<P>, wire: &mut Wire) -> io::Result<Next> {
    wire.begins();
    let next = lab.you("turn(stream)", || {
        conn.turn(&mut lab.watch("stream", &mut *wire))
    });
    if let Ok(Next::Wait { read, write }) = next {
        let wait = waits(read, write);
        if read && wire.dry == 0 {
            lab.because(UNREAD)
                .fails("a turn that reads until WouldBlock, or says Again", wait);
        } else if write && wire.full == 0 {
            lab.because(UNWRITTEN)
                .fails("a turn that writes until WouldBlock", wait);
        } else if !read && !write {
            lab.because(NOTHING)
                .fails("something that the connection waits for", wait);
        }
    }
    next
}

/// Turns, until one says something else than `Again`.
fn turns<P: Protocol>(lab: &Lab, conn: &mut Conn<P>, wire: &mut Wire) -> io::Result<Next> {
    const MANY: usize = 2000;
    for _ in 0..MANY {
        match turn(lab, conn, wire) {
            Ok(Next::Again) => {}
            next => return next,
        }
    }
    lab.because("Again says that the turn could go on at once. Here nothing comes any more.")
        .fails("an end of Again", format!("{MANY} times Again"))
}

fn waits(read: bool, write: bool) -> String {
    format!("Wait {{ read: {read}, write: {write} }}")
}

/// Demands what a turn gave, in words. Not those of its `Debug`, which is the student's.
fn is(lab: &Lab, got: io::Result<Next>, want: &str) {
    let got = match got {
        Ok(Next::Wait { read, write }) => waits(read, write),
        Ok(Next::Again) => "Again".to_owned(),
        Ok(Next::Done) => "Done".to_owned(),
        Err(error) => format!("Err({:?})", error.kind()),
    };
    lab.same("what the turn returns", got, want.to_owned());
}

fn requests<P: Protocol>(lab: &Lab, conn: &Conn<P>, want: u64) {
    lab.same("requests()", conn.requests(), want);
}

#[test]
fn s3_a_request_gets_its_reply() {
    lab(|lab| {
        lab.why("One turn does all that can be done: it reads the frame, takes it, and writes the echo. Nobody has to say first that the stream can be written: try it.");
        let hello = frame(b"hello");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(&hello);
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        lab.same_bytes("the client gets", &wire.sent, &hello);
        requests(lab, &conn, 1);
        let again = frame(b"again");
        wire.brings(&again);
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        lab.same_bytes("the client gets", &wire.sent[hello.len()..], &again);
        requests(lab, &conn, 2);
    });
}

#[test]
fn s3_a_turn_without_a_reason() {
    lab(|lab| {
        lab.why("Nothing has come, and nothing is owed. Events may be late, or told twice, so a turn for which there is no reason must do no harm.");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab);
        for _ in 0..3 {
            is(lab, turn(lab, &mut conn, &mut wire), READ);
        }
        lab.same_bytes("the client gets", &wire.sent, b"");
        requests(lab, &conn, 0);
    });
}

#[test]
fn s3_a_request_in_pieces() {
    lab(|lab| {
        lab.why("A frame comes in pieces, and between them the connection waits without a thread. What has come is kept from one turn to the next.");
        let hello = frame(b"hello");
        for cut in [1, 3, 4, 6, 8] {
            lab.scene(format!("a frame of 9 bytes, cut after {cut}"));
            let mut conn = connection(lab, EchoFrames);
            let mut wire = Wire::new(lab).with(&hello[..cut]);
            is(lab, turn(lab, &mut conn, &mut wire), READ);
            lab.same_bytes("the client gets", &wire.sent, b"");
            requests(lab, &conn, 0);
            wire.brings(&hello[cut..]);
            is(lab, turn(lab, &mut conn, &mut wire), READ);
            lab.same_bytes("the client gets", &wire.sent, &hello);
            requests(lab, &conn, 1);
        }
        lab.scene("a frame byte by byte");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab);
        for byte in &hello {
            lab.same_bytes("the client gets", &wire.sent, b"");
            wire.brings(&[*byte]);
            is(lab, turn(lab, &mut conn, &mut wire), READ);
        }
        lab.same_bytes("the client gets", &wire.sent, &hello);
    });
}

#[test]
fn s3_many_requests_in_one_turn() {
    lab(|lab| {
        lab.why("300 frames and a part of one more have come together. They have been told of once. Each gets its reply in this turn, in order, and the part is kept.");
        let many = frames((0..300).map(|n| n.to_string()));
        let last = frame(b"the last");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(&[&many, &last[..5]].concat());
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        lab.same_bytes("the client gets", &wire.sent, &many);
        requests(lab, &conn, 300);
        wire.brings(&last[5..]);
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        lab.same_bytes("the client gets", &wire.sent[many.len()..], &last);
    });
}

#[test]
fn s3_it_reads_until_would_block() {
    lab(|lab| {
        lab.why("Three frames have come in five pieces, each a read of its own. One event tells of all of them.");
        let [a, b, c] = [&b"first"[..], b"second", b"third"].map(frame);
        let all = [&a[..], &b, &c].concat();
        let mut wire = Wire::new(lab)
            .with(&all[..3])
            .with(&all[3..12])
            .with(&all[12..13])
            .with(&all[13..20])
            .with(&all[20..]);
        let mut conn = connection(lab, EchoFrames);
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        lab.same_bytes("the client gets", &wire.sent, &all);
    });
}

#[test]
fn s3_a_short_write_keeps_the_rest() {
    lab(|lab| {
        lab.why("The stream takes three bytes of the reply and then says WouldBlock. The other six are still owed: they wait in the outbox, and the connection waits until it can be written. Meanwhile it is still read.");
        let hello = frame(b"hello");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(&hello).with_room(3);
        is(lab, turn(lab, &mut conn, &mut wire), BOTH);
        lab.same_bytes("the client gets", &wire.sent, &hello[..3]);
        wire.room = 2;
        is(lab, turn(lab, &mut conn, &mut wire), BOTH);
        wire.room = 100;
        lab.why("All is written. A stream that can be written is one nearly always: who goes on waiting for it, is woken without end.");
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        lab.same_bytes("the client gets", &wire.sent, &hello);
    });
}

#[test]
fn s3_it_reads_on_while_a_reply_waits() {
    lab(|lab| {
        lab.why("A small reply waits to be sent. That is no reason not to read: there is room for more replies. Only at OUTBOX bytes the reading stops.");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with_room(0);
        let names = ["one", "two", "three"];
        for name in names {
            wire.brings(&frame(name));
            is(lab, turn(lab, &mut conn, &mut wire), BOTH);
        }
        requests(lab, &conn, 3);
        wire.room = usize::MAX;
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        lab.same_bytes("the client gets", &wire.sent, &frames(names));
    });
}

#[test]
fn s3_a_client_that_never_reads() {
    lab(|lab| {
        lab.why("The client sends and sends, and reads nothing. When OUTBOX bytes of replies wait, no further request is taken and nothing is read. TCP's window does the rest: the client has to stop. So memory has a limit, whatever the client does.");
        for (times, most) in [(1000, 66), (4096, 16), (65_535, 2), (65_536, 1)] {
            lab.scene(format!("each request is 1 byte, its reply {times} bytes"));
            let mut conn = connection(lab, Times(times));
            let mut wire = Wire::new(lab).with(&[b'x'; 500]).with_room(0);
            is(lab, turns(lab, &mut conn, &mut wire), WRITE);
            requests(lab, &conn, most);
            let reads = wire.reads;
            wire.brings(&[b'x'; 500]);
            is(lab, turn(lab, &mut conn, &mut wire), WRITE);
            lab.same("reads while the outbox is full", wire.reads - reads, 0);
            requests(lab, &conn, most);
        }
        lab.scene("echoes of frames, without end");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).endless(&frame([b'x'; 10_000])).with_room(0);
        is(lab, turns(lab, &mut conn, &mut wire), WRITE);
        let most = OUTBOX + 10_004 + INBOX;
        lab.holds(
            wire.read <= most,
            format!("at most {most} bytes to be read: OUTBOX and one reply, INBOX"),
            wire.read,
        );
    });
}

#[test]
fn s3_a_full_outbox_cannot_go_on() {
    lab(|lab| {
        lab.why("The outbox has OUTBOX bytes, and the stream takes none of them. This connection cannot go on, however much its turn has read: it waits until the stream can be written. Who says Again here is given a turn for nothing, and the loop does not sleep.");
        for long in [1024, 4096, 32 * 1024] {
            lab.scene(format!("frames of {long} bytes without end"));
            let mut conn = connection(lab, EchoFrames);
            let mut wire = Wire::new(lab)
                .endless(&frame(vec![b'x'; long - 4]))
                .with_room(0);
            let mut next = turn(lab, &mut conn, &mut wire);
            while matches!(next, Ok(Next::Again)) {
                let owed = conn.requests() as usize * long;
                lab.holds(
                    owed < OUTBOX,
                    "Again while the outbox has less than OUTBOX bytes, and no longer",
                    format!("Again, with {owed} bytes in the outbox"),
                );
                next = turn(lab, &mut conn, &mut wire);
            }
            is(lab, next, WRITE);
        }
    });
}

#[test]
fn s3_back_pressure_has_an_end() {
    lab(|lab| {
        lab.why("The outbox was full, and requests have been left in the inbox and in the stream. Now the client reads. The system tells that the stream can be written, and nothing else: of the bytes that came it has told long ago. So the same turn must go on with all three: write, take, read.");
        for times in [1000, 4096, 20_000] {
            lab.scene(format!(
                "200 requests of 1 byte, each reply is {times} bytes"
            ));
            let mut conn = connection(lab, Times(times));
            let mut wire = Wire::new(lab)
                .with(&[b'x'; 100])
                .with(&[b'y'; 100])
                .with_room(0);
            is(lab, turns(lab, &mut conn, &mut wire), WRITE);
            wire.room = usize::MAX;
            is(lab, turns(lab, &mut conn, &mut wire), READ);
            requests(lab, &conn, 200);
            lab.same("bytes that the client gets", wire.sent.len(), 200 * times);
        }
    });
}

#[test]
fn s3_a_little_room_is_used() {
    lab(|lab| {
        lab.why("66 replies of 1000 bytes wait: OUTBOX is reached. The client reads 1000 bytes. There are less than OUTBOX in the outbox then, so there is place for one more reply: no need to wait until it is empty.");
        let mut conn = connection(lab, Times(1000));
        let mut wire = Wire::new(lab).with(&[b'x'; 500]).with_room(0);
        is(lab, turns(lab, &mut conn, &mut wire), WRITE);
        requests(lab, &conn, 66);
        wire.room = 1000;
        is(lab, turns(lab, &mut conn, &mut wire), WRITE);
        requests(lab, &conn, 67);
        wire.room = 400;
        is(lab, turns(lab, &mut conn, &mut wire), WRITE);
        lab.because("66 600 bytes are still more than OUTBOX.")
            .same("requests()", conn.requests(), 67);
    });
}

#[test]
fn s3_a_system_that_tells_as_long_as_it_is_so() {
    lab(|lab| {
        lab.why("On a level-triggered system a turn comes again and again while the stream can be read or written, and the connection waits for that. Each such turn must be of use. Otherwise a processor is busy with nothing.");
        let hello = frame(b"hello");
        let scenes: [(&str, Wire); 4] = [
            ("a whole frame", Wire::new(lab).with(&hello)),
            ("half a frame", Wire::new(lab).with(&hello[..6])),
            (
                "a reply that does not fit",
                Wire::new(lab).with(&hello).with_room(5),
            ),
            (
                "a reply that does not fit, and the client's end",
                Wire::new(lab).with(&hello).with_room(5).ended(),
            ),
        ];
        for (name, mut wire) in scenes {
            lab.scene(name);
            let mut conn = connection(lab, EchoFrames);
            let mut next = turn(lab, &mut conn, &mut wire);
            for round in 0.. {
                let told = match next {
                    Ok(Next::Wait { read, write }) => {
                        read && wire.is_readable() || write && wire.room > 0
                    }
                    _ => false,
                };
                if !told {
                    break;
                }
                lab.holds(
                    round < 20,
                    "a connection that comes to a wait",
                    "20 turns, and each time there was a reason for one more",
                );
                next = turn(lab, &mut conn, &mut wire);
            }
            let waits = matches!(next, Ok(Next::Wait { .. }));
            lab.holds(waits, "a wait", format!("{next:?}"));
        }
    });
}

#[test]
fn s3_half_close_flushes_first() {
    lab(|lab| {
        lab.why("The client has sent its requests and ended its stream. It still reads. Its replies are owed: Done means that all of them are written.");
        let all = frames(["one", "two", "three"]);
        lab.scene("there is room for all of them");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(&all).ended();
        is(lab, turn(lab, &mut conn, &mut wire), "Done");
        lab.same_bytes("the client gets", &wire.sent, &all);

        lab.scene("there is room for five bytes at a time");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(&all).ended().with_room(5);
        while wire.sent.len() + 5 < all.len() {
            let told = lab.because("Replies are left, so write is true. The input has ended: a stream at its end can be read for ever, so to wait for that is to be woken without end.");
            is(&told, turn(lab, &mut conn, &mut wire), WRITE);
            wire.room = 5;
        }
        wire.room = 100;
        is(lab, turn(lab, &mut conn, &mut wire), "Done");
        lab.same_bytes("the client gets", &wire.sent, &all);
    });
}

#[test]
fn s3_the_end_comes_behind_the_requests() {
    lab(|lab| {
        lab.why("The client has sent requests and then its end, while the outbox was full. When there is room, the end is not the first thing to look at: requests before it have not been taken yet. They are before it.");
        for (times, count) in [(65_536, 5), (4096, 100)] {
            lab.scene(format!(
                "{count} requests of 1 byte, each reply is {times} bytes"
            ));
            let mut conn = connection(lab, Times(times));
            let mut wire = Wire::new(lab)
                .with(&vec![b'x'; count])
                .ended()
                .with_room(times);
            while wire.sent.len() + times < count * times {
                is(lab, turns(lab, &mut conn, &mut wire), WRITE);
                wire.room = times;
            }
            wire.room = usize::MAX;
            is(lab, turns(lab, &mut conn, &mut wire), "Done");
            requests(lab, &conn, count as u64);
            lab.same("bytes that the client gets", wire.sent.len(), count * times);
        }
        for waiting in [1, 20] {
            lab.scene(format!(
                "{waiting} replies of 1000 bytes wait, then requests and the end come together"
            ));
            let mut conn = connection(lab, Times(1000));
            let mut wire = Wire::new(lab).with(&vec![b'x'; waiting]).with_room(0);
            is(lab, turns(lab, &mut conn, &mut wire), BOTH);
            wire.brings(b"yyy");
            wire.ends();
            is(lab, turns(lab, &mut conn, &mut wire), WRITE);
            wire.room = usize::MAX;
            is(lab, turns(lab, &mut conn, &mut wire), "Done");
            requests(lab, &conn, waiting as u64 + 3);
            lab.same(
                "bytes that the client gets",
                wire.sent.len(),
                (waiting + 3) * 1000,
            );
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which tells how much memory a program has"
)]
fn s3_at_rest_it_keeps_no_buffers() {
    let part = |lab: &Lab| {
        for (name, connections, payload) in RESTING {
            let mut resting = Vec::with_capacity(connections);
            // What the first one needs and gives back (a stack, the allocator's pages) is nobody's buffer.
            let _ = at_rest(lab, payload);
            let before = resident();
            for _ in 0..connections {
                resting.push(at_rest(lab, payload));
            }
            let grown = resident().saturating_sub(before);
            println!("\n{name}: {grown}");
        }
    };
    lab(move |lab| {
        // What is still to do says so here, and not in another process.
        let _ = connection(lab, EchoFrames);
        let inner = lab.clone();
        let end = lab.elsewhere("true", move || part(&inner));
        for (name, connections, payload) in RESTING {
            lab.scene(name);
            lab.why(match payload {
                Some(_) => "Each client has sent one frame, has its reply, and says nothing now. clear, drain and truncate empty a Vec or a VecDeque and keep its memory, and shrink_to keeps a part of it. A hundred kilobytes for each client that once sent a long frame are a gigabyte for ten thousand of them, and one kilobyte is still ten megabytes.",
                None => "Nothing has come on these connections yet: they are at rest. A buffer that is taken beforehand is taken for everybody, and most of them are silent.",
            });
            let mut lines = end.stdout.lines();
            let grown = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            let grown = grown.and_then(|kib| kib.parse::<usize>().ok());
            // Some of it is the allocator's.
            let most = connections / 2 + 1024;
            lab.holds(
                grown.is_some_and(|kib| kib <= most),
                format!("{connections} connections at rest with {most} KiB of memory at most"),
                grown.map_or(end.stderr.trim().to_owned(), |kib| format!("{kib} KiB")),
            );
        }
    });
}

/// A connection that has answered a frame with such a payload, or on which nothing has come.
fn at_rest(lab: &Lab, payload: Option<usize>) -> Conn<EchoFrames> {
    let mut conn = Conn::new(EchoFrames);
    if let Some(payload) = payload {
        let mut wire = Wire::new(lab).with(&frame(vec![b'x'; payload]));
        let mut next = conn.turn(&mut wire);
        while matches!(next, Ok(Next::Again)) {
            next = conn.turn(&mut wire);
        }
        is(lab, next, READ);
    }
    conn
}

/// Connections at rest: how many, and how long the payload of the frame was that came on each of them, if one did.
const RESTING: [(&str, usize, Option<usize>); 3] = [
    ("one long frame each", 200, Some(60_000)),
    ("one short frame each", 5000, Some(1000)),
    ("silent from the beginning", 5000, None),
];

/// The memory of this process, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[test]
fn s3_the_end_at_once() {
    lab(|lab| {
        lab.why("A client that ends its stream between two requests has said all that it had to say. That is Done, and no error.");
        let mut conn = connection(lab, EchoFrames);
        is(
            lab,
            turn(lab, &mut conn, &mut Wire::new(lab).ended()),
            "Done",
        );
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(&frame(b"hello"));
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        wire.ends();
        is(lab, turn(lab, &mut conn, &mut wire), "Done");
        requests(lab, &conn, 1);
    });
}

#[test]
fn s3_the_end_within_a_request() {
    lab(|lab| {
        lab.why("The stream ends within a frame. What came is no request and will never be one: UnexpectedEof. The requests before it were good, and their replies are written first.");
        let hello = frame(b"hello");
        for torn in [1, 4, 8] {
            lab.scene(format!("a frame, and {torn} bytes of the next one"));
            let all = [&hello[..], &hello[..torn]].concat();
            let mut conn = connection(lab, EchoFrames);
            let mut wire = Wire::new(lab).with(&all).ended();
            is(lab, turn(lab, &mut conn, &mut wire), "Err(UnexpectedEof)");
            lab.same_bytes("the client gets", &wire.sent, &hello);
        }
        lab.scene("a frame, two bytes of the next one, and room for five bytes");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab)
            .with(&hello)
            .with(&hello[..2])
            .ended()
            .with_room(5);
        is(lab, turn(lab, &mut conn, &mut wire), WRITE);
        wire.room = 100;
        is(lab, turn(lab, &mut conn, &mut wire), "Err(UnexpectedEof)");
        lab.same_bytes("the client gets", &wire.sent, &hello);
    });
}

#[test]
fn s3_an_error_of_the_protocol() {
    lab(|lab| {
        lab.why("What has come can never be a request. Nothing behind it is taken or read: where the next one begins, nobody knows. The replies before it are owed, and are written first. Then comes the error, as the protocol gave it.");
        lab.scene("two good requests, a bad one, a good one");
        let mut conn = connection(lab, NoQuestions::default());
        let mut wire = Wire::new(lab).with(b"ab?c").with(b"more");
        let end = turn(lab, &mut conn, &mut wire);
        is(
            lab,
            end.as_ref().copied().map_err(again),
            "Err(PermissionDenied)",
        );
        let text = end.err().map(|error| error.to_string());
        lab.same("the text of the error", text, Some(NO_QUESTIONS.to_owned()));
        lab.same_bytes("the client gets", &wire.sent, b"ab");
        requests(lab, &conn, 2);

        lab.scene("the same, with room for one reply");
        let protocol = NoQuestions::default();
        let mut conn = connection(lab, protocol.clone());
        let mut wire = Wire::new(lab).with(b"ab?c").with(b"more").with_room(1);
        is(lab, turn(lab, &mut conn, &mut wire), WRITE);
        let reads = wire.reads;
        is(lab, turn(lab, &mut conn, &mut wire), WRITE);
        lab.same("reads after the bad request", wire.reads - reads, 0);
        wire.room = 100;
        is(
            lab,
            turn(lab, &mut conn, &mut wire),
            "Err(PermissionDenied)",
        );
        lab.because("A protocol that has said \"never\" has said all. One that has a state of its own (a line that it has read, a password that was wrong) may take what follows for something else.")
            .same(
                "calls of take after its error",
                protocol.asked_after_its_error(),
                0,
            );
        lab.same_bytes("the client gets", &wire.sent, b"ab");
        requests(lab, &conn, 2);

        lab.scene("a frame of 4 GiB is announced");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(b"\xff\xff\xff\xff");
        is(lab, turn(lab, &mut conn, &mut wire), "Err(InvalidData)");
    });
}

/// An error of the same kind, for a value that is needed twice.
fn again(error: &io::Error) -> io::Error {
    error.kind().into()
}

#[test]
fn s3_a_request_without_an_end() {
    lab(|lab| {
        lab.why("A head that never ends: the protocol says \"not yet\" as long as it is asked. Without a limit of the connection's own, memory grows until it is gone. INBOX bytes that are no request are an error.");
        lab.scene("a client that sends without end, and a protocol that never has enough");
        let mut conn = connection(lab, Long(usize::MAX));
        let mut wire = Wire::new(lab).endless(&[b'x'; 1000]);
        is(lab, turns(lab, &mut conn, &mut wire), "Err(InvalidData)");
        lab.same("bytes that were read", wire.read, INBOX);

        lab.scene("a request of just INBOX bytes, and one of a byte less");
        for long in [INBOX, INBOX - 1] {
            let mut conn = connection(lab, Long(long));
            let mut wire = Wire::new(lab).with(&vec![b'x'; 2 * long]);
            is(lab, turns(lab, &mut conn, &mut wire), READ);
            lab.same_bytes("the client gets", &wire.sent, b"..");
            requests(lab, &conn, 2);
        }

        lab.scene("INBOX - 1 bytes, and the client waits");
        let mut conn = connection(lab, Long(INBOX + 1));
        let mut wire = Wire::new(lab).with(&vec![b'x'; INBOX - 1]);
        is(lab, turns(lab, &mut conn, &mut wire), READ);
        wire.brings(&[b'x'; 1000]);
        is(lab, turns(lab, &mut conn, &mut wire), "Err(InvalidData)");
        lab.same("bytes that were read", wire.read, INBOX);
    });
}

#[test]
fn s3_a_turn_has_an_end() {
    lab(|lab| {
        lab.why("This client sends faster than anybody can read: there is always more. One thread serves everybody, so a turn reads TURN bytes at most. Then it says Again: nobody will tell of the bytes that are left.");
        for piece in [700, 16 * 1024, 100_000] {
            lab.scene(format!("frames of {piece} bytes without end"));
            let mut conn = connection(lab, Long(piece));
            let mut wire = Wire::new(lab).endless(&vec![b'x'; piece]);
            for _ in 0..5 {
                let before = wire.read;
                is(lab, turn(lab, &mut conn, &mut wire), "Again");
                let read = wire.read - before;
                lab.holds(
                    (1..=TURN).contains(&read),
                    format!("from 1 to {TURN} bytes to be read in a turn"),
                    read,
                );
            }
        }
        lab.scene("a client that sends 200 000 bytes and stops");
        let mut conn = connection(lab, Times(1));
        let mut wire = Wire::new(lab).with(&vec![b'x'; 200_000]);
        is(lab, turn(lab, &mut conn, &mut wire), "Again");
        is(lab, turns(lab, &mut conn, &mut wire), READ);
        lab.same("bytes that the client gets", wire.sent.len(), 200_000);
    });
}

#[test]
fn s3_a_broken_stream() {
    lab(|lab| {
        lab.why("The stream is broken. That is the end of this connection, at once, and the caller must know how: the error as it is.");
        for kind in [
            ErrorKind::ConnectionReset,
            ErrorKind::TimedOut,
            ErrorKind::Other,
        ] {
            let mut conn = connection(lab, EchoFrames);
            let mut wire = Wire::new(lab).with(&frame(b"hello")[..6]);
            wire.read_fails(kind);
            is(
                lab,
                turn(lab, &mut conn, &mut wire),
                &format!("Err({kind:?})"),
            );
        }
        for kind in [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset] {
            let mut conn = connection(lab, EchoFrames);
            let mut wire = Wire::new(lab).with(&frame(b"hello"));
            wire.write_fails(kind);
            is(
                lab,
                turn(lab, &mut conn, &mut wire),
                &format!("Err({kind:?})"),
            );
        }
        lab.why("Replies are owed to a client that has reset its connection. There is nobody left to get them.");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(&frame(b"hello")).ended().with_room(2);
        is(lab, turn(lab, &mut conn, &mut wire), WRITE);
        wire.write_fails(ErrorKind::ConnectionReset);
        is(lab, turn(lab, &mut conn, &mut wire), "Err(ConnectionReset)");
        for kind in [ErrorKind::ConnectionReset, ErrorKind::TimedOut] {
            lab.scene(format!("a reply waits, and then a read fails: {kind:?}"));
            lab.why("A reply waits to be written, and now a read says that the stream is broken. Nothing can be written to it any more, and no event may come for it: the error is returned at once. Only errors of the protocol wait for the replies before them.");
            let mut conn = connection(lab, EchoFrames);
            let mut wire = Wire::new(lab).with(&frame(b"hello")).with_room(2);
            is(lab, turn(lab, &mut conn, &mut wire), BOTH);
            wire.read_fails(kind);
            is(
                lab,
                turn(lab, &mut conn, &mut wire),
                &format!("Err({kind:?})"),
            );
        }
    });
}

#[test]
fn s3_signals_change_nothing() {
    lab(|lab| {
        lab.why(
            "Interrupted says that a signal came in between. The read or the write is tried again.",
        );
        let hello = frame(b"hello");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab);
        wire.read_fails(ErrorKind::Interrupted);
        wire.brings(&hello[..5]);
        wire.read_fails(ErrorKind::Interrupted);
        wire.brings(&hello[5..]);
        wire.write_fails(ErrorKind::Interrupted);
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        lab.same_bytes("the client gets", &wire.sent, &hello);
    });
}

#[test]
fn s3_finish_at_rest() {
    lab(|lab| {
        lab.why("The server is to stop, and this client is between two requests. Nothing is owed to it, so its connection ends with the next turn.");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(&frame(b"hello"));
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        lab.you("finish()", || conn.finish());
        is(lab, turn(lab, &mut conn, &mut wire), "Done");
        lab.why("Nobody has told this connection to finish.");
        let mut other = connection(lab, EchoFrames);
        is(lab, turn(lab, &mut other, &mut Wire::new(lab)), READ);
    });
}

#[test]
fn s3_finish_answers_what_has_come() {
    lab(|lab| {
        lab.why("Requests have come, or have begun to come, when the server is told to stop. Their client has done nothing wrong, and gets its replies. Then the connection is at rest, and ends.");
        let hello = frame(b"hello");
        lab.scene("a request is in the stream");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(&hello);
        lab.you("finish()", || conn.finish());
        is(lab, turn(lab, &mut conn, &mut wire), "Done");
        lab.same_bytes("the client gets", &wire.sent, &hello);

        lab.scene("half of a request has come");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(&hello[..6]);
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        lab.you("finish()", || conn.finish());
        is(lab, turn(lab, &mut conn, &mut wire), READ);
        wire.brings(&hello[6..]);
        is(lab, turn(lab, &mut conn, &mut wire), "Done");
        lab.same_bytes("the client gets", &wire.sent, &hello);

        lab.scene("a reply waits to be written");
        let mut conn = connection(lab, EchoFrames);
        let mut wire = Wire::new(lab).with(&hello).with_room(4);
        is(lab, turn(lab, &mut conn, &mut wire), BOTH);
        lab.you("finish()", || conn.finish());
        is(lab, turn(lab, &mut conn, &mut wire), BOTH);
        wire.room = 100;
        is(lab, turn(lab, &mut conn, &mut wire), "Done");
        lab.same_bytes("the client gets", &wire.sent, &hello);

        lab.scene("more requests have come than one turn reads");
        let mut conn = connection(lab, Times(1));
        let mut wire = Wire::new(lab).with(&vec![b'x'; 200_000]);
        lab.you("finish()", || conn.finish());
        is(lab, turns(lab, &mut conn, &mut wire), "Done");
        lab.same("bytes that the client gets", wire.sent.len(), 200_000);
    });
}
