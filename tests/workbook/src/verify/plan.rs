//! What there is to check, and what of it was asked for.

use super::changed::Changed;
use super::check::{Check, Kind, Tests};
use super::shard::Shard;
use course::problem::Result;
use course::wrong;
use course::{Chapter, Course, Test, select};

/// What a person asks for; all of it, when nothing is said.
#[derive(Default)]
pub struct Asked<'a> {
    pub chapter: Option<&'a Chapter>,
    /// A step, a test or a wrong answer of that chapter.
    pub only: Option<String>,
    /// Only the stubs and the solutions.
    pub stubs: bool,
    /// What the change since this commit can reach.
    pub changed: Option<String>,
    pub shard: Option<Shard>,
}

/// In the order of the course, so that the checks of a chapter stand together.
pub fn checks<'a>(course: &'a Course, asked: &Asked) -> Result<Vec<Check<'a>>> {
    let mut checks = Vec::new();
    for chapter in &course.chapters {
        if asked
            .chapter
            .is_none_or(|only| only.folder == chapter.folder)
        {
            let kinds = kinds(course, chapter, asked)?;
            checks.extend(kinds.into_iter().map(|kind| Check { chapter, kind }));
        }
    }
    if let Some(base) = &asked.changed {
        let changed = Changed::since(course, base)?;
        checks.retain(|check| changed.reaches(check));
    }
    Ok(match asked.shard {
        Some(shard) => shard.part(checks, Check::cost),
        None => checks,
    })
}

fn kinds(course: &Course, chapter: &Chapter, asked: &Asked) -> Result<Vec<Kind>> {
    let mut answers = match asked.stubs {
        true => Vec::new(),
        false => wrong::answers(course, chapter)?,
    };
    let mut tests = Tests::All;
    if let Some(only) = &asked.only {
        if let Some(named) = answers.iter().find(|wrong| wrong.name == *only) {
            return Ok(vec![Kind::Wrong(named.clone())]);
        }
        let selected = select::step(chapter, only)
            .map_err(|problem| problem.and("Nor is there a wrong answer of this name."))?;
        let file = &selected.step.file;
        tests = match selected.test {
            Some(test) => Tests::Named(test.name.clone()),
            None => Tests::Step(selected.step.number),
        };
        answers.retain(|wrong| {
            let is_caught = |(_, test): (_, &Test)| test.name == wrong.test;
            tests.of(chapter).any(is_caught) || (selected.test.is_none() && (wrong.file == *file))
        });
    }
    let mut kinds = vec![Kind::Stubs(tests.clone()), Kind::Solution(tests)];
    kinds.extend(answers.into_iter().map(Kind::Wrong));
    Ok(kinds)
}
