//! Step 6: limits in time and number.

use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::time::Duration;

use concurrent_server::{AfterError, Clock, PAUSE, after_error};

use crate::{Deadlines, Event, Id, Loop, Protocol, Waker};

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
    work: Loop<P>,
    clock: C,
    limits: Limits,
    deadlines: Deadlines<Id>,
    /// When clients are accepted again, after a pause.
    resumes: Option<Duration>,
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
        let mut work = Loop::new(listener, protocol)?;
        work.admit(limits.most);
        Ok(Server {
            work,
            clock,
            limits,
            deadlines: Deadlines::new(),
            resumes: None,
        })
    }

    /// Another handle of what wakes this server.
    pub fn waker(&self) -> Waker {
        self.work.waker()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.work.connections()
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
        let now = self.clock.now();
        let moments = [self.deadlines.next(), self.resumes, until];
        let wait = moments.into_iter().flatten().min();
        let wait = wait.map(|moment| moment.saturating_sub(now));
        let mut happened = self.work.round(wait)?;

        let now = self.clock.now();
        self.renew(&happened, now);
        if self.deadlines.next().is_some_and(|at| at <= now) {
            // The round may have taken long. What has arrived since it began is not yet looked at.
            let late = self.work.round(Some(Duration::ZERO))?;
            self.renew(&late, now);
            happened.extend(late);
        }
        for id in self.deadlines.due(now) {
            if self.work.can_go_on(id) {
                // The rest of its request may have arrived, too: the next round will know.
                self.deadlines.set(id, now);
            } else {
                self.work.close(id);
                happened.push(Event::Closed(id, Err(ErrorKind::TimedOut.into())));
            }
        }
        let failed = happened.iter().find_map(|event| match event {
            Event::AcceptFailed(error) => Some(after_error(error)),
            _ => None,
        });
        match failed {
            Some(AfterError::End) => return Err(last_error(happened)),
            Some(_) => self.resumes = Some(now.saturating_add(PAUSE)),
            None => {}
        }
        // A connection that is closed gives its descriptor back.
        let closed = happened
            .iter()
            .any(|event| matches!(event, Event::Closed(..)));
        if self.resumes.is_some_and(|at| closed || at <= now) {
            self.resumes = None;
            self.work.admit(self.limits.most);
        }
        Ok(happened)
    }

    /// Gives a new limit to each connection that is new or has completed a request.
    fn renew(&mut self, happened: &[Event], now: Duration) {
        for event in happened {
            match event {
                Event::Opened(id, _) | Event::Answered(id) => {
                    let at = now.saturating_add(self.limits.patience);
                    self.deadlines.set(*id, at);
                }
                Event::Closed(id, _) => drop(self.deadlines.cancel(*id)),
                Event::AcceptFailed(_) => {}
            }
        }
    }

    /// `Loop::finish`.
    pub fn finish(&mut self) {
        self.work.finish();
    }

    /// Closes the connections that are left, whatever they are at. How many these were.
    pub fn cut_off(&mut self) -> usize {
        let ids = self.work.ids();
        for id in &ids {
            self.deadlines.cancel(*id);
            self.work.close(*id);
        }
        ids.len()
    }

    /// What the clock says.
    pub fn now(&self) -> Duration {
        self.clock.now()
    }
}

/// The error of accept among these events.
fn last_error(happened: Vec<Event>) -> io::Error {
    let errors = happened.into_iter().rev().find_map(|event| match event {
        Event::AcceptFailed(error) => Some(error),
        _ => None,
    });
    errors.unwrap_or_else(|| ErrorKind::Other.into())
}
