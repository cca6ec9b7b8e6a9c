//! `cargo workbook list`: chapters, steps and tests with their minutes and points.

use std::process::ExitCode;

use crate::course::{Chapter, Course};
use crate::progress::Progress;
use crate::ui::{Ui, faint, good, plural, strong};

pub fn run(ui: &Ui, course: &Course, progress: &Progress, only: Option<&Chapter>) -> ExitCode {
    for chapter in &course.chapters {
        if only.is_some_and(|only| only.folder != chapter.folder) {
            continue;
        }
        show(ui, course, progress, chapter);
    }
    ui.prose("Points are what an instructor's grader counts; most tests are worth one.");
    ExitCode::SUCCESS
}

fn show(ui: &Ui, course: &Course, progress: &Progress, chapter: &Chapter) {
    let known = progress.of(course, chapter);
    let points: u32 = chapter.steps.iter().map(|step| step.points()).sum();
    ui.line(strong(format!("{}  {}", chapter.number(), chapter.title)));
    ui.indented("    ", &chapter.summary);
    let tests = chapter.tests().count();
    ui.line(format!(
        "    {}, {}, {}",
        minutes(chapter.minutes),
        plural(tests, "test"),
        worth(points)
    ));
    for step in &chapter.steps {
        ui.blank();
        let optional = if step.is_optional { " (optional)" } else { "" };
        ui.line(format!(
            "    {}  {}{optional}",
            strong(format!("{:2}", step.number)),
            step.title
        ));
        ui.line(faint(format!(
            "        {}, {}, {}",
            minutes(step.minutes),
            worth(step.points()),
            chapter.source(step)
        )));
        for test in &step.tests {
            let mark = if known.has_passed(test) {
                good("passed")
            } else {
                "      ".into()
            };
            let points = if test.points == 1 {
                String::new()
            } else {
                format!(", {}", worth(test.points))
            };
            ui.line(format!("        {mark}  {}{points}", test.name));
        }
    }
    ui.blank();
}

fn minutes(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

fn worth(points: u32) -> String {
    plural(points as usize, "point")
}
