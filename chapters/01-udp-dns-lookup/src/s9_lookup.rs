//! Step 9: three kinds of no.

use std::net::{IpAddr, SocketAddr};

use crate::s6_udp::{LookupError, Patience};

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
    todo!(
        "1.9 lookup_ip({server}, {host:?}, {patience:?}): ask for A and for AAAA, follow the CNAMEs, \
         and tell the three kinds of no apart"
    )
}
