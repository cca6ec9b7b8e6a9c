//! Two servers in a row: a proxy and ours. A proxy marks each request that it passes on; what reaches our server without
//! a mark of its own was smuggled. And between the odd requests ordinary ones go over the same connections: each must
//! get its own answer. A server that forgets bodies stands in the same place once, and must be found out.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use concurrent_server::{SystemClock, Waits};
use http1::{App, Limits, Request, Response, Stream, parse_request, serve_connection};

use crate::corpus::{self, Case};
use crate::proxies::{Folder, MARK, PATIENCE, Proxy, at_a_time};

/// What is wrong, if anything.
pub fn smuggles(folder: &Folder) -> Vec<String> {
    println!("\nin the second place");
    let Some(complaints) = behind_proxies(folder, "ours", serves) else {
        return Vec::new();
    };
    let forgetful = behind_proxies(folder, "forgetful", forgets_bodies);
    let found = forgetful.map_or(0, |complaints| complaints.len());
    println!("  {found} complaints about a server that forgets bodies");
    match found {
        0 => vec!["a server that forgets bodies is not found out".to_owned()],
        _ => complaints,
    }
}

/// What is wrong when this server stands behind the proxies; `None` if there are none.
fn behind_proxies(folder: &Folder, name: &str, server: Server) -> Option<Vec<String>> {
    let cases: Vec<(usize, Case)> = corpus::read(corpus::REQUESTS)
        .into_iter()
        .enumerate()
        .collect();
    let seen = starts(&folder.path(name), server);
    let mut complaints = Vec::new();
    let proxies = Proxy::installed(folder, name, true);
    for proxy in &proxies {
        let wrong = at_a_time(&cases, |(number, case)| {
            proxy.asked(&case.bytes);
            own_answer(proxy, *number, case)
        });
        complaints.extend(wrong.into_iter().flatten());
        let (mut passed_on, mut marks) = (0, BTreeSet::new());
        for Seen { request, marked } in seen.lock().expect("whole").drain(..) {
            passed_on += 1;
            match &marked[..] {
                [mark] if marks.insert(mark.clone()) => {}
                _ => complaints.push(format!(
                    "behind {}: {request} with the marks {marked:?}",
                    proxy.name
                )),
            }
        }
        println!("  {name} behind {}: {passed_on} requests", proxy.name);
    }
    (!proxies.is_empty()).then_some(complaints)
}

/// An ordinary client: what is wrong with its answer.
fn own_answer(proxy: &Proxy, number: usize, case: &Case) -> Option<String> {
    let path = format!("/ordinary/{number}");
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let answer = proxy.asked(request.as_bytes());
    let is_own = answer.starts_with(b"HTTP/1.1 200 ") && answer.ends_with(path.as_bytes());
    (!is_own).then(|| {
        let (name, title) = (proxy.name, case.title());
        let answer = String::from_utf8_lossy(&answer);
        format!("behind {name}, after {title}: {path} is answered with {answer:?}")
    })
}

/// A request that has reached our server.
struct Seen {
    request: String,
    marked: Vec<String>,
}

type Server = fn(Socket, &dyn App) -> io::Result<()>;

/// A server on a Unix socket. It answers with the path.
fn starts(at: &Path, server: Server) -> Arc<Mutex<Vec<Seen>>> {
    let listener = UnixListener::bind(at).expect("a socket");
    let all = Arc::new(Mutex::new(Vec::new()));
    let seen = all.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let seen = seen.clone();
            thread::spawn(move || {
                let app = |request: &Request| {
                    let marks = request.head.fields.all(MARK).into_iter();
                    let marks = marks.map(|mark| String::from_utf8_lossy(mark).into_owned());
                    seen.lock().expect("whole").push(Seen {
                        request: format!("{} {}", request.head.method, request.head.target),
                        marked: marks.collect(),
                    });
                    Response::new(200, request.head.target.as_str())
                };
                // What breaks is the proxy's affair.
                let _ = server(Socket(stream), &app);
            });
        }
    });
    all
}

fn serves(stream: Socket, app: &dyn App) -> io::Result<()> {
    let limits = Limits {
        idle: PATIENCE,
        request: PATIENCE,
        reply: PATIENCE,
        linger: PATIENCE,
        max_body: 1 << 20,
    };
    serve_connection(stream, app, &limits, &SystemClock::new()).map(drop)
}

/// Takes whatever stands behind a head for the next request.
fn forgets_bodies(mut stream: Socket, app: &dyn App) -> io::Result<()> {
    let (mut inbox, mut piece) = (Vec::new(), [0; 8192]);
    loop {
        while let Some((head, len)) = parse_request(&inbox).map_err(io::Error::other)? {
            inbox.drain(..len);
            let body = Vec::new();
            let answer = app.respond(&Request { head, body }).body;
            let len = answer.len();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n")?;
            stream.write_all(&answer)?;
        }
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            n => inbox.extend_from_slice(&piece[..n]),
        }
    }
}

/// A Unix socket as the chapter wants a connection.
struct Socket(UnixStream);

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Waits for Socket {
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        self.0.set_read_timeout(Some(limit))?;
        self.0.set_write_timeout(Some(limit))
    }
}

impl Stream for Socket {
    fn end_writing(&mut self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }
}
