//! `--changed BASE`: what a change can reach.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use super::check::{Check, Kind, catcher};
use super::needed;
use course::problem::{Problem, Result};
use course::wrong::{self, Wrong};
use course::{AUTHOR, Chapter, Course};

/// No check depends on these. A folder ends with a stroke.
const HARMLESS: [&str; 14] = [
    ".ci/",
    ".devcontainer/",
    ".gitattributes",
    ".github/",
    ".gitignore",
    "LICENSE",
    "README.md",
    "book/",
    "tests/course/tests/",
    "tests/grader/",
    "tests/netlab/tests/",
    "tests/races/",
    "tests/runner/tests/",
    "tests/workbook/tests/",
];

pub struct Changed<'a> {
    course: &'a Course,
    /// Relative to the workspace.
    files: HashSet<String>,
    /// A file was changed on which every check depends.
    is_everything: bool,
    /// The wrong answers before the change, in the files that it touches.
    before: Vec<Wrong>,
}

impl<'a> Changed<'a> {
    /// What has changed since the branch left `base`, committed or not.
    pub fn since(course: &'a Course, base: &str) -> Result<Changed<'a>> {
        let root = &course.root;
        let base = git(root, &["merge-base", base, "HEAD"])?;
        let base = base.trim();
        let mut files = HashSet::new();
        for arguments in [
            &[
                "diff",
                "--name-only",
                "--no-renames",
                "--relative",
                "-z",
                base,
            ][..],
            &["ls-files", "--others", "--exclude-standard", "-z"],
        ] {
            let names = git(root, arguments)?;
            files.extend(names.split_terminator('\0').map(str::to_owned));
        }
        let mut before = Vec::new();
        for file in files.iter().filter(|file| is_wrong_answers(file)) {
            // A file that is new, or could not be read then, tells of nothing that stayed the same.
            let text = git(root, &["show", &format!("{base}:./{file}")]);
            before.extend(
                text.and_then(|text| wrong::in_text(text, file))
                    .unwrap_or_default(),
            );
        }
        let is_known = |file: &String| {
            let begins = |folder: String| file.starts_with(&format!("{folder}/"));
            let mut chapters = course.chapters.iter();
            HARMLESS.iter().any(|known| match known.strip_suffix('/') {
                Some(_) => file.starts_with(known),
                None => file == known,
            }) || chapters.any(|chapter| {
                begins(chapter.dir())
                    || begins(chapter.solution_dir())
                    || begins(chapter.tests_dir())
            })
        };
        Ok(Changed {
            course,
            is_everything: !files.iter().all(is_known),
            files,
            before,
        })
    }

    pub fn reaches(&self, check: &Check) -> bool {
        let chapter = check.chapter;
        if self.is_everything
            || self
                .files
                .contains(&format!("{}/chapter.toml", chapter.tests_dir()))
        {
            return true;
        }
        let tests = format!("{}/", chapter.tests_dir());
        let test_files = || {
            let own = self.files.iter().filter(|file| file.starts_with(&tests));
            own.filter(|file| !is_wrong_answers(file)).count() > 0
        };
        match &check.kind {
            Kind::Stubs(_) => {
                let needs_solution = |other: &&&Chapter| other.folder != chapter.folder;
                self.is_in(&chapter.dir())
                    || test_files()
                    || self
                        .stands_on(chapter)
                        .iter()
                        .filter(needs_solution)
                        .any(|other| self.is_in(&other.solution_dir()))
            }
            Kind::Solution(_) => test_files() || self.changes_solution(chapter),
            Kind::Wrong(wrong) => {
                self.changes_solution(chapter)
                    || self.is_new(wrong)
                    || self.changes_test_of(chapter, wrong)
            }
        }
    }

    fn is_in(&self, folder: &str) -> bool {
        let folder = format!("{folder}/");
        self.files.iter().any(|file| file.starts_with(&folder))
    }

    /// The chapter's solution, or one that it depends on.
    fn changes_solution(&self, chapter: &Chapter) -> bool {
        let mut all = self.stands_on(chapter).into_iter();
        all.any(|other| self.is_in(&other.solution_dir()))
    }

    /// The chapter and those whose solutions its manifests name, by the folders they lie in.
    fn stands_on(&self, chapter: &'a Chapter) -> Vec<&'a Chapter> {
        let mut all = vec![chapter];
        let mut at = 0;
        while let Some(&chapter) = all.get(at) {
            let manifests = [chapter.dir(), chapter.solution_dir()].map(|folder| {
                let path = self.course.root.join(folder).join("Cargo.toml");
                std::fs::read_to_string(path).unwrap_or_default()
            });
            for other in &self.course.chapters {
                let named = format!("/{}\"", other.folder);
                let is_named = manifests.iter().any(|text| text.contains(&named));
                if is_named && !all.iter().any(|known| known.folder == other.folder) {
                    all.push(other);
                }
            }
            at += 1;
        }
        all
    }

    fn is_new(&self, wrong: &Wrong) -> bool {
        let is_same = |old: &Wrong| {
            let parts = |wrong: &Wrong| {
                let Wrong {
                    name,
                    file,
                    find,
                    replace,
                    test,
                    says,
                    ..
                } = wrong.clone();
                (name, file, find, replace, test, says)
            };
            old.source == wrong.source && parts(old) == parts(wrong)
        };
        self.files.contains(&wrong.source) && !self.before.iter().any(is_same)
    }

    /// A file that its test consists of.
    fn changes_test_of(&self, chapter: &Chapter, wrong: &Wrong) -> bool {
        let root = format!("{}/solution.rs", chapter.author_dir());
        if !self.is_in(&chapter.tests_dir()) {
            return false;
        }
        let Some((step, test)) = catcher(chapter, wrong) else {
            return true;
        };
        match needed::by_test(self.course, chapter, step, &test.name) {
            Some(needed) => {
                self.files.contains(&root)
                    || needed.files.iter().any(|file| self.files.contains(file))
            }
            None => true,
        }
    }
}

/// `tests/02-tcp-echo/author/wrong/s1_listen.toml`
fn is_wrong_answers(file: &str) -> bool {
    file.contains(&format!("/{AUTHOR}/wrong/"))
}

fn git(root: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .current_dir(root)
        .args(arguments)
        .output()
        .map_err(|error| Problem::new(format!("Cannot run git: {error}.")))?;
    if !output.status.success() {
        return Err(Problem::new(format!(
            "What has changed is asked of git, and git says: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
