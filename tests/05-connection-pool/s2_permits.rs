use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use connection_pool::{NoPermit, Permit, Permits};
use netlab::Lab;

use super::{FOR_EVER, panic_while_holding};

fn acquire(lab: &Lab, permits: &Permits) -> Permit {
    lab.ok("acquire(60s)", || permits.acquire(FOR_EVER))
}

fn timed_out(lab: &Lab, permits: &Permits, wait: Duration) -> Duration {
    let outcome = lab.you(&format!("acquire({wait:?})"), || permits.acquire(wait));
    match outcome {
        Err(NoPermit::Timeout { waited }) => waited,
        other => lab.fails("Timeout", word(&other)),
    }
}

fn word(outcome: &Result<Permit, NoPermit>) -> &'static str {
    match outcome {
        Ok(_) => "a permit",
        Err(NoPermit::Timeout { .. }) => "Timeout",
        Err(NoPermit::Closed) => "Closed",
    }
}

fn waiting(lab: &Lab, permits: &Permits, n: usize) {
    let what = format!("{n} waiting in acquire");
    lab.until(&what, || permits.waiting(), |&waiting| waiting == n);
}

#[test]
fn s2_permits_are_counted() {
    netlab::lab(|lab| {
        lab.why(
            "A permit is a value: who has it may go on, and its drop is the way to give it back.",
        );
        let permits = Permits::new(2);
        let first = acquire(lab, &permits);
        lab.same("in use", permits.in_use(), 1);
        let second = acquire(lab, &permits);
        lab.same("in use", permits.in_use(), 2);
        lab.you("permit ends: drop(first)", || drop(first));
        lab.same("in use after one was given back", permits.in_use(), 1);
        lab.same("waiting", permits.waiting(), 0);
        let third = lab.ok("acquire(0ns)", || permits.acquire(Duration::ZERO));
        lab.same("in use: a free permit needs no wait", permits.in_use(), 2);
        drop((second, third));
        lab.same("in use in the end", permits.in_use(), 0);
    });
}

#[test]
fn s2_try_acquire_never_waits() {
    netlab::lab(|lab| {
        lab.why("\"None\" is an answer for now. Who cannot wait asks like this.");
        let permits = Permits::new(1);
        let held = lab.you("try_acquire()", || permits.try_acquire());
        lab.holds(held.is_some(), "a permit, since one is free", "None");
        let none = lab.you("try_acquire()", || permits.try_acquire());
        lab.holds(
            none.is_none(),
            "None at once, since none is free",
            "a permit",
        );
        drop(held);
        let again = lab.you("try_acquire()", || permits.try_acquire());
        lab.holds(again.is_some(), "a permit, since one is free again", "None");
    });
}

#[test]
fn s2_never_more_than_max() {
    netlab::lab(|lab| {
        lab.why("32 threads want one of 4 permits. Counting and deciding must happen under one lock, or two threads count the same free permit.");
        let permits = Permits::new(4);
        let gate = lab.gate("the gate behind the desk");
        let inside = Arc::new(AtomicUsize::new(0));
        let peak = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..32)
            .map(|_| {
                let (permits, gate) = (permits.clone(), gate.clone());
                let (inside, peak) = (inside.clone(), peak.clone());
                thread::spawn(move || {
                    let permit = permits.acquire(FOR_EVER);
                    peak.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                    gate.waits();
                    inside.fetch_sub(1, SeqCst);
                    permit.is_ok()
                })
            })
            .collect();
        lab.note("32 threads call your acquire(60s)");
        gate.expects_arrivals(4);
        waiting(lab, &permits, 28);
        lab.same("in use", permits.in_use(), 4);
        gate.opens();
        let served = lab.student("acquire(60s) in the other 28 threads", move || {
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or(false))
                .filter(|&ok| ok)
                .count()
        });
        lab.same("threads that got a permit in the end", served.returns(), 32);
        lab.same("most at the same time", peak.load(SeqCst), 4);
        lab.same("in use in the end", permits.in_use(), 0);
    });
}

#[test]
fn s2_a_waiter_is_woken() {
    netlab::lab(|lab| {
        lab.why("Who gives a permit back must ring for those who sleep. Notify on every path that frees one: Drop is on all of them.");
        let permits = Permits::new(1);
        let held = acquire(lab, &permits);
        let asking = permits.clone();
        let waiter = lab.student("acquire(60s)", move || asking.acquire(FOR_EVER));
        waiting(lab, &permits, 1);
        lab.you("permit ends: drop(held)", || drop(held));
        let permit = waiter.returns_ok();
        lab.same("in use", permits.in_use(), 1);
        lab.same("waiting", permits.waiting(), 0);

        lab.why("A panic ends a permit too, and rings too.");
        let asking = permits.clone();
        let waiter = lab.student("acquire(60s)", move || asking.acquire(FOR_EVER));
        waiting(lab, &permits, 1);
        lab.you("permit ends: its holder panics", || {
            panic_while_holding(permit)
        });
        drop(waiter.returns_ok());
        lab.same("in use in the end", permits.in_use(), 0);
    });
}

#[test]
fn s2_eight_waiters_eight_returns() {
    netlab::lab(|lab| {
        lab.why("Eight permits come back at once, and eight threads sleep. Each return must wake one of them: a bell that rings only for the first leaves seven asleep beside free permits.");
        for _ in 0..20 {
            let permits = Permits::new(8);
            let held: Vec<Permit> = (0..8)
                .filter_map(|_| permits.acquire(FOR_EVER).ok())
                .collect();
            let waiters: Vec<_> = (0..8)
                .map(|_| {
                    let permits = permits.clone();
                    // Each keeps what it gets, so that no return but the eight can help.
                    thread::spawn(move || permits.acquire(FOR_EVER))
                })
                .collect();
            waiting(lab, &permits, 8);
            drop(held);
            lab.until(
                "8 permits for 8 waiters after 8 returns, and nobody asleep",
                || format!("{} in use, {} waiting", permits.in_use(), permits.waiting()),
                |counts| counts == "8 in use, 0 waiting",
            );
            let served = waiters
                .into_iter()
                .filter_map(|waiter| waiter.join().ok()?.ok());
            lab.same("permits in 8 hands", served.count(), 8);
        }
    });
}

/// Rings for nothing, at most `bells` times, 2 ms or more apart, until the waiter has returned.
fn ring_for_nothing(
    permits: &Permits,
    bells: usize,
    told: &Receiver<&'static str>,
) -> Option<&'static str> {
    (0..bells).find_map(|_| {
        permits.ring();
        told.recv_timeout(Duration::from_millis(2)).ok()
    })
}

/// The student's acquire on a thread. Says in a word what came of it; a permit ends at once.
fn asks(lab: &Lab, permits: &Permits, wait: Duration) -> Receiver<&'static str> {
    let (tell, told) = mpsc::channel();
    let asking = permits.clone();
    lab.student(&format!("acquire({wait:?})"), move || {
        let outcome = asking.acquire(wait);
        // The body may have given up.
        let _ = tell.send(word(&outcome));
    });
    told
}

#[test]
fn s2_a_bell_is_not_a_permit() {
    netlab::lab(|lab| {
        lab.why(
            "A thread that is woken must look again: somebody may have been quicker, and \
             Condvar::wait may return without a bell (its documentation says so). `while`, not `if`.",
        );
        let permits = Permits::new(1);
        let held = acquire(lab, &permits);
        let told = asks(lab, &permits, FOR_EVER);
        waiting(lab, &permits, 1);
        if let Some(outcome) = ring_for_nothing(&permits, 20, &told) {
            lab.fails(
                "acquire(60s) to wait on: the bell rang for nothing",
                outcome,
            );
        }
        lab.note("the bell rings 20 times, for nothing");
        waiting(lab, &permits, 1);
        lab.you("permit ends: drop(held)", || drop(held));
        lab.until(
            "acquire(60s) to return",
            || told.try_recv().ok(),
            |&outcome| outcome == Some("a permit"),
        );
    });
}

#[test]
fn s2_bells_do_not_prolong_the_wait() {
    netlab::lab(|lab| {
        lab.why(
            "The caller gave one deadline for the whole call. A wait that starts anew after each \
             bell may last for ever on a busy day.",
        );
        const BELLS: usize = 400;
        let permits = Permits::new(1);
        let _held = acquire(lab, &permits);
        let told = asks(lab, &permits, Duration::from_millis(200));
        match ring_for_nothing(&permits, BELLS, &told) {
            Some(outcome) => lab.same("what it gets", outcome, "Timeout"),
            None => lab.fails(
                "acquire(200ms) to give up after 200 ms",
                format!("after {BELLS} bells, 2 ms or more apart, it still waits"),
            ),
        }
    });
}

#[test]
fn s2_timeout_is_typed_and_leaks_nothing() {
    netlab::lab(|lab| {
        lab.why("Who gives up must leave no trace: not in the count of those who wait, and not in the count of permits.");
        let permits = Permits::new(1);
        let held = acquire(lab, &permits);
        let wait = Duration::from_millis(20);
        let waited = timed_out(lab, &permits, wait);
        lab.holds(
            waited >= wait,
            "`waited` is 20 ms at least",
            format!("{waited:?}"),
        );
        timed_out(lab, &permits, Duration::ZERO);
        lab.same("waiting, now that they have gone", permits.waiting(), 0);
        lab.same("in use", permits.in_use(), 1);
        lab.you("permit ends: drop(held)", || drop(held));
        lab.same("in use after the return", permits.in_use(), 0);
        let _again = lab.ok("acquire(0ns)", || permits.acquire(Duration::ZERO));
    });
}

#[test]
fn s2_for_ever_is_a_wait_too() {
    netlab::lab(|lab| {
        lab.why("Duration::MAX is how a caller says \"as long as it takes\". Instant::now() + Duration::MAX is no time that exists, and panics.");
        let permits = Permits::new(1);
        let held = acquire(lab, &permits);
        let asking = permits.clone();
        let waiter = lab.student("acquire(Duration::MAX)", move || {
            asking.acquire(Duration::MAX)
        });
        waiting(lab, &permits, 1);
        lab.you("permit ends: drop(held)", || drop(held));
        drop(waiter.returns_ok());
        lab.same("in use in the end", permits.in_use(), 0);
    });
}

#[test]
fn s2_close_sends_everybody_home() {
    netlab::lab(|lab| {
        lab.why("Who finds no permit free sleeps, and waiting() counts the sleepers.");
        let permits = Permits::new(1);
        let held = acquire(lab, &permits);
        let waiters = [(); 3].map(|()| {
            let asking = permits.clone();
            lab.student("acquire(60s)", move || word(&asking.acquire(FOR_EVER)))
        });
        waiting(lab, &permits, 3);
        lab.why("Three sleep, and nothing will ever come free for them. Closing must wake all, not one.");
        lab.you("close()", || permits.close());
        for waiter in waiters {
            lab.same("what a waiter gets", waiter.returns(), "Closed");
        }
        lab.why("Who goes home does not wait any more: off the count, on every way out.");
        lab.same("waiting", permits.waiting(), 0);
        lab.why("Closing takes nothing from those who have a permit. They give it back when they are done.");
        lab.same("in use: what was given stays valid", permits.in_use(), 1);

        lab.why("Closed means closed, also for a permit that comes free later.");
        lab.you("permit ends: drop(held)", || drop(held));
        lab.same("in use after the return", permits.in_use(), 0);
        let late = lab.you("acquire(60s)", || word(&permits.acquire(FOR_EVER)));
        lab.same("what a late caller gets", late, "Closed");
        let late = lab.you("try_acquire()", || permits.try_acquire());
        lab.holds(late.is_none(), "None from try_acquire()", "a permit");
    });
}
