//! Step 6: the program.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::time_provider::DefaultTimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tls::{StreamClock, TlsStream, client_config, server_name};
use udp_dns_lookup::{Patience, nameserver_in};

use concurrent_server::Waits;

use crate::{
    Browser, Connection, Limits, Network, Page, Secured, Sockets, Span, Stage, Url, timeline_svg,
};

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
    let name = server_name(host).map_err(|text| io::Error::new(ErrorKind::InvalidInput, text))?;
    let tls = ClientConnection::new(config.clone(), name)
        .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    let mut stream = TlsStream::new(tls, connection, clock);
    stream.wait_at_most(limit)?;
    stream.handshake()?;
    let protocol = stream.connection().alpn_protocol().map(<[u8]>::to_vec);
    Ok(Secured {
        connection: Connection::new(stream),
        protocol,
    })
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
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        return Ok(Command::Help);
    }
    let mut browse = Browse {
        urls: Vec::new(),
        dns: None,
        ca: None,
        out: None,
        ladder: None,
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().cloned().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--dns" => {
                let text = value()?;
                let addr = text.parse();
                browse.dns = Some(addr.map_err(|_| format!("{text:?} is no ADDR:PORT"))?);
            }
            "--ca" => browse.ca = Some(value()?),
            "--out" => browse.out = Some(value()?),
            "--ladder" => browse.ladder = Some(value()?),
            other if other.starts_with('-') => return Err(format!("unknown option {other:?}")),
            url => {
                let url = Url::parse(url).map_err(|error| format!("{url:?}: {error}"))?;
                browse.urls.push(url);
            }
        }
    }
    match browse.urls.is_empty() {
        true => Err("a URL is needed".to_owned()),
        false => Ok(Command::Browse(browse)),
    }
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
    let timeline = &page.timeline;
    let reused = if timeline.reused { " reused" } else { "" };
    let mut text = format!(
        "{} {} {} bytes from {}{reused}\n",
        page.url,
        page.head.status,
        page.body.len(),
        page.from
    );
    let ms = |at: Duration| {
        let micros = at.saturating_sub(start).as_micros();
        format!("{}.{:03}", micros / 1000, micros % 1000)
    };
    for (stage, span) in [
        (Stage::Dns, timeline.dns),
        (Stage::Tcp, timeline.tcp),
        (Stage::Tls, timeline.tls),
        (Stage::FirstByte, Some(timeline.first_byte)),
        (Stage::Body, Some(timeline.body)),
    ] {
        let name = stage.to_string();
        text += &match span {
            Some(Span { from, to }) => format!("{name:<10} {:>10} {:>10}\n", ms(from), ms(to)),
            None => format!("{name:<10} {:>10}\n", "-"),
        };
    }
    text + &format!("{:<10} {:>10}\n", "total", ms(timeline.body.to))
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
    let done = match parse_args(args) {
        Ok(Command::Help) => print(&format!("{USAGE}\n")).map(|()| true),
        Ok(Command::Browse(what)) => browse(&what),
        Err(wrong) => {
            eprintln!("{wrong}\n\n{USAGE}");
            return 2;
        }
    };
    match done {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

/// Whether all URLs have come to a page.
fn browse(what: &Browse) -> io::Result<bool> {
    let config = believes(what.ca.as_deref())?;
    let sockets = Sockets::new(name_server(what)?, PATIENCE, config)?;
    let mut browser = Browser::new(sockets, LIMITS);
    let start = browser.network().now();
    let (mut all, mut bodies, mut is_done) = (Vec::new(), Vec::new(), true);
    for url in &what.urls {
        match browser.open(url) {
            Ok(pages) => {
                let reports: String = pages.iter().map(|page| report(page, start)).collect();
                is_done &= has_worked(print(&reports));
                if let Some(last) = pages.last() {
                    bodies.extend_from_slice(&last.body);
                }
                all.extend(pages);
            }
            Err(error) => {
                eprintln!("{url}: {error}");
                is_done = false;
            }
        }
    }
    if let Some(file) = &what.out {
        is_done &= has_worked(fs::write(file, bodies).map_err(|error| of(file, error)));
    }
    if let Some(file) = &what.ladder {
        let picture = timeline_svg(&all, start);
        is_done &= has_worked(fs::write(file, picture).map_err(|error| of(file, error)));
    }
    Ok(is_done)
}

/// Says what went wrong, if something did. The rest of the work goes on.
fn has_worked(done: io::Result<()>) -> bool {
    if let Err(error) = &done {
        eprintln!("{error}");
    }
    done.is_ok()
}

fn believes(file: Option<&str>) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = file {
        let certificates: Result<Vec<CertificateDer>, _> =
            CertificateDer::pem_file_iter(file).and_then(|each| each.collect());
        for certificate in certificates.map_err(|error| of(file, error))? {
            roots.add(certificate).map_err(|error| of(file, error))?;
        }
        if roots.is_empty() {
            return Err(of(file, "there is no certificate in it"));
        }
    }
    client_config(roots, &PROTOCOLS, Arc::new(DefaultTimeProvider))
        .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))
}

fn name_server(what: &Browse) -> io::Result<SocketAddr> {
    const FILE: &str = "/etc/resolv.conf";
    if let Some(addr) = what.dns {
        return Ok(addr);
    }
    let text = fs::read_to_string(FILE).map_err(|error| of(FILE, error))?;
    nameserver_in(&text).ok_or_else(|| of(FILE, "there is no name server in it"))
}

/// An error that is about a file.
fn of(file: &str, error: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("{file}: {error}"))
}

/// On standard output, and out when this returns. `print!` would panic when nobody reads there any more.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
