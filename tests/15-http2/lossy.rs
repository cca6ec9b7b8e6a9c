//! Both ends of HTTP/2 over chapter 12's TCP, on the simulated network.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use http2::{Event, H2};
use netlab::Lab;
use netlab::sim::{Kind, Link, nth};
use tcp_close::{Config, ConnId, Host, Received, Site};
use tcp_open::Seq;

use super::ends::FREE;
use super::frames::{GET, OK, fields};

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// What each object has in bytes.
pub const OBJECT: usize = 3000;

/// How many objects are asked for at once.
pub const OBJECTS: usize = 20;

/// One end.
struct End {
    h2: H2,
    id: Option<ConnId>,
    /// What TCP has not taken yet.
    unsent: Vec<u8>,
    /// When content came, on which stream, and how much.
    arrivals: Vec<(Duration, u32, usize)>,
    open: usize,
}

impl End {
    fn new(h2: H2) -> End {
        End {
            h2,
            id: None,
            unsent: Vec::new(),
            arrivals: Vec::new(),
            open: 0,
        }
    }

    /// Reads and writes; whether there was anything to do.
    fn talks(&mut self, host: &mut Host, now: Duration) -> bool {
        let Some(id) = self.id else { return false };
        let mut acts = false;
        while let Received::Data(bytes) = host.recv(id, 1 << 16) {
            acts = true;
            for event in self.h2.receive(&bytes) {
                match event {
                    Event::Head { stream, .. } if stream % 2 == 1 && self.open == 0 => {
                        // A server: it has asked for nothing.
                        let _ = self.h2.respond(stream, &fields(OK), false);
                        let _ = self.h2.send(stream, &[7; OBJECT], true);
                    }
                    Event::Data { stream, bytes, .. } => {
                        self.h2.consumed(stream, bytes.len());
                        self.arrivals.push((now, stream, bytes.len()));
                    }
                    _ => {}
                }
            }
        }
        if self.unsent.is_empty() {
            self.unsent = self.h2.pending();
        }
        if !self.unsent.is_empty() {
            let taken = host.send(id, &self.unsent);
            self.unsent.drain(..taken);
            acts |= taken > 0;
        }
        acts
    }
}

fn client(host: &mut Host, now: Duration, end: &mut End) -> bool {
    if end.id.is_none() {
        end.id = host.connect(now, SocketAddrV4::new(SERVER, 80)).ok();
        return true;
    }
    end.talks(host, now)
}

fn server(host: &mut Host, now: Duration, end: &mut End) -> bool {
    if end.id.is_none() {
        end.id = host.accept(80);
    }
    end.talks(host, now)
}

/// Downloads of all objects at once, of which the `lost`th data segment of the server is lost, if any: when content came to the client.
pub fn downloads(lab: &Lab, lost: Option<usize>) -> Vec<(Duration, u32, usize)> {
    let host = |addr| Host::new(addr, [7; 16], Config::new(Seq(0)));
    let mut ours = End::new(lab.you("H2::client(config)", || H2::client(FREE)));
    for _ in 0..OBJECTS {
        let asked = lab.you("request(GET)", || ours.h2.request(&fields(GET), true));
        ours.open += usize::from(asked.is_ok());
    }
    let theirs = End::new(lab.you("H2::server(config)", || H2::server(FREE)));
    let mut net = lab.net(1);
    let mut listening = host(SERVER);
    let _ = listening.listen(80, 4);
    let a = net.add("client", Site::new(host(CLIENT), ours, client));
    let b = net.add("server", Site::new(listening, theirs, server));
    net.join(a, b, Link::default().delay_ms(20).rate(10_000_000));
    if let Some(n) = lost {
        net.way(b, a).loses(nth(n, Kind::Data));
    }
    net.with(b, Site::<End>::start);
    net.with(a, Site::<End>::start);
    let _ = net.run_until(netlab::sim::Time::ZERO + Duration::from_secs(20));
    net.node::<Site<End>>(a).memory.arrivals.clone()
}
