//! Finds the chapter and the step that a person means: `2`, `02`, `ch02`, `02-tcp-echo`; `3`, `s3`
//! or the beginning of a test's name.

use std::fmt::Write;

use crate::folders::{Chapter, Course, Step, Test};
use crate::problem::{Problem, Result};

/// A step, and one of its tests when that was named.
pub struct Selected<'a> {
    pub step: &'a Step,
    pub test: Option<&'a Test>,
}

pub fn chapter<'a>(course: &'a Course, said: &str) -> Result<&'a Chapter> {
    // A path typed with the Tab key, `chapters/02-tcp-echo/`, is as good as its last part.
    let name = said.trim_end_matches(['/', '\\']);
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let number = digits(name.strip_prefix("ch").unwrap_or(name));
    let is_meant = |chapter: &&Chapter| {
        chapter.folder == name || number.is_some() && digits(chapter.number()) == number
    };
    course.chapters.iter().find(is_meant).ok_or_else(|| {
        let mut text = format!("There is no chapter \"{said}\". The chapters are:");
        for chapter in &course.chapters {
            let _ = write!(text, "\n  {}  {}", chapter.number(), chapter.title);
        }
        Problem::new(text)
    })
}

pub fn step<'a>(chapter: &'a Chapter, said: &str) -> Result<Selected<'a>> {
    let name = said.rsplit("::").next().unwrap_or(said);
    if let Some((step, test)) = chapter.tests().find(|(_, test)| test.name == name) {
        return Ok(Selected {
            step,
            test: Some(test),
        });
    }
    // `s3_` is what picks the step's tests for `cargo test`.
    let bare = name.strip_suffix('_').unwrap_or(name);
    let number = digits(
        bare.strip_prefix("step")
            .or(bare.strip_prefix('s'))
            .unwrap_or(bare),
    );
    let is_meant = |step: &&Step| {
        number == Some(step.number)
            || step.file == name
            || step.file.strip_suffix(".rs") == Some(name)
    };
    if let Some(step) = chapter.steps.iter().find(is_meant) {
        return Ok(Selected { step, test: None });
    }
    let begin_so = |(_, test): &(&Step, &Test)| test.name.starts_with(name);
    let found: Vec<(&Step, &Test)> = chapter.tests().filter(begin_so).collect();
    match found[..] {
        [(step, test)] => Ok(Selected {
            step,
            test: Some(test),
        }),
        [] => Err(no_step(chapter, said)),
        _ => {
            let number = chapter.number();
            let tests = found.iter().map(|(_, test)| *test);
            Err(listed(
                &format!("Several tests of chapter {number} begin with \"{said}\":"),
                tests,
            ))
        }
    }
}

/// There is no such step and no such test: names what there is.
fn no_step(chapter: &Chapter, said: &str) -> Problem {
    let number = chapter.number();
    let step_of = |name: &str| digits(name.strip_prefix('s')?.split_once('_')?.0);
    let step = step_of(said).and_then(|number| chapter.steps.get(number.checked_sub(1)?));
    if let Some(step) = step {
        let title = format!(
            "Step {} of chapter {number} has no test \"{said}\". Its tests are:",
            step.number
        );
        return listed(&title, step.tests.iter());
    }
    let mut text = format!("Chapter {number} has no step or test \"{said}\". Its steps are:");
    for step in &chapter.steps {
        let _ = write!(text, "\n  {:2}  {}", step.number, step.title);
    }
    let _ = write!(text, "\n`cargo workbook list {number}` names the tests.");
    Problem::new(text)
}

fn listed<'a>(title: &str, tests: impl Iterator<Item = &'a Test>) -> Problem {
    let mut text = title.to_owned();
    for test in tests {
        let _ = write!(text, "\n  {}", test.name);
    }
    Problem::new(text)
}

fn digits(text: &str) -> Option<usize> {
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| text.parse().ok())?
}
