//! Step 4: 32 bits name a position of 64.

use netlab::{Lab, lab};
use tcp_open::Seq;
use tcp_receive::unwrap_seq;

use netlab::Dice;

const G4: u64 = 1 << 32;
const G2: u64 = 1 << 31;

fn says(lab: &Lab, seq: u32, isn: u32, near: u64, want: u64) {
    let call = format!("unwrap_seq({seq}, {isn}, {near})");
    let got = lab.you(&call, || unwrap_seq(Seq(seq), Seq(isn), near));
    let first = u64::from(seq.wrapping_sub(isn));
    lab.holds(
        got == want,
        format!("{call}: {want}"),
        format!(
            "{got}\nThe segment can mean {first}, {}, {} and so on; {want} is the nearest to {near}.",
            first + G4,
            first + 2 * G4
        ),
    );
}

#[test]
fn s4_numbers_are_counted_from_the_syn() {
    lab(|lab| {
        for isn in [0, 100, 3_000_000_000] {
            lab.why("The SYN has the number isn, and counts as 0.");
            says(lab, isn, isn, 0, 0);
            lab.why("The first byte comes 1 after the SYN, and so on.");
            says(lab, isn + 1, isn, 0, 1);
            says(lab, isn + 1000, isn, 0, 1000);
            says(lab, isn + 1000, isn, 5000, 1000);
        }
    });
}

#[test]
fn s4_an_isn_near_the_top_wraps_soon() {
    lab(|lab| {
        lab.why("After 4294967295 comes 0: it is 1 after an ISN of 4294967295.");
        says(lab, 0, u32::MAX, 0, 1);
        says(lab, 9, u32::MAX, 4, 10);
        lab.why("4294967290, …295, 0, 1: the number 4 comes 10 after.");
        says(lab, 4, u32::MAX - 5, 0, 10);
        says(lab, u32::MAX, u32::MAX - 5, 100, 5);
    });
}

#[test]
fn s4_streams_of_more_than_4_gib_go_on() {
    lab(|lab| {
        for (isn, round) in [(0, 1), (100, 1), (u32::MAX, 2), (7, 1000)] {
            let near = round * G4;
            lab.why("The connection has carried more than 4 GiB. Small numbers mean later bytes, not the beginning.");
            says(lab, isn, isn, near, near);
            says(lab, isn.wrapping_add(5), isn, near, near + 5);
            says(lab, isn.wrapping_add(5), isn, near + 100_000, near + 5);
            lab.why("A late segment lies before the wrap.");
            says(lab, isn.wrapping_sub(5), isn, near, near - 5);
            says(lab, isn.wrapping_sub(5), isn, near + 100, near - 5);
            lab.why("Just before the wrap, small numbers come after it.");
            says(lab, isn.wrapping_add(3), isn, near - 2, near + 3);
        }
    });
}

#[test]
fn s4_the_nearest_is_meant() {
    lab(|lab| {
        for k in [1, 2, 77] {
            let near = k * G4;
            lab.why("One less than half of all numbers ahead: nearer than the same number one round before.");
            says(lab, (G2 - 1) as u32, 0, near, near + G2 - 1);
            lab.why("One more than half of all numbers ahead: the same number one round before is nearer.");
            says(lab, (G2 + 1) as u32, 0, near, near - G2 + 1);
            lab.why("Both are equally far. The lower one counts.");
            says(lab, G2 as u32, 0, near, near - G2);
            says(lab, 0, 0, near + G2, near);
            says(lab, 55, 55, near + G2, near);
            lab.why("A little past the middle, the upper one is nearer.");
            says(lab, 0, 0, near + G2 + 1, near + G4);
            lab.why("A little before the middle, the lower one is nearer.");
            says(lab, 0, 0, near + G2 - 1, near);
        }
    });
}

#[test]
fn s4_large_numbers_are_as_exact_as_small_ones() {
    lab(|lab| {
        for near in [1 << 53, 1 << 62, (1 << 63) - G4] {
            lab.why("Both are equally far. The lower one counts.");
            says(lab, 0, 0, near + G2, near);
            lab.why("One past the middle, the upper one is nearer. A floating-point number (f64) has only 53 bits.");
            says(lab, 0, 0, near + G2 + 1, near + G4);
            says(lab, 7, 6, near + G2 + 2, near + G4 + 1);
            lab.why("One before the middle, the lower one is nearer.");
            says(lab, 0, 0, near + G2 - 1, near);
        }
    });
}

#[test]
fn s4_nothing_comes_before_the_syn() {
    lab(|lab| {
        lab.why("The nearest would be a number less than 0, and there is none. So it is the lowest one from 0 on.");
        says(lab, u32::MAX, 0, 0, G4 - 1);
        says(lab, 99, 100, 50, G4 - 1);
        says(lab, 90, 100, 5, G4 - 10);
        says(lab, G2 as u32 + 9, 0, 5, G2 + 9);
        lab.why("Half of all numbers before 4 would be less than 0.");
        says(lab, G2 as u32 + 4, 0, 4, G2 + 4);
        lab.why("0 is nearer than 4294967296.");
        says(lab, 0, 0, G2, 0);
        says(lab, 0, 0, G2 - 5, 0);
        lab.why("4294967296 is nearer than 0.");
        says(lab, 0, 0, G2 + 1, G4);
    });
}

#[test]
fn s4_whatever_is_near_is_found() {
    lab(|lab| {
        for seed in lab.seeds(2000) {
            let mut dice = Dice::new(seed);
            let isn = dice.next() as u32;
            let near = dice.next() >> (1 + dice.below(60));
            let seq = dice.next() as u32;
            // All that it can mean around there, from the lowest on.
            let first = u64::from(seq.wrapping_sub(isn));
            let round = (near / G4).saturating_sub(1);
            let all = (round..round + 4).map(|n| first + n * G4);
            let want = all.min_by_key(|it| it.abs_diff(near)).expect("four");
            let got = unwrap_seq(Seq(seq), Seq(isn), near);
            lab.because(format!(
                "Of {first}, {}, {} and so on, this is the nearest to {near}.",
                first + G4,
                first + 2 * G4
            ))
            .same(&format!("unwrap_seq({seq}, {isn}, {near})"), got, want);
        }
    });
}
