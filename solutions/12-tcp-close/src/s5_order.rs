//! Step 5: the end in good order.

use std::time::Duration;

use tcp_open::{Event, Segment, State};

use crate::connection::Streams;
use crate::{Connection, Late, Sign, TimeWait, after};

impl Connection {
    /// The program writes no more, but still reads.
    ///
    /// - LISTEN and SYN-SENT: the opening machine gets [`tcp_open::Event::Abort`]. It is CLOSED then, and nothing leaves.
    /// - SYN-RECEIVED: it `closes_early`.
    /// - From ESTABLISHED on: the sender closes, and the state goes on with [`Sign::WeClose`]. Where the program has done it
    ///   already, that changes nothing.
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

    /// There is a sign: the state is the one [`crate::after`] it.
    ///
    /// A sign that leads nowhere changes nothing: what has begun to wait goes on waiting.
    ///
    /// - Whoever comes to TIME-WAIT by it has a [`crate::TimeWait`] from `now` on, with `config.msl` and the numbers as they are.
    /// - An orphan that comes to FIN-WAIT-2 by it `lingers` until `config.linger` from `now`.
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
    ///   [`Challenges::answers`](crate::Challenges::answers) says so, which is only asked about a segment without FIN. (A connection
    ///   cannot begin anew. A host can, in step 8: it asks [`Connection::reopens`] before.)
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

    /// TIME-WAIT is over, or an orphan's FIN-WAIT-2, or a reset ends what both sides had closed: it is CLOSED. The streams stay,
    /// since the program may not have read all. The program is not told.
    pub(crate) fn waits_no_longer(&mut self) {
        self.state = State::Closed;
        self.time_wait = None;
    }
}
