//! Step 5: the window that a receiver offers.

use netlab::{Lab, lab};
use tcp_receive::Offer;

use netlab::Dice;

fn offer(lab: &Lab, next: u64, capacity: usize, mss: u16) -> Offer {
    lab.you(&format!("Offer::new({next}, {capacity}, {mss})"), || {
        Offer::new(next, capacity, mss)
    })
}

fn window(lab: &Lab, o: &Offer, next: u64, want: u16) {
    let call = format!("window({next})");
    let got = lab.you(&call, || o.window(next));
    lab.same(&call, got, want);
}

fn renew(lab: &Lab, o: &mut Offer, next: u64, room: usize, want: u16) {
    let call = format!("renew({next}, {room})");
    let got = lab.you(&call, || o.renew(next, room));
    lab.same(&call, got, want);
}

fn is_due(lab: &Lab, o: &Offer, next: u64, room: usize, want: bool) {
    let call = format!("is_update_due({next}, {room})");
    let got = lab.you(&call, || o.is_update_due(next, room));
    lab.same(&call, got, want);
}

#[test]
fn s5_the_handshake_has_offered_the_capacity() {
    lab(|lab| {
        let large = 1 << 32;
        for (next, capacity) in [
            (1, 4000),
            (1, 10),
            (1_000_000, 4000),
            (large - 1000, 4000),
            (1000 * large, 4000),
        ] {
            let mut o = offer(lab, next, capacity, 1000);
            lab.why(
                "Nothing has come: the whole capacity is offered, from the next expected number on. (It is counted, in 64 bits.)",
            );
            window(lab, &o, next, capacity as u16);
            renew(lab, &mut o, next, capacity, capacity as u16);
        }
    });
}

#[test]
fn s5_the_window_is_bytes_up_to_the_edge() {
    lab(|lab| {
        let mut o = offer(lab, 1, 4000, 1000);
        lab.why("Two segments of 1000 bytes have come. The edge stays at 4001; from 2001 it is 2000 bytes away. (Not 2 segments less.)");
        window(lab, &o, 2001, 2000);
        renew(lab, &mut o, 2001, 2000, 2000);
        lab.why("One byte takes one byte.");
        window(lab, &o, 2002, 1999);
        renew(lab, &mut o, 2002, 1999, 1999);
        lab.why("The buffer is full.");
        renew(lab, &mut o, 4001, 0, 0);
    });
}

#[test]
fn s5_what_is_read_moves_the_edge() {
    lab(|lab| {
        let mut o = offer(lab, 1, 4000, 1000);
        lab.why("3000 bytes have come and all are read: from 3001 there is room for 4000 again.");
        renew(lab, &mut o, 3001, 4000, 4000);
        lab.why("This is now what the peer knows.");
        window(lab, &o, 3001, 4000);
        window(lab, &o, 5001, 2000);
        lab.why(
            "4000 bytes have come and 1500 are read. The step is a segment, 1000, because half of the capacity is more: the edge moves.",
        );
        renew(lab, &mut o, 7001, 1500, 1500);
    });
}

#[test]
fn s5_the_edge_never_moves_back() {
    lab(|lab| {
        lab.why(
            "The offer goes up to 4001, and segments up to there are on their way. Whatever happens to the room, the edge stays (RFC 9293, section 3.8.6).",
        );
        let mut o = offer(lab, 1, 4000, 1000);
        renew(lab, &mut o, 1, 0, 4000);
        renew(lab, &mut o, 1, 2500, 4000);
        renew(lab, &mut o, 1001, 100, 3000);
        window(lab, &o, 1001, 3000);
        lab.why("100 bytes were read, too few for a new edge. The old one stays where it is: the window is not 0.");
        renew(lab, &mut o, 3901, 200, 100);
        window(lab, &o, 3901, 100);
    });
}

#[test]
fn s5_small_gains_wait() {
    lab(|lab| {
        lab.scene("a room of 4 segments: the step is a segment");
        let mut o = offer(lab, 1, 4000, 1000);
        lab.why("The buffer is full, and 999 bytes are read. If they were offered, they would come as one small segment: the silly window syndrome.");
        renew(lab, &mut o, 4001, 1, 0);
        renew(lab, &mut o, 4001, 999, 0);
        lab.why("1000 bytes of room: enough for a segment, so the edge moves.");
        renew(lab, &mut o, 4001, 1000, 1000);
        lab.why("From the new edge, a gain of 999 is too small again.");
        renew(lab, &mut o, 4001, 1999, 1000);
        renew(lab, &mut o, 4501, 1499, 500);
        lab.why("All gains since the edge moved count together.");
        renew(lab, &mut o, 4501, 1500, 1500);

        lab.scene("a room of less than 2 segments: the step is half of it");
        let mut o = offer(lab, 1, 600, 1000);
        lab.why("The room never has 1000 bytes. Half of it is enough for a new edge (RFC 9293, section 3.8.6.2.2).");
        renew(lab, &mut o, 601, 299, 0);
        renew(lab, &mut o, 601, 300, 300);

        lab.scene("a room of just 2 segments");
        let mut o = offer(lab, 1, 2000, 1000);
        lab.why("Half of the room and a segment are the same.");
        renew(lab, &mut o, 2001, 999, 0);
        renew(lab, &mut o, 2001, 1000, 1000);
    });
}

#[test]
fn s5_tiny_rooms_have_a_step_of_1() {
    lab(|lab| {
        for capacity in [1, 2, 3] {
            lab.scene(format!("room for {capacity} bytes"));
            let next = 1 + capacity as u64;
            let mut o = offer(lab, 1, capacity, 1000);
            window(lab, &o, 1, capacity as u16);
            lab.why("Nothing is free.");
            renew(lab, &mut o, next, 0, 0);
            is_due(lab, &o, next, 0, false);
            lab.why("The step is 1 byte here: half of the room, but at least 1, or the window would never open again. The edge can move by 1, which is a step.");
            is_due(lab, &o, next, 1, true);
            renew(lab, &mut o, next, 1, 1);
        }
        lab.scene("segments of 1 byte");
        let mut o = offer(lab, 1, 1000, 1);
        lab.why("The step is a segment, which is a byte here.");
        renew(lab, &mut o, 1001, 1, 1);
    });
}

#[test]
fn s5_65535_is_the_most() {
    lab(|lab| {
        for capacity in [65535, 200_000, usize::MAX >> 1] {
            lab.scene(format!("room for {capacity} bytes"));
            let mut o = offer(lab, 1, capacity, 1000);
            lab.why("The field has 16 bits and no sign: 65535 is the most. More room than that is offered later.");
            window(lab, &o, 1, 65535);
            renew(lab, &mut o, 1, capacity, 65535);
            lab.why("A segment has come. From there, 65535 may be offered again, if there is so much room.");
            let room = capacity - 1000;
            renew(lab, &mut o, 1001, room, room.min(65535) as u16);
        }
        let mut o = offer(lab, 1, 65536, 1000);
        lab.why("65536 does not fit into 16 bits either: it would be a window of 0.");
        window(lab, &o, 1, 65535);
        renew(lab, &mut o, 1, 65536, 65535);
        let mut o = offer(lab, 1, 200_000, 1000);
        lab.why("The 16 bits let the edge move by only 500, less than a step.");
        renew(lab, &mut o, 501, 199_500, 65035);
        is_due(lab, &o, 501, 199_500, false);

        for (mss, gain) in [(40_000, 39_999), (65_535, 65_534)] {
            lab.scene(format!("room for 200000 bytes, segments of {mss}"));
            let next = 1 + gain;
            let mut o = offer(lab, 1, 200_000, mss);
            lab.why(format!("The step is {mss}: it is less than half of the capacity. The edge can move by {gain}, because 65535 is the maximum: less than a step."));
            is_due(lab, &o, next, 200_000 - gain as usize, false);
            renew(
                lab,
                &mut o,
                next,
                200_000 - gain as usize,
                (65_535 - gain) as u16,
            );
            lab.why("One more is a step. Little is left of the offer, so the peer may be waiting.");
            is_due(lab, &o, next + 1, 199_999 - gain as usize, true);
            renew(lab, &mut o, next + 1, 199_999 - gain as usize, 65_535);
        }
    });
}

#[test]
fn s5_an_update_is_due_when_the_peer_may_be_waiting() {
    lab(|lab| {
        let mut o = offer(lab, 1, 4000, 1000);
        renew(lab, &mut o, 4001, 0, 0);
        lab.why("The window is 0, and there is no room.");
        is_due(lab, &o, 4001, 0, false);
        lab.why("The window is 0, and there is room for 999 bytes: too little to offer.");
        is_due(lab, &o, 4001, 999, false);
        lab.why("The window is 0, and there is room for a segment. The peer waits for it, and no other segment will tell it: without an update both wait for ever.");
        is_due(lab, &o, 4001, 1000, true);
        is_due(lab, &o, 4001, 4000, true);
        renew(lab, &mut o, 4001, 1000, 1000);
        lab.why(
            "It has been told, and may send a segment. The answer to that segment will offer more.",
        );
        is_due(lab, &o, 4001, 1000, false);
        is_due(lab, &o, 4001, 4000, false);
        lab.why("999 bytes are left of the offer: less than a step, so the peer may be waiting.");
        is_due(lab, &o, 4002, 1998, false);
        is_due(lab, &o, 4002, 1999, true);
        lab.why("The peer still has half of its offer, and goes on by itself: an update for each read would be a flood.");
        let o = offer(lab, 1, 4000, 1000);
        is_due(lab, &o, 2001, 4000, false);
        is_due(lab, &o, 3001, 4000, false);
        is_due(lab, &o, 3002, 4000, true);
    });
}

#[test]
fn s5_asking_changes_nothing() {
    lab(|lab| {
        lab.why("Only a segment that leaves tells the peer something. A call of is_update_due does not.");
        let mut o = offer(lab, 1, 4000, 1000);
        renew(lab, &mut o, 4001, 0, 0);
        for _ in 0..2 {
            is_due(lab, &o, 4001, 4000, true);
            window(lab, &o, 4001, 0);
        }
    });
}

#[test]
fn s5_a_fin_can_lead_past_the_edge() {
    lab(|lab| {
        lab.why("The peer has filled the room, and its FIN has taken one number more. Nothing is left of the offer, and a window is never negative.");
        let mut o = offer(lab, 1, 10, 1000);
        window(lab, &o, 12, 0);
        is_due(lab, &o, 12, 0, false);
        renew(lab, &mut o, 12, 0, 0);
        lab.why("10 bytes are read.");
        renew(lab, &mut o, 12, 10, 10);

        lab.scene("the edge is 1001, and 1002 is expected next; the step is 100");
        for gain in [100, 101, 1001] {
            let mut o = offer(lab, 1, 1000, 100);
            lab.why(format!("The edge can move to 1001 + {gain}. The distance from its old place counts: at least a step."));
            is_due(lab, &o, 1002, gain - 1, true);
            renew(lab, &mut o, 1002, gain - 1, (gain - 1) as u16);
        }
        let mut o = offer(lab, 1, 1000, 100);
        lab.why("The edge can move by 99, to 1100: less than a step.");
        is_due(lab, &o, 1002, 98, false);
        renew(lab, &mut o, 1002, 98, 0);
    });
}

#[test]
fn s5_any_reader_at_any_speed() {
    lab(|lab| {
        for seed in lab.seeds(60) {
            let mut dice = Dice::new(seed);
            let capacity = 1 + dice.below(5000);
            let mss = 1 + dice.below(1500) as u16;
            lab.scene(format!("room for {capacity} bytes, segments of {mss}"));
            // Some of them go beyond 32 bits: the numbers are counted, and do not wrap.
            let begin = if dice.one_in(2) {
                1
            } else {
                (1 << 32) - dice.below(3 * capacity)
            };
            let mut o = offer(lab, begin, capacity as usize, mss);
            let step = u64::from(mss).min(capacity / 2).max(1);
            let (mut next, mut read, mut edge) = (begin, begin, begin + capacity);
            for _ in 0..40 {
                next += dice.below(edge - next + 1);
                read += dice.below(next - read + 1);
                let room = read + capacity - next;
                let gain = read + capacity - edge;
                let left = edge - next;
                lab.why(format!(
                    "The step is {step}. The edge is {edge}, so {left} is left of the last offer, and the edge can move by {gain}. It moves if that is a step or more. An update is due if, in addition, less than a step is left."
                ));
                let update = left < step && gain >= step;
                is_due(lab, &o, next, room as usize, update);
                if gain >= step {
                    edge += gain;
                }
                if dice.one_in(2) || update {
                    renew(lab, &mut o, next, room as usize, (edge - next) as u16);
                } else if gain >= step {
                    edge -= gain;
                }
                window(lab, &o, next, (edge - next) as u16);
            }
        }
    });
}
