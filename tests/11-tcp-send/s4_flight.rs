//! Step 4: what is on its way, and the timer that watches it.

use std::time::Duration;

use netlab::{Lab, lab};
use tcp_open::{Segment, Seq};
use tcp_send::{Flight, RtoLimits, RttEstimator};

use super::words::{self, data, ms, us};

/// The answer under test, in virtual time: each call is told, and looked at from outside.
struct Air<'a> {
    lab: &'a Lab,
    it: Flight,
}

const GIVE_UP: Duration = Duration::from_secs(100);

impl Air<'_> {
    /// With RFC 6298's limits: the RTO is 1 s.
    fn new(lab: &Lab) -> Air<'_> {
        Air::with(lab, RtoLimits::default(), GIVE_UP)
    }

    /// Without a floor, so that each sample shows.
    fn open(lab: &Lab) -> Air<'_> {
        let limits = RtoLimits {
            granularity: us(1),
            min: Duration::ZERO,
            ..RtoLimits::default()
        };
        Air::with(lab, limits, GIVE_UP)
    }

    fn with(lab: &Lab, limits: RtoLimits, give_up: Duration) -> Air<'_> {
        let call = format!(
            "Flight::new(RTO from {:?}, give up after {give_up:?})",
            limits.min
        );
        let it = lab.you(&call, || Flight::new(RttEstimator::new(limits), give_up));
        Air { lab, it }
    }

    fn sent(&mut self, now: Duration, seq: u32, len: u32) {
        self.sends(now, data(seq, len));
    }

    fn sends(&mut self, now: Duration, segment: Segment) {
        let call = format!("sent({now:?}, {})", words::segment(&segment));
        self.lab.you(&call, || self.it.sent(now, segment));
    }

    fn ack(&mut self, now: Duration, una: u32) {
        let call = format!("on_ack({now:?}, {una})");
        self.lab.you(&call, || self.it.on_ack(now, Seq(una)));
    }

    fn alarm(&mut self, now: Duration, want: &str) {
        let call = format!("alarm({now:?})");
        let got = self.lab.you(&call, || self.it.alarm(now));
        self.lab.same(&call, words::alarm(got), want);
    }

    /// Demands what is sent again, and that its bytes are those of its place.
    fn resends(&mut self, want: Option<(u32, u32)>) {
        let got = self.lab.you("resend()", || self.it.resend());
        let shown = got.as_ref().map(words::segment);
        let wanted = want.map(|(seq, len)| words::segment(&data(seq, len)));
        self.lab.same("resend()", shown, wanted);
        if let (Some(got), Some((seq, len))) = (got, want) {
            self.lab
                .because("A repeated segment is the same segment.")
                .same_bytes("the payload", &got.payload, &words::stream(seq, len));
        }
    }

    fn wakes(&self, want: Option<Duration>) {
        self.lab.same("wake_at()", self.it.wake_at(), want);
    }

    fn rto(&self, want: Duration) {
        let got = self.it.rto();
        let is_close = got.abs_diff(want) <= us(1);
        self.lab
            .holds(is_close, format!("rto(): {want:?}"), format!("{got:?}"));
    }

    fn outstanding(&self, want: u32) {
        self.lab.same("outstanding()", self.it.outstanding(), want);
    }

    fn has_lost(&self, want: bool) {
        self.lab.same("has_lost()", self.it.has_lost(), want);
    }
}

#[test]
fn s4_the_timer_starts_with_the_first_segment() {
    lab(|lab| {
        for begin in [ms(0), ms(7000)] {
            let mut air = Air::new(lab);
            lab.why("Nothing is in flight, so there is nothing to wait for.");
            air.wakes(None);
            air.outstanding(0);
            air.alarm(begin, "Quiet");
            air.sent(begin, 101, 1000);
            lab.why("(5.1) A segment leaves, and the timer does not run: it rings after one RTO.");
            air.wakes(Some(begin + ms(1000)));
            air.outstanding(1000);
        }
    });
}

#[test]
fn s4_a_chatty_sender_does_not_postpone_its_alarm() {
    lab(|lab| {
        let mut air = Air::new(lab);
        for n in 0..9_u32 {
            air.sent(ms(u64::from(n) * 100), 101 + n, 1);
            lab.why(
                "(5.1) The timer starts only if it does not run. If every segment restarted it, it would never ring.",
            );
            air.wakes(Some(ms(1000)));
            air.outstanding(n + 1);
        }
        air.alarm(ms(999), "Quiet");
        air.sent(ms(1100), 110, 1);
        lab.why("(5.1) The timer was not checked in time. It still runs.");
        air.wakes(Some(ms(1000)));
        air.alarm(ms(1100), "Rings");
        lab.why("Each is a segment of its own, however short.");
        air.resends(Some((101, 1)));
        air.resends(Some((102, 1)));
    });
}

#[test]
fn s4_all_acknowledged_stops_it() {
    lab(|lab| {
        let mut air = Air::new(lab);
        air.sent(ms(0), 101, 1000);
        air.sent(ms(0), 1101, 500);
        air.ack(ms(50), 1601);
        lab.why("(5.2) Nothing is in flight any more.");
        air.wakes(None);
        air.outstanding(0);
        air.alarm(ms(1000), "Quiet");
        air.alarm(ms(99_000), "Quiet");
        lab.why("There is nothing to send again.");
        air.has_lost(false);
        air.resends(None);
        air.sent(ms(99_000), 1601, 5);
        lab.why("(5.1) It starts with the next segment.");
        air.wakes(Some(ms(100_000)));
    });
}

#[test]
fn s4_a_new_ack_restarts_it() {
    lab(|lab| {
        let mut air = Air::new(lab);
        for n in 0..4 {
            air.sent(ms(0), 101 + n * 1000, 1000);
        }
        for (at, una, left) in [(100, 1101, 3000), (200, 3101, 1000)] {
            air.ack(ms(at), una);
            lab.why(
                "(5.3) Something new is acknowledged, and more is in flight: the timer has a whole RTO from now.",
            );
            air.wakes(Some(ms(at + 1000)));
            air.outstanding(left);
        }
    });
}

#[test]
fn s4_an_ack_of_nothing_new_does_not() {
    lab(|lab| {
        for una in [101, 100, 1] {
            let mut air = Air::new(lab);
            air.sent(ms(0), 101, 1000);
            air.ack(ms(400), una);
            lab.why(
                "It acknowledges nothing new. If old ACKs restarted the timer, a loss would never be found.",
            );
            air.wakes(Some(ms(1000)));
            air.outstanding(1000);
            air.rto(ms(1000));
        }
    });
}

#[test]
fn s4_exact_rto_boundary() {
    lab(|lab| {
        for begin in [us(0), us(777)] {
            let mut air = Air::new(lab);
            air.sent(begin, 101, 1000);
            lab.why("The RTO is not over yet.");
            air.wakes(Some(begin + us(1_000_000)));
            air.alarm(begin + us(999_999), "Quiet");
            air.outstanding(1000);
            lab.why("The RTO is over.");
            air.alarm(begin + us(1_000_000), "Rings");
        }
    });
}

#[test]
fn s4_when_it_rings_all_count_as_lost() {
    lab(|lab| {
        let mut air = Air::new(lab);
        for n in 0..3 {
            air.sent(ms(0), 101 + n * 100, 100 - n);
        }
        lab.why("Until the sender learns of a loss, it is outstanding.");
        air.has_lost(false);
        air.resends(None);
        air.outstanding(297);
        let mut wide = Air::new(lab);
        for n in 0..2 {
            wide.sent(ms(0), 101 + n * 40_000, 40_000);
        }
        wide.outstanding(80_000);
        air.alarm(ms(1000), "Rings");
        lab.why("The timer has rung: the sender does not know what has arrived, so everything counts as lost.");
        air.outstanding(0);
        for (n, left) in [(0, 100), (1, 199), (2, 297)] {
            lab.why("(5.4) The earliest comes first. A repeated segment is outstanding.");
            air.has_lost(true);
            air.resends(Some((101 + n * 100, 100 - n)));
            air.outstanding(left);
        }
        lab.why("All have been sent again.");
        air.has_lost(false);
        air.resends(None);
        lab.why("A repeated segment does not restart the timer: it restarted when it rang.");
        air.wakes(Some(ms(3000)));
    });
}

#[test]
fn s4_each_ring_doubles_the_rto() {
    lab(|lab| {
        let mut air = Air::new(lab);
        air.sent(ms(0), 101, 1000);
        let mut now = 0;
        for wait in [1000, 2000, 4000, 8000, 16_000, 32_000] {
            lab.why(
                "(5.5, 5.6) Each time it rings, it waits twice as long for the next: a network that loses packets is overloaded.",
            );
            air.wakes(Some(ms(now + wait)));
            now += wait;
            air.alarm(ms(now - 1), "Quiet");
            air.alarm(ms(now), "Rings");
            air.rto(ms((wait * 2).min(60_000)));
            air.resends(Some((101, 1000)));
        }
        lab.why("The RTO is 60 seconds at most.");
        air.wakes(Some(ms(63_000 + 60_000)));
    });
}

#[test]
fn s4_a_late_look_counts_from_now() {
    lab(|lab| {
        let mut air = Air::new(lab);
        air.sent(ms(0), 101, 1000);
        lab.why("The check came late. The timer rings once, and waits two seconds from now.");
        air.alarm(ms(5500), "Rings");
        air.wakes(Some(ms(7500)));
        air.alarm(ms(5500), "Quiet");
    });
}

#[test]
fn s4_what_is_acknowledged_is_not_sent_again() {
    lab(|lab| {
        let mut air = Air::new(lab);
        for n in 0..5 {
            air.sent(ms(0), 101 + n * 1000, 1000);
        }
        air.alarm(ms(1000), "Rings");
        air.resends(Some((101, 1000)));
        air.ack(ms(1050), 3101);
        lab.why(
            "One was lost, and the ACK after its repair covers three. Those are not sent again.",
        );
        air.has_lost(true);
        air.outstanding(0);
        air.resends(Some((3101, 1000)));
        air.outstanding(1000);
        air.ack(ms(1100), 5101);
        lab.why("All have arrived.");
        air.has_lost(false);
        air.wakes(None);
    });
}

#[test]
fn s4_a_sample_is_the_time_since_the_first_was_sent() {
    lab(|lab| {
        let mut air = Air::open(lab);
        air.sent(ms(0), 101, 1000);
        air.ack(ms(100), 1101);
        lab.why("A round trip of 100 ms: the RTO is 3 times that.");
        air.rto(ms(300));
        let mut air = Air::open(lab);
        air.sent(ms(0), 101, 1000);
        air.ack(ms(0), 1101);
        lab.why("A round trip of 0 is also a sample: SRTT and RTTVAR are 0, and only the granularity of 1 µs is left.");
        air.rto(us(1));
        let mut air = Air::open(lab);
        air.sent(ms(0), 101, 1000);
        air.sent(ms(0), 1101, 1000);
        air.ack(ms(100), 1601);
        lab.why("The first is covered completely. The second, covered in part, does not change its sample.");
        air.rto(ms(300));
        let mut air = Air::open(lab);
        air.sent(ms(0), 101, 1000);
        air.sent(ms(60), 1101, 1000);
        air.ack(ms(100), 2101);
        lab.why(
            "One ACK for two segments: the peer has delayed it. The sample is from the first of them, because the RTO must allow for the delay.",
        );
        air.rto(ms(300));
        let mut air = Air::open(lab);
        air.sent(ms(0), 101, 1000);
        air.sent(ms(60), 1101, 1000);
        air.ack(ms(100), 1101);
        air.ack(ms(140), 2101);
        lab.why("Each has its own ACK: 100 ms, and 80 ms.");
        // RTTVAR 37.5 + 5, SRTT 87.5 + 10.
        air.rto(us(97_500 + 4 * 42_500));
    });
}

#[test]
fn s4_the_new_rto_counts_at_once() {
    lab(|lab| {
        let mut air = Air::open(lab);
        air.sent(ms(0), 101, 1000);
        air.sent(ms(0), 1101, 1000);
        air.ack(ms(100), 1101);
        lab.why("(5.3) The ACK gives a sample, and the timer restarts with the new RTO: 300 ms.");
        air.wakes(Some(ms(400)));
    });
}

#[test]
fn s4_karn_no_sample_from_a_retransmission() {
    lab(|lab| {
        for after in [100, 900] {
            let mut air = Air::new(lab);
            air.sent(ms(0), 101, 1000);
            air.alarm(ms(1000), "Rings");
            air.resends(Some((101, 1000)));
            air.ack(ms(1000 + after), 1101);
            lab.why(
                "The sender cannot know which copy was acknowledged (Karn), so there is no sample, and the RTO stays doubled.",
            );
            air.rto(ms(2000));
            air.sent(ms(2500), 1101, 1000);
            lab.why("The next segment has a timer of this RTO.");
            air.wakes(Some(ms(4500)));
        }
        for rings in [true, false] {
            let mut air = Air::new(lab);
            air.sent(ms(0), 101, 1000);
            lab.why("The first that counts as lost is sent again.");
            air.alarm(ms(1000), "Rings");
            air.resends(Some((101, 1000)));
            let rto = if rings {
                air.alarm(ms(3000), "Rings");
                4000
            } else {
                lab.you("lose_first()", || air.it.lose_first());
                2000
            };
            air.ack(ms(3100), 1101);
            lab.why("It counts as lost once more, but it was sent twice: no sample (Karn).");
            air.rto(ms(rto));
        }
    });
}

#[test]
fn s4_karn_counts_for_all_that_it_acknowledges() {
    lab(|lab| {
        let earliest = "The first that counts as lost is sent again.";
        let hole = "The second segment was sent once. But its ACK waited for the first, which was sent again: the peer had \
                    a hole. This time is not a round trip.";
        lab.why(earliest);
        let mut air = Air::new(lab);
        air.sent(ms(0), 101, 1000);
        air.sent(ms(0), 1101, 1000);
        air.alarm(ms(1000), "Rings");
        air.resends(Some((101, 1000)));
        air.ack(ms(1100), 2101);
        lab.why(hole);
        air.rto(ms(2000));
        lab.why(earliest);
        let mut air = Air::open(lab);
        air.sent(ms(0), 101, 1000);
        air.sent(ms(0), 1101, 1000);
        lab.you("lose_first()", || air.it.lose_first());
        air.resends(Some((101, 1000)));
        air.ack(ms(100), 2101);
        lab.why(hole);
        air.rto(ms(1000));
        lab.why(earliest);
        let mut air = Air::new(lab);
        air.sent(ms(0), 101, 1000);
        air.sent(ms(0), 1101, 1000);
        air.alarm(ms(1000), "Rings");
        air.resends(Some((101, 1000)));
        air.resends(Some((1101, 1000)));
        air.ack(ms(1100), 1101);
        air.ack(ms(1200), 2101);
        lab.why("Both were sent again, so neither ACK is a sample.");
        air.rto(ms(2000));
        lab.why(earliest);
        let mut air = Air::new(lab);
        air.sent(ms(0), 101, 1000);
        air.sent(ms(0), 1101, 1000);
        air.ack(ms(10), 1101);
        air.alarm(ms(1010), "Rings");
        air.sent(ms(1010), 2101, 1000);
        air.resends(Some((1101, 1000)));
        air.ack(ms(1100), 3101);
        lab.why(
            "The last was first sent when the one before it was sent again. It still waited for the hole.",
        );
        air.rto(ms(2000));
    });
}

#[test]
fn s4_a_fresh_sample_ends_the_back_off() {
    lab(|lab| {
        let mut air = Air::new(lab);
        air.sent(ms(0), 101, 1000);
        for at in [1000, 3000, 7000] {
            lab.why(
                "(5.4 to 5.6) An unacknowledged segment counts as lost again, however often it was sent.",
            );
            air.alarm(ms(at), "Rings");
            air.resends(Some((101, 1000)));
        }
        lab.why("(5.5) The RTO has doubled three times.");
        air.rto(ms(8000));
        air.ack(ms(7100), 1101);
        air.sent(ms(7100), 1101, 1000);
        air.sent(ms(7100), 2101, 1000);
        air.ack(ms(7200), 2101);
        lab.why(
            "A segment that was sent once is acknowledged: the network delivers again. The RTO is computed from the round trip, at least 1 s.",
        );
        air.rto(ms(1000));
        air.wakes(Some(ms(8200)));
    });
}

#[test]
fn s4_counting_as_lost_is_not_sending_again() {
    lab(|lab| {
        let mut air = Air::open(lab);
        air.sent(ms(0), 101, 1000);
        air.sent(ms(0), 1101, 1000);
        air.alarm(ms(1000), "Rings");
        air.resends(Some((101, 1000)));
        air.ack(ms(1040), 1101);
        air.ack(ms(1050), 2101);
        lab.why(
            "The second counted as lost, but has been sent once. Its ACK is a sample, if a long one: 1050 ms.",
        );
        air.rto(ms(3150));
        for rings in [true, false] {
            let mut air = Air::open(lab);
            air.sent(ms(0), 101, 1000);
            if rings {
                air.alarm(ms(1000), "Rings");
            } else {
                lab.you("lose_first()", || air.it.lose_first());
            }
            air.ack(ms(1050), 1101);
            lab.why("It counted as lost, and its ACK came before it was sent again: a sample of 1050 ms.");
            air.rto(ms(3150));
        }
    });
}

#[test]
fn s4_partial_ack() {
    lab(|lab| {
        let mut air = Air::new(lab);
        air.sent(ms(0), 101, 1000);
        air.sent(ms(0), 1101, 1000);
        air.ack(ms(400), 501);
        lab.why(
            "Bytes up to 500 have arrived. The rest of that segment is still outstanding, and the timer restarts.",
        );
        air.outstanding(1600);
        air.wakes(Some(ms(1400)));
        air.alarm(ms(1400), "Rings");
        lab.why("Only the unacknowledged bytes are sent again.");
        air.has_lost(true);
        air.resends(Some((501, 600)));
        air.resends(Some((1101, 1000)));
        air.ack(ms(1500), 1601);
        lab.why("The first is gone, and half of the second.");
        air.outstanding(500);
        let mut air = Air::open(lab);
        air.sent(ms(0), 101, 1000);
        air.ack(ms(50), 601);
        lab.why("A part of a segment gives no sample.");
        air.rto(ms(1000));
        air.ack(ms(100), 1101);
        lab.why("The segment was sent 100 ms ago.");
        air.rto(ms(300));
    });
}

#[test]
fn s4_the_rest_of_a_segment_is_as_it_was() {
    lab(|lab| {
        for una in [102, 601, 1100] {
            let mut air = Air::new(lab);
            air.sent(ms(0), 101, 1000);
            air.alarm(ms(1000), "Rings");
            air.ack(ms(1100), una);
            lab.why("The segment counted as lost. The rest of it does, too.");
            air.has_lost(true);
            air.outstanding(0);
            air.resends(Some((una, 1101 - una)));
            let mut air = Air::new(lab);
            air.sent(ms(0), 101, 1000);
            air.alarm(ms(1000), "Rings");
            air.resends(Some((101, 1000)));
            air.ack(ms(1100), una);
            lab.why("The segment was sent again, and is outstanding. So is the rest of it.");
            air.has_lost(false);
            air.outstanding(1101 - una);
            lab.why("(5.3) Something new is acknowledged: the timer restarts, even for a repeated segment.");
            air.wakes(Some(ms(1100 + 2000)));
            air.ack(ms(1200), 1101);
            lab.why(
                "The rest belongs to a repeated segment, so its ACK gives no sample (Karn): the RTO stays doubled.",
            );
            air.rto(ms(2000));
        }
    });
}

#[test]
fn s4_a_fin_is_a_number() {
    lab(|lab| {
        let fin = |seq: u32, len: u32| Segment {
            fin: true,
            psh: true,
            ..data(seq, len)
        };
        let resends = |air: &mut Air<'_>, want: &str| {
            let got = lab.you("resend()", || air.it.resend());
            let got = got.as_ref().map(words::segment);
            lab.because(
                "A repeated segment is the same segment, or the rest of it, with its flags.",
            )
            .same("resend()", got, Some(want.to_owned()));
        };
        let mut air = Air::new(lab);
        air.sends(ms(0), fin(101, 10));
        lab.why("A FIN uses one number, after the bytes.");
        air.outstanding(11);
        lab.you("lose_first()", || air.it.lose_first());
        resends(&mut air, "seq 101 len 10 FIN PSH");
        air.ack(ms(50), 105);
        lab.you("lose_first()", || air.it.lose_first());
        resends(&mut air, "seq 105 len 6 FIN PSH");
        air.ack(ms(100), 111);
        lab.why("The bytes have arrived, the FIN has not.");
        air.outstanding(1);
        lab.why("(5.3) Something new was acknowledged at 100 ms: the timer restarts from there.");
        air.wakes(Some(ms(1100)));
        air.alarm(ms(1100), "Rings");
        lab.why("A FIN alone can be lost, too.");
        air.has_lost(true);
        resends(&mut air, "seq 111 len 0 FIN PSH");
        air.ack(ms(1200), 112);
        lab.why("All has arrived.");
        air.outstanding(0);
        air.wakes(None);
    });
}

#[test]
fn s4_numbers_wrap() {
    lab(|lab| {
        let first: u32 = 0xffff_f830;
        let mut air = Air::new(lab);
        for n in 0..4_u32 {
            air.sent(ms(0), first.wrapping_add(n * 1000), 1000);
        }
        lab.why("The four begin at 4294965296, 4294966296, 0 and 1000.");
        air.ack(ms(10), 0);
        air.outstanding(2000);
        air.ack(ms(20), first);
        air.outstanding(2000);
        air.ack(ms(30), 1500);
        air.outstanding(500);
        air.alarm(ms(1030), "Rings");
        air.resends(Some((1500, 500)));
    });
}

#[test]
fn s4_one_is_lost_by_name() {
    lab(|lab| {
        let mut air = Air::new(lab);
        for n in 0..4 {
            air.sent(ms(n * 10), 101 + n as u32 * 1000, 1000);
        }
        lab.you("lose_first()", || air.it.lose_first());
        lab.why("Only the first counts as lost.");
        air.outstanding(3000);
        air.has_lost(true);
        air.resends(Some((101, 1000)));
        air.has_lost(false);
        air.outstanding(4000);
        lab.why("The timer did not ring: neither it nor the RTO changes.");
        air.wakes(Some(ms(1000)));
        air.rto(ms(1000));
        air.ack(ms(200), 2101);
        lab.you("lose_first()", || air.it.lose_first());
        lab.why("The first is now the one at 2101.");
        air.resends(Some((2101, 1000)));
        let mut air = Air::new(lab);
        lab.you("lose_first()", || air.it.lose_first());
        lab.why("If nothing is in flight, nothing is lost.");
        air.resends(None);
    });
}

#[test]
fn s4_the_first_may_be_lost_twice() {
    lab(|lab| {
        let mut air = Air::new(lab);
        for n in 0..3 {
            air.sent(ms(0), 101 + n * 1000, 1000);
        }
        for _ in 0..3 {
            lab.you("lose_first()", || air.it.lose_first());
            lab.why("The first in flight counts as lost, even if it already did.");
            air.outstanding(2000);
        }
        air.resends(Some((101, 1000)));
        air.has_lost(false);
        for _ in 0..2 {
            lab.you("lose_first()", || air.it.lose_first());
            lab.why("A repeated segment may be lost again.");
            air.has_lost(true);
            air.outstanding(2000);
            air.resends(Some((101, 1000)));
        }
    });
}

#[test]
fn s4_gives_up_and_says_so() {
    lab(|lab| {
        let mut air = Air::new(lab);
        air.sent(ms(500), 101, 1000);
        for at in [1000, 3000, 7000, 15_000, 31_000, 63_000] {
            lab.why("100 s (R2) have not passed since the segment was sent: the timer rings, and the segment is sent again.");
            air.alarm(ms(500 + at), "Rings");
            air.resends(Some((101, 1000)));
        }
        lab.why(
            "123 s without an acknowledgment: that is more than 100 s (R2, RFC 9293, section 3.8.3). The program must be told.",
        );
        air.alarm(ms(123_499), "Quiet");
        air.alarm(ms(123_500), "GivesUp");
        lab.why("It is over: the timer does not run.");
        air.wakes(None);
        air.alarm(ms(999_999), "Quiet");
    });
}

#[test]
fn s4_exactly_when_it_gives_up() {
    lab(|lab| {
        for (give_up, want) in [(7000, "GivesUp"), (6999, "GivesUp"), (7001, "Rings")] {
            let mut air = Air::with(lab, RtoLimits::default(), ms(give_up));
            air.sent(ms(100), 101, 1000);
            lab.why(format!(
                "{give_up} ms have not gone by since it was sent at 100 ms."
            ));
            air.alarm(ms(1100), "Rings");
            air.alarm(ms(3100), "Rings");
            air.resends(Some((101, 1000)));
            lab.why(format!(
                "It rings 7000 ms after the first was sent. It gives up if that is at least {give_up} ms."
            ));
            air.alarm(ms(7100), want);
            if want == "GivesUp" {
                lab.why(
                    "It has given up. Nothing more counts as lost, and the RTO does not double.",
                );
                air.outstanding(1000);
                air.rto(ms(4000));
            }
        }
    });
}

#[test]
fn s4_progress_gives_it_time() {
    lab(|lab| {
        let mut air = Air::with(lab, RtoLimits::default(), ms(5000));
        air.sent(ms(0), 101, 1000);
        air.sent(ms(0), 1101, 1000);
        lab.why("5000 ms have not gone by since the first was sent at 0.");
        air.alarm(ms(1000), "Rings");
        air.alarm(ms(3000), "Rings");
        air.ack(ms(6000), 501);
        lab.why(
            "The peer has acknowledged something at 6000 ms. The time without an acknowledgment counts from \
             there.",
        );
        air.alarm(ms(10_000), "Rings");
        air.alarm(ms(18_000), "GivesUp");
        let mut air = Air::with(lab, RtoLimits::default(), ms(5000));
        air.sent(ms(0), 101, 1000);
        air.ack(ms(100), 1101);
        air.sent(ms(90_000), 1101, 1000);
        air.sent(ms(90_900), 2101, 1000);
        lab.why(
            "Nothing was in flight for a minute and a half. The time counts from the first segment after that.",
        );
        air.alarm(ms(91_000), "Rings");
        air.alarm(ms(93_000), "Rings");
        air.alarm(ms(97_000), "GivesUp");
    });
}

#[test]
fn s4_only_a_new_acknowledgment_gives_it_time() {
    lab(|lab| {
        lab.scene("old acknowledgments");
        for una in [101, 50] {
            let mut air = Air::with(lab, RtoLimits::default(), ms(5000));
            air.sent(ms(0), 101, 1000);
            lab.why("5000 ms have not gone by since the segment was sent at 0.");
            air.alarm(ms(1000), "Rings");
            air.ack(ms(2900), una);
            air.alarm(ms(3000), "Rings");
            air.ack(ms(6900), una);
            lab.why(format!(
                "ACK {una} is nothing new, so nothing changes: nothing was acknowledged since 0."
            ));
            air.alarm(ms(7000), "GivesUp");
        }
        lab.scene("new segments");
        for last in [3500, 6900] {
            let mut air = Air::with(lab, RtoLimits::default(), ms(5000));
            air.sent(ms(0), 101, 10);
            lab.why("5000 ms have not gone by since the first segment was sent at 0.");
            air.alarm(ms(1000), "Rings");
            air.sent(ms(2900), 111, 10);
            air.alarm(ms(3000), "Rings");
            air.sent(ms(last), 121, 10);
            lab.why(
                "The time counts from the first segment, sent when nothing was in flight. A program that writes again and again must not hide the silence.",
            );
            air.alarm(ms(7000), "GivesUp");
        }
    });
}

#[test]
fn s4_a_peer_without_room_is_there() {
    lab(|lab| {
        let mut air = Air::with(lab, RtoLimits::default(), ms(5000));
        air.sent(ms(0), 101, 1000);
        let mut now = 0;
        for wait in [1000, 2000, 4000, 8000] {
            now += wait;
            lab.why("The peer answers each time that it has no room. It is there: do not give up.");
            air.alarm(ms(now), "Rings");
            let at = ms(now + wait * 2 - 100);
            let call = format!("heard({at:?})");
            lab.you(&call, || air.it.heard(at));
            lab.why("This acknowledges nothing, so the timer does not change.");
            air.wakes(Some(ms(now + wait * 2)));
        }
    });
}
