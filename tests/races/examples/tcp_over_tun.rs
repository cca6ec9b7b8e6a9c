//! How long a megabyte takes over a link that loses packets, in seconds of the clock on the wall: the TCP of chapters 09 to
//! 12 with Linux at the other end, and Linux with itself. The link is simulated, of 20 ms there and back and 20 Mbit/s;
//! the kernel stands behind a TUN device, in a network namespace.
//!
//! ```text
//! cargo run --release -p races --example tcp_over_tun -- ROUNDS
//! ```

#[cfg(target_os = "linux")]
mod tcp_sites;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("left out: this is not Linux");
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener, TcpStream};
    use std::process::{Command, ExitCode};
    use std::thread::{self, JoinHandle};
    use std::time::{Duration, Instant};

    use netlab::sim::{Chance, Device, Event, Link, Net, Node, NodeId, Outbox, Time};
    use races::tun::Kernel;
    use tcp_close_solution::{Config, Host, Site};
    use tcp_open_solution::Seq;

    use super::tcp_sites::{Download, Upload};

    const INSIDE: &str = "inside";
    const BYTES: usize = 1_000_000;
    const PORT: u16 = 7000;
    /// In percent.
    const LOSSES: [f64; 3] = [0.0, 1.0, 5.0];
    /// Behind this it stands still.
    const LIMIT: Duration = Duration::from_secs(300);

    pub fn main() -> ExitCode {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        match &arguments[..] {
            [inside, rounds] if inside == INSIDE => races(rounds.parse().expect("a number")),
            _ => {
                let rounds = arguments.first().map_or("7", String::as_str);
                let us = std::env::current_exe().expect("this program");
                let run = Command::new("unshare")
                    .args(["--user", "--map-root-user", "--net"])
                    .arg(us)
                    .args([INSIDE, rounds])
                    .status();
                match run.is_ok_and(|status| status.success()) {
                    true => ExitCode::SUCCESS,
                    false => ExitCode::FAILURE,
                }
            }
        }
    }

    #[derive(Clone, Copy)]
    enum Ends {
        /// The kernel sends to itself.
        Linux,
        /// Ours sends to the kernel, with the RFC's least time-out or with this one.
        Sends(Option<Duration>),
        /// The kernel sends to ours.
        Receives,
    }

    fn races(rounds: usize) -> ExitCode {
        for (name, value) in [
            // The control that ours has, too, whatever this system's is: RFC 5681.
            ("tcp_congestion_control", "reno"),
            // What is learned of one run must not help the next.
            ("tcp_no_metrics_save", "1"),
        ] {
            let file = format!("/proc/sys/net/ipv4/{name}");
            std::fs::write(&file, value).unwrap_or_else(|error| panic!("{file}: {error}"));
        }
        let linux = Kernel::new();
        let contestants = [
            ("Linux to Linux", Ends::Linux),
            ("Linux to ours", Ends::Receives),
            ("ours to Linux", Ends::Sends(None)),
            (
                "ours to Linux, RTO ≥ 200 ms",
                Ends::Sends(Some(Duration::from_millis(200))),
            ),
        ];
        println!(
            "1 MB, 20 Mbit/s, 20 ms there and back, medians of {rounds} rounds: seconds (Linux to Linux / this)"
        );
        print!("loss %");
        for (name, _) in contestants {
            print!("{name:>30}");
        }
        println!();
        let mut last = 1;
        for loss in LOSSES {
            let mut seconds = [const { Vec::new() }; 4];
            for round in 0..rounds {
                // Nobody always comes first.
                for place in 0..contestants.len() {
                    let which = (place + round) % contestants.len();
                    // No run hears what is left of the one before.
                    last = if last == 250 { 2 } else { last + 1 };
                    let run = Run {
                        linux: &linux,
                        addr: Ipv4Addr::new(10, 9, 0, last),
                        link: Link::default()
                            .delay_ms(10)
                            .rate(20_000_000)
                            .queue(100)
                            .chance(Chance::lose(loss / 100.0)),
                        seed: round as u64,
                    };
                    seconds[which].push(run.takes(contestants[which].1).as_secs_f64());
                }
            }
            let medians = seconds.map(|mut all| {
                all.sort_by(f64::total_cmp);
                all[all.len() / 2]
            });
            print!("{loss:>6}");
            for median in medians {
                print!(
                    "{:>30}",
                    format!("{median:.2} ({:.2})", medians[0] / median)
                );
            }
            println!();
        }
        ExitCode::SUCCESS
    }

    struct Run<'a> {
        linux: &'a Kernel,
        /// Our host's, or the one that the kernel believes to talk with.
        addr: Ipv4Addr,
        link: Link,
        seed: u64,
    }

    impl Run<'_> {
        /// From the first SYN until all bytes have come.
        fn takes(self, ends: Ends) -> Duration {
            match ends {
                Ends::Linux => {
                    let mut net = Net::new(self.seed);
                    let kernel = net.add("Linux", Device::default());
                    let mirror = net.add("mirror", Mirror);
                    net.join(kernel, mirror, self.link.clone());
                    // Each packet passes the real link once.
                    net.join(kernel, mirror, Link::default().delay(Duration::ZERO));
                    let reader = reads(listens());
                    let writer = writes(self.addr);
                    let took = self.until(&mut net, kernel, |_| reader.is_finished());
                    reader.join().expect("all bytes");
                    writer.join().expect("all bytes");
                    took
                }
                Ends::Sends(least) => {
                    let upload = Upload::new(SocketAddrV4::new(Kernel::ADDR, PORT), data());
                    let site = Site::new(self.host(least), upload, Upload::step);
                    let reader = reads(listens());
                    let (mut net, us, kernel) = self.joined(site);
                    net.with(us, Site::<Upload>::start);
                    let took = self.until(&mut net, kernel, |_| reader.is_finished());
                    reader.join().expect("all bytes");
                    took
                }
                Ends::Receives => {
                    let mut host = self.host(None);
                    host.listen(PORT, 1).expect("nobody listens yet");
                    let site = Site::new(host, Download::new(PORT), Download::step);
                    let (mut net, us, kernel) = self.joined(site);
                    let writer = writes(self.addr);
                    let has_all = |net: &Net| net.node::<Site<Download>>(us).memory.got >= BYTES;
                    let took = self.until(&mut net, kernel, has_all);
                    writer.join().expect("all bytes");
                    took
                }
            }
        }

        fn host(&self, least: Option<Duration>) -> Host {
            let mut config = Config::new(Seq(0));
            if let Some(least) = least {
                config.send.rto.min = least;
            }
            Host::new(self.addr, *b"whatever it says", config)
        }

        fn joined<T>(&self, site: Site<T>) -> (Net, NodeId, NodeId) {
            let mut net = Net::new(self.seed);
            let us = net.add("we", site);
            let kernel = net.add("Linux", Device::default());
            net.join(us, kernel, self.link.clone());
            (net, us, kernel)
        }

        fn until(&self, net: &mut Net, kernel: NodeId, is_done: impl Fn(&Net) -> bool) -> Duration {
            let began = Instant::now();
            let in_time = self.linux.runs(net, kernel, is_done, LIMIT);
            assert!(in_time, "it stands still");
            began.elapsed()
        }
    }

    /// Sends each packet back as one that comes from where it went: so the kernel talks with itself, and each of its ends
    /// believes to talk with another host. The checksums stay right: sums have no order.
    struct Mirror;

    impl Node for Mirror {
        fn step(&mut self, _now: Time, event: Event, out: &mut Outbox) {
            if let Event::Arrives { mut packet, .. } = event {
                let (from, to) = packet[12..20].split_at_mut(4);
                from.swap_with_slice(to);
                out.send(1, packet);
            }
        }
    }

    fn data() -> Vec<u8> {
        (0..BYTES).map(|n| (n * 31 / 7) as u8).collect()
    }

    fn listens() -> TcpListener {
        TcpListener::bind((Kernel::ADDR, PORT)).expect("a port")
    }

    fn reads(listener: TcpListener) -> JoinHandle<()> {
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut got = vec![0; BYTES];
            stream.read_exact(&mut got).expect("all bytes");
            assert!(got == data(), "other bytes");
        })
    }

    fn writes(to: Ipv4Addr) -> JoinHandle<()> {
        thread::spawn(move || {
            let mut stream = TcpStream::connect((to, PORT)).expect("a connection");
            stream.write_all(&data()).expect("it is open");
            // The other end may have gone.
            let _ = stream.shutdown(Shutdown::Write);
        })
    }
}
