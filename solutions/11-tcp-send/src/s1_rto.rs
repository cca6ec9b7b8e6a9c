//! Step 1: how long to wait for an acknowledgment.

use std::time::Duration;

/// How fine the clock is, and the limits between which a retransmission time-out is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtoLimits {
    /// G: how fine the clock is. The margin for variation is never smaller.
    pub granularity: Duration,
    /// RFC 6298 wants 1 second; Linux has 200 ms.
    pub min: Duration,
    /// At least 60 seconds, if there is a maximum at all (RFC 6298, section 2.5).
    pub max: Duration,
}

/// A clock of 1 ms, and 1 to 60 seconds.
impl Default for RtoLimits {
    fn default() -> RtoLimits {
        RtoLimits {
            granularity: Duration::from_millis(1),
            min: Duration::from_secs(1),
            max: Duration::from_secs(60),
        }
    }
}

/// The retransmission time-out (RTO), from the round trips that were measured (RFC 6298, section 2).
///
/// All results are exact to a microsecond or better.
#[derive(Debug, Clone)]
pub struct RttEstimator {
    limits: RtoLimits,
    /// SRTT and RTTVAR, once there is a sample.
    smoothed: Option<(Duration, Duration)>,
    rto: Duration,
}

impl RttEstimator {
    /// Nothing is measured yet: the RTO is 1 second, or the nearest limit.
    pub fn new(limits: RtoLimits) -> RttEstimator {
        let second = Duration::from_secs(1);
        RttEstimator {
            limits,
            smoothed: None,
            rto: second.clamp(limits.min, limits.max),
        }
    }

    /// A round trip took `r`.
    ///
    /// The first sample makes SRTT = R and RTTVAR = R/2. Each later one, R', first makes
    /// RTTVAR = 3/4 RTTVAR + 1/4 |SRTT − R'|, with the old SRTT, and then SRTT = 7/8 SRTT + 1/8 R'.
    /// Then the RTO is SRTT + max(G, 4 RTTVAR), brought within the limits. A doubling by
    /// [`RttEstimator::back_off`] no longer counts.
    pub fn sample(&mut self, r: Duration) {
        let (srtt, rttvar) = match self.smoothed {
            None => (r, r / 2),
            Some((srtt, rttvar)) => {
                let rttvar = (rttvar * 3 + srtt.abs_diff(r)) / 4;
                ((srtt * 7 + r) / 8, rttvar)
            }
        };
        self.smoothed = Some((srtt, rttvar));
        let margin = self.limits.granularity.max(rttvar * 4);
        self.rto = (srtt + margin).clamp(self.limits.min, self.limits.max);
    }

    /// The time-out now.
    pub fn rto(&self) -> Duration {
        self.rto
    }

    /// The smoothed round trip; `None` before the first sample.
    pub fn srtt(&self) -> Option<Duration> {
        self.smoothed.map(|(srtt, _)| srtt)
    }

    /// The timer has run out: the RTO doubles, up to the maximum (section 5.5). SRTT stays.
    pub fn back_off(&mut self) {
        self.rto = (self.rto * 2).min(self.limits.max);
    }

    /// The SYN had to be sent again: the RTO for the first data is 3 seconds, or the nearest limit
    /// (section 5.7).
    pub fn syn_was_resent(&mut self) {
        self.rto = Duration::from_secs(3).clamp(self.limits.min, self.limits.max);
    }
}
