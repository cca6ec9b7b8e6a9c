//! Command lines of the student's program.

use std::fmt::Debug;

use super::Lab;

/// A command line as a program gets it: its words.
pub fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

impl Lab {
    /// Demands of the student's `parse_args` that it refuses each of these command lines, with one line
    /// for a person.
    pub fn refuses_arguments<T: Debug>(
        &self,
        lines: &[&str],
        parse_args: impl Fn(&[String]) -> Result<T, String>,
    ) {
        for line in lines {
            let call = format!("parse_args({line:?})");
            let wrong = self.err(&call, || parse_args(&words(line)));
            self.because("A message is one line, which names the mistake to the person who made it. The usage is no part of it.")
                .holds(
                    !wrong.trim().is_empty() && wrong.trim_end().lines().count() == 1,
                    format!("one line from your {call} that says what is wrong"),
                    format!("{wrong:?}"),
                );
        }
    }
}
