//! Step 2: HPACK (RFC 7541). Fields as numbers in tables, and strings in a code of Huffman's.

use std::collections::VecDeque;
use std::sync::OnceLock;

use crate::{EOS, Fault, Field, HUFFMAN, STATIC_TABLE, code};

/// How large a dynamic table is when nobody has said anything else (RFC 9113 §6.5.2).
pub const DEFAULT_TABLE_SIZE: usize = 4096;

/// The largest number that [`read_int`] takes.
pub const MAX_INT: u32 = u32::MAX >> 1;

const CUT_OFF: Fault = fault("a block that is cut off");

const fn fault(why: &'static str) -> Fault {
    Fault {
        stream: 0,
        code: code::COMPRESSION_ERROR,
        why,
    }
}

/// Writes a number behind `out` (RFC 7541 §5.1): in the lowest `prefix` bits of the first byte (1 to 8), or, if it does
/// not fit in there, in bytes of seven bits behind it, the lowest ones first. `first` has the bits of the first byte
/// above the prefix; those in the prefix are 0.
///
/// A number that fills the prefix with ones does not fit: 31 with five bits is `1f 00`.
pub fn write_int(value: u32, prefix: u8, first: u8, out: &mut Vec<u8>) {
    let most = (1 << prefix) - 1;
    if value < most {
        out.push(first | value as u8);
        return;
    }
    out.push(first | most as u8);
    let mut rest = value - most;
    while rest >= 0x80 {
        out.push(0x80 | rest as u8);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Reads a number with a prefix of so many bits (1 to 8) at the beginning of `bytes`: the number, and how many bytes
/// it takes. Bits above the prefix are ignored.
///
/// # Errors
///
/// A connection error, `COMPRESSION_ERROR`: the bytes end before the number; the number is above [`MAX_INT`]; it has
/// more than five bytes behind the first (a number may have zeros behind its last bit, but not without end).
pub fn read_int(bytes: &[u8], prefix: u8) -> Result<(u32, usize), Fault> {
    let most = (1 << prefix) - 1;
    let first = *bytes.first().ok_or(CUT_OFF)?;
    let mut value = u64::from(first) & most;
    if value < most {
        return Ok((value as u32, 1));
    }
    for at in 1..=5 {
        let byte = *bytes.get(at).ok_or(CUT_OFF)?;
        value += u64::from(byte & 0x7f) << (7 * (at - 1));
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).ok().filter(|&value| value <= MAX_INT);
            return Ok((value.ok_or(fault("a number that is too large"))?, at + 1));
        }
    }
    Err(fault("a number that is too long"))
}

/// The code of `text` in Huffman's code (§5.2, Appendix B, [`HUFFMAN`](crate::HUFFMAN)), filled with ones to a whole
/// byte.
pub fn huffman_encode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    // The lowest `filled` bits of `bits` wait to be written.
    let (mut bits, mut filled) = (0_u64, 0);
    for &byte in text {
        let (code, len) = HUFFMAN[usize::from(byte)];
        bits = bits << len | u64::from(code);
        filled += u32::from(len);
        while filled >= 8 {
            filled -= 8;
            out.push((bits >> filled) as u8);
        }
    }
    if filled > 0 {
        let ones = 8 - filled;
        out.push((bits << ones) as u8 | ((1_u32 << ones) - 1) as u8);
    }
    out
}

/// Where a bit leads to.
#[derive(Clone, Copy)]
enum Branch {
    To(u16),
    Symbol(u8),
    Eos,
}

/// The code as a tree: each place has a branch for 0 and one for 1. The root is the first place.
fn tree() -> &'static [[Branch; 2]] {
    static TREE: OnceLock<Vec<[Branch; 2]>> = OnceLock::new();
    TREE.get_or_init(|| {
        // No branch leads to the root: it says that there is none yet.
        const NONE: Branch = Branch::To(0);
        let mut tree = vec![[NONE; 2]];
        for (symbol, (code, len)) in HUFFMAN.iter().enumerate() {
            let mut at = 0;
            for shift in (1..*len).rev() {
                let bit = (code >> shift & 1) as usize;
                at = match tree[at][bit] {
                    Branch::To(next @ 1..) => usize::from(next),
                    _ => {
                        tree[at][bit] = Branch::To(tree.len() as u16);
                        tree.push([NONE; 2]);
                        tree.len() - 1
                    }
                };
            }
            tree[at][(code & 1) as usize] = match symbol {
                EOS => Branch::Eos,
                _ => Branch::Symbol(symbol as u8),
            };
        }
        tree
    })
}

/// The text whose code is `bytes`.
///
/// # Errors
///
/// A connection error, `COMPRESSION_ERROR` (§5.2): the bits behind the last symbol are more than seven or not all
/// ones; [`EOS`](crate::EOS) stands in the text.
pub fn huffman_decode(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let tree = tree();
    let mut out = Vec::with_capacity(bytes.len());
    // The place in the tree, how many bits lead there from its root, and whether all of them are ones.
    let (mut at, mut depth, mut ones) = (0, 0, true);
    for &byte in bytes {
        for shift in (0..8).rev() {
            let bit = byte >> shift & 1;
            depth += 1;
            ones &= bit == 1;
            match tree[at][usize::from(bit)] {
                Branch::To(next) => at = usize::from(next),
                Branch::Symbol(symbol) => {
                    out.push(symbol);
                    (at, depth, ones) = (0, 0, true);
                }
                Branch::Eos => return Err(fault("the end of a string inside of it")),
            }
        }
    }
    match depth < 8 && ones {
        true => Ok(out),
        false => Err(fault("no padding of ones at the end of a string")),
    }
}

/// Writes a string behind `out` (§5.2): the flag H and the length in bytes with a prefix of seven bits, and the bytes.
/// In Huffman's code where that is shorter, else as it is. Where both are equally long, either will do.
pub fn write_string(text: &[u8], out: &mut Vec<u8>) {
    let len: usize = text
        .iter()
        .map(|&b| usize::from(HUFFMAN[usize::from(b)].1))
        .sum();
    let len = len.div_ceil(8);
    if len < text.len() {
        write_int(len as u32, 7, 0x80, out);
        out.extend_from_slice(&huffman_encode(text));
    } else {
        write_int(text.len() as u32, 7, 0, out);
        out.extend_from_slice(text);
    }
}

/// Reads the string at the beginning of `bytes`: the text, and how many bytes it takes.
///
/// # Errors
///
/// A connection error, `COMPRESSION_ERROR`: the bytes end before the string, or an error of [`read_int`] or
/// [`huffman_decode`].
pub fn read_string(bytes: &[u8]) -> Result<(Vec<u8>, usize), Fault> {
    let (len, at) = read_int(bytes, 7)?;
    let text = bytes[at..].get(..len as usize).ok_or(CUT_OFF)?;
    let text_of = match bytes[0] & 0x80 {
        0 => text.to_vec(),
        _ => huffman_decode(text)?,
    };
    Ok((text_of, at + text.len()))
}

/// A dynamic table (§2.3.2, §4). Each connection has two: one for each direction.
#[derive(Debug)]
pub struct Table {
    max: usize,
    /// The newest one first.
    entries: VecDeque<(Vec<u8>, Vec<u8>)>,
    size: usize,
}

/// What an entry counts for, in a table and in a list of fields.
fn entry_size(name: &[u8], value: &[u8]) -> usize {
    name.len() + value.len() + 32
}

impl Table {
    /// An empty table of at most `max` bytes.
    pub fn new(max: usize) -> Table {
        Table {
            max,
            entries: VecDeque::new(),
            size: 0,
        }
    }

    /// The size: of each entry the bytes of its name and value and 32 more (§4.1).
    pub fn size(&self) -> usize {
        self.size
    }

    /// The oldest entries go, until no more than `max` bytes are left.
    fn shrinks(&mut self, max: usize) {
        while self.size > max
            && let Some((name, value)) = self.entries.pop_back()
        {
            self.size -= entry_size(&name, &value);
        }
    }

    /// Another maximum. The oldest entries go until the size fits (§4.3).
    pub fn resize(&mut self, max: usize) {
        self.max = max;
        self.shrinks(max);
    }

    /// A new entry, which is number 1 from now on. The oldest ones go first, until the size fits with it (§4.4). An entry
    /// that is larger than the maximum empties the table and is not kept; that is no error.
    pub fn insert(&mut self, name: &[u8], value: &[u8]) {
        let size = entry_size(name, value);
        self.shrinks(self.max.saturating_sub(size));
        if size <= self.max {
            self.size += size;
            self.entries.push_front((name.to_vec(), value.to_vec()));
        }
    }

    /// An entry, of which 1 is the newest: name and value. Both take a time that does not grow with the table.
    pub fn get(&self, number: usize) -> Option<(&[u8], &[u8])> {
        let (name, value) = self.entries.get(number.checked_sub(1)?)?;
        Some((name, value))
    }
}

/// The entry with this index: the static table's come first.
fn entry(table: &Table, index: usize) -> Option<(&[u8], &[u8])> {
    match STATIC_TABLE.get(index.checked_sub(1)?) {
        Some((name, value)) => Some((name.as_bytes(), value.as_bytes())),
        None => table.get(index - STATIC_TABLE.len()),
    }
}

/// The number at the beginning of `rest`, which goes behind it.
fn number(rest: &mut &[u8], prefix: u8) -> Result<usize, Fault> {
    let (number, len) = read_int(rest, prefix)?;
    *rest = &rest[len..];
    Ok(number as usize)
}

/// The same for a string.
fn string(rest: &mut &[u8]) -> Result<Vec<u8>, Fault> {
    let (text, len) = read_string(rest)?;
    *rest = &rest[len..];
    Ok(text)
}

/// Reads blocks of fields. One for each connection, since a block changes the table for those behind it.
#[derive(Debug)]
pub struct HpackDecoder {
    max_table: usize,
    max_list: usize,
    table: Table,
    /// The next block must begin with an update.
    must_update: bool,
}

impl HpackDecoder {
    /// The encoder may use a table of `max_table` bytes, and does so from the beginning. A list of fields may have
    /// `max_list` bytes: of each field the bytes of its name and value and 32 more (RFC 9113 §6.5.2).
    pub fn new(max_table: usize, max_list: usize) -> HpackDecoder {
        HpackDecoder {
            max_table,
            max_list,
            table: Table::new(max_table),
            must_update: false,
        }
    }

    /// From the next block on the encoder may use a table of `max_table` bytes. If that is less than what its table may
    /// have now, the next block must begin with an update that is no larger (RFC 9113 §4.3.1). If it is more, the
    /// table stays as it is until the encoder says so.
    pub fn set_max(&mut self, max_table: usize) {
        self.max_table = max_table;
        self.must_update |= max_table < self.table.max;
    }

    fn entry(&self, index: usize) -> Result<Field, Fault> {
        let (name, value) = entry(&self.table, index).ok_or(fault("an index without an entry"))?;
        Ok(Field::new(name, value))
    }

    /// A literal, behind its first bits.
    fn literal(&self, rest: &mut &[u8], prefix: u8) -> Result<Field, Fault> {
        let name = match number(rest, prefix)? {
            0 => string(rest)?,
            index => self.entry(index)?.name,
        };
        Ok(Field::new(name, string(rest)?))
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
        let mut rest = block;
        let mut fields = Some(Vec::new());
        let (mut size, mut is_beginning) = (0_usize, true);
        while let Some(&first) = rest.first() {
            if first & 0xe0 == 0x20 {
                if !is_beginning {
                    return Err(fault("the table's size changes behind a field"));
                }
                let max = number(&mut rest, 5)?;
                if max > self.max_table {
                    return Err(fault("a larger table than allowed"));
                }
                self.table.resize(max);
                self.must_update = false;
                continue;
            }
            is_beginning = false;
            if self.must_update {
                return Err(fault("the table's size should have changed"));
            }
            let field = match first {
                0x80.. => self.entry(number(&mut rest, 7)?)?,
                0x40.. => {
                    let field = self.literal(&mut rest, 6)?;
                    self.table.insert(&field.name, &field.value);
                    field
                }
                _ => Field {
                    is_secret: first & 0x10 != 0,
                    ..self.literal(&mut rest, 4)?
                },
            };
            size = size.saturating_add(entry_size(&field.name, &field.value));
            match &mut fields {
                Some(list) if size <= self.max_list => list.push(field),
                _ => fields = None,
            }
        }
        if self.must_update {
            return Err(fault("the table's size should have changed"));
        }
        Ok(fields)
    }
}

/// Writes blocks of fields. One for each connection.
#[derive(Debug)]
pub struct HpackEncoder {
    table: Table,
    /// The size of the table that the decoder knows of.
    said: usize,
    /// The lowest size since then, if it has changed.
    lowest: Option<usize>,
}

impl HpackEncoder {
    /// With a table of [`DEFAULT_TABLE_SIZE`].
    pub fn new() -> HpackEncoder {
        HpackEncoder {
            table: Table::new(DEFAULT_TABLE_SIZE),
            said: DEFAULT_TABLE_SIZE,
            lowest: None,
        }
    }

    /// The decoder takes a table of at most `max` bytes from now on. The encoder uses so much of it as it would by
    /// default, and says so at the beginning of the next block, if that changes its table's size (RFC 7541 §4.2): if
    /// there were several changes since the last block, it says the smallest first and then the last, if they differ.
    pub fn set_max(&mut self, max: usize) {
        let max = max.min(DEFAULT_TABLE_SIZE);
        self.lowest = Some(self.lowest.unwrap_or(self.said).min(max));
        self.table.resize(max);
    }

    fn says_size(&mut self, out: &mut Vec<u8>) {
        let max = self.table.max;
        let Some(lowest) = self.lowest.take() else {
            return;
        };
        if lowest < max.min(self.said) {
            write_int(lowest as u32, 5, 0x20, out);
        }
        if lowest < self.said || max != self.said {
            write_int(max as u32, 5, 0x20, out);
        }
        self.said = max;
    }

    /// The lowest index with this name, and the lowest with this name and value.
    fn find(&self, name: &[u8], value: &[u8]) -> (Option<u32>, Option<u32>) {
        let fixed = STATIC_TABLE.iter();
        let fixed = fixed.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let entries = self.table.entries.iter();
        let entries = fixed.chain(entries.map(|(name, value)| (&name[..], &value[..])));
        let (mut named, mut whole) = (None, None);
        for (index, entry) in (1..).zip(entries) {
            if entry.0 == name {
                named = named.or(Some(index));
                if entry.1 == value {
                    whole = Some(index);
                    break;
                }
            }
        }
        (named, whole)
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
        let mut out = Vec::new();
        self.says_size(&mut out);
        for Field {
            name,
            value,
            is_secret,
        } in fields
        {
            let (named, whole) = self.find(name, value);
            let fits = entry_size(name, value) <= self.table.max;
            let (prefix, first) = match (is_secret, whole) {
                (false, Some(index)) => {
                    write_int(index, 7, 0x80, &mut out);
                    continue;
                }
                (false, None) if fits => (6, 0x40),
                (false, None) => (4, 0),
                (true, _) => (4, 0x10),
            };
            write_int(named.unwrap_or(0), prefix, first, &mut out);
            if named.is_none() {
                write_string(name, &mut out);
            }
            write_string(value, &mut out);
            if prefix == 6 {
                self.table.insert(name, value);
            }
        }
        out
    }
}

impl Default for HpackEncoder {
    fn default() -> HpackEncoder {
        HpackEncoder::new()
    }
}
