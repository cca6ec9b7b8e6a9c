//! Step 7: the program. A server of files, and a client that fetches many of them at a time.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::process;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use concurrent_server::{BACKLOG, Client as Guest, Handler, Mode, Server, StopSignals};
use http1::{App, Fields, Files, Request, RequestHead, Response, Url, Version, parse_url};
use tcp_echo::listen_on;

use crate::{Config, Event, Fault, Field, H2, Limits, Refusal, Settings, code};

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
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        return Ok(Command::Help);
    }
    let (mut port, mut idle, mut grace) = (DEFAULT_PORT, IDLE, GRACE);
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
            "--idle" => idle = milliseconds(value()?)?,
            "--grace" => grace = milliseconds(value()?)?,
            _ => return Err(format!("unknown option {arg:?}")),
        }
        option = Some(arg);
    }
    if idle.is_zero() {
        return Err("an idle time of 0 would leave nobody any time".to_owned());
    }
    match (&rest[..], option) {
        (["serve", dir, host], _) => Ok(Command::Serve(Serve {
            dir: (*dir).to_owned(),
            host: (*host).to_owned(),
            port,
            idle,
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

/// The request of HTTP/1.1 that says the same as the head of a request ([`request_head`](crate::request_head) has found
/// nothing wrong with it), for an application of chapter 13. Method and path are those of the pseudo-header fields; the
/// version is 1.1. `:authority` becomes the field `Host`, in front of the others and in place of a `host` among them (RFC
/// 9113 §8.3.1). Several `cookie` fields become one, in the place of the first, with `; ` between them (§8.2.3). All other
/// fields stay as they are, in their order. The body is empty. (A request `CONNECT` has its authority as target.)
pub fn to_request(fields: &[Field]) -> Request {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let value = |name: &[u8]| fields.iter().find(|field| field.name == name);
    let value = |name: &[u8]| value(name).map(|field| &field.value[..]);
    let authority = value(b":authority");
    let mut all = Fields::new();
    if let Some(authority) = authority {
        all.push("Host", authority);
    }
    let cookies = fields.iter().filter(|field| field.name == b"cookie");
    let cookies: Vec<&[u8]> = cookies.map(|field| &field.value[..]).collect();
    let mut has_cookie = false;
    for Field { name, value, .. } in fields {
        match &name[..] {
            [b':', ..] => {}
            b"host" if authority.is_some() => {}
            b"cookie" if has_cookie => {}
            b"cookie" => {
                has_cookie = true;
                all.push("cookie", cookies.join(&b"; "[..]));
            }
            _ => all.push(text(name), &value[..]),
        }
    }
    let target = value(b":path").or(authority);
    Request {
        head: RequestHead {
            method: text(value(b":method").unwrap_or_default()),
            target: text(target.unwrap_or_default()),
            version: Version::Http11,
            fields: all,
        },
        body: Vec::new(),
    }
}

/// The head of the response that an application of chapter 13 has given: `:status`, then its fields, with names in small
/// letters, without those that HTTP/2 does not have (§8.2.2: `connection`, `proxy-connection`, `keep-alive`,
/// `transfer-encoding`, `upgrade`), and then `content-length` in place of any that is there. A status of 204 or 304 has
/// none.
pub fn to_fields(response: &Response) -> Vec<Field> {
    const GONE: [&str; 6] = [
        "connection",
        "proxy-connection",
        "keep-alive",
        "transfer-encoding",
        "upgrade",
        "content-length",
    ];
    let mut fields = vec![Field::new(":status", response.status.to_string())];
    for (name, value) in response.fields.lines() {
        let name = name.to_ascii_lowercase();
        if !GONE.contains(&&name[..]) {
            fields.push(Field::new(name, &value[..]));
        }
    }
    if !matches!(response.status, 204 | 304) {
        fields.push(Field::new(
            "content-length",
            response.body.len().to_string(),
        ));
    }
    fields
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

fn milliseconds(text: &str) -> Result<Duration, String> {
    number(text, "a number of milliseconds").map(Duration::from_millis)
}

fn number<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not {what}"))
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
    let handler = Arc::new(Http2 {
        files: Files { dir },
        idle: what.idle,
    });
    let mode = Mode::Threads { max: MAX_CLIENTS };
    let server = Server::start(listen(&what.host, what.port)?, handler, mode)?;
    print(format!("listening on {}\n", server.addr()).as_bytes())?;

    // The sender lives until there is a signal.
    let _ = stopped.recv();
    server.shutdown(what.grace).map(|_| ())
}

/// Speaks HTTP/2 with each client: one thread reads, one writes. Both use the machine.
struct Http2 {
    files: Files,
    idle: Duration,
}

impl Handler for Http2 {
    fn serve(&self, client: &Guest) -> io::Result<()> {
        let stream = client.stream();
        // Frames are collected before they are written: there is nothing that Nagle's algorithm could wait for.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(self.idle))?;
        stream.set_write_timeout(Some(self.idle))?;
        let talk = Talk {
            stream,
            files: &self.files,
            linger: LINGER.min(self.idle),
            state: Mutex::new(Shared {
                h2: H2::server(CONFIG),
                heads: HashMap::new(),
                asked: VecDeque::new(),
                answered: Vec::new(),
                has_written: false,
                reader_ended: false,
                is_cut_off: false,
            }),
            changed: Condvar::new(),
        };
        thread::scope(|scope| {
            let writer = thread::Builder::new().spawn_scoped(scope, || talk.writes())?;
            let read = talk.reads();
            talk.lock().reader_ended = true;
            talk.changed.notify_all();
            let written = writer
                .join()
                .unwrap_or_else(|_| Err(ErrorKind::Other.into()));
            read.and(written)
        })
    }
}

/// A conversation, as its two threads see it.
struct Talk<'a> {
    stream: &'a TcpStream,
    files: &'a Files,
    linger: Duration,
    state: Mutex<Shared>,
    changed: Condvar,
}

struct Shared {
    h2: H2,
    /// Requests whose content is still coming.
    heads: HashMap<u32, Request>,
    /// Requests that wait for an answer.
    asked: VecDeque<(u32, Request)>,
    /// Streams with content that waits.
    answered: Vec<u32>,
    /// Something was sent since the reader has looked.
    has_written: bool,
    /// Nothing more will come.
    reader_ended: bool,
    /// Nothing can be sent any more.
    is_cut_off: bool,
}

impl Talk<'_> {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads until the client has ended its side, or has been silent for too long.
    fn reads(&self) -> io::Result<()> {
        let mut stream = self.stream;
        let mut buffer = [0; 16_384];
        loop {
            let shared = self.lock();
            let is_full =
                |shared: &mut Shared| shared.h2.unsent() > MAX_UNSENT && !shared.is_cut_off;
            drop(self.changed.wait_while(shared, is_full));
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => {
                    self.lock().takes(&buffer[..n]);
                    self.changed.notify_all();
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    let mut shared = self.lock();
                    if !std::mem::take(&mut shared.has_written) {
                        shared.h2.shut_down();
                        return Ok(());
                    }
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// Writes until nothing more can come of it, and ends the conversation.
    fn writes(&self) -> io::Result<()> {
        let done = self.writes_all();
        self.lock().is_cut_off = true;
        self.changed.notify_all();
        if done.is_ok() {
            // Closing with unread bytes would be a reset, which can overtake what was written last.
            let _ = self.stream.shutdown(Shutdown::Write);
            let still_reads = |shared: &mut Shared| !shared.reader_ended;
            drop(
                self.changed
                    .wait_timeout_while(self.lock(), self.linger, still_reads),
            );
        }
        let _ = self.stream.shutdown(Shutdown::Both);
        done
    }

    fn writes_all(&self) -> io::Result<()> {
        let mut stream = self.stream;
        loop {
            let mut shared = self.lock();
            let bytes = loop {
                shared.answers(self.files);
                let bytes = shared.h2.pending();
                if !bytes.is_empty() {
                    break bytes;
                }
                if shared.h2.is_over() {
                    return Ok(());
                }
                if shared.reader_ended {
                    // What still waits for a window waits for ever.
                    shared.h2.shut_down();
                    let last = shared.h2.pending();
                    drop(shared);
                    return stream.write_all(&last);
                }
                shared = self
                    .changed
                    .wait(shared)
                    .unwrap_or_else(PoisonError::into_inner);
            };
            drop(shared);
            // The reader waits if there was too much.
            self.changed.notify_all();
            stream.write_all(&bytes)?;
            self.lock().has_written = true;
        }
    }
}

impl Shared {
    fn takes(&mut self, bytes: &[u8]) {
        for event in self.h2.receive(bytes) {
            match event {
                Event::Head {
                    stream,
                    fields,
                    ends,
                } => {
                    self.heads.insert(stream, to_request(&fields));
                    self.is_whole(stream, ends);
                }
                Event::Data {
                    stream,
                    bytes,
                    ends,
                } => {
                    self.h2.consumed(stream, bytes.len());
                    self.is_whole(stream, ends);
                }
                Event::Trailers { stream, .. } => self.is_whole(stream, true),
                Event::Reset { stream, .. } | Event::StreamError(Fault { stream, .. }) => {
                    self.heads.remove(&stream);
                    self.asked.retain(|(asked, _)| *asked != stream);
                }
                _ => {}
            }
        }
    }

    fn is_whole(&mut self, stream: u32, ends: bool) {
        if ends && let Some(request) = self.heads.remove(&stream) {
            self.asked.push_back((stream, request));
        }
    }

    /// Answers what was asked, as long as there is room for content.
    fn answers(&mut self, files: &Files) {
        loop {
            let h2 = &self.h2;
            self.answered.retain(|stream| h2.queued(*stream) > 0);
            let queued: usize = self.answered.iter().map(|stream| h2.queued(*stream)).sum();
            if queued >= MAX_QUEUED {
                return;
            }
            let Some((stream, request)) = self.asked.pop_front() else {
                return;
            };
            let response = files.respond(&request);
            let has_content = request.head.method != "HEAD" && !response.body.is_empty();
            let fields = to_fields(&response);
            if let Err(Refusal::Wrong(_)) = self.h2.respond(stream, &fields, !has_content) {
                self.h2.reset(stream, code::INTERNAL_ERROR);
            } else if has_content {
                // If the stream is over, nobody waits for it.
                let _ = self.h2.send(stream, &response.body, true);
                self.answered.push(stream);
            }
        }
    }
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

type Body = Result<Vec<u8>, String>;

fn get(urls: &[Url]) -> u8 {
    let mut servers: BTreeMap<(&str, u16), Vec<usize>> = BTreeMap::new();
    for (at, url) in urls.iter().enumerate() {
        servers.entry((&url.host, url.port)).or_default().push(at);
    }
    let mut bodies: Vec<Option<Body>> = vec![None; urls.len()];
    for ((host, port), ours) in servers {
        let mut fetch = Fetch {
            h2: H2::client(CONFIG),
            waits: ours.iter().copied().collect(),
            open: BTreeMap::new(),
            bodies: &mut bodies,
            is_settled: false,
        };
        let connect = |addr: SocketAddr| TcpStream::connect_timeout(&addr, PATIENCE);
        let talk = first(host, port, connect).and_then(|stream| fetch.talks(&stream, urls));
        let trouble = match talk {
            Ok(()) => "the connection ended early".to_owned(),
            Err(error) => error.to_string(),
        };
        for at in ours {
            bodies[at].get_or_insert(Err(trouble.clone()));
        }
    }
    let mut code = 0;
    for (url, body) in urls.iter().zip(bodies) {
        let body = body.unwrap_or(Err("nobody has asked".to_owned()));
        let printed = body.and_then(|body| print(&body).map_err(|error| error.to_string()));
        if let Err(trouble) = printed {
            eprintln!("http://{}{}: {trouble}", authority(url), url.path);
            code = 1;
        }
    }
    code
}

/// One connection, and what is fetched over it.
struct Fetch<'a> {
    h2: H2,
    /// URLs that are still to be asked for.
    waits: VecDeque<usize>,
    open: BTreeMap<u32, Partial>,
    bodies: &'a mut [Option<Body>],
    /// The server's SETTINGS have come.
    is_settled: bool,
}

/// An answer that has begun.
struct Partial {
    at: usize,
    status: String,
    body: Vec<u8>,
}

impl Fetch<'_> {
    /// Until all answers are there, or no more can come.
    fn talks(&mut self, mut stream: &TcpStream, urls: &[Url]) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut buffer = [0; 16_384];
        loop {
            self.asks(urls);
            let is_done = self.open.is_empty() && self.waits.is_empty();
            if is_done {
                self.h2.shut_down();
            }
            loop {
                let bytes = self.h2.pending();
                if bytes.is_empty() {
                    break;
                }
                stream.write_all(&bytes)?;
            }
            if is_done {
                return Ok(());
            }
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => {
                    for event in self.h2.receive(&buffer[..n]) {
                        self.takes(event);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends as many requests as the server takes.
    fn asks(&mut self, urls: &[Url]) {
        while let Some(&at) = self.waits.front() {
            if !self.is_settled && self.open.len() >= FIRST_REQUESTS {
                return;
            }
            let fields = [
                Field::new(":method", "GET"),
                Field::new(":scheme", "http"),
                Field::new(":authority", authority(&urls[at])),
                Field::new(":path", &urls[at].path[..]),
            ];
            match self.h2.request(&fields, true) {
                Ok(stream) => {
                    let (status, body) = (String::new(), Vec::new());
                    self.open.insert(stream, Partial { at, status, body });
                }
                Err(Refusal::Busy) => return,
                Err(Refusal::Over) => {
                    self.bodies[at] = Some(Err("the server takes no more requests".to_owned()));
                }
                Err(Refusal::Wrong(why)) => self.bodies[at] = Some(Err(why.to_owned())),
            }
            self.waits.pop_front();
        }
    }

    fn takes(&mut self, event: Event) {
        match event {
            Event::Settings => self.is_settled = true,
            Event::Head {
                stream,
                fields,
                ends,
            } => {
                let status = fields.iter().find(|field| field.name == b":status");
                if let (Some(partial), Some(status)) = (self.open.get_mut(&stream), status) {
                    partial.status = String::from_utf8_lossy(&status.value).into_owned();
                }
                self.is_whole(stream, ends);
            }
            Event::Data {
                stream,
                bytes,
                ends,
            } => {
                self.h2.consumed(stream, bytes.len());
                let partial = self.open.get_mut(&stream);
                let is_longer = partial.is_some_and(|partial| {
                    partial.body.extend_from_slice(&bytes);
                    partial.body.len() > MAX_BODY
                });
                if is_longer {
                    self.h2.reset(stream, code::CANCEL);
                    self.fails(stream, "more content than is taken".to_owned());
                }
                self.is_whole(stream, ends);
            }
            Event::Trailers { stream, .. } => self.is_whole(stream, true),
            Event::Reset { stream, code } => {
                self.fails(stream, format!("reset: {}", code::name(code)));
            }
            Event::StreamError(fault) => self.fails(fault.stream, fault.to_string()),
            Event::ConnectionError(fault) => {
                // What is said about it is sent first.
                for at in self.waits.drain(..) {
                    self.bodies[at] = Some(Err(fault.to_string()));
                }
                for (_, partial) in std::mem::take(&mut self.open) {
                    self.bodies[partial.at] = Some(Err(fault.to_string()));
                }
            }
            _ => {}
        }
    }

    fn is_whole(&mut self, stream: u32, ends: bool) {
        if ends && let Some(partial) = self.open.remove(&stream) {
            self.bodies[partial.at] = Some(match partial.status.starts_with('2') {
                true => Ok(partial.body),
                false => Err(format!("status {}", partial.status)),
            });
        }
    }

    fn fails(&mut self, stream: u32, why: String) {
        if let Some(partial) = self.open.remove(&stream) {
            self.bodies[partial.at] = Some(Err(why));
        }
    }
}

/// What `:authority` says.
fn authority(url: &Url) -> String {
    let host = match url.host.contains(':') {
        true => format!("[{}]", url.host),
        false => url.host.clone(),
    };
    match url.port {
        80 => host,
        port => format!("{host}:{port}"),
    }
}

/// On standard output, and out when this returns, also when it goes into a pipe. `print!` would panic when nobody reads
/// there any more.
fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
