//! Step 6: how much the network has room for.

/// The congestion window: slow start and congestion avoidance (RFC 5681, section 3.1). All numbers are bytes.
#[derive(Debug, Clone)]
pub struct Congestion {
    // Yours to fill.
}

impl Congestion {
    /// A new connection: cwnd is the initial window, and ssthresh is `u32::MAX`, since nothing is known.
    ///
    /// The initial window is 10 MSS, but at most 14600 bytes, or 2 MSS if that is more (RFC 6928).
    pub fn new(mss: u16) -> Congestion {
        todo!("11.6 Congestion::new({mss}): the initial window")
    }

    /// The congestion window.
    pub fn cwnd(&self) -> u32 {
        todo!("11.6 cwnd(): the congestion window")
    }

    /// The slow start threshold.
    pub fn ssthresh(&self) -> u32 {
        todo!("11.6 ssthresh(): the slow start threshold")
    }

    /// So many bytes were acknowledged for the first time, by one segment.
    ///
    /// - Slow start, while cwnd is below ssthresh: cwnd grows by as many bytes, at most by one MSS.
    /// - Congestion avoidance, from then on: the bytes are counted. If the count is cwnd or more, cwnd is taken off it,
    ///   and cwnd grows by one MSS. That is one MSS a round trip.
    pub fn acked(&mut self, bytes: u32) {
        todo!("11.6 acked({bytes}): slow start, or congestion avoidance")
    }

    /// A segment was lost with so many bytes in flight: ssthresh becomes half of them, at least 2 MSS (RFC 5681,
    /// equation 4). It goes by what was in flight, not by cwnd, which may be far wider. cwnd stays.
    pub fn halve(&mut self, in_flight: u32) {
        todo!("11.6 halve({in_flight}): ssthresh becomes half of it")
    }

    /// cwnd becomes this, at least one MSS. The count of congestion avoidance begins anew.
    pub fn set_cwnd(&mut self, bytes: u32) {
        todo!("11.6 set_cwnd({bytes}): this wide from now on, and count anew")
    }

    /// Nothing was sent for longer than an RTO: nobody knows any more what the network has room for. If cwnd is wider
    /// than the initial window, it becomes that, as by [`Congestion::set_cwnd`] (RFC 5681, section 4.1).
    pub fn after_idle(&mut self) {
        todo!("11.6 after_idle(): at most the initial window")
    }
}
