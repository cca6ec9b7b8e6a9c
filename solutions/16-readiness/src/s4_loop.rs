//! Step 4: one thread, many sockets.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use concurrent_server::{AfterError, after_error};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::{Conn, Next, Protocol};

/// The name of a connection. A loop never gives one twice, however many connections come and go: who keeps a
/// name, keeps no other connection by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub usize);

/// What happened in a round.
#[derive(Debug)]
pub enum Event {
    /// A client was accepted.
    Opened(Id, SocketAddr),
    /// One or more requests of this connection were taken.
    Answered(Id),
    /// The connection is over and closed. `Ok`: it was `Next::Done`.
    Closed(Id, io::Result<()>),
    /// No client can be accepted: an error of `accept` that does not concern one client alone.
    AcceptFailed(io::Error),
}

/// Ends the wait of a loop. A clone wakes the same loop, from any thread.
#[derive(Clone, Debug)]
pub struct Waker(Arc<mio::Waker>);

impl Waker {
    /// The loop's present round returns, or its next one if it is not in a round. It does so too when it has
    /// nothing else to do.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn wake(&self) -> io::Result<()> {
        self.0.wake()
    }
}

/// Serves the clients of one listening socket, each with its own clone of a protocol, on the thread that
/// calls `round`.
pub struct Loop<P> {
    poll: Poll,
    /// Room for `room` of them.
    events: Events,
    room: usize,
    listener: Option<mio::net::TcpListener>,
    /// The listening socket is registered.
    registered: bool,
    most: usize,
    protocol: P,
    clients: HashMap<Id, Client<P>>,
    /// Those who can go on without an event.
    again: BTreeSet<Id>,
    next: usize,
    waker: Waker,
}

struct Client<P> {
    stream: TcpStream,
    conn: Conn<P>,
    interest: Interest,
}

const LISTENER: Token = Token(0);
const WAKER: Token = Token(1);
/// Connections are named from here on.
const FIRST: usize = 2;

/// How many events one call of the system may tell, in a loop with few connections.
const EVENTS: usize = 256;

impl<P: Protocol + Clone> Loop<P> {
    /// `listener` may be blocking or not. No client is accepted before the first round.
    ///
    /// # Errors
    ///
    /// The system's: it has no descriptor for what a loop needs.
    pub fn new(listener: TcpListener, protocol: P) -> io::Result<Loop<P>> {
        listener.set_nonblocking(true)?;
        let poll = Poll::new()?;
        let waker = Waker(Arc::new(mio::Waker::new(poll.registry(), WAKER)?));
        Ok(Loop {
            poll,
            events: Events::with_capacity(EVENTS),
            room: EVENTS,
            listener: Some(mio::net::TcpListener::from_std(listener)),
            registered: false,
            most: usize::MAX,
            protocol,
            clients: HashMap::new(),
            again: BTreeSet::new(),
            next: FIRST,
            waker,
        })
    }

    /// Another handle of what wakes this loop.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.clients.len()
    }

    /// From now on clients are accepted while there are fewer than `most` connections. The others wait in the
    /// kernel's queue, and are accepted when somebody leaves. A new loop has no limit: `usize::MAX`.
    ///
    /// After `Event::AcceptFailed` it is 0, until the next call of `admit`.
    pub fn admit(&mut self, most: usize) {
        self.most = most;
    }

    /// Waits, asleep, until there is something to do, and does it. Returns what happened, in order.
    ///
    /// - It waits until a client can be accepted, a connection can go on, the waker is woken, or `wait` is over
    ///   (`None`: never). It does not wait when a connection said `Next::Again`. A signal may end the wait.
    /// - Who can go on gets one turn a round, so that a client for whom there is always something to do keeps nobody
    ///   else waiting. That is each of them, however many can go on at a time.
    /// - All clients who wait to be accepted are, up to the limit of `admit`: in this round, or in the next ones
    ///   without a wait. `Event::Opened` comes before everything else of this connection.
    /// - A connection whose turn is `Next::Done` or an error is closed in the same round.
    ///   `Event::Closed` is the last of it, after the `Answered` of that turn. Its error concerns nobody else.
    /// - Errors of `accept` that `after_error` calls `Next` concern one client who is gone: the next one is
    ///   accepted. Any other is `Event::AcceptFailed`, and no more than one a round.
    ///
    /// # Errors
    ///
    /// The system's, when it cannot tell events any more.
    pub fn round(&mut self, wait: Option<Duration>) -> io::Result<Vec<Event>> {
        self.register_listener()?;
        // One for each connection, for the listening socket and for the waker: all may be told at a time.
        while self.room < self.clients.len() + FIRST {
            self.room *= 2;
            self.events = Events::with_capacity(self.room);
        }
        let wait = if self.again.is_empty() {
            wait
        } else {
            Some(Duration::ZERO)
        };
        match self.poll.poll(&mut self.events, wait) {
            // A signal, and no event.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            polled => polled?,
        }
        // A connection may have an event, and go on without one, too: that is one turn.
        let mut turns = std::mem::take(&mut self.again);
        let mut incoming = false;
        for event in &self.events {
            match event.token() {
                LISTENER => incoming = true,
                WAKER => {}
                Token(id) => drop(turns.insert(Id(id))),
            }
        }
        let mut happened = Vec::new();
        for id in turns {
            self.turn(id, &mut happened);
        }
        if incoming {
            self.accept_all(&mut happened);
            // Now, and not in the next round: the limit may be another one by then, and who has stayed in the
            // queue was told of already.
            self.register_listener()?;
        }
        Ok(happened)
    }

    /// One turn of one connection, which is closed if it was the last.
    fn turn(&mut self, id: Id, happened: &mut Vec<Event>) {
        // It may be gone since the event was told.
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let before = client.conn.requests();
        let next = client.conn.turn(&mut client.stream);
        if client.conn.requests() > before {
            happened.push(Event::Answered(id));
        }
        let end = match next {
            Ok(Next::Wait { read, write }) => match self.waits_for(id, read, write) {
                Ok(()) => return,
                Err(error) => Err(error),
            },
            Ok(Next::Again) => {
                self.again.insert(id);
                return;
            }
            Ok(Next::Done) => Ok(()),
            Err(error) => Err(error),
        };
        self.close(id);
        happened.push(Event::Closed(id, end));
    }

    /// Tells the system what the connection waits for, where that is something new.
    fn waits_for(&mut self, id: Id, read: bool, write: bool) -> io::Result<()> {
        let Some(client) = self.clients.get_mut(&id) else {
            return Ok(());
        };
        let interest = match (read, write) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (false, true) => Interest::WRITABLE,
            _ => Interest::READABLE,
        };
        if client.interest != interest {
            client.interest = interest;
            let registry = self.poll.registry();
            registry.reregister(&mut client.stream, Token(id.0), interest)?;
        }
        Ok(())
    }

    /// Lets in who waits. The system has told of them once, so it is asked until there is nobody left.
    fn accept_all(&mut self, happened: &mut Vec<Event>) {
        while let Some(listener) = self
            .listener
            .as_ref()
            .filter(|_| self.clients.len() < self.most)
        {
            let end = match listener.accept() {
                Ok((stream, peer)) => self.add(stream).map(|id| Event::Opened(id, peer)),
                Err(error) => Err(error),
            };
            match end {
                Ok(opened) => happened.push(opened),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if matches!(after_error(&error), AfterError::Next) => {}
                Err(error) => {
                    self.most = 0;
                    happened.push(Event::AcceptFailed(error));
                }
            }
        }
    }

    fn add(&mut self, mut stream: TcpStream) -> io::Result<Id> {
        let id = Id(self.next);
        self.next += 1;
        let interest = Interest::READABLE;
        // If bytes have come already, this tells of them in the next round.
        self.poll
            .registry()
            .register(&mut stream, Token(id.0), interest)?;
        let conn = Conn::new(self.protocol.clone());
        let client = Client {
            stream,
            conn,
            interest,
        };
        self.clients.insert(id, client);
        Ok(id)
    }

    /// Registers the listening socket while clients may come, and not otherwise: to register it again tells
    /// of those who came meanwhile.
    fn register_listener(&mut self) -> io::Result<()> {
        let wanted = self.clients.len() < self.most;
        let registry = self.poll.registry();
        match &mut self.listener {
            Some(listener) if wanted && !self.registered => {
                registry.register(listener, LISTENER, Interest::READABLE)?
            }
            Some(listener) if !wanted && self.registered => registry.deregister(listener)?,
            _ => {}
        }
        self.registered = wanted;
        Ok(())
    }

    /// The last turn of this connection said `Next::Again`: it may have more to read, and has its next turn in the
    /// next round. `false` if there is none of this name.
    pub fn can_go_on(&self, id: Id) -> bool {
        self.again.contains(&id)
    }

    /// Closes this connection now, whatever it is at. There is no `Event::Closed` for it, and nothing else of it
    /// any more. `false` if there is none of this name.
    pub fn close(&mut self, id: Id) -> bool {
        self.again.remove(&id);
        let Some(mut client) = self.clients.remove(&id) else {
            return false;
        };
        // To close it does that, too, as long as nobody else has a handle of the same socket.
        let _ = self.poll.registry().deregister(&mut client.stream);
        true
    }

    /// From now on no client is accepted, and the listening socket is closed: new clients are refused. Each connection
    /// is told to finish (`Conn::finish`), and gets a turn in the next round, which does not wait: one
    /// that is at rest ends there.
    pub fn finish(&mut self) {
        // Dropped is closed, and closed is no longer registered.
        self.listener = None;
        for (id, client) in &mut self.clients {
            client.conn.finish();
            self.again.insert(*id);
        }
    }

    /// The names of the connections, in any order.
    pub fn ids(&self) -> Vec<Id> {
        self.clients.keys().copied().collect()
    }
}
