//! The cells that a report gives to a row of `grades.csv`.

use super::{failure, text};
use crate::report::{Report, Status};

/// The columns of [`cells`] before those of the chapters.
pub const COLUMNS: [&str; 3] = ["status", "score", "max_score"];

/// Status, score and greatest score, then the score of each of `chapters`. When the grader failed,
/// scores are empty and the status is `grader_error`: an empty cell is no zero.
pub fn cells(report: &Report, chapters: &[String]) -> Vec<String> {
    let failed = failure(report).is_some();
    let status = match report.status {
        _ if failed => "grader_error",
        Status::Graded => "graded",
        Status::Rejected => "rejected",
        Status::GraderError => "grader_error",
    };
    let points = |points: u32| {
        if failed {
            String::new()
        } else {
            points.to_string()
        }
    };
    let mut cells = vec![
        status.to_owned(),
        points(report.score),
        report.max_score.to_string(),
    ];
    cells.extend(chapters.iter().map(|folder| {
        let found = report.chapters.iter().find(|c| c.chapter == *folder);
        found.map_or(String::new(), |chapter| points(chapter.score))
    }));
    cells
}

/// Text for a cell in which no spreadsheet sees a formula: one that begins like a formula gets an
/// apostrophe before it.
pub fn harmless(cell: &str) -> String {
    let cell = text::line(cell);
    match cell.starts_with(['=', '+', '-', '@']) {
        true => format!("'{cell}"),
        false => cell,
    }
}
