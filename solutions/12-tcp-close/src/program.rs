//! Given: the program. Your host downloads a page from Linux, or Linux one from your host, through a TUN device in a network
//! namespace of their own. Where that is not allowed, a host of yours stands at the other end of a simulated link.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use netlab::sim::{Chance, Link, Net, NodeId};
use tcp_open::Seq;

use crate::web::{Get, Serve};
use crate::{Config, Host, Site};

/// Linux's address, or that of the host in its place.
pub const THEM: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// Your host's.
pub const WE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

const USAGE: &str = "\
get [http://10.0.0.1/PATH] [--loss PERCENT] [--pcap FILE] [-- SERVER…]
serve [--loss PERCENT] [--pcap FILE] [-- CLIENT…]

get: your host, 10.0.0.2, downloads a page from Linux, 10.0.0.1.
serve: Linux downloads a page from your host.
A program behind -- is Linux's end: nginx, or curl http://10.0.0.2/";

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Task {
    /// The path to get; `None` serves.
    pub path: Option<String>,
    /// Of 100 packets so many are lost, in both directions.
    pub loss: f64,
    pub pcap: Option<String>,
    /// Linux's end.
    pub command: Vec<String>,
}

/// Runs the program, and gives its exit code.
pub fn run(args: &[String]) -> u8 {
    let Some(task) = parse(args) else {
        eprintln!("{USAGE}");
        return 2;
    };
    #[cfg(target_os = "linux")]
    if let Some(code) = crate::tun::run(args, &task) {
        return code;
    }
    println!(
        "Over the simulated network: there is no TUN device in a namespace of one's own here."
    );
    simulated(&task)
}

fn parse(args: &[String]) -> Option<Task> {
    let mut task = Task {
        path: None,
        loss: 0.0,
        pcap: None,
        command: Vec::new(),
    };
    let (role, mut rest) = args.split_first()?;
    match role.as_str() {
        "get" => task.path = Some("/".into()),
        "serve" => {}
        _ => return None,
    }
    while let Some((word, behind)) = rest.split_first() {
        rest = behind;
        match word.as_str() {
            "--" => {
                task.command = rest.to_vec();
                break;
            }
            "--loss" => task.loss = value(&mut rest)?.parse().ok()?,
            "--pcap" => task.pcap = Some(value(&mut rest)?.clone()),
            url if task.path.is_some() => {
                let path = url.strip_prefix("http://10.0.0.1")?;
                task.path = Some(if path.is_empty() { "/" } else { path }.to_owned());
            }
            _ => return None,
        }
    }
    Some(task)
}

fn value<'a>(rest: &mut &'a [String]) -> Option<&'a String> {
    let (value, behind) = rest.split_first()?;
    *rest = behind;
    Some(value)
}

impl Task {
    pub fn link(&self) -> Link {
        let link = Link::default().delay(Duration::from_micros(100));
        link.chance(Chance::lose(self.loss / 100.0))
    }

    /// Your host, with what it does.
    pub fn you(&self, net: &mut Net) -> NodeId {
        match &self.path {
            Some(path) => net.add("you", client(WE, THEM, path)),
            None => net.add("you", server(WE)),
        }
    }

    pub fn starts(&self, net: &mut Net, you: NodeId) {
        match self.path {
            Some(_) => net.with(you, Site::<Get>::start),
            None => net.with(you, Site::<Serve>::start),
        }
    }

    /// How it has ended, once it has.
    pub fn end(&self, net: &Net, you: NodeId) -> Option<Result<String, String>> {
        if self.path.is_none() {
            let served = net.node::<Site<Serve>>(you).memory.served;
            return (served > 0).then(|| Ok("The page has been served.".into()));
        }
        let get = &net.node::<Site<Get>>(you).memory;
        let end = get.end.as_ref()?;
        let status = get.got.split(|byte| *byte == b'\r').next().unwrap_or(&[]);
        let words = format!(
            "{end}: {}, {} bytes in all",
            status.escape_ascii(),
            get.got.len()
        );
        Some(match end == "complete" {
            true => Ok(words),
            false => Err(words),
        })
    }

    /// Says what has happened, and gives the exit code.
    pub fn reports(&self, net: &Net, you: NodeId) -> u8 {
        const HEAD: usize = 24;
        const TAIL: usize = 16;
        let trace = net.trace();
        let text = trace.text();
        let rows: Vec<&str> = text.lines().collect();
        let hidden = rows.len().saturating_sub(HEAD + TAIL);
        for (n, row) in rows.iter().enumerate() {
            if n == HEAD && hidden > 0 {
                println!("     … {hidden} more rows …");
            }
            if n < HEAD || n >= HEAD + hidden {
                println!("{row}");
            }
        }
        if let Some(file) = &self.pcap {
            match std::fs::write(file, trace.pcapng()) {
                Ok(()) => println!("{file}: open it with Wireshark."),
                Err(error) => eprintln!("{file}: {error}"),
            }
        }
        match self.end(net, you) {
            Some(Ok(words)) => {
                println!("{words}");
                0
            }
            Some(Err(words)) => {
                println!("{words}");
                3
            }
            None => {
                println!("It has not come to an end.");
                3
            }
        }
    }
}

fn host(addr: Ipv4Addr) -> Host {
    // A real host's secret is drawn when it starts. This one keeps the runs alike.
    Host::new(addr, [addr.octets()[3]; 16], Config::new(Seq(0)))
}

fn client(addr: Ipv4Addr, server: Ipv4Addr, path: &str) -> Site<Get> {
    let server = SocketAddrV4::new(server, Serve::PORT);
    Site::new(host(addr), Get::new(server, path), Get::works)
}

fn server(addr: Ipv4Addr) -> Site<Serve> {
    let mut host = host(addr);
    host.listen(Serve::PORT, 16).expect("nobody listens yet");
    Site::new(host, Serve::new(&page()), Serve::works)
}

/// The page that both ends serve: 20 000 bytes.
pub fn page() -> Vec<u8> {
    let lines = (1..=500).map(|n| format!("{n:>4} of 500 lines, each of 40 bytes .... \n"));
    lines.collect::<String>().into_bytes()
}

fn simulated(task: &Task) -> u8 {
    let mut net = Net::new(1);
    let you = task.you(&mut net);
    let them = match task.path {
        Some(_) => net.add("peer", server(THEM)),
        None => net.add("peer", client(THEM, WE, "/")),
    };
    net.join(you, them, task.link());
    task.starts(&mut net, you);
    if task.path.is_none() {
        net.with(them, Site::<Get>::start);
    }
    if let Err(restless) = net.run() {
        println!("{}", restless.summary);
    }
    task.reports(&net, you)
}
