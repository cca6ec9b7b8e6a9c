//! Given: the machine's frame. It asks steps 2 to 5 in their order; you write these.
//!
//! A machine has no clock, no thread and no socket. It gets an event and its time, and returns the
//! segments to send, the notices for the program, and the time when it wants to be woken.

use std::time::Duration;

use crate::{Segment, Seq, State, Vars, answer_in_closed};

/// The settings of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// The number of our SYN: see [`crate::isn`].
    pub iss: Seq,
    /// How many bytes we have room for, at least 1. RCV.WND is this number, and each segment but a
    /// RST has it.
    pub window: u16,
    /// The largest payload that we want to receive. Our SYN says it.
    pub mss: u16,
    /// How long the first SYN waits for its answer.
    pub rto: Duration,
    /// Each of the others waits twice as long as the one before, but no longer than this.
    pub rto_max: Duration,
    /// How long after the first SYN we give up.
    pub give_up: Duration,
}

impl Config {
    /// A window of 65535 bytes, an MSS of 1460, which fits Ethernet, and times that the RFCs allow: 1 second, 60
    /// seconds (RFC 6298, section 2), 3 minutes (RFC 9293, section 3.8.3).
    pub fn new(iss: Seq) -> Config {
        Config {
            iss,
            window: 65535,
            mss: 1460,
            rto: Duration::from_secs(1),
            rto_max: Duration::from_secs(60),
            give_up: Duration::from_secs(180),
        }
    }
}

/// What happens to a connection.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The program waits for a peer: the passive open.
    Listen,
    /// The program wants a connection: the active open.
    Connect,
    /// A segment comes in.
    Arrives(&'a Segment),
    /// Time has passed. It may be too early for anything.
    Tick,
    /// The program ends the connection at once.
    Abort,
}

/// A notice to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    Established,
    /// The peer does not want this connection.
    Refused,
    /// The peer no longer knows this connection.
    Reset,
    /// No answer has come.
    TimedOut,
}

/// The result of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    pub segments: Vec<Segment>,
    pub notices: Vec<Notice>,
    /// When [`Event::Tick`] is due, if ever.
    pub wake_at: Option<Duration>,
}

/// The time that our SYN waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timer {
    /// When the first SYN was sent.
    pub first: Duration,
    /// How long the last one waits.
    pub rto: Duration,
    /// When its time is over.
    pub at: Duration,
}

/// The transmission control block: all that a host keeps for one connection (RFC 9293, section 3.3.1).
#[derive(Debug, Clone)]
pub struct Tcb {
    pub(crate) config: Config,
    pub(crate) state: State,
    pub(crate) vars: Vars,
    /// Opened by [`Event::Listen`].
    pub(crate) passive: bool,
    /// Runs in SYN-SENT and SYN-RECEIVED.
    pub(crate) timer: Option<Timer>,
}

impl Tcb {
    /// A connection that is CLOSED. All of its numbers are 0, and the peer's MSS is 536.
    pub fn new(config: Config) -> Tcb {
        Tcb {
            config,
            state: State::Closed,
            vars: Vars::default(),
            passive: false,
            timer: None,
        }
    }

    /// Takes an event at `now`, the time since any fixed moment.
    ///
    /// A segment that no honest TCP sends ([`Segment::makes_sense`]) changes nothing and gets no answer, unless
    /// the connection is CLOSED. Any other segment is offered to the steps in order, and the first
    /// that takes it handles it.
    pub fn step(&mut self, now: Duration, event: Event) -> Output {
        let mut output = match event {
            Event::Listen => self.open(now, false),
            Event::Connect => self.open(now, true),
            Event::Tick => self.tick(now),
            Event::Abort => self.abort(),
            Event::Arrives(segment) if self.state == State::Closed => {
                let segments = answer_in_closed(segment).into_iter().collect();
                Output {
                    segments,
                    ..Output::default()
                }
            }
            Event::Arrives(segment) if !segment.makes_sense() => Output::default(),
            Event::Arrives(segment) => self
                .expected(now, segment)
                .or_else(|| self.repeated(segment))
                .or_else(|| self.resets(segment))
                .unwrap_or_else(|| self.otherwise(segment)),
        };
        output.wake_at = self.timer.map(|timer| timer.at);
        output
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn vars(&self) -> Vars {
        self.vars
    }
}
