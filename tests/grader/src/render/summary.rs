//! The student's report for `$GITHUB_STEP_SUMMARY`, which takes 1 MiB a step: long outputs lose their
//! middles until it fits. And a wrapper for what goes to the log.

use super::markdown;
use crate::report::Report;

const LIMIT: usize = 1024 * 1024 - 1024;

pub fn render(report: &Report) -> String {
    let mut each = LIMIT;
    loop {
        let page = markdown::with_outputs(report, each);
        if page.len() <= LIMIT || each == 0 {
            // A course of so many tests that their names alone are too long still gets its score.
            return super::text::middle_out(&page, LIMIT);
        }
        each /= 2;
    }
}

/// Text for the log of a GitHub Actions step, in which no line is a command to the runner: between
/// the two marks `::notice …` and its like are text. `token` must be one that the text's author
/// cannot know.
pub fn quoted_for_log(text: &str, token: &str) -> String {
    format!(
        "::stop-commands::{token}\n{}\n::{token}::\n",
        text.trim_end()
    )
}
