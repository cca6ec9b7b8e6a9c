//! Step 7: how a loss changes the congestion window: fast retransmit, fast recovery, and the time-out.

use tcp_open::Seq;

use crate::s6_congestion::Congestion;

/// The congestion window with its reactions to loss (RFC 5681, sections 3.1 and 3.2, with RFC 6582's partial
/// acknowledgments, "NewReno", and RFC 3042's limited transmit).
///
/// `una` and `nxt` are SND.UNA and SND.NXT after the current segment.
#[derive(Debug)]
pub struct Recovery {
    // Yours to fill.
}

impl Recovery {
    /// Nothing was lost yet.
    pub fn new(congestion: Congestion, mss: u16) -> Recovery {
        todo!("11.7 Recovery::new({congestion:?}, {mss}): nothing was lost yet")
    }

    /// How many bytes may be outstanding: cwnd. Outside fast recovery it is one MSS more after one
    /// duplicate acknowledgment, and 2 MSS more after two or more in a row (limited transmit).
    pub fn allowed(&self) -> u32 {
        todo!("11.7 allowed(): cwnd, and what limited transmit adds")
    }

    /// A duplicate acknowledgment. Returns whether the first segment in flight must be sent again now.
    ///
    /// - In fast recovery cwnd grows by one MSS, because a segment has left the network.
    /// - Otherwise it is counted. The third in a row begins fast recovery, if nothing was lost
    ///   before, or if SND.UNA has passed `recover`, which is SND.NXT at the last loss. (Once it
    ///   has passed it, that loss is forgotten. 2 GB later its number would seem to be ahead
    ///   again.) ssthresh becomes half of what was in flight at the first of the three, cwnd
    ///   becomes ssthresh and 3 MSS, `recover` becomes SND.NXT, and the first segment must be sent
    ///   again.
    pub fn on_duplicate(&mut self, una: Seq, nxt: Seq) -> bool {
        todo!("11.7 on_duplicate({una}, {nxt}): is it the third in a row?")
    }

    /// This many numbers were acknowledged for the first time. Returns whether the first segment in
    /// flight must be sent again now. The count of duplicates restarts at 0.
    ///
    /// - Not in fast recovery: cwnd grows as step 6 says.
    /// - `una` is before `recover` (a partial acknowledgment): the next hole is known. cwnd shrinks
    ///   by the acknowledged bytes, and grows by one MSS if these were at least one MSS. It stays
    ///   at least one MSS. The first segment must be sent again.
    /// - Otherwise fast recovery is over. cwnd becomes ssthresh, or one MSS more than the bytes in
    ///   flight if that is less. The bytes in flight count as at least one MSS here.
    pub fn on_ack(&mut self, acked: u32, una: Seq, nxt: Seq) -> bool {
        todo!(
            "11.7 on_ack({acked}, {una}, {nxt}): growth, a partial acknowledgment, or the end of recovery"
        )
    }

    /// The retransmission timer has rung.
    ///
    /// ssthresh becomes half of the bytes in flight, including those that count as lost. cwnd
    /// becomes one MSS. Fast recovery is over, the count of duplicates restarts at 0, and `recover`
    /// becomes SND.NXT. So duplicate acknowledgments for the repeated segments do not begin a
    /// recovery.
    pub fn on_timeout(&mut self, una: Seq, nxt: Seq) {
        todo!("11.7 on_timeout({una}, {nxt}): back to one segment")
    }

    /// Nothing was sent for longer than an RTO: see [`Congestion::after_idle`].
    pub fn after_idle(&mut self) {
        todo!("11.7 after_idle(): as in step 6")
    }

    /// The congestion window.
    pub fn cwnd(&self) -> u32 {
        todo!("11.7 cwnd(): the congestion window")
    }

    /// The slow start threshold.
    pub fn ssthresh(&self) -> u32 {
        todo!("11.7 ssthresh(): the slow start threshold")
    }

    /// Whether this is fast recovery.
    pub fn is_recovering(&self) -> bool {
        todo!("11.7 is_recovering(): is this fast recovery?")
    }
}
