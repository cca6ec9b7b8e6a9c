//! A network, its plan and its traffic, all chosen by bytes; and what must hold whatever they choose.
//! The fuzzer's target `simulation` plays it, too.

use std::time::Duration;

use netlab::sim::{
    Arrival, Chance, Entry, Fate, Inbox, Kind, Link, Loss, Net, NodeId, Time, Way, Which, every,
    nth,
};

/// Plays what the bytes choose, twice. Panics where something does not hold.
pub fn play(bytes: &[u8]) {
    let mut once = Game::new(bytes);
    once.play();
    once.check();
    let mut again = Game::new(bytes);
    again.play();
    assert_eq!(once.net.trace().text(), again.net.trace().text());
    assert_eq!(once.net.trace().pcapng(), again.net.trace().pcapng());
}

/// The next choice; 0 when there are none left.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn below(&mut self, end: u8) -> usize {
        usize::from(self.byte() % end)
    }

    fn probability(&mut self) -> f64 {
        f64::from(self.byte().saturating_sub(128)) / 256.0
    }

    fn which(&mut self) -> Which {
        const KINDS: [Kind; 12] = [
            Kind::Packet,
            Kind::Data,
            Kind::Syn,
            Kind::SynAck,
            Kind::Ack,
            Kind::Fin,
            Kind::Rst,
            Kind::Tcp,
            Kind::Udp,
            Kind::Icmp,
            Kind::Arp,
            Kind::Fragment,
        ];
        let kind = KINDS[self.below(12)];
        match self.below(6) {
            0 => every(kind),
            n => nth(n, kind),
        }
    }

    fn plan(&mut self, way: Way) {
        match self.below(5) {
            0 => way.loses(self.which()),
            1 => way.repeats(self.which()),
            2 => way.delivers_after(self.which(), self.which()),
            3 => way.delays(self.which(), Duration::from_micros(self.byte().into())),
            _ => way.flips(self.which(), self.byte().into(), self.byte() % 8),
        };
    }

    /// A packet: mostly a header that is nearly right.
    fn packet(&mut self, is_frame: bool) -> Vec<u8> {
        let protocol = [6, 17, 1, 58, 44][self.below(5)];
        let mut packet = match self.below(4) {
            0 => vec![self.byte(); self.below(64)],
            1 => [
                &[0x60, 0, 0, 0, 0, 60, protocol, 64][..],
                &[0xfd; 32],
                &[self.byte(); 60],
            ]
            .concat(),
            _ => {
                let flags = [0, 0x20, 1][self.below(3)];
                let mut packet = vec![0x45, 0, 0, 60, 0, 7, flags, 0, 64, protocol, 0, 0];
                packet.extend([10, 0, 0, 1, 10, 0, 0, 2]);
                packet.extend([
                    0,
                    80,
                    0,
                    81,
                    0,
                    0,
                    0,
                    1,
                    0,
                    0,
                    0,
                    2,
                    0x50,
                    self.byte(),
                    1,
                    0,
                    0,
                    0,
                    0,
                    0,
                ]);
                packet.resize(40 + self.below(40), 7);
                packet
            }
        };
        if is_frame {
            let kind = [[8, 0], [8, 6], [0x86, 0xdd], [1, 2]][self.below(4)];
            packet = [&[2; 12][..], &kind, &packet].concat();
        }
        packet
    }
}

struct Game<'a> {
    choices: Choices<'a>,
    net: Net,
    nodes: [NodeId; 2],
    link: Link,
    /// What was sent from each node.
    sent: [Vec<Vec<u8>>; 2],
}

impl<'a> Game<'a> {
    fn new(bytes: &'a [u8]) -> Game<'a> {
        let mut choices = Choices(bytes);
        let mut net = Net::new(choices.byte().into());
        let nodes = ["a", "b"].map(|name| net.add(name, Inbox::default()));
        let mut link = [Link::default(), Link::ethernet()][choices.below(2)]
            .clone()
            .delay(Duration::from_micros(choices.byte().into()))
            .mtu(40 + choices.below(40))
            .queue(choices.below(8))
            .chance(Chance {
                lose: choices.probability(),
                repeat: choices.probability(),
                flip: choices.probability(),
                late: choices.probability(),
                late_by: Duration::from_micros(choices.byte().into()),
            });
        if choices.below(3) > 0 {
            link = link.rate(1_000_000 * (1 + choices.below(50) as u64));
        }
        net.join(nodes[0], nodes[1], link.clone());
        Game {
            choices,
            net,
            nodes,
            link,
            sent: [Vec::new(), Vec::new()],
        }
    }

    fn play(&mut self) {
        while !self.choices.0.is_empty() {
            let from = self.choices.below(2);
            match self.choices.below(8) {
                0 => {
                    let way = self.net.way(self.nodes[from], self.nodes[1 - from]);
                    self.choices.plan(way);
                }
                1 | 2 => {
                    let span = Duration::from_micros(self.choices.byte().into());
                    let end = self.net.now() + span;
                    self.net.run_until(end).unwrap();
                    assert_eq!(self.net.now(), end);
                }
                _ => {
                    let packet = self.choices.packet(self.is_frame());
                    self.sent[from].push(packet.clone());
                    self.net.send(self.nodes[from], packet);
                }
            }
            self.is_conserved();
        }
        self.net.run().unwrap();
        self.is_conserved();
    }

    fn is_frame(&self) -> bool {
        self.link.medium == netlab::sim::Medium::Ethernet
    }

    fn is_conserved(&self) {
        let counts = self.net.counts();
        let sum = counts.delivered + counts.lost() + counts.on_the_way;
        assert_eq!(counts.sent + counts.copies, sum, "{counts:?}");
    }

    fn check(&self) {
        let trace = self.net.trace();
        let counts = self.net.counts();
        let count = |is: &dyn Fn(&Entry) -> bool| trace.entries().filter(|it| is(it)).count();
        let lost = |loss| count(&|entry: &Entry| entry.fate == Fate::Lost(loss));
        assert_eq!(counts.sent + counts.copies, trace.entries().len());
        assert_eq!(counts.copies, count(&|entry| entry.is_copy));
        assert_eq!(counts.lost_by_plan, lost(Loss::Plan));
        assert_eq!(counts.lost_by_chance, lost(Loss::Chance));
        assert_eq!(counts.lost_in_queue, lost(Loss::QueueFull));
        assert_eq!(counts.too_long, lost(Loss::TooLong));
        assert_eq!(counts.on_the_way, count(&|entry| entry.fate == Fate::Held));
        for from in 0..2 {
            self.check_way(from);
        }
        for line in trace.text().lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(!trace.svg("play").contains("\n\n"));
        assert_eq!(trace.pcapng().len() % 4, 0);
        trace.plans_not_met();
    }

    /// What one node sent, what the trace says of it, and what the other node got, belong together.
    fn check_way(&self, from: usize) {
        let trace = self.net.trace();
        let name = ["a", "b"][from];
        let entries: Vec<Entry> = trace.entries().filter(|it| it.from() == name).collect();
        let first: Vec<&Entry> = entries.iter().filter(|it| !it.is_copy).collect();
        assert_eq!(first.len(), self.sent[from].len());
        for (entry, sent) in first.iter().zip(&self.sent[from]) {
            let mut bytes = entry.bytes().to_vec();
            if let Some(flip) = entry.flipped {
                bytes[flip.byte as usize] ^= 1 << flip.bit;
            }
            assert_eq!(&bytes, sent, "nothing but the flipped bit has changed");
            entry.in_words();
        }
        self.check_queue(&first);

        let arrived: &[Arrival] = self.net.node::<Inbox>(self.nodes[1 - from]).arrived();
        assert!(arrived.is_sorted_by_key(|arrival| arrival.at));
        let mut got: Vec<(Time, &[u8])> =
            arrived.iter().map(|it| (it.at, &it.packet[..])).collect();
        let told = entries.iter().filter_map(|entry| match entry.fate {
            Fate::Arrives(at) => Some((at, entry.bytes())),
            _ => None,
        });
        let mut told: Vec<(Time, &[u8])> = told.collect();
        if told.is_sorted_by_key(|(at, _)| *at) && !entries.iter().any(|it| it.plan().is_some()) {
            assert_eq!(got, told, "nothing overtakes at one moment");
        }
        got.sort_unstable();
        told.sort_unstable();
        assert_eq!(got, told);
    }

    /// A wire by its definition: one packet leaves after the other, and no more wait than the queue holds.
    fn check_queue(&self, entries: &[&Entry]) {
        let longest = self.link.mtu + if self.is_frame() { 14 } else { 0 };
        // When those that were taken leave.
        let mut leaves: Vec<Time> = Vec::new();
        for entry in entries {
            let is_too_long = entry.bytes().len() > longest;
            assert_eq!(is_too_long, entry.fate == Fate::Lost(Loss::TooLong));
            if is_too_long {
                continue;
            }
            let there = leaves.iter().filter(|leaves| **leaves > entry.sent).count();
            let is_full = there > self.link.queue;
            assert_eq!(is_full, entry.fate == Fate::Lost(Loss::QueueFull));
            if is_full {
                continue;
            }
            let mut due = entry.sent;
            if let Some(rate) = self.link.rate {
                let bits = 8 * entry.bytes().len() as u64;
                let nanos = (bits * 1_000_000_000).div_ceil(rate);
                due = leaves.last().copied().unwrap_or_default().max(entry.sent)
                    + Duration::from_nanos(nanos);
                leaves.push(due);
            }
            due = due + self.link.delay;
            if let Fate::Arrives(at) = entry.fate {
                assert!(at >= due, "{at} is too early, {due} is right");
                let may_be_late = self.link.chance.late > 0.0 || entry.plan().is_some();
                assert!(at == due || may_be_late, "{at} is not {due}");
            }
        }
    }
}
