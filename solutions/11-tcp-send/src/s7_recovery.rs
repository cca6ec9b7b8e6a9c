//! Step 7: how a loss changes the congestion window: fast retransmit, fast recovery, and the time-out.

use tcp_open::{Seq, seq_lt};

use crate::s6_congestion::Congestion;

/// The congestion window with its reactions to loss (RFC 5681, sections 3.1 and 3.2, with RFC 6582's partial
/// acknowledgments, "NewReno", and RFC 3042's limited transmit).
///
/// `una` and `nxt` are SND.UNA and SND.NXT after the current segment.
#[derive(Debug)]
pub struct Recovery {
    congestion: Congestion,
    mss: u32,
    /// Duplicate acknowledgments in a row.
    duplicates: u32,
    /// What was in flight at the first of them.
    in_flight: u32,
    /// SND.NXT at the last loss, until SND.UNA is after it.
    recover: Option<Seq>,
    is_recovering: bool,
}

impl Recovery {
    /// Nothing was lost yet.
    pub fn new(congestion: Congestion, mss: u16) -> Recovery {
        Recovery {
            congestion,
            mss: u32::from(mss),
            duplicates: 0,
            in_flight: 0,
            recover: None,
            is_recovering: false,
        }
    }

    /// How many bytes may be outstanding: cwnd. Outside fast recovery it is one MSS more after one
    /// duplicate acknowledgment, and 2 MSS more after two or more in a row (limited transmit).
    pub fn allowed(&self) -> u32 {
        let extra = match self.is_recovering {
            true => 0,
            false => self.duplicates.min(2) * self.mss,
        };
        self.congestion.cwnd().saturating_add(extra)
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
        if self.is_recovering {
            self.congestion
                .set_cwnd(self.congestion.cwnd().saturating_add(self.mss));
            return false;
        }
        self.duplicates += 1;
        if self.duplicates == 1 {
            self.in_flight = nxt - una;
        }
        if self.duplicates != 3 || self.recover.is_some() {
            return false;
        }
        self.congestion.halve(self.in_flight);
        self.congestion
            .set_cwnd(self.congestion.ssthresh().saturating_add(3 * self.mss));
        self.recover = Some(nxt);
        self.is_recovering = true;
        true
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
        self.duplicates = 0;
        if !self.is_recovering {
            self.congestion.acked(acked);
        } else if self.recover.is_some_and(|recover| seq_lt(una, recover)) {
            let cwnd = self.congestion.cwnd().saturating_sub(acked);
            let grown = if acked >= self.mss { self.mss } else { 0 };
            self.congestion.set_cwnd(cwnd.saturating_add(grown));
            return true;
        } else {
            self.is_recovering = false;
            let flight = (nxt - una).max(self.mss).saturating_add(self.mss);
            self.congestion
                .set_cwnd(self.congestion.ssthresh().min(flight));
        }
        self.recover = self.recover.filter(|recover| !seq_lt(*recover, una));
        false
    }

    /// The retransmission timer has rung.
    ///
    /// ssthresh becomes half of the bytes in flight, including those that count as lost. cwnd
    /// becomes one MSS. Fast recovery is over, the count of duplicates restarts at 0, and `recover`
    /// becomes SND.NXT. So duplicate acknowledgments for the repeated segments do not begin a
    /// recovery.
    pub fn on_timeout(&mut self, una: Seq, nxt: Seq) {
        self.congestion.halve(nxt - una);
        self.congestion.set_cwnd(self.mss);
        self.is_recovering = false;
        self.duplicates = 0;
        self.recover = Some(nxt);
    }

    /// Nothing was sent for longer than an RTO: see [`Congestion::after_idle`].
    pub fn after_idle(&mut self) {
        self.congestion.after_idle();
    }

    /// The congestion window.
    pub fn cwnd(&self) -> u32 {
        self.congestion.cwnd()
    }

    /// The slow start threshold.
    pub fn ssthresh(&self) -> u32 {
        self.congestion.ssthresh()
    }

    /// Whether this is fast recovery.
    pub fn is_recovering(&self) -> bool {
        self.is_recovering
    }
}
