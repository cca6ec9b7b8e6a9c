//! Step 9: the blocks that a receiver reports.
#![allow(clippy::single_range_in_vec_init)] // lists of islands, some of one

use std::ops::Range;

use netlab::{Lab, lab};
use tcp_open::Seq;
use tcp_receive::{Assembler, Blocks, islands};

use netlab::Dice;

const IRS: u32 = 1000;

/// The answer under test, and the stream whose islands it reports.
struct Reports<'a> {
    lab: &'a Lab,
    bytes: Assembler,
    it: Blocks,
    irs: u32,
}

impl Reports<'_> {
    fn new(lab: &Lab) -> Reports<'_> {
        Reports::with(lab, true, true)
    }

    fn with(lab: &Lab, ours: bool, theirs: bool) -> Reports<'_> {
        let bytes = lab.you("Assembler::new(60000)", || Assembler::new(60_000));
        let call = format!("Blocks::new({ours}, {theirs})");
        let it = lab.you(&call, || Blocks::new(ours, theirs));
        Reports {
            lab,
            bytes,
            it,
            irs: IRS,
        }
    }

    fn comes(&mut self, piece: Range<u64>) {
        let (at, len) = (piece.start, piece.end - piece.start);
        let call = format!("push({at}, {len} bytes), arrived({at})");
        self.lab.you(&call, || {
            self.bytes.push(at, &vec![7; len as usize]);
            self.it.arrived(at, &self.bytes);
        });
    }

    fn says(&self, timestamps: bool, want: &[Range<u64>]) {
        let irs = self.irs;
        let call = format!("report({irs}, {timestamps})");
        let got = self.lab.you(&call, || self.it.report(Seq(irs), timestamps));
        let got: Vec<_> = got.iter().map(|(left, right)| (left.0, right.0)).collect();
        let number = |position: u64| irs.wrapping_add(1).wrapping_add(position as u32);
        let want = want.iter().map(|w| (number(w.start), number(w.end)));
        let want: Vec<_> = want.collect();
        self.lab.same(&call, got, want);
    }
}

fn has_islands(lab: &Lab, bytes: &Assembler, want: &[Range<u64>]) {
    let got = lab.you("islands()", || islands(bytes));
    lab.same("islands()", got, want.to_vec());
}

#[test]
fn s9_what_lies_between_the_holes() {
    lab(|lab| {
        let mut bytes = lab.you("Assembler::new(60000)", || Assembler::new(60_000));
        let mut comes = |at: u64, want: &[Range<u64>]| {
            lab.you(&format!("push({at}, 1000 bytes)"), || {
                bytes.push(at, &[7; 1000]);
            });
            has_islands(lab, &bytes, want);
        };
        lab.why("What is in order can be read. It is no island.");
        comes(0, &[]);
        lab.why("Bytes behind a hole are an island.");
        comes(3000, &[3000..4000]);
        comes(6000, &[3000..4000, 6000..7000]);
        lab.why("An island is as long as possible.");
        comes(4000, &[3000..5000, 6000..7000]);
        comes(5000, &[3000..7000]);
        lab.why("The lowest position first, in whatever order they came.");
        comes(1500, &[1500..2500, 3000..7000]);
        lab.why("The first hole is filled up to 2500: these bytes are in order now.");
        comes(1000, &[3000..7000]);
        comes(2500, &[]);
    });
}

#[test]
fn s9_a_block_is_the_island_behind_the_hole() {
    lab(|lab| {
        let mut r = Reports::new(lab);
        r.comes(0..1000);
        lab.why("Everything is in order: the acknowledgment says it all, and there is nothing to report.");
        r.says(false, &[]);
        r.comes(2000..3000);
        lab.why("The number of the first byte of the island, and the number behind its last byte.");
        r.says(false, &[2000..3000]);
        lab.why("The block is the whole island, not the segment that came last.");
        r.comes(3000..3500);
        r.says(false, &[2000..3500]);
    });
}

#[test]
fn s9_the_latest_is_the_first() {
    lab(|lab| {
        let mut r = Reports::new(lab);
        lab.why("The first block is the one with the segment that has just come (RFC 2018, section 4). The others follow as they came, the latest first.");
        r.comes(2000..3000);
        r.comes(4000..5000);
        r.says(false, &[4000..5000, 2000..3000]);
        r.comes(8000..9000);
        r.says(false, &[8000..9000, 4000..5000, 2000..3000]);
        r.comes(6000..7000);
        r.says(false, &[6000..7000, 8000..9000, 4000..5000, 2000..3000]);
        lab.why("An island that grows moves to the front.");
        r.comes(3000..3200);
        r.says(false, &[2000..3200, 6000..7000, 8000..9000, 4000..5000]);
        lab.why(
            "So does one of which a segment comes once more: it has caused this acknowledgment.",
        );
        r.comes(8000..9000);
        r.says(false, &[8000..9000, 2000..3200, 6000..7000, 4000..5000]);
        lab.why("Or a part of a segment.");
        r.comes(4500..4600);
        r.says(false, &[4000..5000, 8000..9000, 2000..3200, 6000..7000]);
    });
}

#[test]
fn s9_islands_grow_together() {
    lab(|lab| {
        let mut r = Reports::new(lab);
        for at in [2000, 4000, 6000, 8000] {
            r.comes(at..at + 1000);
        }
        r.says(false, &[8000..9000, 6000..7000, 4000..5000, 2000..3000]);
        lab.why("The hole between two islands is filled: they are one, which has just changed. The others keep their order.");
        r.comes(3000..4000);
        r.says(false, &[2000..5000, 8000..9000, 6000..7000]);
        lab.why("A segment that begins in one island and ends in another joins them, too.");
        r.comes(6500..8200);
        r.says(false, &[6000..9000, 2000..5000]);
        lab.why("The segment begins before the first island: it belongs to it now.");
        r.comes(1500..2500);
        r.says(false, &[1500..5000, 6000..9000]);
    });
}

#[test]
fn s9_never_what_is_acknowledged() {
    lab(|lab| {
        let mut r = Reports::new(lab);
        for at in [2000, 4000, 6000] {
            r.comes(at..at + 1000);
        }
        lab.why("The acknowledgment moves to 3000. Block 2000 to 3000 is in it, so it is no block any more. No other island has just come, and they keep their order.");
        r.comes(0..2000);
        r.says(false, &[6000..7000, 4000..5000]);
        lab.why("A segment that was acknowledged long ago comes again. It belongs to no island.");
        r.comes(500..1500);
        r.says(false, &[6000..7000, 4000..5000]);
        lab.why("The acknowledgment moves past both islands.");
        r.comes(3000..6500);
        r.says(false, &[]);
        lab.why("New islands have nothing to do with the old ones.");
        r.comes(9000..9100);
        r.says(false, &[9000..9100]);
    });
}

#[test]
fn s9_four_blocks_or_three_with_timestamps() {
    lab(|lab| {
        let mut r = Reports::new(lab);
        for n in 1..=6 {
            r.comes(2000 * n..2000 * n + 1000);
        }
        let want = [
            12_000..13_000,
            10_000..11_000,
            8000..9000,
            6000..7000,
            4000..5000,
            2000..3000,
        ];
        lab.why("There are six islands. TCP's header has 40 bytes of options: four blocks take 34 (RFC 2018, section 3).");
        r.says(false, &want[..4]);
        lab.why("Timestamps take 10 of them, and two of filling. Three blocks are left.");
        r.says(true, &want[..3]);
        lab.why("What did not fit is not forgotten. When the latest two are one, there is room for another.");
        r.comes(11_000..12_000);
        r.says(false, &[10_000..13_000, 8000..9000, 6000..7000, 4000..5000]);
        r.says(true, &[10_000..13_000, 8000..9000, 6000..7000]);

        lab.scene("two islands");
        let mut r = Reports::new(lab);
        r.comes(2000..3000);
        r.comes(4000..5000);
        lab.why("Two islands fit in any case.");
        r.says(true, &[4000..5000, 2000..3000]);
        r.says(false, &[4000..5000, 2000..3000]);
    });
}

#[test]
fn s9_the_same_is_reported_again() {
    lab(|lab| {
        let mut r = Reports::new(lab);
        r.comes(2000..3000);
        r.comes(4000..5000);
        lab.why("Each acknowledgment says it again, because the one before may be lost. Asking changes nothing.");
        for _ in 0..3 {
            r.says(false, &[4000..5000, 2000..3000]);
        }
    });
}

#[test]
fn s9_both_must_permit_it() {
    lab(|lab| {
        for (ours, theirs) in [(true, false), (false, true), (false, false)] {
            let mut r = Reports::with(lab, ours, theirs);
            r.comes(2000..3000);
            lab.why("The option SACK-permitted must be in both SYNs. A peer that has not sent it does not expect blocks (RFC 2018, section 2).");
            r.says(false, &[]);
            r.says(true, &[]);
        }
        let mut r = Reports::with(lab, true, true);
        r.comes(2000..3000);
        lab.why("Both have it.");
        r.says(false, &[2000..3000]);
    });
}

#[test]
fn s9_numbers_wrap() {
    lab(|lab| {
        for irs in [0, u32::MAX, u32::MAX - 2500, 0x7fff_f000] {
            let mut r = Reports::new(lab);
            r.irs = irs;
            r.comes(2000..3000);
            r.comes(4000..5000);
            lab.why("The byte at position 0 has the number after the peer's SYN. After 4294967295 comes 0.");
            r.says(false, &[4000..5000, 2000..3000]);
        }
    });
}

#[test]
fn s9_what_is_cut_off_is_not_reported() {
    lab(|lab| {
        let mut r = Reports::new(lab);
        r.comes(2000..3000);
        lab.why(
            "There is room up to 60000. What lies behind it is not kept, and must not be reported.",
        );
        r.comes(59_000..61_000);
        r.says(false, &[59_000..60_000, 2000..3000]);
        r.comes(2500..2600);
        r.comes(70_000..71_000);
        r.says(false, &[2000..3000, 59_000..60_000]);
    });
}

#[test]
fn s9_storms() {
    lab(|lab| {
        for seed in 1..=30 {
            lab.scene(format!("seed {seed}"));
            let mut dice = Dice::new(seed);
            let mut r = Reports::new(lab);
            let mut there = [false; 12_000];
            let mut latest: Vec<Range<u64>> = Vec::new();
            for _ in 0..40 {
                let at = dice.below(11_000);
                let end = at + 1 + dice.below(700);
                r.comes(at..end);
                there[at as usize..end as usize].fill(true);
                let now = ranges(&there);
                lab.why("The islands are the ranges behind the first hole.");
                has_islands(lab, &r.bytes, &now);
                let first = now.iter().filter(|island| island.contains(&at));
                let mut order: Vec<Range<u64>> = first.cloned().collect();
                for old in &latest {
                    let its = now.iter().find(|island| island.contains(&old.start));
                    order.extend(its.filter(|it| !order.contains(it)).cloned());
                }
                latest = order;
                lab.why("The latest first, and at most four.");
                r.says(false, &latest[..latest.len().min(4)]);
                r.says(true, &latest[..latest.len().min(3)]);
            }
        }
    });
}

/// The ranges of bytes that are there, behind the first byte that is not.
fn ranges(there: &[bool]) -> Vec<Range<u64>> {
    let next = there.iter().position(|is| !is).unwrap_or(there.len());
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for at in (next..there.len()).filter(|at| there[*at]) {
        let at = at as u64;
        match ranges.last_mut() {
            Some(range) if range.end == at => range.end += 1,
            _ => ranges.push(at..at + 1),
        }
    }
    ranges
}
