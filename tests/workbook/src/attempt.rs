//! Tries a chapter's tests in their order, up to the first one that does not pass.

use std::collections::HashSet;
use std::time::Duration;

use crate::binaries::{Binaries, Tried};
use crate::digest;
use crate::output::Failure;
use crate::progress::{Known, Progress};
use crate::ui::Ui;
use course::problem::Result;
use course::{Chapter, Course, Step, Test};
use runner::test_binary::Report;

pub struct Attempt<'a> {
    binaries: Binaries<'a>,
    chapter: &'a Chapter,
    /// Of the sources as they were when the attempt began.
    digest: String,
    known: Known,
    /// Names of the tests that this attempt has run.
    tried: HashSet<&'a str>,
    /// Those of them that pass.
    passed: HashSet<&'a str>,
    /// Numbers of the steps whose passing is no news: they passed before, or it was told.
    old: HashSet<usize>,
}

/// What a student has to look at next.
pub enum Stop<'a> {
    /// Nothing: every test passes.
    AllPass,
    AtTest(Failure<'a>),
    /// The crate does not compile; the build in [`Attempt::binaries`] says why.
    AtBuild {
        step: &'a Step,
    },
}

impl<'a> Attempt<'a> {
    pub fn new(course: &'a Course, chapter: &'a Chapter, progress: &Progress) -> Attempt<'a> {
        let known = progress.of(course, chapter);
        let steps = chapter.steps.iter();
        let old = steps.filter(|step| known.has_ever_passed_step(step));
        Attempt {
            binaries: Binaries::student(course, chapter),
            chapter,
            digest: digest::of(course, chapter),
            old: old.map(|step| step.number).collect(),
            known,
            tried: HashSet::new(),
            passed: HashSet::new(),
        }
    }

    /// Runs the tests that the chapter needs and that are not known to pass, until one fails. The
    /// test called `first`, if any, comes before the others.
    pub fn run(
        &mut self,
        ui: &Ui,
        progress: &mut Progress,
        first: Option<&str>,
    ) -> Result<Stop<'a>> {
        let chapter = self.chapter;
        let first = chapter
            .tests()
            .filter(|(_, test)| Some(test.name.as_str()) == first);
        self.run_tests(ui, progress, first.chain(chapter.required_tests()))
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
            if self.is_decided(test) {
                continue;
            }
            match self.binaries.run(ui, step, test)? {
                Tried::Broken(_) => return Ok(Stop::AtBuild { step }),
                Tried::Ran(report) => {
                    self.note(progress, test, &report);
                    if !report.verdict.is_done() {
                        return Ok(Stop::AtTest(Failure { step, test, report }));
                    }
                }
            }
        }
        Ok(Stop::AllPass)
    }

    /// Tries the other tests as well, only to count them: a student may work out of order, or break
    /// what has worked.
    pub fn count_the_rest(&mut self, ui: &Ui, progress: &mut Progress) -> Result<()> {
        for (step, test) in self.chapter.required_tests() {
            // Counting is not worth a heavy build.
            let is_heavy = !step.features.is_empty() && !self.binaries.is_ready(step);
            if self.is_decided(test) || is_heavy {
                continue;
            }
            if let Tried::Ran(report) = self.binaries.run(ui, step, test)? {
                self.note(progress, test, &report);
                // Nor is it worth waiting for one answer that hangs after the other.
                if report.took > Duration::from_secs(1) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The steps that pass now and did not when they were tried last, each once.
    pub fn news(&mut self) -> Vec<&'a Step> {
        let passes =
            |test: &Test| self.known.has_passed(test) || self.passed.contains(test.name.as_str());
        let steps = self.chapter.steps.iter();
        let passing = steps.filter(|step| step.tests.iter().all(passes));
        passing
            .filter(|step| self.old.insert(step.number))
            .collect()
    }

    /// Whether the step passed when it was tried last before this attempt, or passes now.
    pub fn knew(&self, step: &Step) -> bool {
        self.old.contains(&step.number)
    }

    fn is_decided(&self, test: &Test) -> bool {
        self.known.has_passed(test) || self.tried.contains(test.name.as_str())
    }

    fn note(&mut self, progress: &mut Progress, test: &'a Test, report: &Report) {
        self.tried.insert(&test.name);
        if report.verdict.is_done() {
            self.passed.insert(&test.name);
        }
        progress.record(self.chapter, &self.digest, test, report.verdict.is_done());
    }

    /// The builds of the chapter.
    pub fn binaries(&mut self) -> &mut Binaries<'a> {
        &mut self.binaries
    }
}
