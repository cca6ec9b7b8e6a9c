//! Web servers on real sockets.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use netlab::{Answering, Lab, UdpPeer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use socket2::{Domain, Socket, Type};

use super::dns::{Zone, reply};

/// The name server of a test.
pub struct Names {
    pub addr: SocketAddr,
    _peer: UdpPeer,
    _answering: Answering,
}

pub fn names(lab: &Lab, zone: Zone) -> Names {
    let peer = lab.udp("names");
    let answering =
        peer.answers(move |query| Some(("an answer".to_owned(), reply(&zone, &query.bytes)?)));
    Names {
        addr: peer.addr(),
        _peer: peer,
        _answering: answering,
    }
}

/// A name server at ::1. `None` without IPv6.
pub fn names_of_ipv6(zone: Zone) -> Option<SocketAddr> {
    let socket = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
    let addr = socket.local_addr().ok()?;
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((len, from)) = socket.recv_from(&mut query) {
            if let Some(reply) = reply(&zone, &query[..len]) {
                let _ = socket.send_to(&reply, from);
            }
        }
    });
    Some(addr)
}

/// What a server has seen, in its order.
#[derive(Default)]
struct Seen {
    connections: usize,
    handshakes: Vec<String>,
    names: Vec<String>,
    heads: Vec<String>,
}

pub struct Site {
    pub addr: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// Serves the pages of [`page`], over TLS if there is a configuration, to everybody who comes.
pub fn site(config: Option<Arc<ServerConfig>>) -> Site {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    serve(listener, config)
}

fn serve(listener: TcpListener, config: Option<Arc<ServerConfig>>) -> Site {
    let addr = listener.local_addr().expect("an address");
    let seen = Arc::new(Mutex::new(Seen::default()));
    let theirs = seen.clone();
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            locked(&theirs).connections += 1;
            let (config, seen) = (config.clone(), theirs.clone());
            thread::spawn(move || serve_connection(socket, config, &seen));
        }
    });
    Site { addr, seen }
}

/// A site at 127.0.0.1 whose port at ::1 is held by a socket that refuses connections, or is silent. `None` without IPv6.
pub fn site_with_ipv6_port_held(
    config: Option<Arc<ServerConfig>>,
    is_silent: bool,
) -> Option<(Site, HeldPort)> {
    for _ in 0..20 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
        let port = listener.local_addr().ok()?.port();
        let there = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
        let socket = Socket::new(Domain::IPV6, Type::STREAM, None).ok()?;
        match socket.bind(&there.into()) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => continue,
            done => done.ok()?,
        }
        let mut filler = None;
        if is_silent {
            // One connection fills the queue, and nobody accepts.
            socket.listen(0).ok()?;
            filler = Some(TcpStream::connect(there).ok()?);
        }
        let beside = HeldPort {
            _socket: socket,
            _filler: filler,
        };
        return Some((serve(listener, config), beside));
    }
    None
}

pub struct HeldPort {
    _socket: Socket,
    _filler: Option<TcpStream>,
}

impl Site {
    pub fn connections(&self) -> usize {
        locked(&self.seen).connections
    }

    /// How each handshake was made, of those that succeeded.
    pub fn handshakes(&self) -> Vec<String> {
        locked(&self.seen).handshakes.clone()
    }

    /// Whose certificate was asked for in each of them (SNI).
    pub fn names(&self) -> Vec<String> {
        locked(&self.seen).names.clone()
    }

    /// The heads of the requests.
    pub fn heads(&self) -> Vec<String> {
        locked(&self.seen).heads.clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection. `None` is its end, whatever has ended it.
fn serve_connection(
    socket: TcpStream,
    config: Option<Arc<ServerConfig>>,
    seen: &Mutex<Seen>,
) -> Option<()> {
    socket.set_nodelay(true).ok()?;
    let Some(config) = config else {
        return serve_requests(socket, seen);
    };
    let mut tls = StreamOwned::new(ServerConnection::new(config).ok()?, socket);
    while tls.conn.is_handshaking() {
        tls.conn.complete_io(&mut tls.sock).ok()?;
    }
    let kind = match tls.conn.handshake_kind() {
        Some(HandshakeKind::Resumed) => "resumed",
        _ => "full",
    };
    let name = tls.conn.server_name().unwrap_or("").to_owned();
    let mut all = locked(seen);
    all.handshakes.push(kind.to_owned());
    all.names.push(name);
    drop(all);
    serve_requests(tls, seen)
}

fn serve_requests<S: Read + Write>(mut stream: S, seen: &Mutex<Seen>) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or("").to_owned();
        locked(seen).heads.push(head);
        let answer = page(&path);
        stream.write_all(&answer).ok()?;
        stream.flush().ok()?;
        if path.starts_with("/close") || path == "/torn" {
            return None;
        }
    }
}

/// What is there.
///
/// `/to/URL` redirects to `URL`, `/round` to itself; `/gone` is 404, `/torn` ends in the middle, `/close` and what begins so closes the
/// connection; everything else is 200. What it says is [`body`].
fn page(path: &str) -> Vec<u8> {
    let body = body(path);
    let mut fields = String::new();
    let mut status = "200 OK";
    if let Some(url) = path.strip_prefix("/to/") {
        status = "302 Found";
        fields = format!("Location: {url}\r\n");
    } else if path == "/round" {
        status = "301 Moved";
        fields = "Location: /round\r\n".to_owned();
    } else if path == "/gone" {
        status = "404 Not Found";
    } else if path.starts_with("/close") {
        fields = "Connection: close\r\n".to_owned();
    }
    let len = match path {
        "/torn" => body.len() + 10,
        _ => body.len(),
    };
    let head = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {len}\r\n\r\n");
    [head.as_bytes(), &body].concat()
}

/// What stands on the page of this path.
pub fn body(path: &str) -> Vec<u8> {
    match path {
        "/large" => (0..300_000u32).map(|n| (n % 251) as u8).collect(),
        _ => format!("the page {path}\n").into_bytes(),
    }
}
