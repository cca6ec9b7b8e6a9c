//! Step 2: the bytes come together.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::ops::Range;

/// A stream of bytes that comes in pieces, and the room for it.
///
/// A position is the number of bytes before it in the stream: the first byte is at 0. It has 64
/// bits and does not wrap.
///
/// Bytes that have come and were not read are of two kinds: those that can be read, and those that
/// wait behind a hole.
#[derive(Debug)]
pub struct Assembler {
    capacity: usize,
    /// The position of the first byte in `buffer`: everything before it has been read.
    read: u64,
    /// The bytes from `read` to the last one that is here. What stands in a hole means nothing.
    buffer: VecDeque<u8>,
    next: u64,
    /// What waits behind `next`: from where to where. No two of them touch.
    islands: BTreeMap<u64, u64>,
}

impl Assembler {
    /// Room for `capacity` bytes, at least 1. No byte has come.
    pub fn new(capacity: usize) -> Assembler {
        Assembler {
            capacity,
            read: 0,
            buffer: VecDeque::new(),
            next: 0,
            islands: BTreeMap::new(),
        }
    }

    /// Takes a piece of the stream that begins at the position `at`. It may be any position, and the piece may have any
    /// length, or none.
    ///
    /// - A byte that was read or has already come stays as it was: the first one counts. The other
    ///   bytes of the piece are new.
    /// - There is room for the `capacity` bytes that follow the last byte that was read. Bytes
    ///   behind them are cut off and forgotten.
    /// - Pieces come in any order. Bytes behind a hole are kept, however many holes there are.
    ///
    /// However many pieces come and wherever they lie, the capacity bounds the memory at any
    /// moment: at most some tens of bytes for each byte of room. It does not grow with the number
    /// of pieces.
    pub fn push(&mut self, at: u64, data: &[u8]) {
        let begin = at.max(self.next);
        let end = at
            .saturating_add(data.len() as u64)
            .min(self.next + self.window() as u64);
        if begin >= end {
            return;
        }
        for gap in self.gaps(begin..end) {
            let from = (gap.start - at) as usize..(gap.end - at) as usize;
            self.write(gap.start, &data[from]);
        }
        self.join(begin..end);
        if let Some(end) = self.islands.remove(&self.next) {
            self.next = end;
        }
    }

    /// The parts of a range behind `next` that are not here.
    fn gaps(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut gaps = Vec::new();
        let mut from = range.start;
        let before = self.islands.range(..=from).next_back();
        let inside = self.islands.range(from + 1..range.end);
        for (&begin, &end) in before.into_iter().chain(inside) {
            if from < begin {
                gaps.push(from..begin);
            }
            from = from.max(end);
        }
        if from < range.end {
            gaps.push(from..range.end);
        }
        gaps
    }

    fn write(&mut self, at: u64, data: &[u8]) {
        let begin = (at - self.read) as usize;
        if begin < self.buffer.len() {
            self.buffer.make_contiguous()[begin..begin + data.len()].copy_from_slice(data);
        } else {
            self.buffer.resize(begin, 0);
            self.buffer.extend(data);
        }
    }

    /// Makes one island of a range and of those that it touches.
    fn join(&mut self, mut range: Range<u64>) {
        while let Some((&begin, &end)) = self.islands.range(..=range.end).next_back()
            && end >= range.start
        {
            range = range.start.min(begin)..range.end.max(end);
            self.islands.remove(&begin);
        }
        self.islands.insert(range.start, range.end);
    }

    /// Reads at most `max` bytes, in their order and without a hole, and frees their room. Fewer if no more can be read.
    pub fn read(&mut self, max: usize) -> Vec<u8> {
        let mut data = vec![0; max.min(self.readable())];
        self.buffer
            .read_exact(&mut data)
            .expect("so much can be read");
        self.read += data.len() as u64;
        data
    }

    /// The position of the first byte that has not come: behind all bytes that were read or can be
    /// read.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// How many bytes can be read.
    pub fn readable(&self) -> usize {
        (self.next - self.read) as usize
    }

    /// How many bytes wait behind a hole.
    pub fn waiting(&self) -> usize {
        let lengths = self.islands.iter().map(|(begin, end)| end - begin);
        lengths.sum::<u64>() as usize
    }

    /// How many bytes behind [`Assembler::next`] there is room for: the capacity less the bytes
    /// that can be read. The waiting bytes lie in this room, so they do not make it smaller.
    pub fn window(&self) -> usize {
        self.capacity - self.readable()
    }

    /// The position behind the last byte that has come: [`Assembler::next`] if nothing waits.
    pub fn top(&self) -> u64 {
        let last = self.islands.last_key_value();
        last.map_or(self.next, |(_, end)| *end)
    }

    /// The missing parts between [`Assembler::next`] and [`Assembler::top`], the lowest position
    /// first. Each hole is as long as possible.
    pub fn holes(&self) -> Vec<Range<u64>> {
        let ends = std::iter::once(&self.next).chain(self.islands.values());
        ends.zip(self.islands.keys())
            .map(|(end, begin)| *end..*begin)
            .collect()
    }
}
