//! What a person means who names no chapter or no step.

use crate::course::{Chapter, Course, Step};
use crate::problem::{Problem, Result};
use crate::progress::Progress;
use crate::select;

/// The chapter that the student works on.
pub fn chapter_at_hand<'a>(course: &'a Course, progress: &Progress) -> Result<&'a Chapter> {
    progress
        .chapter_at_hand(course)
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
    let at_hand = chapter_at_hand(course, progress)?;
    let Some(said) = said else {
        return Ok(at_hand);
    };
    select::chapter(course, said).map_err(|problem| match select::step(at_hand, said) {
        Ok(selected) => {
            let (number, step) = (at_hand.number(), selected.step.number);
            problem.and(&format!(
                "Did you mean step {step} of chapter {number}? `cargo workbook {command} {number} s{step}`"
            ))
        }
        Err(_) => problem,
    })
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
    let at_hand = progress.of(course, chapter).step_at_hand(chapter);
    at_hand
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
    let at_hand = self::chapter(course, progress, chapter, "solution")?;
    let passed = |chapter: &'a Chapter| {
        let step = progress.of(course, chapter).last_passed(chapter)?;
        Some((chapter, step))
    };
    let passed = match (chapter, step) {
        _ if anyway => None,
        (_, Some(_)) => None,
        (Some(_), None) => passed(at_hand),
        (None, None) => course.chapters.iter().rev().find_map(passed),
    };
    match passed {
        Some(passed) => Ok(passed),
        None => Ok((at_hand, self::step(course, progress, at_hand, step)?)),
    }
}
