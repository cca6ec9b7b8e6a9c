//! A transport with the other side inside of it: rustls, driven by the reads and writes of the student's stream,
//! so that a handshake takes neither a thread nor time.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use concurrent_server::{Clock, Waits};
use http1::Stream;
use netlab::{Lab, ManualClock, hex};
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};
use tls::{StreamClock, TlsStream};

use super::configs::{NAME, client, name, server};

/// What the peer does next, when it has nothing else to do: when the student reads, and all that was sent before is
/// read.
#[derive(Clone, Debug)]
pub enum Act {
    /// Says this, once the handshake is over.
    Says(Vec<u8>),
    /// Waits until it has heard so many bytes in all.
    Hears(usize),
    /// Says this, so long after its last act.
    SaysLater(Duration, Vec<u8>),
    /// Says that it ends (close_notify).
    Ends,
    /// Changes its keys (RFC 8446 §4.6.3).
    Rekeys,
    /// Sends bytes that are none of its TLS.
    Sends(Vec<u8>),
    /// The same, so long after its last act.
    SendsLater(Duration, Vec<u8>),
    /// Ends the transport, and not the TLS in it.
    HangsUp,
    /// A read of the transport fails, once.
    Fails(ErrorKind),
    /// Says this, but the last bytes of the record never come: the transport ends.
    SaysCut(Vec<u8>, usize),
    /// Says this, a byte of its record every second.
    Drips(Vec<u8>),
    /// Says nothing more, and stays.
    Silence,
    /// Makes room for all that the student wants to write.
    MakesRoom,
}

/// How many calls of the transport no exercise needs.
const ENDLESS: usize = 100_000;

/// How long a byte takes that drips.
const DRIP: Duration = Duration::from_secs(1);

/// Clones are the same connection.
#[derive(Clone)]
pub struct Wire {
    lab: Lab,
    clock: ManualClock,
    state: Arc<Mutex<State>>,
}

pub struct State {
    peer: Option<Connection>,
    acts: VecDeque<Act>,
    /// Bytes for the student.
    to_you: VecDeque<u8>,
    drips: bool,
    /// What was written and not yet flushed: the peer has not got it.
    pub unflushed: Vec<u8>,
    /// What was flushed and the peer has not looked at.
    heard_raw: Vec<u8>,
    /// All that was written.
    pub written: Vec<u8>,
    /// The plaintext that the peer has got.
    pub heard: Vec<u8>,
    /// The peer has got a close_notify.
    pub heard_the_end: bool,
    /// What the peer does not like, or what it was told.
    pub peer_error: Option<rustls::Error>,
    /// How many bytes one call gives and takes.
    pub piece: usize,
    /// How many bytes writes take before they would block. `None`: all.
    pub room: Option<usize>,
    /// The next write fails.
    pub write_error: Option<ErrorKind>,
    /// The next read fails.
    pub read_error: Option<ErrorKind>,
    /// A flush fails, and brings nothing out: the next one, or the one behind so many good ones.
    pub flush_error: Option<ErrorKind>,
    pub good_flushes: usize,
    /// The next limit is refused.
    pub limit_error: Option<ErrorKind>,
    /// The transport's writing cannot be ended.
    pub end_error: Option<ErrorKind>,
    /// How long a write takes.
    pub write_takes: Duration,
    /// How often a call was over time, by the word of the transport.
    pub blocked: usize,
    /// Reads end after so many bytes.
    pub cut_after: Option<usize>,
    pub given: usize,
    hung_up: bool,
    interrupts: bool,
    /// The limit of the last `wait_at_most`, and the longest one.
    limit: Option<Duration>,
    pub longest: Option<Duration>,
    calls: usize,
    pub reads: usize,
    pub flushes: usize,
    /// `end_writing` was called.
    pub ended: usize,
    /// How often a read has waited for an answer to what was written before.
    pub round_trips: usize,
    has_written: bool,
}

impl State {
    /// Reads, bytes written and flushes.
    pub fn calls(&self) -> (usize, usize, usize) {
        (self.reads, self.written.len(), self.flushes)
    }
}

/// A peer that is a server: the student is its client.
pub fn to_server(
    lab: &Lab,
    config: Arc<ServerConfig>,
    acts: impl IntoIterator<Item = Act>,
) -> Wire {
    let peer = ServerConnection::new(config).expect("a server of the tests");
    Wire::new(lab, Some(peer.into()), acts)
}

/// A peer that is a client.
pub fn to_client(
    lab: &Lab,
    config: Arc<ClientConfig>,
    acts: impl IntoIterator<Item = Act>,
) -> Wire {
    let peer = ClientConnection::new(config, name(NAME)).expect("a client of the tests");
    Wire::new(lab, Some(peer.into()), acts)
}

/// The same, and it asks for this host.
pub fn to_client_of(
    lab: &Lab,
    config: Arc<ClientConfig>,
    host: &str,
    acts: impl IntoIterator<Item = Act>,
) -> Wire {
    let peer = ClientConnection::new(config, name(host)).expect("a client of the tests");
    Wire::new(lab, Some(peer.into()), acts)
}

/// Nobody but the acts.
pub fn to_nobody(lab: &Lab, acts: impl IntoIterator<Item = Act>) -> Wire {
    Wire::new(lab, None, acts)
}

/// What a client of the tests sends first.
pub fn hello_of_a_client() -> Vec<u8> {
    let mut client = ClientConnection::new(client(), name(NAME)).expect("a client");
    let mut hello = Vec::new();
    while client.wants_write() {
        client
            .write_tls(&mut hello)
            .expect("memory takes everything");
    }
    hello
}

/// Which side is the student's.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    Client,
    Server,
}

pub const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// A wire to the other side of the student's, and what a `TlsStream` is made of.
pub fn wire(lab: &Lab, side: Side, acts: &[Act]) -> Wire {
    let acts = acts.iter().cloned();
    match side {
        Side::Client => to_server(lab, server(), acts),
        Side::Server => to_client(lab, client(), acts),
    }
}

impl Wire {
    fn new(lab: &Lab, peer: Option<Connection>, acts: impl IntoIterator<Item = Act>) -> Wire {
        let acts: VecDeque<Act> = acts.into_iter().collect();
        Wire {
            lab: lab.clone(),
            clock: ManualClock::new(),
            state: Arc::new(Mutex::new(State {
                peer,
                acts,
                to_you: VecDeque::new(),
                drips: false,
                unflushed: Vec::new(),
                heard_raw: Vec::new(),
                written: Vec::new(),
                heard: Vec::new(),
                heard_the_end: false,
                peer_error: None,
                piece: usize::MAX,
                room: None,
                write_error: None,
                read_error: None,
                flush_error: None,
                good_flushes: 0,
                limit_error: None,
                end_error: None,
                write_takes: Duration::ZERO,
                blocked: 0,
                cut_after: None,
                given: 0,
                hung_up: false,
                interrupts: false,
                limit: None,
                longest: None,
                calls: 0,
                reads: 0,
                flushes: 0,
                ended: 0,
                round_trips: 0,
                has_written: false,
            })),
        }
    }

    /// The student's stream over it.
    pub fn stream(&self, side: Side) -> TlsStream<Wire> {
        let connection: Connection = match side {
            Side::Client => ClientConnection::new(client(), name(NAME))
                .expect("a client")
                .into(),
            Side::Server => ServerConnection::new(server()).expect("a server").into(),
        };
        self.stream_of(connection)
    }

    pub fn stream_of(&self, connection: impl Into<Connection>) -> TlsStream<Wire> {
        let (connection, transport, clock) = (connection.into(), self.clone(), self.clock());
        self.lab
            .you("TlsStream::new(connection, transport, clock)", || {
                TlsStream::new(connection, transport, clock)
            })
    }

    /// One call gives and takes no more than this.
    pub fn pieces(self, piece: usize) -> Wire {
        self.state().piece = piece;
        self
    }

    /// All that the peer sends comes a byte every second.
    pub fn dripping(self) -> Wire {
        self.state().drips = true;
        self
    }

    /// Two signals interrupt every call.
    pub fn interrupting(self) -> Wire {
        self.state().interrupts = true;
        self
    }

    pub fn clock(&self) -> StreamClock {
        Arc::new(Hand(self.clock.clone()))
    }

    /// Time goes by.
    pub fn time_passes(&self, span: Duration) {
        self.clock.advance(span);
    }

    pub fn secs(&self) -> f64 {
        self.clock.now().as_secs_f64()
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the peer has heard by now, of what is flushed.
    pub fn heard(&self) -> Vec<u8> {
        let mut state = self.state();
        self.peer_works(&mut state);
        state.heard.clone()
    }

    /// Whether the peer has got a close_notify by now.
    pub fn heard_the_end(&self) -> bool {
        self.heard();
        self.state().heard_the_end
    }

    /// What the peer has been told by an alert, or has against the student, by now.
    pub fn peer_error(&self) -> Option<rustls::Error> {
        self.heard();
        self.state().peer_error.clone()
    }

    /// Whether the peer's handshake is over by now.
    pub fn has_shaken_hands(&self) -> bool {
        self.heard();
        self.state()
            .peer
            .as_ref()
            .is_some_and(|peer| !peer.is_handshaking())
    }

    fn begins(&self, state: &mut State) -> io::Result<()> {
        state.calls += 1;
        if state.calls > ENDLESS {
            self.lab
                .because("Whatever was asked for, it is not got by asking again: look at what the call before has answered.")
                .fails("an end of reading and writing", format!("{ENDLESS} calls of the transport"));
        }
        match state.interrupts && !state.calls.is_multiple_of(3) {
            true => Err(ErrorKind::Interrupted.into()),
            false => Ok(()),
        }
    }

    /// The peer takes in what was flushed, and sends what it has to send.
    fn peer_works(&self, state: &mut State) {
        let Some(peer) = &mut state.peer else {
            return;
        };
        let come = std::mem::take(&mut state.heard_raw);
        let mut rest = &come[..];
        while !rest.is_empty() && state.peer_error.is_none() {
            peer.read_tls(&mut rest).expect("memory can be read");
            match peer.process_new_packets() {
                Ok(now) => state.heard_the_end |= now.peer_has_closed(),
                Err(error) => state.peer_error = Some(error),
            }
            let mut piece = [0; 4096];
            while let Ok(n @ 1..) = peer.reader().read(&mut piece) {
                state.heard.extend_from_slice(&piece[..n]);
            }
            if state.heard_the_end {
                break;
            }
        }
        let mut out = Vec::new();
        while peer.wants_write() {
            peer.write_tls(&mut out).expect("memory takes everything");
        }
        state.to_you.extend(out);
    }

    /// The peer's next act. Whether it has done one.
    fn peer_acts(&self, state: &mut State) -> io::Result<bool> {
        let ready = state
            .peer
            .as_ref()
            .is_some_and(|peer| !peer.is_handshaking());
        match state.acts.front() {
            None => return Ok(false),
            Some(Act::Hears(n)) if state.heard.len() < *n => return Ok(false),
            Some(
                Act::Says(_)
                | Act::SaysLater(..)
                | Act::SaysCut(..)
                | Act::Ends
                | Act::Rekeys
                | Act::Drips(_),
            ) if !ready => {
                return Ok(false);
            }
            Some(_) => {}
        }
        let act = match state.acts.pop_front().expect("an act") {
            Act::SaysLater(span, bytes) => {
                self.passes(state, span, |left| Act::SaysLater(left, bytes.clone()))?;
                Act::Says(bytes)
            }
            Act::SendsLater(span, bytes) => {
                self.passes(state, span, |left| Act::SendsLater(left, bytes.clone()))?;
                Act::Sends(bytes)
            }
            act => act,
        };
        let peer = state.peer.as_mut();
        match act {
            Act::Says(bytes) => {
                self.lab
                    .note(format!("the peer says {}", hex::short(&bytes)));
                says(peer, &bytes);
            }
            Act::SaysCut(bytes, missing) => {
                self.lab.note(format!(
                    "the peer says {}, and {missing} bytes of the record never come",
                    hex::short(&bytes)
                ));
                says(peer, &bytes);
                self.peer_works(state);
                let come = state.to_you.len() - missing;
                state.to_you.truncate(come);
                state.hung_up = true;
            }
            Act::Drips(bytes) => {
                self.lab.note(format!(
                    "the peer says {}, a byte of the record every second",
                    hex::short(&bytes)
                ));
                says(peer, &bytes);
                state.drips = true;
            }
            Act::Ends => {
                self.lab.note("the peer says that it ends (close_notify)");
                peer.expect("a peer").send_close_notify();
            }
            Act::Rekeys => {
                self.lab.note("the peer changes its keys");
                peer.expect("a peer")
                    .refresh_traffic_keys()
                    .expect("a handshake that is over");
            }
            Act::Sends(bytes) => {
                self.lab.note(format!(
                    "the peer sends {}, in the clear",
                    hex::short(&bytes)
                ));
                state.to_you.extend(bytes);
            }
            Act::Hears(_) | Act::SaysLater(..) | Act::SendsLater(..) => {}
            Act::HangsUp => {
                self.lab.note("the peer ends the TCP connection");
                state.hung_up = true;
            }
            Act::Fails(kind) => return Err(kind.into()),
            Act::MakesRoom => {
                self.lab.note("there is room again in the transport");
                state.room = None;
            }
            Act::Silence => {
                state.acts.push_front(Act::Silence);
                return self.waits_for_ever(state).map(|()| false);
            }
        }
        self.peer_works(state);
        Ok(true)
    }

    /// Time goes by, or the student's limit is over before; then the act is still to be done.
    fn passes(
        &self,
        state: &mut State,
        span: Duration,
        rest: impl FnOnce(Duration) -> Act,
    ) -> io::Result<()> {
        let limit = state.limit.unwrap_or(Duration::MAX);
        self.clock.advance(span.min(limit));
        match span > limit {
            true => {
                state.blocked += 1;
                state.acts.push_front(rest(span - limit));
                Err(ErrorKind::WouldBlock.into())
            }
            false => Ok(()),
        }
    }

    fn waits_for_ever(&self, state: &mut State) -> io::Result<()> {
        match state.limit {
            Some(limit) => {
                state.blocked += 1;
                self.clock.advance(limit);
                Err(ErrorKind::WouldBlock.into())
            }
            None => self
                .lab
                .because("The peer says nothing more, and nothing limits how long you wait for it.")
                .fails(
                    "wait_at_most before a wait",
                    "a read of the transport that never ends",
                ),
        }
    }

    fn nothing_comes(&self, state: &State) -> ! {
        let written = state.unflushed.len();
        let peer_hears = state
            .peer
            .as_ref()
            .is_some_and(|peer| !peer.is_handshaking());
        if written > 0 {
            self.lab
                .because("What is written may lie in a buffer until it is flushed, and the other side waits for it. Flush before you wait for an answer.")
                .fails("an answer of the peer", format!("a read that waits for ever: {written} bytes are written and not flushed"));
        }
        let waits = match peer_hears {
            true => format!(
                "a read that waits for ever: the peer has heard {} bytes, and waits for you",
                state.heard.len()
            ),
            false => "a read that waits for ever: the peer waits for your part of the handshake"
                .to_owned(),
        };
        self.lab
            .because("Before a stream waits for the other side, all that it has to say itself must be out: of the handshake, and of what was written. And when there is plaintext already, nobody has to wait.")
            .fails("something to read, or nothing to wait for", waits);
    }
}

fn says(peer: Option<&mut Connection>, bytes: &[u8]) {
    let peer = peer.expect("an act of TLS has a peer");
    let said = peer.writer().write_all(bytes);
    said.expect("room for what the peer says");
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        state.reads += 1;
        self.begins(&mut state)?;
        if let Some(kind) = state.read_error.take() {
            return Err(kind.into());
        }
        loop {
            self.peer_works(&mut state);
            let is_cut = state.cut_after.is_some_and(|after| state.given >= after);
            if is_cut {
                return Ok(0);
            }
            if !state.to_you.is_empty() {
                break;
            }
            if state.hung_up {
                return Ok(0);
            }
            if !self.peer_acts(&mut state)? && state.to_you.is_empty() {
                // Behind the end of the student's side nothing is owed.
                if state.ended > 0 && state.limit.is_some() {
                    self.waits_for_ever(&mut state)?;
                }
                self.nothing_comes(&state);
            }
        }
        if state.drips {
            let limit = state.limit.unwrap_or(Duration::MAX);
            self.clock.advance(DRIP.min(limit));
            if limit < DRIP {
                state.blocked += 1;
                return Err(ErrorKind::WouldBlock.into());
            }
        }
        if state.has_written {
            state.has_written = false;
            state.round_trips += 1;
        }
        let most = match state.drips {
            true => 1,
            false => state.piece,
        };
        let left = state
            .cut_after
            .map_or(usize::MAX, |after| after - state.given);
        let n = buf.len().min(most).min(left).min(state.to_you.len());
        for (place, byte) in buf.iter_mut().zip(state.to_you.drain(..n)) {
            *place = byte;
        }
        state.given += n;
        Ok(n)
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        self.begins(&mut state)?;
        if let Some(kind) = state.write_error.take() {
            return Err(kind.into());
        }
        let n = buf
            .len()
            .min(state.piece)
            .min(state.room.unwrap_or(usize::MAX));
        if n == 0 && !buf.is_empty() && state.room == Some(0) {
            if let Some(limit) = state.limit {
                self.clock.advance(limit);
            }
            return Err(ErrorKind::WouldBlock.into());
        }
        if state.ended > 0 {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let takes = state.write_takes;
        if takes > state.limit.unwrap_or(Duration::MAX) {
            self.waits_for_ever(&mut state)?;
        }
        self.clock.advance(takes);
        state.room = state.room.map(|room| room - n);
        state.has_written |= n > 0;
        state.unflushed.extend_from_slice(&buf[..n]);
        state.written.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut state = self.state();
        self.begins(&mut state)?;
        state.flushes += 1;
        match state.good_flushes.checked_sub(1) {
            Some(less) => state.good_flushes = less,
            None => {
                if let Some(kind) = state.flush_error.take() {
                    return Err(kind.into());
                }
            }
        }
        let flushed = std::mem::take(&mut state.unflushed);
        state.heard_raw.extend(flushed);
        Ok(())
    }
}

impl Waits for Wire {
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        if limit.is_zero() {
            return Err(ErrorKind::InvalidInput.into());
        }
        let mut state = self.state();
        if let Some(kind) = state.limit_error.take() {
            return Err(kind.into());
        }
        state.limit = Some(limit);
        state.longest = state.longest.max(Some(limit));
        Ok(())
    }
}

impl Stream for Wire {
    fn end_writing(&mut self) -> io::Result<()> {
        let mut state = self.state();
        if let Some(kind) = state.end_error.take() {
            return Err(kind.into());
        }
        // A kernel sends what it has, flushed or not.
        let flushed = std::mem::take(&mut state.unflushed);
        state.heard_raw.extend(flushed);
        state.ended += 1;
        Ok(())
    }
}

/// The clock, as a stream takes it.
struct Hand(ManualClock);

impl Clock for Hand {
    fn now(&self) -> Duration {
        self.0.now()
    }
}
