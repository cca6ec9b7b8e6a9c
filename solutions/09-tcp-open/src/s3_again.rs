//! Step 3: what is lost is sent again.
//!
//! One more term: **a connection ends for a reason**. It sends nothing, has no timer and is CLOSED,
//! and the program is told the reason. Its variables no longer matter. But a connection that was
//! opened passively and is in SYN-RECEIVED goes back to LISTEN, as if just opened. Then the program
//! is told nothing: it still waits for a peer.

use std::time::Duration;

use crate::tcb::Timer;
use crate::{Notice, Output, Segment, State, Tcb};

impl Tcb {
    /// Takes a repeated SYN of the peer, which has the sequence number IRS. `None` if it is another
    /// segment. A segment with RST is never one.
    ///
    /// - In SYN-RECEIVED, without ACK: our SYN,ACK seems to be lost. It is sent again. The timer goes on as it
    ///   was.
    /// - In ESTABLISHED, with ACK or without, whatever its number is: our ACK seems to be lost. It is sent again.
    ///
    /// Other contents of the segment, such as a window, an MSS or data, change nothing: no variable
    /// moves.
    pub(crate) fn repeated(&mut self, segment: &Segment) -> Option<Output> {
        let is_theirs = segment.syn && !segment.rst && segment.seq == self.vars.irs;
        let answer = match self.state {
            State::SynReceived if is_theirs && segment.ack.is_none() => self.syn(),
            State::Established if is_theirs => self.ack(),
            _ => return None,
        };
        Some(Output {
            segments: vec![answer],
            ..Output::default()
        })
    }

    /// Time has passed. If the timer's time is not over, or there is no timer, nothing changes.
    ///
    /// Otherwise, our SYN is sent again, with the same numbers, because it is the same connection.
    /// From `now` it waits twice as long as the last time, but no longer than `config.rto_max`.
    ///
    /// If our SYN was first sent `config.give_up` ago or longer, we give up instead: the connection ends for
    /// `Notice::TimedOut`.
    pub(crate) fn tick(&mut self, now: Duration) -> Output {
        let Some(timer) = self.timer.filter(|timer| timer.at <= now) else {
            return Output::default();
        };
        if now - timer.first >= self.config.give_up {
            return self.fail(Notice::TimedOut);
        }
        let rto = (timer.rto * 2).min(self.config.rto_max);
        self.timer = Some(Timer {
            rto,
            at: now + rto,
            ..timer
        });
        Output {
            segments: vec![self.syn()],
            ..Output::default()
        }
    }

    /// The connection ends for a reason.
    pub(crate) fn fail(&mut self, reason: Notice) -> Output {
        let back_to_listen = self.passive && self.state == State::SynReceived;
        self.state = State::Closed;
        self.timer = None;
        if back_to_listen {
            return self.open(Duration::ZERO, false);
        }
        Output {
            notices: vec![reason],
            ..Output::default()
        }
    }
}
