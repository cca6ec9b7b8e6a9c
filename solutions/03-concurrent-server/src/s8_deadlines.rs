//! Step 8: no wait lasts for ever.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A clock.
pub trait Clock {
    /// The time since some moment that never changes.
    fn now(&self) -> Duration;
}

/// The machine's clock, which never goes back.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    pub fn new() -> SystemClock {
        SystemClock(Instant::now())
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A stream whose reads and writes wait for a limited time only.
pub trait Waits: Read + Write {
    /// From now on, no single `read` or `write` waits longer than `limit`, which is not zero.
    ///
    /// One that does fails with `ErrorKind::WouldBlock` or `TimedOut`: systems differ.
    ///
    /// # Errors
    ///
    /// `ErrorKind::InvalidInput` when `limit` is zero: to a socket that means "wait for ever".
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()>;
}

impl Waits for &TcpStream {
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(limit))?;
        self.set_write_timeout(Some(limit))
    }
}

/// How long a client may keep us. Neither is zero; `Duration::MAX` means no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one read or write.
    pub idle: Duration,
    /// For a whole request, from `begin` to the last byte of the reply.
    pub total: Duration,
}

/// A stream with deadlines.
#[derive(Debug)]
pub struct Timed<S, C> {
    stream: S,
    clock: C,
    limits: Limits,
    /// When the request must be over, in the time of `clock`.
    deadline: Duration,
}

impl<S: Waits, C: Clock> Timed<S, C> {
    /// The first request begins now.
    pub fn new(stream: S, clock: C, limits: Limits) -> Timed<S, C> {
        let deadline = clock.now().saturating_add(limits.total);
        Timed {
            stream,
            clock,
            limits,
            deadline,
        }
    }

    /// The next request begins now: it gets the whole of `Limits::total`.
    pub fn begin(&mut self) {
        self.deadline = self.clock.now().saturating_add(self.limits.total);
    }

    /// Tells the stream how long its next call may wait.
    fn prepare(&mut self) -> io::Result<()> {
        let left = self.deadline.saturating_sub(self.clock.now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.wait_at_most(left.min(self.limits.idle))
    }
}

/// One `read` of the stream, which waits for `Limits::idle` and not beyond the deadline. Its result
/// is returned, however late it is by then.
///
/// # Errors
///
/// `ErrorKind::TimedOut` when that time is over, whatever the system calls it, and when no time is
/// left until the deadline (then nothing is read). Any other error unchanged, even one of
/// `Waits::wait_at_most`; then nothing is read either.
impl<S: Waits, C: Clock> Read for Timed<S, C> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.prepare()?;
        self.stream.read(buf).map_err(one_name)
    }
}

/// As `read`: a client that does not read keeps us, like one that does not write.
impl<S: Waits, C: Clock> Write for Timed<S, C> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.prepare()?;
        self.stream.write(buf).map_err(one_name)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// On Unix a socket's time-out is told with the error of a non-blocking socket that has nothing.
fn one_name(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        _ => error,
    }
}
