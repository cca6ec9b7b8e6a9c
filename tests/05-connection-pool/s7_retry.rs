use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connection_pool::{
    CallError, Config, Limits, Lost, MAX_REPLY, Manager, Pool, PoolError, Request, TcpManager,
    call, exchange,
};
use netlab::io::{Interrupting, OneByte, Play, Tape};
use netlab::{Lab, Running, TcpPeer, TcpServer};

use super::FOR_EVER;
use super::fake::{get, prewarmed, state_is};
use super::frames::frame;
use super::waits::waits_once;

const READ: Request<'static> = Request {
    payload: b"read page 7",
    idempotent: true,
};

const ORDER: Request<'static> = Request {
    payload: b"order 1 book",
    idempotent: false,
};

/// A manager whose connections follow scripts, in this order. It finds all of them good: they die
/// after the check.
struct Scripts {
    streams: Mutex<VecDeque<Stream>>,
    /// Calls of `connect`.
    attempts: AtomicUsize,
    /// Requests that were written, whole or in part.
    sent: Arc<AtomicUsize>,
}

type Stream = Interrupting<Scripted>;

/// A [`Tape`] whose next read, write or flush may fail.
struct Scripted {
    tape: Tape,
    read: Option<ErrorKind>,
    write: Option<ErrorKind>,
    flush: Option<ErrorKind>,
    /// The stream is full after so many bytes.
    room: usize,
    /// Happens at the next read, before it.
    meanwhile: Option<Box<dyn FnOnce() + Send>>,
    /// Counts the writes.
    sent: Arc<AtomicUsize>,
}

impl Scripted {
    fn new(tape: Tape) -> Scripted {
        Scripted {
            tape,
            read: None,
            write: None,
            flush: None,
            room: usize::MAX,
            meanwhile: None,
            sent: Arc::default(),
        }
    }
}

/// Where a stream may fail.
type Fault = (&'static str, fn(&mut Scripted, ErrorKind));

/// Where it may fail while a request is on its way out.
const FAULTS: [Fault; 2] = [WRITE, FLUSH];

const WRITE: Fault = ("write", |stream, kind| stream.write = Some(kind));
const FLUSH: Fault = ("flush", |stream, kind| stream.flush = Some(kind));
const READ_REPLY: Fault = ("read", |stream, kind| stream.read = Some(kind));

/// What the errors of a [`Scripted`] say.
const WORDS: &str = "a person has stumbled over the cable";

fn fault(kind: ErrorKind) -> io::Error {
    io::Error::new(kind, WORDS)
}

impl Read for Scripted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(happens) = self.meanwhile.take() {
            happens();
        }
        match self.read.take() {
            Some(kind) => Err(fault(kind)),
            None => self.tape.read(buf),
        }
    }
}

impl Write for Scripted {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.sent.fetch_add(1, SeqCst);
        match self.write.take() {
            Some(kind) => Err(fault(kind)),
            None => {
                let n = self.tape.write(&buf[..buf.len().min(self.room)])?;
                self.room -= n;
                Ok(n)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.flush.take() {
            Some(kind) => Err(fault(kind)),
            None => self.tape.flush(),
        }
    }
}

impl Manager for Scripts {
    type Conn = Stream;
    type Error = io::Error;

    fn connect(&self) -> io::Result<Stream> {
        self.attempts.fetch_add(1, SeqCst);
        let next = self.streams.lock().expect("no panic in here").pop_front();
        next.ok_or_else(|| ErrorKind::ConnectionRefused.into())
    }

    fn is_reusable(&self, _: &mut Stream) -> bool {
        true
    }
}

fn bytes(bytes: &[u8]) -> Play {
    Play::Bytes(bytes.to_vec())
}

/// A whole reply.
fn reply(payload: &[u8]) -> Vec<Play> {
    vec![bytes(&frame(payload))]
}

/// What a connection plays, for the story.
fn plot(script: &[Play]) -> String {
    let parts = script.iter().map(|play| match play {
        Play::Bytes(bytes) if bytes.len() > 4 => format!(
            "gives {:?} as a frame",
            String::from_utf8_lossy(&bytes[4..])
        ),
        Play::Bytes(bytes) => format!("gives {} bytes of a frame", bytes.len()),
        Play::Error(kind) => format!("answers {kind:?}"),
    });
    let parts: Vec<String> = parts.chain(["ends".to_owned()]).collect();
    parts.join(", then ")
}

/// A pool whose connections play these scripts, the first one first.
fn scripted_pool(lab: &Lab, max: usize, scripts: Vec<Vec<Play>>) -> Pool<Scripts> {
    for (nth, script) in scripts.iter().enumerate() {
        lab.note(format!("connection #{} {}", nth + 1, plot(script)));
    }
    let sent: Arc<AtomicUsize> = Arc::default();
    let streams = scripts.into_iter().map(|script| {
        let mut stream = Scripted::new(Tape::new(script));
        stream.sent = sent.clone();
        Interrupting::new(stream)
    });
    let streams = Mutex::new(streams.collect());
    let scripts = Scripts {
        streams,
        attempts: AtomicUsize::new(0),
        sent,
    };
    pool_of(max, scripts)
}

fn pool_of<M: Manager>(max: usize, manager: M) -> Pool<M> {
    let config = Config {
        max,
        wait: FOR_EVER,
        limits: Limits::default(),
    };
    Pool::new(manager, config)
}

fn tcp_pool(addr: SocketAddr) -> Pool<TcpManager> {
    pool_of(1, TcpManager::new(addr, Duration::from_secs(10)))
}

/// Why a call that tries again may hang in a pool of one.
const HOLDS: &str = "This pool has one place. Discard the dead connection before you ask for another one. Otherwise the call waits for itself.";

/// Demands what kind of error it was. `why` is for every other kind.
fn kind_is(lab: &Lab, lost: &Lost, want: ErrorKind, why: &str) {
    lab.because(why)
        .same("kind of the cause", lost.cause.kind(), want);
}

/// The stream's own errors are told as they are.
const AS_IT_IS: &str = "The cause is the stream's own error, with its kind: the reader of the report wants to know what happened.";

/// A pool with one idle connection, whose first exchange went well. The rest of `script` follows.
fn used_pool(lab: &Lab, script: Vec<Play>, others: Vec<Vec<Play>>) -> Pool<Scripts> {
    lab.if_stuck(HOLDS);
    let first = [reply(b"good"), script].concat();
    let scripts = [vec![first], others].concat();
    let pool = scripted_pool(lab, 1, scripts);
    let reply = lab.ok("call(pool, read page 7)", || call(&pool, READ));
    lab.same_bytes("the first reply", &reply, b"good");
    pool
}

fn made(pool: &Pool<Scripts>, of: usize) -> usize {
    let streams = &pool.manager().streams;
    of - streams.lock().expect("no panic in here").len()
}

/// A reply as text: a failure shows it, and nobody reads numbers.
fn in_words(outcome: Result<Vec<u8>, CallError>) -> Result<String, CallError> {
    outcome.map(|reply| String::from_utf8_lossy(&reply).into_owned())
}

/// A call that must end with [`CallError::Lost`].
fn lost<M>(lab: &Lab, pool: &Pool<M>, request: Request<'_>) -> Lost
where
    M: Manager<Error = io::Error>,
    M::Conn: Read + Write,
{
    let name = String::from_utf8_lossy(request.payload).into_owned();
    let call = || in_words(call(pool, request));
    match lab.err(&format!("call(pool, {name})"), call) {
        CallError::Lost(lost) => lost,
        other => lab.fails("CallError::Lost", format!("{other:?}")),
    }
}

fn calling(
    lab: &Lab,
    pool: &Pool<TcpManager>,
    request: Request<'static>,
) -> Running<Result<Vec<u8>, CallError>> {
    let name = String::from_utf8_lossy(request.payload).into_owned();
    let pool = pool.clone();
    lab.student(&format!("call(pool, {name})"), move || call(&pool, request))
}

/// A call that makes the pool's connection and leaves it idle. Gives the server's end.
fn first_call_goes_well(lab: &Lab, pool: &Pool<TcpManager>, server: &TcpServer) -> TcpPeer {
    let first = calling(lab, pool, READ);
    let peer = server.accepts();
    peer.expects(&frame(READ.payload));
    peer.sends(&frame(b"page 7"));
    lab.same_bytes("the reply", &first.returns_ok(), b"page 7");
    peer
}

#[test]
fn s7_exchange_speaks_frames() {
    netlab::lab(|lab| {
        lab.why("A frame is the payload's length as four bytes, high byte first, and the payload. A stream may give it one byte at a time, and a signal may interrupt it.");
        let mut reply = frame(b"hello back");
        reply.extend_from_slice(b"next");
        let mut stream = OneByte(Interrupting::new(Tape::new([bytes(&reply)])));
        let outcome = lab.you("exchange(stream, hello)", || {
            exchange(&mut stream, b"hello")
        });
        let got = match outcome {
            Ok(got) => got,
            Err(lost) => {
                let why = match lost.received > 14 {
                    true => {
                        "The whole reply had come, and the exchange read on. Interrupted means that one call took nothing. What came before it stays: go on behind it."
                    }
                    false => {
                        "The stream gives a byte at a time, and a signal interrupts every other call. Neither is the end: call again until all bytes are there."
                    }
                };
                lab.because(why).fails(
                    "your exchange(stream, hello) to succeed",
                    format!("{lost:?}"),
                )
            }
        };
        lab.same_bytes("the reply", &got, b"hello back");
        let tape = &mut stream.0.inner;
        lab.same_bytes("bytes on the wire", &tape.written, b"\0\0\0\x05hello");
        lab.why("The bytes after the reply are not yours. They must stay in the stream, where the pool's check can see them.");
        let mut rest = Vec::new();
        tape.read_to_end(&mut rest).expect("a tape reads");
        lab.same_bytes("what is left", &rest, b"next");

        lab.why("An empty reply is a reply.");
        let mut stream = Tape::new([bytes(&frame(b""))]);
        let got = lab.ok("exchange(stream, nothing)", || exchange(&mut stream, b""));
        lab.same_bytes("the reply", &got, b"");
        lab.same_bytes("bytes on the wire", &stream.written, b"\0\0\0\0");
    });
}

#[test]
fn s7_no_byte_too_many_is_read() {
    netlab::lab(|lab| {
        lab.why("Header, reply and the bytes behind it may come in one segment. A buffer of your own (BufReader) takes all of them, and is dropped with the bytes that it has read: then the pool cannot see that the connection is dirty.");
        let mut all = frame(b"hello back");
        all.extend_from_slice(b"next");
        let mut stream = Tape::new([bytes(&all)]);
        let got = lab.ok("exchange(stream, hello)", || {
            exchange(&mut stream, b"hello")
        });
        lab.same_bytes("the reply", &got, b"hello back");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("a tape reads");
        lab.same_bytes("what is left in the stream", &rest, b"next");
    });
}

#[test]
fn s7_request_leaves_in_one_write() {
    netlab::lab(|lab| {
        lab.why("Without TCP_NODELAY, two small writes are slowed down by Nagle's algorithm and delayed ACKs (chapter 02). One write never is. If the stream takes all bytes in one write, send them in one write, whatever the length.");
        for len in [5, 5000, 100_000] {
            let mut stream = Tape::new(reply(b"good"));
            lab.ok(&format!("exchange(stream, {len} bytes)"), || {
                exchange(&mut stream, &vec![b'x'; len])
            });
            lab.same("writes", stream.writes, 1);
        }
    });
}

/// A buffer before a [`Tape`]: what is written reaches it with the next flush.
struct Buffered {
    tape: Tape,
    written: Vec<u8>,
    /// How much it takes at a time.
    takes: usize,
    /// How many bytes lay in it at each flush.
    flushed: Vec<usize>,
    /// What the flushes have sent before the first read.
    sent_before_read: Option<Vec<u8>>,
}

impl Read for Buffered {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let sent = &self.tape.written;
        self.sent_before_read.get_or_insert_with(|| sent.clone());
        self.tape.read(buf)
    }
}

impl Write for Buffered {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = buf.len().min(self.takes);
        self.written.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed.push(self.written.len());
        self.tape.write_all(&self.written)?;
        self.written.clear();
        self.tape.flush()
    }
}

#[test]
fn s7_the_request_is_flushed() {
    netlab::lab(|lab| {
        lab.why("There may be a buffer between you and the network (BufWriter, TLS). flush makes it send the bytes written before: write first, then flush, and then read.");
        for payload in [&b"hello"[..], b""] {
            for takes in [usize::MAX, 2] {
                let mut stream = Buffered {
                    tape: Tape::new(reply(b"good")),
                    written: Vec::new(),
                    takes,
                    flushed: Vec::new(),
                    sent_before_read: None,
                };
                let words = match takes {
                    2 => "a stream with a buffer, which takes 2 bytes a write",
                    _ => "a stream with a buffer",
                };
                lab.ok(
                    &format!("exchange({words}, {} bytes)", payload.len()),
                    || exchange(&mut stream, payload),
                );
                let sent = stream.sent_before_read.unwrap_or_default();
                lab.same_bytes(
                    "bytes that have left the buffer before the first read",
                    &sent,
                    &frame(payload),
                );
                lab.because("flush comes when the whole request is written. A flush after each piece sends each piece as a segment of its own.")
                    .same("bytes in the buffer at the first flush", stream.flushed[0], sent.len());
            }
        }
    });
}

#[test]
fn s7_errors_are_told() {
    netlab::lab(|lab| {
        let kind_of = |call: &str, stream: &mut Scripted| {
            let lost = lab.err(call, || exchange(stream, b"hello"));
            (lost.cause.kind(), lost.received)
        };
        lab.why("write returned Ok(0): the stream takes nothing more, and the next write would say the same. write_all calls this WriteZero; a loop of your own has to notice it.");
        let mut full = Scripted::new(Tape::new(reply(b"good")).taking(0));
        lab.same(
            "kind of the cause, bytes received",
            kind_of("exchange(a stream that takes 0 bytes a write)", &mut full),
            (ErrorKind::WriteZero, 0),
        );
        for room in [2, 4, 6] {
            let mut fills = Scripted::new(Tape::new(reply(b"good")));
            fills.room = room;
            let call = format!("exchange(a stream that takes {room} bytes, and then none)");
            lab.same(
                "kind of the cause, bytes received",
                kind_of(&call, &mut fills),
                (ErrorKind::WriteZero, 0),
            );
        }

        lab.why("An error of write or of flush is the end of this exchange: nothing of the request may have left, and a reply may never come. Interrupted alone is a reason to call again.");
        for (place, fails) in FAULTS {
            for kind in [
                ErrorKind::BrokenPipe,
                ErrorKind::ConnectionReset,
                ErrorKind::WouldBlock,
                ErrorKind::TimedOut,
                ErrorKind::Other,
            ] {
                let mut broken = Scripted::new(Tape::new(reply(b"good")));
                fails(&mut broken, kind);
                let call = format!("exchange(a stream whose {place} answers {kind:?}, once)");
                lab.same(
                    "kind of the cause, bytes received",
                    kind_of(&call, &mut broken),
                    (kind, 0),
                );
            }
        }

        lab.why("The cause is the stream's own error, and not a new one of the same kind: its words, or its number, say what happened.");
        for (place, fails) in [WRITE, FLUSH, READ_REPLY] {
            let mut broken = Scripted::new(Tape::new(reply(b"good")));
            fails(&mut broken, ErrorKind::Other);
            let call = format!("exchange(a stream whose {place} answers {WORDS:?})");
            let lost = lab.err(&call, || exchange(&mut broken, b"hello"));
            let said = lost.cause.to_string();
            lab.holds(
                said.contains(WORDS),
                format!("a cause that says {WORDS:?}"),
                format!("{said:?}"),
            );
        }

        lab.why(
            "`received` says how much of the reply had come, whether the stream ended or failed.",
        );
        for kind in [ErrorKind::ConnectionReset, ErrorKind::TimedOut] {
            for n in [0, 2, 4, 6] {
                let came = &frame(b"hello")[..n];
                let mut script = vec![Play::Error(kind)];
                if n > 0 {
                    script.insert(0, bytes(came));
                }
                let mut dies = Scripted::new(Tape::new(script));
                let call = format!("exchange(a stream with {n} bytes of a reply, then {kind:?})");
                lab.same(
                    "kind of the cause, bytes received",
                    kind_of(&call, &mut dies),
                    (kind, n),
                );
            }
        }
    });
}

#[test]
fn s7_a_long_request_is_sent() {
    netlab::lab(|lab| {
        lab.why("MAX_REPLY limits what a peer may announce. A request of your own user is limited only by the four bytes of the length.");
        for (len, header) in [(1 << 20, [0, 0x10, 0, 1]), (1 << 24, [1, 0, 0, 1])] {
            let long = vec![b'x'; len + 1];
            let mut stream = Tape::new(reply(b"good"));
            let call = format!("exchange(stream, {} MiB and a byte)", len >> 20);
            let got = lab.ok(&call, || exchange(&mut stream, &long));
            lab.same_bytes("the reply", &got, b"good");
            lab.same("bytes on the wire", stream.written.len(), 4 + long.len());
            lab.same_bytes("the header", &stream.written[..4], &header);
        }
    });
}

#[test]
fn s7_exchange_counts_what_came() {
    netlab::lab(|lab| {
        lab.why("Whether a reply had begun decides whether the request may be repeated. So count every byte, those of the header too.");
        let reply = frame(b"hello");
        for n in 0..reply.len() {
            let mut stream = OneByte(Tape::new([bytes(&reply[..n])]));
            let call = format!("exchange(a stream that ends after {n} bytes)");
            let lost = lab.err(&call, || exchange(&mut stream, b"?"));
            lab.same("received", lost.received, n);
            let why = "read gave 0: the stream has ended before the reply did. That is UnexpectedEof, with no byte of a reply as with some.";
            kind_is(lab, &lost, ErrorKind::UnexpectedEof, why);
        }
    });
}

#[test]
fn s7_a_huge_reply_is_not_believed() {
    netlab::lab(|lab| {
        lab.why(
            "A stranger sent this length. If you believe it, four bytes cost you 4 GiB of memory.",
        );
        for (len, fine) in [(1 << 20, true), ((1 << 20) + 1, false), (u32::MAX, false)] {
            let mut script = vec![bytes(&len.to_be_bytes())];
            match fine {
                true => script.push(bytes(&vec![b'x'; 1 << 20])),
                // In the same segment: one read could take both.
                false => script = vec![bytes(&[&len.to_be_bytes(), &b"behind"[..]].concat())],
            }
            let mut stream = Tape::new(script);
            let call = format!("exchange(a reply that announces {len} bytes)");
            let outcome = lab.you(&call, || exchange(&mut stream, b"?"));
            match outcome {
                Ok(reply) => lab.same("length of the reply", (reply.len(), fine), (1 << 20, true)),
                Err(lost) => {
                    lab.because(
                        "A reply of MAX_REPLY bytes is allowed, and one of a byte more is not.",
                    )
                    .same("refused", fine, false);
                    let why = "The stream works, but what it says makes no sense: InvalidData.";
                    kind_is(lab, &lost, ErrorKind::InvalidData, why);
                    lab.because("`received` counts all bytes of a reply that came: the four of its header, too.")
                        .same("received: the header", lost.received, 4);
                    let mut rest = Vec::new();
                    stream.read_to_end(&mut rest).expect("a tape reads");
                    lab.because("Nothing of such a reply is read. Ask read for the four bytes of the header, look at them, and stop.")
                        .same_bytes("what is left in the stream", &rest, b"behind");
                }
            }
        }
    });
}

#[test]
fn s7_good_connections_go_back() {
    netlab::lab(|lab| {
        lab.why("Five calls, one connection: that is what the pool is for.");
        let server = lab.tcp_server("server");
        let pool = tcp_pool(server.addr());
        let peer = first_call_goes_well(lab, &pool, &server);
        for _ in 0..4 {
            let calls = calling(lab, &pool, READ);
            peer.expects(&frame(READ.payload));
            peer.sends(&frame(b"page 7"));
            lab.same_bytes("the reply", &calls.returns_ok(), b"page 7");
        }
        lab.same("connections made", pool.manager().made(), 1);
        state_is(lab, "in the end", &pool, (1, 0, 0));

        lab.why("An empty reply is a reply, and an empty request a request. The exchange went well, so the connection goes back.");
        let pool = used_pool(lab, [reply(b""), reply(b"")].concat(), vec![]);
        for request in [READ, ORDER] {
            let request = Request {
                payload: b"",
                ..request
            };
            let reply = lab.ok("call(pool, nothing)", || in_words(call(&pool, request)));
            lab.same("the reply", reply.as_str(), "");
            state_is(lab, "after it", &pool, (1, 0, 0));
        }
    });
}

#[test]
fn s7_a_call_waits_for_its_turn() {
    netlab::lab(|lab| {
        lab.why("All connections are in use, so the call waits for its turn, as get does. Then an idle connection is there, and it is good: a new one is for the second attempt.");
        for request in [READ, ORDER] {
            let pool = scripted_pool(lab, 1, vec![reply(b"page 7"), reply(b"again")]);
            let lease = get(lab, &pool);
            let name = String::from_utf8_lossy(request.payload).into_owned();
            let caller = pool.clone();
            let waits = lab.student(
                &format!("call(pool, {name}), in another thread"),
                move || in_words(call(&caller, request)),
            );
            lab.until("a thread to wait", || pool.state().waiting, |&n| n == 1);
            lab.you("lease ends: drop(lease)", || drop(lease));
            lab.same("the reply", waits.returns_ok().as_str(), "page 7");
            lab.same("connections made", made(&pool, 2), 1);
            state_is(lab, "in the end", &pool, (1, 0, 0));
        }
    });
}

#[test]
fn s7_stale_read_is_retried_once() {
    netlab::lab(|lab| {
        lab.why("The server closed just as the request left. The check could not see it. Reading a page twice does no harm, so try again, over a fresh connection.");
        lab.if_stuck(HOLDS);
        let server = lab.tcp_server("server");
        let pool = tcp_pool(server.addr());
        let peer = first_call_goes_well(lab, &pool, &server);

        let second = calling(lab, &pool, READ);
        peer.expects(&frame(READ.payload));
        peer.closes();
        let peer = server.accepts();
        peer.expects(&frame(READ.payload));
        peer.sends(&frame(b"page 7 again"));
        lab.same_bytes("the reply", &second.returns_ok(), b"page 7 again");
        lab.same("connections made", pool.manager().made(), 2);
        lab.because("The second attempt uses a connection of the pool, too: it counts for the limit, and goes back when all is well.")
            .same("idle connections", pool.state().idle, 1);
        lab.picture("05-stale-read");
    });
}

#[test]
fn s7_an_order_is_not_sent_twice() {
    netlab::lab(|lab| {
        lab.why("The client cannot know whether the server took the order before it closed. A second order may be placed twice (RFC 9110 §9.2.2). Say \"lost\" and let the user decide.");
        let server = lab.tcp_server("server");
        let pool = tcp_pool(server.addr());
        let peer = first_call_goes_well(lab, &pool, &server);

        let second = calling(lab, &pool, ORDER);
        peer.expects(&frame(ORDER.payload));
        peer.closes();
        // A second attempt would connect, and wait for a reply that never comes.
        lab.until(
            "call(pool, order 1 book) to end without another connection",
            || (pool.state().in_use, pool.manager().made()),
            |&(in_use, made)| in_use == 0 || made > 1,
        );
        lab.same("connections made", pool.manager().made(), 1);
        match second.returns() {
            Err(CallError::Lost(lost)) => {
                lab.note("the user hears CallError::Lost");
                lab.same("received", lost.received, 0);
            }
            other => lab.fails("CallError::Lost", format!("{:?}", in_words(other))),
        }
        state_is(lab, "in the end", &pool, (0, 0, 0));
        lab.picture("05-order");
    });
}

#[test]
fn s7_no_retry_after_response_bytes() {
    netlab::lab(|lab| {
        lab.why("The first byte of a reply shows that the request was served. A retry after that serves it twice.");
        let end = vec![];
        let reset = vec![Play::Error(ErrorKind::ConnectionReset)];
        for how in [end, reset] {
            let half = [vec![bytes(&frame(b"page 7")[..2])], how].concat();
            let pool = used_pool(lab, half, vec![reply(b"again")]);
            let lost = lost(lab, &pool, READ);
            lab.same("received", lost.received, 2);
            lab.same("connections made", made(&pool, 2), 1);
            state_is(lab, "in the end", &pool, (0, 0, 0));
        }
    });
}

#[test]
fn s7_fresh_connection_is_not_retried() {
    netlab::lab(|lab| {
        lab.why("A fresh connection that ends was not stale: the server had another reason to close it, and will have it again.");
        let is_lost = |pool: Pool<Scripts>| {
            let lost = lost(lab, &pool, READ);
            lab.same("received", lost.received, 0);
            lab.same("connections made", made(&pool, 2), 1);
            state_is(lab, "in the end", &pool, (0, 0, 0));
        };
        for how in ways_to_die() {
            is_lost(scripted_pool(lab, 1, vec![how, reply(b"again")]));
        }
        for (place, fails) in FAULTS {
            for kind in ENDED {
                let pool = scripted_pool(lab, 1, vec![vec![], reply(b"again")]);
                lab.note(format!("{place} of connection #1 answers {kind:?}"));
                let mut streams = pool.manager().streams.lock().expect("no panic in here");
                fails(&mut streams[0].inner, kind);
                drop(streams);
                is_lost(pool);
            }
        }

        lab.why("An idle connection was there before the call. But it was too old, so the call got a fresh one. Ask the lease, not the pool.");
        let config = Config {
            max: 1,
            wait: FOR_EVER,
            limits: Limits {
                max_idle: Some(Duration::ZERO),
                max_age: None,
            },
        };
        let streams = [reply(b"good"), vec![], reply(b"again")]
            .map(|script| Interrupting::new(Scripted::new(Tape::new(script))));
        let scripts = Scripts {
            streams: Mutex::new(streams.into()),
            attempts: AtomicUsize::new(0),
            sent: Arc::default(),
        };
        let pool = Pool::new(scripts, config);
        lab.note("a pool that keeps no idle connection; connection #2 ends");
        lab.ok("call(pool, read page 7)", || in_words(call(&pool, READ)));
        lab.same("idle connections", pool.state().idle, 1);
        lost(lab, &pool, READ);
        lab.same("connections made", made(&pool, 3), 2);
    });
}

/// The errors of a connection that has ended.
const ENDED: [ErrorKind; 4] = [
    ErrorKind::UnexpectedEof,
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::BrokenPipe,
];

/// All that a read says of a connection that has ended.
fn ways_to_die() -> Vec<Vec<Play>> {
    let errors = ENDED.map(|kind| vec![Play::Error(kind)]);
    [vec![vec![]], errors.to_vec()].concat()
}

#[test]
fn s7_an_order_is_lost_whatever_the_error() {
    netlab::lab(|lab| {
        lab.why("A reset or a broken pipe says that the connection is dead. It does not say how much of the order had arrived before, or what the server did with it. Only an idempotent request may go out twice.");
        let is_lost = |pool: Pool<Scripts>| {
            let lost = lost(lab, &pool, ORDER);
            lab.same("received", lost.received, 0);
            lab.same("connections made", made(&pool, 2), 1);
            state_is(lab, "in the end", &pool, (0, 0, 0));
        };
        for how in ways_to_die() {
            is_lost(used_pool(lab, how, vec![reply(b"again")]));
        }
        for (place, fails) in FAULTS {
            for kind in ENDED {
                let pool = used_pool(lab, vec![], vec![reply(b"again")]);
                lab.note(format!("{place} answers {kind:?}"));
                will_fail(lab, &pool, |stream| fails(stream, kind));
                is_lost(pool);
            }
        }
    });
}

#[test]
fn s7_reset_and_broken_pipe_are_stale_too() {
    netlab::lab(|lab| {
        lab.why("The end of a connection is told in several ways: the end of the stream, a reset (which Windows may call an abort), and a broken pipe when the request is written. In all of them no reply had begun.");
        for how in ways_to_die() {
            let call_name = format!("call(pool, read page 7); the connection {}", plot(&how));
            let pool = used_pool(lab, how, vec![reply(b"again")]);
            is_repeated(lab, &pool, &call_name);
        }
        for (place, fails) in FAULTS {
            for kind in ENDED {
                let call_name = format!("call(pool, read page 7); {place} answers {kind:?}");
                let pool = used_pool(lab, vec![], vec![reply(b"again")]);
                will_fail(lab, &pool, |stream| fails(stream, kind));
                is_repeated(lab, &pool, &call_name);
            }
        }
    });
}

/// Demands that a call is answered at its second attempt.
fn is_repeated(lab: &Lab, pool: &Pool<Scripts>, call_name: &str) {
    let reply = lab.ok(call_name, || call(pool, READ));
    lab.same_bytes("the reply", &reply, b"again");
    let lab = lab.because("Both attempts use connections of the pool. The second one went well, so it goes back to the pool, too.");
    state_is(&lab, "in the end", pool, (1, 0, 0));
}

/// Prepares the idle connection for a fault.
fn will_fail(lab: &Lab, pool: &Pool<Scripts>, fails: impl Fn(&mut Scripted)) {
    let mut lease = get(lab, pool);
    fails(&mut lease.inner);
    lab.you("lease ends: drop(lease)", || drop(lease));
}

#[test]
fn s7_other_errors_are_not_retried() {
    netlab::lab(|lab| {
        lab.why("Try again only when the connection has ended. After any other error it may be alive, and the request may have been served.");
        let is_lost = |pool: Pool<Scripts>, kind| {
            let lost = lost(lab, &pool, READ);
            kind_is(lab, &lost, kind, AS_IT_IS);
            lab.same("connections made", made(&pool, 2), 1);
            let lab = lab.because("A connection on which an exchange failed is in the middle of something. It does not go back.");
            state_is(&lab, "in the end", &pool, (0, 0, 0));
        };
        for kind in [
            ErrorKind::Other,
            ErrorKind::InvalidData,
            ErrorKind::HostUnreachable,
            ErrorKind::NetworkUnreachable,
            ErrorKind::NetworkDown,
            ErrorKind::ConnectionRefused,
            ErrorKind::NotConnected,
            ErrorKind::WriteZero,
            ErrorKind::TimedOut,
            ErrorKind::WouldBlock,
        ] {
            is_lost(
                used_pool(lab, vec![Play::Error(kind)], vec![reply(b"again")]),
                kind,
            );
            for (place, fails) in FAULTS {
                let pool = used_pool(lab, reply(b"late"), vec![reply(b"again")]);
                lab.note(format!("{place} answers {kind:?}"));
                will_fail(lab, &pool, |stream| fails(stream, kind));
                is_lost(pool, kind);
            }
        }
        let pool = used_pool(lab, vec![], vec![reply(b"again")]);
        lab.note("the idle connection takes 0 bytes a write");
        will_fail(lab, &pool, |stream| stream.tape = Tape::new([]).taking(0));
        is_lost(pool, ErrorKind::WriteZero);

        lab.why("A signal has interrupted the flush. Call flush again, or report it, as you like: the connection has not ended, so no second one is needed.");
        let pool = used_pool(lab, reply(b"late"), vec![reply(b"again")]);
        lab.note("flush answers Interrupted, once");
        will_fail(lab, &pool, |stream| {
            stream.flush = Some(ErrorKind::Interrupted)
        });
        let _ = lab.you("call(pool, read page 7)", || call(&pool, READ));
        lab.same("connections made", made(&pool, 2), 1);
    });
}

#[test]
fn s7_a_time_out_is_not_retried() {
    netlab::lab(|lab| {
        lab.why("A time-out does not say that the connection died. The server may be slow, and a second request makes it slower. Linux calls a time-out of read WouldBlock, Windows TimedOut.");
        for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut] {
            let slow = vec![Play::Error(kind)];
            let pool = used_pool(lab, slow, vec![reply(b"again")]);
            let lost = lost(lab, &pool, READ);
            kind_is(lab, &lost, kind, AS_IT_IS);
            lab.same("connections made", made(&pool, 2), 1);

            lab.why("The late reply may still come. On a connection that went back to the pool, the next user would get it.");
            state_is(lab, "after the time-out", &pool, (0, 0, 0));
        }
    });
}

#[test]
fn s7_retry_goes_over_a_fresh_connection() {
    netlab::lab(|lab| {
        lab.why("The server restarted: every idle connection is as dead as the first. There is one more attempt: make it on a fresh connection.");
        let pool = scripted_pool(lab, 3, vec![vec![], vec![], vec![], reply(b"page 7")]);
        prewarmed(lab, &pool, 3);
        let reply = lab.ok("call(pool, read page 7)", || call(&pool, READ));
        lab.same_bytes("the reply", &reply, b"page 7");
        lab.same("connections made", made(&pool, 4), 4);
        let sent = pool.manager().sent.load(SeqCst);
        lab.because("The request goes out twice at most: over an idle connection, and over a fresh one. The other idle ones are not tried.")
            .same("requests sent", sent, 2);
        let idle = pool.state().idle;
        lab.because("One connection has failed, and get_fresh may close one idle one to make room. Leave the rest to the pool: it checks them when a user needs them.")
            .holds(idle >= 2, "two idle connections at least", format!("{idle} idle"));
    });
}

#[test]
fn s7_second_failure_is_final() {
    netlab::lab(|lab| {
        lab.why("One retry (RFC 9110 §9.2.2: a client should not repeat a failed repetition). A third request does not help a server that hangs up on every client.");
        let time_out = vec![Play::Error(ErrorKind::TimedOut)];
        for second in [ways_to_die(), vec![time_out]].concat() {
            let pool = used_pool(lab, vec![], vec![second, reply(b"third")]);
            let lost = lost(lab, &pool, READ);
            lab.same("received", lost.received, 0);
            lab.same("connections made", made(&pool, 3), 2);
            state_is(lab, "in the end", &pool, (0, 0, 0));
        }
    });
}

#[test]
fn s7_the_last_failure_is_told() {
    netlab::lab(|lab| {
        lab.why("Two attempts have two failures. The second is the newer one: here a reply had begun, and with it the request was served.");
        let half = vec![bytes(&frame(b"page 7")[..2])];
        let pool = used_pool(lab, vec![], vec![half]);
        let lost = lost(lab, &pool, READ);
        lab.same("received, at the second attempt", lost.received, 2);

        lab.why("The second attempt needs a connection, and there is none. That is the last failure, and it is the pool's error.");
        let pool = used_pool(lab, vec![], vec![]);
        let error = lab.err("call(pool, read page 7)", || in_words(call(&pool, READ)));
        lab.holds(
            matches!(error, CallError::Pool(PoolError::Connect(_))),
            "CallError::Pool(Connect(…))",
            format!("{error:?}"),
        );

        lab.why("One more attempt is one more connect, also when it fails.");
        let attempts = pool.manager().attempts.load(SeqCst);
        lab.same("calls of connect", attempts, 2);
        state_is(lab, "in the end", &pool, (0, 0, 0));

        lab.why("The pool was closed while the first attempt was under way, so there is no connection for the second. That is the last failure, and it is the pool's error.");
        let pool = used_pool(lab, vec![], vec![reply(b"again")]);
        lab.note("the pool is closed while connection #1 is read");
        will_fail(lab, &pool, |stream| {
            let pool = pool.clone();
            stream.meanwhile = Some(Box::new(move || pool.close()));
        });
        let error = lab.err("call(pool, read page 7)", || in_words(call(&pool, READ)));
        lab.holds(
            matches!(error, CallError::Pool(PoolError::Closed)),
            "CallError::Pool(Closed)",
            format!("{error:?}"),
        );
    });
}

#[test]
fn s7_a_reply_that_makes_no_sense_goes_with_its_connection() {
    netlab::lab(|lab| {
        lab.why("The header was read and the reply was not. The next user would take the rest for theirs, so the connection goes, whatever the error was.");
        let huge = vec![bytes(&(MAX_REPLY + 1).to_be_bytes())];
        let pool = used_pool(lab, huge, vec![]);
        let lost = lost(lab, &pool, READ);
        let why = "The stream works, but what it says makes no sense: InvalidData.";
        kind_is(lab, &lost, ErrorKind::InvalidData, why);
        state_is(lab, "after the failure", &pool, (0, 0, 0));
    });
}

#[test]
fn s7_no_connection_is_the_pools_error() {
    netlab::lab(|lab| {
        for request in [ORDER, READ] {
            lab.why("\"No connection\" means that nothing was sent: a user may safely try again. \"Lost\" means that the request may have been served or not.");
            let pool = scripted_pool(lab, 1, vec![]);
            let name = String::from_utf8_lossy(request.payload);
            let error = lab.err(&format!("call(pool, {name})"), || {
                in_words(call(&pool, request))
            });
            let words = error.to_string();
            lab.because("The error is shown to a person.").holds(
                !words.is_empty(),
                "words for a person",
                "an empty text",
            );
            match error {
                CallError::Pool(PoolError::Connect(error)) => lab
                    .because("The manager's own error says why there is no connection.")
                    .same(
                        "kind of the error",
                        error.kind(),
                        ErrorKind::ConnectionRefused,
                    ),
                other => lab.fails("CallError::Pool(Connect(…))", format!("{other:?}")),
            }
            let attempts = pool.manager().attempts.load(SeqCst);
            lab.because("A call is repeated when a reused connection died. A connect that failed is another case: it is reported at once, and not repeated.")
                .same("calls of connect", attempts, 1);
        }

        lab.why("No place comes free, and the wait is over. No connection has died: there is nothing to repeat, and the time is spent.");
        let wait = Duration::from_millis(10);
        let config = Config {
            max: 0,
            wait,
            limits: Limits::default(),
        };
        let pool = Pool::new(TcpManager::new(lab.refused().addr(), FOR_EVER), config);
        lab.note("a pool without a place, whose wait is 10 ms");
        let error = lab.err("call(pool, read page 7)", || in_words(call(&pool, READ)));
        lab.holds(
            matches!(error, CallError::Pool(PoolError::Timeout { .. })),
            "CallError::Pool(Timeout)",
            format!("{error:?}"),
        );
        waits_once(lab, "call(pool, read page 7)", wait, || {
            drop(call(&pool, READ));
        });
    });
}

#[test]
#[cfg(target_pointer_width = "64")]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, where a shell limits a program's memory"
)]
fn s7_a_length_of_more_than_four_bytes() {
    netlab::lab(|lab| {
        // The pages are not touched, so they cost nothing.
        if Vec::<u8>::new().try_reserve_exact((1 << 32) + 5).is_err() {
            lab.skip("this machine gives no program 4 GiB of memory");
        }
        lab.ok("exchange(stream, hello)", || {
            exchange(&mut Tape::new(reply(b"good")), b"hello")
        });
        lab.why("The length has four bytes, and 4 294 967 301 does not fit in. Cut to four bytes it is 5, and the server takes the rest for other requests. Look at the length first (u32::try_from), and write nothing: the copy of such a payload alone takes 4 GiB.");
        let end = lab.elsewhere("ulimit -v 6000000", || {
            let payload = vec![0; (1 << 32) + 5];
            let mut stream = Tape::new(reply(b"good"));
            let lost = exchange(&mut stream, &payload).map_err(|lost| lost.cause.kind());
            println!("\nexchange: {lost:?}, calls of write: {}", stream.writes);
            let pool = used_pool(lab, reply(b"again"), vec![]);
            let request = Request {
                payload: &payload,
                idempotent: true,
            };
            let is_lost = matches!(call(&pool, request), Err(CallError::Lost(_)));
            println!("call: lost: {is_lost}, idle: {}", pool.state().idle);
        });
        let said = |begin: &str| {
            let line = end.stdout.lines().find_map(|line| line.strip_prefix(begin));
            let end = || format!("the program ended, and said: {}", end.stderr.trim());
            line.map_or_else(end, str::to_owned)
        };
        lab.same(
            "exchange(stream, 4294967301 bytes)",
            said("exchange: ").as_str(),
            "Err(InvalidInput), calls of write: 0",
        );
        lab.because("A connection on which an exchange failed is never given back, whatever the reason was: one rule, without exceptions.")
            .same(
                "call(pool, 4294967301 bytes)",
                said("call: ").as_str(),
                "lost: true, idle: 0",
            );
    });
}
