//! Step 11: the library way.

use std::net::SocketAddr;

use crate::s6_udp::{LookupError, Patience};
use crate::s9_lookup::Answer;

/// The same as `lookup_ip`, by `trust-dns-resolver` (today hickory-resolver).
///
/// Only `server` is asked, over UDP and if need be over TCP: no hosts file, no search list, no
/// other server. IPv4 addresses come first. The name is taken as complete, with or without a dot
/// at its end. The library counts retries where [`Patience`] counts tries.
///
/// # Errors
///
/// Those of `lookup_ip`, as far as the library tells: an error without a kind of its own here is a
/// [`LookupError::Io`].
pub fn lookup_ip_with_library(
    server: SocketAddr,
    host: &str,
    patience: Patience,
) -> Result<Answer, LookupError> {
    todo!(
        "1.11 lookup_ip_with_library({server}, {host:?}, {patience:?}): a TokioResolver for this one \
         server, its lookup_ip, and its errors in our words"
    )
}
