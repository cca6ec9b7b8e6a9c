//! Step 4: one thread, many sockets.

use std::io;
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use crate::Protocol;

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
        todo!("16.4 Waker::wake() of {:?}: mio::Waker does it", self.0)
    }
}

/// Serves the clients of one listening socket, each with its own clone of a protocol, on the thread that
/// calls `round`.
pub struct Loop<P> {
    // In place of this: a mio::Poll, the listening socket, the connections by their names.
    yours: PhantomData<P>,
}

impl<P: Protocol + Clone> Loop<P> {
    /// `listener` may be blocking or not. No client is accepted before the first round.
    ///
    /// # Errors
    ///
    /// The system's: it has no descriptor for what a loop needs.
    pub fn new(listener: TcpListener, protocol: P) -> io::Result<Loop<P>> {
        let _ = protocol;
        todo!(
            "16.4 Loop::new({listener:?}, protocol): a Poll, a Waker with a token of its own, the listening socket without blocking"
        )
    }

    /// Another handle of what wakes this loop.
    pub fn waker(&self) -> Waker {
        todo!("16.4 Loop::waker(): a clone of the one from new")
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        todo!("16.4 Loop::connections(): how many are there now")
    }

    /// From now on clients are accepted while there are fewer than `most` connections. The others wait in the
    /// kernel's queue, and are accepted when somebody leaves. A new loop has no limit: `usize::MAX`.
    ///
    /// After `Event::AcceptFailed` it is 0, until the next call of `admit`.
    pub fn admit(&mut self, most: usize) {
        todo!("16.4 Loop::admit({most}): remember the limit; a round obeys it")
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
        todo!(
            "16.4 Loop::round({wait:?}): poll; a turn for each connection that has an event or said Again; accept until WouldBlock; tell what happened"
        )
    }

    /// The last turn of this connection said `Next::Again`: it may have more to read, and has its next turn in the
    /// next round. `false` if there is none of this name.
    pub fn can_go_on(&self, id: Id) -> bool {
        todo!("16.4 Loop::can_go_on({id:?}): was its last turn Again?")
    }

    /// Closes this connection now, whatever it is at. There is no `Event::Closed` for it, and nothing else of it
    /// any more. `false` if there is none of this name.
    pub fn close(&mut self, id: Id) -> bool {
        todo!("16.4 Loop::close({id:?}): off the poll, then drop it")
    }

    /// From now on no client is accepted, and the listening socket is closed: new clients are refused. Each connection
    /// is told to finish (`Conn::finish`), and gets a turn in the next round, which does not wait: one
    /// that is at rest ends there.
    pub fn finish(&mut self) {
        todo!(
            "16.4 Loop::finish(): close the listening socket; Conn::finish and a turn for each connection"
        )
    }

    /// The names of the connections, in any order.
    pub fn ids(&self) -> Vec<Id> {
        todo!("16.4 Loop::ids(): the names of the connections")
    }
}
