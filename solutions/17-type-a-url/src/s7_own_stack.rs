//! Step 7: the whole page over your own stack.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use concurrent_server::{Clock, Waits};
use http1::Stream;
use packets::{UdpHeader, protocol};
use rustls::ClientConfig;
use tcp_close::{Config, ConnId, Host, Received};
use tcp_open::{Notice, Seq, State, isn};
use udp_dns_lookup::{
    Answer, CLASS_IN, LookupError, Message, Name, Patience, Question, RData, Sent, TYPE_A, Verdict,
    build_query, judge_reply,
};

use crate::{Connection, Network, Secured, tls_over};

/// A link that carries IPv4 datagrams, and loses some of them.
pub trait Wire {
    /// The time since some moment that never changes.
    fn now(&self) -> Duration;

    /// Sends a datagram.
    fn send(&mut self, datagram: Vec<u8>);

    /// Waits for a datagram. `None`: the time is `until`, and none has come.
    fn receive(&mut self, until: Duration) -> Option<Vec<u8>>;
}

/// How long a dropped connection goes on receiving, if the other side does not end.
pub const LINGER: Duration = Duration::from_secs(5);

/// A host that needs no kernel: UDP and IP of chapters 06 and 07 for names, TCP of chapter 12 for connections, and chapter 14's
/// TLS on top. Its connections work for as long as they live.
///
/// A dropped connection sends its FIN at once. Data that still arrives is read and thrown away, until the other side has ended,
/// too, or [`LINGER`] is over. Then the connection is closed. Without this, the last data of the other side, such as its
/// close_notify, would be answered by a RST.
pub struct Stack<W: Wire> {
    machine: Rc<RefCell<Machine<W>>>,
    config: Arc<ClientConfig>,
    /// Attempts to connect, and what is known of those that could not begin.
    attempts: VecDeque<(SocketAddr, Result<ConnId, ErrorKind>)>,
}

struct Machine<W> {
    wire: W,
    addr: Ipv4Addr,
    secret: [u8; 16],
    dns: SocketAddrV4,
    patience: Patience,
    ip: delivery::Host,
    tcp: Host,
    clock: StackClock,
    /// The port from which the current query was sent, and the datagrams that have come to it.
    query_port: Option<(u16, VecDeque<Datagram>)>,
    asked: u32,
    /// Dropped connections, and until when they receive.
    dropped: Vec<(ConnId, Duration)>,
}

/// The payload of a datagram, and its sender.
type Datagram = (SocketAddr, Vec<u8>);

/// The time of the stack, for a stream of TLS.
#[derive(Clone, Default)]
struct StackClock(Arc<AtomicU64>);

impl Clock for StackClock {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Relaxed))
    }
}

impl<W: Wire + 'static> Stack<W> {
    /// A host with this address. It sends DNS queries to `dns`. Numbers that an attacker must not predict (ISNs, ids and ports of
    /// queries) come from `secret`. `config` is as for [`tls_over`](crate::tls_over). TCP has its usual settings, without Nagle's
    /// algorithm, which would hold back the request until the end of the handshake is acknowledged.
    pub fn new(
        wire: W,
        addr: Ipv4Addr,
        dns: SocketAddrV4,
        patience: Patience,
        secret: [u8; 16],
        config: Arc<ClientConfig>,
    ) -> Stack<W> {
        let clock = StackClock::default();
        clock.0.store(nanos(wire.now()), Relaxed);
        let mut tcp_config = Config::new(Seq(0));
        tcp_config.send.nodelay = true;
        let machine = Machine {
            wire,
            addr,
            secret,
            dns,
            patience,
            ip: delivery::Host::new(addr),
            tcp: Host::new(addr, secret, tcp_config),
            clock,
            query_port: None,
            asked: 0,
            dropped: Vec::new(),
        };
        Stack {
            machine: Rc::new(RefCell::new(machine)),
            config,
            attempts: VecDeque::new(),
        }
    }

    /// Runs the stack for `limit`, or until its TCP has no connection. Dropped connections still have data to send and to receive,
    /// up to the end of TIME-WAIT.
    pub fn settle(&mut self, limit: Duration) {
        let mut machine = self.machine.borrow_mut();
        let end = machine.wire.now().saturating_add(limit);
        while machine.tcp.count() > 0 && machine.turn(end) {}
    }
}

impl<W: Wire> Machine<W> {
    fn now(&self) -> Duration {
        self.wire.now()
    }

    /// Sends what is due.
    fn send_due(&mut self) {
        let now = self.now();
        self.clock.0.store(nanos(now), Relaxed);
        for datagram in self.tcp.poll(now) {
            self.wire.send(datagram);
        }
    }

    /// Sends what is due, and waits for the next thing that happens, until this moment at most. `false`: it is that moment.
    fn turn(&mut self, until: Duration) -> bool {
        self.send_due();
        let alarms = self.dropped.iter().map(|(_, end)| *end);
        let wakes = alarms.chain(self.tcp.wake_at()).fold(until, Duration::min);
        if let Some(datagram) = self.wire.receive(wakes) {
            self.arrives(&datagram);
        }
        self.close_dropped();
        self.send_due();
        self.now() < until
    }

    /// Closes the dropped connections whose peers have ended, or whose time is over.
    fn close_dropped(&mut self) {
        let now = self.now();
        let tcp = &mut self.tcp;
        self.dropped.retain(|(id, end)| {
            let is_over = loop {
                match tcp.recv(*id, 65_536) {
                    Received::Data(_) => {}
                    Received::Nothing => break now >= *end,
                    Received::End => break true,
                }
            };
            if is_over {
                tcp.close(now, *id);
            }
            !is_over
        });
    }

    fn arrives(&mut self, datagram: &[u8]) {
        let now = self.now();
        self.tcp.arrives(now, datagram);
        let Ok(received) = self.ip.receive(datagram) else {
            return;
        };
        if received.proto != protocol::UDP {
            return;
        }
        let Ok((header, payload)) = UdpHeader::parse(received.payload, received.src, self.addr)
        else {
            return;
        };
        if let Some((port, datagrams)) = &mut self.query_port
            && *port == header.dst
        {
            let from = SocketAddrV4::new(received.src, header.src);
            datagrams.push_back((from.into(), payload.to_vec()));
        }
    }

    /// Asks for the addresses of a name.
    fn ask(&mut self, question: &Question) -> Result<Message, LookupError> {
        for _ in 0..self.patience.attempts {
            let number = self.number();
            let sent = Sent {
                id: number as u16,
                question: question.clone(),
                server: self.dns.into(),
            };
            // A port of the dynamic ones (RFC 6335 §6).
            let port = 0xc000 | (number >> 16) as u16;
            self.query_port = Some((port, VecDeque::new()));
            self.send_udp(port, &build_query(sent.id, question));
            let end = self.now().saturating_add(self.patience.timeout);
            let reply = self.reply(&sent, end);
            self.query_port = None;
            if let Some(reply) = reply {
                return Ok(reply);
            }
        }
        Err(LookupError::TimedOut)
    }

    fn reply(&mut self, sent: &Sent, end: Duration) -> Option<Message> {
        loop {
            while let Some((_, datagrams)) = &mut self.query_port
                && let Some((from, datagram)) = datagrams.pop_front()
            {
                // A reply that was cut off (TC) does not say what the rest was.
                if let Verdict::Accept(reply) = judge_reply(sent, from, &datagram)
                    && !reply.header.tc
                {
                    return Some(reply);
                }
            }
            if self.now() >= end {
                return None;
            }
            self.turn(end);
        }
    }

    fn send_udp(&mut self, from: u16, payload: &[u8]) {
        let to = *self.dns.ip();
        let header = UdpHeader {
            src: from,
            dst: self.dns.port(),
        };
        let mut segment = Vec::new();
        // A question is short: it fits.
        if header.emit(self.addr, to, payload, &mut segment).is_ok()
            && let Ok(datagram) = self.ip.send(to, protocol::UDP, &segment)
        {
            self.wire.send(datagram);
        }
    }

    /// A number that nobody outside can predict.
    fn number(&mut self) -> u32 {
        self.asked += 1;
        let own = SocketAddrV4::new(Ipv4Addr::from(self.asked), 53);
        isn(&self.secret, own, self.dns, Duration::ZERO).0
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The IPv4 addresses that a reply has for this name, or for the name to which its CNAMEs lead.
fn addresses_in(reply: &Message, name: &Name) -> Result<Vec<IpAddr>, LookupError> {
    let mut name = name;
    for _ in 0..=udp_dns_lookup::MAX_CNAME_LINKS {
        let own = || {
            reply
                .answers
                .iter()
                .filter(|it| it.name.eq_ignore_case(name))
        };
        let addrs: Vec<IpAddr> = own()
            .filter_map(|record| match record.data {
                RData::A(addr) => Some(addr.into()),
                _ => None,
            })
            .collect();
        if !addrs.is_empty() {
            return Ok(addrs);
        }
        let target = own().find_map(|record| match &record.data {
            RData::Cname(target) => Some(target),
            _ => None,
        });
        match target {
            Some(target) => name = target,
            None => return Ok(Vec::new()),
        }
    }
    Err(LookupError::CnameChain)
}

impl<W: Wire + 'static> Network for Stack<W> {
    fn now(&self) -> Duration {
        self.machine.borrow().now()
    }

    /// As chapter 01's `lookup_ip`, with these differences:
    ///
    /// - It asks for A only, since this host has no IPv6.
    /// - It uses UDP only. A truncated reply (TC) is ignored; if there is no other, the result is `LookupError::TimedOut`.
    /// - A name without an address is `NoData`, even if the reply names other servers to ask.
    ///
    /// Each try is a query with its own id and its own port, which is a dynamic one (from 49152, RFC 6335 §6). Chapter 01's
    /// `judge_reply` judges what comes. A datagram that it refuses does not extend the time of the try.
    fn lookup(&mut self, host: &str) -> Result<Answer, LookupError> {
        let question = Question {
            name: Name::from_text(host)?,
            qtype: TYPE_A,
            qclass: CLASS_IN,
        };
        let reply = self.machine.borrow_mut().ask(&question)?;
        match reply.header.rcode {
            0 => match addresses_in(&reply, &question.name)? {
                none if none.is_empty() => Ok(Answer::NoData),
                addrs => Ok(Answer::Addresses(addrs)),
            },
            3 => Ok(Answer::NoSuchName),
            rcode => Err(LookupError::Rcode(rcode)),
        }
    }

    fn begin(&mut self, to: SocketAddr) {
        let mut machine = self.machine.borrow_mut();
        let now = machine.now();
        let begun = match to {
            SocketAddr::V4(to) => machine
                .tcp
                .connect(now, to)
                .map_err(|_| ErrorKind::AddrNotAvailable),
            SocketAddr::V6(_) => Err(ErrorKind::Unsupported),
        };
        machine.send_due();
        drop(machine);
        self.attempts.push_back((to, begun));
    }

    fn connected(&mut self, until: Duration) -> Option<(SocketAddr, io::Result<Connection>)> {
        loop {
            let machine = self.machine.borrow();
            let at = self.attempts.iter().position(|(_, attempt)| match attempt {
                Ok(id) => !matches!(machine.tcp.state(*id), State::SynSent | State::SynReceived),
                Err(_) => true,
            });
            let now = machine.now();
            drop(machine);
            if let Some((to, attempt)) = at.and_then(|at| self.attempts.remove(at)) {
                return Some((
                    to,
                    attempt
                        .map_err(io::Error::from)
                        .and_then(|id| self.connection(id)),
                ));
            }
            if now >= until {
                return None;
            }
            self.machine.borrow_mut().turn(until);
        }
    }

    fn give_up(&mut self) {
        let mut machine = self.machine.borrow_mut();
        for id in self
            .attempts
            .drain(..)
            .filter_map(|(_, attempt)| attempt.ok())
        {
            let now = machine.now();
            machine.tcp.abort(now, id);
        }
        machine.send_due();
    }

    fn secure(
        &mut self,
        connection: Connection,
        host: &str,
        limit: Duration,
    ) -> io::Result<Secured> {
        let clock = self.machine.borrow().clock.clone();
        tls_over(&self.config, connection, host, limit, Arc::new(clock))
    }
}

impl<W: Wire + 'static> Stack<W> {
    /// The connection of an attempt that no longer runs.
    fn connection(&self, id: ConnId) -> io::Result<Connection> {
        let pipe = StackStream {
            machine: self.machine.clone(),
            id,
            limit: None,
            broken: None,
        };
        let mut machine = self.machine.borrow_mut();
        let notices = machine.tcp.take_notices(id);
        match notices.iter().find_map(error_of) {
            Some(kind) => {
                drop(machine);
                drop(pipe);
                Err(kind.into())
            }
            None => Ok(Connection::new(pipe)),
        }
    }
}

fn error_of(notice: &Notice) -> Option<ErrorKind> {
    match notice {
        Notice::Established => None,
        Notice::Refused => Some(ErrorKind::ConnectionRefused),
        Notice::Reset => Some(ErrorKind::ConnectionReset),
        Notice::TimedOut => Some(ErrorKind::TimedOut),
    }
}

/// A connection of the stack's TCP as a stream. Its calls run the stack until they are done.
struct StackStream<W: Wire> {
    machine: Rc<RefCell<Machine<W>>>,
    id: ConnId,
    limit: Option<Duration>,
    broken: Option<ErrorKind>,
}

impl<W: Wire> StackStream<W> {
    /// Calls `act` again and again, until it gives a result or the time is over.
    fn until<T>(&mut self, mut act: impl FnMut(&mut Host, ConnId) -> Option<T>) -> io::Result<T> {
        let mut machine = self.machine.borrow_mut();
        let end = match self.limit {
            Some(limit) => machine.now().saturating_add(limit),
            None => Duration::MAX,
        };
        loop {
            let done = act(&mut machine.tcp, self.id);
            machine.send_due();
            if let Some(done) = done {
                return Ok(done);
            }
            let notices = machine.tcp.take_notices(self.id);
            self.broken = self.broken.or(notices.iter().find_map(error_of));
            if let Some(kind) = self.broken {
                return Err(kind.into());
            }
            if machine.now() >= end {
                return Err(ErrorKind::TimedOut.into());
            }
            machine.turn(end);
        }
    }
}

impl<W: Wire> Read for StackStream<W> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let max = buf.len();
        let machine = self.machine.clone();
        let data = self.until(|tcp, id| match tcp.recv(id, max) {
            Received::Data(data) => Some(data),
            Received::Nothing => None,
            Received::End => Some(Vec::new()),
        })?;
        if data.is_empty() {
            // The end may be a reset.
            let notices = machine.borrow_mut().tcp.take_notices(self.id);
            self.broken = self.broken.or(notices.iter().find_map(error_of));
            if let Some(kind) = self.broken {
                return Err(kind.into());
            }
        }
        buf[..data.len()].copy_from_slice(&data);
        Ok(data.len())
    }
}

impl<W: Wire> Write for StackStream<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.until(|tcp, id| Some(tcp.send(id, buf)).filter(|n| *n > 0))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // nothing is kept back: `write` has sent what TCP may send
    }
}

impl<W: Wire> Waits for StackStream<W> {
    fn wait_at_most(&mut self, limit: Duration) -> io::Result<()> {
        if limit.is_zero() {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.limit = Some(limit);
        Ok(())
    }
}

impl<W: Wire> Stream for StackStream<W> {
    fn end_writing(&mut self) -> io::Result<()> {
        let mut machine = self.machine.borrow_mut();
        let now = machine.now();
        machine.tcp.shutdown(now, self.id);
        machine.send_due();
        Ok(())
    }
}

impl<W: Wire> Drop for StackStream<W> {
    fn drop(&mut self) {
        let mut machine = self.machine.borrow_mut();
        let now = machine.now();
        machine.tcp.shutdown(now, self.id);
        machine.dropped.push((self.id, now.saturating_add(LINGER)));
        machine.close_dropped();
        machine.send_due();
    }
}
