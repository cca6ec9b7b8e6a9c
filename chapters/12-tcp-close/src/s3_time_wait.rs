//! Step 3: the last one waits.

use std::time::Duration;

use tcp_open::{Segment, Seq};

/// A connection in TIME-WAIT: only its numbers and a time are left (RFC 9293, section 3.4.2).
///
/// It stays for two reasons. Its last ACK can be lost: then the peer sends its FIN again, and needs
/// an answer. And its segments can still be on their way. They must not be taken for segments of
/// another connection between the same two sockets. A segment lives for at most one MSL, and its
/// answer for another.
#[derive(Debug, Clone)]
pub struct TimeWait {
    // Your fields.
}

/// The effect of a segment on a connection in TIME-WAIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    Nothing,
    /// It is answered with [`TimeWait::ack`].
    Ack,
    /// The connection is gone: the peer has reset it.
    Gone,
    /// The peer wants a new connection. If a program listens, this one is gone.
    Reopens,
}

impl TimeWait {
    /// It begins at `now`, and lasts two MSL.
    pub fn new(now: Duration, msl: Duration, snd_nxt: Seq, rcv_nxt: Seq) -> TimeWait {
        todo!("12.3 TimeWait::new({now:?}, {msl:?}, {snd_nxt}, {rcv_nxt}): when is it over?")
    }

    /// When it is over.
    pub fn until(&self) -> Duration {
        todo!("12.3 until(): two MSL after the beginning, or after the last FIN")
    }

    /// A segment comes. The first of these that applies:
    ///
    /// 1. Its flags make no sense: nothing.
    /// 2. It has RST: with the number RCV.NXT the connection is gone, with any other nothing
    ///    happens. Nothing else in a RST counts, neither its ACK number nor its payload.
    /// 3. It has SYN and no ACK, and its number comes after RCV.NXT: the peer wants a new
    ///    connection. No old segment on its way can have such a number (RFC 1122, section
    ///    4.2.2.13).
    /// 4. It uses no number, and has the number RCV.NXT: nothing. It is the peer's last ACK, and
    ///    needs no answer.
    /// 5. Otherwise it is answered. If it has FIN, whatever its number, our last ACK was lost, and
    ///    the two MSL restart at `now`.
    ///
    /// SND.NXT and RCV.NXT no longer change.
    pub fn arrives(&mut self, now: Duration, segment: &Segment) -> Late {
        todo!("12.3 arrives({now:?}, {segment:?}): old, repeated, or new?")
    }

    /// Its answer: an ACK with the numbers SND.NXT and RCV.NXT, window 0, no other flag, no option
    /// and no data.
    pub fn ack(&self) -> Segment {
        todo!("12.3 ack(): SND.NXT and RCV.NXT")
    }

    /// The lowest number with which a new connection between the same two sockets may begin:
    /// SND.NXT + 65536. It is after all numbers that this one has sent, or its peer had room for.
    pub fn next_isn(&self) -> Seq {
        todo!("12.3 next_isn(): behind the old window")
    }
}
