//! What a student is told of a failure, and what to do next.

use crate::cargo::Built;
use crate::ui::{Ui, bad, good, strong};
use course::{Chapter, Step, Test};
use runner::test_binary::{Report, Verdict};

/// A test that did not pass.
pub struct Failure<'a> {
    pub step: &'a Step,
    pub test: &'a Test,
    pub report: Report,
}

/// How many lines of what the student's code printed are shown, at the beginning and at the end.
const PRINTED: (usize, usize) = (15, 5);
/// The same for what the test told: its report stands at the end.
const TOLD: (usize, usize) = (30, 120);

/// The failure as the test printed it, what its process could not say itself any more, and what the
/// laboratory does not know: where to write, and how to look `again`, if that needs a word.
pub fn failure(ui: &Ui, chapter: &Chapter, failure: &Failure, again: Option<&str>) {
    let Failure { step, test, report } = failure;
    if !report.printed.trim().is_empty() {
        ui.line("Your code printed:");
        ui.text(&excerpt(&report.printed, PRINTED));
        ui.blank();
    }
    let told = excerpt(report.told.trim_matches('\n'), TOLD);
    ui.report(&told);
    if let Some(post_mortem) = report.post_mortem() {
        // In the form of the laboratory's own reports.
        if !told.is_empty() {
            ui.blank();
        }
        ui.line(format!(
            "{}, step {}: {}",
            chapter.folder, step.number, test.name
        ));
        ui.blank();
        ui.field("expected", "the test to run to its end");
        ui.field("got", &post_mortem.got);
        ui.field("why", &post_mortem.why);
        ui.field("read", &read_command(chapter, step));
        ui.field("hint", &hint_command(chapter, step));
    }
    // The report of a `todo!` names its file and line.
    if report.verdict != Verdict::ToDo {
        ui.field("write", &chapter.source(step));
    }
    if let Some(again) = again {
        ui.field("again", again);
    }
}

/// How a test ended, in a word, for a column of such words.
pub fn verdict(verdict: &Verdict) -> String {
    let word = format!("{:10}", verdict.word());
    match verdict {
        Verdict::Passed => good(word),
        Verdict::Skipped | Verdict::ToDo => strong(word),
        _ => bad(word),
    }
}

/// A step to begin with.
pub fn next_step(ui: &Ui, chapter: &Chapter, step: &Step) {
    let (number, of) = (step.number, chapter.steps.len());
    ui.line(strong(format!(
        "Next: step {number} of {of}, {} ({} min)",
        step.title, step.minutes
    )));
    ui.field("read", &read_command(chapter, step));
    ui.field("write", &chapter.source(step));
    ui.field("hint", &hint_command(chapter, step));
}

/// What rustc has against a crate that compiles, without the details.
pub fn warnings(ui: &Ui, chapter: &Chapter, built: &Built) {
    let count = match built.warnings.len() {
        0 => return,
        1 => "a warning".to_owned(),
        n => format!("{n} warnings"),
    };
    ui.blank();
    ui.prose(&format!(
        "rustc has {count} for you: `cargo check -p {}`.",
        chapter.package()
    ));
}

pub fn hint_command(chapter: &Chapter, step: &Step) -> String {
    command("hint", chapter, step)
}

pub fn read_command(chapter: &Chapter, step: &Step) -> String {
    command("read", chapter, step)
}

pub fn test_command(chapter: &Chapter, step: &Step) -> String {
    command("test", chapter, step)
}

pub fn solution_command(chapter: &Chapter, step: &Step) -> String {
    command("solution", chapter, step)
}

fn command(verb: &str, chapter: &Chapter, step: &Step) -> String {
    let (number, step) = (chapter.number(), step.number);
    format!("cargo workbook {verb} {number} s{step}")
}

/// The first and the last lines of a text, none of them endless.
fn excerpt(text: &str, (head, tail): (usize, usize)) -> String {
    const LONG: usize = 500;
    let shorten = |line: &str| {
        let cut: String = line.chars().take(LONG).collect();
        if cut.len() < line.len() {
            cut + " […]"
        } else {
            cut
        }
    };
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= head + tail + 1 {
        return lines
            .into_iter()
            .map(shorten)
            .collect::<Vec<_>>()
            .join("\n");
    }
    let left_out = format!("[… {} lines left out …]", lines.len() - head - tail);
    let first = lines[..head].iter().map(|line| shorten(line));
    let last = lines[lines.len() - tail..].iter().map(|line| shorten(line));
    first
        .chain([left_out])
        .chain(last)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn an_excerpt_keeps_both_ends() {
        assert_eq!(excerpt("a\nb\nc\n", (1, 1)), "a\nb\nc");
        assert_eq!(
            excerpt("a\nb\nc\nd\n", (1, 1)),
            "a\n[… 2 lines left out …]\nd"
        );
        assert_eq!(excerpt("", (1, 1)), "");
    }

    #[test]
    fn an_endless_line_ends() {
        assert!(excerpt(&"é".repeat(100_000), (1, 1)).chars().count() < 600);
    }
}
