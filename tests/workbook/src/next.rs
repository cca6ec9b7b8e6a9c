//! `cargo workbook` alone: where you are, and the first thing that does not work yet.

use std::process::ExitCode;

use crate::attempt::{Attempt, Stop};
use crate::broken;
use crate::course::{Chapter, Course, Step};
use crate::problem::Result;
use crate::process::Report;
use crate::progress::Progress;
use crate::status;
use crate::ui::{Ui, good, strong};

pub fn run(ui: &Ui, course: &Course, progress: &mut Progress) -> Result<ExitCode> {
    for chapter in &course.chapters {
        if progress.of(course, chapter).next_step(chapter).is_none() {
            continue;
        }
        let mut attempt = Attempt::new(course, chapter, progress);
        let stop = attempt.run(ui, progress)?;
        if let Stop::AtTest { test, .. } = &stop {
            attempt.count_the_rest(ui, progress, test)?;
        }
        progress.save()?;
        match stop {
            Stop::Nowhere => {}
            Stop::AtTest { step, report, .. } => {
                overview(ui, course, progress);
                show_report(ui, &report);
                what_next(ui, chapter, step);
                return Ok(ExitCode::SUCCESS);
            }
            Stop::AtBuild { step } => {
                overview(ui, course, progress);
                broken::show(ui, course, chapter, attempt.bench().built(ui, step)?);
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    overview(ui, course, progress);
    all_done(ui);
    Ok(ExitCode::SUCCESS)
}

pub fn overview(ui: &Ui, course: &Course, progress: &Progress) {
    status::show(ui, course, progress);
    ui.blank();
}

pub fn all_done(ui: &Ui) {
    ui.prose(&good(
        "Every test of every chapter passes. There is nothing left to do here.",
    ));
    ui.prose(
        "Each page of the book ends with ways to go further, and `cargo workbook solution` shows \
         the reference beside your answer.",
    );
}

/// A failure as the test printed it, and what its process could not say itself.
pub fn show_report(ui: &Ui, report: &Report) {
    if !report.printed.trim().is_empty() {
        ui.line("Your code printed:");
        ui.text(&report.printed);
        ui.blank();
    }
    ui.text(report.told.trim_matches('\n'));
    if let Some(explanation) = report.explanation() {
        ui.prose(&explanation);
    }
    ui.blank();
}

pub fn what_next(ui: &Ui, chapter: &Chapter, step: &Step) {
    let (number, of) = (step.number, chapter.steps.len());
    ui.line(strong(format!(
        "Next: step {number} of {of}, {} ({} min)",
        step.title, step.minutes
    )));
    ui.line(format!("  read   {}", chapter.page(step)));
    ui.line(format!("  write  {}", chapter.source(step)));
    ui.line("  test   cargo workbook, or keep `cargo workbook watch` running while you write");
    ui.line(format!(
        "  stuck  cargo workbook hint {} {number}",
        chapter.number()
    ));
}
