//! A queue of submissions, a few workers, a report each.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use workbook::problem::Result;

use crate::interrupt;
use crate::progress::Progress;
use crate::render::{self, Format};
use crate::report::{Report, Status};
use crate::roster::Submission;
use crate::store::Store;

/// Who grades: a bench, or in a test somebody quicker.
pub trait Grader {
    /// The fingerprint of all that decides the report. Runs nothing.
    fn digest(&self, student: &str, submission: &Path) -> Result<String>;
    /// Grades. An error of ours is a report too.
    fn grade(
        &mut self,
        student: &str,
        submission: &Path,
        submitted_at: Option<&str>,
        hears: &dyn Fn(&str),
    ) -> Report;
}

/// What came of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Students with a report that stands.
    pub graded: usize,
    /// Of these, how many an earlier run had done.
    pub from_earlier: usize,
    /// Of these, how many had nothing that could be graded.
    pub rejected: usize,
    /// Students whom we failed, and how, sorted.
    pub errors: Vec<(String, String)>,
    /// Why nobody could work on. Then there may be students left.
    pub stopped: Option<String>,
    /// Students that no worker came to.
    pub left: usize,
}

impl Outcome {
    /// Every student has a report that stands.
    pub fn is_complete(&self) -> bool {
        self.errors.is_empty() && self.left == 0
    }
}

/// Results that cannot be written, one after the other, until we give up: the disk will not get
/// better, and grading for nothing costs hours.
const ENOUGH: usize = 3;

/// Grades these submissions with `jobs` workers, each with a grader of its own.
pub fn grade_all<G: Grader>(
    submissions: &[Submission],
    store: &Store,
    jobs: usize,
    prepare: &(dyn Fn() -> Result<G> + Sync),
    progress: &Progress,
) -> Outcome {
    let run = Run {
        state: Mutex::new(State {
            queue: submissions.iter().collect(),
            outcome: Outcome::default(),
            lost_in_a_row: 0,
        }),
        store,
        prepare,
        progress,
    };
    let workers = jobs.clamp(1, submissions.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| run.work());
        }
    });
    let State {
        queue, mut outcome, ..
    } = run.state.into_inner().expect(SOUND);
    outcome.left = queue.len();
    outcome.errors.sort();
    outcome
}

struct Run<'a, G> {
    state: Mutex<State<'a>>,
    store: &'a Store,
    prepare: &'a (dyn Fn() -> Result<G> + Sync),
    progress: &'a Progress,
}

struct State<'a> {
    queue: VecDeque<&'a Submission>,
    outcome: Outcome,
    /// Reports that could not be written since the last one that could.
    lost_in_a_row: usize,
}

const SOUND: &str = "nobody panics while he changes the state";

impl<'a, G: Grader> Run<'a, G> {
    fn work(&self) {
        let mut grader = None;
        while self.has_more() {
            let mut ready = match grader.take().map_or_else(self.prepare, Ok) {
                Ok(ready) => ready,
                Err(problem) => {
                    // The other workers may do better.
                    self.state().outcome.stopped = Some(problem.to_string());
                    return;
                }
            };
            let Some(submission) = self.next() else {
                return;
            };
            // One that has panicked is not used again.
            if self.grade(&mut ready, submission) {
                grader = Some(ready);
            }
        }
    }

    /// Brings one student to a report. False when the grader has panicked over it.
    fn grade(&self, grader: &mut G, submission: &Submission) -> bool {
        let Submission { id, folder, .. } = submission;
        let began = Instant::now();
        let graded = catch_unwind(AssertUnwindSafe(|| {
            // A digest that cannot be taken is looked into by grading.
            let digest = grader.digest(id, folder).ok();
            if let Some(report) = digest.and_then(|digest| self.store.finished(id, &digest)) {
                return (report, false);
            }
            let submitted_at = submission.submitted_at.map(|time| time.to_string());
            let hears = |what: &str| self.progress.busy(&format!("{id}: {what}"));
            let report = grader.grade(id, folder, submitted_at.as_deref(), &hears);
            (report, true)
        }));
        let is_sound = graded.is_ok();
        let (report, is_new) = graded.unwrap_or_else(|panic| (of_panic(id, &*panic), true));
        let mut error = render::failure(&report).map(|_| why(&report));
        if is_new && let Err(problem) = self.keep(&report) {
            error = Some(problem.to_string());
        }
        let result = in_short(&report, error.as_deref());
        let took = is_new.then(|| began.elapsed());
        self.count(&report, is_new, error);
        self.progress.done(id, &result, took);
        is_sound
    }

    fn keep(&self, report: &Report) -> Result<()> {
        let page = render::render(Format::Markdown, report).unwrap_or_default();
        let saved = {
            let _until_written = interrupt::writing();
            self.store.save(report, &page)
        };
        let mut state = self.state();
        match &saved {
            Ok(()) => state.lost_in_a_row = 0,
            Err(problem) => {
                state.lost_in_a_row += 1;
                if state.lost_in_a_row >= ENOUGH {
                    state.outcome.stopped = Some(problem.to_string());
                }
            }
        }
        saved
    }

    fn count(&self, report: &Report, is_new: bool, error: Option<String>) {
        let outcome = &mut self.state().outcome;
        if let Some(error) = error {
            outcome.errors.push((report.student.clone(), error));
            return;
        }
        outcome.graded += 1;
        outcome.from_earlier += usize::from(!is_new);
        outcome.rejected += usize::from(report.status == Status::Rejected);
    }

    fn has_more(&self) -> bool {
        let state = self.state();
        state.lost_in_a_row < ENOUGH && !state.queue.is_empty()
    }

    fn next(&self) -> Option<&'a Submission> {
        self.state().queue.pop_front()
    }

    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().expect(SOUND)
    }
}

/// What stands on the line of a student.
fn in_short(report: &Report, error: Option<&str>) -> String {
    match (error, report.status) {
        (Some(error), _) => format!("NOT GRADED: {error}"),
        (None, Status::Rejected) => format!("rejected: {}", why(report).trim_end_matches('.')),
        (None, _) => {
            let broken = report
                .chapters
                .iter()
                .filter(|one| one.build_error.is_some());
            let broken: String = broken
                .map(|one| format!("; {} does not compile", one.chapter))
                .collect();
            format!("{} of {} points{broken}", report.score, report.max_score)
        }
    }
}

/// The problem in one line.
fn why(report: &Report) -> String {
    let problem = report.problem.clone().or_else(|| render::failure(report));
    render::text::line(&problem.unwrap_or_default())
}

/// The report of a student over whom the grader itself has panicked.
fn of_panic(student: &str, panic: &(dyn Any + Send)) -> Report {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it does not say why");
    let problem = format!("The grader has a mistake: {words}.");
    Report::of_our_failure(student, &problem, jiff::Timestamp::now().to_string())
}
