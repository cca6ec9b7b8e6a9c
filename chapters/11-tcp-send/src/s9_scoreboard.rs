//! Step 9, a stretch goal: selective acknowledgment, the sender's half (RFC 6675, sections 2 to 4).

use tcp_open::Seq;

/// So many segments that have arrived behind a byte show that it is lost: RFC 6675's DupThresh.
pub const DUP_THRESH: u32 = 3;

/// What to send next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Again: from this number on, so many bytes.
    Again(Seq, u32),
    /// New bytes, from SND.NXT on.
    New,
    Nothing,
}

/// What the peer has reported with SACK options about the bytes in flight: from SND.UNA up to SND.NXT.
///
/// `nxt` is always SND.NXT. The distance from SND.UNA to it is less than 2³¹.
///
/// A report is only advice: the peer may still drop what it has reported. So the sender keeps all bytes until they are
/// acknowledged, and this type has no say in that.
#[derive(Debug)]
pub struct Scoreboard {
    // Yours to fill.
}

impl Scoreboard {
    /// Nothing is in flight and nothing was reported. `una` is SND.UNA, and `mss` is at least 1.
    pub fn new(una: Seq, mss: u16) -> Scoreboard {
        todo!("11.9 Scoreboard::new({una}, {mss}): nothing is in flight")
    }

    /// A segment has come: SND.UNA is `una` now, and its SACK option has these blocks, each the number of its first byte and
    /// the one behind its last. `una` is not before the last SND.UNA, and not after `nxt`.
    ///
    /// - What lies before `una` no longer matters. If `una` lies in a range that was reported, or where one begins, that range
    ///   is forgotten: the peer has dropped it, or it would acknowledge it.
    /// - A block counts only if it begins after `una`, ends after it begins, and ends at `nxt` or before. Any other block is
    ///   ignored as a whole. The others are reported from now on. They may overlap, touch and repeat what was reported.
    pub fn on_segment(&mut self, una: Seq, nxt: Seq, blocks: &[(Seq, Seq)]) {
        todo!(
            "11.9 on_segment({una}, {nxt}, {blocks:?}): forget what is acknowledged, then take the blocks that can be true"
        )
    }

    /// What is reported, the first range first: each the number of its first byte, and the one behind its last. Each range is
    /// as long as possible.
    pub fn reported(&self) -> Vec<(Seq, Seq)> {
        todo!("11.9 reported(): the ranges, the first one first")
    }

    /// Whether the byte with this number counts as lost: RFC 6675's IsLost. It is in flight, and not reported.
    ///
    /// It does if at least [`DUP_THRESH`] ranges behind it are reported, or more than `DUP_THRESH - 1` MSS of bytes behind it,
    /// or if it was in flight when the timer last rang ([`Scoreboard::timed_out`]).
    pub fn is_lost(&self, seq: Seq) -> bool {
        todo!(
            "11.9 is_lost({seq}): three ranges behind it, or more than two MSS, or it was in flight when the timer rang"
        )
    }

    /// How many bytes are probably on their way: RFC 6675's pipe. Each byte in flight that is not reported counts once if it
    /// does not count as lost, and once if this recovery has repeated it: so it counts 0, 1 or 2 times.
    pub fn pipe(&self, nxt: Seq) -> u32 {
        todo!("11.9 pipe({nxt}): once if not lost, once if repeated")
    }

    /// What to send next in a recovery, if there is room for a segment: RFC 6675's NextSeg, without its rule 4. `has_new` says
    /// whether unsent bytes may leave. The first that applies:
    ///
    /// 1. The first byte in flight that counts as lost, is not reported, and was not repeated in this recovery: again.
    /// 2. `has_new`: new bytes.
    /// 3. The first byte that is not reported, was not repeated, and lies before a reported one: again.
    /// 4. Nothing.
    ///
    /// What is sent again ends before the next reported byte, at `nxt`, or after one MSS, whichever comes first. "Not repeated"
    /// means: at the end of what [`Scoreboard::repeated`] has said or behind it.
    pub fn next(&self, nxt: Seq, has_new: bool) -> Next {
        todo!(
            "11.9 next({nxt}, {has_new}): what is lost, then what is new, then what lies before a report"
        )
    }

    /// A recovery begins: nothing was repeated in it yet.
    pub fn begins(&mut self) {
        todo!("11.9 begins(): nothing was repeated yet")
    }

    /// So many bytes from `seq` on were sent again, as [`Scoreboard::next`] has said.
    pub fn repeated(&mut self, seq: Seq, len: u32) {
        todo!("11.9 repeated({seq}, {len}): it is on its way again")
    }

    /// The retransmission timer has rung: the peer may have dropped what it has reported. All reports are forgotten (RFC 2018,
    /// section 8), all bytes in flight count as lost, and none was repeated. Later reports count as ever.
    pub fn timed_out(&mut self, nxt: Seq) {
        todo!("11.9 timed_out({nxt}): forget the reports; everything is lost")
    }
}
