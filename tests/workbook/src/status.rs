//! The chapters and how far each one is.

use crate::progress::{Known, Progress};
use crate::ui::{Ui, faint, good, plural, strong};
use course::{Chapter, Course};

/// Cells of a bar.
const BAR: usize = 10;

pub fn show(ui: &Ui, course: &Course, progress: &Progress) {
    show_some(
        ui,
        course,
        progress,
        &course.chapters.iter().collect::<Vec<_>>(),
    );
}

pub fn show_one(ui: &Ui, course: &Course, progress: &Progress, chapter: &Chapter) {
    show_some(ui, course, progress, &[chapter]);
}

/// "  00  Title  [bar]  in words": without the bar, then on two lines, as the screen gets narrower.
fn show_some(ui: &Ui, course: &Course, progress: &Progress, chapters: &[&Chapter]) {
    let known: Vec<Known> = chapters
        .iter()
        .map(|chapter| progress.of(course, chapter))
        .collect();
    let words: Vec<String> = chapters
        .iter()
        .zip(&known)
        .map(|(chapter, known)| in_words(chapter, known))
        .collect();
    let longest = |texts: &mut dyn Iterator<Item = &str>| {
        texts.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let title_width = longest(&mut chapters.iter().map(|chapter| chapter.title.as_str()));
    let one_line = 6 + title_width + 2 + longest(&mut words.iter().map(String::as_str));
    let with_bar = one_line + BAR + 2 <= ui.width;

    for ((chapter, known), words) in chapters.iter().zip(&known).zip(&words) {
        let number = strong(chapter.number());
        let title = &chapter.title;
        let (passed, all) = (count(chapter, known), chapter.tests().count());
        let is_done = known.current_step(chapter).is_none();
        let words = match known {
            _ if !known.is_tried || known.is_stale() => faint(words),
            _ if is_done => good(words),
            _ => words.clone(),
        };
        if with_bar {
            let bar = bar(passed, all, is_done);
            ui.line(format!("  {number}  {title:title_width$}  {bar}  {words}"));
        } else if one_line <= ui.width {
            ui.line(format!("  {number}  {title:title_width$}  {words}"));
        } else {
            ui.line(format!("  {number}  {title}"));
            ui.line(format!("      {words}"));
        }
    }
}

fn in_words(chapter: &Chapter, known: &Known) -> String {
    let all = chapter.tests().count();
    let steps = chapter.steps.len();
    let tests = plural(all, "test");
    if !known.is_tried {
        return format!("{tests}, not tried yet");
    }
    let count = count(chapter, known);
    let passed = format!("{count} of {tests}");
    if known.is_stale() {
        return format!("{passed} at the last run");
    }
    match known.next_step(chapter) {
        None if count == all => format!("done, {tests}"),
        // An optional step is open.
        None => format!("done, {passed}"),
        Some(step) => format!("{passed}, step {} of {steps}", step.number),
    }
}

/// How many tests of the chapter pass, or did so when they were tried last.
fn count(chapter: &Chapter, known: &Known) -> usize {
    chapter
        .tests()
        .filter(|(_, test)| known.has_ever_passed(test))
        .count()
}

fn bar(passed: usize, all: usize, is_done: bool) -> String {
    // Full only when the chapter is done; not empty once something is.
    let cells = match is_done {
        true => BAR,
        false => (BAR * passed).div_ceil(all.max(1)).min(BAR - 1),
    };
    format!("{}{}", "█".repeat(cells), "░".repeat(BAR - cells))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_only_at_the_end_and_empty_only_at_the_beginning() {
        let filled = |passed, all, is_done| bar(passed, all, is_done).matches('█').count();
        assert_eq!(filled(0, 40, false), 0);
        assert_eq!(filled(1, 40, false), 1);
        assert_eq!(filled(39, 40, false), BAR - 1);
        assert_eq!(filled(40, 40, true), BAR);
        assert_eq!(filled(34, 40, true), BAR);
        assert_eq!(bar(0, 0, false).chars().count(), BAR);
    }
}
