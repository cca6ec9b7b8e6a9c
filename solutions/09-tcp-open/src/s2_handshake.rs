//! Step 2: three segments.
//!
//! Three terms, which later steps use, too:
//!
//! - **Our SYN** has the sequence number ISS, and the configured window and MSS. In SYN-RECEIVED it is a SYN,ACK:
//!   it has the ACK number RCV.NXT as well.
//! - **Our ACK** has the sequence number SND.NXT, the ACK number RCV.NXT, the configured window, and no MSS.
//! - A segment is **in the window** if its sequence number is RCV.NXT or one of those that follow, RCV.WND in
//!   all. (Chapter 10 looks at its end, too.)

use std::time::Duration;

use crate::tcb::Timer;
use crate::{Notice, Output, Segment, State, Tcb, Vars, seq_between};

/// A smaller MSS of the peer counts as this. (It is Linux's `tcp_min_snd_mss`.)
pub const MIN_MSS: u16 = 48;

impl Tcb {
    /// The program opens the connection. In any other state than CLOSED that changes nothing.
    ///
    /// In CLOSED, RCV.WND becomes the configured window, and all other variables become as in a new `Tcb`: an older
    /// connection may have left something in them.
    ///
    /// Passively: then it is in LISTEN.
    ///
    /// Actively: then it is in SYN-SENT, and sends our SYN. ISS and SND.UNA are the configured ISN,
    /// and SND.NXT is one more, because the SYN uses a number. The timer ([`crate::tcb::Timer`])
    /// starts: our SYN was first sent `now`, and waits for `config.rto`.
    pub(crate) fn open(&mut self, now: Duration, active: bool) -> Output {
        if self.state != State::Closed {
            return Output::default();
        }
        self.passive = !active;
        self.vars = Vars {
            rcv_wnd: self.config.window.into(),
            ..Vars::default()
        };
        if active {
            self.state = State::SynSent;
            self.send_syn(now)
        } else {
            self.state = State::Listen;
            Output::default()
        }
    }

    /// Takes the segment that the handshake waits for. `None` if it is another one, and then
    /// nothing has changed. A segment with RST is never the one.
    ///
    /// - LISTEN waits for a SYN without ACK. Then it is in SYN-RECEIVED, and sends our SYN. ISS,
    ///   SND.UNA, SND.NXT and the timer are set as in an active open.
    /// - SYN-SENT waits for SYN and ACK, with the ACK number SND.NXT. Then it is ESTABLISHED, and
    ///   sends our ACK.
    /// - SYN-RECEIVED waits for an ACK without SYN, with the ACK number SND.NXT, in the window.
    ///   Then it is ESTABLISHED, and sends nothing.
    ///
    /// A SYN says where the peer's numbers begin: IRS is its sequence number, and RCV.NXT is one
    /// more, because the SYN uses a number. It also says the largest payload that the peer accepts:
    /// the MSS is 536 if the option is missing, and [`MIN_MSS`] if it says less. In a segment
    /// without SYN the option does not count (RFC 9293, section 3.2). Each of these segments says
    /// the peer's window: SND.WND.
    ///
    /// In ESTABLISHED, SND.UNA is the ACK number, there is no timer, and the machine tells the program
    /// `Notice::Established`.
    ///
    /// Chapters 10 and 12 handle data or a FIN in these segments. Here they change nothing: their
    /// sender sends them again. PSH changes nothing either.
    pub(crate) fn expected(&mut self, now: Duration, segment: &Segment) -> Option<Output> {
        let acks_our_syn = segment.ack == Some(self.vars.snd_nxt);
        match self.state {
            _ if segment.rst => None,
            State::Listen if segment.syn && segment.ack.is_none() => {
                self.learn(segment);
                self.state = State::SynReceived;
                Some(self.send_syn(now))
            }
            State::SynSent if segment.syn && acks_our_syn => {
                self.learn(segment);
                let mut output = self.establish(segment);
                output.segments.push(self.ack());
                Some(output)
            }
            State::SynReceived if !segment.syn && acks_our_syn && self.in_window(segment) => {
                Some(self.establish(segment))
            }
            _ => None,
        }
    }

    /// Our SYN.
    pub(crate) fn syn(&self) -> Segment {
        Segment {
            seq: self.vars.iss,
            ack: (self.state == State::SynReceived).then_some(self.vars.rcv_nxt),
            syn: true,
            window: self.config.window,
            mss: Some(self.config.mss),
            ..Segment::default()
        }
    }

    /// Our ACK.
    pub(crate) fn ack(&self) -> Segment {
        Segment {
            seq: self.vars.snd_nxt,
            ack: Some(self.vars.rcv_nxt),
            window: self.config.window,
            ..Segment::default()
        }
    }

    /// Whether a segment is in the window.
    pub(crate) fn in_window(&self, segment: &Segment) -> bool {
        let nxt = self.vars.rcv_nxt;
        seq_between(nxt, segment.seq, nxt + self.vars.rcv_wnd)
    }

    /// What the peer's SYN says.
    pub(crate) fn learn(&mut self, syn: &Segment) {
        self.vars.irs = syn.seq;
        self.vars.rcv_nxt = syn.seq + 1;
        self.vars.snd_wnd = syn.window.into();
        self.vars.mss = syn.mss.unwrap_or(536).max(MIN_MSS);
    }

    /// Our SYN is acknowledged.
    pub(crate) fn establish(&mut self, segment: &Segment) -> Output {
        self.state = State::Established;
        self.vars.snd_una = self.vars.snd_nxt;
        self.vars.snd_wnd = segment.window.into();
        self.timer = None;
        Output {
            notices: vec![Notice::Established],
            ..Output::default()
        }
    }

    fn send_syn(&mut self, now: Duration) -> Output {
        self.vars.iss = self.config.iss;
        self.vars.snd_una = self.vars.iss;
        self.vars.snd_nxt = self.vars.iss + 1;
        self.timer = Some(Timer {
            first: now,
            rto: self.config.rto,
            at: now + self.config.rto,
        });
        Output {
            segments: vec![self.syn()],
            ..Output::default()
        }
    }
}
