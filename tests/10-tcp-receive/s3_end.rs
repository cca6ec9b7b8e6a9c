//! Step 3: the end of the stream.

use netlab::{Lab, lab};
use tcp_receive::Inbound;

use super::model::Model;
use netlab::Dice;

fn inbound(lab: &Lab, capacity: usize) -> Inbound {
    lab.you(&format!("Inbound::new({capacity})"), || {
        Inbound::new(capacity)
    })
}

/// `fin` is "FIN", or nothing.
fn push(lab: &Lab, i: &mut Inbound, at: u64, data: &str, fin: &str) {
    let is_last = fin == "FIN";
    let shown = match data.len() {
        0..=24 => format!("{data:?}"),
        len => format!("{len} bytes"),
    };
    lab.you(&format!("push({at}, {shown}, {is_last})"), || {
        i.push(at, data.as_bytes(), is_last)
    });
}

fn reads(lab: &Lab, i: &mut Inbound, max: usize, want: &str) {
    let call = format!("read({max})");
    let got = lab.you(&call, || i.read(max));
    lab.same_bytes(&format!("what {call} gives"), &got, want.as_bytes());
}

/// Demands what it says of its end.
fn is(lab: &Lab, i: &Inbound, complete: bool, over: bool) {
    says(lab, i, "is_complete()", |i| i.is_complete(), complete);
    says(lab, i, "is_over()", |i| i.is_over(), over);
}

fn says(lab: &Lab, i: &Inbound, call: &str, ask: impl Fn(&Inbound) -> bool, want: bool) {
    let got = lab.you(call, || ask(i));
    if got != want {
        let (next, readable) = (i.bytes().next(), i.bytes().readable());
        let missing = i.holes();
        lab.fails(
            format!("{call}: {want}"),
            format!("{got}; your bytes say next() {next}, readable() {readable}, and holes() is {missing:?}"),
        );
    }
}

/// Demands what is missing.
fn holes(lab: &Lab, i: &Inbound, want: &str) {
    let got = lab.you("holes()", || format!("{:?}", i.holes()));
    lab.same("holes()", got.as_str(), want);
}

#[test]
fn s3_a_stream_without_fin_has_no_end() {
    lab(|lab| {
        lab.why("No FIN has come. Nothing can be read now, but more may come.");
        let mut i = inbound(lab, 100);
        is(lab, &i, false, false);
        push(lab, &mut i, 0, "hello", "");
        is(lab, &i, false, false);
        reads(lab, &mut i, 100, "hello");
        is(lab, &i, false, false);
    });
}

#[test]
fn s3_fin_ends_the_stream_behind_its_piece() {
    lab(|lab| {
        let mut i = inbound(lab, 100);
        push(lab, &mut i, 0, "hel", "");
        push(lab, &mut i, 3, "lo", "FIN");
        lab.why("All 5 bytes have come, those of the last piece too: the stream is complete. It is not over, because they were not read.");
        is(lab, &i, true, false);
        lab.why("The program gets the bytes before the FIN, whenever it reads.");
        reads(lab, &mut i, 4, "hell");
        lab.why("It is not over: a byte is left.");
        is(lab, &i, true, false);
        lab.why("The last byte is read.");
        reads(lab, &mut i, 4, "o");
        lab.why("Every byte before the end was read: now the program sees the end.");
        is(lab, &i, true, true);
        lab.why("Every read at the end returns nothing.");
        reads(lab, &mut i, 4, "");
        is(lab, &i, true, true);
    });
}

#[test]
fn s3_a_fin_may_come_alone() {
    lab(|lab| {
        for text in ["", "a", "hello"] {
            lab.scene(format!("a stream of {} bytes", text.len()));
            let mut i = inbound(lab, 100);
            push(lab, &mut i, 0, text, "");
            push(lab, &mut i, text.len() as u64, "", "FIN");
            lab.why("A FIN without data ends the stream where it stands.");
            is(lab, &i, true, text.is_empty());
            reads(lab, &mut i, 100, text);
            is(lab, &i, true, true);
        }
    });
}

#[test]
fn s3_fin_waits_for_the_hole() {
    lab(|lab| {
        for (at, data) in [(512, "the end"), (512, ""), (1, "")] {
            lab.scene(format!("{:?} and FIN come first, at {at}", data));
            let mut i = inbound(lab, 1000);
            push(lab, &mut i, at, data, "FIN");
            lab.because(
                "The end is known, but the bytes before it have not come. If the stream ended here, they would be lost: the program would take its part for the whole.",
            )
            .same(
                &format!("is_complete(), is_over() with {at} bytes missing"),
                (i.is_complete(), i.is_over()),
                (false, false),
            );
            let before = "x".repeat(at as usize);
            push(lab, &mut i, 0, &before, "");
            lab.why(
                "Now every byte before the end has come, and is kept. The earlier FIN said where the end is: a receiver that forgets an early FIN, or takes nothing more after it, never sees the end.",
            );
            is(lab, &i, true, false);
            reads(lab, &mut i, 1000, &format!("{before}{data}"));
            lab.why("All is read.");
            is(lab, &i, true, true);
        }
        lab.scene("a hole in the middle");
        let mut i = inbound(lab, 100);
        push(lab, &mut i, 0, "ab", "");
        push(lab, &mut i, 4, "ef", "FIN");
        lab.why("Two bytes before the end are missing.");
        is(lab, &i, false, false);
        reads(lab, &mut i, 100, "ab");
        is(lab, &i, false, false);
        push(lab, &mut i, 2, "c", "");
        is(lab, &i, false, false);
        push(lab, &mut i, 3, "d", "");
        lab.why("Nothing is missing.");
        is(lab, &i, true, false);
        reads(lab, &mut i, 100, "cdef");
    });
}

#[test]
fn s3_bytes_behind_the_end_are_ignored() {
    lab(|lab| {
        let mut i = inbound(lab, 100);
        push(lab, &mut i, 0, "abc", "FIN");
        push(lab, &mut i, 3, "def", "");
        push(lab, &mut i, 2, "cde", "");
        push(lab, &mut i, 10, "xyz", "");
        lab.why("The peer has said that the stream ends at 3. Bytes behind that are ignored (RFC 9293, section 3.10.7.4, seventh check).");
        is(lab, &i, true, false);
        lab.same(
            "next() and top() of the bytes",
            (i.bytes().next(), i.bytes().top()),
            (3, 3),
        );
        reads(lab, &mut i, 100, "abc");
        is(lab, &i, true, true);

        lab.scene("the end is known, a hole is not filled");
        let mut i = inbound(lab, 100);
        push(lab, &mut i, 3, "def", "FIN");
        push(lab, &mut i, 5, "fgh", "");
        push(lab, &mut i, 0, "abcdefgh", "");
        lab.why("A piece that crosses the end is cut there.");
        reads(lab, &mut i, 100, "abcdef");
        is(lab, &i, true, true);
    });
}

#[test]
fn s3_a_fin_that_comes_again_is_harmless() {
    lab(|lab| {
        lab.why("The ACK of a FIN can be lost, and then the peer sends it again.");
        let mut i = inbound(lab, 100);
        push(lab, &mut i, 0, "abc", "FIN");
        push(lab, &mut i, 0, "abc", "FIN");
        push(lab, &mut i, 3, "", "FIN");
        is(lab, &i, true, false);
        reads(lab, &mut i, 100, "abc");
        push(lab, &mut i, 1, "bc", "FIN");
        is(lab, &i, true, true);
        reads(lab, &mut i, 100, "");
    });
}

#[test]
fn s3_the_first_end_counts() {
    lab(|lab| {
        for (at, data) in [(5, ""), (2, ""), (0, ""), (3, "defgh"), (0, "a"), (20, "u")] {
            lab.scene(format!("a FIN at 3, then {data:?} and FIN at {at}"));
            let mut i = inbound(lab, 100);
            push(lab, &mut i, 3, "", "FIN");
            push(lab, &mut i, at, data, "FIN");
            push(lab, &mut i, 0, "abc", "");
            lab.why("The end is set once. If it moved, the program would get a shorter or a longer stream.");
            is(lab, &i, true, false);
            reads(lab, &mut i, 100, "abc");
            is(lab, &i, true, true);
        }
    });
}

#[test]
fn s3_an_end_before_bytes_that_are_here_is_none() {
    lab(|lab| {
        for (what, at, data) in [
            ("before what waits", 2, ""),
            ("inside what waits", 5, ""),
            ("with the first byte that waits", 4, "e"),
        ] {
            lab.scene(format!("bytes 4 to 6 wait; a FIN comes {what}"));
            let mut i = inbound(lab, 100);
            push(lab, &mut i, 4, "efg", "");
            push(lab, &mut i, at, data, "FIN");
            push(lab, &mut i, 0, "abcd", "");
            lab.why("Bytes 4 to 6 came first, so the stream does not end before them.");
            is(lab, &i, false, false);
            reads(lab, &mut i, 100, "abcdefg");
            is(lab, &i, false, false);
            push(lab, &mut i, 7, "", "FIN");
            lab.why("This is the end: it lies behind all bytes that have come.");
            is(lab, &i, true, true);
        }
        lab.scene("a FIN before bytes that were read");
        let mut i = inbound(lab, 100);
        push(lab, &mut i, 0, "abcd", "");
        reads(lab, &mut i, 4, "abcd");
        push(lab, &mut i, 2, "c", "FIN");
        push(lab, &mut i, 3, "", "FIN");
        lab.why("Byte 3 was read. The stream did not end before it.");
        is(lab, &i, false, false);
        push(lab, &mut i, 1, "bcd", "FIN");
        lab.why("Behind byte 3 it may end.");
        is(lab, &i, true, true);
    });
}

#[test]
fn s3_a_fin_needs_no_room() {
    lab(|lab| {
        lab.scene("data that fills the room, with FIN");
        let mut i = inbound(lab, 4);
        push(lab, &mut i, 0, "abcd", "FIN");
        lab.why("Every byte of the piece has room, so its FIN counts.");
        is(lab, &i, true, false);
        lab.scene("the room is full, then a FIN comes");
        let mut i = inbound(lab, 4);
        push(lab, &mut i, 0, "abcd", "");
        push(lab, &mut i, 4, "", "FIN");
        lab.why("A FIN is not a byte, so it needs no room.");
        is(lab, &i, true, false);
        reads(lab, &mut i, 100, "abcd");
        is(lab, &i, true, true);
    });
}

#[test]
fn s3_a_fin_is_cut_off_with_its_bytes() {
    lab(|lab| {
        let mut i = inbound(lab, 4);
        push(lab, &mut i, 0, "abcde", "FIN");
        lab.why("e has no room, and the FIN stands behind e. Both will be sent again.");
        is(lab, &i, false, false);
        holes(
            &lab.because("The FIN was cut off with e, so no end is known."),
            &i,
            "[]",
        );
        reads(lab, &mut i, 100, "abcd");
        lab.because("The stream did not end behind d: e was cut off.")
            .same(
                "is_complete(), is_over()",
                (i.is_complete(), i.is_over()),
                (false, false),
            );
        push(lab, &mut i, 4, "e", "FIN");
        lab.why("Now e has room, and the FIN behind it counts. All bytes before the end are here, though not yet read.");
        is(lab, &i, true, false);
        reads(lab, &mut i, 100, "e");
        is(lab, &i, true, true);

        lab.scene("a piece that fits, and a FIN that does not count");
        let mut i = inbound(lab, 8);
        push(lab, &mut i, 4, "ef", "");
        push(lab, &mut i, 0, "ab", "FIN");
        push(lab, &mut i, 6, "ghi", "FIN");
        lab.why("The first FIN lies before byte 4, the second behind the room. The bytes of their pieces are taken, a to h.");
        is(lab, &i, false, false);
        push(lab, &mut i, 2, "cd", "");
        is(lab, &i, false, false);
        reads(lab, &mut i, 100, "abcdefgh");

        lab.scene("a FIN far behind the room");
        let mut i = inbound(lab, 4);
        push(lab, &mut i, 5, "", "FIN");
        push(lab, &mut i, 1 << 40, "", "FIN");
        push(lab, &mut i, u64::MAX, "xyz", "FIN");
        push(lab, &mut i, 0, "abcd", "");
        lab.why(
            "Position 4, right behind the room, is the last possible place of a FIN: bytes before a later FIN have no room.",
        );
        is(lab, &i, false, false);
        holes(lab, &i, "[]");
    });
}

#[test]
fn s3_the_hole_before_the_end() {
    lab(|lab| {
        let mut i = inbound(lab, 100);
        holes(&lab.because("Nothing is known to be missing."), &i, "[]");
        push(lab, &mut i, 2, "cd", "");
        holes(
            &lab.because("The end is not known. Later bytes are not missing yet."),
            &i,
            "[0..2]",
        );
        push(lab, &mut i, 10, "", "FIN");
        holes(
            &lab.because("The stream ends at 10, and no byte from 4 to 9 has come. The FIN is no byte, so it does not make the hole longer."),
            &i,
            "[0..2, 4..10]",
        );
        push(lab, &mut i, 0, "ab", "");
        holes(&lab.because("Bytes 4 to 9 are missing."), &i, "[4..10]");
        push(lab, &mut i, 8, "ij", "");
        holes(
            &lab.because("Bytes 4 to 7 are missing. The last byte before the end, 9, has come, so there is no hole behind it."),
            &i,
            "[4..8]",
        );
        push(lab, &mut i, 4, "efgh", "");
        holes(&lab.because("Nothing is missing."), &i, "[]");
        lab.because("Nothing is missing, and the end is known.")
            .same("is_complete()", i.is_complete(), true);
    });
}

#[test]
fn s3_storms_of_pieces_end_where_they_should() {
    lab(|lab| {
        for seed in lab.seeds(80) {
            let mut dice = Dice::new(seed);
            let capacity = 1 + dice.below(30) as usize;
            lab.scene(format!("room for {capacity} bytes"));
            let mut i = inbound(lab, capacity);
            let mut model = Model::new(capacity);
            for step in 0..40_u8 {
                let mut about = "Compared with a list that has one place for each byte, and one for the end: what came first \
                                 counts."
                    .to_owned();
                if dice.one_in(4) {
                    let max = dice.below(20) as usize;
                    let want = model.read(max);
                    lab.why("Bytes in order, as many as are asked for and have come.");
                    reads(lab, &mut i, max, &String::from_utf8_lossy(&want));
                } else {
                    let at = (model.next() + dice.below(20)).saturating_sub(7);
                    let letter = char::from(b'A' + step);
                    let data = String::from(letter).repeat(dice.below(12) as usize);
                    let fin = dice.one_in(12);
                    push(lab, &mut i, at, &data, if fin { "FIN" } else { "" });
                    let refused = model.refuses_fin(at + data.len() as u64);
                    model.push(at, data.as_bytes(), fin);
                    if let (true, Some(why)) = (fin, refused) {
                        about = format!(
                            "This FIN does not count: {why}. The bytes of its piece are taken as if it had none."
                        );
                    }
                }
                lab.why(about);
                let complete = model.is_complete();
                let over = complete && model.next() == model.top() && i.bytes().readable() == 0;
                // What differs is asked once more, by name: a call that is told costs time, and there are thousands here.
                let missing = model.holes(true);
                if (i.is_complete(), i.is_over()) != (complete, over) {
                    is(lab, &i, complete, over);
                }
                if i.holes() != missing {
                    holes(lab, &i, &format!("{missing:?}"));
                }
                lab.same("next() of the bytes", i.bytes().next(), model.next());
            }
        }
    });
}
