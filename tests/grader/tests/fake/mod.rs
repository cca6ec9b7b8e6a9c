//! A grader that is quicker than ours, and submissions for it: what a folder's file `mark` says is
//! what comes of it.

use std::path::Path;

use course::problem::Result;
use grader::class::progress::Progress;
use grader::class::roster::{Class, Submission};
use grader::class::store::{ClassFile, Store};
use grader::class::workers::{Grader, Outcome, grade_all};
use grader::report::{
    ChapterReport, Report, SCHEMA, Status, TestReport, Tier, Verdict, Visibility,
};
use grader::settings::{Seed, Settings};

/// `7`: so many of ten tests pass. `error`: the grader fails. `rejected`. `panic`.
pub struct Fake {
    /// Told before a submission is graded.
    pub graded: fn(&str),
}

pub const NOBODY: fn(&str) = |_| {};

impl Grader for Fake {
    fn digest(&self, student: &str, submission: &Path) -> Result<String> {
        Ok(format!("{student}-{}", mark(submission)))
    }

    fn grade(
        &mut self,
        student: &str,
        submission: &Path,
        submitted_at: Option<&str>,
        _hears: &dyn Fn(&str),
    ) -> Report {
        (self.graded)(student);
        let mark = mark(submission);
        let digest = format!("{student}-{mark}");
        Report {
            submitted_at: submitted_at.map(str::to_owned),
            ..report(student, &mark, &digest)
        }
    }
}

fn mark(submission: &Path) -> String {
    let mark = std::fs::read_to_string(submission.join("mark")).unwrap_or_default();
    mark.trim().to_owned()
}

/// The report of a student with this mark.
pub fn report(student: &str, mark: &str, digest: &str) -> Report {
    let (status, problem) = match mark {
        "panic" => panic!("a mistake of ours over {student}"),
        "error" => (Status::GraderError, Some("No space left on device")),
        "rejected" => (
            Status::Rejected,
            Some("chapters/00 is a symbolic link, and those are not followed."),
        ),
        _ => (Status::Graded, None),
    };
    let passing: usize = mark.parse().unwrap_or(0);
    let tests = (0..10).map(|number| test(number, number < passing));
    let chapter = ChapterReport {
        chapter: "00-bytes-and-sockets".to_owned(),
        title: "Bytes and sockets".to_owned(),
        score: passing as u32,
        max_score: 10,
        build_error: None,
        looks: Vec::new(),
        tests: tests.collect(),
    };
    Report {
        schema: SCHEMA.to_owned(),
        student: student.to_owned(),
        course_commit: "c0ffee".to_owned(),
        input_digest: digest.to_owned(),
        toolchain: "rustc 1.95.0".to_owned(),
        isolation: "none".to_owned(),
        seed: Seed::OfClass(1).of(student),
        submitted_at: None,
        graded_at: "2026-11-20T08:00:00Z".to_owned(),
        status,
        problem: problem.map(str::to_owned),
        score: passing as u32,
        max_score: 10,
        chapters: if status == Status::Graded {
            vec![chapter]
        } else {
            Vec::new()
        },
    }
}

fn test(number: usize, passes: bool) -> TestReport {
    TestReport {
        id: format!("s1_test_{number}"),
        number: "0.1".to_owned(),
        file: "tests/00-bytes-and-sockets/s1_byte_order.rs".to_owned(),
        tier: Tier::InProcess,
        visibility: Visibility::Visible,
        verdict: if passes { Verdict::Pass } else { Verdict::Fail },
        points: u32::from(passes),
        max_points: 1,
        ms: 5,
        message: String::new(),
        output: String::new(),
        output_dropped: 0,
    }
}

/// A folder of submissions with these marks.
pub fn hand_in(submissions: &Path, marks: &[(&str, &str)]) {
    for (student, mark) in marks {
        let folder = submissions.join(student);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("mark"), mark).unwrap();
    }
}

/// Grades those of the submissions that `is_in` says into `results`.
pub fn grade(
    submissions: &Path,
    results: &Path,
    is_in: &dyn Fn(&str) -> bool,
    graded: fn(&str),
) -> Outcome {
    let class = Class::gather(submissions, None).unwrap();
    let settings = Settings {
        seed: Seed::OfClass(1),
        ..Settings::default()
    };
    let store = Store::open(results, &ClassFile::new(settings, class.ids())).unwrap();
    let part = class.submissions.into_iter().filter(|one| is_in(&one.id));
    let part: Vec<Submission> = part.collect();
    let prepare = || Ok(Fake { graded });
    grade_all(&part, &store, 2, &prepare, &Progress::silent())
}
