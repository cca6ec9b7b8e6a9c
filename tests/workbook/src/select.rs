//! Finds the chapter and the step that a person means: `2`, `02`, `ch02`, `02-tcp-echo`; `3`, `s3`
//! or a test's name.

use std::fmt::Write;

use crate::course::{Chapter, Course, Step, Test};
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
    let number = digits(
        name.strip_prefix("step")
            .or(name.strip_prefix('s'))
            .unwrap_or(name),
    );
    let is_meant = |step: &&Step| {
        number == Some(step.number)
            || step.file == name
            || step.file.strip_suffix(".rs") == Some(name)
    };
    let found = chapter.steps.iter().find(is_meant);
    found
        .map(|step| Selected { step, test: None })
        .ok_or_else(|| {
            let number = chapter.number();
            let mut text =
                format!("Chapter {number} has no step or test \"{said}\". Its steps are:");
            for step in &chapter.steps {
                let _ = write!(text, "\n  {:2}  {}", step.number, step.title);
            }
            let _ = write!(text, "\n`cargo workbook list {number}` names the tests.");
            Problem::new(text)
        })
}

fn digits(text: &str) -> Option<usize> {
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| text.parse().ok())?
}
