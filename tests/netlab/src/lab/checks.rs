//! What a test can say and demand.

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::inner::Lab;
use super::task::Task;
use crate::report::hex;
use crate::report::story::YOU;
use crate::report::text::in_words;

impl Lab {
    /// Says why the next expectations matter. A failed expectation prints the latest reason as its
    /// `why`. Where something else has happened (a wait without end, an error, a panic), that is
    /// explained, and the reason follows as what the test is `about`.
    pub fn why(&self, reason: impl Into<String>) {
        self.0.set_reason(reason.into());
    }

    /// Names the usual mistake if the student's code hangs from here on. A test that waits in vain prints it
    /// below the cause that it has found by itself.
    pub fn if_stuck(&self, cause: impl Into<String>) {
        self.0.set_if_stuck(cause.into());
    }

    /// A handle whose checks have this reason, instead of the one from [`Lab::why`]:
    ///
    /// `lab.because("The length counts the payload alone.").same("the length", got, 5)`
    pub fn because(&self, reason: impl Into<Arc<str>>) -> Lab {
        Lab(self.0.clone(), Some(reason.into()))
    }

    /// Says how to read the bytes that go over the wire: arrows show what `words` makes of them, and
    /// the bytes themselves where it gives nothing.
    pub fn reads(&self, words: fn(&[u8]) -> Option<String>) {
        self.0.story.reads(words);
    }

    /// Ends the test as skipped: this machine lacks what it needs, and what that is.
    ///
    /// `lab.skip("this machine has no ::1")`
    ///
    /// A skipped test has not passed, and a grader counts it for nobody. So the student's code must have no
    /// part in it: who calls that code first, or starts a program, cannot skip any more.
    pub fn skip(&self, lacks: &str) -> ! {
        self.0.skip(lacks)
    }

    /// Adds a sentence to the story.
    pub fn note(&self, text: impl Into<String>) {
        self.0.story.note(text);
    }

    /// If the test fails, shows an input that the student's code was given: a file, a table, the script of a
    /// fake. It is forgotten when the next scene begins.
    ///
    /// `lab.given("resolv.conf", &text)`
    pub fn given(&self, name: &str, text: &str) {
        self.0.give(name, text);
    }

    /// Begins a scene that does not depend on earlier ones. A failure tells only how many went before; all
    /// that was told until now is dropped.
    pub fn scene(&self, text: impl Into<String>) {
        self.0.scene(text.into());
    }

    /// Runs the student's code here. `what` is the call as the student would write it.
    pub fn you<T>(&self, what: &str, f: impl FnOnce() -> T) -> T {
        self.0.tell_call(what);
        // A panic or a hang inside is about the handle's own reason.
        let before = self.1.as_ref().map(|_| self.0.reason());
        if let Some(reason) = &self.1 {
            self.0.set_reason(reason.to_string());
        }
        let value = self.0.call(what, f);
        if let Some(before) = before {
            self.0.set_reason(before);
        }
        value
    }

    /// Says which function of the student's the next checks are about, where no call names it.
    pub fn turns_to(&self, function: &str) {
        self.0.turns_to(function);
    }

    /// Like [`Lab::you`], for a call that must succeed.
    pub fn ok<T, E: Debug>(&self, what: &str, f: impl FnOnce() -> Result<T, E>) -> T {
        match self.you(what, f) {
            Ok(value) => value,
            Err(error) => self.gave_an_error(what, &error),
        }
    }

    fn gave_an_error(&self, what: &str, error: &dyn Debug) -> ! {
        self.0
            .story
            .fails(YOU, format!("your {what} gives an error"));
        self.stop(
            &format!("your {what} to succeed"),
            &format!("Err({error:?})"),
        )
    }

    /// Like [`Lab::you`], for a call that must fail.
    pub fn err<T: Debug, E>(&self, what: &str, f: impl FnOnce() -> Result<T, E>) -> E {
        match self.you(what, f) {
            Err(error) => error,
            Ok(value) => self.gave_a_value(what, &value),
        }
    }

    fn gave_a_value(&self, what: &str, value: &dyn Debug) -> ! {
        self.0.story.fails(YOU, format!("your {what} succeeds"));
        self.stop(
            &format!("an error from your {what}"),
            &format!("Ok({value:?})"),
        )
    }

    /// Demands that two values are equal. Give it primitives, text or tuples of them, never a type
    /// of the student's, whose `==` is the student's too.
    pub fn same<T: PartialEq + Debug>(&self, what: &str, got: T, want: T) {
        if got != want {
            self.differ(what, &got, &want);
        }
    }

    fn differ(&self, what: &str, got: &dyn Debug, want: &dyn Debug) -> ! {
        self.stop(&format!("{what}: {want:?}"), &format!("{got:?}"))
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

    /// Waits until what `look` gives satisfies `met`: for a change in the student's code that no peer and
    /// no gate announces, such as a counter of waiting threads.
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
            self.stuck(what, &format!("{last:?} after {waited}"), None)
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

    /// Ends the test: it has waited in vain. `culprit` is the thread that does not end, if it is known.
    pub(crate) fn stuck(&self, expected: &str, got: &str, culprit: Option<&Task>) -> ! {
        let because = self.1.as_deref();
        self.0.stop(self.0.stuck(expected, got, because, culprit))
    }

    /// Ends the test for a reason that is known, unless the demand has one of its own.
    pub(crate) fn stop_because(&self, expected: &str, got: &str, reason: &str) -> ! {
        let known = Some(reason).filter(|reason| !reason.is_empty());
        let because = self.1.as_deref().or(known);
        self.0.stop(self.0.check_failed(expected, got, because))
    }

    pub(crate) fn stop(&self, expected: &str, got: &str) -> ! {
        self.0
            .stop(self.0.check_failed(expected, got, self.1.as_deref()))
    }
}
