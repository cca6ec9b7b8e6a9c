//! Step 9: three kinds of no.

use std::net::{IpAddr, SocketAddr};

use crate::s6_udp::{LookupError, Patience};

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
    todo!(
        "1.9 lookup_ip({server}, {host:?}, {patience:?}): ask for A and for AAAA, follow the CNAMEs, \
         and tell the three kinds of no apart"
    )
}
