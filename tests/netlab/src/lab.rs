//! One test's laboratory: its story, its deadlines, its verdict.

use std::fmt::Debug;
use std::panic::{Location, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crate::ladder_picture;
use crate::panics::{self, Panic, Stopped};
use crate::patience::{GLANCE, Patience, in_words};
use crate::picture;
use crate::report::{self, Failure};
use crate::story::{Story, YOU};
use crate::task::Task;
use crate::test_name::TestName;
use crate::witness;

/// Runs a test's body. Returns when every expectation held; fails the test with a report otherwise.
///
/// The body runs on a thread of its own and is given up after a deadline, so an answer that never
/// returns fails like any other and the next test can run. The lost thread stays until the test
/// program ends.
#[track_caller]
pub fn lab<F>(body: F)
where
    F: FnOnce(&Lab) + Send + 'static,
{
    let test = TestName::of::<F>(Location::caller());
    // Before the student's code runs.
    witness::tell("begins", &test.function);
    let inner = Arc::new(Inner::new(test, Patience::from_environment()));
    let verdict = run(&inner, body);
    if let Err(report) = &verdict {
        eprint!("{report}");
    }
    let word = match &verdict {
        Ok(()) => "done",
        Err(_) if inner.late.load(Relaxed) => "late",
        Err(_) => "failed",
    };
    witness::tell(word, &inner.test.function);
    if verdict.is_err() {
        // Not panic!: the report has said everything, and the hook would add noise.
        resume_unwind(Box::new(Stopped));
    }
}

/// Runs a body as [`lab`] does, but gives the report of a failure instead of failing: for tests of
/// the laboratory itself. All deadlines are multiplied by `patience`.
#[track_caller]
pub fn trial<F>(patience: f64, body: F) -> Result<(), String>
where
    F: FnOnce(&Lab) + Send + 'static,
{
    let test = TestName::of::<F>(Location::caller());
    run(&Arc::new(Inner::new(test, Patience::times(patience))), body)
}

fn run<F>(inner: &Arc<Inner>, body: F) -> Result<(), String>
where
    F: FnOnce(&Lab) + Send + 'static,
{
    panics::open(inner);

    let (send, ended) = mpsc::channel();
    let lab = Lab(inner.clone());
    thread::Builder::new()
        .name(inner.test.function.clone())
        .spawn(move || {
            let result = panics::guard(&lab.0, || body(&lab));
            // The watcher may have given up on us and gone.
            let _ = send.send(result);
        })
        .expect("cannot start a thread for the test");

    let verdict = watch(inner, &ended);
    panics::close(inner);
    let report =
        verdict.map_err(|failure| report::render(&inner.test, &inner.story.lines(), &failure));
    if let Err(report) = &report {
        inner.add_picture(&inner.test.function, picture::terminal(report));
    }
    inner.write_pictures();
    report
}

/// Waits for the body to end, and gives it up when it overruns a deadline.
fn watch(inner: &Arc<Inner>, ended: &mpsc::Receiver<Result<(), Failure>>) -> Result<(), Failure> {
    let mut failed_since: Option<Instant> = None;
    loop {
        match ended.recv_timeout(GLANCE) {
            Ok(result) => {
                // A failure on another thread counts even when the body did not notice.
                return match inner.failure() {
                    Some(failure) => Err(failure),
                    None => result,
                };
            }
            Err(RecvTimeoutError::Disconnected) => return Err(inner.too_slow()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(failure) = inner.failure() {
            // Another thread has failed. The body gets a moment to stop by itself.
            let since = failed_since.get_or_insert_with(Instant::now);
            if since.elapsed() > Duration::from_millis(300) {
                return Err(failure);
            }
        } else if inner.overdue() {
            return Err(inner.too_slow());
        }
    }
}

/// The handle that a test's body works with. Clones belong to the same test.
#[derive(Clone)]
pub struct Lab(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub test: TestName,
    pub patience: Patience,
    pub story: Story,
    /// Why the thing under test matters, for the next failure.
    why: Mutex<String>,
    /// The first failure; later ones are its consequences.
    failure: Mutex<Option<Failure>>,
    /// Calls into the student's code that have not returned.
    calls: Mutex<Vec<Call>>,
    /// What calls on threads have returned, as long as the body has not asked for it.
    returned: Mutex<Vec<(String, String)>>,
    /// The student's programs that run: their command lines and main threads.
    programs: Mutex<Vec<(String, Task)>>,
    pictures: Mutex<Pictures>,
    /// Whether a wait has lasted to its deadline. The machine may have been busy.
    late: AtomicBool,
}

/// A call into the student's code that has not returned yet.
struct Call {
    id: usize,
    what: String,
    since: Instant,
    /// On the body's thread nobody else would notice that it hangs.
    watched: bool,
    thread: ThreadId,
    task: Task,
}

#[derive(Default)]
struct Pictures {
    ladder: Option<String>,
    drawn: Vec<(String, String)>,
}

impl Inner {
    fn new(test: TestName, patience: Patience) -> Inner {
        Inner {
            test,
            patience,
            story: Story::begin(),
            why: Mutex::default(),
            failure: Mutex::default(),
            calls: Mutex::default(),
            returned: Mutex::default(),
            programs: Mutex::default(),
            pictures: Mutex::default(),
            late: AtomicBool::new(false),
        }
    }

    pub fn failure(&self) -> Option<Failure> {
        locked(&self.failure).clone()
    }

    pub fn reason(&self) -> String {
        locked(&self.why).clone()
    }

    pub fn set_reason(&self, why: String) {
        *locked(&self.why) = why;
    }

    /// Keeps the first failure.
    pub fn fail(&self, failure: Failure) {
        locked(&self.failure).get_or_insert(failure);
    }

    /// Ends the test here. Anything the student's code catches on the way changes nothing: the
    /// failure is kept.
    pub fn stop(&self, failure: Failure) -> ! {
        self.fail(failure);
        resume_unwind(Box::new(Stopped))
    }

    pub fn check_failed(&self, expected: &str, got: &str) -> Failure {
        Failure::new()
            .with("expected", expected)
            .with("got", got)
            .with("meanwhile", self.meanwhile())
            .with("why", self.reason())
    }

    /// A thread that the student started has panicked. It may be the reason of what comes next.
    pub fn stray_panic(&self, seen: &Panic) {
        if seen.message.starts_with(panics::TODO) {
            self.fail(panics::failure_of(self, seen));
        } else {
            self.story.act(
                YOU,
                format!("a thread of yours panics: {}", seen.message),
                &seen.place,
            );
        }
    }

    /// Puts a call into the student's code into the story. Before a thread starts, so that the
    /// order of the lines is the order of the scene.
    pub fn tell_call(&self, what: &str) {
        self.story.act(YOU, format!("your {what}"), "");
    }

    /// Runs `f` as a call into the student's code on the body's thread; a panic in it ends the test.
    pub fn call<T>(self: &Arc<Inner>, what: &str, f: impl FnOnce() -> T) -> T {
        let id = self.enter(what, true);
        let result = panics::guard(self, f);
        self.leave(id, None);
        result.unwrap_or_else(|failure| self.stop(failure))
    }

    /// The same on another thread. What the call returns is kept, as long as the body has not asked for
    /// it: it may be the reason of a failure elsewhere.
    pub fn call_aside<T: Debug>(self: &Arc<Inner>, what: &str, f: impl FnOnce() -> T) -> T {
        let id = self.enter(what, false);
        let result = panics::guard(self, || {
            let value = f();
            let words = in_short(&value);
            (value, words)
        });
        match result {
            Ok((value, words)) => {
                self.leave(id, Some((what.to_owned(), words)));
                value
            }
            Err(failure) => {
                self.leave(id, None);
                self.stop(failure)
            }
        }
    }

    fn enter(&self, what: &str, watched: bool) -> usize {
        let mut calls = locked(&self.calls);
        let id = calls.iter().map(|call| call.id + 1).max().unwrap_or(0);
        calls.push(Call {
            id,
            what: what.to_owned(),
            since: Instant::now(),
            watched,
            thread: thread::current().id(),
            task: Task::current(),
        });
        id
    }

    /// In one go: whoever looks finds the call among those that run or among those that returned.
    fn leave(&self, id: usize, returned: Option<(String, String)>) {
        let mut calls = locked(&self.calls);
        calls.retain(|call| call.id != id);
        locked(&self.returned).extend(returned);
    }

    /// The body has the value itself now.
    pub fn forget_returned(&self, what: &str) {
        let mut returned = locked(&self.returned);
        if let Some(at) = returned.iter().position(|(call, _)| call == what) {
            returned.remove(at);
        }
    }

    pub fn program_starts(&self, what: &str, pid: u32) {
        locked(&self.programs).push((what.to_owned(), Task::of_program(pid)));
    }

    /// The program has ended, or its own failure is being told.
    pub fn forget_program(&self, what: &str) {
        let mut programs = locked(&self.programs);
        if let Some(at) = programs.iter().position(|(line, _)| line == what) {
            programs.remove(at);
        }
    }

    /// What the student's code on other threads and in programs is doing, or has come to: `your
    /// serve_one(listener) waits in accept …`.
    fn meanwhile(&self) -> String {
        self.comes_to_rest();
        let calls = self.calls_elsewhere();
        let returned = locked(&self.returned).clone();
        let programs = self.tasks_of_programs();
        let running = calls
            .iter()
            .map(|(what, task)| format!("your {what} {}", task.doing()));
        let ended = returned
            .iter()
            .map(|(call, value)| format!("your {call} has returned {value}"));
        let programs = programs
            .iter()
            .filter(|(_, task)| !task.is_gone())
            .map(|(line, task)| format!("`{line}` {}", task.doing()));
        running
            .chain(ended)
            .chain(programs)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// A call that is about to return, or a program to wait, should not be accused of anything: gives
    /// them the time they need. What a busy machine keeps waiting is not to blame either: only time
    /// on a processor counts.
    fn comes_to_rest(&self) {
        const ENOUGH: Duration = Duration::from_millis(20);
        let began = Instant::now();
        let before = self.worked().unwrap_or_default();
        while !self.is_at_rest() && began.elapsed() < self.patience.wait() {
            let worked = match self.worked() {
                Some(now) => now.saturating_sub(before),
                None => began.elapsed(),
            };
            if worked > ENOUGH {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether whatever runs beside this thread does nothing but wait.
    fn is_at_rest(&self) -> bool {
        let programs = self.tasks_of_programs();
        self.calls_elsewhere().iter().all(|(_, task)| task.rests())
            && programs
                .iter()
                .all(|(_, task)| task.is_gone() || task.rests())
    }

    /// The time that calls and programs have had a processor for, where the system tells it.
    fn worked(&self) -> Option<Duration> {
        let calls = self.calls_elsewhere();
        let programs = self.tasks_of_programs();
        let tasks = calls.iter().chain(&programs);
        tasks.map(|(_, task)| task.worked()).sum()
    }

    /// Calls that have not returned, without this thread's: it is busy failing, whatever it was called
    /// for. Copies: to look at a task takes time, and a call needs the lock to return.
    fn calls_elsewhere(&self) -> Vec<(String, Task)> {
        let here = thread::current().id();
        locked(&self.calls)
            .iter()
            .filter(|call| call.thread != here)
            .map(|call| (call.what.clone(), call.task.clone()))
            .collect()
    }

    fn tasks_of_programs(&self) -> Vec<(String, Task)> {
        locked(&self.programs).clone()
    }

    fn overdue(&self) -> bool {
        self.story.age() > self.patience.test()
            || locked(&self.calls)
                .iter()
                .any(|call| call.watched && call.since.elapsed() > self.patience.call())
    }

    fn too_slow(&self) -> Failure {
        self.late.store(true, Relaxed);
        let calls = locked(&self.calls);
        let Some(call) = calls.iter().rfind(|call| call.watched).or(calls.last()) else {
            drop(calls);
            return Failure::new()
                .with(
                    "expected",
                    format!("the test to end within {}", in_words(self.patience.test())),
                )
                .with("got", "it goes on")
                .with("meanwhile", self.meanwhile())
                .with("why", self.reason());
        };
        let waited = in_words(call.since.elapsed());
        self.story.fails(
            YOU,
            format!("your {} has not returned after {waited}", call.what),
        );
        Failure::new()
            .with("expected", format!("your {} to return", call.what))
            .with("got", format!("after {waited} it {}", call.task.doing()))
            .with("why", self.reason())
    }

    /// Asks `look` again and again until it has something, the test has failed elsewhere, or the
    /// time for one wait is over (`None`). `look` itself waits for a [`GLANCE`] at most.
    pub fn await_some<T>(&self, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + self.patience.wait();
        loop {
            if let Some(found) = look() {
                return Some(found);
            }
            if locked(&self.failure).is_some() {
                resume_unwind(Box::new(Stopped));
            }
            if Instant::now() >= deadline {
                self.late.store(true, Relaxed);
                return None;
            }
        }
    }

    pub fn take_ladder_as(&self, name: &str) {
        locked(&self.pictures).ladder = Some(name.to_owned());
    }

    pub fn add_picture(&self, name: &str, svg: String) {
        locked(&self.pictures).drawn.push((name.to_owned(), svg));
    }

    /// Writes the pictures of this test to the folder that `NETLAB_PICTURES` names. A failed test
    /// adds its report.
    fn write_pictures(&self) {
        let Some(folder) = std::env::var_os("NETLAB_PICTURES") else {
            return;
        };
        let mut pictures = locked(&self.pictures);
        if let Some(name) = pictures.ladder.take() {
            let ladder = ladder_picture::draw(&self.story.lines());
            pictures.drawn.push((name, ladder));
        }
        for (name, svg) in pictures.drawn.drain(..) {
            let file = std::path::Path::new(&folder)
                .join(name)
                .with_extension("svg");
            if let Err(error) = std::fs::write(&file, svg) {
                eprintln!("netlab: cannot write {}: {error}", file.display());
            }
        }
    }
}

/// A value for a report, cut where it grows long.
fn in_short(value: &dyn Debug) -> String {
    const LONGEST: usize = 200;
    let mut words = format!("{value:?}");
    if let Some((cut, _)) = words.char_indices().nth(LONGEST) {
        words.truncate(cut);
        words.push('…');
    }
    words
}

/// A lock whose data is whole between any two statements, so that a panic elsewhere is no reason to
/// give up on it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
