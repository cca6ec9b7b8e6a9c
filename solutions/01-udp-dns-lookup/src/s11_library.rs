//! Step 11: the library way.

use std::io;
use std::net::SocketAddr;

use tokio::runtime;
use trust_dns_resolver::TokioResolver;
use trust_dns_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use trust_dns_resolver::net::runtime::TokioRuntimeProvider;
use trust_dns_resolver::net::{DnsError, NetError};
use trust_dns_resolver::proto::op::ResponseCode;
use trust_dns_resolver::proto::rr::Name as LibraryName;

use crate::s1_names::Name;
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
    // The library would complete a relative name and read escapes; ours is the same name as before.
    let labels = Name::from_text(host)?.labels().to_vec();
    let mut name = LibraryName::from_labels(labels).map_err(io::Error::other)?;
    name.set_fqdn(true);

    // The library is asynchronous: its futures need a runtime, and ours waits in this very thread.
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let resolver = resolver(server, patience).map_err(translate)?;
        match resolver.lookup_ip(name).await {
            Ok(found) => match found.iter().collect::<Vec<_>>() {
                addresses if addresses.is_empty() => Ok(Answer::NoData),
                addresses => Ok(Answer::Addresses(addresses)),
            },
            Err(NetError::Dns(DnsError::NoRecordsFound(no))) => match no.response_code {
                ResponseCode::NXDomain => Ok(Answer::NoSuchName),
                _ => Ok(Answer::NoData),
            },
            Err(e) => Err(translate(e)),
        }
    })
}

fn resolver(server: SocketAddr, patience: Patience) -> Result<TokioResolver, NetError> {
    let mut connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = server.port();
    }
    let server = NameServerConfig::new(server.ip(), true, connections.into());
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);

    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = patience.timeout;
    options.attempts = patience.attempts.saturating_sub(1) as usize;
    builder.build()
}

fn translate(e: NetError) -> LookupError {
    match e {
        NetError::Timeout => LookupError::TimedOut,
        NetError::Dns(DnsError::ResponseCode(code)) => LookupError::Rcode(code.low()),
        NetError::Io(e) => LookupError::Io(io::Error::new(e.kind(), e)),
        other => LookupError::Io(io::Error::other(other)),
    }
}
