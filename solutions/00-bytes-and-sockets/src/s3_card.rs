//! Step 3: the card of a socket.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use socket2::{SockAddr, Socket, Type};

/// What the kernel has written into a socket's record so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketCard {
    pub kind: Kind,
    /// The socket's own address and port, as the kernel tells them. `0.0.0.0:0` stands for "not chosen yet"; so does `None`,
    /// on systems that give an error for a socket without an address (Windows).
    pub local: Option<SocketAddr>,
    /// The other end's address and port; `None` as long as there is no other end.
    pub peer: Option<SocketAddr>,
    /// Whether `listen` was called; `None` on systems that do not tell.
    pub listening: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `SOCK_STREAM`: TCP.
    Stream,
    /// `SOCK_DGRAM`: UDP.
    Datagram,
}

/// Asks the kernel about a socket and changes nothing: no option, no address, no byte, client or
/// error that waits in it; and it sends nothing to the peer.
///
/// A socket that has no address or no peer yet is not an error. An address that is not an IP
/// address (a Unix socket's) is `None`. A socket whose kind is neither TCP's nor UDP's is an error:
/// [`io::ErrorKind::Unsupported`]. Any other error of a call is returned as it is.
pub fn describe(s: &Socket) -> io::Result<SocketCard> {
    let kind = match s.r#type()? {
        Type::STREAM => Kind::Stream,
        Type::DGRAM => Kind::Datagram,
        other => {
            let message = format!("{other:?} is neither a stream nor a datagram socket");
            return Err(io::Error::new(ErrorKind::Unsupported, message));
        }
    };
    Ok(SocketCard {
        kind,
        local: unless(s.local_addr(), ErrorKind::InvalidInput)?,
        peer: unless(s.peer_addr(), ErrorKind::NotConnected)?,
        listening: listening(s)?,
    })
}

/// The address, or `None` for the one kind of error that only says "there is none yet".
fn unless(answer: io::Result<SockAddr>, none_yet: ErrorKind) -> io::Result<Option<SocketAddr>> {
    match answer {
        Ok(addr) => Ok(addr.as_socket()),
        Err(error) if error.kind() == none_yet => Ok(None),
        Err(error) => Err(error),
    }
}

/// Given: whether `listen` was called on a socket (`SO_ACCEPTCONN`), as far as the system tells.
pub fn listening(s: &Socket) -> io::Result<Option<bool>> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    return s.is_listener().map(Some);
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    return s.r#type().map(|_| None);
}
