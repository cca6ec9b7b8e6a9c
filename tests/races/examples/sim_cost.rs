//! What a packet costs on the simulated network, its trace included, beside smoltcp's own simulation:
//!
//! ```console
//! $ cargo run -p races --example sim_cost
//! $ cargo run -p races --example sim_cost --release
//! ```
//!
//! All figures are processor time of this thread, user and system. The contestants take turns, so that a
//! slow moment of the machine hits all of them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use netlab::sim::{Chance, Event, Link, Net, Node, Outbox, Time};
use races::foreign::{Host, keeps, uploads};
use rustix::time::{ClockId, clock_gettime};
use smoltcp::phy::{
    Device, FaultInjector, Loopback, Medium, PcapMode, PcapSink, PcapWriter, RxToken, TxToken,
};
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpCidr};

const ROUNDS: usize = 51;
/// A megabyte in full segments.
const PACKETS: usize = 700;
const HOPS: usize = 4;

fn main() {
    for length in [40, 1500] {
        let mut nets = Vec::new();
        let mut loopbacks = Vec::new();
        for _ in 0..ROUNDS {
            nets.push(over_hops(PACKETS, length));
            loopbacks.push(through_loopback(PACKETS * HOPS, length));
        }
        println!("{PACKETS} packets of {length} bytes over {HOPS} hops, a packet and hop:");
        show("Net, trace included", nets, "ns");
        show(
            "smoltcp Loopback, FaultInjector, PcapWriter",
            loopbacks,
            "ns",
        );
    }
    let fresh = (0..5).map(|_| over_hops(20_000, 1500)).collect();
    println!(
        "20000 packets of 1500 bytes over {HOPS} hops, all memory of the trace new to the process:"
    );
    show("Net, trace included", fresh, "ns");

    println!("1 MB from smoltcp to smoltcp, 25 ms each way:");
    for loss in [0.0, 0.01, 0.05, 0.1, 0.2] {
        let mut all = Vec::new();
        let mut packets = 0;
        for seed in 0..ROUNDS.min(11) {
            let (cost, count) = megabyte(seed as u64, loss);
            all.push(cost / 1_000);
            packets = count;
        }
        show(&format!("loss {loss}, {packets} packets"), all, "µs");
    }
}

fn show(what: &str, mut figures: Vec<u64>, unit: &str) {
    let first = figures[0];
    figures.sort_unstable();
    let (best, median) = (figures[0], figures[figures.len() / 2]);
    println!("  {what:44} best {best:6}, median {median:6}, first {first:6} {unit}");
}

/// The processor time of what `f` does, in nanoseconds.
fn cost(f: impl FnOnce()) -> u64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    };
    let began = now();
    f();
    now() - began
}

/// Sends a packet each time it wakes.
struct Source {
    left: usize,
    length: usize,
}

impl Node for Source {
    fn step(&mut self, now: Time, _event: Event, out: &mut Outbox) {
        if self.left > 0 {
            self.left -= 1;
            out.send(0, vec![0x45; self.length]);
            out.wake_at(now + Duration::from_micros(10));
        }
    }
}

/// Passes on what comes from one side to the other, if there is another.
struct Hop {
    is_last: bool,
}

impl Node for Hop {
    fn step(&mut self, _now: Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { packet, .. } = event
            && !self.is_last
        {
            out.send(1, packet);
        }
    }
}

/// Nanoseconds a packet and hop, over links with everything that a link can have.
fn over_hops(packets: usize, length: usize) -> u64 {
    let cost = cost(|| {
        let mut net = Net::new(1);
        let left = packets;
        let source = net.add("source", Source { left, length });
        let link = Link::default()
            .delay_ms(1)
            .rate(10_000_000_000)
            .queue(100)
            .chance(Chance::lose(0.0001));
        let mut last = source;
        for hop in 1..=HOPS {
            let is_last = hop == HOPS;
            let next = net.add("hop", Hop { is_last });
            net.join(last, next, link.clone());
            last = next;
        }
        net.with(source, |_: &mut Source, now, out| out.wake_at(now));
        net.run().expect("it comes to rest");
    });
    cost / (packets * HOPS) as u64
}

/// A capture that is kept in memory.
#[derive(Default)]
struct Capture(Vec<u8>);

impl PcapSink for Capture {
    fn write(&mut self, data: &[u8]) {
        self.0.extend_from_slice(data);
    }
}

/// The same by smoltcp's loopback device: each packet is put in and taken out again.
fn through_loopback(packets: usize, length: usize) -> u64 {
    let cost = cost(|| {
        let loopback = Loopback::new(Medium::Ip);
        let capture = PcapWriter::new(loopback, Capture::default(), PcapMode::TxOnly);
        let mut device = FaultInjector::new(capture, 1);
        for n in 0..packets {
            let now = Instant::from_micros(n as i64);
            let sends = device.transmit(now).expect("it always sends");
            sends.consume(length, |packet| packet.fill(0x45));
            let (arrived, _) = device.receive(now).expect("it has arrived");
            arrived.consume(|packet| assert_eq!(packet.len(), length));
        }
    });
    cost / packets as u64
}

/// What a megabyte costs in nanoseconds, and how many packets cross.
fn megabyte(seed: u64, loss: f64) -> (u64, usize) {
    const SERVER: IpAddress = IpAddress::v4(10, 0, 0, 2);
    let data = vec![7; 1_000_000];
    let got = Rc::new(RefCell::new(Vec::new()));
    let mut packets = 0;
    let cost = cost(|| {
        let mut net = Net::new(seed);
        let host = |address, app| Host::new(IpCidr::new(address, 24), app);
        let client = IpAddress::v4(10, 0, 0, 1);
        let a = net.add("client", host(client, uploads((SERVER, 80), data)));
        let b = net.add("server", host(SERVER, keeps(80, got.clone())));
        let chance = Chance::lose(loss);
        net.join(a, b, Link::default().delay_ms(25).chance(chance));
        net.with(b, Host::start);
        net.with(a, Host::start);
        net.run().expect("it comes to rest");
        packets = net.counts().sent;
    });
    assert_eq!(got.borrow().len(), 1_000_000);
    (cost, packets)
}
