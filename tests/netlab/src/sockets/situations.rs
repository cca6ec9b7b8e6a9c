//! Exact situations that would otherwise need luck.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use crate::lab::Lab;

/// An address at which every TCP connection is refused, for as long as this value lives.
///
/// The socket is bound but never listens: the port is taken, so nobody else can get it, and the
/// kernel answers a SYN with RST.
pub struct Refused {
    addr: SocketAddr,
    _bound: Socket,
}

/// An address at which a TCP connection is neither accepted nor refused. Linux.
///
/// The listener's queue (backlog 0) holds one finished connection, ours, and nobody accepts. Linux
/// drops every further SYN, so `connect` waits until its own deadline.
pub struct BlackHole {
    addr: SocketAddr,
    _listener: Socket,
    _filler: TcpStream,
}

impl Refused {
    pub(crate) fn new() -> Refused {
        let socket = bound();
        Refused {
            addr: addr_of(&socket),
            _bound: socket,
        }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl BlackHole {
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Lab {
    pub fn refused(&self) -> Refused {
        let refused = Refused::new();
        self.note(format!("nobody listens at {}", refused.addr()));
        refused
    }

    pub fn black_hole(&self) -> BlackHole {
        let socket = bound();
        socket.listen(0).expect("listen");
        let addr = addr_of(&socket);
        let filler =
            TcpStream::connect_timeout(&addr, self.0.patience.wait()).expect("the queue takes one");
        self.note(format!("the queue at {addr} is full: a SYN gets no answer"));
        BlackHole {
            addr,
            _listener: socket,
            _filler: filler,
        }
    }
}

fn bound() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("socket");
    socket
        .bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
        .expect("bind");
    socket
}

fn addr_of(socket: &Socket) -> SocketAddr {
    socket
        .local_addr()
        .expect("local_addr")
        .as_socket()
        .expect("an IP address")
}

/// An address of 127.0.0.0/8 that no other process uses, for a test that binds one port twice, looks for who listens
/// there, or must not meet what Linux remembers of a peer (tcp_metrics). It begins with 127 and the block, which is 64,
/// 128 or 192, each for one purpose.
pub fn own_loopback(block: u8) -> Ipv4Addr {
    if cfg!(target_os = "linux") {
        // A process has a number of at most 22 bits.
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        Ipv4Addr::new(127, block | high, middle, low)
    } else {
        Ipv4Addr::LOCALHOST
    }
}
