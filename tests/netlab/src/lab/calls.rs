//! The student's code that is running at this moment: calls on the test's threads, and programs.

use std::io;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use super::process::Process;
use super::task::{Task, Usage};

#[derive(Default)]
pub struct Calls(Mutex<State>);

#[derive(Default)]
struct State {
    /// Calls into the student's code that have not returned.
    running: Vec<Call>,
    /// What calls on threads have returned, as long as the body has not asked for it.
    returned: Vec<(String, String)>,
    /// The student's programs that run.
    programs: Vec<Arc<Process>>,
    /// There was a call or a program.
    have_begun: bool,
    /// The thread of the test's body.
    body: Option<Task>,
    /// How long calls and programs that have ended stood in line for a processor.
    in_line: Duration,
    /// The test is over: no program may start.
    over: bool,
}

/// A call into the student's code that has not returned yet.
#[derive(Clone)]
pub struct Call {
    id: usize,
    pub what: String,
    pub since: Instant,
    /// It runs on the body's thread, so only the watchdog can notice that it hangs.
    pub watched: bool,
    thread: ThreadId,
    pub task: Task,
    /// What its thread had had of the processors before.
    before: Usage,
}

impl Call {
    /// How long it lasts, as far as a deadline of this limit counts it.
    pub fn lasts(&self, limit: Duration) -> Duration {
        on_a_quiet_machine(self.since.elapsed(), self.in_line(), limit)
    }

    /// How long its thread has stood in line for a processor since it began.
    fn in_line(&self) -> Duration {
        in_line(&self.task).saturating_sub(self.before.in_line)
    }
}

/// A span without the time in line for a processor. There is an end to this patience: what has taken
/// twice its limit has taken too long.
pub fn on_a_quiet_machine(span: Duration, in_line: Duration, limit: Duration) -> Duration {
    span.saturating_sub(in_line.min(limit))
}

fn in_line(task: &Task) -> Duration {
    task.usage().unwrap_or_default().in_line
}

impl Calls {
    /// The current thread runs the test's body.
    pub fn body_begins(&self) {
        self.lock().body = Some(Task::current());
    }

    /// The thread of the test's body, once it has begun.
    pub fn body(&self) -> Option<Task> {
        self.lock().body.clone()
    }

    /// How long the code of this test has stood in line for a processor: the body, or the call on another
    /// thread or the program that has waited longest, and those that have ended. A busy machine has taken
    /// this time, so deadlines do not count it: see [`on_a_quiet_machine`]. Linux tells; elsewhere it is
    /// zero.
    pub fn in_line(&self) -> Duration {
        let state = self.lock();
        let body = state.body.as_ref().map(in_line);
        let aside = state.running.iter().filter(|call| !call.watched);
        let programs = state.programs.iter().map(|program| program.in_line());
        let now = body
            .into_iter()
            .chain(aside.map(Call::in_line))
            .chain(programs);
        state.in_line + now.max().unwrap_or_default()
    }

    /// Notes a call of the current thread.
    pub fn enter(&self, what: &str, watched: bool) -> usize {
        let mut state = self.lock();
        state.have_begun = true;
        let id = state
            .running
            .iter()
            .map(|call| call.id + 1)
            .max()
            .unwrap_or(0);
        state.running.push(Call {
            id,
            what: what.to_owned(),
            since: Instant::now(),
            watched,
            thread: thread::current().id(),
            before: Task::current().usage().unwrap_or_default(),
            task: Task::current(),
        });
        id
    }

    /// Whether the student's code was ever called, or started.
    pub fn have_begun(&self) -> bool {
        self.lock().have_begun
    }

    /// Under one lock, so that the call is always found in one of the two lists.
    pub fn leave(&self, id: usize, returned: Option<(String, String)>) {
        let mut state = self.lock();
        let ended = state.running.iter().position(|call| call.id == id);
        let ended = ended.map(|at| state.running.remove(at));
        if let Some(aside) = ended.filter(|call| !call.watched) {
            state.in_line += aside.in_line();
        }
        state.returned.extend(returned);
    }

    /// The body has taken the value.
    pub fn forget_returned(&self, what: &str) {
        let mut state = self.lock();
        if let Some(at) = state.returned.iter().position(|(call, _)| call == what) {
            state.returned.remove(at);
        }
    }

    /// Starts a program. `None` when the test is over: a lost thread may still come here.
    pub fn start_program(
        &self,
        what: String,
        command: &mut Command,
    ) -> Option<io::Result<Arc<Process>>> {
        let mut state = self.lock();
        if state.over {
            return None;
        }
        state.have_begun = true;
        let process = Process::start(what, command).map(Arc::new);
        state.programs.extend(process.as_ref().ok().cloned());
        Some(process)
    }

    /// The program has ended, or its own failure is being told.
    pub fn forget_program(&self, process: &Arc<Process>) {
        let mut state = self.lock();
        let at = state
            .programs
            .iter()
            .position(|other| Arc::ptr_eq(other, process));
        if let Some(at) = at {
            let in_line = state.programs.remove(at).in_line();
            state.in_line += in_line;
        }
    }

    /// The test is over, and so are its programs.
    pub fn end_programs(&self) {
        let programs = {
            let mut state = self.lock();
            state.over = true;
            std::mem::take(&mut state.programs)
        };
        for process in programs {
            process.kill();
        }
    }

    /// Whether a call on the body's thread takes longer than this.
    pub fn any_exceeds(&self, limit: Duration) -> bool {
        let state = self.lock();
        let mut watched = state.running.iter().filter(|call| call.watched);
        watched.any(|call| call.since.elapsed() > limit && call.lasts(limit) > limit)
    }

    /// The call that keeps the test: the innermost of the body's, or else the latest of all.
    pub fn culprit(&self) -> Option<Call> {
        let state = self.lock();
        let calls = &state.running;
        let call = calls
            .iter()
            .rfind(|call| call.watched)
            .or_else(|| calls.last());
        call.cloned()
    }

    /// What calls have returned that nobody has asked for: `your ask(addr) has returned Ok(())`.
    pub fn returned(&self) -> Vec<String> {
        let state = self.lock();
        let returned = state.returned.iter();
        returned
            .map(|(call, value)| format!("your {call} has returned {value}"))
            .collect()
    }

    /// Calls on other threads that have not returned. (A call on this thread is where the failure is being
    /// told.) Copies, because looking at a task takes time, and a call needs the lock to return.
    pub fn elsewhere(&self) -> Vec<(String, Task)> {
        let here = thread::current().id();
        let state = self.lock();
        let calls = state.running.iter().filter(|call| call.thread != here);
        calls
            .map(|call| (call.what.clone(), call.task.clone()))
            .collect()
    }

    /// The programs that run: their command lines and main threads.
    pub fn programs(&self) -> Vec<(String, Task)> {
        let state = self.lock();
        let programs = state.programs.iter();
        programs
            .map(|process| (process.what.clone(), process.main.clone()))
            .collect()
    }

    /// The threads of ours that read what these programs say.
    pub fn readers(&self) -> Vec<Task> {
        let programs = self.lock().programs.clone();
        programs.iter().map(|process| process.reader()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a poisoned lock can still be used.
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::on_a_quiet_machine;

    #[test]
    fn time_in_line_for_a_processor_does_not_count_up_to_a_second_limit() {
        let seconds = Duration::from_secs;
        let limit = seconds(2);
        assert_eq!(
            on_a_quiet_machine(seconds(3), seconds(0), limit),
            seconds(3)
        );
        assert_eq!(
            on_a_quiet_machine(seconds(3), seconds(2), limit),
            seconds(1)
        );
        assert_eq!(on_a_quiet_machine(seconds(4), seconds(99), limit), limit);
    }
}
