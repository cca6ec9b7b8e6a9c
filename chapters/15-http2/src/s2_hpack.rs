//! Step 2: HPACK (RFC 7541). Fields as numbers in tables, and strings in a code of Huffman's.

use crate::{Fault, Field};

/// How large a dynamic table is when nobody has said anything else (RFC 9113 §6.5.2).
pub const DEFAULT_TABLE_SIZE: usize = 4096;

/// The largest number that [`read_int`] takes.
pub const MAX_INT: u32 = u32::MAX >> 1;

/// Writes a number behind `out` (RFC 7541 §5.1): in the lowest `prefix` bits of the first byte (1 to 8), or, if it does
/// not fit in there, in bytes of seven bits behind it, the lowest ones first. `first` has the bits of the first byte
/// above the prefix; those in the prefix are 0.
///
/// A number that fills the prefix with ones does not fit: 31 with five bits is `1f 00`.
#[allow(clippy::ptr_arg)] // it will grow
pub fn write_int(value: u32, prefix: u8, first: u8, out: &mut Vec<u8>) {
    todo!(
        "15.2 write_int({value}, {prefix} bits, {first:#04x}) behind {} bytes: one byte, or all ones and then seven bits a byte",
        out.len()
    )
}

/// Reads a number with a prefix of so many bits (1 to 8) at the beginning of `bytes`: the number, and how many bytes
/// it takes. Bits above the prefix are ignored.
///
/// # Errors
///
/// A connection error, `COMPRESSION_ERROR`: the bytes end before the number; the number is above [`MAX_INT`]; it has
/// more than five bytes behind the first (a number may have zeros behind its last bit, but not without end).
pub fn read_int(bytes: &[u8], prefix: u8) -> Result<(u32, usize), Fault> {
    todo!(
        "15.2 read_int({bytes:02x?}, {prefix} bits): the prefix; if it is all ones, seven bits a byte, until a byte has no 0x80"
    )
}

/// The code of `text` in Huffman's code (§5.2, Appendix B, [`HUFFMAN`](crate::HUFFMAN)), filled with ones to a whole
/// byte.
pub fn huffman_encode(text: &[u8]) -> Vec<u8> {
    todo!(
        "15.2 huffman_encode({} bytes): code behind code, the highest bit first, ones at the end",
        text.len()
    )
}

/// The text whose code is `bytes`.
///
/// # Errors
///
/// A connection error, `COMPRESSION_ERROR` (§5.2): the bits behind the last symbol are more than seven or not all
/// ones; [`EOS`](crate::EOS) stands in the text.
pub fn huffman_decode(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    todo!(
        "15.2 huffman_decode({bytes:02x?}): bit by bit, until the bits are a code; at most seven ones remain"
    )
}

/// Writes a string behind `out` (§5.2): the flag H and the length in bytes with a prefix of seven bits, and the bytes.
/// In Huffman's code where that is shorter, else as it is. Where both are equally long, either will do.
#[allow(clippy::ptr_arg)] // it will grow
pub fn write_string(text: &[u8], out: &mut Vec<u8>) {
    todo!(
        "15.2 write_string({} bytes) behind {} bytes: which is shorter?",
        text.len(),
        out.len()
    )
}

/// Reads the string at the beginning of `bytes`: the text, and how many bytes it takes.
///
/// # Errors
///
/// A connection error, `COMPRESSION_ERROR`: the bytes end before the string, or an error of [`read_int`] or
/// [`huffman_decode`].
pub fn read_string(bytes: &[u8]) -> Result<(Vec<u8>, usize), Fault> {
    todo!("15.2 read_string({bytes:02x?}): the flag 0x80, the length, and then so many bytes")
}

/// A dynamic table (§2.3.2, §4). Each connection has two: one for each direction.
#[derive(Debug)]
pub struct Table {
    max: usize,
    // Add what you need to remember.
}

impl Table {
    /// An empty table of at most `max` bytes.
    pub fn new(max: usize) -> Table {
        Table { max }
    }

    /// The size: of each entry the bytes of its name and value and 32 more (§4.1).
    pub fn size(&self) -> usize {
        todo!(
            "15.2 Table::size() of at most {}: name + value + 32 each",
            self.max
        )
    }

    /// Another maximum. The oldest entries go until the size fits (§4.3).
    pub fn resize(&mut self, max: usize) {
        todo!(
            "15.2 Table::resize({max}) from {}: the oldest entries go",
            self.max
        )
    }

    /// A new entry, which is number 1 from now on. The oldest ones go first, until the size fits with it (§4.4). An entry
    /// that is larger than the maximum empties the table and is not kept; that is no error.
    pub fn insert(&mut self, name: &[u8], value: &[u8]) {
        todo!(
            "15.2 Table::insert({:?}, {:?}) into at most {} bytes: make room, then put it first",
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value),
            self.max
        )
    }

    /// An entry, of which 1 is the newest: name and value. Both take a time that does not grow with the table.
    pub fn get(&self, number: usize) -> Option<(&[u8], &[u8])> {
        todo!(
            "15.2 Table::get({number}) of at most {} bytes: 1 is the newest",
            self.max
        )
    }
}

/// Reads blocks of fields. One for each connection, since a block changes the table for those behind it.
#[derive(Debug)]
pub struct HpackDecoder {
    max_table: usize,
    max_list: usize,
    // Add what you need to remember.
}

impl HpackDecoder {
    /// The encoder may use a table of `max_table` bytes, and does so from the beginning. A list of fields may have
    /// `max_list` bytes: of each field the bytes of its name and value and 32 more (RFC 9113 §6.5.2).
    pub fn new(max_table: usize, max_list: usize) -> HpackDecoder {
        HpackDecoder {
            max_table,
            max_list,
        }
    }

    /// From the next block on the encoder may use a table of `max_table` bytes. If that is less than what its table may
    /// have now, the next block must begin with an update that is no larger (RFC 9113 §4.3.1). If it is more, the
    /// table stays as it is until the encoder says so.
    pub fn set_max(&mut self, max_table: usize) {
        todo!(
            "15.2 HpackDecoder::set_max({max_table}), {} up to now: what must the next block begin with?",
            self.max_table
        )
    }

    /// Reads a whole block (RFC 7541 §6), and gives its fields in their order. `None`: the list is longer than
    /// `max_list`; then the block has been read to its end all the same, since the table must follow, but never was
    /// more kept than `max_list` bytes of it.
    ///
    /// An indexed field is not secret, even if it has a name such as `authorization`. Only the literal that is "never
    /// indexed" (§6.2.3) is.
    ///
    /// # Errors
    ///
    /// A connection error, `COMPRESSION_ERROR`: an index 0, or one that no table has (§2.3.3); an update of the table's
    /// size behind a field (§4.2), or above the maximum (§6.3), or missing where it must be; and the errors of [`read_int`]
    /// and [`read_string`].
    pub fn decode(&mut self, block: &[u8]) -> Result<Option<Vec<Field>>, Fault> {
        todo!(
            "15.2 HpackDecoder::decode({block:02x?}), a table of at most {}, a list of at most {}: by the first bits: indexed, literal, or an update?",
            self.max_table,
            self.max_list
        )
    }
}

/// Writes blocks of fields. One for each connection.
#[derive(Debug)]
pub struct HpackEncoder {
    max: usize,
    // Add what you need to remember.
}

impl HpackEncoder {
    /// With a table of [`DEFAULT_TABLE_SIZE`].
    pub fn new() -> HpackEncoder {
        HpackEncoder {
            max: DEFAULT_TABLE_SIZE,
        }
    }

    /// The decoder takes a table of at most `max` bytes from now on. The encoder uses so much of it as it would by
    /// default, and says so at the beginning of the next block, if that changes its table's size (RFC 7541 §4.2): if
    /// there were several changes since the last block, it says the smallest first and then the last, if they differ.
    pub fn set_max(&mut self, max: usize) {
        todo!(
            "15.2 HpackEncoder::set_max({max}), {} up to now: min(max, DEFAULT_TABLE_SIZE), and an update before the next block",
            self.max
        )
    }

    /// The block for these fields, in their order. Of several ways the shortest that helps the next block:
    ///
    /// - A field that is secret is a literal that is never indexed (§6.2.3).
    /// - A field that a table has, name and value, is an index (§6.1).
    /// - Any other is a literal that the decoder puts into its table (§6.2.1), and this one into its own. But one that is
    ///   larger than the whole table is a literal that is not put there (§6.2.2): it would empty the table.
    /// - A literal has an index in place of its name where a table has the name.
    /// - Where several entries have it, the lowest index is taken. Strings are as [`write_string`] writes them.
    ///
    /// So the examples of Appendix C.4 come out byte by byte, and those of C.6, with a table of 256 bytes, in their length.
    pub fn encode(&mut self, fields: &[Field]) -> Vec<u8> {
        todo!(
            "15.2 HpackEncoder::encode({} fields), a table of at most {}: an index, or a literal",
            fields.len(),
            self.max
        )
    }
}

impl Default for HpackEncoder {
    fn default() -> HpackEncoder {
        HpackEncoder::new()
    }
}
