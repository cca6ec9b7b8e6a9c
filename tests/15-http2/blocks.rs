//! Reads blocks of fields (RFC 7541), apart from what the student has written: a program is judged without its library.

use std::collections::VecDeque;

use http2::{EOS, HUFFMAN, STATIC_TABLE};

/// What the reader's end of a connection remembers: a table of 4096 bytes at most.
pub struct Blocks {
    table: VecDeque<(Vec<u8>, Vec<u8>)>,
    max: usize,
}

const LARGEST: usize = 4096;

impl Blocks {
    pub fn new() -> Blocks {
        Blocks {
            table: VecDeque::new(),
            max: LARGEST,
        }
    }

    /// The fields of a block, in the words of [`super::frames::shown`], or what is wrong with it.
    pub fn read(&mut self, mut block: &[u8]) -> Result<String, &'static str> {
        let mut lines = Vec::new();
        while let Some(&first) = block.first() {
            let (prefix, is_kept) = match first {
                0x80.. => {
                    let index = number(&mut block, 7)?;
                    let (name, value) = self.entry(index)?;
                    lines.push(line(&name, &value, ""));
                    continue;
                }
                0x20..0x40 => {
                    self.max = number(&mut block, 5)?;
                    if self.max > LARGEST {
                        return Err("a table larger than 4096 bytes");
                    }
                    self.shrink();
                    continue;
                }
                0x40.. => (6, true),
                _ => (4, false),
            };
            let secret = if first & 0xf0 == 0x10 {
                " (secret)"
            } else {
                ""
            };
            let name = match number(&mut block, prefix)? {
                0 => string(&mut block)?,
                index => self.entry(index)?.0,
            };
            let value = string(&mut block)?;
            lines.push(line(&name, &value, secret));
            if is_kept {
                self.table.push_front((name, value));
                self.shrink();
            }
        }
        Ok(lines.join(" "))
    }

    /// Of both tables: the dynamic one stands behind the static one.
    fn entry(&self, index: usize) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
        let at = index.checked_sub(1).ok_or("the index 0")?;
        if let Some((name, value)) = STATIC_TABLE.get(at) {
            return Ok((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
        let entry = self.table.get(at - STATIC_TABLE.len());
        entry.cloned().ok_or("an index that no table has")
    }

    fn shrink(&mut self) {
        let size = |(name, value): &(Vec<u8>, Vec<u8>)| name.len() + value.len() + 32;
        while self.table.iter().map(size).sum::<usize>() > self.max {
            self.table.pop_back();
        }
    }
}

fn line(name: &[u8], value: &[u8], secret: &str) -> String {
    format!("{}={}{secret}", name.escape_ascii(), value.escape_ascii())
}

const CUT_OFF: &str = "a block that is cut off";

fn byte(block: &mut &[u8]) -> Result<u8, &'static str> {
    let (first, rest) = block.split_first().ok_or(CUT_OFF)?;
    *block = rest;
    Ok(*first)
}

/// A number with a prefix of so many bits (§5.1).
fn number(block: &mut &[u8], prefix: u32) -> Result<usize, &'static str> {
    let full = (1 << prefix) - 1;
    let mut number = usize::from(byte(block)?) & full;
    if number < full {
        return Ok(number);
    }
    for shift in (0..28).step_by(7) {
        let next = byte(block)?;
        number += usize::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err("a number with too many bytes")
}

/// A string, in Huffman's code or without it (§5.2).
fn string(block: &mut &[u8]) -> Result<Vec<u8>, &'static str> {
    let is_huffman = block.first().ok_or(CUT_OFF)? & 0x80 != 0;
    let len = number(block, 7)?;
    let (bytes, rest) = block.split_at_checked(len).ok_or(CUT_OFF)?;
    *block = rest;
    match is_huffman {
        true => huffman(bytes),
        false => Ok(bytes.to_vec()),
    }
}

fn huffman(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut text = Vec::new();
    let (mut code, mut len) = (0_u32, 0_u8);
    let bits = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1));
    for bit in bits {
        code = code << 1 | u32::from(bit);
        len += 1;
        match HUFFMAN.iter().position(|known| *known == (code, len)) {
            Some(EOS) => return Err("the symbol EOS in a string"),
            Some(symbol) => {
                text.push(symbol as u8);
                (code, len) = (0, 0);
            }
            None if len == 30 => return Err("a code that stands for nothing"),
            None => {}
        }
    }
    match len < 8 && code == (1 << len) - 1 {
        true => Ok(text),
        false => Err("a string whose last bits are not the first of EOS"),
    }
}
