//! Exercism's `results.json`, version 3: tests in file order, outputs of 500 characters at most.
//!
//! When the grader failed, or nothing could be run, the status is `error`, which is no verdict on the
//! answer, and the message says why.

use serde_json::{Value, json};

use super::text::cut;
use super::{
    build_errors, counted, failure, full_name, headline, message, nothing_compiles, output,
};
use crate::report::{Report, Status};

/// Characters of output that the site shows.
const OUTPUT: usize = 500;
/// A compiler can say very much.
const MESSAGE: usize = 65_000;

pub fn render(report: &Report) -> String {
    let error = |message: &str| {
        super::json(&json!({
            "version": 3, "status": "error", "message": cut(message, MESSAGE), "tests": [],
        }))
    };
    if let Some(failure) = failure(report) {
        return error(&failure);
    }
    if report.status == Status::Rejected {
        return error(&headline(report));
    }
    if nothing_compiles(report) {
        return error(&build_errors(report));
    }
    let all = counted(report).all(|(_, test)| test.verdict.is_pass());
    let tests: Vec<Value> = counted(report)
        .map(|(chapter, test)| {
            let passed = test.verdict.is_pass();
            let step = test.number.rsplit('.').next();
            json!({
                "name": full_name(chapter, test),
                "status": if passed { "pass" } else { "fail" },
                "message": (!passed).then(|| cut(&message(test), MESSAGE)),
                "output": Some(cut(&output(test), OUTPUT)).filter(|output| !output.is_empty()),
                // The test itself is long, and the student has it.
                "test_code": format!("// {}", test.file),
                "task_id": step.and_then(|step| step.parse::<u32>().ok()),
            })
        })
        .collect();
    super::json(&json!({
        "version": 3,
        "status": if all { "pass" } else { "fail" },
        "message": null,
        "tests": tests,
    }))
}
