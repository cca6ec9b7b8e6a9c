//! Step 9, a stretch goal: selective acknowledgment, the receiver's half (RFC 2018).
//!
//! An *island* is a range of bytes that wait behind a hole, as long as possible. A SACK option reports some of them as
//! *blocks*.

use std::ops::Range;

use tcp_open::Seq;

use crate::Assembler;

/// The islands, the lowest position first. None if no byte waits.
pub fn islands(bytes: &Assembler) -> Vec<Range<u64>> {
    todo!(
        "10.9 islands(), up to {}: what lies between the holes, and behind the last",
        bytes.top()
    )
}

/// Which islands the next acknowledgments report.
#[derive(Debug)]
pub struct Blocks {
    // Yours to fill.
}

impl Blocks {
    /// Nothing has come. `ours` and `theirs` say whether our SYN and the peer's had the option SACK-permitted. If one of them
    /// had none, no block is ever reported.
    pub fn new(ours: bool, theirs: bool) -> Blocks {
        todo!("10.9 Blocks::new({ours}, {theirs}): nothing has come; is it agreed?")
    }

    /// A segment has come, whose data began at the position `at`. `bytes` is the assembler after it has taken the data. It is
    /// called after each [`Assembler::push`].
    ///
    /// The islands are ordered by the segments that came last: the island in which `at` lies is the first from now on, even if
    /// none of its bytes were new. The others keep their order. When islands have grown together, the new one has the place of
    /// the first of them. `at` need not lie in any island: then no island moves to the front.
    pub fn arrived(&mut self, at: u64, bytes: &Assembler) {
        todo!(
            "10.9 arrived({at}), of {}: that island first, then the others as they were",
            bytes.top()
        )
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
        todo!("10.9 report({irs}, {timestamps}): the latest blocks, as numbers")
    }
}
