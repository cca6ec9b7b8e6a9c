//! Panics, kept from the screen and given to the story.
//!
//! The default hook prints "thread … panicked" before anybody can explain it. Threads of a
//! laboratory keep the message and the place for the report instead.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Once, Weak};

use crate::lab::Inner;
use crate::report::Failure;

/// The payload with which a failed check leaves the test. It says nothing: the failure is already
/// with the laboratory.
pub struct Stopped;

/// The payload with which an adapter, which knows no laboratory, fails a check.
pub struct CheckFailed {
    pub expected: String,
    pub got: String,
}

#[derive(Clone, Debug)]
pub struct Panic {
    pub message: String,
    /// `file:line` of the `panic!`, `todo!` or failed index.
    pub place: String,
}

/// How the message of a `todo!` begins.
pub const TODO: &str = "not yet implemented: ";

thread_local! {
    static LAB: RefCell<Option<Weak<Inner>>> = const { RefCell::new(None) };
    static LAST: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// The laboratories at work, for panics in threads that the student started.
static AT_WORK: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

pub fn open(lab: &Arc<Inner>) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let seen = Panic {
                message: text_of(info.payload()),
                place: info
                    .location()
                    .map(|l| format!("{}:{}", tidy(l.file()), l.line()))
                    .unwrap_or_default(),
            };
            if let Some(lab) = LAB.with_borrow(Clone::clone) {
                // Before the thread lets go of its sockets: a peer that sees them close must not
                // be quicker with a verdict of its own.
                if seen.message.starts_with(TODO)
                    && let Some(lab) = lab.upgrade()
                {
                    lab.fail(failure_of(&lab, &seen));
                }
                LAST.set(Some(seen));
            } else if !tell_all(&seen) {
                default(info);
            }
        }));
    });
    let mut at_work = AT_WORK
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    at_work.retain(|lab| lab.strong_count() > 0);
    at_work.push(Arc::downgrade(lab));
}

pub fn close(lab: &Arc<Inner>) {
    let mut at_work = AT_WORK
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    at_work.retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(lab)));
}

/// Runs `f` on a thread of this laboratory. `Err` is the failure that ended it.
pub fn guard<T>(lab: &Arc<Inner>, f: impl FnOnce() -> T) -> Result<T, Failure> {
    let outer = LAB.replace(Some(Arc::downgrade(lab)));
    let result = catch_unwind(AssertUnwindSafe(f));
    LAB.set(outer);
    result.map_err(|payload| explain(lab, payload))
}

fn explain(lab: &Inner, payload: Box<dyn Any + Send>) -> Failure {
    if payload.is::<Stopped>() {
        return lab.failure().unwrap_or_else(Failure::new);
    }
    if let Some(check) = payload.downcast_ref::<CheckFailed>() {
        return lab.check_failed(&check.expected, &check.got);
    }
    match LAST.take() {
        Some(panic) => failure_of(lab, &panic),
        None => Failure::new().with("got", format!("a panic: {}", text_of(payload.as_ref()))),
    }
}

/// A `todo!` is the next task; any other panic is a failure.
pub fn failure_of(lab: &Inner, panic: &Panic) -> Failure {
    match panic.message.strip_prefix(TODO) {
        Some(task) => Failure::new().with("to do", task).with("in", &panic.place),
        None => Failure::new()
            .with("expected", "no panic")
            .with("got", format!("{}\nat {}", panic.message, panic.place))
            .with("why", lab.reason()),
    }
}

/// Notes a panic of a thread that is not the laboratory's own. False when nobody is there to note it.
fn tell_all(seen: &Panic) -> bool {
    let at_work = AT_WORK
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut told = false;
    for lab in at_work.iter().filter_map(Weak::upgrade) {
        lab.stray_panic(seen);
        told = true;
    }
    told
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "(a panic without a message)".to_owned()
    }
}

/// `chapters/02…/../../tests/02…/x.rs` → `tests/02…/x.rs`.
fn tidy(file: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in file.split(['/', '\\']) {
        if part == ".." && parts.last().is_some_and(|last| *last != "..") {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn tidy_folds_the_way_up() {
        assert_eq!(
            tidy("chapters/02-a/../../tests/02-a/s1.rs"),
            "tests/02-a/s1.rs"
        );
        assert_eq!(tidy("src/x.rs"), "src/x.rs");
    }
}
