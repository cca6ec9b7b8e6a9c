//! A network of paper: names, addresses and servers that do what a test has written down, at the times that it has
//! written down. Time passes only while somebody waits. All that happens is in a journal.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use concurrent_server::Waits;
use http1::Stream;
use type_a_url::{Limits, Line, Network, Secured};
use udp_dns_lookup::{Answer, LookupError};

pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    wait: Duration::from_secs(5),
};

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What a name server says of a name.
#[derive(Clone, Debug)]
pub enum Said {
    Addresses(Vec<IpAddr>),
    NoSuchName,
    NoData,
    Silence,
    Rcode(u8),
}

/// What an address does with an attempt to connect.
#[derive(Clone, Copy, Debug)]
pub enum Door {
    /// Answers after so many milliseconds.
    Opens(u64),
    Refuses(u64),
    /// Fails so after so many milliseconds.
    Fails(u64, ErrorKind),
    Silent,
}

/// What comes from a server behind a request.
#[derive(Clone)]
pub enum Play {
    After(u64),
    Bytes(Vec<u8>),
    /// The end of the stream.
    End,
    Fails(ErrorKind),
}

/// As a person reads it.
impl fmt::Debug for Play {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Play::After(ms) => write!(f, "{ms} ms later"),
            Play::Bytes(bytes) => write!(f, "\"{}\"", bytes.escape_ascii()),
            Play::End => f.write_str("the end"),
            Play::Fails(kind) => write!(f, "{kind:?}"),
        }
    }
}

pub fn bytes(text: &str) -> Play {
    Play::Bytes(text.as_bytes().to_vec())
}

/// The whole of a response without delay.
pub fn response(status: u16, fields: &str, body: &str) -> Vec<Play> {
    let len = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {len}\r\n\r\n");
    vec![bytes(&head), bytes(body)]
}

/// What comes where a test has written nothing down.
pub const PAGE: &str = "hello";

fn usual() -> Vec<Play> {
    let mut plays = vec![Play::After(18)];
    plays.push(bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
    plays.push(Play::After(10));
    plays.push(bytes(PAGE));
    plays
}

#[derive(Default)]
struct World {
    now: Duration,
    journal: Vec<String>,
    names: BTreeMap<String, (u64, Said)>,
    doors: BTreeMap<SocketAddr, Door>,
    /// What comes of a handshake, and after how long; of one connection after the other, and then of all.
    handshakes: VecDeque<Result<Option<Vec<u8>>, ErrorKind>>,
    /// The answers to the requests of one connection after the other.
    answers: VecDeque<Vec<Vec<Play>>>,
    /// Attempts that run, and when something comes of them.
    attempts: Vec<(SocketAddr, Option<Duration>, Result<(), ErrorKind>)>,
    /// How often somebody has waited for attempts.
    waits: usize,
    lines: Lines,
    requests: Vec<String>,
    opened: usize,
    /// How often in a row somebody has waited until a moment that was over.
    in_vain: usize,
}

/// How the lines of a world take what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Lines {
    /// All of it, and at once.
    #[default]
    Usual,
    /// Five bytes with each write, which go out when they are flushed.
    Narrow,
    /// As usual, but they have no limit: who sets one gets this error.
    NoLimit(ErrorKind),
}

/// How long a handshake takes here.
pub const HANDSHAKE: u64 = 40;

/// A handle to the world: the network that a test hands out is another one.
#[derive(Clone, Default)]
pub struct Paper(Rc<RefCell<World>>);

pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| ip(text)).collect()
}

impl Paper {
    /// A world with one site: `www.example.org` has 192.0.2.1 after 12 ms, whose ports 80 and 443 open after 20 ms.
    pub fn with_site() -> Paper {
        let world = Paper::default();
        world.name("www.example.org", 12, Said::Addresses(ips(&["192.0.2.1"])));
        world.door("192.0.2.1:443", Door::Opens(20));
        world.door("192.0.2.1:80", Door::Opens(20));
        world
    }

    pub fn name(&self, name: &str, after: u64, said: Said) {
        let mut world = self.0.borrow_mut();
        world.names.insert(name.to_owned(), (after, said));
    }

    pub fn door(&self, addr: &str, door: Door) {
        let addr = addr.parse().expect("an address and a port");
        self.0.borrow_mut().doors.insert(addr, door);
    }

    /// How lines take what is written, from the next one on.
    pub fn lines(&self, lines: Lines) {
        self.0.borrow_mut().lines = lines;
    }

    /// How often somebody has waited for attempts.
    pub fn waits(&self) -> usize {
        self.0.borrow().waits
    }

    /// What comes of the next handshake about which nothing was said.
    pub fn handshake(&self, result: Result<Option<&[u8]>, ErrorKind>) {
        let result = result.map(|protocol| protocol.map(<[u8]>::to_vec));
        self.0.borrow_mut().handshakes.push_back(result);
    }

    /// What the next connection about which nothing was said answers to its requests.
    pub fn answers(&self, answers: Vec<Vec<Play>>) {
        self.0.borrow_mut().answers.push_back(answers);
    }

    /// What this world does not have of another one.
    pub fn takes_from(&self, other: &Paper) {
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
    pub fn passes(&self, time: Duration) {
        self.0.borrow_mut().now += time;
    }

    pub fn time(&self) -> Duration {
        self.0.borrow().now
    }

    /// What has happened: a line each, with its time in milliseconds.
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

    fn notes(&self, words: String) {
        let mut world = self.0.borrow_mut();
        let at = world.now.as_millis();
        world.journal.push(format!("{at} {words}"));
    }
}

impl Network for Paper {
    fn now(&self) -> Duration {
        self.time()
    }

    fn lookup(&mut self, host: &str) -> Result<Answer, LookupError> {
        self.notes(format!("lookup {host}"));
        let mut world = self.0.borrow_mut();
        let (after, said) = match world.names.get(host) {
            Some(known) => known.clone(),
            None => (1, Said::NoSuchName),
        };
        world.now += ms(after);
        match said {
            Said::Addresses(addrs) => Ok(Answer::Addresses(addrs)),
            Said::NoSuchName => Ok(Answer::NoSuchName),
            Said::NoData => Ok(Answer::NoData),
            Said::Silence => Err(LookupError::TimedOut),
            Said::Rcode(code) => Err(LookupError::Rcode(code)),
        }
    }

    fn begin(&mut self, to: SocketAddr) {
        self.notes(format!("connect {to}"));
        let mut world = self.0.borrow_mut();
        let now = world.now;
        let door = world.doors.get(&to).copied().unwrap_or(Door::Refuses(0));
        let (at, comes) = match door {
            Door::Opens(after) => (Some(now + ms(after)), Ok(())),
            Door::Refuses(after) => (Some(now + ms(after)), Err(ErrorKind::ConnectionRefused)),
            Door::Fails(after, kind) => (Some(now + ms(after)), Err(kind)),
            Door::Silent => (None, Ok(())),
        };
        world.attempts.push((to, at, comes));
    }

    fn connected(&mut self, until: Duration) -> Option<(SocketAddr, io::Result<Line>)> {
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
            self.notes(format!("refused {to}"));
            return Some((to, Err(kind.into())));
        }
        let answers = world.answers.pop_front();
        let lines = world.lines;
        world.opened += 1;
        let number = world.opened;
        drop(world);
        self.notes(format!("open {to}"));
        let line = PaperLine {
            paper: self.clone(),
            number,
            answers: answers.map(VecDeque::from),
            queue: VecDeque::new(),
            limit: None,
            lines,
            written: Vec::new(),
            heard: Vec::new(),
        };
        Some((to, Ok(Line::new(line))))
    }

    fn give_up(&mut self) {
        let left = std::mem::take(&mut self.0.borrow_mut().attempts);
        for (to, ..) in left {
            self.notes(format!("given-up {to}"));
        }
    }

    fn secure(&mut self, line: Line, host: &str, limit: Duration) -> io::Result<Secured> {
        self.notes(format!("tls {host} for {} ms at most", limit.as_millis()));
        let mut world = self.0.borrow_mut();
        world.now += ms(HANDSHAKE);
        let result = world.handshakes.pop_front();
        drop(world);
        match result.unwrap_or(Ok(Some(b"http/1.1".to_vec()))) {
            Ok(protocol) => Ok(Secured { line, protocol }),
            Err(kind) => Err(kind.into()),
        }
    }
}

/// One connection.
struct PaperLine {
    paper: Paper,
    number: usize,
    /// What the requests get that are still to come. None: the usual.
    answers: Option<VecDeque<Vec<Play>>>,
    queue: VecDeque<Play>,
    limit: Option<Duration>,
    lines: Lines,
    /// What was not flushed.
    written: Vec<u8>,
    heard: Vec<u8>,
}

impl PaperLine {
    /// These bytes come to the server.
    fn hears(&mut self, bytes: &[u8]) {
        self.heard.extend_from_slice(bytes);
        let end = self.heard.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head: Vec<u8> = self.heard.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).into_owned();
            let line = head.lines().next().unwrap_or_default();
            self.paper
                .notes(format!("request {line} on line {}", self.number));
            self.paper.0.borrow_mut().requests.push(head);
            let answer = match &mut self.answers {
                None => Some(usual()),
                Some(answers) => answers.pop_front(),
            };
            self.queue.extend(answer.unwrap_or_default());
        }
    }
}

impl Read for PaperLine {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut waited = Duration::ZERO;
        loop {
            match self.queue.pop_front() {
                Some(Play::After(after)) => {
                    let after = ms(after);
                    if let Some(limit) = self.limit
                        && waited + after > limit
                    {
                        self.paper.passes(limit - waited);
                        return Err(ErrorKind::WouldBlock.into());
                    }
                    waited += after;
                    self.paper.passes(after);
                }
                Some(Play::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Play::Bytes(mut bytes)) => {
                    let n = bytes.len().min(buf.len());
                    let rest = bytes.split_off(n);
                    buf[..n].copy_from_slice(&bytes);
                    if !rest.is_empty() {
                        self.queue.push_front(Play::Bytes(rest));
                    }
                    return Ok(n);
                }
                Some(Play::End) => {
                    self.queue.push_front(Play::End);
                    return Ok(0);
                }
                Some(Play::Fails(kind)) => return Err(kind.into()),
                None => {
                    let Some(limit) = self.limit else {
                        return Err(io::Error::other(
                            "nothing comes any more, and this read has no limit: it would wait for ever",
                        ));
                    };
                    self.paper.passes(limit.saturating_sub(waited));
                    return Err(ErrorKind::WouldBlock.into());
                }
            }
        }
    }
}

impl Write for PaperLine {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.lines == Lines::Narrow {
            let n = buf.len().min(5);
            self.written.extend_from_slice(&buf[..n]);
            return Ok(n);
        }
        self.hears(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = std::mem::take(&mut self.written);
        self.hears(&written);
        Ok(())
    }
}

impl Waits for PaperLine {
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        if let Lines::NoLimit(kind) = self.lines {
            return Err(kind.into());
        }
        self.limit = Some(limit);
        Ok(())
    }
}

impl Stream for PaperLine {
    fn end_writing(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for PaperLine {
    fn drop(&mut self) {
        self.paper.notes(format!("closed line {}", self.number));
    }
}
