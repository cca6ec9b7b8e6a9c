use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use connection_pool::{Lease, Pool, PoolError};
use netlab::{Gate, Lab};

use super::fake::{
    Fake, aging_pool, get, gets, getting, idle_ones, limits, pool, pool_with, prewarmed, state_is,
    waiting,
};
use super::panic_while_holding;
use super::waits::waits_once;

/// What a get gave, in a word that can be compared.
fn word<T>(outcome: &Result<T, PoolError<&str>>) -> String {
    match outcome {
        Ok(_) => "a connection".into(),
        Err(PoolError::Timeout { .. }) => "Timeout".into(),
        Err(PoolError::Connect(error)) => format!("Connect({error:?})"),
        Err(PoolError::Closed) => "Closed".into(),
    }
}

fn connects_are(lab: &Lab, fake: &Fake, want: usize) {
    lab.same("calls of connect", fake.attempts(), want);
}

/// Demands that the limit held, with the reason that a test has for it.
fn peak_is(lab: &Lab, fake: &Fake, want: usize) {
    lab.same("most connections at the same time", fake.peak(), want);
}

fn gets_fresh(lab: &Lab, pool: &Pool<Fake>) -> Lease<Fake> {
    lab.ok("get_fresh()", || pool.get_fresh())
}

/// Demands that try_get finds nothing.
fn try_get_is_none(lab: &Lab, pool: &Pool<Fake>, since: &str) {
    let none = lab.you("try_get()", || pool.try_get());
    lab.holds(
        none.is_none(),
        format!("None, since {since}"),
        "a connection",
    );
}

/// What prewarm says must be ready.
fn ready_is(lab: &Lab, pool: &Pool<Fake>, n: usize, which: &str, want: usize) {
    let wish = match n {
        usize::MAX => "usize::MAX".to_owned(),
        n => n.to_string(),
    };
    let ready = lab.ok(&format!("prewarm({wish})"), || pool.prewarm(n));
    lab.same(which, ready, want);
}

#[test]
fn s4_lazy_then_reused() {
    netlab::lab(|lab| {
        lab.why("A pool connects when a user needs a connection, and not again while a good idle one is there.");
        let fake = Fake::new();
        let pool = pool(4, &fake);
        connects_are(lab, &fake, 0);
        for user in 0..10 {
            let lease = get(lab, &pool);
            lab.same("the connection's number", lease.id, 1);
            lab.because("A connection is reused when it comes from the shelf. The first user's was made for it.")
                .same("reused()", lease.reused(), user > 0);
            state_is(lab, "while it is leased", &pool, (0, 1, 0));
            lab.you("lease ends: drop(lease)", || drop(lease));
        }
        lab.why(
            "Ten users come one after the other. Each must get the connection of the one before.",
        );
        connects_are(lab, &fake, 1);
        state_is(lab, "in the end", &pool, (1, 0, 0));

        lab.why(
            "The last handle of the pool is dropped, so no user can use the idle connection any more.",
        );
        lab.you("pool goes: drop(pool)", || drop(pool));
        lab.same("connections that exist", fake.live(), 0);
    });
}

#[test]
fn s4_returns_on_drop_and_on_question_mark() {
    netlab::lab(|lab| {
        lab.why(
            "Users leave early. The lease's Drop is the only code that runs on every path out.",
        );
        fn use_it(pool: &Pool<Fake>) -> Result<usize, String> {
            let mut lease = pool.get().map_err(|error| error.to_string())?;
            lease.id = 7;
            Err("the reply makes no sense".to_owned())?;
            Ok(lease.id)
        }
        let fake = Fake::new();
        let pool = pool(1, &fake);
        let error = lab.err("get(), and a user who leaves by `?`", || use_it(&pool));
        lab.same(
            "the user's error",
            error.as_str(),
            "the reply makes no sense",
        );
        state_is(lab, "after the user has left", &pool, (1, 0, 0));
        gets(lab, &pool, "the connection, as it was left", 7);
    });
}

#[test]
fn s4_discard_frees_the_place() {
    netlab::lab(|lab| {
        lab.why("A discarded connection is closed, and the next one gets its place.");
        let fake = Fake::new();
        let pool = pool(1, &fake);
        let lease = get(lab, &pool);
        lab.you("discard()", || lease.discard());
        state_is(lab, "after discard()", &pool, (0, 0, 0));
        lab.because("When discard() returns, the connection must be closed: not later, and not by another thread.")
            .same("connections that exist", fake.live(), 0);
        gets(lab, &pool, "the next connection's number", 2);
    });
}

#[test]
fn s4_never_more_than_max() {
    netlab::lab(|lab| {
        lab.why(
            "The server has a limit too. 32 threads share 4 connections; no thread may make a fifth.",
        );
        let fake = Fake::new();
        let pool = pool(4, &fake);
        let gate = lab.gate("the users' gate");
        let users: Vec<_> = (0..32)
            .map(|_| {
                let (pool, gate) = (pool.clone(), gate.clone());
                thread::spawn(move || {
                    let outcome = pool.get();
                    gate.waits();
                    outcome.is_ok()
                })
            })
            .collect();
        lab.note("32 threads call your get()");
        gate.expects_arrivals(4);
        waiting(lab, &pool, 28);
        state_is(lab, "while 4 are leased", &pool, (0, 4, 28));
        gate.opens();
        lab.if_stuck("Each lease that ends lets the next thread in. A permit that does not come back, or comes back without a notification, leaves a thread asleep.");
        let served = lab.student("get() in the other 28 threads", move || {
            users
                .into_iter()
                .filter_map(|user| user.join().ok())
                .filter(|&ok| ok)
                .count()
        });
        lab.same("threads that got a connection", served.returns(), 32);
        peak_is(lab, &fake, 4);
        state_is(lab, "in the end", &pool, (4, 0, 0));
    });
}

#[test]
fn s4_the_waiter_finds_the_returned_one() {
    netlab::lab(|lab| {
        lab.why("First the connection is back on the shelf, then another thread may look for it. In the other order that thread gets the permit, finds nothing and connects: one too many.");
        let fake = Fake::new();
        let pool = pool(1, &fake);
        let threads = [(); 4].map(|()| {
            let pool = pool.clone();
            move || (0..200).filter(|_| pool.get().is_ok()).count()
        });
        let call = "get() and drop, 200 times in each of 4 threads";
        let users = lab.student(call, move || {
            let running = threads.map(thread::spawn);
            running.map(|user| user.join().unwrap_or(0))
        });
        lab.same("successful gets of each", users.returns(), [200; 4]);
        connects_are(lab, &fake, 1);
        state_is(lab, "in the end", &pool, (1, 0, 0));
    });
}

#[test]
fn s4_timeout_is_typed_and_leaks_nothing() {
    netlab::lab(|lab| {
        lab.why(
            "Timeout says that all connections were in use. That is not the same problem as a server that is down.",
        );
        let fake = Fake::new();
        let pool = pool_with(1, Duration::from_millis(20), &fake);
        let lease = get(lab, &pool);
        match lab.you("get()", || pool.get()) {
            Err(PoolError::Timeout { waited }) => lab
                .because("`waited` is how long the call has waited for its turn: as long as the pool's `wait`, or longer.")
                .holds(
                    waited >= Duration::from_millis(20),
                    "`waited` is 20 ms at least",
                    format!("{waited:?}"),
                ),
            other => lab.fails("Timeout", word(&other)),
        }
        lab.why("A thread that gives up has no permit, and touches no connection.");
        state_is(lab, "after the time-out", &pool, (0, 1, 0));
        lab.you("lease ends: drop(lease)", || drop(lease));
        state_is(lab, "after the return", &pool, (1, 0, 0));
        connects_are(lab, &fake, 1);
    });
}

#[test]
fn s4_try_get_never_waits_and_never_connects() {
    netlab::lab(|lab| {
        lab.why("try_get is for callers that can do without a connection. It takes an idle one, and does nothing that can take long.");
        let fake = Fake::new();
        let pool = pool(1, &fake);
        try_get_is_none(lab, &pool, "nothing is idle");
        connects_are(lab, &fake, 0);
        state_is(lab, "after it", &pool, (0, 0, 0));
        let lease = get(lab, &pool);
        try_get_is_none(lab, &pool, "the only connection is leased");
        lab.you("lease ends: drop(lease)", || drop(lease));
        let Some(mut lease) = lab.you("try_get()", || pool.try_get()) else {
            lab.fails("the idle connection", "None");
        };
        lab.because(
            "The connection of try_get comes from the shelf: it was idle, and may have died there.",
        )
        .same("reused()", lease.reused(), true);

        lab.why("try_get, too, must not give a broken connection.");
        lease.broken = true;
        lab.you("lease ends, with the connection broken", || drop(lease));
        try_get_is_none(lab, &pool, "the idle connection is broken");
        state_is(lab, "in the end", &pool, (0, 0, 0));
        connects_are(lab, &fake, 1);
    });
}

#[test]
fn s4_prewarm_makes_what_is_missing() {
    netlab::lab(|lab| {
        lab.why(
            "prewarm(3) makes sure that three are ready. Connections that are already idle count.",
        );
        let fake = Fake::new();
        let pool = pool(4, &fake);
        for _ in 0..2 {
            ready_is(lab, &pool, 3, "ready", 3);
            connects_are(lab, &fake, 3);
            state_is(lab, "after it", &pool, (3, 0, 0));
        }

        lab.why("The limit holds here, too, and the connections in use count for it.");
        let lease = get(lab, &pool);
        ready_is(lab, &pool, 9, "ready, with 1 of 4 in use", 3);
        ready_is(
            &lab.because("Connections in use are not ready; they only count for the limit. Two were asked for, and there is room for three."),
            &pool,
            2,
            "ready, with 1 of 4 in use",
            2,
        );
        ready_is(lab, &pool, 0, "ready: none was asked for", 0);

        lab.why("n is only a request. The limit says how many there can be, so do not reserve memory for n.");
        ready_is(lab, &pool, usize::MAX, "ready, with 1 of 4 in use", 3);
        lab.you("lease ends: drop(lease)", || drop(lease));
        state_is(lab, "in the end", &pool, (4, 0, 0));
        peak_is(lab, &fake, 4);

        lab.why("The pool's limit is the only one.");
        let large = pool_with(100, Duration::ZERO, &Fake::new());
        ready_is(lab, &large, 100, "ready, in a pool of 100", 100);
    });
}

#[test]
fn s4_prewarm_says_when_it_cannot() {
    netlab::lab(|lab| {
        lab.why("The first two connects work and the third fails. Two are kept, no place is lost, and the caller gets the error.");
        let fake = Fake::new().connecting(|n| if n == 3 { Err("refused") } else { Ok(()) });
        let pool = pool(4, &fake);
        let error = lab.err("prewarm(4)", || pool.prewarm(4));
        lab.same("the error", error, "refused");
        state_is(lab, "after it", &pool, (2, 0, 0));
        ready_is(lab, &pool, 4, "ready at the second attempt", 4);
    });
}

#[test]
fn s4_connect_outside_the_lock() {
    netlab::lab(|lab| {
        lab.why("A connect can take seconds. While A connects, B only wants to return its connection and take it again. B does not need A for this.");
        let gate = lab.gate("connect #2");
        let fake = Fake::new().connect_held(&gate, 2);
        let pool = pool(2, &fake);
        let lease = get(lab, &pool);
        let a = getting(lab, &pool, "get(), in thread A");
        gate.expects_arrivals(1);
        let b = pool.clone();
        let b = lab.student("lease ends, and get(), in thread B", move || {
            drop(lease);
            b.get().map(|lease| lease.id)
        });
        lab.same("B's connection again", b.returns_ok(), 1);
        state_is(lab, "while A connects", &pool, (1, 1, 0));
        gate.opens();
        lab.same("A's connection", a.returns_ok(), 2);
    });
}

#[test]
fn s4_health_check_outside_the_lock() {
    netlab::lab(|lab| {
        lab.why("A check may take long: it may ask the network. While A's connection is being checked, B gets and returns another one. (A takes the one that came back last, #2, and asks the manager about it.)");
        let gate = lab.gate("the check of connection #2");
        let fake = Fake::new().check_held(&gate, 2);
        let pool = pool(2, &fake);
        idle_ones(lab, &pool, 2);
        let a = getting(lab, &pool, "get(), in thread A");
        gate.expects_arrivals(1);
        let b = pool.clone();
        let b = lab.student("get(), drop, and try_get(), in thread B", move || {
            let first = b.get().map(|lease| lease.id);
            (first.ok(), b.try_get().map(|lease| lease.id))
        });
        lab.same(
            "B's connection, twice, while A's is being checked",
            b.returns(),
            (Some(1), Some(1)),
        );
        gate.opens();
        lab.same("A's connection", a.returns_ok(), 2);
        connects_are(lab, &fake, 2);
    });
}

#[test]
fn s4_failed_connect_gives_the_slot_back() {
    netlab::lab(|lab| {
        let fake = Fake::new().connecting(|n| if n < 3 { Err("refused") } else { Ok(()) });
        let pool = pool_with(1, Duration::ZERO, &fake);
        for attempt in 1..=2 {
            lab.why("When a connect fails, the caller gets the manager's error: at once, and unchanged.");
            let outcome = lab.you("get()", || pool.get());
            lab.same(
                "what get() gives",
                word(&outcome).as_str(),
                "Connect(\"refused\")",
            );
            let words = outcome.err().map(|error| error.to_string());
            lab.same("the error in words", words.as_deref(), Some("refused"));
            lab.because("One get is one connect: a failed one is not repeated.")
                .same("calls of connect", fake.attempts(), attempt);
            lab.why("A pool of one has a single place, and it must not leak. After a failed connect no permit is held.");
            state_is(lab, "after the failure", &pool, (0, 0, 0));
        }
        gets(lab, &pool, "the connection's number", 3);
    });
}

#[test]
fn s4_permanent_failure_releases_all_waiters() {
    netlab::lab(|lab| {
        lab.why("The server is down. One thread tries to connect, seven wait behind it, and every one of them must get its own error: a failure frees the place, so it must wake the next.");
        let gate = lab.gate("the first connect");
        let slow = gate.clone();
        let fake = Fake::new().connecting(move |_| {
            slow.waits();
            Err("refused")
        });
        let pool = pool(1, &fake);
        let users: Vec<_> = (0..8)
            .map(|_| {
                let pool = pool.clone();
                thread::spawn(move || word(&pool.get()))
            })
            .collect();
        lab.note("8 threads call your get()");
        waiting(lab, &pool, 7);
        gate.opens();
        let heard = lab.student("get() in 8 threads", move || {
            users
                .into_iter()
                .filter_map(|user| user.join().ok())
                .collect::<Vec<_>>()
        });
        lab.same(
            "what they get",
            heard.returns(),
            vec!["Connect(\"refused\")".to_owned(); 8],
        );
        state_is(lab, "in the end", &pool, (0, 0, 0));
    });
}

#[test]
fn s4_broken_one_is_dropped() {
    netlab::lab(|lab| {
        lab.why("Connection #1 failed for user A. If user B gets it, it fails for B as well: ask is_reusable before you hand out what was idle.");
        let fake = Fake::new();
        let pool = pool(3, &fake);
        let mut lease = get(lab, &pool);
        lease.broken = true;
        lab.you("lease ends, with connection #1 broken", || drop(lease));
        let lease = get(lab, &pool);
        lab.same("B's connection", lease.id, 2);
        lab.because("This connection was made for this lease. It does not come from the shelf.")
            .same("reused()", lease.reused(), false);
        lab.because("#1 cannot be used any more. Close it: a bad connection that is kept stays open at the server, and counts for the limit.")
            .same("connections that exist: #1 is closed", fake.live(), 1);

        lab.why("Two broken ones lie on top of a good one. Both go, and the good one is found.");
        let mut bad = [get(lab, &pool), get(lab, &pool)];
        bad.iter_mut().for_each(|lease| lease.broken = true);
        lab.you("leases end: #2, then #3 and #4, which are broken", || {
            drop(lease);
            drop(bad);
        });
        let lease = get(lab, &pool);
        lab.same("the connection's number", lease.id, 2);
        lab.same("connections that exist", fake.live(), 1);
        state_is(lab, "in the end", &pool, (0, 1, 0));
    });
}

#[test]
fn s4_expired_one_is_dropped() {
    netlab::lab(|lab| {
        let fake = Fake::new();
        let (pool, clock) = aging_pool(1, limits(Some(10), Some(60)), &fake);
        let go = |seconds| {
            clock.advance(Duration::from_secs(seconds));
            lab.note(format!("the clock shows {} s", clock.now().as_secs()));
        };
        go(5);
        let lease = get(lab, &pool);
        go(20);
        lab.you("lease ends: drop(lease), at 25 s", || drop(lease));
        lab.why("Idle time counts from the return, not from the making: the user had it for 20 s.");
        go(9);
        gets(lab, &pool, "the connection after 9 s on the shelf", 1);
        go(10);
        lab.why("A connection that has reached a limit must not be used, whatever the manager says. 10 s on the shelf are the limit.");
        gets(lab, &pool, "the connection after 10 s on the shelf", 2);

        lab.why("Used every 9 s, the connection is never idle for long. At the age of 60 s it must still go.");
        for _ in 0..6 {
            go(9);
            gets(lab, &pool, "the busy connection", 2);
        }
        go(6);
        gets(lab, &pool, "the connection when #2 is 60 s old", 3);
        lab.same("connections that exist", fake.live(), 1);
    });
}

#[test]
fn s4_an_old_one_says_nothing_of_the_others() {
    netlab::lab(|lab| {
        lab.why("The connection on top of the shelf came back last. That says nothing of its age: here it is 60 s old, and the one below is 30 s old. Look at each.");
        for (what, call) in [GET, TRY_GET] {
            lab.scene(format!("{what}; #1 is too old, #2 is not"));
            let fake = Fake::new();
            let (pool, clock) = aging_pool(2, limits(Some(100), Some(60)), &fake);
            let first = get(lab, &pool);
            clock.advance(Duration::from_secs(30));
            let second = get(lab, &pool);
            lab.you("leases end: #2, and then #1", || {
                drop(second);
                drop(first);
            });
            clock.advance(Duration::from_secs(30));
            lab.note("the clock shows 60 s");
            lab.you(what, || call(&pool));
            gets(lab, &pool, "the good connection", 2);
            connects_are(lab, &fake, 2);
        }
    });
}

#[test]
fn s4_a_connection_is_young_when_it_is_there() {
    netlab::lab(|lab| {
        for (what, call) in [GET, GET_FRESH, PREWARM] {
            for max in [limits(Some(60), None), limits(None, Some(60))] {
                lab.scene(format!("{what}; the connect takes 30 s, and {max:?}"));
                lab.why("A connection begins to exist when connect() has returned it. Its age and its idle time count from there: read the clock after the connect, not before.");
                let (fake, turns) = slow_connects();
                let (pool, clock) = aging_pool(1, max, &fake);
                *turns.lock().expect("no panic in here") = Some(clock.clone());
                lab.you(what, || call(&pool));
                lab.note("the clock shows 30 s");
                clock.advance(Duration::from_secs(59));
                lab.note("the clock shows 89 s: for 59 s connection #1 was not used");
                let which = "the connection, 59 s after it was made";
                let id = lab.ok("get()", || pool.get()).id;
                lab.same(which, id, 1);
            }
        }
        lab.scene(
            "prewarm(2) in a pool of two; each connect takes 30 s, and the limit is an age of 60 s",
        );
        lab.why("Each connection begins when its own connect has returned, and not when prewarm ends: #1 at 30 s, #2 at 60 s.");
        let (fake, turns) = slow_connects();
        let (pool, clock) = aging_pool(2, limits(None, Some(60)), &fake);
        *turns.lock().expect("no panic in here") = Some(clock.clone());
        prewarmed(lab, &pool, 2);
        clock.advance(Duration::from_secs(30));
        lab.note("the clock shows 90 s: #1 is 60 s old, #2 is 30 s old");
        let second = get(lab, &pool);
        lab.same("the last one that came to the shelf", second.id, 2);
        gets(lab, &pool, "the connection in place of #1", 3);
    });
}

type Turns = Arc<Mutex<Option<netlab::ManualClock>>>;

/// A manager whose connects take 30 s, by the clock that it is given.
fn slow_connects() -> (Fake, Turns) {
    let turns = Turns::default();
    let turning = turns.clone();
    let fake = Fake::new().connecting(move |_| {
        if let Some(clock) = &*turning.lock().expect("no panic in here") {
            clock.advance(Duration::from_secs(30));
        }
        Ok(())
    });
    (fake, turns)
}

#[test]
fn s4_panic_while_holding() {
    netlab::lab(|lab| {
        lab.why("After the user's panic the connection may be in the middle of a message. It must not be used again, and its place must not be lost.");
        let fake = Fake::new();
        let pool = pool(1, &fake);
        let lease = get(lab, &pool);
        lab.you("lease ends: its user panics", || panic_while_holding(lease));
        state_is(lab, "after the panic", &pool, (0, 0, 0));
        lab.same("connections that exist", fake.live(), 0);
        gets(lab, &pool, "the next connection", 2);
    });
}

/// A way to ask the pool for something. Whatever it gives is given back at once.
type Way = (&'static str, fn(&Pool<Fake>));

const GET: Way = ("get()", |pool| drop(pool.get()));
const GET_FRESH: Way = ("get_fresh()", |pool| drop(pool.get_fresh()));
const TRY_GET: Way = ("try_get()", |pool| drop(pool.try_get()));
const PREWARM: Way = ("prewarm(2)", |pool| {
    let _ = pool.prewarm(2);
});

#[test]
fn s4_panic_in_connect_or_in_the_check() {
    netlab::lab(|lab| {
        lab.why("The pool's user wrote the manager, and it panics. No place may be lost, no lock may stay poisoned, and the connection that was being checked is closed.");
        let [ill_connect, ill_check] = [false, false].map(|ill| Arc::new(AtomicBool::new(ill)));
        let (connect, check) = (ill_connect.clone(), ill_check.clone());
        let fake = Fake::new()
            .connecting(move |_| {
                panic_if(&connect);
                Ok(())
            })
            .checking(move |_| {
                panic_if(&check);
                true
            });
        let pool = pool_with(1, Duration::ZERO, &fake);

        for way in [GET, GET_FRESH, PREWARM] {
            ill_connect.store(true, SeqCst);
            panics(lab, &pool, way, "connect");
            state_is(lab, "after the panic in connect", &pool, (0, 0, 0));
            ill_connect.store(false, SeqCst);
        }
        for way in [GET, TRY_GET, PREWARM] {
            idle_ones(lab, &pool, 1);
            ill_check.store(true, SeqCst);
            panics(lab, &pool, way, "is_reusable");
            state_is(lab, "after the panic in is_reusable", &pool, (0, 0, 0));
            lab.same("connections that exist", fake.live(), 0);
            ill_check.store(false, SeqCst);
        }
        gets(
            lab,
            &pool,
            "the next connection: attempts 1 to 3 panicked",
            7,
        );
    });
}

/// Part of a manager that panics while it is ill. The laboratory's hook does not see this panic,
/// so it is not taken for one of the student's.
fn panic_if(ill: &AtomicBool) {
    if ill.load(SeqCst) {
        resume_unwind(Box::new("the manager panics"));
    }
}

/// Calls the pool on a thread, which the manager's panic ends.
fn panics(lab: &Lab, pool: &Pool<Fake>, (what, call): Way, place: &str) {
    let pool = pool.clone();
    let thread = lab.student(&format!("{what}, with a panic in {place}"), move || {
        thread::spawn(move || call(&pool)).join().is_err()
    });
    lab.because("The panic is for the caller. A pool that catches it has to guess what it meant.")
        .same("the panic reaches the caller", thread.returns(), true);
}

#[test]
fn s4_what_prewarm_held_is_closed_before_its_permit_is_free() {
    netlab::lab(|lab| {
        lab.why("The third connect panics, and prewarm holds two connections. Each is closed first, and then its permit is free: hold loan and permit so that they are dropped in this order. Otherwise another thread connects in between, and that is one too many.");
        let seen: Arc<Mutex<Option<Pool<Fake>>>> = Arc::default();
        let worst = Arc::new(Mutex::new("as many permits as connections".to_owned()));
        let (looking, telling) = (seen.clone(), worst.clone());
        let fake = Fake::new()
            .connecting(|n| match n {
                3 => resume_unwind(Box::new("the manager panics")),
                _ => Ok(()),
            })
            .closing(move |id| {
                let pool = looking.lock().expect("no panic in here").clone();
                let Some(pool) = pool else { return };
                let (state, live) = (pool.state(), pool.manager().live());
                if live > state.idle + state.in_use {
                    *telling.lock().expect("no panic in here") = format!(
                        "while #{id} is being closed: {} in use, {live} connections that exist, {} of them idle",
                        state.in_use, state.idle
                    );
                }
            });
        let pool = pool(3, &fake);
        idle_ones(lab, &pool, 1);
        *seen.lock().expect("no panic in here") = Some(pool.clone());
        panics(
            lab,
            &pool,
            ("prewarm(3)", |pool| {
                let _ = pool.prewarm(3);
            }),
            "connect #3",
        );
        *seen.lock().expect("no panic in here") = None;
        lab.same(
            "while connections are being closed",
            worst.lock().expect("no panic in here").as_str(),
            "as many permits as connections",
        );
        lab.because(
            "A connection that is no longer held is idle or closed, and every permit is back.",
        )
        .same(
            "in use, and connections that are not idle",
            (pool.state().in_use, fake.live() - pool.state().idle),
            (0, 0),
        );
    });
}

#[test]
fn s4_fresh_means_fresh() {
    netlab::lab(|lab| {
        lab.why("A caller that asks for a fresh connection has just seen an idle one die. With the limit reached, an idle one makes room.");
        let fake = Fake::new();
        let pool = pool(2, &fake);
        prewarmed(lab, &pool, 2);
        let lease = gets_fresh(lab, &pool);
        lab.same("the connection's number", lease.id, 3);
        lab.because("A fresh connection was made for this lease.")
            .same("reused()", lease.reused(), false);
        let second = gets_fresh(lab, &pool);
        lab.same("the connection's number", second.id, 4);
        lab.because("An idle connection counts for the limit. With two of two there, close one before you connect.")
            .same(
                "most connections at the same time, idle ones included",
                fake.peak(),
                2,
            );
        state_is(lab, "with both places in use", &pool, (0, 2, 0));
        lab.you("two leases end", || (drop(lease), drop(second)));
        let lab = &lab.because("A fresh connection goes back to the shelf, too.");
        state_is(lab, "in the end", &pool, (2, 0, 0));
    });
}

#[test]
fn s4_fresh_ones_keep_to_the_limit_and_wait_their_turn() {
    netlab::lab(|lab| {
        lab.why("A fresh connection needs a turn, too, and the turn is given back when the connection cannot be made.");
        let fake = Fake::new().connecting(|n| if n == 2 { Err("refused") } else { Ok(()) });
        lab.note("the server will refuse the second connect, and no other");
        let pool = pool_with(1, Duration::from_millis(20), &fake);
        let lease = get(lab, &pool);
        let outcome = lab.you("get_fresh()", || pool.get_fresh());
        lab.same("what get_fresh() gives", word(&outcome).as_str(), "Timeout");
        lab.you("lease ends: drop(lease)", || drop(lease));
        let outcome = lab.you("get_fresh()", || pool.get_fresh());
        lab.because(
            "One get_fresh is one connect: a failure is reported, and the connect is not repeated.",
        )
        .same(
            "what get_fresh() gives",
            word(&outcome).as_str(),
            "Connect(\"refused\")",
        );
        state_is(lab, "after the failure", &pool, (0, 0, 0));
        lab.same("the connection's number", gets_fresh(lab, &pool).id, 3);
    });
}

#[test]
fn s4_one_wait_is_all() {
    netlab::lab(|lab| {
        let wait = Duration::from_millis(10);
        let fake = Fake::new();
        let pool = pool_with(1, wait, &fake);
        let _lease = get(lab, &pool);
        lab.note("the pool's wait is 10 ms");
        waits_once(lab, "get()", wait, || drop(pool.get()));
        waits_once(lab, "get_fresh()", wait, || drop(pool.get_fresh()));
    });
}

#[test]
fn s4_a_wait_without_end_is_allowed() {
    netlab::lab(|lab| {
        lab.why("`wait: Duration::MAX` means \"as long as it takes\". Instant::now() + Duration::MAX overflows, and panics.");
        let fake = Fake::new();
        let pool = pool_with(1, Duration::MAX, &fake);
        let lease = get(lab, &pool);
        let user = getting(lab, &pool, "get(), in another thread");
        waiting(lab, &pool, 1);
        lab.you("lease ends: drop(lease)", || drop(lease));
        lab.because("The lease ended while this call waited. Look at the shelf after you have the permit: the shelf may have changed since an earlier look.")
            .same("the connection", user.returns_ok(), 1);
    });
}

#[test]
fn s4_fresh_waits_for_its_turn() {
    netlab::lab(|lab| {
        lab.why("get_fresh waits like get. The place comes free when a lease ends, and the connection that came back with it makes room.");
        let fake = Fake::new();
        let pool = pool(1, &fake);
        let lease = get(lab, &pool);
        let asking = pool.clone();
        let user = lab.student("get_fresh(), in another thread", move || {
            asking.get_fresh().map(|lease| lease.id)
        });
        waiting(lab, &pool, 1);
        lab.you("lease ends: drop(lease)", || drop(lease));
        lab.same("the fresh connection", user.returns_ok(), 2);
        peak_is(lab, &fake, 1);
    });
}

#[test]
fn s4_the_oldest_makes_room() {
    netlab::lab(|lab| {
        lab.why("The connection that has been idle for the longest time is the likeliest to be dead. It makes room, and the one used last stays.");
        let fake = Fake::new();
        let pool = pool(2, &fake);
        idle_ones(lab, &pool, 2);
        let fresh = gets_fresh(lab, &pool);
        lab.because("get_fresh gives no idle connection, but makes one.")
            .same("the fresh connection", fresh.id, 3);
        gets(lab, &pool, "the connection that is left", 2);

        lab.why("get_fresh makes a connection, or says why it cannot. It connects once, and must not return an idle connection: its caller has just seen one die.");
        let fake = Fake::new().connecting(|n| if n == 3 { Err("refused") } else { Ok(()) });
        lab.note("another pool; the server will refuse the third connect");
        let pool = pool_with(2, Duration::ZERO, &fake);
        idle_ones(lab, &pool, 2);
        let outcome = lab.you("get_fresh()", || pool.get_fresh().map(drop));
        lab.same(
            "what get_fresh() gives",
            word(&outcome).as_str(),
            "Connect(\"refused\")",
        );
        connects_are(lab, &fake, 3);
    });
}

#[test]
fn s4_the_bad_one_goes_first() {
    netlab::lab(|lab| {
        lab.why("A bad connection exists until it is closed. Close it first and connect then, or there are two for a moment, where one is allowed.");
        let fake = Fake::new();
        let pool = pool(1, &fake);
        let mut lease = get(lab, &pool);
        lease.broken = true;
        lab.you("lease ends, with connection #1 broken", || drop(lease));
        gets(lab, &pool, "the next connection", 2);
        peak_is(lab, &fake, 1);
    });
}

#[test]
fn s4_two_work_at_the_same_time() {
    netlab::lab(|lab| {
        lab.why("A connect can take seconds. Two users with two permits connect side by side: a lock around connect makes the second one wait for the first.");
        let [connects, checks] = ["connect", "is_reusable"].map(|name| lab.gate(name));
        let (connecting, checking) = (connects.clone(), checks.clone());
        let fake = Fake::new()
            .connecting(move |_| {
                connecting.waits();
                Ok(())
            })
            .checking(move |_| {
                checking.waits();
                true
            });
        let pool = pool(2, &fake);
        let two_meet = |call: &str, gate: &Gate| {
            let users = [(); 2].map(|()| getting(lab, &pool, call));
            gate.expects_arrivals(2);
            gate.opens();
            for user in users {
                user.returns_ok();
            }
        };
        two_meet("get(), which connects", &connects);
        lab.why("A check can use the network, too. So the same holds for it.");
        two_meet("get(), which checks", &checks);
        connects_are(lab, &fake, 2);
    });
}

#[test]
fn s4_the_place_is_free_when_the_connection_is_closed() {
    netlab::lab(|lab| {
        type End = fn(Lease<Fake>);
        let ways: [(&str, End); 2] = [
            ("discard()", Lease::discard),
            ("lease ends: its user panics", panic_while_holding),
        ];
        for (way, end) in ways {
            lab.why("A connection that is being closed still exists. First it is closed, then its permit is free. In the other order another thread connects in between, and that is one too many.");
            let asks: Arc<Mutex<Option<Pool<Fake>>>> = Arc::default();
            let heard = Arc::new(Mutex::new("nothing".to_owned()));
            let (asking, hearing) = (asks.clone(), heard.clone());
            let fake = Fake::new().closing(move |_| {
                // Once: a connection that is made here is closed here, too.
                let pool = asking.lock().expect("no panic in here").take();
                if let Some(pool) = pool {
                    *hearing.lock().expect("no panic in here") = word(&pool.get());
                }
            });
            let pool = pool_with(1, Duration::ZERO, &fake);
            let lease = get(lab, &pool);
            *asks.lock().expect("no panic in here") = Some(pool.clone());
            lab.student(way, move || end(lease)).returns();
            lab.same(
                "what another get() gives while the connection is being closed",
                heard.lock().expect("no panic in here").as_str(),
                "Timeout",
            );
            peak_is(lab, &fake, 1);
            state_is(lab, "in the end", &pool, (0, 0, 0));
        }
    });
}

#[test]
fn s4_the_clock_is_read_after_the_wait() {
    netlab::lab(|lab| {
        lab.why("B may wait long for its turn, and connections grow old meanwhile. Check the age at the moment when the connection is chosen.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(1, limits(None, Some(60)), &fake);
        let lease = get(lab, &pool);
        let b = getting(lab, &pool, "get(), in thread B");
        waiting(lab, &pool, 1);
        clock.advance(Duration::from_secs(60));
        lab.note("the clock shows 60 s, while B waits");
        lab.you("lease ends: drop(lease)", || drop(lease));
        lab.same("B's connection: #1 is 60 s old", b.returns_ok(), 2);
        peak_is(lab, &fake, 1);
    });
}

#[test]
fn s4_try_get_is_as_strict_as_get() {
    netlab::lab(|lab| {
        lab.why("try_get checks like get: a connection that has reached a limit is not good.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(2, limits(Some(10), None), &fake);
        prewarmed(lab, &pool, 1);
        clock.advance(Duration::from_secs(10));
        lab.note("the clock shows 10 s");
        try_get_is_none(lab, &pool, "the idle one is expired");
        lab.because("try_get closes the bad connections that it finds, like get.")
            .same("connections that exist", fake.live(), 0);

        lab.why("A bad one on top says nothing about the ones below. Close it and take the next.");
        let (good, mut bad) = (get(lab, &pool), get(lab, &pool));
        bad.broken = true;
        lab.you("leases end: #2, then #3, which is broken", || {
            drop(good);
            drop(bad);
        });
        match lab.you("try_get()", || pool.try_get()) {
            Some(lease) => lab.same("the connection's number", lease.id, 2),
            None => lab.fails("connection #2, which is good", "None"),
        }
        state_is(lab, "in the end", &pool, (1, 0, 0));
    });
}

/// A connection that is being checked, made or closed is held up; somebody else must wait for it, as
/// the pool allows one connection.
fn another_get_waits(lab: &Lab, pool: &Pool<Fake>, fake: &Fake, way: Way, held: &Gate) {
    let (what, call) = way;
    let asking = pool.clone();
    let a = lab.student(&format!("{what}, in thread A"), move || call(&asking));
    held.expects_arrivals(1);
    let attempts = fake.attempts();
    let b = getting(lab, pool, "get(), in thread B");
    lab.until(
        "B to wait for its turn while A has the only one",
        || (pool.state().waiting, fake.attempts() - attempts),
        |&(waiting, connects)| waiting == 1 || connects > 0,
    );
    held.opens();
    a.returns();
    b.returns_ok();
    peak_is(lab, fake, 1);
    state_is(lab, "in the end", pool, (1, 0, 0));
}

#[test]
fn s4_first_the_turn_then_the_connection() {
    netlab::lab(|lab| {
        for way in [GET, TRY_GET, PREWARM] {
            lab.scene(format!(
                "{} with one idle connection, in a pool of one",
                way.0
            ));
            lab.why("First the permit, then the shelf. A thread that takes the idle connection off the shelf without a permit leaves an empty shelf and a free permit. Then another thread connects, and there are two where one is allowed.");
            let gate = lab.gate("the check of connection #1");
            let fake = Fake::new().check_held(&gate, 1);
            let pool = pool(1, &fake);
            idle_ones(lab, &pool, 1);
            another_get_waits(lab, &pool, &fake, way, &gate);
        }
        for way in [GET, GET_FRESH, TRY_GET, PREWARM] {
            lab.scene(format!(
                "{} with one idle connection, which has expired, in a pool of one",
                way.0
            ));
            lab.why("An expired connection exists until it is closed, so closing it needs a permit: first the permit, then the shelf. A thread that sweeps the shelf before its turn leaves a free permit and an empty shelf, and another thread connects.");
            let gate = lab.gate("the close of connection #1");
            let fake = Fake::new().close_held(&gate, 1);
            let (pool, clock) = aging_pool(1, limits(Some(10), None), &fake);
            idle_ones(lab, &pool, 1);
            clock.advance(Duration::from_secs(10));
            lab.note("the clock shows 10 s");
            another_get_waits(lab, &pool, &fake, way, &gate);
        }
    });
}

#[test]
fn s4_no_connect_without_a_turn() {
    netlab::lab(|lab| {
        for way in [GET, GET_FRESH, PREWARM] {
            lab.scene(format!("{} in an empty pool of one", way.0));
            lab.why("A connection that is being made needs a permit already. Without one, another thread connects at the same time, and there are two where one is allowed.");
            let gate = lab.gate("connect #1");
            let fake = Fake::new().connect_held(&gate, 1);
            let pool = pool(1, &fake);
            another_get_waits(lab, &pool, &fake, way, &gate);
        }
    });
}

#[test]
fn s4_fresh_closes_with_a_turn() {
    netlab::lab(|lab| {
        lab.why("The connection that makes room exists until it is closed. Get the permit first, then close the connection, and keep the permit until you have connected. Otherwise another thread connects meanwhile, and there are two where one is allowed.");
        let gate = lab.gate("the close of connection #1");
        let fake = Fake::new().close_held(&gate, 1);
        let pool = pool(1, &fake);
        idle_ones(lab, &pool, 1);
        another_get_waits(lab, &pool, &fake, GET_FRESH, &gate);
    });
}

#[test]
fn s4_one_bad_one_at_a_time() {
    netlab::lab(|lab| {
        type Hold = fn(Fake, &Gate) -> Fake;
        let moments: [(&str, Hold); 2] = [
            ("the check of connection #1", |fake, gate| {
                fake.check_held(gate, 1)
            }),
            ("the close of connection #2", |fake, gate| {
                fake.close_held(gate, 2)
            }),
        ];
        let ways = [GET, TRY_GET, PREWARM].map(|way| moments.map(|moment| (way, moment)));
        for ((what, call), (moment, hold)) in ways.into_iter().flatten() {
            lab.scene(format!(
                "{what} with two idle connections, both bad, in a pool of two; {moment} takes long"
            ));
            lab.why("One permit is the right to one connection. Close a bad one before you take the next one off the shelf: a thread that holds two with one permit leaves room for one too many.");
            let gate = lab.gate(moment);
            let fake = hold(Fake::new(), &gate);
            let pool = pool(2, &fake);
            let mut bad = [get(lab, &pool), get(lab, &pool)];
            bad.iter_mut().for_each(|lease| lease.broken = true);
            lab.you("leases end: #1, then #2, both broken", || drop(bad));
            let asking = pool.clone();
            let a = lab.student(&format!("{what}, in thread A"), move || call(&asking));
            gate.expects_arrivals(1);
            let b = getting(lab, &pool, "get(), in thread B, meanwhile");
            // With a permit for each connection, B waits, and that is right as well.
            lab.until(
                "B to get a connection or to wait",
                || (fake.attempts(), pool.state().waiting),
                |&(attempts, waiting)| attempts > 2 || waiting == 1,
            );
            gate.opens();
            a.returns();
            b.returns_ok();
            peak_is(lab, &fake, 2);
        }
    });
}

#[test]
fn s4_a_new_one_is_not_checked() {
    netlab::lab(|lab| {
        lab.why("is_reusable is a question about connections that were idle. This manager says no to all of them, so none is used again; a new one is good because it is new.");
        let fake = Fake::new().checking(|_| false);
        lab.note("the manager finds no connection reusable");
        let pool = pool_with(1, Duration::ZERO, &fake);
        for number in 1..=3 {
            gets(lab, &pool, "the connection's number", number);
        }
        lab.same("the connection's number", gets_fresh(lab, &pool).id, 4);
        let lab = &lab.because("The idle one is bad. It is closed, and its permit is then the right to a new one, which is good because it is new.");
        ready_is(lab, &pool, 1, "ready", 1);
        connects_are(lab, &fake, 5);
    });
}

#[test]
fn s4_prewarm_replaces_the_bad_ones() {
    netlab::lab(|lab| {
        lab.why("A connection that is bad is not ready. prewarm looks at the idle ones as get does: the manager's answer counts, and so do the limits.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(2, limits(Some(10), None), &fake);
        let (good, mut bad) = (get(lab, &pool), get(lab, &pool));
        bad.broken = true;
        lab.you("leases end: #1, then #2, which is broken", || {
            drop(good);
            drop(bad);
        });
        ready_is(lab, &pool, 2, "ready", 2);
        connects_are(lab, &fake, 3);
        clock.advance(Duration::from_secs(10));
        lab.note("the clock shows 10 s: both are idle for too long");
        ready_is(lab, &pool, 1, "ready", 1);
        connects_are(lab, &fake, 4);
        peak_is(lab, &fake, 2);

        lab.why("A bad connection lies on top of a good one. The bad one is closed, and the good one is ready: nothing is missing. Connect only when no good one is left.");
        let fake = Fake::new();
        let pool = pool_with(2, Duration::ZERO, &fake);
        let (good, mut bad) = (get(lab, &pool), get(lab, &pool));
        bad.broken = true;
        lab.you("leases end: #1, then #2, which is broken", || {
            drop(good);
            drop(bad);
        });
        ready_is(lab, &pool, 1, "ready", 1);
        connects_are(lab, &fake, 2);
    });
}

#[test]
fn s4_prewarm_is_not_a_use() {
    netlab::lab(|lab| {
        lab.why("A program may call prewarm every second to have connections ready. If that counted as a use, max_idle would never be reached, and unused connections would stay for ever.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(1, limits(Some(10), None), &fake);
        prewarmed(lab, &pool, 1);
        clock.advance(Duration::from_secs(9));
        lab.note("the clock shows 9 s");
        prewarmed(lab, &pool, 1);
        lab.because("After 9 s the idle one is good: the limit is 10 s. It is ready, and nothing is missing.")
            .same("calls of connect", fake.attempts(), 1);
        clock.advance(Duration::from_secs(1));
        lab.note("the clock shows 10 s: connection #1 was not used for 10 s");
        gets(lab, &pool, "the connection's number", 2);
    });
}

#[test]
fn s4_prewarm_keeps_the_order() {
    netlab::lab(|lab| {
        lab.why("The connection used last lies on top, the one that has been idle for the longest time at the bottom. prewarm takes them off to look at them, and must put them back in the same order. New ones come on top.");
        let fake = Fake::new();
        let pool = pool(3, &fake);
        idle_ones(lab, &pool, 2);
        prewarmed(lab, &pool, 2);
        gets(lab, &pool, "the one used last", 2);
        prewarmed(lab, &pool, 3);
        ready_is(lab, &pool, 1, "ready, of three that are idle", 1);
        lab.because(
            "This caller needs one, and there are more. They are good, and stay on the shelf.",
        )
        .same("idle", pool.state().idle, 3);
        let ids = [get(lab, &pool), get(lab, &pool), get(lab, &pool)].map(|lease| lease.id);
        lab.same("the connections, last one first", ids, [3, 2, 1]);
    });
}

#[test]
fn s4_what_prewarm_made_may_be_stale() {
    netlab::lab(|lab| {
        lab.why("reused() is true for a connection that comes from the shelf, even if it was never used: it was idle, and may have died there.");
        let fake = Fake::new();
        let pool = pool(1, &fake);
        prewarmed(lab, &pool, 1);
        lab.same("reused()", get(lab, &pool).reused(), true);
    });
}

#[test]
fn s4_the_clock_is_read_for_each_choice() {
    netlab::lab(|lab| {
        lab.why("The check of connection #2 takes 10 s and says no. Connection #1 grows old meanwhile: ask the clock again for each connection that you look at.");
        let goes_on: Arc<Mutex<Option<netlab::ManualClock>>> = Arc::default();
        let going = goes_on.clone();
        let fake = Fake::new().checking(move |conn| {
            if let Some(clock) = &*going.lock().expect("no panic in here") {
                clock.advance(Duration::from_secs(10));
            }
            !conn.broken
        });
        let (pool, clock) = aging_pool(2, limits(Some(10), None), &fake);
        let (good, mut bad) = (get(lab, &pool), get(lab, &pool));
        bad.broken = true;
        lab.you("leases end: #1, then #2, which is broken", || {
            drop(good);
            drop(bad);
        });
        *goes_on.lock().expect("no panic in here") = Some(clock);
        gets(lab, &pool, "the connection: #1 has been idle for 10 s", 3);
    });
}

#[test]
fn s4_prewarm_looks_at_the_shelf_each_time() {
    netlab::lab(|lab| {
        lab.why("A lease ends while prewarm connects: its connection is idle now, and its permit free. A thread that takes this permit and connects without another look at the shelf makes one too many.");
        let ends: Arc<Mutex<Option<Lease<Fake>>>> = Arc::default();
        let ending = ends.clone();
        let fake = Fake::new().connecting(move |_| {
            let lease = ending.lock().expect("no panic in here").take();
            drop(lease);
            Ok(())
        });
        let pool = pool(2, &fake);
        let lease = get(lab, &pool);
        *ends.lock().expect("no panic in here") = Some(lease);
        let ready = lab.ok("prewarm(2), while a lease ends", || pool.prewarm(2));
        lab.same("ready", ready, 2);
        peak_is(lab, &fake, 2);
    });
}

#[test]
fn s4_prewarm_keeps_the_order_when_it_fails() {
    netlab::lab(|lab| {
        lab.why("prewarm could not connect for the third. The two good ones were only looked at: each goes back to its own place, whether there is an error or not.");
        let fake = Fake::new().connecting(|n| if n == 3 { Err("refused") } else { Ok(()) });
        let pool = pool(3, &fake);
        idle_ones(lab, &pool, 2);
        let error = lab.err("prewarm(3)", || pool.prewarm(3));
        lab.same("the error", error, "refused");
        let ids = [get(lab, &pool), get(lab, &pool)].map(|lease| lease.id);
        lab.same("the connections, last one first", ids, [2, 1]);
    });
}
