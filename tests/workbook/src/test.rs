//! `cargo workbook test`: every test of a chapter or a step, a line each, then the first failure.

use std::process::ExitCode;

use crate::binaries::{Binaries, Tried};
use crate::compile_errors;
use crate::digest;
use crate::done;
use crate::output::{self, Failure};
use crate::progress::Progress;
use crate::ui::{Ui, bad, faint, good, plural, strong};
use course::problem::Result;
use course::select::Selected;
use course::{Chapter, Course, Step, Test};
use runner::test_binary::Verdict;

pub fn run(
    ui: &Ui,
    course: &Course,
    progress: &mut Progress,
    chapter: &Chapter,
    selected: Option<Selected>,
    shows_all: bool,
) -> Result<ExitCode> {
    let was_done = progress.of(course, chapter).current_step(chapter).is_none();
    let is_asked = |step: &Step, test: &Test| match &selected {
        None => true,
        Some(Selected {
            step: only,
            test: None,
        }) => step.number == only.number,
        Some(Selected {
            test: Some(only), ..
        }) => test.name == only.name,
    };
    let mut binaries = Binaries::student(course, chapter);
    let digest = digest::of(course, chapter);
    let mut failures: Vec<Failure> = Vec::new();
    let mut left_out: Vec<&Step> = Vec::new();
    let mut passed = 0;
    let mut headed = 0;

    for (step, test) in chapter.tests().filter(|(step, test)| is_asked(step, test)) {
        // A step with features of its own may be minutes of building: only when it is asked for by
        // name, or when everything before it is done.
        let is_heavy = !step.features.is_empty() && !failures.is_empty();
        if selected.is_none() && (step.is_optional || is_heavy) {
            if left_out
                .last()
                .is_none_or(|last| last.number != step.number)
            {
                left_out.push(step);
            }
            continue;
        }
        match binaries.run(ui, step, test)? {
            Tried::Broken(built) => {
                compile_errors::show(ui, course, chapter, built);
                progress.save(ui);
                return Ok(ExitCode::FAILURE);
            }
            Tried::Ran(report) => {
                if headed != step.number {
                    ui.line(strong(format!("Step {}: {}", step.number, step.title)));
                    headed = step.number;
                }
                ui.line(format!(
                    "  {}  {}",
                    output::verdict(&report.verdict),
                    test.name
                ));
                if let Some(lacks) = report.lacks() {
                    ui.field("", &lacks);
                }
                progress.record(chapter, &digest, test, report.verdict.is_done());
                if report.verdict.is_done() {
                    passed += 1;
                } else {
                    failures.push(Failure { step, test, report });
                }
            }
        }
    }
    progress.save(ui);

    let again = match &selected {
        Some(selected) => output::test_command(chapter, selected.step),
        None => format!("cargo workbook test {}", chapter.number()),
    };
    show_failures(ui, chapter, &failures, (!shows_all).then_some(&again));
    let is_to_do = |failure: &&Failure| failure.report.verdict == Verdict::ToDo;
    let summary = Summary {
        passed,
        failed: failures.len(),
        to_do: failures.iter().filter(is_to_do).count(),
        left_out,
    };
    summary.show(ui, chapter);
    let known = progress.of(course, chapter);
    if !was_done && known.next_step(chapter).is_none() {
        ui.blank();
        done::chapter(ui, chapter, &known);
        ui.blank();
        done::onward(ui, course, progress);
    }
    Ok(if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The first failure as a whole, and the names of the others. Of the tests that wait for an answer
/// the first one speaks for all: each says what its stub says. Without `again`, the command that can
/// show all of them, all are shown.
fn show_failures(ui: &Ui, chapter: &Chapter, failures: &[Failure], again: Option<&str>) {
    let (to_do, failed): (Vec<&Failure>, Vec<&Failure>) = failures
        .iter()
        .partition(|failure| failure.report.verdict == Verdict::ToDo);
    let mut shown: Vec<&Failure> = failed
        .iter()
        .copied()
        .chain(to_do.first().copied())
        .collect();
    if again.is_some() {
        shown.truncate(1);
    }
    for failure in &shown {
        ui.blank();
        ui.line(faint("─".repeat(ui.width)));
        output::failure(ui, chapter, failure, None);
    }
    let others = failed.get(shown.len()..).unwrap_or_default();
    let Some(again) = again.filter(|_| !others.is_empty()) else {
        return;
    };
    ui.blank();
    let count = others.len();
    ui.prose(&match count {
        1 => "Another test fails:".to_owned(),
        _ => format!("{count} other tests fail:"),
    });
    for Failure { test, report, .. } in others {
        ui.line(format!(
            "  {}  {}",
            output::verdict(&report.verdict),
            test.name
        ));
    }
    ui.prose(&format!("To see them whole: `{again} --all`."));
}

struct Summary<'a> {
    passed: usize,
    /// Among them those that are still to do.
    failed: usize,
    to_do: usize,
    left_out: Vec<&'a Step>,
}

impl Summary<'_> {
    fn show(&self, ui: &Ui, chapter: &Chapter) {
        let passed = self.passed;
        let left_out: usize = self.left_out.iter().map(|step| step.tests.len()).sum();
        let all = passed + self.failed + left_out;
        ui.blank();
        match (self.failed, all) {
            (0, 0) => ui.line("There is no test here yet."),
            (0, 1) => ui.line(good("The test passes.")),
            (0, _) if passed == all => ui.line(good(format!("All {all} tests pass."))),
            (0, _) => ui.line(good(format!("{passed} of {all} tests pass."))),
            (_, 1) => {}
            _ if self.to_do == 0 => ui.line(bad(format!("{passed} of {all} tests pass."))),
            _ => ui.line(bad(format!(
                "{passed} of {all} tests pass, {} still to do.",
                self.to_do
            ))),
        }
        for step in &self.left_out {
            let tests = plural(step.tests.len(), "test");
            let why = if step.is_optional {
                "is optional"
            } else {
                "waits for the others to pass, because it needs a longer build"
            };
            ui.prose(&format!(
                "Step {} ({tests}) {why}. To run it now: `{}`.",
                step.number,
                output::test_command(chapter, step)
            ));
        }
    }
}
