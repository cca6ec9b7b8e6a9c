//! Step 3: the end of the stream.

use std::ops::Range;

use crate::Assembler;

/// The stream that the peer sends: its bytes, and where it ends.
#[derive(Debug)]
pub struct Inbound {
    bytes: Assembler,
    end: Option<u64>,
}

impl Inbound {
    /// Room for `capacity` bytes, at least 1. No byte has come.
    pub fn new(capacity: usize) -> Inbound {
        Inbound {
            bytes: Assembler::new(capacity),
            end: None,
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
        let end = at.saturating_add(data.len() as u64);
        let edge = self.bytes.next() + self.bytes.window() as u64;
        if fin && self.end.is_none() && (self.bytes.top()..=edge).contains(&end) {
            self.end = Some(end);
        }
        let here = self.end.map_or(u64::MAX, |end| end.saturating_sub(at));
        let here = here.min(data.len() as u64) as usize;
        self.bytes.push(at, &data[..here]);
    }

    /// Reads at most `max` bytes, as [`Assembler::read`] does.
    pub fn read(&mut self, max: usize) -> Vec<u8> {
        self.bytes.read(max)
    }

    /// Whether the end is known and every byte before it has come. Some may not have been read.
    pub fn is_complete(&self) -> bool {
        self.end == Some(self.bytes.next())
    }

    /// Whether the end is known and every byte before it was read: no more bytes come.
    pub fn is_over(&self) -> bool {
        self.is_complete() && self.bytes.readable() == 0
    }

    /// The missing parts, as [`Assembler::holes`] says, and the part between the last byte that has
    /// come and the end, if that is known.
    pub fn holes(&self) -> Vec<Range<u64>> {
        let mut holes = self.bytes.holes();
        let top = self.bytes.top();
        holes.extend(self.end.filter(|end| top < *end).map(|end| top..end));
        holes
    }

    /// The bytes.
    pub fn bytes(&self) -> &Assembler {
        &self.bytes
    }
}
