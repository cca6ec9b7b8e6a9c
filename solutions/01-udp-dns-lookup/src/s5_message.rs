//! Step 5: the whole message.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::s1_names::Name;
use crate::s2_query::{CLASS_IN, Question, TYPE_A, TYPE_AAAA, TYPE_CNAME, TYPE_NS};
use crate::s3_header::{HEADER_LEN, Header, ParseError, array_at, parse_header, u16_at};
use crate::s4_compression::read_name;

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
    let header = parse_header(msg)?;
    let [questions, answers, authorities, additionals] = header.counts;

    let mut at = HEADER_LEN;
    let questions = read_many(msg, &mut at, questions, read_question)?;
    // Of a message that was cut off, only the question counts.
    let mut records = |count| {
        let count = if header.tc { 0 } else { count };
        read_many(msg, &mut at, count, read_record)
    };
    Ok(Message {
        header,
        questions,
        answers: records(answers)?,
        authorities: records(authorities)?,
        additionals: records(additionals)?,
    })
}

/// Reads one thing at an offset of the message; gives it and the offset after it.
type ReadOne<T> = fn(&[u8], usize) -> Result<(T, usize), ParseError>;

/// Reads `count` things, one after the other, and moves `at` past the last. Room is made as
/// they are found, not as they are announced.
fn read_many<T>(
    msg: &[u8],
    at: &mut usize,
    count: u16,
    read_one: ReadOne<T>,
) -> Result<Vec<T>, ParseError> {
    (0..count)
        .map(|_| {
            let (thing, next) = read_one(msg, *at)?;
            *at = next;
            Ok(thing)
        })
        .collect()
}

fn read_question(msg: &[u8], at: usize) -> Result<(Question, usize), ParseError> {
    let (name, at) = read_name(msg, at)?;
    let question = Question {
        name,
        qtype: u16_at(msg, at)?,
        qclass: u16_at(msg, at + 2)?,
    };
    Ok((question, at + 4))
}

fn read_record(msg: &[u8], at: usize) -> Result<(Record, usize), ParseError> {
    let (name, at) = read_name(msg, at)?;
    let rtype = u16_at(msg, at)?;
    let class = u16_at(msg, at + 2)?;
    let ttl = u32::from_be_bytes(array_at(msg, at + 4)?);
    let start = at + 10;
    let end = start + usize::from(u16_at(msg, at + 8)?);
    let rdata = msg.get(start..end).ok_or(ParseError::Truncated)?;

    let name_in_rdata = || match read_name(msg, start)? {
        (name, next) if next == end => Ok(name),
        _ => Err(ParseError::BadRdata),
    };
    let data = match (class, rtype) {
        (CLASS_IN, TYPE_A) => RData::A(address::<4>(rdata)?.into()),
        (CLASS_IN, TYPE_AAAA) => RData::Aaaa(address::<16>(rdata)?.into()),
        (CLASS_IN, TYPE_CNAME) => RData::Cname(name_in_rdata()?),
        (CLASS_IN, TYPE_NS) => RData::Ns(name_in_rdata()?),
        _ => RData::Other(rdata.to_vec()),
    };
    let record = Record {
        name,
        rtype,
        class,
        ttl,
        data,
    };
    Ok((record, end))
}

/// RDATA that must be exactly `N` octets.
fn address<const N: usize>(rdata: &[u8]) -> Result<[u8; N], ParseError> {
    rdata.try_into().map_err(|_| ParseError::BadRdata)
}
