//! Step 3: what is lost is sent again.
//!
//! One more term: **a connection ends for a reason**. It sends nothing, has no timer and is CLOSED,
//! and the program is told the reason. Its variables no longer matter. But a connection that was
//! opened passively and is in SYN-RECEIVED goes back to LISTEN, as if just opened. Then the program
//! is told nothing: it still waits for a peer.

use std::time::Duration;

use crate::{Output, Segment, Tcb};

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
        todo!(
            "9.3 repeated({segment:?}) in {}: has this SYN come before?",
            self.state
        )
    }

    /// Time has passed. If the timer's time is not over, or there is no timer, nothing changes.
    ///
    /// Otherwise, our SYN is sent again, with the same numbers, because it is the same connection.
    /// From `now` it waits twice as long as the last time, but no longer than `config.rto_max`.
    ///
    /// If our SYN was first sent `config.give_up` ago or longer, we give up instead: the connection ends for
    /// `Notice::TimedOut`.
    pub(crate) fn tick(&mut self, now: Duration) -> Output {
        let waits = self.timer.map(|timer| (timer.first, timer.rto, timer.at));
        todo!("9.3 tick({now:?}) with (first, rto, at) {waits:?}: too early, again, or the end?")
    }
}
