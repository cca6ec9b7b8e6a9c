//! `cargo workbook test`: every test of a chapter or a step, a line each, then the failures.

use std::process::ExitCode;

use crate::bench::{Bench, Tried};
use crate::broken;
use crate::course::{Chapter, Course, Step, Test};
use crate::digest;
use crate::problem::Result;
use crate::process::Verdict;
use crate::progress::Progress;
use crate::select::Selected;
use crate::tell::{self, Failure};
use crate::ui::{Ui, bad, faint, good, strong};

pub fn run(
    ui: &Ui,
    course: &Course,
    progress: &mut Progress,
    chapter: &Chapter,
    selected: Option<Selected>,
) -> Result<ExitCode> {
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
    let mut bench = Bench::student(course, chapter);
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
        match bench.run(ui, step, test)? {
            Tried::Broken(built) => {
                broken::show(ui, course, chapter, built);
                progress.save()?;
                return Ok(ExitCode::FAILURE);
            }
            Tried::Ran(report) => {
                if headed != step.number {
                    ui.line(strong(format!("Step {}: {}", step.number, step.title)));
                    headed = step.number;
                }
                ui.line(format!("  {}  {}", verdict(&report.verdict), test.name));
                progress.record(chapter, &digest, test, report.verdict.is_done());
                if report.verdict.is_done() {
                    passed += 1;
                } else {
                    failures.push(Failure { step, test, report });
                }
            }
        }
    }
    progress.save()?;

    // Every failure is shown, but of the tests that wait for an answer only the first one: each
    // says what its stub says.
    let is_to_do = |failure: &&Failure| failure.report.verdict == Verdict::ToDo;
    let to_do = failures.iter().filter(is_to_do).count();
    let first_to_do = failures.iter().find(is_to_do);
    for failure in failures
        .iter()
        .filter(|failure| !is_to_do(failure))
        .chain(first_to_do)
    {
        ui.blank();
        ui.line(faint("─".repeat(ui.width)));
        tell::failure(ui, chapter, failure, None);
    }
    let summary = Summary {
        passed,
        failed: failures.len(),
        to_do,
        left_out,
    };
    summary.show(ui, chapter);
    Ok(if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn verdict(verdict: &Verdict) -> String {
    let word = format!("{:10}", verdict.word());
    match verdict {
        Verdict::Passed => good(word),
        Verdict::Skipped | Verdict::ToDo => strong(word),
        _ => bad(word),
    }
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
        let all = self.passed + self.failed;
        ui.blank();
        match (self.failed, all) {
            (0, 0) => ui.line("There is no test here yet."),
            (0, 1) => ui.line(good("The test passes.")),
            (0, _) => ui.line(good(format!("All {all} tests pass."))),
            (_, 1) => {}
            _ if self.to_do == 0 => ui.line(bad(format!("{} of {all} tests pass.", self.passed))),
            _ => ui.line(bad(format!(
                "{} of {all} tests pass, {} still to do.",
                self.passed, self.to_do
            ))),
        }
        for step in &self.left_out {
            let why = if step.is_optional {
                "is optional"
            } else {
                "waits for the others to pass, because it needs a longer build"
            };
            ui.prose(&format!(
                "Step {} {why}. To run it now: `{}`.",
                step.number,
                tell::test_command(chapter, step)
            ));
        }
    }
}
