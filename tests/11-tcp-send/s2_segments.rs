//! Step 2: a stream is cut into segments.

use netlab::{Lab, lab};
use tcp_open::Seq;
use tcp_send::segmentize;

/// Cuts, and gives each piece as its number, its beginning and its end.
fn cut(lab: &Lab, len: usize, from: u32, mss: u16, usable: u32) -> Vec<(u32, usize, usize)> {
    let stream: Vec<u8> = vec![7; len];
    let call = format!("segmentize({len} bytes, {from}, mss {mss}, usable {usable})");
    let pieces = lab.you(&call, || segmentize(&stream, Seq(from), mss, usable));
    let pieces = pieces.into_iter();
    pieces
        .map(|(seq, range)| (seq.0, range.start, range.end))
        .collect()
}

#[test]
fn s2_cut_at_mss() {
    lab(|lab| {
        lab.why(
            "A segment carries at most MSS bytes. Each piece but the last is full, and its number is that of its \
             first byte.",
        );
        for (len, mss, want) in [
            (
                3000,
                1000,
                vec![(101, 0, 1000), (1101, 1000, 2000), (2101, 2000, 3000)],
            ),
            (
                2500,
                1000,
                vec![(101, 0, 1000), (1101, 1000, 2000), (2101, 2000, 2500)],
            ),
            (1461, 1460, vec![(101, 0, 1460), (1561, 1460, 1461)]),
            (1460, 1460, vec![(101, 0, 1460)]),
            (3, 1460, vec![(101, 0, 3)]),
            (3, 1, vec![(101, 0, 1), (102, 1, 2), (103, 2, 3)]),
        ] {
            let got = cut(lab, len, 101, mss, 65_535);
            lab.same("the pieces: number, begin, end", got, want);
        }
    });
}

#[test]
fn s2_window_in_bytes() {
    lab(|lab| {
        lab.why(
            "The window is a number of bytes, not of segments. It may end in the middle of one.",
        );
        for (usable, want) in [
            (
                2500,
                vec![(1, 0, 1000), (1001, 1000, 2000), (2001, 2000, 2500)],
            ),
            (2000, vec![(1, 0, 1000), (1001, 1000, 2000)]),
            (999, vec![(1, 0, 999)]),
            (1, vec![(1, 0, 1)]),
        ] {
            let got = cut(lab, 5000, 1, 1000, usable);
            lab.same("the pieces: number, begin, end", got, want);
        }
    });
}

#[test]
fn s2_no_piece_is_empty() {
    lab(|lab| {
        lab.why("A segment without data has no purpose here.");
        for (len, usable) in [(0, 5000), (5000, 0), (0, 0)] {
            let got = cut(lab, len, 9, 1000, usable);
            lab.same("the pieces", got, vec![]);
        }
        let got = cut(lab, 2000, 9, 1000, 5000);
        lab.same("how many pieces 2000 bytes have", got.len(), 2);
    });
}

#[test]
fn s2_numbers_wrap() {
    lab(|lab| {
        lab.why("After 4294967295 comes 0.");
        let got = cut(lab, 300, 0xffff_ff9c, 100, 300);
        let want = vec![(0xffff_ff9c, 0, 100), (0, 100, 200), (100, 200, 300)];
        lab.same("the pieces: number, begin, end", got, want);
        let got = cut(lab, 20, u32::MAX, 10, 300);
        let want = vec![(u32::MAX, 0, 10), (9, 10, 20)];
        lab.same("the pieces: number, begin, end", got, want);
    });
}

#[test]
fn s2_large_windows_and_streams() {
    lab(|lab| {
        lab.why("A queue may be longer than 65535 bytes, and so may a window. A range is a place in the queue, whatever the number.");
        for (len, mss, usable, want) in [
            (
                200_000,
                65_495,
                70_000,
                vec![(5, 0, 65_495), (65_500, 65_495, 70_000)],
            ),
            (
                66_000,
                65_535,
                u32::MAX,
                vec![(5, 0, 65_535), (65_540, 65_535, 66_000)],
            ),
            (
                150_000,
                40_000,
                140_000,
                vec![
                    (5, 0, 40_000),
                    (40_005, 40_000, 80_000),
                    (80_005, 80_000, 120_000),
                    (120_005, 120_000, 140_000),
                ],
            ),
        ] {
            let got = cut(lab, len, 5, mss, usable);
            lab.same("the pieces: number, begin, end", got, want);
        }
        lab.why("There may be any number of pieces.");
        let got = cut(lab, 66_000, 5, 1, u32::MAX);
        lab.same("how many pieces", got.len(), 66_000);
        let last = (66_004, 65_999, 66_000);
        lab.same("the last piece: number, begin, end", got[65_999], last);
    });
}

#[test]
fn s2_all_small_cases() {
    lab(|lab| {
        for mss in 1..=5_u16 {
            for len in 0..=12 {
                lab.scene(format!("{len} bytes, MSS {mss}"));
                for usable in 0..=14 {
                    let got = cut(lab, len, 1000, mss, usable);
                    let all = len.min(usable as usize);
                    let size = usize::from(mss);
                    lab.because("Together the pieces hold exactly the bytes that may be sent, in as few pieces as possible.")
                        .same("how many pieces", got.len(), all.div_ceil(size));
                    let mut at = 0;
                    for (seq, begin, end) in got {
                        let want = (1000 + at as u32, at, all.min(at + size));
                        lab.because(
                            "Without a gap, without an overlap. Each has as many bytes as MSS and `usable` allow, and no more.",
                        )
                        .same(
                            "number, begin, end",
                            (seq, begin, end),
                            want,
                        );
                        at = end;
                    }
                }
            }
        }
    });
}
