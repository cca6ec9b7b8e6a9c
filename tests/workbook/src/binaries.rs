//! The test binaries of a chapter, built when they are first needed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::cargo::{self, Built, Request};
use crate::ui::Ui;
use course::problem::{Problem, Result};
use course::{Chapter, Course, Step, Test};
use runner::test_binary::{DEADLINE, Report, TestBinary};

/// Whose crate is tested, and where it is built.
pub struct Subject<'a> {
    /// For people: `chapter 00`.
    pub name: String,
    /// The folder with the workspace's Cargo.toml.
    pub workspace: &'a Path,
    pub package: String,
    /// The package's folder.
    pub dir: PathBuf,
    /// The name of its test target.
    pub target: &'static str,
    pub default_features: bool,
    /// Another folder than the workspace's own. Each set of features has a folder in it, where the
    /// records of rustc's command lines tell of this set alone.
    pub target_dir: Option<&'a Path>,
    /// Where the tests stand in the binary, before the step's module.
    pub prefix: &'static str,
}

impl<'a> Subject<'a> {
    /// The student's crate.
    pub fn student(workspace: &'a Path, chapter: &Chapter) -> Subject<'a> {
        Subject {
            name: format!("chapter {}", chapter.number()),
            workspace,
            package: chapter.package(),
            dir: workspace.join(chapter.dir()),
            target: "exercise",
            default_features: true,
            target_dir: None,
            prefix: "",
        }
    }

    /// The reference solution. Its default features are off, so that a heavy one is only built for
    /// the step that needs it.
    pub fn solution(workspace: &'a Path, chapter: &Chapter) -> Subject<'a> {
        Subject {
            name: format!("the reference of chapter {}", chapter.number()),
            workspace,
            package: chapter.solution_package(),
            dir: workspace.join(chapter.solution_dir()),
            target: "solution",
            default_features: false,
            target_dir: None,
            prefix: "exercise::",
        }
    }
}

/// What came of trying a test.
pub enum Tried<'b> {
    Ran(Report),
    /// There is no binary: the crate does not compile.
    Broken(&'b Built),
}

pub struct Binaries<'a> {
    subject: Subject<'a>,
    /// By the features they were built with. There are two at most.
    built: Vec<(Vec<String>, Built)>,
}

impl<'a> Binaries<'a> {
    pub fn new(subject: Subject<'a>) -> Binaries<'a> {
        Binaries {
            subject,
            built: Vec::new(),
        }
    }

    /// The student's crate of a chapter.
    pub fn student(course: &'a Course, chapter: &Chapter) -> Binaries<'a> {
        Binaries::new(Subject::student(&course.root, chapter))
    }

    pub fn run(&mut self, ui: &Ui, step: &Step, test: &Test) -> Result<Tried<'_>> {
        self.run_with(ui, step, test, &[])
    }

    /// The same with more in the test's environment.
    pub fn run_with(
        &mut self,
        ui: &Ui,
        step: &Step,
        test: &Test,
        environment: &[(&str, &OsStr)],
    ) -> Result<Tried<'_>> {
        let at = self.build(ui, step)?;
        ui.busy(&format!("Testing {} …", test.name));
        let (_, built) = &self.built[at];
        let Some(binary) = &built.binary else {
            return Ok(Tried::Broken(built));
        };
        let path = format!("{}{}", self.subject.prefix, step.path_of(test));
        let report = self.binary(binary).run_with(&path, environment);
        report
            .map(Tried::Ran)
            .map_err(|error| cannot_run(binary, &error))
    }

    /// The binary for a step's tests, built unless it is there; none when it does not compile.
    pub fn built(&mut self, ui: &Ui, step: &Step) -> Result<&Built> {
        let at = self.build(ui, step)?;
        Ok(&self.built[at].1)
    }

    /// The paths of all tests in the binary for a step; none when it does not compile.
    pub fn list(&mut self, ui: &Ui, step: &Step) -> Result<Vec<String>> {
        let at = self.build(ui, step)?;
        let binary = self.built[at].1.binary.as_deref();
        let Some(path) = binary else {
            return Ok(Vec::new());
        };
        let listed = self.binary(path).list();
        listed.map_err(|error| cannot_run(path, &error))
    }

    /// Whether a step's tests can run without another build.
    pub fn is_ready(&self, step: &Step) -> bool {
        self.built
            .iter()
            .any(|(features, built)| suffices(features, step) && built.binary.is_some())
    }

    /// Where a step's tests are built, if not in the workspace's own folder.
    pub fn target_dir(&self, step: &Step) -> Option<PathBuf> {
        let name = match step.features.is_empty() {
            true => "plain".to_owned(),
            false => format!("with-{}", step.features.join("-")),
        };
        Some(self.subject.target_dir?.join(name))
    }

    fn build(&mut self, ui: &Ui, step: &Step) -> Result<usize> {
        if let Some(at) = self
            .built
            .iter()
            .position(|(features, _)| suffices(features, step))
        {
            return Ok(at);
        }
        let subject = &self.subject;
        let what = format!("Building {} …", subject.name);
        ui.busy(&what);
        let target_dir = self.target_dir(step);
        let request = Request {
            workspace: subject.workspace,
            package: &subject.package,
            target: subject.target,
            features: &step.features,
            default_features: subject.default_features,
            target_dir: target_dir.as_deref(),
        };
        let built = cargo::build(&request, &|remark| ui.busy(&format!("{what} {remark}")))?;
        ui.idle();
        // A second build may have replaced the first one's binary in place.
        self.built
            .retain(|(_, older)| older.binary.is_none() || older.binary != built.binary);
        self.built.push((step.features.clone(), built));
        Ok(self.built.len() - 1)
    }

    fn binary<'b>(&'b self, path: &'b Path) -> TestBinary<'b> {
        TestBinary {
            path,
            dir: &self.subject.dir,
            package: &self.subject.package,
            deadline: DEADLINE,
        }
    }
}

fn cannot_run(binary: &Path, error: &std::io::Error) -> Problem {
    Problem::with_file("run the test binary", binary, error)
}

/// Whether a binary built with these features holds a step's tests.
fn suffices(features: &[String], step: &Step) -> bool {
    step.features
        .iter()
        .all(|feature| features.contains(feature))
}
