//! What the instructor reads first, in Markdown: how the class did, which tests fail most, and what needs
//! a look.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::grades::gradebook::{Gradebook, Outcome, Row};
use crate::grades::policy::Policy;
use crate::render::markdown::{code, escaped};
use crate::render::text::line;
use crate::report::{Report, Status, TestReport, Verdict, Visibility};
use crate::settings::{Seed, Settings};

/// Rows of the table of tests.
const HARDEST: usize = 20;

pub fn page(book: &Gradebook, settings: &Settings, policy: &Policy) -> String {
    let mut page = String::from("# The class\n\n");
    page += &counts(book);
    page += &problems(book);
    page += &distribution(book);
    page += &hardest(book);
    page += &skipped(book);
    page += &circumstances(book, settings, policy);
    page
}

fn counts(book: &Gradebook) -> String {
    let mut text = String::from("| | students |\n|---|---:|\n");
    for (status, count) in book.counts() {
        let _ = writeln!(text, "| {status} | {count} |");
    }
    text + "\n"
}

/// Everything that a person should look at, worst first.
fn problems(book: &Gradebook) -> String {
    let mut text = String::new();
    let mut list = |title: &str, rows: &[&Row], note: &dyn Fn(&Row) -> String| {
        if rows.is_empty() {
            return;
        }
        let _ = writeln!(text, "### {title}\n");
        for row in rows {
            let name = row
                .name
                .as_deref()
                .map_or(String::new(), |name| format!(" {}", escaped(&line(name))));
            let note = line(&note(row));
            let colon = if note.is_empty() { "" } else { ": " };
            let _ = writeln!(text, "- {}{name}{colon}{}", code(&row.id), escaped(&note));
        }
        text.push('\n');
    };
    let of = |is_one: &dyn Fn(&Row) -> bool| -> Vec<&Row> {
        book.rows.iter().filter(|row| is_one(row)).collect()
    };
    list(
        "Not graded, because the grader failed",
        &of(&|row| matches!(row.outcome, Outcome::Failed(_) | Outcome::Lost)),
        &Row::note,
    );
    list(
        "Rejected: nothing in it could be graded",
        &of(&|row| row.status() == "rejected"),
        &Row::note,
    );
    list(
        "Chapters that do not compile, or were not handed in",
        &of(&|row| !lost_chapters(row).is_empty()),
        &lost_chapters,
    );
    // The title says it all.
    let nothing = |_: &Row| String::new();
    list("Not in the roster", &of(&|row| !row.is_in_roster), &nothing);
    list(
        "In the roster, and nothing handed in",
        &of(&|row| row.status() == "missing"),
        &nothing,
    );
    list(
        "Without a time of submission, and so taken as in time",
        &of(&|row| row.due.is_some() && row.submitted_at.is_none() && row.report().is_some()),
        &nothing,
    );
    list(
        "Uses what no answer needs, which took no points",
        &of(&|row| !looks(row).is_empty()),
        &looks,
    );
    list(
        "Decided by hand",
        &of(&|row| row.decided.is_some()),
        &Row::note,
    );
    if text.is_empty() {
        text
    } else {
        format!("## To look at\n\n{text}")
    }
}

/// What a submission uses that no answer needs, with the places.
fn looks(row: &Row) -> String {
    let chapters = row.report().map_or(&[][..], |report| &report.chapters);
    let looks = chapters.iter().flat_map(|chapter| &chapter.looks);
    let places = looks.map(|look| format!("{} ({}:{})", look.word, look.file, look.line));
    places.collect::<Vec<_>>().join("; ")
}

/// The chapters that do not compile, and those that are missing.
fn lost_chapters(row: &Row) -> String {
    let report = graded(row).filter(|report| report.status == Status::Graded);
    let chapters = report.map_or(&[][..], |report| &report.chapters);
    let reasons = chapters.iter().filter_map(|chapter| {
        let is_there = (chapter.tests.iter()).any(|test| test.verdict != Verdict::Missing);
        match (&chapter.build_error, is_there) {
            (Some(_), _) => Some(format!("{} does not compile", chapter.chapter)),
            (None, false) => Some(format!("{} was not handed in", chapter.chapter)),
            (None, true) => None,
        }
    });
    reasons.collect::<Vec<_>>().join("; ")
}

fn distribution(book: &Gradebook) -> String {
    if book.max_score == 0 {
        return String::new();
    }
    let full = u64::from(book.max_score) * 100;
    let mut scores: Vec<u64> = book.rows.iter().filter_map(|row| row.score).collect();
    scores.sort_unstable();
    if scores.is_empty() {
        return String::new();
    }
    // The last one holds full marks, and what an override gives beyond them.
    let mut tenths = [0_usize; 11];
    for score in &scores {
        tenths[usize::try_from(score * 10 / full).map_or(10, |at| at.min(10))] += 1;
    }
    let per_cent = |score: u64| score * 100 / full;
    let sum: u64 = scores.iter().sum();
    let mean = sum / scores.len() as u64;
    let median = (scores[(scores.len() - 1) / 2] + scores[scores.len() / 2]) / 2;
    let mut text = format!(
        "## Scores\n\nOf {} with a score: mean {} %, median {} %. Full marks are {} points.\n\n\
         | per cent | students | |\n|---:|---:|---|\n",
        scores.len(),
        per_cent(mean),
        per_cent(median),
        book.max_score
    );
    let most = tenths.iter().copied().max().unwrap_or(1).max(1);
    for (at, &count) in tenths.iter().enumerate().rev() {
        let label = match at {
            10 => "100".to_owned(),
            _ => format!("{}–{}", at * 10, at * 10 + 9),
        };
        let bar = "█".repeat((count * 40).div_ceil(most));
        let _ = writeln!(text, "| {label} | {count} | {bar} |");
    }
    text + "\n"
}

/// A test over all submissions.
#[derive(Default)]
struct Tally {
    tried: usize,
    failed: usize,
    how: BTreeMap<&'static str, usize>,
    is_hidden: bool,
}

fn hardest(book: &Gradebook) -> String {
    let mut tallies: BTreeMap<(&str, &str), Tally> = BTreeMap::new();
    let tried = |report: &&Report| report.status == Status::Graded;
    for report in book.rows.iter().filter_map(graded).filter(tried) {
        for (chapter, test) in report.tests() {
            let tally = tallies.entry((&chapter.chapter, &test.id)).or_default();
            tally.add(test);
        }
    }
    let mut failing: Vec<_> = tallies.iter().filter(|(_, one)| one.failed > 0).collect();
    // By the share of students who failed; equal tests stay in the order of the course.
    failing.sort_by(|(_, a), (_, b)| (b.failed * a.tried).cmp(&(a.failed * b.tried)));
    if failing.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "## Tests that fail most\n\n| chapter | test | failed | how |\n|---|---|---:|---|\n",
    );
    for ((chapter, test), tally) in failing.into_iter().take(HARDEST) {
        let how: Vec<_> = tally
            .how
            .iter()
            .map(|(how, n)| format!("{n} {how}"))
            .collect();
        let hidden = if tally.is_hidden { " (hidden)" } else { "" };
        let _ = writeln!(
            text,
            "| {} | {}{hidden} | {} of {} | {} |",
            code(chapter),
            code(test),
            tally.failed,
            tally.tried,
            how.join(", ")
        );
    }
    text + "\n"
}

impl Tally {
    fn add(&mut self, test: &TestReport) {
        if test.verdict == Verdict::Skipped {
            return;
        }
        self.tried += 1;
        self.is_hidden |= test.visibility == Visibility::Hidden;
        if !test.verdict.is_pass() {
            self.failed += 1;
            *self.how.entry(test.verdict.words()).or_default() += 1;
        }
    }
}

/// The tests that are in no sum, for how many, and why.
fn skipped(book: &Gradebook) -> String {
    let mut all: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
    let graded: Vec<&Report> = book.rows.iter().filter_map(graded).collect();
    for (chapter, test) in graded.iter().flat_map(|report| report.tests()) {
        if test.verdict == Verdict::Skipped {
            let (count, why) = all.entry((&chapter.chapter, &test.id)).or_default();
            *count += 1;
            *why = &test.message;
        }
    }
    if all.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "## Tests that were skipped\n\nTheir points are not counted, neither as earned nor as possible.\n\n\
         | chapter | test | skipped | why |\n|---|---|---:|---|\n",
    );
    for ((chapter, test), (count, why)) in all {
        let _ = writeln!(
            text,
            "| {} | {} | {count} of {} | {} |",
            code(chapter),
            code(test),
            graded.len(),
            escaped(&line(why))
        );
    }
    text + "\n"
}

fn circumstances(book: &Gradebook, settings: &Settings, policy: &Policy) -> String {
    let mut text = String::from("## How it was graded\n\n");
    let (Seed::Exact(seed) | Seed::OfClass(seed)) = settings.seed;
    let _ = writeln!(text, "- Seed {seed}.");
    let _ = writeln!(text, "- Late submissions: {}", escaped(&policy.to_string()));
    let mut each = |what: &str, of: &dyn Fn(&Report) -> &str| {
        let reports = book.rows.iter().filter_map(graded);
        let values: BTreeSet<&str> = reports.map(of).filter(|value| !value.is_empty()).collect();
        let values: Vec<String> = values.into_iter().map(code).collect();
        // With more than one, the grades are not comparable: worth a look.
        let warning = if values.len() > 1 {
            " **These differ between students.**"
        } else {
            ""
        };
        if !values.is_empty() {
            let _ = writeln!(text, "- {what} {}.{warning}", values.join(", "));
        }
    };
    each("Course", &|report| &report.course_commit);
    each("Toolchain", &|report| &report.toolchain);
    each("Isolation", &|report| &report.isolation);
    text
}

fn graded(row: &Row) -> Option<&Report> {
    match &row.outcome {
        Outcome::Graded(report) => Some(report),
        _ => None,
    }
}
