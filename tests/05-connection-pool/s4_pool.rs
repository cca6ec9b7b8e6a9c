use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use connection_pool::{Lease, Limits, Pool, PoolError};
use netlab::Lab;

use super::fake::{Fake, aging_pool, get, pool, pool_with, state_is, waiting};
use super::panic_while_holding;

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

#[test]
fn s4_lazy_then_reused() {
    netlab::lab(|lab| {
        lab.why("A pool connects when somebody needs a connection, and not again while an idle one will do.");
        let fake = Fake::new();
        let pool = pool(4, &fake);
        connects_are(lab, &fake, 0);
        for user in 0..10 {
            let lease = get(lab, &pool);
            lab.same("the connection's number", lease.id, 1);
            lab.same("reused()", lease.reused(), user > 0);
            state_is(lab, "while it is leased", &pool, (0, 1, 0));
            lab.you("lease ends: drop(lease)", || drop(lease));
        }
        lab.why("Ten users, one after the other. Each found the connection of the one before.");
        connects_are(lab, &fake, 1);
        state_is(lab, "in the end", &pool, (1, 0, 0));
    });
}

#[test]
fn s4_returns_on_drop_and_on_question_mark() {
    netlab::lab(|lab| {
        lab.why("Users leave early. The lease's Drop is the only code that runs on every way out.");
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
        let lease = get(lab, &pool);
        lab.same("the connection, as it was left", lease.id, 7);
    });
}

#[test]
fn s4_discard_frees_the_place() {
    netlab::lab(|lab| {
        lab.why("A discarded connection is closed, and its place belongs to the next one.");
        let fake = Fake::new();
        let pool = pool(1, &fake);
        let lease = get(lab, &pool);
        lab.you("discard()", || lease.discard());
        state_is(lab, "after discard()", &pool, (0, 0, 0));
        lab.same("connections that exist", fake.live(), 0);
        let lease = get(lab, &pool);
        lab.same("the next connection's number", lease.id, 2);
    });
}

#[test]
fn s4_never_more_than_max() {
    netlab::lab(|lab| {
        lab.why(
            "The server has a limit too. 32 threads share 4 connections; nobody makes a fifth.",
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
        let served = lab.student("get() in the other 28 threads", move || {
            users
                .into_iter()
                .filter_map(|user| user.join().ok())
                .filter(|&ok| ok)
                .count()
        });
        lab.same("threads that got a connection", served.returns(), 32);
        lab.same("most connections at the same time", fake.peak(), 4);
        state_is(lab, "in the end", &pool, (4, 0, 0));
    });
}

#[test]
fn s4_the_waiter_finds_the_returned_one() {
    netlab::lab(|lab| {
        lab.why("First the connection is back on the shelf, then somebody may look for it. The other way round, who is let in finds nothing and connects: one too many.");
        let fake = Fake::new();
        let pool = pool(1, &fake);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let pool = pool.clone();
                move || (0..200).filter(|_| pool.get().is_ok()).count()
            })
            .collect();
        let users = lab.student(
            "get() and drop, 200 times in each of 4 threads",
            move || {
                let running: Vec<_> = threads.into_iter().map(thread::spawn).collect();
                running
                    .into_iter()
                    .map(|user| user.join().unwrap_or(0))
                    .sum::<usize>()
            },
        );
        lab.same("successful gets", users.returns(), 800);
        connects_are(lab, &fake, 1);
        state_is(lab, "in the end", &pool, (1, 0, 0));
    });
}

#[test]
fn s4_timeout_is_typed_and_leaks_nothing() {
    netlab::lab(|lab| {
        lab.why(
            "Timeout says \"all were busy\", which is another trouble than \"the server is down\".",
        );
        let fake = Fake::new();
        let pool = pool_with(1, Duration::from_millis(20), &fake);
        let lease = get(lab, &pool);
        match lab.you("get()", || pool.get()) {
            Err(PoolError::Timeout { waited }) => lab.holds(
                waited >= Duration::from_millis(20),
                "`waited` is 20 ms at least",
                format!("{waited:?}"),
            ),
            other => lab.fails("Timeout", word(&other)),
        }
        state_is(lab, "after the time-out", &pool, (0, 1, 0));
        lab.you("lease ends: drop(lease)", || drop(lease));
        state_is(lab, "after the return", &pool, (1, 0, 0));
        connects_are(lab, &fake, 1);
    });
}

#[test]
fn s4_try_get_never_waits_and_never_connects() {
    netlab::lab(|lab| {
        lab.why("try_get is for those who have a plan B. It takes what is there, and does nothing that can last.");
        let fake = Fake::new();
        let pool = pool(1, &fake);
        let none = lab.you("try_get()", || pool.try_get());
        lab.holds(
            none.is_none(),
            "None, since nothing is idle",
            "a connection",
        );
        connects_are(lab, &fake, 0);
        state_is(lab, "after it", &pool, (0, 0, 0));
        let lease = get(lab, &pool);
        let none = lab.you("try_get()", || pool.try_get());
        lab.holds(
            none.is_none(),
            "None, since the only connection is leased",
            "a connection",
        );
        lab.you("lease ends: drop(lease)", || drop(lease));
        let Some(mut lease) = lab.you("try_get()", || pool.try_get()) else {
            lab.fails("the idle connection", "None");
        };
        lab.same("reused()", lease.reused(), true);

        lab.why("A broken one is no connection, for try_get either.");
        lease.broken = true;
        lab.you("lease ends, with the connection broken", || drop(lease));
        let none = lab.you("try_get()", || pool.try_get());
        lab.holds(
            none.is_none(),
            "None, since the idle connection is broken",
            "a connection",
        );
        state_is(lab, "in the end", &pool, (0, 0, 0));
        connects_are(lab, &fake, 1);
    });
}

#[test]
fn s4_prewarm_makes_what_is_missing() {
    netlab::lab(|lab| {
        lab.why("prewarm(3) makes sure that three are ready. What is idle already counts.");
        let fake = Fake::new();
        let pool = pool(4, &fake);
        let ready = lab.ok("prewarm(3)", || pool.prewarm(3));
        lab.same("ready", ready, 3);
        connects_are(lab, &fake, 3);
        state_is(lab, "after it", &pool, (3, 0, 0));
        let ready = lab.ok("prewarm(3)", || pool.prewarm(3));
        lab.same("ready", ready, 3);
        connects_are(lab, &fake, 3);

        lab.why("The limit holds here too, and those in use are part of it.");
        let lease = get(lab, &pool);
        let ready = lab.ok("prewarm(9)", || pool.prewarm(9));
        lab.same("ready, with 1 of 4 in use", ready, 3);

        lab.why("n is a wish. The limit says how many there can be, so the wish is no reason to reserve memory.");
        let ready = lab.ok("prewarm(usize::MAX)", || pool.prewarm(usize::MAX));
        lab.same("ready, with 1 of 4 in use", ready, 3);
        lab.you("lease ends: drop(lease)", || drop(lease));
        state_is(lab, "in the end", &pool, (4, 0, 0));
        lab.same("most connections at the same time", fake.peak(), 4);
    });
}

#[test]
fn s4_prewarm_says_when_it_cannot() {
    netlab::lab(|lab| {
        lab.why("The first two connects work and the third fails. Two are kept, no place is lost, and the caller hears of it.");
        let fake = Fake::new().connecting(|n| if n == 3 { Err("refused") } else { Ok(()) });
        let pool = pool(4, &fake);
        let error = lab.err("prewarm(4)", || pool.prewarm(4));
        lab.same("the error", error, "refused");
        state_is(lab, "after it", &pool, (2, 0, 0));
        let ready = lab.ok("prewarm(4)", || pool.prewarm(4));
        lab.same("ready at the second attempt", ready, 4);
    });
}

#[test]
fn s4_connect_outside_the_lock() {
    netlab::lab(|lab| {
        lab.why("A connect can take seconds. While A connects, B only wants to return its connection and take it again; nothing of that needs A.");
        let gate = lab.gate("connect #2");
        let slow = gate.clone();
        let fake = Fake::new().connecting(move |n| {
            if n == 2 {
                slow.waits();
            }
            Ok(())
        });
        let pool = pool(2, &fake);
        let lease = get(lab, &pool);
        let asking = pool.clone();
        let a = lab.student("get(), in thread A", move || {
            asking.get().map(|lease| lease.id)
        });
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
        lab.why("A health check may ask the network. While A's connection is being checked, B gets and returns another one.");
        let gate = lab.gate("the check of connection #2");
        let slow = gate.clone();
        let fake = Fake::new().checking(move |conn| {
            if conn.id == 2 {
                slow.waits();
            }
            true
        });
        let pool = pool(2, &fake);
        let (one, two) = (get(lab, &pool), get(lab, &pool));
        lab.you("two leases end", || (drop(one), drop(two)));
        let asking = pool.clone();
        let a = lab.student("get(), in thread A", move || {
            asking.get().map(|lease| lease.id)
        });
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
        lab.why("With a pool of one, one leaked place is all there is. After a failed connect nobody holds anything.");
        let fake = Fake::new().connecting(|n| if n < 3 { Err("refused") } else { Ok(()) });
        let pool = pool_with(1, Duration::ZERO, &fake);
        for _ in 0..2 {
            let outcome = lab.you("get()", || pool.get());
            lab.same(
                "what get() gives",
                word(&outcome).as_str(),
                "Connect(\"refused\")",
            );
            let words = outcome.err().map(|error| error.to_string());
            lab.same("the error in words", words.as_deref(), Some("refused"));
            state_is(lab, "after the failure", &pool, (0, 0, 0));
        }
        let lease = get(lab, &pool);
        lab.same("the connection's number", lease.id, 3);
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
        lab.same("reused()", lease.reused(), false);
        lab.same("connections that exist: #1 is closed", fake.live(), 1);

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
        lab.why(
            "What has reached a limit is as good as broken, whatever the manager thinks of it.",
        );
        let limits = Limits {
            max_idle: Some(Duration::from_secs(10)),
            max_age: Some(Duration::from_secs(60)),
        };
        let fake = Fake::new();
        let (pool, clock) = aging_pool(1, limits, &fake);
        let go = |seconds| {
            clock.advance(Duration::from_secs(seconds));
            lab.note(format!("the clock shows {} s", clock.now().as_secs()));
        };
        let used_at = |which: &str, want| {
            let lease = get(lab, &pool);
            lab.same(which, lease.id, want);
            lease
        };
        go(5);
        let lease = used_at("the connection at 5 s", 1);
        go(20);
        lab.you("lease ends: drop(lease), at 25 s", || drop(lease));
        lab.why("Idle time counts from the return, not from the making: the user had it for 20 s.");
        go(9);
        drop(used_at("the connection after 9 s on the shelf", 1));
        go(10);
        lab.why("10 s on the shelf are the limit.");
        let lease = used_at("the connection after 10 s on the shelf", 2);
        drop(lease);

        lab.why("Used every 9 s, the connection is never idle for long. At the age of 60 s it goes all the same.");
        for _ in 0..6 {
            go(9);
            drop(used_at("the busy connection", 2));
        }
        go(6);
        drop(used_at("the connection when #2 is 60 s old", 3));
        lab.same("connections that exist", fake.live(), 1);
    });
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
        let lease = get(lab, &pool);
        lab.same("the next connection", lease.id, 2);
    });
}

#[test]
fn s4_panic_in_connect_or_in_the_check() {
    netlab::lab(|lab| {
        lab.why("The manager is somebody else's code, and it panics. No place may be lost, no lock may stay poisoned, and the connection under examination goes.");
        let [ill_connect, ill_check] = [true, false].map(|ill| Arc::new(AtomicBool::new(ill)));
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

        panics(lab, &pool, "connect");
        state_is(lab, "after the panic in connect", &pool, (0, 0, 0));
        ill_connect.store(false, SeqCst);
        let lease = get(lab, &pool);
        lab.you("lease ends: drop(lease)", || drop(lease));

        ill_check.store(true, SeqCst);
        panics(lab, &pool, "is_reusable");
        state_is(lab, "after the panic in is_reusable", &pool, (0, 0, 0));
        lab.same("connections that exist", fake.live(), 0);
        ill_check.store(false, SeqCst);
        let lease = get(lab, &pool);
        lab.same("the next connection", lease.id, 3);
    });
}

/// Part of a manager that panics while it is ill. The laboratory's hook does not see this panic,
/// so it is not taken for one of the student's.
fn panic_if(ill: &AtomicBool) {
    if ill.load(SeqCst) {
        resume_unwind(Box::new("the manager panics"));
    }
}

/// Calls get on a thread, which the manager's panic ends.
fn panics(lab: &Lab, pool: &Pool<Fake>, place: &str) {
    let pool = pool.clone();
    let thread = lab.student(&format!("get(), with a panic in {place}"), move || {
        thread::spawn(move || drop(pool.get())).join().is_err()
    });
    lab.same(
        "the panic reaches the caller of get()",
        thread.returns(),
        true,
    );
}

#[test]
fn s4_fresh_means_fresh() {
    netlab::lab(|lab| {
        lab.why("Who asks for a fresh connection has just seen an idle one die. With the limit reached, an idle one makes room.");
        let fake = Fake::new();
        let pool = pool(2, &fake);
        lab.ok("prewarm(2)", || pool.prewarm(2));
        let lease = lab.ok("get_fresh()", || pool.get_fresh());
        lab.same("the connection's number", lease.id, 3);
        lab.same("reused()", lease.reused(), false);
        let second = lab.ok("get_fresh()", || pool.get_fresh());
        lab.same("the connection's number", second.id, 4);
        state_is(lab, "with both places in use", &pool, (0, 2, 0));
        lab.same(
            "most connections at the same time, idle ones included",
            fake.peak(),
            2,
        );
        lab.you("two leases end", || (drop(lease), drop(second)));
        state_is(lab, "in the end", &pool, (2, 0, 0));
    });
}

#[test]
fn s4_fresh_ones_keep_to_the_limit_and_wait_their_turn() {
    netlab::lab(|lab| {
        lab.why("A fresh connection needs a turn like any other, and gives it back when it cannot be made.");
        let fake = Fake::new().connecting(|n| if n == 2 { Err("refused") } else { Ok(()) });
        lab.note("the server will refuse the second connect, and no other");
        let pool = pool_with(1, Duration::from_millis(20), &fake);
        let lease = get(lab, &pool);
        let outcome = lab.you("get_fresh()", || pool.get_fresh());
        lab.same("what get_fresh() gives", word(&outcome).as_str(), "Timeout");
        lab.you("lease ends: drop(lease)", || drop(lease));
        let outcome = lab.you("get_fresh()", || pool.get_fresh());
        lab.same(
            "what get_fresh() gives",
            word(&outcome).as_str(),
            "Connect(\"refused\")",
        );
        state_is(lab, "after the failure", &pool, (0, 0, 0));
        let lease = lab.ok("get_fresh()", || pool.get_fresh());
        lab.same("the connection's number", lease.id, 3);
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
        lab.same("most connections at the same time", fake.peak(), 1);
    });
}

#[test]
fn s4_the_oldest_makes_room() {
    netlab::lab(|lab| {
        lab.why("Of the idle connections, the one that has been idle for the longest time is the likeliest to be dead. It makes room, and the one used last stays.");
        let fake = Fake::new();
        let pool = pool(2, &fake);
        let (one, two) = (get(lab, &pool), get(lab, &pool));
        lab.you("leases end: #1, then #2", || {
            drop(one);
            drop(two);
        });
        let fresh = lab.ok("get_fresh()", || pool.get_fresh());
        lab.same("the fresh connection", fresh.id, 3);
        let left = get(lab, &pool);
        lab.same("the connection that is left", left.id, 2);
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
        let lease = get(lab, &pool);
        lab.same("the next connection", lease.id, 2);
        lab.same("most connections at the same time", fake.peak(), 1);
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
        let two_users = |call: &str| {
            [(); 2].map(|()| {
                let asking = pool.clone();
                lab.student(call, move || asking.get().map(|lease| lease.id))
            })
        };
        let users = two_users("get(), which connects");
        connects.expects_arrivals(2);
        connects.opens();
        for user in users {
            user.returns_ok();
        }

        lab.why("A check can ask the network as well. The same holds for it.");
        let users = two_users("get(), which checks");
        checks.expects_arrivals(2);
        checks.opens();
        for user in users {
            user.returns_ok();
        }
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
            lab.why("A connection that is being closed still exists. First it is closed, then its permit is free: the other way round, somebody connects in between, and that is one too many.");
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
            lab.same("most connections at the same time", fake.peak(), 1);
            state_is(lab, "in the end", &pool, (0, 0, 0));
        }
    });
}

#[test]
fn s4_the_clock_is_read_after_the_wait() {
    netlab::lab(|lab| {
        lab.why("B may wait long for its turn, and connections grow old meanwhile. Whether one is too old is a question for the moment when it is chosen.");
        let limits = Limits {
            max_idle: None,
            max_age: Some(Duration::from_secs(60)),
        };
        let fake = Fake::new();
        let (pool, clock) = aging_pool(1, limits, &fake);
        let lease = get(lab, &pool);
        let asking = pool.clone();
        let b = lab.student("get(), in thread B", move || {
            asking.get().map(|lease| lease.id)
        });
        waiting(lab, &pool, 1);
        clock.advance(Duration::from_secs(60));
        lab.note("the clock shows 60 s, while B waits");
        lab.you("lease ends: drop(lease)", || drop(lease));
        lab.same("B's connection: #1 is 60 s old", b.returns_ok(), 2);
        lab.same("most connections at the same time", fake.peak(), 1);
    });
}

#[test]
fn s4_try_get_is_as_strict_as_get() {
    netlab::lab(|lab| {
        lab.why(
            "try_get looks as closely as get does. What has reached a limit is no good connection.",
        );
        let limits = Limits {
            max_idle: Some(Duration::from_secs(10)),
            max_age: None,
        };
        let fake = Fake::new();
        let (pool, clock) = aging_pool(2, limits, &fake);
        lab.ok("prewarm(1)", || pool.prewarm(1));
        clock.advance(Duration::from_secs(10));
        lab.note("the clock shows 10 s");
        let none = lab.you("try_get()", || pool.try_get());
        lab.holds(
            none.is_none(),
            "None, since the idle one is expired",
            "a connection",
        );
        lab.same("connections that exist", fake.live(), 0);

        lab.why("A bad one on top says nothing about the ones below. Drop it and look on.");
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
