//! Step 9: three kinds of no.

use std::net::{IpAddr, SocketAddr};

use crate::s1_names::Name;
use crate::s2_query::{CLASS_IN, Question, TYPE_A, TYPE_AAAA};
use crate::s5_message::{Message, RData, Record};
use crate::s6_udp::{LookupError, Patience};
use crate::s8_tcp::ask;

/// How many CNAME records [`lookup_ip`] follows for one question.
pub const MAX_CNAME_LINKS: usize = 8;

/// What a server says about the addresses of a name. None of these is an error: the server knew.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The name's addresses, at least one.
    Addresses(Vec<IpAddr>),
    /// NXDOMAIN: there is no such name, whatever one asks about it (RFC 8020).
    NoSuchName,
    /// The name exists, but has neither an IPv4 nor an IPv6 address (NODATA, RFC 2308 §2.2).
    NoData,
}

/// The addresses of `host`: asks `server` for A and for AAAA records, with `ask`, each question
/// as patiently as `patience` says. IPv4 addresses come first, each kind in the server's order.
///
/// A record counts only if its owner is the name asked for, or the name to which a chain of CNAME
/// records in the same reply leads from there, in whatever order the records stand. RCODE 3 means
/// [`Answer::NoSuchName`], also behind a CNAME (RFC 6604 §3). RCODE 0 without an address means
/// that there is none of this kind. If one of the two questions fails, whichever it is, and the
/// other one brings addresses, they are the answer. If that one brings none, the failure is the
/// result: whether the name has an address is not known.
///
/// # Errors
///
/// [`LookupError::BadName`] before anything is sent. [`LookupError::Rcode`] for an RCODE other
/// than 0 and 3. [`LookupError::CnameChain`] for a circle or more than [`MAX_CNAME_LINKS`] links.
/// Otherwise those of `ask`.
pub fn lookup_ip(
    server: SocketAddr,
    host: &str,
    patience: Patience,
) -> Result<Answer, LookupError> {
    let name = Name::from_text(host)?;
    let v4 = lookup_type(server, &name, TYPE_A, patience);
    if let Ok(None) = v4 {
        // What does not exist has no AAAA record either.
        return Ok(Answer::NoSuchName);
    }
    let v6 = lookup_type(server, &name, TYPE_AAAA, patience);
    let found = [&v4, &v6].into_iter().flatten().flatten().flatten();
    let addresses: Vec<IpAddr> = found.copied().collect();
    // Half an answer is of use, whichever half it is; half a no is not.
    if !addresses.is_empty() {
        return Ok(Answer::Addresses(addresses));
    }
    match (v4, v6) {
        (_, Ok(None)) => Ok(Answer::NoSuchName),
        (Err(e), _) | (_, Err(e)) => Err(e),
        (Ok(_), Ok(Some(_))) => Ok(Answer::NoData),
    }
}

/// The addresses of one kind. `None`: there is no such name.
fn lookup_type(
    server: SocketAddr,
    name: &Name,
    qtype: u16,
    patience: Patience,
) -> Result<Option<Vec<IpAddr>>, LookupError> {
    let question = Question {
        name: name.clone(),
        qtype,
        qclass: CLASS_IN,
    };
    let reply = ask(server, &question, patience)?;
    match reply.header.rcode {
        0 => addresses_in(&reply, &question).map(Some),
        3 => Ok(None),
        rcode => Err(LookupError::Rcode(rcode)),
    }
}

/// The addresses that `reply` has for the question's name, or for what that is another name for.
fn addresses_in(reply: &Message, question: &Question) -> Result<Vec<IpAddr>, LookupError> {
    // Records of other names may stand in any reply. They are not what we asked for, and whoever
    // uses them can be told anything about anybody. (Those of another class stayed bytes.)
    let owned_by = |name: &Name, record: &Record| record.name.eq_ignore_case(name);
    let mut name = &question.name;
    let mut links = 0;
    while let Some(target) = reply.answers.iter().find_map(|record| match &record.data {
        RData::Cname(target) if owned_by(name, record) => Some(target),
        _ => None,
    }) {
        name = target;
        links += 1;
        // A circle ends here too: it has no end, so it has more links than any number.
        if links > MAX_CNAME_LINKS {
            return Err(LookupError::CnameChain);
        }
    }
    let of_our_kind = |record: &&Record| owned_by(name, record) && record.rtype == question.qtype;
    Ok(reply
        .answers
        .iter()
        .filter(of_our_kind)
        .filter_map(|record| match record.data {
            RData::A(ip) => Some(IpAddr::V4(ip)),
            RData::Aaaa(ip) => Some(IpAddr::V6(ip)),
            _ => None,
        })
        .collect())
}
