//! `cargo workbook solution`: the reference for a step, once the student's own answer passes.

use std::fs;
use std::process::ExitCode;

use crate::attempt::{Attempt, Stop};
use crate::output;
use crate::progress::Progress;
use crate::ui::{Ui, strong};
use course::problem::{Problem, Result};
use course::{Chapter, Course, Step};

pub fn run(
    ui: &Ui,
    course: &Course,
    progress: &mut Progress,
    chapter: &Chapter,
    step: &Step,
    anyway: bool,
) -> Result<ExitCode> {
    let (number, said) = (chapter.number(), step.number);
    if !course.has_solutions() {
        ui.prose(
            "This copy of the workbook came without the reference answers. Whoever gave it to you has them.",
        );
        ui.field("hint", &output::hint_command(chapter, step));
        return Ok(ExitCode::FAILURE);
    }
    if !anyway && !has_passed(ui, course, progress, chapter, step)? {
        ui.prose(&format!(
            "Step {said} of chapter {number} does not pass yet, so its reference stays closed."
        ));
        ui.field("hint", &output::hint_command(chapter, step));
        let solution = output::solution_command(chapter, step);
        ui.field("anyway", &format!("{solution} --anyway"));
        return Ok(ExitCode::FAILURE);
    }
    let (yours, reference) = (chapter.source(step), chapter.solution_source(step));
    let path = course.root.join(&reference);
    let text =
        fs::read_to_string(&path).map_err(|error| Problem::with_file("read", &path, &error))?;
    ui.line(strong(&reference));
    ui.blank();
    ui.text(&text);
    ui.blank();
    ui.line("Side by side with yours:");
    ui.line(format!("  git diff --no-index {yours} {reference}"));
    Ok(ExitCode::SUCCESS)
}

/// Whether all tests of the step pass, with a run when that is not known.
fn has_passed(
    ui: &Ui,
    course: &Course,
    progress: &mut Progress,
    chapter: &Chapter,
    step: &Step,
) -> Result<bool> {
    let mut attempt = Attempt::new(course, chapter, progress);
    let stop = attempt.run_step(ui, progress, step)?;
    progress.save(ui);
    Ok(matches!(stop, Stop::AllPass))
}
