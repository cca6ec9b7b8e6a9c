//! Step 2: a reader that cannot overrun.

use std::fmt;

/// Walks through a buffer that a stranger filled. No call panics, whatever the bytes say.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    buf: &'a [u8],
    pos: usize,
}

/// The buffer ends before the bytes that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncated {
    /// How many bytes were asked for.
    pub wanted: usize,
    /// How many were left.
    pub left: usize,
}

impl fmt::Display for Truncated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes wanted, {} left", self.wanted, self.left)
    }
}

impl std::error::Error for Truncated {}

impl<'a> Reader<'a> {
    /// A reader at the first byte of `buf`.
    pub fn new(buf: &'a [u8]) -> Reader<'a> {
        Reader { buf, pos: 0 }
    }

    /// How many bytes have been taken so far.
    pub fn pos(&self) -> usize {
        self.pos
    }

    /// Takes the next `n` bytes: a piece of the buffer itself, not a copy. On an error nothing is
    /// taken: [`Reader::pos`] stays where it was.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Truncated> {
        let (at, end) = (self.pos, self.buf.len());
        todo!("0.2 take({n}) at byte {at} of {end}: the next n bytes, or Truncated and stay")
    }

    /// Takes one byte.
    pub fn u8(&mut self) -> Result<u8, Truncated> {
        todo!("0.2 u8() at byte {}: one byte, by take", self.pos)
    }

    /// Takes a 16-bit big-endian number: both bytes, or none of them and `wanted` is 2.
    pub fn u16(&mut self) -> Result<u16, Truncated> {
        todo!("0.2 u16() at byte {}: two bytes, high one first", self.pos)
    }

    /// Takes a 32-bit big-endian number: all four bytes, or none of them and `wanted` is 4.
    pub fn u32(&mut self) -> Result<u32, Truncated> {
        todo!("0.2 u32() at byte {}: four bytes, highest first", self.pos)
    }
}

/// Shows bytes in rows of 16, in the layout of `hexdump -C`:
///
/// ```text
/// 00000000  48 65 6c 6c 6f 2c 20 6e  65 74 77 6f 72 6b 0a 00  |Hello, network..|
/// 00000010  ff                                                |.|
/// ```
///
/// A row is the offset as 8 hexadecimal digits; two spaces; the bytes as two digits each, separated by
/// a space, with one more space after the eighth; the gap that missing bytes leave; two spaces; and
/// between bars the bytes from 0x20 to 0x7e as characters and all others as dots. Every row ends
/// with a newline. No bytes, no rows. (`hexdump -C` also folds equal rows into `*` and ends with the
/// length; this function does neither.)
pub fn hexdump(b: &[u8]) -> String {
    todo!(
        "0.2 hexdump({} bytes): rows of 16, as the comment above shows",
        b.len()
    )
}
