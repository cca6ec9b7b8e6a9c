//! Step 8: the sender of a connection.

use std::collections::VecDeque;
use std::time::Duration;

use tcp_open::{Segment, Seq, Vars};

use crate::s1_rto::{RtoLimits, RttEstimator};
use crate::s2_segments::segmentize;
use crate::s3_window::{Heard, SendWindow};
use crate::s4_flight::{Alarm, Flight};
use crate::s5_waiting::{Persist, Piece, may_go};
use crate::s6_congestion::Congestion;
use crate::s7_recovery::Recovery;

/// The settings of a [`Sender`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// The most bytes that fit into a packet of ours: the link's MTU without 40 bytes of headers.
    /// The peer's limit is in [`Vars::mss`]; the smaller of the two counts.
    pub mss: u16,
    /// The most bytes that are kept: those not sent yet, and those not acknowledged.
    pub buffer: usize,
    /// Nagle's algorithm is off.
    pub nodelay: bool,
    pub rto: RtoLimits,
    /// How long the peer may leave us without an acknowledgment: at least 100 seconds (RFC 9293, section 3.8.3).
    pub give_up: Duration,
}

/// Ethernet, 64 kB, Nagle, RFC 6298's limits, 100 seconds.
impl Default for Config {
    fn default() -> Config {
        Config {
            mss: 1460,
            buffer: 65_536,
            nodelay: false,
            rto: RtoLimits::default(),
            give_up: Duration::from_secs(100),
        }
    }
}

/// The sending half of a connection, from ESTABLISHED on.
///
/// Its owner reports events with [`Sender::write`], [`Sender::close`] and [`Sender::on_segment`].
/// It calls [`Sender::poll`] after each of these and at the time of [`Sender::wake_at`], and sends
/// the segments that `poll` returns. `now` is the time since any fixed moment.
///
/// **The receiving half fills in `ack` and `window` of these segments**: they come with `ack: None`
/// and `window: 0`, and the owner writes both before a segment leaves.
#[derive(Debug)]
pub struct Sender {
    config: Config,
    mss: u16,
    window: SendWindow,
    flight: Flight,
    persist: Persist,
    recovery: Recovery,
    /// What was never sent.
    queue: VecDeque<u8>,
    fin: Fin,
    /// The first segment in flight is to be sent again, whatever cwnd says.
    must_resend: bool,
    /// What stands at SND.NXT has been sent as a question, and does not count as sent.
    is_probing: bool,
    last_sent: Duration,
    has_given_up: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fin {
    No,
    Wanted,
    Sent,
}

impl Sender {
    /// The handshake is over; `vars` is its result.
    ///
    /// `handshake` is how long the peer's answer to our SYN took, and is the first sample for the RTO. It is `None` if
    /// the SYN had to be sent again. Then the RTO is as `RttEstimator::syn_was_resent` says, and the initial window
    /// is one MSS (RFC 5681, section 3.1).
    ///
    /// Both timers give up after [`Config::give_up`], and neither waits longer than the `max` of
    /// [`Config::rto`].
    pub fn new(config: Config, vars: &Vars, handshake: Option<Duration>) -> Sender {
        let mss = config.mss.min(vars.mss).max(1);
        let mut rtt = RttEstimator::new(config.rto);
        let mut congestion = Congestion::new(mss);
        match handshake {
            Some(r) => rtt.sample(r),
            None => {
                rtt.syn_was_resent();
                congestion.set_cwnd(u32::from(mss));
            }
        }
        Sender {
            config,
            mss,
            window: SendWindow::new(vars),
            flight: Flight::new(rtt, config.give_up),
            persist: Persist::new(config.rto.max, config.give_up),
            recovery: Recovery::new(congestion, mss),
            queue: VecDeque::new(),
            fin: Fin::No,
            must_resend: false,
            is_probing: false,
            last_sent: Duration::ZERO,
            has_given_up: false,
        }
    }

    /// Takes bytes of the program, as many as there is [`Sender::room`] for, and returns how many.
    /// After [`Sender::close`] it takes none.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        if self.fin != Fin::No {
            return 0;
        }
        let n = bytes.len().min(self.room());
        self.queue.extend(&bytes[..n]);
        n
    }

    /// The room in bytes: [`Config::buffer`] minus the unsent bytes and the numbers in flight, and
    /// never less than 0. A FIN in flight is one of the numbers.
    pub fn room(&self) -> usize {
        let here = self.queue.len() + self.window.in_flight() as usize;
        self.config.buffer.saturating_sub(here)
    }

    /// The program writes no more: a FIN follows its last byte.
    pub fn close(&mut self) {
        if self.fin == Fin::No {
            self.fin = Fin::Wanted;
        }
    }

    /// Takes the acknowledgment and the window of a segment in the receive window (step 3), and
    /// updates the timers (steps 4 and 5) and the congestion window (steps 6 and 7). The owner
    /// answers `Heard::Beyond` with an ACK, and drops the segment.
    ///
    /// After a question of [`Sender::poll`], a segment that acknowledges one number more than
    /// SND.NXT is the answer: the peer has taken the byte or FIN of the question, so it counts as
    /// sent now.
    ///
    /// A new acknowledgment stops the timer of `Persist`, so that its next wait is one RTO again. Every
    /// segment with an acknowledgment that is not beyond is a sign of life for that timer (`Persist::heard`). If SND.WND
    /// is 0 after the segment, it is a sign of life for the flight, too (`Flight::heard`).
    pub fn on_segment(&mut self, now: Duration, segment: &Segment) -> Heard {
        if self.is_probing && segment.ack == Some(self.nxt() + 1) {
            if self.queue.pop_front().is_none() {
                self.fin = Fin::Sent;
            }
            self.window.sent(1);
        }
        let heard = self.window.on_segment(segment);
        let (una, nxt) = (self.una(), self.nxt());
        let resends = match heard {
            Heard::Beyond => return heard,
            Heard::Nothing => false,
            Heard::Duplicate => self.recovery.on_duplicate(una, nxt),
            Heard::New(acked) => {
                self.flight.on_ack(now, una);
                self.persist.stop();
                self.is_probing = false;
                self.recovery.on_ack(acked, una, nxt)
            }
        };
        if resends {
            self.flight.lose_first();
            self.must_resend = true;
        }
        if segment.ack.is_some() {
            self.persist.heard();
            if self.wnd() == 0 {
                self.flight.heard(now);
            }
        }
        heard
    }

    /// The segments that leave now, in this order:
    ///
    /// 1. Repeated segments: the first segment in flight, if the timer has rung (step 4) or step 7
    ///    says so, once and whatever the room in the congestion window; then other lost segments,
    ///    as long as the congestion window has room for one MSS.
    /// 2. If nothing counts as lost: new segments, as long as the peer's window has room (step 3), the congestion
    ///    window has room for the whole payload, and `may_go` lets them leave. Only the last one,
    ///    after which nothing is left to send, carries PSH. If bytes wait, nothing is in flight,
    ///    and nothing was sent for longer than an RTO (a question of item 4 also counts as sent
    ///    here), the congestion window first becomes that of `Recovery::after_idle`.
    /// 3. If nothing counts as lost: the FIN, when every byte has been sent and the peer's window has room for its
    ///    number: on the last segment if possible, otherwise alone. It is not part of the payload:
    ///    neither the MSS nor the congestion window counts it.
    /// 4. If bytes or the FIN wait, and nothing is in flight, the timer of `Persist` runs. When it
    ///    rings, the bytes that fit into the peer's window leave as one segment, whatever `may_go`
    ///    says. If the window is 0, the next byte, or the FIN if that is next, leaves as a question
    ///    (a window probe). It does not count as sent: SND.NXT stays, and the same byte or FIN is
    ///    sent again later, as a question or at the beginning of a segment.
    ///
    /// After a timer has given up, nothing leaves any more.
    pub fn poll(&mut self, now: Duration) -> Vec<Segment> {
        let mut out = Vec::new();
        if self.has_given_up {
            return out;
        }
        match self.flight.alarm(now) {
            Alarm::Quiet => {}
            Alarm::Rings => {
                let (una, nxt) = (self.una(), self.nxt());
                self.recovery.on_timeout(una, nxt);
            }
            Alarm::GivesUp => {
                self.has_given_up = true;
                return out;
            }
        }
        self.resend(&mut out);
        if !self.flight.has_lost() {
            self.send_new(now, &mut out);
        }
        self.ask(now, &mut out);
        if !out.is_empty() {
            self.last_sent = now;
        }
        out
    }

    fn resend(&mut self, out: &mut Vec<Segment>) {
        if std::mem::take(&mut self.must_resend) {
            out.extend(self.flight.resend());
        }
        while self.flight.has_lost() && self.has_room(u32::from(self.mss)) {
            out.extend(self.flight.resend());
        }
    }

    /// Whether the congestion window has room for so many bytes.
    fn has_room(&self, len: u32) -> bool {
        self.flight.outstanding().saturating_add(len) <= self.recovery.allowed()
    }

    fn send_new(&mut self, now: Duration, out: &mut Vec<Segment>) {
        if !self.queue.is_empty() {
            self.after_a_pause(now);
        }
        let (nxt, usable) = (self.nxt(), self.window.usable());
        for (_, range) in segmentize(self.queue.make_contiguous(), nxt, self.mss, usable) {
            let piece = Piece {
                len: range.len() as u32,
                mss: self.mss,
                is_last: range.len() == self.queue.len(),
                is_closing: self.fin == Fin::Wanted,
                in_flight: self.in_flight(),
                widest: self.window.widest(),
                nodelay: self.config.nodelay,
            };
            if !may_go(&piece) || !self.has_room(piece.len) {
                break;
            }
            self.send(now, range.len(), out);
        }
        if self.queue.is_empty() && self.fin == Fin::Wanted && self.window.usable() > 0 {
            self.send(now, 0, out);
        }
    }

    fn after_a_pause(&mut self, now: Duration) {
        if self.in_flight() == 0 && now.saturating_sub(self.last_sent) > self.rto() {
            self.recovery.after_idle();
        }
    }

    /// Sends the next so many bytes of the queue, and the FIN if they are the last and the window has room for it.
    fn send(&mut self, now: Duration, len: usize, out: &mut Vec<Segment>) {
        let payload = self.queue.make_contiguous()[..len].to_vec();
        self.queue.drain(..len);
        let is_last = self.queue.is_empty();
        let fin = is_last && self.fin == Fin::Wanted && self.window.usable() > len as u32;
        if fin {
            self.fin = Fin::Sent;
        }
        let segment = Segment {
            seq: self.nxt(),
            fin,
            psh: is_last && len > 0,
            payload,
            ..Segment::default()
        };
        self.window.sent(segment.len());
        self.flight.sent(now, segment.clone());
        self.is_probing = false;
        out.push(segment);
    }

    /// Asks whether the window has opened, if that is all that can be done.
    fn ask(&mut self, now: Duration, out: &mut Vec<Segment>) {
        let something_waits = !self.queue.is_empty() || self.fin == Fin::Wanted;
        if !something_waits || self.in_flight() > 0 {
            return self.persist.stop();
        }
        self.persist.start(now, self.rto());
        match self.persist.alarm(now) {
            Alarm::Quiet => {}
            Alarm::GivesUp => self.has_given_up = true,
            Alarm::Rings if self.window.usable() > 0 => {
                let most = self.window.usable().min(u32::from(self.mss)) as usize;
                self.send(now, most.min(self.queue.len()), out);
            }
            Alarm::Rings => {
                self.is_probing = true;
                out.push(Segment {
                    seq: self.nxt(),
                    fin: self.queue.is_empty(),
                    payload: self.queue.front().copied().into_iter().collect(),
                    ..Segment::default()
                });
            }
        }
    }

    /// When [`Sender::poll`] must be called again, if nothing else happens before.
    pub fn wake_at(&self) -> Option<Duration> {
        let alarms = [self.flight.wake_at(), self.persist.wake_at()];
        let alarms = alarms.into_iter().filter(|_| !self.has_given_up);
        alarms.flatten().min()
    }

    /// The peer has been silent for too long ([`Config::give_up`]): the connection is dead.
    pub fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    /// Whether the FIN has been sent and acknowledged.
    pub fn fin_acked(&self) -> bool {
        self.fin == Fin::Sent && self.in_flight() == 0
    }

    /// SND.UNA, the oldest number that is not acknowledged.
    pub fn una(&self) -> Seq {
        self.window.una()
    }

    /// SND.NXT, the next number to send.
    pub fn nxt(&self) -> Seq {
        self.window.nxt()
    }

    /// SND.WND: for how many bytes, counted from SND.UNA, the peer has room.
    pub fn wnd(&self) -> u32 {
        self.window.wnd()
    }

    /// The widest that SND.WND has ever been (RFC 5961's MAX.SND.WND).
    pub fn widest(&self) -> u32 {
        self.window.widest()
    }

    /// How many numbers are sent and not acknowledged.
    pub fn in_flight(&self) -> u32 {
        self.window.in_flight()
    }

    /// The retransmission time-out now.
    pub fn rto(&self) -> Duration {
        self.flight.rto()
    }

    /// The congestion window.
    pub fn cwnd(&self) -> u32 {
        self.recovery.cwnd()
    }

    /// The slow start threshold.
    pub fn ssthresh(&self) -> u32 {
        self.recovery.ssthresh()
    }
}
