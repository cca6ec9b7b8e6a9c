//! Step 3: the header's bits.

use std::error::Error;
use std::fmt;

/// The octets of a header (RFC 1035 §4.1.1).
pub const HEADER_LEN: usize = 12;

/// The first twelve octets of every message (RFC 1035 §4.1.1; bits AD and CD: RFC 4035 §3).
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// Chosen by the client, repeated by the server.
    pub id: u16,
    /// QR: a response, not a query.
    pub qr: bool,
    /// OPCODE, four bits. 0 is a standard query.
    pub opcode: u8,
    /// AA: the answer comes from an authority for the name.
    pub aa: bool,
    /// TC: the message was cut off, because it did not fit.
    pub tc: bool,
    /// RD: recursion desired.
    pub rd: bool,
    /// RA: recursion available.
    pub ra: bool,
    /// RCODE, four bits. 0 no error, 1 FORMERR, 2 SERVFAIL, 3 NXDOMAIN, 4 NOTIMP, 5 REFUSED.
    pub rcode: u8,
    /// How many questions, answers, authority and additional records the sender says there are.
    pub counts: [u16; 4],
}

/// Why bytes are not a DNS message. Messages come from strangers, so every one of these will happen.
#[derive(Clone, Copy, Debug)]
pub enum ParseError {
    /// The message ends before what it promised.
    Truncated,
    /// A compression pointer that does not lead strictly backwards.
    BadPointer,
    /// A label that begins with the bits 01 or 10 (reserved, RFC 1035 §4.1.4).
    ReservedLabel,
    /// A name of more than 255 octets.
    NameTooLong,
    /// RDATA that is not what its type says, such as an IPv4 address of five octets.
    BadRdata,
}

/// Reads the header, the first twelve octets of `msg`.
///
/// From the highest bit, octets 2 and 3 hold QR 1, OPCODE 4, AA 1, TC 1, RD 1, RA 1, Z 1, AD 1,
/// CD 1, RCODE 4. Z, AD and CD are ignored.
///
/// # Errors
///
/// [`ParseError::Truncated`] when there are fewer than twelve octets. Any combination of flags is accepted.
pub fn parse_header(msg: &[u8]) -> Result<Header, ParseError> {
    let flags = u16_at(msg, 2)?;
    let bit = |n: u32| flags & (1 << n) != 0;
    Ok(Header {
        id: u16_at(msg, 0)?,
        qr: bit(15),
        opcode: (flags >> 11) as u8 & 0xf,
        aa: bit(10),
        tc: bit(9),
        rd: bit(8),
        ra: bit(7),
        rcode: flags as u8 & 0xf,
        counts: [
            u16_at(msg, 4)?,
            u16_at(msg, 6)?,
            u16_at(msg, 8)?,
            u16_at(msg, 10)?,
        ],
    })
}

/// The `N` octets at `at`, if there are as many.
pub(crate) fn array_at<const N: usize>(msg: &[u8], at: usize) -> Result<[u8; N], ParseError> {
    msg.get(at..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .ok_or(ParseError::Truncated)
}

/// The big-endian number in the two octets at `at`.
pub(crate) fn u16_at(msg: &[u8], at: usize) -> Result<u16, ParseError> {
    array_at(msg, at).map(u16::from_be_bytes)
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ParseError::Truncated => "the message ends too early",
            ParseError::BadPointer => "a compression pointer does not lead back",
            ParseError::ReservedLabel => "a label of a reserved type",
            ParseError::NameTooLong => "a name of more than 255 octets",
            ParseError::BadRdata => "record data that does not fit its type",
        })
    }
}

impl Error for ParseError {}
