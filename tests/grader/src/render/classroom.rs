//! The format of classroom-resources' graders, which GitHub Classroom's reporter reads: the step
//! output `result` of a grading step. GitHub Classroom was retired in August 2026; the reporter lives on in
//! old courses.
//!
//! When the grader failed, the status is `error`, as it is when one of these graders breaks, and no
//! test has a score.

use base64::Engine;
use serde_json::{Value, json};

use super::{counted, failure, full_name, headline, message, output};
use crate::report::{Report, Status};

/// The line for `$GITHUB_OUTPUT`.
pub fn step_output(report: &Report) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(render(report));
    format!("result={encoded}\n")
}

pub fn render(report: &Report) -> String {
    let test = |name: &str, status: &str, message: &str, file: &str, ms: u64| {
        json!({
            "name": name, "status": status, "message": message, "test_code": "",
            "filename": file, "line_no": 0, "duration": ms,
        })
    };
    let alone = |status: &str| test("grading", status, &headline(report), "", 0);
    let (status, tests): (&str, Vec<Value>) = if failure(report).is_some() {
        ("error", vec![alone("error")])
    } else if report.status == Status::Rejected {
        ("fail", vec![alone("fail")])
    } else {
        let status_of = |passed| if passed { "pass" } else { "fail" };
        let all = counted(report).all(|(_, test)| test.verdict.is_pass());
        let tests = counted(report).map(|(chapter, one)| {
            let said = [message(one), output(one)].join("\n");
            let said = if one.verdict.is_pass() {
                ""
            } else {
                said.trim_end()
            };
            let passed = one.verdict.is_pass();
            let mut test = test(
                &full_name(chapter, one),
                status_of(passed),
                said,
                &one.file,
                one.ms,
            );
            test["score"] = one.points.into();
            test
        });
        (status_of(all), tests.collect())
    };
    super::json(&json!({
        "version": 1,
        "status": status,
        "max_score": report.max_score,
        "tests": tests,
    }))
}
