//! How long one megabyte takes from end to end, in virtual time: the TCP of chapters 09 to 12, and smoltcp, each with its
//! like, over the same simulated link of 100 ms there and back.
//!
//! ```text
//! cargo run --release -p races --example tcp_goodput
//! ```

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::rc::Rc;
use std::time::{Duration, Instant};

use netlab::sim::{Chance, Link, Net};
use races::foreign::{self, keeps, uploads};
use smoltcp::wire::{IpAddress, IpCidr};
use tcp_close_solution::{Config, ConnId, Host, Received, Site};
use tcp_open_solution::Seq;

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const PORT: u16 = 7000;
const BYTES: usize = 1_000_000;
const SEEDS: u64 = 5;

fn main() {
    println!(
        "loss %   ours s   smoltcp s   goodput ours/smoltcp   ours µs/packet   smoltcp µs/packet"
    );
    for loss in [0.0, 0.1, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0] {
        let mut ours = Measured::default();
        let mut theirs = Measured::default();
        for seed in 0..SEEDS {
            let link = Link::default().delay_ms(50).rate(100_000_000).queue(1000);
            let link = link.chance(Chance::lose(loss / 100.0));
            ours.add(seed, link.clone(), our_ends);
            theirs.add(seed, link, their_ends);
        }
        println!(
            "{loss:>6}   {:>6.1}   {:>9.1}   {:>20.2}   {:>14.2}   {:>17.2}",
            ours.seconds(),
            theirs.seconds(),
            theirs.seconds() / ours.seconds(),
            ours.micros(),
            theirs.micros()
        );
    }
}

#[derive(Default)]
struct Measured {
    /// Virtual time until all has come.
    time: Duration,
    cpu: Duration,
    packets: usize,
}

type Done = Box<dyn Fn(&Net) -> usize>;

impl Measured {
    fn add(&mut self, seed: u64, link: Link, ends: fn(&mut Net, Link) -> Done) {
        let mut net = Net::new(seed);
        let done = ends(&mut net, link);
        let began = Instant::now();
        let mut step = Duration::ZERO;
        while done(&net) < BYTES {
            step += Duration::from_millis(10);
            net.run_until(netlab::sim::Time::ZERO + step)
                .expect("it goes on");
            assert!(step < Duration::from_secs(36_000), "it stands still");
        }
        self.time += step;
        self.cpu += began.elapsed();
        self.packets += net.trace().entries().count();
    }

    fn seconds(&self) -> f64 {
        self.time.as_secs_f64() / SEEDS as f64
    }

    fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.packets as f64
    }
}

fn data() -> Vec<u8> {
    (0..BYTES).map(|n| (n * 31 / 7) as u8).collect()
}

fn their_ends(net: &mut Net, link: Link) -> Done {
    let got = Rc::new(RefCell::new(Vec::new()));
    let host = |address, app| foreign::Host::new(IpCidr::new(IpAddress::Ipv4(address), 24), app);
    let a = net.add("a", host(A, uploads((IpAddress::Ipv4(B), PORT), data())));
    let b = net.add("b", host(B, keeps(PORT, got.clone())));
    net.join(a, b, link);
    net.with(b, foreign::Host::start);
    net.with(a, foreign::Host::start);
    Box::new(move |_| got.borrow().len())
}

struct Upload {
    data: Vec<u8>,
    sent: usize,
    id: Option<ConnId>,
}

fn upload(host: &mut Host, now: Duration, it: &mut Upload) -> bool {
    let Some(id) = it.id else {
        it.id = host.connect(now, SocketAddrV4::new(B, PORT)).ok();
        return true;
    };
    let sent = host.send(id, &it.data[it.sent..]);
    it.sent += sent;
    sent > 0
}

#[derive(Default)]
struct Keep {
    got: usize,
    id: Option<ConnId>,
}

fn keep(host: &mut Host, _now: Duration, it: &mut Keep) -> bool {
    it.id = it.id.or_else(|| host.accept(PORT));
    let Some(id) = it.id else {
        return false;
    };
    match host.recv(id, 1 << 16) {
        Received::Data(data) => it.got += data.len(),
        _ => return false,
    }
    true
}

fn our_ends(net: &mut Net, link: Link) -> Done {
    let mut config = Config::new(Seq(0));
    // As much as smoltcp's sockets of this crate have.
    config.send.buffer = 32_768;
    config.send.give_up = Duration::from_secs(3600);
    let host = |addr| Host::new(addr, *b"whatever it says", config);
    let memory = Upload {
        data: data(),
        sent: 0,
        id: None,
    };
    let mut server = host(B);
    server.listen(PORT, 4).expect("nobody listens yet");
    let a = net.add("a", Site::new(host(A), memory, upload));
    let b = net.add("b", Site::new(server, Keep::default(), keep));
    net.join(a, b, link);
    net.with(b, Site::<Keep>::start);
    net.with(a, Site::<Upload>::start);
    Box::new(move |net| net.node::<Site<Keep>>(b).memory.got)
}
