//! Servers as they are met on an open network, and what a client must make of each.
//!
//! Each answers a question for an IPv4 address in its own way, as often as it is asked. To any other
//! question it says that there is no such record: a client that asks for IPv6 addresses too loses no
//! time with that.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::wire::{self, Asked, Message, a, cname};

/// What is asked for.
pub const HOST: &str = "www.example.test";

/// The true answer, the one that comes over TCP, the one behind another name, and a forger's.
const GOOD: &str = "1.2.3.4";
const BY_TCP: &str = "9.9.9.9";
const BEHIND: &str = "4.4.4.4";
const FORGED: &str = "6.6.6.6";

/// How long to wait, and how often to ask.
#[derive(Clone, Copy)]
pub struct Tries {
    pub timeout: Duration,
    pub count: u32,
}

/// What a look-up came to.
pub enum Outcome {
    Addresses(Vec<IpAddr>),
    NoSuchName,
    NoData,
    TimedOut,
    /// The server answered that it cannot or will not.
    Rcode(u8),
    /// Anything else, in a few words.
    Error(String),
}

/// What a client must make of a server.
enum Must {
    /// Find this address and no other.
    Find(&'static str),
    /// Find this address, or give up: both can be defended.
    FindOrFail(&'static str),
    /// Find no address, however it says so.
    FindNone,
    NoSuchName,
    ServerFailed,
    /// Hear nothing that counts, and come to an end.
    TimeOut,
}

pub struct Server {
    /// What it does, for a table.
    pub name: &'static str,
    must: Must,
    answer: fn(&Client),
}

/// All of them, from friendly to hostile.
pub const SERVERS: [Server; 19] = [
    Server {
        name: "a good reply",
        must: Must::Find(GOOD),
        answer: |client| client.gets(&client.good()),
    },
    Server {
        name: "question in CAPS",
        must: Must::Find(GOOD),
        answer: |client| {
            let mut reply = client.good();
            reply.questions[0].0.make_ascii_uppercase();
            client.gets(&reply);
        },
    },
    Server {
        name: "behind a CNAME",
        must: Must::Find(BEHIND),
        answer: |client| {
            let records = [cname(HOST, "web.test"), a("web.test", BEHIND)];
            client.gets(&client.asked.reply().answers(records));
        },
    },
    Server {
        name: "TC, whole over TCP",
        must: Must::Find(BY_TCP),
        answer: |client| client.gets(&client.asked.reply().cut_off()),
    },
    Server {
        name: "NXDOMAIN",
        must: Must::NoSuchName,
        answer: |client| client.gets(&client.asked.reply().rcode(wire::NXDOMAIN)),
    },
    Server {
        name: "SERVFAIL",
        must: Must::ServerFailed,
        answer: |client| client.gets(&client.asked.reply().rcode(wire::SERVFAIL)),
    },
    Server {
        name: "silence",
        must: Must::TimeOut,
        answer: |_| {},
    },
    Server {
        name: "1 wrong id, good",
        must: Must::Find(GOOD),
        answer: |client| client.gets_forged_ids(1),
    },
    Server {
        name: "4 wrong ids, good",
        must: Must::Find(GOOD),
        answer: |client| client.gets_forged_ids(4),
    },
    Server {
        name: "12 wrong ids, good",
        must: Must::Find(GOOD),
        answer: |client| client.gets_forged_ids(12),
    },
    Server {
        name: "wrong port, good",
        must: Must::Find(GOOD),
        answer: |client| {
            client.gets_from_stranger(&client.forged().bytes());
            client.gets(&client.good());
        },
    },
    Server {
        name: "wrong name, good",
        must: Must::Find(GOOD),
        answer: |client| {
            let mut forged = client.forged();
            forged.questions[0].0 = "wwx.example.test".to_owned();
            client.gets(&forged);
            client.gets(&client.good());
        },
    },
    Server {
        name: "40 × ff, good",
        must: Must::Find(GOOD),
        answer: |client| {
            client.gets_bytes(&[0xff; 40]);
            client.gets(&client.good());
        },
    },
    Server {
        name: "foreign runt, good",
        must: Must::Find(GOOD),
        answer: |client| {
            client.gets_from_stranger(&client.good().bytes()[..11]);
            client.gets(&client.good());
        },
    },
    Server {
        name: "its own runt, good",
        must: Must::FindOrFail(GOOD),
        answer: |client| {
            client.gets_bytes(&client.good().bytes()[..11]);
            client.gets(&client.good());
        },
    },
    Server {
        name: "no question",
        must: Must::TimeOut,
        answer: |client| {
            let mut reply = client.forged();
            reply.questions.clear();
            client.gets(&reply);
        },
    },
    Server {
        name: "another's address",
        must: Must::FindNone,
        answer: |client| {
            let of_another = [a("www.another.test", FORGED)];
            client.gets(&client.asked.reply().answers(of_another));
        },
    },
    Server {
        name: "pointer to itself",
        must: Must::FindNone,
        answer: |client| client.gets_bytes(&pointer_to_itself(&client.asked)),
    },
    Server {
        name: "junk every 5 ms",
        must: Must::TimeOut,
        answer: |client| {
            let client = client.clone();
            thread::spawn(move || {
                while !client.over.load(Ordering::Relaxed) {
                    client.gets_bytes(&[0xff; 40]);
                    thread::sleep(Duration::from_millis(5));
                }
            });
        },
    },
];

/// A reply whose one record belongs to a name that is a pointer, and this points at itself.
pub fn pointer_to_itself(asked: &Asked) -> Vec<u8> {
    let question = asked.reply().bytes().len();
    let mut reply = asked.reply().answers([a(HOST, FORGED)]).bytes();
    // The two octets with which the record begins; its own offset is below 256.
    reply[question] = 0xc0;
    reply[question + 1] = question as u8;
    reply
}

/// Who has asked.
#[derive(Clone)]
struct Client {
    addr: SocketAddr,
    asked: Asked,
    server: Arc<UdpSocket>,
    stranger: Arc<UdpSocket>,
    over: Arc<AtomicBool>,
}

impl Client {
    fn good(&self) -> Message {
        self.asked.reply().answers([a(HOST, GOOD)])
    }

    fn forged(&self) -> Message {
        self.asked.reply().answers([a(HOST, FORGED)])
    }

    fn gets_forged_ids(&self, count: u16) {
        for n in 1..=count {
            let mut forged = self.forged();
            forged.id = forged.id.wrapping_add(n);
            self.gets(&forged);
        }
        self.gets(&self.good());
    }

    fn gets(&self, reply: &Message) {
        self.gets_bytes(&reply.bytes());
    }

    fn gets_bytes(&self, bytes: &[u8]) {
        // The client may have gone; that is its own affair.
        let _ = self.server.send_to(bytes, self.addr);
    }

    fn gets_from_stranger(&self, bytes: &[u8]) {
        let _ = self.stranger.send_to(bytes, self.addr);
    }
}

/// A server at work, until this is dropped.
pub struct Running {
    pub addr: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Server {
    pub fn start(&self) -> io::Result<Running> {
        let (udp, tcp) = same_port_twice()?;
        let addr = udp.local_addr()?;
        udp.set_read_timeout(Some(Duration::from_millis(20)))?;
        let (server, stranger) = (
            Arc::new(udp),
            Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?),
        );
        let over = Arc::new(AtomicBool::new(false));
        let running = Running {
            addr,
            over: over.clone(),
        };
        // Only one of the servers ever sends a client there.
        thread::spawn(move || {
            for stream in tcp.incoming().flatten() {
                let _ = answer_over_tcp(stream);
            }
        });
        let answer = self.answer;
        thread::spawn(move || {
            let mut buffer = [0; 1500];
            while !over.load(Ordering::Relaxed) {
                // A time-out is the moment to look up.
                let Ok((length, addr)) = server.recv_from(&mut buffer) else {
                    continue;
                };
                let Some(asked) = Asked::read(&buffer[..length]) else {
                    continue;
                };
                let client = Client {
                    addr,
                    asked,
                    server: server.clone(),
                    stranger: stranger.clone(),
                    over: over.clone(),
                };
                match client.asked.qtype {
                    wire::A => answer(&client),
                    _ => client.gets(&client.asked.reply()),
                }
            }
        });
        Ok(running)
    }

    /// Whether a client has made of it what it must.
    pub fn is_survived_with(&self, outcome: &Outcome) -> bool {
        let finds = |address: &str| match outcome {
            Outcome::Addresses(found) => found.iter().map(IpAddr::to_string).eq([address]),
            _ => false,
        };
        let finds_any = matches!(outcome, Outcome::Addresses(_));
        match self.must {
            Must::Find(address) => finds(address),
            Must::FindOrFail(address) => finds(address) || !finds_any,
            Must::FindNone => !finds_any,
            Must::NoSuchName => matches!(outcome, Outcome::NoSuchName),
            Must::ServerFailed => matches!(outcome, Outcome::Rcode(wire::SERVFAIL)),
            Must::TimeOut => matches!(outcome, Outcome::TimedOut),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Answers one question: its length in two octets goes before a message (RFC 1035 §4.2.2).
fn answer_over_tcp(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut query)?;
    let asked = Asked::read(&query).ok_or(io::ErrorKind::InvalidData)?;
    let reply = asked.reply().answers([a(HOST, BY_TCP)]).bytes();
    let length = reply.len() as u16;
    stream.write_all(&[&length.to_be_bytes()[..], &reply].concat())
}

/// One port number in both protocols. Rarely somebody has it in the second one; another will do.
fn same_port_twice() -> io::Result<(UdpSocket, TcpListener)> {
    for _ in 0..100 {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr()?) {
            return Ok((udp, tcp));
        }
    }
    Err(io::Error::other(
        "no port number is free in both UDP and TCP",
    ))
}
