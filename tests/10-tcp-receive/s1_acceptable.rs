//! Step 1: is a segment acceptable?

use netlab::{Lab, lab};
use tcp_open::Seq;
use tcp_receive::acceptable;

/// Demands what `acceptable` says.
fn says(lab: &Lab, nxt: u32, wnd: u32, seq: u32, len: u32, want: bool) {
    let call = format!("acceptable({nxt}, {wnd}, {seq}, {len})");
    let got = lab.you(&call, || acceptable(Seq(nxt), wnd, Seq(seq), len));
    let (window, segment) = (numbers(nxt, wnd), numbers(seq, len));
    lab.holds(
        got == want,
        format!("{call}: {want}"),
        format!("{got}\nThe window: {window}. The segment stands at {seq} and uses {segment}."),
    );
}

#[test]
fn s1_four_rows_of_table_6() {
    lab(|lab| {
        lab.why("An empty segment at the expected number: an ordinary ACK.");
        says(lab, 2001, 1000, 2001, 0, true);
        says(lab, 7, 20, 7, 0, true);
        lab.why(
            "An empty segment anywhere in the window is acceptable. The window is 2001 to 3000.",
        );
        says(lab, 2001, 1000, 2500, 0, true);
        says(lab, 2001, 1000, 3000, 0, true);
        lab.why("2000 has come already: it is not in the window, which begins with RCV.NXT.");
        says(lab, 2001, 1000, 2000, 0, false);
        lab.why("The window has 1000 numbers. The last is 3000; 3001 is outside.");
        says(lab, 2001, 1000, 3001, 0, false);
        lab.why("A segment whose first number is in the window brings something.");
        says(lab, 2001, 1000, 2001, 1, true);
        says(lab, 2001, 1000, 3000, 1, true);
        says(lab, 2001, 1000, 3000, 500, true);
        lab.why("Its first number comes after the window, and so do all others.");
        says(lab, 2001, 1000, 3001, 1, false);
        says(lab, 2001, 1000, 3001, 1000, false);
        lab.why("A segment that begins too early can end in the window: 2001, the last of the numbers 1500 to 2001, is expected.");
        says(lab, 2001, 1000, 1500, 502, true);
        lab.why("A segment that begins too early can end in the window. The last number of 1500 to 3000 is the last one of the window. The number behind the segment, 3001, is none of its numbers.");
        says(lab, 2001, 1000, 1500, 1501, true);
        lab.why("Numbers 1500 to 2000: the last number is the first plus the length less 1, and all of them have come already.");
        says(lab, 2001, 1000, 1500, 501, false);
        says(lab, 2001, 1000, 2000, 1, false);
    });
}

#[test]
fn s1_a_window_of_0_takes_an_empty_segment_at_rcv_nxt_only() {
    lab(|lab| {
        lab.why("With a window of 0, a segment without data at RCV.NXT is acceptable: ACKs must still come in.");
        says(lab, 2001, 0, 2001, 0, true);
        says(lab, 0, 0, 0, 0, true);
        lab.why("With a window of 0, an empty segment must be exactly at RCV.NXT.");
        says(lab, 2001, 0, 2000, 0, false);
        says(lab, 2001, 0, 2002, 0, false);
        lab.why("With a window of 0 there is no room. A probe of the window looks like this: it is answered, and its byte is not taken.");
        says(lab, 2001, 0, 2001, 1, false);
        says(lab, 2001, 0, 2000, 1, false);
        says(lab, 2001, 0, 2000, 2, false);
        says(lab, 2001, 0, 1500, 502, false);
    });
}

#[test]
fn s1_only_the_first_and_the_last_number_are_asked() {
    lab(|lab| {
        lab.why(
            "Numbers 2000 to 2019 around a window of 2001 to 2010: neither the first nor the last is in it, and table 6 checks no other. (A sender that respects the window never sends this.)",
        );
        says(lab, 2001, 10, 2000, 20, false);
        lab.why("Numbers 2000 to 2010: the last one is in the window.");
        says(lab, 2001, 10, 2000, 11, true);
        lab.why("Numbers 2000 to 2011: the last one comes just after the window.");
        says(lab, 2001, 10, 2000, 12, false);
    });
}

#[test]
fn s1_numbers_wrap() {
    lab(|lab| {
        const TOP: u32 = u32::MAX;
        lab.why("After 4294967295 comes 0. The window is 4294967294, 4294967295, 0, 1.");
        says(lab, TOP - 1, 4, TOP, 1, true);
        says(lab, TOP - 1, 4, 0, 0, true);
        says(lab, TOP - 1, 4, 1, 1, true);
        says(lab, TOP - 1, 4, 2, 1, false);
        says(lab, TOP - 1, 4, TOP - 2, 0, false);
        lab.why("The segment's own numbers wrap, too: 4294967290 to 1.");
        says(lab, TOP - 1, 4, TOP - 5, 8, true);
        says(lab, 0, 4, TOP - 5, 7, true);
        lab.why("The window begins with 0. 4294967295 comes before it.");
        says(lab, 0, 4, TOP, 1, false);
        says(lab, 0, 4, TOP, 2, true);
        lab.why("The window ends with 4294967295. 0 comes after it.");
        says(lab, TOP - 3, 4, 0, 1, false);
        says(lab, TOP - 3, 4, TOP, 3, true);
    });
}

#[test]
fn s1_wide_windows_and_numbers_far_away() {
    lab(|lab| {
        const HALF: u32 = 1 << 31;
        for wnd in [65535, 1 << 30, HALF - 1] {
            lab.why(
                "A window is less than 2³¹, and may need more than 16 bits (RFC 7323 scales it). The edges of the widest windows are as exact as those of small ones.",
            );
            says(lab, 5, wnd, 5 + wnd - 1, 1, true);
            says(lab, 5, wnd, 5 + wnd, 1, false);
            says(lab, 5, wnd, 4, 1, false);
            lab.why("A number half of all numbers away is not in the window, in either direction.");
            says(lab, 5, wnd, 5 + HALF, 0, false);
            says(lab, 5, wnd, 5 + HALF, 1, false);
            says(lab, 5, wnd, 4 + HALF, 1, false);
        }
        lab.why("The last number of a long segment is in the window.");
        says(lab, 5, 10, 5_u32.wrapping_sub(HALF - 2), HALF - 1, true);
        lab.why("The last number of a long segment has come already.");
        says(lab, 5, 10, 5_u32.wrapping_sub(HALF - 1), HALF - 1, false);
    });
}

/// The table as it stands in the RFC, for numbers that do not wrap.
fn table_6(nxt: i64, wnd: i64, seq: i64, len: i64) -> bool {
    match (len, wnd) {
        (0, 0) => seq == nxt,
        (0, _) => nxt <= seq && seq < nxt + wnd,
        (_, 0) => false,
        _ => nxt <= seq && seq < nxt + wnd || nxt < seq + len && seq + len - 1 < nxt + wnd,
    }
}

fn row_of_table_6(wnd: u32, len: u32) -> &'static str {
    match (len, wnd) {
        (0, 0) => "only at RCV.NXT",
        (0, _) => "if it stands in the window",
        (_, 0) => "never",
        _ => "if its first number or its last one is in the window",
    }
}

/// `4294967294 to 1`.
fn numbers(first: u32, count: u32) -> String {
    match count {
        0 => "no number".into(),
        1 => format!("{first} alone"),
        _ => format!("{first} to {}", first.wrapping_add(count - 1)),
    }
}

#[test]
fn s1_every_small_case_is_as_in_the_table() {
    lab(|lab| {
        for nxt in [1000, 0, u32::MAX - 2] {
            for (wnd, len) in (0..=5).flat_map(|wnd| (0..=8).map(move |len| (wnd, len))) {
                for ahead in -10..=8_i32 {
                    let seq = nxt.wrapping_add_signed(ahead);
                    let want = table_6(0, i64::from(wnd), i64::from(ahead), i64::from(len));
                    let got = acceptable(Seq(nxt), wnd, Seq(seq), len);
                    let (window, segment) = (numbers(nxt, wnd), numbers(seq, len));
                    let row = row_of_table_6(wnd, len);
                    lab.because(format!(
                        "The window is {window}. The segment stands at {seq} and uses {segment}. Table 6 of RFC 9293 for such \
                         a case: {row}."
                    ))
                    .same(
                        &format!("acceptable({nxt}, {wnd}, {seq}, {len})"),
                        got,
                        want,
                    );
                }
            }
        }
    });
}
