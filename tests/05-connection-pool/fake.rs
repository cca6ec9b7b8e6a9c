//! Connections that are only numbers. They can be counted, broken, and held up by gates.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use connection_pool::{Clock, Config, Lease, Limits, Manager, Pool, PoolError};
use netlab::{Gate, Lab, ManualClock, Running};

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

/// No scene uses a connection so often: who checks it that many times goes round in a circle.
const MANY_CHECKS: usize = 5000;

/// Counts as live from its making to its drop.
pub struct FakeConn {
    /// 1 for the first attempt to connect, and so on.
    pub id: usize,
    /// What a user may do to it.
    pub broken: bool,
    checks: usize,
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

    /// Holds up this attempt to connect.
    pub fn connect_held(self, gate: &Gate, attempt: usize) -> Fake {
        let gate = gate.clone();
        self.connecting(move |n| {
            if n == attempt {
                gate.waits();
            }
            Ok(())
        })
    }

    /// Holds up the check of this connection.
    pub fn check_held(self, gate: &Gate, id: usize) -> Fake {
        let gate = gate.clone();
        self.checking(move |conn| {
            if conn.id == id {
                gate.waits();
            }
            !conn.broken
        })
    }

    /// Holds up the close of this connection.
    pub fn close_held(self, gate: &Gate, id: usize) -> Fake {
        let gate = gate.clone();
        self.closing(move |closed| {
            if closed == id {
                gate.waits();
            }
        })
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
            checks: 0,
            fake: self.clone(),
        })
    }

    fn is_reusable(&self, conn: &mut FakeConn) -> bool {
        conn.checks += 1;
        if conn.checks == MANY_CHECKS {
            panic!(
                "connection #{} was checked {MANY_CHECKS} times: a bad connection that is dropped like \
                 any other loan goes back to the shelf, and is the next to be taken. discard() it.",
                conn.id
            );
        }
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

/// A pool without time limits, whose users wait for a minute: for ever, for a test.
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
    match lab.you("get()", || pool.get()) {
        Ok(lease) => lease,
        Err(PoolError::Timeout { waited }) => lab
            .because("A permit is free here, so nothing has to wait. `wait` covers only the wait for a permit, not checking or connecting. Or a permit is lost: an earlier holder did not give it back.")
            .fails("your get() to succeed", format!("Timeout, after {waited:?}")),
        Err(other) => lab.fails("your get() to succeed", format!("Err({other:?})")),
    }
}

/// Demands that prewarm makes so many idle connections.
pub fn prewarmed<M>(lab: &Lab, pool: &Pool<M>, n: usize)
where
    M: Manager,
    M::Error: std::fmt::Debug,
{
    let ready = lab.ok(&format!("prewarm({n})"), || pool.prewarm(n));
    lab.because("prewarm holds all of them at the same time, and then gives them back. If it gives one back at once, it takes the same one again as the next.")
        .same("ready, and idle", (ready, pool.state().idle), (n, n));
}

/// So many idle connections, of which #1 came back first.
pub fn idle_ones(lab: &Lab, pool: &Pool<Fake>, n: usize) {
    let leases: Vec<_> = (0..n).map(|_| get(lab, pool)).collect();
    let order: Vec<_> = leases
        .iter()
        .map(|lease| format!("#{}", lease.id))
        .collect();
    let what = match n {
        1 => "lease ends".to_owned(),
        _ => format!("leases end: {}", order.join(", then ")),
    };
    lab.you(&what, || drop(leases));
}

/// A get on a thread, whose lease ends at once. Gives the connection's number.
pub fn getting(
    lab: &Lab,
    pool: &Pool<Fake>,
    what: &str,
) -> Running<Result<usize, PoolError<&'static str>>> {
    let pool = pool.clone();
    lab.student(what, move || pool.get().map(|lease| lease.id))
}

/// Demands the number of a connection that get gives now. Its lease ends at once.
pub fn gets(lab: &Lab, pool: &Pool<Fake>, which: &str, want: usize) {
    let id = get(lab, pool).id;
    lab.same(which, id, want);
}

/// Limits in seconds.
pub fn limits(max_idle: Option<u64>, max_age: Option<u64>) -> Limits {
    let [max_idle, max_age] = [max_idle, max_age].map(|limit| limit.map(Duration::from_secs));
    Limits { max_idle, max_age }
}

/// Demands what `state()` tells: idle, in use, waiting.
pub fn state_is<M: Manager>(
    lab: &Lab,
    when: &str,
    pool: &Pool<M>,
    (idle, in_use, waiting): (usize, usize, usize),
) {
    let state = pool.state();
    let got = (state.idle, state.in_use, state.waiting);
    let sentence = |(idle, in_use, waiting): (usize, usize, usize)| {
        format!("idle {idle}, in use {in_use}, waiting {waiting}")
    };
    let mut told = sentence(got);
    let meanings = [
        (
            got.1 > in_use,
            "a permit is still held: something that has ended did not give it back",
        ),
        (got.1 < in_use, "a connection is in use without a permit"),
        (
            got.0 > idle,
            "a connection lies on the shelf that should not be there",
        ),
        (
            got.0 < idle,
            "a connection is missing on the shelf: it was closed, or is still held",
        ),
        (
            got.2 > waiting,
            "a thread that no longer waits is still counted, or a thread waits without need",
        ),
        (got.2 < waiting, "a thread that should wait does not"),
    ];
    for (_, meaning) in meanings.iter().filter(|(is_so, _)| *is_so) {
        told.push('\n');
        told.push_str(meaning);
    }
    let want = (idle, in_use, waiting);
    lab.holds(got == want, format!("{when}: {}", sentence(want)), told);
}

/// Waits until so many threads wait for their turn.
pub fn waiting<M: Manager>(lab: &Lab, pool: &Pool<M>, n: usize) {
    lab.until(
        &format!("{n} waiting for a connection"),
        || pool.state().waiting,
        |&waiting| waiting == n,
    );
}
