//! The line in which a contestant answers the referee.

use std::io::{self, Write};

use crate::race::Answer;

/// How it begins.
const MARK: &str = "@race ";

pub fn of(answer: &Answer) -> String {
    let json = serde_json::to_string(answer).expect("an answer is JSON");
    format!("{MARK}{json}")
}

pub fn is_one(line: &str) -> bool {
    line.starts_with(MARK)
}

/// What a line of a contestant's output says, if it is an answer.
pub fn parse(line: &str) -> Option<Answer> {
    serde_json::from_str(line.strip_prefix(MARK)?).ok()
}

/// Writes a line to the referee, who may have given up on us.
pub fn write(line: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(format!("{line}\n").as_bytes());
    let _ = out.flush();
}
