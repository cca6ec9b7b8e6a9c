//! A connection with a script and a clock of its own: what it waits for takes no time.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use concurrent_server::{Clock, Waits};
use http1::Stream;
use netlab::{Lab, ManualClock};

use super::heads::shown;

/// What the client does next.
#[derive(Clone, Debug)]
pub enum Play {
    /// Sends this so long after its last step.
    After(Duration, Vec<u8>),
    /// Sends this when it has got these bytes; not before.
    When { seen: &'static [u8], then: Vec<u8> },
    /// Sends nothing more, and does not end its side either.
    Silence,
    /// The next call fails.
    Error(ErrorKind),
    /// The bytes come when the server's patience is over already, with the last of its time.
    Late(Vec<u8>),
    /// Sends this byte every second, for ever.
    Drips(u8),
    /// Sends this piece again and again, without a pause, for ever.
    Floods(Vec<u8>),
}

/// At once.
pub fn sends(bytes: &[u8]) -> Play {
    Play::After(Duration::ZERO, bytes.to_vec())
}

/// So many seconds after its last step.
pub fn after(secs: u64, bytes: &[u8]) -> Play {
    Play::After(Duration::from_secs(secs), bytes.to_vec())
}

/// What the server did, in its order. Calls that follow each other and do the same are one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
    Writes,
    EndsWriting,
    Reads,
}

/// A call that fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fails {
    /// The first wait when the client has said all that it has to say.
    Wait,
    /// The first write.
    Write,
    /// The first flush.
    Flush,
    /// The end of what is written.
    EndWriting,
    /// The first wait behind it.
    LastWait,
}

/// Clones are the same connection.
#[derive(Clone)]
pub struct Wire {
    lab: Lab,
    clock: ManualClock,
    state: Arc<Mutex<State>>,
}

pub struct State {
    plays: VecDeque<Play>,
    /// How much one write takes, and how long it waits before.
    pub takes: usize,
    pub takes_after: Duration,
    /// How long a flush waits.
    pub flushes_after: Duration,
    /// This call fails, once.
    fails: Option<(Fails, ErrorKind)>,
    limit: Option<Duration>,
    /// How long each read might wait, each write and each flush.
    pub read_limits: Vec<Duration>,
    pub write_limits: Vec<Duration>,
    pub flush_limits: Vec<Duration>,
    pub written: Vec<u8>,
    pub writes: usize,
    pub flushes: usize,
    /// How many of the bytes written a client can see: those that were flushed.
    pub flushed: usize,
    pub deeds: Vec<Deed>,
    /// Bytes read in all.
    pub taken: usize,
    /// Reads behind the end of the client's side.
    ends: usize,
    /// Every other call is interrupted by a signal, after this time.
    interrupts: Option<Duration>,
    interrupted: bool,
    calls: usize,
}

/// The end behind the last play is the end of the client's side.
pub fn wire(lab: &Lab, plays: impl IntoIterator<Item = Play>) -> Wire {
    let plays: VecDeque<Play> = plays.into_iter().collect();
    lab.scene(story(&plays));
    Wire {
        lab: lab.clone(),
        clock: ManualClock::new(),
        state: Arc::new(Mutex::new(State {
            plays,
            takes: usize::MAX,
            takes_after: Duration::ZERO,
            flushes_after: Duration::ZERO,
            fails: None,
            limit: None,
            read_limits: Vec::new(),
            write_limits: Vec::new(),
            flush_limits: Vec::new(),
            written: Vec::new(),
            writes: 0,
            flushes: 0,
            flushed: 0,
            deeds: Vec::new(),
            taken: 0,
            ends: 0,
            interrupts: None,
            interrupted: false,
            calls: 0,
        })),
    }
}

/// What the client does, in words.
fn story(plays: &VecDeque<Play>) -> String {
    const MOST: usize = 6;
    let words = |play: &Play| match play {
        Play::After(Duration::ZERO, bytes) => format!("sends {}", shown(bytes)),
        Play::After(span, bytes) => format!("{} s later sends {}", span.as_secs(), shown(bytes)),
        Play::When { seen, then } => {
            format!("waits for {}, and sends {}", shown(seen), shown(then))
        }
        Play::Silence => "says nothing more, and stays".to_owned(),
        Play::Error(kind) => format!("is gone ({kind:?})"),
        Play::Late(bytes) => format!("sends {} with the last of its time", shown(bytes)),
        Play::Drips(byte) => format!("sends {} every second", shown(&[*byte])),
        Play::Floods(bytes) => format!("sends {} again and again", shown(bytes)),
    };
    let mut parts: Vec<String> = plays.iter().take(MOST).map(words).collect();
    if plays.len() > MOST {
        parts.push(format!("{} more steps", plays.len() - MOST));
    }
    match plays.back() {
        Some(Play::Silence | Play::Error(_) | Play::Drips(_) | Play::Floods(_)) => {}
        _ => parts.push("ends its side".to_owned()),
    }
    format!("the client {}", parts.join(", then "))
}

impl Wire {
    /// Every other call is interrupted by a signal, which comes after this time.
    pub fn interrupting(self, after: Duration) -> Wire {
        self.lab.note(format!(
            "every other call is interrupted by a signal, after {} s",
            after.as_secs()
        ));
        self.state().interrupts = Some(after);
        self
    }

    /// This call fails, once.
    pub fn failing(self, call: Fails, kind: ErrorKind) -> Wire {
        let what = match call {
            Fails::Wait => "wait_at_most fails when all of this has been read",
            Fails::Write => "the first write fails",
            Fails::Flush => "the first flush fails",
            Fails::EndWriting => "end_writing fails",
            Fails::LastWait => "wait_at_most fails behind end_writing",
        };
        self.lab.note(format!("{what} ({kind:?})"));
        self.state().fails = Some((call, kind));
        self
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that was written so far.
    pub fn written(&self) -> Vec<u8> {
        self.state().written.clone()
    }

    /// The time in seconds.
    pub fn secs(&self) -> f64 {
        self.clock.now().as_secs_f64()
    }

    pub fn clock(&self) -> Hand {
        Hand(self.clock.clone())
    }

    fn begins(&self, state: &mut State, deed: Deed) -> io::Result<Duration> {
        let Some(limit) = state.limit else {
            self.lab
                .because("A read or a write without a limit waits for as long as the client likes. Call wait_at_most with the time that is left before each.")
                .fails("a limit for each wait", "a call that may wait for ever");
        };
        state.calls += 1;
        if state.calls > ENDLESS {
            self.lab
                .because("Each read gets less and less time, until none is left: the time of the whole thing is what is limited. If every read gets all of it again, a client that sends a byte now and then keeps you for ever.")
                .fails("an end of reading and writing", format!("{ENDLESS} calls, and {} s have gone by", self.clock.now().as_secs()));
        }
        state.does(deed);
        match deed {
            Deed::Writes => state.write_limits.push(limit),
            _ => state.read_limits.push(limit),
        }
        if let Some(after) = state.interrupted() {
            self.clock.advance(after.min(limit));
            return Err(ErrorKind::Interrupted.into());
        }
        Ok(limit)
    }

    /// Waits for `span` in the time of the clock, or for the limit.
    fn waits(&self, limit: Duration, span: Duration) -> io::Result<()> {
        self.clock.advance(span.min(limit));
        match span > limit {
            true => Err(ErrorKind::WouldBlock.into()),
            false => Ok(()),
        }
    }
}

impl State {
    fn does(&mut self, deed: Deed) {
        if self.deeds.last() != Some(&deed) {
            self.deeds.push(deed);
        }
    }

    /// When this call is interrupted, if it is.
    fn interrupted(&mut self) -> Option<Duration> {
        self.interrupted = !self.interrupted;
        self.interrupts.filter(|_| self.interrupted)
    }

    fn fails(&mut self, call: Fails) -> io::Result<()> {
        let is_now = match self.fails {
            Some((Fails::Wait, _)) => call == Fails::Wait && self.plays.is_empty(),
            Some((Fails::LastWait, _)) => {
                call == Fails::Wait && self.deeds.contains(&Deed::EndsWriting)
            }
            Some((other, _)) => call == other,
            None => false,
        };
        match self.fails.take_if(|_| is_now) {
            Some((_, kind)) => Err(kind.into()),
            None => Ok(()),
        }
    }

    fn gives(&mut self, buf: &mut [u8], bytes: &[u8]) -> usize {
        let n = bytes.len().min(buf.len());
        buf[..n].copy_from_slice(&bytes[..n]);
        self.taken += n;
        if n < bytes.len() {
            self.plays
                .push_front(Play::After(Duration::ZERO, bytes[n..].to_vec()));
        }
        n
    }
}

/// More calls than any scene needs.
const ENDLESS: usize = 100_000;

/// Calls behind the end of the client's side after which a program is taken for a loop.
const VAIN: usize = 100;

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        let limit = self.begins(&mut state, Deed::Reads)?;
        match state.plays.pop_front() {
            Some(Play::After(span, bytes)) => {
                if let Err(error) = self.waits(limit, span) {
                    state.plays.push_front(Play::After(span - limit, bytes));
                    return Err(error);
                }
                Ok(state.gives(buf, &bytes))
            }
            Some(Play::When { seen, then }) => {
                if state.written[..state.flushed]
                    .windows(seen.len())
                    .any(|part| part == seen)
                {
                    return Ok(state.gives(buf, &then));
                }
                state.plays.push_front(Play::When { seen, then });
                self.waits(limit, Duration::MAX)?;
                Ok(0)
            }
            Some(Play::Silence) => {
                state.plays.push_front(Play::Silence);
                self.waits(limit, Duration::MAX)?;
                Ok(0)
            }
            Some(Play::Error(kind)) => Err(kind.into()),
            Some(Play::Late(bytes)) => {
                self.clock.advance(limit + Duration::from_secs(1));
                Ok(state.gives(buf, &bytes))
            }
            Some(Play::Drips(byte)) => {
                state.plays.push_front(Play::Drips(byte));
                self.waits(limit, Duration::from_secs(1))?;
                Ok(state.gives(buf, &[byte]))
            }
            Some(Play::Floods(bytes)) => {
                state.plays.push_front(Play::Floods(bytes.clone()));
                // A thousandth of a second, so that time goes by at all.
                self.waits(limit, Duration::from_millis(1))?;
                Ok(state.gives(buf, &bytes))
            }
            None => {
                state.ends += 1;
                if state.ends > VAIN {
                    self.lab
                        .because("A read of 0 bytes is the end of the client's side: it says nothing more, however often it is asked.")
                        .fails("no more reads behind the end", format!("{VAIN} more reads"));
                }
                Ok(0)
            }
        }
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        let limit = self.begins(&mut state, Deed::Writes)?;
        state.writes += 1;
        state.fails(Fails::Write)?;
        self.waits(limit, state.takes_after)?;
        let n = buf.len().min(state.takes);
        state.written.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut state = self.state();
        let limit = state.limit.unwrap_or(Duration::MAX);
        state.flush_limits.push(limit);
        if state.interrupted().is_some() {
            return Err(ErrorKind::Interrupted.into());
        }
        state.fails(Fails::Flush)?;
        self.waits(limit, state.flushes_after)?;
        state.flushes += 1;
        state.flushed = state.written.len();
        Ok(())
    }
}

impl Waits for Wire {
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        if limit.is_zero() {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "cannot set a 0 duration timeout",
            ));
        }
        let mut state = self.state();
        state.fails(Fails::Wait)?;
        state.limit = Some(limit);
        Ok(())
    }
}

impl Stream for Wire {
    fn end_writing(&mut self) -> io::Result<()> {
        let mut state = self.state();
        state.does(Deed::EndsWriting);
        state.fails(Fails::EndWriting)
    }
}

/// The clock of a [`Wire`], for the student's code.
#[derive(Clone)]
pub struct Hand(ManualClock);

impl Hand {
    pub fn advance(&self, secs: u64) {
        self.0.advance(Duration::from_secs(secs));
    }
}

impl Clock for Hand {
    fn now(&self) -> Duration {
        self.0.now()
    }
}
