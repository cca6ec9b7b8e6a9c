//! A table of 80 columns: one line for each test and each chapter, then the sum. Verdicts are words, so
//! the table can be read without colour.
//!
//! When the grader failed, that stands in place of the sum, and so do the chapters' points.

use super::{failure, headline, message, shared_message, text};
use crate::report::{ChapterReport, Report, TestReport, Visibility};

const WIDTH: usize = 80;

pub fn render(report: &Report) -> String {
    let has_score = failure(report).is_none();
    let mut lines = Vec::new();
    for chapter in &report.chapters {
        lines.push(head(chapter, has_score));
        let shared = shared_message(chapter);
        for test in &chapter.tests {
            lines.push(row(test, shared.is_none()));
        }
        lines.extend(shared.map(|said| text::cut(&format!("  {said}"), WIDTH)));
        if chapter.build_error.is_some() {
            lines.push("  It does not compile: the report has the compiler's words.".into());
        }
        lines.push(String::new());
    }
    lines.push(text::cut(
        &format!(
            "{}: {}",
            text::line(&report.student),
            text::line(&headline(report))
        ),
        4 * WIDTH,
    ));
    // It is empty if nothing was run.
    if !report.isolation.is_empty() {
        lines.push(text::cut(
            &format!("isolation: {}", text::line(&report.isolation)),
            WIDTH,
        ));
    }
    lines.join("\n") + "\n"
}

/// The chapter on the left, its points on the right.
fn head(chapter: &ChapterReport, has_score: bool) -> String {
    let points = match has_score {
        true => format!("{} of {}", chapter.score, chapter.max_score),
        false => format!("– of {}", chapter.max_score),
    };
    let name = text::line(&format!("{} {}", chapter.chapter, chapter.title));
    let room = WIDTH - points.chars().count() - 1;
    format!("{:<room$} {points}", text::cut(&name, room))
}

/// `  pass          2.3  s3_half_close…          2/2`, and below it why not.
fn row(test: &TestReport, with_message: bool) -> String {
    let verdict = test.verdict.words();
    let points = format!("{}/{}", test.points, test.max_points);
    let hidden = match test.visibility {
        Visibility::Hidden => " (hidden)",
        Visibility::Visible => "",
    };
    let name = text::line(&format!("{}{hidden}", test.id));
    let room = WIDTH - 25 - points.chars().count() - 1;
    let line = format!(
        "  {verdict:<16} {:<5} {:<room$} {points}",
        test.number,
        text::cut(&name, room)
    );
    let has_message = !test.verdict.is_pass()
        && !test.message.is_empty()
        && test.visibility == Visibility::Visible;
    if !has_message || !with_message {
        return line;
    }
    let said = message(test);
    let said = said.split_once(": ").map_or("", |(_, said)| said);
    format!("{line}\n{:25}{}", "", text::cut(said, WIDTH - 25))
}
