//! Step 6: a listening socket that can be closed while a thread waits at it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::{Acceptor, Client, accept_patiently};

/// A listener that can be closed. One thread at a time waits in `accept`; any thread may close the acceptor.
#[derive(Debug)]
pub struct ClosableAcceptor {
    /// `None` once the acceptor is closed. A thread in `accept` holds a handle of its own meanwhile.
    open: Mutex<Option<Arc<TcpListener>>>,
    /// The client that will wake that thread, where nothing else does. Its descriptor is taken while
    /// there are some: a server is also told to stop when it has none left.
    waker: Socket,
    addr: SocketAddr,
}

impl ClosableAcceptor {
    /// # Errors
    ///
    /// The listener has no address, or the system has no descriptor for what `close` needs.
    pub fn new(listener: TcpListener) -> io::Result<ClosableAcceptor> {
        let addr = listener.local_addr()?;
        let waker = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        // A full queue must not make `close` wait.
        waker.set_nonblocking(true)?;
        Ok(ClosableAcceptor {
            open: Mutex::new(Some(Arc::new(listener))),
            waker,
            addr,
        })
    }

    /// The address and port that clients connect to, as the system tells them of the listener. A closed
    /// acceptor still tells them.
    pub fn addr(&self) -> SocketAddr {
        self.addr
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
        let Some(listener) = self.lock().take() else {
            return;
        };
        // Linux ends a listening socket that is shut down: whoever sleeps in accept wakes with an
        // error. Other systems refuse, and nothing wakes accept there but a client. So we are one.
        // If the queue is so full that we do not get in, then nobody sleeps in accept.
        if SockRef::from(&*listener).shutdown(Shutdown::Both).is_err() {
            let _ = self.waker.connect(&reachable(self.addr).into());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<TcpListener>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits asleep. Errors of `accept` are treated as in step 5.
impl Acceptor for ClosableAcceptor {
    fn accept(&self) -> io::Result<Option<Client>> {
        accept_patiently(&Once(self), &thread::sleep)
    }
}

/// One call of the listener's `accept`, with a look at the acceptor before and after: whoever pauses for
/// want of a descriptor must see that the acceptor was closed meanwhile.
struct Once<'a>(&'a ClosableAcceptor);

impl Acceptor for Once<'_> {
    fn accept(&self) -> io::Result<Option<Client>> {
        // A handle of our own, so that the lock is free while we wait.
        let Some(listener) = self.0.lock().clone() else {
            return Ok(None);
        };
        let client = Acceptor::accept(&*listener);
        if self.0.lock().is_none() {
            // Closed meanwhile: this is the error or the waker that woke us, or a client too late.
            return Ok(None);
        }
        client
    }
}

/// An address to connect to. A socket bound to "every address of mine" is reached at loopback;
/// Windows does not take `0.0.0.0` for a destination.
fn reachable(mut addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        addr.set_ip(match addr {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    addr
}
