//! `cargo workbook hint`: one hint more each time, from a nudge to nearly the answer.

use std::process::ExitCode;

use crate::course::{Chapter, Step};
use crate::problem::Result;
use crate::progress::Progress;
use crate::ui::{Ui, strong};

pub fn run(ui: &Ui, progress: &mut Progress, chapter: &Chapter, step: &Step) -> Result<ExitCode> {
    let (number, of) = (chapter.number(), step.hints.len());
    ui.line(strong(format!(
        "{number}, step {}: {}",
        step.number, step.title
    )));
    ui.blank();
    let shown = progress.take_hint(chapter, step);
    progress.save()?;
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
    if shown + 1 < of {
        ui.prose("The same command gives the next one.");
    } else {
        ui.prose(&format!(
            "There are no more hints. Read {} again, or look at the reference: \
             `cargo workbook solution {number} s{} --anyway`.",
            chapter.page(step),
            step.number
        ));
    }
    Ok(ExitCode::SUCCESS)
}
