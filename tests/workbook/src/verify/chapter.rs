//! A chapter's stubs and its solution, each against the chapter's tests.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;
use std::time::Instant;

use super::Finding;
use super::scratch::Scratch;
use crate::bench::{Bench, Subject, Tried};
use crate::cargo::Built;
use crate::course::{Chapter, Step, Test};
use crate::problem::Result;
use crate::process::{Report, Verdict};
use crate::ui::Ui;

/// How many findings [`check`] gives.
pub const FINDINGS: usize = 2;

pub fn check(ui: &Ui, scratch: &Scratch, chapter: &Chapter) -> Result<[Finding; FINDINGS]> {
    let number = chapter.number();
    let tests = chapter.tests().count();

    let began = Instant::now();
    let mut complaint = String::new();
    let subject = Subject {
        target_dir: Some(&scratch.target),
        // As for the solution: what is heavy is built for its own step only.
        default_features: false,
        ..Subject::student(&scratch.root, chapter)
    };
    let mut bench = Bench::new(subject);
    try_all(ui, &mut bench, chapter, &mut complaint, stub_complaint)?;
    unknown_tests(ui, &mut bench, chapter, &mut complaint)?;
    let stubs = Finding {
        what: format!("{number} stubs: {tests} tests wait for an answer"),
        took: began.elapsed(),
        complaint: Some(complaint).filter(|complaint| !complaint.is_empty()),
        is_unsteady: false,
    };

    let began = Instant::now();
    let mut complaint = String::new();
    let subject = Subject {
        target_dir: Some(&scratch.target),
        ..Subject::solution(&scratch.root, chapter)
    };
    try_all(
        ui,
        &mut Bench::new(subject),
        chapter,
        &mut complaint,
        |_, test, report| {
            (report.verdict != Verdict::Passed)
                .then(|| format!("{} {}\n{}", test.name, report.verdict.word(), report.told))
        },
    )?;
    let solution = Finding {
        what: format!("{number} solution: {tests} tests pass"),
        took: began.elapsed(),
        complaint: Some(complaint).filter(|complaint| !complaint.is_empty()),
        is_unsteady: false,
    };
    Ok([stubs, solution])
}

/// Runs every test, and adds to `complaint` what does not compile, what compiles with a warning, and
/// what `judge` has against a report.
fn try_all(
    ui: &Ui,
    bench: &mut Bench,
    chapter: &Chapter,
    complaint: &mut String,
    judge: impl Fn(&Step, &Test, &Report) -> Option<String>,
) -> Result<()> {
    let mut seen_features = HashSet::new();
    for step in &chapter.steps {
        if seen_features.insert(&step.features) {
            build_complaint(bench.built(ui, step)?, complaint);
        }
        for test in &step.tests {
            if let Tried::Ran(report) = bench.run(ui, step, test)?
                && let Some(complaint_of_test) = judge(step, test, &report)
            {
                let _ = writeln!(complaint, "{complaint_of_test}");
            }
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
    bench: &mut Bench,
    chapter: &Chapter,
    complaint: &mut String,
) -> Result<()> {
    let known: HashSet<String> = chapter
        .tests()
        .map(|(step, test)| step.path_of(test))
        .collect();
    let mut unknown = BTreeSet::new();
    for step in &chapter.steps {
        let paths = bench.list(ui, step)?;
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
