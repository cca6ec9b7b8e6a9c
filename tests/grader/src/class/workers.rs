//! Several workers take submissions from a queue and write a report for each.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use course::problem::Result;

use crate::class::interrupt;
use crate::class::progress::Progress;
use crate::class::roster::Submission;
use crate::class::store::Store;
use crate::render::{self, Format};
use crate::report::{Report, Status};

/// Grades submissions; tests use a fast fake.
pub trait Grader {
    /// The fingerprint of everything that decides the report. Runs nothing.
    fn digest(&self, student: &str, submission: &Path) -> Result<String>;
    /// Grades. A failure of ours is a report, too.
    fn grade(
        &mut self,
        student: &str,
        submission: &Path,
        submitted_at: Option<&str>,
        say: &dyn Fn(&str),
    ) -> Report;
}

/// The result of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Students with a valid report.
    pub graded: usize,
    /// How many of them an earlier run had graded.
    pub from_earlier: usize,
    /// How many of them had nothing that could be graded.
    pub rejected: usize,
    /// Students for whom the grader failed, and why, sorted.
    pub errors: Vec<(String, String)>,
    /// Why the workers stopped. Then some students may be left.
    pub stopped: Option<String>,
    /// Students who were not graded.
    pub left: usize,
}

impl Outcome {
    /// Every student has a valid report.
    pub fn is_complete(&self) -> bool {
        self.errors.is_empty() && self.left == 0
    }
}

/// After so many reports in a row that cannot be written we give up: a full disk stays full, and
/// grading without a result costs hours.
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
            // A grader that panicked is not used again.
            if self.grade(&mut ready, submission) {
                grader = Some(ready);
            }
        }
    }

    /// Grades one student. Returns false if the grader panicked.
    fn grade(&self, grader: &mut G, submission: &Submission) -> bool {
        let Submission { id, folder, .. } = submission;
        let began = Instant::now();
        let graded = catch_unwind(AssertUnwindSafe(|| {
            // If there is no digest, grading will say why.
            let digest = grader.digest(id, folder).ok();
            if let Some(report) = digest.and_then(|digest| self.store.finished(id, &digest)) {
                return (report, false);
            }
            let submitted_at = submission.submitted_at.map(|time| time.to_string());
            let say = |what: &str| self.progress.busy(&format!("{id}: {what}"));
            let report = grader.grade(id, folder, submitted_at.as_deref(), &say);
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

/// The text of a student's line.
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

/// The report for a student when the grader itself panicked.
fn of_panic(student: &str, panic: &(dyn Any + Send)) -> Report {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it does not say why");
    let problem = format!("The grader has a mistake: {words}.");
    Report::of_our_failure(student, &problem, jiff::Timestamp::now().to_string())
}
