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
        let rest = &self.buf[self.pos..];
        let piece = rest.get(..n).ok_or(Truncated {
            wanted: n,
            left: rest.len(),
        })?;
        self.pos += n;
        Ok(piece)
    }

    /// Takes one byte.
    pub fn u8(&mut self) -> Result<u8, Truncated> {
        Ok(self.array::<1>()?[0])
    }

    /// Takes a 16-bit big-endian number: both bytes, or none of them and `wanted` is 2.
    pub fn u16(&mut self) -> Result<u16, Truncated> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    /// Takes a 32-bit big-endian number: all four bytes, or none of them and `wanted` is 4.
    pub fn u32(&mut self) -> Result<u32, Truncated> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let piece = self.take(N)?;
        Ok(piece.try_into().expect("take(N) gives N bytes"))
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
    let mut out = String::new();
    for (row, bytes) in b.chunks(16).enumerate() {
        let mut hex = String::new();
        for (i, byte) in bytes.iter().enumerate() {
            if i == 8 {
                hex.push(' ');
            }
            hex.push_str(&format!("{byte:02x} "));
        }
        let text: String = bytes
            .iter()
            .map(|&b| {
                if (0x20..0x7f).contains(&b) {
                    b as char
                } else {
                    '.'
                }
            })
            .collect();
        // 16 bytes of three columns and the gap in the middle make 49.
        out.push_str(&format!("{:08x}  {hex:<49} |{text}|\n", row * 16));
    }
    out
}
