//! Panics, kept from the screen and given to the story.
//!
//! The default hook prints "thread … panicked" before anybody can explain it. Threads of a
//! laboratory keep the message and the place for the report instead.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, Once, Weak};

use super::place::Place;

/// A laboratory, as far as panics concern it.
pub trait Listener: Send + Sync {
    /// A panic on a thread of this laboratory: a call of [`guard`] will end with it. The thread has not
    /// let go of anything yet.
    fn hears(&self, panic: &Panic);

    /// A panic on a thread that the student's code has started.
    fn hears_stray(&self, panic: &Panic);

    /// A check of [`fail_check`].
    fn hears_check(&self, expected: &str, got: &str);

    /// The folder of the chapter whose test runs here.
    fn chapter(&self) -> Option<&str>;
}

/// What ended a call of [`guard`].
pub enum Caught {
    /// The failure is with the laboratory.
    Stopped,
    Panic(Panic),
}

/// The payload with which a failed check leaves the test. It says nothing: the failure is already
/// with the laboratory.
pub struct Stopped;

#[derive(Clone, Debug)]
pub struct Panic {
    pub message: String,
    pub place: Place,
}

thread_local! {
    static LAB: RefCell<Option<Weak<dyn Listener>>> = const { RefCell::new(None) };
    static LAST: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// The laboratories at work, for panics in threads that the student started.
static AT_WORK: Mutex<Vec<Weak<dyn Listener>>> = Mutex::new(Vec::new());

/// Panics are told to this laboratory from now on.
pub fn open(lab: Weak<dyn Listener>) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let message = text_of(info.payload());
            let seen_by = |lab: &dyn Listener| Panic {
                message: message.clone(),
                place: info
                    .location()
                    .map(|location| Place::of(location, lab.chapter()))
                    .unwrap_or_default(),
            };
            if let Some(lab) = LAB.with_borrow(Clone::clone) {
                // Before the thread lets go of its sockets: a peer that sees them close must not
                // be quicker with a verdict of its own.
                if let Some(lab) = lab.upgrade() {
                    let seen = seen_by(&*lab);
                    lab.hears(&seen);
                    LAST.set(Some(seen));
                }
                return;
            }
            // A thread that is not the laboratory's own: it belongs to one of those at work.
            let at_work: Vec<_> = at_work().iter().filter_map(Weak::upgrade).collect();
            for lab in &at_work {
                lab.hears_stray(&seen_by(&**lab));
            }
            if at_work.is_empty() {
                default(info);
            }
        }));
    });
    let mut at_work = at_work();
    at_work.retain(|lab| lab.strong_count() > 0);
    at_work.push(lab);
}

/// The laboratory's test is over.
pub fn close(lab: &Weak<dyn Listener>) {
    at_work().retain(|other| !Weak::ptr_eq(other, lab));
}

/// Runs `f` on a thread of this laboratory.
pub fn guard(lab: Weak<dyn Listener>, f: &mut dyn FnMut()) -> Result<(), Caught> {
    let outer = LAB.replace(Some(lab));
    let result = catch_unwind(AssertUnwindSafe(f));
    LAB.set(outer);
    result.map_err(|payload| {
        if payload.is::<Stopped>() {
            return Caught::Stopped;
        }
        Caught::Panic(LAST.take().unwrap_or_else(|| Panic {
            message: text_of(payload.as_ref()),
            place: Place::default(),
        }))
    })
}

/// Fails a check of an adapter, which knows no laboratory. The failure is kept: whatever catches what follows
/// changes nothing.
pub fn fail_check(expected: &str, got: &str) -> ! {
    let labs = match LAB.with_borrow(Clone::clone) {
        Some(lab) => vec![lab],
        None => at_work().clone(),
    };
    // Where several are at work, a thread of the student's may be anyone's. A grader's process has one.
    if let [lab] = &labs[..]
        && let Some(lab) = lab.upgrade()
    {
        lab.hears_check(expected, got);
    }
    // No panic!: its hook would print.
    resume_unwind(Box::new(Stopped))
}

/// Whether this thread runs inside of [`guard`].
pub fn is_guarded() -> bool {
    LAB.with_borrow(Option::is_some)
}

fn at_work() -> MutexGuard<'static, Vec<Weak<dyn Listener>>> {
    AT_WORK
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
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
