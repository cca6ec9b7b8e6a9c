//! The reference pool on a bad day: 64 threads, and a manager that fails, panics and hands out
//! connections that hang up. The dice are seeded.
//!
//! ```console
//! $ cargo test -p sol05 --test stress                                   # a third of a second
//! $ POOL_STRESS_SECONDS=10 cargo test -p sol05 --test stress -- --nocapture
//! $ POOL_STRESS_SEED=7 cargo test -p sol05 --test stress                # the same dice again
//! ```
//!
//! The seed settles every thread's dice. It does not settle who runs when: that is the system's.

use netlab::Dice;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use connection_pool_solution::{Config, Lease, Limits, Manager, Pool, PoolError};

const THREADS: usize = 64;
const MAX: usize = 8;

/// What is counted from outside the pool.
#[derive(Default)]
struct Ledger {
    live: AtomicUsize,
    too_many: AtomicUsize,
    shared: AtomicUsize,
    dirty: AtomicUsize,
    calls: AtomicUsize,
}

struct Bad {
    seed: u64,
    ledger: Arc<Ledger>,
}

struct Conn {
    in_hand: AtomicBool,
    /// The peer has hung up, or a reply was not read to its end. The check sees it.
    spoilt: bool,
    /// In the middle of a message. The check does not see it.
    torn: bool,
    ledger: Arc<Ledger>,
}

impl Bad {
    /// Dice of this call: they depend on the seed and on how many calls there were.
    fn dice(&self) -> Dice {
        let call = self.ledger.calls.fetch_add(1, SeqCst) as u64;
        Dice::new(self.seed ^ call.rotate_left(32))
    }
}

impl Manager for Bad {
    type Conn = Conn;
    type Error = &'static str;

    fn connect(&self) -> Result<Conn, &'static str> {
        let mut dice = self.dice();
        if dice.one_in(5) {
            return Err("refused");
        }
        if dice.one_in(20) {
            resume_unwind(Box::new("connect panics"));
        }
        if self.ledger.live.fetch_add(1, SeqCst) + 1 > MAX {
            self.ledger.too_many.fetch_add(1, SeqCst);
        }
        if dice.one_in(3) {
            thread::yield_now(); // a slow one
        }
        Ok(Conn {
            in_hand: AtomicBool::new(false),
            spoilt: false,
            torn: false,
            ledger: self.ledger.clone(),
        })
    }

    fn is_reusable(&self, conn: &mut Conn) -> bool {
        let mut dice = self.dice();
        if dice.one_in(50) {
            resume_unwind(Box::new("the check panics"));
        }
        // The peer hangs up now and then, and a look finds out.
        !conn.spoilt && !dice.one_in(10)
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        thread::yield_now(); // to close takes a moment, too
        self.ledger.live.fetch_sub(1, SeqCst);
    }
}

/// One user's turn with a connection.
fn use_it(mut lease: Lease<Bad>, dice: &mut Dice, ledger: &Ledger) {
    if lease.in_hand.swap(true, SeqCst) {
        ledger.shared.fetch_add(1, SeqCst);
    }
    if lease.spoilt || lease.torn {
        ledger.dirty.fetch_add(1, SeqCst);
    }
    if dice.one_in(4) {
        thread::yield_now();
    }
    lease.in_hand.store(false, SeqCst);
    match dice.next() % 20 {
        0 => lease.discard(),
        1 | 2 => lease.spoilt = true, // gives it back without a word
        3 => {
            lease.torn = true;
            resume_unwind(Box::new("the user panics"));
        }
        _ => {}
    }
}

#[derive(Debug, Default)]
struct Count {
    served: usize,
    refused: usize,
    without: usize,
    panicked: usize,
}

fn user(pool: &Pool<Bad>, seed: u64, until: Instant) -> Count {
    let mut dice = Dice::new(seed);
    let mut count = Count::default();
    let ledger = pool.manager().ledger.clone();
    while Instant::now() < until {
        let turn = catch_unwind(AssertUnwindSafe(|| {
            if dice.one_in(100) {
                pool.reap();
            }
            let lease = match dice.next() % 10 {
                0 => pool.try_get().ok_or(PoolError::Closed),
                1 => pool.get_fresh(),
                2 if dice.one_in(10) => {
                    // Prewarms for its neighbours.
                    let _ = pool.prewarm(MAX);
                    pool.get()
                }
                _ => pool.get(),
            };
            lease.map(|lease| use_it(lease, &mut dice, &ledger))
        }));
        match turn {
            Ok(Ok(())) => count.served += 1,
            Ok(Err(PoolError::Connect(_))) => count.refused += 1,
            Ok(Err(_)) => count.without += 1,
            Err(_) => count.panicked += 1,
        }
    }
    count
}

#[test]
fn nothing_is_lost_shared_or_dirty_on_a_bad_day() {
    let from_env = |name: &str| {
        env::var(name)
            .ok()
            .and_then(|text| text.parse::<f64>().ok())
    };
    let seconds = from_env("POOL_STRESS_SECONDS").unwrap_or(0.3);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = from_env("POOL_STRESS_SEED").map_or_else(
        || now.map_or(1, |now| now.subsec_nanos().into()),
        |seed| seed as u64,
    );
    println!("POOL_STRESS_SEED={seed}, {seconds} s, {THREADS} threads, a pool of {MAX}");

    let ledger = Arc::new(Ledger::default());
    let manager = Bad {
        seed,
        ledger: ledger.clone(),
    };
    let config = Config {
        max: MAX,
        wait: Duration::from_millis(5),
        limits: Limits {
            max_idle: Some(Duration::from_millis(1)),
            max_age: Some(Duration::from_millis(20)),
        },
    };
    let pool = Pool::new(manager, config);
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let threads: Vec<_> = (0..THREADS as u64)
        .map(|nth| {
            let pool = pool.clone();
            thread::spawn(move || user(&pool, seed.wrapping_add(nth + 1), until))
        })
        .collect();
    let mut total = Count::default();
    for thread in threads {
        let count = thread.join().expect("a user catches its panics");
        total.served += count.served;
        total.refused += count.refused;
        total.without += count.without;
        total.panicked += count.panicked;
    }
    println!("{total:?}");

    let state = pool.state();
    assert_eq!(
        ledger.too_many.load(SeqCst),
        0,
        "seed {seed}: more than {MAX} connections"
    );
    assert_eq!(
        ledger.shared.load(SeqCst),
        0,
        "seed {seed}: a connection in two hands"
    );
    assert_eq!(
        ledger.dirty.load(SeqCst),
        0,
        "seed {seed}: a dirty connection was handed out"
    );
    assert_eq!(
        (state.in_use, state.waiting),
        (0, 0),
        "seed {seed}: places were lost"
    );
    assert_eq!(
        ledger.live.load(SeqCst),
        state.idle,
        "seed {seed}: connections were lost"
    );
    let everything = [total.served, total.refused, total.without, total.panicked];
    assert!(
        everything.iter().all(|&n| n > 0),
        "seed {seed}: a bad day has all of {total:?}"
    );

    // No place is lost: as many as the limit allows can be had at the same time.
    let mut leases = Vec::new();
    while leases.len() < MAX {
        if let Ok(Ok(lease)) = catch_unwind(AssertUnwindSafe(|| pool.get())) {
            leases.push(lease);
        }
    }
    pool.close();
    drop(leases);
    assert_eq!(
        ledger.live.load(SeqCst),
        0,
        "seed {seed}: a closed pool keeps connections"
    );
}
