//! What reaches the screen: plain words first, colour only as an extra.
//!
//! anstream leaves the colours out where nobody sees them (a pipe, `NO_COLOR`, `TERM=dumb`).

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

pub struct Ui {
    /// Columns to fill.
    pub width: usize,
    /// Lines of the terminal, where there is one.
    pub height: Option<usize>,
    /// The reader of our output has gone, as after `| head`.
    closed: AtomicBool,
    /// Standard output and error are a terminal that can wipe a line.
    can_wipe: bool,
    /// A line such as "Building chapter 00 …" stands on the terminal and is to be wiped.
    busy: AtomicBool,
}

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
pub const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const CODE: Style = AnsiColor::Cyan.on_default();

pub fn good(text: impl Display) -> String {
    paint(GOOD, text)
}

pub fn bad(text: impl Display) -> String {
    paint(BAD, text)
}

pub fn strong(text: impl Display) -> String {
    paint(STRONG, text)
}

pub fn faint(text: impl Display) -> String {
    paint(FAINT, text)
}

pub fn code(text: impl Display) -> String {
    paint(CODE, text)
}

fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// `1 test`, `2 tests`
pub fn plural(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

impl Ui {
    pub fn new() -> Ui {
        // Where `CI` is set, anstream takes every terminal for one that has colours.
        if !has_escapes() && std::env::var_os("CLICOLOR_FORCE").is_none() {
            anstream::ColorChoice::Never.write_global();
        }
        // Longer lines than 100 are hard to read; 80 is what a pipe gets.
        let size = terminal_size::terminal_size();
        let columns = size.map_or(80, |(width, _)| width.0.into());
        Ui {
            width: usize::clamp(columns, 30, 100),
            height: size.map(|(_, height)| height.0.into()),
            closed: AtomicBool::new(false),
            can_wipe: std::io::stdout().is_terminal()
                && std::io::stderr().is_terminal()
                && has_escapes(),
            busy: AtomicBool::new(false),
        }
    }

    /// A line, or several with the same indent where the screen is too narrow for one.
    pub fn line(&self, text: impl Display) {
        for line in fitted(&text.to_string(), self.width) {
            self.write(&format!("{line}\n"));
        }
    }

    pub fn blank(&self) {
        self.write("\n");
    }

    /// Text of several lines, as it stands; ends with a line end.
    pub fn text(&self, text: &str) {
        self.write(text);
        if !text.is_empty() && !text.ends_with('\n') {
            self.blank();
        }
    }

    /// Prose, broken at the width of the screen.
    pub fn prose(&self, text: &str) {
        self.indented("", text);
    }

    /// Prose after a label; its further lines stand under its first one.
    pub fn indented(&self, label: &str, text: &str) {
        let indent = " ".repeat(columns(label));
        let room = self.width.saturating_sub(indent.len()).max(10);
        for (index, line) in wrap(text, room).iter().enumerate() {
            let lead = if index == 0 { label } else { &indent };
            self.line(format!("{lead}{line}").trim_end());
        }
    }

    /// What ends a command, on standard error.
    pub fn error(&self, words: impl Display) {
        self.idle();
        let mut stderr = anstream::stderr().lock();
        for line in format!("{} {words}", bad("error:")).lines() {
            for line in fitted(line, self.width) {
                let _ = writeln!(stderr, "{line}");
            }
        }
    }

    /// A labelled line, in the form of the laboratory's reports.
    pub fn field(&self, label: &str, text: &str) {
        self.indented(&format!("  {label:10}"), text);
    }

    /// A report of the laboratory, whose lines are meant for 80 columns. On a narrower screen the
    /// paragraphs are broken anew; a ladder cannot be.
    pub fn report(&self, text: &str) {
        const INDENT: usize = 12;
        let margin = " ".repeat(INDENT);
        for line in text.lines() {
            let (label, words) = match line.char_indices().nth(INDENT) {
                Some((at, letter)) if letter != ' ' => line.split_at(at),
                _ => ("", line),
            };
            let is_label = label == margin
                || label.starts_with("  ")
                    && label.trim().len() <= INDENT - 4
                    && label
                        .trim()
                        .starts_with(|letter: char| letter.is_ascii_lowercase());
            if is_label && columns(line) > self.width {
                self.indented(label, words);
            } else {
                self.write(&format!("{line}\n"));
            }
        }
    }

    /// What is going on, for the moment; only on a terminal, and gone with the next line.
    pub fn busy(&self, what: &str) {
        if self.can_wipe {
            let mut stderr = std::io::stderr().lock();
            let what: String = what.chars().take(self.width - 1).collect();
            let _ = write!(stderr, "\r\x1b[2K{what}");
            let _ = stderr.flush();
            self.busy.store(true, Ordering::Relaxed);
        }
    }

    /// Wipes what [`Ui::busy`] has written.
    pub fn idle(&self) {
        if self.busy.swap(false, Ordering::Relaxed) {
            let mut stderr = std::io::stderr().lock();
            let _ = write!(stderr, "\r\x1b[2K");
            let _ = stderr.flush();
        }
    }

    /// Nobody reads our output any more.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn write(&self, text: &str) {
        self.idle();
        let mut stdout = anstream::stdout().lock();
        // The work goes on when nobody reads the output any more: a reset that stops half-way
        // because of `| head` would be worse than one that nobody saw.
        if stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .is_err()
        {
            self.closed.store(true, Ordering::Relaxed);
        }
    }
}

/// Whether the terminal understands more than letters.
pub fn has_escapes() -> bool {
    match std::env::var_os("TERM") {
        Some(term) => term != "dumb",
        None => cfg!(windows),
    }
}

/// How wide a text is on the screen, colours left out.
pub fn columns(text: &str) -> usize {
    anstream::adapter::strip_str(text)
        .map(UnicodeWidthStr::width)
        .sum()
}

/// Breaks prose into lines of at most `width` columns; a longer word has a line of its own. Line
/// breaks stay.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut filled = 0;
        for word in paragraph.split_whitespace() {
            let wide = columns(word);
            if filled > 0 && filled + 1 + wide > width {
                lines.push(std::mem::take(&mut line));
                filled = 0;
            }
            if !line.is_empty() {
                line.push(' ');
                filled += 1;
            }
            line.push_str(word);
            filled += wide;
        }
        lines.push(line);
    }
    lines
}

/// A line that fits stays as it is; of a longer one the further lines stand under the first.
fn fitted(line: &str, width: usize) -> Vec<String> {
    if columns(line) <= width {
        return vec![line.to_owned()];
    }
    let indent = &line[..line.len() - line.trim_start().len()];
    let wrapped = wrap(line, width.saturating_sub(indent.len()));
    wrapped
        .iter()
        .map(|line| format!("{indent}{line}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_breaks_between_words() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(
            wrap("unbreakable is long", 4),
            ["unbreakable", "is", "long"]
        );
        assert_eq!(wrap("é é é", 3), ["é é", "é"]);
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(wrap("one\ntwo three", 20), ["one", "two three"]);
        assert_eq!(wrap("서버 기초", 8), ["서버", "기초"]);
        assert_eq!(wrap(&good("one two three"), 7).len(), 2);
    }
}
