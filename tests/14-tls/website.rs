//! A server of HTTPS with rustls and real sockets, which does what a test says.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// What the server does with a connection, behind the handshake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
    /// Answers a request.
    Answers,
    /// Answers a request, and says more behind it, in a record of its own, with the same write.
    AnswersAndSaysMore,
    /// Begins an answer, and does not end it.
    AnswersHalf,
    /// Says something that nobody has asked for.
    SaysMore,
    /// Changes its keys.
    Rekeys,
    /// Sends a close_notify.
    Ends,
    /// Ends the TCP connection.
    HangsUp,
    /// Waits until the test lets it go on.
    Waits,
}

pub struct Website {
    pub addr: SocketAddr,
    kinds: Arc<Mutex<Vec<Option<HandshakeKind>>>>,
    go_on: Sender<()>,
}

/// What it answers to every request.
pub const PAGE: &[u8] = b"a page of the tests";

/// The first connection is treated by the first of `plans`, and so on; when they are over, every
/// request is answered.
pub fn website(config: Arc<ServerConfig>, plans: &[&[Deed]]) -> Website {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let plans: Vec<Vec<Deed>> = plans.iter().map(|plan| plan.to_vec()).collect();
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let (go_on, gate) = channel();
    let (gate, theirs) = (Arc::new(Mutex::new(gate)), kinds.clone());
    thread::spawn(move || {
        for (nth, socket) in listener.incoming().map_while(Result::ok).enumerate() {
            let plan = plans.get(nth).cloned();
            let (config, gate, kinds) = (config.clone(), gate.clone(), theirs.clone());
            thread::spawn(move || serve(socket, config, plan, &gate, &kinds));
        }
    });
    Website { addr, kinds, go_on }
}

impl Website {
    /// How each handshake was made, of those that succeeded.
    pub fn handshakes(&self) -> Vec<String> {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds
            .iter()
            .map(|kind| match kind {
                Some(kind) => format!("{kind:?}"),
                None => "none".to_owned(),
            })
            .collect()
    }

    /// Lets one connection go on that waits.
    pub fn goes_on(&self) {
        self.go_on.send(()).expect("the server lives");
    }
}

fn serve(
    socket: TcpStream,
    config: Arc<ServerConfig>,
    plan: Option<Vec<Deed>>,
    gate: &Mutex<Receiver<()>>,
    kinds: &Mutex<Vec<Option<HandshakeKind>>>,
) -> Option<()> {
    let connection = ServerConnection::new(config).ok()?;
    let mut tls = StreamOwned::new(connection, socket);
    while tls.conn.is_handshaking() {
        tls.conn.complete_io(&mut tls.sock).ok()?;
    }
    kinds
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(tls.conn.handshake_kind());
    for deed in plan.into_iter().flatten() {
        does(&mut tls, deed, gate)?;
    }
    loop {
        answer(&mut tls)?;
    }
}

fn does(tls: &mut Tls, deed: Deed, gate: &Mutex<Receiver<()>>) -> Option<()> {
    match deed {
        Deed::Answers => answer(tls),
        Deed::AnswersAndSaysMore => {
            request(tls)?;
            tls.conn.writer().write_all(&page()).ok()?;
            tls.conn.writer().write_all(b"more").ok()?;
            tls.flush().ok()
        }
        Deed::AnswersHalf => {
            request(tls)?;
            let page = page();
            tls.write_all(&page[..page.len() - 5]).ok()?;
            tls.flush().ok()
        }
        Deed::SaysMore => {
            tls.write_all(b"more").ok()?;
            tls.flush().ok()
        }
        Deed::Rekeys => {
            tls.conn.refresh_traffic_keys().ok()?;
            tls.flush().ok()
        }
        Deed::Ends => {
            tls.conn.send_close_notify();
            tls.flush().ok()
        }
        Deed::HangsUp => None,
        Deed::Waits => gate
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv()
            .ok(),
    }
}

fn answer(tls: &mut Tls) -> Option<()> {
    request(tls)?;
    tls.write_all(&page()).ok()?;
    tls.flush().ok()
}

/// Reads a head; requests have no bodies here.
fn request(tls: &mut Tls) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        tls.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(())
}

fn page() -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", PAGE.len());
    [head.as_bytes(), PAGE].concat()
}
