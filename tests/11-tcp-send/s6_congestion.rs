//! Step 6: how much room the network has.

use netlab::{Lab, lab};
use tcp_send::Congestion;

/// The answer under test: each call is told.
struct Cwnd<'a> {
    lab: &'a Lab,
    it: Congestion,
}

impl Cwnd<'_> {
    fn new(lab: &Lab, mss: u16) -> Cwnd<'_> {
        let it = lab.you(&format!("Congestion::new({mss})"), || Congestion::new(mss));
        Cwnd { lab, it }
    }

    fn acked(&mut self, bytes: u32) {
        self.lab
            .you(&format!("acked({bytes})"), || self.it.acked(bytes));
    }

    fn halve(&mut self, in_flight: u32) {
        self.lab
            .you(&format!("halve({in_flight})"), || self.it.halve(in_flight));
    }

    fn set_cwnd(&mut self, bytes: u32) {
        self.lab
            .you(&format!("set_cwnd({bytes})"), || self.it.set_cwnd(bytes));
    }

    fn after_idle(&mut self) {
        self.lab.you("after_idle()", || self.it.after_idle());
    }

    fn is(&self, want: u32) {
        self.lab.same("cwnd()", self.it.cwnd(), want);
    }

    fn threshold(&self, want: u32) {
        self.lab.same("ssthresh()", self.it.ssthresh(), want);
    }
}

#[test]
fn s6_the_initial_window() {
    lab(|lab| {
        lab.why("RFC 6928: 10 MSS, but at most 14600 bytes, or 2 MSS if that is more.");
        for (mss, want) in [
            (536, 5360),
            (1000, 10_000),
            (1460, 14_600),
            (2000, 14_600),
            (7300, 14_600),
            (8960, 17_920),
            (65_535, 131_070),
            (1, 10),
        ] {
            let cwnd = Cwnd::new(lab, mss);
            cwnd.is(want);
            lab.because("Nothing was lost yet: slow start goes on until a segment is lost.")
                .same("ssthresh()", cwnd.it.ssthresh(), u32::MAX);
        }
    });
}

#[test]
fn s6_slow_start_doubles_in_a_round_trip() {
    lab(|lab| {
        for mss in [1000, 536] {
            let mut cwnd = Cwnd::new(lab, mss);
            let one = u32::from(mss);
            for round in [10, 20, 40] {
                for n in 0..round {
                    cwnd.acked(one);
                    lab.why("Slow start: each ACK of a full segment lets cwnd grow by one MSS.");
                    cwnd.is((round + n + 1) * one);
                }
            }
        }
    });
}

#[test]
fn s6_slow_start_counts_bytes_not_acks() {
    lab(|lab| {
        let mut cwnd = Cwnd::new(lab, 1000);
        let mut want = 10_000;
        for (acked, grows) in [(1, 1), (500, 500), (999, 999), (1000, 1000)] {
            cwnd.acked(acked);
            want += grows;
            lab.why(
                "cwnd grows by the acknowledged bytes. A peer that sends an ACK for each byte must not make it explode \
                 (RFC 5681, equation 2).",
            );
            cwnd.is(want);
        }
        for acked in [1001, 2000, 50_000] {
            cwnd.acked(acked);
            want += 1000;
            lab.why("By one ACK, cwnd grows by one MSS at most.");
            cwnd.is(want);
        }
    });
}

#[test]
fn s6_a_loss_halves_what_was_in_flight() {
    lab(|lab| {
        for (mss, in_flight, want) in [
            (1000, 20_000, 10_000),
            (1000, 9001, 4500),
            (1000, 3999, 2000),
            (1000, 100, 2000),
            (536, 0, 1072),
            (1460, 5841, 2920),
        ] {
            let mut cwnd = Cwnd::new(lab, mss);
            let before = cwnd.it.cwnd();
            cwnd.halve(in_flight);
            lab.why(
                "ssthresh is half of the bytes in flight, at least 2 MSS (RFC 5681, equation 4). cwnd may be far wider than a slow program or a narrow window has ever used.",
            );
            cwnd.threshold(want);
            lab.why("This does not change cwnd: see set_cwnd.");
            cwnd.is(before);
        }
        let mut cwnd = Cwnd::new(lab, 1000);
        for (in_flight, want) in [(10_000, 5000), (30_000, 15_000), (8000, 4000), (9000, 4500)] {
            cwnd.halve(in_flight);
            lab.why(
                "It is half of the bytes in flight now. ssthresh can also rise, if the network has had more room since.",
            );
            cwnd.threshold(want);
        }
    });
}

#[test]
fn s6_slow_start_ends_at_ssthresh() {
    lab(|lab| {
        let mut cwnd = Cwnd::new(lab, 1000);
        cwnd.halve(8000);
        cwnd.set_cwnd(1000);
        for want in [2000, 3000, 4000] {
            cwnd.acked(1000);
            lab.why("cwnd is below ssthresh: slow start.");
            cwnd.is(want);
        }
        for want in [4000, 4000, 4000, 5000, 5000] {
            cwnd.acked(1000);
            lab.why(
                "cwnd has reached ssthresh: congestion avoidance. It grows by one MSS when cwnd bytes have been \
                 acknowledged.",
            );
            cwnd.is(want);
        }
        let mut cwnd = Cwnd::new(lab, 1000);
        cwnd.halve(9000);
        cwnd.set_cwnd(4000);
        cwnd.acked(1000);
        lab.why("4000 is below 4500, so this is still slow start, with its whole step.");
        cwnd.is(5000);
        for (acked, want) in [(4999, 5000), (1, 6000)] {
            cwnd.acked(acked);
            lab.why(
                "Congestion avoidance counts from here. The part by which slow start went beyond ssthresh does not count.",
            );
            cwnd.is(want);
        }
        let mut cwnd = Cwnd::new(lab, 1000);
        cwnd.halve(8000);
        for (acked, want) in [(9999, 10_000), (1, 11_000)] {
            cwnd.acked(acked);
            lab.why("cwnd is 10000 and beyond ssthresh. Nothing was counted before.");
            cwnd.is(want);
        }
        cwnd.acked(5000);
        cwnd.halve(9000);
        cwnd.acked(6000);
        lab.why("`halve` changes only ssthresh. The counted bytes still count: 11000 of 11000.");
        cwnd.is(12_000);
    });
}

#[test]
fn s6_avoidance_is_one_mss_a_round_trip() {
    lab(|lab| {
        for (mss, step) in [(1000, 1000), (1000, 250), (536, 536)] {
            let mut cwnd = Cwnd::new(lab, mss);
            let one = u32::from(mss);
            cwnd.halve(10 * one);
            cwnd.set_cwnd(5 * one);
            for round in 5..9 {
                let mut acked = 0;
                while acked < round * one {
                    lab.because("A whole window must be acknowledged before it grows.")
                        .same("cwnd()", cwnd.it.cwnd(), round * one);
                    cwnd.acked(step);
                    acked += step;
                }
                lab.why("A whole window was acknowledged: cwnd grows by one MSS.");
                cwnd.is((round + 1) * one);
            }
        }
    });
}

#[test]
fn s6_the_count_keeps_what_is_over() {
    lab(|lab| {
        let mut cwnd = Cwnd::new(lab, 1000);
        cwnd.halve(10_000);
        cwnd.set_cwnd(5000);
        for (acked, want) in [(3000, 5000), (3000, 6000), (4999, 6000), (1, 7000)] {
            cwnd.acked(acked);
            lab.why("Of 6000 bytes, 5000 were for the growth, and 1000 count for the next.");
            cwnd.is(want);
        }
        cwnd.acked(30_000);
        lab.why("One segment lets it grow by one MSS, however much it acknowledges.");
        cwnd.is(8000);
    });
}

#[test]
fn s6_cwnd_is_at_least_one_mss() {
    lab(|lab| {
        for (mss, bytes, want) in [
            (1000, 0, 1000),
            (1000, 999, 1000),
            (1000, 1001, 1001),
            (536, 1, 536),
            (536, 90_000, 90_000),
        ] {
            let mut cwnd = Cwnd::new(lab, mss);
            cwnd.set_cwnd(bytes);
            lab.why("With a cwnd below one MSS no full segment could ever leave.");
            cwnd.is(want);
            lab.why("ssthresh is another number.");
            cwnd.threshold(u32::MAX);
        }
    });
}

#[test]
fn s6_a_new_cwnd_counts_anew() {
    lab(|lab| {
        let mut cwnd = Cwnd::new(lab, 1000);
        cwnd.halve(10_000);
        cwnd.set_cwnd(5000);
        cwnd.acked(4000);
        cwnd.set_cwnd(6000);
        cwnd.acked(5000);
        lab.why(
            "Bytes acknowledged under the old cwnd do not count under the new one: 5000 of 6000.",
        );
        cwnd.is(6000);
        cwnd.acked(1000);
        lab.why("Now 6000 bytes were acknowledged since set_cwnd. All bytes of an ACK count, however many there are.");
        cwnd.is(7000);
    });
}

#[test]
fn s6_after_idle_it_begins_small() {
    lab(|lab| {
        for (mss, cwnd, want) in [
            (1000, 60_000, 10_000),
            (1000, 10_001, 10_000),
            (1000, 10_000, 10_000),
            (1000, 3000, 3000),
            (1460, 70_000, 14_600),
            (8960, 70_000, 17_920),
        ] {
            let mut it = Cwnd::new(lab, mss);
            it.halve(40_000);
            it.set_cwnd(cwnd);
            it.after_idle();
            lab.why(
                "After a pause the room in the network is unknown: at most the initial window (RFC 5681, section 4.1).",
            );
            it.is(want);
            lab.why("ssthresh still remembers the last loss, so slow start is fast up to there.");
            it.threshold(20_000);
        }
        for cwnd in [5000, 10_000] {
            let mut it = Cwnd::new(lab, 1000);
            it.halve(10_000);
            it.set_cwnd(cwnd);
            it.acked(cwnd - 1000);
            it.after_idle();
            it.acked(1000);
            lab.why(format!(
                "cwnd was not wider. Nothing has changed, and the counted bytes still count: {cwnd} of {cwnd}."
            ));
            it.is(cwnd + 1000);
        }
        let mut it = Cwnd::new(lab, 1000);
        it.halve(10_000);
        it.set_cwnd(20_000);
        it.acked(19_000);
        it.after_idle();
        for (acked, want) in [(9999, 10_000), (1, 11_000)] {
            it.acked(acked);
            lab.why("cwnd was wider, and was set: the count has restarted.");
            it.is(want);
        }
    });
}

#[test]
fn s6_numbers_do_not_overflow() {
    lab(|lab| {
        let mut cwnd = Cwnd::new(lab, 65_535);
        cwnd.set_cwnd(u32::MAX - 10);
        cwnd.acked(65_535);
        lab.why("No overflow: a cwnd of 4 GB stays there.");
        cwnd.is(u32::MAX);
        cwnd.halve(u32::MAX);
        cwnd.threshold(u32::MAX / 2);
    });
}
