//! Given: a sender that asks step 9's scoreboard, so that you can see what it gains. You have nothing to write here.
//!
//! It sends one stream in bulk, and its windows may have more than 16 bits. It has no FIN, no persist timer and no Nagle
//! algorithm, and never gives up: it is no replacement for [`crate::Sender`].

use std::collections::VecDeque;
use std::time::Duration;

use tcp_open::{Segment, Seq, seq_lt};

use crate::s1_rto::{RtoLimits, RttEstimator};
use crate::s6_congestion::Congestion;
use crate::s9_scoreboard::{Next, Scoreboard};

/// Recovers as RFC 6675 says (section 5). Its owner calls it like a [`crate::Sender`].
#[derive(Debug)]
pub struct SackSender {
    mss: u32,
    rtt: RttEstimator,
    congestion: Congestion,
    board: Scoreboard,
    una: Seq,
    nxt: Seq,
    wnd: u32,
    /// The bytes from `una` on, sent or not.
    data: VecDeque<u8>,
    /// SND.NXT at the last loss, until SND.UNA reaches it. Until then no recovery begins.
    point: Option<Seq>,
    is_recovering: bool,
    must_repeat: bool,
    rings_at: Option<Duration>,
    /// A segment that was sent once: the number behind it, and when it left.
    timed: Option<(Seq, Duration)>,
}

impl SackSender {
    /// The first number to send, the MSS, the peer's window in bytes, and how long the handshake took.
    pub fn new(first: Seq, mss: u16, window: u32, handshake: Duration) -> SackSender {
        let mut rtt = RttEstimator::new(RtoLimits::default());
        rtt.sample(handshake);
        SackSender {
            mss: mss.into(),
            rtt,
            congestion: Congestion::new(mss),
            board: Scoreboard::new(first, mss),
            una: first,
            nxt: first,
            wnd: window,
            data: VecDeque::new(),
            point: None,
            is_recovering: false,
            must_repeat: false,
            rings_at: None,
            timed: None,
        }
    }

    /// Takes all bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        self.data.extend(bytes);
    }

    /// Whether everything that was written is acknowledged.
    pub fn is_done(&self) -> bool {
        self.data.is_empty()
    }

    /// Takes an acknowledgment with its window, in bytes, and its blocks.
    pub fn on_segment(&mut self, now: Duration, ack: Seq, window: u32, blocks: &[(Seq, Seq)]) {
        let acked = ack - self.una;
        if acked > self.nxt - self.una {
            return;
        }
        (self.una, self.wnd) = (ack, window);
        self.data.drain(..acked as usize);
        self.board.on_segment(ack, self.nxt, blocks);
        if acked > 0 {
            if let Some((_, sent)) = self.timed.take_if(|(end, _)| !seq_lt(ack, *end)) {
                self.rtt.sample(now - sent);
            }
            self.rings_at = (ack != self.nxt).then(|| now + self.rtt.rto());
            if !self.is_recovering {
                self.congestion.acked(acked);
            }
        }
        if self.point.is_some_and(|point| !seq_lt(ack, point)) {
            (self.point, self.is_recovering) = (None, false);
        }
        let in_flight = self.nxt - self.una;
        if self.point.is_none() && in_flight > 0 && self.board.is_lost(self.una) {
            self.congestion.halve(in_flight);
            self.congestion.set_cwnd(self.congestion.ssthresh());
            self.board.begins();
            (self.point, self.is_recovering) = (Some(self.nxt), true);
            self.must_repeat = true;
        }
    }

    /// The segments that leave now, without an acknowledgment and a window.
    pub fn poll(&mut self, now: Duration) -> Vec<Segment> {
        if self.rings_at.is_some_and(|at| at <= now) {
            self.congestion.halve(self.nxt - self.una);
            self.congestion.set_cwnd(self.mss);
            self.board.timed_out(self.nxt);
            (self.point, self.is_recovering) = (Some(self.nxt), false);
            self.must_repeat = true;
            self.rtt.back_off();
            self.rings_at = Some(now + self.rtt.rto());
        }
        let mut out = Vec::new();
        // A scoreboard that always says the same must not fill the memory.
        while out.len() < 10_000 {
            let in_flight = self.nxt - self.una;
            let unsent = self.data.len() as u32 - in_flight;
            let new = unsent.min(self.mss);
            let has_new = new > 0 && in_flight + new <= self.wnd;
            let next = match self.point {
                Some(_) => self.board.next(self.nxt, has_new),
                None if has_new => Next::New,
                None => Next::Nothing,
            };
            let has_room = self.board.pipe(self.nxt) + self.mss <= self.congestion.cwnd();
            match next {
                Next::Again(seq, len) if has_room || self.must_repeat => {
                    self.must_repeat = false;
                    self.timed = None;
                    self.board.repeated(seq, len);
                    out.push(self.segment(seq, len));
                }
                Next::New if has_room => {
                    let segment = self.segment(self.nxt, new);
                    self.nxt = self.nxt + new;
                    self.timed.get_or_insert((self.nxt, now));
                    out.push(segment);
                }
                _ => break,
            }
        }
        if !out.is_empty() {
            self.rings_at.get_or_insert(now + self.rtt.rto());
        }
        out
    }

    /// When [`SackSender::poll`] must be called again, if nothing else happens before.
    pub fn wake_at(&self) -> Option<Duration> {
        self.rings_at
    }

    fn segment(&self, seq: Seq, len: u32) -> Segment {
        let bytes = self.data.iter().skip((seq - self.una) as usize);
        Segment {
            seq,
            payload: bytes.take(len as usize).copied().collect(),
            ..Segment::default()
        }
    }
}
