//! Step 7: the program. A server of files, and a client that fetches many of them at a time.

use std::time::Duration;

use http1::{Request, Response, Url};

use crate::{Config, Field, Limits, Settings};

/// The port of the server when `-p` is not given.
pub const DEFAULT_PORT: u16 = 8080;

/// How long the server waits for a client when `--idle` is not given.
pub const IDLE: Duration = Duration::from_secs(10);

/// How long clients may go on after Ctrl-C, unless `--grace` says otherwise.
pub const GRACE: Duration = Duration::from_secs(5);

/// How long the server reads what a client still sends when the connection is over, so that its last words arrive.
pub const LINGER: Duration = Duration::from_secs(1);

/// How many clients the server talks with at a time.
pub const MAX_CLIENTS: usize = 64;

/// How much content waits for one client. While there is more, the next request is not looked at. One file may be longer.
pub const MAX_QUEUED: usize = 4 << 20;

/// While so many bytes, content aside, wait for a client that does not read, the server does not read from it.
pub const MAX_UNSENT: usize = 65_536;

/// How many requests `get` sends before it knows how many the server takes (RFC 9113 §6.5.2 asks servers for 100).
pub const FIRST_REQUESTS: usize = 100;

/// How long `get` waits for a connect, a read or a write.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The longest content that `get` takes of one URL.
pub const MAX_BODY: usize = 64 << 20;

/// What the program's connections are like, at both ends.
pub const CONFIG: Config = Config {
    settings: Settings {
        header_table_size: 4096,
        enable_push: false,
        max_concurrent_streams: Some(100),
        initial_window_size: 65_535,
        max_frame_size: 16_384,
        max_header_list_size: Some(16_384),
    },
    connection_window: 1 << 20,
    limits: Some(Limits {
        resets: 100,
        idle_frames: 1000,
        continuations: 16,
    }),
};

/// What `--help` prints on standard output, and wrong arguments on standard error.
pub const USAGE: &str = "\
usage: ch15 serve DIR HOST [-p PORT] [--idle MS] [--grace MS]
       ch15 get URL...

  serve DIR HOST  listen on HOST; answer GET and HEAD with the files of DIR
  -p PORT         TCP port, default 8080; 0 means: choose one
  --idle MS       how long to wait for a client, default 10000 (10 s)
  --grace MS      how long clients may go on after Ctrl-C, default 5000
  get URL...      print what is there: http://HOST[:PORT][/PATH]
  -h, --help      print this

HTTP/2 without TLS, with prior knowledge. Ctrl-C ends the server.
exit codes: 0 done, 1 failed, 2 wrong arguments";

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
    pub idle: Duration,
    pub grace: Duration,
}

/// Reads the arguments, without the program's name.
///
/// `-h` or `--help` anywhere asks for help, whatever else is there, also where a value should be. The options may stand
/// anywhere, in any order, each with its value behind it; the last of one counts. They belong to `serve`; with `get` they
/// are an error. PORT is a number from 0 to 65535, MS a number of milliseconds, as `str::parse` reads them (`+80` is 80).
/// IDLE is not 0; the grace may be. Anything else that begins with `-` is an error. What is left must be `serve`, a
/// folder and a host, or `get` and one URL or more, as chapter 13's `parse_url` reads them.
///
/// # Errors
///
/// One line that says what is wrong, for a person, whatever is in the arguments.
pub fn parse_args(args: &[String]) -> Result<Command, String> {
    todo!("15.7 parse_args({args:?}): options and the rest, then serve or get")
}

/// The request of HTTP/1.1 that says the same as the head of a request ([`request_head`](crate::request_head) has found
/// nothing wrong with it), for an application of chapter 13. Method and path are those of the pseudo-header fields; the
/// version is 1.1. `:authority` becomes the field `Host`, in front of the others and in place of a `host` among them (RFC
/// 9113 §8.3.1). Several `cookie` fields become one, in the place of the first, with `; ` between them (§8.2.3). All other
/// fields stay as they are, in their order. The body is empty. (A request `CONNECT` has its authority as target.)
pub fn to_request(fields: &[Field]) -> Request {
    todo!(
        "15.7 to_request({} fields): pseudo-header fields into method, target and Host; the others as they are",
        fields.len()
    )
}

/// The head of the response that an application of chapter 13 has given: `:status`, then its fields, with names in small
/// letters, without those that HTTP/2 does not have (§8.2.2: `connection`, `proxy-connection`, `keep-alive`,
/// `transfer-encoding`, `upgrade`), and then `content-length` in place of any that is there. A status of 204 or 304 has
/// none.
pub fn to_fields(response: &Response) -> Vec<Field> {
    todo!(
        "15.7 to_fields(status {}, {} bytes): :status, the fields in small letters, content-length",
        response.status,
        response.body.len()
    )
}

/// Does what `args` ask for, and returns the exit code.
///
/// - **Serve**: the first line on standard output is `listening on ADDRESS:PORT`, the address it really has. It is printed
///   when clients can connect and the signals are caught. Then it serves chapter 13's `Files` over HTTP/2, with prior
///   knowledge (RFC 9113 §3.3) and [`CONFIG`], [`MAX_CLIENTS`] clients at a time.
///   - A request is answered when it has come whole. Its content is used up and forgotten. The response to HEAD has the
///     fields of the one to GET, and no content. A response that [`H2::respond`](crate::H2::respond) calls wrong, since its head is
///     too long for the client, is RST_STREAM with `INTERNAL_ERROR` instead.
///   - Streams do not wait for each other: while one is without a window, the others go on. But a client gets no more
///     memory than [`MAX_QUEUED`] and one file, and [`MAX_UNSENT`] and a few frames.
///   - A connection ends when [`H2::is_over`](crate::H2::is_over) says so and everything is sent: the server ends its
///     direction, reads what still comes for [`LINGER`] or the idle time, whichever is shorter, and closes.
///   - A client that has ended its side still gets what it has asked for.
///   - A client from which nothing comes and to which nothing could be sent for the idle time gets GOAWAY with `NO_ERROR`, and
///     the connection is closed.
///   - Ctrl-C (SIGINT) or SIGTERM ends it: chapter 03's `shutdown` with the grace. A second signal ends the program at once,
///     with exit code 1. A HOST may be a name with several addresses: the first one that works is taken. A folder that is none
///     is a failure, before anything is printed.
/// - **Get**: fetches the URLs. Those of one host and port share one connection, and are asked for at the same time, as far as
///   the server lets it: the requests are sent before the first answer is waited for, but no more than
///   [`FIRST_REQUESTS`] before the server's SETTINGS. What comes is written to
///   standard output when all of it is there, in the order of the URLs, without anything between. `:authority` has the port where
///   it is not 80, and brackets around an IPv6 address. A status other than 2xx is a failure: standard error says status and
///   URL, standard output gets nothing of it, and the others are fetched all the same. So it is with a stream that is reset, with
///   content above [`MAX_BODY`], with a request whose head is too long for the server, and with a server that cannot be reached,
///   ends early or does not speak HTTP/2: what was whole before is printed. Redirects are not followed.
/// - **Help**: `USAGE` on standard output.
///
/// Exit codes: 0, done; 1, it failed, of several URLs one at least; 2, wrong arguments. Standard error says what is wrong;
/// behind wrong arguments it has `USAGE`.
pub fn run(args: &[String]) -> u8 {
    todo!("15.7 run({args:?}): serve files, or get URLs, and say how it went")
}
