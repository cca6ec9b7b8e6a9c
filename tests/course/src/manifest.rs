//! Reads a TOML file into a type, and names the file and the line when it cannot.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::problem::{Problem, Result};

/// A manifest and the text it was read from: positions in the text become line numbers.
pub struct Manifest<T> {
    pub value: T,
    text: String,
    /// The file as people know it, relative to the workspace.
    shown: String,
}

impl<T: DeserializeOwned> Manifest<T> {
    /// `shown` is the file's path in messages.
    pub fn read(path: &Path, shown: &str) -> Result<Manifest<T>> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Problem::new(format!("Cannot read {shown}: {error}.")))?;
        Manifest::parse(text, shown)
    }

    pub fn parse(text: String, shown: &str) -> Result<Manifest<T>> {
        match toml::from_str(&text) {
            Ok(value) => Ok(Manifest {
                value,
                text,
                shown: shown.to_owned(),
            }),
            Err(error) => {
                let line = line_of(&text, error.span().map_or(0, |span| span.start));
                let what = error.message().trim_end();
                Err(Problem::new(format!("{shown}:{line}: {what}.")))
            }
        }
    }
}

impl<T> Manifest<T> {
    /// `tests/02-tcp-echo/chapter.toml:7`: the place of byte `at`.
    pub fn place(&self, at: usize) -> String {
        format!("{}:{}", self.shown, line_of(&self.text, at))
    }

    /// A complaint about what stands at byte `at`.
    pub fn complain(&self, at: usize, what: &str) -> Problem {
        Problem::new(format!("{}: {what}", self.place(at)))
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
        + 1
}
