//! What a person means who names no chapter or no step.

use crate::progress::Progress;
use course::problem::{Problem, Result};
use course::select;
use course::{Chapter, Course, Step};

/// The chapter that the student works on.
pub fn current_chapter<'a>(course: &'a Course, progress: &Progress) -> Result<&'a Chapter> {
    progress
        .current_chapter(course)
        .or(course.chapters.last())
        .ok_or_else(|| Problem::new("The folder tests/ holds no chapter."))
}

/// The chapter that was named, or the one that the student works on. `command` is the one that asks,
/// for a suggestion when there is no such chapter.
pub fn chapter<'a>(
    course: &'a Course,
    progress: &Progress,
    said: Option<&str>,
    command: &str,
) -> Result<&'a Chapter> {
    let current = current_chapter(course, progress)?;
    let Some(said) = said else {
        return Ok(current);
    };
    select::chapter(course, said).map_err(|problem| {
        let others = course.chapters.iter();
        match step_of(current, said).or_else(|| others.clone().find_map(|it| test_of(it, said))) {
            Some((number, name)) => problem.and(&format!(
                "Did you mean `cargo workbook {command} {number} {name}`?"
            )),
            None => problem,
        }
    })
}

/// What was taken for a chapter, as a step or a test of this one.
fn step_of<'a>(chapter: &'a Chapter, said: &str) -> Option<(&'a str, String)> {
    let selected = select::step(chapter, said).ok()?;
    let name = match selected.test {
        Some(test) => test.name.clone(),
        None => format!("s{}", selected.step.number),
    };
    Some((chapter.number(), name))
}

/// The same for a test only: a step's number says nothing about its chapter.
fn test_of<'a>(chapter: &'a Chapter, said: &str) -> Option<(&'a str, String)> {
    let selected = select::step(chapter, said).ok()?;
    Some((chapter.number(), selected.test?.name.clone()))
}

/// The step that was named, or the one that the student works on.
pub fn step<'a>(
    course: &Course,
    progress: &Progress,
    chapter: &'a Chapter,
    said: Option<&str>,
) -> Result<&'a Step> {
    if let Some(said) = said {
        return select::step(chapter, said).map(|selected| selected.step);
    }
    let current = progress.of(course, chapter).current_step(chapter);
    current
        .or(chapter.steps.last())
        .ok_or_else(|| Problem::new(format!("Chapter {} has no steps.", chapter.number())))
}

/// The step that was named, or the one that passed last, in the chapter that was named or in all of
/// them: who asks for a reference without saying which wants to compare the answer that works now.
/// With `anyway` it is the step that the student works on.
pub fn answer<'a>(
    course: &'a Course,
    progress: &Progress,
    (chapter, step): (Option<&str>, Option<&str>),
    anyway: bool,
) -> Result<(&'a Chapter, &'a Step)> {
    let current = self::chapter(course, progress, chapter, "solution")?;
    let passed = |chapter: &'a Chapter| {
        let step = progress.of(course, chapter).last_passed(chapter)?;
        Some((chapter, step))
    };
    let passed = match (chapter, step) {
        _ if anyway => None,
        (_, Some(_)) => None,
        (Some(_), None) => passed(current),
        (None, None) => course.chapters.iter().rev().find_map(passed),
    };
    match passed {
        Some(passed) => Ok(passed),
        None => Ok((current, self::step(course, progress, current, step)?)),
    }
}
