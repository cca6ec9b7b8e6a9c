//! What the scenes of this chapter have in common.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use concurrent_server::{Acceptor, Client, Clock, Handler, Stats};
use netlab::{Lab, ManualClock, Running, TcpPeer};

/// A listening socket of 127.0.0.1, on a port that the system chooses.
pub fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a port of loopback");
    let addr = listener
        .local_addr()
        .expect("a bound socket has an address");
    (listener, addr)
}

/// Lets in so many clients of a real listening socket, and then says that no more will come.
pub struct LetsIn {
    listener: TcpListener,
    left: AtomicUsize,
}

pub fn lets_in(clients: usize) -> (LetsIn, SocketAddr) {
    let (listener, addr) = listener();
    let left = AtomicUsize::new(clients);
    (LetsIn { listener, left }, addr)
}

impl Acceptor for LetsIn {
    fn accept(&self) -> io::Result<Option<Client>> {
        if self.left.load(Ordering::Relaxed) == 0 {
            return Ok(None);
        }
        self.left.fetch_sub(1, Ordering::Relaxed);
        let (stream, peer) = self.listener.accept()?;
        Ok(Some(Client::new(stream, peer)))
    }
}

/// What a scripted acceptor returns, one thing a call.
pub enum Knock {
    Client(Client),
    Error(io::Error),
    Closed,
}

/// An acceptor with a script, and a count of its calls. Behind the end of the script it fails the
/// test.
pub struct Script {
    lab: Lab,
    knocks: Mutex<VecDeque<Knock>>,
    calls: AtomicUsize,
}

impl Script {
    pub fn new(lab: &Lab, knocks: impl IntoIterator<Item = Knock>) -> Script {
        Script {
            lab: lab.clone(),
            knocks: Mutex::new(knocks.into_iter().collect()),
            calls: AtomicUsize::new(0),
        }
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Acceptor for Script {
    fn accept(&self) -> io::Result<Option<Client>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match locked(&self.knocks).pop_front() {
            Some(Knock::Client(client)) => Ok(Some(client)),
            Some(Knock::Error(error)) => Err(error),
            Some(Knock::Closed) => Ok(None),
            None => self.lab.fails(
                "no call of accept after its end: it has nothing more to say",
                "one call too many",
            ),
        }
    }
}

/// Both ends of a connection that is there already: for an acceptor with a script.
pub fn connected() -> (Client, TcpStream) {
    let (listener, addr) = listener();
    let other = TcpStream::connect(addr).expect("connect to a socket of our own");
    let (stream, peer) = listener.accept().expect("accept");
    (Client::new(stream, peer), other)
}

/// Conversations that end one by one, each when the test says so, and their count. Clones share it.
#[derive(Clone)]
pub struct Turns(Arc<Count>);

struct Count {
    begun: AtomicUsize,
    ended: AtomicUsize,
    most: AtomicUsize,
    /// A word for each conversation that may end.
    word: Sender<()>,
    heard: Mutex<Receiver<()>>,
}

impl Turns {
    pub fn new() -> Turns {
        let (word, heard) = channel();
        Turns(Arc::new(Count {
            begun: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            word,
            heard: Mutex::new(heard),
        }))
    }

    pub fn handler(&self) -> Arc<dyn Handler> {
        let turns = self.clone();
        handler(move |_: &Client| {
            let begun = turns.0.begun.fetch_add(1, Ordering::SeqCst) + 1;
            let now = begun - turns.ended();
            turns.0.most.fetch_max(now, Ordering::SeqCst);
            let end = locked(&turns.0.heard).recv();
            // Still here, so that nobody can begin in our place and be counted as one too many.
            turns.0.ended.fetch_add(1, Ordering::SeqCst);
            end.map_err(io::Error::other)
        })
    }

    /// How many have begun so far.
    pub fn begun(&self) -> usize {
        self.0.begun.load(Ordering::SeqCst)
    }

    /// How many have ended so far.
    pub fn ended(&self) -> usize {
        self.0.ended.load(Ordering::SeqCst)
    }

    /// The most at the same time.
    pub fn most(&self) -> usize {
        self.0.most.load(Ordering::SeqCst)
    }

    /// Lets one of them end, whichever it is.
    pub fn one_ends(&self) {
        let _ = self.0.word.send(());
    }
}

/// A closure as a handler. (The compiler needs to be told its type at once.)
pub fn handler(f: impl Fn(&Client) -> io::Result<()> + Send + Sync + 'static) -> Arc<dyn Handler> {
    Arc::new(f)
}

/// Reads five bytes and sends them back: the smallest conversation.
pub fn echo_five(client: &Client) -> io::Result<()> {
    let mut bytes = [0; 5];
    let mut stream = client.stream();
    stream.read_exact(&mut bytes)?;
    stream.write_all(&bytes)
}

/// Has the conversation of [`echo_five`], to its end.
pub fn talk(client: &TcpPeer, five: &[u8]) {
    client.sends(five);
    client.expects(five);
    client.expects_eof();
}

/// What happened in the handlers, in order. Clones share it.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    pub fn add(&self, event: impl Into<String>) {
        locked(&self.0).push(event.into());
    }

    pub fn all(&self) -> Vec<String> {
        locked(&self.0).clone()
    }

    pub fn count(&self, event: &str) -> usize {
        locked(&self.0).iter().filter(|e| *e == event).count()
    }
}

/// The end of a value's life, in words that also hold for a type without a `Drop`, as in a stub.
pub fn ends<T>(_value: T) {}

/// Demands a score: served, failed, turned away.
pub fn score(lab: &Lab, stats: Stats, want: (u64, u64, u64)) {
    let got = (stats.served, stats.failed, stats.turned_away);
    lab.same("served, failed and turned away", got, want);
}

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Waits until connections to `addr` are refused.
pub fn refuses(lab: &Lab, addr: SocketAddr) {
    until(lab, &format!("connections to {addr} to be refused"), || {
        TcpStream::connect(addr).is_err()
    });
    lab.note("new clients are refused");
}

pub fn until(lab: &Lab, what: &str, mut met: impl FnMut() -> bool) {
    let asked = Instant::now();
    while !met() {
        if asked.elapsed() > Duration::from_secs(2) {
            lab.fails(what, "not so after 2 s");
        }
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// The laboratory's clock as one of this chapter.
#[derive(Clone)]
pub struct Hand(pub ManualClock);

impl Clock for Hand {
    fn now(&self) -> Duration {
        self.0.now()
    }
}

/// Client A, at the other end of `other`, is being served when accept fails: the server gives the
/// error back, but only when A has its reply.
pub fn answers_before_it_fails(
    lab: &Lab,
    server: Running<io::Result<Stats>>,
    mut other: TcpStream,
) {
    server.settles();
    other
        .write_all(b"hello")
        .expect("a socket takes five bytes");
    lab.note("client A sends 5 bytes");
    match server.returns() {
        Ok(stats) => lab.fails("the error of accept", format!("Ok({stats:?})")),
        Err(error) => lab.same(
            "the kind of the error",
            error.kind(),
            ErrorKind::PermissionDenied,
        ),
    }
    // Whatever it has got, it is there by now.
    other.set_nonblocking(true).expect("non-blocking mode");
    let mut got = [0; 5];
    let n = other.read(&mut got).unwrap_or(0);
    lab.same_bytes("client A's reply", &got[..n], b"hello");
}
