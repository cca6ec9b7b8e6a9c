//! What went wrong, as a sentence for the person at the keyboard.

use std::fmt;
use std::path::Path;

/// A sentence (or a few lines) that says what is wrong and what to do. It ends the command.
#[derive(Debug)]
pub struct Problem(String);

pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    pub fn new(sentence: impl Into<String>) -> Problem {
        Problem(sentence.into())
    }

    /// The same, and another sentence below it.
    pub fn and(self, sentence: &str) -> Problem {
        Problem(format!("{self}\n{sentence}"))
    }

    /// An operation on a file that the system refused.
    pub fn with_file(doing: &str, path: &Path, error: &std::io::Error) -> Problem {
        Problem(format!("Cannot {doing} {}: {error}.", path.display()))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
