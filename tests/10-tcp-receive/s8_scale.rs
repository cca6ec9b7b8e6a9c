//! Step 8: windows of more than 65535 bytes.

use netlab::{Lab, lab};
use tcp_receive::{MAX_SHIFT, Offer, Scale, ScaledOffer, shift_for, shift_offered};

use netlab::Dice;

/// The answer under test, and what its peer knows of the edge.
struct Offering<'a> {
    lab: &'a Lab,
    it: ScaledOffer,
}

impl Offering<'_> {
    fn new(lab: &Lab, next: u64, capacity: usize, mss: u16, shift: u8) -> Offering<'_> {
        let call = format!("ScaledOffer::new({next}, {capacity}, {mss}, {shift})");
        let it = lab.you(&call, || ScaledOffer::new(next, capacity, mss, shift));
        Offering { lab, it }
    }

    fn window(&self, next: u64, want: u32) {
        let call = format!("window({next})");
        let got = self.lab.you(&call, || self.it.window(next));
        self.lab.same(&call, got, want);
    }

    fn renew(&mut self, next: u64, room: usize, want: u16) {
        let call = format!("renew({next}, {room})");
        let got = self.lab.you(&call, || self.it.renew(next, room));
        self.lab.same(&call, got, want);
    }

    fn is_due(&self, next: u64, room: usize, want: bool) {
        let call = format!("is_update_due({next}, {room})");
        let got = self.lab.you(&call, || self.it.is_update_due(next, room));
        self.lab.same(&call, got, want);
    }
}

/// What both sides have offered, and the shifts of the answer: ours as it says it, and the peer's as it reads windows.
fn agrees(lab: &Lab, ours: Option<u8>, theirs: Option<u8>, want: (u8, u8)) {
    let call = format!("Scale::agreed({ours:?}, {theirs:?})");
    let scale = lab.you(&call, || Scale::agreed(ours, theirs));
    let shift = lab.you("ours()", || scale.ours());
    lab.same(&format!("{call}.ours()"), shift, want.0);
    let unit = lab.you("window(false, 1)", || scale.window(false, 1));
    lab.same(&format!("{call}.window(false, 1)"), unit, 1 << want.1);
}

#[test]
fn s8_the_smallest_shift_that_fits() {
    lab(|lab| {
        lab.why("The smallest shift with which the capacity fits into 16 bits. A greater one would make the units coarser for nothing.");
        for (capacity, want) in [
            (1, 0),
            (4000, 0),
            (65_535, 0),
            (65_536, 1),
            (100_000, 1),
            (262_144, 3),
            (1_000_000, 4),
            (4 << 20, 7),
            (6 << 20, 7),
            (536_870_912, 14),
            (1_073_725_440, 14),
        ] {
            let call = format!("shift_for({capacity})");
            lab.same(&call, lab.you(&call, || shift_for(capacity)), want);
        }
        lab.why(
            "Rounded down to units of 2, 131071 bytes are 65535 units: they fit. 131072 do not.",
        );
        for (capacity, want) in [(131_071, 1), (131_072, 2), (262_143, 2)] {
            let call = format!("shift_for({capacity})");
            lab.same(&call, lab.you(&call, || shift_for(capacity)), want);
        }
        lab.why("More than 14 is not allowed, however much room there is (RFC 7323, section 2.3).");
        for capacity in [1 << 30, usize::MAX / 2, usize::MAX] {
            let call = format!("shift_for({capacity})");
            lab.same(&call, lab.you(&call, || shift_for(capacity)), MAX_SHIFT);
        }
        lab.same("MAX_SHIFT", MAX_SHIFT, 14);
    });
}

#[test]
fn s8_only_a_syn_offers_a_shift() {
    lab(|lab| {
        for shift in [0, 1, 7, 14] {
            lab.why(
                "The SYN says the shift. 0 is an offer, too: its sender can read shifted windows.",
            );
            let call = format!("shift_offered(true, Some({shift}))");
            let got = lab.you(&call, || shift_offered(true, Some(shift)));
            lab.same(&call, got, Some(shift));
            lab.why("In a segment without SYN the option does not count (RFC 7323, section 2.2).");
            let call = format!("shift_offered(false, Some({shift}))");
            let got = lab.you(&call, || shift_offered(false, Some(shift)));
            lab.same(&call, got, None);
        }
        lab.why("Without the option nothing is offered. That is not an offer of 0.");
        for syn in [true, false] {
            let call = format!("shift_offered({syn}, None)");
            let got = lab.you(&call, || shift_offered(syn, None));
            lab.same(&call, got, None);
        }
    });
}

#[test]
fn s8_a_shift_above_14_is_14() {
    lab(|lab| {
        lab.why("A shift above 14 counts as 14 (RFC 7323, section 2.3). Refusing it would leave the connection without any.");
        for shift in [15, 16, 31, 32, 255] {
            let call = format!("shift_offered(true, Some({shift}))");
            let got = lab.you(&call, || shift_offered(true, Some(shift)));
            lab.same(&call, got, Some(14));
        }
    });
}

#[test]
fn s8_both_must_offer_or_nobody_shifts() {
    lab(|lab| {
        lab.why("Both SYNs have the option. Each side has its own shift.");
        agrees(lab, Some(7), Some(2), (7, 2));
        agrees(lab, Some(3), Some(9), (3, 9));
        agrees(lab, Some(14), Some(14), (14, 14));
        lab.why("A shift of 0 is an offer: the other side's shift counts.");
        agrees(lab, Some(0), Some(5), (0, 5));
        agrees(lab, Some(5), Some(0), (5, 0));
        agrees(lab, Some(0), Some(0), (0, 0));
        lab.why("If one SYN has no option, its sender does not shift, and does not expect the other one to: both shifts are 0 (RFC 7323, section 2.2).");
        agrees(lab, Some(7), None, (0, 0));
        agrees(lab, None, Some(7), (0, 0));
        agrees(lab, None, None, (0, 0));
    });
}

#[test]
fn s8_the_window_of_a_syn_is_not_shifted() {
    lab(|lab| {
        for (ours, theirs) in [(7, 2), (0, 14), (14, 1)] {
            let call = format!("Scale::agreed(Some({ours}), Some({theirs}))");
            let scale = lab.you(&call, || Scale::agreed(Some(ours), Some(theirs)));
            for field in [0, 1, 1000, 65_535] {
                lab.why("The window of a SYN counts in bytes, even if the SYN has the option (RFC 7323, section 2.2).");
                let call = format!("window(true, {field})");
                let got = lab.you(&call, || scale.window(true, field));
                lab.same(&call, got, field.into());
                lab.why("Any other window counts in units of the sender's shift, which is the peer's here.");
                let call = format!("window(false, {field})");
                let got = lab.you(&call, || scale.window(false, field));
                lab.same(&call, got, u32::from(field) * (1 << theirs));
            }
        }
    });
}

#[test]
fn s8_the_handshake_has_offered_65535_at_most() {
    lab(|lab| {
        let large = 1 << 33;
        for (next, capacity, shift, want) in [
            (1, 1_000_000, 4, 65_535),
            (1, 100_000, 1, 65_535),
            (1_000_000, 4 << 20, 7, 65_535),
            (large - 10, 1 << 30, 14, 65_535),
            (1, 4000, 0, 4000),
            (large, 65_535, 0, 65_535),
        ] {
            lab.why("The window of our SYN had 16 bits, and was not shifted.");
            let o = Offering::new(lab, next, capacity, 1460, shift);
            o.window(next, want);
        }
    });
}

#[test]
fn s8_the_next_segment_offers_all_of_it() {
    lab(|lab| {
        for (capacity, shift, field, window) in [
            (1_000_000, 4, 62_500, 1_000_000),
            (100_001, 1, 50_000, 100_000),
            (6 << 20, 7, 49_152, 6 << 20),
            (1 << 30, 14, 65_535, 65_535 << 14),
        ] {
            let mut o = Offering::new(lab, 1, capacity, 1460, shift);
            lab.why("The first segment without SYN offers the whole room, in units of 2^shift bytes. What is no whole unit is left out.");
            o.renew(1, capacity, field);
            lab.why("So many bytes are allowed now: field times unit.");
            o.window(1, window);
            lab.why("1460 bytes have come, and the edge has stayed.");
            o.window(1461, window - 1460);
        }
    });
}

#[test]
fn s8_the_field_is_rounded_down() {
    lab(|lab| {
        let mut o = Offering::new(lab, 1, 1_000_000, 1460, 4);
        o.renew(1, 1_000_000, 62_500);
        lab.why("999999 bytes are left, which are 62499 units of 16, and 15 bytes. 62500 would promise a byte that there is no room for.");
        o.renew(2, 999_999, 62_499);
        o.renew(9, 999_992, 62_499);
        lab.why("A whole unit has come.");
        o.renew(17, 999_984, 62_499);
        o.renew(18, 999_983, 62_498);
        lab.why("15 bytes are left: less than a unit, so the field says 0.");
        o.renew(999_986, 15, 0);
        lab.why("16 bytes are left: one unit.");
        o.renew(999_985, 16, 1);
    });
}

#[test]
fn s8_what_was_allowed_is_still_taken() {
    lab(|lab| {
        let mut o = Offering::new(lab, 1, 1_000_000, 1460, 4);
        o.renew(1, 1_000_000, 62_500);
        lab.why("One byte has come. The field says 62499 units, up to 999986. But the segment before it has allowed everything up to 1000001, and such bytes may be on their way (RFC 7323, section 2.4): the edge stays.");
        o.renew(2, 999_999, 62_499);
        o.window(2, 999_999);
        lab.why("The field says 0. The last 15 bytes were allowed, and are still taken.");
        o.renew(999_986, 15, 0);
        o.window(999_986, 15);
        lab.why("Less room than the offer does not move the edge back.");
        o.renew(999_986, 0, 0);
        o.window(999_986, 15);
        lab.why("A FIN may lead past the edge. A window is never negative.");
        o.window(1_000_002, 0);
        o.renew(1_000_002, 0, 0);
    });
}

#[test]
fn s8_small_gains_wait() {
    lab(|lab| {
        let mut o = Offering::new(lab, 1, 1_000_000, 1460, 4);
        o.renew(1, 1_000_000, 62_500);
        lab.why("The buffer is full, and 1459 bytes are read, then 1460. In whole units both are 1456, less than the step of 1460: the edge stays.");
        o.renew(1_000_001, 1459, 0);
        o.renew(1_000_001, 1460, 0);
        o.window(1_000_001, 0);
        lab.why("1472 bytes are 92 units, and that is more than the step.");
        o.renew(1_000_001, 1472, 92);
        o.window(1_000_001, 1472);
        lab.why("From the new edge, the same counts again.");
        o.renew(1_000_001, 1472 + 1459, 92);
        o.renew(1_000_001, 1472 + 1472, 184);

        lab.scene("segments of 1000 bytes, units of 2");
        let mut o = Offering::new(lab, 1, 100_000, 1000, 1);
        o.renew(1, 100_000, 50_000);
        lab.why("The step is 1000: 999 bytes are too few, 1000 are enough.");
        o.renew(100_001, 999, 0);
        o.renew(100_001, 1000, 500);
    });
}

#[test]
fn s8_an_update_is_due_by_what_the_peer_knows() {
    lab(|lab| {
        let mut o = Offering::new(lab, 1, 1_000_000, 1460, 4);
        o.renew(1, 1_000_000, 62_500);
        o.renew(1_000_001, 0, 0);
        lab.why("The window is 0, and there is less than a step to offer, in whole units.");
        o.is_due(1_000_001, 0, false);
        o.is_due(1_000_001, 1460, false);
        lab.why("There is room for a step. The peer waits for it, and no other segment will tell.");
        o.is_due(1_000_001, 1472, true);
        o.is_due(1_000_001, 1_000_000, true);
        lab.why("Asking changes nothing.");
        o.is_due(1_000_001, 1472, true);
        o.window(1_000_001, 0);
        o.renew(1_000_001, 1472, 92);
        lab.why("It was told of 1472 bytes, and that is a step: it goes on by itself.");
        o.is_due(1_000_001, 1_000_000, false);

        lab.scene("1465 bytes are left of the offer");
        let mut o = Offering::new(lab, 1, 1_000_000, 1460, 4);
        o.renew(1, 1_000_000, 62_500);
        lab.why("1465 bytes are left, more than a step. But the field says 91 units, 1456 bytes, and the peer knows only that. It may be waiting.");
        o.is_due(1_000_001 - 1465, 500_000, true);
        lab.why("1472 bytes are 92 units: no less than a step.");
        o.is_due(1_000_001 - 1472, 500_000, false);
    });
}

#[test]
fn s8_units_of_16384_bytes() {
    lab(|lab| {
        let capacity = 1 << 30;
        let mut o = Offering::new(lab, 1, capacity, 1460, 14);
        o.renew(1, capacity, 65_535);
        let edge = 1 + (65_535 << 14);
        lab.why("65535 units of 16384 bytes are the most, although there is room for one more.");
        o.window(1, 65_535 << 14);
        lab.why("16383 bytes are left of the offer. The field says 0, so the peer waits, and must be told of new room.");
        o.renew(edge - 16_383, 16_383, 0);
        o.is_due(edge - 16_383, 40_000, true);
        lab.why("40000 bytes are two units, 32768 bytes: as far as the field can offer.");
        o.renew(edge - 16_383, 40_000, 2);
        o.window(edge - 16_383, 32_768);
        lab.why("All is read. 65535 units from here, however large the numbers are.");
        let far = 1 << 40;
        let mut o = Offering::new(lab, far, capacity, 1460, 14);
        o.renew(far, capacity, 65_535);
        o.renew(far + 1460, capacity, 65_535);
        o.window(far + 1460, 65_535 << 14);
    });
}

#[test]
fn s8_without_a_shift_it_is_the_offer_of_step_5() {
    lab(|lab| {
        let mut dice = Dice::new(8);
        for (capacity, mss) in [(4000, 1000), (65_535, 1460), (200_000, 1460), (10, 1000)] {
            lab.scene(format!("room for {capacity} bytes, segments of {mss}"));
            lab.why("With a shift of 0 a unit is a byte, and everything is as in step 5. (The other value is that of your Offer.)");
            let mut plain = lab.you("Offer::new(1, …)", || Offer::new(1, capacity, mss));
            let mut o = Offering::new(lab, 1, capacity, mss, 0);
            let (mut next, mut unread) = (1, 0);
            for _ in 0..60 {
                let left = u64::from(lab.you("Offer::window", || plain.window(next)));
                let comes = dice.below(left + 1).min(dice.below(3000));
                (next, unread) = (next + comes, unread + comes as usize);
                unread -= dice.below(unread as u64 + 1) as usize;
                let room = capacity - unread;
                let due = lab.you("Offer::is_update_due", || plain.is_update_due(next, room));
                o.is_due(next, room, due);
                let want = lab.you("Offer::renew", || plain.renew(next, room));
                o.renew(next, room, want);
                let want = lab.you("Offer::window", || plain.window(next));
                o.window(next, want.into());
            }
        }
    });
}

#[test]
fn s8_never_more_than_there_is_and_never_less_than_was_said() {
    lab(|lab| {
        for seed in 1..=20 {
            let mut dice = Dice::new(seed);
            let capacity = 65_536 + dice.below(8_000_000) as usize;
            let mut shift = 0;
            while capacity >> shift > 65_535 {
                shift += 1;
            }
            lab.scene(format!(
                "seed {seed}: room for {capacity} bytes, shift {shift}"
            ));
            let mut o = Offering::new(lab, 1, capacity, 1460, shift);
            // The highest edge that any segment has offered, and what the program has not read.
            let (mut next, mut told, mut unread) = (1, 1 + 65_535, 0_u64);
            for _ in 0..200 {
                let comes = dice.below(told - next + 1).min(1 + dice.below(200_000));
                (next, unread) = (next + comes, unread + comes);
                unread -= if dice.one_in(3) {
                    dice.below(unread + 1)
                } else {
                    0
                };
                let room = capacity - unread as usize;
                let call = format!("renew({next}, {room})");
                let field = lab.you(&call, || o.it.renew(next, room));
                let reach = next + (u64::from(field) << shift);
                lab.why("A window never promises more than there is room for.");
                lab.holds(
                    reach <= next + room as u64,
                    format!("{call} offers no more than {room} bytes"),
                    format!("{field} units of {} bytes", 1 << shift),
                );
                told = told.max(reach);
                lab.why("What any segment has offered is still allowed, and nothing else is.");
                let call = format!("window({next})");
                let window = lab.you(&call, || o.it.window(next));
                lab.same(&call, u64::from(window), told - next);
            }
        }
    });
}
