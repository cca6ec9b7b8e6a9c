//! Step 3: the five stages of a page, one after the other, each with its time.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use connection_pool::Lost;
use http1::Answer;

use crate::{Cause, Limits, Line, Network, Page, StageError, Url};

/// Stage 1: the addresses of a host, at least one. An address is its own answer, and the network is not asked for it.
///
/// # Errors
///
/// `NoSuchName`, `NoAddress` or `Lookup`, as the network says.
pub fn find<N: Network>(network: &mut N, url: &Url) -> Result<Vec<IpAddr>, Cause> {
    let _ = network;
    todo!("17.3 find(network, {url:?}): an address is its own answer; for a name ask the network")
}

/// Stage 2: a line to one of these addresses, and which one it is.
///
/// The addresses are tried in the order of step 2's [`plan`](crate::plan), at the times of its [`Attempts`](crate::Attempts), for as long as `limit`. The
/// first that answers is taken. Then, and at the end of the time, the others are given up.
///
/// # Errors
///
/// `Unreachable`: who has failed, and who was silent. An address that was not tried is in neither list.
pub fn connect<N: Network>(
    network: &mut N,
    addrs: &[IpAddr],
    port: u16,
    limit: Duration,
) -> Result<(Line, SocketAddr), Cause> {
    let _ = network;
    todo!(
        "17.3 connect(network, {addrs:?}, {port}, {limit:?}): do what Attempts of step 2 says, until somebody answers or it is over"
    )
}

/// Stage 3, for `https`: the same line with TLS on it, when the other side has proved to be the URL's host.
///
/// HTTP/1.1 is what we speak. A server that chooses nothing by ALPN speaks it, too: ALPN is younger than `https`.
///
/// # Errors
///
/// `Io`, as the network says; `Protocol` when the server has chosen another one than `http/1.1` (RFC 7301 §3.2).
pub fn secure<N: Network>(
    network: &mut N,
    line: Line,
    url: &Url,
    limit: Duration,
) -> Result<Line, Cause> {
    let _ = (network, line);
    todo!(
        "17.3 secure(network, line, {url:?}, {limit:?}): Network::secure, and a look at the protocol that was chosen"
    )
}

/// Stages 4 and 5: asks for the URL's path by `GET` with chapter 13's `exchange`, and reads the response. Also says when its
/// first byte came: the moment at which a read that gave something has returned.
///
/// `Host` is the URL's [`Url::host_field`]. Each read and each write waits as long as `limit`.
///
/// # Errors
///
/// What `exchange` says, and what the line says to the limit, with 0 bytes received.
pub fn fetch<N: Network>(
    network: &N,
    line: &mut Line,
    url: &Url,
    limit: Duration,
) -> Result<(Answer, Duration), Lost> {
    let _ = (network, line);
    todo!(
        "17.3 fetch(network, line, {url:?}, {limit:?}): chapter 13's exchange over a stream that notes when the first byte came"
    )
}

/// All five stages, with a new connection, which is closed at the end. A page is a page, whatever its status is: a 404 has
/// come all the way.
///
/// Each stage begins when the one before it has ended, so that the timeline has no holes. A stage that is not needed has no
/// span, and the next one begins in its place: an address needs no stage 1, and `http` no stage 3.
///
/// # Errors
///
/// The stage that has failed, and its cause. A request to which no byte of a response came has failed in stage 4, whatever
/// the reason; one to which some came, but no response that `exchange` takes, in stage 5.
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
