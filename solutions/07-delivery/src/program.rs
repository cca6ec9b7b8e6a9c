//! Given: the program. It asks, the steps answer.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Instant;

use crate::internet::{self, Internet};
use crate::tun::{self, Kernel};
use crate::tunnel::Tunnel;
use crate::{Cause, Hop, Path, Pong, Responder, path_mtu, ping, traceroute};

/// What `--help` prints on standard output, and wrong arguments on standard error.
pub const USAGE: &str = "\
usage: ch07 ping ADDR [-c COUNT] [-s BYTES]
       ch07 traceroute ADDR
       ch07 mtu ADDR
       ch07 host ADDR

  ping         sends echo requests: 4, each with 56 bytes of data
  traceroute   lists the routers on the way
  mtu          finds the longest datagram that gets through
  host         is the host with this address, at a UDP port for --over
  -h, --help   print this

over which network:
  nothing said       an internet that the program brings along: a host at
                     10.3.0.2 behind a narrow link, a near one at 10.4.0.2,
                     a route that goes round in circles to 10.66.0.1
  --over HOST:PORT   the network that somebody has at this UDP port
  --tun              the kernel, and a link behind it: unshare -Urn ch07 ...
                     The kernel is 10.9.0.1, and 10.8.0.2 is behind it.
  --from ADDR        this host's address, with --over (10.0.0.2)
  --mtu BYTES        the MTU of its link, with --over (1500)

exit codes: 0 reached, 1 not reached, or an error, 2 wrong arguments";

enum Task {
    Ping { count: u16, size: usize },
    Traceroute,
    Mtu,
    Host,
}

struct Order {
    task: Task,
    /// The address that it is about.
    addr: Ipv4Addr,
    over: Option<SocketAddr>,
    tun: bool,
    from: Ipv4Addr,
    mtu: usize,
}

/// Reads the arguments, without the program's name; `None` asks for help.
fn parse_args(args: &[String]) -> Result<Option<Order>, String> {
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        return Ok(None);
    }
    let mut args = args.iter().map(String::as_str);
    let task = match args.next() {
        Some("ping") => Task::Ping { count: 4, size: 56 },
        Some("traceroute") => Task::Traceroute,
        Some("mtu") => Task::Mtu,
        Some("host") => Task::Host,
        other => return Err(format!("{:?} is not a command", other.unwrap_or_default())),
    };
    let mut order = Order {
        task,
        addr: value(args.next())?,
        over: None,
        tun: false,
        from: internet::YOU,
        mtu: 1500,
    };
    while let Some(arg) = args.next() {
        match (arg, &mut order.task) {
            ("-c", Task::Ping { count, .. }) => *count = value(args.next())?,
            ("-s", Task::Ping { size, .. }) => *size = value(args.next())?,
            ("--over", _) => order.over = Some(value(args.next())?),
            ("--from", _) => order.from = value(args.next())?,
            ("--mtu", _) => order.mtu = value(args.next())?,
            ("--tun", _) => order.tun = true,
            (other, _) => return Err(format!("{other:?} does not belong here")),
        }
    }
    if !(68..=65535).contains(&order.mtu) {
        return Err(format!("{} is no MTU: 68 to 65535", order.mtu));
    }
    Ok(Some(order))
}

fn value<T: std::str::FromStr>(text: Option<&str>) -> Result<T, String> {
    let text = text.unwrap_or_default();
    text.parse().map_err(|_| format!("{text:?} cannot be read"))
}

/// Does what `args` ask for, and returns the exit code.
pub fn run(args: &[String]) -> u8 {
    let done = match parse_args(args) {
        Ok(None) => say(USAGE).map(|()| true),
        Ok(Some(order)) => order.carry_out(),
        Err(wrong) => {
            eprintln!("{wrong}\n\n{USAGE}");
            return 2;
        }
    };
    match done {
        Ok(is_reached) => u8::from(!is_reached),
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

impl Order {
    fn carry_out(mut self) -> io::Result<bool> {
        if let Task::Host = self.task {
            return self.host();
        }
        let mut path: Box<dyn Path> = if let Some(there) = self.over {
            Box::new(Tunnel::to(there)?)
        } else if let Some(kernel) = self.kernel() {
            self.from = tun::YOU;
            Box::new(kernel)
        } else {
            Box::new(Internet::new())
        };
        let ident = std::process::id() as u16;
        let (path, from, to, mtu) = (&mut *path, self.from, self.addr, self.mtu);
        match self.task {
            Task::Ping { count, size } => pings(path, (from, to), ident, count, size, mtu),
            Task::Traceroute => {
                let hops = traceroute(path, from, to, ident, 30);
                for (hop, ttl) in hops.iter().zip(1..) {
                    say(&format!("{ttl:2}  {}", hop_in_words(hop, to)))?;
                }
                Ok(matches!(hops.last(), Some(Hop::Reached)))
            }
            Task::Mtu => {
                let longest = path_mtu(path, from, to, ident, mtu);
                match longest {
                    Ok(longest) => say(&format!("{longest} bytes get through to {to}"))?,
                    Err(_) => say(&format!("nothing gets through to {to}"))?,
                }
                Ok(longest.is_ok())
            }
            Task::Host => unreachable!("it has no path"),
        }
    }

    /// The kernel, if it is asked for and lets us have a device.
    fn kernel(&self) -> Option<Kernel> {
        if !self.tun {
            return None;
        }
        Kernel::open()
            .inspect_err(|why| eprintln!("no TUN device: {why}. The simulated internet is used."))
            .ok()
    }

    /// Answers for ever.
    fn host(&self) -> io::Result<bool> {
        let mut responder = Responder::new(self.addr, self.mtu);
        let begun = Instant::now();
        if self.tun {
            let kernel = Kernel::open().map_err(io::Error::other)?;
            say(&format!("{} is beside the kernel", self.addr))?;
            kernel.answers(|datagram| responder.receive(begun.elapsed(), datagram));
            return Ok(true);
        }
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        say(&format!("{} is at {}", self.addr, socket.local_addr()?))?;
        Tunnel::answers(&socket, |datagram| {
            responder.receive(begun.elapsed(), datagram)
        })
    }
}

fn pings(
    path: &mut dyn Path,
    (from, to): (Ipv4Addr, Ipv4Addr),
    ident: u16,
    count: u16,
    size: usize,
    mtu: usize,
) -> io::Result<bool> {
    let data: Vec<u8> = (0..size).map(|at| at as u8).collect();
    let mut replies = 0;
    for seq in 0..count {
        match ping(path, from, to, ident, seq, &data, mtu) {
            Pong::Reply { ttl } => {
                replies += 1;
                say(&format!("seq {seq}: reply from {to}, ttl {ttl}"))?;
            }
            Pong::Error(who, cause) => {
                say(&format!("seq {seq}: {who} says: {}", in_words(cause)))?;
            }
            Pong::Lost => say(&format!("seq {seq}: no answer"))?,
        }
    }
    say(&format!("{count} sent, {replies} answered"))?;
    Ok(replies > 0)
}

fn hop_in_words(hop: &Hop, to: Ipv4Addr) -> String {
    match hop {
        Hop::Router(router) => router.to_string(),
        Hop::Silent => "*".to_owned(),
        Hop::Reached => format!("{to}, reached"),
        Hop::Unreachable(who, cause) => format!("{who} says: {}", in_words(*cause)),
    }
}

fn in_words(cause: Cause) -> String {
    match cause {
        Cause::NetUnreachable => "network unreachable".to_owned(),
        Cause::HostUnreachable => "host unreachable".to_owned(),
        Cause::ProtocolUnreachable => "protocol unreachable".to_owned(),
        Cause::PortUnreachable => "port unreachable".to_owned(),
        Cause::FragmentationNeeded { mtu } => format!("too long for a link of {mtu} bytes"),
        Cause::TtlExceeded => "time to live exceeded".to_owned(),
        Cause::ReassemblyExceeded => "pieces were missing".to_owned(),
    }
}

/// A line on standard output. `println!` would panic where it cannot be written.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        // The reader has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
