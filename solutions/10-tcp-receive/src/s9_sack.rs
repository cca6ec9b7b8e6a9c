//! Step 9, a stretch goal: selective acknowledgment, the receiver's half (RFC 2018).
//!
//! An *island* is a range of bytes that wait behind a hole, as long as possible. A SACK option reports some of them as
//! *blocks*.

use std::ops::Range;

use tcp_open::Seq;

use crate::Assembler;

/// The islands, the lowest position first. None if no byte waits.
pub fn islands(bytes: &Assembler) -> Vec<Range<u64>> {
    let holes = bytes.holes();
    let ends = holes.iter().skip(1).map(|hole| hole.start);
    let ends = ends.chain([bytes.top()]);
    let begins = holes.iter().map(|hole| hole.end);
    begins.zip(ends).map(|(begin, end)| begin..end).collect()
}

/// Which islands the next acknowledgments report.
#[derive(Debug)]
pub struct Blocks {
    is_agreed: bool,
    /// The islands as they were after the last segment, the latest first.
    islands: Vec<Range<u64>>,
}

impl Blocks {
    /// Nothing has come. `ours` and `theirs` say whether our SYN and the peer's had the option SACK-permitted. If one of them
    /// had none, no block is ever reported.
    pub fn new(ours: bool, theirs: bool) -> Blocks {
        Blocks {
            is_agreed: ours && theirs,
            islands: Vec::new(),
        }
    }

    /// A segment has come, whose data began at the position `at`. `bytes` is the assembler after it has taken the data. It is
    /// called after each [`Assembler::push`].
    ///
    /// The islands are ordered by the segments that came last: the island in which `at` lies is the first from now on, even if
    /// none of its bytes were new. The others keep their order. When islands have grown together, the new one has the place of
    /// the first of them. `at` need not lie in any island: then no island moves to the front.
    pub fn arrived(&mut self, at: u64, bytes: &Assembler) {
        let mut now = islands(bytes);
        let mut ordered = Vec::new();
        let places = self.islands.iter().map(|island| island.start);
        for place in [at].into_iter().chain(places) {
            if let Some(n) = now.iter().position(|island| island.contains(&place)) {
                ordered.push(now.remove(n));
            }
        }
        self.islands = ordered;
    }

    /// The blocks for an acknowledgment that leaves now, the latest island first: each the number of its first byte, and the
    /// number behind its last. At most 4, or 3 if the segment also has timestamps (`timestamps`), because the options have 40
    /// bytes (RFC 2018, section 3).
    ///
    /// `irs` is the number of the peer's SYN. The first byte, at the position 0, comes right after it. Numbers wrap.
    ///
    /// Each block is a whole island. So nothing that is acknowledged is in a block: that lies before all holes. The same blocks
    /// are reported until another segment comes: an acknowledgment may be lost.
    pub fn report(&self, irs: Seq, timestamps: bool) -> Vec<(Seq, Seq)> {
        let most = match (self.is_agreed, timestamps) {
            (false, _) => 0,
            (true, false) => 4,
            (true, true) => 3,
        };
        let number = |position: u64| irs + 1 + position as u32;
        let latest = self.islands.iter().take(most);
        let blocks = latest.map(|island| (number(island.start), number(island.end)));
        blocks.collect()
    }
}
