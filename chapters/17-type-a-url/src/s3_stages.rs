//! Step 3: the five stages of a page, one after the other, and the time of each.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use connection_pool::Lost;
use http1::Answer;

use crate::{Cause, Connection, Limits, Network, Page, StageError, Url};

/// Stage 1: the addresses of the URL's host, at least one. If the host is an address, it is the result, and the network is
/// not asked.
///
/// # Errors
///
/// `NoSuchName`, `NoAddress` or `Lookup`, as the network says.
pub fn resolve<N: Network>(network: &mut N, url: &Url) -> Result<Vec<IpAddr>, Cause> {
    let _ = network;
    todo!("17.3 resolve(network, {url:?}): an address is the result; for a name ask the network")
}

/// Stage 2: a connection to one of these addresses, and its address.
///
/// The addresses are tried in the order of step 2's [`plan`](crate::plan), at the times of its
/// [`Attempts`](crate::Attempts). `limit` is for all of them together. The first connection that opens is taken. The other
/// attempts are given up then, or when the time is over.
///
/// # Errors
///
/// `Unreachable`, with the addresses that failed and those that were silent. An address that was not tried is in neither
/// list.
pub fn connect<N: Network>(
    network: &mut N,
    addrs: &[IpAddr],
    port: u16,
    limit: Duration,
) -> Result<(Connection, SocketAddr), Cause> {
    let _ = network;
    todo!(
        "17.3 connect(network, {addrs:?}, {port}, {limit:?}): do what Attempts of step 2 says, until a connection opens or it is over"
    )
}

/// Stage 3, for `https`: the same connection with TLS on it. The other side has proved that it is the URL's host.
///
/// This browser speaks HTTP/1.1. A server that chooses no protocol by ALPN speaks it, too, since ALPN is younger than
/// `https`.
///
/// # Errors
///
/// `Io`, as the network says; `Protocol` when the server has chosen another protocol than `http/1.1` (RFC 7301 §3.2).
pub fn secure<N: Network>(
    network: &mut N,
    connection: Connection,
    url: &Url,
    limit: Duration,
) -> Result<Connection, Cause> {
    let _ = (network, connection);
    todo!(
        "17.3 secure(network, connection, {url:?}, {limit:?}): Network::secure, and a look at the protocol that was chosen"
    )
}

/// Stages 4 and 5: asks for the URL's path by `GET` with chapter 13's `exchange`, and reads the response. Also returns when
/// the first byte came: the time at which the first read that gave a byte has returned.
///
/// `Host` is the URL's [`Url::host_field`]. Each read and each write waits for `limit` at most.
///
/// # Errors
///
/// Those of `exchange`. If the connection does not take the limit: its error, with 0 bytes received.
pub fn fetch<N: Network>(
    network: &N,
    connection: &mut Connection,
    url: &Url,
    limit: Duration,
) -> Result<(Answer, Duration), Lost> {
    let _ = (network, connection);
    todo!(
        "17.3 fetch(network, connection, {url:?}, {limit:?}): chapter 13's exchange over a stream that notes when the first byte came"
    )
}

/// All five stages over a new connection, which is closed at the end. The status does not matter: a 404 is a page, too.
///
/// Each stage begins when the one before it has ended, so that the timeline has no gaps. A stage that is not needed has no
/// span, and the next one begins in its place: an address needs no stage 1, and `http` no stage 3.
///
/// # Errors
///
/// The stage that has failed, and its cause. If no byte of a response has come, the request has failed in stage 4, whatever
/// the reason. If bytes have come and `exchange` fails, it has failed in stage 5.
pub fn open_url<N: Network>(
    network: &mut N,
    url: &Url,
    limits: &Limits,
) -> Result<Page, StageError> {
    let _ = network;
    todo!(
        "17.3 open_url(network, {url:?}, {limits:?}): find, connect, secure, fetch; note the time between them, and the stage of an error"
    )
}
