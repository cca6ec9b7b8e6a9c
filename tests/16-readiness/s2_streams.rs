//! Step 2: reads and writes that do not wait.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use netlab::{Lab, lab};
use readiness::{Drained, Filled, drain, fill};

use super::wire::Wire;

fn fills(lab: &Lab, wire: &mut Wire, inbox: &mut Vec<u8>, room: usize) -> io::Result<Filled> {
    wire.begins();
    let what = format!("fill(stream, inbox, {room})");
    lab.you(&what, || fill(&mut lab.watch("stream", wire), inbox, room))
}

fn drains(lab: &Lab, wire: &mut Wire, outbox: &mut VecDeque<u8>) -> io::Result<Drained> {
    wire.begins();
    lab.you("drain(stream, outbox)", || {
        drain(&mut lab.watch("stream", wire), outbox)
    })
}

/// A result in words. Not those of its `Debug`, which is the student's.
trait InWords {
    fn in_words(&self) -> &'static str;
}

impl InWords for Filled {
    fn in_words(&self) -> &'static str {
        match self {
            Filled::Dry => "Dry",
            Filled::Full => "Full",
            Filled::End => "End",
        }
    }
}

impl InWords for Drained {
    fn in_words(&self) -> &'static str {
        match self {
            Drained::Empty => "Empty",
            Drained::Blocked => "Blocked",
        }
    }
}

/// Demands a result, in words: `Dry`, `Err(BrokenPipe)`.
fn is<T: InWords>(lab: &Lab, got: io::Result<T>, want: &str) {
    let got = match got {
        Ok(value) => value.in_words().to_owned(),
        Err(error) => format!("Err({:?})", error.kind()),
    };
    lab.same("the result", got, want.to_owned());
}

/// A ring of these bytes that lies in two pieces of memory.
fn ring(bytes: &[u8]) -> VecDeque<u8> {
    let mut ring = VecDeque::with_capacity(bytes.len());
    // Its beginning moves on with each byte that comes and goes.
    for _ in 0..ring.capacity() / 2 {
        ring.push_back(0);
        ring.pop_front();
    }
    ring.extend(bytes);
    ring
}

#[test]
fn s2_fill_reads_until_would_block() {
    lab(|lab| {
        lab.why("Three pieces have come, and one read gives one of them. A system that tells each change once (edge-triggered) has told of these bytes: it will not tell again. Only WouldBlock says that there is nothing left.");
        let mut wire = Wire::new(lab).with(b"abc").with(b"d").with(b"efgh");
        let mut inbox = Vec::new();
        is(lab, fills(lab, &mut wire, &mut inbox, 1000), "Dry");
        lab.same_bytes("the inbox", &inbox, b"abcdefgh");
    });
}

#[test]
fn s2_nothing_yet_is_no_error_and_no_end() {
    lab(|lab| {
        lab.why("WouldBlock is not an error. Nothing has come yet, and more may come later: it is not the end of the stream either.");
        let mut wire = Wire::new(lab);
        let mut inbox = Vec::new();
        is(lab, fills(lab, &mut wire, &mut inbox, 1000), "Dry");
        lab.same_bytes("the inbox", &inbox, b"");
        wire.brings(b"later");
        is(lab, fills(lab, &mut wire, &mut inbox, 1000), "Dry");
        lab.same_bytes("the inbox", &inbox, b"later");
    });
}

#[test]
fn s2_what_was_in_the_inbox_stays() {
    lab(|lab| {
        lab.why("A request may have begun to come earlier. What comes now goes behind it, and room counts what is read now, not what is there.");
        let mut wire = Wire::new(lab).with(b" end");
        let mut inbox = b"beginning and".to_vec();
        is(lab, fills(lab, &mut wire, &mut inbox, 10), "Dry");
        lab.same_bytes("the inbox", &inbox, b"beginning and end");
    });
}

#[test]
fn s2_the_end_of_the_stream() {
    lab(|lab| {
        lab.why("A read of 0 bytes is the end of the stream: nothing will come any more. What came before it is in the inbox.");
        let mut wire = Wire::new(lab).with(b"good").with(b"bye").ended();
        let mut inbox = Vec::new();
        is(lab, fills(lab, &mut wire, &mut inbox, 1000), "End");
        lab.same_bytes("the inbox", &inbox, b"goodbye");
        let mut inbox = Vec::new();
        is(
            lab,
            fills(lab, &mut Wire::new(lab).ended(), &mut inbox, 1),
            "End",
        );
        lab.same_bytes("the inbox", &inbox, b"");
    });
}

#[test]
fn s2_no_more_than_room() {
    lab(|lab| {
        lab.why("room is the most that may be taken from the stream. What is beyond it stays there, in the kernel's buffer, where TCP's window makes the sender wait.");
        for (room, want) in [(1, &b"a"[..]), (4, b"abcd"), (7, b"abcdefg")] {
            let mut wire = Wire::new(lab).with(b"abc").with(b"defgh").ended();
            let mut inbox = Vec::new();
            is(lab, fills(lab, &mut wire, &mut inbox, room), "Full");
            lab.same_bytes("the inbox", &inbox, want);
            is(lab, fills(lab, &mut wire, &mut inbox, 100), "End");
            lab.same_bytes("the inbox, after a second call", &inbox, b"abcdefgh");
        }
        for len in [20_000, 100_000] {
            lab.scene(format!("room for {len} bytes, and more have come"));
            let mut wire = Wire::new(lab).with(&vec![b'x'; 200_000]);
            let mut inbox = Vec::new();
            is(lab, fills(lab, &mut wire, &mut inbox, len), "Full");
            lab.same("bytes in the inbox", inbox.len(), len);
            lab.same("bytes that the stream has given", wire.read, len);
        }
    });
}

#[test]
fn s2_full_is_full() {
    lab(|lab| {
        lab.why("room bytes have come: that is Full, and the stream is not asked any further. Whether there is more, the end, or nothing yet, the next call will see.");
        for mut wire in [
            Wire::new(lab).with(b"abc"),
            Wire::new(lab).with(b"abc").ended(),
        ] {
            let mut inbox = Vec::new();
            is(lab, fills(lab, &mut wire, &mut inbox, 3), "Full");
            lab.same("reads", wire.reads, 1);
        }
        lab.why("There is no room at all, so there is nothing to ask the stream for. A read into an empty buffer gives 0, which looks like the end.");
        let mut wire = Wire::new(lab).with(b"abc");
        let mut inbox = b"x".to_vec();
        is(lab, fills(lab, &mut wire, &mut inbox, 0), "Full");
        lab.same("reads", wire.reads, 0);
        lab.same_bytes("the inbox", &inbox, b"x");
    });
}

#[test]
fn s2_a_signal_does_not_end_a_fill() {
    lab(|lab| {
        lab.why("Interrupted says that a signal came in between. Nothing happened to the stream: the read is tried again. Unlike after WouldBlock, there may be bytes, and nobody will tell of them again.");
        let mut wire = Wire::new(lab);
        wire.read_fails(ErrorKind::Interrupted);
        wire.brings(b"abc");
        wire.read_fails(ErrorKind::Interrupted);
        wire.read_fails(ErrorKind::Interrupted);
        wire.brings(b"def");
        let mut inbox = Vec::new();
        is(lab, fills(lab, &mut wire, &mut inbox, 1000), "Dry");
        lab.same_bytes("the inbox", &inbox, b"abcdef");
        for room in [1, 3, 4, 7] {
            lab.scene(format!("a signal after each 3 bytes, and room {room}"));
            lab.why("What came before a signal has come. It counts towards room as if there had been no signal: no more than room bytes are taken in one call.");
            let mut wire = Wire::new(lab);
            for bytes in [b"abc", b"def", b"ghi"] {
                wire.read_fails(ErrorKind::Interrupted);
                wire.brings(bytes);
            }
            let mut inbox = Vec::new();
            is(lab, fills(lab, &mut wire, &mut inbox, room), "Full");
            lab.same_bytes("the inbox", &inbox, &b"abcdefghi"[..room]);
            lab.same("bytes that were taken from r", wire.read, room);
        }
    });
}

#[test]
fn s2_other_errors_of_a_read() {
    lab(|lab| {
        lab.why("Only two kinds of error are none. Every other one is the caller's to know, as it is. What came before it is not lost.");
        for kind in [
            ErrorKind::ConnectionReset,
            ErrorKind::TimedOut,
            ErrorKind::UnexpectedEof,
            ErrorKind::Other,
        ] {
            let mut wire = Wire::new(lab).with(b"abc");
            wire.read_fails(kind);
            let mut inbox = b"x".to_vec();
            is(
                lab,
                fills(lab, &mut wire, &mut inbox, 1000),
                &format!("Err({kind:?})"),
            );
            lab.same_bytes("the inbox", &inbox, b"xabc");
        }
    });
}

#[test]
fn s2_drain_writes_it_all() {
    lab(|lab| {
        lab.why("A write takes as many bytes as it likes. The rest is written by the next ones, in order, and what is written leaves the outbox.");
        for piece in [1, 3, 4, 100] {
            let mut wire = Wire::new(lab).in_pieces(piece);
            let mut outbox = b"hello, world".iter().copied().collect();
            is(lab, drains(lab, &mut wire, &mut outbox), "Empty");
            lab.same_bytes("the stream got", &wire.sent, b"hello, world");
            lab.same("bytes left in the outbox", outbox.len(), 0);
        }
    });
}

#[test]
fn s2_a_ring_in_two_pieces() {
    lab(|lab| {
        lab.why("A VecDeque is a ring: its bytes may lie in two pieces of memory, of which as_slices gives both. Both are to be written, the first one first.");
        let bytes: Vec<u8> = (0..200).collect();
        for piece in [1, 7, 1000] {
            let mut outbox = ring(&bytes);
            let mut wire = Wire::new(lab).in_pieces(piece);
            is(lab, drains(lab, &mut wire, &mut outbox), "Empty");
            lab.same_bytes("the stream got", &wire.sent, &bytes);
            lab.same("bytes left in the outbox", outbox.len(), 0);
        }
    });
}

#[test]
fn s2_a_short_write_keeps_the_rest() {
    lab(|lab| {
        lab.why("The stream takes some bytes and then says WouldBlock: its buffer is full. What it has not taken is still owed. It stays in the outbox until there is room, and nothing is sent twice.");
        for room in [0, 1, 5, 11] {
            let mut wire = Wire::new(lab).with_room(room).in_pieces(2);
            let mut outbox = ring(b"hello, world");
            is(lab, drains(lab, &mut wire, &mut outbox), "Blocked");
            lab.same_bytes("the stream got", &wire.sent, &b"hello, world"[..room]);
            lab.same("bytes left in the outbox", outbox.len(), 12 - room);
            wire.room = 100;
            is(lab, drains(lab, &mut wire, &mut outbox), "Empty");
            lab.same_bytes("the stream got", &wire.sent, b"hello, world");
        }
    });
}

#[test]
fn s2_exactly_enough_room() {
    lab(|lab| {
        lab.why("The last byte has just found room. Nothing is left, so there is nothing to wait for: that is Empty.");
        let mut wire = Wire::new(lab).with_room(5);
        let mut outbox = ring(b"hello");
        is(lab, drains(lab, &mut wire, &mut outbox), "Empty");
        lab.same_bytes("the stream got", &wire.sent, b"hello");
    });
}

#[test]
fn s2_an_empty_outbox_asks_for_nothing() {
    lab(|lab| {
        lab.why(
            "There is nothing to write. Even a stream that is full, or broken, is no matter then.",
        );
        let mut wire = Wire::new(lab).with_room(0);
        wire.write_fails(ErrorKind::BrokenPipe);
        is(lab, drains(lab, &mut wire, &mut VecDeque::new()), "Empty");
        lab.same("writes", wire.writes, 0);
    });
}

#[test]
fn s2_a_signal_does_not_end_a_drain() {
    lab(|lab| {
        lab.why("Interrupted says that a signal came before anything was written. The write is tried again: the stream has room, so nobody will tell that it has.");
        let mut wire = Wire::new(lab);
        wire.write_fails(ErrorKind::Interrupted);
        wire.write_fails(ErrorKind::Interrupted);
        let mut outbox = ring(b"hello");
        is(lab, drains(lab, &mut wire, &mut outbox), "Empty");
        lab.same_bytes("the stream got", &wire.sent, b"hello");
    });
}

#[test]
fn s2_a_writer_that_takes_nothing() {
    lab(|lab| {
        lab.why("A writer that takes 0 bytes and calls that a success will never take more. Who tries again has a loop without end, and who waits for room waits for ever. write_all calls it WriteZero, and so does drain.");
        let mut wire = Wire::new(lab).taking_zero();
        is(
            lab,
            drains(lab, &mut wire, &mut ring(b"hello")),
            "Err(WriteZero)",
        );
    });
}

#[test]
fn s2_other_errors_of_a_write() {
    lab(|lab| {
        lab.why("Every other error is the caller's to know, as it is. What the stream took before is not in the outbox any more.");
        for kind in [
            ErrorKind::BrokenPipe,
            ErrorKind::ConnectionReset,
            ErrorKind::TimedOut,
            ErrorKind::Other,
        ] {
            let mut wire = Wire::new(lab).in_pieces(2);
            let mut outbox: VecDeque<u8> = ring(b"hello, world");
            wire.room = 4;
            is(lab, drains(lab, &mut wire, &mut outbox), "Blocked");
            wire.room = 100;
            wire.write_fails(kind);
            is(
                lab,
                drains(lab, &mut wire, &mut outbox),
                &format!("Err({kind:?})"),
            );
            lab.same_bytes("the outbox", &Vec::from(outbox), b"o, world");
            for (room, rest) in [(1, &b"ello, world"[..]), (4, b"o, world"), (11, b"d")] {
                let mut wire = Wire::new(lab)
                    .with_room(room)
                    .in_pieces(2)
                    .then_broken(kind);
                let mut outbox: VecDeque<u8> = ring(b"hello, world");
                is(
                    lab,
                    drains(lab, &mut wire, &mut outbox),
                    &format!("Err({kind:?})"),
                );
                lab.same_bytes(
                    &format!("the outbox, when the stream took {room} bytes and then failed"),
                    &Vec::from(outbox),
                    rest,
                );
            }
        }
    });
}
