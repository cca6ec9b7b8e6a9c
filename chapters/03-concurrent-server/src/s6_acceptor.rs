//! Step 6: a listening socket that can be closed while a thread waits at it.

use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::{Acceptor, Client};

/// A listener that can be closed. One thread at a time waits in `accept`; any thread may close the acceptor.
#[derive(Debug)]
pub struct ClosableAcceptor {}

impl ClosableAcceptor {
    /// # Errors
    ///
    /// The listener has no address, or the system has no descriptor for what `close` needs.
    pub fn new(listener: TcpListener) -> io::Result<ClosableAcceptor> {
        todo!(
            "3.6 ClosableAcceptor::new({listener:?}): keep it where another thread can take it away, and remember its address"
        )
    }

    /// The address and port that clients connect to, as the system tells them of the listener. A closed
    /// acceptor still tells them.
    pub fn addr(&self) -> SocketAddr {
        todo!("3.6 ClosableAcceptor::addr() of {self:?}")
    }

    /// Closes the acceptor, without waiting.
    ///
    /// - The thread that waits in `accept` wakes, and gets `None`, even if no client ever comes.
    /// - From now on `accept` returns `None`. A client that connected and was not accepted yet is
    ///   not served.
    /// - The listening socket is closed as soon as no thread is in `accept` any more. The port then
    ///   refuses connections.
    /// - All this also holds when the process has no descriptor left (`accept` sleeps, or fails and
    ///   pauses), when the kernel's queue of connections is full, and on Linux even when no program
    ///   can connect to the acceptor, for example because its network interface is down.
    ///
    /// Closing a closed acceptor does nothing.
    pub fn close(&self) {
        todo!(
            "3.6 {self:?}.close(): mark the acceptor as closed, wake the thread in accept, drop the listener"
        )
    }
}

/// Waits asleep. Errors of `accept` are treated as in step 5.
impl Acceptor for ClosableAcceptor {
    fn accept(&self) -> io::Result<Option<Client>> {
        todo!(
            "3.6 {self:?}.accept(): accept_patiently on the listener; None if the acceptor is closed, before or meanwhile"
        )
    }
}
