//! Step 5: two families on one port.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use crate::Cidr;

/// How often [`listen_apart`] tries when the system chooses the port.
const TRIES: usize = 16;

/// A socket that listens at `port` of all this host's addresses, of IPv4 and of IPv6. With port 0 the
/// system chooses one.
///
/// It is one IPv6 socket, bound to `::`, that takes IPv4 as well: `IPV6_V6ONLY` is off (RFC 3493,
/// section 5.3). Each system has its own default for this option, and an administrator can change
/// it (`net.ipv6.bindv6only`), so it is always set. It blocks, as std's listeners do.
///
/// # Errors
///
/// What the system says: it has no IPv6, or the port is taken.
pub fn listen_dual(port: u16) -> io::Result<TcpListener> {
    listen_v6(port, false)
}

/// Two sockets that listen at one port: the first at all of this host's IPv4 addresses, the second
/// only at its IPv6 ones. With port 0 they share a port that the system chooses, free in both
/// families. The system looks in one family only, so more than one try may be needed. You choose
/// how many.
///
/// An IPv6 socket that also took IPv4 would conflict with the first one, so it has `IPV6_V6ONLY`. The
/// option has to be set before `bind`. Both block, as std's listeners do.
///
/// # Errors
///
/// What the system says: it has no IPv6, or the port is taken in one of the families.
pub fn listen_apart(port: u16) -> io::Result<(TcpListener, TcpListener)> {
    let mut last = None;
    for _ in 0..TRIES {
        let v4 = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?;
        match listen_v6(v4.local_addr()?.port(), true) {
            Ok(v6) => return Ok((v4, v6)),
            // The system looked for a port in one family, and in the other one it is taken.
            Err(error) if port == 0 && error.kind() == ErrorKind::AddrInUse => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.expect("there was at least one try"))
}

fn listen_v6(port: u16, only_v6: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_only_v6(only_v6)?;
    socket.set_reuse_address(cfg!(unix))?; // as std does for every listener
    socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into())?;
    socket.listen(128)?;
    Ok(socket.into())
}

/// The peer's address in its usual form: an IPv6 socket calls an IPv4 client
/// `[::ffff:192.0.2.1]:5000`, and this function calls it `192.0.2.1:5000`. All others stay as they
/// are; `::1` and `::192.0.2.1` are IPv6 addresses.
pub fn plain_peer(peer: SocketAddr) -> SocketAddr {
    match peer {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::from((v4, v6.port())),
            None => peer,
        },
        SocketAddr::V4(_) => peer,
    }
}

/// Whether one of `blocks` holds the peer's plain address. An address of IPv6 only is in none of
/// them, even if it contains an IPv4 address, as `64:ff9b::10.0.0.1` does.
pub fn admits(blocks: &[Cidr], peer: SocketAddr) -> bool {
    match plain_peer(peer) {
        SocketAddr::V4(v4) => blocks.iter().any(|block| block.contains(*v4.ip())),
        SocketAddr::V6(_) => false,
    }
}
