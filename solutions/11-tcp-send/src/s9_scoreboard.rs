//! Step 9, a stretch goal: selective acknowledgment, the sender's half (RFC 6675, sections 2 to 4).

use std::ops::Range;

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
    mss: u32,
    una: Seq,
    /// What was reported, as distances from `una`: in order, and no two touch.
    reported: Vec<Range<u32>>,
    /// Up to which number this recovery has repeated: one more than RFC 6675's HighRxt.
    again: Seq,
    /// Everything before it was in flight when the timer rang.
    timed_out: Seq,
}

impl Scoreboard {
    /// Nothing is in flight and nothing was reported. `una` is SND.UNA, and `mss` is at least 1.
    pub fn new(una: Seq, mss: u16) -> Scoreboard {
        Scoreboard {
            mss: mss.into(),
            una,
            reported: Vec::new(),
            again: una,
            timed_out: una,
        }
    }

    /// A segment has come: SND.UNA is `una` now, and its SACK option has these blocks, each the number of its first byte and
    /// the one behind its last. `una` is not before the last SND.UNA, and not after `nxt`.
    ///
    /// - What lies before `una` no longer matters. If `una` lies in a range that was reported, or where one begins, that range
    ///   is forgotten: the peer has dropped it, or it would acknowledge it.
    /// - A block counts only if it begins after `una`, ends after it begins, and ends at `nxt` or before. Any other block is
    ///   ignored as a whole. The others are reported from now on. They may overlap, touch and repeat what was reported.
    pub fn on_segment(&mut self, una: Seq, nxt: Seq, blocks: &[(Seq, Seq)]) {
        let moved = una - self.una;
        self.again = self.later(self.again, una);
        self.timed_out = self.later(self.timed_out, una);
        self.una = una;
        self.reported.retain(|range| range.start > moved);
        for range in &mut self.reported {
            *range = range.start - moved..range.end - moved;
        }
        for (left, right) in blocks {
            let (begin, end) = (*left - una, *right - una);
            if 0 < begin && begin < end && end <= nxt - una {
                self.report(begin..end);
            }
        }
    }

    fn report(&mut self, mut new: Range<u32>) {
        self.reported.retain(|range| {
            let touches = range.start <= new.end && new.start <= range.end;
            if touches {
                new = new.start.min(range.start)..new.end.max(range.end);
            }
            !touches
        });
        self.reported.push(new);
        self.reported.sort_by_key(|range| range.start);
    }

    /// What is reported, the first range first: each the number of its first byte, and the one behind its last. Each range is
    /// as long as possible.
    pub fn reported(&self) -> Vec<(Seq, Seq)> {
        let ranges = self.reported.iter();
        let ranges = ranges.map(|range| (self.una + range.start, self.una + range.end));
        ranges.collect()
    }

    /// Whether the byte with this number counts as lost: RFC 6675's IsLost. It is in flight, and not reported.
    ///
    /// It does if at least [`DUP_THRESH`] ranges behind it are reported, or more than `DUP_THRESH - 1` MSS of bytes behind it,
    /// or if it was in flight when the timer last rang ([`Scoreboard::timed_out`]).
    pub fn is_lost(&self, seq: Seq) -> bool {
        let at = seq - self.una;
        let behind = self.reported.iter().filter(|range| range.start > at);
        let bytes: u32 = behind.clone().map(|range| range.end - range.start).sum();
        let few = DUP_THRESH - 1;
        at < self.timed_out - self.una || behind.count() as u32 > few || bytes > few * self.mss
    }

    /// How many bytes are probably on their way: RFC 6675's pipe. Each byte in flight that is not reported counts once if it
    /// does not count as lost, and once if this recovery has repeated it: so it counts 0, 1 or 2 times.
    pub fn pipe(&self, nxt: Seq) -> u32 {
        let (again, timed_out) = (self.again - self.una, self.timed_out - self.una);
        let gaps = self.gaps(nxt).into_iter();
        let counts = gaps.map(|gap| {
            let repeated = again.clamp(gap.start, gap.end) - gap.start;
            // What the reports say is the same for all bytes of a gap: they lie before the same ranges.
            let here = gap.end - timed_out.clamp(gap.start, gap.end);
            match here > 0 && self.is_lost(self.una + (gap.end - 1)) {
                true => repeated,
                false => repeated + here,
            }
        });
        counts.sum()
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
        let again = self.again - self.una;
        let open = |gap: &Range<u32>| again.max(gap.start)..gap.end;
        let gaps = self.gaps(nxt);
        let mut gaps = gaps.iter().map(open).filter(|gap| !gap.is_empty());
        let Some(first) = gaps.next() else {
            return if has_new { Next::New } else { Next::Nothing };
        };
        let is_before_a_report = self.reported.iter().any(|range| range.start >= first.end);
        if self.is_lost(self.una + first.start) || !has_new && is_before_a_report {
            let len = (first.end - first.start).min(self.mss);
            return Next::Again(self.una + first.start, len);
        }
        if has_new { Next::New } else { Next::Nothing }
    }

    /// A recovery begins: nothing was repeated in it yet.
    pub fn begins(&mut self) {
        self.again = self.una;
    }

    /// So many bytes from `seq` on were sent again, as [`Scoreboard::next`] has said.
    pub fn repeated(&mut self, seq: Seq, len: u32) {
        self.again = seq + len;
    }

    /// The retransmission timer has rung: the peer may have dropped what it has reported. All reports are forgotten (RFC 2018,
    /// section 8), all bytes in flight count as lost, and none was repeated. Later reports count as ever.
    pub fn timed_out(&mut self, nxt: Seq) {
        self.reported.clear();
        self.again = self.una;
        self.timed_out = nxt;
    }

    /// The bytes in flight that are not reported, as distances.
    fn gaps(&self, nxt: Seq) -> Vec<Range<u32>> {
        let begins = [0].into_iter().chain(self.reported.iter().map(|r| r.end));
        let ends = self
            .reported
            .iter()
            .map(|r| r.start)
            .chain([nxt - self.una]);
        begins.zip(ends).map(|(begin, end)| begin..end).collect()
    }

    /// The later one of two numbers that lie not far before `una`, or behind it.
    fn later(&self, one: Seq, una: Seq) -> Seq {
        if one - self.una > una - self.una {
            one
        } else {
            una
        }
    }
}
