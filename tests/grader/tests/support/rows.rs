//! Rows for the table of attacks, which `cargo run -p grader --example attack_table` prints.

use std::io::Write;
use std::time::Duration;

use grader::report::{Report, Verdict};

/// Names the file to which the rows are added.
pub const ROWS: &str = "GRADER_ATTACK_ROWS";

/// What came of an attack.
pub struct Row<'a> {
    pub attack: &'a str,
    /// `refused`, `done` or a verdict.
    pub fate: String,
    pub points: u32,
    pub took: Duration,
}

/// Adds rows if they are wanted. What is tried is named by the test that runs: libtest calls its thread so.
pub fn add(report: &Report, rows: &[Row]) {
    let Some(path) = std::env::var_os(ROWS) else {
        return;
    };
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    let kind = test.split("::").next().unwrap_or_default();
    let strength = report
        .isolation
        .split(['+', ','])
        .next()
        .unwrap_or_default();
    let user = match rustix::process::geteuid().is_root() {
        true => "root",
        false => "user",
    };
    let mut text = String::new();
    for row in rows {
        let (attack, fate, points) = (row.attack, &row.fate, row.points);
        let seconds = row.took.as_secs_f64();
        text += &format!("{kind}\t{attack}\t{strength}\t{user}\t{fate}\t{points}\t{seconds:.2}\n");
    }
    let mut options = std::fs::File::options();
    let file = options.append(true).create(true).open(path);
    // One write, since other tests write beside us.
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .expect("the file for the rows");
}

/// A verdict as reports have it.
pub fn word(verdict: Verdict) -> String {
    let word = serde_json::to_string(&verdict).expect("a word");
    word.trim_matches('"').replace('_', " ")
}
