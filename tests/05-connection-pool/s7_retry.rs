use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use connection_pool::{
    CallError, Config, Limits, Lost, MAX_REPLY, Manager, Pool, PoolError, Request, TcpManager,
    call, exchange,
};
use netlab::io::{Interrupting, OneByte, Play, Tape};
use netlab::{Lab, Running, TcpPeer, TcpServer};

use super::FOR_EVER;
use super::fake::{get, state_is};
use super::frames::frame;

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
}

type Stream = Interrupting<Scripted>;

/// A [`Tape`] whose writes may fail.
struct Scripted {
    tape: Tape,
    write: Option<ErrorKind>,
}

impl Read for Scripted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.tape.read(buf)
    }
}

impl Write for Scripted {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.write {
            Some(kind) => Err(kind.into()),
            None => self.tape.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tape.flush()
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

/// A connection that plays this and then ends.
fn plays(script: impl IntoIterator<Item = Play>) -> Stream {
    Interrupting::new(Scripted {
        tape: Tape::new(script),
        write: None,
    })
}

fn bytes(bytes: &[u8]) -> Play {
    Play::Bytes(bytes.to_vec())
}

fn scripted_pool(max: usize, streams: impl IntoIterator<Item = Stream>) -> Pool<Scripts> {
    let scripts = Scripts {
        streams: Mutex::new(streams.into_iter().collect()),
        attempts: AtomicUsize::new(0),
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

/// A pool with one idle connection, whose first exchange went well. The rest of `script` follows.
fn used_pool(lab: &Lab, script: Vec<Play>, others: Vec<Stream>) -> Pool<Scripts> {
    let mut first = vec![bytes(&frame(b"good"))];
    first.extend(script);
    let pool = scripted_pool(1, std::iter::once(plays(first)).chain(others));
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
        let got = lab.ok("exchange(stream, hello)", || {
            exchange(&mut stream, b"hello")
        });
        lab.same_bytes("the reply", &got, b"hello back");
        let tape = &mut stream.0.inner;
        lab.same_bytes("bytes on the wire", &tape.written, b"\0\0\0\x05hello");
        lab.why("Somebody may put a buffer between you and the network. flush is the word that makes it send.");
        lab.same("flushed", tape.flushes > 0, true);

        lab.why("What follows the reply is not yours. It must stay in the stream, where the pool's check can see it.");
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
        lab.why("Header, reply and the bytes behind it may come in one segment. A buffer of your own (BufReader) takes all of them, and is dropped with what it has read: then nobody sees that the connection is dirty.");
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
        lab.why("Two small writes meet Nagle's algorithm and delayed ACKs wherever somebody forgot TCP_NODELAY (chapter 02). One write never does.");
        let mut stream = Tape::new([bytes(&frame(b"good"))]);
        lab.ok("exchange(stream, hello)", || {
            exchange(&mut stream, b"hello")
        });
        lab.same("writes", stream.writes, 1);
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
            lab.same(
                "kind of the cause",
                lost.cause.kind(),
                ErrorKind::UnexpectedEof,
            );
        }
    });
}

#[test]
fn s7_a_huge_reply_is_not_believed() {
    netlab::lab(|lab| {
        lab.why("The length is a stranger's word. Believed, four bytes cost you 4 GiB.");
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
                    lab.same("refused", fine, false);
                    lab.same(
                        "kind of the cause",
                        lost.cause.kind(),
                        ErrorKind::InvalidData,
                    );
                    lab.same("received: the header", lost.received, 4);
                    let mut rest = Vec::new();
                    stream.read_to_end(&mut rest).expect("a tape reads");
                    lab.same_bytes("what is left in the stream", &rest, b"behind");
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
    });
}

#[test]
fn s7_stale_read_is_retried_once() {
    netlab::lab(|lab| {
        lab.why("The server closed just as the request left. The check could not see it. To read twice is to read once, so the user need not hear of it.");
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
        lab.picture("05-stale-read");
    });
}

#[test]
fn s7_an_order_is_not_sent_twice() {
    netlab::lab(|lab| {
        lab.why("Nobody knows whether the server took the order before it closed. Sent again, it may be placed twice (RFC 9110 §9.2.2). Say \"lost\" and let the user decide.");
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
        lab.why("The first byte of a reply says: the request was served. From there on a retry is a second service.");
        let half = vec![bytes(&frame(b"page 7")[..2])];
        let pool = used_pool(lab, half, vec![plays([bytes(&frame(b"again"))])]);
        let lost = lost(lab, &pool, READ);
        lab.same("received", lost.received, 2);
        lab.same("connections made", made(&pool, 2), 1);
        state_is(lab, "in the end", &pool, (0, 0, 0));
    });
}

#[test]
fn s7_fresh_connection_is_not_retried() {
    netlab::lab(|lab| {
        lab.why("A fresh connection that ends was not stale: the server has another reason to hang up, and will have it again.");
        let pool = scripted_pool(1, [plays([]), plays([bytes(&frame(b"again"))])]);
        let lost = lost(lab, &pool, READ);
        lab.same("received", lost.received, 0);
        lab.same("connections made", made(&pool, 2), 1);
        state_is(lab, "in the end", &pool, (0, 0, 0));
    });
}

#[test]
fn s7_reset_and_broken_pipe_are_stale_too() {
    netlab::lab(|lab| {
        lab.why("A dead connection has several voices: the end of the stream, a reset (which Windows may call an abort), and a broken pipe when the request is written. In all of them no reply had begun.");
        for kind in [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted] {
            let dead = vec![Play::Error(kind)];
            let pool = used_pool(lab, dead, vec![plays([bytes(&frame(b"again"))])]);
            let reply = lab.ok(
                &format!("call(pool, read page 7), {kind:?} on the way"),
                || call(&pool, READ),
            );
            lab.same_bytes("the reply", &reply, b"again");
        }

        let again = plays([bytes(&frame(b"again"))]);
        let pool = used_pool(lab, vec![], vec![again]);
        let mut lease = get(lab, &pool);
        lease.inner.write = Some(ErrorKind::BrokenPipe);
        lab.you("lease ends: drop(lease)", || drop(lease));
        let reply = lab.ok("call(pool, read page 7), into a broken pipe", || {
            call(&pool, READ)
        });
        lab.same_bytes("the reply", &reply, b"again");
    });
}

#[test]
fn s7_a_time_out_is_not_retried() {
    netlab::lab(|lab| {
        lab.why("A time-out does not say that the connection died. The server may be slow, and a second request makes it slower. Linux calls a time-out of read WouldBlock, Windows TimedOut.");
        for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut] {
            let slow = vec![Play::Error(kind)];
            let pool = used_pool(lab, slow, vec![plays([bytes(&frame(b"again"))])]);
            let lost = lost(lab, &pool, READ);
            lab.same("kind of the cause", lost.cause.kind(), kind);
            lab.same("connections made", made(&pool, 2), 1);

            lab.why("The late reply may still come. On a connection that went back to the pool, the next user would get it.");
            state_is(lab, "after the time-out", &pool, (0, 0, 0));
        }
    });
}

#[test]
fn s7_retry_goes_over_a_fresh_connection() {
    netlab::lab(|lab| {
        lab.why("The server restarted: every idle connection is as dead as the first. With one more attempt to spend, spend it on a fresh one.");
        let dead = || plays([]);
        let pool = scripted_pool(2, [dead(), dead(), plays([bytes(&frame(b"page 7"))])]);
        lab.ok("prewarm(2)", || pool.prewarm(2));
        let reply = lab.ok("call(pool, read page 7)", || call(&pool, READ));
        lab.same_bytes("the reply", &reply, b"page 7");
        lab.same("connections made", made(&pool, 3), 3);
    });
}

#[test]
fn s7_second_failure_is_final() {
    netlab::lab(|lab| {
        lab.why("One retry (RFC 9110 §9.2.2: a client should not repeat a failed repetition). A server that hangs up on everybody is not helped by a third request.");
        let pool = used_pool(
            lab,
            vec![],
            vec![plays([]), plays([bytes(&frame(b"third"))])],
        );
        let lost = lost(lab, &pool, READ);
        lab.same("received", lost.received, 0);
        lab.same("connections made", made(&pool, 3), 2);
        state_is(lab, "in the end", &pool, (0, 0, 0));
    });
}

#[test]
fn s7_the_last_failure_is_told() {
    netlab::lab(|lab| {
        lab.why("Two attempts have two failures. The second is the newer news: here a reply had begun, and with it the request was served.");
        let half = plays([bytes(&frame(b"page 7")[..2])]);
        let pool = used_pool(lab, vec![], vec![half]);
        let lost = lost(lab, &pool, READ);
        lab.same("received, at the second attempt", lost.received, 2);

        lab.why("The second attempt needs a connection, and there is none. That is the last failure, and it is the pool's.");
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
    });
}

#[test]
fn s7_a_reply_that_makes_no_sense_goes_with_its_connection() {
    netlab::lab(|lab| {
        lab.why("The header was read and the reply was not. The next user would take the rest for theirs, so the connection goes, whatever the error was.");
        let huge = vec![bytes(&(MAX_REPLY + 1).to_be_bytes())];
        let pool = used_pool(lab, huge, vec![]);
        let lost = lost(lab, &pool, READ);
        lab.same(
            "kind of the cause",
            lost.cause.kind(),
            ErrorKind::InvalidData,
        );
        state_is(lab, "after the failure", &pool, (0, 0, 0));
    });
}

#[test]
fn s7_no_connection_is_the_pools_error() {
    netlab::lab(|lab| {
        lab.why("\"No connection\" means that nothing was sent: a user may safely try again. \"Lost\" means that nobody knows.");
        let pool = scripted_pool(1, []);
        let error = lab.err("call(pool, order 1 book)", || in_words(call(&pool, ORDER)));
        let words = error.to_string();
        lab.holds(!words.is_empty(), "words for a person", "an empty text");
        match error {
            CallError::Pool(PoolError::Connect(error)) => {
                lab.same(
                    "kind of the error",
                    error.kind(),
                    ErrorKind::ConnectionRefused,
                );
            }
            other => lab.fails("CallError::Pool(Connect(…))", format!("{other:?}")),
        }
    });
}
