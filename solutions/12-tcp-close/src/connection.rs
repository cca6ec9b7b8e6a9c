//! Given: the frame of a connection. It opens with chapter 09's machine, and asks steps 4 to 6 about the rest; you write
//! these.

use std::time::Duration;

use tcp_open::{Event, Notice, Output, Segment, Seq, State, Tcb, Vars, answer_in_closed};
use tcp_receive::{AckPlan, Receiver};
use tcp_send::Sender;

use crate::{Challenges, Late, Sign, TimeWait, Verdict, View, judge};

/// The settings of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How it opens. `window` is the window in the SYN: [`Config::new`] makes it fit `receive`.
    pub open: tcp_open::Config,
    /// How it sends.
    pub send: tcp_send::Config,
    /// Room for this many bytes that the program has not read.
    pub receive: usize,
    /// How long a segment can live in the network (RFC 9293 says 2 minutes, section 3.4.2). TIME-WAIT lasts twice as long.
    pub msl: Duration,
    /// How long a connection that the program has closed waits for the peer's FIN.
    pub linger: Duration,
}

impl Config {
    /// Room for 65535 bytes, an MSL of 30 seconds, so that TIME-WAIT lasts one minute as on Linux, and one minute for the
    /// peer's FIN. All else is as in chapters 09 and 11.
    pub fn new(iss: Seq) -> Config {
        Config {
            open: tcp_open::Config::new(iss),
            send: tcp_send::Config::default(),
            receive: 65_535,
            msl: Duration::from_secs(30),
            linger: Duration::from_secs(60),
        }
    }
}

/// A connection, from the first SYN to the end of TIME-WAIT.
///
/// Its owner reports events with the methods that take `now`, and then calls [`Connection::poll`],
/// which returns the segments that leave. It also calls `poll` at the time of
/// [`Connection::wake_at`]. `now` is the time since any fixed moment.
#[derive(Debug)]
pub struct Connection {
    pub(crate) config: Config,
    pub(crate) state: State,
    /// Chapter 09's machine, until it is ESTABLISHED.
    pub(crate) opening: Tcb,
    /// When our SYN was sent first. `None` once it had to be sent again: it is unknown which one
    /// was answered.
    pub(crate) asked: Option<Duration>,
    /// When the opening machine wants to be woken.
    pub(crate) opening_wakes: Option<Duration>,
    /// Both directions, from ESTABLISHED on. They stay when it is CLOSED in good order: the program
    /// may not have read everything.
    pub(crate) streams: Option<Streams>,
    pub(crate) challenges: Challenges,
    /// In TIME-WAIT.
    pub(crate) time_wait: Option<TimeWait>,
    /// The program has called [`Connection::shutdown`] in SYN-RECEIVED.
    pub(crate) closes_early: bool,
    /// The program has closed it, and reads no more.
    pub(crate) is_orphan: bool,
    /// Until when an orphan waits in FIN-WAIT-2.
    pub(crate) lingers: Option<Duration>,
    /// The segments that leave with the next [`Connection::poll`].
    pub(crate) out: Vec<Segment>,
    pub(crate) notices: Vec<Notice>,
}

/// Chapter 11's half and chapter 10's.
#[derive(Debug)]
pub(crate) struct Streams {
    pub sender: Sender,
    pub receiver: Receiver,
}

impl Connection {
    /// A connection that is CLOSED.
    pub fn new(config: Config) -> Connection {
        let window = u16::try_from(config.receive).unwrap_or(u16::MAX);
        let open = tcp_open::Config {
            window,
            ..config.open
        };
        Connection {
            config,
            state: State::Closed,
            opening: Tcb::new(open),
            asked: None,
            opening_wakes: None,
            streams: None,
            challenges: Challenges::new(),
            time_wait: None,
            closes_early: false,
            is_orphan: false,
            lingers: None,
            out: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// The program wants a connection.
    pub fn connect(&mut self, now: Duration) {
        self.opens(now, Event::Connect);
    }

    /// The program waits for one.
    pub fn listen(&mut self, now: Duration) {
        self.opens(now, Event::Listen);
    }

    /// Takes a segment.
    ///
    /// - CLOSED: the answer is that of chapter 09's [`answer_in_closed`].
    /// - Before ESTABLISHED it is for chapter 09's machine. If that is ESTABLISHED now, the streams begin
    ///   (`begins`).
    /// - TIME-WAIT: `arrives_late`.
    /// - All others: [`judge`] decides between `takes`, `answers` and `is_reset`.
    pub fn arrives(&mut self, now: Duration, segment: &Segment) {
        match (self.state, self.view()) {
            (State::Closed, _) => self.out.extend(answer_in_closed(segment)),
            (State::TimeWait, _) => self.arrives_late(now, segment),
            (_, None) => {
                self.opens(now, Event::Arrives(segment));
                if self.state == State::Established {
                    self.begins(now, segment);
                    self.finds_signs(now);
                }
            }
            (_, Some(view)) => match judge(&view, segment) {
                Verdict::Take => {
                    self.takes(now, segment);
                    self.finds_signs(now);
                }
                Verdict::Ack => self.answers(now, segment),
                Verdict::Reset => self.is_reset(),
                Verdict::Ignore => {}
            },
        }
    }

    /// Returns the segments that leave now: those in `out`, and those of the streams (`sends`).
    /// Timers come first: the opening machine's tick, if it is due, and `waits_no_longer`. A sender
    /// that has given up ends the connection.
    pub fn poll(&mut self, now: Duration) -> Vec<Segment> {
        if self.streams.is_none() && self.opening_wakes.is_some_and(|at| at <= now) {
            self.opens(now, Event::Tick);
        }
        if self.waits_until().is_some_and(|until| until <= now) {
            self.waits_no_longer();
        }
        if self.streams.is_some() && self.state != State::Closed {
            self.sends(now);
        }
        let streams = self.streams.as_ref();
        if streams.is_some_and(|streams| streams.sender.has_given_up()) {
            self.ends(Some(Notice::TimedOut));
        }
        std::mem::take(&mut self.out)
    }

    /// An orphan ends when data comes to it. Otherwise our acknowledged FIN and the peer's FIN lead
    /// to the next state, in this order. In a state that already knows of them, they change
    /// nothing.
    fn finds_signs(&mut self, now: Duration) {
        let Some(Streams { sender, receiver }) = &self.streams else {
            return;
        };
        let (acked, complete) = (sender.fin_acked(), receiver.inbound().is_complete());
        if self.is_orphan && self.readable() > 0 {
            return self.abort(now);
        }
        if acked {
            self.goes_on(now, Sign::FinAcked);
        }
        if complete {
            self.goes_on(now, Sign::TheirFin);
        }
    }

    /// Chapter 09's machine takes an event.
    pub(crate) fn opens(&mut self, now: Duration, event: Event) {
        let before = self.opening.state();
        let Output {
            segments,
            notices,
            wake_at,
        } = self.opening.step(now, event);
        self.state = self.opening.state();
        self.asked = match segments.first() {
            Some(syn) if syn.syn && self.state != before => Some(now),
            Some(syn) if syn.syn => None,
            _ => self.asked,
        };
        self.opening_wakes = wake_at;
        self.out.extend(segments);
        self.notices.extend(notices);
    }

    /// The connection is CLOSED, and all data is forgotten: there are no more streams. The program
    /// gets this notice, if there is one.
    pub(crate) fn ends(&mut self, notice: Option<Notice>) {
        self.state = State::Closed;
        self.streams = None;
        self.notices.extend(notice);
    }

    fn view(&self) -> Option<View> {
        let Streams { sender, receiver } = self.streams.as_ref()?;
        Some(View {
            rcv_nxt: receiver.rcv_nxt(),
            rcv_wnd: receiver.rcv_wnd(),
            snd_una: sender.una(),
            widest: sender.widest(),
        })
    }

    /// When TIME-WAIT or an orphan's FIN-WAIT-2 is over.
    fn waits_until(&self) -> Option<Duration> {
        match self.state {
            State::TimeWait => self.time_wait.as_ref().map(TimeWait::until),
            State::FinWait2 => self.lingers,
            _ => None,
        }
    }

    /// Whether this segment begins a new connection between the same sockets, because this one is
    /// in TIME-WAIT: returns the lowest ISN that it may have.
    pub fn reopens(&mut self, now: Duration, segment: &Segment) -> Option<Seq> {
        let time_wait = self.time_wait.as_mut();
        let time_wait = time_wait.filter(|_| self.state == State::TimeWait)?;
        let is_new = segment.syn && time_wait.arrives(now, segment) == Late::Reopens;
        is_new.then(|| time_wait.next_isn())
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// The notices to the program since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// The numbers as they are now.
    pub fn vars(&self) -> Vars {
        let vars = self.opening.vars();
        match &self.streams {
            None => vars,
            Some(Streams { sender, receiver }) => Vars {
                snd_una: sender.una(),
                snd_nxt: sender.nxt(),
                snd_wnd: sender.wnd(),
                rcv_nxt: receiver.rcv_nxt(),
                rcv_wnd: receiver.rcv_wnd(),
                ..vars
            },
        }
    }

    /// When [`Connection::poll`] is due, if nothing happens before. A past time means at once.
    pub fn wake_at(&self) -> Option<Duration> {
        let Some(Streams { sender, receiver }) = &self.streams else {
            return self.opening_wakes;
        };
        if self.state == State::Closed {
            return None;
        }
        let ack = match receiver.plan(Duration::ZERO) {
            AckPlan::Nothing => None,
            AckPlan::Later(at) => Some(at),
            AckPlan::Now => Some(Duration::ZERO),
        };
        [sender.wake_at(), ack, self.waits_until()]
            .into_iter()
            .flatten()
            .min()
    }

    /// How many bytes [`Connection::recv`] would give.
    pub fn readable(&self) -> usize {
        let streams = self.streams.as_ref();
        streams.map_or(0, |streams| streams.receiver.inbound().bytes().readable())
    }

    /// Whether the peer's stream has ended, and all of it was read.
    pub fn is_over(&self) -> bool {
        let streams = self.streams.as_ref();
        streams.is_some_and(|streams| streams.receiver.inbound().is_over())
    }
}
