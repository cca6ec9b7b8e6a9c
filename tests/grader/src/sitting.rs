//! A chapter's tests, one after the other.

use std::path::{Path, PathBuf};

use workbook::problem::{Problem, Result};

use crate::checklist::Planned;
use crate::compile::Hidden;
use crate::exam::{Exam, Tried};
use crate::jail::Jail;
use crate::report::{TestReport, Verdict, Visibility};
use crate::settings::Limits;

/// Tests that a deadline has ended are tried once more, alone and with more patience, when a chapter
/// has no more than this many. More of them are not the machine's noise.
const SECOND_TRIES: usize = 5;

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
    /// Runs all of them.
    pub fn run(&self, plan: &[Planned]) -> Vec<TestReport> {
        let patience = self.limits.patience;
        let mut tests: Vec<TestReport> = plan.iter().map(|one| one.report.clone()).collect();
        let mut late = Vec::new();
        for (at, (planned, report)) in plan.iter().zip(&mut tests).enumerate() {
            if let (Visibility::Hidden, Hidden::DoesNot(error)) =
                (planned.report.visibility, self.hidden)
            {
                report.verdict = Verdict::BuildError;
                report.message = error.clone();
                continue;
            }
            let tried = self.tried(planned, patience);
            if tried.as_ref().is_ok_and(|tried| tried.is_late) {
                late.push(at);
            }
            enter(report, tried);
        }
        if late.len() <= SECOND_TRIES {
            for at in late {
                enter(&mut tests[at], self.tried(&plan[at], 2.0 * patience));
                let report = &mut tests[at];
                if report.verdict.is_pass() {
                    report.message = "late at first, in time when tried once more".into();
                }
            }
        }
        tests
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
