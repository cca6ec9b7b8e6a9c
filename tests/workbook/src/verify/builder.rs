//! Builds one chapter after the other with cargo, and prepares what is to be compiled without it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use super::chapter;
use super::check::{Check, Kind, catcher};
use super::finding::Finding;
use super::lines::Lines;
use crate::binaries::{Binaries, Subject};
use crate::cargo;
use crate::ui::Ui;
use course::problem::{Problem, Result};
use course::wrong::Wrong;
use course::{Chapter, Course, Step};

/// A wrong answer to try, and how; no lines when the solution does not compile.
pub struct Task<'a> {
    pub chapter: &'a Chapter,
    pub wrong: Wrong,
    pub lines: Option<Arc<Lines>>,
}

/// So many checks must be left in a chapter before it pays to compile all its tests.
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
    /// A folder for the machine code of the tests.
    pub objects: &'a Path,
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
        let mut lines = Vec::new();
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
                lines.clear();
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
                    let rest = checks.as_slice().iter();
                    let rest = rest.take_while(|check| check.chapter.folder == chapter.folder);
                    let are_many = rest.count() >= MANY;
                    let lines = match catcher(chapter, &wrong) {
                        Some((step, _)) => {
                            self.lines(binaries, chapter, step, &mut lines, are_many)?
                        }
                        None => None,
                    };
                    let _ = self.queue.send(Task {
                        chapter,
                        wrong,
                        lines,
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

    /// rustc's lines for the tests of a step; none when the solution does not compile. `known` are
    /// those of this chapter, by the step's features. If there `are_many` checks, the tests are
    /// compiled for all.
    fn lines(
        &self,
        binaries: &mut Binaries<'a>,
        chapter: &Chapter,
        step: &Step,
        known: &mut Vec<(Vec<String>, Option<Arc<Lines>>)>,
        are_many: bool,
    ) -> Result<Option<Arc<Lines>>> {
        if let Some((_, lines)) = known
            .iter()
            .find(|(features, _)| *features == step.features)
        {
            return Ok(lines.clone());
        }
        let target = binaries.target_dir(step).expect("we have chosen it");
        let mut lines = None;
        if let Some(binary) = &binaries.built(self.ui, step)?.binary {
            lines = Lines::read(&cargo::records(&target), chapter, binary)?;
            if lines.is_none() {
                // The records tell of another build: we begin anew.
                std::fs::remove_dir_all(&target)
                    .map_err(|error| Problem::with_file("empty", &target, &error))?;
                *binaries = self.solution(chapter);
                if let Some(binary) = &binaries.built(self.ui, step)?.binary {
                    lines = Lines::read(&cargo::records(&target), chapter, binary)?;
                    if lines.is_none() {
                        return Err(Problem::new(format!(
                            "cargo has built the solution of chapter {}, but how it called rustc is not \
                             in {}.",
                            chapter.number(),
                            cargo::records(&target).display()
                        )));
                    }
                }
            }
        }
        if let Some(lines) = &mut lines
            && are_many
        {
            let folder = format!("{}-{}", chapter.folder, known.len());
            lines.keep_objects(self.course, chapter, &self.objects.join(folder))?;
        }
        let lines = lines.map(Arc::new);
        known.push((step.features.clone(), lines.clone()));
        Ok(lines)
    }
}
