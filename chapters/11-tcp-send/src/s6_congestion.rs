//! Step 6: how much room the network has.

/// The congestion window: slow start and congestion avoidance (RFC 5681, section 3.1). All numbers are bytes.
#[derive(Debug, Clone)]
pub struct Congestion {
    // Yours to fill.
}

impl Congestion {
    /// A new connection: cwnd is the initial window, and ssthresh is `u32::MAX`, because nothing is
    /// known.
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

    /// This many bytes were acknowledged for the first time, by one segment.
    ///
    /// - Slow start, while cwnd is below ssthresh: cwnd grows by this many bytes, at most by one MSS.
    /// - Congestion avoidance, from then on: the bytes are counted. If the count reaches cwnd, cwnd
    ///   is subtracted from it, and cwnd grows by one MSS. That is one MSS a round trip.
    pub fn acked(&mut self, bytes: u32) {
        todo!("11.6 acked({bytes}): slow start, or congestion avoidance")
    }

    /// A segment was lost with this many bytes in flight: ssthresh becomes half of them, at least 2
    /// MSS (RFC 5681, equation 4). The bytes in flight count, not cwnd, which may be far wider.
    /// cwnd stays.
    pub fn halve(&mut self, in_flight: u32) {
        todo!("11.6 halve({in_flight}): ssthresh becomes half of it")
    }

    /// cwnd becomes this, at least one MSS. The count of congestion avoidance restarts at 0.
    pub fn set_cwnd(&mut self, bytes: u32) {
        todo!("11.6 set_cwnd({bytes}): this wide from now on, and the count restarts")
    }

    /// Nothing was sent for longer than an RTO, so the room in the network is no longer known. If
    /// cwnd is wider than the initial window, it becomes the initial window, as by
    /// [`Congestion::set_cwnd`] (RFC 5681, section 4.1).
    pub fn after_idle(&mut self) {
        todo!("11.6 after_idle(): at most the initial window")
    }
}
