//! The world of the kernel.

use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::port_demux::{FourTuple, Proto, Reuse, Row, SocketId, kernel_rows};
use socket2::{Domain, SockAddr, Socket, Type};

use super::duel::{NO_ANSWER, Outcome};
use super::inode::inode;
use super::names::Names;
use super::script::{Handle, Host, Op};

pub struct Kernel {
    sockets: HashMap<Handle, Socket>,
    ids: HashMap<Handle, SocketId>,
    options: HashMap<Handle, Reuse>,
    names: Names,
    hosts: [IpAddr; 3],
    /// Port numbers that others have, at whatever address.
    used: HashSet<u16>,
}

impl Kernel {
    /// The addresses belong to this script and this attempt: what an earlier one has left in
    /// TIME-WAIT is no concern of theirs.
    pub fn new(seed: u64, attempt: u64, used: &HashSet<u16>) -> Kernel {
        let unique = u64::from(std::process::id()) * 619 + seed * 3 + attempt;
        let (a, b) = (1 + unique / 256 % 254, unique % 256);
        let host = |n| IpAddr::V4(Ipv4Addr::new(127, a as u8, b as u8, n));
        let hosts = [Ipv4Addr::UNSPECIFIED.into(), host(1), host(2)];
        Kernel {
            sockets: HashMap::new(),
            ids: HashMap::new(),
            options: HashMap::new(),
            names: Names::new(Host::all().map(|host| (host, hosts[usize::from(host.0)]))),
            hosts,
            used: used.clone(),
        }
    }

    fn addr(&self, host: Host, number: u16) -> SocketAddr {
        SocketAddr::new(self.hosts[usize::from(host.0)], number)
    }

    fn add(&mut self, handle: Handle, socket: Socket) {
        // Nothing in a script may wait for ever.
        socket.set_nonblocking(false).expect("blocking mode");
        self.ids.insert(handle, SocketId(inode(&socket)));
        self.sockets.insert(handle, socket);
    }

    /// Binds, and gives the port's number. A number that the system chooses must be nobody else's
    /// at other addresses either, or a later bind to all addresses would meet them; so the system
    /// is asked again, with a new socket.
    fn bind(&mut self, handle: Handle, addr: SocketAddr) -> io::Result<u16> {
        loop {
            let socket = &self.sockets[&handle];
            socket.bind(&addr.into())?;
            let number = local(socket).port();
            if addr.port() != 0 || !self.used.contains(&number) {
                return Ok(number);
            }
            let again = new_socket(proto(socket), self.options[&handle]);
            self.add(handle, again);
        }
    }

    fn connect(&mut self, by: Handle, remote: SocketAddr, hurry: bool) -> Result<(), String> {
        let socket = &self.sockets[&by];
        let patience = Duration::from_millis(if hurry { 5 } else { 3000 });
        socket
            .set_write_timeout(Some(patience))
            .expect("SO_SNDTIMEO");
        match socket.connect(&remote.into()) {
            Ok(()) => {
                let t = FourTuple {
                    local: local(socket),
                    remote,
                };
                self.names.connected(proto(socket), t, by);
                Ok(())
            }
            Err(error) if is_timeout(&error) => {
                self.close(by);
                Err(NO_ANSWER.to_owned())
            }
            Err(error) => Err(name(&error)),
        }
    }

    fn close(&mut self, handle: Handle) {
        self.ids.remove(&handle);
        self.sockets.remove(&handle);
    }
}

impl Kernel {
    /// Does what `op` says. `expected` tells what to wait for, and for how long; not what to answer.
    pub fn play(&mut self, op: &Op, expected: &str) -> Outcome {
        if let Op::Socket { into, proto, reuse } = *op {
            let socket = new_socket(proto, reuse);
            self.options.insert(into, reuse);
            self.add(into, socket);
            return "ok".to_owned();
        }
        let Some(socket) = self.sockets.get(&op.socket()) else {
            return "no such socket".to_owned();
        };
        let done = match *op {
            Op::Socket { .. } => Ok(()),
            Op::Bind { socket, host, port } => {
                let number = self.names.number(port);
                match self.bind(socket, self.addr(host, number)) {
                    Ok(number) => {
                        self.names.chosen(port, number);
                        Ok(())
                    }
                    Err(error) => Err(name(&error)),
                }
            }
            Op::Listen { socket: s, backlog } => match socket.listen(backlog as i32) {
                Ok(()) => {
                    let number = local(socket).port();
                    self.names.chosen_for(s, number);
                    Ok(())
                }
                Err(error) => Err(name(&error)),
            },
            Op::Connect { socket, host, port } => {
                let remote = self.addr(host, self.names.number(port));
                self.connect(socket, remote, expected == NO_ANSWER)
            }
            Op::Accept { into, .. } => {
                let accepted = accept(socket, expected);
                match accepted {
                    Ok((child, from)) => {
                        let t = FourTuple {
                            local: local(&child),
                            remote: from.as_socket().expect("an IP address"),
                        };
                        let peer = self.names.peer(t);
                        self.add(into, child);
                        return peer;
                    }
                    Err(error) => Err(name(&error)),
                }
            }
            Op::Close { socket } => {
                self.close(socket);
                Ok(())
            }
        };
        done.err().unwrap_or("ok".to_owned())
    }

    /// The rows of the kernel that the script has made, by name, sorted.
    pub fn table(&self, rows: &[Row]) -> Vec<String> {
        let mut rows: Vec<String> = rows
            .iter()
            .filter(|row| {
                let own = self.ids.values().any(|id| *id == row.id);
                let remote = row.remote.is_some_and(|addr| self.names.is_host(addr));
                own || remote || self.names.is_host(row.local)
            })
            .filter_map(|row| self.names.row(row))
            .collect();
        rows.sort();
        rows
    }
}

impl Kernel {
    /// Waits until the other end's FIN or RST is here.
    pub fn waits_for_end(&self, socket: Handle) {
        if let Some(socket) = self.sockets.get(&socket) {
            socket
                .set_read_timeout(Some(Duration::from_secs(2)))
                .expect("SO_RCVTIMEO");
            // Nobody sends anything, so this ends with the connection.
            let _ = socket.peek(&mut [MaybeUninit::uninit()]);
        }
    }
}

impl Drop for Kernel {
    /// Resets what is open, so that it does not stay in TIME-WAIT.
    fn drop(&mut self) {
        for socket in self.sockets.values() {
            let _ = socket.set_linger(Some(Duration::ZERO));
        }
    }
}

/// Accepts now, or in a moment: the ACK that ends a handshake may still be on its way.
fn accept(socket: &Socket, expected: &str) -> io::Result<(Socket, SockAddr)> {
    let deadline = Instant::now() + Duration::from_secs(2);
    socket.set_nonblocking(true).expect("non-blocking mode");
    let mut accepted = socket.accept();
    while expected.starts_with("from") && accepted.is_err() && Instant::now() < deadline {
        std::thread::yield_now();
        accepted = socket.accept();
    }
    socket.set_nonblocking(false).expect("blocking mode");
    accepted
}

/// The kernel's table, as the reference answer reads it. The scripts speak IPv4 only.
pub fn rows() -> Vec<Row> {
    let rows = kernel_rows().expect("/proc/net");
    rows.into_iter().filter(|row| row.local.is_ipv4()).collect()
}

fn new_socket(proto: Proto, reuse: Reuse) -> Socket {
    let kind = match proto {
        Proto::Tcp => Type::STREAM,
        Proto::Udp => Type::DGRAM,
    };
    let socket = Socket::new(Domain::IPV4, kind, None).expect("a socket");
    socket.set_reuse_address(reuse.addr).expect("SO_REUSEADDR");
    #[cfg(target_os = "linux")]
    socket.set_reuse_port(reuse.port).expect("SO_REUSEPORT");
    socket
}

fn proto(socket: &Socket) -> Proto {
    match socket.r#type().expect("SO_TYPE") {
        Type::DGRAM => Proto::Udp,
        _ => Proto::Tcp,
    }
}

fn local(socket: &Socket) -> SocketAddr {
    let addr = socket.local_addr().expect("getsockname");
    addr.as_socket().expect("an IP address")
}

/// Linux: EINPROGRESS when the time of SO_SNDTIMEO is over.
fn is_timeout(error: &io::Error) -> bool {
    error.raw_os_error() == Some(115) || error.kind() == ErrorKind::TimedOut
}

/// The error by the table's name for it.
fn name(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => "AddrInUse",
        ErrorKind::AddrNotAvailable => "AddrNotAvailable",
        ErrorKind::ConnectionRefused => "refused",
        ErrorKind::InvalidInput => "Invalid",
        ErrorKind::WouldBlock => "WouldBlock",
        ErrorKind::Unsupported => "NotSupported",
        _ if error.raw_os_error() == Some(106) => "IsConnected",
        _ => return error.to_string(),
    }
    .to_owned()
}
