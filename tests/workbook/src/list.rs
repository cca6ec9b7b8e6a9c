//! `cargo workbook list`: chapters, steps and tests with their minutes and points.

use std::process::ExitCode;

use crate::progress::Progress;
use crate::ui::{Ui, faint, good, plural, strong};
use course::{Chapter, Course};

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
    let tests = plural(tests, "test");
    let minutes_all = minutes(chapter.minutes);
    ui.indented(
        "    ",
        &format!("{minutes_all}, {tests}, {}", worth(points)),
    );
    for step in &chapter.steps {
        ui.blank();
        let optional = if step.is_optional { " (optional)" } else { "" };
        ui.indented(
            &format!("    {}  ", strong(format!("{:2}", step.number))),
            &format!("{}{optional}", step.title),
        );
        let costs = format!("{}, {}", minutes(step.minutes), worth(step.points()));
        let file = chapter.source(step);
        ui.indented("        ", &faint(format!("{costs}, {file}")));
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
            let name = format!("{}{points}", test.name);
            ui.indented(&format!("        {mark}  "), &name);
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
