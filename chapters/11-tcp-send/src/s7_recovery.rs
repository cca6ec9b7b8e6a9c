//! Step 7: what a loss does to the congestion window: fast retransmit, fast recovery, and the time-out.

use tcp_open::Seq;

use crate::s6_congestion::Congestion;

/// The congestion window with its reactions to loss (RFC 5681, sections 3.1 and 3.2, with RFC 6582's partial
/// acknowledgments, "NewReno", and RFC 3042's limited transmit).
///
/// `una` and `nxt` are SND.UNA and SND.NXT as they are after the segment that this is about.
#[derive(Debug)]
pub struct Recovery {
    // Yours to fill.
}

impl Recovery {
    /// Nothing was lost yet.
    pub fn new(congestion: Congestion, mss: u16) -> Recovery {
        todo!("11.7 Recovery::new({congestion:?}, {mss}): nothing was lost yet")
    }

    /// How many bytes may be outstanding: cwnd. Outside fast recovery it is one MSS more after one duplicate
    /// acknowledgment in a row, and 2 MSS more after two or more (limited transmit).
    pub fn allowed(&self) -> u32 {
        todo!("11.7 allowed(): cwnd, and what limited transmit adds")
    }

    /// A duplicate acknowledgment. Whether the first segment in flight is to be sent again now.
    ///
    /// - In fast recovery cwnd grows by one MSS, since a segment has left the network.
    /// - Else it is counted. The third in a row begins fast recovery, if nothing was lost before, or if SND.UNA has come
    ///   after `recover`, which is SND.NXT at the last loss. (Once it has, that loss is forgotten. 2 GB later its number
    ///   would seem to be ahead again.) ssthresh becomes half of what was in flight at the first of the three, cwnd
    ///   becomes ssthresh and 3 MSS, `recover` becomes SND.NXT, and the first segment is to be sent again.
    pub fn on_duplicate(&mut self, una: Seq, nxt: Seq) -> bool {
        todo!("11.7 on_duplicate({una}, {nxt}): is it the third in a row?")
    }

    /// So many numbers were acknowledged for the first time. Whether the first segment in flight is to be sent again
    /// now. Duplicates are counted from 0 again.
    ///
    /// - Not in fast recovery: cwnd grows as step 6 says.
    /// - `una` is before `recover` (a partial acknowledgment): the next hole is known. cwnd shrinks by what was
    ///   acknowledged, and grows by one MSS if that was at least one MSS. It stays at least one MSS. The first segment
    ///   is to be sent again.
    /// - Else fast recovery is over. cwnd becomes ssthresh, or one MSS more than what is in flight if that is less. What
    ///   is in flight counts for at least one MSS here.
    pub fn on_ack(&mut self, acked: u32, una: Seq, nxt: Seq) -> bool {
        todo!(
            "11.7 on_ack({acked}, {una}, {nxt}): growth, a partial acknowledgment, or the end of recovery"
        )
    }

    /// The retransmission timer has rung.
    ///
    /// ssthresh becomes half of what is in flight, all that counts as lost included. cwnd becomes one MSS. Fast recovery
    /// is over, duplicates are counted from 0 again, and `recover` becomes SND.NXT, so that duplicate acknowledgments
    /// for what is sent again now begin nothing.
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
