//! Given: the rows of the table, and what the steps share.
//!
//! You have nothing to write here. But you may change [`Socket`], [`Holder`] and the fields of
//! [`SocketTable`], if another shape suits your answer better: the tests use the functions only.

use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::{EphemeralPorts, Hit, lookup};

/// The transport protocol, which the IP header names: 6 is TCP, 17 is UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proto {
    Tcp,
    Udp,
}

/// The name of a socket in a table. In a row from the kernel it is the inode, 0 where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u64);

/// What a socket is doing. The names are RFC 9293's (section 3.3.2), the numbers Linux's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Established = 1,
    SynSent = 2,
    SynReceived = 3,
    FinWait1 = 4,
    FinWait2 = 5,
    TimeWait = 6,
    /// Neither listening nor connected: a socket that was only made or bound, and each UDP socket
    /// without a peer.
    Closed = 7,
    CloseWait = 8,
    LastAck = 9,
    Listen = 10,
    Closing = 11,
}

/// One socket, as the look-up sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    pub id: SocketId,
    pub proto: Proto,
    pub state: State,
    /// Its own address and port. The unspecified address (`0.0.0.0`, `::`) stands for all
    /// addresses of the machine; port 0 says that it has none yet.
    pub local: SocketAddr,
    /// The other end; `None` as long as there is no other end.
    pub remote: Option<SocketAddr>,
}

/// The four numbers of a connection, as one of its ends sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FourTuple {
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

/// Two options of a socket, both off at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reuse {
    /// `SO_REUSEADDR`
    pub addr: bool,
    /// `SO_REUSEPORT`
    pub port: bool,
}

/// Why a call on a socket failed, by the name that the system gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errno {
    /// `EBADF`: the program has no such socket (any more).
    BadSocket,
    /// `EINVAL`: a socket in this state cannot do that.
    Invalid,
    /// `EADDRINUSE`: another socket conflicts, or the range is used up.
    AddrInUse,
    /// `EADDRNOTAVAIL`: no four-tuple is left for this connection.
    AddrNotAvailable,
    /// `EISCONN`: it already has a peer, is about to get one, or listens.
    IsConnected,
    /// `EOPNOTSUPP`: its protocol does not know that call.
    NotSupported,
    /// `EWOULDBLOCK`, on Linux the same as `EAGAIN`: nothing there at the moment.
    WouldBlock,
}

/// All the sockets of one machine.
pub struct SocketTable {
    pub sockets: Vec<Socket>,
    pub ports: EphemeralPorts,
    /// The address that a socket gets by `connect` when it has none. Real machines ask the routing
    /// table (chapter 07). Left out: a peer of the other family. An IPv4 address inside an IPv6 one
    /// (`::ffff:10.0.0.5`) is an ordinary IPv6 address here (chapter 08).
    pub home: IpAddr,
    next_id: u64,
}

/// A row, and what only the calls need to know.
pub struct Socket {
    pub row: Row,
    pub reuse: Reuse,
    /// The address as the program gave it to `bind`, a port of 0 included; `None` without `bind`.
    /// A listener that was never bound has its address here, and a child its listener's, both with
    /// port 0, as they have named none.
    pub bind: Option<SocketAddr>,
    pub held_by: Holder,
    /// Of a listener: the limit of `queue`.
    pub backlog: usize,
    /// Of a listener: finished connections in the order in which they were finished.
    pub queue: VecDeque<(SocketId, FourTuple)>,
}

/// What holds a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The program, by its descriptor.
    Program,
    /// This listener: a child that was not accepted yet.
    Listener(SocketId),
    /// None: it was closed, and only the kernel still needs it.
    Kernel,
}

impl SocketTable {
    pub fn new(home: IpAddr, ports: EphemeralPorts) -> SocketTable {
        SocketTable {
            sockets: Vec::new(),
            ports,
            home,
            next_id: 1,
        }
    }

    /// The call `socket`, with the options that the program sets before `bind`.
    pub fn socket(&mut self, proto: Proto, reuse: Reuse) -> SocketId {
        let row = Row {
            id: SocketId(self.next_id),
            proto,
            state: State::Closed,
            local: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            remote: None,
        };
        self.add(Socket::new(row, reuse, None, Holder::Program))
    }

    /// Adds a row as it is, for a test that begins in the middle. The program holds the
    /// socket, unless its state says that it was closed before. A port without a peer counts as
    /// given by `bind`, one with a peer as chosen by `connect`.
    pub fn insert(&mut self, row: Row, reuse: Reuse) {
        let held_by = match row.state {
            State::FinWait1
            | State::FinWait2
            | State::Closing
            | State::LastAck
            | State::TimeWait => Holder::Kernel,
            _ => Holder::Program,
        };
        let bind = row.remote.is_none().then_some(row.local);
        self.add(Socket::new(row, reuse, bind, held_by));
    }

    /// All rows.
    pub fn rows(&self) -> Vec<Row> {
        self.sockets.iter().map(|socket| socket.row).collect()
    }

    /// The row of one socket.
    pub fn row(&self, id: SocketId) -> Option<Row> {
        self.get(id).map(|socket| socket.row)
    }

    /// Step 2, on this table's rows.
    pub fn lookup(&self, proto: Proto, dst: SocketAddr, src: SocketAddr) -> Hit {
        lookup(&self.rows(), proto, dst, src)
    }

    /// Adds a socket. No other socket gets its id.
    pub fn add(&mut self, socket: Socket) -> SocketId {
        let id = socket.row.id;
        self.next_id = self.next_id.max(id.0 + 1);
        self.sockets.push(socket);
        id
    }

    /// An id that no socket has.
    pub fn new_id(&self) -> SocketId {
        SocketId(self.next_id)
    }

    pub fn remove(&mut self, id: SocketId) {
        self.sockets.retain(|socket| socket.row.id != id);
    }

    pub fn get(&self, id: SocketId) -> Option<&Socket> {
        self.sockets.iter().find(|socket| socket.row.id == id)
    }

    pub fn get_mut(&mut self, id: SocketId) -> Option<&mut Socket> {
        self.sockets.iter_mut().find(|socket| socket.row.id == id)
    }

    /// A socket that the program has a descriptor of; else [`Errno::BadSocket`].
    pub fn held(&mut self, id: SocketId) -> Result<&mut Socket, Errno> {
        self.get_mut(id)
            .filter(|socket| socket.held_by == Holder::Program)
            .ok_or(Errno::BadSocket)
    }

    /// The TCP socket with exactly these four numbers.
    pub fn connection(&mut self, t: FourTuple) -> Option<&mut Socket> {
        self.sockets
            .iter_mut()
            .find(|socket| socket.row.proto == Proto::Tcp && socket.row.four_tuple() == Some(t))
    }
}

impl Socket {
    pub fn new(row: Row, reuse: Reuse, bind: Option<SocketAddr>, held_by: Holder) -> Socket {
        Socket {
            row,
            reuse,
            bind,
            held_by,
            backlog: 0,
            queue: VecDeque::new(),
        }
    }
}

impl Row {
    /// The four numbers of a row that has a peer.
    pub fn four_tuple(&self) -> Option<FourTuple> {
        let local = self.local;
        self.remote.map(|remote| FourTuple { local, remote })
    }
}

impl FourTuple {
    /// The same connection, as the other end sees it.
    pub fn reversed(self) -> FourTuple {
        FourTuple {
            local: self.remote,
            remote: self.local,
        }
    }
}

impl State {
    /// The state that Linux gives this number. 12 is a connection request in the making, which RFC
    /// 9293 knows as SYN-RECEIVED.
    pub fn from_code(code: u8) -> Option<State> {
        Some(match code {
            1 => State::Established,
            2 => State::SynSent,
            3 | 12 => State::SynReceived,
            4 => State::FinWait1,
            5 => State::FinWait2,
            6 => State::TimeWait,
            7 => State::Closed,
            8 => State::CloseWait,
            9 => State::LastAck,
            10 => State::Listen,
            11 => State::Closing,
            _ => return None,
        })
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Display for Proto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Proto::Tcp => "tcp",
            Proto::Udp => "udp",
        })
    }
}

/// The names of RFC 9293.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Established => "ESTABLISHED",
            State::SynSent => "SYN-SENT",
            State::SynReceived => "SYN-RECEIVED",
            State::FinWait1 => "FIN-WAIT-1",
            State::FinWait2 => "FIN-WAIT-2",
            State::TimeWait => "TIME-WAIT",
            State::Closed => "CLOSED",
            State::CloseWait => "CLOSE-WAIT",
            State::LastAck => "LAST-ACK",
            State::Listen => "LISTEN",
            State::Closing => "CLOSING",
        })
    }
}

/// `10.0.0.5:80 ↔ 10.0.0.7:40000`, the own end first.
impl fmt::Display for FourTuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ↔ {}", self.local, self.remote)
    }
}
