//! Step 4: the pool. A shelf of connections, and permits to use them.

use std::error::Error;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use crate::{Aged, Clock, Limits, Loan, NoPermit, Permit, Permits, Shelf, SystemClock};

/// Knows how to make connections, and how to tell good ones from bad ones.
///
/// Both methods may take long, fail, or panic. Several threads call them at the same time.
pub trait Manager: Send + Sync + 'static {
    type Conn: Send + 'static;
    type Error;

    /// Makes a new connection.
    fn connect(&self) -> Result<Self::Conn, Self::Error>;

    /// Whether a connection that was idle may be given to the next user.
    fn is_reusable(&self, conn: &mut Self::Conn) -> bool;
}

/// What a pool keeps to.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// The largest number of connections, idle and in use together, that exist at any time.
    pub max: usize,
    /// How long [`Pool::get`] waits for its turn.
    pub wait: Duration,
    /// When an idle connection is too old to be used.
    pub limits: Limits,
}

/// Why there is no connection. `E` is the manager's error.
#[derive(Debug)]
pub enum PoolError<E> {
    /// All connections were in use for as long as the caller was willing to wait.
    Timeout { waited: Duration },
    /// The manager could not connect.
    Connect(E),
    /// The pool is closed.
    Closed,
}

/// A glance at the pool. The numbers are read one after the other: while others use the pool,
/// they need not belong to the same moment.
#[derive(Debug, Clone, Copy)]
pub struct State {
    /// Connections on the shelf.
    pub idle: usize,
    /// Permits in somebody's hands: leases, and calls in the middle of connecting.
    pub in_use: usize,
    /// Threads that wait for their turn.
    pub waiting: usize,
}

/// A pool of connections. Clones are handles of the same pool.
pub struct Pool<M: Manager>(pub(crate) Arc<Inner<M>>);

pub(crate) struct Inner<M: Manager> {
    pub manager: M,
    pub config: Config,
    pub clock: Arc<dyn Clock>,
    pub shelf: Shelf<Aged<M::Conn>>,
    pub permits: Permits,
}

/// A connection in use. It goes back to the pool when the lease is dropped.
pub struct Lease<M: Manager> {
    /// `None` only while the lease is ending.
    loan: Option<Loan<Aged<M::Conn>>>,
    _permit: Permit,
    clock: Arc<dyn Clock>,
    reused: bool,
}

impl<M: Manager> Pool<M> {
    /// A pool without a connection yet.
    pub fn new(manager: M, config: Config) -> Pool<M> {
        Pool::with_clock(manager, config, SystemClock::default())
    }

    /// The same with another clock for the limits. (Waiting for a turn is real time.)
    pub fn with_clock(manager: M, config: Config, clock: impl Clock) -> Pool<M> {
        Pool(Arc::new(Inner {
            manager,
            config,
            clock: Arc::new(clock),
            shelf: Shelf::new(),
            permits: Permits::new(config.max),
        }))
    }

    /// The manager that the pool was made with.
    pub fn manager(&self) -> &M {
        &self.0.manager
    }

    /// How many connections are idle and in use, and how many threads wait.
    pub fn state(&self) -> State {
        State {
            idle: self.0.shelf.idle(),
            in_use: self.0.permits.in_use(),
            waiting: self.0.permits.waiting(),
        }
    }

    /// A connection: an idle one if there is a good one, else a new one.
    ///
    /// Good means: within the limits at the moment of the choice (not of the call: the wait may
    /// have been long), and reusable in the eyes of the manager. Bad ones are dropped on the way.
    /// Waits for its turn, `config.wait` at most; the time that checking and connecting take is not
    /// part of it.
    ///
    /// While the manager works here, other threads can use the pool. When it fails or panics, the
    /// pool is as if the call had not been made.
    ///
    /// # Errors
    ///
    /// [`PoolError`].
    pub fn get(&self) -> Result<Lease<M>, PoolError<M::Error>> {
        let config = self.0.config;
        todo!(
            "5.4 get() with {config:?}, called at {:?}: a permit, then a good idle connection or a new one",
            self.0.clock.now()
        )
    }

    /// A new connection, never an idle one. To make room for it, the connection that has been idle
    /// for the longest time may be closed. Waits for its turn like [`Pool::get`].
    ///
    /// # Errors
    ///
    /// [`PoolError`].
    pub fn get_fresh(&self) -> Result<Lease<M>, PoolError<M::Error>> {
        let state = self.state();
        todo!("5.4 get_fresh() of {state:?}: a permit, room for one more connection, and connect")
    }

    /// A good idle connection if there is one now. Never waits and never connects.
    pub fn try_get(&self) -> Option<Lease<M>> {
        let state = self.state();
        todo!("5.4 try_get() of {state:?}: a permit and a good idle connection, or None at once")
    }

    /// Sees to it that `n` connections are ready, as far as the limit and those in use leave
    /// room; connects where idle ones are missing. Does not wait for anybody's turn.
    ///
    /// Returns how many are ready.
    ///
    /// # Errors
    ///
    /// The manager's, at the first connection that it cannot make. Those made before are kept.
    pub fn prewarm(&self, n: usize) -> Result<usize, M::Error> {
        let state = self.state();
        todo!("5.4 prewarm({n}) of {state:?}: n leases at the same time, without waiting")
    }
}

impl<M: Manager> Lease<M> {
    /// Whether somebody had the connection before: it has been idle, and may have died there.
    pub fn reused(&self) -> bool {
        self.reused
    }

    /// Drops the connection instead of giving it back. Then its place in the pool is free again.
    pub fn discard(self) {
        todo!(
            "5.4 discard() of a lease, reused: {}: discard the loan",
            self.reused
        )
    }
}

/// Notes the time, gives the connection back, and then the permit: whoever is let in by it must
/// find the connection on the shelf.
impl<M: Manager> Drop for Lease<M> {
    fn drop(&mut self) {
        let _now = self.clock.now();
        // 5.4: as the comment above says. Fields are dropped when this function has returned.
    }
}

impl<M: Manager> Deref for Lease<M> {
    type Target = M::Conn;

    fn deref(&self) -> &M::Conn {
        self.loan.as_ref().expect("a lease has its connection")
    }
}

impl<M: Manager> DerefMut for Lease<M> {
    fn deref_mut(&mut self) -> &mut M::Conn {
        self.loan.as_mut().expect("a lease has its connection")
    }
}

impl<M: Manager> Clone for Pool<M> {
    fn clone(&self) -> Pool<M> {
        Pool(self.0.clone())
    }
}

impl<E> From<NoPermit> for PoolError<E> {
    fn from(reason: NoPermit) -> PoolError<E> {
        match reason {
            NoPermit::Timeout { waited } => PoolError::Timeout { waited },
            NoPermit::Closed => PoolError::Closed,
        }
    }
}

impl<E: fmt::Display> fmt::Display for PoolError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolError::Timeout { waited } => {
                write!(f, "no connection came free in {} ms", waited.as_millis())
            }
            PoolError::Connect(error) => error.fmt(f),
            PoolError::Closed => write!(f, "the pool is closed"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for PoolError<E> {}
