//! A home with a NAT, a name server and a web server, on a simulated network. All of it stands on the layers of the
//! chapters before.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use addresses::{Cidr, Filter, Nat, Rules, Verdict};
use delivery::{Interface, Router};
use netlab::sim::{Chance, Event, Link, Net, Node, NodeId, Outbox, Time};
use packets::{Ipv4Header, UdpHeader, protocol};
use rustls::{ServerConfig, ServerConnection};
use tcp_close::{Config, ConnId, Host, Received, Site};
use tcp_open::Seq;
use type_a_url::Wire;

use super::dns::{Zone, reply};

/// Who is where.
pub const YOU: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 10);
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);
pub const NAMES: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 53);
pub const WEB: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);

pub const DNS: SocketAddrV4 = SocketAddrV4::new(NAMES, 53);

/// A host whose program is not in the network: keeps what comes.
#[derive(Default)]
struct Inbox(VecDeque<Vec<u8>>);

impl Node for Inbox {
    fn step(&mut self, _now: Time, event: Event, _out: &mut Outbox) {
        if let Event::Arrives { packet, .. } = event {
            self.0.push_back(packet);
        }
    }
}

/// Chapter 08's NAT in chapter 07's router. The home is at port 0.
struct Gateway {
    nat: Nat,
    router: Router,
}

impl Gateway {
    fn new() -> Gateway {
        let interface = |addr| Interface { addr, mtu: 1500 };
        let home = Cidr::parse("192.168.1.0/24").expect("a block");
        let rules = Rules {
            external: OUTSIDE,
            ports: 40_001..=49_000,
            // Whoever knows the port gets in: what is to be believed is for the host to judge.
            filter: Filter::Anyone,
            max_sessions: 100,
        };
        Gateway {
            nat: Nat::new(home, rules),
            router: Router::new(
                vec![interface(GATEWAY), interface(OUTSIDE), interface(OUTSIDE)],
                |to| match to {
                    NAMES => Some(1),
                    WEB => Some(2),
                    to if to.octets().starts_with(&[192, 168, 1]) => Some(0),
                    _ => None,
                },
            ),
        }
    }
}

impl Node for Gateway {
    fn step(&mut self, now: Time, event: Event, out: &mut Outbox) {
        let Event::Arrives { port, mut packet } = event else {
            return;
        };
        let at = now - Time::ZERO;
        let verdict = match port {
            0 => self.nat.outbound(at, &mut packet),
            _ => self.nat.inbound(at, &mut packet),
        };
        match verdict {
            Verdict::Drop(_) => out.say("dropped"),
            _ => {
                for (port, packet) in self.router.forward(&packet) {
                    out.send(port, packet);
                }
            }
        }
    }
}

/// What somebody sends before the reply to a query: from where, to where, and what. Given are the query, and who has asked so far;
/// whose query it is stands last.
pub type Forgery = fn(&[u8], &[SocketAddrV4]) -> (SocketAddrV4, SocketAddrV4, Vec<u8>);

/// Answers questions. What it is asked is kept.
pub struct NameServer {
    zone: Zone,
    pub received: Vec<(SocketAddrV4, Vec<u8>)>,
    /// Before the reply to a question comes this.
    pub before: Option<Forgery>,
}

impl NameServer {
    fn answers(&mut self, packet: &[u8]) -> Vec<Vec<u8>> {
        let Ok((header, payload)) = Ipv4Header::parse(packet) else {
            return Vec::new();
        };
        if header.proto != protocol::UDP || header.dst != NAMES {
            return Vec::new();
        }
        let Ok((udp, query)) = UdpHeader::parse(payload, header.src, header.dst) else {
            return Vec::new();
        };
        let to = SocketAddrV4::new(header.src, udp.src);
        self.received.push((to, query.to_vec()));
        let asked = SocketAddrV4::new(NAMES, udp.dst);
        let who: Vec<SocketAddrV4> = self.received.iter().map(|(who, _)| *who).collect();
        let mut answers = Vec::new();
        answers.extend(self.before.map(|before| before(query, &who)));
        answers.extend(reply(&self.zone, query).map(|reply| (asked, to, reply)));
        let packets = answers.into_iter().map(|(from, to, payload)| {
            let mut udp = Vec::new();
            let header = UdpHeader {
                src: from.port(),
                dst: to.port(),
            };
            header
                .emit(*from.ip(), *to.ip(), &payload, &mut udp)
                .expect("a datagram");
            let mut packet = Vec::new();
            Ipv4Header::new(protocol::UDP, *from.ip(), *to.ip())
                .emit(&udp, &mut packet)
                .expect("a packet");
            packet
        });
        packets.collect()
    }
}

impl Node for NameServer {
    fn step(&mut self, _now: Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { packet, .. } = event {
            for answer in self.answers(&packet) {
                out.send(0, answer);
            }
        }
    }
}

/// A web server over chapter 12's TCP: one page, whatever is asked for.
pub struct Web {
    config: Option<Arc<ServerConfig>>,
    page: Vec<u8>,
    clients: BTreeMap<ConnId, Client>,
    pub heads: Vec<String>,
    /// Who has connected.
    pub from: Vec<SocketAddrV4>,
}

struct Client {
    tls: Option<ServerConnection>,
    received: Vec<u8>,
    /// So many bytes of it have no end of a head in them.
    looked: usize,
    /// What is still to be given to TCP.
    out: VecDeque<u8>,
    is_over: bool,
}

impl Web {
    /// What the server does now; whether it did something.
    fn step(host: &mut Host, now: Duration, web: &mut Web) -> bool {
        let mut acts = false;
        for port in [80, 443] {
            while let Some(id) = host.accept(port) {
                let config = web.config.clone().filter(|_| port == 443);
                let tls = config.map(|config| ServerConnection::new(config).expect("a server"));
                web.from.extend(host.flow(id).map(|flow| flow.dst));
                let client = Client {
                    tls,
                    received: Vec::new(),
                    looked: 0,
                    out: VecDeque::new(),
                    is_over: false,
                };
                web.clients.insert(id, client);
                acts = true;
            }
        }
        let ids: Vec<ConnId> = web.clients.keys().copied().collect();
        for id in ids {
            let client = web.clients.get_mut(&id).expect("a client");
            acts |= client.step(host, id, &web.page, &mut web.heads);
            if client.is_over && client.out.is_empty() {
                host.close(now, id);
                web.clients.remove(&id);
                acts = true;
            }
        }
        acts
    }
}

impl Client {
    fn step(&mut self, host: &mut Host, id: ConnId, page: &[u8], heads: &mut Vec<String>) -> bool {
        let mut acts = false;
        match host.recv(id, 65_535) {
            Received::Data(data) => {
                acts = true;
                self.receives(&data);
            }
            Received::End if !self.is_over => {
                acts = true;
                self.is_over = true;
                if let Some(tls) = &mut self.tls {
                    tls.send_close_notify();
                }
            }
            _ => {}
        }
        while let Some(end) = self.end_of_head() {
            let head: Vec<u8> = self.received.drain(..end).collect();
            // As with `Connection: close`: the server ends first.
            self.is_over |= head.starts_with(b"GET /close ");
            heads.push(String::from_utf8_lossy(&head).into_owned());
            let len = page.len();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n");
            self.sends(answer.as_bytes());
            self.sends(page);
            if let Some(tls) = self.tls.as_mut().filter(|_| self.is_over) {
                tls.send_close_notify();
            }
        }
        if let Some(tls) = &mut self.tls {
            let mut records = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut records).expect("a Vec takes all");
            }
            self.out.extend(records);
        }
        let sent = host.send(id, self.out.make_contiguous());
        self.out.drain(..sent);
        acts || sent > 0
    }

    /// Looks only at what has come since it was last asked: a head may be long, and come in many pieces.
    fn end_of_head(&mut self) -> Option<usize> {
        let from = self.looked.saturating_sub(3);
        let new = &self.received[from..];
        let end = new.windows(4).position(|four| four == b"\r\n\r\n");
        self.looked = end.map_or(self.received.len(), |_| 0);
        end.map(|end| from + end + 4)
    }

    fn receives(&mut self, mut data: &[u8]) {
        let Some(tls) = &mut self.tls else {
            self.received.extend_from_slice(data);
            return;
        };
        while !data.is_empty() {
            tls.read_tls(&mut data).expect("a slice gives all");
            // What is wrong makes an alert, which goes out.
            let _ = tls.process_new_packets();
            let mut plain = Vec::new();
            let _ = tls.reader().read_to_end(&mut plain);
            self.received.extend(plain);
        }
    }

    fn sends(&mut self, bytes: &[u8]) {
        match &mut self.tls {
            Some(tls) => tls.writer().write_all(bytes).expect("there is room"),
            None => self.out.extend(bytes),
        }
    }
}

/// The whole of it.
pub struct Home {
    pub net: Rc<RefCell<Net>>,
    pub you: NodeId,
    pub gateway: NodeId,
    pub names: NodeId,
    pub web: NodeId,
    /// How often somebody has waited at the cable.
    pub waits: Rc<Cell<usize>>,
}

/// What is in it.
pub struct Plan {
    pub zone: Zone,
    pub config: Option<Arc<ServerConfig>>,
    pub page: Vec<u8>,
    /// The chance that a packet is lost, on each link.
    pub loss: f64,
}

impl Home {
    pub fn new(mut net: Net, plan: Plan) -> Home {
        let you = net.add("you", Inbox::default());
        let gateway = net.add("NAT", Gateway::new());
        let names = NameServer {
            zone: plan.zone,
            received: Vec::new(),
            before: None,
        };
        let names = net.add("names", names);
        let mut config = Config::new(Seq(0));
        config.send.nodelay = true;
        let mut host = Host::new(WEB, *b"the web's secret", config);
        for port in [80, 443] {
            host.listen(port, 16).expect("a port");
        }
        let memory = Web {
            config: plan.config,
            page: plan.page,
            clients: BTreeMap::new(),
            heads: Vec::new(),
            from: Vec::new(),
        };
        let web = net.add("web", Site::new(host, memory, Web::step));
        for (node, delay) in [(you, 2), (names, 6), (web, 13)] {
            let chance = Chance::lose(plan.loss);
            let (a, b) = if node == you {
                (you, gateway)
            } else {
                (gateway, node)
            };
            net.join(
                a,
                b,
                Link::default()
                    .delay_ms(delay)
                    .rate(20_000_000)
                    .chance(chance),
            );
        }
        Home {
            net: Rc::new(RefCell::new(net)),
            you,
            gateway,
            names,
            web,
            waits: Rc::default(),
        }
    }

    /// The end of the cable in the home.
    pub fn cable(&self) -> Cable {
        Cable {
            net: self.net.clone(),
            me: self.you,
            waits: self.waits.clone(),
        }
    }

    /// What the web server remembers.
    pub fn web<T>(&self, look: impl FnOnce(&Web) -> T) -> T {
        look(&self.net.borrow().node::<Site<Web>>(self.web).memory)
    }

    pub fn name_server<T>(&self, look: impl FnOnce(&NameServer) -> T) -> T {
        look(self.net.borrow().node::<NameServer>(self.names))
    }

    /// Has something come before each reply of the name server.
    pub fn before_replies(&self, before: Forgery) {
        self.net
            .borrow_mut()
            .with::<NameServer, _>(self.names, |names, _, _| names.before = Some(before));
    }
}

/// The simulated network as a wire: while somebody waits here, the network goes on.
pub struct Cable {
    net: Rc<RefCell<Net>>,
    me: NodeId,
    waits: Rc<Cell<usize>>,
}

/// Nobody waits for longer than this: it is a wait without end.
const LONG: Duration = Duration::from_secs(24 * 3600);

impl Wire for Cable {
    fn now(&self) -> Duration {
        self.net.borrow().now() - Time::ZERO
    }

    fn send(&mut self, datagram: Vec<u8>) {
        self.net.borrow_mut().send(self.me, datagram);
    }

    fn receive(&mut self, until: Duration) -> Option<Vec<u8>> {
        self.waits.set(self.waits.get() + 1);
        let end = Time::ZERO + until;
        let mut net = self.net.borrow_mut();
        loop {
            let come = net.with::<Inbox, _>(self.me, |inbox, _, _| inbox.0.pop_front());
            if come.is_some() {
                return come;
            }
            let next = net.next_time().filter(|next| *next <= end);
            assert!(
                next.is_some() || end <= net.now() + LONG,
                "your stack waits for a datagram without a limit, and none will ever come"
            );
            let until = next.unwrap_or(end);
            net.run_until(until).expect("a network that comes to rest");
            next?;
        }
    }
}
