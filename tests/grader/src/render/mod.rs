//! A report in the formats that platforms read.
//!
//! One file for each format, each with a pure function from a report to text. Three rules hold for all of them:
//!
//! - **Our failure is never a zero.** When the grader failed ([`failure`]), no format names a score.
//!   The head of its file says what it writes instead.
//! - **A hidden test shows its name and its verdict**, never its message or output. These stand in
//!   the canonical report only.
//! - **What a student can write is data.** Names and outputs go through [`text`] and are then escaped as
//!   the format requires.

mod autolab;
mod canonical;
mod classroom;
pub mod classroom50;
mod command;
pub mod csv;
mod exercism;
mod gradescope;
mod junit;
pub(crate) mod markdown;
mod prairielearn;
mod summary;
mod table;
pub mod text;

pub use command::{RenderArgs, run};
pub use summary::quoted_for_log;

use clap::ValueEnum;

use crate::report::{ChapterReport, Report, Status, TestReport, Verdict, Visibility};

/// A format, as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The canonical report, with everything in it: for instructors
    Json,
    /// A table of 80 columns for a terminal
    Table,
    /// A report for the student
    Markdown,
    /// The same for $GITHUB_STEP_SUMMARY, at most 1 MiB
    GithubSummary,
    /// Classroom 50's result.json
    Classroom50,
    /// The step output of a grader for GitHub Classroom's reporter: result=<base64>
    Classroom,
    /// The same, as JSON
    ClassroomJson,
    /// Gradescope's results.json
    Gradescope,
    /// PrairieLearn's results.json, at most 1 MB
    #[value(name = "prairielearn")]
    PrairieLearn,
    /// Exercism's results.json, version 3
    Exercism,
    /// Autolab: a table, then the line of scores
    Autolab,
    /// JUnit's XML, as GitLab and others read it
    Junit,
}

/// Renders a report. `None` if the grader failed and the format cannot say so: then nothing must be
/// written, and the platform reports the missing file.
pub fn render(format: Format, report: &Report) -> Option<String> {
    match format {
        Format::Json => Some(canonical::render(report)),
        Format::Table => Some(table::render(report)),
        Format::Markdown => Some(markdown::render(report)),
        Format::GithubSummary => Some(summary::render(report)),
        Format::Classroom50 => {
            let identity = classroom50::Identity::from(|name| std::env::var(name).ok());
            classroom50::render(report, &identity)
        }
        Format::Classroom => Some(classroom::step_output(report)),
        Format::ClassroomJson => Some(classroom::render(report)),
        Format::Gradescope => Some(gradescope::render(report)),
        Format::PrairieLearn => Some(prairielearn::render(report)),
        Format::Exercism => Some(exercism::render(report)),
        Format::Autolab => Some(autolab::render(report)),
        Format::Junit => Some(junit::render(report)),
    }
}

/// What to say when the grader failed. One test that could not be run is enough: a score without it
/// would be too low.
pub fn failure(report: &Report) -> Option<String> {
    let broken = report
        .tests()
        .find(|(_, test)| test.verdict == Verdict::GraderError);
    if report.status != Status::GraderError && broken.is_none() {
        return None;
    }
    let reason = match (&report.problem, broken) {
        (Some(problem), _) => text::plain(problem),
        (None, Some((_, test))) if test.visibility == Visibility::Visible => {
            text::line(&format!("{}: {}", test.id, test.message))
        }
        (None, _) => "the report of the grader says why".into(),
    };
    Some(format!(
        "The grader failed, not the submission. There is no score: it has to be graded again. ({reason})"
    ))
}

/// One line about the whole, `7 of 10 points`, or why there are none.
fn headline(report: &Report) -> String {
    if let Some(failure) = failure(report) {
        return failure;
    }
    let score = format!("{} of {} points", report.score, report.max_score);
    match (&report.problem, report.status) {
        (Some(problem), Status::Rejected) => {
            format!("{score}. Not graded: {}", text::plain(problem))
        }
        _ => score,
    }
}

/// `02-tcp-echo: s3_half_close_still_gets_its_echo`, unique in the report.
fn full_name(chapter: &ChapterReport, test: &TestReport) -> String {
    text::line(&format!("{}: {}", chapter.chapter, test.id))
}

/// The tests that count, each with its chapter: for formats that know pass and fail only.
fn counted(report: &Report) -> impl Iterator<Item = (&ChapterReport, &TestReport)> {
    report
        .tests()
        .filter(|(_, test)| test.verdict != Verdict::Skipped)
}

/// What the student may read about a test, in one line.
fn message(test: &TestReport) -> String {
    let verdict = test.verdict.words();
    match test.visibility {
        Visibility::Hidden => format!("hidden test: {verdict}"),
        Visibility::Visible if test.message.is_empty() => verdict.into(),
        Visibility::Visible => format!("{verdict}: {}", text::line(&test.message)),
    }
}

/// What is the same for all tests of a chapter, such as that it was not handed in: said once.
fn shared_message(chapter: &ChapterReport) -> Option<String> {
    let first = chapter.tests.first()?;
    let is_same = |test: &TestReport| {
        test.verdict == first.verdict && test.message == first.message && test.output.is_empty()
    };
    let all = !first.verdict.is_pass()
        && !first.message.is_empty()
        && first.visibility == Visibility::Visible
        && chapter.tests.len() > 1
        && chapter.tests.iter().all(is_same);
    all.then(|| text::line(&first.message))
}

/// What the student would have seen; nothing of a hidden test.
fn output(test: &TestReport) -> String {
    if test.visibility == Visibility::Hidden {
        return String::new();
    }
    let mut output = text::plain(&test.output);
    if test.output_dropped > 0 {
        output += &format!("\n[… {} bytes left out …]", test.output_dropped);
    }
    output
}

/// Whether there is no chapter that compiles.
fn nothing_compiles(report: &Report) -> bool {
    let mut chapters = report.chapters.iter();
    !report.chapters.is_empty() && chapters.all(|chapter| chapter.build_error.is_some())
}

/// What the compiler said, chapter by chapter; empty when all compiled.
fn build_errors(report: &Report) -> String {
    let mut said = String::new();
    for chapter in &report.chapters {
        if let Some(error) = &chapter.build_error {
            said += &format!(
                "{} does not compile:\n\n{}\n\n",
                text::line(&chapter.chapter),
                text::plain(error).trim_end()
            );
        }
    }
    said.trim_end().to_owned()
}

/// Pretty JSON and a line's end.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_string_pretty(value).expect("a value with text for keys");
    text::visible_json(&json) + "\n"
}
