use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use connection_pool::{Loan, Shelf};
use netlab::Lab;

use super::panic_while_holding;
use super::together::together;

/// A thing that counts how often it was dropped, and looks at the shelf while it is.
struct Cup {
    dropped: Arc<AtomicUsize>,
    shelf: Shelf<Cup>,
}

impl Cup {
    fn on(shelf: &Shelf<Cup>) -> (Cup, Arc<AtomicUsize>) {
        let dropped = Arc::new(AtomicUsize::new(0));
        let cup = Cup {
            dropped: dropped.clone(),
            shelf: shelf.clone(),
        };
        (cup, dropped)
    }
}

impl Drop for Cup {
    fn drop(&mut self) {
        self.shelf.idle();
        self.dropped.fetch_add(1, SeqCst);
    }
}

/// Why the end of a [`Cup`] may hang.
const UNDER_THE_LOCK: &str = "The thing's own drop looks at the shelf. Release the lock first, and drop the thing then: a drop under the lock waits for itself.";

fn lend<T: Send + 'static>(lab: &Lab, shelf: &Shelf<T>, thing: T) -> Loan<T> {
    lab.you("lend(thing)", || shelf.lend(thing))
}

fn take<T>(lab: &Lab, shelf: &Shelf<T>) -> Loan<T> {
    match lab.you("take()", || shelf.take()) {
        Some(loan) => loan,
        None => lab.fails("take() to lend what is on the shelf", "None"),
    }
}

fn idle_is<T>(lab: &Lab, when: &str, shelf: &Shelf<T>, want: usize) {
    lab.same(&format!("on the shelf {when}"), shelf.idle(), want);
}

#[test]
fn s1_a_loan_comes_back_when_it_ends() {
    netlab::lab(|lab| {
        lab.why("A loan owns the thing while it lives. Its end is the return: no user has to remember it.");
        let shelf = Shelf::new();
        let mut loan = lend(lab, &shelf, 7);
        lab.same("the thing on loan", *loan, 7);
        idle_is(lab, "while it is lent", &shelf, 0);
        *loan += 1;
        lab.you("loan ends: drop(loan)", || drop(loan));
        idle_is(lab, "after the loan has ended", &shelf, 1);
        let again = take(lab, &shelf);
        lab.same("the same thing, as it was left", *again, 8);
        idle_is(lab, "while it is lent again", &shelf, 0);
        let nothing = lab.you("take()", || shelf.take());
        lab.holds(nothing.is_none(), "None from an empty shelf", "a loan");
    });
}

#[test]
fn s1_the_question_mark_gives_it_back_too() {
    netlab::lab(|lab| {
        lab.why("`?`, `return` and `break` leave a function early. What has to happen in any case belongs in Drop.");
        fn use_it(shelf: &Shelf<String>) -> Result<u32, std::num::ParseIntError> {
            let word = shelf.take().expect("a word on the shelf");
            let number = word.parse::<u32>()?;
            Ok(number)
        }
        let shelf = Shelf::new();
        let loan = lend(lab, &shelf, "seven".to_owned());
        lab.you("loan ends: drop(loan)", || drop(loan));
        idle_is(lab, "before", &shelf, 1);
        lab.err("take(), and a user who leaves by `?`", || use_it(&shelf));
        idle_is(lab, "after the user has left by `?`", &shelf, 1);
    });
}

#[test]
fn s1_the_last_one_first() {
    netlab::lab(|lab| {
        lab.why("Last in, first out. Under a light load the same few connections do all the work, and the others stay idle long enough to be closed.");
        let shelf = Shelf::new();
        let loans = [1, 2, 3].map(|thing| lend(lab, &shelf, thing));
        let order = lab.you(
            "loans end: 1, then 2, then 3; then take() until None",
            || {
                loans.into_iter().for_each(drop);
                let mut order = Vec::new();
                let mut kept = Vec::new();
                while let Some(loan) = shelf.take() {
                    order.push(*loan);
                    kept.push(loan);
                }
                order
            },
        );
        lab.same(
            "the order in which they are lent again",
            order,
            vec![3, 2, 1],
        );

        lab.why("A shelf has no size limit. Another part limits the number of things: the shelf keeps whatever is given back.");
        let shelf = Shelf::new();
        let loans: Vec<_> = (0..1000).map(|thing| shelf.lend(thing)).collect();
        lab.you("1000 loans end", || drop(loans));
        idle_is(lab, "after 1000 loans have ended", &shelf, 1000);
    });
}

#[test]
fn s1_what_is_discarded_does_not_return() {
    netlab::lab(|lab| {
        lab.why(
            "A user that knows that a connection is broken discards it, and no user gets it again.",
        );
        lab.if_stuck(UNDER_THE_LOCK);
        let shelf = Shelf::new();
        let (cup, dropped) = Cup::on(&shelf);
        let loan = lend(lab, &shelf, cup);
        lab.you("discard()", || loan.discard());
        idle_is(lab, "after discard()", &shelf, 0);
        lab.because("discard() drops the thing before it returns. A connection that is only forgotten (mem::forget) stays open for ever.")
            .same("how often the thing was dropped", dropped.load(SeqCst), 1);
    });
}

#[test]
fn s1_panic_while_holding() {
    netlab::lab(|lab| {
        lab.why("A user that panics may be in the middle of a message. std::thread::panicking() in Drop tells you; a loan that ends like this must not go to the next user.");
        lab.if_stuck(UNDER_THE_LOCK);
        let shelf = Shelf::new();
        let (cup, dropped) = Cup::on(&shelf);
        let loan = lend(lab, &shelf, cup);
        let ending = lab.student("loan ends: its user panics", move || {
            panic_while_holding(loan)
        });
        ending.returns();
        idle_is(lab, "after the panic", &shelf, 0);
        lab.same("how often the thing was dropped", dropped.load(SeqCst), 1);

        lab.why("The panic was the user's. The shelf must work as before.");
        let (cup, _) = Cup::on(&shelf);
        let loan = lend(lab, &shelf, cup);
        lab.you("loan ends: drop(loan)", || drop(loan));
        idle_is(lab, "after another loan has ended", &shelf, 1);
        let loan = take(lab, &shelf);
        lab.you("discard()", || loan.discard());
    });
}

#[test]
fn s1_take_where_lends_the_oldest_that_is_wanted() {
    netlab::lab(|lab| {
        lab.why("take_where begins with the thing that has been on the shelf for the longest time, and leaves the rest in its order.");
        let shelf = Shelf::new();
        let loans = [1, 2, 3, 4, 5].map(|thing| lend(lab, &shelf, thing));
        lab.you("loans end: 1 to 5, in this order", || {
            loans.into_iter().for_each(drop)
        });
        let even = lab.you("take_where(even)", || shelf.take_where(|n| n % 2 == 0));
        lab.same("the oldest even one", even.as_deref().copied(), Some(2));
        let big = lab.you("take_where(over 9)", || shelf.take_where(|&n| n > 9));
        lab.holds(big.is_none(), "None, when none is wanted", "a loan");
        let rest = lab.you("take() until None", || {
            let loans: Vec<_> = std::iter::from_fn(|| shelf.take()).collect();
            loans.iter().map(|loan| **loan).collect::<Vec<_>>()
        });
        lab.same("the others, the last one first", rest, vec![5, 4, 3, 1]);
        lab.you("loan of 2 ends", || drop(even));
        let back = take(lab, &shelf);
        lab.holds(
            shelf.idle() == 4 && *back == 2,
            "2 back on the shelf",
            format!("{} is on top", *back),
        );
    });
}

#[test]
fn s1_a_closed_shelf_keeps_nothing() {
    netlab::lab(|lab| {
        lab.why("close() drops idle things at once, and lent things when they come back.");
        lab.if_stuck(UNDER_THE_LOCK);
        let shelf = Shelf::new();
        let (idle, idle_dropped) = Cup::on(&shelf);
        let (lent, lent_dropped) = Cup::on(&shelf);
        let first = lend(lab, &shelf, idle);
        let second = lend(lab, &shelf, lent);
        lab.you("loan ends: drop(first)", || drop(first));
        lab.you("close()", || shelf.close());
        idle_is(lab, "after close()", &shelf, 0);
        lab.same(
            "how often the idle thing was dropped",
            idle_dropped.load(SeqCst),
            1,
        );
        lab.same(
            "how often the lent thing was dropped",
            lent_dropped.load(SeqCst),
            0,
        );
        lab.why("A closed shelf stays closed, however often close() is called. A thing that comes back later is dropped.");
        lab.you("close(), a second time", || shelf.close());
        lab.you("loan ends: drop(second)", || drop(second));
        idle_is(lab, "after the return", &shelf, 0);
        lab.same(
            "how often the lent thing was dropped",
            lent_dropped.load(SeqCst),
            1,
        );
        lab.why(
            "A thing lent from a closed shelf is dropped, too: lend does not open the shelf again.",
        );
        let (late, late_dropped) = Cup::on(&shelf);
        let loan = lend(lab, &shelf, late);
        lab.you("loan ends: drop(loan)", || drop(loan));
        idle_is(lab, "after a late loan", &shelf, 0);
        lab.same(
            "how often the late thing was dropped",
            late_dropped.load(SeqCst),
            1,
        );
    });
}

#[test]
fn s1_eight_threads_share_one_shelf() {
    netlab::lab(|lab| {
        lab.why("Clones are handles of one shelf, and no two threads may have the same thing: look at the shelf and take the thing away under one lock.");
        const ROUNDS: usize = 4;
        let shelf: Shelf<Arc<AtomicBool>> = Shelf::new();
        let things = [(); 4].map(|()| lend(lab, &shelf, Arc::default()));
        lab.you("loans end: 4 things lie on the shelf", || drop(things));
        let meeting = Arc::new(Barrier::new(8));
        let threads = [0, 1, 2, 3, 4, 5, 6, 7].map(|nth| {
            let (shelf, meeting) = (shelf.clone(), meeting.clone());
            move || {
                let take = || match nth % 2 {
                    0 => shelf.take(),
                    _ => shelf.take_where(|_| true),
                };
                let (mut taken, mut alone) = (0, true);
                for _ in 0..ROUNDS {
                    meeting.wait();
                    // One that panics has to come to the next meeting all the same.
                    let got = catch_unwind(AssertUnwindSafe(take));
                    if let Ok(Some(thing)) = &got {
                        taken += 1;
                        alone &= !thing.swap(true, SeqCst);
                    }
                    alone &= got.is_ok();
                    // Until here each keeps what it has: nothing comes back for the others.
                    meeting.wait();
                    if let Ok(Some(thing)) = got {
                        thing.store(false, SeqCst);
                    }
                }
                (taken, alone)
            }
        });
        let call =
            format!("take() or take_where(any), in 8 threads at the same time, {ROUNDS} times");
        let all = lab.student(&call, move || {
            let running = threads.map(thread::spawn);
            running.map(|thread| thread.join().unwrap_or((0, false)))
        });
        let all = all.returns();
        lab.same(
            "threads that never shared a thing",
            all.iter().filter(|(_, alone)| *alone).count(),
            8,
        );
        let taken: usize = all.iter().map(|(taken, _)| taken).sum();
        lab.same("things taken, 4 each time", taken, 4 * ROUNDS);
        idle_is(lab, "in the end", &shelf, 4);
    });
}

#[test]
fn s1_things_lie_on_the_shelf_while_take_where_looks() {
    netlab::lab(|lab| {
        lab.why("take_where looks at the things where they lie. If it takes them off to look at them, another thread that calls take() meanwhile finds an empty shelf, and a pool makes one connection too many.");
        let shelf = Shelf::new();
        let loan = lend(lab, &shelf, 7);
        lab.you("loan ends: drop(loan)", || drop(loan));
        let lent = lend(lab, &shelf, 8);
        let gate = lab.gate("the question `is it wanted?`");
        let (searching, asked) = (shelf.clone(), gate.clone());
        let search = lab.student("take_where(is it wanted? no), in thread A", move || {
            let found = searching.take_where(|_| {
                asked.waits();
                false
            });
            found.is_some()
        });
        gate.expects_arrivals(1);
        let taking = shelf.clone();
        let take = lab.student("take(), in thread B", move || taking.take().is_some());
        // One that finds nothing has found nothing by now. The right one waits for A's lock.
        take.settles();
        let comes_back = lab.student("loan ends: drop(loan), in thread C", move || drop(lent));
        comes_back.settles();
        gate.opens();
        lab.same("A gets a thing", search.returns(), false);
        lab.same("B gets the thing", take.returns(), true);
        comes_back.returns();
        lab.why("A thing comes back while the lock is busy. Its drop waits for the lock, or the thing is lost (try_lock).");
        idle_is(lab, "when all have what they wanted", &shelf, 2);
    });
}

#[test]
fn s1_a_question_that_panics_changes_nothing() {
    netlab::lab(|lab| {
        lab.why("The things stay on the shelf while `wanted` looks at them. Code that takes them off first loses them when `wanted` panics. Code that unwraps a poisoned lock panics, too.");
        let shelf = Shelf::new();
        let loans = [1, 2, 3].map(|thing| lend(lab, &shelf, thing));
        lab.you("loans end: 1 to 3, in this order", || drop(loans));
        for bad in [1, 2, 3] {
            let call = format!("take_where(a question that panics at {bad})");
            let panicked = lab.you(&call, || {
                let asks = |&thing: &i32| match thing == bad {
                    true => resume_unwind(Box::new("the question panics")),
                    false => false,
                };
                catch_unwind(AssertUnwindSafe(|| drop(shelf.take_where(asks)))).is_err()
            });
            lab.because("The panic is for the caller. Do not catch it.")
                .same("the panic reaches the caller", panicked, true);
            idle_is(lab, "after the panic", &shelf, 3);
        }
        let oldest = lab.you("take_where(any)", || shelf.take_where(|_| true));
        lab.same("the oldest", oldest.as_deref().copied(), Some(1));
        let rest = [(); 2].map(|()| take(lab, &shelf));
        let order = rest.each_ref().map(|loan| **loan);
        lab.same("the others, the last one first", order, [3, 2]);
        lab.you("three loans end", || drop((oldest, rest)));
        idle_is(lab, "after three loans have ended", &shelf, 3);
        lab.why("The panic of `wanted` is over. Code that unwraps the poisoned lock panics here. close() must work on such a shelf as on any other.");
        lab.you("close()", || shelf.close());
        idle_is(lab, "after close()", &shelf, 0);
    });
}

#[test]
fn s1_take_where_takes_what_it_has_seen() {
    netlab::lab(|lab| {
        lab.why("Each thread looks for a thing of its own. Find it and take it under one lock: between two locks other threads take things away, and another thing has its index.");
        let shelf = Shelf::new();
        let loans = [0, 1, 2, 3, 4, 5, 6, 7].map(|thing| lend(lab, &shelf, thing));
        lab.you("loans end: 8 things lie on the shelf", || drop(loans));
        let searching = shelf.clone();
        let call = "take_where(mine) and drop, 5000 times in each of 4 threads";
        let others = lab.student(call, move || {
            together(5000, move |mine| {
                let loan = searching.take_where(|&thing| thing == mine);
                loan.is_some_and(|loan| *loan == mine)
            })
        });
        lab.same(
            "how often each got another thing, or none",
            others.returns(),
            [0; 4],
        );
        idle_is(lab, "in the end", &shelf, 8);
    });
}

#[test]
fn s1_a_busy_lock_is_no_empty_shelf() {
    netlab::lab(|lab| {
        lab.why("Four threads take and give back, and there are eight things, so at least one is always there. A lock that is busy for a moment is a reason to wait for the lock, not for None (try_lock), and no thing may get lost on its way back.");
        let shelf = Shelf::new();
        let loans = [(); 8].map(|()| lend(lab, &shelf, ()));
        lab.you("loans end: 8 things lie on the shelf", || drop(loans));
        let taking = shelf.clone();
        let call = "take() and drop, 2000 times in each of 4 threads";
        let nones = lab.student(call, move || {
            together(2000, move |_| taking.take().is_some())
        });
        lab.same("how often each got None", nones.returns(), [0; 4]);
        idle_is(lab, "in the end", &shelf, 8);
    });
}

/// A thing whose drop does something.
struct Last(Option<Box<dyn FnOnce() + Send>>);

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

#[test]
fn s1_closed_before_it_is_emptied() {
    netlab::lab(|lab| {
        lab.why("Dropping the things takes time, and a loan may end meanwhile. Mark the shelf as closed before you drop anything: a thing that comes back to an unmarked shelf stays there for ever.");
        let shelf = Shelf::new();
        let lent = Arc::new(Mutex::new(None));
        let ends = lent.clone();
        let idle = lend(
            lab,
            &shelf,
            Last(Some(Box::new(move || {
                let loan: Option<Loan<Last>> = ends.lock().expect("no panic in here").take();
                drop(loan);
            }))),
        );
        let other = lend(lab, &shelf, Last(None));
        *lent.lock().expect("no panic in here") = Some(other);
        lab.you("loan of the first thing ends", || drop(idle));
        lab.you(
            "close(); the loan of the second thing ends while the first is dropped",
            || shelf.close(),
        );
        idle_is(lab, "after close()", &shelf, 0);
    });
}

#[test]
fn s1_closed_while_loans_end() {
    netlab::lab(|lab| {
        lab.why("A loan ends while another thread closes the shelf. Check whether it is closed, and put the thing there, under one lock. Between two locks close() may run, and a thing that is put there after it stays for ever.");
        let call = "close() in thread A, while 1000 loans end in thread B, 50 times";
        let left = lab.student(call, || {
            let rounds = (0..50).map(|_| {
                let shelf = Shelf::new();
                let loans: Vec<_> = (0..1000).map(|thing| shelf.lend(thing)).collect();
                let begun = Arc::new(AtomicBool::new(false));
                let begins = begun.clone();
                let ending = thread::spawn(move || {
                    begins.store(true, SeqCst);
                    drop(loans);
                });
                while !begun.load(SeqCst) {
                    thread::yield_now();
                }
                shelf.close();
                let ended = ending.join().is_ok();
                usize::from(shelf.idle() > 0 || !ended)
            });
            rounds.sum::<usize>()
        });
        lab.same("how often a closed shelf was not empty", left.returns(), 0);
    });
}

#[test]
fn s1_the_last_handle_takes_the_rest_along() {
    netlab::lab(|lab| {
        lab.why("A loan holds a handle of its shelf, and every end of a loan must give it up. A forgotten loan (mem::forget) keeps the shelf and everything on it for ever.");
        let shelf = Shelf::new();
        let thing = Arc::new(());
        let [stays, goes, panics] = [(); 3].map(|()| lend(lab, &shelf, thing.clone()));
        lab.you("loans end: drop, discard() and a panic", || {
            drop(stays);
            goes.discard();
            panic_while_holding(panics);
        });
        idle_is(lab, "after three loans have ended", &shelf, 1);
        lab.you("shelf goes: drop(shelf)", || drop(shelf));
        lab.same("things that still exist", Arc::strong_count(&thing) - 1, 0);
    });
}
