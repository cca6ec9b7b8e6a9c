//! Step 6: the program. A server of files, and a client that fetches.

use std::path::PathBuf;
use std::time::Duration;

use crate::{App, Limits, Request, Response};

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
    todo!("13.6 parse_url({text:?}): scheme, host, port, path")
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
    todo!(
        "13.6 parse_args({args:?}): find --help and the options, wherever they stand; serve, a folder and a host must be left, or get and URLs"
    )
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
        todo!(
            "13.6 Files::respond({:?} {:?}) in {:?}: decode the path, find the file, and give out nothing that is not in the folder",
            request.head.method,
            request.head.target,
            self.dir
        )
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
    todo!(
        "13.6 run({args:?}): serve with chapter 03's Server, or get with a Client for each host; return the exit code"
    )
}
