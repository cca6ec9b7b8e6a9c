//! The answer at one end of a simulated network, and at the other a small receiver of our own.

use std::collections::BTreeMap;
use std::time::Duration;

use netlab::Lab;
use netlab::sim::{Event, Link, Net, Node, NodeId, Outbox, Time};
use tcp_open::{Segment, Seq, Vars};
use tcp_send::{Config, Heard, RtoLimits, Sender};

use super::wire::{self, From};
use super::words::{ms, stream};

/// The sender's first number. It wraps on the way.
pub const FIRST: u32 = 0xffff_0000;
/// The peer's only number: it sends no data.
pub const THEIRS: u32 = 301;

/// A transfer: so many bytes and a FIN, over a link.
pub struct Transfer {
    pub len: usize,
    pub link: Link,
    /// How many bytes the peer has room for.
    pub buffer: u16,
    /// How often its program reads; at once where it says nothing.
    pub reads_every: Option<Duration>,
    pub mss: u16,
    /// How long the handshake took: the first sample.
    pub handshake: Duration,
}

impl Transfer {
    /// Over a link with this delay in each direction.
    pub fn new(len: usize, link: Link) -> Transfer {
        Transfer {
            len,
            handshake: link.delay * 2,
            link,
            buffer: 65_535,
            reads_every: None,
            mss: 1460,
        }
    }
}

/// A transfer that is over.
pub struct Done {
    pub sent: Vec<Sent>,
    pub heard: Vec<HeardAt>,
    /// When the FIN was acknowledged.
    pub end: Duration,
    pub net: Net,
}

/// A segment that has left.
#[derive(Clone)]
pub struct Sent {
    pub at: Duration,
    /// Where its payload begins in the stream.
    pub begin: usize,
    pub is_again: bool,
}

/// What the sender knew after a segment had come.
#[derive(Clone)]
pub struct HeardAt {
    pub at: Duration,
    /// SND.UNA and the right edge of the window, as places in the stream.
    pub una: usize,
    pub edge: usize,
}

impl Done {
    pub fn again(&self) -> usize {
        self.sent.iter().filter(|sent| sent.is_again).count()
    }
}

/// Carries the transfer out, and demands that the peer gets these bytes, then the FIN, and that nothing ever left
/// outside the window.
pub fn transfer(lab: &Lab, seed: u64, it: Transfer) -> Done {
    transfer_with(lab, seed, it, |_, _, _| {})
}

/// The same, with a plan for the link: the last two are the sender and its peer.
pub fn transfer_with(
    lab: &Lab,
    seed: u64,
    it: Transfer,
    plan: impl FnOnce(&mut Net, NodeId, NodeId),
) -> Done {
    let mut net = lab.net(seed);
    let data = stream(FIRST, it.len as u32);
    let vars = Vars {
        iss: Seq(FIRST - 1),
        irs: Seq(THEIRS - 1),
        snd_una: Seq(FIRST),
        snd_nxt: Seq(FIRST),
        snd_wnd: it.buffer.into(),
        rcv_nxt: Seq(THEIRS),
        rcv_wnd: 65_535,
        mss: it.mss,
    };
    let config = Config {
        mss: it.mss,
        // A link that loses a third of all packets loses ten in a row now and then.
        give_up: Duration::from_secs(100_000),
        rto: RtoLimits::default(),
        ..Config::default()
    };
    let sender = lab.you("Sender::new(…)", || {
        Sender::new(config, &vars, Some(it.handshake))
    });
    let client = net.add("sender", Client::new(sender, data.clone(), it.buffer));
    let peer = net.add("peer", Peer::new(it.buffer.into(), it.reads_every));
    net.join(client, peer, it.link);
    plan(&mut net, client, peer);
    lab.you("poll(now)", || {
        net.with(client, |client: &mut Client, now, out| {
            client.goes_on(now, out)
        });
    });
    net.with(peer, |peer: &mut Peer, now, out| peer.begins(now, out));
    lab.runs(&mut net);
    let end = net.now();
    let got: &Peer = net.node(peer);
    let client: &Client = net.node(client);
    if let Some(breach) = &client.breach {
        lab.because("Bytes beyond the peer's window must not leave. (A question of one byte may, while the window is zero.)")
            .fails("nothing outside the window", breach);
    }
    let stuck = if client.sender.has_given_up() {
        "it has given up"
    } else {
        "nothing is under way, no timer runs, and the peer waits"
    };
    lab.because(
        "The network may lose, repeat and delay packets. The stream must still arrive whole.",
    )
    .holds(
        got.has_fin,
        format!("all {} bytes and the FIN arrive", it.len),
        format!("{} bytes at {end} ms, and then {stuck}", got.stream.len()),
    );
    lab.because("Each byte must be at the place of its number.")
        .same_bytes("the stream", &got.stream, &data);
    Done {
        sent: client.sent.clone(),
        heard: client.heard.clone(),
        end: client.closed_at.unwrap_or_default(),
        net,
    }
}

fn since(now: Time) -> Duration {
    now.since(Time::ZERO)
}

/// The owner of the answer's sender: its program writes as much as there is room for.
struct Client {
    sender: Sender,
    data: Vec<u8>,
    written: usize,
    /// How far the peer has acknowledged, and how far its window goes, as it has said.
    una: usize,
    edge: usize,
    /// How far has been sent.
    most: usize,
    sent: Vec<Sent>,
    heard: Vec<HeardAt>,
    breach: Option<String>,
    closed_at: Option<Duration>,
}

impl Client {
    fn new(sender: Sender, data: Vec<u8>, window: u16) -> Client {
        Client {
            sender,
            data,
            written: 0,
            una: 0,
            edge: window.into(),
            most: 0,
            sent: Vec::new(),
            heard: Vec::new(),
            breach: None,
            closed_at: None,
        }
    }

    fn goes_on(&mut self, now: Time, out: &mut Outbox) {
        if self.written < self.data.len() {
            self.written += self.sender.write(&self.data[self.written..]);
            if self.written == self.data.len() {
                self.sender.close();
            }
        }
        let at = since(now);
        for segment in self.sender.poll(at) {
            self.notes(at, &segment);
            let segment = Segment {
                ack: Some(Seq(THEIRS)),
                window: 65_535,
                ..segment
            };
            out.send(0, wire::packet(From::Sender, &segment));
        }
        if self.sender.fin_acked() && self.closed_at.is_none() {
            self.closed_at = Some(at);
        }
        match self.sender.wake_at() {
            Some(at) => out.wake_at(Time::ZERO + at),
            None => out.do_not_wake(),
        }
    }

    fn notes(&mut self, at: Duration, segment: &Segment) {
        let begin = segment.seq.0.wrapping_sub(FIRST) as usize;
        let end = begin + segment.payload.len();
        let numbers = end + usize::from(segment.fin);
        let is_question = self.una == self.edge && numbers == self.edge + 1;
        if numbers > self.edge && !is_question && self.breach.is_none() {
            self.breach = Some(format!(
                "at {at:?}, bytes up to {numbers} of the stream leave; the peer's window ends at {}",
                self.edge
            ));
        }
        self.sent.push(Sent {
            at,
            begin,
            is_again: begin < self.most,
        });
        self.most = self.most.max(end);
    }
}

impl Node for Client {
    fn step(&mut self, now: Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { packet, .. } = event {
            let Some(segment) = wire::segment(&packet) else {
                return;
            };
            let heard = self.sender.on_segment(since(now), &segment);
            let una = segment
                .ack
                .map_or(0, |ack| ack.0.wrapping_sub(FIRST) as usize);
            if !matches!(heard, Heard::Beyond) {
                self.una = self.una.max(una);
                self.edge = self.edge.max(una + usize::from(segment.window));
            }
            self.heard.push(HeardAt {
                at: since(now),
                una: self.una,
                edge: self.edge,
            });
        }
        self.goes_on(now, out);
    }
}

/// A receiver: it keeps what comes in any order, within its buffer, and acknowledges each segment at once.
pub struct Peer {
    buffer: usize,
    reads_every: Option<Duration>,
    /// What is in order, and how much of it the program has read.
    pub stream: Vec<u8>,
    read: usize,
    /// What is behind a hole, by its place.
    pub waiting: BTreeMap<usize, Vec<u8>>,
    fin_at: Option<usize>,
    has_fin: bool,
    /// When something last came.
    heard_at: Time,
}

/// When nothing has come for so long, the peer's program goes home. No pause of a sender that goes on is so long.
const PATIENCE: Duration = Duration::from_secs(10_000);

impl Peer {
    pub fn new(buffer: usize, reads_every: Option<Duration>) -> Peer {
        Peer {
            buffer,
            reads_every,
            stream: Vec::new(),
            read: 0,
            waiting: BTreeMap::new(),
            fin_at: None,
            has_fin: false,
            heard_at: Time::ZERO,
        }
    }

    fn begins(&mut self, now: Time, out: &mut Outbox) {
        if let Some(every) = self.reads_every {
            out.wake_at(now + every);
        }
    }

    pub fn window(&self) -> usize {
        self.buffer - (self.stream.len() - self.read)
    }

    pub fn takes(&mut self, segment: &Segment) {
        let next = self.stream.len();
        let room = self.window();
        // A number near the one that is expected, before it or behind it.
        let from = segment.seq.0.wrapping_sub(FIRST.wrapping_add(next as u32)) as i32;
        let Ok(place) = usize::try_from(next as i64 + i64::from(from)) else {
            return;
        };
        let end = (place + segment.payload.len()).min(next + room);
        if end > place {
            let bytes = segment.payload[..end - place].to_vec();
            let longer = self
                .waiting
                .get(&place)
                .is_none_or(|other| other.len() < bytes.len());
            if longer {
                self.waiting.insert(place, bytes);
            }
        }
        if segment.fin {
            self.fin_at = Some(place + segment.payload.len());
        }
        while let Some(first) = self.waiting.first_entry() {
            let at = self.stream.len();
            if *first.key() > at {
                break;
            }
            let (place, bytes) = first.remove_entry();
            self.stream.extend(bytes.iter().skip(at - place));
        }
        self.has_fin |= self.fin_at == Some(self.stream.len()) && self.window() > 0;
        if self.reads_every.is_none() {
            self.read = self.stream.len();
        }
    }

    pub fn acknowledgment(&self) -> Segment {
        let next = self.stream.len() + usize::from(self.has_fin);
        Segment {
            seq: Seq(THEIRS),
            ack: Some(Seq(FIRST.wrapping_add(next as u32))),
            window: self.window() as u16,
            ..Segment::default()
        }
    }

    fn acknowledges(&self, out: &mut Outbox) {
        out.send(0, wire::packet(From::Peer, &self.acknowledgment()));
    }
}

impl Node for Peer {
    fn step(&mut self, now: Time, event: Event, out: &mut Outbox) {
        match event {
            Event::Arrives { packet, .. } => {
                let Some(segment) = wire::segment(&packet) else {
                    return;
                };
                self.heard_at = now;
                self.takes(&segment);
                self.acknowledges(out);
            }
            Event::Wakes => {
                let had_room = self.window() > 0;
                self.read = self.stream.len();
                if !had_room {
                    self.acknowledges(out);
                }
                if !self.has_fin && now.since(self.heard_at) < PATIENCE {
                    out.wake_at(now + self.reads_every.unwrap_or(ms(1000)));
                }
            }
        }
    }
}
