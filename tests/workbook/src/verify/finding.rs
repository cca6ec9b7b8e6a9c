//! What a check has found, and how it is shown.

use std::time::Duration;

use crate::ui::{Ui, bad, good};

/// One thing that was checked.
pub struct Finding {
    /// `00 little-endian`
    pub what: String,
    pub took: Duration,
    /// What is wrong with it; nothing when it is as it should be.
    pub complaint: Option<String>,
    /// It was as it should be, but not at the first try.
    pub is_unsteady: bool,
}

impl Finding {
    /// A line of progress.
    pub fn show(&self, ui: &Ui, index: usize, all: usize) {
        let width = all.to_string().len();
        let verdict = match self.complaint {
            None if self.is_unsteady => bad("2nd"),
            None => good("ok "),
            Some(_) => bad("BAD"),
        };
        let seconds = self.took.as_secs_f64();
        // One line each, however long, so that a program can read them as well.
        ui.text(&format!(
            "{index:width$}/{all}  {verdict}  {}  ({seconds:.1} s)\n",
            self.what
        ));
    }
}
