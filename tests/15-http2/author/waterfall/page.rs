//! Thirty objects of a page over the simulated network, with the TCP of chapters 09 to 12 below: over HTTP/1.1 with one
//! connection and with six, and over HTTP/2. What a run does depends on its seed alone.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use http1::{parse_request, parse_response};
use http2::{Config, Event, Field, H2};
use netlab::sim::{Chance, Fate, Kind, Link, Net, Time, Which};
use tcp_close::{ConnId, Host, Received, Site};
use tcp_open::{Notice, Seq};

pub const OBJECTS: usize = 30;
/// Bytes of each object.
pub const SIZE: usize = 20_000;
const DELAY_MS: u64 = 25;
const RATE: u64 = 10_000_000;
/// Packets that wait in front of the slow link: 150 ms of it.
const QUEUE: usize = 125;

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// With so many connections, each with one request at a time.
    Http1(usize),
    /// With one connection and all requests at once.
    Http2,
}

/// What happens to one object. Times count from the first SYN.
#[derive(Clone, Debug, Default)]
pub struct Object {
    pub asked: Duration,
    /// When content of it came.
    pub arrivals: Vec<Duration>,
    bytes: usize,
}

impl Object {
    pub fn ends(&self) -> Duration {
        *self.arrivals.last().expect("it came")
    }
}

pub struct Run {
    pub objects: Vec<Object>,
    /// When segments with data of the server's were sent and lost.
    pub losses: Vec<Duration>,
    /// When the client's TCP gave bytes to the program, on whatever connection.
    pub bytes: Vec<Duration>,
}

/// In milliseconds, rounded.
pub fn ms(time: Duration) -> u128 {
    (time.as_micros() + 500) / 1000
}

impl Run {
    /// When the last object is there.
    pub fn end(&self) -> Duration {
        let ends = self.objects.iter().map(Object::ends);
        ends.max().expect("thirty objects")
    }

    /// The longest time in which no byte came on any connection, between the first and the last.
    pub fn longest_pause(&self) -> Duration {
        let pauses = self.bytes.windows(2).map(|pair| pair[1] - pair[0]);
        pauses.max().expect("some bytes")
    }

    /// How many objects have been asked for at this time, and are not complete.
    pub fn under_way(&self, at: Duration) -> usize {
        let is_under_way = |object: &&Object| object.asked <= at && object.ends() > at;
        self.objects.iter().filter(is_under_way).count()
    }
}

/// A page whose segments are lost with this probability, in both directions.
pub fn with_loss(how: How, lose: f64, seed: u64) -> Run {
    runs(how, Chance::lose(lose), seed, None)
}

/// A page of which one segment of the server's is lost.
pub fn without(how: How, which: Which) -> Run {
    runs(how, Chance::default(), 0, Some(which))
}

fn runs(how: How, chance: Chance, seed: u64, lost: Option<Which>) -> Run {
    let mut net = Net::new(seed);
    let client = Site::new(host(CLIENT), Client::new(how), Client::works);
    let mut listening = host(*SERVER.ip());
    listening
        .listen(SERVER.port(), 10)
        .expect("nobody listens yet");
    let server = Site::new(listening, Server::new(how), Server::works);
    let client = net.add("client", client);
    let server = net.add("server", server);
    let link = Link::default().delay_ms(DELAY_MS).rate(RATE).queue(QUEUE);
    net.join(client, server, link.chance(chance));
    if let Some(which) = lost {
        net.way(server, client).loses(which);
    }
    net.with(server, Site::<Server>::start);
    net.with(client, Site::<Client>::start);
    if let Err(restless) = net.run() {
        panic!("{how:?}, seed {seed}: {}", restless.summary);
    }
    let losses = losses(&net);
    let memory = &net.node::<Site<Client>>(client).memory;
    Run {
        objects: memory.objects.clone(),
        losses,
        bytes: memory.bytes.clone(),
    }
}

fn losses(net: &Net) -> Vec<Duration> {
    let trace = net.trace();
    let entries = trace.entries();
    let lost = entries.filter(|entry| {
        entry.from() == "server" && entry.is(Kind::Data) && matches!(entry.fate, Fate::Lost(_))
    });
    lost.map(|entry| entry.sent - Time::ZERO).collect()
}

fn host(addr: Ipv4Addr) -> Host {
    let mut config = tcp_close::Config::new(Seq(0));
    config.send.nodelay = true;
    // As Linux has it. RFC 6298 asks for a second.
    config.send.rto.min = Duration::from_millis(200);
    Host::new(addr, *b"whatever it says", config)
}

/// Bytes that wait for room in the socket.
#[derive(Default)]
struct Outbox(VecDeque<u8>);

impl Outbox {
    fn leaves(&mut self, host: &mut Host, id: ConnId) -> bool {
        let sent = host.send(id, self.0.make_contiguous());
        self.0.drain(..sent);
        sent > 0
    }
}

struct Client {
    how: How,
    objects: Vec<Object>,
    bytes: Vec<Duration>,
    /// Of HTTP/1.1: the objects that nobody has asked for.
    next: usize,
    connections: Vec<Connection>,
}

struct Connection {
    id: ConnId,
    out: Outbox,
    inbox: Vec<u8>,
    /// Of HTTP/1.1: the object that is awaited, and whether its head has come.
    awaits: Option<(usize, bool)>,
    h2: Option<H2>,
}

impl Client {
    fn new(how: How) -> Client {
        Client {
            how,
            objects: vec![Object::default(); OBJECTS],
            bytes: Vec::new(),
            next: 0,
            connections: Vec::new(),
        }
    }

    fn works(host: &mut Host, now: Duration, client: &mut Client) -> bool {
        if client.connections.is_empty() {
            client.connects(host, now);
            return true;
        }
        let mut acts = false;
        let mut connections = std::mem::take(&mut client.connections);
        for connection in &mut connections {
            for notice in host.take_notices(connection.id) {
                match notice {
                    Notice::Established => client.begins(connection, now),
                    trouble => panic!("{:?}: {trouble:?}", client.how),
                }
                acts = true;
            }
            if let Received::Data(data) = host.recv(connection.id, 1 << 16) {
                client.bytes.push(now);
                match &mut connection.h2 {
                    Some(h2) => client.hears(h2, &data, now),
                    None => client.reads(connection, &data, now),
                }
                acts = true;
            }
            if let Some(h2) = &mut connection.h2 {
                connection.out.0.extend(h2.pending());
            }
            acts |= connection.out.leaves(host, connection.id);
        }
        client.connections = connections;
        acts
    }

    fn connects(&mut self, host: &mut Host, now: Duration) {
        let count = match self.how {
            How::Http1(count) => count,
            How::Http2 => 1,
        };
        for _ in 0..count {
            self.connections.push(Connection {
                id: host.connect(now, SERVER).expect("a port"),
                out: Outbox::default(),
                inbox: Vec::new(),
                awaits: None,
                h2: None,
            });
        }
    }

    fn begins(&mut self, connection: &mut Connection, now: Duration) {
        if self.how != How::Http2 {
            self.asks(connection, now);
            return;
        }
        let mut h2 = H2::client(Config::default());
        for object in &mut self.objects {
            let fields = [
                Field::new(":method", "GET"),
                Field::new(":scheme", "http"),
                Field::new(":authority", "a"),
                Field::new(":path", "/object"),
            ];
            h2.request(&fields, true)
                .expect("the server has not said anything yet");
            object.asked = now;
        }
        connection.h2 = Some(h2);
    }

    /// HTTP/1.1 asks for the next object, if there is one.
    fn asks(&mut self, connection: &mut Connection, now: Duration) {
        if self.next < OBJECTS {
            self.objects[self.next].asked = now;
            connection.awaits = Some((self.next, false));
            self.next += 1;
            connection
                .out
                .0
                .extend(b"GET /object HTTP/1.1\r\nHost: a\r\n\r\n");
        }
    }

    fn reads(&mut self, connection: &mut Connection, data: &[u8], now: Duration) {
        connection.inbox.extend(data);
        let Some((object, has_head)) = &mut connection.awaits else {
            panic!("bytes that nobody has asked for");
        };
        if !*has_head {
            let Some((_, length)) = parse_response(&connection.inbox).expect("a response") else {
                return;
            };
            connection.inbox.drain(..length);
            *has_head = true;
        }
        let (object, bytes) = (*object, connection.inbox.len());
        connection.inbox.clear();
        if self.comes(object, bytes, now) {
            connection.awaits = None;
            self.asks(connection, now);
        }
    }

    fn hears(&mut self, h2: &mut H2, data: &[u8], now: Duration) {
        for event in h2.receive(data) {
            match event {
                Event::Data { stream, bytes, .. } => {
                    h2.consumed(stream, bytes.len());
                    self.comes(object(stream), bytes.len(), now);
                }
                Event::Head { .. } | Event::Settings | Event::SettingsAcked => {}
                trouble => panic!("{trouble:?}"),
            }
        }
    }

    /// Content of an object. Says whether all of it is there.
    fn comes(&mut self, object: usize, bytes: usize, now: Duration) -> bool {
        let object = &mut self.objects[object];
        object.bytes += bytes;
        if bytes > 0 {
            object.arrivals.push(now);
        }
        assert!(object.bytes <= SIZE, "more than there is");
        object.bytes == SIZE
    }
}

/// Streams are numbered 1, 3, 5 and so on.
fn object(stream: u32) -> usize {
    stream as usize / 2
}

struct Server {
    how: How,
    clients: Vec<Served>,
}

struct Served {
    id: ConnId,
    inbox: Vec<u8>,
    out: Outbox,
    h2: Option<H2>,
}

impl Server {
    fn new(how: How) -> Server {
        Server {
            how,
            clients: Vec::new(),
        }
    }

    fn works(host: &mut Host, _now: Duration, server: &mut Server) -> bool {
        let mut acts = false;
        while let Some(id) = host.accept(SERVER.port()) {
            let h2 = (server.how == How::Http2).then(|| H2::server(Config::default()));
            server.clients.push(Served {
                id,
                inbox: Vec::new(),
                out: Outbox::default(),
                h2,
            });
            acts = true;
        }
        for client in &mut server.clients {
            if let Received::Data(data) = host.recv(client.id, 1 << 16) {
                client.serves(&data);
                acts = true;
            }
            // What is in the socket cannot be put in order any more.
            if let Some(h2) = &mut client.h2
                && client.out.0.is_empty()
            {
                client.out.0.extend(h2.pending());
            }
            acts |= client.out.leaves(host, client.id);
        }
        acts
    }
}

impl Served {
    fn serves(&mut self, data: &[u8]) {
        let Some(h2) = &mut self.h2 else {
            self.inbox.extend(data);
            while let Some((_, length)) = parse_request(&self.inbox).expect("a request") {
                self.inbox.drain(..length);
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n");
                self.out.0.extend(head.into_bytes());
                self.out.0.extend([b'x'; SIZE]);
            }
            return;
        };
        for event in h2.receive(data) {
            if let Event::Head { stream, .. } = event {
                let fields = [
                    Field::new(":status", "200"),
                    Field::new("content-length", SIZE.to_string()),
                ];
                h2.respond(stream, &fields, false).expect("a request");
                h2.send(stream, &[b'x'; SIZE], true).expect("an answer");
            }
        }
    }
}
