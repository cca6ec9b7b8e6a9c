//! A long fat path: the given [`SackSender`], which asks the answer's scoreboard, and a peer that reports what it has and
//! shifts its windows.

use std::time::Duration;

use netlab::Lab;
use netlab::sim::{Event, Link, Net, Node, NodeId, Outbox, Time};
use tcp_open::{Segment, Seq};
use tcp_send::SackSender;

use super::network::{FIRST, Peer, THEIRS};
use super::wire::{self, From};
use super::words::stream;

/// What is between the two, and how the peer is.
pub struct Path {
    pub link: Link,
    /// How many bytes the peer has room for, and the shift of its windows.
    pub window: u32,
    pub shift: u8,
    /// After so many segments it once drops everything that waits behind a hole, although it has reported it.
    pub drops_at: Option<usize>,
}

impl Path {
    pub fn new(link: Link, window: u32) -> Path {
        Path {
            link,
            window,
            shift: 0,
            drops_at: None,
        }
    }
}

/// Sends so many bytes, and demands that the peer gets just these. Gives the time until all were acknowledged.
pub fn sends(
    lab: &Lab,
    seed: u64,
    len: usize,
    path: Path,
    plan: impl FnOnce(&mut Net, NodeId, NodeId),
) -> Duration {
    let data = stream(FIRST, len as u32);
    let mut net = lab.net(seed);
    let mut sender = lab.you("SackSender, which is given: Scoreboard::new(…)", || {
        SackSender::new(Seq(FIRST), 1460, path.window, path.link.delay * 2)
    });
    sender.write(&data);
    let client = Client {
        sender,
        done_at: None,
    };
    let from = net.add("sender", client);
    let to = net.add(
        "peer",
        Reporter {
            peer: Peer::new(path.window as usize, None),
            shift: path.shift,
            drops_at: path.drops_at,
            latest: Vec::new(),
            count: 0,
        },
    );
    net.join(from, to, path.link);
    plan(&mut net, from, to);
    lab.you(
        "SackSender, which is given: next(…) and pipe(…)",
        || {
            net.with(from, |client: &mut Client, now, out| {
                client.goes_on(now, out)
            });
        },
    );
    lab.runs(&mut net);
    let client: &Client = net.node(from);
    let reporter: &Reporter = net.node(to);
    lab.because("Whatever is lost, the stream must arrive whole.")
        .holds(
            client.done_at.is_some(),
            format!("all {len} bytes are acknowledged"),
            format!("{} bytes are there", reporter.peer.stream.len()),
        );
    lab.because("Each byte must be at the place of its number.")
        .same_bytes("the stream", &reporter.peer.stream, &data);
    client.done_at.unwrap_or_default()
}

struct Client {
    sender: SackSender,
    done_at: Option<Duration>,
}

impl Client {
    fn goes_on(&mut self, now: Time, out: &mut Outbox) {
        let at = now.since(Time::ZERO);
        for segment in self.sender.poll(at) {
            let segment = Segment {
                ack: Some(Seq(THEIRS)),
                window: 65_535,
                ..segment
            };
            out.send(0, wire::packet(From::Sender, &segment));
        }
        if self.sender.is_done() {
            self.done_at.get_or_insert(at);
        }
        match self.sender.wake_at() {
            Some(at) => out.wake_at(Time::ZERO + at),
            None => out.do_not_wake(),
        }
    }
}

/// What a packet of the peer says in its options: the shift of its windows, which stands in each for the tests' sake, and
/// its blocks.
fn options(packet: &[u8]) -> (u8, Vec<(Seq, Seq)>) {
    let options = &packet[40..20 + usize::from(packet[32] >> 4) * 4];
    let number = |bytes: &[u8]| Seq(u32::from_be_bytes(bytes.try_into().expect("four bytes")));
    let blocks = options.get(8..).unwrap_or_default().chunks_exact(8);
    let blocks = blocks.map(|block| (number(&block[..4]), number(&block[4..])));
    (options[2], blocks.collect())
}

impl Node for Client {
    fn step(&mut self, now: Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { packet, .. } = event
            && let Some(segment) = wire::segment(&packet)
            && let Some(ack) = segment.ack
        {
            let (shift, blocks) = options(&packet);
            let window = u32::from(segment.window) << shift;
            let at = now.since(Time::ZERO);
            self.sender.on_segment(at, ack, window, &blocks);
        }
        self.goes_on(now, out);
    }
}

/// The peer of the other tests, with reports.
struct Reporter {
    peer: Peer,
    shift: u8,
    drops_at: Option<usize>,
    /// Where the islands begin that have changed last, the latest first.
    latest: Vec<usize>,
    count: usize,
}

impl Reporter {
    /// The islands, each from where to where.
    fn islands(&self) -> Vec<(usize, usize)> {
        let mut islands: Vec<(usize, usize)> = Vec::new();
        for (at, bytes) in &self.peer.waiting {
            let end = at + bytes.len();
            match islands.last_mut() {
                Some(last) if *at <= last.1 => last.1 = last.1.max(end),
                _ => islands.push((*at, end)),
            }
        }
        islands
    }

    /// Window scale, 5 bytes of filling and SACK: 8 bytes, and 8 for each block.
    fn options(&mut self) -> Vec<u8> {
        let islands = self.islands();
        let find = |place: &usize| {
            let its = islands
                .iter()
                .find(|(begin, end)| begin <= place && place < end);
            its.copied()
        };
        let mut blocks: Vec<(usize, usize)> = Vec::new();
        for block in self.latest.iter().filter_map(find) {
            if !blocks.contains(&block) {
                blocks.push(block);
            }
        }
        self.latest = blocks.iter().map(|block| block.0).collect();
        let number = |place: usize| FIRST.wrapping_add(place as u32).to_be_bytes();
        let mut options = vec![3, 3, self.shift, 1, 1, 1, 1, 1];
        blocks.truncate(4);
        if !blocks.is_empty() {
            options[6..].copy_from_slice(&[5, 2 + 8 * blocks.len() as u8]);
        }
        for (begin, end) in blocks {
            options.extend(number(begin));
            options.extend(number(end));
        }
        options
    }
}

impl Node for Reporter {
    fn step(&mut self, _: Time, event: Event, out: &mut Outbox) {
        let Event::Arrives { packet, .. } = event else {
            return;
        };
        let Some(segment) = wire::segment(&packet) else {
            return;
        };
        self.peer.takes(&segment);
        self.latest
            .insert(0, segment.seq.0.wrapping_sub(FIRST) as usize);
        self.count += 1;
        if self.drops_at == Some(self.count) {
            self.peer.waiting.clear();
        }
        let options = self.options();
        let answer = self.peer.acknowledgment();
        let answer = Segment {
            window: (self.peer.window() >> self.shift) as u16,
            ..answer
        };
        let packet = wire::packet_with(From::Peer, &answer, &options);
        out.send(0, packet);
    }
}
