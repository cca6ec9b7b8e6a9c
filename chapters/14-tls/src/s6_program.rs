//! Step 6: the program. A server of files over TLS, a client that knows whom it talks to, and a look at hellos.

use std::net::SocketAddr;
use std::time::Duration;

use http1::Limits;

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
    todo!(
        "14.6 parse_args({args:?}): find --help and the options, wherever they stand; then the command and what belongs to it"
    )
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
    todo!(
        "14.6 run({args:?}): serve with chapter 03's Server, get with chapter 13's Client over a pool of TlsManager, or hello; return the exit code"
    )
}
