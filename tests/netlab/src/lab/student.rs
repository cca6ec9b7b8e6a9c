//! Code on a thread of its own.

use std::fmt::Debug;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;

use super::idle;
use super::inner::GLANCE;
use super::inner::Lab;
use super::ours::spawn_ours;
use super::task::Task;
use crate::report::story::YOU;
use crate::report::text::in_words;

/// Something that runs beside the test's body, until [`Running::returns`].
///
/// A panic in it ends the test, whether or not anybody waits for it.
pub struct Running<T> {
    lab: Lab,
    what: String,
    value: Receiver<T>,
    whose: Whose,
    task: Arc<OnceLock<Task>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Whose {
    Students,
    Ours,
}

impl Lab {
    /// Starts the student's code on a thread, for calls that block while peers act.
    pub fn student<T: Debug + Send + 'static>(
        &self,
        what: &str,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Running<T> {
        self.0.tell_call(what);
        let (lab, call) = (self.0.clone(), what.to_owned());
        self.start(what, Whose::Students, move || lab.call_aside(&call, f))
    }

    /// Starts a part of the scene itself on a thread: a server that answers many times, say.
    pub fn meanwhile<T: Send + 'static>(
        &self,
        what: &str,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Running<T> {
        self.start(what, Whose::Ours, f)
    }

    fn start<T: Send + 'static>(
        &self,
        what: &str,
        whose: Whose,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Running<T> {
        let (send, value) = mpsc::channel();
        let lab = self.0.clone();
        let task = Arc::new(OnceLock::new());
        let own_task = task.clone();
        let run = move || {
            let _ = own_task.set(Task::current());
            match lab.guard(f) {
                // The test may have ended before.
                Ok(value) => drop(send.send(value)),
                Err(failure) => lab.fail(failure),
            }
        };
        match whose {
            Whose::Students => thread::Builder::new()
                .name(self.0.threads.name(what))
                .spawn(run)
                .expect("cannot start a thread"),
            Whose::Ours => spawn_ours(what, run),
        };
        Running {
            lab: self.clone(),
            what: what.to_owned(),
            value,
            whose,
            task,
        }
    }
}

impl<T> Running<T> {
    /// Waits until this thread does nothing but wait, or has ended: whatever it is going to do
    /// without anybody's help, it has done.
    ///
    /// For scenes in which something must *not* happen. It makes sure that a wrong answer had its
    /// chance; a right one passes whenever the scene goes on. Exact on Linux. Other systems do not
    /// show a thread's state; there it is a short pause.
    ///
    /// Gives `false` when the thread goes on and on, or is still busy at the end of a wait.
    pub fn settles(&self) -> bool {
        idle::settles(&self.lab, &|| vec![self.task()])
    }

    /// [`Lab::sleeps`] for this thread alone. It may not nap either: to sleep for half a second and to look
    /// again is no wait for something to happen.
    pub fn sleeps(&self, until: &str) {
        idle::waits(&self.lab, &self.who(), until, || vec![self.task()]);
    }

    /// [`Lab::sleeps_until_woken`] for this thread alone.
    pub fn sleeps_until_woken(&self, until: &str) {
        idle::sleeps_until_woken(&self.lab, &self.who(), until, || vec![self.task()]);
    }

    /// [`Lab::pauses`] for this thread alone.
    pub fn pauses(&self, until: &str) {
        idle::pauses(&self.lab, &self.who(), until, || vec![self.task()]);
    }

    /// Waits for the end and gives the value.
    pub fn returns(self) -> T {
        let inner = &self.lab.0;
        let found = inner.await_some(|| match self.value.recv_timeout(GLANCE) {
            Ok(value) => Some(value),
            Err(RecvTimeoutError::Timeout) => None,
            // It failed; its failure is with the laboratory in a moment.
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(GLANCE);
                None
            }
        });
        let who = self.who();
        if self.whose == Whose::Students {
            inner.turns_to(&self.what);
        }
        match found {
            Some(value) => {
                if self.whose == Whose::Students {
                    inner.calls.forget_returned(&self.what);
                    inner.story.act(YOU, format!("{who} returns"), "");
                }
                value
            }
            None => {
                let waited = in_words(inner.patience.wait());
                inner
                    .story
                    .fails(YOU, format!("{who} has not returned after {waited}"));
                let task = self.task();
                let doing = Task::doing(std::slice::from_ref(&task))[0].words();
                self.lab.stuck(
                    &format!("{who} to return"),
                    &format!("after {waited} it {doing}"),
                    Some(&task),
                )
            }
        }
    }

    /// The thread, which is there in a moment.
    fn task(&self) -> Task {
        self.task.wait().clone()
    }

    fn who(&self) -> String {
        match self.whose {
            Whose::Students => format!("your {}", self.what),
            Whose::Ours => self.what.clone(),
        }
    }
}

impl<T, E: Debug> Running<Result<T, E>> {
    /// Waits for the end, which must be `Ok`.
    pub fn returns_ok(self) -> T {
        let (lab, who) = (self.lab.clone(), self.who());
        match self.returns() {
            Ok(value) => value,
            Err(error) => lab.stop(&format!("{who} to succeed"), &format!("Err({error:?})")),
        }
    }
}
