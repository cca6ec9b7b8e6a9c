//! A chapter's tests, one after the other.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use workbook::problem::{Problem, Result};

use crate::checklist::Planned;
use crate::compile::Hidden;
use crate::exam::{Exam, Tried};
use crate::jail::Jail;
use crate::report::{TestReport, Verdict, Visibility};
use crate::settings::Limits;

/// So many late tests of a chapter may be the machine's noise. Each is tried once more, with twice the
/// patience. When there are more, the submission hangs: see [`HANGING`].
const NOISE: usize = 5;

/// When a submission hangs, the tests that are left have half the patience, so many are run at a time,
/// and none is tried again. Otherwise one submission would keep a class waiting for minutes, most of
/// them asleep.
const HANGING: usize = 4;

/// A chapter of a submission, compiled.
pub struct Sitting<'a> {
    /// The package's folder on the desk.
    pub dir: &'a Path,
    pub package: &'a str,
    pub exercise: &'a Path,
    pub hidden: &'a Hidden,
    /// The student's, if the chapter has one.
    pub program: Option<PathBuf>,
    pub jail: &'a Jail,
    pub limits: &'a Limits,
    pub seed: u64,
}

impl Sitting<'_> {
    /// Runs all of them. By which rule a test is run depends on the tests before it alone.
    pub fn run(&self, plan: &[Planned]) -> Vec<TestReport> {
        let patience = self.limits.patience;
        let mut tests: Vec<TestReport> = plan.iter().map(|one| one.report.clone()).collect();
        let mut late = Vec::new();
        let mut left = plan.iter().zip(&mut tests).enumerate();
        while late.len() <= NOISE {
            let Some((at, (planned, report))) = left.next() else {
                break;
            };
            if self.take(planned, patience, report) {
                late.push(at);
            }
        }
        let left = Mutex::new(left);
        let next = || left.lock().expect("taking the next does not panic").next();
        std::thread::scope(|scope| {
            for _ in 0..HANGING {
                scope.spawn(|| {
                    while let Some((_, (planned, report))) = next() {
                        self.take(planned, patience / 2.0, report);
                    }
                });
            }
        });
        if late.len() <= NOISE {
            for at in late {
                self.take(&plan[at], 2.0 * patience, &mut tests[at]);
                let report = &mut tests[at];
                if report.verdict.is_pass() {
                    report.message = "late at first, in time when tried once more".into();
                }
            }
        }
        tests
    }

    /// Runs one and writes down how it went. Whether it was late.
    fn take(&self, planned: &Planned, patience: f64, report: &mut TestReport) -> bool {
        if let (Visibility::Hidden, Hidden::DoesNot(error)) =
            (planned.report.visibility, self.hidden)
        {
            report.verdict = Verdict::BuildError;
            report.message = error.clone();
            return false;
        }
        let tried = self.tried(planned, patience);
        let is_late = tried.as_ref().is_ok_and(|tried| tried.is_late);
        enter(report, tried);
        is_late
    }

    fn tried(&self, planned: &Planned, patience: f64) -> Result<Tried> {
        let binary = match (planned.report.visibility, self.hidden) {
            (Visibility::Visible, _) => self.exercise,
            (Visibility::Hidden, Hidden::Ready(path)) => path,
            (Visibility::Hidden, _) => {
                return Err(Problem::new("There are no hidden tests."));
            }
        };
        // No other test's binary: the hidden ones would be read by the visible ones, which tell.
        let mut reads = vec![binary.to_path_buf(), self.dir.to_owned()];
        reads.extend(self.program.clone());
        let exam = Exam {
            binary,
            dir: self.dir,
            package: self.package,
            reads: &reads,
            jail: self.jail,
            limits: self.limits,
            seed: self.seed,
        };
        exam.run(&planned.path, patience)
    }
}

/// Writes down how a test went.
fn enter(report: &mut TestReport, tried: Result<Tried>) {
    match tried {
        Ok(tried) => {
            report.verdict = tried.verdict;
            report.message = tried.message;
            report.output = tried.output;
            report.output_dropped = tried.output_dropped;
            report.ms = u64::try_from(tried.took.as_millis()).unwrap_or(u64::MAX);
            report.points = 0;
            match tried.verdict {
                Verdict::Pass => report.points = report.max_points,
                // It does not count.
                Verdict::Skipped => report.max_points = 0,
                _ => {}
            }
        }
        Err(problem) => {
            report.verdict = Verdict::GraderError;
            report.message = problem.to_string();
        }
    }
}
