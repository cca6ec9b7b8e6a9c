//! `cargo workbook hint`: one hint more each time, from a nudge to nearly the answer.

use std::process::ExitCode;

use crate::output;
use crate::progress::Progress;
use crate::ui::{Ui, strong};
use course::problem::Result;
use course::{Chapter, Course, Step};

pub fn run(
    ui: &Ui,
    course: &Course,
    progress: &mut Progress,
    chapter: &Chapter,
    step: &Step,
) -> Result<ExitCode> {
    let (number, of) = (chapter.number(), step.hints.len());
    ui.line(strong(format!(
        "{number}, step {}: {}",
        step.number, step.title
    )));
    ui.blank();
    let shown = progress.take_hint(chapter, step);
    if shown < of {
        ui.indented(
            &format!("  hint {} of {of}  ", shown + 1),
            &step.hints[shown],
        );
    } else {
        for (index, hint) in step.hints.iter().enumerate() {
            ui.indented(&format!("  hint {} of {of}  ", index + 1), hint);
        }
    }
    ui.blank();
    let is_kept = progress.save(ui);
    if shown + 1 < of && is_kept {
        ui.prose("The same command gives the next one.");
    } else if shown + 1 < of {
        ui.prose(&format!(
            "The next ones are in {}/chapter.toml.",
            chapter.tests_dir()
        ));
    } else {
        let read = output::read_command(chapter, step);
        let mut words = format!("There are no more hints. Read the step's section again: `{read}`");
        if course.has_solutions() {
            let solution = output::solution_command(chapter, step);
            words += &format!(", or look at the reference: `{solution} --anyway`");
        }
        ui.prose(&(words + "."));
    }
    Ok(ExitCode::SUCCESS)
}
