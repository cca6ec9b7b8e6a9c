//! What the scenes of this chapter have in common.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use concurrent_server::{Acceptor, Client, Clock, Handler, Stats};
use netlab::{End, Lab, ManualClock, TcpPeer};

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

const LAST_WORD: &str = "accept has said its last word: None, or an error that ends the loop. Return it, and do not call accept again: a real listener might never return.";

impl Acceptor for Script {
    fn accept(&self) -> io::Result<Option<Client>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match locked(&self.knocks).pop_front() {
            Some(Knock::Client(client)) => Ok(Some(client)),
            Some(Knock::Error(error)) => Err(error),
            Some(Knock::Closed) => Ok(None),
            None => self.lab.because(LAST_WORD).fails(
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

/// Demands that a connection whose end the client has seen is closed, in both directions: then the
/// system answers a byte with a reset, and the next write fails. One that is only shut down for
/// writing takes the bytes.
pub fn closed(lab: &Lab, client: &TcpPeer) {
    let what = "the connection to be closed, so that no more bytes of the client are taken";
    let takes = || client.stream().write(b".").is_ok();
    lab.because(LET_GO).until(what, takes, |takes| !takes);
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

/// Why a client sees the end of its stream.
pub const LET_GO: &str = "The conversation is over, even if it failed, so its connection must be closed, and the client gets the end of the stream. If it is still open, a handle is left: in a list, a clone, or the loop.";

/// The end of a value's life, in words that also hold for a type without a `Drop`, as in a stub.
pub fn ends<T>(_value: T) {}

/// Demands a score: served, failed, turned away.
pub fn score(lab: &Lab, stats: Stats, want: (u64, u64, u64)) {
    let got = (stats.served, stats.failed, stats.turned_away);
    lab.because(SCORE)
        .same("served, failed and turned away", got, want);
}

const SCORE: &str = "Every client had what it should have; it is the score that says otherwise. Each counts once: as served (its handler returned Ok), as failed (an error, or a panic) or as turned away (no conversation at all). The score is complete when the last conversation has ended, and not when accept says None: threads may still be at it then.";

/// Room for the stacks of a dozen threads: each takes 256 MiB, of 4 GB. A line of shell, on Linux.
pub const A_DOZEN_THREADS: &str =
    "ulimit -v 4000000; export RUST_MIN_STACK=268435456 MALLOC_ARENA_MAX=1";

/// The threads of this process, on Linux.
pub fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Waits, for two seconds at most, until this process has no more than so many threads. Gives how many
/// it has beyond that. A thread that was told to end does so in its own time.
pub fn threads_beyond(number: usize) -> usize {
    let asked = Instant::now();
    while threads() > number && asked.elapsed() < Duration::from_secs(2) {
        thread::park_timeout(Duration::from_millis(1));
    }
    threads().saturating_sub(number)
}

/// Demands a line that a part of the test has printed in a process of its own: `name: value`. Its
/// reason is `lab`'s own ([`Lab::because`]), since a line that is missing is explained by that process.
pub fn printed(lab: &Lab, end: &End, name: &str, want: &str) {
    let mut lines = end.stdout.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    lab.holds(
        value == Some(want),
        format!("{name}: {want}"),
        value.unwrap_or(end.stderr.trim()),
    );
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

/// How `acceptor` ends while client A is being served: A must have its answer, and the server returns when
/// A's conversation is over. `serve` is the call `what`; its value is given back.
pub fn returns_after_the_last(
    lab: &Lab,
    what: &str,
    end: Knock,
    serve: impl FnOnce(&Script, Arc<dyn Handler>) -> io::Result<Stats> + Send + 'static,
) -> io::Result<Stats> {
    let told_as = match &end {
        Knock::Error(error) => format!("accept fails: {:?}", error.kind()),
        _ => "accept says that no more will come".to_owned(),
    };
    let (listener, addr) = listener();
    let other = lab.connect_as("client A", addr);
    let (stream, peer) = listener.accept().expect("accept");
    let script = Script::new(lab, [Knock::Client(Client::new(stream, peer)), end]);
    let gate = lab.gate("the handler's gate");
    let (inside, trace) = (gate.clone(), Trace::default());
    let told = trace.clone();
    let handler = handler(move |client: &Client| {
        inside.waits();
        let end = echo_five(client);
        told.add("A's conversation ends");
        end
    });
    let told = trace.clone();
    let server = lab.student(what, move || {
        let end = serve(&script, handler);
        told.add("your function returns");
        end
    });
    gate.expects_arrivals(1);
    lab.note(told_as);
    // It has returned, or it waits.
    server.settles();
    gate.opens();
    other.sends(b"hello");
    other.expects(b"hello");
    let end = server.returns();
    let want = ["A's conversation ends", "your function returns"];
    lab.same("the order", trace.all(), want.map(String::from).to_vec());
    end
}

/// Errors of accept that the steps before step 5 return, each like the others and as it is.
pub const ERRORS_OF_ACCEPT: [fn() -> io::Error; 4] = [
    || ErrorKind::PermissionDenied.into(),
    || ErrorKind::ConnectionAborted.into(),
    || io::Error::new(ErrorKind::Interrupted, "a text of its own"),
    || io::Error::from_raw_os_error(SOME_NUMBER),
];

/// An error of the system that means nothing to a server, wherever these tests run.
pub const SOME_NUMBER: i32 = 5;

/// Demands that the server's error is the one that accept gave.
pub fn is_the_error_of_accept(lab: &Lab, got: &io::Error, want: &io::Error) {
    lab.same("the kind of the error", got.kind(), want.kind());
    lab.because("An error is more than its kind. The system's number and a text say what happened: return the error that accept gave, and no new one.")
        .same("the error", got.to_string(), want.to_string());
}

/// [`returns_after_the_last`], where accept fails: its error must come back.
pub fn fails_after_the_last(
    lab: &Lab,
    what: &str,
    serve: impl Fn(&Script, Arc<dyn Handler>) -> io::Result<Stats> + Clone + Send + 'static,
) {
    for error in ERRORS_OF_ACCEPT {
        match returns_after_the_last(lab, what, Knock::Error(error()), serve.clone()) {
            Ok(stats) => lab.fails("the error of accept", format!("Ok({stats:?})")),
            Err(got) => is_the_error_of_accept(lab, &got, &error()),
        }
    }
}

/// One conversation for each way to end badly. Each must count as failed, and none may begin again.
pub fn every_bad_end_is_a_failure(
    lab: &Lab,
    what: &str,
    serve: impl FnOnce(&Script, Arc<dyn Handler>) -> io::Result<Stats>,
) {
    lab.why("Six conversations. Five end with an error, of a different kind each, and one with a panic that has no text. How it went is for the handler to say: each counts as failed, and the handler is called once for each client.");
    const KINDS: [ErrorKind; 5] = [
        ErrorKind::WouldBlock,
        ErrorKind::Interrupted,
        ErrorKind::TimedOut,
        ErrorKind::UnexpectedEof,
        ErrorKind::Other,
    ];
    const CLIENTS: usize = KINDS.len() + 1;
    let (clients, _others): (Vec<_>, Vec<_>) = (0..CLIENTS).map(|_| connected()).unzip();
    let knocks = clients.into_iter().map(Knock::Client);
    let script = Script::new(lab, knocks.chain([Knock::Closed]));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let handler = handler(move |_: &Client| {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        match KINDS.get(call) {
            Some(&kind) => Err(kind.into()),
            // A panic in all but its message, which would be printed.
            None if call < CLIENTS => resume_unwind(Box::new(call)),
            None => Ok(()),
        }
    });
    let stats = lab.ok(what, || serve(&script, handler));
    lab.same(
        "calls of the handler",
        calls.load(Ordering::SeqCst),
        CLIENTS,
    );
    score(lab, stats, (0, CLIENTS as u64, 0));
}
