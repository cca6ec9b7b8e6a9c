//! How long data takes from end to end, in virtual time: the TCP of chapters 09 to 12, and smoltcp, each with its like,
//! over the same simulated link of 100 ms there and back.
//!
//! ```text
//! cargo run --release -p races --example tcp_goodput
//! ```
//!
//! First one megabyte, both with large buffers. Then smoltcp's own grid: small buffers by loss.

mod tcp_sites;

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::rc::Rc;
use std::time::{Duration, Instant};

use netlab::sim::{Chance, Link, Net, Time};
use races::foreign::{self, Made};
use smoltcp::socket::tcp::CongestionControl;
use smoltcp::wire::{IpAddress, IpCidr};
use tcp_close_solution::{Config, Host, Site};
use tcp_open_solution::Seq;

use tcp_sites::{Download, Upload};

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const PORT: u16 = 7000;
const SEEDS: u64 = 5;
const LOSSES: [f64; 8] = [0.0, 0.1, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0];
/// Behind this it stands still.
const TOO_LONG: Duration = Duration::from_secs(36_000);
/// smoltcp's least time-out.
const SHORT: Duration = Duration::from_millis(10);

fn main() {
    let contestants = [
        ("ours", Ends::Ours { min: None }),
        ("ours, RTO ≥ 10 ms", Ends::Ours { min: Some(SHORT) }),
        ("smoltcp, Reno", Ends::Theirs(CongestionControl::Reno)),
        ("smoltcp, no control", Ends::Theirs(CongestionControl::None)),
    ];
    println!(
        "1 MB, buffers of 32768 and 65535 bytes: seconds of virtual time (µs of processor a packet)"
    );
    print!("loss %");
    for (name, _) in contestants {
        print!("{name:>24}");
    }
    println!();
    for loss in LOSSES {
        print!("{loss:>6}");
        for (_, ends) in contestants {
            let run = Run {
                bytes: 1_000_000,
                sends: 32_768,
                receives: 65_535,
                loss,
                ends,
            };
            print!("{:>24}", run.measured().in_words());
        }
        println!();
    }

    println!(
        "\n100 kB, both buffers as small: time of smoltcp with Reno / ours with RTO ≥ 10 ms (more is better for ours)"
    );
    print!("buffer");
    for loss in LOSSES {
        print!("{loss:>8} %");
    }
    println!();
    for power in 7..=15 {
        let buffer = 1 << power;
        print!("{buffer:>6}");
        for loss in LOSSES {
            let run = |ends| {
                Run {
                    bytes: 100_000,
                    sends: buffer,
                    receives: buffer,
                    loss,
                    ends,
                }
                .measured()
            };
            let ours = run(Ends::Ours { min: Some(SHORT) });
            let theirs = run(Ends::Theirs(CongestionControl::Reno));
            match (ours.seconds(), theirs.seconds()) {
                (Some(ours), Some(theirs)) => print!("{:>10.2}", theirs / ours),
                (Some(_), None) => print!("{:>10}", "it stops"),
                _ => print!("{:>10}", "we stop"),
            }
        }
        println!();
    }
}

/// Whose TCP is at both ends.
#[derive(Clone, Copy)]
enum Ends {
    /// With the RFC's least time-out, or another one.
    Ours {
        min: Option<Duration>,
    },
    Theirs(CongestionControl),
}

#[derive(Clone, Copy)]
struct Run {
    bytes: usize,
    sends: usize,
    receives: usize,
    /// In percent.
    loss: f64,
    ends: Ends,
}

#[derive(Default)]
struct Measured {
    /// Virtual time until all has come.
    time: Duration,
    cpu: Duration,
    packets: usize,
    stood_still: bool,
}

/// How much has come.
type Come = Box<dyn Fn(&Net) -> usize>;

impl Run {
    fn measured(self) -> Measured {
        let mut measured = Measured::default();
        for seed in 0..SEEDS {
            self.once(seed, &mut measured);
        }
        measured
    }

    fn once(self, seed: u64, measured: &mut Measured) {
        let link = Link::default().delay_ms(50).rate(100_000_000).queue(1000);
        let link = link.chance(Chance::lose(self.loss / 100.0));
        let mut net = Net::new(seed);
        let come = match self.ends {
            Ends::Ours { min } => self.ours(min, &mut net, link),
            Ends::Theirs(control) => self.theirs(control, &mut net, link),
        };
        let began = Instant::now();
        let mut time = Duration::ZERO;
        while come(&net) < self.bytes && time < TOO_LONG {
            time += Duration::from_millis(10);
            net.run_until(Time::ZERO + time).expect("it goes on");
        }
        measured.stood_still |= time >= TOO_LONG;
        measured.time += time;
        measured.cpu += began.elapsed();
        measured.packets += net.trace().entries().count();
    }

    fn data(self) -> Vec<u8> {
        (0..self.bytes).map(|n| (n * 31 / 7) as u8).collect()
    }

    fn theirs(self, control: CongestionControl, net: &mut Net, link: Link) -> Come {
        let got = Rc::new(RefCell::new(Vec::new()));
        let host =
            |address, app| foreign::Host::new(IpCidr::new(IpAddress::Ipv4(address), 24), app);
        let made = Made {
            sends: self.sends,
            receives: self.receives,
            control,
        };
        let a = net.add(
            "a",
            host(A, made.uploads((IpAddress::Ipv4(B), PORT), self.data())),
        );
        let b = net.add("b", host(B, made.keeps(PORT, got.clone())));
        net.join(a, b, link);
        net.with(b, foreign::Host::start);
        net.with(a, foreign::Host::start);
        Box::new(move |_| got.borrow().len())
    }

    fn ours(self, min: Option<Duration>, net: &mut Net, link: Link) -> Come {
        let mut config = Config::new(Seq(0));
        config.send.buffer = self.sends;
        config.receive = self.receives;
        config.send.give_up = TOO_LONG;
        if let Some(min) = min {
            config.send.rto.min = min;
        }
        let host = |addr| Host::new(addr, *b"whatever it says", config);
        let upload = Upload::new(SocketAddrV4::new(B, PORT), self.data());
        let mut server = host(B);
        server.listen(PORT, 4).expect("nobody listens yet");
        let a = net.add("a", Site::new(host(A), upload, Upload::step));
        let b = net.add("b", Site::new(server, Download::new(PORT), Download::step));
        net.join(a, b, link);
        net.with(b, Site::<Download>::start);
        net.with(a, Site::<Upload>::start);
        Box::new(move |net| net.node::<Site<Download>>(b).memory.got)
    }
}

impl Measured {
    fn seconds(&self) -> Option<f64> {
        (!self.stood_still).then(|| self.time.as_secs_f64() / SEEDS as f64)
    }

    fn in_words(&self) -> String {
        let micros = self.cpu.as_secs_f64() * 1e6 / self.packets as f64;
        match self.seconds() {
            Some(seconds) => format!("{seconds:.1} ({micros:.2})"),
            None => "stands still".into(),
        }
    }
}
