//! Step 5: the end in good order.

use std::time::Duration;

use tcp_open::{Event, Segment, State};

use crate::connection::Streams;
use crate::{Connection, Late, Sign, TimeWait, after};

impl Connection {
    /// The program writes no more, but still reads.
    ///
    /// - LISTEN and SYN-SENT: the opening machine gets [`tcp_open::Event::Abort`]. Then it is
    ///   CLOSED, and nothing leaves.
    /// - SYN-RECEIVED: it `closes_early`.
    /// - From ESTABLISHED on: the sender closes, and the state goes on with [`Sign::WeClose`]. If
    ///   the program has already done it, this changes nothing.
    pub fn shutdown(&mut self, now: Duration) {
        match (self.state, &mut self.streams) {
            (State::Listen | State::SynSent, _) => self.opens(now, Event::Abort),
            (State::SynReceived, _) => self.closes_early = true,
            (_, Some(Streams { sender, .. })) => {
                sender.close();
                self.goes_on(now, Sign::WeClose);
            }
            (_, None) => {}
        }
    }

    /// Takes a sign: the state becomes the one [`crate::after`] it.
    ///
    /// A sign that does not change the state changes nothing else: a running wait goes on.
    ///
    /// - A connection that enters TIME-WAIT gets a [`crate::TimeWait`] from `now` on, with
    ///   `config.msl` and the current numbers.
    /// - An orphan that enters FIN-WAIT-2 `lingers` until `config.linger` from `now`.
    pub(crate) fn goes_on(&mut self, now: Duration, sign: Sign) {
        let before = self.state;
        self.state = after(before, sign);
        match (self.state, &self.streams) {
            (state, _) if state == before => {}
            (State::TimeWait, Some(Streams { sender, receiver })) => {
                let (snd_nxt, rcv_nxt) = (sender.nxt(), receiver.rcv_nxt());
                self.time_wait = Some(TimeWait::new(now, self.config.msl, snd_nxt, rcv_nxt));
            }
            (State::FinWait2, _) if self.is_orphan => {
                self.lingers = Some(now + self.config.linger);
            }
            _ => {}
        }
    }

    /// A segment comes in TIME-WAIT: see [`crate::TimeWait::arrives`].
    ///
    /// - [`crate::Late::Ack`] and [`crate::Late::Reopens`]: its answer goes to `out` if the segment has a FIN, or if
    ///   [`Challenges::answers`](crate::Challenges::answers) says so, which is only called for a
    ///   segment without FIN. (A connection cannot start again. A host can begin a new one, in step
    ///   8: it calls [`Connection::reopens`] before.)
    /// - [`crate::Late::Gone`] is [`Connection::waits_no_longer`].
    pub(crate) fn arrives_late(&mut self, now: Duration, segment: &Segment) {
        let Some(time_wait) = &mut self.time_wait else {
            return;
        };
        match time_wait.arrives(now, segment) {
            Late::Ack | Late::Reopens if segment.fin || self.challenges.answers(now, segment) => {
                self.out.push(time_wait.ack());
            }
            Late::Gone => self.waits_no_longer(),
            _ => {}
        }
    }

    /// TIME-WAIT is over, or an orphan's FIN-WAIT-2 is, or a reset has come after both sides had
    /// closed: it is CLOSED. The streams stay, because the program may not have read everything.
    /// The program is not told.
    pub(crate) fn waits_no_longer(&mut self) {
        self.state = State::Closed;
        self.time_wait = None;
    }
}
