//! Step 5: two families on one port.

use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::Cidr;

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
    todo!(
        "8.5 listen_dual({port}): an IPv6 socket that takes IPv4, too; set the option before bind"
    )
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
    todo!(
        "8.5 listen_apart({port}): an IPv4 socket, then one at the same port that takes IPv6 only"
    )
}

/// The peer's address in its usual form: an IPv6 socket calls an IPv4 client
/// `[::ffff:192.0.2.1]:5000`, and this function calls it `192.0.2.1:5000`. All others stay as they
/// are; `::1` and `::192.0.2.1` are IPv6 addresses.
pub fn plain_peer(peer: SocketAddr) -> SocketAddr {
    todo!(
        "8.5 plain_peer({peer}): ::ffff:a.b.c.d as a.b.c.d, with the same port; all others as they are"
    )
}

/// Whether one of `blocks` holds the peer's plain address. An address of IPv6 only is in none of
/// them, even if it contains an IPv4 address, as `64:ff9b::10.0.0.1` does.
pub fn admits(blocks: &[Cidr], peer: SocketAddr) -> bool {
    todo!(
        "8.5 admits({} blocks, {peer}): whether one of them holds the peer's plain address",
        blocks.len()
    )
}
