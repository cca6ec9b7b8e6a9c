//! Step 3: the five stages of a page, one after the other, and the time of each.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use concurrent_server::Waits;
use connection_pool::Lost;
use http1::{Answer, Ask, exchange};

use crate::{
    Attempts, Cause, Connection, Limits, Network, Next, Page, Span, Stage, StageError, Timeline,
    Url, plan,
};

/// Stage 1: the addresses of the URL's host, at least one. If the host is an address, it is the result, and the network is
/// not asked.
///
/// # Errors
///
/// `NoSuchName`, `NoAddress` or `Lookup`, as the network says.
pub fn resolve<N: Network>(network: &mut N, url: &Url) -> Result<Vec<IpAddr>, Cause> {
    use udp_dns_lookup::Answer;
    if let Some(addr) = url.address() {
        return Ok(vec![addr]);
    }
    match network.lookup(&url.host) {
        Ok(Answer::Addresses(addrs)) => Ok(addrs),
        Ok(Answer::NoSuchName) => Err(Cause::NoSuchName),
        Ok(Answer::NoData) => Err(Cause::NoAddress),
        Err(error) => Err(Cause::Lookup(error)),
    }
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
    let mut attempts = Attempts::new(plan(addrs), network.now(), limit);
    let mut failed = Vec::new();
    loop {
        match attempts.next(network.now()) {
            Next::Begin(addr) => network.begin(SocketAddr::new(addr, port)),
            Next::WaitUntil(until) => match network.connected(until) {
                Some((addr, Ok(connection))) => {
                    network.give_up();
                    return Ok((connection, addr));
                }
                Some((addr, Err(error))) => {
                    attempts.failed(addr.ip());
                    failed.push((addr.ip(), error));
                }
                None => {}
            },
            Next::Over => {
                network.give_up();
                let silent = attempts.running().to_vec();
                return Err(Cause::Unreachable { failed, silent });
            }
        }
    }
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
    let secured = network
        .secure(connection, &url.host, limit)
        .map_err(Cause::Io)?;
    match secured.protocol {
        Some(other) if other != b"http/1.1" => Err(Cause::Protocol(other)),
        _ => Ok(secured.connection),
    }
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
    connection
        .wait_at_most(limit)
        .map_err(|cause| Lost { received: 0, cause })?;
    let mut watched = Watched {
        connection,
        network,
        first: None,
    };
    let ask = Ask {
        method: "GET",
        host: &url.host_field(),
        path: &url.path,
        body: b"",
    };
    let answer = exchange(&mut watched, &ask)?;
    let first = watched.first.unwrap_or_else(|| network.now());
    Ok((answer, first))
}

/// A connection that notes when the first byte came.
struct Watched<'a, N> {
    connection: &'a mut Connection,
    network: &'a N,
    first: Option<Duration>,
}

impl<N: Network> Read for Watched<'_, N> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.connection.read(buf)?;
        if n > 0 && self.first.is_none() {
            self.first = Some(self.network.now());
        }
        Ok(n)
    }
}

impl<N: Network> Write for Watched<'_, N> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.connection.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.connection.flush()
    }
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
    let mut watch = Stopwatch(network.now());
    let addrs = resolve(network, url).map_err(at(Stage::Dns))?;
    let dns = url.address().is_none().then(|| watch.lap(network.now()));
    let mut open = open_line(network, url, &addrs, limits, &mut watch)?;
    open.dns = dns;
    let (page, _) = ask(network, &mut open, url, limits, watch)
        .map_err(|lost| failed(lost.received, lost.cause))?;
    Ok(page)
}

/// A connection to a URL's host, and how long it took.
pub(crate) struct Open {
    pub connection: Connection,
    pub from: SocketAddr,
    pub dns: Option<Span>,
    pub tcp: Option<Span>,
    pub tls: Option<Span>,
}

/// Stages 2 and 3.
pub(crate) fn open_line<N: Network>(
    network: &mut N,
    url: &Url,
    addrs: &[IpAddr],
    limits: &Limits,
    watch: &mut Stopwatch,
) -> Result<Open, StageError> {
    let (mut connection, from) =
        connect(network, addrs, url.port, limits.connect).map_err(at(Stage::Tcp))?;
    let tcp = Some(watch.lap(network.now()));
    let mut tls = None;
    if url.https {
        connection = secure(network, connection, url, limits.wait).map_err(at(Stage::Tls))?;
        tls = Some(watch.lap(network.now()));
    }
    Ok(Open {
        connection,
        from,
        dns: None,
        tcp,
        tls,
    })
}

/// Stages 4 and 5 on a connection. Also says whether it can be used again.
pub(crate) fn ask<N: Network>(
    network: &N,
    open: &mut Open,
    url: &Url,
    limits: &Limits,
    mut watch: Stopwatch,
) -> Result<(Page, bool), Lost> {
    let (answer, first) = fetch(network, &mut open.connection, url, limits.wait)?;
    let timeline = Timeline {
        dns: open.dns,
        tcp: open.tcp,
        tls: open.tls,
        first_byte: watch.lap(first),
        body: watch.lap(network.now()),
        reused: open.tcp.is_none(),
    };
    let page = Page {
        url: url.clone(),
        from: open.from,
        head: answer.head,
        body: answer.body,
        timeline,
    };
    Ok((page, answer.reusable))
}

/// The stage in which a response was lost.
pub(crate) fn failed(received: usize, cause: io::Error) -> StageError {
    let stage = match received {
        0 => Stage::FirstByte,
        _ => Stage::Body,
    };
    at(stage)(Cause::Io(cause))
}

pub(crate) fn at(stage: Stage) -> impl FnOnce(Cause) -> StageError {
    move |cause| StageError { stage, cause }
}

/// When the last stage has ended.
pub(crate) struct Stopwatch(pub Duration);

impl Stopwatch {
    /// A stage ends now, and the next one begins.
    pub fn lap(&mut self, now: Duration) -> Span {
        let from = std::mem::replace(&mut self.0, now);
        Span { from, to: now }
    }
}
