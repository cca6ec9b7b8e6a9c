//! Step 7: a server that can be told to stop.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::s4_workers::serve_pool;
use crate::{Client, ClosableAcceptor, Handler, Stats, WorkerPool, serve_iterative, serve_limited};

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
pub struct Server {
    acceptor: Arc<ClosableAcceptor>,
    guests: Arc<Guests>,
    serving: JoinHandle<io::Result<Stats>>,
    /// Nothing is ever sent. Its other end is gone when the serving thread has done its work.
    over: Receiver<()>,
}

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
        let acceptor = Arc::new(ClosableAcceptor::new(listener)?);
        let guests = Arc::new(Guests::default());
        let tracked = Tracked {
            handler,
            guests: Arc::clone(&guests),
        };
        let entrance = Arc::clone(&acceptor);
        let serve: Box<dyn FnOnce() -> io::Result<Stats> + Send> = match mode {
            Mode::Iterative => Box::new(move || serve_iterative(&*entrance, &tracked)),
            Mode::Threads { max } => {
                Box::new(move || serve_limited(&*entrance, Arc::new(tracked), max))
            }
            Mode::Workers { workers, queue } => {
                // Here and not on the serving thread: if there are no threads for them, the caller
                // must hear it now.
                let pool = WorkerPool::start(workers, queue)?;
                Box::new(move || serve_pool(&*entrance, Arc::new(tracked), pool))
            }
        };
        let (working, over) = channel();
        let serving = thread::Builder::new()
            .name("accept".to_owned())
            .spawn(move || {
                let _working: Sender<()> = working;
                serve()
            })?;
        Ok(Server {
            acceptor,
            guests,
            serving,
            over,
        })
    }

    /// The address and port that clients connect to.
    pub fn addr(&self) -> SocketAddr {
        self.acceptor.addr()
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
        self.acceptor.close();
        if self.over.recv_timeout(grace) == Err(RecvTimeoutError::Timeout) {
            self.guests.hang_up();
        }
        // The serving thread does not panic: what could do so there is caught.
        let end = self.serving.join();
        let stats = end.unwrap_or_else(|_| Err(io::Error::other("the server panicked")))?;
        Ok(Report {
            stats,
            cut_off: self.guests.lock().cut_off,
        })
    }
}

/// A handler that puts each conversation on the guest list while it lasts.
struct Tracked {
    handler: Arc<dyn Handler>,
    guests: Arc<Guests>,
}

impl Handler for Tracked {
    fn serve(&self, client: &Client) -> io::Result<()> {
        let _present = self.guests.enter(client)?;
        // Mode Iterative serves on the thread that accepts: a panic there would end the server.
        catch_unwind(AssertUnwindSafe(|| self.handler.serve(client)))
            .unwrap_or_else(|_| Err(io::Error::other("the handler panicked")))
    }
}

/// Who is being served right now.
#[derive(Default)]
struct Guests(Mutex<List>);

#[derive(Default)]
struct List {
    here: HashMap<SocketAddr, Client>,
    /// The grace is over.
    over: bool,
    cut_off: u64,
}

/// Strikes a guest off the list, however the conversation ends. Its handle of the connection goes
/// too: one that stayed behind would keep the connection open.
struct Present<'a> {
    guests: &'a Guests,
    peer: SocketAddr,
}

impl Guests {
    fn enter(&self, client: &Client) -> io::Result<Present<'_>> {
        let mut list = self.lock();
        if list.over {
            list.cut_off += 1;
            return Err(ErrorKind::ConnectionAborted.into());
        }
        // With one listener, the client's address and port name the connection.
        list.here.insert(client.peer(), client.clone());
        Ok(Present {
            guests: self,
            peer: client.peer(),
        })
    }

    /// Ends every conversation, and lets none begin.
    fn hang_up(&self) {
        let mut list = self.lock();
        list.over = true;
        list.cut_off += list.here.len() as u64;
        for client in list.here.values() {
            client.hang_up();
        }
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.guests.lock().here.remove(&self.peer);
    }
}
