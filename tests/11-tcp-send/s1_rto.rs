//! Step 1: how long to wait for an acknowledgment.

use std::time::Duration;

use netlab::{Lab, lab};
use tcp_send::{RtoLimits, RttEstimator};

use super::plots;
use super::words::{ms, us};

/// No limit is met by what these tests measure, so that the RTO shows the formula.
const OPEN: RtoLimits = RtoLimits {
    granularity: Duration::from_micros(1),
    min: Duration::ZERO,
    max: Duration::from_secs(3600),
};

/// The answer under test: each call is told, and looked at from outside.
struct Rto<'a> {
    lab: &'a Lab,
    it: RttEstimator,
}

impl Rto<'_> {
    fn new(lab: &Lab, limits: RtoLimits) -> Rto<'_> {
        let RtoLimits {
            granularity,
            min,
            max,
        } = limits;
        let what = format!("RttEstimator::new(G {granularity:?}, {min:?} to {max:?})");
        let it = lab.you(&what, || RttEstimator::new(limits));
        Rto { lab, it }
    }

    fn sample(&mut self, r: Duration) {
        self.lab
            .you(&format!("sample({r:?})"), || self.it.sample(r));
    }

    fn back_off(&mut self) {
        self.lab.you("back_off()", || self.it.back_off());
    }

    fn syn_was_resent(&mut self) {
        self.lab
            .you("syn_was_resent()", || self.it.syn_was_resent());
    }

    /// Demands an RTO, to a microsecond.
    fn is(&self, want: Duration) {
        self.close("rto()", self.it.rto(), want);
    }

    fn srtt_is(&self, want: Duration) {
        match self.it.srtt() {
            Some(got) => self.close("srtt()", got, want),
            None => self.lab.fails(format!("srtt(): {want:?}"), "None"),
        }
    }

    fn close(&self, what: &str, got: Duration, want: Duration) {
        let is_close = got.abs_diff(want) <= us(1);
        self.lab
            .holds(is_close, format!("{what}: {want:?}"), format!("{got:?}"));
    }
}

#[test]
fn s1_before_any_sample_it_is_1_s() {
    lab(|lab| {
        lab.why(
            "RFC 6298, section 2.1: until there is a measurement, the RTO is 1 second. The limits apply to it, too.",
        );
        for (limits, want) in [
            (RtoLimits::default(), ms(1000)),
            (OPEN, ms(1000)),
            (
                RtoLimits {
                    min: ms(2500),
                    ..OPEN
                },
                ms(2500),
            ),
            (
                RtoLimits {
                    max: ms(400),
                    ..OPEN
                },
                ms(400),
            ),
        ] {
            let rto = Rto::new(lab, limits);
            rto.is(want);
            let srtt = lab.you("srtt()", || rto.it.srtt());
            lab.because("Nothing was measured.")
                .same("srtt()", srtt, None);
        }
    });
}

#[test]
fn s1_first_sample() {
    lab(|lab| {
        lab.why(
            "The first sample makes SRTT = R and RTTVAR = R/2, so the RTO is R + 4 · R/2 = 3 R (RFC 6298, section \
             2.2).",
        );
        for r in [ms(100), ms(37), ms(2000)] {
            let mut rto = Rto::new(lab, OPEN);
            rto.sample(r);
            rto.srtt_is(r);
            rto.is(r * 3);
        }
    });
}

#[test]
fn s1_rttvar_before_srtt() {
    lab(|lab| {
        for (first, second, want, wrong) in [
            (ms(100), ms(300), us(475_000), us(450_000)),
            (ms(400), ms(80), us(1_280_000), us(1_240_000)),
        ] {
            let mut rto = Rto::new(lab, OPEN);
            rto.sample(first);
            rto.sample(second);
            lab.why(format!(
                "RTTVAR comes first, from the old SRTT of {first:?} (RFC 6298, section 2.3): by a quarter of how far {second:?} \
                 is from that, above or below. With the new SRTT the RTO would be {wrong:?}."
            ));
            rto.is(want);
            lab.why("SRTT = 7/8 of the old one and 1/8 of the sample.");
            rto.srtt_is((first * 7 + second) / 8);
        }
    });
}

#[test]
fn s1_sequence_100_120_80_300_100() {
    lab(|lab| {
        lab.why(
            "Each sample moves RTTVAR by a quarter and then SRTT by an eighth; the RTO is SRTT + 4 RTTVAR (RFC 6298, \
             section 2.3).",
        );
        let mut rto = Rto::new(lab, OPEN);
        for (sample, want) in [
            (100, 300_000),
            (120, 272_500),
            (80, 249_688),
            (300, 437_539),
            (100, 380_972),
        ] {
            rto.sample(ms(sample));
            rto.is(us(want));
        }
    });
}

#[test]
fn s1_it_agrees_with_real_numbers() {
    lab(|lab| {
        lab.why("All results are exact to a microsecond, however many samples there were.");
        for shortest in [300, 20_000_000, 700_000_000] {
            let mut rto = Rto::new(lab, OPEN);
            let (mut srtt, mut rttvar) = (0.0, 0.0);
            for n in 0_u64..200 {
                let micros = shortest + n * n * 7919 % 70_001;
                rto.sample(us(micros));
                let r = micros as f64;
                if n == 0 {
                    (srtt, rttvar) = (r, r / 2.0);
                } else {
                    rttvar = 0.75 * rttvar + 0.25 * f64::abs(srtt - r);
                    srtt = 0.875 * srtt + 0.125 * r;
                }
                rto.is(Duration::from_secs_f64((srtt + 4.0 * rttvar) / 1e6));
            }
        }
    });
}

#[test]
fn s1_every_sample_counts() {
    lab(|lab| {
        let no_floor = RtoLimits {
            min: Duration::ZERO,
            ..RtoLimits::default()
        };
        for (limits, samples, srtt, rto) in [
            (no_floor, [0, 0], 0, 1),
            (no_floor, [800, 0], 700, 700 + 2000),
            (RtoLimits::default(), [90_000, 70_000], 87_500, 60_000),
            (RtoLimits::default(), [800, 90_000], 11_950, 60_000),
        ] {
            let mut it = Rto::new(lab, limits);
            for sample in samples {
                it.sample(ms(sample));
            }
            lab.why(
                "Each measured round trip counts, even the shortest and the longest. The limits apply to the RTO, not to the sample. Where 4 RTTVAR is less than G, the margin is G: 1 ms here.",
            );
            it.srtt_is(ms(srtt));
            it.is(ms(rto));
        }
    });
}

#[test]
fn s1_the_margin_is_never_finer_than_the_clock() {
    lab(|lab| {
        lab.why(
            "RTO = SRTT + max(G, 4 RTTVAR): a clock with ticks of G cannot measure less than G.",
        );
        for (g, r, want) in [(100, 10, 110), (15, 10, 30), (500, 40, 540)] {
            let granularity = ms(g);
            let mut rto = Rto::new(
                lab,
                RtoLimits {
                    granularity,
                    ..OPEN
                },
            );
            rto.sample(ms(r));
            rto.is(ms(want));
        }
        let granularity = ms(3);
        let mut rto = Rto::new(
            lab,
            RtoLimits {
                granularity,
                ..OPEN
            },
        );
        for _ in 0..200 {
            rto.sample(ms(50));
        }
        lab.why(
            "Round trips that never vary leave RTTVAR at 0. Without G the timer would ring when the ACK comes.",
        );
        rto.is(ms(53));
        for (g, quiet, late, want) in [(400, 100, 900, us(1_112_500)), (200, 40, 440, us(535_000))]
        {
            let granularity = ms(g);
            let mut rto = Rto::new(
                lab,
                RtoLimits {
                    granularity,
                    ..OPEN
                },
            );
            for r in [quiet, quiet, late] {
                rto.sample(ms(r));
            }
            lab.why("At least G is added to SRTT. G does not change RTTVAR, which may be smaller.");
            rto.is(want);
        }
    });
}

#[test]
fn s1_a_floor_and_a_ceiling() {
    lab(|lab| {
        let linux = RtoLimits {
            min: ms(200),
            max: ms(120_000),
            ..RtoLimits::default()
        };
        for (limits, r, want) in [
            (RtoLimits::default(), ms(10), ms(1000)),
            (linux, ms(10), ms(200)),
            (linux, ms(100), ms(300)),
            (RtoLimits::default(), ms(50_000), ms(60_000)),
            (linux, ms(50_000), ms(120_000)),
        ] {
            lab.why(format!(
                "The RTO is kept between {:?} and {:?}.",
                limits.min, limits.max
            ));
            let mut rto = Rto::new(lab, limits);
            rto.sample(r);
            rto.is(want);
            lab.why("The limits apply to the RTO. SRTT is the measured value.");
            rto.srtt_is(r);
        }
    });
}

#[test]
fn s1_the_floor_hides_nothing() {
    lab(|lab| {
        lab.why(
            "SRTT and RTTVAR go on below the floor. A later RTO is computed from them, not from the RTO before it.",
        );
        let mut rto = Rto::new(lab, RtoLimits::default());
        rto.sample(ms(100));
        rto.is(ms(1000));
        rto.sample(ms(2100));
        // RTTVAR is 37.5 + 500 ms, SRTT 87.5 + 262.5 ms.
        rto.is(ms(350 + 2150));
    });
}

#[test]
fn s1_back_off_doubles_and_caps() {
    lab(|lab| {
        for (limits, wanted) in [
            (
                RtoLimits::default(),
                [1, 2, 4, 8, 16, 32, 60, 60].map(|s| ms(s * 1000)),
            ),
            (
                RtoLimits {
                    max: ms(5000),
                    ..OPEN
                },
                [1, 2, 4, 5, 5, 5, 5, 5].map(|s| ms(s * 1000)),
            ),
        ] {
            lab.why("Each time-out doubles the RTO (RFC 6298, section 5.5), up to the maximum (section 2.5).");
            let mut rto = Rto::new(lab, limits);
            for want in wanted {
                rto.is(want);
                rto.back_off();
            }
        }
    });
}

#[test]
fn s1_back_off_doubles_what_the_floor_has_made() {
    lab(|lab| {
        for floor in [1000, 200] {
            let mut rto = Rto::new(
                lab,
                RtoLimits {
                    min: ms(floor),
                    ..OPEN
                },
            );
            rto.sample(ms(10));
            lab.why("SRTT + 4 RTTVAR is 30 ms, so the RTO is the floor.");
            rto.is(ms(floor));
            for times in [2, 4] {
                rto.back_off();
                lab.why("The RTO doubles from the floor, not from the 30 ms.");
                rto.is(ms(floor * times));
            }
        }
    });
}

#[test]
fn s1_a_sample_ends_the_back_off() {
    lab(|lab| {
        for r in [ms(700), ms(90)] {
            let mut rto = Rto::new(lab, OPEN);
            rto.sample(r);
            for _ in 0..4 {
                rto.back_off();
            }
            lab.why("Four time-outs double it four times.");
            rto.is(r * 48);
            rto.sample(r);
            lab.why(
                "A new round trip was measured: the RTO is computed from SRTT and RTTVAR again, and the doubling no longer counts. \
                 A time-out does not change SRTT or RTTVAR. The round trip was as long as the first, so RTTVAR is 3/4 of R/2, \
                 and SRTT stays.",
            );
            rto.is(r + r * 3 / 2);
            rto.srtt_is(r);
        }
    });
}

#[test]
fn s1_after_a_lost_syn_it_is_3_s() {
    lab(|lab| {
        for (limits, want) in [
            (RtoLimits::default(), ms(3000)),
            (
                RtoLimits {
                    min: ms(4500),
                    ..OPEN
                },
                ms(4500),
            ),
            (
                RtoLimits {
                    max: ms(2000),
                    ..OPEN
                },
                ms(2000),
            ),
        ] {
            lab.why(
                "RFC 6298, section 5.7: if the SYN's timer has rung, data begins with 3 seconds. The limits apply, too.",
            );
            let mut rto = Rto::new(lab, limits);
            rto.back_off();
            rto.back_off();
            rto.back_off();
            rto.syn_was_resent();
            rto.is(want);
        }
        let mut rto = Rto::new(lab, OPEN);
        rto.syn_was_resent();
        rto.sample(ms(50));
        lab.why("The first sample replaces the 3 seconds, as it would replace the 1 second.");
        rto.is(ms(150));
        let mut rto = Rto::new(lab, OPEN);
        rto.syn_was_resent();
        rto.back_off();
        lab.why("It doubles like any other.");
        rto.is(ms(6000));
    });
}

#[test]
fn s1_the_margin_follows_the_variation() {
    lab(|lab| {
        // Round trips around 100 ms: quiet ones, then uneven ones, then quiet ones on a longer way.
        let noise = |n: u64| (n * 7919 + n * n * 104_729) % 97;
        let samples: Vec<u64> = (0..100_u64)
            .map(|n| match n {
                0..30 => 98_000 + noise(n) * 40,
                30..65 => 60_000 + noise(n) * 1500,
                _ => 178_000 + noise(n) * 40,
            })
            .collect();
        let mut rto = Rto::new(lab, OPEN);
        let (mut late, mut late_by_mean) = (Vec::new(), 0);
        let (mut srtts, mut rtos) = (Vec::new(), Vec::new());
        for (n, sample) in samples.iter().enumerate() {
            if n > 0 {
                let srtt = srtts[n - 1] * 1000.0;
                let now = lab.you("rto()", || rto.it.rto());
                late_by_mean += u32::from(*sample as f64 > srtt);
                if us(*sample) > now {
                    late.push(n);
                }
            }
            rto.sample(us(*sample));
            let (now, srtt) = lab.you("rto(), srtt()", || (rto.it.rto(), rto.it.srtt()));
            rtos.push(now.as_secs_f64() * 1000.0);
            srtts.push(srtt.unwrap_or_default().as_secs_f64() * 1000.0);
        }
        lab.because(format!(
            "An RTO of the mean alone would have rung too early {late_by_mean} times in {} round trips. The margin of 4 \
             RTTVAR follows the variation, so only the first of the uneven ones are longer.",
            samples.len()
        ))
        .holds(
            late.len() <= 5,
            "at most 5 round trips longer than the RTO before them",
            format!("numbers {late:?}"),
        );
        let last = rtos[samples.len() - 1];
        lab.because(
            "The round trips are even again: the margin has shrunk, but not below the measured values.",
        )
        .holds(
            (181.0..230.0).contains(&last),
            "an RTO of 181 to 230 ms in the end",
            format!("{last} ms"),
        );
        let samples: Vec<f64> = samples
            .iter()
            .map(|sample| *sample as f64 / 1000.0)
            .collect();
        let title = "Round trips, SRTT and RTO";
        lab.draws("11-rto", plots::time_out(title, &samples, &srtts, &rtos));
    });
}
