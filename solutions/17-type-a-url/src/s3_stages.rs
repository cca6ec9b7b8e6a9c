//! Step 3: the five stages of a page, one after the other, each with its time.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use concurrent_server::Waits;
use connection_pool::Lost;
use http1::{Answer, Ask, exchange};

use crate::{
    Attempts, Cause, Limits, Line, Network, Next, Page, Span, Stage, StageError, Timeline, Url,
    plan,
};

/// Stage 1: the addresses of a host, at least one. An address is its own answer, and the network is not asked for it.
///
/// # Errors
///
/// `NoSuchName`, `NoAddress` or `Lookup`, as the network says.
pub fn find<N: Network>(network: &mut N, url: &Url) -> Result<Vec<IpAddr>, Cause> {
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
    let mut attempts = Attempts::new(plan(addrs), network.now(), limit);
    let mut failed = Vec::new();
    loop {
        match attempts.next(network.now()) {
            Next::Begin(addr) => network.begin(SocketAddr::new(addr, port)),
            Next::WaitUntil(until) => match network.connected(until) {
                Some((addr, Ok(line))) => {
                    network.give_up();
                    return Ok((line, addr));
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
    let secured = network.secure(line, &url.host, limit).map_err(Cause::Io)?;
    match secured.protocol {
        Some(other) if other != b"http/1.1" => Err(Cause::Protocol(other)),
        _ => Ok(secured.line),
    }
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
    line.wait_at_most(limit)
        .map_err(|cause| Lost { received: 0, cause })?;
    let mut watched = Watched {
        line,
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

/// A line that notes when the first byte came.
struct Watched<'a, N> {
    line: &'a mut Line,
    network: &'a N,
    first: Option<Duration>,
}

impl<N: Network> Read for Watched<'_, N> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.line.read(buf)?;
        if n > 0 && self.first.is_none() {
            self.first = Some(self.network.now());
        }
        Ok(n)
    }
}

impl<N: Network> Write for Watched<'_, N> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.line.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.line.flush()
    }
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
    let mut watch = Stopwatch(network.now());
    let addrs = find(network, url).map_err(at(Stage::Dns))?;
    let dns = url.address().is_none().then(|| watch.lap(network.now()));
    let mut open = open_line(network, url, &addrs, limits, &mut watch)?;
    open.dns = dns;
    let (page, _) = ask(network, &mut open, url, limits, watch)
        .map_err(|lost| failed(lost.received, lost.cause))?;
    Ok(page)
}

/// A line to a URL's host, and how long it took.
pub(crate) struct Open {
    pub line: Line,
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
    let (mut line, from) =
        connect(network, addrs, url.port, limits.connect).map_err(at(Stage::Tcp))?;
    let tcp = Some(watch.lap(network.now()));
    let mut tls = None;
    if url.https {
        line = secure(network, line, url, limits.wait).map_err(at(Stage::Tls))?;
        tls = Some(watch.lap(network.now()));
    }
    Ok(Open {
        line,
        from,
        dns: None,
        tcp,
        tls,
    })
}

/// Stages 4 and 5 on a line. Also says whether it can be used again.
pub(crate) fn ask<N: Network>(
    network: &N,
    open: &mut Open,
    url: &Url,
    limits: &Limits,
    mut watch: Stopwatch,
) -> Result<(Page, bool), Lost> {
    let (answer, first) = fetch(network, &mut open.line, url, limits.wait)?;
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
