//! Tries a chapter's tests in their order, up to the first one that does not pass.

use std::time::Duration;

use crate::bench::{Bench, Tried};
use crate::course::{Chapter, Course, Step, Test};
use crate::digest;
use crate::problem::Result;
use crate::progress::{Known, Progress};
use crate::tell::Failure;
use crate::ui::Ui;

pub struct Attempt<'a> {
    bench: Bench<'a>,
    chapter: &'a Chapter,
    /// Of the sources as they were when the attempt began.
    digest: String,
    known: Known,
}

/// What a student has to look at next.
pub enum Stop<'a> {
    /// Nothing: every test passes.
    Nowhere,
    AtTest(Failure<'a>),
    /// The crate does not compile; [`Attempt::broken`] says why.
    AtBuild {
        step: &'a Step,
    },
}

impl<'a> Attempt<'a> {
    pub fn new(course: &'a Course, chapter: &'a Chapter, progress: &Progress) -> Attempt<'a> {
        Attempt {
            bench: Bench::student(course, chapter),
            chapter,
            digest: digest::of(course, chapter),
            known: progress.of(course, chapter),
        }
    }

    /// Runs the tests that are not known to pass, until one fails.
    pub fn run(&mut self, ui: &Ui, progress: &mut Progress) -> Result<Stop<'a>> {
        self.run_tests(ui, progress, self.chapter.tests())
    }

    /// The same for the tests of one step.
    pub fn run_step(
        &mut self,
        ui: &Ui,
        progress: &mut Progress,
        step: &'a Step,
    ) -> Result<Stop<'a>> {
        self.run_tests(ui, progress, step.tests.iter().map(|test| (step, test)))
    }

    fn run_tests(
        &mut self,
        ui: &Ui,
        progress: &mut Progress,
        tests: impl Iterator<Item = (&'a Step, &'a Test)>,
    ) -> Result<Stop<'a>> {
        for (step, test) in tests {
            if self.known.has_passed(test) {
                continue;
            }
            match self.bench.run(ui, step, test)? {
                Tried::Broken(_) => return Ok(Stop::AtBuild { step }),
                Tried::Ran(report) => {
                    let done = report.verdict.is_done();
                    progress.record(self.chapter, &self.digest, test, done);
                    if !done {
                        return Ok(Stop::AtTest(Failure { step, test, report }));
                    }
                }
            }
        }
        Ok(Stop::Nowhere)
    }

    /// Tries the tests after `stopped` as well, only to count them: a student may work out of order.
    pub fn count_the_rest(
        &mut self,
        ui: &Ui,
        progress: &mut Progress,
        stopped: &Test,
    ) -> Result<()> {
        let rest = self
            .chapter
            .tests()
            .skip_while(|(_, test)| test.name != stopped.name)
            .skip(1);
        for (step, test) in rest {
            // Counting is not worth a heavy build.
            if self.known.has_passed(test) || !self.bench.is_ready(step) {
                continue;
            }
            if let Tried::Ran(report) = self.bench.run(ui, step, test)? {
                progress.record(self.chapter, &self.digest, test, report.verdict.is_done());
                // Nor is it worth waiting for one answer that hangs after the other.
                if report.took > Duration::from_secs(1) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The build of a step's tests.
    pub fn bench(&mut self) -> &mut Bench<'a> {
        &mut self.bench
    }
}
