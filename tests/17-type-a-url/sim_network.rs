//! A simulated network: names, addresses and servers do what the test says, at the times that it says. Time passes only
//! while the program waits. A journal has all events.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use concurrent_server::Waits;
use http1::Stream;
use type_a_url::{Connection, Limits, Network, Secured};
use udp_dns_lookup::{Answer, LookupError};

pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    wait: Duration::from_secs(5),
};

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The name server's answer about a name.
#[derive(Clone, Debug)]
pub enum DnsReply {
    Addresses(Vec<IpAddr>),
    NoSuchName,
    NoData,
    Silence,
    Rcode(u8),
}

/// What comes of an attempt to connect to an address.
#[derive(Clone, Copy, Debug)]
pub enum ConnectOutcome {
    /// The connection is open after this many milliseconds.
    Opens(u64),
    Refused(u64),
    /// It fails with this error after this many milliseconds.
    Fails(u64, ErrorKind),
    Silent,
}

/// One step of a server's answer to a request.
#[derive(Clone)]
pub enum ServerStep {
    After(u64),
    Bytes(Vec<u8>),
    /// The end of the stream.
    End,
    Fails(ErrorKind),
}

/// As a person reads it.
impl fmt::Debug for ServerStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerStep::After(ms) => write!(f, "{ms} ms later"),
            ServerStep::Bytes(bytes) => write!(f, "\"{}\"", bytes.escape_ascii()),
            ServerStep::End => f.write_str("the end"),
            ServerStep::Fails(kind) => write!(f, "{kind:?}"),
        }
    }
}

pub fn bytes(text: &str) -> ServerStep {
    ServerStep::Bytes(text.as_bytes().to_vec())
}

/// The whole of a response without delay.
pub fn response(status: u16, fields: &str, body: &str) -> Vec<ServerStep> {
    let len = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {len}\r\n\r\n");
    vec![bytes(&head), bytes(body)]
}

/// The page where a test says nothing else.
pub const PAGE: &str = "hello";

fn usual() -> Vec<ServerStep> {
    let mut plays = vec![ServerStep::After(18)];
    plays.push(bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
    plays.push(ServerStep::After(10));
    plays.push(bytes(PAGE));
    plays
}

#[derive(Default)]
struct World {
    now: Duration,
    journal: Vec<String>,
    names: BTreeMap<String, (u64, DnsReply)>,
    doors: BTreeMap<SocketAddr, ConnectOutcome>,
    /// The results of the next handshakes; then all succeed.
    handshakes: VecDeque<Result<Option<Vec<u8>>, ErrorKind>>,
    /// The answers of the next connections to their requests.
    answers: VecDeque<Vec<Vec<ServerStep>>>,
    /// Attempts that run, when they end, and their results.
    attempts: Vec<(SocketAddr, Option<Duration>, Result<(), ErrorKind>)>,
    /// How often `connected` was called.
    waits: usize,
    kind: ConnectionKind,
    requests: Vec<String>,
    opened: usize,
    /// How often in a row `connected` was called with a moment that was over.
    in_vain: usize,
}

/// How a connection treats what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ConnectionKind {
    /// All of it, and at once.
    #[default]
    Usual,
    /// Five bytes with each write, which go out when they are flushed.
    ShortWrites,
    /// As usual, but `wait_at_most` gives this error.
    NoLimit(ErrorKind),
}

/// How long a handshake takes, in milliseconds.
pub const HANDSHAKE_MS: u64 = 40;

/// A handle to the simulated network; its clones share one state.
#[derive(Clone, Default)]
pub struct SimNetwork(Rc<RefCell<World>>);

pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| ip(text)).collect()
}

impl SimNetwork {
    /// A network with one site: a look-up of `www.example.org` gives 192.0.2.1 after 12 ms, and its ports 80 and 443 open after
    /// 20 ms.
    pub fn with_site() -> SimNetwork {
        let world = SimNetwork::default();
        world.name(
            "www.example.org",
            12,
            DnsReply::Addresses(ips(&["192.0.2.1"])),
        );
        world.on_connect("192.0.2.1:443", ConnectOutcome::Opens(20));
        world.on_connect("192.0.2.1:80", ConnectOutcome::Opens(20));
        world
    }

    pub fn name(&self, name: &str, after: u64, said: DnsReply) {
        let mut world = self.0.borrow_mut();
        world.names.insert(name.to_owned(), (after, said));
    }

    pub fn on_connect(&self, addr: &str, door: ConnectOutcome) {
        let addr = addr.parse().expect("an address and a port");
        self.0.borrow_mut().doors.insert(addr, door);
    }

    /// The kind of all later connections.
    pub fn connections(&self, kind: ConnectionKind) {
        self.0.borrow_mut().kind = kind;
    }

    /// How often `connected` was called.
    pub fn waits(&self) -> usize {
        self.0.borrow().waits
    }

    /// Adds the result of one handshake more.
    pub fn handshake(&self, result: Result<Option<&[u8]>, ErrorKind>) {
        let result = result.map(|protocol| protocol.map(<[u8]>::to_vec));
        self.0.borrow_mut().handshakes.push_back(result);
    }

    /// Adds the answers of one connection more.
    pub fn answers(&self, answers: Vec<Vec<ServerStep>>) {
        self.0.borrow_mut().answers.push_back(answers);
    }

    /// Adds the names and addresses of another network that this one does not have.
    pub fn adds_missing(&self, other: &SimNetwork) {
        let mut world = self.0.borrow_mut();
        let other = other.0.borrow();
        for (name, known) in &other.names {
            let known = known.clone();
            world.names.entry(name.clone()).or_insert(known);
        }
        for (addr, door) in &other.doors {
            world.doors.entry(*addr).or_insert(*door);
        }
    }

    /// Time passes.
    pub fn advance(&self, time: Duration) {
        self.0.borrow_mut().now += time;
    }

    pub fn time(&self) -> Duration {
        self.0.borrow().now
    }

    /// The events: a line for each, with its time in milliseconds.
    pub fn journal(&self) -> Vec<String> {
        self.0.borrow().journal.clone()
    }

    /// The heads of the requests.
    pub fn requests(&self) -> Vec<String> {
        self.0.borrow().requests.clone()
    }

    /// How many lines of the journal have this word behind their time.
    pub fn count(&self, word: &str) -> usize {
        let is_it = |line: &&String| line.split(' ').nth(1) == Some(word);
        self.0.borrow().journal.iter().filter(is_it).count()
    }

    fn log(&self, words: String) {
        let mut world = self.0.borrow_mut();
        let at = world.now.as_millis();
        world.journal.push(format!("{at} {words}"));
    }
}

impl Network for SimNetwork {
    fn now(&self) -> Duration {
        self.time()
    }

    fn lookup(&mut self, host: &str) -> Result<Answer, LookupError> {
        self.log(format!("lookup {host}"));
        let mut world = self.0.borrow_mut();
        let (after, said) = match world.names.get(host) {
            Some(known) => known.clone(),
            None => (1, DnsReply::NoSuchName),
        };
        world.now += ms(after);
        match said {
            DnsReply::Addresses(addrs) => Ok(Answer::Addresses(addrs)),
            DnsReply::NoSuchName => Ok(Answer::NoSuchName),
            DnsReply::NoData => Ok(Answer::NoData),
            DnsReply::Silence => Err(LookupError::TimedOut),
            DnsReply::Rcode(code) => Err(LookupError::Rcode(code)),
        }
    }

    fn begin(&mut self, to: SocketAddr) {
        self.log(format!("connect {to}"));
        let mut world = self.0.borrow_mut();
        let now = world.now;
        let door = world
            .doors
            .get(&to)
            .copied()
            .unwrap_or(ConnectOutcome::Refused(0));
        let (at, comes) = match door {
            ConnectOutcome::Opens(after) => (Some(now + ms(after)), Ok(())),
            ConnectOutcome::Refused(after) => {
                (Some(now + ms(after)), Err(ErrorKind::ConnectionRefused))
            }
            ConnectOutcome::Fails(after, kind) => (Some(now + ms(after)), Err(kind)),
            ConnectOutcome::Silent => (None, Ok(())),
        };
        world.attempts.push((to, at, comes));
    }

    fn connected(&mut self, until: Duration) -> Option<(SocketAddr, io::Result<Connection>)> {
        let mut world = self.0.borrow_mut();
        world.waits += 1;
        let due = |nth: usize| world.attempts[nth].1.unwrap_or(Duration::MAX);
        let next = (0..world.attempts.len()).min_by_key(|nth| due(*nth));
        let next = next.filter(|nth| due(*nth) <= until);
        let Some(next) = next else {
            world.in_vain = if until > world.now {
                0
            } else {
                world.in_vain + 1
            };
            if world.in_vain == 1000 {
                panic!(
                    "a loop without end: connected() was asked 1000 times in a row to wait until {} ms, and it is {} ms: nothing comes of it any more",
                    until.as_millis(),
                    world.now.as_millis()
                );
            }
            world.now = world.now.max(until);
            return None;
        };
        let (to, at, comes) = world.attempts.remove(next);
        world.in_vain = 0;
        world.now = world.now.max(at.unwrap_or_default());
        if let Err(kind) = comes {
            drop(world);
            self.log(format!("refused {to}"));
            return Some((to, Err(kind.into())));
        }
        let answers = world.answers.pop_front();
        let kind = world.kind;
        world.opened += 1;
        let number = world.opened;
        drop(world);
        self.log(format!("open {to}"));
        let connection = SimConnection {
            network: self.clone(),
            number,
            answers: answers.map(VecDeque::from),
            queue: VecDeque::new(),
            limit: None,
            kind,
            written: Vec::new(),
            received: Vec::new(),
        };
        Some((to, Ok(Connection::new(connection))))
    }

    fn give_up(&mut self) {
        let left = std::mem::take(&mut self.0.borrow_mut().attempts);
        for (to, ..) in left {
            self.log(format!("given-up {to}"));
        }
    }

    fn secure(
        &mut self,
        connection: Connection,
        host: &str,
        limit: Duration,
    ) -> io::Result<Secured> {
        self.log(format!("tls {host} for {} ms at most", limit.as_millis()));
        let mut world = self.0.borrow_mut();
        world.now += ms(HANDSHAKE_MS);
        let result = world.handshakes.pop_front();
        drop(world);
        match result.unwrap_or(Ok(Some(b"http/1.1".to_vec()))) {
            Ok(protocol) => Ok(Secured {
                connection,
                protocol,
            }),
            Err(kind) => Err(kind.into()),
        }
    }
}

/// One connection.
struct SimConnection {
    network: SimNetwork,
    number: usize,
    /// The answers to the next requests. None: the usual page for each.
    answers: Option<VecDeque<Vec<ServerStep>>>,
    queue: VecDeque<ServerStep>,
    limit: Option<Duration>,
    kind: ConnectionKind,
    /// Bytes that were not flushed.
    written: Vec<u8>,
    received: Vec<u8>,
}

impl SimConnection {
    /// The server receives these bytes.
    fn receives(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
        let end = self
            .received
            .windows(4)
            .position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head: Vec<u8> = self.received.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).into_owned();
            let line = head.lines().next().unwrap_or_default();
            self.network
                .log(format!("request {line} on connection {}", self.number));
            self.network.0.borrow_mut().requests.push(head);
            let answer = match &mut self.answers {
                None => Some(usual()),
                Some(answers) => answers.pop_front(),
            };
            self.queue.extend(answer.unwrap_or_default());
        }
    }
}

impl Read for SimConnection {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut waited = Duration::ZERO;
        loop {
            match self.queue.pop_front() {
                Some(ServerStep::After(after)) => {
                    let after = ms(after);
                    if let Some(limit) = self.limit
                        && waited + after > limit
                    {
                        self.network.advance(limit - waited);
                        return Err(ErrorKind::WouldBlock.into());
                    }
                    waited += after;
                    self.network.advance(after);
                }
                Some(ServerStep::Bytes(bytes)) if bytes.is_empty() => {}
                Some(ServerStep::Bytes(mut bytes)) => {
                    let n = bytes.len().min(buf.len());
                    let rest = bytes.split_off(n);
                    buf[..n].copy_from_slice(&bytes);
                    if !rest.is_empty() {
                        self.queue.push_front(ServerStep::Bytes(rest));
                    }
                    return Ok(n);
                }
                Some(ServerStep::End) => {
                    self.queue.push_front(ServerStep::End);
                    return Ok(0);
                }
                Some(ServerStep::Fails(kind)) => return Err(kind.into()),
                None => {
                    let Some(limit) = self.limit else {
                        return Err(io::Error::other(
                            "nothing comes any more, and this read has no limit: it would wait for ever",
                        ));
                    };
                    self.network.advance(limit.saturating_sub(waited));
                    return Err(ErrorKind::WouldBlock.into());
                }
            }
        }
    }
}

impl Write for SimConnection {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.kind == ConnectionKind::ShortWrites {
            let n = buf.len().min(5);
            self.written.extend_from_slice(&buf[..n]);
            return Ok(n);
        }
        self.receives(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = std::mem::take(&mut self.written);
        self.receives(&written);
        Ok(())
    }
}

impl Waits for SimConnection {
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        if let ConnectionKind::NoLimit(kind) = self.kind {
            return Err(kind.into());
        }
        self.limit = Some(limit);
        Ok(())
    }
}

impl Stream for SimConnection {
    fn end_writing(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SimConnection {
    fn drop(&mut self) {
        self.network
            .log(format!("closed connection {}", self.number));
    }
}
