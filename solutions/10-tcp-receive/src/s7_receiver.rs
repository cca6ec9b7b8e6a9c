//! Step 7: the receiver, put together.

use std::time::Duration;

use tcp_open::{Segment, Seq};

use crate::{AckPlan, AckTimer, Inbound, Offer, acceptable, unwrap_seq};

/// The receiving half of a connection, from ESTABLISHED on. `now` is the time since any fixed moment.
///
/// It sends nothing itself. After each event its owner asks [`Receiver::plan`] whether a segment
/// has to leave. For every segment that leaves, the owner calls [`Receiver::stamp`], which writes
/// the acknowledgment and the window into it.
///
/// ```ignore
/// receiver.on_segment(now, &segment);
/// match receiver.plan(now) {
///     AckPlan::Now => {
///         let mut ack = Segment { seq: snd_nxt, ..Segment::default() };
///         receiver.stamp(&mut ack);
///         // send it
///     }
///     AckPlan::Later(at) => {} // ask again at this moment
///     AckPlan::Nothing => {}
/// }
/// ```
#[derive(Debug)]
pub struct Receiver {
    irs: Seq,
    inbound: Inbound,
    offer: Offer,
    acks: AckTimer,
}

impl Receiver {
    /// The receiver of a connection whose peer has sent the SYN `irs`. There is room for `capacity` bytes, at least 1;
    /// the handshake has offered that, or 65535 if that is less. `mss` is the MSS that this side
    /// has announced, at least 1: the most bytes that the peer puts into a segment.
    pub fn new(irs: Seq, capacity: usize, mss: u16) -> Receiver {
        Receiver {
            irs,
            inbound: Inbound::new(capacity),
            offer: Offer::new(1, capacity, mss),
            acks: AckTimer::new(),
        }
    }

    /// Takes a segment that has come in at `now`: its data, and its FIN (RFC 9293, section 3.10.7.4: the first, seventh and
    /// eighth check). The sender handles its ACK and its window, and the connection handles RST and
    /// SYN.
    /// The first of these that applies counts:
    ///
    /// - A segment with RST changes nothing, and is not acknowledged. An acknowledgment that is
    ///   owed stays owed.
    /// - One that is not acceptable ([`crate::acceptable`], with [`Receiver::rcv_nxt`] and
    ///   [`Receiver::rcv_wnd`]) is dropped, and acknowledged at once: its sender does not know what
    ///   has come. The same holds for one whose first byte has the number of the peer's SYN or a
    ///   number before it.
    /// - One that uses no number is not acknowledged. An acknowledgment that is owed stays owed.
    /// - The data and the FIN of any other segment are kept as [`Inbound::push`] says, even bytes
    ///   outside the window that have room. A SYN uses the first number of a segment, and the data
    ///   begins after it.
    ///
    /// A segment of the last kind is acknowledged at once
    ///
    /// - if [`Receiver::rcv_nxt`] does not change: the peer must learn which number is expected.
    ///   For a segment behind a hole, this is the *duplicate ACK*, which tells the peer of the loss
    ///   (RFC 5681, section 4.2). Each such segment gets its own, however many there are;
    /// - if there was a hole before it came, even one before the FIN ([`Inbound::holes`]): it has
    ///   filled the hole or a part of it;
    /// - if it completes the stream.
    ///
    /// Any other has come in order, and its acknowledgment can wait ([`crate::AckTimer::on_data`]).
    pub fn on_segment(&mut self, now: Duration, segment: &Segment) {
        if segment.rst {
            return;
        }
        let wanted = self.next();
        let len = segment.len();
        let first = unwrap_seq(segment.seq, self.irs, wanted) + u64::from(segment.syn);
        let at = first.checked_sub(1);
        let is_acceptable = acceptable(self.rcv_nxt(), self.rcv_wnd(), segment.seq, len);
        let (true, Some(at)) = (is_acceptable, at) else {
            return self.acks.at_once();
        };
        if len == 0 {
            return;
        }
        let had_holes = !self.inbound.holes().is_empty();
        self.inbound.push(at, &segment.payload, segment.fin);
        if had_holes || self.next() == wanted || self.inbound.is_complete() {
            self.acks.at_once();
        } else {
            self.acks.on_data(now);
        }
    }

    /// Reads at most `max` bytes. If a window update is now due ([`crate::Offer::is_update_due`]),
    /// a segment has to leave at once, even when there is a hole or nothing was read. But not when
    /// the stream is complete, because then the peer has nothing to send.
    pub fn read(&mut self, max: usize) -> Vec<u8> {
        let data = self.inbound.read(max);
        let may_send = !self.inbound.is_complete();
        if may_send && self.offer.is_update_due(self.next(), self.room()) {
            self.acks.at_once();
        }
        data
    }

    /// Whether a segment has to leave at `now`, only to acknowledge or to announce the window.
    pub fn plan(&self, now: Duration) -> AckPlan {
        self.acks.plan(now)
    }

    /// Writes the acknowledgment and the window into any segment that leaves now, whether or not an
    /// acknowledgment is owed: [`Receiver::rcv_nxt`], and the result of [`crate::Offer::renew`].
    /// After that nothing is owed, not even a window update. Everything else in the segment stays.
    pub fn stamp(&mut self, segment: &mut Segment) {
        let (next, room) = (self.next(), self.room());
        segment.ack = Some(self.rcv_nxt());
        segment.window = self.offer.renew(next, room);
        self.acks.sent();
    }

    /// RCV.NXT: the next expected number. It comes after all bytes before the first hole, and after
    /// the FIN when the stream is complete.
    pub fn rcv_nxt(&self) -> Seq {
        self.irs + self.next() as u32
    }

    /// RCV.WND: how many numbers from [`Receiver::rcv_nxt`] on the peer may send, by the last offer.
    pub fn rcv_wnd(&self) -> u32 {
        u32::from(self.offer.window(self.next()))
    }

    /// The stream as it is here.
    pub fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    /// The number that is wanted next, counted from the peer's SYN: 1 for it, 1 for each byte, 1 for the FIN.
    fn next(&self) -> u64 {
        1 + self.inbound.bytes().next() + u64::from(self.inbound.is_complete())
    }

    fn room(&self) -> usize {
        self.inbound.bytes().window()
    }
}
