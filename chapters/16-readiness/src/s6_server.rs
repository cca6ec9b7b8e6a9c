//! Step 6: limits in time and number.

use std::io;
use std::marker::PhantomData;
use std::net::TcpListener;
use std::time::Duration;

use concurrent_server::Clock;

use crate::{Event, Protocol, Waker};

/// What a server grants.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a connection may go without completing a request: since it was accepted, or since its last one
    /// was taken. Not zero; `Duration::MAX` is no limit.
    pub patience: Duration,
    /// How many connections there may be at a time. 1 or more.
    pub most: usize,
}

/// A loop that nobody can hold up.
pub struct Server<P, C> {
    // In place of this: a Loop, a clock, limits, Deadlines.
    yours: PhantomData<(P, C)>,
}

impl<P: Protocol + Clone, C: Clock> Server<P, C> {
    /// # Errors
    ///
    /// Those of `Loop::new`.
    pub fn new(
        listener: TcpListener,
        protocol: P,
        clock: C,
        limits: Limits,
    ) -> io::Result<Server<P, C>> {
        let _ = (protocol, clock);
        todo!(
            "16.6 Server::new({listener:?}, protocol, clock, {limits:?}): a Loop that admits so many, and no deadlines yet"
        )
    }

    /// Another handle of what wakes this server.
    pub fn waker(&self) -> Waker {
        todo!("16.6 Server::waker(): the loop's")
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        todo!("16.6 Server::connections(): the loop's")
    }

    /// One round of the loop, with the limits. What happened is returned, as `Loop::round` does it.
    ///
    /// - The wait ends when a limit is over, and at `until`, a moment of the clock (`None`: no such moment).
    ///   While there is neither, nothing but the network and the waker ends it.
    /// - A connection that has completed no request for `Limits::patience` is closed:
    ///   `Event::Closed` with `ErrorKind::TimedOut`. What it sends or reads meanwhile moves this limit only when
    ///   a request is complete. What has arrived by now is looked at first: a request that arrived
    ///   in time is served, however late the loop is, however many others there are, and however long the request is.
    /// - There are never more than `Limits::most` connections. Who comes then waits in the kernel's queue.
    /// - `Event::AcceptFailed`: with an error that `after_error` calls `Pause`, no client is accepted until
    ///   `PAUSE` is over by the clock, or a connection is closed. So a server without descriptors sleeps, and goes on when
    ///   somebody leaves.
    ///
    /// # Errors
    ///
    /// Those of `Loop::round`. An error of `accept` that `after_error` calls `End`.
    pub fn round(&mut self, until: Option<Duration>) -> io::Result<Vec<Event>> {
        todo!(
            "16.6 Server::round({until:?}): wait until the earliest of the moments; a round of the loop; set the deadlines by what happened; when somebody is due, look once more at what has arrived; close who is due and cannot go on; see when to admit again"
        )
    }

    /// `Loop::finish`.
    pub fn finish(&mut self) {
        todo!("16.6 Server::finish(): the loop's")
    }

    /// Closes the connections that are left, whatever they are at. How many these were.
    pub fn cut_off(&mut self) -> usize {
        todo!("16.6 Server::cut_off(): close each of Loop::ids, and count them")
    }

    /// What the clock says.
    pub fn now(&self) -> Duration {
        todo!("16.6 Server::now(): ask the clock")
    }
}
