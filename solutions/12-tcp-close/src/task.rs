//! Given: what the program has to do, and the two hosts that do it.

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

pub fn client(addr: Ipv4Addr, server: Ipv4Addr, path: &str) -> Site<Get> {
    let server = SocketAddrV4::new(server, Serve::PORT);
    Site::new(host(addr), Get::new(server, path), Get::works)
}

pub fn server(addr: Ipv4Addr) -> Site<Serve> {
    let mut host = host(addr);
    host.listen(Serve::PORT, 16).expect("nobody listens yet");
    Site::new(host, Serve::new(&page()), Serve::works)
}

/// The page that both ends serve: 21 000 bytes.
pub fn page() -> Vec<u8> {
    let lines = (1..=500).map(|n| format!("{n:>4} of 500 lines, each of 42 bytes .... \n"));
    lines.collect::<String>().into_bytes()
}
