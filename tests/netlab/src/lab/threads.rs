//! Which threads of this process are the student's.
//!
//! Linux gives a new thread the name of the thread that starts it, until it gets one of its own. So
//! the laboratory names each thread on which the student's code runs, and the threads that this code
//! starts carry the name on. A thread that the student has named is known only while no other
//! laboratory runs beside this one.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::ours;
use super::task::Task;
use crate::protocol::WITNESS;

static BEGUN: AtomicUsize = AtomicUsize::new(0);
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Held for writing by a laboratory that needs the process for itself.
static PROCESS: RwLock<()> = RwLock::new(());

pub struct Threads {
    number: usize,
    began_alone: bool,
    before: HashSet<String>,
}

/// The threads that run a laboratory or wait for their turn to do so: the test runner's, not the student's.
static RUNNERS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A laboratory's right to run; others may run beside it, or not.
pub struct Turn {
    _guard: Guard,
    _runner: Runner,
}

enum Guard {
    Shared {
        _held: RwLockReadGuard<'static, ()>,
    },
    Alone {
        _held: RwLockWriteGuard<'static, ()>,
    },
}

impl Turn {
    pub fn shared() -> Turn {
        Turn::take(|| Guard::Shared {
            _held: PROCESS.read().unwrap_or_else(|p| p.into_inner()),
        })
    }

    pub fn alone() -> Turn {
        Turn::take(|| Guard::Alone {
            _held: PROCESS.write().unwrap_or_else(|p| p.into_inner()),
        })
    }

    fn take(guard: impl FnOnce() -> Guard) -> Turn {
        let _runner = Runner::new();
        Turn {
            _guard: guard(),
            _runner,
        }
    }
}

/// The current thread is one of [`RUNNERS`], as long as this value lives.
struct Runner(String);

impl Runner {
    fn new() -> Runner {
        let id = Task::current().id();
        runners().push(id.clone());
        Runner(id)
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        runners().retain(|id| *id != self.0);
    }
}

fn runners() -> MutexGuard<'static, Vec<String>> {
    RUNNERS.lock().unwrap_or_else(|p| p.into_inner())
}

impl Threads {
    pub fn begin() -> Threads {
        let began_alone = RUNNING.fetch_add(1, SeqCst) == 0;
        Threads {
            number: BEGUN.fetch_add(1, SeqCst),
            began_alone,
            before: Task::all().iter().map(Task::id).collect(),
        }
    }

    /// The laboratory has its verdict.
    pub fn end(&self) {
        RUNNING.fetch_sub(1, SeqCst);
    }

    /// The name of a thread on which the student's code runs.
    pub fn name(&self, what: &str) -> String {
        format!("{}{what}", self.mark())
    }

    /// All threads of the student's code, except for this one.
    pub fn of_student(&self) -> Vec<Task> {
        let is_alone = self.began_alone && BEGUN.load(SeqCst) == self.number + 1;
        let here = Task::current().id();
        // Held while we look, so that each thread of ours on the list is among them.
        let ours = ours::ids();
        let all = Task::all();
        // After the list: a thread that is on it has had time to come to its laboratory.
        let runners = runners().clone();
        let is_graded = std::env::var_os(WITNESS).is_some();
        let is_students = |task: &Task| {
            let name = task.name();
            if name.starts_with(&self.mark()) {
                return true;
            }
            // libtest names its threads by the paths of tests. For a grader it runs one alone, whose thread is a
            // runner, and a student may choose such a name.
            let is_libtests = name.contains("::") && !is_graded;
            is_alone
                && !is_libtests
                && !ours.contains(&task.id())
                && !self.before.contains(&task.id())
                && !runners.contains(&task.id())
        };
        let all = all.into_iter();
        all.filter(|task| task.id() != here && is_students(task))
            .collect()
    }

    /// The system keeps 15 bytes of a name: these come first.
    fn mark(&self) -> String {
        format!("you{} ", self.number)
    }
}
