//! What a test can say and demand.

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::thread;
use std::time::Duration;

use crate::hex;
use crate::lab::Lab;
use crate::patience::in_words;
use crate::story::YOU;

impl Lab {
    /// Says why the next expectations matter. A failure prints the latest reason.
    pub fn why(&self, reason: impl Into<String>) {
        self.0.set_reason(reason.into());
    }

    /// Adds a sentence to the story.
    pub fn note(&self, text: impl Into<String>) {
        self.0.story.note(text);
    }

    /// Begins a scene that owes nothing to those before it: of them a failure tells the number only.
    /// What was told before the first scene goes with them.
    pub fn scene(&self, text: impl Into<String>) {
        self.0.story.scene(text);
    }

    /// Runs the student's code here. `what` is the call as the student would write it.
    pub fn you<T>(&self, what: &str, f: impl FnOnce() -> T) -> T {
        self.0.tell_call(what);
        self.0.call(what, f)
    }

    /// Like [`Lab::you`], for a call that must succeed.
    pub fn ok<T, E: Debug>(&self, what: &str, f: impl FnOnce() -> Result<T, E>) -> T {
        match self.you(what, f) {
            Ok(value) => value,
            Err(error) => {
                self.0
                    .story
                    .fails(YOU, format!("your {what} gives an error"));
                self.stop(
                    &format!("your {what} to succeed"),
                    &format!("Err({error:?})"),
                )
            }
        }
    }

    /// Like [`Lab::you`], for a call that must fail.
    pub fn err<T: Debug, E>(&self, what: &str, f: impl FnOnce() -> Result<T, E>) -> E {
        match self.you(what, f) {
            Err(error) => error,
            Ok(value) => {
                self.0.story.fails(YOU, format!("your {what} succeeds"));
                self.stop(
                    &format!("an error from your {what}"),
                    &format!("Ok({value:?})"),
                )
            }
        }
    }

    /// Demands that two values are equal. Give it primitives, text or tuples of them, never a type
    /// of the student's, whose `==` is the student's too.
    pub fn same<T: PartialEq + Debug>(&self, what: &str, got: T, want: T) {
        if got != want {
            self.stop(&format!("{what}: {want:?}"), &format!("{got:?}"));
        }
    }

    /// Demands that two byte strings are equal, and marks the first difference.
    pub fn same_bytes(&self, what: &str, got: &[u8], want: &[u8]) {
        if got != want {
            let (want, got, difference) = hex::difference(got, want);
            self.stop(&format!("{what}:\n{want}"), &format!("{got}\n{difference}"));
        }
    }

    /// Demands that something holds.
    pub fn holds(&self, condition: bool, expected: impl Display, got: impl Display) {
        if !condition {
            self.fails(expected, got);
        }
    }

    /// Waits until what `look` sees is as wanted: for a change in the student's code that no peer
    /// and no gate announces, such as a counter of threads that wait.
    pub fn until<T: Debug>(&self, what: &str, look: impl Fn() -> T, met: impl Fn(&T) -> bool) -> T {
        let seen = Cell::new(None);
        let found = self.0.await_some(|| {
            let now = look();
            if met(&now) {
                return Some(now);
            }
            seen.set(Some(now));
            thread::sleep(Duration::from_millis(1));
            None
        });
        found.unwrap_or_else(|| {
            let waited = in_words(self.0.patience.wait());
            let last = seen.take().expect("it has looked at least once");
            self.stop(what, &format!("{last:?} after {waited}"))
        })
    }

    /// Ends the test.
    pub fn fails(&self, expected: impl Display, got: impl Display) -> ! {
        self.stop(&expected.to_string(), &got.to_string())
    }

    /// Names this test's ladder as a picture of the book. It is written when the environment
    /// variable `NETLAB_PICTURES` names a folder.
    pub fn picture(&self, name: &str) {
        self.0.take_ladder_as(name);
    }

    /// Adds a picture other than the ladder, written under the same condition.
    pub fn draws(&self, name: &str, svg: String) {
        self.0.add_picture(name, svg);
    }

    pub(crate) fn stop(&self, expected: &str, got: &str) -> ! {
        self.0.stop(self.0.check_failed(expected, got))
    }
}
