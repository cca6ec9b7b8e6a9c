use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, hint};

use connection_pool::{NoPermit, Permit, Permits};
use netlab::Lab;

use super::together::together;
use super::waits::{never_waits, waits_once};
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
            "A permit is a value. The thread that has it may go on, and its drop gives it back.",
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
        lab.why("None means \"not now\". try_acquire is for callers that cannot wait.");
        let permits = Permits::new(1);
        let held = lab.you("try_acquire()", || permits.try_acquire());
        lab.holds(held.is_some(), "a permit, since one is free", "None");
        let none = lab.you("try_acquire()", || permits.try_acquire());
        lab.holds(
            none.is_none(),
            "None at once, since none is free",
            "a permit",
        );
        let why = "A caller that can wait calls acquire. A short wait is still a wait.";
        never_waits(lab, "try_acquire(), none free", why, || {
            drop(permits.try_acquire());
        });
        drop(held);
        let again = lab.you("try_acquire()", || permits.try_acquire());
        lab.holds(again.is_some(), "a permit, since one is free again", "None");
    });
}

#[test]
fn s2_a_free_permit_is_for_whoever_asks() {
    netlab::lab(|lab| {
        lab.why("Two permits are free and one thread waits, so one permit is left for another caller. try_acquire looks at the number of free permits, and not at the number of waiting threads.");
        lab.if_stuck("Two permits have ended, and one thread waits. Each end of a permit must notify when a thread waits, even if it is only one.");
        for _ in 0..10 {
            let permits = Permits::new(2);
            let held = [acquire(lab, &permits), acquire(lab, &permits)];
            let asking = permits.clone();
            let waiter = thread::spawn(move || asking.acquire(FOR_EVER).map(drop).is_ok());
            waiting(lab, &permits, 1);
            let got = lab.you("two permits end, and try_acquire()", || {
                drop(held);
                permits.try_acquire()
            });
            lab.holds(got.is_some(), "a permit, since two came free", "None");
            let served = lab.student("acquire(60s) of the one who waited", move || {
                waiter.join().unwrap_or(false)
            });
            lab.same("it got a permit", served.returns(), true);
        }
    });
}

#[test]
fn s2_never_more_than_max() {
    netlab::lab(|lab| {
        lab.why("32 threads want one of 4 permits. Counting and deciding must happen under one lock, or two threads count the same free permit.");
        let permits = Permits::new(4);
        let gate = lab.gate("the gate behind acquire");
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
        lab.same("threads that got a permit at last", served.returns(), 32);
        lab.same("most at the same time", peak.load(SeqCst), 4);
        lab.same("in use in the end", permits.in_use(), 0);
    });
}

#[test]
fn s2_a_waiter_is_woken() {
    netlab::lab(|lab| {
        lab.why("A thread that gives a permit back must wake a sleeping thread. Notify on every path that frees a permit: Drop is on all of them.");
        let permits = Permits::new(1);
        let held = acquire(lab, &permits);
        let asking = permits.clone();
        let waiter = lab.student("acquire(60s)", move || asking.acquire(FOR_EVER));
        waiting(lab, &permits, 1);
        lab.you("permit ends: drop(held)", || drop(held));
        let permit = waiter.returns_ok();
        lab.same("in use", permits.in_use(), 1);
        lab.same("waiting", permits.waiting(), 0);

        lab.why("A panic ends a permit, too, and must notify, too.");
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
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs Linux, which tells how often a thread has slept"
)]
fn s2_one_return_wakes_one() {
    netlab::lab(|lab| {
        lab.why("One permit comes back, and four threads sleep. One of them has a reason to wake up; the others would find nothing, and sleep again. Under a heavy load that is most of the work (notify_all for one permit).");
        let permits = Permits::new(1);
        let held = acquire(lab, &permits);
        let (tell, told) = mpsc::channel();
        let waiters = [(); 4].map(|()| {
            let (asking, tell) = (permits.clone(), tell.clone());
            lab.student("acquire(60s)", move || {
                let _ = tell.send(own_folder());
                asking.acquire(FOR_EVER)
            })
        });
        waiting(lab, &permits, 4);
        let folders: Vec<_> = told.iter().take(4).collect();
        let sleeps_of_each = || {
            for waiter in &waiters {
                lab.because("To wait is to sleep: a loop that asks again and again keeps a processor busy for nothing.")
                    .holds(
                        waiter.settles(),
                        "your acquire(60s) to sleep while no permit is free",
                        "it keeps a processor busy",
                    );
            }
            folders.iter().map(|folder| sleeps_so_far(folder))
        };
        let before: Vec<_> = sleeps_of_each().collect();
        lab.you("permit ends: drop(held)", || drop(held));
        waiting(lab, &permits, 3);
        let woken = sleeps_of_each()
            .zip(before)
            .filter(|(now, before)| now.is_some_and(|now| Some(now) != *before));
        lab.same("threads that woke up for nothing", woken.count(), 0);
        lab.why("close() wakes all waiting threads, and each of them finds the permits closed. close() itself waits for no thread.");
        lab.you("close()", || permits.close());
        let served = waiters.map(|waiter| waiter.returns().is_ok());
        lab.same("permits given", served.iter().filter(|&&ok| ok).count(), 1);
    });
}

/// The folder of this thread in /proc.
fn own_folder() -> PathBuf {
    Path::new("/proc").join(fs::read_link("/proc/thread-self").unwrap_or_default())
}

/// How often this thread has gone to sleep so far; `None` when it has ended.
fn sleeps_so_far(folder: &Path) -> Option<u64> {
    let status = fs::read_to_string(folder.join("status")).ok()?;
    let count = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    count.trim().parse().ok()
}

#[test]
fn s2_a_permit_at_the_last_moment_is_not_lost() {
    netlab::lab(|lab| {
        lab.why("A permit comes back a moment before the first thread's time is over, and wakes it. When it looks, its time may be over. It must still take the permit.");
        lab.if_stuck("A thread that was woken looked at the clock first, and left without the permit. The notification is used up, and the second thread sleeps although a permit is free.");
        const WAIT: Duration = Duration::from_millis(1);
        for round in 0..45 {
            let permits = Permits::new(1);
            let held = acquire(lab, &permits);
            let (asking, first_began) = (permits.clone(), Arc::new(Mutex::new(None)));
            let began = first_began.clone();
            let first = thread::spawn(move || {
                *began.lock().expect("no panic in here") = Some(Instant::now());
                drop(asking.acquire(WAIT));
            });
            while permits.waiting() == 0 && !first.is_finished() {
                thread::yield_now();
            }
            let asking = permits.clone();
            let second = thread::spawn(move || asking.acquire(FOR_EVER).map(drop).is_ok());
            let end = first_began
                .lock()
                .expect("no panic in here")
                .map(|began| began + WAIT);
            // From 90 µs before the end to the end.
            let moment = end.map(|end| end - Duration::from_micros(90 - 2 * round));
            while moment.is_some_and(|moment| Instant::now() < moment) {
                hint::spin_loop();
            }
            drop(held);
            let served = lab.student(
                "acquire(1ms) in one thread, acquire(60s) in a second",
                move || first.join().is_ok() & second.join().unwrap_or(false),
            );
            lab.same("the second has had its turn", served.returns(), true);
        }
    });
}

#[test]
fn s2_eight_waiters_eight_returns() {
    netlab::lab(|lab| {
        lab.why("Eight permits come back at once, and eight threads sleep. Each return must wake one of them: if only the first return notifies, seven threads sleep although permits are free.");
        for _ in 0..10 {
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
                "8 permits for 8 waiters after 8 returns, and no thread asleep",
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

/// Wakes the waiter for no reason, at most `times` times, 2 ms or more apart, until the waiter has returned.
fn wake_for_nothing(permits: &Permits, times: usize, told: &Receiver<Outcome>) -> Option<Outcome> {
    (0..times).find_map(|_| {
        permits.wake_all();
        told.recv_timeout(Duration::from_millis(2)).ok()
    })
}

/// What came of an acquire, in a word, and how long it has waited by its own account.
type Outcome = (&'static str, Duration);

/// The student's acquire on a thread. A permit ends at once.
fn asks(lab: &Lab, permits: &Permits, wait: Duration) -> Receiver<Outcome> {
    let (tell, told) = mpsc::channel();
    let asking = permits.clone();
    lab.student(&format!("acquire({wait:?})"), move || {
        let outcome = asking.acquire(wait);
        let waited = match outcome {
            Err(NoPermit::Timeout { waited }) => waited,
            _ => Duration::ZERO,
        };
        let outcome = word(&outcome);
        // The body may have given up.
        let _ = tell.send((outcome, waited));
        outcome
    });
    told
}

#[test]
fn s2_a_bell_is_not_a_permit() {
    netlab::lab(|lab| {
        lab.why(
            "A thread that is woken must look again: another thread may have been quicker, and Condvar::wait may return without a notification (its documentation says so). Use `while`, not `if`.",
        );
        let permits = Permits::new(1);
        let held = acquire(lab, &permits);
        let told = asks(lab, &permits, FOR_EVER);
        waiting(lab, &permits, 1);
        if let Some((outcome, _)) = wake_for_nothing(&permits, 20, &told) {
            lab.fails(
                "acquire(60s) to wait on: it was woken for no reason",
                outcome,
            );
        }
        lab.note("the waiting thread is woken 20 times, for no reason");
        waiting(lab, &permits, 1);
        lab.you("permit ends: drop(held)", || drop(held));
        lab.until(
            "acquire(60s) to return",
            || told.try_recv().ok(),
            |outcome| outcome.is_some_and(|(word, _)| word == "a permit"),
        );
    });
}

#[test]
fn s2_bells_do_not_prolong_the_wait() {
    netlab::lab(|lab| {
        lab.why(
            "The caller gave one deadline for the whole call. A wait that starts again after each notification may last for ever under a heavy load.",
        );
        const WAKEUPS: usize = 100;
        let permits = Permits::new(1);
        let _held = acquire(lab, &permits);
        let told = asks(lab, &permits, Duration::from_millis(40));
        let Some((outcome, waited)) = wake_for_nothing(&permits, WAKEUPS, &told) else {
            lab.fails(
                "acquire(40ms) to give up after 40 ms",
                format!("after {WAKEUPS} wakeups, 2 ms or more apart, it still waits"),
            );
        };
        lab.same("what it gets", outcome, "Timeout");
        lab.why("A notification does not shorten the wait either. `waited` counts from the beginning of the call, not from the last notification.");
        lab.holds(
            waited >= Duration::from_millis(40),
            "`waited` is 40 ms at least",
            format!("{waited:?}"),
        );
    });
}

#[test]
fn s2_timeout_is_typed_and_leaks_nothing() {
    netlab::lab(|lab| {
        lab.why("A thread that gives up must leave no trace: neither in the count of waiting threads nor in the count of permits.");
        let permits = Permits::new(1);
        let held = acquire(lab, &permits);
        let wait = Duration::from_millis(20);
        let waited = timed_out(lab, &permits, wait);
        lab.holds(
            waited >= wait,
            "`waited` is 20 ms at least",
            format!("{waited:?}"),
        );
        lab.why(
            "A wait is counted in nanoseconds. Less than a millisecond is still a wait, not zero.",
        );
        let short = Duration::from_micros(999);
        let waited = timed_out(lab, &permits, short);
        lab.holds(
            waited >= short,
            "`waited` is 999 µs at least",
            format!("{waited:?}"),
        );
        if cfg!(target_os = "linux") {
            let waited = timed_out(lab, &permits, Duration::from_nanos(1));
            lab.because("`waited` is measured, from the beginning of the call to its end. It is not the wait that was asked for: waking up takes time as well.")
                .holds(
                    waited > Duration::from_nanos(1),
                    "`waited` is more than the 1 ns that was asked for",
                    format!("{waited:?}"),
                );
        }
        lab.why("A thread that gives up must leave no trace: neither in the count of waiting threads nor in the count of permits.");
        timed_out(lab, &permits, Duration::ZERO);
        let why =
            "A wait of zero is no wait. If it is rounded up, a caller without time has to wait.";
        never_waits(lab, "acquire(0ns), none free", why, || {
            drop(permits.acquire(Duration::ZERO));
        });
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
        lab.why("Duration::MAX is how a caller says \"as long as it takes\". Instant::now() + Duration::MAX overflows, and panics.");
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
        lab.why("A thread that finds no permit free sleeps, and waiting() counts it.");
        let permits = Permits::new(1);
        let held = acquire(lab, &permits);
        let waiters = [(); 3].map(|()| {
            let asking = permits.clone();
            lab.student("acquire(60s)", move || word(&asking.acquire(FOR_EVER)))
        });
        waiting(lab, &permits, 3);
        lab.why("Three threads sleep, and no permit will ever come free for them. Closing must wake all of them, not one.");
        lab.you("close()", || permits.close());
        for waiter in waiters {
            lab.same("what a waiter gets", waiter.returns(), "Closed");
        }
        lab.why("A thread that leaves acquire does not wait any more. It must come off the count, whatever it leaves with.");
        lab.same("waiting", permits.waiting(), 0);
        lab.why("Closing takes no permit away. Each holder gives its permit back when it is done.");
        lab.same("in use: what was given stays valid", permits.in_use(), 1);
        lab.why("No permit is free, the permits are closed, and the caller has no time. The call must say \"closed\": a later call would not help.");
        let hasty = lab.you("acquire(0ns)", || word(&permits.acquire(Duration::ZERO)));
        lab.same("what a caller without time gets", hasty, "Closed");

        lab.why("Closed means closed, also for a permit that comes free later.");
        lab.you("permit ends: drop(held)", || drop(held));
        lab.same("in use after the return", permits.in_use(), 0);
        for wait in [FOR_EVER, Duration::ZERO] {
            let late = lab.you(&format!("acquire({wait:?})"), || {
                word(&permits.acquire(wait))
            });
            lab.same("what a late caller gets", late, "Closed");
        }
        let late = lab.you("try_acquire()", || permits.try_acquire());
        lab.holds(late.is_none(), "None from try_acquire()", "a permit");
    });
}

#[test]
fn s2_closed_comes_before_a_free_permit() {
    netlab::lab(|lab| {
        lab.why("The permits close, and one comes back before the thread that waits has looked. Both are true when it looks; closed is what counts.");
        for _ in 0..10 {
            let permits = Permits::new(1);
            let held = permits.acquire(FOR_EVER);
            let waiters = [(); 3].map(|()| {
                let asking = permits.clone();
                thread::spawn(move || word(&asking.acquire(FOR_EVER)))
            });
            waiting(lab, &permits, 3);
            permits.close();
            drop(held);
            let heard = lab.student("acquire(60s), in 3 threads, while it closes", move || {
                waiters.map(|waiter| waiter.join().unwrap_or("a panic"))
            });
            lab.same("what they get", heard.returns(), ["Closed"; 3]);
        }
    });
}

#[test]
fn s2_close_takes_no_permit() {
    netlab::lab(|lab| {
        lab.why("in_use() counts the permits that are held. Closing does not change the count.");
        let permits = Permits::new(3);
        let _held = acquire(lab, &permits);
        lab.you("close()", || permits.close());
        lab.same("in use", permits.in_use(), 1);
        lab.you("try_acquire(), and acquire(0ns)", || {
            drop(permits.try_acquire());
            drop(permits.acquire(Duration::ZERO));
        });
        lab.because("A call that gets no permit must not count one as used. Ask for `closed` before you count one down.")
            .same("in use, after two calls that get none", permits.in_use(), 1);
    });
}

#[test]
fn s2_no_permits_at_all() {
    netlab::lab(|lab| {
        lab.why("Permits::new(0) is a limit, too: no thread gets a permit.");
        let permits = Permits::new(0);
        let none = lab.you("try_acquire()", || permits.try_acquire());
        lab.holds(none.is_none(), "None of 0 permits", "a permit");
        timed_out(lab, &permits, Duration::from_millis(1));
        lab.same("in use", permits.in_use(), 0);
    });
}

#[test]
fn s2_who_waits_sleeps() {
    netlab::lab(|lab| {
        let permits = Permits::new(1);
        let held = acquire(lab, &permits);
        let asking = permits.clone();
        let waiter = lab.student("acquire(60s)", move || asking.acquire(FOR_EVER));
        waiting(lab, &permits, 1);
        waiter.sleeps("a permit comes back");
        lab.why("The permit is back, and its drop wakes the sleeping thread.");
        lab.you("permit ends: drop(held)", || drop(held));
        drop(waiter.returns_ok());
    });
}

#[test]
fn s2_one_wait_is_all() {
    netlab::lab(|lab| {
        let permits = Permits::new(1);
        let _held = acquire(lab, &permits);
        let wait = Duration::from_millis(20);
        waits_once(lab, "acquire(20ms)", wait, || drop(permits.acquire(wait)));
    });
}

#[test]
fn s2_try_acquire_gets_what_is_free() {
    netlab::lab(|lab| {
        lab.why("Four threads take and give back, and there are eight permits, so at least one is always free. A lock that is busy for a moment is a reason to wait for the lock, not for None (try_lock).");
        let permits = Permits::new(8);
        let asking = permits.clone();
        let call = "try_acquire() and drop, 2000 times in each of 4 threads";
        let nones = lab.student(call, move || {
            together(2000, move |_| asking.try_acquire().is_some())
        });
        lab.same("how often each got None", nones.returns(), [0; 4]);
        lab.same("in use in the end", permits.in_use(), 0);
    });
}
