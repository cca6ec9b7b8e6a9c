//! Step 6: the program.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tls::StreamClock;
use udp_dns_lookup::Patience;

use crate::{Limits, Line, Page, Secured, Url};

/// What we offer by ALPN (RFC 7301 §6).
pub const PROTOCOLS: [&[u8]; 1] = [b"http/1.1"];

/// How long the program waits for connections and bytes.
pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    wait: Duration::from_secs(10),
};

/// How long, and how often, it asks for a name.
pub const PATIENCE: Patience = Patience {
    timeout: Duration::from_secs(2),
    attempts: 3,
};

/// How the program is used.
pub const USAGE: &str = "\
usage: browse [options] URL...

Opens each URL, follows redirects, and prints how long each stage took.

  --dns ADDR:PORT   the name server; otherwise the first one in /etc/resolv.conf
  --ca FILE         certificates (PEM) of those whom to believe; without it nobody is believed
  --out FILE        where the last page of each URL is written, one behind the other
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

/// TLS over a line that is connected, as a client that must talk to `host`: [`Network::secure`](crate::Network::secure) for every network.
///
/// It is chapter 14's `TlsStream` with rustls's `ClientConnection`. `config` says whom to believe, what to offer by ALPN, and
/// keeps the tickets of sessions: it is the same for all lines. The handshake as a whole takes `limit` at most; so does each read and
/// each write after it, as long as nobody says something else. `clock` is for that.
///
/// # Errors
///
/// `InvalidInput` when `host` is neither a name nor an address; and what `handshake` says.
pub fn tls_over(
    config: &Arc<ClientConfig>,
    line: Line,
    host: &str,
    limit: Duration,
    clock: StreamClock,
) -> io::Result<Secured> {
    let _ = (config, line, clock);
    todo!(
        "17.6 tls_over(config, line, {host:?}, {limit:?}, clock): a ClientConnection for server_name(host) in a TlsStream, and its handshake"
    )
}

/// Reads the arguments, without the program's name.
///
/// `-h` or `--help` anywhere asks for help, whatever else is there. The options may stand anywhere, in any order, each with its
/// value behind it; the last of one counts. Anything else that begins with `-` is an error. What is left are the URLs, one at
/// least, as [`Url::parse`] takes them.
///
/// # Errors
///
/// One line that says what is wrong, for a person, whatever is in the arguments. For a URL it has the argument, and the text of
/// the `UrlError`.
pub fn parse_args(args: &[String]) -> Result<Command, String> {
    todo!("17.6 parse_args({args:?}): options with their values, and URLs")
}

/// What the program prints of a page: seven lines, each with a line feed at its end. Their words are separated by blanks, one or more.
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
/// The first line has the URL, the status, the length of the body, and where it came from; behind that stands `reused` if the
/// connection was. Then come the stages in their order, by the names of step 4: when they began and when they ended, in milliseconds from
/// `start`, with three digits behind the point, cut off. A stage that was not needed has `-` instead of both. `total` is when the last
/// stage ended.
pub fn report(page: &Page, start: Duration) -> String {
    todo!(
        "17.6 report(page of {}, {start:?}): seven lines, in milliseconds from start",
        page.url.path
    )
}

/// Does what `args` ask for, and returns the exit code.
///
/// The URLs are opened one after the other, by one `Browser` on `Sockets`, with [`LIMITS`] and [`PATIENCE`]; redirects are followed.
///
/// - Standard output has the [`report`] of each page, those that send us on included, as soon as the pages of a URL are there. Time
///   begins when the first URL is opened.
/// - A status is no failure, whatever it is: the network has done its part.
/// - A URL without a page is a failure. Standard error has the URL, `: `, and the line of its `StageError`; the next URL is opened all the
///   same.
/// - `--out`: the bodies of the last pages, one behind the other. `--ladder`: [`bands`](crate::bands) of all pages. Both files are written at the
///   end, with what there is, also after a failure; one that cannot be written is a failure, and keeps nobody from writing the
///   other. So is a standard output that cannot be written, and a file of `--ca` that cannot be read or has no certificate (before
///   anything is opened, whether it is needed or not).
/// - **Help**: `USAGE` on standard output.
///
/// Exit codes: 0, done; 1, it failed, of several URLs one at least; 2, wrong arguments. Standard error says what is
/// wrong; behind wrong arguments it has `USAGE`.
pub fn run(args: &[String]) -> u8 {
    todo!(
        "17.6 run({args:?}): parse, open each URL with one Browser on Sockets, print, and say how it went"
    )
}
