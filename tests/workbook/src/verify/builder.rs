//! Builds one chapter after the other with cargo, and prepares what is to be compiled without it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use super::chapter;
use super::check::{Check, Kind, catcher};
use super::finding::Finding;
use super::lines::Lines;
use super::together::Together;
use crate::binaries::{Binaries, Subject};
use crate::cargo;
use crate::ui::Ui;
use course::problem::{Problem, Result};
use course::wrong::Wrong;
use course::{Chapter, Course, Step};

/// A wrong answer to try, and with what; nothing when the solution does not compile.
pub struct Task<'a> {
    pub chapter: &'a Chapter,
    pub wrong: Wrong,
    pub built: Option<Arc<Built>>,
}

/// What is at hand for the wrong answers whose tests need the same features.
pub struct Built {
    pub lines: Lines,
    pub together: Option<Together>,
}

/// So many wrong answers must be left in a chapter before it pays to compile all its tests.
const MANY: usize = 6;

/// Ends the work when somebody could not do theirs.
pub type Findings = mpsc::Sender<Result<Finding>>;

pub fn report(worked: Result<()>, findings: &Findings) {
    if let Err(problem) = worked {
        // Nobody listens any more once somebody else has failed.
        let _ = findings.send(Err(problem));
    }
}

/// Builds one chapter after the other, checks its stubs and its solution, and puts the wrong answers
/// into the queue.
pub struct Builder<'a> {
    pub ui: &'a Ui,
    pub course: &'a Course,
    pub target: &'a Path,
    /// A folder for the wrong answers that are compiled together.
    pub together: &'a Path,
    pub is_over: &'a AtomicBool,
    pub queue: mpsc::Sender<Task<'a>>,
    pub findings: Findings,
}

impl<'a> Builder<'a> {
    pub fn work(self, checks: Vec<Check<'a>>) {
        report(self.build(checks), &self.findings);
    }

    fn build(&self, checks: Vec<Check<'a>>) -> Result<()> {
        let mut binaries: Option<(&Chapter, Binaries)> = None;
        let mut built = Vec::new();
        let mut checks = checks.into_iter();
        while let Some(Check { chapter, kind }) = checks.next() {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            if binaries
                .as_ref()
                .is_none_or(|(last, _)| last.folder != chapter.folder)
            {
                binaries = Some((chapter, self.solution(chapter)));
                built.clear();
            }
            let (_, binaries) = binaries.as_mut().expect("it was just made");
            match kind {
                Kind::Stubs(tests) => {
                    let mut stubs = Binaries::new(Subject {
                        target_dir: Some(self.target),
                        // As for the solution: what is heavy is built for its own step only.
                        default_features: false,
                        ..Subject::student(&self.course.root, chapter)
                    });
                    let finding = chapter::stubs(self.ui, &mut stubs, chapter, &tests)?;
                    let _ = self.findings.send(Ok(finding));
                }
                Kind::Solution(tests) => {
                    let finding = chapter::solution(self.ui, binaries, chapter, &tests)?;
                    let _ = self.findings.send(Ok(finding));
                }
                Kind::Wrong(wrong) => {
                    let built = match catcher(chapter, &wrong) {
                        Some((step, _)) => {
                            let rest = alike(chapter, &wrong, step, checks.as_slice());
                            self.prepare(binaries, chapter, step, &mut built, &rest)?
                        }
                        None => None,
                    };
                    let _ = self.queue.send(Task {
                        chapter,
                        wrong,
                        built,
                    });
                }
            }
        }
        Ok(())
    }

    fn solution(&self, chapter: &Chapter) -> Binaries<'a> {
        Binaries::new(Subject {
            target_dir: Some(self.target),
            ..Subject::solution(&self.course.root, chapter)
        })
    }

    /// What is at hand for the wrong answers of a step; nothing when the solution does not compile.
    /// `known` is that of this chapter, by the step's features. `answers` are all that need the same.
    fn prepare(
        &self,
        binaries: &mut Binaries<'a>,
        chapter: &Chapter,
        step: &Step,
        known: &mut Vec<(Vec<String>, Option<Arc<Built>>)>,
        answers: &[&Wrong],
    ) -> Result<Option<Arc<Built>>> {
        if let Some((_, built)) = known
            .iter()
            .find(|(features, _)| *features == step.features)
        {
            return Ok(built.clone());
        }
        let mut built = None;
        if let Some(lines) = self.lines(binaries, chapter, step)? {
            let mut together = None;
            if answers.len() >= MANY {
                let folder = format!("{}-{}", chapter.folder, known.len());
                let folder = self.together.join(folder);
                together = Some(Together::build(
                    self.course,
                    chapter,
                    &lines,
                    answers,
                    &folder,
                )?);
            }
            built = Some(Arc::new(Built { lines, together }));
        }
        known.push((step.features.clone(), built.clone()));
        Ok(built)
    }

    /// rustc's lines for the tests of a step; none when the solution does not compile.
    fn lines(
        &self,
        binaries: &mut Binaries<'a>,
        chapter: &Chapter,
        step: &Step,
    ) -> Result<Option<Lines>> {
        let target = binaries.target_dir(step).expect("we have chosen it");
        let records = cargo::records(&target);
        // The second time, if the records tell of another build.
        for _ in 0..2 {
            let Some(binary) = &binaries.built(self.ui, step)?.binary else {
                return Ok(None);
            };
            let lines = Lines::read(&records, chapter, binary)?;
            if lines.is_some() {
                return Ok(lines);
            }
            std::fs::remove_dir_all(&target)
                .map_err(|error| Problem::with_file("empty", &target, &error))?;
            *binaries = self.solution(chapter);
        }
        Err(Problem::new(format!(
            "cargo has built the solution of chapter {}, but how it called rustc is not in {}.",
            chapter.number(),
            records.display()
        )))
    }
}

/// The wrong answer and those behind it in its chapter whose tests need the same features.
fn alike<'c>(
    chapter: &Chapter,
    wrong: &'c Wrong,
    step: &Step,
    rest: &'c [Check],
) -> Vec<&'c Wrong> {
    let rest = rest
        .iter()
        .take_while(|check| check.chapter.folder == chapter.folder)
        .filter_map(|check| match &check.kind {
            Kind::Wrong(wrong) => Some(wrong),
            _ => None,
        });
    let needs_the_same = |other: &&Wrong| {
        catcher(chapter, other).is_some_and(|(other, _)| other.features == step.features)
    };
    std::iter::once(wrong)
        .chain(rest.filter(needs_the_same))
        .collect()
}
