//! Step 6: the program.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tls::StreamClock;
use udp_dns_lookup::Patience;

use crate::{Connection, Limits, Page, Secured, Url};

/// The protocols that the program offers by ALPN (RFC 7301 §6).
pub const PROTOCOLS: [&[u8]; 1] = [b"http/1.1"];

/// How long the program waits for connections and bytes.
pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    wait: Duration::from_secs(10),
};

/// How long the program waits for the reply to a DNS query, and how many queries it sends.
pub const PATIENCE: Patience = Patience {
    timeout: Duration::from_secs(2),
    attempts: 3,
};

/// How the program is used.
pub const USAGE: &str = "\
usage: browse [options] URL...

Opens each URL, follows redirects, and prints how long each stage took.

  --dns ADDR:PORT   the name server; otherwise the first one in /etc/resolv.conf
  --ca FILE         certificates (PEM) of the authorities to trust; without it none is trusted
  --out FILE        where the last page of each URL is written, one after the other
  --ladder FILE     where a picture (SVG) of all stages is written
  -h, --help        this text";

/// What the program is to do.
#[derive(Clone, Debug)]
pub enum Command {
    Browse(Browse),
    Help,
}

/// The arguments of a run.
#[derive(Clone, Debug)]
pub struct Browse {
    /// At least one.
    pub urls: Vec<Url>,
    pub dns: Option<SocketAddr>,
    pub ca: Option<String>,
    pub out: Option<String>,
    pub ladder: Option<String>,
}

/// A client's TLS over a connection, with `host` as the other side: [`Network::secure`](crate::Network::secure) for every
/// network.
///
/// It is chapter 14's `TlsStream` with rustls's `ClientConnection`. `config` has the authorities to trust and the protocols for
/// ALPN, and keeps the session tickets. It is the same for all connections. The whole handshake takes `limit` at most. Each read
/// and each write after it takes `limit` at most, until somebody sets another limit. `clock` measures these times.
///
/// # Errors
///
/// `InvalidInput` when `host` is neither a name nor an address; and the errors of `handshake`.
pub fn tls_over(
    config: &Arc<ClientConfig>,
    connection: Connection,
    host: &str,
    limit: Duration,
    clock: StreamClock,
) -> io::Result<Secured> {
    let _ = (config, connection, clock);
    todo!(
        "17.6 tls_over(config, line, {host:?}, {limit:?}, clock): a ClientConnection for server_name(host) in a TlsStream, and its handshake"
    )
}

/// Reads the arguments, without the program's name.
///
/// `-h` or `--help` anywhere asks for help, whatever else is there. The options may stand anywhere, in any order, each with its
/// value behind it. If an option is repeated, the last one counts. Any other argument that begins with `-` is an error. All other
/// arguments are URLs, at least one, as [`Url::parse`] takes them.
///
/// # Errors
///
/// One line for a person that says what is wrong, whatever is in the arguments. For a URL it has the argument, and the text of
/// the `UrlError`.
pub fn parse_args(args: &[String]) -> Result<Command, String> {
    todo!("17.6 parse_args({args:?}): options with their values, and URLs")
}

/// What the program prints for a page: seven lines, each with a line feed at its end. One or more blanks separate the words.
///
/// ```text
/// https://www.example.org/ 200 1256 bytes from 192.0.2.7:443
/// dns            0.000     12.345
/// tcp           12.345     30.001
/// tls           30.001     71.250
/// first-byte    71.250     90.016
/// body          90.016     90.120
/// total         90.120
/// ```
///
/// The first line has the URL, the status, the length of the body and the server's address, and `reused` at the end if the
/// connection was. Then come the stages in their order, by the names of step 4: when they began and when they ended, in milliseconds from
/// `start`, with three digits behind the point, truncated. A stage that was not needed has `-` instead of both. `total` is when the last
/// stage ended.
pub fn report(page: &Page, start: Duration) -> String {
    todo!(
        "17.6 report(page of {}, {start:?}): seven lines, in milliseconds from start",
        page.url.path
    )
}

/// Does what `args` ask for, and returns the exit code.
///
/// One `Browser` on `Sockets`, with [`LIMITS`] and [`PATIENCE`], opens the URLs one after the other, and follows redirects.
///
/// - Standard output has the [`report`] of each page, also of the pages that redirect, as soon as the pages of a URL are there.
///   Times count from the moment at which the first URL is opened.
/// - A status is no failure, whatever it is: the network has worked.
/// - A URL without a page is a failure. Standard error has the URL, `: `, and the line of its `StageError`. The next URL is
///   opened all the same.
/// - `--out`: the bodies of the last pages, one after the other. `--ladder`: [`timeline_svg`](crate::timeline_svg) of all pages.
///   Both files are written at the end, with what there is, also after a failure. A file that cannot be written is a failure; the
///   other one is written all the same.
/// - A standard output that cannot be written is a failure. So is a file of `--ca` that cannot be read or has no certificate:
///   then nothing is opened, even if no URL needs it.
/// - **Help**: `USAGE` on standard output.
///
/// Exit codes: 0, success; 1, a failure, of at least one URL; 2, wrong arguments. Standard error says what is wrong; for wrong
/// arguments `USAGE` follows.
pub fn run(args: &[String]) -> u8 {
    todo!(
        "17.6 run({args:?}): parse, open each URL with one Browser on Sockets, print, and say how it went"
    )
}
