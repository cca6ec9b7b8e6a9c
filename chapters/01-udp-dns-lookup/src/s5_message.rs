//! Step 5: the whole message.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::s1_names::Name;
use crate::s2_query::Question;
use crate::s3_header::{Header, ParseError};

/// A message taken apart (RFC 1035 §4.1).
#[derive(Clone, Debug)]
pub struct Message {
    /// The first twelve octets.
    pub header: Header,
    /// What was asked; a reply repeats it.
    pub questions: Vec<Question>,
    /// The records that answer the question, in the order in which they came.
    pub answers: Vec<Record>,
    /// The records that point towards an authority.
    pub authorities: Vec<Record>,
    /// The records that may help.
    pub additionals: Vec<Record>,
}

/// A resource record (RFC 1035 §4.1.3).
#[derive(Clone, Debug)]
pub struct Record {
    /// Whose record this is: the owner.
    pub name: Name,
    /// The type, for example `TYPE_A`.
    pub rtype: u16,
    /// The class, `CLASS_IN` here.
    pub class: u16,
    /// For how many seconds it may be kept: all 32 bits, as they came. A program that keeps records
    /// treats a number above 2³¹ − 1 as 0 (RFC 2181 §8). This chapter keeps none.
    pub ttl: u32,
    /// What it says.
    pub data: RData,
}

/// What a record says. Only types of class IN are looked into; everything else stays bytes.
#[derive(Clone, Debug)]
pub enum RData {
    /// `TYPE_A`
    A(Ipv4Addr),
    /// `TYPE_AAAA`
    Aaaa(Ipv6Addr),
    /// `TYPE_CNAME`
    Cname(Name),
    /// `TYPE_NS`
    Ns(Name),
    /// Any other type or class, as it came (RFC 3597 §3).
    Other(Vec<u8>),
}

/// Takes a message apart: the header, then as many questions and records as its counts say.
/// Bytes after the last record are ignored.
///
/// Each record's RDLENGTH tells where the next one begins, whatever its type. A name inside RDATA
/// may be compressed too; its pointers count from the beginning of the message.
///
/// When the header says TC (cut off), nothing after the questions is read and the three lists of
/// records are empty: a cut-off message must not be used (RFC 2181 §9), and may end anywhere.
///
/// # Errors
///
/// [`ParseError`]. The counts are a stranger's claims: a message that says 65 535 and holds two is
/// [`ParseError::Truncated`]. An address or a name that does not fill its RDATA exactly is
/// [`ParseError::BadRdata`]. An error of `read_name` is passed on as it is.
pub fn parse_message(msg: &[u8]) -> Result<Message, ParseError> {
    todo!(
        "1.5 parse_message({} octets): the header, then its number of questions and of records in \
         each of the three sections",
        msg.len()
    )
}
