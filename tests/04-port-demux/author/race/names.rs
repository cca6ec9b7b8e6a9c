//! What the two worlds call their ports and connections.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use super::port_demux::{FourTuple, Proto, Row, State};

use super::script::{Handle, Host, Port};

/// One world's numbers, and the names that a script has for them.
#[derive(Default)]
pub struct Names {
    hosts: HashMap<IpAddr, Host>,
    numbers: HashMap<Port, u16>,
    ports: HashMap<u16, String>,
    /// The connections by their four numbers, from both sides.
    connections: HashMap<(Proto, FourTuple), String>,
    /// The sockets that were part of an open connection.
    opened: HashSet<Handle>,
}

impl Names {
    pub fn new(hosts: impl IntoIterator<Item = (Host, IpAddr)>) -> Names {
        let hosts = hosts.into_iter().map(|(host, ip)| (ip, host)).collect();
        Names {
            hosts,
            ..Names::default()
        }
    }

    /// The number of a port; 0 before it has one.
    pub fn number(&self, port: Port) -> u16 {
        self.numbers.get(&port).copied().unwrap_or(0)
    }

    /// The system has chosen this number for a port that the script names.
    pub fn chosen(&mut self, port: Port, number: u16) {
        self.numbers.insert(port, number);
        self.ports.insert(number, format!("p{}", port.0));
    }

    /// The system has chosen this number for a socket that did not ask for any.
    pub fn chosen_for(&mut self, socket: Handle, number: u16) {
        let name = format!("port of {socket}");
        self.ports.entry(number).or_insert(name);
    }

    pub fn connected(&mut self, proto: Proto, t: FourTuple, by: Handle) {
        self.connections.insert((proto, t), format!("{by} →"));
        self.connections
            .insert((proto, t.reversed()), format!("← {by}"));
    }

    /// The handshake of this socket is over.
    pub fn open(&mut self, socket: Handle) {
        self.opened.insert(socket);
    }

    pub fn was_connected(&self, socket: Handle) -> bool {
        self.opened.contains(&socket)
    }

    /// Who is at the other end.
    pub fn peer(&self, t: FourTuple) -> String {
        let name = self.connections.get(&(Proto::Tcp, t));
        name.map_or(format!("from a stranger, {t}"), |name| {
            format!("from {name}")
        })
    }

    /// A row as both worlds would write it. `None` for rows that the kernel does not list.
    pub fn row(&self, row: &Row) -> Option<String> {
        let (proto, state) = (row.proto, row.state);
        let name = match row.four_tuple() {
            Some(t) => match self.connections.get(&(proto, t)) {
                Some(name) => name.clone(),
                None => t.to_string(),
            },
            None if row.local.port() == 0 => return None,
            None if proto == Proto::Tcp && state == State::Closed => return None,
            None => self.end(row.local),
        };
        Some(format!("{proto} {state} {name}"))
    }

    pub fn is_host(&self, addr: SocketAddr) -> bool {
        self.hosts
            .get(&addr.ip())
            .is_some_and(|host| *host != Host::ANY)
    }

    fn end(&self, addr: SocketAddr) -> String {
        let host = self.hosts.get(&addr.ip()).map(Host::to_string);
        let port = self.ports.get(&addr.port()).cloned();
        format!(
            "{}:{}",
            host.unwrap_or(addr.ip().to_string()),
            port.unwrap_or(addr.port().to_string())
        )
    }
}
