//! The course as its folders tell it: chapters, steps and tests.
//!
//! A chapter is a folder of `tests/` with a `chapter.toml`. Its number is in the folder's name, a
//! step's number is its place in `chapter.toml`, and the tests are read from the step's test file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::manifest::Manifest;
use crate::problem::{Problem, Result};
use crate::scan;

/// The folder in a chapter's tests for what only the course needs. No student's copy has it.
pub const AUTHOR: &str = "author";

/// The sections of every chapter's page, besides those of its steps, that the companion points at.
pub const SECTIONS: [&str; 4] = ["predict", "look", "reflect", "further"];

#[derive(Debug)]
pub struct Course {
    /// The workspace: the folder that holds `chapters`, `solutions`, `tests` and `book`.
    pub root: PathBuf,
    pub chapters: Vec<Chapter>,
}

#[derive(Clone, Debug)]
pub struct Chapter {
    /// `02-tcp-echo`: its folder in `chapters`, `solutions` and `tests`, and its page in the book.
    pub folder: String,
    pub title: String,
    pub summary: String,
    pub minutes: u32,
    /// Words that a grader shows to a person where they stand in an answer, and that the reference answer of
    /// this chapter uses.
    pub answers_use: Vec<String>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct Step {
    /// Counted from 1.
    pub number: usize,
    pub title: String,
    /// `s3_card.rs`: in the chapter's `src`, in the solution's, and among the tests.
    pub file: String,
    pub minutes: u32,
    /// From a nudge to nearly the answer.
    pub hints: Vec<String>,
    /// Cargo features that its tests need.
    pub features: Vec<String>,
    /// A chapter is done without it.
    pub is_optional: bool,
    /// Points of single tests. Every other test is worth one point, and every other black box what the step says.
    pub points: BTreeMap<String, u32>,
    /// Tests that look at the student's program from outside and never call into the library.
    pub black_boxes: Vec<String>,
    /// Tests that a stub passes, and why that cannot be helped.
    pub passes_on_stub: BTreeMap<String, String>,
    pub tests: Vec<Test>,
}

#[derive(Clone, Debug)]
pub struct Test {
    /// `s3_a_socket_without_peer`
    pub name: String,
    /// Line of its function in the step's test file.
    pub line: usize,
    pub points: u32,
    /// It looks at the student's program from outside.
    pub is_black_box: bool,
}

impl Course {
    /// The course around `start`: in this folder or the nearest one above it.
    pub fn find(start: &Path) -> Result<Course> {
        let is_root = |folder: &&Path| {
            folder.join("chapters").is_dir() && folder.join("tests").join("workbook").is_dir()
        };
        match start.ancestors().find(is_root) {
            Some(root) => Course::load(root),
            None => Err(Problem::new(
                "There is no workbook here. Go to the folder that holds `chapters` and `tests`, and try again.",
            )),
        }
    }

    pub fn load(root: &Path) -> Result<Course> {
        let tests = root.join("tests");
        let entries = std::fs::read_dir(&tests)
            .map_err(|error| Problem::with_file("read the folder", &tests, &error))?;
        let mut folders = Vec::new();
        for entry in entries.filter_map(std::io::Result::ok) {
            let manifest = entry.path().join("chapter.toml");
            let Ok(folder) = entry.file_name().into_string() else {
                continue;
            };
            // A chapter that cannot be read must not be taken for none.
            let is_chapter = entry.path().is_dir()
                && manifest
                    .try_exists()
                    .map_err(|error| Problem::with_file("look for", &manifest, &error))?;
            if is_chapter {
                folders.push(folder);
            }
        }
        folders.sort();
        let chapters = folders
            .into_iter()
            .map(|folder| Chapter::load(root, folder))
            .collect::<Result<_>>()?;
        Ok(Course {
            root: root.to_owned(),
            chapters,
        })
    }

    /// Whether the reference answers are here. The copy that a class gets comes without them.
    pub fn has_solutions(&self) -> bool {
        self.root.join("solutions").is_dir()
    }
}

impl Chapter {
    fn load(root: &Path, folder: String) -> Result<Chapter> {
        let shown = format!("tests/{folder}/chapter.toml");
        let manifest: Manifest<ChapterToml> = Manifest::read(&root.join(&shown), &shown)?;
        let mut steps = Vec::new();
        for (index, toml) in manifest.value.step.iter().enumerate() {
            steps.push(Step::load(root, &folder, index + 1, toml, &manifest)?);
        }
        let ChapterToml {
            title,
            summary,
            minutes,
            answers_use,
            ..
        } = manifest.value;
        Ok(Chapter {
            folder,
            title,
            summary,
            minutes,
            answers_use,
            steps,
        })
    }

    /// `02`
    pub fn number(&self) -> &str {
        self.folder.split('-').next().unwrap_or(&self.folder)
    }

    /// The student's package, `ch02`.
    pub fn package(&self) -> String {
        format!("ch{}", self.number())
    }

    /// The reference's package, `sol02`.
    pub fn solution_package(&self) -> String {
        format!("sol{}", self.number())
    }

    /// The student's crate, relative to the workspace.
    pub fn dir(&self) -> String {
        format!("chapters/{}", self.folder)
    }

    /// The reference's crate, relative to the workspace.
    pub fn solution_dir(&self) -> String {
        format!("solutions/{}", self.folder)
    }

    /// The folder of its tests, relative to the workspace.
    pub fn tests_dir(&self) -> String {
        format!("tests/{}", self.folder)
    }

    /// Its folder called [`AUTHOR`], relative to the workspace.
    pub fn author_dir(&self) -> String {
        format!("{}/{AUTHOR}", self.tests_dir())
    }

    /// Its page, relative to the folder of the book's pages.
    pub fn page(&self) -> String {
        format!("{}.md", self.folder)
    }

    /// The student's file of a step.
    pub fn source(&self, step: &Step) -> String {
        format!("{}/src/{}", self.dir(), step.file)
    }

    /// The reference's file of a step.
    pub fn solution_source(&self, step: &Step) -> String {
        format!("{}/src/{}", self.solution_dir(), step.file)
    }

    pub fn tests(&self) -> impl Iterator<Item = (&Step, &Test)> {
        self.steps.iter().flat_map(Step::tests)
    }

    /// The steps without which the chapter is not done.
    pub fn required(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| !step.is_optional)
    }

    /// The tests of these steps.
    pub fn required_tests(&self) -> impl Iterator<Item = (&Step, &Test)> {
        self.required().flat_map(Step::tests)
    }
}

impl Step {
    fn load(
        root: &Path,
        folder: &str,
        number: usize,
        toml: &StepToml,
        manifest: &Manifest<ChapterToml>,
    ) -> Result<Step> {
        let file = toml.file.get_ref();
        let shown = format!("tests/{folder}/{file}");
        let source = std::fs::read_to_string(root.join(&shown)).map_err(|error| {
            let what = format!("step {number} names {file}, but {shown} cannot be read: {error}.");
            manifest.complain(toml.file.span().start, &what)
        })?;
        let found = scan::tests(&source).map_err(|error| {
            let line = error.span().start().line;
            Problem::new(format!("{shown}:{line}: this cannot be read as Rust."))
        })?;
        let test = |found: scan::Found| {
            let is_black_box = toml.black_boxes.contains(&found.name);
            let usual = if is_black_box {
                toml.black_box_points
            } else {
                1
            };
            let points = toml.points.get(&found.name).copied().unwrap_or(usual);
            Test {
                is_black_box,
                name: found.name,
                line: found.line,
                points,
            }
        };
        Ok(Step {
            number,
            title: toml.title.clone(),
            file: file.clone(),
            minutes: toml.minutes,
            hints: toml.hints.clone(),
            features: toml.features.clone(),
            is_optional: toml.optional,
            points: toml.points.clone(),
            black_boxes: toml.black_boxes.clone(),
            passes_on_stub: toml.passes_on_stub.clone(),
            tests: found.into_iter().map(test).collect(),
        })
    }

    /// Its tests, each with the step.
    fn tests(&self) -> impl Iterator<Item = (&Step, &Test)> {
        self.tests.iter().map(move |test| (self, test))
    }

    /// The test's path in the student's test binary.
    pub fn path_of(&self, test: &Test) -> String {
        let module = self.file.strip_suffix(".rs").unwrap_or(&self.file);
        format!("{module}::{}", test.name)
    }

    pub fn points(&self) -> u32 {
        self.tests.iter().map(|test| test.points).sum()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChapterToml {
    title: String,
    summary: String,
    minutes: u32,
    #[serde(default)]
    answers_use: Vec<String>,
    step: Vec<StepToml>,
}

fn one() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepToml {
    title: String,
    file: Spanned<String>,
    minutes: u32,
    hints: Vec<String>,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    points: BTreeMap<String, u32>,
    #[serde(default)]
    black_boxes: Vec<String>,
    #[serde(default = "one")]
    black_box_points: u32,
    #[serde(default)]
    passes_on_stub: BTreeMap<String, String>,
}
