use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;

use connection_pool::{Loan, Shelf};
use netlab::Lab;

use super::panic_while_holding;

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
        lab.why("A loan owns the thing while it lives. Its end is the return: nobody has to remember it.");
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
        lab.why("`?`, `return` and `break` leave a function early. What has to happen in any case belongs into Drop.");
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
    });
}

#[test]
fn s1_what_is_discarded_does_not_return() {
    netlab::lab(|lab| {
        lab.why("A user who knows that a connection is broken says so, and nobody gets it again.");
        let shelf = Shelf::new();
        let (cup, dropped) = Cup::on(&shelf);
        let loan = lend(lab, &shelf, cup);
        lab.why("The thing's own drop looks at the shelf. Let go of the lock first, and drop the thing then: a drop under the lock waits for itself.");
        lab.you("discard()", || loan.discard());
        lab.why("A user who knows that a connection is broken says so, and nobody gets it again.");
        idle_is(lab, "after discard()", &shelf, 0);
        lab.same("how often the thing was dropped", dropped.load(SeqCst), 1);
    });
}

#[test]
fn s1_panic_while_holding() {
    netlab::lab(|lab| {
        lab.why("A user who panics may be in the middle of a message. std::thread::panicking() in Drop tells you; a loan that ends like this must not go to the next user.");
        let shelf = Shelf::new();
        let (cup, dropped) = Cup::on(&shelf);
        let loan = lend(lab, &shelf, cup);
        lab.why("The thing's own drop looks at the shelf. Let go of the lock first, and drop the thing then: a drop under the lock waits for itself.");
        let ending = lab.student("loan ends: its user panics", move || {
            panic_while_holding(loan)
        });
        ending.returns();
        lab.why("A user who panics may be in the middle of a message. std::thread::panicking() in Drop tells you; a loan that ends like this must not go to the next user.");
        idle_is(lab, "after the panic", &shelf, 0);
        lab.same("how often the thing was dropped", dropped.load(SeqCst), 1);

        lab.why("The panic was the user's. The shelf goes on.");
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
        lab.why("Who sweeps the shelf begins with what nobody has used for the longest time, and leaves the rest in its order.");
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
        lab.why("Closing is for now and for later: what is idle goes at once, what is lent goes when it comes back.");
        let shelf = Shelf::new();
        let (idle, idle_dropped) = Cup::on(&shelf);
        let (lent, lent_dropped) = Cup::on(&shelf);
        let first = lend(lab, &shelf, idle);
        let second = lend(lab, &shelf, lent);
        lab.you("loan ends: drop(first)", || drop(first));
        lab.why("The thing's own drop looks at the shelf. Let go of the lock first, and drop the thing then: a drop under the lock waits for itself.");
        lab.you("close()", || shelf.close());
        lab.why("Closing is for now and for later: what is idle goes at once, what is lent goes when it comes back.");
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
        lab.why("The thing's own drop looks at the shelf. Let go of the lock first, and drop the thing then: a drop under the lock waits for itself.");
        lab.you("loan ends: drop(second)", || drop(second));
        lab.why("Closing is for now and for later: what is idle goes at once, what is lent goes when it comes back.");
        idle_is(lab, "after the return", &shelf, 0);
        lab.same(
            "how often the lent thing was dropped",
            lent_dropped.load(SeqCst),
            1,
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
        lab.why("Clones are handles of one shelf, and a thing is never in two hands: taking it must remove it under the same lock.");
        const ROUNDS: usize = 4;
        let shelf: Shelf<Arc<AtomicBool>> = Shelf::new();
        let things = [(); 4].map(|()| lend(lab, &shelf, Arc::default()));
        lab.you("loans end: 4 things lie on the shelf", || drop(things));
        let meeting = Arc::new(Barrier::new(8));
        let threads = [(); 8].map(|()| {
            let (shelf, meeting) = (shelf.clone(), meeting.clone());
            move || {
                let (mut taken, mut alone) = (0, true);
                for _ in 0..ROUNDS {
                    meeting.wait();
                    // One that panics has to come to the next meeting all the same.
                    let got = catch_unwind(AssertUnwindSafe(|| shelf.take()));
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
        let call = format!("take(), in 8 threads at the same time, {ROUNDS} times");
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
