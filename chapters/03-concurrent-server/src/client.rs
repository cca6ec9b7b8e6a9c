//! Given, not an exercise: a client, the part that accepts clients, the part that serves them, and
//! the counts.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// A client that was let in: its connection and its address.
///
/// A clone is another handle of the same connection. When the last handle is dropped, the
/// connection is closed and the client gets the end of its stream (FIN).
#[derive(Clone, Debug)]
pub struct Client {
    stream: Arc<TcpStream>,
    peer: SocketAddr,
}

impl Client {
    pub fn new(stream: TcpStream, peer: SocketAddr) -> Client {
        Client {
            stream: Arc::new(stream),
            peer,
        }
    }

    /// The connection. `&TcpStream` can be read and written.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// The client's address and port.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Ends the connection now, even if other handles of it exist. A thread that waits in `read` on
    /// it wakes and gets the end of the stream.
    pub fn hang_up(&self) {
        // The client may have ended it before; then there is nothing to do.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Accepts clients, one per call.
pub trait Acceptor {
    /// Waits for the next client. `None` means that no more will come.
    ///
    /// # Errors
    ///
    /// The system's error when it cannot accept a client.
    fn accept(&self) -> io::Result<Option<Client>>;
}

/// A bare listening socket never says that no more will come.
impl Acceptor for TcpListener {
    fn accept(&self) -> io::Result<Option<Client>> {
        let (stream, peer) = TcpListener::accept(self)?;
        Ok(Some(Client::new(stream, peer)))
    }
}

/// Talks with a client, from the first byte to the last. Several threads use one handler at a time.
pub trait Handler: Send + Sync + 'static {
    /// # Errors
    ///
    /// The error that ended this conversation early. It concerns no other client.
    fn serve(&self, client: &Client) -> io::Result<()>;
}

/// A function is a handler.
impl<F> Handler for F
where
    F: Fn(&Client) -> io::Result<()> + Send + Sync + 'static,
{
    fn serve(&self, client: &Client) -> io::Result<()> {
        self(client)
    }
}

/// The results of a server's conversations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// The handler returned `Ok`.
    pub served: u64,
    /// The handler returned an error, or panicked.
    pub failed: u64,
    /// Closed without a conversation, because no worker and no place in the queue was free.
    pub turned_away: u64,
}
