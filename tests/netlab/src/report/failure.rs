//! A failure, and the report of it.

use super::test_name::TestName;
use super::text::{WIDTH, wrap};
use crate::protocol::{INDENT, SKIPPED, margin};

/// The label of the place in the reader's source.
pub const IN: &str = "in";

/// Why a test failed: labelled paragraphs such as `expected`, `got`, `why`.
#[derive(Clone, Debug)]
pub struct Failure {
    pub fields: Vec<(&'static str, String)>,
}

impl Failure {
    pub fn new() -> Failure {
        Failure { fields: Vec::new() }
    }

    pub fn has(&self, label: &str) -> bool {
        self.fields.iter().any(|(other, _)| *other == label)
    }

    /// Adds a paragraph; an empty one is left out.
    pub fn with(mut self, label: &'static str, text: impl Into<String>) -> Failure {
        let text = text.into();
        if !text.is_empty() {
            self.fields.push((label, text));
        }
        self
    }
}

/// The test's name, what happened as a ladder, and the paragraphs of the failure.
pub fn render(test: &TestName, ladder: &str, failure: &Failure) -> String {
    let mut out = format!("\n{}\n\n", test.title());
    if !ladder.is_empty() {
        out.push_str(ladder);
        out.push('\n');
    }
    for (label, text) in &failure.fields {
        field(&mut out, label, text);
    }
    if let Some((number, step)) = test.chapter_and_step() {
        for command in ["read", "hint"] {
            let whole = format!("cargo workbook {command} {number} s{step}");
            field(&mut out, command, &whole);
        }
    }
    out
}

/// The test's name, and why it was skipped.
pub fn skipped(test: &TestName, lacks: &str) -> String {
    let mut out = format!("\n{}\n\n", test.title());
    field(&mut out, SKIPPED, lacks);
    out
}

/// `  label     text`, wrapped; further lines stand under the text. A line that begins with a blank
/// is a row of something, which has its own width: it starts at the left edge.
pub fn field(out: &mut String, label: &str, text: &str) {
    let mut margin = margin(label);
    for paragraph in text.lines() {
        if let Some(row) = paragraph.strip_prefix(' ') {
            out.push_str(format!("  {row}").trim_end());
            out.push('\n');
            continue;
        }
        for line in wrap(paragraph, WIDTH - INDENT - 1) {
            out.push_str(format!("{margin}{line}").trim_end());
            out.push('\n');
            margin = " ".repeat(INDENT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_in_a_paragraph() {
        let test = TestName::of("a::s1_b::{{closure}}", std::panic::Location::caller());
        let lacks =
            "this machine has no ::1, nor any other address of IPv6, which the test would need";
        let told = skipped(&test, lacks);
        assert_eq!(
            crate::protocol::paragraph(&told, SKIPPED).as_deref(),
            Some(lacks)
        );
    }

    #[test]
    fn rows_keep_their_width_at_the_left_edge() {
        let mut out = String::new();
        let row = "00 ".repeat(25);
        field(&mut out, "got", &format!("this row:\n {row}\nand text"));
        assert_eq!(
            out,
            format!(
                "  got       this row:\n  {}\n            and text\n",
                row.trim_end()
            )
        );
    }

    #[test]
    fn fields_are_wrapped_under_their_text() {
        let mut out = String::new();
        field(&mut out, "why", &"word ".repeat(30));
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines[0].starts_with("  why       word"), "{out}");
        assert!(lines[1].starts_with("            word"), "{out}");
        assert!(lines.iter().all(|line| line.len() < WIDTH), "{out}");
    }
}
