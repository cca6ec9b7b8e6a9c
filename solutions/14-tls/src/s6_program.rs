//! Step 6: the program. A server of files over TLS, a client that knows whom it talks to, and a look at hellos.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use concurrent_server::{Client as Connected, Handler, Mode, Server, StopSignals, SystemClock};
use connection_pool::{CallError, Config, Limits as Ages, Pool, PoolError};
use http1::{Client, Files, Limits};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::time_provider::DefaultTimeProvider;
use rustls::{AlertDescription, RootCertStore};
use tcp_echo::listen_on;

use crate::s5_https::Pending;
use crate::{
    ClientHello, Doubt, Identity, Refusal, Site, StreamClock, TlsManager, client_config, doubt,
    serve_https, server_config, server_name,
};

/// The port when `-p` is not given. (Port 443 is not for everybody to take.)
pub const DEFAULT_PORT: u16 = 8443;

/// What a client of the server may ask.
pub const LIMITS: Limits = Limits {
    idle: Duration::from_secs(10),
    request: Duration::from_secs(10),
    reply: Duration::from_secs(30),
    linger: Duration::from_secs(2),
    max_body: 1 << 20,
};

/// How many clients the server talks with at a time, each on a thread of its own.
pub const MAX_CLIENTS: usize = 64;

/// How long `get` waits for a connect, a handshake, a read or a write.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long clients may go on after Ctrl-C.
const GRACE: Duration = Duration::from_millis(300);

/// How many connections the kernel may keep for `accept`.
const BACKLOG: i32 = 128;

/// All options. Each has a value.
const OPTIONS: [&str; 5] = ["-p", "--cert", "--key", "--ca", "--to"];

/// What `--help` prints on standard output, and wrong arguments on standard error.
pub const USAGE: &str = "\
usage: ch14 serve DIR HOST --cert FILE --key FILE [-p PORT]
       ch14 get HOST PATH... --ca FILE [-p PORT] [--to ADDR]
       ch14 hello HOST [-p PORT]

  serve DIR HOST  listen on HOST; answer GET and HEAD with the files of DIR
  get HOST PATH   print what is there: https://HOST:PORT/PATH
  hello HOST      listen on HOST; print what each client says in the clear
  --cert FILE     PEM: the server's certificate, then those of its issuers
  --key FILE      PEM: its private key
  --ca FILE       PEM: the certificates of those who are believed
  --to ADDR       connect to this IP address, whatever HOST resolves to
  -p PORT         TCP port, default 8443; where it is listened on, 0 means: choose one
  -h, --help      print this

Ctrl-C ends a server. exit codes: 0 done, 1 failed, 2 wrong arguments";

/// What the arguments ask for.
#[derive(Debug)]
pub enum Command {
    Serve(Serve),
    Get(Get),
    Hello { host: String, port: u16 },
    Help,
}

/// A server to start.
#[derive(Debug)]
pub struct Serve {
    pub dir: String,
    pub host: String,
    pub port: u16,
    pub cert: String,
    pub key: String,
}

/// What to fetch, and from whom.
#[derive(Debug)]
pub struct Get {
    pub host: String,
    pub port: u16,
    /// One at least. Each begins with `/`.
    pub paths: Vec<String>,
    pub ca: String,
    /// Where to connect to, instead of what `host` resolves to.
    pub to: Option<SocketAddr>,
}

/// Reads the arguments, without the program's name.
///
/// `-h` or `--help` anywhere asks for help, whatever else is there. The options may stand anywhere, in any
/// order, each with its value behind it; the last of one counts. One that does not belong to the command is
/// an error, and so is one that it needs and that is missing. PORT is a number from 0 to 65535, for `get` from
/// 1; ADDR is an IPv4 or IPv6 address (without a port: that is PORT). Anything else that begins with `-` is an error. What
/// is left must be a command and what belongs to it, as [`USAGE`] says; a PATH begins with `/`.
///
/// # Errors
///
/// One line that says what is wrong, for a person, whatever is in the arguments: a line break in one of them is shown as text.
pub fn parse_args(args: &[String]) -> Result<Command, String> {
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        return Ok(Command::Help);
    }
    let mut options = HashMap::new();
    let mut rest = Vec::new();
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        if !arg.starts_with('-') {
            rest.push(arg);
        } else if OPTIONS.contains(&arg) {
            options.insert(arg, args.next().ok_or(format!("{arg} needs a value"))?);
        } else {
            return Err(format!("unknown option {arg:?}"));
        }
    }
    let port = match options.remove("-p") {
        Some(port) => number(port)?,
        None => DEFAULT_PORT,
    };
    let mut needed = |option: &str, command: &str| {
        let value = options.remove(option).map(str::to_owned);
        value.ok_or(format!("{command} needs {option}"))
    };
    let command = match &rest[..] {
        ["serve", dir, host] => Command::Serve(Serve {
            dir: (*dir).to_owned(),
            host: (*host).to_owned(),
            port,
            cert: needed("--cert", "serve")?,
            key: needed("--key", "serve")?,
        }),
        ["get", _, _, ..] if port == 0 => return Err("nobody is on port 0".to_owned()),
        ["get", host, paths @ ..] if !paths.is_empty() => {
            if let Some(path) = paths.iter().find(|path| !path.starts_with('/')) {
                return Err(format!("{path:?}: a path begins with /"));
            }
            Command::Get(Get {
                host: (*host).to_owned(),
                port,
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
                ca: needed("--ca", "get")?,
                to: match options.remove("--to") {
                    Some(to) => Some(SocketAddr::new(address(to)?, port)),
                    None => None,
                },
            })
        }
        ["hello", host] => Command::Hello {
            host: (*host).to_owned(),
            port,
        },
        _ => {
            let text = "\"serve\", a folder and a host are needed, or \"get\", a host and a path, or \"hello\" and a host";
            return Err(text.to_owned());
        }
    };
    match options.keys().next() {
        Some(option) => Err(format!("{option} is not for {}", rest[0])),
        None => Ok(command),
    }
}

fn number(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a port, 0 to 65535"))
}

fn address(text: &str) -> Result<IpAddr, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not an IP address"))
}

/// Does what `args` ask for, and returns the exit code.
///
/// - **Serve**: the first line on standard output is `listening on ADDRESS:PORT`, the address it really has. It
///   is printed when clients can connect and the signals are caught. Then it serves chapter 13's `Files` with
///   `serve_https`, each client on a thread of its own, [`MAX_CLIENTS`] at a time, until Ctrl-C (SIGINT) or
///   SIGTERM. Clients then have 300 ms to end, and are cut off. It has one site, which every client gets,
///   whatever name it asks for. By ALPN it speaks `http/1.1` and nothing else: a client that offers only others, such
///   as `h2` or `http/1.0`, is refused in the handshake. Files that cannot be read or do not belong together, and a folder that is none, are
///   failures before anything is printed. Standard error has the name of a file that cannot be read or has nothing
///   of its kind in it, and of the folder.
/// - **Get**: fetches the paths one after the other over one connection, as long as the server keeps it, and writes
///   what comes to standard output, without anything between. `Host` is HOST, with brackets around an IPv6 address,
///   and `:PORT` where that is not 443. The certificate must have the name HOST, with `--to` as well. By
///   ALPN it offers `http/1.1` and nothing else. All certificates of the file of `--ca` are believed; one that cannot
///   be read, or has none, is a failure, with the name of the file on standard error. A
///   status other than 2xx is a failure, and the next path is fetched all the same; standard error says path and
///   status. A response that was cut off is a failure, and nothing of it is printed.
/// - **Hello**: the first line is `listening on ADDRESS:PORT`. Then it reads one hello of each client, prints one line
///   as below, and refuses with the alert `HandshakeFailure` (40), until Ctrl-C or SIGTERM. Who sends something
///   else gets what `accept` gives it, and one line says `refused: ` and why.
/// - **Help**: `USAGE` on standard output.
///
/// A line of **Hello** is `name=NAME alpn=A,B versions=V,W suites=N`: the name or `-`; the protocols or `-`, with
/// bytes that are not visible ASCII as `\xNN`; the versions as four hexadecimal digits each, such as
/// `0304,0303`; how many cipher suites there are. (RFC 8701: what looks like `0a0a` is GREASE, there to see
/// whether you pass it over.)
///
/// Where a certificate is not believed, standard error says why in the words of this table:
///
/// | `Doubt` | words |
/// |---|---|
/// | `Expired` | `has expired` |
/// | `NotYetValid` | `is not valid yet` |
/// | `WrongName` | `is for another name` |
/// | `UnknownIssuer` | `has an unknown issuer` |
/// | `WrongUsage` | `is not for a server` |
/// | `Other` | `cannot be believed` |
///
/// Exit codes: 0, done; 1, it failed, of several paths one at least; 2, wrong arguments. Standard error says
/// what is wrong; behind wrong arguments it has `USAGE`.
pub fn run(args: &[String]) -> u8 {
    let done = match parse_args(args) {
        Ok(Command::Help) => print(format!("{USAGE}\n").as_bytes()),
        Ok(Command::Serve(what)) => serve(&what),
        Ok(Command::Hello { host, port }) => listens(&host, port, Arc::new(Hellos::new())),
        Ok(Command::Get(what)) => return get(&what),
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

/// Speaks HTTPS with each client.
struct Https {
    sites: Vec<Site>,
    files: Files,
    clock: StreamClock,
}

impl Handler for Https {
    fn serve(&self, client: &Connected) -> io::Result<()> {
        client.stream().set_nodelay(true)?;
        let clock = self.clock.clone();
        serve_https(client.stream(), &self.sites, &self.files, &LIMITS, clock).map(|_| ())
    }
}

/// Listens to what each client says in the clear.
struct Hellos {
    clock: StreamClock,
}

impl Hellos {
    fn new() -> Hellos {
        Hellos {
            clock: Arc::new(SystemClock::new()),
        }
    }
}

impl Handler for Hellos {
    fn serve(&self, client: &Connected) -> io::Result<()> {
        let mut pending = Pending {
            transport: client.stream(),
            limits: &LIMITS,
            deadline: self.clock.now().saturating_add(LIMITS.request),
            clock: self.clock.clone(),
        };
        match pending.hello() {
            Ok((hello, _)) => {
                print(format!("{}\n", shown(&hello)).as_bytes())?;
                let alert = AlertDescription::HandshakeFailure;
                pending.refuses(Refusal::new(alert, "a look at the hello was all"));
                Ok(())
            }
            // Who says nothing, and whose connection breaks, has not been refused.
            Err(error) if error.kind() != ErrorKind::InvalidData => Err(error),
            Err(error) => print(format!("refused: {error}\n").as_bytes()),
        }
    }
}

/// A hello in a line.
fn shown(hello: &ClientHello) -> String {
    let or_none = |list: Vec<String>| match list.is_empty() {
        true => "-".to_owned(),
        false => list.join(","),
    };
    let name = hello.server_name.as_deref().unwrap_or("-");
    let alpn = or_none(
        hello
            .alpn
            .iter()
            .map(|protocol| visible(protocol))
            .collect(),
    );
    let versions = hello
        .versions
        .iter()
        .map(|version| format!("{version:04x}"));
    let versions = or_none(versions.collect());
    let suites = hello.cipher_suites.len();
    format!("name={name} alpn={alpn} versions={versions} suites={suites}")
}

fn visible(bytes: &[u8]) -> String {
    let each = bytes.iter().map(|&byte| match byte.is_ascii_graphic() {
        true => char::from(byte).to_string(),
        false => format!("\\x{byte:02x}"),
    });
    each.collect()
}

fn serve(what: &Serve) -> io::Result<()> {
    let dir = PathBuf::from(&what.dir);
    if !dir.is_dir() {
        let text = format!("{:?} is no folder", what.dir);
        return Err(io::Error::new(ErrorKind::NotFound, text));
    }
    let key = PrivateKeyDer::from_pem_file(&what.key).map_err(|error| of(&what.key, error))?;
    let identity = Identity {
        chain: certificates(&what.cert)?,
        key,
    };
    let config = server_config(identity, &[b"http/1.1"]).map_err(|error| of(&what.cert, error))?;
    let https = Https {
        sites: vec![Site {
            names: Vec::new(),
            config,
        }],
        files: Files { dir },
        clock: Arc::new(SystemClock::new()),
    };
    listens(&what.host, what.port, Arc::new(https))
}

/// Serves until there is a signal.
fn listens(host: &str, port: u16, handler: Arc<dyn Handler>) -> io::Result<()> {
    // Before the address is printed: whoever reads it may send a signal at once.
    let mut signals = StopSignals::catch()?;
    let (stop, stopped) = channel();
    thread::Builder::new().spawn(move || {
        signals.wait();
        let _ = stop.send(());
        signals.wait();
        process::exit(1);
    })?;
    let listener = first(host, port, |addr| listen_on(addr, BACKLOG))?;
    let mode = Mode::Threads { max: MAX_CLIENTS };
    let server = Server::start(listener, handler, mode)?;
    print(format!("listening on {}\n", server.addr()).as_bytes())?;

    // The sender lives until there is a signal.
    let _ = stopped.recv();
    server.shutdown(GRACE).map(|_| ())
}

/// The certificates of a file, one at least.
fn certificates(file: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).and_then(|each| each.collect());
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(of(file, "there is no certificate in it"))
        }
        done => done.map_err(|error| of(file, error)),
    }
}

/// An error that is about a file.
fn of(file: &str, error: impl std::fmt::Display) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("{file}: {error}"))
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
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn get(what: &Get) -> u8 {
    let client = match client(what) {
        Ok(client) => client,
        Err(error) => {
            eprintln!("{}: {}", what.host, explained(&error));
            return 1;
        }
    };
    let mut code = 0;
    for path in &what.paths {
        let body = match client.get(path) {
            Ok(answer) if matches!(answer.head.status, 200..=299) => Ok(answer.body),
            Ok(answer) => Err(format!("status {}", answer.head.status)),
            Err(CallError::Pool(PoolError::Connect(error))) => Err(explained(&error)),
            Err(error) => Err(error.to_string()),
        };
        let printed = body.and_then(|body| print(&body).map_err(|error| error.to_string()));
        if let Err(trouble) = printed {
            eprintln!("{path}: {trouble}");
            code = 1;
        }
    }
    code
}

/// A client of the host, at the first of its addresses with which a handshake succeeds.
fn client(what: &Get) -> io::Result<Client<TlsManager>> {
    let name =
        server_name(&what.host).map_err(|text| io::Error::new(ErrorKind::InvalidInput, text))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&what.ca)? {
        roots
            .add(certificate)
            .map_err(|error| of(&what.ca, error))?;
    }
    let time = Arc::new(DefaultTimeProvider);
    let config = client_config(roots, &[b"http/1.1"], time).map_err(|error| of(&what.ca, error))?;
    let connects = |addr| {
        let manager = TlsManager {
            addr,
            name: name.clone(),
            config: config.clone(),
            patience: PATIENCE,
        };
        let limits = Ages {
            max_idle: Some(PATIENCE),
            max_age: None,
        };
        let pool = Pool::new(
            manager,
            Config {
                max: 1,
                wait: PATIENCE,
                limits,
            },
        );
        pool.prewarm(1)?;
        Ok(Client::new(pool, &host_field(&name, what.port)))
    };
    match what.to {
        Some(addr) => connects(addr),
        None => first(&name.to_str(), what.port, connects),
    }
}

/// What `Host` says.
fn host_field(name: &ServerName<'_>, port: u16) -> String {
    let host = match name {
        ServerName::IpAddress(rustls::pki_types::IpAddr::V6(_)) => format!("[{}]", name.to_str()),
        _ => name.to_str().into_owned(),
    };
    match port {
        443 => host,
        port => format!("{host}:{port}"),
    }
}

/// An error for people.
fn explained(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let Some(doubt) = inner.and_then(doubt) else {
        return error.to_string();
    };
    let words = match doubt {
        Doubt::Expired => "has expired",
        Doubt::NotYetValid => "is not valid yet",
        Doubt::WrongName => "is for another name",
        Doubt::UnknownIssuer => "has an unknown issuer",
        Doubt::WrongUsage => "is not for a server",
        Doubt::Other => "cannot be believed",
    };
    format!("the server's certificate {words} ({error})")
}

/// On standard output, and out when this returns, also when it goes into a pipe. `print!` would panic
/// when nobody reads there any more.
fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
