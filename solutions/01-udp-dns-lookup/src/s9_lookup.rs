//! Step 9: three kinds of no.

use std::net::{IpAddr, SocketAddr};

use crate::s1_names::Name;
use crate::s2_query::{CLASS_IN, Question, TYPE_A, TYPE_AAAA, TYPE_SOA};
use crate::s5_message::{Message, RData, Record};
use crate::s6_udp::{LookupError, Patience};
use crate::s8_tcp::ask;

/// How many CNAME records [`lookup_ip`] follows for one question.
pub const MAX_CNAME_LINKS: usize = 16;

/// A server's answer about the addresses of a name. None of these is an error: the server knew.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The name's addresses, at least one.
    Addresses(Vec<IpAddr>),
    /// NXDOMAIN: there is no such name, for any type (RFC 8020).
    NoSuchName,
    /// The name exists, but has neither an IPv4 nor an IPv6 address (NODATA, RFC 2308 §2.2).
    NoData,
}

/// The addresses of `host`: asks `server` for A and for AAAA records, with `ask`, each question
/// as patiently as `patience` says. IPv4 addresses come first, each kind in the server's order.
/// Every `host` is a name and is asked about, even `localhost`, `192.0.2.7` and the root. Every
/// address counts, whatever it is, however short its TTL, and as often as it comes. Nothing is kept
/// from one call to the next.
///
/// The RCODE of a reply decides first:
///
/// - 3: there is no such name, even at the end of a CNAME chain (RFC 6604 §3), whatever else the
///   reply contains.
/// - 0: the addresses in the answer section that the name asked for owns. If it owns none but a
///   CNAME record, those of the name that this leads to, and so on, in whatever order the records
///   stand. Addresses that any other name owns do not count, nor do those of another type or class.
/// - 0 without such an address: there is none of this kind. But NS records and no SOA record of class IN
///   in the authority section are a referral (RFC 2308 §2.2): the server only names other servers
///   to ask.
///
/// Of the two replies:
///
/// - If any of them brings addresses, they are the answer, whatever the result of the other
///   question is. (When A brings "no such name", AAAA need not be asked.)
/// - Else, if any of them says that there is no such name: [`Answer::NoSuchName`].
/// - Else, if one of the questions failed, its error, the one of A if both did: whether the name has
///   an address is not known.
/// - Else [`Answer::NoData`].
///
/// # Errors
///
/// [`LookupError::BadName`] before anything is sent. [`LookupError::Rcode`] for an RCODE other
/// than 0 and 3. [`LookupError::Referral`]. [`LookupError::CnameChain`] for a circle or more than
/// [`MAX_CNAME_LINKS`] links. Otherwise those of `ask`.
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
    // Addresses are an answer, whatever became of the other question. One "none" is not: the other
    // question might have brought some.
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
        0 => match addresses_in(&reply, &question)? {
            none if none.is_empty() && is_referral(&reply) => Err(LookupError::Referral),
            addresses => Ok(Some(addresses)),
        },
        3 => Ok(None),
        rcode => Err(LookupError::Rcode(rcode)),
    }
}

/// The addresses that `reply` has for the question's name, or for what that is another name for.
fn addresses_in(reply: &Message, question: &Question) -> Result<Vec<IpAddr>, LookupError> {
    let mut name = &question.name;
    for _ in 0..=MAX_CNAME_LINKS {
        // Records of other names may stand in any reply. They are not what we asked for, and whoever
        // uses them can be told anything about anybody. (Those of another class stayed bytes.)
        let of_name = || {
            let mine = |record: &&Record| record.name.eq_ignore_case(name);
            reply.answers.iter().filter(mine)
        };
        let addresses: Vec<IpAddr> = of_name()
            .filter_map(|record| match record.data {
                RData::A(ip) if question.qtype == TYPE_A => Some(IpAddr::V4(ip)),
                RData::Aaaa(ip) if question.qtype == TYPE_AAAA => Some(IpAddr::V6(ip)),
                _ => None,
            })
            .collect();
        // No name should own a CNAME beside its addresses (RFC 1034 §3.6.2), but some do.
        if !addresses.is_empty() {
            return Ok(addresses);
        }
        let target = of_name().find_map(|record| match &record.data {
            RData::Cname(target) => Some(target),
            _ => None,
        });
        match target {
            Some(target) => name = target,
            None => return Ok(addresses),
        }
    }
    // A circle ends here too: it has no end, so it has more links than any number.
    Err(LookupError::CnameChain)
}

/// Whether a reply without an answer only names other servers (RFC 2308 §2.2): "no data" comes with
/// the zone's SOA record, or with nothing at all.
fn is_referral(reply: &Message) -> bool {
    let is_ns = |record: &Record| matches!(record.data, RData::Ns(_));
    let is_soa = |record: &Record| (record.class, record.rtype) == (CLASS_IN, TYPE_SOA);
    reply.authorities.iter().any(is_ns) && !reply.authorities.iter().any(is_soa)
}
