//! What a student is told when something is done, and where to go from there.

use crate::output;
use crate::progress::{Known, Progress};
use crate::ui::{Ui, good, plural};
use course::{Chapter, Course, Step};

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
    let section = |id: &str| format!("cargo workbook read {} {id}", chapter.number());
    ui.field("look", &section("look"));
    ui.field(
        "predict",
        &format!("{}: were you right?", section("predict")),
    );
    ui.field("reflect", &section("reflect"));
    options(ui, chapter, known);
}

/// Where to go from a chapter that is done: to the one that the student has not done.
pub fn onward(ui: &Ui, course: &Course, progress: &Progress) {
    let Some(chapter) = progress.current_chapter(course) else {
        return self::course(ui, course, progress);
    };
    let Some(step) = progress.of(course, chapter).current_step(chapter) else {
        return;
    };
    let (number, title) = (chapter.number(), &chapter.title);
    ui.prose(&format!("On to chapter {number}, {title}."));
    output::next_step(ui, chapter, step);
}

/// Everything is done: ways to go further.
pub fn course(ui: &Ui, course: &Course, progress: &Progress) {
    ui.line(good("Every chapter is done. Ways to go further:"));
    for chapter in &course.chapters {
        let number = chapter.number();
        ui.field("further", &format!("cargo workbook read {number} further"));
    }
    for chapter in &course.chapters {
        options(ui, chapter, &progress.of(course, chapter));
    }
    if course.has_solutions() {
        let compare = "cargo workbook solution, for the reference beside your answer";
        ui.field("compare", compare);
    }
}

/// The steps that the chapter is done without.
fn options(ui: &Ui, chapter: &Chapter, known: &Known) {
    for step in known.open_options(chapter) {
        let command = output::test_command(chapter, step);
        ui.field("optional", &format!("{command}, {}", step.title));
    }
}
