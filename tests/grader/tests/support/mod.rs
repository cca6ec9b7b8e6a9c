//! Submissions made from the course's own stubs and answers, and the grader's verdicts on them.
#![allow(dead_code)] // each test program uses a part

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use course::{Chapter, Course};
use grader::jail::Isolation;
use grader::report::{Report, TestReport, Verdict};
use grader::run::lanes::Lanes;
use grader::run::worker::{Shared, Worker};
use grader::settings::{Limits, Settings};
use skip::skip;
use tempfile::TempDir;

pub mod rows;
pub mod skip;

pub const CHAPTER_00: &str = "00-bytes-and-sockets";
pub const CHAPTER_02: &str = "02-tcp-echo";

pub fn course() -> Course {
    Course::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_or_else(|why| panic!("{why}"))
}

/// Where the tests of the grader build. Another user must be able to enter it.
pub fn scratch() -> PathBuf {
    let user = rustix::process::geteuid().as_raw();
    std::env::temp_dir().join(format!("loopback-grader-tests-{user}"))
}

/// A folder as a student hands it in. It goes with the value.
pub struct Submission {
    folder: TempDir,
    course: Course,
}

impl Submission {
    /// Nothing in it.
    pub fn empty() -> Submission {
        Submission {
            folder: tempfile::tempdir().expect("a folder"),
            course: course(),
        }
    }

    /// These chapters as they are handed out.
    pub fn stubs(chapters: &[&str]) -> Submission {
        let submission = Submission::empty();
        for chapter in chapters {
            copy(
                &submission
                    .course
                    .root
                    .join("chapters")
                    .join(chapter)
                    .join("src"),
                &submission.src(chapter),
            );
        }
        submission
    }

    /// These chapters as the reference answers them.
    pub fn solutions(chapters: &[&str]) -> Submission {
        let submission = Submission::empty();
        for chapter in chapters {
            let from = submission.course.root.join("solutions").join(chapter);
            let src = submission.src(chapter);
            copy(&from.join("src"), &src);
            // The answer's program names its library, which has another name than the student's.
            let program = src.join("main.rs");
            if let Ok(text) = fs::read_to_string(&program) {
                fs::write(program, text.replace("_solution", "")).expect("a file");
            }
        }
        submission
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn src(&self, chapter: &str) -> PathBuf {
        self.path().join("chapters").join(chapter).join("src")
    }

    /// Answers one file of a chapter of stubs.
    pub fn solves(self, chapter: &str, file: &str) -> Submission {
        let answer = self.course.root.join("solutions").join(chapter);
        fs::copy(answer.join("src").join(file), self.src(chapter).join(file)).expect("an answer");
        self
    }

    /// Writes a file below the submission, `chapters/00-…/src/evil.rs`.
    pub fn with(self, file: &str, text: &str) -> Submission {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    /// Replaces a piece of a file, which must be there.
    pub fn edit(self, chapter: &str, file: &str, find: &str, replace: &str) -> Submission {
        let path = self.src(chapter).join(file);
        let text = fs::read_to_string(&path).expect("a file");
        assert!(text.contains(find), "{file} has no {find:?}");
        fs::write(path, text.replacen(find, replace, 1)).expect("a file");
        self
    }

    /// Puts statements before the first of a function, `pub fn be16`.
    pub fn begin(self, chapter: &str, file: &str, function: &str, statements: &str) -> Submission {
        let path = self.src(chapter).join(file);
        let text = fs::read_to_string(&path).expect("a file");
        let at = text.find(&format!("{function}(")).expect("the function");
        let body = at + text[at..].find("{\n").expect("its body") + 2;
        let text = format!("{}{statements}\n{}", &text[..body], &text[body..]);
        fs::write(path, text).expect("a file");
        self
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).expect("a copy")),
        }
    }
}

/// How a submission is to be graded. The default is a class's, in the strongest jail there is.
pub fn settings(chapters: &[&str]) -> Settings {
    Settings {
        chapters: chapters.iter().map(|&folder| folder.to_owned()).collect(),
        ..Settings::default()
    }
}

/// The same with short deadlines, for submissions that hang.
pub fn hasty(chapters: &[&str]) -> Settings {
    Settings {
        limits: Limits {
            patience: 0.3,
            ..Limits::default()
        },
        ..settings(chapters)
    }
}

/// Grades a submission, by a worker that no other test uses at that time.
pub fn grade(submission: &Submission, settings: &Settings) -> Report {
    static IDLE: Mutex<Vec<(Settings, Worker)>> = Mutex::new(Vec::new());
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let known = {
        let mut idle = idle();
        let at = idle.iter().position(|(of, _)| of == settings);
        at.map(|at| idle.swap_remove(at))
    };
    let (_, mut worker) = known.unwrap_or_else(|| (settings.clone(), prepared(settings)));
    let report = worker.grade("s042", submission.path(), None, &|_| {});
    idle().push((settings.clone(), worker));
    report
}

pub fn prepared(settings: &Settings) -> Worker {
    let shared = Shared::new(Lanes::of_this_machine());
    Worker::prepare(&course(), settings, &scratch(), shared, &|_| {})
        .unwrap_or_else(|why| panic!("{why}"))
}

/// From strong to weak.
pub const LEVELS: [Isolation; 4] = [
    Isolation::Bwrap,
    Isolation::Landlock,
    Isolation::Rlimits,
    Isolation::None,
];

/// Whether the machine has a jail as strong as this. If not, a test is left out.
pub fn has(level: Isolation) -> bool {
    match grader::jail::Jail::find(999, level, Some(level), &scratch()) {
        Ok(_) => true,
        Err(why) => {
            skip(&why.to_string());
            false
        }
    }
}

pub fn test<'a>(report: &'a Report, id: &str) -> &'a TestReport {
    let found = report.tests().find(|(_, test)| test.id == id);
    let (_, test) = found.unwrap_or_else(|| panic!("there is no test {id}: {:?}", report.problem));
    test
}

/// The verdicts by test.
pub fn verdicts(report: &Report) -> BTreeMap<String, Verdict> {
    report
        .tests()
        .map(|(_, test)| (test.id.clone(), test.verdict))
        .collect()
}

/// The tests that this machine or the jail lacks something for.
pub fn skipped(report: &Report) -> Vec<&str> {
    let skipped = report
        .tests()
        .filter(|(_, test)| test.verdict == Verdict::Skipped);
    skipped.map(|(_, test)| test.id.as_str()).collect()
}

/// Fails with all that did not pass, and were not skipped.
pub fn assert_full(report: &Report) {
    let failed: Vec<String> = report
        .tests()
        .filter(|(_, test)| !matches!(test.verdict, Verdict::Pass | Verdict::Skipped))
        .map(|(_, test)| {
            format!(
                "{}: {:?}, {}\n{}",
                test.id, test.verdict, test.message, test.output
            )
        })
        .collect();
    assert!(
        failed.is_empty() && report.problem.is_none(),
        "{:?}\n{}",
        report.problem,
        failed.join("\n")
    );
    assert!(report.score > 0 && report.score == report.max_score);
}

pub fn chapter<'a>(course: &'a Course, folder: &str) -> &'a Chapter {
    let found = course.chapters.iter().find(|one| one.folder == folder);
    found.expect("a chapter of the course")
}
