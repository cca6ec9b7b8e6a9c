//! Step 7: what a loss does to the congestion window.

use netlab::{Lab, lab};
use tcp_open::Seq;
use tcp_send::{Congestion, Recovery};

/// The answer under test, and the numbers of a sender around it.
struct Loss<'a> {
    lab: &'a Lab,
    it: Recovery,
    una: u32,
    nxt: u32,
}

const MSS: u16 = 1000;

impl Loss<'_> {
    /// A connection with an MSS of 1000 that has this cwnd and so many bytes in flight, and is still in slow start.
    fn new(lab: &Lab, cwnd: u32, in_flight: u32) -> Loss<'_> {
        Loss::at(lab, 101, cwnd, in_flight)
    }

    fn at(lab: &Lab, una: u32, cwnd: u32, in_flight: u32) -> Loss<'_> {
        let mut congestion = Congestion::new(MSS);
        congestion.set_cwnd(cwnd);
        let call = format!("Recovery::new(cwnd {cwnd}, {MSS})");
        let it = lab.you(&call, || Recovery::new(congestion, MSS));
        Loss {
            lab,
            it,
            una,
            nxt: una.wrapping_add(in_flight),
        }
    }

    /// A new segment leaves.
    fn sends(&mut self, len: u32) {
        self.nxt = self.nxt.wrapping_add(len);
    }

    fn duplicate(&mut self, resends: bool) {
        let (una, nxt) = (self.una, self.nxt);
        let call = format!("on_duplicate({una}, {nxt})");
        let got = self
            .lab
            .you(&call, || self.it.on_duplicate(Seq(una), Seq(nxt)));
        self.lab.same(&call, got, resends);
    }

    /// Three duplicates in a row, and so many more.
    fn recovers(&mut self, further: u32) {
        self.lab.why(
            "The third duplicate in a row begins fast recovery: the segment at SND.UNA is sent again, and no other one is.",
        );
        for n in 1..=3 + further {
            self.duplicate(n == 3);
        }
    }

    fn ack(&mut self, acked: u32, resends: bool) {
        self.una = self.una.wrapping_add(acked);
        let (una, nxt) = (self.una, self.nxt);
        let call = format!("on_ack({acked}, {una}, {nxt})");
        let got = self
            .lab
            .you(&call, || self.it.on_ack(acked, Seq(una), Seq(nxt)));
        self.lab.same(&call, got, resends);
    }

    fn timeout(&mut self) {
        let (una, nxt) = (self.una, self.nxt);
        let call = format!("on_timeout({una}, {nxt})");
        self.lab
            .you(&call, || self.it.on_timeout(Seq(una), Seq(nxt)));
    }

    /// Demands cwnd, ssthresh, and whether it is recovering.
    fn is(&self, cwnd: u32, ssthresh: u32, is_recovering: bool) {
        let it = &self.it;
        let got = (it.cwnd(), it.ssthresh(), it.is_recovering());
        let want = (cwnd, ssthresh, is_recovering);
        self.lab.same("cwnd, ssthresh, is_recovering", got, want);
    }

    fn allowed(&self, want: u32) {
        let got = self.lab.you("allowed()", || self.it.allowed());
        self.lab.same("allowed()", got, want);
    }
}

const MAX: u32 = u32::MAX;

#[test]
fn s7_without_loss_it_is_step_6() {
    lab(|lab| {
        let mut it = Loss::new(lab, 10_000, 10_000);
        lab.why("Nothing was lost: cwnd bytes may be outstanding, and cwnd grows as step 6 says.");
        it.is(10_000, MAX, false);
        it.allowed(10_000);
        for (acked, cwnd) in [(1000, 11_000), (2000, 12_000), (100, 12_100)] {
            it.ack(acked, false);
            it.is(cwnd, MAX, false);
            it.allowed(cwnd);
        }
    });
}

#[test]
fn s7_three_dup_acks() {
    lab(|lab| {
        for (cwnd, in_flight, ssthresh) in [
            (20_000, 10_000, 5000),
            (20_000, 7000, 3500),
            (20_000, 4000, 2000),
            (20_000, 3000, 2000),
            (4000, 10_000, 5000),
        ] {
            let mut it = Loss::new(lab, cwnd, in_flight);
            lab.why("One or two duplicates may mean that segments have overtaken each other.");
            it.duplicate(false);
            it.duplicate(false);
            it.is(cwnd, MAX, false);
            lab.why(
                "The third in a row: the segment at SND.UNA is lost. It is sent again at once, before the timer \
                 rings.",
            );
            it.duplicate(true);
            lab.why(
                "ssthresh is half of the bytes in flight, at least 2 MSS. cwnd is ssthresh and 3 MSS, for the three \
                 segments that have left the network (RFC 5681, section 3.2).",
            );
            it.is(ssthresh + 3000, ssthresh, true);
        }
    });
}

#[test]
fn s7_each_further_duplicate_lets_one_more_leave() {
    lab(|lab| {
        let mut it = Loss::new(lab, 10_000, 10_000);
        it.recovers(0);
        for n in 1..=6 {
            lab.why(
                "Another segment has arrived, and left the network: cwnd grows by one MSS. The lost one has already been sent again.",
            );
            it.duplicate(false);
            it.is(8000 + n * 1000, 5000, true);
            it.allowed(8000 + n * 1000);
        }
    });
}

#[test]
fn s7_the_count_begins_anew_with_each_new_ack() {
    lab(|lab| {
        let mut it = Loss::new(lab, 10_000, 10_000);
        it.duplicate(false);
        it.duplicate(false);
        it.ack(1000, false);
        lab.why(
            "Something new was acknowledged in between: these are the first and the second again.",
        );
        it.duplicate(false);
        it.duplicate(false);
        it.is(11_000, MAX, false);
        lab.why("Now it is the third in a row.");
        it.duplicate(true);
    });
}

#[test]
fn s7_limited_transmit() {
    lab(|lab| {
        let mut it = Loss::new(lab, 4000, 4000);
        it.allowed(4000);
        lab.why(
            "Each of the first two duplicates says that a segment has arrived. One more may leave for each. Otherwise small windows never get three duplicates (RFC 3042).",
        );
        it.duplicate(false);
        it.allowed(5000);
        it.sends(1000);
        it.duplicate(false);
        it.allowed(6000);
        it.sends(1000);
        lab.why("cwnd itself has not changed.");
        it.is(4000, MAX, false);
        it.duplicate(true);
        lab.why(
            "4000 bytes were in flight when the first duplicate came. The segments of limited transmit do not count.",
        );
        it.is(5000, 2000, true);
        it.allowed(5000);
        lab.why("The segments of limited transmit were in flight at the third duplicate: recovery waits for them, too.");
        it.ack(4000, true);
        it.ack(2000, false);
        let mut it = Loss::new(lab, 4000, 4000);
        it.duplicate(false);
        it.duplicate(false);
        it.ack(1000, false);
        lab.why("Nothing was lost after all: the extra room is gone, and cwnd has grown.");
        it.allowed(5000);
        let mut it = Loss::new(lab, 10_000, 10_000);
        it.timeout();
        for n in 1..=300 {
            it.duplicate(false);
            lab.why("Two more, however many duplicates there are.");
            it.allowed(1000 + 1000 * n.min(2));
        }
    });
}

#[test]
fn s7_a_full_ack_ends_recovery() {
    lab(|lab| {
        for (sent_meanwhile, want) in [
            // Nothing is in flight any more: one MSS counts.
            (0, 2000),
            (1000, 2000),
            (3000, 4000),
            (4000, 5000),
            (9000, 5000),
        ] {
            let mut it = Loss::new(lab, 10_000, 10_000);
            it.recovers(9);
            it.sends(sent_meanwhile);
            lab.why(format!(
                "All bytes in flight at the loss are acknowledged: recovery is over. {sent_meanwhile} bytes have left since. cwnd is ssthresh, or one MSS more than the bytes in flight if that is less, so that no burst leaves (RFC 6582, section 3.2)."
            ));
            it.ack(10_000, false);
            it.is(want, 5000, false);
            it.allowed(want);
        }
    });
}

#[test]
fn s7_after_recovery_it_is_congestion_avoidance() {
    lab(|lab| {
        let mut it = Loss::new(lab, 10_000, 10_000);
        it.recovers(0);
        it.sends(8000);
        lab.why("All bytes in flight at the loss are acknowledged: recovery is over.");
        it.ack(10_000, false);
        it.is(5000, 5000, false);
        for (acked, cwnd) in [(2000, 5000), (2000, 5000), (1000, 6000), (2000, 6000)] {
            it.ack(acked, false);
            lab.why("cwnd has reached ssthresh: it grows by one MSS a round trip.");
            it.is(cwnd, 5000, false);
        }
    });
}

#[test]
fn s7_a_partial_ack_shows_the_next_hole() {
    lab(|lab| {
        let mut it = Loss::new(lab, 10_000, 10_000);
        it.recovers(5);
        lab.why("Half of 10000 bytes, 3 MSS for the three duplicates, and one for each that came later.");
        it.is(13_000, 5000, true);
        lab.why(
            "The repeated segment has arrived, and the ACK stops at the next hole: the segment there is sent again, without three more duplicates (NewReno, RFC 6582).",
        );
        it.ack(4000, true);
        lab.why(
            "cwnd shrinks by the acknowledged bytes, and grows by one MSS, for the segment that is sent again.",
        );
        it.is(10_000, 5000, true);
        lab.why("Less than one MSS was acknowledged: nothing is added.");
        it.ack(400, true);
        it.is(9600, 5000, true);
        lab.why("Exactly one MSS was acknowledged: cwnd stays.");
        it.ack(1000, true);
        it.is(9600, 5000, true);
        lab.why("The last number that was in flight is still missing.");
        it.ack(4599, true);
        it.is(6001, 5000, true);
        lab.why("Now all of them are acknowledged.");
        it.ack(1, false);
        it.is(2000, 5000, false);
    });
}

#[test]
fn s7_a_partial_ack_leaves_at_least_one_mss() {
    lab(|lab| {
        for acked in [9000, 8999] {
            let mut it = Loss::new(lab, 10_000, 10_000);
            it.recovers(0);
            lab.why("Half of 10000 bytes, and 3 MSS for the three duplicates.");
            it.is(8000, 5000, true);
            lab.why("The ACK stops before `recover`: it shows the next hole.");
            it.ack(acked, true);
            lab.why("cwnd never falls below one MSS, or nothing could leave.");
            it.is(1000, 5000, true);
        }
    });
}

#[test]
fn s7_what_was_sent_during_recovery_is_not_waited_for() {
    lab(|lab| {
        let mut it = Loss::new(lab, 10_000, 10_000);
        it.recovers(0);
        for _ in 0..5 {
            it.duplicate(false);
            it.sends(1000);
        }
        lab.why("Recovery ends at the SND.NXT of the moment when the loss was found, although more has left since.");
        it.ack(9999, true);
        it.ack(1, false);
        it.is(5000, 5000, false);
    });
}

#[test]
fn s7_a_timeout_begins_with_one_segment() {
    lab(|lab| {
        for (in_flight, ssthresh) in [(10_000, 5000), (3000, 2000), (30_000, 15_000)] {
            let mut it = Loss::new(lab, 20_000, in_flight);
            it.timeout();
            lab.why(
                "A time-out: no ACK comes at all. ssthresh is half of the bytes in flight, and cwnd is one MSS (RFC 5681, section 3.1).",
            );
            it.is(1000, ssthresh, false);
            it.allowed(1000);
            it.ack(1000, false);
            lab.why("Slow start up to ssthresh.");
            it.is(2000, ssthresh, false);
        }
    });
}

#[test]
fn s7_a_second_timeout_keeps_ssthresh() {
    lab(|lab| {
        let mut it = Loss::new(lab, 20_000, 20_000);
        for _ in 0..3 {
            it.timeout();
            lab.why(
                "Nothing was acknowledged, so as much is in flight as at the first time-out: ssthresh stays (RFC 5681, section 3.1).",
            );
            it.is(1000, 10_000, false);
        }
        let mut it = Loss::new(lab, 20_000, 20_000);
        it.timeout();
        it.ack(12_000, false);
        it.timeout();
        lab.why("8000 bytes were in flight.");
        it.is(1000, 4000, false);
    });
}

#[test]
fn s7_duplicates_after_a_timeout_begin_nothing() {
    lab(|lab| {
        let mut it = Loss::new(lab, 10_000, 10_000);
        it.timeout();
        it.is(1000, 5000, false);
        lab.why(
            "After a time-out many segments are repeated that had arrived, and each copy causes a duplicate ACK. These do not mean a new loss: SND.UNA is not after the SND.NXT of the time-out.",
        );
        for _ in 0..4 {
            it.duplicate(false);
        }
        it.is(1000, 5000, false);
        it.ack(9000, false);
        for _ in 0..4 {
            it.duplicate(false);
        }
        it.is(2000, 5000, false);
        it.sends(5000);
        it.ack(1000, false);
        lab.why(
            "SND.UNA equals the SND.NXT of that time: it is still not after it (RFC 6582, section 3.2, step 2).",
        );
        for _ in 0..4 {
            it.duplicate(false);
        }
        it.ack(1, false);
        lab.why("SND.UNA is after it now. Three duplicates are a new loss.");
        it.duplicate(false);
        it.duplicate(false);
        it.duplicate(true);
        for (acked, begins) in [
            (6000, false),
            (14_999, false),
            (15_000, false),
            (15_001, true),
        ] {
            let mut it = Loss::new(lab, 10_000, 10_000);
            it.timeout();
            it.ack(5000, false);
            it.sends(10_000);
            it.timeout();
            it.sends(1000);
            it.ack(acked, false);
            lab.why(format!(
                "The second time-out was at SND.NXT 20101, and that is `recover` now. SND.UNA is {}.",
                5101 + acked
            ));
            it.duplicate(false);
            it.duplicate(false);
            it.duplicate(begins);
        }
    });
}

#[test]
fn s7_a_timeout_ends_recovery() {
    lab(|lab| {
        let mut it = Loss::new(lab, 10_000, 10_000);
        it.recovers(0);
        it.is(8000, 5000, true);
        it.timeout();
        lab.why(
            "The repeated segment is lost, too: fast recovery is over. The sender begins with one segment.",
        );
        it.is(1000, 5000, false);
        lab.why("This is slow start, not fast recovery: no partial acknowledgment.");
        it.ack(2000, false);
        it.is(2000, 5000, false);
        for (sent, ssthresh) in [(6000, 8000), (2000, 6000)] {
            let mut it = Loss::new(lab, 10_000, 10_000);
            it.recovers(sent / 1000);
            it.sends(sent);
            it.timeout();
            lab.why(format!(
                "{sent} bytes have left during recovery. ssthresh is half of the bytes in flight at the time-out."
            ));
            it.is(1000, ssthresh, false);
        }
    });
}

#[test]
fn s7_duplicates_before_a_timeout_do_not_count_behind_it() {
    lab(|lab| {
        let mut it = Loss::new(lab, 10_000, 10_000);
        it.duplicate(false);
        it.duplicate(false);
        it.timeout();
        lab.why("After the time-out the earlier duplicates give no extra room.");
        it.allowed(1000);
    });
}

#[test]
fn s7_a_second_loss_in_the_next_window() {
    lab(|lab| {
        let mut it = Loss::new(lab, 10_000, 10_000);
        it.recovers(0);
        it.sends(6000);
        it.ack(10_000, false);
        lab.why("All of the first window has arrived. SND.UNA equals the SND.NXT of that loss, and is not after it.");
        for _ in 0..3 {
            it.duplicate(false);
        }
        it.ack(1000, false);
        it.duplicate(false);
        it.duplicate(false);
        lab.why("A loss in the second window, with 5000 bytes in flight.");
        it.duplicate(true);
        it.is(5500, 2500, true);
    });
}

#[test]
fn s7_the_first_segment_of_all_may_be_lost() {
    lab(|lab| {
        for una in [101, 0, 0x8000_0000] {
            let mut it = Loss::at(lab, una, 10_000, 10_000);
            it.duplicate(false);
            it.duplicate(false);
            lab.why(format!(
                "The first segment, at {una}, is lost. Nothing was lost before it, so three duplicates begin recovery."
            ));
            it.duplicate(true);
        }
    });
}

#[test]
fn s7_a_loss_of_long_ago_is_forgotten() {
    lab(|lab| {
        for lost_before in [false, true] {
            let mut it = Loss::new(lab, 10_000, 10_000);
            if lost_before {
                it.timeout();
            }
            for _ in 0..5 {
                it.sends(1 << 29);
                it.ack(1 << 29, false);
            }
            it.duplicate(false);
            it.duplicate(false);
            lab.why(match lost_before {
                true => {
                    "More than 2 GB have been acknowledged since. On the shorter way round, the old `recover` would seem to \
                     be ahead again. It is forgotten when SND.UNA comes after it."
                }
                false => "Nothing was ever lost before, so the third duplicate begins recovery.",
            });
            it.duplicate(true);
        }
    });
}

#[test]
fn s7_numbers_wrap() {
    lab(|lab| {
        let mut it = Loss::at(lab, 0xffff_fc18, 10_000, 10_000);
        it.recovers(0);
        lab.why("SND.NXT was 9000 at the loss. 500 comes before it, and 4294966796 too.");
        it.ack(500, true);
        it.ack(1000, true);
        it.ack(8500, false);
        it.is(2000, 5000, false);
        for (in_flight, acked, begins) in [(3000, 5000, true), (10_000, 3000, false)] {
            let mut it = Loss::at(lab, 0xffff_f000, 10_000, in_flight);
            it.timeout();
            let recover = it.nxt;
            it.sends(6000);
            it.ack(acked, false);
            lab.why(format!(
                "`recover` is {recover} and SND.UNA {}. The shorter way round decides which of them is after the other.",
                it.una
            ));
            it.duplicate(false);
            it.duplicate(false);
            it.duplicate(begins);
        }
    });
}

#[test]
fn s7_after_idle() {
    lab(|lab| {
        for (cwnd, want) in [(40_000, 10_000), (3000, 3000)] {
            let mut it = Loss::new(lab, cwnd, 0);
            lab.you("after_idle()", || it.it.after_idle());
            lab.why("As in step 6: after a pause, at most the initial window.");
            it.is(want, MAX, false);
        }
        let mut it = Loss::new(lab, 10_000, 10_000);
        it.timeout();
        it.ack(10_000, false);
        lab.you("after_idle()", || it.it.after_idle());
        it.sends(5000);
        lab.why("A pause changes cwnd and nothing else: SND.UNA is still not after `recover`, so duplicates begin nothing.");
        for _ in 0..3 {
            it.duplicate(false);
        }
    });
}
