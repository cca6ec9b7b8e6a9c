//! A server of HTTPS with rustls and real sockets, which does what a test says.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

/// What the server does with a connection, behind the handshake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
    /// Answers a request.
    Answers,
    /// Answers with this status.
    AnswersAs(&'static str),
    /// Answers a request, and says more behind it, in a record of its own, with the same write.
    AnswersAndSaysMore,
    /// Begins an answer, and does not end it.
    AnswersHalf,
    /// Says something that nobody has asked for.
    SaysMore,
    /// Sends bytes that are no record.
    SendsGarbage,
    /// Changes its keys.
    Rekeys,
    /// Sends a close_notify.
    Ends,
    /// Ends the TCP connection.
    HangsUp,
    /// Does nothing more, and stays.
    Stays,
}

pub struct Website {
    pub addr: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// What was seen, in its order.
#[derive(Default)]
struct Seen {
    handshakes: Vec<Option<HandshakeKind>>,
    heads: Vec<String>,
    /// The protocol that was agreed on, of each handshake.
    protocols: Vec<Option<Vec<u8>>>,
    /// How many bytes the last connection was sent when its server began to stay.
    sent: Option<usize>,
}

/// What it answers to every request.
/// Not all of it is text.
pub const PAGE: &[u8] = b"a page of the tests\xff\0\xfe";

/// The first connection is treated by the first of `plans`, and so on; when they are over, every
/// request is answered.
pub fn website(config: Arc<ServerConfig>, plans: &[&[Deed]]) -> Website {
    website_at(0, config, plans)
}

/// The same on this port, in a network where it is free.
pub fn website_at(port: u16, config: Arc<ServerConfig>, plans: &[&[Deed]]) -> Website {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
    let addr = listener.local_addr().expect("an address");
    let plans: Vec<Vec<Deed>> = plans.iter().map(|plan| plan.to_vec()).collect();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let theirs = seen.clone();
    thread::spawn(move || {
        for (nth, socket) in listener.incoming().map_while(Result::ok).enumerate() {
            let plan = plans.get(nth).cloned();
            let (config, seen) = (config.clone(), theirs.clone());
            thread::spawn(move || {
                // A short record behind another one would wait for the client's delayed ACK.
                socket.set_nodelay(true).ok()?;
                let connection = ServerConnection::new(config).ok()?;
                let tls = StreamOwned::new(connection, Counted(socket, 0));
                Client { tls, seen }.serve(plan)
            });
        }
    });
    Website { addr, seen }
}

impl Website {
    /// How each handshake was made, of those that succeeded.
    pub fn handshakes(&self) -> Vec<String> {
        let seen = locked(&self.seen);
        let word = |kind: &Option<HandshakeKind>| {
            kind.map_or("none".to_owned(), |kind| format!("{kind:?}"))
        };
        seen.handshakes.iter().map(word).collect()
    }

    /// The protocols that were agreed on, of the handshakes that succeeded.
    pub fn protocols(&self) -> Vec<Option<Vec<u8>>> {
        locked(&self.seen).protocols.clone()
    }

    /// How many bytes a connection was sent, when its server has nothing more to do and stays.
    pub fn sent(&self) -> Option<usize> {
        locked(&self.seen).sent
    }

    /// The heads of the requests.
    pub fn heads(&self) -> Vec<String> {
        locked(&self.seen).heads.clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A socket, and how many bytes were written to it.
struct Counted(TcpStream, usize);

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Counted {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.0.write(buf)?;
        self.1 += n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// One connection. `None` is its end, whatever has ended it.
struct Client {
    tls: StreamOwned<ServerConnection, Counted>,
    seen: Arc<Mutex<Seen>>,
}

impl Client {
    fn serve(mut self, plan: Option<Vec<Deed>>) -> Option<()> {
        while self.tls.conn.is_handshaking() {
            self.tls.conn.complete_io(&mut self.tls.sock).ok()?;
        }
        let kind = self.tls.conn.handshake_kind();
        let protocol = self.tls.conn.alpn_protocol().map(<[u8]>::to_vec);
        locked(&self.seen).handshakes.push(kind);
        locked(&self.seen).protocols.push(protocol);
        for deed in plan.into_iter().flatten() {
            self.does(deed)?;
        }
        loop {
            self.does(Deed::Answers)?;
        }
    }

    fn does(&mut self, deed: Deed) -> Option<()> {
        match deed {
            Deed::Answers => {
                self.hears()?;
                self.says(&page("200 OK"))
            }
            Deed::AnswersAs(status) => {
                self.hears()?;
                self.says(&page(status))
            }
            Deed::AnswersAndSaysMore => {
                self.hears()?;
                self.tls.conn.writer().write_all(&page("200 OK")).ok()?;
                self.tls.conn.writer().write_all(b"more").ok()?;
                self.tls.flush().ok()
            }
            Deed::AnswersHalf => {
                self.hears()?;
                let page = page("200 OK");
                self.says(&page[..page.len() - 5])
            }
            Deed::SaysMore => self.says(b"more"),
            Deed::SendsGarbage => self.tls.sock.write_all(&[b'x'; 40]).ok(),
            Deed::Rekeys => {
                self.tls.conn.refresh_traffic_keys().ok()?;
                self.tls.flush().ok()
            }
            Deed::Ends => {
                self.tls.conn.send_close_notify();
                self.tls.flush().ok()
            }
            Deed::HangsUp => None,
            // A read that gives nothing until the client has ended.
            Deed::Stays => {
                locked(&self.seen).sent = Some(self.tls.sock.1);
                let n = self.tls.sock.read(&mut [0; 64]).ok()?;
                (n > 0).then_some(())
            }
        }
    }

    fn says(&mut self, bytes: &[u8]) -> Option<()> {
        self.tls.write_all(bytes).ok()?;
        self.tls.flush().ok()
    }

    /// Reads a head; requests have no bodies here.
    fn hears(&mut self) -> Option<()> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.tls.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        locked(&self.seen).heads.push(head);
        Some(())
    }
}

fn page(status: &str) -> Vec<u8> {
    let len = PAGE.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {len}\r\n\r\n");
    [head.as_bytes(), PAGE].concat()
}
