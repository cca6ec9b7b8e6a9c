//! Step 4: compressed names.

use crate::s1_names::Name;
use crate::s3_header::ParseError;

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
    todo!(
        "1.4 read_name({} octets, {at}): collect labels until the zero octet; a pointer moves the \
         reading back, but not the offset to return",
        msg.len()
    )
}
