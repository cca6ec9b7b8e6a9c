//! Checks that a wait is a blocking wait: the student's code sleeps until something happens.
//!
//! A loop that polls produces the same bytes as a call that blocks, so no assertion on bytes tells them
//! apart. The system does: a sleeping thread is given no processor. Processor time counts here, never
//! time on the clock, so a busy machine changes nothing for code that blocks. Only Linux shows it;
//! elsewhere these checks see nothing and pass.

use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use super::inner::Lab;
use super::task::{Task, Usage};
use crate::report::text::in_words;

/// How long a wait is watched: what looks every 100 ms has looked, on a system that counts in hundredths of a
/// second, too.
const WINDOW: Duration = Duration::from_millis(120);

/// How long there is between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// What a wait may cost in one [`WINDOW`].
struct Allowance {
    time: Duration,
    /// How often each thread may be given a processor. After a turn it is watched for another [`WINDOW`], so that
    /// who looks again and again has another one.
    turns: Option<u64>,
    /// Whether a thread may sleep for a fixed time.
    naps: bool,
}

const ASLEEP: Allowance = Allowance {
    time: Duration::from_millis(5),
    turns: Some(1),
    naps: true,
};

const WAITING: Allowance = Allowance {
    naps: false,
    ..ASLEEP
};

const PAUSING: Allowance = Allowance {
    time: Duration::from_millis(12),
    turns: None,
    naps: true,
};

impl Lab {
    /// Demands that the student's code, on all of its threads, now sleeps `until` something happens that
    /// the test has not done yet: `a client connects`. What it can do without that, it does first.
    ///
    /// A thread that the test has started with `std::thread` counts as the student's; the test uses
    /// [`Lab::meanwhile`].
    pub fn sleeps(&self, until: &str) {
        sleeps(self, "your code", until, || self.0.threads.of_student());
    }

    /// [`Lab::sleeps`] for code that may not even set itself a time, to look again then: only who has
    /// something to do for it wakes it.
    pub fn sleeps_until_woken(&self, until: &str) {
        sleeps_until_woken(self, "your code", until, || self.0.threads.of_student());
    }

    /// Waits until the student's code, on all of its threads, does nothing but wait:
    /// [`Running::settles`](crate::Running::settles) for threads that the test has no handle of.
    pub fn settles(&self) -> bool {
        settles(self, &|| self.0.threads.of_student())
    }

    /// [`Lab::sleeps`] for code that must look now and then, with a pause in between: it may use a tenth of a
    /// processor's time.
    pub fn pauses(&self, until: &str) {
        pauses(self, "your code", until, || self.0.threads.of_student());
    }
}

/// Demands that threads of `who` sleep.
pub fn sleeps(lab: &Lab, who: &str, until: &str, tasks: impl Fn() -> Vec<Task>) {
    demand(lab, who, until, tasks, &ASLEEP);
}

/// Demands that threads of `who` sleep, and none of them for a fixed time.
pub fn waits(lab: &Lab, who: &str, until: &str, tasks: impl Fn() -> Vec<Task>) {
    demand(lab, who, until, tasks, &WAITING);
}

/// Demands that threads of `who` sleep, at a quick look: who wakes now and then is found only while it naps.
pub fn rests(lab: &Lab, who: &str, until: &str, tasks: impl Fn() -> Vec<Task>) {
    let got = match settles(lab, &tasks) {
        false => BUSY,
        true if tasks().iter().any(Task::naps) => NAPS,
        true => return,
    };
    lab.because(WHY)
        .fails(format!("{who} to sleep until {until}"), got);
}

/// [`rests`], and none of them may have set itself a time at which to look again.
pub fn rests_until_woken(lab: &Lab, who: &str, until: &str, tasks: impl Fn() -> Vec<Task>) {
    rests(lab, who, until, &tasks);
    if tasks().iter().any(Task::limits_its_wait) {
        lab.because(WHY)
            .fails(format!("{who} to sleep until {until}"), LIMITED);
    }
}

/// Demands that threads of `who` sleep until another thread wakes them.
pub fn sleeps_until_woken(lab: &Lab, who: &str, until: &str, tasks: impl Fn() -> Vec<Task>) {
    demand(lab, who, until, &tasks, &ASLEEP);
    let wakes = |task: &Task| !task.is_gone() && !task.waits_without_limit();
    if tasks().iter().any(wakes) {
        let expected = format!("{who} to sleep until {until}");
        lab.because(WHY).fails(expected, LIMITED);
    }
}

/// Demands that threads of `who` sleep, but for a look now and then.
pub fn pauses(lab: &Lab, who: &str, until: &str, tasks: impl Fn() -> Vec<Task>) {
    demand(lab, who, until, tasks, &PAUSING);
}

fn demand(lab: &Lab, who: &str, until: &str, tasks: impl Fn() -> Vec<Task>, allowance: &Allowance) {
    let expected = match allowance.turns {
        None => format!("{who} to look now and then, until {until}"),
        Some(_) => format!("{who} to sleep until {until}"),
    };
    let settled = settles(lab, &tasks);
    let got = match settled {
        false => BUSY.to_owned(),
        // Nothing but another thread can wake these, so there is little to watch.
        true if tasks().iter().all(Task::waits_without_limit) && stay_asleep(&tasks) => return,
        true => match watch(&tasks, allowance) {
            Ok(()) if !allowance.naps && tasks().iter().any(Task::naps) => NAPS.to_owned(),
            Ok(()) => return,
            Err(spent) => spent,
        },
    };
    lab.because(WHY).fails(expected, got);
}

const BUSY: &str = "it keeps a processor busy";
const NAPS: &str = "it sleeps for a fixed time, to look again then";
const LIMITED: &str = "it has set itself a time, to look again then";

const WHY: &str = "It asks again and again instead of waiting: a non-blocking call, try_recv or \
    try_lock in a loop, a sleep of a few milliseconds. A call that blocks (accept, recv, a Condvar's \
    wait) costs nothing until there is something to do, and returns at once when there is.";

/// Waits until all of these threads do nothing but wait. Threads that use up a good deal of processor
/// time first are taken for a loop: `false`.
pub fn settles(lab: &Lab, tasks: &impl Fn() -> Vec<Task>) -> bool {
    const ENOUGH: Duration = Duration::from_millis(300);
    let before = usage(&tasks());
    let looked = lab.0.await_some(|| {
        let now = tasks();
        if Task::all_rest(&now) && no_other(&now, &tasks()) {
            return Some(true);
        }
        let used = spent(&before, &now)
            .iter()
            .map(|usage| usage.time)
            .sum::<Duration>();
        (used > ENOUGH).then_some(false)
    });
    looked.unwrap_or(false)
}

/// Whether all threads are among the known ones: none has started another before it fell asleep.
fn no_other(known: &[Task], now: &[Task]) -> bool {
    let known: HashSet<_> = known.iter().map(Task::id).collect();
    now.iter().all(|task| known.contains(&task.id()))
}

/// What each thread has used since.
fn spent(before: &HashMap<String, Usage>, now: &[Task]) -> Vec<Usage> {
    let now = usage(now);
    let since = |(thread, now): (&String, &Usage)| {
        now.since(before.get(thread).copied().unwrap_or_default())
    };
    now.iter().map(since).collect()
}

/// Whether none of these threads is given a processor during one [`LOOK`]. Who spins on a lock that others
/// spin on, too, is found asleep now and then, but not for long.
fn stay_asleep(tasks: &impl Fn() -> Vec<Task>) -> bool {
    let before = usage(&tasks());
    thread::sleep(LOOK);
    spent(&before, &tasks())
        .iter()
        .all(|usage| usage.turns == 0)
}

/// Watches threads. `Err` says what they used beyond the allowance.
fn watch(tasks: &impl Fn() -> Vec<Task>, allowance: &Allowance) -> Result<(), String> {
    let before = usage(&tasks());
    let began = Instant::now();
    let mut seen = 0;
    let mut end = WINDOW;
    while began.elapsed() < end {
        thread::sleep(LOOK);
        let spent = spent(&before, &tasks());
        let took = in_words(began.elapsed());
        let time = spent.iter().map(|usage| usage.time).sum();
        if time > allowance.time {
            return Err(format!(
                "it used {} of processor time in {took}",
                in_words(time)
            ));
        }
        let turns = spent.iter().map(|usage| usage.turns).max().unwrap_or(0);
        if let Some(allowed) = allowance.turns {
            if turns > allowed {
                return Err(format!(
                    "it woke up {turns} times in {took}, with nothing to do"
                ));
            }
            if turns > seen {
                (seen, end) = (turns, began.elapsed() + WINDOW);
            }
        }
    }
    Ok(())
}

fn usage(tasks: &[Task]) -> HashMap<String, Usage> {
    let usage = tasks
        .iter()
        .filter_map(|task| Some((task.id(), task.usage()?)));
    usage.collect()
}
