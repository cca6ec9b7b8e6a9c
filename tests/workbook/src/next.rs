//! `cargo workbook` alone: where you are, and the first thing that does not work yet.

use std::process::ExitCode;

use crate::attempt::{Attempt, Stop};
use crate::compile_errors;
use crate::done;
use crate::output;
use crate::progress::Progress;
use crate::status;
use crate::ui::Ui;
use course::problem::Result;
use course::{Chapter, Course, Step};

const AGAIN: &str = "cargo workbook, or after every save: cargo workbook watch";

pub fn run(ui: &Ui, course: &Course, progress: &mut Progress) -> Result<ExitCode> {
    let mut news = Vec::new();
    for chapter in progress.in_order(course) {
        if progress.of(course, chapter).next_step(chapter).is_none() {
            continue;
        }
        let mut attempt = Attempt::new(course, chapter, progress);
        let stop = attempt.run(ui, progress, None)?;
        if let Stop::AtTest(_) = &stop {
            attempt.count_the_rest(ui, progress)?;
        }
        progress.save(ui);
        news.push((chapter, attempt.news()));
        match stop {
            Stop::AllPass => {}
            Stop::AtTest(failure) => {
                overview(ui, course, progress);
                tell_news(ui, course, progress, &news);
                output::failure(ui, chapter, &failure, Some(AGAIN));
                output::warnings(ui, chapter, attempt.binaries().built(ui, failure.step)?);
                return Ok(ExitCode::SUCCESS);
            }
            Stop::AtBuild { step } => {
                overview(ui, course, progress);
                tell_news(ui, course, progress, &news);
                compile_errors::show(ui, course, chapter, attempt.binaries().built(ui, step)?);
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    overview(ui, course, progress);
    tell_news(ui, course, progress, &news);
    done::course(ui, course, progress);
    Ok(ExitCode::SUCCESS)
}

pub fn overview(ui: &Ui, course: &Course, progress: &Progress) {
    status::show(ui, course, progress);
    ui.blank();
}

/// What passes since the last run, chapter by chapter.
fn tell_news(ui: &Ui, course: &Course, progress: &Progress, news: &[(&Chapter, Vec<&Step>)]) {
    for (chapter, steps) in news.iter().filter(|(_, steps)| !steps.is_empty()) {
        done::steps(ui, steps);
        let known = progress.of(course, chapter);
        if known.next_step(chapter).is_none() {
            done::chapter(ui, chapter, &known);
        }
        ui.blank();
    }
}
