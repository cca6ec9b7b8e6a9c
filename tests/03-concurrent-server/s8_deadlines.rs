//! Step 8: no wait lasts for ever.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use concurrent_server::{Clock, Limits, SystemClock, Timed, Waits};
use netlab::{Lab, ManualClock, lab};

use super::scene::{Hand, SOME_NUMBER, listener, locked};

/// Of every scene: no wait over 10 s, no request over 30 s.
const LIMITS: Limits = Limits {
    idle: secs(10),
    total: secs(30),
};

#[test]
fn s8_a_read_waits_as_long_as_idle() {
    lab(|lab| {
        lab.why("A read without a limit waits for as long as the client likes. Tell the stream before each read how long it may wait.");
        let (mut timed, stream) = scene(lab, [after(9, b"hello")]);
        let got = read(lab, &mut timed);
        lab.same("the read", got, Ok(5));
        lab.same("the limit of the read", stream.limits(), vec![secs(10)]);
    });
}

#[test]
fn s8_idle_is_out() {
    lab(|lab| {
        lab.why("Nothing came for as long as one wait may last. Unix calls it WouldBlock, Windows TimedOut; the user of your stream should need to know only one of them.");
        let (mut timed, stream) = scene(lab, [after(100, b"hello")]);
        let got = read(lab, &mut timed);
        lab.same("the read", got, Err(ErrorKind::TimedOut));
        lab.same("the time", stream.clock.now(), secs(10));
    });
}

#[test]
fn s8_busy_is_in() {
    lab(|lab| {
        lab.why("Three pieces, nine seconds apart. No single wait is longer than ten seconds, and all of it takes less than thirty: a slow client, and no hostile one.");
        let (mut timed, _) = scene(
            lab,
            [after(9, b"one"), after(9, b"two"), after(9, b"three")],
        );
        for want in [3, 3, 5] {
            let got = read(lab, &mut timed);
            lab.same("the read", got, Ok(want));
        }
    });
}

#[test]
fn s8_slow_loris_hits_the_total_deadline() {
    lab(|lab| {
        lab.why("One byte a second: each byte comes long before the idle limit, and each renews it. Only a deadline for the whole request ends that. It does not move, whatever comes.");
        let (mut timed, stream) = scene(lab, (0..1000).map(|_| after(1, b"x")));
        let end = loris(lab, &mut timed, &stream);
        lab.same("the end", end, ErrorKind::TimedOut);
        lab.same("the time", stream.clock.now(), secs(30));
    });
}

#[test]
fn s8_the_last_wait_ends_at_the_deadline() {
    lab(|lab| {
        lab.why("After 27 seconds 3 are left. The next read may wait for those, and not for 10: else a request takes as long as its deadline and one more wait.");
        let (mut timed, stream) = scene(
            lab,
            [
                after(9, b"a"),
                after(9, b"b"),
                after(9, b"c"),
                after(9, b"d"),
            ],
        );
        for _ in 0..3 {
            let got = read(lab, &mut timed);
            lab.same("the read", got, Ok(1));
        }
        let got = read(lab, &mut timed);
        lab.same("the read after 27 s", got, Err(ErrorKind::TimedOut));
        let want = vec![secs(10), secs(10), secs(10), secs(3)];
        lab.same("the limits of the reads", stream.limits(), want);
    });
}

#[test]
fn s8_nothing_is_read_after_the_deadline() {
    lab(|lab| {
        lab.why("The handler was busy for a minute, and no time is left. A limit of zero means to a socket \"wait for ever\", and std refuses it as a wrong argument: so there is nothing to ask the stream.");
        for late in [30, 60] {
            let (mut timed, stream) = scene(lab, [after(0, b"hello")]);
            lab.note(format!("{late} s pass"));
            stream.clock.advance(secs(late));
            let got = read(lab, &mut timed);
            lab.same("the read", got, Err(ErrorKind::TimedOut));
            let got = write(lab, &mut timed, b"hello");
            lab.same("the write", got, Err(ErrorKind::TimedOut));
            let got = lab.you("Timed::read, into no room at all", || timed.read(&mut []));
            let got = got.map_err(|error| error.kind());
            lab.same("the empty read", got, Err(ErrorKind::TimedOut));
            lab.same("calls that the stream got", stream.limits(), Vec::new());
        }
    });
}

#[test]
fn s8_time_goes_by_between_two_looks() {
    lab(|lab| {
        lab.why("Here a second passes with each reading of the clock. Code that reads it twice, once to see whether the request is over and once to see the rest, may find nothing left at the second reading, or less: a limit of zero, or an overflow. Look once for each call.");
        for total in 30..36 {
            let limits = Limits {
                idle: secs(10),
                total: secs(total),
            };
            let stream = Slow::new(lab, (0..100).map(|_| after(0, b"x")));
            let call = format!("Timed::new(stream, a clock that runs, {limits:?})");
            let mut timed = lab.you(&call, || {
                Timed::new(stream.clone(), Runs(stream.clock.clone()), limits)
            });
            let end = loris(lab, &mut timed, &stream);
            lab.same("the end", end, ErrorKind::TimedOut);
        }
    });
}

/// A clock on which a second goes by with each look.
struct Runs(ManualClock);

impl Clock for Runs {
    fn now(&self) -> Duration {
        let now = self.0.now();
        self.0.advance(secs(1));
        now
    }
}

#[test]
fn s8_a_call_is_passed_on_whole() {
    lab(|lab| {
        lab.why("One call of yours is one call of the stream, with the whole of the buffer. Return its result, much or nothing.");
        static MUCH: [u8; 100_000] = [b'x'; 100_000];
        let plays = [after(0, &MUCH), Play::Takes(MUCH.len()), Play::Takes(0)];
        let (mut timed, _) = scene(lab, plays);
        let got = lab.you("Timed::read, into 100000 bytes", || {
            timed.read(&mut vec![0; MUCH.len()])
        });
        let got = got.map_err(|error| error.kind());
        lab.same("the read", got, Ok(MUCH.len()));
        let got = write(lab, &mut timed, &MUCH);
        lab.same("the write", got, Ok(MUCH.len()));
        let got = write(lab, &mut timed, b"hello");
        lab.same("a write that takes nothing", got, Ok(0));
    });
}

#[test]
fn s8_a_limit_is_told_as_it_is() {
    lab(|lab| {
        lab.why("Give the stream the limit itself, or the rest until the deadline: neither rounded nor cut to a smaller type. Half a millisecond that is rounded down is zero, and 50 days do not fit into 32 bits of milliseconds.");
        let half = Duration::from_micros(500);
        let long = Duration::from_millis(u64::from(u32::MAX)) + secs(5);
        for (idle, total) in [
            (secs(10), half),
            (half, secs(30)),
            (Duration::new(1, 500_000_001), secs(30)),
            (secs(30), Duration::new(2, 999_999_999)),
            (long, Duration::MAX),
            (Duration::MAX, long),
        ] {
            let limits = Limits { idle, total };
            let (mut timed, stream) = scene_with(lab, limits, [after(0, b"a"), Play::Takes(1)]);
            lab.same("the read", read(lab, &mut timed), Ok(1));
            lab.same("the write", write(lab, &mut timed, b"a"), Ok(1));
            let want = idle.min(total);
            lab.same("the limits", stream.limits(), vec![want, want]);
        }
    });
}

#[test]
fn s8_late_bytes_are_bytes() {
    lab(|lab| {
        lab.why("The bytes came with the last moment of the request, or the machine was busy and gave them to you after it. Return them: they cannot be read again. The next call finds the time over.");
        let limits = Limits {
            idle: secs(60),
            total: secs(30),
        };
        for late in [after(30, b"late"), Play::Late(b"late")] {
            let (mut timed, _) = scene_with(lab, limits, [late, after(0, b"x")]);
            lab.same("the read", read(lab, &mut timed), Ok(4));
            let next = read(lab, &mut timed);
            lab.same("the next read", next, Err(ErrorKind::TimedOut));
        }
        lab.why("As with bytes that came late: what was written late is written. But it does not begin the next request, whose time the caller says.");
        let (mut timed, _) = scene_with(lab, limits, [Play::Late(b"late"), Play::Takes(4)]);
        lab.same("the write", write(lab, &mut timed, b"late"), Ok(4));
        let next = write(lab, &mut timed, b"next");
        lab.same("the next write", next, Err(ErrorKind::TimedOut));
    });
}

#[test]
fn s8_begin_gives_the_next_request_its_own_time() {
    lab(|lab| {
        lab.why("A connection carries many requests. The deadline is for one of them, from the moment it begins: a client that is done in 9 seconds each time is welcome for days, and one that then dribbles has its 30 seconds and no second more.");
        let pieces = (0..5).map(|_| after(9, b"a"));
        let (mut timed, stream) = scene(lab, pieces.chain((0..1000).map(|_| after(1, b"x"))));
        for _ in 0..5 {
            let got = read(lab, &mut timed);
            lab.same("the read", got, Ok(1));
            lab.you("begin()", || timed.begin());
        }
        lab.same("the time", stream.clock.now(), secs(45));
        let end = loris(lab, &mut timed, &stream);
        lab.same("the end", end, ErrorKind::TimedOut);
        lab.same("the time", stream.clock.now(), secs(75));
    });
}

#[test]
fn s8_the_time_of_a_request_starts_with_the_stream() {
    lab(|lab| {
        lab.why("The machine has been up for a while when the client comes: the deadline is 30 seconds from then, not from the beginning of the clock.");
        let stream = Slow::new(lab, [after(9, b"hello")]);
        stream.clock.advance(secs(1000));
        let mut timed = lab.you("Timed::new(stream, clock, limits)", || {
            Timed::new(stream.clone(), Hand(stream.clock.clone()), LIMITS)
        });
        let got = read(lab, &mut timed);
        lab.same("the read", got, Ok(5));
    });
}

#[test]
fn s8_a_client_that_never_reads() {
    lab(|lab| {
        lab.why("The client asks and asks and never reads: once the buffers between you are full, your write waits. A write can keep you as long as a read.");
        let (mut timed, stream) = scene(lab, [Play::Full, Play::Full, Play::Takes(3)]);
        let got = write(lab, &mut timed, b"hello");
        lab.same("the write", got, Err(ErrorKind::TimedOut));
        lab.same("the limit of the write", stream.limits(), vec![secs(10)]);
        lab.same("the time", stream.clock.now(), secs(10));
        stream.clock.advance(secs(15));
        let got = write(lab, &mut timed, b"hello");
        lab.same("the write after 25 s", got, Err(ErrorKind::TimedOut));
        lab.same("the time", stream.clock.now(), secs(30));
        lab.you("begin()", || timed.begin());
        let got = write(lab, &mut timed, b"hello");
        lab.same("a write that takes three bytes", got, Ok(3));
        lab.why("A stream may keep what it was given until it is flushed. Pass flush on: the stream below is the one that knows what is left to send.");
        lab.ok("Timed::flush", || timed.flush());
        lab.same("flushes of the stream", locked(&stream.state).flushes, 1);
    });
}

#[test]
fn s8_the_limits_are_the_ones_that_were_given() {
    lab(|lab| {
        lab.why("The limits are the caller's. Here are others: a read may wait for 4 seconds, a request may take 6.");
        let (four, six) = (secs(4), secs(6));
        let limits = Limits {
            idle: four,
            total: six,
        };
        let (mut timed, stream) = scene_with(lab, limits, [after(3, b"a"), after(9, b"b")]);
        lab.same("the read", read(lab, &mut timed), Ok(1));
        let late = read(lab, &mut timed);
        lab.same("the read after 3 s", late, Err(ErrorKind::TimedOut));
        lab.same(
            "the limits of the reads",
            stream.limits(),
            vec![four, secs(3)],
        );

        lab.why("Here the whole request has less time than a single wait would have. The smaller one counts.");
        let limits = Limits {
            idle: secs(60),
            total: six,
        };
        let (mut timed, stream) = scene_with(lab, limits, [after(9, b"a")]);
        let late = read(lab, &mut timed);
        lab.same("the read", late, Err(ErrorKind::TimedOut));
        lab.same("the limit of the read", stream.limits(), vec![six]);
    });
}

const ONE_READ: &str = "One read of yours is one read of the stream, and gives what that one gave: one byte here. A deadline at Duration::MAX is never over; and a loop that fills the buffer waits for bytes that the client has not sent.";

#[test]
fn s8_a_limit_may_be_no_limit() {
    lab(|lab| {
        lab.why("Duration::MAX means \"no limit\". A deadline that lies behind the end of all time is never over: add without overflow (Duration::saturating_add).");
        let limits = Limits {
            idle: secs(10),
            total: Duration::MAX,
        };
        let stream = Slow::new(lab, [after(9, b"a"), after(9, b"b")]);
        stream.clock.advance(secs(1000));
        let mut timed = lab.you(&format!("Timed::new(stream, clock, {limits:?})"), || {
            Timed::new(stream.clone(), Hand(stream.clock.clone()), limits)
        });
        let got = read(lab, &mut timed);
        lab.because(ONE_READ).same("the read", got, Ok(1));
        lab.you("begin()", || timed.begin());
        let got = read(lab, &mut timed);
        lab.because(ONE_READ).same("the read", got, Ok(1));
        lab.same(
            "the limits of the reads",
            stream.limits(),
            vec![secs(10), secs(10)],
        );
    });
}

#[test]
fn s8_a_limit_that_cannot_be_set_is_an_error() {
    lab(|lab| {
        lab.why("The stream does not take the limit. A read without one may wait for ever, so do not begin it: pass the error on.");
        let (mut timed, stream) = scene(lab, [after(0, b"hello")]);
        locked(&stream.state).refuses = true;
        let got = read(lab, &mut timed);
        lab.same("the read", got, Err(ErrorKind::BrokenPipe));
        let got = write(lab, &mut timed, b"hello");
        lab.same("the write", got, Err(ErrorKind::BrokenPipe));
        lab.same("calls that the stream got", stream.limits(), Vec::new());
    });
}

#[test]
fn s8_other_ends_keep_their_names() {
    lab(|lab| {
        lab.why("The end of the stream is not an error, and a reset is not a time-out. Only a time-out is renamed.");
        let (mut timed, _) = scene(
            lab,
            [
                Play::Eof,
                Play::Error(ErrorKind::ConnectionReset.into()),
                Play::Error(ErrorKind::Interrupted.into()),
            ],
        );
        let got = read(lab, &mut timed);
        lab.same("the read at the end of the stream", got, Ok(0));
        let got = read(lab, &mut timed);
        lab.same(
            "the read after a reset",
            got,
            Err(ErrorKind::ConnectionReset),
        );
        lab.why("A signal has interrupted the read. That is not a time-out: there is time left, and the reader calls again.");
        let got = read(lab, &mut timed);
        lab.same("the read in a signal", got, Err(ErrorKind::Interrupted));
        lab.why("write follows the same rule as read: only a time-out is renamed.");
        for kind in [ErrorKind::BrokenPipe, ErrorKind::Interrupted] {
            let (mut timed, _) = scene(lab, [Play::Error(kind.into())]);
            let got = write(lab, &mut timed, b"hello");
            lab.same("the write", got, Err(kind));
        }
        lab.why("An error is more than its kind. The system's number and a text say what happened, and are passed on with it.");
        let errors: [fn() -> io::Error; 2] = [
            || io::Error::from_raw_os_error(SOME_NUMBER),
            || io::Error::new(ErrorKind::InvalidData, "a text of its own"),
        ];
        for error in errors {
            let (mut timed, _) = scene(lab, [Play::Error(error()), Play::Error(error())]);
            let got = lab.err("Timed::read", || timed.read(&mut [0; 8]));
            lab.same("the read's error", got.to_string(), error().to_string());
            let got = lab.err("Timed::write", || timed.write(b"hello"));
            lab.same("the write's error", got.to_string(), error().to_string());
        }
    });
}

#[test]
fn s8_a_real_socket_lets_go() {
    lab(|lab| {
        lab.why("The same on a real socket, with a real clock: a client that says nothing costs you the idle limit, here 20 ms, and no more.");
        let (listener, addr) = listener();
        let client = lab.connect_as("client", addr);
        let (stream, _) = listener.accept().expect("accept");
        let limits = Limits {
            idle: Duration::from_millis(20),
            total: secs(30),
        };
        let got = lab.you("Timed::read, from a silent client", || {
            Timed::new(&stream, SystemClock::new(), limits).read(&mut [0; 8])
        });
        lab.same(
            "the read",
            got.map_err(|e| e.kind()),
            Err(ErrorKind::TimedOut),
        );
        client.sends(b"hello");
        let got = lab.you("Timed::read, from a client that speaks", || {
            Timed::new(&stream, SystemClock::new(), LIMITS).read(&mut [0; 8])
        });
        lab.same("the read", got.map_err(|e| e.kind()), Ok(5));
    });
}

#[test]
fn s8_a_real_request_comes_to_its_end() {
    lab(|lab| {
        lab.why("On a real socket, with the machine's clock: here is a client that always has one more byte, so no read ever waits. The request has 30 ms, and then it is over.");
        const BYTES: usize = 300_000;
        let (listener, addr) = listener();
        let client = lab.connect_as("client", addr);
        let (stream, _) = listener.accept().expect("accept");
        let mut sending = client.stream().try_clone().expect("another handle");
        lab.note(format!("the client sends {BYTES} bytes, as fast as it can"));
        // It ends when the server has had enough, and closes.
        std::thread::spawn(move || sending.write_all(&[b'x'; BYTES]));
        let limits = Limits {
            idle: secs(30),
            total: Duration::from_millis(30),
        };
        let (bytes, end) = lab.you("Timed::read, a byte at a time", || {
            let mut timed = Timed::new(&stream, SystemClock::new(), limits);
            let mut bytes = 0;
            loop {
                match timed.read(&mut [0]) {
                    Ok(0) => break (bytes, None),
                    Ok(n) => bytes += n,
                    Err(error) => break (bytes, Some(error.kind())),
                }
            }
        });
        lab.same("the end", end, Some(ErrorKind::TimedOut));
        lab.holds(
            bytes < BYTES,
            "an end in the middle of the bytes",
            format!("all {BYTES} bytes were read first"),
        );
    });
}

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What a scripted stream does next.
enum Play {
    /// These bytes come after a while.
    After(Duration, &'static [u8]),
    /// These come with the limit, or are written then, and the machine takes a second more.
    Late(&'static [u8]),
    Eof,
    Error(io::Error),
    /// There is no room for a byte, ever.
    Full,
    /// A write takes so many bytes.
    Takes(usize),
}

fn after(seconds: u64, bytes: &'static [u8]) -> Play {
    Play::After(secs(seconds), bytes)
}

/// A stream on which waiting moves the clock by hand. Clones are the same stream.
#[derive(Clone)]
struct Slow {
    lab: Lab,
    clock: ManualClock,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    plays: VecDeque<Play>,
    /// How long the next call may wait, and how long each one so far might.
    limit: Option<Duration>,
    limits: Vec<Duration>,
    flushes: usize,
    /// It takes no limit.
    refuses: bool,
}

impl Slow {
    fn new(lab: &Lab, plays: impl IntoIterator<Item = Play>) -> Slow {
        Slow {
            lab: lab.clone(),
            clock: ManualClock::new(),
            state: Arc::new(Mutex::new(State {
                plays: plays.into_iter().collect(),
                ..State::default()
            })),
        }
    }

    /// How long each call might wait.
    fn limits(&self) -> Vec<Duration> {
        locked(&self.state).limits.clone()
    }

    /// Waits for `span` in the time of the clock, or for the limit.
    fn waits(&self, limit: Option<Duration>, span: Duration) -> io::Result<()> {
        let Some(limit) = limit else {
            self.lab
                .fails("a limit for each wait", "a call that may wait for ever");
        };
        self.clock.advance(span.min(limit));
        if span > limit {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(())
    }
}

impl Waits for Slow {
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        if limit.is_zero() {
            return Err(ErrorKind::InvalidInput.into());
        }
        let mut state = locked(&self.state);
        if state.refuses {
            return Err(ErrorKind::BrokenPipe.into());
        }
        state.limit = Some(limit);
        Ok(())
    }
}

impl Read for Slow {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut state = locked(&self.state);
        let limit = state.limit;
        state.limits.extend(limit);
        match state.plays.pop_front() {
            Some(Play::After(span, bytes)) => {
                let waited = self.waits(limit, span);
                if let (Err(_), Some(limit)) = (&waited, limit) {
                    state.plays.push_front(Play::After(span - limit, bytes));
                }
                waited?;
                let n = bytes.len().min(buf.len());
                buf[..n].copy_from_slice(&bytes[..n]);
                if n < bytes.len() {
                    state
                        .plays
                        .push_front(Play::After(Duration::ZERO, &bytes[n..]));
                }
                Ok(n)
            }
            Some(Play::Late(bytes)) => {
                let limit = limit.unwrap_or_default();
                self.clock.advance(limit + secs(1));
                buf[..bytes.len()].copy_from_slice(bytes);
                Ok(bytes.len())
            }
            Some(Play::Error(error)) => Err(error),
            _ => Ok(0),
        }
    }
}

impl Write for Slow {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut state = locked(&self.state);
        let limit = state.limit;
        state.limits.extend(limit);
        match state.plays.pop_front() {
            Some(Play::Takes(n)) => Ok(n.min(buf.len())),
            Some(Play::Late(bytes)) => {
                self.clock.advance(limit.unwrap_or_default() + secs(1));
                Ok(bytes.len())
            }
            Some(Play::Error(error)) => Err(error),
            _ => {
                self.waits(limit, Duration::MAX)?;
                Ok(0)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        locked(&self.state).flushes += 1;
        Ok(())
    }
}

type Scene = (Timed<Slow, Hand>, Slow);

/// The student's `Timed` on a scripted stream, and the stream.
fn scene(lab: &Lab, plays: impl IntoIterator<Item = Play>) -> Scene {
    scene_with(lab, LIMITS, plays)
}

fn scene_with(lab: &Lab, limits: Limits, plays: impl IntoIterator<Item = Play>) -> Scene {
    let stream = Slow::new(lab, plays);
    let timed = lab.you(&format!("Timed::new(stream, clock, {limits:?})"), || {
        Timed::new(stream.clone(), Hand(stream.clock.clone()), limits)
    });
    (timed, stream)
}

/// Reads until an error comes, a byte a second.
fn loris<C: Clock>(lab: &Lab, timed: &mut Timed<Slow, C>, stream: &Slow) -> ErrorKind {
    for bytes in 0..100 {
        match read(lab, timed) {
            Ok(1) => {}
            Ok(n) => lab.fails("one byte", format!("{n} bytes, after {bytes}")),
            Err(kind) => return kind,
        }
    }
    lab.fails(
        "the request to be over 30 s after it began",
        format!(
            "at {:?} it still goes on, after 100 bytes",
            stream.clock.now()
        ),
    )
}

fn read<C: Clock>(lab: &Lab, timed: &mut Timed<Slow, C>) -> Result<usize, ErrorKind> {
    lab.you("Timed::read", || timed.read(&mut [0; 64]))
        .map_err(|error| error.kind())
}

fn write(lab: &Lab, timed: &mut Timed<Slow, Hand>, bytes: &[u8]) -> Result<usize, ErrorKind> {
    lab.you("Timed::write", || timed.write(bytes))
        .map_err(|error| error.kind())
}
