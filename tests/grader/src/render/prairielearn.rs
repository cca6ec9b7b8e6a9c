//! PrairieLearn's `results.json`, of 1 MB at most: long outputs lose their middles until it fits.
//!
//! A submission that cannot be taken, or of which nothing compiles, is not gradable: it costs the
//! student no attempt. When the grader failed it is not gradable either, and the message says whose
//! fault that is.

use serde_json::{Value, json};

use super::text::middle_out;
use super::{
    build_errors, counted, failure, full_name, headline, message, nothing_compiles, output,
};
use crate::report::{Report, Status};

/// What PrairieLearn takes, with room for its own envelope.
const LIMIT: usize = 990_000;

pub fn render(report: &Report) -> String {
    if let Some(failure) = failure(report) {
        return not_gradable(&failure);
    }
    if report.status == Status::Rejected {
        return not_gradable(&headline(report));
    }
    if nothing_compiles(report) {
        return not_gradable(&build_errors(report));
    }
    let mut each = LIMIT;
    loop {
        let results = graded(report, each);
        if results.len() <= LIMIT || each == 0 {
            return results;
        }
        each /= 2;
    }
}

fn not_gradable(error: &str) -> String {
    super::json(&json!({ "gradable": false, "format_errors": [middle_out(error, LIMIT / 4)] }))
}

/// With outputs of `each` bytes at most.
fn graded(report: &Report, each: usize) -> String {
    let tests: Vec<Value> = counted(report)
        .map(|(chapter, test)| {
            json!({
                "name": full_name(chapter, test),
                "description": format!("{} {}", test.number, chapter.title),
                "points": test.points,
                "max_points": test.max_points,
                "message": middle_out(&message(test), each),
                "output": middle_out(&output(test), each),
            })
        })
        .collect();
    // The one format that wants a fraction.
    let score = match report.max_score {
        0 => 0.0,
        max => f64::from(report.score) / f64::from(max),
    };
    super::json(&json!({
        "gradable": true,
        "score": score,
        "message": headline(report),
        "output": middle_out(&build_errors(report), each),
        "tests": tests,
    }))
}
