//! Step 4: frames.

use std::io::{BufWriter, ErrorKind, Read};

use netlab::io::{Interrupting, OneByte, Play, Tape};
use netlab::{Lab, lab};
use tcp_echo::{FrameError, read_frame, write_frame};

#[test]
fn s4_a_frame_is_its_length_and_its_payload() {
    lab(|lab| {
        lab.why(ALL_OF_IT);
        let mut sink = lab.watch("sink", Tape::new([]));
        lab.ok("write_frame(sink, \"hello\")", || {
            write_frame(&mut sink, b"hello")
        });
        lab.same("bytes written", sink.inner.written.len(), 9);
        lab.why("The length goes first, as four bytes, the highest first: network byte order. The payload follows, unchanged.");
        lab.same_bytes(
            "the frame of 5 bytes",
            &sink.inner.written,
            b"\0\0\0\x05hello",
        );

        let mut sink = Tape::new([]);
        let payload = [0x78; 70_000];
        lab.ok("write_frame(sink, 70 000 bytes)", || {
            write_frame(&mut sink, &payload)
        });
        lab.same_bytes(
            "the length of 70 000 bytes",
            &sink.written[..4],
            &[0, 1, 0x11, 0x70],
        );
        lab.why(ALL_OF_IT);
        lab.same("bytes written", sink.written.len(), 70_004);
        lab.same_bytes("the payload", &sink.written[4..], &payload);
    });
}

#[test]
fn s4_a_frame_comes_back() {
    lab(|lab| {
        lab.why("A reader takes four bytes, reads the number in them, highest byte first, and then takes that many bytes more.");
        let mut source = lab.watch("source", tape(b"\0\0\0\x05hello"));
        expect_frame(lab, &mut source, Some(b"hello"));

        let mut long = vec![0, 0, 0x01, 0x2c];
        long.extend_from_slice(&[0x78; 300]);
        let mut source = lab.watch("source", tape(&long));
        expect_frame(lab, &mut source, Some(&[0x78; 300]));
    });
}

#[test]
fn s4_frame_one_byte_at_a_time() {
    lab(|lab| {
        lab.why("read may give one byte and write may take one, with a signal in between. Three sends can be one read, one send can be three reads: only the length says where a message ends.");
        let mut source = lab.watch(
            "source",
            Interrupting::new(OneByte(tape(b"\0\0\0\x05hello"))),
        );
        expect_frame(lab, &mut source, Some(b"hello"));

        lab.why(ALL_OF_IT);
        let mut sink = lab.watch("sink", Interrupting::new(OneByte(Tape::new([]))));
        lab.ok("write_frame(sink, \"hello\")", || {
            write_frame(&mut sink, b"hello")
        });
        lab.same_bytes("the frame", &sink.inner.inner.0.written, b"\0\0\0\x05hello");
    });
}

#[test]
fn s4_three_frames_in_one_read() {
    lab(|lab| {
        lab.why("A read can hold more than one message. What stands behind the frame you return belongs to the next call: throw it away, or leave it in a buffer that dies with your function, and the next message is lost.");
        let mut source = lab.watch("source", tape(b"\0\0\0\x03one\0\0\0\x03two\0\0\0\x05three"));
        expect_frame(lab, &mut source, Some(b"one"));
        expect_frame(lab, &mut source, Some(b"two"));
        expect_frame(lab, &mut source, Some(b"three"));
        lab.why("Three frames were sent and three have been read. The stream ends between two frames: that is None.");
        expect_frame(lab, &mut source, None);
    });
}

#[test]
fn s4_an_empty_frame_is_a_frame() {
    lab(|lab| {
        lab.why("A message of no bytes is a message: four zero bytes on the wire. The end of the stream is something else, and only that is None.");
        let mut sink = lab.watch("sink", Tape::new([]));
        lab.ok("write_frame(sink, no bytes)", || {
            write_frame(&mut sink, b"")
        });
        lab.same_bytes("the empty frame", &sink.inner.written, &[0, 0, 0, 0]);

        let mut source = lab.watch("source", tape(b"\0\0\0\0"));
        expect_frame(lab, &mut source, Some(b""));
        expect_frame(lab, &mut source, None);
    });
}

#[test]
fn s4_eof_between_frames_is_none_inside_is_error() {
    lab(|lab| {
        lab.why("Between two frames the peer may stop: nothing is missing. Inside a frame, even inside the four bytes of its length, the end means that a message was cut off.");
        let frame = b"\0\0\0\x05hello";
        for len in 0..frame.len() {
            let mut source = lab.watch("source", tape(&frame[..len]));
            let call = format!("read_frame({len} of 9 bytes, then end of file)");
            match lab.you(&call, || read_frame(&mut source, 100)) {
                Ok(None) if len == 0 => {}
                Err(FrameError::Torn) if len > 0 => {}
                other => {
                    let want = if len == 0 { "Ok(None)" } else { "Err(Torn)" };
                    lab.fails(format!("{want} from your {call}"), format!("{other:?}"))
                }
            }
        }
    });
}

#[test]
fn s4_length_is_checked_before_allocating() {
    lab(|lab| {
        lab.why("The length is a stranger's word. With four bytes, FF FF FF FF, anybody on the network could make you take 4 GiB of memory.");
        let before = peak_memory();
        let mut source = lab.watch("source", tape(b"\xff\xff\xff\xffhello"));
        let error = lab.err("read_frame(source, 65536)", || {
            read_frame(&mut source, 65_536)
        });
        match &error {
            FrameError::TooBig { len, max } => {
                lab.same(
                    "(len, max) of the error",
                    (*len, *max),
                    (0xffff_ffff, 65_536),
                );
            }
            other => lab.fails("Err(TooBig)", format!("Err({other:?})")),
        }
        lab.why("Whoever reads a log wants to know what the stranger asked for.");
        let text = error.to_string();
        lab.holds(
            text.contains("4294967295"),
            "an error that tells the length",
            format!("{text:?}"),
        );
        lab.why("The length is a stranger's word. Compare it before you take memory for it: a frame that is refused needs none.");
        let grown = peak_memory() - before;
        lab.holds(
            grown < 1 << 20,
            "no memory taken for a frame that is refused",
            format!("{} MiB more than before", grown >> 10),
        );

        lab.why("Whoever refuses a frame has no use for its payload.");
        let mut rest = Vec::new();
        source
            .inner
            .read_to_end(&mut rest)
            .expect("a tape gives its bytes");
        lab.same_bytes("what is left in the source", &rest, b"hello");
    });
}

#[test]
fn s4_the_largest_allowed_frame_is_allowed() {
    lab(|lab| {
        lab.why("max is the length of the longest payload that is accepted, not the first that is refused.");
        let mut source = lab.watch("source", tape(b"\0\0\0\x05hello"));
        let frame = lab.ok("read_frame(source, 5)", || read_frame(&mut source, 5));
        same_frame(lab, frame, Some(b"hello"));
        let mut source = lab.watch("source", tape(b"\0\0\0\x05hello"));
        match lab.err("read_frame(source, 4)", || read_frame(&mut source, 4)) {
            FrameError::TooBig { len, max } => {
                lab.same("(len, max) of the error", (len, max), (5, 4));
            }
            other => lab.fails("Err(TooBig)", format!("Err({other:?})")),
        }
    });
}

#[test]
fn s4_a_frame_does_not_stay_in_a_buffer() {
    lab(|lab| {
        lab.why("A buffered writer keeps small writes until it is flushed. A frame that is still in the buffer has not been sent: the peer waits for it, and you wait for the peer.");
        let mut buffered = BufWriter::new(Tape::new([]));
        lab.ok("write_frame(BufWriter, \"hello\")", || {
            write_frame(&mut buffered, b"hello")
        });
        lab.same_bytes(
            "what has left the buffer",
            &buffered.get_ref().written,
            b"\0\0\0\x05hello",
        );

        lab.why("An empty frame is a frame: the peer waits for its four bytes like for any other.");
        let mut buffered = BufWriter::new(Tape::new([]));
        lab.ok("write_frame(BufWriter, no bytes)", || {
            write_frame(&mut buffered, b"")
        });
        lab.same_bytes(
            "what has left the buffer",
            &buffered.get_ref().written,
            &[0, 0, 0, 0],
        );

        lab.why("A buffered writer sends when it is flushed, so that is where it finds out that the peer is gone. A frame whose flush failed was not sent.");
        let mut broken = BufWriter::new(Tape::new([]).taking(0));
        lab.err("write_frame(BufWriter on a full sink, \"hello\")", || {
            write_frame(&mut broken, b"hello")
        });
        // Dropped, it would try once more.
        let _ = broken.into_parts();
    });
}

#[test]
fn s4_a_broken_stream_is_neither_end_nor_torn() {
    lab(|lab| {
        lab.why("A reset is not a goodbye. Only the end of the stream, 0 bytes read, is None or Torn; any other error is the caller's to know.");
        for whole in [0, 2, 6] {
            let begun = Play::Bytes(b"\0\0\0\x05hello"[..whole].to_vec());
            let script = [begun, Play::Error(ErrorKind::ConnectionReset)];
            // A tape would play an empty piece as the end of the stream.
            let script = script.into_iter().skip(usize::from(whole == 0));
            let mut source = lab.watch("source", Tape::new(script));
            let call = format!("read_frame({whole} of 9 bytes, then a reset)");
            match lab.err(&call, || read_frame(&mut source, 100)) {
                FrameError::Io(error) => {
                    lab.same("the error's kind", error.kind(), ErrorKind::ConnectionReset);
                }
                other => lab.fails("Err(Io(ConnectionReset))", format!("Err({other:?})")),
            }
        }

        lab.why("A sink that takes nothing more, ever, is an error of its own: WriteZero, as in send_all.");
        let mut full = lab.watch("sink", Tape::new([]).taking(0));
        let error = lab.err("write_frame(sink, \"hello\")", || {
            write_frame(&mut full, b"hello")
        });
        lab.same("the error's kind", error.kind(), ErrorKind::WriteZero);
    });
}

/// Why all of a frame must be written.
const ALL_OF_IT: &str = "A frame is four bytes of length and then the payload, all of it. write and write_vectored say how many bytes they took, and may take fewer than they were given.";

fn tape(bytes: &[u8]) -> Tape {
    Tape::new([Play::Bytes(bytes.to_vec())])
}

/// One call of the student's `read_frame`, which allows any frame of these tests.
fn expect_frame<R: Read>(lab: &Lab, source: &mut R, want: Option<&[u8]>) {
    let got = lab.ok("read_frame(source, 1000)", || read_frame(source, 1000));
    same_frame(lab, got, want);
}

fn same_frame(lab: &Lab, got: Option<Vec<u8>>, want: Option<&[u8]>) {
    match (got, want) {
        (Some(got), Some(want)) => lab.same_bytes("the payload", &got, want),
        (None, None) => {}
        (Some(got), None) => lab.fails(
            "None: the stream has ended",
            format!("a frame of {} bytes", got.len()),
        ),
        (None, Some(want)) => lab.fails(
            format!("a frame of {} bytes", want.len()),
            "None, as at the end of the stream",
        ),
    }
}

/// The most memory this process has ever asked for, in KiB, where the system tells (Linux).
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
    peak.and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
