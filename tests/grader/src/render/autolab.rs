//! Autolab reads the last line of the output: a score for each problem, which is a chapter here, and
//! the row of the scoreboard. What comes before it is for the student.
//!
//! When the grader failed there is no such line. Autolab then gives no score and shows the output.

use serde_json::{Map, json};

use super::{failure, table};
use crate::report::Report;

pub fn render(report: &Report) -> String {
    let mut shown = table::render(report);
    if failure(report).is_none() {
        let scores: Map<_, _> = report
            .chapters
            .iter()
            .map(|chapter| (chapter.chapter.clone(), chapter.score.into()))
            .collect();
        let line = json!({ "scores": scores, "scoreboard": [report.score] });
        shown += &format!("\n{line}\n");
    }
    shown
}
