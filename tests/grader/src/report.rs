//! The canonical report. Every other format is rendered from it, so that no two can disagree.

use serde::{Deserialize, Serialize};

use crate::submission::look::Look;

/// Names the format, for programs that read it later.
pub const SCHEMA: &str = "loopback/report/v1";

/// The result of one submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub schema: String,
    /// As the roster or the command line names it.
    pub student: String,
    /// The commit of the course that the tests came from; `…-dirty` when files differ from it.
    pub course_commit: String,
    /// Of everything that decides the result: the student's files, the tests, the hidden tests, the
    /// toolchain, the limits and the seed. A class run skips a submission whose digest it has seen.
    pub input_digest: String,
    /// `rustc 1.95.0 (59807616e 2026-04-14)`
    pub toolchain: String,
    /// What kept the submission from the rest of the machine, strongest first:
    /// `bwrap+landlock+seccomp+rlimits`, or `none`; empty if nothing was run.
    pub isolation: String,
    /// Given to the tests as `NETLAB_SEED`.
    pub seed: u64,
    /// RFC 3339, UTC; absent if the platform does not say.
    pub submitted_at: Option<String>,
    /// RFC 3339, UTC.
    pub graded_at: String,
    pub status: Status,
    /// Why nothing could be graded, or how the grader failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    pub score: u32,
    pub max_score: u32,
    pub chapters: Vec<ChapterReport>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The score is valid.
    Graded,
    /// Nothing was handed in, or it cannot be graded: `problem` says why. Zero points.
    Rejected,
    /// The grader failed, not the student. No score: somebody has to look and run it again.
    GraderError,
}

/// One chapter of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChapterReport {
    /// `02-tcp-echo`
    pub chapter: String,
    pub title: String,
    pub score: u32,
    pub max_score: u32,
    /// What the compiler said when the student's files do not compile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_error: Option<String>,
    /// What no answer needs. It takes no points; a person may look at it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<Look>,
    /// In the order of the course, hidden ones last.
    pub tests: Vec<TestReport>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestReport {
    /// `s3_half_close_still_gets_its_echo`; unique in its chapter.
    pub id: String,
    /// Chapter and step, `2.3`.
    pub number: String,
    /// The test's source, relative to the course, `tests/02-tcp-echo/s3_serve.rs`.
    pub file: String,
    pub tier: Tier,
    pub visibility: Visibility,
    pub verdict: Verdict,
    pub points: u32,
    pub max_points: u32,
    pub ms: u64,
    /// One line: what was expected and what came, or how the process ended.
    pub message: String,
    /// What the student would see: the story, what was expected and why. Head and tail when long.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
    /// Bytes of output that were counted but not kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output_dropped: u64,
}

/// Whose process decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The student's code runs in the process of the test.
    InProcess,
    /// The student's program runs as a child of the test, which never calls into the student's code.
    BlackBox,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    Visible,
    /// From the instructor's folder of hidden tests. A student sees its name and verdict only.
    Hidden,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    Fail,
    /// Still running at the deadline, and killed.
    Timeout,
    /// The process exited normally, but its laboratory never said that the test was done.
    NoVerdict,
    /// A signal ended it.
    Crash,
    /// It ran into the limit on memory.
    Oom,
    /// The test binary does not have the test.
    Missing,
    /// This machine or the jail lacks what it needs; for the course's own chapter, too. It is in no sum.
    Skipped,
    /// The student's files do not compile.
    BuildError,
    /// The grader failed, not the student.
    GraderError,
}

impl Verdict {
    pub fn is_pass(self) -> bool {
        self == Verdict::Pass
    }

    /// One or two words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Timeout => "time-out",
            Verdict::NoVerdict => "ended early",
            Verdict::Crash => "crash",
            Verdict::Oom => "out of memory",
            Verdict::Missing => "missing",
            Verdict::Skipped => "skipped",
            Verdict::BuildError => "does not compile",
            Verdict::GraderError => "grader error",
        }
    }
}

impl Report {
    /// For a submission that could not be read at all.
    pub fn of_our_failure(student: &str, problem: &str, graded_at: String) -> Report {
        Report {
            schema: SCHEMA.into(),
            student: student.into(),
            course_commit: String::new(),
            input_digest: String::new(),
            toolchain: String::new(),
            isolation: String::new(),
            seed: 0,
            submitted_at: None,
            graded_at,
            status: Status::GraderError,
            problem: Some(problem.into()),
            score: 0,
            max_score: 0,
            chapters: Vec::new(),
        }
    }

    /// All tests, each with its chapter.
    pub fn tests(&self) -> impl Iterator<Item = (&ChapterReport, &TestReport)> {
        self.chapters
            .iter()
            .flat_map(|chapter| chapter.tests.iter().map(move |test| (chapter, test)))
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
