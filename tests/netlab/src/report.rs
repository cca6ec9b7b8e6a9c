//! What a failed test prints.

use crate::ladder;
use crate::story::Line;
use crate::test_name::TestName;

/// Columns of a report: it must fit an ordinary terminal.
pub const WIDTH: usize = 80;

/// Why a test failed: labelled paragraphs such as `expected`, `got`, `why`.
#[derive(Clone, Debug)]
pub struct Failure {
    pub fields: Vec<(&'static str, String)>,
}

impl Failure {
    pub fn new() -> Failure {
        Failure { fields: Vec::new() }
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

pub fn render(test: &TestName, lines: &[Line], failure: &Failure) -> String {
    let mut out = format!("\n{}\n\n", test.title());
    let ladder = ladder::text(lines);
    if !ladder.is_empty() {
        out.push_str(&ladder);
        out.push('\n');
    }
    for (label, text) in &failure.fields {
        field(&mut out, label, text);
    }
    if let (Some(chapter), Some((number, step))) = (&test.chapter, test.chapter_and_step()) {
        field(
            &mut out,
            "read",
            &format!("book/src/{chapter}.md#step-{step}"),
        );
        field(
            &mut out,
            "hint",
            &format!("cargo workbook hint {number} s{step}"),
        );
    }
    out
}

/// `  label     text`, wrapped; further lines stand under the text. A line that begins with a blank
/// is a row of something, which has its own width: it starts at the left edge.
fn field(out: &mut String, label: &str, text: &str) {
    const INDENT: usize = 12;
    let mut label = label;
    for paragraph in text.lines() {
        if let Some(row) = paragraph.strip_prefix(' ') {
            out.push_str(format!("  {row}").trim_end());
            out.push('\n');
            continue;
        }
        for line in wrap(paragraph, WIDTH - INDENT - 1) {
            out.push_str(format!("  {label:<10}{line}").trim_end());
            out.push('\n');
            label = "";
        }
    }
}

/// Breaks at spaces.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    if text.chars().count() <= width {
        return vec![text.to_owned()];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrap_breaks_at_spaces_and_never_inside_a_word() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("incompressibilities", 7), ["incompressibilities"]);
        assert_eq!(wrap("", 7), [""]);
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
