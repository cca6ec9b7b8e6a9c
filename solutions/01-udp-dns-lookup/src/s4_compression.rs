//! Step 4: compressed names.

use crate::s1_names::Name;
use crate::s3_header::{ParseError, u16_at};

/// Reads the name that begins at offset `at` of the whole message `msg`. Gives the name, and the
/// offset at which reading goes on: after the name's zero octet or, when the name ends in a
/// pointer, after the (first) pointer's two octets.
///
/// The octet in front of a label tells by its two highest bits what follows (RFC 1035 §4.1.4):
/// `00` a label of as many bytes as the octet says; `11` a pointer: the other 14 bits of these two
/// octets are the offset, from the beginning of the message, at which the name goes on; `01` and
/// `10` are reserved.
///
/// A pointer must lead before the place where the present stretch of labels began: that is `at`
/// first, and after each jump the place it led to. So every jump goes further back. A name may have
/// 127 labels and a pointer after each of them; so many jumps are followed at least.
///
/// Labels are bytes: their contents are kept as they are.
///
/// # Errors
///
/// [`ParseError::Truncated`], [`ParseError::ReservedLabel`], [`ParseError::NameTooLong`], and
/// [`ParseError::BadPointer`] for a pointer that does not lead back in this way, or for more jumps
/// than you are willing to follow. No message makes it loop for ever or recurse deeply.
pub fn read_name(msg: &[u8], at: usize) -> Result<(Name, usize), ParseError> {
    let mut labels = Vec::new();
    let mut here = at;
    // Where this stretch of labels began. A pointer must lead before it: then every jump goes
    // strictly back, and there can be no cycle (RFC 9267 §2 tells who left this out).
    let mut stretch = at;
    // Known once a pointer was met: what follows the name follows its first pointer.
    let mut next = None;

    loop {
        let first = *msg.get(here).ok_or(ParseError::Truncated)?;
        match first {
            0 => {
                // Six bits of length keep each label within 63, so only the whole can be too long.
                let name = Name::from_labels(labels).map_err(|_| ParseError::NameTooLong)?;
                return Ok((name, next.unwrap_or(here + 1)));
            }
            1..=0x3f => {
                let end = here + 1 + usize::from(first);
                let label = msg.get(here + 1..end).ok_or(ParseError::Truncated)?;
                labels.push(label.to_vec());
                here = end;
            }
            0x40..=0xbf => return Err(ParseError::ReservedLabel),
            0xc0.. => {
                let target = usize::from(u16_at(msg, here)? & 0x3fff);
                if target >= stretch {
                    return Err(ParseError::BadPointer);
                }
                next.get_or_insert(here + 2);
                stretch = target;
                here = target;
            }
        }
    }
}
