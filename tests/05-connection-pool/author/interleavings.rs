//! The reference answer's locks under loom, which runs a scene in every order that its threads
//! can take (up to a number of preemptions), and finds a deadlock or a failed check in any of them.
//!
//! ```console
//! $ cargo test -p sol05 --features loom --test interleavings
//! ```
//!
//! The files are the reference answer's own, unchanged. They say `use std::sync::…`, and here `std`
//! is this crate: the modules below hand out loom's locks instead of the system's. Time does not
//! pass under loom, so nobody gives up; the time-outs are step 2's tests' business.

#![allow(dead_code, clippy::new_without_default)] // the scenes do not use all of the answer

extern crate self as std;
extern crate std as real;

pub mod sync {
    pub use loom::sync::{Mutex, MutexGuard};
    // loom's Arc cannot hold a `dyn Clock`. The order of its counts is not what is examined here.
    pub use real::sync::{Arc, LockResult, PoisonError};
    use real::time::Duration;

    /// loom's, with the one method that it lacks.
    #[derive(Debug)]
    pub struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub fn new() -> Condvar {
            Condvar(loom::sync::Condvar::new())
        }

        pub fn notify_one(&self) {
            self.0.notify_one();
        }

        pub fn notify_all(&self) {
            self.0.notify_all();
        }

        pub fn wait_timeout_while<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            _: Duration,
            mut condition: impl FnMut(&mut T) -> bool,
        ) -> LockResult<(MutexGuard<'a, T>, ())> {
            while condition(&mut *guard) {
                guard = self.0.wait(guard).expect("loom poisons nothing");
            }
            Ok((guard, ()))
        }
    }
}
pub use real::{collections, error, fmt, mem, ops, time};
pub mod thread {
    pub use real::thread::panicking;
}

#[path = "../../../solutions/05-connection-pool/src/s1_shelf.rs"]
mod s1_shelf;
#[path = "../../../solutions/05-connection-pool/src/s2_permits.rs"]
mod s2_permits;
#[path = "../../../solutions/05-connection-pool/src/s3_age.rs"]
mod s3_age;
#[path = "../../../solutions/05-connection-pool/src/s4_pool.rs"]
mod s4_pool;
#[path = "../../../solutions/05-connection-pool/src/s6_upkeep.rs"]
mod s6_upkeep;

use real::sync::Arc;
use real::time::Duration;

use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use s1_shelf::{Loan, Shelf};
use s2_permits::{NoPermit, Permit, Permits};
use s3_age::{Aged, Clock, Limits, SystemClock};
use s4_pool::{Config, Manager, Pool};

const FOR_EVER: Duration = Duration::from_secs(3600);

/// Every order with up to this many preemptions. Most bugs need one or two.
const PREEMPTIONS: usize = 3;

fn in_every_order(scene: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(PREEMPTIONS);
    model.check(scene);
}

#[test]
fn a_permit_that_comes_back_finds_the_one_who_waits() {
    in_every_order(|| {
        let permits = Permits::new(1);
        let threads = [(); 2].map(|()| {
            let permits = permits.clone();
            loom::thread::spawn(move || drop(permits.acquire(FOR_EVER)))
        });
        drop(permits.acquire(FOR_EVER));
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_eq!((permits.in_use(), permits.waiting()), (0, 0));
    });
}

#[test]
fn closing_leaves_nobody_asleep() {
    in_every_order(|| {
        let permits = Permits::new(1);
        let held = permits.acquire(FOR_EVER).ok();
        let threads = [(); 2].map(|()| {
            let permits = permits.clone();
            loom::thread::spawn(move || drop(permits.acquire(FOR_EVER)))
        });
        permits.close();
        for thread in threads {
            thread.join().expect("no panic");
        }
        drop(held);
        assert_eq!((permits.in_use(), permits.waiting()), (0, 0));
    });
}

/// A manager that counts what exists. The counts are loom's, so that threads can change places
/// here, too.
struct Counting {
    /// The connect that fails: 0 for the first.
    failing: Option<usize>,
    calls: AtomicUsize,
    live: Arc<AtomicUsize>,
}

struct Conn(Arc<AtomicUsize>);

impl Manager for Counting {
    type Conn = Conn;
    type Error = ();

    fn connect(&self) -> Result<Conn, ()> {
        if Some(self.calls.fetch_add(1, SeqCst)) == self.failing {
            return Err(());
        }
        let before = self.live.fetch_add(1, SeqCst);
        assert_eq!(before, 0, "a second connection in a pool of one");
        Ok(Conn(self.live.clone()))
    }

    fn is_reusable(&self, _: &mut Conn) -> bool {
        true
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

fn pool_of_one(failing: Option<usize>, max_idle: Option<Duration>) -> Pool<Counting> {
    let manager = Counting {
        failing,
        calls: AtomicUsize::new(0),
        live: Arc::new(AtomicUsize::new(0)),
    };
    let limits = Limits {
        max_idle,
        max_age: None,
    };
    let config = Config {
        max: 1,
        wait: FOR_EVER,
        limits,
    };
    Pool::new(manager, config)
}

#[test]
fn a_pool_of_one_never_has_two() {
    for failing in [None, Some(0), Some(1)] {
        in_every_order(move || three_users(pool_of_one(failing, None)));
    }
}

fn three_users(pool: Pool<Counting>) {
    let (other, third) = (pool.clone(), pool.clone());
    let getting = loom::thread::spawn(move || drop(other.get()));
    let fresh = loom::thread::spawn(move || drop(third.get_fresh()));
    drop(pool.get());
    getting.join().expect("no panic");
    fresh.join().expect("no panic");
    let state = pool.state();
    assert_eq!((state.in_use, state.waiting), (0, 0));
    assert_eq!(pool.manager().live.load(SeqCst), state.idle);
}

#[test]
fn a_closed_pool_keeps_nothing() {
    in_every_order(|| {
        let pool = pool_of_one(None, None);
        let live = pool.manager().live.clone();
        let other = pool.clone();
        let getting = loom::thread::spawn(move || drop(other.get()));
        let lease = pool.try_get();
        pool.close();
        drop(lease);
        getting.join().expect("no panic");
        assert_eq!(live.load(SeqCst), 0);
    });
}

#[test]
fn a_connection_that_is_being_closed_still_counts() {
    in_every_order(|| {
        // Whatever lies on the shelf is too old.
        let pool = pool_of_one(None, Some(Duration::ZERO));
        drop(pool.get());
        let other = pool.clone();
        let reaping = loom::thread::spawn(move || other.reap());
        drop(pool.get());
        drop(pool.get());
        reaping.join().expect("no panic");
        assert_eq!(pool.state().in_use, 0);
    });
}
