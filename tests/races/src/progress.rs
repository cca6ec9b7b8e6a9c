//! How far a race is: a bar on a terminal, a line for each discipline elsewhere. On standard error.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

pub struct Progress(Option<ProgressBar>);

impl Progress {
    pub fn of(what: &str, turns: usize) -> Progress {
        if !stderr().is_terminal() {
            eprintln!("{what}: {turns} turns …");
            return Progress(None);
        }
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {prefix}: {wide_msg}")
            .expect("a template");
        let bar = ProgressBar::new(turns as u64).with_style(style);
        bar.set_prefix(what.to_owned());
        Progress(Some(bar))
    }

    /// Somebody's turn begins.
    pub fn turn(&self, whose: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(whose.to_owned());
            bar.inc(1);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
