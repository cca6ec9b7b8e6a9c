//! What is remembered between two runs, in `.workbook/state.json`: which tests passed with which
//! sources, and how many hints were read. Losing it costs one more run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest;
use crate::ui::{Ui, faint};
use course::{Chapter, Course, Step, Test};

/// The folder for what the workbook keeps, in the workspace; git ignores it.
pub const FOLDER: &str = ".workbook";

pub struct Progress {
    file: PathBuf,
    state: State,
    /// The student knows that nothing can be kept.
    is_warned: bool,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct State {
    /// By chapter folder.
    chapters: BTreeMap<String, Tried>,
    /// By `02-tcp-echo/s3_serve.rs`: how many hints were shown.
    hints: BTreeMap<String, usize>,
    /// The folder of the chapter that was asked for last, or saved last under `watch`.
    chosen: Option<String>,
}

/// Verdicts that hold for one state of the sources, and what is left of earlier ones.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Tried {
    digest: String,
    passed: BTreeSet<String>,
    /// Tests that passed with earlier sources and were not tried with these.
    before: BTreeSet<String>,
}

/// How far a chapter is, as far as it is known without a run.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Whether any test was ever tried.
    pub is_tried: bool,
    passed: BTreeSet<String>,
    before: BTreeSet<String>,
}

impl Known {
    pub fn has_passed(&self, test: &Test) -> bool {
        self.passed.contains(&test.name)
    }

    /// Whether every test of the step passes.
    pub fn has_passed_step(&self, step: &Step) -> bool {
        step.tests.iter().all(|test| self.has_passed(test))
    }

    /// Whether the test passes, or did so when it was tried last.
    pub fn has_ever_passed(&self, test: &Test) -> bool {
        self.has_passed(test) || self.before.contains(&test.name)
    }

    /// Whether some of what passed was tried with earlier sources only.
    pub fn is_stale(&self) -> bool {
        !self.before.is_empty()
    }

    /// Whether every test of the step passes, or did so when it was tried last.
    pub fn has_ever_passed_step(&self, step: &Step) -> bool {
        step.tests.iter().all(|test| self.has_ever_passed(test))
    }

    /// The first step, of those that a chapter needs, with a test that is not known to pass.
    pub fn next_step<'a>(&self, chapter: &'a Chapter) -> Option<&'a Step> {
        let mut steps = chapter.required();
        steps.find(|step| !self.has_passed_step(step))
    }

    /// The optional steps that the student has not done.
    pub fn open_options<'a>(&self, chapter: &'a Chapter) -> impl Iterator<Item = &'a Step> {
        let steps = chapter.steps.iter().filter(|step| step.is_optional);
        steps.filter(|step| !self.has_ever_passed_step(step))
    }

    /// The step that the student works on, also while an unfinished change leaves open what passes:
    /// the first one with a test that did not pass when it was tried last.
    pub fn current_step<'a>(&self, chapter: &'a Chapter) -> Option<&'a Step> {
        let mut steps = chapter.required();
        steps.find(|step| !self.has_ever_passed_step(step))
    }

    /// The last step that passed.
    pub fn last_passed<'a>(&self, chapter: &'a Chapter) -> Option<&'a Step> {
        let mut steps = chapter.steps.iter().rev();
        steps.find(|step| self.has_ever_passed_step(step))
    }
}

impl Progress {
    /// What was kept in this workspace. A file that cannot be read counts as none.
    pub fn load(root: &Path) -> Progress {
        let file = root.join(FOLDER).join("state.json");
        let text = fs::read_to_string(&file).unwrap_or_default();
        Progress {
            file,
            state: serde_json::from_str(&text).unwrap_or_default(),
            is_warned: false,
        }
    }

    /// Keeps it for the next run. A folder that cannot be written is no reason to withhold a verdict
    /// or a hint: the student is told once. False when nothing was kept.
    pub fn save(&mut self, ui: &Ui) -> bool {
        let Err(error) = self.write() else {
            return true;
        };
        if !std::mem::replace(&mut self.is_warned, true) {
            ui.prose(&faint(format!(
                "Nothing is remembered for the next time: {FOLDER} cannot be written ({error})."
            )));
            ui.blank();
        }
        false
    }

    /// Replaces the file as a whole, so that a killed run leaves the old one.
    fn write(&self) -> std::io::Result<()> {
        let folder = self.file.parent().expect("the file lies in a folder");
        let text = serde_json::to_string_pretty(&self.state).expect("maps of strings are JSON");
        let new = self
            .file
            .with_extension(format!("{}.new", std::process::id()));
        fs::create_dir_all(folder)?;
        fs::write(&new, text + "\n")?;
        fs::rename(&new, &self.file)
    }

    pub fn of(&self, course: &Course, chapter: &Chapter) -> Known {
        match self.state.chapters.get(&chapter.folder) {
            None => Known::default(),
            Some(tried) if tried.digest == digest::of(course, chapter) => Known {
                is_tried: true,
                passed: tried.passed.clone(),
                before: tried.before.clone(),
            },
            Some(tried) => Known {
                is_tried: true,
                passed: BTreeSet::new(),
                before: &tried.passed | &tried.before,
            },
        }
    }

    /// The student has turned to this chapter.
    pub fn choose(&mut self, chapter: &Chapter) {
        self.state.chosen = Some(chapter.folder.clone());
    }

    /// The chapters as the student goes through them: the chosen one, then the others in their
    /// order. Chapters may be taken in another order than the book's.
    pub fn in_order<'a>(&self, course: &'a Course) -> Vec<&'a Chapter> {
        let is_chosen = |chapter: &&Chapter| Some(&chapter.folder) == self.state.chosen.as_ref();
        let (mut chosen, others): (Vec<_>, Vec<_>) = course.chapters.iter().partition(is_chosen);
        chosen.extend(others);
        chosen
    }

    /// The first chapter on the student's way with a test that is not known to pass.
    pub fn next_chapter<'a>(&self, course: &'a Course) -> Option<&'a Chapter> {
        let is_open = |chapter: &&Chapter| self.of(course, chapter).next_step(chapter).is_some();
        self.in_order(course).into_iter().find(is_open)
    }

    /// The chapter that the student works on, as [`Known::current_step`] is the step.
    pub fn current_chapter<'a>(&self, course: &'a Course) -> Option<&'a Chapter> {
        let is_open = |chapter: &&Chapter| self.of(course, chapter).current_step(chapter).is_some();
        self.in_order(course).into_iter().find(is_open)
    }

    /// A verdict for the sources with this digest. Verdicts for other sources are dated from now on.
    pub fn record(&mut self, chapter: &Chapter, digest: &str, test: &Test, passed: bool) {
        let tried = self
            .state
            .chapters
            .entry(chapter.folder.clone())
            .or_default();
        if tried.digest != digest {
            *tried = Tried {
                digest: digest.to_owned(),
                passed: BTreeSet::new(),
                before: &tried.passed | &tried.before,
            };
        }
        tried.before.remove(&test.name);
        if passed {
            tried.passed.insert(test.name.clone());
        } else {
            tried.passed.remove(&test.name);
        }
    }

    /// One more hint was asked for: how many were shown before.
    pub fn take_hint(&mut self, chapter: &Chapter, step: &Step) -> usize {
        let shown = self.state.hints.entry(hint_key(chapter, step)).or_default();
        *shown += 1;
        *shown - 1
    }

    /// The hints of a step begin anew.
    pub fn forget_hints(&mut self, chapter: &Chapter, step: &Step) {
        self.state.hints.remove(&hint_key(chapter, step));
    }
}

fn hint_key(chapter: &Chapter, step: &Step) -> String {
    format!("{}/{}", chapter.folder, step.file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_chapter_comes_first_and_the_others_keep_their_order() {
        let chapter = |folder: &str| Chapter {
            folder: folder.to_owned(),
            title: String::new(),
            summary: String::new(),
            minutes: 0,
            answers_use: Vec::new(),
            steps: Vec::new(),
        };
        let course = Course {
            root: PathBuf::new(),
            chapters: ["00-a", "01-b", "02-c"].map(chapter).into(),
        };
        let mut progress = Progress {
            file: PathBuf::new(),
            state: State::default(),
            is_warned: false,
        };
        let way = |progress: &Progress| -> Vec<String> {
            let way = progress.in_order(&course);
            way.into_iter().map(|it| it.folder.clone()).collect()
        };
        assert_eq!(way(&progress), ["00-a", "01-b", "02-c"]);
        progress.choose(&course.chapters[1]);
        assert_eq!(way(&progress), ["01-b", "00-a", "02-c"]);
    }
}
