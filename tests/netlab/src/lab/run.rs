//! A test's run, from the first line of its body to its verdict.

use std::any::type_name;
use std::panic::{Location, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::inner::{GLANCE, Inner, Lab};
use super::leftovers::Belongings;
use super::panics::{self, Stopped};
use super::testimony;
use super::threads::Turn;
use crate::protocol::{Event, Patience};
use crate::report::failure::{self, Failure, IN};
use crate::report::test_name::TestName;

/// Runs a test's body. Returns when every expectation held, or the test was skipped; fails the test with a
/// report otherwise.
///
/// The body runs on a thread of its own and is given up after a deadline, so an answer that never
/// returns fails like any other and the next test can run. The lost thread stays until the test
/// program ends; programs that the test has started are ended with the test.
#[track_caller]
pub fn lab<F>(body: F)
where
    F: FnOnce(&Lab) + Send + 'static,
{
    let at = Location::caller();
    judge(type_name::<F>(), at, Company::Others, Box::new(body));
}

/// Runs a body as [`lab`] does, while no other laboratory runs in this process, and demands at its end
/// that the student's code leaves nothing behind: no thread, no descriptor. Whatever the body itself
/// has opened must be gone as well when it returns.
///
/// What is left is seen on Linux. Other systems do not show it; there this is [`lab`].
#[track_caller]
pub fn alone<F>(body: F)
where
    F: FnOnce(&Lab) + Send + 'static,
{
    let at = Location::caller();
    judge(type_name::<F>(), at, Company::Nobody, Box::new(body));
}

/// Runs a body as [`lab`] does, but gives the report of a failure instead of failing: for tests of
/// the laboratory itself. All deadlines are multiplied by `patience`.
#[track_caller]
pub fn trial<F>(patience: f64, body: F) -> Result<(), String>
where
    F: FnOnce(&Lab) + Send + 'static,
{
    let test = TestName::of(type_name::<F>(), Location::caller());
    let patience = Patience::times(patience);
    run(test, patience, Company::Others, Box::new(body)).1
}

/// Runs a body as [`alone`] does, but gives the report of a failure instead of failing.
#[track_caller]
pub fn trial_alone<F>(patience: f64, body: F) -> Result<(), String>
where
    F: FnOnce(&Lab) + Send + 'static,
{
    let test = TestName::of(type_name::<F>(), Location::caller());
    let patience = Patience::times(patience);
    run(test, patience, Company::Nobody, Box::new(body)).1
}

/// Who may be in the process at the same time.
#[derive(Clone, Copy, PartialEq)]
enum Company {
    Others,
    Nobody,
}

/// A test's body. What follows is compiled once, and not for the closure of each test, which was half
/// of the work of compiling a chapter's tests.
type Body = Box<dyn FnOnce(&Lab) + Send>;

fn judge(closure: &str, at: &Location<'_>, company: Company, body: Body) {
    let test = TestName::of(closure, at);
    let function = test.function.clone();
    // Before the student's code runs.
    testimony::tell(Event::Begins, &function);
    let before = testimony::work_of_children();
    let (inner, verdict) = run(test, Patience::from_environment(), company, body);
    if testimony::work_of_children() > before {
        testimony::tell(Event::Program, &function);
    }
    if let Err(report) = &verdict {
        eprint!("{report}");
    }
    let lacks = inner.lacks();
    if let (Ok(()), Some(lacks)) = (&verdict, &lacks) {
        eprint!("{}", failure::skipped(&inner.test, lacks));
    }
    let event = match &verdict {
        Ok(()) if lacks.is_some() => Event::Skipped,
        Ok(()) => Event::Done,
        Err(_) if inner.is_late() => Event::Late,
        Err(_) => Event::Failed,
    };
    testimony::tell(event, &function);
    if verdict.is_err() {
        // Not panic!: the report has said everything, and the hook would add noise.
        resume_unwind(Box::new(Stopped));
    }
}

fn run(
    test: TestName,
    patience: Patience,
    company: Company,
    body: Body,
) -> (Arc<Inner>, Result<(), String>) {
    // A trial inside of a laboratory runs in the outer one's turn.
    let is_inside = panics::is_guarded();
    let _turn = (!is_inside).then(|| match company {
        Company::Others => Turn::shared(),
        Company::Nobody => Turn::alone(),
    });
    let inner = Arc::new(Inner::new(test, patience));
    let before = Belongings::now();
    panics::open(inner.listener());

    let (send, ended) = mpsc::channel();
    let lab = Lab(inner.clone(), None);
    thread::Builder::new()
        .name(inner.threads.name(&inner.test.function))
        .spawn(move || {
            lab.0.calls.body_begins();
            let result = lab.0.guard(|| body(&lab));
            // The watcher may have given up on us and gone.
            let _ = send.send(result);
        })
        .expect("cannot start a thread for the test");

    let mut verdict = watch(&inner, &ended);
    inner.calls.end_programs();
    if verdict.is_ok() && company == Company::Nobody {
        verdict = before.are_all_there_is(&inner);
    }
    panics::close(&inner.listener());
    inner.threads.end();
    let report = verdict.map_err(|failure| {
        let ladder = inner.told() + &inner.net_story();
        let place = (!failure.has(IN)).then(|| inner.place());
        let failure = failure
            .with(IN, place.unwrap_or_default())
            .with("not met", inner.plans_not_met())
            .with("seed", inner.seed_in_words());
        failure::render(&inner.test, &ladder, &failure)
    });
    inner.write_pictures(report.as_ref().err().map(String::as_str));
    (inner, report)
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
                    None if inner.lacks().is_some() => Ok(()),
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
