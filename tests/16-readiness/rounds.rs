//! A loop that the test drives, round by round, and the sockets around it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use concurrent_server::Clock;
use netlab::{End, Lab, ManualClock, Running, TcpPeer};
use readiness::{EchoFrames, Event, Id, Limits, Loop, Protocol, Server, Waker};
use socket2::{Domain, SockRef, Socket, Type};

/// How long a round of a test waits for something to come over loopback.
const A_WHILE: Duration = Duration::from_millis(5);

/// So many rounds a scene takes at most, and so many in a row in which nothing happens.
const MANY: usize = 5000;
const VAIN: usize = 400;

/// A listening socket of 127.0.0.1, on a port that the system chooses.
pub fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a port of loopback");
    let addr = listener
        .local_addr()
        .expect("a bound socket has an address");
    (listener, addr)
}

/// A listening socket whose connections take a quarter of a megabyte before anybody reads: all of a long request is there.
pub fn roomy_listener() -> (TcpListener, SocketAddr) {
    let (listener, addr) = listener();
    SockRef::from(&listener)
        .set_recv_buffer_size(1 << 20)
        .expect("SO_RCVBUF");
    (listener, addr)
}

/// So many clients, and rounds until all of them are accepted.
pub fn crowd<W: Work>(rounds: &mut Rounds<W>, addr: SocketAddr, many: usize) -> Vec<TcpStream> {
    let mut clients = Vec::new();
    for _ in 0..many {
        clients.push(TcpStream::connect(addr).expect("a listening socket"));
        // Before the queue of the kernel is full.
        if clients.len() % 50 == 0 {
            while rounds.round_quietly() {}
        }
    }
    rounds.until(&format!("{many} clients to be accepted"), |events| {
        count(events, |event| matches!(event, Event::Opened(..))) == many
    });
    clients
}

/// What a part of a test in another process has printed under this name: `told: 1`.
pub fn printed(lab: &Lab, end: &End, name: &str, want: &str) {
    let mut lines = end.stdout.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    lab.holds(
        value == Some(want),
        format!("{name}: {want}"),
        value.unwrap_or(end.stderr.trim()),
    );
}

/// What has rounds.
pub trait Work {
    const NAME: &str;
    fn round(&mut self, wait: Duration) -> io::Result<Vec<Event>>;
}

impl<P: Protocol + Clone> Work for Loop<P> {
    const NAME: &str = "round(5 ms)";

    fn round(&mut self, wait: Duration) -> io::Result<Vec<Event>> {
        Loop::round(self, Some(wait))
    }
}

/// With a clock that stands still, a server's round waits until a moment that is this far away.
impl<P: Protocol + Clone> Work for Server<P, Hand> {
    const NAME: &str = "round(in 5 ms)";

    fn round(&mut self, wait: Duration) -> io::Result<Vec<Event>> {
        let until = self.now() + wait;
        Server::round(self, Some(until))
    }
}

/// Work, and what has happened in it so far.
pub struct Rounds<W> {
    lab: Lab,
    pub work: W,
    happened: Vec<Event>,
}

impl Rounds<Loop<EchoFrames>> {
    /// A loop that echoes frames, and its address.
    pub fn of_echo(lab: &Lab) -> (Rounds<Loop<EchoFrames>>, SocketAddr) {
        Rounds::of(lab, EchoFrames)
    }
}

impl<P: Protocol + Clone> Rounds<Loop<P>> {
    pub fn of(lab: &Lab, protocol: P) -> (Rounds<Loop<P>>, SocketAddr) {
        let (listener, addr) = listener();
        let work = lab.ok("Loop::new(listener, protocol)", || {
            Loop::new(listener, protocol)
        });
        (Rounds::new(lab, work), addr)
    }
}

impl<P: Protocol + Clone> Rounds<Server<P, Hand>> {
    pub fn of_server(
        lab: &Lab,
        protocol: P,
        clock: &ManualClock,
        limits: Limits,
    ) -> (Rounds<Server<P, Hand>>, SocketAddr) {
        let (listener, addr) = listener();
        let clock = Hand(clock.clone());
        let what = format!("Server::new(listener, protocol, clock, {limits:?})");
        let work = lab.ok(&what, || Server::new(listener, protocol, clock, limits));
        (Rounds::new(lab, work), addr)
    }
}

impl<W: Work> Rounds<W> {
    pub fn new(lab: &Lab, work: W) -> Rounds<W> {
        Rounds {
            lab: lab.clone(),
            work,
            happened: Vec::new(),
        }
    }

    /// One round. Gives how many things happened in it.
    pub fn round(&mut self) -> usize {
        self.round_of(A_WHILE)
    }

    /// One round that does not wait.
    pub fn glance(&mut self) -> usize {
        self.round_of(Duration::ZERO)
    }

    fn round_of(&mut self, wait: Duration) -> usize {
        let what = if wait.is_zero() { "round(0)" } else { W::NAME };
        let work = &mut self.work;
        let events = self.lab.ok(what, || work.round(wait));
        for event in &events {
            self.lab.note(format!("  {}", words(event)));
        }
        let many = events.len();
        self.happened.extend(events);
        many
    }

    /// A glance that does not stand in the story. Whether something happened in it.
    pub fn round_quietly(&mut self) -> bool {
        self.round_quietly_for(Duration::ZERO)
    }

    fn round_quietly_for(&mut self, wait: Duration) -> bool {
        match self.work.round(wait) {
            Ok(events) => {
                let busy = !events.is_empty();
                self.happened.extend(events);
                busy
            }
            Err(error) => self
                .lab
                .fails("your round(0) to succeed", format!("{error:?}")),
        }
    }

    /// Rounds, until something holds of all that happened so far.
    pub fn until(&mut self, what: &str, met: impl Fn(&[Event]) -> bool) {
        let mut vain = 0;
        for _ in 0..MANY {
            if met(&self.happened) {
                return;
            }
            if self.round() > 0 {
                vain = 0;
            } else {
                vain += 1;
            }
            if vain > VAIN {
                break;
            }
        }
        let so_far: Vec<_> = self.happened.iter().map(words).collect();
        let so_far = match so_far.as_slice() {
            [] => "nothing has happened".to_owned(),
            [.., _] if so_far.len() > 20 => format!("{} events, none of them this", so_far.len()),
            some => format!("only this:\n{}", some.join("\n")),
        };
        self.lab.fails(what, so_far);
    }

    /// Rounds, until a client is accepted. Gives its name.
    pub fn accepts(&mut self, client: &TcpPeer) -> Id {
        let peer = client.local();
        self.until("the client to be accepted", |events| {
            id_of(events, peer).is_some()
        });
        id_of(&self.happened, peer).expect("it was accepted")
    }

    /// Rounds, until a connection is closed. Gives how it ended, in words: `Ok`, `ConnectionReset`.
    pub fn closes(&mut self, id: Id) -> String {
        self.until(&format!("connection {} to be closed", id.0), |events| {
            end_of(events, id).is_some()
        });
        end_of(&self.happened, id).expect("it was closed")
    }

    /// Rounds, until a client has its echo, and so has everybody who was ready before.
    pub fn echoes(&mut self, client: &TcpPeer, payload: &[u8]) {
        client.sends_frame(payload);
        self.answers(client);
        client.expects_frame(payload);
    }

    /// Rounds, until something has come for a client to read.
    pub fn answers(&mut self, client: &TcpPeer) {
        let mut vain = 0;
        while !has_something(client) {
            if self.round() == 0 {
                vain += 1;
            }
            if vain > VAIN {
                self.lab.fails("an answer to this client", "none");
            }
        }
    }

    /// Rounds, while a client reads up to so many bytes. Gives how many came.
    pub fn reads(&mut self, client: &TcpPeer, most: usize) -> usize {
        let mut stream = client.stream();
        stream.set_nonblocking(true).expect("non-blocking mode");
        let (mut got, mut vain) = (0, 0);
        let mut buffer = vec![0; 64 * 1024];
        while got < most && vain < VAIN {
            let room = buffer.len().min(most - got);
            let came = stream.read(&mut buffer[..room]).unwrap_or(0);
            got += came;
            let busy = self.round_quietly_for(if came == 0 { A_WHILE } else { Duration::ZERO });
            vain = if came > 0 || busy { 0 } else { vain + 1 };
        }
        stream.set_nonblocking(false).expect("blocking mode");
        self.lab.note(format!("the client reads {got} bytes"));
        got
    }

    /// What has happened since the last call of this.
    pub fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.happened)
    }

    /// What has happened so far.
    pub fn happened(&self) -> &[Event] {
        &self.happened
    }
}

/// A client that does not wait for its connection.
pub fn begins_to_connect(addr: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_nonblocking(true).expect("non-blocking mode");
    // It says that it is not there yet.
    let _ = socket.connect(&addr.into());
    socket
}

/// How often this thread has waited so far. `None` where the system does not say.
pub fn waits() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    line.trim().parse().ok()
}

/// Whether there is something to read for a client: bytes, the end, or an error.
pub fn has_something(client: &TcpPeer) -> bool {
    let stream = client.stream();
    stream.set_nonblocking(true).expect("non-blocking mode");
    let seen = stream.peek(&mut [0]);
    stream.set_nonblocking(false).expect("blocking mode");
    !seen.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// Sends as much of these bytes as the buffers between the two ends take. Gives how much that was.
pub fn stuffs(client: &TcpPeer, bytes: &[u8]) -> usize {
    let stream = client.stream();
    stream.set_nonblocking(true).expect("non-blocking mode");
    let mut sent = 0;
    while sent < bytes.len() {
        match { stream }.write(&bytes[sent..]) {
            Ok(n) => sent += n,
            Err(_) => break,
        }
    }
    stream.set_nonblocking(false).expect("blocking mode");
    sent
}

/// An event in words that do not depend on its Debug: `Id(2) is closed: Ok`.
pub fn words(event: &Event) -> String {
    match event {
        Event::Opened(id, peer) => format!("Opened({}, {peer})", id.0),
        Event::Answered(id) => format!("Answered({})", id.0),
        Event::Closed(id, end) => format!("Closed({}, {})", id.0, end_in_words(end)),
        Event::AcceptFailed(error) => format!("AcceptFailed({:?})", error.kind()),
    }
}

fn end_in_words(end: &io::Result<()>) -> String {
    match end {
        Ok(()) => "Ok".to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

/// The name of the connection that comes from this address: the last one, if there were several.
pub fn id_of(events: &[Event], peer: SocketAddr) -> Option<Id> {
    events.iter().rev().find_map(|event| match event {
        Event::Opened(id, from) if *from == peer => Some(*id),
        _ => None,
    })
}

pub fn end_of(events: &[Event], id: Id) -> Option<String> {
    events.iter().find_map(|event| match event {
        Event::Closed(closed, end) if *closed == id => Some(end_in_words(end)),
        _ => None,
    })
}

pub fn count(events: &[Event], is_it: impl Fn(&Event) -> bool) -> usize {
    events.iter().filter(|event| is_it(event)).count()
}

/// The laboratory's clock as one of chapter 03.
#[derive(Clone)]
pub struct Hand(pub ManualClock);

impl Clock for Hand {
    fn now(&self) -> Duration {
        self.0.now()
    }
}

/// A loop on a thread of its own, round after round.
pub struct Serving {
    pub running: Running<()>,
    pub waker: Waker,
    over: Arc<AtomicBool>,
}

/// Rounds without a limit of time, until [`Serving::stops`].
pub fn serving(
    lab: &Lab,
    waker: Waker,
    mut round: impl FnMut() -> io::Result<Vec<Event>> + Send + 'static,
) -> Serving {
    let over = Arc::new(AtomicBool::new(false));
    let (is_over, inner) = (over.clone(), lab.clone());
    let running = lab.student("round(None), again and again", move || {
        while !is_over.load(Ordering::Acquire) {
            if let Err(error) = round() {
                inner.fails("your round(None) to succeed", format!("{error:?}"));
            }
        }
    });
    Serving {
        running,
        waker,
        over,
    }
}

impl Serving {
    /// Ends the rounds, by the waker.
    pub fn stops(self, lab: &Lab) {
        self.over.store(true, Ordering::Release);
        lab.ok("wake()", || self.waker.wake());
        self.running.returns();
    }
}
