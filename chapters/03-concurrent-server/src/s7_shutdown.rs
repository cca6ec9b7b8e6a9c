//! Step 7: a server that can be told to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use crate::{Handler, Stats};

/// How a server shares its time between clients.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// One after the other: step 1.
    Iterative,
    /// A thread for each client, at most `max`: step 3.
    Threads { max: usize },
    /// Workers that were started before, and a queue: step 4.
    Workers { workers: usize, queue: usize },
}

/// What a server did in its life.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub stats: Stats,
    /// Conversations that had not ended by themselves when the grace was over, those in the queue
    /// of the workers included. They count as `Stats::served` or `Stats::failed` as well.
    pub cut_off: u64,
}

/// A server at work on threads of its own.
pub struct Server {}

impl Server {
    /// Starts to serve, in the background.
    ///
    /// In each mode, a handler that panics ends only its own conversation, and counts as
    /// `Stats::failed`.
    ///
    /// # Errors
    ///
    /// Those of `ClosableAcceptor::new` and, in the mode `Workers`, of `WorkerPool::start`; the system has no
    /// thread for the server. Then no client is served, and nothing of the server is left.
    pub fn start(
        listener: TcpListener,
        handler: Arc<dyn Handler>,
        mode: Mode,
    ) -> io::Result<Server> {
        let _ = handler;
        todo!(
            "3.7 Server::start({listener:?}, handler, {mode:?}): a thread that serves behind a ClosableAcceptor in that mode, with a handler that keeps a list of the clients being served"
        )
    }

    /// The address and port that clients connect to.
    pub fn addr(&self) -> SocketAddr {
        todo!("3.7 Server::addr(): the acceptor's address")
    }

    /// Stops the server, and returns when it has stopped.
    ///
    /// 1. No client is let in any more; soon the port refuses connections.
    /// 2. Conversations that have begun, and those in the queue of the workers, get `grace` to end
    ///    by themselves. When the last one has ended earlier, the wait ends, too.
    ///    `Duration::MAX` is a grace without an end.
    /// 3. The remaining conversations are cut off: their connections are ended in both directions,
    ///    so that a handler in `read` gets the end of the stream. Clients that still wait in the
    ///    queue are closed without a conversation.
    ///
    /// Nothing can stop a handler that does not look at its connection; `shutdown` waits for it
    /// without a limit. Every wait must sleep: no thread may wake only to check.
    ///
    /// # Errors
    ///
    /// The error that ended the server before it was told to stop.
    pub fn shutdown(self, grace: Duration) -> io::Result<Report> {
        todo!(
            "3.7 Server::shutdown({grace:?}): close the acceptor, wait for the serving thread, hang up on the remaining clients, report"
        )
    }
}
