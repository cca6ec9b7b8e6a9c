//! Step 8: the sender of a connection.

use std::time::Duration;

use tcp_open::{Segment, Seq, Vars};

use crate::s1_rto::RtoLimits;
use crate::s3_window::Heard;

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
    // Yours to fill.
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
        todo!("11.8 Sender::new({config:?}, {vars:?}, {handshake:?}): put the parts together")
    }

    /// Takes bytes of the program, as many as there is [`Sender::room`] for, and returns how many.
    /// After [`Sender::close`] it takes none.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        todo!(
            "11.8 write({} bytes): keep as many as there is room for",
            bytes.len()
        )
    }

    /// The room in bytes: [`Config::buffer`] minus the unsent bytes and the numbers in flight, and
    /// never less than 0. A FIN in flight is one of the numbers.
    pub fn room(&self) -> usize {
        todo!("11.8 room(): the free part of the buffer")
    }

    /// The program writes no more: a FIN follows its last byte.
    pub fn close(&mut self) {
        todo!("11.8 close(): a FIN behind the last byte")
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
        todo!("11.8 on_segment({now:?}, {segment:?}): window, timers, congestion window")
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
        todo!("11.8 poll({now:?}): what leaves now")
    }

    /// When [`Sender::poll`] must be called again, if nothing else happens before.
    pub fn wake_at(&self) -> Option<Duration> {
        todo!("11.8 wake_at(): the earlier of the two timers")
    }

    /// The peer has been silent for too long ([`Config::give_up`]): the connection is dead.
    pub fn has_given_up(&self) -> bool {
        todo!("11.8 has_given_up(): has a timer given up?")
    }

    /// Whether the FIN has been sent and acknowledged.
    pub fn fin_acked(&self) -> bool {
        todo!("11.8 fin_acked(): is the FIN acknowledged?")
    }

    /// SND.UNA, the oldest number that is not acknowledged.
    pub fn una(&self) -> Seq {
        todo!("11.8 una(): SND.UNA")
    }

    /// SND.NXT, the next number to send.
    pub fn nxt(&self) -> Seq {
        todo!("11.8 nxt(): SND.NXT")
    }

    /// SND.WND: for how many bytes, counted from SND.UNA, the peer has room.
    pub fn wnd(&self) -> u32 {
        todo!("11.8 wnd(): SND.WND")
    }

    /// The widest that SND.WND has ever been (RFC 5961's MAX.SND.WND).
    pub fn widest(&self) -> u32 {
        todo!("11.8 widest(): the widest that SND.WND has been")
    }

    /// How many numbers are sent and not acknowledged.
    pub fn in_flight(&self) -> u32 {
        todo!("11.8 in_flight(): how many numbers from SND.UNA to SND.NXT")
    }

    /// The retransmission time-out now.
    pub fn rto(&self) -> Duration {
        todo!("11.8 rto(): the time-out now")
    }

    /// The congestion window.
    pub fn cwnd(&self) -> u32 {
        todo!("11.8 cwnd(): the congestion window")
    }

    /// The slow start threshold.
    pub fn ssthresh(&self) -> u32 {
        todo!("11.8 ssthresh(): the slow start threshold")
    }
}
