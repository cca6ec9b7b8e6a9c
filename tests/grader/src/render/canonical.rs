//! The canonical report as JSON: what every other format is made from. Keys stand in the order of
//! [`Report`]'s fields, and everything is as it was found, hidden tests and hostile outputs included.

use crate::report::Report;

pub fn render(report: &Report) -> String {
    super::json(report)
}
