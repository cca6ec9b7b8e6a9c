//! Connections that are only numbers. They can be counted, broken, and held up by gates.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use connection_pool::{Clock, Config, Lease, Limits, Manager, Pool};
use netlab::{Lab, ManualClock};

use super::FOR_EVER;

/// A manager that connects to nothing. Clones share their counts.
#[derive(Clone)]
pub struct Fake(Arc<Parts>);

struct Parts {
    attempts: AtomicUsize,
    live: AtomicUsize,
    peak: AtomicUsize,
    on_connect: Box<dyn Fn(usize) -> Result<(), &'static str> + Send + Sync>,
    on_check: Box<dyn Fn(&FakeConn) -> bool + Send + Sync>,
    on_close: Box<dyn Fn(usize) + Send + Sync>,
}

/// Counts as live from its making to its drop.
pub struct FakeConn {
    /// 1 for the first attempt to connect, and so on.
    pub id: usize,
    /// What a user may do to it.
    pub broken: bool,
    fake: Fake,
}

impl Fake {
    pub fn new() -> Fake {
        Fake(Arc::new(Parts {
            attempts: AtomicUsize::new(0),
            live: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            on_connect: Box::new(|_| Ok(())),
            on_check: Box::new(|conn| !conn.broken),
            on_close: Box::new(|_| ()),
        }))
    }

    /// Does this in `connect`; the argument is the number of the attempt.
    pub fn connecting(
        self,
        f: impl Fn(usize) -> Result<(), &'static str> + Send + Sync + 'static,
    ) -> Fake {
        self.with(|parts| parts.on_connect = Box::new(f))
    }

    /// Answers `is_reusable` with this.
    pub fn checking(self, f: impl Fn(&FakeConn) -> bool + Send + Sync + 'static) -> Fake {
        self.with(|parts| parts.on_check = Box::new(f))
    }

    /// Does this while a connection is being closed; it still counts as live.
    pub fn closing(self, f: impl Fn(usize) + Send + Sync + 'static) -> Fake {
        self.with(|parts| parts.on_close = Box::new(f))
    }

    fn with(mut self, change: impl FnOnce(&mut Parts)) -> Fake {
        change(Arc::get_mut(&mut self.0).expect("a manager that nobody uses yet"));
        self
    }

    /// Calls of `connect`.
    pub fn attempts(&self) -> usize {
        self.0.attempts.load(SeqCst)
    }

    /// Connections that exist now.
    pub fn live(&self) -> usize {
        self.0.live.load(SeqCst)
    }

    /// The largest number that existed at the same time.
    pub fn peak(&self) -> usize {
        self.0.peak.load(SeqCst)
    }
}

impl Manager for Fake {
    type Conn = FakeConn;
    type Error = &'static str;

    fn connect(&self) -> Result<FakeConn, &'static str> {
        let id = self.0.attempts.fetch_add(1, SeqCst) + 1;
        (self.0.on_connect)(id)?;
        let live = self.0.live.fetch_add(1, SeqCst) + 1;
        self.0.peak.fetch_max(live, SeqCst);
        Ok(FakeConn {
            id,
            broken: false,
            fake: self.clone(),
        })
    }

    fn is_reusable(&self, conn: &mut FakeConn) -> bool {
        (self.0.on_check)(conn)
    }
}

impl Drop for FakeConn {
    fn drop(&mut self) {
        (self.fake.0.on_close)(self.id);
        self.fake.0.live.fetch_sub(1, SeqCst);
    }
}

/// The laboratory's clock as a clock of the chapter.
#[derive(Clone, Default)]
pub struct TestClock(pub ManualClock);

impl Clock for TestClock {
    fn now(&self) -> Duration {
        self.0.now()
    }
}

/// A pool without time limits, whose users wait for ever.
pub fn pool(max: usize, fake: &Fake) -> Pool<Fake> {
    pool_with(max, FOR_EVER, fake)
}

pub fn pool_with(max: usize, wait: Duration, fake: &Fake) -> Pool<Fake> {
    let limits = Limits::default();
    Pool::new(fake.clone(), Config { max, wait, limits })
}

/// A pool with time limits, and the clock that they are measured by.
pub fn aging_pool(max: usize, limits: Limits, fake: &Fake) -> (Pool<Fake>, ManualClock) {
    let clock = TestClock::default();
    let config = Config {
        max,
        wait: FOR_EVER,
        limits,
    };
    let pool = Pool::with_clock(fake.clone(), config, clock.clone());
    (pool, clock.0)
}

pub fn get<M>(lab: &Lab, pool: &Pool<M>) -> Lease<M>
where
    M: Manager,
    M::Error: std::fmt::Debug,
{
    lab.ok("get()", || pool.get())
}

/// Demands what `state()` tells: idle, in use, waiting.
pub fn state_is<M: Manager>(
    lab: &Lab,
    when: &str,
    pool: &Pool<M>,
    (idle, in_use, waiting): (usize, usize, usize),
) {
    let got = sentence(pool);
    let want = format!("idle {idle}, in use {in_use}, waiting {waiting}");
    lab.holds(got == want, format!("{when}: {want}"), got);
}

fn sentence<M: Manager>(pool: &Pool<M>) -> String {
    let state = pool.state();
    format!(
        "idle {}, in use {}, waiting {}",
        state.idle, state.in_use, state.waiting
    )
}

/// Waits until so many threads wait for their turn.
pub fn waiting<M: Manager>(lab: &Lab, pool: &Pool<M>, n: usize) {
    lab.until(
        &format!("{n} waiting for a connection"),
        || pool.state().waiting,
        |&waiting| waiting == n,
    );
}
