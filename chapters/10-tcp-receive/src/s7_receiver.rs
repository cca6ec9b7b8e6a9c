//! Step 7: the receiver, put together.

use std::time::Duration;

use tcp_open::{Segment, Seq};

use crate::{AckPlan, Inbound};

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
    // Yours to fill.
}

impl Receiver {
    /// The receiver of a connection whose peer has sent the SYN `irs`. There is room for `capacity` bytes, at least 1;
    /// the handshake has offered that, or 65535 if that is less. `mss` is the MSS that this side
    /// has announced, at least 1: the most bytes that the peer puts into a segment.
    pub fn new(irs: Seq, capacity: usize, mss: u16) -> Receiver {
        todo!("10.7 Receiver::new({irs}, {capacity}, {mss}): a stream, an offer, a timer")
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
        todo!(
            "10.7 on_segment({now:?}, {segment:?}): acceptable? Keep its data. When to acknowledge?"
        )
    }

    /// Reads at most `max` bytes. If a window update is now due ([`crate::Offer::is_update_due`]),
    /// a segment has to leave at once, even when there is a hole or nothing was read. But not when
    /// the stream is complete, because then the peer has nothing to send.
    pub fn read(&mut self, max: usize) -> Vec<u8> {
        todo!("10.7 read({max}): from the stream, and is a window update due?")
    }

    /// Whether a segment has to leave at `now`, only to acknowledge or to announce the window.
    pub fn plan(&self, now: Duration) -> AckPlan {
        todo!("10.7 plan({now:?}): as the timer says")
    }

    /// Writes the acknowledgment and the window into any segment that leaves now, whether or not an
    /// acknowledgment is owed: [`Receiver::rcv_nxt`], and the result of [`crate::Offer::renew`].
    /// After that nothing is owed, not even a window update. Everything else in the segment stays.
    pub fn stamp(&mut self, segment: &mut Segment) {
        todo!("10.7 stamp({segment:?}): the acknowledgment, the window, and nothing is owed")
    }

    /// RCV.NXT: the next expected number. It comes after all bytes before the first hole, and after
    /// the FIN when the stream is complete.
    pub fn rcv_nxt(&self) -> Seq {
        todo!("10.7 rcv_nxt(): the next expected number")
    }

    /// RCV.WND: how many numbers from [`Receiver::rcv_nxt`] on the peer may send, by the last offer.
    pub fn rcv_wnd(&self) -> u32 {
        todo!("10.7 rcv_wnd(): the rest of the last offer")
    }

    /// The stream as it is here.
    pub fn inbound(&self) -> &Inbound {
        todo!("10.7 inbound(): the stream")
    }
}
