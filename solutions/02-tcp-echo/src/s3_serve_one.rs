//! Step 3: one client, from accept to close.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};

use crate::echo_stream;

/// How a conversation ended. `peer` is the client's address, as `accept` told it.
#[derive(Debug)]
pub enum Served {
    /// The client ended its stream (FIN), and got back all it had sent: `bytes` bytes.
    Closed { peer: SocketAddr, bytes: u64 },
    /// The connection broke: the client reset it (RST), or was gone when its echo was sent.
    Reset { peer: SocketAddr },
}

/// Accepts one client and sends back all its bytes, until it ends its stream.
///
/// - The echo is sent as the bytes come, not at the end.
/// - The client may end its stream (`shutdown(Write)`) and still read: it gets the rest of its
///   echo, then the end of the server's stream.
/// - When the function returns, its side of the connection is closed. Unless the connection broke,
///   every byte that came was read by then; a socket that is closed with unread bytes sends RST
///   (RFC 9293 §3.6.1), which can cost the client the reply.
/// - This function sets no limit on silence: it sets no time-out on the accepted socket. On Linux
///   that socket has the listener's time-outs from its beginning, and keeps them.
/// - `listener` goes on listening, and does not change. Call the function again for the next client.
/// - Every wait must sleep.
///
/// A client that breaks its connection is an outcome, `Served::Reset`, and not an error: the server
/// has other clients. Systems report it as `ErrorKind::ConnectionReset`,
/// `ErrorKind::ConnectionAborted` or `ErrorKind::BrokenPipe`.
///
/// # Errors
///
/// The error of `accept`, and any other error of the conversation, as it is.
pub fn serve_one(listener: &TcpListener) -> io::Result<Served> {
    let (stream, peer) = listener.accept()?;
    // One socket, read and written through two shared references. The only handle of it is
    // dropped at the end of this function: that is the close.
    match echo_stream(&stream, &stream) {
        Ok(bytes) => Ok(Served::Closed { peer, bytes }),
        Err(e) if is_break(e.kind()) => Ok(Served::Reset { peer }),
        Err(e) => Err(e),
    }
}

fn is_break(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe
    )
}
