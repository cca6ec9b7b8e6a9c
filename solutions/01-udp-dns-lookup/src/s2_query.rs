//! Step 2: the query.

use crate::s1_names::Name;

/// An IPv4 address (RFC 1035 §3.4.1).
pub const TYPE_A: u16 = 1;
/// A name server of a zone (RFC 1035 §3.3.11).
pub const TYPE_NS: u16 = 2;
/// Another name to look under (RFC 1035 §3.3.1).
pub const TYPE_CNAME: u16 = 5;
/// Where a zone begins, and who looks after it (RFC 1035 §3.3.13).
pub const TYPE_SOA: u16 = 6;
/// An IPv6 address (RFC 3596 §2.1).
pub const TYPE_AAAA: u16 = 28;
/// The Internet, the one class in use (RFC 1035 §3.2.4).
pub const CLASS_IN: u16 = 1;

/// What a query asks (RFC 1035 §4.1.2).
#[derive(Clone, Debug)]
pub struct Question {
    /// The name asked about.
    pub name: Name,
    /// The type of record wanted, for example [`TYPE_A`].
    pub qtype: u16,
    /// The class, [`CLASS_IN`] here.
    pub qclass: u16,
}

/// One whole query message (RFC 1035 §4.1): the twelve octets of the header, then the question.
///
/// The header says: this `id`; a standard query (QR 0, OPCODE 0) with recursion desired (RD 1, the
/// bit `0x0100`), so that the server asks other servers for us; one question and no records. All
/// other flags are 0. Numbers are big-endian.
pub fn build_query(id: u16, question: &Question) -> Vec<u8> {
    const RECURSION_DESIRED: u16 = 0x0100;

    let mut message = Vec::with_capacity(64);
    for field in [id, RECURSION_DESIRED, 1, 0, 0, 0] {
        message.extend_from_slice(&field.to_be_bytes());
    }
    question.name.encode(&mut message);
    message.extend_from_slice(&question.qtype.to_be_bytes());
    message.extend_from_slice(&question.qclass.to_be_bytes());
    message
}
