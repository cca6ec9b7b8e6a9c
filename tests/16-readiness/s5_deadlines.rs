//! Step 5: who is due, and when the next one will be.

use std::time::Duration;

use netlab::{Lab, lab};
use readiness::Deadlines;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn deadlines(lab: &Lab, pairs: &[(u32, u64)]) -> Deadlines<u32> {
    let mut deadlines = lab.you("Deadlines::new()", Deadlines::new);
    for &(key, at) in pairs {
        set(lab, &mut deadlines, key, at);
    }
    deadlines
}

fn set(lab: &Lab, deadlines: &mut Deadlines<u32>, key: u32, at: u64) {
    lab.you(&format!("set({key}, {at} ms)"), || {
        deadlines.set(key, ms(at))
    });
}

fn due(lab: &Lab, deadlines: &mut Deadlines<u32>, now: u64, want: &[u32]) {
    let due = lab.you(&format!("due({now} ms)"), || deadlines.due(ms(now)));
    lab.same("who is due", due, want.to_vec());
}

fn next(lab: &Lab, deadlines: &Deadlines<u32>, want: Option<u64>) {
    let next = lab.you("next()", || deadlines.next());
    lab.same("the earliest moment", next, want.map(ms));
}

fn len(lab: &Lab, deadlines: &Deadlines<u32>, want: usize) {
    lab.same("len()", deadlines.len(), want);
    lab.same("is_empty()", deadlines.is_empty(), want == 0);
}

#[test]
fn s5_nothing_is_due() {
    lab(|lab| {
        lab.why("Without a deadline there is no moment to wait for: None. Who makes a moment up wakes for nothing.");
        let mut none = deadlines(lab, &[]);
        next(lab, &none, None);
        due(lab, &mut none, u64::MAX / 1_000_000, &[]);
        len(lab, &none, 0);
    });
}

#[test]
fn s5_the_earliest_comes_first() {
    lab(|lab| {
        lab.why("A loop sleeps until the earliest moment of all, in whatever order they were set, and whatever the keys are.");
        let mut some = deadlines(lab, &[(1, 300), (2, 100), (3, 200)]);
        next(lab, &some, Some(100));
        len(lab, &some, 3);
        due(lab, &mut some, 99, &[]);
        due(lab, &mut some, 100, &[2]);
        next(lab, &some, Some(200));
        due(lab, &mut some, 250, &[3]);
        next(lab, &some, Some(300));
        due(lab, &mut some, 1000, &[1]);
        next(lab, &some, None);
        len(lab, &some, 0);
    });
}

#[test]
fn s5_all_who_are_due() {
    lab(|lab| {
        lab.why("A loop may come late. All whose moment is now or earlier are due, in the order of their moments, not of their keys. The others are not.");
        let mut some = deadlines(lab, &[(5, 30), (1, 50), (4, 10), (2, 40), (3, 20)]);
        due(lab, &mut some, 40, &[4, 3, 5, 2]);
        next(lab, &some, Some(50));
        len(lab, &some, 1);
    });
}

#[test]
fn s5_due_is_told_once() {
    lab(|lab| {
        lab.why("Who is due is taken out. The connection is closed then, and its name must not come up again.");
        let mut some = deadlines(lab, &[(1, 10), (2, 20)]);
        due(lab, &mut some, 10, &[1]);
        due(lab, &mut some, 10, &[]);
        due(lab, &mut some, 30, &[2]);
        due(lab, &mut some, 30, &[]);
        len(lab, &some, 0);
    });
}

#[test]
fn s5_now_is_due() {
    lab(|lab| {
        lab.why("A moment is due when it has come, not only when it is past. A loop sleeps until just this moment: if nobody is due then, it does not sleep at all until the clock has moved on, and runs hot.");
        let mut some = deadlines(lab, &[(7, 1000)]);
        due(lab, &mut some, 999, &[]);
        due(lab, &mut some, 1000, &[7]);
        let mut zero = deadlines(lab, &[(8, 0)]);
        due(lab, &mut zero, 0, &[8]);
    });
}

#[test]
fn s5_a_new_moment_replaces_the_old() {
    lab(|lab| {
        lab.why("A client has done something, and gets a new deadline. The old one is forgotten: it must not close the connection, and the loop must not wake for it.");
        let mut later = deadlines(lab, &[(1, 100), (2, 200), (1, 300)]);
        len(lab, &later, 2);
        next(lab, &later, Some(200));
        due(lab, &mut later, 250, &[2]);
        due(lab, &mut later, 300, &[1]);
        lab.why("A new moment may be earlier than the old one, too.");
        let mut earlier = deadlines(lab, &[(1, 300), (2, 200), (1, 100)]);
        next(lab, &earlier, Some(100));
        due(lab, &mut earlier, 100, &[1]);
        due(lab, &mut earlier, 1000, &[2]);
        let mut same = deadlines(lab, &[(1, 100), (1, 100)]);
        len(lab, &same, 1);
        due(lab, &mut same, 100, &[1]);
        len(lab, &same, 0);
    });
}

#[test]
fn s5_the_same_moment_for_several() {
    lab(|lab| {
        lab.why("A hundred clients may come within one tick of the clock. A map from moments to keys has room for one of them.");
        let upwards: Vec<_> = (0..100).collect();
        let downwards: Vec<_> = (0..100).rev().collect();
        for keys in [upwards, downwards] {
            let pairs: Vec<_> = keys.into_iter().map(|key| (key, 50)).collect();
            let mut some = deadlines(lab, &pairs);
            len(lab, &some, 100);
            let mut due = lab.you("due(50 ms)", || some.due(ms(50)));
            due.sort_unstable();
            lab.same("who is due, sorted", due, (0..100).collect());
        }
    });
}

#[test]
fn s5_cancelled() {
    lab(|lab| {
        lab.why("A connection that has gone is due no more, and the others are as before.");
        let mut some = deadlines(lab, &[(1, 100), (2, 100), (3, 50)]);
        let cancel = |some: &mut Deadlines<u32>, key: u32, want: bool| {
            let was = lab.you(&format!("cancel({key})"), || some.cancel(key));
            lab.same("whether it was in there", was, want);
        };
        cancel(&mut some, 3, true);
        next(lab, &some, Some(100));
        cancel(&mut some, 1, true);
        cancel(&mut some, 1, false);
        cancel(&mut some, 9, false);
        len(lab, &some, 1);
        due(lab, &mut some, 100, &[2]);
        cancel(&mut some, 2, false);
        lab.why("A key that was cancelled, or was due, may be set again.");
        set(lab, &mut some, 1, 40);
        set(lab, &mut some, 2, 30);
        next(lab, &some, Some(30));
        due(lab, &mut some, 40, &[2, 1]);
    });
}

#[test]
fn s5_fine_and_far_moments() {
    lab(|lab| {
        lab.why("A moment is a Duration: it has nanoseconds, and no end. Duration::MAX is a moment that never comes.");
        let mut some = lab.you("Deadlines::new()", Deadlines::new);
        let base = Duration::from_secs(5);
        let fine = [
            (1_u32, base + Duration::from_nanos(2)),
            (2, base + Duration::from_nanos(1)),
            (3, Duration::MAX),
        ];
        for (key, at) in fine {
            lab.you(&format!("set({key}, {at:?})"), || some.set(key, at));
        }
        lab.same("who is due at 5 s", some.due(base), vec![]);
        let at = base + Duration::from_nanos(1);
        lab.same("the earliest moment", some.next(), Some(at));
        lab.same("who is due a nanosecond later", some.due(at), vec![2]);
        lab.same("who is due in a year", some.due(base * 6_000_000), vec![1]);
        lab.same("the earliest moment", some.next(), Some(Duration::MAX));
    });
}

#[test]
fn s5_many_renewals() {
    lab(|lab| {
        lab.why("Each request renews a deadline. After 20 000 renewals of 2000 keys there are 2000 deadlines, and each has its latest moment.");
        lab.if_stuck("Each call may look at a few entries only. A search through all of them, for each of many thousand calls, takes longer than anybody waits: use a structure that is ordered by moment, and one that finds a key.");
        const KEYS: u32 = 2000;
        let mut some = lab.you("Deadlines::new()", Deadlines::new);
        lab.you("set, ten times for each of 2000 keys", || {
            for round in 0..10_u64 {
                for key in 0..KEYS {
                    some.set(key, ms(round * 1000 + u64::from(KEYS - key)));
                }
            }
        });
        len(lab, &some, KEYS as usize);
        next(lab, &some, Some(9001));
        let due = lab.you("due(9500 ms)", || some.due(ms(9500)));
        lab.same("how many are due", due.len(), 500);
        lab.same("the first of them", due.first().copied(), Some(KEYS - 1));
        len(lab, &some, 1500);
        due_is_over(lab, &mut some);
    });
}

#[test]
fn s5_many_keys() {
    lab(|lab| {
        lab.why("A server with 20 000 clients asks for the earliest moment before each wait, and renews or cancels a deadline for each request.");
        lab.if_stuck("Each call may look at a few entries only. A search through all of them, for each of many thousand calls, takes longer than anybody waits: use a structure that is ordered by moment, and one that finds a key.");
        const KEYS: u32 = 20_000;
        let at = |key: u32| ms(u64::from(key * 7919 % KEYS));
        let mut some = lab.you("Deadlines::new()", Deadlines::new);
        lab.you("set, for each of 20 000 keys", || {
            (0..KEYS).for_each(|key| some.set(key, at(key)));
        });
        let right = lab.you("next, 20 000 times", || {
            (0..KEYS).filter(|_| some.next() == Some(ms(0))).count()
        });
        lab.same("how often it was 0 ms", right, KEYS as usize);
        lab.you("set, once more for each key", || {
            (0..KEYS).for_each(|key| some.set(key, at(key + 1)));
        });
        let right = lab.you("len and is_empty, 20 000 times", || {
            (0..KEYS)
                .filter(|_| some.len() == KEYS as usize && !some.is_empty())
                .count()
        });
        lab.same("how often it had 20 000 keys", right, KEYS as usize);
        let due = lab.you("due(0 ms), 20 000 times", || {
            (0..KEYS).map(|_| some.due(ms(0)).len()).sum::<usize>()
        });
        lab.same("how many were due", due, 1);
        lab.you("cancel, for every second key", || {
            (0..KEYS).step_by(2).for_each(|key| {
                some.cancel(key);
            });
        });
        len(lab, &some, 10_000 - 1);
    });
}

fn due_is_over(lab: &Lab, some: &mut Deadlines<u32>) {
    let due = lab.you("due(20 000 ms)", || some.due(ms(20_000)));
    lab.same("how many are due", due.len(), 1500);
    len(lab, some, 0);
}
