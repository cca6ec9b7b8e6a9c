//! Step 3: the end of the stream.

use std::ops::Range;

use crate::Assembler;

/// The stream that the peer sends: its bytes, and where it ends.
#[derive(Debug)]
pub struct Inbound {
    bytes: Assembler,
    // Yours to fill.
}

impl Inbound {
    /// Room for `capacity` bytes, at least 1. No byte has come.
    pub fn new(capacity: usize) -> Inbound {
        Inbound {
            bytes: Assembler::new(capacity),
        }
    }

    /// Takes a piece of the stream that begins at the position `at`, as [`Assembler::push`] does. With `fin`, the stream
    /// ends right behind the piece, which may be empty.
    ///
    /// - A FIN needs no room: it may stand right behind the last byte that has room. A FIN further
    ///   behind is cut off. So if the last byte of a piece is cut off, its FIN is, too. The bytes
    ///   before that are taken.
    /// - What came first counts. The end is set once: a second FIN is ignored, and so is a FIN
    ///   before a byte that has come. The bytes of its piece are still taken.
    /// - Bytes behind the end are ignored.
    ///
    /// A FIN does not say that the stream is over, but where it ends. Bytes before it may still be
    /// missing.
    pub fn push(&mut self, at: u64, data: &[u8], fin: bool) {
        todo!(
            "10.3 push({at}, {} bytes, {fin}): where does the stream end, and which bytes lie before it?",
            data.len()
        )
    }

    /// Reads at most `max` bytes, as [`Assembler::read`] does.
    pub fn read(&mut self, max: usize) -> Vec<u8> {
        todo!("10.3 read({max}): from the bytes")
    }

    /// Whether the end is known and every byte before it has come. Some may not have been read.
    pub fn is_complete(&self) -> bool {
        todo!("10.3 is_complete(): has every byte before the end come?")
    }

    /// Whether the end is known and every byte before it was read: no more bytes come.
    pub fn is_over(&self) -> bool {
        todo!("10.3 is_over(): has every byte before the end been read?")
    }

    /// The missing parts, as [`Assembler::holes`] says, and the part between the last byte that has
    /// come and the end, if that is known.
    pub fn holes(&self) -> Vec<Range<u64>> {
        todo!("10.3 holes(): those of the bytes, and the one before the end")
    }

    /// The bytes.
    pub fn bytes(&self) -> &Assembler {
        &self.bytes
    }
}
