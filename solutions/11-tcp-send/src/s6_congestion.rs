//! Step 6: how much room the network has.

/// The congestion window: slow start and congestion avoidance (RFC 5681, section 3.1). All numbers are bytes.
#[derive(Debug, Clone)]
pub struct Congestion {
    mss: u32,
    cwnd: u32,
    ssthresh: u32,
    /// What was acknowledged since cwnd last grew, in congestion avoidance.
    counted: u32,
}

impl Congestion {
    /// A new connection: cwnd is the initial window, and ssthresh is `u32::MAX`, because nothing is
    /// known.
    ///
    /// The initial window is 10 MSS, but at most 14600 bytes, or 2 MSS if that is more (RFC 6928).
    pub fn new(mss: u16) -> Congestion {
        let mss = u32::from(mss);
        Congestion {
            mss,
            cwnd: initial_window(mss),
            ssthresh: u32::MAX,
            counted: 0,
        }
    }

    /// The congestion window.
    pub fn cwnd(&self) -> u32 {
        self.cwnd
    }

    /// The slow start threshold.
    pub fn ssthresh(&self) -> u32 {
        self.ssthresh
    }

    /// This many bytes were acknowledged for the first time, by one segment.
    ///
    /// - Slow start, while cwnd is below ssthresh: cwnd grows by this many bytes, at most by one MSS.
    /// - Congestion avoidance, from then on: the bytes are counted. If the count reaches cwnd, cwnd
    ///   is subtracted from it, and cwnd grows by one MSS. That is one MSS a round trip.
    pub fn acked(&mut self, bytes: u32) {
        if self.cwnd < self.ssthresh {
            self.cwnd = self.cwnd.saturating_add(bytes.min(self.mss));
            return;
        }
        self.counted = self.counted.saturating_add(bytes);
        if self.counted >= self.cwnd {
            self.counted -= self.cwnd;
            self.cwnd = self.cwnd.saturating_add(self.mss);
        }
    }

    /// A segment was lost with this many bytes in flight: ssthresh becomes half of them, at least 2
    /// MSS (RFC 5681, equation 4). The bytes in flight count, not cwnd, which may be far wider.
    /// cwnd stays.
    pub fn halve(&mut self, in_flight: u32) {
        self.ssthresh = (in_flight / 2).max(2 * self.mss);
    }

    /// cwnd becomes this, at least one MSS. The count of congestion avoidance restarts at 0.
    pub fn set_cwnd(&mut self, bytes: u32) {
        self.cwnd = bytes.max(self.mss);
        self.counted = 0;
    }

    /// Nothing was sent for longer than an RTO, so the room in the network is no longer known. If
    /// cwnd is wider than the initial window, it becomes the initial window, as by
    /// [`Congestion::set_cwnd`] (RFC 5681, section 4.1).
    pub fn after_idle(&mut self) {
        let initial = initial_window(self.mss);
        if self.cwnd > initial {
            self.set_cwnd(initial);
        }
    }
}

fn initial_window(mss: u32) -> u32 {
    (10 * mss).min(14_600.max(2 * mss))
}
