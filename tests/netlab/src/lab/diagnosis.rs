//! What the student's code does while the test waits for it, and what that says about the cause.

use std::thread;
use std::time::{Duration, Instant};

use super::calls::Calls;
use super::task::Task;
use super::threads::Threads;
use crate::report::causes::{Doing, Wait};

/// What runs beside the thread that asks, at the moment of a failure.
pub struct Diagnosis {
    /// Calls on threads of the test, and programs: who they are and what they do.
    named: Vec<(String, Task, Doing)>,
    /// What calls have returned that nobody has asked for.
    returned: Vec<String>,
    /// Threads that the student's code has started.
    threads: Vec<(Task, Doing)>,
}

impl Diagnosis {
    /// Looks around. A call that is about to return, or a program about to wait, gets the time for it.
    pub fn of(all: &Calls, started: &Threads, patience: Duration) -> Diagnosis {
        comes_to_rest(all, patience);
        let calls = all.elsewhere();
        let programs = all.programs();
        let calls = calls
            .into_iter()
            .map(|(what, task)| (format!("your {what}"), task));
        let programs = programs
            .into_iter()
            .filter(|(_, task)| !task.is_gone())
            .map(|(line, task)| (format!("`{line}`"), task));
        let (names, mut tasks): (Vec<_>, Vec<_>) = calls.chain(programs).unzip();
        let known: Vec<_> = tasks.iter().map(Task::id).collect();
        let own = all.body().as_ref().map(Task::id);
        let is_own = |task: &Task| known.contains(&task.id()) || own == Some(task.id());
        let threads = started.of_student().into_iter();
        tasks.extend(threads.filter(|task| !is_own(task)));
        let doing = Task::doing(&tasks);

        let mut tasks = tasks.into_iter().zip(doing);
        let named = names
            .into_iter()
            .zip(tasks.by_ref())
            .map(|(name, (task, doing))| (name, task, doing));
        Diagnosis {
            named: named.collect(),
            returned: all.returned(),
            threads: tasks.collect(),
        }
    }

    /// What calls and programs do or have come to, a line each: `your serve_one(listener) waits in
    /// accept …`.
    pub fn calls(&self) -> String {
        self.lines().join("\n")
    }

    /// The same and the threads that the student has started, without what was said of one call already.
    pub fn calls_and_threads(&self, without: Option<&Task>) -> String {
        let without = without.map(Task::id);
        let others = self
            .named
            .iter()
            .filter(|(_, task, _)| Some(task.id()) != without)
            .map(|(name, _, doing)| format!("{name} {}", doing.words()));
        let mut lines: Vec<_> = others.chain(self.returned.iter().cloned()).collect();
        let mut seen: Vec<(Doing, usize)> = Vec::new();
        for (_, doing) in &self.threads {
            match seen.iter_mut().find(|(other, _)| other == doing) {
                Some((_, count)) => *count += 1,
                None => seen.push((*doing, 1)),
            }
        }
        lines.extend(seen.iter().map(|(doing, count)| match count {
            1 => format!("a thread of yours {}", doing.words()),
            n => format!("{n} threads of yours: each {}", doing.words()),
        }));
        lines.join("\n")
    }

    fn lines(&self) -> Vec<String> {
        let named = self.named.iter();
        let named = named.map(|(name, _, doing)| format!("{name} {}", doing.words()));
        named.chain(self.returned.iter().cloned()).collect()
    }

    /// The usual cause when this call, or this program, does not end.
    pub fn cause_of(&self, task: &Task) -> Option<&'static str> {
        let (task, doing) = self.end_of_joins(task);
        if !waits_for_own_thread(doing) {
            return doing.cause();
        }
        // What another thread waits for outside holds up those that wait for each other.
        let others = self
            .everybody()
            .filter(|(other, _)| other.id() != task.id());
        let outside = others
            .map(|(_, doing)| doing)
            .find(|doing| !waits_for_own_thread(*doing) && !is_idle(*doing));
        outside.unwrap_or(doing).cause()
    }

    /// The usual cause when a peer or the test waits in vain: only where the student's code is busy with
    /// one thing, beside those that wait for something to do.
    pub fn cause(&self) -> Option<&'static str> {
        let mut busy = self
            .everybody()
            .map(|(_, doing)| doing)
            .filter(|doing| !is_idle(*doing));
        let first = busy.next()?;
        let is_one = busy.all(|other| other == first);
        is_one.then(|| first.cause())?
    }

    fn everybody(&self) -> impl Iterator<Item = (&Task, Doing)> {
        let named = self.named.iter().map(|(_, task, doing)| (task, *doing));
        named.chain(self.threads.iter().map(|(task, doing)| (task, *doing)))
    }

    /// The thread at the end of a chain in which each waits in join() for the next.
    fn end_of_joins(&self, task: &Task) -> (Task, Doing) {
        const LONGEST: usize = 16;
        let mut task = task.clone();
        for _ in 0..LONGEST {
            match task.joins() {
                Some(next) => task = next,
                None => break,
            }
        }
        let doing = Task::doing(std::slice::from_ref(&task))[0];
        (task, doing)
    }
}

fn waits_for_own_thread(doing: Doing) -> bool {
    use Wait::{Channel, Condvar, Join, Lock, Thread};
    matches!(
        doing,
        Doing::Waits(Channel | Condvar | Join | Lock | Thread)
    )
}

fn is_idle(doing: Doing) -> bool {
    matches!(doing, Doing::Waits(wait) if wait.is_idle())
}

/// Waits until whatever runs beside this thread does nothing but wait. What a busy machine keeps waiting
/// is not to blame: only time on a processor counts.
fn comes_to_rest(calls: &Calls, patience: Duration) {
    const ENOUGH: Duration = Duration::from_millis(20);
    let began = Instant::now();
    let before = worked(calls).unwrap_or_default();
    while !is_at_rest(calls) && began.elapsed() < patience {
        let worked = match worked(calls) {
            Some(now) => now.saturating_sub(before),
            None => began.elapsed(),
        };
        if worked > ENOUGH {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn is_at_rest(calls: &Calls) -> bool {
    // A program that has panicked says so first.
    let readers = calls.readers();
    let (calls, programs) = (calls.elsewhere(), calls.programs());
    let tasks = calls.iter().chain(&programs);
    let mut tasks: Vec<_> = tasks.map(|(_, task)| task.clone()).collect();
    tasks.extend(readers);
    Task::all_rest(&tasks)
}

/// The time that calls and programs have had a processor for, where the system tells it.
fn worked(calls: &Calls) -> Option<Duration> {
    let programs = calls.programs();
    let calls = calls.elsewhere();
    let tasks = calls.iter().chain(&programs);
    tasks.map(|(_, task)| Some(task.usage()?.time)).sum()
}
