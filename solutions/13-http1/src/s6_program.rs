//! Step 6: the program. A server of files, and a client that fetches.

use std::collections::HashMap;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use concurrent_server::{Client as Guest, Clock, Handler, Mode, Server, StopSignals, SystemClock};
use connection_pool::{Config, Limits as Ages, Pool, TcpManager};
use tcp_echo::listen_on;

use crate::{App, Client, Limits, Request, Response, serve_connection};

/// The port of the server when `-p` is not given. (Port 80 is not for everybody to take.)
pub const DEFAULT_PORT: u16 = 8080;

/// What a client of the server may ask, unless `--idle` or `--request` says otherwise.
pub const LIMITS: Limits = Limits {
    idle: Duration::from_secs(10),
    request: Duration::from_secs(30),
    reply: Duration::from_secs(30),
    linger: Duration::from_secs(2),
    max_body: 1 << 20,
};

/// How many clients the server talks with at a time, each on a thread of its own.
pub const MAX_CLIENTS: usize = 64;

/// How long `get` waits for a connect, a read or a write.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long clients may go on after Ctrl-C, unless `--grace` says otherwise.
pub const GRACE: Duration = Duration::from_secs(5);

/// How many connections the kernel may keep for `accept`.
const BACKLOG: i32 = 128;

/// What `--help` prints on standard output, and wrong arguments on standard error.
pub const USAGE: &str = "\
usage: ch13 serve DIR HOST [-p PORT] [--idle MS] [--request MS] [--grace MS]
       ch13 get URL...

  serve DIR HOST  listen on HOST; answer GET and HEAD with the files of DIR
  -p PORT         TCP port, default 8080; 0 means: choose one
  --idle MS       how long to wait for a request, default 10000 (10 s)
  --request MS    how long a request may take to come, default 30000
  --grace MS      how long clients may go on after Ctrl-C, default 5000
  get URL...      print what is there: http://HOST[:PORT][/PATH]
  -h, --help      print this

Ctrl-C ends the server. exit codes: 0 done, 1 failed, 2 wrong arguments";

/// What the arguments ask for.
#[derive(Debug)]
pub enum Command {
    Serve(Serve),
    /// One URL at least.
    Get(Vec<Url>),
    Help,
}

/// A server to start.
#[derive(Debug)]
pub struct Serve {
    pub dir: String,
    pub host: String,
    pub port: u16,
    /// [`LIMITS`], but for what the arguments say.
    pub limits: Limits,
    /// How long clients may go on after Ctrl-C.
    pub grace: Duration,
}

/// What `get` fetches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// A name or an address. An IPv6 address has no brackets here.
    pub host: String,
    pub port: u16,
    /// Path and query. Begins with `/`.
    pub path: String,
}

/// Reads `http://HOST[:PORT][/PATH]`.
///
/// The scheme is in any case. HOST is a name (letters, digits, `-`, `.`, `_`), an IPv4 address, or an
/// IPv6 address in brackets. PORT is digits, at most 65535; where it is missing or empty, 80. Without
/// PATH it is `/`; a query may stand in its place, and gets a `/` before it. From the first `#` on, nothing
/// is sent to a server. The rest of the path is taken as it is, visible ASCII only.
///
/// # Errors
///
/// One line without control characters that says what is wrong, for a person. Above all another scheme, a
/// user before `@`, an empty host.
pub fn parse_url(text: &str) -> Result<Url, String> {
    let wrong = |what: &str| Err(format!("{text:?}: {what}"));
    let rest = match text.split_at_checked(7) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http://") => rest,
        _ => return wrong("a URL begins with http://"),
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (host, port) = match authority.strip_prefix('[') {
        Some(inside) => match inside.split_once(']') {
            Some((host, port)) if host.parse::<std::net::Ipv6Addr>().is_ok() => (host, port),
            _ => return wrong("in brackets stands an IPv6 address"),
        },
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    if host.is_empty() || !host.bytes().all(is_name) {
        return wrong("there is no host that can be asked");
    }
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => 80,
        Some("") => 80,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => match digits.parse() {
            Ok(port) => port,
            Err(_) => return wrong("a port is at most 65535"),
        },
        _ => return wrong("behind the host stands a port, a path or nothing"),
    };
    if !path.bytes().all(|b| b.is_ascii_graphic()) {
        return wrong("a path is visible ASCII; write the rest as %XX");
    }
    let path = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/{path}"),
    };
    Ok(Url {
        host: host.to_owned(),
        port,
        path,
    })
}

/// Reads the arguments, without the program's name.
///
/// `-h` or `--help` anywhere asks for help, whatever else is there, also where a value should be. The
/// options may stand anywhere behind or before the rest, in any order, each with its value behind it; the
/// last of one counts. They belong to `serve`; with `get` they are an error. PORT is a number from 0 to
/// 65535, MS a number of milliseconds, as `str::parse` reads them (`+80` is 80). No limit is 0; the grace
/// may be. Anything else that begins with `-` is an error. What is left must be `serve`, a folder and a
/// host, or `get` and one URL or more.
///
/// # Errors
///
/// One line without control characters that says what is wrong, for a person, whatever is in the arguments.
pub fn parse_args(args: &[String]) -> Result<Command, String> {
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        return Ok(Command::Help);
    }
    let (mut port, mut limits, mut grace) = (DEFAULT_PORT, LIMITS, GRACE);
    let mut rest = Vec::new();
    let mut option = None;
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        if !arg.starts_with('-') {
            rest.push(arg);
            continue;
        }
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg {
            "-p" => port = number(value()?, "a port, 0 to 65535")?,
            "--idle" => limits.idle = limit(value()?)?,
            "--request" => limits.request = limit(value()?)?,
            "--grace" => grace = milliseconds(value()?)?,
            _ => return Err(format!("unknown option {arg:?}")),
        }
        option = Some(arg);
    }
    match (&rest[..], option) {
        (["serve", dir, host], _) => Ok(Command::Serve(Serve {
            dir: (*dir).to_owned(),
            host: (*host).to_owned(),
            port,
            limits,
            grace,
        })),
        (["get", _, ..], Some(option)) => Err(format!("{option} is for serve")),
        (["get", urls @ ..], None) if !urls.is_empty() => {
            let urls: Result<_, _> = urls.iter().map(|url| parse_url(url)).collect();
            urls.map(Command::Get)
        }
        _ => Err("\"serve\", a folder and a host are needed, or \"get\" and a URL".to_owned()),
    }
}

fn limit(text: &str) -> Result<Duration, String> {
    match milliseconds(text)? {
        Duration::ZERO => Err("a limit of 0 would leave nobody any time".to_owned()),
        limit => Ok(limit),
    }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    number(text, "a number of milliseconds").map(Duration::from_millis)
}

fn number<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not {what}"))
}

/// An application that answers with the files of a folder.
#[derive(Clone, Debug)]
pub struct Files {
    pub dir: PathBuf,
}

/// Answers `GET` and `HEAD` with the file that the path names (`RequestHead::path`),
/// 200 and all of its bytes; for a folder, with the `index.html` in it.
///
/// The path is taken without its query, and `%XX` in it is a byte (RFC 3986 §2.1). No file outside of the
/// folder is ever given out, however the path is written, and wherever links lead. (A path that leaves the
/// folder and comes back may be a file of the folder, or 404.)
///
/// `Content-Type` comes from the ending of the file's name, in any case: `html` and `htm` (`text/html;
/// charset=utf-8`), `txt` (`text/plain; charset=utf-8`), `css` (`text/css`), `js` (`text/javascript`),
/// `json` (`application/json`), `png` (`image/png`), `jpg` (`image/jpeg`), `svg` (`image/svg+xml`); else
/// it is `application/octet-stream`.
///
/// | status | when |
/// |---|---|
/// | 405 | another method, with `Allow: GET, HEAD` |
/// | 400 | a `%` without two hexadecimal digits behind it; a byte 0; what is no UTF-8 when decoded |
/// | 404 | there is no such file in the folder, or it cannot be read, or it is no regular file (to open a pipe waits for somebody) |
impl App for Files {
    fn respond(&self, request: &Request) -> Response {
        if !matches!(&request.head.method[..], "GET" | "HEAD") {
            let mut response = Response::text(405, "only GET and HEAD");
            response.fields.push("Allow", "GET, HEAD");
            return response;
        }
        let Some(path) = decoded(&request.head.path()) else {
            return Response::text(400, "the path cannot be read");
        };
        let Some((file, body)) = self.find(&path) else {
            return Response::text(404, "there is no such file");
        };
        let mut response = Response::new(200, body);
        response.fields.push("Content-Type", content_type(&file));
        response
    }
}

impl Files {
    fn find(&self, path: &str) -> Option<(PathBuf, Vec<u8>)> {
        // Only what has no links and no dots left can be compared.
        let dir = self.dir.canonicalize().ok()?;
        let mut file = dir.join(path.trim_start_matches('/')).canonicalize().ok()?;
        if file.is_dir() {
            file = file.join("index.html").canonicalize().ok()?;
        }
        if !file.starts_with(&dir) || !file.is_file() {
            return None;
        }
        let body = fs::read(&file).ok()?;
        Some((file, body))
    }
}

/// The path without its query, and with its bytes as they are meant.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = path.split('?').next()?.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex_digit(bytes.next()?)? << 4 | hex_digit(bytes.next()?)?,
            _ => byte,
        });
    }
    if decoded.contains(&0) {
        return None;
    }
    String::from_utf8(decoded).ok()
}

fn hex_digit(digit: u8) -> Option<u8> {
    let digit = char::from(digit).to_digit(16)?;
    u8::try_from(digit).ok()
}

fn content_type(file: &Path) -> &'static str {
    let ending = file.extension().unwrap_or_default().to_ascii_lowercase();
    match ending.to_str().unwrap_or_default() {
        "html" | "htm" => "text/html; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "css" => "text/css",
        "js" => "text/javascript",
        "json" => "application/json",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// Does what `args` ask for, and returns the exit code.
///
/// - **Serve**: the first line on standard output is `listening on ADDRESS:PORT`, the address it really has.
///   It is printed when clients can connect and the signals are caught. Then it serves [`Files`] with
///   `serve_connection`, each client on a thread of its own, [`MAX_CLIENTS`] at a time, until Ctrl-C
///   (SIGINT) or SIGTERM. Clients then have the grace to end, and are cut off. A second signal ends the
///   program at once, with exit code 1. A HOST may be a name with several addresses: the first one that
///   works is taken. A folder that is none is a failure, before anything is printed.
/// - **Get**: fetches the URLs one after the other, and writes what comes to standard output, without
///   anything between. URLs of one host and port share connections. Of several addresses of a host, the
///   first one that takes a connection is used. `Host` has the port where it is not 80, and brackets
///   around an IPv6 address. A status other than 2xx is a failure: standard error says
///   status and URL, standard output gets nothing of it, and the next URL is fetched all the same. So
///   it is with a server that cannot be reached. Redirects are not followed.
/// - **Help**: `USAGE` on standard output.
///
/// Exit codes: 0, done; 1, it failed, of several URLs one at least; 2, wrong arguments. What cannot be
/// written to standard output has failed: the bytes of a URL, the address of a server, help. Standard error
/// says what is wrong; behind wrong arguments it has `USAGE`.
pub fn run(args: &[String]) -> u8 {
    let done = match parse_args(args) {
        Ok(Command::Help) => print(format!("{USAGE}\n").as_bytes()),
        Ok(Command::Serve(what)) => serve(&what),
        Ok(Command::Get(urls)) => return get(&urls),
        Err(wrong) => {
            eprintln!("{wrong}\n\n{USAGE}");
            return 2;
        }
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

/// Speaks HTTP with each client.
struct Http {
    files: Files,
    limits: Limits,
    clock: SystemClock,
}

impl Handler for Http {
    fn serve(&self, client: &Guest) -> io::Result<()> {
        let clock: &dyn Clock = &self.clock;
        // A response is one write: there is nothing that Nagle's algorithm could wait for.
        client.stream().set_nodelay(true)?;
        serve_connection(client.stream(), &self.files, &self.limits, clock).map(|_| ())
    }
}

fn serve(what: &Serve) -> io::Result<()> {
    let dir = PathBuf::from(&what.dir);
    if !dir.is_dir() {
        let text = format!("{:?} is no folder", what.dir);
        return Err(io::Error::new(ErrorKind::NotFound, text));
    }
    // Before the address is printed: whoever reads it may send a signal at once.
    let mut signals = StopSignals::catch()?;
    let (stop, stopped) = channel();
    thread::Builder::new().spawn(move || {
        signals.wait();
        let _ = stop.send(());
        signals.wait();
        process::exit(1);
    })?;
    let handler = Arc::new(Http {
        files: Files { dir },
        limits: what.limits,
        clock: SystemClock::new(),
    });
    let mode = Mode::Threads { max: MAX_CLIENTS };
    let server = Server::start(listen(&what.host, what.port)?, handler, mode)?;
    print(format!("listening on {}\n", server.addr()).as_bytes())?;

    // The sender lives until there is a signal.
    let _ = stopped.recv();
    server.shutdown(what.grace).map(|_| ())
}

/// Listens on the first of `host`'s addresses that works, or gives the last one's error.
fn listen(host: &str, port: u16) -> io::Result<TcpListener> {
    first(host, port, |addr| listen_on(addr, BACKLOG))
}

/// What works with the first of `host`'s addresses with which it works, or the last one's error.
fn first<T>(host: &str, port: u16, works: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let mut last = io::Error::new(ErrorKind::NotFound, format!("{host} has no address"));
    let addrs = (host, port)
        .to_socket_addrs()
        .map_err(|e| io::Error::new(e.kind(), format!("{host}: {e}")))?;
    for addr in addrs {
        match works(addr) {
            Ok(done) => return Ok(done),
            Err(error) => last = io::Error::new(error.kind(), format!("{addr}: {error}")),
        }
    }
    Err(last)
}

fn get(urls: &[Url]) -> u8 {
    let mut clients = HashMap::new();
    let mut code = 0;
    for url in urls {
        let client = clients
            .entry((&url.host, url.port))
            .or_insert_with(|| client(url));
        let body = match client {
            Ok(client) => fetch(client, url),
            Err(error) => Err(error.to_string()),
        };
        let printed = body.and_then(|body| print(&body).map_err(|error| error.to_string()));
        if let Err(trouble) = printed {
            eprintln!("{}: {trouble}", shown(url));
            code = 1;
        }
    }
    code
}

fn fetch(client: &Client<TcpManager>, url: &Url) -> Result<Vec<u8>, String> {
    let answer = client.get(&url.path).map_err(|error| error.to_string())?;
    match answer.head.status {
        200..=299 => Ok(answer.body),
        status => Err(format!("status {status}")),
    }
}

/// A client of the URL's server, at the first of its addresses that takes a connection.
fn client(url: &Url) -> io::Result<Client<TcpManager>> {
    first(&url.host, url.port, |addr| {
        let config = Config {
            max: 1,
            wait: PATIENCE,
            limits: Ages {
                max_idle: Some(PATIENCE),
                max_age: None,
            },
        };
        let pool = Pool::new(TcpManager::new(addr, PATIENCE), config);
        pool.prewarm(1)?;
        Ok(Client::new(pool, &host_field(url)))
    })
}

/// What `Host` says.
fn host_field(url: &Url) -> String {
    let host = match url.host.contains(':') {
        true => format!("[{}]", url.host),
        false => url.host.clone(),
    };
    match url.port {
        80 => host,
        port => format!("{host}:{port}"),
    }
}

fn shown(url: &Url) -> String {
    format!("http://{}{}", host_field(url), url.path)
}

/// On standard output, and out when this returns, also when it goes into a pipe. `print!` would panic
/// when nobody reads there any more.
fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
