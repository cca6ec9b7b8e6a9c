//! Step 2: sending all, receiving exactly, echoing a stream.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use netlab::io::{Interrupting, OneByte, Play, Tape};
use netlab::{Lab, lab};
use tcp_echo::{echo_stream, recv_exact, send_all};

use super::failing::{self, Failing, KINDS, Place};
use super::listener;

#[test]
fn s2_one_byte_writer() {
    lab(|lab| {
        lab.why("write says how many bytes it took. It may take fewer than it was given, and the rest is still yours to send (write(2)).");
        let mut sink = lab.watch("sink", OneByte(Tape::new([])));
        lab.ok("send_all(sink, \"hello\")", || {
            send_all(&mut sink, b"hello")
        });
        lab.same_bytes("what the sink got", &sink.inner.0.written, b"hello");
        not_flushed(lab, sink.inner.0.flushes);
    });
}

#[test]
fn s2_a_sink_that_takes_a_part() {
    lab(|lab| {
        lab.why("write says how many bytes it took: 3 of 8, then 3 of the other 5. Go on behind those, not one byte further and not from the beginning.");
        let mut sink = lab.watch("sink", Tape::new([]).taking(3));
        lab.ok("send_all(sink, \"abcdefgh\")", || {
            send_all(&mut sink, b"abcdefgh")
        });
        lab.same_bytes("what the sink got", &sink.inner.written, b"abcdefgh");

        lab.why("All of the piece came in one read, and the sink takes it in several writes. An echo has to write all of it before it reads again: one write whose number is ignored loses the rest.");
        let mut source = lab.watch("source", Tape::new([bytes(b"abcdefgh")]));
        let mut sink = lab.watch("sink", Tape::new([]).taking(3));
        let count = lab.ok("echo_stream(source, sink)", || {
            echo_stream(&mut source, &mut sink)
        });
        is_the_echo(lab, &sink.inner.written, b"abcdefgh");
        lab.why(COUNTED);
        lab.same("bytes echoed", count, 8);
    });
}

/// Demands that this is the echo, and says of a longer one why it is longer.
fn is_the_echo(lab: &Lab, got: &[u8], want: &[u8]) {
    let lab = match got.len() > want.len() {
        true => lab.because("More comes out than went in. read says how many bytes of your buffer are new: write only those. The rest of the buffer is not part of the echo."),
        false => lab.clone(),
    };
    lab.same_bytes("the echo", got, want);
}

#[test]
fn s2_interrupted_again_and_again() {
    lab(|lab| {
        lab.why("A signal may come before each call, several times in a row. Interrupted means \"again\" every time, not only the first.");
        let mut sink = lab.watch("sink", InterruptedSink::new());
        lab.ok("send_all(sink, \"hello\")", || {
            send_all(&mut sink, b"hello")
        });
        lab.same_bytes("what the sink got", &sink.inner.taken, b"hello");

        let signal = || Play::Error(ErrorKind::Interrupted);
        let script = || {
            [
                signal(),
                signal(),
                signal(),
                bytes(b"he"),
                signal(),
                signal(),
                signal(),
                bytes(b"llo"),
            ]
        };
        let mut source = lab.watch("source", Tape::new(script()));
        let mut buf = [0; 5];
        lab.ok("recv_exact(source, 5 bytes)", || {
            recv_exact(&mut source, &mut buf)
        });
        lab.same_bytes("what was received", &buf, b"hello");

        let mut source = lab.watch("source", Tape::new(script()));
        let mut sink = lab.watch("sink", InterruptedSink::new());
        let count = lab.ok("echo_stream(source, sink)", || {
            echo_stream(&mut source, &mut sink)
        });
        lab.same_bytes("the echo", &sink.inner.taken, b"hello");
        lab.why(COUNTED);
        lab.same("bytes echoed", count, 5);

        lab.why("A program may get a signal every few microseconds (a timer of a profiler does that). However often Interrupted comes, it means \"again\": no number of times makes it an error.");
        let mut sink = InterruptedSink::new();
        sink.signals = MANY;
        lab.ok("send_all(sink, \"hello\"), with 10 000 signals", || {
            send_all(&mut sink, b"hello")
        });
        lab.same_bytes("what the sink got", &sink.taken, b"hello");
        let signals = (0..MANY).map(|_| signal());
        let mut source = Tape::new(signals.chain([bytes(b"hello")]));
        lab.ok("recv_exact(source, 5 bytes), with 10 000 signals", || {
            recv_exact(&mut source, &mut buf)
        });
        lab.same_bytes("what was received", &buf, b"hello");
    });
}

/// More signals in a row than anybody would count to.
const MANY: usize = 10_000;

#[test]
fn s2_one_byte_reader() {
    lab(|lab| {
        lab.why("read gives what has arrived, and that may be one byte. TCP keeps the order of bytes and knows nothing of messages (RFC 9293 §2.2).");
        let mut source = lab.watch("source", OneByte(Tape::new([bytes(b"hello!")])));
        let mut buf = [0; 5];
        lab.ok("recv_exact(source, 5 bytes)", || {
            recv_exact(&mut source, &mut buf)
        });
        lab.same_bytes("what was asked for", &buf, b"hello");
    });
}

#[test]
fn s2_reads_no_byte_too_many() {
    lab(|lab| {
        lab.why("The bytes after the requested ones belong to the next call. If you read them into a buffer of your own, they are lost when your function returns.");
        let mut source = lab.watch("source", Tape::new([bytes(b"hello!")]));
        let mut buf = [0; 5];
        lab.ok("recv_exact(source, 5 bytes)", || {
            recv_exact(&mut source, &mut buf)
        });
        lab.same_bytes("what was asked for", &buf, b"hello");
        let mut next = [0; 1];
        lab.ok("recv_exact(source, 1 byte)", || {
            recv_exact(&mut source, &mut next)
        });
        lab.same_bytes("the next byte", &next, b"!");
    });
}

#[test]
fn s2_interrupted_is_retried() {
    lab(|lab| {
        lab.why("Interrupted (EINTR) means that a signal came before any byte moved. Nothing is wrong with the connection and nothing is lost: call again (signal(7)).");
        let mut sink = lab.watch("sink", Interrupting::new(OneByte(Tape::new([]))));
        lab.ok("send_all(sink, \"hello\")", || {
            send_all(&mut sink, b"hello")
        });
        lab.same_bytes("what the sink got", &sink.inner.inner.0.written, b"hello");

        let mut source = lab.watch("source", interrupting_source(b"hello"));
        let mut buf = [0; 5];
        lab.ok("recv_exact(source, 5 bytes)", || {
            recv_exact(&mut source, &mut buf)
        });
        lab.same_bytes("what was received", &buf, b"hello");

        let mut source = lab.watch("source", interrupting_source(b"hello"));
        let mut sink = lab.watch("sink", Interrupting::new(OneByte(Tape::new([]))));
        let count = lab.ok("echo_stream(source, sink)", || {
            echo_stream(&mut source, &mut sink)
        });
        lab.same_bytes("the echo", &sink.inner.inner.0.written, b"hello");
        lab.why(COUNTED);
        lab.same("bytes echoed", count, 5);
    });
}

#[test]
fn s2_nothing_to_do_is_no_error() {
    lab(|lab| {
        lab.why("An empty message is complete before it begins. A write or read of no bytes gives 0, and that 0 means neither a full sink nor the end of the stream.");
        let mut full = lab.watch("sink", Tape::new([]).taking(0));
        lab.ok("send_all(sink, no bytes)", || send_all(&mut full, b""));
        let mut ended = lab.watch("source", Tape::new([]));
        lab.ok("recv_exact(source, no bytes)", || {
            recv_exact(&mut ended, &mut [])
        });

        lab.why("A call for no bytes cannot move anything forward, and what it answers tells nothing: not every stream gives 0 for it, some make you wait.");
        lab.same("calls of write for no bytes", full.inner.writes, 0);
        lab.same("calls of read for no bytes", ended.inner.reads, 0);
    });
}

#[test]
fn s2_write_zero_is_an_error_not_a_loop() {
    lab(|lab| {
        lab.why("A sink that takes 0 of 5 bytes takes nothing more, ever. A retry would be an endless loop; the error for it is WriteZero.");
        let mut full = lab.watch("sink", Tape::new([]).taking(0));
        let error = lab.err("send_all(sink, \"hello\")", || {
            send_all(&mut full, b"hello")
        });
        lab.why("The error of a sink that takes nothing more has a name of its own: WriteZero.");
        lab.same("the error's kind", error.kind(), ErrorKind::WriteZero);

        lab.why("This sink takes some bytes and then 0 of the rest. Earlier bytes change nothing, and a retry might succeed, but that does not matter: 0 is WriteZero, the first time.");
        for taken in [0, 3] {
            let mut fills_up = lab.watch("sink", FillsUp::after(taken));
            let error = lab.err("send_all(sink, \"hello\")", || {
                send_all(&mut fills_up, b"hello")
            });
            lab.same("the error's kind", error.kind(), ErrorKind::WriteZero);

            let mut source = lab.watch("source", Tape::new([bytes(b"hello")]));
            let mut fills_up = lab.watch("sink", FillsUp::after(taken));
            let error = lab.err("echo_stream(source, sink)", || {
                echo_stream(&mut source, &mut fills_up)
            });
            lab.same("the error's kind", error.kind(), ErrorKind::WriteZero);
        }

        lab.why("An echo has the same rule: the sink takes 0 of 5 bytes, and that is an error, WriteZero, and not a reason to try again.");
        let mut source = lab.watch("source", Tape::new([bytes(b"hello")]));
        let mut full = lab.watch("sink", Tape::new([]).taking(0));
        let error = lab.err("echo_stream(source, sink)", || {
            echo_stream(&mut source, &mut full)
        });
        lab.same("the error's kind", error.kind(), ErrorKind::WriteZero);
    });
}

#[test]
fn s2_unexpected_eof_in_recv_exact() {
    lab(|lab| {
        for came in 0..5 {
            lab.why("The stream ended before the buffer was full. That is not a success, and it will not change: 0 bytes read into a buffer with room is the end (read(2)).");
            let before = &b"hello"[..came];
            // Whoever asks again gets more, which no stream gives behind its end.
            let mut source = lab.watch("source", Tape::new(ends_early(before, b"world")));
            let mut buf = [0; 5];
            let call = format!("recv_exact(source with {came} bytes, 5 bytes)");
            let error = lab.err(&call, || recv_exact(&mut source, &mut buf));
            lab.why("A stream that ends too early has an error of its own: UnexpectedEof.");
            lab.same("the error's kind", error.kind(), ErrorKind::UnexpectedEof);
            lab.why("The caller of a broken transfer needs the bytes that came before the end.");
            lab.same_bytes("the front of the buffer", &buf[..came], before);
        }
    });
}

/// These bytes, an end of file, and then others.
fn ends_early(before: &[u8], behind: &[u8]) -> impl Iterator<Item = Play> {
    let before = (!before.is_empty()).then(|| bytes(before));
    // A tape plays an empty piece as the end of the stream.
    before.into_iter().chain([bytes(b""), bytes(behind)])
}

#[test]
fn s2_eof_stops_the_loop() {
    lab(|lab| {
        lab.why("read gives 0 at the end of the stream, and will do so for ever. 0 does not mean \"nothing yet\": a socket that has nothing yet makes you wait.");
        let mut source = lab.watch("source", Tape::new([bytes(b"bye")]));
        let mut sink = lab.watch("sink", Tape::new([]));
        let count = lab.ok("echo_stream(source, sink)", || {
            echo_stream(&mut source, &mut sink)
        });
        is_the_echo(lab, &sink.inner.written, b"bye");
        lab.why(COUNTED);
        lab.same("bytes echoed", count, 3);
        not_flushed(lab, sink.inner.flushes);

        lab.why("One 0 is the end. Bytes that a source might give after that are not part of this stream.");
        for before in [b"bye".as_slice(), b""] {
            let mut source = lab.watch("source", Tape::new(ends_early(before, b"hello")));
            let mut sink = lab.watch("sink", Tape::new([]));
            let count = lab.ok("echo_stream(source, sink)", || {
                echo_stream(&mut source, &mut sink)
            });
            lab.same_bytes("the echo", &sink.inner.written, before);
            lab.same("bytes echoed", count, before.len() as u64);
        }
    });
}

#[test]
fn s2_every_byte_value_in_order() {
    lab(|lab| {
        lab.why("A stream carries bytes, not text: zeros, line ends and 0xFF are ordinary bytes: they go through in order, each once. A read that gives less than the buffer holds is not the last one: the end is 0.");
        let all: Vec<u8> = (0..=255).collect();
        let mut source = OneByte(Tape::new([Play::Bytes(all.clone())]));
        let mut sink = OneByte(Tape::new([]));
        let count = lab.ok("echo_stream(256 bytes, one a read; one a write)", || {
            echo_stream(&mut source, &mut sink)
        });
        lab.same_bytes("the echo", &sink.0.written, &all);
        lab.why(COUNTED);
        lab.same("bytes echoed", count, 256);
    });
}

#[test]
fn s2_counts_beyond_32_bits() {
    lab(|lab| {
        lab.why("More than 4 GiB go through. A count of 32 bits begins again at 0 there: count in u64 from the beginning.");
        lab.if_stuck("Each piece goes out before the next one is read. An echo that keeps all pieces first fills the memory with 4 GiB.");
        let mut source = Endless {
            left: (1 << 32) + 5,
            calls: 0,
        };
        let all = source.left;
        let count = lab.ok("echo_stream(4 GiB and 5 bytes, a sink)", || {
            echo_stream(&mut source, io::sink())
        });
        lab.same("bytes echoed", count, all - source.left);
    });
}

/// A source of so many bytes, none of which anybody has written.
struct Endless {
    left: u64,
    calls: u32,
}

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // To a small buffer that would take too long. Then this is the end.
        self.calls += 1;
        if self.calls > 5_000_000 {
            return Ok(0);
        }
        let n = self.left.min(buf.len() as u64);
        self.left -= n;
        Ok(n as usize)
    }
}

#[test]
fn s2_each_piece_is_echoed_before_the_next_is_read() {
    lab(|lab| {
        lab.why("A peer may wait for its echo before it says more. If you wait for more before you echo, both wait for ever.");
        let talk = Dialogue::new(lab, ["one", "two", "three"]);
        let count = lab.ok("echo_stream(peer, peer)", || echo_stream(&talk, &talk));
        lab.why(COUNTED);
        lab.same("bytes echoed", count, 11);
    });
}

#[test]
fn s2_other_errors_come_back() {
    lab(|lab| {
        for kind in KINDS.into_iter().chain([ErrorKind::UnexpectedEof]) {
            for after in [0, 2] {
                lab.scene(format!("{kind:?} after {after} bytes"));
                lab.why(failing::why(kind));
                read_error_comes_back(lab, kind, after);
                write_error_comes_back(lab, kind, after);
            }
        }
    });
}

fn read_error_comes_back(lab: &Lab, kind: ErrorKind, after: usize) {
    let failing = || {
        let tape = Tape::new([bytes(b"hello")]);
        lab.watch("source", Failing::new(tape, Place::Read, after, kind))
    };

    let mut source = failing();
    let error = lab.err("recv_exact(source, 5 bytes)", || {
        recv_exact(&mut source, &mut [0; 5])
    });
    failing::is_its_own(lab, &error, kind);

    let (mut source, mut sink) = (failing(), lab.watch("sink", Tape::new([])));
    let error = lab.err("echo_stream(source, sink)", || {
        echo_stream(&mut source, &mut sink)
    });
    failing::is_its_own(lab, &error, kind);
    lab.because("The peer has a right to the echo of what it sent before the error: each piece is written before the next one is read.")
        .same_bytes("the echo", &sink.inner.written, &b"hello"[..after]);
}

fn write_error_comes_back(lab: &Lab, kind: ErrorKind, after: usize) {
    let failing = || {
        let tape = Tape::new([]);
        lab.watch("sink", Failing::new(tape, Place::Write, after, kind))
    };

    let mut sink = failing();
    let error = lab.err("send_all(sink, \"hello\")", || {
        send_all(&mut sink, b"hello")
    });
    failing::is_its_own(lab, &error, kind);
    lab.because("The write failed, and the caller must be told now. A write after an error would be a second try.")
        .same_bytes("what the sink got", &sink.inner.tape.written, &b"hello"[..after]);

    let mut source = lab.watch("source", Tape::new([bytes(b"hello"), bytes(b"more")]));
    let mut sink = failing();
    let error = lab.err("echo_stream(source, sink)", || {
        echo_stream(&mut source, &mut sink)
    });
    failing::is_its_own(lab, &error, kind);
    let mut rest = Vec::new();
    let _ = source.inner.read_to_end(&mut rest);
    lab.because("The sink has failed, so nothing more can be echoed. Return the error now: a function that reads on waits for a peer that may send nothing, and throws away the bytes that come.")
        .holds(rest.ends_with(b"more"), "the next piece still in the source", format!("{rest:?}"));
}

#[test]
fn s2_write_returns_before_anyone_reads() {
    lab(|lab| {
        lab.why("write copies the bytes into the kernel's send buffer and returns. It does not say that they arrived, or were read (send(2)).");
        let (listener, addr) = listener(lab);
        let mut client = TcpStream::connect(addr).expect("connect");
        let sent: Vec<u8> = (0..1024).map(|i| (i % 251) as u8).collect();

        lab.ok("send_all(client, 1024 bytes)", || {
            send_all(&mut client, &sent)
        });
        lab.note("it has returned, and accept was not called yet");

        let (mut accepted, _) = listener.accept().expect("a connection waits in the queue");
        let mut got = vec![0; 1024];
        lab.ok("recv_exact(accepted, 1024 bytes)", || {
            recv_exact(&mut accepted, &mut got)
        });
        lab.why("The kernel has kept all the bytes, in order, until they were read.");
        lab.same_bytes("what was waiting", &got, &sent);
    });
}

#[test]
fn s2_with_read_and_write_alone() {
    lab(|lab| {
        // The functions come first: an unwritten one is to do, not free of helpers.
        let mut end = Tape::new([]);
        lab.ok("send_all(sink, \"a\")", || {
            send_all(&mut Tape::new([]), b"a")
        });
        lab.ok("recv_exact(source, 1 byte)", || {
            recv_exact(&mut Tape::new([bytes(b"a")]), &mut [0])
        });
        lab.ok("echo_stream(source, sink)", || {
            echo_stream(&mut end, &mut Tape::new([]))
        });

        lab.why("In this step you write those helpers yourself, so use only read and write. From the next step on you may use them. If this is a name of your own, choose another.");
        let source = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/s2_streams.rs"));
        lab.does_without(&HELPERS, "s2_streams.rs", source);
    });
}

/// What the standard library has to do without this step.
const HELPERS: [&str; 15] = [
    "write_all",
    "write_fmt",
    "write!",
    "writeln!",
    "read_exact",
    "read_to_end",
    "read_to_string",
    ".bytes(",
    "::bytes",
    "::copy",
    "copy::",
    "copy(",
    "copy as",
    "BufReader",
    "BufWriter",
];

fn bytes(bytes: &[u8]) -> Play {
    Play::Bytes(bytes.to_vec())
}

fn interrupting_source(text: &[u8]) -> Interrupting<OneByte<Tape>> {
    Interrupting::new(OneByte(Tape::new([bytes(text)])))
}

/// Why the number matters that echo_stream returns.
const COUNTED: &str = "echo_stream returns how many bytes went through, so that a server can tell of each conversation.";

fn not_flushed(lab: &Lab, flushes: usize) {
    lab.why("A buffer between you and the network is the caller's, and so is the choice when to empty it. On a socket flush does nothing.");
    lab.same("calls of flush", flushes, 0);
}

/// A sink that takes two bytes a call, and is interrupted three times before each.
struct InterruptedSink {
    taken: Vec<u8>,
    signals: usize,
}

impl InterruptedSink {
    fn new() -> InterruptedSink {
        InterruptedSink {
            taken: Vec::new(),
            signals: 3,
        }
    }
}

impl Write for InterruptedSink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.signals > 0 {
            self.signals -= 1;
            return Err(ErrorKind::Interrupted.into());
        }
        self.signals = 3;
        let n = buf.len().min(2);
        self.taken.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sink with room for so many bytes. It says once that it is full.
struct FillsUp {
    room: usize,
    was_full: bool,
}

impl FillsUp {
    fn after(room: usize) -> FillsUp {
        FillsUp {
            room,
            was_full: false,
        }
    }
}

impl Write for FillsUp {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.was_full {
            return Ok(buf.len());
        }
        let n = buf.len().min(self.room);
        self.room -= n;
        self.was_full = n == 0;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A peer that says the next thing only when it has its echo of the last one.
struct Dialogue {
    lab: Lab,
    /// What it has yet to say.
    lines: RefCell<VecDeque<&'static [u8]>>,
    /// What it has said and not heard back.
    awaited: RefCell<Vec<u8>>,
}

impl Dialogue {
    fn new(lab: &Lab, lines: impl IntoIterator<Item = &'static str>) -> Dialogue {
        let lines: VecDeque<_> = lines.into_iter().map(str::as_bytes).collect();
        Dialogue {
            lab: lab.clone(),
            lines: lines.into(),
            awaited: RefCell::default(),
        }
    }
}

impl Read for &Dialogue {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let awaited = String::from_utf8_lossy(&self.awaited.borrow()).into_owned();
        if !awaited.is_empty() {
            self.lab.fails(
                format!("the echo of {awaited:?} before the next read"),
                "a read: you wait for the peer, and the peer waits for you",
            );
        }
        let mut lines = self.lines.borrow_mut();
        let Some(line) = lines.pop_front() else {
            return Ok(0);
        };
        let (now, later) = line.split_at(line.len().min(buf.len()));
        if !later.is_empty() {
            lines.push_front(later);
        }
        let said = String::from_utf8_lossy(now);
        self.lab
            .note(format!("the peer says {said:?} and waits for its echo"));
        buf[..now.len()].copy_from_slice(now);
        self.awaited.borrow_mut().extend_from_slice(now);
        Ok(now.len())
    }
}

impl Write for &Dialogue {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut awaited = self.awaited.borrow_mut();
        if !awaited.starts_with(buf) {
            self.lab.fails(
                format!("the echo of {:?}", String::from_utf8_lossy(&awaited)),
                format!("{:?}", String::from_utf8_lossy(buf)),
            );
        }
        awaited.drain(..buf.len());
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
