//! Step 5: is anybody still there? The kernel knows; a peek asks it.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::Manager;

/// Whether an idle connection can carry the next request.
///
/// Looks at what the kernel has received without taking anything away (`MSG_PEEK`) and without
/// waiting:
///
/// | in the receive queue | meaning | answer |
/// |---|---|---|
/// | nothing | the peer has sent nothing since the last reply | `true` |
/// | bytes | the rest of a reply: the next user would read them as theirs | `false` |
/// | the end of the stream (FIN) | the peer has closed | `false` |
///
/// The stream is in blocking mode before and after, whatever the answer is, and its options
/// (time-outs, `TCP_NODELAY`) are what they were.
///
/// # Errors
///
/// What the kernel says of the connection, such as `ErrorKind::ConnectionReset`. `WouldBlock` is
/// not an error here.
pub fn tcp_is_reusable(stream: &TcpStream) -> io::Result<bool> {
    stream.set_nonblocking(true)?;
    // No `?` before the mode is back.
    let seen = stream.peek(&mut [0]);
    stream.set_nonblocking(false)?;
    match seen {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
        Err(error) => Err(error),
    }
}

/// Makes TCP connections to one address.
pub struct TcpManager {
    addr: SocketAddr,
    patience: Duration,
    made: AtomicUsize,
}

impl TcpManager {
    /// Connections to `addr`. `patience` is how long a connect, a read or a write may take.
    pub fn new(addr: SocketAddr, patience: Duration) -> TcpManager {
        TcpManager {
            addr,
            patience,
            made: AtomicUsize::new(0),
        }
    }

    /// How many connections were made so far.
    pub fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }
}

impl Manager for TcpManager {
    type Conn = TcpStream;
    type Error = io::Error;

    /// Connects, sets the time-outs of `read` and `write`, and switches Nagle's algorithm off: a
    /// request is written in one piece, and has nothing to wait for.
    fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.addr, self.patience)?;
        stream.set_read_timeout(Some(self.patience))?;
        stream.set_write_timeout(Some(self.patience))?;
        stream.set_nodelay(true)?;
        self.made.fetch_add(1, Ordering::Relaxed);
        Ok(stream)
    }

    /// [`tcp_is_reusable`]; an error means no.
    fn is_reusable(&self, stream: &mut TcpStream) -> bool {
        tcp_is_reusable(stream).unwrap_or(false)
    }
}
