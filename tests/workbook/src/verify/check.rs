//! One thing to check.

use course::wrong::Wrong;
use course::{Chapter, Step, Test};

/// Some of a chapter's tests.
#[derive(Clone, PartialEq, Eq)]
pub enum Tests {
    All,
    /// Of the step with this number.
    Step(usize),
    Named(String),
}

impl Tests {
    pub fn of<'a>(&self, chapter: &'a Chapter) -> impl Iterator<Item = (&'a Step, &'a Test)> {
        chapter.tests().filter(|(step, test)| match self {
            Tests::All => true,
            Tests::Step(number) => step.number == *number,
            Tests::Named(name) => test.name == *name,
        })
    }
}

pub struct Check<'a> {
    pub chapter: &'a Chapter,
    pub kind: Kind,
}

pub enum Kind {
    Stubs(Tests),
    Solution(Tests),
    Wrong(Wrong),
}

impl Check<'_> {
    /// Roughly, in tenths of a second of a processor, with nothing built before.
    pub fn cost(&self) -> usize {
        match &self.kind {
            // The build of all the tests.
            Kind::Stubs(_) | Kind::Solution(_) => 40,
            Kind::Wrong(_) => 2,
        }
    }
}

/// The test that should catch a wrong answer, with its step.
pub fn catcher<'a>(chapter: &'a Chapter, wrong: &Wrong) -> Option<(&'a Step, &'a Test)> {
    chapter.tests().find(|(_, test)| test.name == wrong.test)
}
