//! Gradescope's `results.json`.
//!
//! There is no score at the top level: it would override those of the tests. Student output is text,
//! never HTML or Markdown. A hidden test appears after the due date, and then without its output.
//!
//! When the grader failed there is neither a score nor a test. Gradescope, which asks for one of them,
//! then says that the autograder failed, and gives no points; `output` says why.

use serde_json::{Value, json};

use super::{build_errors, counted, failure, full_name, headline, message, output};
use crate::report::{Report, Status, Tier, Visibility};

pub fn render(report: &Report) -> String {
    let extra = json!({
        "input_digest": report.input_digest,
        "course_commit": report.course_commit,
        "isolation": report.isolation,
        "seed": report.seed,
    });
    if let Some(failure) = failure(report) {
        return super::json(&json!({
            "output": failure, "output_format": "text", "extra_data": extra,
        }));
    }
    let ms: u64 = report.tests().map(|(_, test)| test.ms).sum();
    let whole = [headline(report), build_errors(report)].join("\n\n");
    let mut results = json!({
        "execution_time": ms.div_ceil(1000),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "output": whole.trim_end(),
        "output_format": "text",
        "extra_data": extra,
    });
    if report.status == Status::Rejected {
        results["score"] = 0.into();
        return super::json(&results);
    }
    results["tests"] = counted(report)
        .map(|(chapter, test)| -> Value {
            let (status, shown) = match (test.verdict.is_pass(), test.visibility) {
                (true, _) => ("passed", String::new()),
                (false, Visibility::Hidden) => ("failed", message(test)),
                (false, Visibility::Visible) => {
                    ("failed", [message(test), output(test)].join("\n\n"))
                }
            };
            json!({
                "name": full_name(chapter, test),
                "name_format": "text",
                "number": test.number,
                "score": test.points,
                "max_score": test.max_points,
                "status": status,
                "output": shown.trim_end(),
                "output_format": "text",
                "tags": [chapter.chapter, tag(test.tier)],
                "visibility": match test.visibility {
                    Visibility::Visible => "visible",
                    Visibility::Hidden => "after_due_date",
                },
            })
        })
        .collect();
    super::json(&results)
}

fn tag(tier: Tier) -> &'static str {
    match tier {
        Tier::InProcess => "in process",
        Tier::BlackBox => "black box",
    }
}
