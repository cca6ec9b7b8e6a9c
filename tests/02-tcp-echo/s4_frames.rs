//! Step 4: frames.

use std::io::{self, BufWriter, ErrorKind, Read, Write};

use netlab::frames::frame;
use netlab::io::{Interrupting, OneByte, Play, Tape};
use netlab::{Lab, lab};
use tcp_echo::{FrameError, read_frame, write_frame};

use super::failing::{self, Failing, KINDS, Place};

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
        lab.because("70 000 is 01 11 70 in hexadecimal, more than two bytes can say. All four bytes of the length count, the highest first.")
            .same_bytes("the length of 70 000 bytes", &sink.written[..4], &[0, 1, 0x11, 0x70]);
        lab.why(ALL_OF_IT);
        lab.same("bytes written", sink.written.len(), 70_004);
        lab.same_bytes("the payload", &sink.written[4..], &payload);
    });
}

#[test]
fn s4_a_frame_may_be_long() {
    lab(|lab| {
        lab.why("The length has four bytes, and nothing here allows less: 16 MiB and a byte are an ordinary frame.");
        let payload = vec![0; LONG];
        let mut sink = Beginning {
            begins: Vec::new(),
            len: 0,
        };
        lab.ok("write_frame(sink, 16777217 bytes)", || {
            write_frame(&mut sink, &payload)
        });
        lab.same_bytes("the length", &sink.begins[..4], &[1, 0, 0, 1]);
        lab.same("bytes written", sink.len, LONG + 4);

        lab.why("The header is 00 20 00 01, and says 2097153 with the highest byte first. The caller says how long a frame may be, here 16 MiB. A limit of your own, below that one, refuses what the caller allows.");
        let header: &[u8] = &[0, 0x20, 0, 1];
        let mut source = header.chain(io::repeat(b'x'));
        let frame = lab.ok("read_frame(2097153 bytes, 16777216)", || {
            read_frame(&mut source, 16 << 20)
        });
        let len = frame.map(|frame| frame.len());
        lab.same("bytes of the payload", len, Some((2 << 20) + 1));
    });
}

const LONG: usize = (16 << 20) + 1;

/// A sink that keeps the first bytes and counts the others.
struct Beginning {
    begins: Vec<u8>,
    len: usize,
}

impl Write for Beginning {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let missing = 4_usize.saturating_sub(self.begins.len());
        self.begins.extend(buf.iter().take(missing));
        self.len += buf.len();
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn s4_a_frame_comes_back() {
    lab(|lab| {
        lab.why("A reader takes four bytes, reads the number in them, highest byte first, and then takes that many bytes more.");
        let mut source = lab.watch("source", tape(b"\0\0\0\x05hello"));
        let frame = lab.ok("read_frame(source, 1000)", || read_frame(&mut source, 1000));
        let taken = frame.as_ref().map_or(0, Vec::capacity);
        same_frame(lab, frame, Some(b"hello"));
        lab.because("The header announces 5 bytes, and so the memory is for 5. A server that takes 64 KiB for each frame, however short, takes a gigabyte for 16 000 of them.")
            .holds(taken < 4096, "room for 5 bytes, or a little more", format!("room for {taken} bytes"));

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
        lab.why("A read can hold more than one message. The bytes after the frame that you return belong to the next call: if you drop them, or leave them in a buffer of your function, the next message is lost.");
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
        lab.because("The frame is complete with its header. To read a payload of no bytes is to ask for more than was sent: the peer may wait for your reply, and you would wait for the peer.")
            .same("reads behind the frame", source.inner.ends, 0);
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
        lab.why("A stranger wrote the length. With four bytes, FF FF FF FF, any stranger could make you reserve 4 GiB of memory.");
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
        lab.why("The reader of a log wants to know the announced length.");
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

        lab.why("A refused frame's payload is useless.");
        let mut rest = Vec::new();
        source
            .inner
            .read_to_end(&mut rest)
            .expect("a tape gives its bytes");
        lab.same_bytes("what is left in the source", &rest, b"hello");

        lab.why("The length is four bytes, and each of them may have any value: 80 is not a sign, and 0A is not a line break.");
        for header in [[0x80, 0, 0, 0], *b"\n\n\n\n", [0, 1, 0, 1]] {
            let mut source = lab.watch("source", tape(&header));
            match lab.err("read_frame(source, 65536)", || {
                read_frame(&mut source, 65_536)
            }) {
                FrameError::TooBig { len, .. } => {
                    lab.same("len of the error", len, u32::from_be_bytes(header));
                }
                other => lab.fails("Err(TooBig)", format!("Err({other:?})")),
            }
        }
    });
}

#[test]
fn s4_the_largest_allowed_frame_is_allowed() {
    lab(|lab| {
        lab.why("max is the length of the longest payload that is accepted, not the first that is refused. It may be any number, also 0.");
        let allowed: [(&[u8], u32); 3] = [(b"hello", 5), (b"", 0), (b"x", 1)];
        for (payload, max) in allowed {
            let mut source = lab.watch("source", tape(&frame(payload)));
            let call = format!("read_frame(source, {max})");
            let frame = lab.ok(&call, || read_frame(&mut source, max));
            same_frame(lab, frame, Some(payload));
        }
        let refused: [(&[u8], u32); 3] = [(b"hello", 4), (b"x", 0), (b"xx", 1)];
        for (payload, max) in refused {
            let mut source = lab.watch("source", tape(&frame(payload)));
            let call = format!("read_frame(source, {max})");
            match lab.err(&call, || read_frame(&mut source, max)) {
                FrameError::TooBig { len, max: told } => {
                    let wanted = (u32::try_from(payload.len()).expect("a short frame"), max);
                    lab.same("(len, max) of the error", (len, told), wanted);
                }
                other => lab.fails("Err(TooBig)", format!("Err({other:?})")),
            }
        }
    });
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a shell limits a program's memory"
)]
fn s4_the_largest_max_costs_nothing() {
    lab(|lab| {
        lab.ok("read_frame(source, 0)", || {
            read_frame(&mut tape(&[0; 4]), 0)
        });
        lab.why("max is what the caller allows, here the largest number of a u32, and not what came. Reserve memory for the announced payload, when its length is known. And count with care: max + 1 does not fit into a u32.");
        let end = lab.elsewhere("ulimit -v 2000000", || {
            let frame = read_frame(&mut tape(b"\0\0\0\x05hello"), u32::MAX);
            println!("\nresult: {frame:?}");
        });
        let mut lines = end.stdout.lines();
        let result = lines.find_map(|line| line.strip_prefix("result: "));
        let wanted = format!("{:?}", Ok::<_, ()>(Some(b"hello")));
        lab.holds(
            result == Some(&wanted),
            format!("of read_frame(source, 4294967295): {wanted}"),
            result.map_or_else(
                || format!("the program ended, and said: {}", end.stderr.trim()),
                str::to_owned,
            ),
        );
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
        let error = lab.err("write_frame(BufWriter on a full sink, \"hello\")", || {
            write_frame(&mut broken, b"hello")
        });
        lab.same("the error's kind", error.kind(), ErrorKind::WriteZero);
        // Dropped, it would try once more.
        let _ = broken.into_parts();
    });
}

#[test]
fn s4_errors_of_the_sink_come_back() {
    lab(|lab| {
        let places = [
            (Place::Write, 0),
            (Place::Write, 2),
            (Place::Write, 6),
            (Place::Flush, 0),
        ];
        for (kind, (place, after)) in KINDS
            .into_iter()
            .flat_map(|kind| places.map(|place| (kind, place)))
        {
            lab.scene(format!("{kind:?} in {place:?} after {after} bytes"));
            lab.why("The peer is gone, and write says so; or it is flush that finds out. The caller must hear the first error, as it is: by its kind it decides whether to try again.");
            let mut sink = lab.watch("sink", Failing::new(Tape::new([]), place, after, kind));
            let error = lab.err("write_frame(sink, \"hello\")", || {
                write_frame(&mut sink, b"hello")
            });
            failing::is_its_own(lab, &error, kind);

            lab.why("The frame that failed belonged to another peer. Nothing of it may come out at this one.");
            let mut sink = Tape::new([]);
            lab.ok("write_frame(another sink, \"you\")", || {
                write_frame(&mut sink, b"you")
            });
            lab.same_bytes("what the other sink got", &sink.written, b"\0\0\0\x03you");
        }

        lab.why("A sink that takes nothing more, ever, is an error of its own: WriteZero, as in send_all.");
        let mut full = lab.watch("sink", Tape::new([]).taking(0));
        let error = lab.err("write_frame(sink, \"hello\")", || {
            write_frame(&mut full, b"hello")
        });
        lab.same("the error's kind", error.kind(), ErrorKind::WriteZero);
    });
}

#[test]
#[cfg(target_pointer_width = "64")]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a shell limits a program's memory"
)]
fn s4_a_length_of_more_than_four_bytes() {
    lab(|lab| {
        // The pages are not touched, so they cost nothing.
        if Vec::<u8>::new().try_reserve_exact((1 << 32) + 5).is_err() {
            lab.skip("this machine gives no program 4 GiB of memory");
        }
        lab.ok("write_frame(sink, \"a\")", || {
            write_frame(&mut Tape::new([]), b"a")
        });
        lab.why("The length has four bytes, and 4 294 967 301 does not fit in. Cut to four bytes it is 5: the peer takes 5 bytes for the message and the rest for other frames. Look at the length first (u32::try_from), and write nothing: the copy of such a payload alone takes 4 GiB.");
        let end = lab.elsewhere("ulimit -v 6000000", || {
            let payload = vec![0; (1 << 32) + 5];
            let mut sink = Tape::new([]).taking(0);
            let result = write_frame(&mut sink, &payload).map_err(|error| error.kind());
            println!("\nresult: {result:?}, calls of write: {}", sink.writes);
        });
        let mut lines = end.stdout.lines();
        let result = lines.find_map(|line| line.strip_prefix("result: "));
        let wanted = "Err(InvalidInput), calls of write: 0";
        let lab = match result {
            Some(result) if result.contains("InvalidData") => lab.because("InvalidData is for data from the other side. Here the caller has asked for too much: InvalidInput."),
            _ => lab.clone(),
        };
        lab.holds(
            result == Some(wanted),
            format!("of write_frame(sink, 4294967301 bytes): {wanted}"),
            result.map_or_else(
                || format!("the program ended, and said: {}", end.stderr.trim()),
                str::to_owned,
            ),
        );
    });
}

#[test]
fn s4_a_broken_stream_is_neither_end_nor_torn() {
    lab(|lab| {
        let failing = |kind, after| {
            let tape = tape(b"\0\0\0\x05hello");
            lab.watch("source", Failing::new(tape, Place::Read, after, kind))
        };
        for (kind, after) in KINDS
            .into_iter()
            .flat_map(|kind| [0, 2, 4, 6].map(|after| (kind, after)))
        {
            lab.scene(format!("{kind:?} after {after} of 9 bytes"));
            lab.why(failing::why(kind));
            let mut source = failing(kind, after);
            match lab.err("read_frame(source, 100)", || read_frame(&mut source, 100)) {
                FrameError::Io(error) => failing::is_its_own(lab, &error, kind),
                other => lab.because("A stream that fails has not ended. Only its end, 0 bytes read, is None or Torn; any other error is the caller's to know.")
                    .fails(format!("Err(Io({kind:?}))"), format!("Err({other:?})")),
            }
        }

        lab.why("A source that reports UnexpectedEof itself has ended, and says it with an error. Between two frames that is None, like every other end; inside a frame it is Torn.");
        let kind = ErrorKind::UnexpectedEof;
        let mut source = failing(kind, 0);
        let frame = lab.ok("read_frame(source, 100)", || read_frame(&mut source, 100));
        same_frame(lab, frame, None);
        for after in [2, 4, 6] {
            lab.scene(format!("{kind:?} after {after} of 9 bytes"));
            let mut source = failing(kind, after);
            match lab.err("read_frame(source, 100)", || read_frame(&mut source, 100)) {
                FrameError::Torn => {}
                other => lab.fails("Err(Torn)", format!("Err({other:?})")),
            }
        }
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
