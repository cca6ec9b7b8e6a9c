//! Step 1: a listening socket, made call by call.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Makes a TCP socket that listens on `addr`.
///
/// Four calls, in this order: `socket`, the option `SO_REUSEADDR`, `bind`, `listen`.
///
/// - `addr` is IPv4 or IPv6. Port 0 means "choose one for me"; `local_addr()` of the result tells
///   which it became.
/// - `backlog` is the length of the accept queue, in connections: those that the kernel has already
///   opened and that were not accepted yet. Linux admits one more than the given number.
/// - `SO_REUSEADDR` lets a restarted server bind while its earlier connections are still in
///   TIME-WAIT (RFC 9293 §3.6.1). Windows needs no option for that, and gives this one another
///   meaning there (two sockets on one port), so it is set everywhere but on Windows.
///
/// The listener is blocking, as usual, and no other option is set.
///
/// # Errors
///
/// The error of the first call that fails: the port is taken, the address is not one of this
/// machine's, or the port needs a privilege.
pub fn listen_on(addr: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // bind is where the kernel looks at the option; afterwards it would be too late.
    if cfg!(not(windows)) {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&addr.into())?;
    socket.listen(backlog)?;
    Ok(socket.into())
}
