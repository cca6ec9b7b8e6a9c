//! Classroom 50's `result.json` (`classroom50/result/v1`). Scores are integers. The runner stamps
//! owner, type and time over what is written here, and checks the rest.
//!
//! When the grader failed there is nothing to write: without the file, and with an exit status other
//! than 0, the runner records an error and no score.

use serde_json::{Value, json};

use super::{counted, failure, full_name, message};
use crate::report::Report;

/// Whose submission it is, as the runner tells the grader in its environment.
pub struct Identity {
    classroom: String,
    assignment: String,
    owner: String,
    assignment_type: String,
    submission: String,
    commit: String,
    release: String,
    review: String,
}

impl Identity {
    /// Reads the runner's variables through `variable`.
    pub fn from(variable: impl Fn(&str) -> Option<String>) -> Identity {
        let of = |name| variable(name).unwrap_or_default();
        let or = |name, otherwise: &str| {
            let said = variable(name).filter(|value| !value.is_empty());
            said.unwrap_or_else(|| otherwise.to_owned())
        };
        let commit = of("COMMIT_URL");
        Identity {
            classroom: of("CLASSROOM"),
            assignment: of("ASSIGNMENT"),
            owner: or("OWNER", &of("USERNAME")),
            assignment_type: or("ASSIGNMENT_TYPE", "individual"),
            submission: of("SUBMISSION_TAG"),
            release: of("RELEASE_URL"),
            review: or("REVIEW_URL", &commit),
            commit,
        }
    }
}

pub fn render(report: &Report, identity: &Identity) -> Option<String> {
    if failure(report).is_some() {
        return None;
    }
    let tests: Vec<Value> = counted(report)
        .map(|(chapter, test)| {
            json!({
                "test-name": full_name(chapter, test),
                "passed": test.verdict.is_pass(),
                "score": test.points,
                "max-score": test.max_points,
                // The runner keeps fields that it does not know.
                "message": message(test),
            })
        })
        .collect();
    let Identity {
        classroom,
        assignment,
        owner,
        assignment_type,
        submission,
        commit,
        release,
        review,
    } = identity;
    Some(super::json(&json!({
        "schema": "classroom50/result/v1",
        "classroom": classroom,
        "assignment": assignment,
        "assignment_type": assignment_type,
        "owner": owner,
        "submission": submission,
        "commit": commit,
        "release": release,
        "review": review,
        "datetime": report.submitted_at.as_ref().unwrap_or(&report.graded_at),
        "graded_at": report.graded_at,
        "score": report.score,
        "max-score": report.max_score,
        "tests": tests,
    })))
}
