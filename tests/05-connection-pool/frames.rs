//! Frames of chapter 02 as bytes, and a server that echoes them.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// `payload` as a frame: its length as four bytes, big-endian, then itself.
pub fn frame(payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes().to_vec();
    bytes.extend_from_slice(payload);
    bytes
}

/// Lets time pass, as a server's work does. (Nothing is awaited here: the time itself is measured.)
pub fn lasts(span: Duration) {
    let end = Instant::now() + span;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        thread::park_timeout(left);
    }
}

/// A server with a thread for each client, which sends every frame back. It counts.
pub struct EchoServer {
    addr: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    accepted: AtomicUsize,
    requests: AtomicUsize,
    payloads: Mutex<HashSet<Vec<u8>>>,
    stopped: AtomicBool,
}

impl EchoServer {
    pub fn start() -> EchoServer {
        EchoServer::echoing(loopback())
    }

    /// A server that makes its answers like this.
    pub fn answering(answer: impl Fn(Vec<u8>) -> Vec<u8> + Clone + Send + 'static) -> EchoServer {
        EchoServer::on(loopback(), move |_, frame| Some(answer(frame)))
    }

    /// A server that answers the first request of each connection, and hangs up at the second.
    pub fn hanging_up_at_the_second() -> EchoServer {
        EchoServer::on(loopback(), |nth, frame| (nth == 0).then_some(frame))
    }

    /// A server on this listener that sends every frame back.
    pub fn echoing(listener: TcpListener) -> EchoServer {
        EchoServer::on(listener, |_, frame| Some(frame))
    }

    /// A server on this listener. `answer` gets the number of the request on its connection, from 0,
    /// and the request; `None` is to hang up.
    pub fn on(
        listener: TcpListener,
        answer: impl Fn(usize, Vec<u8>) -> Option<Vec<u8>> + Clone + Send + 'static,
    ) -> EchoServer {
        let server = EchoServer {
            addr: listener
                .local_addr()
                .expect("a bound socket has an address"),
            counts: Arc::default(),
        };
        let counts = server.counts.clone();
        start(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if counts.stopped.load(SeqCst) {
                    break;
                }
                counts.accepted.fetch_add(1, SeqCst);
                let (answer, counts) = (answer.clone(), counts.clone());
                start(move || {
                    // `None` is the end of a conversation, whatever ended it.
                    let _ = converse(stream, answer, &counts);
                });
            }
        });
        server
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Connections so far.
    pub fn accepted(&self) -> usize {
        self.counts.accepted.load(SeqCst)
    }

    /// Whole requests so far.
    pub fn requests(&self) -> usize {
        self.counts.requests.load(SeqCst)
    }

    /// Different requests so far.
    pub fn different(&self) -> usize {
        self.counts.payloads.lock().expect("no panic in here").len()
    }
}

impl Drop for EchoServer {
    fn drop(&mut self) {
        self.counts.stopped.store(true, SeqCst);
        // Wakes the thread that waits in accept.
        let _ = TcpStream::connect(self.addr);
    }
}

/// A thread of the scene. Its name tells the laboratory that it is none of the student's.
fn start(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().name("lab echo server".to_owned());
    thread.spawn(work).expect("a thread");
}

fn loopback() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of loopback")
}

/// Until the client ends or breaks its stream, or the server hangs up.
fn converse(
    mut stream: TcpStream,
    answer: impl Fn(usize, Vec<u8>) -> Option<Vec<u8>>,
    counts: &Counts,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    for nth in 0.. {
        let mut header = [0; 4];
        stream.read_exact(&mut header).ok()?;
        let mut payload = vec![0; u32::from_be_bytes(header) as usize];
        stream.read_exact(&mut payload).ok()?;
        counts.requests.fetch_add(1, SeqCst);
        counts
            .payloads
            .lock()
            .expect("no panic in here")
            .insert(payload.clone());
        stream.write_all(&frame(&answer(nth, payload)?)).ok()?;
    }
    None
}
