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

/// The limits of a pool.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// The largest number of connections that exist at any time: idle ones, those in use, and those
    /// that are being checked, made or closed.
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

/// What the pool looks like. The numbers are read one after the other: while other threads use the
/// pool, they need not belong to the same moment.
#[derive(Debug, Clone, Copy)]
pub struct State {
    /// Connections on the shelf.
    pub idle: usize,
    /// Permits in use: leases, and calls that are checking, connecting or closing.
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

    /// A connection: the good idle one that came back last, or a new one if there is none.
    ///
    /// Good means: within the limits at the moment of the choice (not of the call, because the wait
    /// may have been long), and reusable as the manager says. A bad one is closed before the next one
    /// is taken, and before a new one is made. A new connection is not checked. Its age and its idle
    /// time begin when `connect` has returned.
    ///
    /// Waits for its turn once, for `config.wait` at most. The time for checking and connecting is
    /// not part of this. It touches no connection before its turn has come.
    ///
    /// While the manager works here, other threads can use the pool. When the manager fails or
    /// panics, the turn is given back, and the connection that was being checked is closed. A failed
    /// connect is not repeated.
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

    /// A new connection, never an idle one. Waits for its turn as [`Pool::get`] does. Then, to make
    /// room, it may close one idle connection, the one that has been idle for the longest time, before
    /// it connects.
    ///
    /// # Errors
    ///
    /// [`PoolError`].
    pub fn get_fresh(&self) -> Result<Lease<M>, PoolError<M::Error>> {
        let state = self.state();
        todo!("5.4 get_fresh() of {state:?}: a permit, room for one more connection, and connect")
    }

    /// A good idle connection if there is one now, with a turn of its own. Never waits for a turn
    /// and never connects. Bad ones are closed, one after the other, as in [`Pool::get`].
    pub fn try_get(&self) -> Option<Lease<M>> {
        let state = self.state();
        todo!("5.4 try_get() of {state:?}: a permit and a good idle connection, or None at once")
    }

    /// Makes sure that `n` good connections are idle, as far as the limit and the connections in
    /// use leave room. It takes the good idle ones, closes bad ones as [`Pool::get`] does, makes
    /// the missing ones, and then gives all of them back. It does not wait for a turn. `n` may be
    /// any number.
    ///
    /// Being checked here is not a use. A good idle connection stays as it is: its idle time goes
    /// on, and its place in the order of the shelf is the same. (Otherwise a program that calls
    /// `prewarm` every second would keep unused connections for ever.) New connections count as the
    /// last to come back.
    ///
    /// Returns how many are ready.
    ///
    /// # Errors
    ///
    /// The manager's, at the first connection that it cannot make. Those made before are kept. (When
    /// the manager panics, they may be closed, and the idle ones with them. No permit is lost, and none
    /// is free before its connection is closed.)
    pub fn prewarm(&self, n: usize) -> Result<usize, M::Error> {
        let state = self.state();
        todo!(
            "5.4 prewarm({n}) of {state:?}: n connections at the same time, each with a permit, without waiting"
        )
    }
}

impl<M: Manager> Lease<M> {
    /// Whether the connection comes from the shelf, and was not made for this lease. Such a
    /// connection was idle, and may have died meanwhile.
    pub fn reused(&self) -> bool {
        self.reused
    }

    /// Closes the connection instead of giving it back. The connection is closed first; then its
    /// place in the pool is free.
    pub fn discard(self) {
        todo!(
            "5.4 discard() of a lease, reused: {}: discard the loan",
            self.reused
        )
    }
}

/// Notes the time, gives the connection back, and then the permit: the thread that gets the permit
/// must find the connection on the shelf.
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
