use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use connection_pool::{Limits, PoolError};

use super::fake::{Fake, aging_pool, get, pool, state_is, waiting};

const TEN_SECONDS: Duration = Duration::from_secs(10);

const IDLE: Limits = Limits {
    max_idle: Some(TEN_SECONDS),
    max_age: None,
};

#[test]
fn s6_reap_closes_what_is_idle_too_long() {
    netlab::lab(|lab| {
        lab.why("TCP has no time-out for an idle connection. Whoever opened it has to close it.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(4, IDLE, &fake);
        lab.ok("prewarm(3)", || pool.prewarm(3));
        lab.same(
            "closed by reap() at 0 s",
            lab.you("reap()", || pool.reap()),
            0,
        );
        clock.advance(TEN_SECONDS);
        lab.note("the clock shows 10 s");
        lab.same(
            "closed by reap() at 10 s",
            lab.you("reap()", || pool.reap()),
            3,
        );
        lab.same("connections that exist", fake.live(), 0);
        state_is(lab, "after it", &pool, (0, 0, 0));
        drop(get(lab, &pool));
        lab.same("calls of connect: the pool lives on", fake.attempts(), 4);
    });
}

#[test]
fn s6_reap_leaves_what_is_in_use() {
    netlab::lab(|lab| {
        lab.why("A connection in use is nobody's to close. It is not on the shelf, and its idle time begins when it comes back.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(2, IDLE, &fake);
        let (busy, idle) = (get(lab, &pool), get(lab, &pool));
        lab.you("first of two leases ends", || drop(idle));
        clock.advance(TEN_SECONDS * 6);
        lab.note("the clock shows 60 s");
        lab.same("closed by reap()", lab.you("reap()", || pool.reap()), 1);
        state_is(lab, "after it", &pool, (0, 1, 0));
        lab.same("connections that exist", fake.live(), 1);
        lab.why("All permits out means nothing to do. reap is for a quiet moment, and waits for nobody.");
        let other = get(lab, &pool);
        lab.same(
            "closed by reap() while both are in use",
            lab.you("reap()", || pool.reap()),
            0,
        );
        lab.you("another lease ends: discard()", || other.discard());
        lab.why("A connection in use is nobody's to close. It is not on the shelf, and its idle time begins when it comes back.");
        lab.you("second lease ends", || drop(busy));
        lab.same(
            "closed by reap() right after",
            lab.you("reap()", || pool.reap()),
            0,
        );
        state_is(lab, "in the end", &pool, (1, 0, 0));
    });
}

#[test]
fn s6_reap_finds_the_old_among_the_young() {
    netlab::lab(|lab| {
        lab.why("By age, the expired ones may lie anywhere on the shelf. Do not stop at the first that is not.");
        let limits = Limits {
            max_idle: None,
            max_age: Some(TEN_SECONDS),
        };
        let fake = Fake::new();
        let (pool, clock) = aging_pool(3, limits, &fake);
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
        lab.same("closed by reap()", lab.you("reap()", || pool.reap()), 1);
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
        lab.ok("prewarm(2)", || pool.prewarm(2));
        clock.advance(TEN_SECONDS * 1_000_000);
        lab.same("closed by reap()", lab.you("reap()", || pool.reap()), 0);
        lab.same("connections that exist", fake.live(), 2);
    });
}

#[test]
fn s6_last_in_first_out_lets_the_tail_go_idle() {
    netlab::lab(|lab| {
        lab.why("After a busy hour ten connections are idle, and two do all the work. First in, first out would keep all ten warm for ever; last in, first out lets eight grow old.");
        let fake = Fake::new();
        let (pool, clock) = aging_pool(10, IDLE, &fake);
        lab.ok("prewarm(10)", || pool.prewarm(10));
        for _ in 0..10 {
            clock.advance(TEN_SECONDS / 5);
            let pair = (get(lab, &pool), get(lab, &pool));
            lab.you("two leases end", || drop(pair));
        }
        lab.note("the clock shows 20 s: for 20 s, two at a time were in use");
        lab.same("closed by reap()", lab.you("reap()", || pool.reap()), 8);
        state_is(lab, "after it", &pool, (2, 0, 0));
    });
}

#[test]
fn s6_reap_keeps_to_the_limit() {
    netlab::lab(|lab| {
        lab.why("A connection that is being closed still exists. If it is off the shelf and nobody holds a permit for it, somebody connects in its place: one more than the limit.");
        let gate = lab.gate("the close of connection #1");
        let slow = gate.clone();
        let fake = Fake::new().closing(move |id| {
            if id == 1 {
                slow.waits();
            }
        });
        let (pool, clock) = aging_pool(1, IDLE, &fake);
        drop(get(lab, &pool));
        clock.advance(TEN_SECONDS);
        let reaping = pool.clone();
        let reaper = lab.student("reap()", move || reaping.reap());
        gate.expects_arrivals(1);
        let asking = pool.clone();
        let user = lab.student("get(), meanwhile", move || {
            asking.get().map(|lease| lease.id)
        });
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
        lab.why("One permit is the right to one connection. Under one permit only one may be off the shelf and not yet closed: if reap takes several down first, there are more connections than permits.");
        let gate = lab.gate("the first close");
        let (slow, first) = (gate.clone(), AtomicBool::new(true));
        let fake = Fake::new().closing(move |_| {
            if first.swap(false, SeqCst) {
                slow.waits();
            }
        });
        let (pool, clock) = aging_pool(2, IDLE, &fake);
        lab.ok("prewarm(2)", || pool.prewarm(2));
        clock.advance(TEN_SECONDS);
        lab.note("the clock shows 10 s: two idle connections are expired");
        let reaping = pool.clone();
        let reaper = lab.student("reap()", move || reaping.reap());
        gate.expects_arrivals(1);
        let served = Arc::new(AtomicBool::new(false));
        let (asking, told) = (pool.clone(), served.clone());
        let user = lab.student("get(), meanwhile", move || {
            let lease = asking.get();
            told.store(true, SeqCst);
            lease.map(|lease| lease.id)
        });
        // Who holds both permits while closing makes the user wait, and is right as well.
        lab.until(
            "get() to return or to wait, while one is being closed",
            || (served.load(SeqCst), pool.state().waiting),
            |&(served, waiting)| served || waiting == 1,
        );
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
        lab.why("Closing is three things: those who wait are told, what is idle goes now, and what is in use goes when it comes back.");
        let fake = Fake::new();
        let pool = pool(2, &fake);
        lab.ok("prewarm(2)", || pool.prewarm(2));
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
        lab.why("A closed pool makes no connections any more, and has none.");
        let fake = Fake::new();
        let pool = pool(2, &fake);
        lab.ok("prewarm(2)", || pool.prewarm(2));
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
        lab.same("closed by reap()", lab.you("reap()", || pool.reap()), 0);
        lab.you("close(), a second time", || pool.close());
        lab.same("calls of connect: two, long ago", fake.attempts(), 2);
    });
}

#[test]
fn s6_a_connect_under_way_ends_well() {
    netlab::lab(|lab| {
        lab.why("The pool closes while somebody connects. That user still gets its connection, and the connection goes with the lease: a closed pool keeps nothing.");
        let gate = lab.gate("connect #1");
        let slow = gate.clone();
        let fake = Fake::new().connecting(move |_| {
            slow.waits();
            Ok(())
        });
        let pool = pool(1, &fake);
        let asking = pool.clone();
        let user = lab.student("get()", move || {
            asking.get().map(|lease| {
                let id = lease.id;
                drop(lease);
                id
            })
        });
        gate.expects_arrivals(1);
        lab.you("close(), while it connects", || pool.close());
        gate.opens();
        lab.same("the user's connection", user.returns_ok(), 1);
        lab.same("connections that exist", fake.live(), 0);
        state_is(lab, "in the end", &pool, (0, 0, 0));
    });
}
