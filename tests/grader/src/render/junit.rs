//! JUnit's XML as GitLab, Jenkins and others read it. GitLab drops a second test of one name, so a
//! name holds the chapter; the class is `chapter.tier`, and `file` lets it link to the source.
//!
//! When the grader failed, a test of its own says so as an `error`, which is not a `failure`.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestSuite};

use super::{failure, full_name, headline, message, output, text};
use crate::report::{ChapterReport, Report, Status, TestReport, Tier, Verdict};

pub fn render(report: &Report) -> String {
    let mut xml = Xml::new(text::line(&report.student));
    if failure(report).is_some() || report.status == Status::Rejected {
        let kind = match report.status {
            Status::Rejected => NonSuccessKind::Failure,
            _ => NonSuccessKind::Error,
        };
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(headline(report));
        let mut case = TestCase::new("grading", status);
        case.set_classname("grader");
        let mut suite = TestSuite::new("grader");
        suite.add_test_case(case);
        xml.add_test_suite(suite);
    }
    for chapter in &report.chapters {
        let mut suite = TestSuite::new(text::line(&chapter.chapter));
        let cases = chapter.tests.iter().map(|test| case(chapter, test));
        suite.add_test_cases(cases);
        if let Some(error) = &chapter.build_error {
            suite.set_system_err(text::plain(error));
        }
        xml.add_test_suite(suite);
    }
    xml.to_string().expect("XML can be written to memory")
}

fn case(chapter: &ChapterReport, test: &TestReport) -> TestCase {
    let mut status = match test.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Skipped => TestCaseStatus::skipped(),
        Verdict::GraderError => TestCaseStatus::non_success(NonSuccessKind::Error),
        _ => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    if !test.verdict.is_pass() {
        status.set_message(message(test));
        status.set_type(test.verdict.words());
        let shown = output(test);
        if !shown.is_empty() && test.verdict != Verdict::Skipped {
            status.set_description(shown);
        }
    }
    let mut case = TestCase::new(full_name(chapter, test), status);
    let tier = match test.tier {
        Tier::InProcess => "in_process",
        Tier::BlackBox => "black_box",
    };
    case.set_classname(text::line(&format!("{}.{tier}", chapter.chapter)));
    case.set_time(Duration::from_millis(test.ms));
    case.extra
        .insert("file".into(), text::line(&test.file).into());
    case
}
