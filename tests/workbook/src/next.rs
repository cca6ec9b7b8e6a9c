//! `cargo workbook` alone: where you are, and the first thing that does not work yet.

use std::process::ExitCode;

use crate::attempt::{Attempt, Stop};
use crate::broken;
use crate::course::Course;
use crate::problem::Result;
use crate::progress::Progress;
use crate::status;
use crate::tell;
use crate::ui::Ui;

const AGAIN: &str = "cargo workbook, or keep `cargo workbook watch` running while you write";

pub fn run(ui: &Ui, course: &Course, progress: &mut Progress) -> Result<ExitCode> {
    for chapter in &course.chapters {
        if progress.of(course, chapter).next_step(chapter).is_none() {
            continue;
        }
        let mut attempt = Attempt::new(course, chapter, progress);
        let stop = attempt.run(ui, progress, None)?;
        if let Stop::AtTest(_) = &stop {
            attempt.count_the_rest(ui, progress)?;
        }
        progress.save()?;
        match stop {
            Stop::Nowhere => {}
            Stop::AtTest(failure) => {
                overview(ui, course, progress);
                tell::failure(ui, chapter, &failure);
                tell::next_step(ui, chapter, failure.step, AGAIN);
                tell::warnings(ui, chapter, attempt.bench().built(ui, failure.step)?);
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
    tell::all_done(ui);
    Ok(ExitCode::SUCCESS)
}

pub fn overview(ui: &Ui, course: &Course, progress: &Progress) {
    status::show(ui, course, progress);
    ui.blank();
}
