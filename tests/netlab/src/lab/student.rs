//! Code on a thread of its own.
//!
//! A thread and a channel are much generic code. So only the edge of this module knows types: what is behind it
//! is compiled once, and not for each test.

use std::any::Any;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;

use super::idle;
use super::inner::{GLANCE, Lab, in_short};
use super::ours::spawn_ours;
use super::task::Task;
use crate::report::story::YOU;
use crate::report::text::in_words;

/// Something that runs beside the test's body, until [`Running::returns`].
///
/// A panic in it ends the test, whether or not anybody waits for it.
pub struct Running<T> {
    aside: Aside,
    value: PhantomData<T>,
}

struct Aside {
    lab: Lab,
    what: String,
    value: Receiver<Value>,
    whose: Whose,
    task: Arc<OnceLock<Task>>,
}

type Value = Box<dyn Any + Send>;

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
        let f = move || {
            let value = f();
            let words = in_short(&value);
            (Box::new(value) as Value, words)
        };
        Running {
            aside: self.call_aside(what, Box::new(f)),
            value: PhantomData,
        }
    }

    fn call_aside(&self, what: &str, f: Box<dyn FnOnce() -> (Value, String) + Send>) -> Aside {
        self.0.tell_call(what);
        let (lab, call) = (self.0.clone(), what.to_owned());
        let f = move || lab.call_aside(&call, f);
        self.start(what, Whose::Students, Box::new(f))
    }

    /// Starts a part of the scene itself on a thread: a server that answers many times, say.
    pub fn meanwhile<T: Send + 'static>(
        &self,
        what: &str,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Running<T> {
        let f = move || Box::new(f()) as Value;
        Running {
            aside: self.start(what, Whose::Ours, Box::new(f)),
            value: PhantomData,
        }
    }

    fn start(&self, what: &str, whose: Whose, f: Box<dyn FnOnce() -> Value + Send>) -> Aside {
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
        Aside {
            lab: self.clone(),
            what: what.to_owned(),
            value,
            whose,
            task,
        }
    }
}

impl<T: 'static> Running<T> {
    /// Waits until this thread does nothing but wait, or has ended: whatever it is going to do
    /// without anybody's help, it has done.
    ///
    /// For scenes in which something must *not* happen. It makes sure that a wrong answer had its
    /// chance; a right one passes whenever the scene goes on. Exact on Linux. Other systems do not
    /// show a thread's state; there it is a short pause.
    ///
    /// Gives `false` when the thread goes on and on, or is still busy at the end of a wait.
    pub fn settles(&self) -> bool {
        let aside = &self.aside;
        idle::settles(&aside.lab, &|| vec![aside.task()])
    }

    /// [`Lab::sleeps`] for this thread alone. It may not nap either: to sleep for half a second and to look
    /// again is no wait for something to happen.
    pub fn sleeps(&self, until: &str) {
        let aside = &self.aside;
        idle::waits(&aside.lab, &aside.who(), until, || vec![aside.task()]);
    }

    /// [`Running::sleeps`] at a quick look, which takes some milliseconds and not an eighth of a second. Who
    /// keeps a processor busy is found, and who naps; who waits in another way and wakes too often is not.
    pub fn rests(&self, until: &str) {
        let aside = &self.aside;
        idle::rests(&aside.lab, &aside.who(), until, || vec![aside.task()]);
    }

    /// [`Running::rests`] for a wait that may not even set itself a time, to look again then: poll(2),
    /// epoll_wait(2) or futex(2) without a limit, or with one of an hour at least.
    pub fn rests_until_woken(&self, until: &str) {
        let aside = &self.aside;
        idle::rests_until_woken(&aside.lab, &aside.who(), until, || vec![aside.task()]);
    }

    /// [`Lab::sleeps_until_woken`] for this thread alone.
    pub fn sleeps_until_woken(&self, until: &str) {
        let aside = &self.aside;
        idle::sleeps_until_woken(&aside.lab, &aside.who(), until, || vec![aside.task()]);
    }

    /// [`Lab::pauses`] for this thread alone.
    pub fn pauses(&self, until: &str) {
        let aside = &self.aside;
        idle::pauses(&aside.lab, &aside.who(), until, || vec![aside.task()]);
    }

    /// Waits for the end and gives the value.
    pub fn returns(self) -> T {
        let value = self.aside.returns().downcast();
        *value.expect("what the function gave")
    }
}

impl Aside {
    fn returns(&self) -> Value {
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

impl<T: 'static, E: Debug + 'static> Running<Result<T, E>> {
    /// Waits for the end, which must be `Ok`.
    pub fn returns_ok(self) -> T {
        let (lab, who) = (self.aside.lab.clone(), self.aside.who());
        match self.returns() {
            Ok(value) => value,
            Err(error) => lab.stop(&format!("{who} to succeed"), &format!("Err({error:?})")),
        }
    }
}
