//! A report for the student: what passed, and of what failed the story and the reason, as the tests
//! would have shown them on the student's own machine.
//!
//! What the student's code printed stands in a fence that is longer than any in it, and names are
//! escaped, so that nothing in them is Markdown or HTML.
//!
//! When the grader failed, the first lines say so in place of the score.

use super::text::{self, middle_out};
use super::{failure, headline, message, output, shared_message};
use crate::report::{ChapterReport, Report, Status, TestReport, Verdict};

pub fn render(report: &Report) -> String {
    with_outputs(report, usize::MAX)
}

/// With outputs of `each` bytes at most.
pub fn with_outputs(report: &Report, each: usize) -> String {
    let mut page = format!("# {}\n\n", escaped(&text::line(&report.student)));
    let has_score = failure(report).is_none();
    page += &format!("**{}**\n\n", escaped(&text::line(&headline(report))));
    for chapter in &report.chapters {
        // Of what was not taken there is nothing to tell, test by test.
        if report.status != Status::Rejected {
            page += &of_chapter(chapter, has_score, each);
        }
    }
    page += &format!(
        "---\n\nCourse {}, {}, isolation {}, seed {}, graded {}.\n",
        code(&report.course_commit),
        escaped(&text::line(&report.toolchain)),
        code(&report.isolation),
        report.seed,
        escaped(&text::line(&report.graded_at)),
    );
    page
}

fn of_chapter(chapter: &ChapterReport, has_score: bool, each: usize) -> String {
    let points = match has_score {
        true => format!("{} of {} points", chapter.score, chapter.max_score),
        false => "no score".into(),
    };
    let name = text::line(&format!("{} {}", chapter.chapter, chapter.title));
    let mut page = format!("## {}: {points}\n\n", escaped(&name));
    if let Some(error) = &chapter.build_error {
        page += "It does not compile. The compiler says:\n\n";
        page += &fenced(&middle_out(&text::plain(error), each));
    }
    if !chapter.tests.is_empty() {
        page += "| | step | test | points |\n|---|---|---|---|\n";
    }
    for test in &chapter.tests {
        page += &format!(
            "| {} | {} | {} | {} of {} |\n",
            test.verdict.words(),
            escaped(&test.number),
            code(&test.id),
            test.points,
            test.max_points
        );
    }
    page += "\n";
    let shared = shared_message(chapter);
    if let Some(said) = &shared {
        page += &format!("{}\n\n", escaped(said));
    }
    let told = |test: &&TestReport| {
        let is_over = matches!(test.verdict, Verdict::Pass | Verdict::BuildError);
        !is_over && shared.is_none() && !(test.message.is_empty() && test.output.is_empty())
    };
    for test in chapter.tests.iter().filter(told) {
        page += &format!("### {} {}\n\n", escaped(&test.number), code(&test.id));
        page += &format!("{}\n\n", escaped(&message(test)));
        let shown = middle_out(&output(test), each);
        if !shown.trim().is_empty() {
            page += &fenced(&shown);
        }
    }
    page
}

/// A block of text, in a fence of more backticks than stand together anywhere in it.
fn fenced(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    // A line end at the end is the fence's own.
    format!("{fence}text\n{}\n{fence}\n\n", text.trim_end_matches('\n'))
}

/// A word in code. A `|` would end the cell of a table even there.
pub(crate) fn code(word: &str) -> String {
    let word = text::line(word).replace('|', "¦");
    let marks = "`".repeat(longest_run(&word) + 1);
    let space = if word.starts_with('`') || word.ends_with('`') {
        " "
    } else {
        ""
    };
    match word.as_str() {
        "" => String::new(),
        word => format!("{marks}{space}{word}{space}{marks}"),
    }
}

/// A line of text in a paragraph, a heading or a cell: the marks that mean something inside a line
/// are escaped, which every one of ASCII's may be (CommonMark §2.4). No line begins with such text.
pub(crate) fn escaped(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    for c in line.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '$'
        ) {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`');
    runs.map(str::len).max().unwrap_or(0)
}
