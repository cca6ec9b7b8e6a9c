use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connection_pool::{Limits, Pool, PoolError};
use netlab::{Lab, Running};

use super::fake::{Fake, aging_pool, get, getting, limits, pool, prewarmed, state_is, waiting};

const TEN_SECONDS: Duration = Duration::from_secs(10);

const IDLE: Limits = Limits {
    max_idle: Some(TEN_SECONDS),
    max_age: None,
};

fn reaps(lab: &Lab, pool: &Pool<Fake>, which: &str, want: usize) {
    let closed = lab.you("reap()", || pool.reap());
    lab.same(which, closed, want);
}

fn reaping(lab: &Lab, pool: &Pool<Fake>, what: &str) -> Running<usize> {
    let pool = pool.clone();
    lab.student(what, move || pool.reap())
}

#[test]
fn s6_reap_closes_what_is_idle_too_long() {
    netlab::lab(|lab| {
        lab.why("TCP has no time-out for an idle connection. The program that opened it has to close it.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(4, IDLE, &fake);
        prewarmed(lab, &pool, 3);
        reaps(lab, &pool, "closed by reap() at 0 s", 0);
        clock.advance(TEN_SECONDS);
        lab.note("the clock shows 10 s");
        reaps(lab, &pool, "closed by reap() at 10 s", 3);
        lab.same("connections that exist", fake.live(), 0);
        state_is(lab, "after it", &pool, (0, 0, 0));
        drop(get(lab, &pool));
        lab.same("calls of connect: the pool lives on", fake.attempts(), 4);
    });
}

#[test]
fn s6_reap_leaves_what_is_in_use() {
    netlab::lab(|lab| {
        lab.why("reap must not close a connection in use. It is not on the shelf, and its idle time begins when it comes back.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(2, IDLE, &fake);
        let (busy, idle) = (get(lab, &pool), get(lab, &pool));
        lab.you("first of two leases ends", || drop(idle));
        clock.advance(TEN_SECONDS * 6);
        lab.note("the clock shows 60 s");
        reaps(lab, &pool, "closed by reap()", 1);
        state_is(lab, "after it", &pool, (0, 1, 0));
        lab.same("connections that exist", fake.live(), 1);
        lab.why("When all permits are in use, there is nothing to close. reap never waits.");
        let other = get(lab, &pool);
        reaps(lab, &pool, "closed by reap() while both are in use", 0);
        lab.you("another lease ends: discard()", || other.discard());
        lab.why("reap must not close a connection in use. It is not on the shelf, and its idle time begins when it comes back.");
        lab.you("second lease ends", || drop(busy));
        reaps(lab, &pool, "closed by reap() right after", 0);
        state_is(lab, "in the end", &pool, (1, 0, 0));
    });
}

#[test]
fn s6_reap_finds_the_old_among_the_young() {
    netlab::lab(|lab| {
        lab.why("By age, the expired ones may lie anywhere on the shelf. Do not stop at the first that is not.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(3, limits(None, Some(10)), &fake);
        let old = get(lab, &pool);
        clock.advance(TEN_SECONDS / 2);
        let (young, younger) = (get(lab, &pool), get(lab, &pool));
        lab.you("leases end: young, old, young", || {
            drop(young);
            drop(old);
            drop(younger);
        });
        clock.advance(TEN_SECONDS / 2);
        lab.note("the clock shows 10 s: one connection is 10 s old, two are 5 s old");
        reaps(lab, &pool, "closed by reap()", 1);
        let ids = [get(lab, &pool), get(lab, &pool)].map(|lease| lease.id);
        lab.same("the two that are left", ids, [3, 2]);
    });
}

#[test]
fn s6_without_limits_nothing_is_reaped() {
    netlab::lab(|lab| {
        lab.why("No limit is no limit.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(2, Limits::default(), &fake);
        prewarmed(lab, &pool, 2);
        clock.advance(TEN_SECONDS * 1_000_000);
        reaps(lab, &pool, "closed by reap()", 0);
        lab.same("connections that exist", fake.live(), 2);
    });
}

#[test]
fn s6_last_in_first_out_lets_the_tail_go_idle() {
    netlab::lab(|lab| {
        lab.why("After a busy hour ten connections are idle, and two do all the work. First in, first out would use all ten in turn for ever; last in, first out lets eight grow old.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(10, IDLE, &fake);
        prewarmed(lab, &pool, 10);
        for _ in 0..10 {
            clock.advance(TEN_SECONDS / 5);
            let pair = (get(lab, &pool), get(lab, &pool));
            lab.you("two leases end", || drop(pair));
        }
        lab.note("the clock shows 20 s: for 20 s, two at a time were in use");
        reaps(lab, &pool, "closed by reap()", 8);
        state_is(lab, "after it", &pool, (2, 0, 0));
    });
}

#[test]
fn s6_reap_keeps_to_the_limit() {
    netlab::lab(|lab| {
        lab.why("A connection that is being closed still exists. If it is off the shelf and no permit is held for it, another thread connects in its place: one more than the limit.");
        let gate = lab.gate("the close of connection #1");
        let fake = Fake::new().close_held(&gate, 1);
        let (pool, clock) = aging_pool(1, IDLE, &fake);
        drop(get(lab, &pool));
        clock.advance(TEN_SECONDS);
        let reaper = reaping(lab, &pool, "reap()");
        gate.expects_arrivals(1);
        let user = getting(lab, &pool, "get(), meanwhile");
        lab.until(
            "get() to wait until connection #1 is closed",
            || (pool.state().waiting, fake.attempts()),
            |&(waiting, attempts)| waiting == 1 || attempts == 2,
        );
        lab.same(
            "calls of connect while connection #1 is being closed",
            fake.attempts(),
            1,
        );
        gate.opens();
        lab.same("closed by reap()", reaper.returns(), 1);
        lab.same("the user's connection", user.returns_ok(), 2);
        lab.same("most connections at the same time", fake.peak(), 1);
        state_is(lab, "in the end", &pool, (1, 0, 0));
    });
}

#[test]
fn s6_many_expired_ones_keep_to_the_limit() {
    netlab::lab(|lab| {
        lab.why("One permit is the right to one connection. Under one permit only one may be off the shelf and not yet closed: if reap takes several off first, there are more connections than permits.");
        let gate = lab.gate("the first close");
        let (slow, first) = (gate.clone(), AtomicBool::new(true));
        let fake = Fake::new().closing(move |_| {
            if first.swap(false, SeqCst) {
                slow.waits();
            }
        });
        let (pool, clock) = aging_pool(2, IDLE, &fake);
        prewarmed(lab, &pool, 2);
        clock.advance(TEN_SECONDS);
        lab.note("the clock shows 10 s: two idle connections are expired");
        let reaper = reaping(lab, &pool, "reap()");
        gate.expects_arrivals(1);
        let user = getting(lab, &pool, "get(), meanwhile");
        // Who holds both permits while closing makes the user wait, and is right as well.
        user.settles();
        lab.same("most connections at the same time", fake.peak(), 2);
        gate.opens();
        reaper.returns();
        lab.same("the user's connection", user.returns_ok(), 3);
        lab.same("most connections at the same time", fake.peak(), 2);
        state_is(lab, "in the end", &pool, (1, 0, 0));
    });
}

#[test]
fn s6_close_wakes_waiters_and_drops_returns() {
    netlab::lab(|lab| {
        lab.why("close() does three things: the threads that wait get Closed, idle connections are closed now, and those in use when they come back.");
        let fake = Fake::new();
        let pool = pool(2, &fake);
        prewarmed(lab, &pool, 2);
        let (first, second) = (get(lab, &pool), get(lab, &pool));
        let asking = pool.clone();
        let waiter = lab.student("get()", move || {
            matches!(asking.get(), Err(PoolError::Closed))
        });
        waiting(lab, &pool, 1);
        lab.you("close()", || pool.close());
        lab.same("the waiter gets Closed", waiter.returns(), true);
        lab.same("connections that exist: both are in use", fake.live(), 2);
        lab.you("first of two leases ends", || drop(first));
        lab.same("connections that exist", fake.live(), 1);
        lab.you("second lease ends: its user panics", || {
            super::panic_while_holding(second)
        });
        lab.same("connections that exist", fake.live(), 0);
        state_is(lab, "in the end", &pool, (0, 0, 0));
    });
}

#[test]
fn s6_closed_is_closed_for_those_who_come_later() {
    netlab::lab(|lab| {
        lab.why("A closed pool makes no more connections, and has none.");
        let fake = Fake::new();
        let pool = pool(2, &fake);
        prewarmed(lab, &pool, 2);
        lab.you("close()", || pool.close());
        lab.same("connections that exist", fake.live(), 0);
        let late = lab.you("get()", || matches!(pool.get(), Err(PoolError::Closed)));
        lab.same("get() gives Closed", late, true);
        let late = lab.you("get_fresh()", || {
            matches!(pool.get_fresh(), Err(PoolError::Closed))
        });
        lab.same("get_fresh() gives Closed", late, true);
        let none = lab.you("try_get()", || pool.try_get().is_none());
        lab.same("try_get() gives None", none, true);
        lab.same(
            "ready after prewarm(2)",
            lab.ok("prewarm(2)", || pool.prewarm(2)),
            0,
        );
        reaps(lab, &pool, "closed by reap()", 0);
        lab.you("close(), a second time", || pool.close());
        lab.same("calls of connect: two, long ago", fake.attempts(), 2);
    });
}

#[test]
fn s6_a_connect_under_way_ends_well() {
    netlab::lab(|lab| {
        let gate = lab.gate("connect #1");
        let fake = Fake::new().connect_held(&gate, 1);
        let pool = pool(1, &fake);
        lab.why("The pool closes while a user connects. That user still gets its connection.");
        let user = getting(lab, &pool, "get()");
        gate.expects_arrivals(1);
        lab.you("close(), while it connects", || pool.close());
        gate.opens();
        lab.same("the user's connection", user.returns_ok(), 1);
        keeps_nothing(lab, &pool);
    });
}

#[test]
fn s6_a_check_under_way_ends_well() {
    netlab::lab(|lab| {
        for (answer, want) in [("good", 1), ("bad", 2)] {
            lab.scene(format!(
                "get() has waited, and checks connection #1, which is {answer}"
            ));
            lab.why("The pool closes while a user checks a connection. That user keeps its turn until the call ends: it gets this connection, or makes one. A call that gives the turn back half-way waits twice, or gets Closed.");
            let gate = lab.gate("the check of connection #1");
            let fake = Fake::new().check_held(&gate, 1);
            let pool = pool(1, &fake);
            let mut lease = get(lab, &pool);
            lease.broken = answer == "bad";
            let user = getting(lab, &pool, "get()");
            waiting(lab, &pool, 1);
            lab.you("lease ends", || drop(lease));
            gate.expects_arrivals(1);
            lab.you("close(), while get() checks #1", || pool.close());
            gate.opens();
            lab.same("the user's connection", user.returns_ok(), want);
            keeps_nothing(lab, &pool);
        }
        lab.scene("get_fresh() has its turn, and closes connection #1 to make room");
        lab.why("The pool closes while a user makes room. That user keeps its turn until the call ends, and may connect. A call that gives the turn back half-way waits twice, or gets Closed.");
        let gate = lab.gate("the close of connection #1");
        let fake = Fake::new().close_held(&gate, 1);
        let pool = pool(1, &fake);
        prewarmed(lab, &pool, 1);
        let asking = pool.clone();
        let user = lab.student("get_fresh()", move || {
            asking.get_fresh().map(|lease| lease.id)
        });
        // Who makes no room connects at once, and another test says why that is wrong.
        lab.until(
            "get_fresh() to close #1",
            || (gate.arrivals(), fake.attempts()),
            |&(arrivals, attempts)| arrivals > 0 || attempts > 1,
        );
        lab.you("close(), while get_fresh() makes room", || pool.close());
        gate.opens();
        lab.same("the user's connection", user.returns_ok(), 2);
        keeps_nothing(lab, &pool);
    });
}

/// Demands that a closed pool is empty, when the last lease has ended.
fn keeps_nothing(lab: &Lab, pool: &Pool<Fake>) {
    lab.because("A closed pool keeps nothing: the connection goes with its lease.")
        .same("connections that exist", pool.manager().live(), 0);
    state_is(lab, "in the end", pool, (0, 0, 0));
}

#[test]
fn s6_closed_before_it_is_emptied() {
    netlab::lab(|lab| {
        lab.why("An idle connection that is being closed still exists. Close the permits first: as long as they are open, another thread can find the shelf empty, and connect. That is one too many, in a pool that is closing.");
        let gate = lab.gate("the close of an idle connection");
        let slow = gate.clone();
        let fake = Fake::new().closing(move |_| slow.waits());
        let pool = pool(2, &fake);
        prewarmed(lab, &pool, 2);
        let closing = pool.clone();
        let close = lab.student("close(), in thread A", move || closing.close());
        gate.expects_arrivals(1);
        let asking = pool.clone();
        let user = lab.student("get(), in thread B", move || match asking.get() {
            Err(PoolError::Closed) => "Closed",
            Err(_) => "another error",
            Ok(_) => "a connection",
        });
        // Whoever waits here for the close to end is right as well.
        user.settles();
        gate.opens();
        close.returns();
        lab.same(
            "what B gets while A closes the pool",
            user.returns(),
            "Closed",
        );
        lab.same("most connections at the same time", fake.peak(), 2);
        lab.same("connections that exist", fake.live(), 0);
    });
}

#[test]
fn s6_the_young_stay_on_the_shelf() {
    netlab::lab(|lab| {
        for below in 0..=2 {
            lab.scene(format!(
                "one old connection on the shelf, with {below} young ones below it and {} above",
                2 - below
            ));
            lab.why("reap holds one permit, so one connection may be off the shelf: the one that it closes. If it takes the young ones off to look at them, another thread finds an empty shelf and a free permit, and connects: one too many.");
            let gate = lab.gate("the close of connection #1");
            let fake = Fake::new().close_held(&gate, 1);
            let (pool, clock) = aging_pool(4, limits(None, Some(10)), &fake);
            let old = get(lab, &pool);
            clock.advance(TEN_SECONDS / 2);
            let mut leases = vec![get(lab, &pool), get(lab, &pool)];
            let busy = get(lab, &pool);
            leases.insert(below, old);
            lab.you("three leases end, in this order", || drop(leases));
            clock.advance(TEN_SECONDS / 2);
            lab.note("the clock shows 10 s: connection #1 is 10 s old, the others are 5 s old");
            let reaper = reaping(lab, &pool, "reap(), in thread A");
            gate.expects_arrivals(1);
            lab.same("idle ones while #1 is being closed", pool.state().idle, 2);
            let b = getting(lab, &pool, "get(), in thread B");
            // Who holds a permit for each of them makes B wait, and is right as well.
            b.settles();
            lab.you("the lease of #4 ends, while #1 is being closed", || {
                drop(busy)
            });
            gate.opens();
            lab.because("reap counts the connections that it closes. It does not count those that come back or are taken meanwhile.")
                .same("closed by reap()", reaper.returns(), 1);
            b.returns_ok();
            lab.same("calls of connect", fake.attempts(), 4);
            lab.same("most connections at the same time", fake.peak(), 4);
            state_is(lab, "in the end", &pool, (3, 0, 0));
        }
    });
}

#[test]
fn s6_what_prewarm_made_goes_with_the_pool() {
    netlab::lab(|lab| {
        for (end, outcome) in [("works", Ok(())), ("fails", Err("refused"))] {
            lab.scene(format!(
                "prewarm(3); the pool closes during the third connect, which {end}"
            ));
            lab.why("A closed pool keeps nothing: the connections that prewarm holds are closed when they come back. Close the connection first, and then free its permit: until it is closed it exists, and counts.");
            let closes: Arc<Mutex<Option<Pool<Fake>>>> = Arc::default();
            let fewest = Arc::new(Mutex::new(None));
            let (closing, counting) = (closes.clone(), closes.clone());
            let count = fewest.clone();
            let fake = Fake::new()
                .connecting(move |n| {
                    if let (3, Some(pool)) = (n, &*closing.lock().expect("no panic in here")) {
                        pool.close();
                    }
                    if n == 3 { outcome } else { Ok(()) }
                })
                .closing(move |_| {
                    if let Some(pool) = &*counting.lock().expect("no panic in here") {
                        let spare = pool.state().in_use as isize - pool.manager().live() as isize;
                        let mut fewest = count.lock().expect("no panic in here");
                        *fewest = Some(fewest.map_or(spare, |before: isize| before.min(spare)));
                    }
                });
            let pool = pool(3, &fake);
            *closes.lock().expect("no panic in here") = Some(pool.clone());
            let asking = pool.clone();
            let prewarm = lab.student("prewarm(3)", move || asking.prewarm(3).is_ok());
            lab.same("prewarm(3) succeeds", prewarm.returns(), outcome.is_ok());
            *closes.lock().expect("no panic in here") = None;
            lab.same("connections that exist", fake.live(), 0);
            state_is(lab, "in the end", &pool, (0, 0, 0));
            let fewest = *fewest.lock().expect("no panic in here");
            lab.holds(
                fewest.is_some_and(|fewest| fewest >= 0),
                "a permit in use for each connection that is still being closed",
                fewest.map_or("no close".to_owned(), |n| format!("{} without one", -n)),
            );
        }
    });
}

#[test]
fn s6_reap_leaves_the_others_as_they_are() {
    netlab::lab(|lab| {
        lab.why("Looking at a connection is not a use. The idle time of those that stay goes on.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(2, IDLE, &fake);
        prewarmed(lab, &pool, 2);
        clock.advance(TEN_SECONDS / 2);
        lab.note("the clock shows 5 s");
        reaps(lab, &pool, "closed by reap()", 0);
        clock.advance(TEN_SECONDS / 2);
        lab.note("the clock shows 10 s");
        reaps(lab, &pool, "closed by reap()", 2);
    });
}

#[test]
fn s6_reap_goes_by_the_limits_alone() {
    netlab::lab(|lab| {
        lab.why("reap checks the limits, and does not ask the manager: a connection is checked when a user needs it.");
        let fake = Fake::new().checking(|_| false);
        lab.note("the manager finds no connection reusable");
        let (pool, clock) = aging_pool(2, IDLE, &fake);
        prewarmed(lab, &pool, 2);
        clock.advance(TEN_SECONDS / 2);
        lab.note("the clock shows 5 s");
        reaps(lab, &pool, "closed by reap()", 0);
        lab.same("connections that exist", fake.live(), 2);
    });
}

#[test]
fn s6_reap_knows_both_limits() {
    netlab::lab(|lab| {
        lab.why("Reaching either limit is enough, also when both are set.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(2, limits(Some(10), Some(20)), &fake);
        let (busy, idle) = (get(lab, &pool), get(lab, &pool));
        lab.you("one of two leases ends", || drop(idle));
        clock.advance(TEN_SECONDS);
        lab.note("the clock shows 10 s: #2 was idle for 10 s");
        reaps(lab, &pool, "closed by reap()", 1);
        clock.advance(TEN_SECONDS);
        lab.you("the other lease ends, at 20 s", || drop(busy));
        lab.note("#1 is 20 s old, and came back just now");
        reaps(lab, &pool, "closed by reap()", 1);
    });
}
