//! A chapter's stubs and its solution, each against the chapter's tests.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;
use std::time::Instant;

use super::check::Tests;
use super::finding::Finding;
use crate::binaries::{Binaries, Tried};
use crate::cargo::Built;
use crate::ui::{Ui, plural};
use course::problem::Result;
use course::{Chapter, Step, Test};
use runner::test_binary::{Report, Verdict};

/// Each test fails on the stub, by its `todo!`.
pub fn stubs(
    ui: &Ui,
    binaries: &mut Binaries,
    chapter: &Chapter,
    tests: &Tests,
) -> Result<Finding> {
    let began = Instant::now();
    let mut complaint = String::new();
    try_all(ui, binaries, chapter, tests, &mut complaint, stub_complaint)?;
    if *tests == Tests::All {
        unknown_tests(ui, binaries, chapter, &mut complaint)?;
    }
    let count = tests.of(chapter).count();
    let wait = if count == 1 { "waits" } else { "wait" };
    let what = format!("{} {wait} for an answer", plural(count, "test"));
    Ok(finding(
        began,
        format!("{} stubs: {what}", chapter.number()),
        complaint,
    ))
}

/// Each test passes on the reference answer.
pub fn solution(
    ui: &Ui,
    binaries: &mut Binaries,
    chapter: &Chapter,
    tests: &Tests,
) -> Result<Finding> {
    let began = Instant::now();
    let mut complaint = String::new();
    try_all(
        ui,
        binaries,
        chapter,
        tests,
        &mut complaint,
        |_, test, report| {
            (report.verdict != Verdict::Passed)
                .then(|| format!("{} {}\n{}", test.name, report.verdict.word(), report.told))
        },
    )?;
    let count = tests.of(chapter).count();
    let pass = if count == 1 { "passes" } else { "pass" };
    let what = format!("{} {pass}", plural(count, "test"));
    Ok(finding(
        began,
        format!("{} solution: {what}", chapter.number()),
        complaint,
    ))
}

fn finding(began: Instant, what: String, complaint: String) -> Finding {
    Finding {
        what,
        took: began.elapsed(),
        complaint: Some(complaint).filter(|complaint| !complaint.is_empty()),
        is_unsteady: false,
    }
}

/// Runs the tests, and adds to `complaint` what does not compile, what compiles with a warning, and
/// what `judge` has against a report.
fn try_all(
    ui: &Ui,
    binaries: &mut Binaries,
    chapter: &Chapter,
    tests: &Tests,
    complaint: &mut String,
    judge: impl Fn(&Step, &Test, &Report) -> Option<String>,
) -> Result<()> {
    let mut seen_features = HashSet::new();
    for (step, test) in tests.of(chapter) {
        if seen_features.insert(&step.features) {
            build_complaint(binaries.built(ui, step)?, complaint);
        }
        if let Tried::Ran(report) = binaries.run(ui, step, test)?
            && let Some(complaint_of_test) = judge(step, test, &report)
        {
            let _ = writeln!(complaint, "{complaint_of_test}");
        }
    }
    Ok(())
}

fn build_complaint(built: &Built, complaint: &mut String) {
    for diagnostic in built.errors.iter().chain(&built.warnings) {
        let _ = writeln!(complaint, "{}", diagnostic.rendered);
    }
    if built.binary.is_none() && built.errors.is_empty() {
        let _ = writeln!(complaint, "{}", built.said);
    }
}

fn stub_complaint(step: &Step, test: &Test, report: &Report) -> Option<String> {
    let name = &test.name;
    let excuse = step.passes_on_stub.get(name);
    match (&report.verdict, excuse) {
        (Verdict::ToDo, None) | (Verdict::Passed, Some(_)) => None,
        (Verdict::ToDo, Some(_)) => Some(format!(
            "{name} reaches a todo!, so it needs no passes_on_stub in chapter.toml."
        )),
        (Verdict::Passed, None) => Some(format!(
            "{name} passes on the stub: it proves nothing about an answer. Make it call the \
             student's code, or say why in chapter.toml: passes_on_stub = {{ {name} = \"…\" }}."
        )),
        (verdict, _) => Some(format!(
            "{name} {} on the stub, without reaching a todo!.\n{}",
            verdict.word(),
            report.told
        )),
    }
}

/// Tests in the student's binary that belong to no step: the workbook would never run them.
fn unknown_tests(
    ui: &Ui,
    binaries: &mut Binaries,
    chapter: &Chapter,
    complaint: &mut String,
) -> Result<()> {
    let known: HashSet<String> = chapter
        .tests()
        .map(|(step, test)| step.path_of(test))
        .collect();
    let mut unknown = BTreeSet::new();
    for step in &chapter.steps {
        let paths = binaries.list(ui, step)?;
        unknown.extend(paths.into_iter().filter(|path| !known.contains(path)));
    }
    for path in unknown {
        let _ = writeln!(
            complaint,
            "{path} belongs to no step: the test file of a step holds all its tests."
        );
    }
    Ok(())
}
