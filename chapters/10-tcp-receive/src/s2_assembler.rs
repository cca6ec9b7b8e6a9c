//! Step 2: the bytes come together.

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
    // Yours to fill.
}

impl Assembler {
    /// Room for `capacity` bytes, at least 1. No byte has come.
    pub fn new(capacity: usize) -> Assembler {
        Assembler { capacity }
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
        todo!(
            "10.2 push({at}, {} bytes) into room for {}: keep what is new and has room",
            data.len(),
            self.capacity
        )
    }

    /// Reads at most `max` bytes, in their order and without a hole, and frees their room. Fewer if no more can be read.
    pub fn read(&mut self, max: usize) -> Vec<u8> {
        todo!("10.2 read({max}): the next bytes in order, and their room is free")
    }

    /// The position of the first byte that has not come: behind all bytes that were read or can be
    /// read.
    pub fn next(&self) -> u64 {
        todo!("10.2 next(): the position of the first byte that has not come")
    }

    /// How many bytes can be read.
    pub fn readable(&self) -> usize {
        todo!("10.2 readable(): the bytes in order that were not read")
    }

    /// How many bytes wait behind a hole.
    pub fn waiting(&self) -> usize {
        todo!("10.2 waiting(): the bytes behind a hole")
    }

    /// How many bytes behind [`Assembler::next`] there is room for: the capacity less the bytes
    /// that can be read. The waiting bytes lie in this room, so they do not make it smaller.
    pub fn window(&self) -> usize {
        todo!("10.2 window(): the room behind next()")
    }

    /// The position behind the last byte that has come: [`Assembler::next`] if nothing waits.
    pub fn top(&self) -> u64 {
        todo!("10.2 top(): the position behind the last byte that has come")
    }

    /// The missing parts between [`Assembler::next`] and [`Assembler::top`], the lowest position
    /// first. Each hole is as long as possible.
    pub fn holes(&self) -> Vec<Range<u64>> {
        todo!("10.2 holes(): what is missing between next() and top()")
    }
}
