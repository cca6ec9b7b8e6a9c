//! What a student is told when something is done, and where to go from there.

use crate::course::{Chapter, Course, Step};
use crate::progress::{Known, Progress};
use crate::tell;
use crate::ui::{Ui, good, plural};

/// Steps that pass now and did not before.
pub fn steps(ui: &Ui, steps: &[&Step]) {
    for step in steps {
        let (number, count) = (step.number, step.tests.len());
        let tests = plural(count, "test");
        ui.line(good(format!("Step {number} passes: {count} of {tests}.")));
    }
}

/// A chapter is done: what its page has for afterwards.
pub fn chapter(ui: &Ui, chapter: &Chapter, known: &Known) {
    ui.line(good(format!("Chapter {} is done.", chapter.number())));
    ui.line(format!("  look      {}", chapter.section("look")));
    let predict = chapter.section("predict");
    ui.line(format!("  predict   {predict}: were you right?"));
    ui.line(format!("  reflect   {}", chapter.section("reflect")));
    options(ui, chapter, known);
}

/// Everything is done: ways to go further.
pub fn course(ui: &Ui, course: &Course, progress: &Progress) {
    ui.line(good("Every chapter is done. Ways to go further:"));
    for chapter in &course.chapters {
        ui.line(format!("  further   {}", chapter.section("further")));
    }
    for chapter in &course.chapters {
        options(ui, chapter, &progress.of(course, chapter));
    }
    if course.has_solutions() {
        let compare = "cargo workbook solution, for the reference beside your answer";
        ui.indented("  compare   ", compare);
    }
}

/// The steps that the chapter is done without.
fn options(ui: &Ui, chapter: &Chapter, known: &Known) {
    for step in known.open_options(chapter) {
        let command = tell::test_command(chapter, step);
        ui.indented("  optional  ", &format!("{command}, {}", step.title));
    }
}
