//! Words and lines: what every part of a report needs.

use std::time::Duration;

/// Columns of a report: it must fit an ordinary terminal.
pub const WIDTH: usize = 80;

/// Breaks at spaces. Several between two words of a line stay: they may be what a failure is about.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    if text.chars().count() <= width {
        return vec![text.to_owned()];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            line.truncate(line.trim_end().len());
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

/// A text line by line, as rows of a report: each begins with a blank, which keeps it from being wrapped.
/// What does not fit is cut, and what no terminal shows is escaped.
pub fn excerpt(text: &str) -> String {
    const ROWS: usize = 14;
    const COLUMNS: usize = WIDTH - 5;
    let row = |line: &str| {
        let shown = |c: char| match c {
            '\t' => "    ".to_owned(),
            c if c.is_control() => c.escape_debug().to_string(),
            c => c.to_string(),
        };
        let line: String = line.chars().map(shown).collect();
        let cut: String = line.chars().take(COLUMNS).collect();
        let more = if cut.len() < line.len() { "…" } else { "" };
        format!("   {cut}{more}")
    };
    let mut rows: Vec<_> = text.lines().take(ROWS).map(row).collect();
    let hidden = text.lines().count().saturating_sub(ROWS);
    match (rows.is_empty(), hidden) {
        (true, _) => rows.push("   (nothing)".to_owned()),
        (false, 0) => {}
        (false, n) => rows.push(format!("   … {n} more lines")),
    }
    rows.join("\n")
}

/// A span as a person would say it: `2 s`, `250 ms`.
pub fn in_words(span: Duration) -> String {
    if span >= Duration::from_secs(1) {
        let tenths = (span.as_secs_f64() * 10.0).round() / 10.0;
        format!("{tenths} s")
    } else {
        format!("{} ms", span.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_keeps_rows_as_they_are_and_cuts_what_does_not_fit() {
        assert_eq!(excerpt("a  b\n  c"), "   a  b\n     c");
        assert_eq!(excerpt(""), "   (nothing)");
        assert_eq!(excerpt("\u{1b}[31m\r"), "   \\u{1b}[31m\\r");
        let rows = excerpt(&"x".repeat(100));
        assert!(
            rows.ends_with("x…") && rows.chars().count() < WIDTH,
            "{rows}"
        );
        let rows = excerpt(&"line\n".repeat(20));
        assert!(rows.ends_with("\n   … 6 more lines"), "{rows}");
    }

    #[test]
    fn wrap_breaks_at_spaces_and_never_inside_a_word() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("incompressibilities", 7), ["incompressibilities"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("a  b   c", 7), ["a  b", "c"]);
    }
}
