//! What reaches the screen: plain words first, colour only as an extra.
//!
//! anstream leaves the colours out where nobody sees them (a pipe, `NO_COLOR`, `TERM=dumb`).

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};

pub struct Ui {
    /// Columns to fill.
    pub width: usize,
    /// The reader of our output has gone, as after `| head`.
    closed: AtomicBool,
    /// A line such as "Building chapter 00 …" stands on the terminal and is to be wiped.
    busy: AtomicBool,
}

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

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
        // Longer lines than 100 are hard to read; 80 is what a pipe gets.
        let columns = terminal_size::terminal_size().map_or(80, |(width, _)| width.0.into());
        Ui {
            width: usize::clamp(columns, 30, 100),
            closed: AtomicBool::new(false),
            busy: AtomicBool::new(false),
        }
    }

    pub fn line(&self, text: impl Display) {
        self.write(&format!("{text}\n"));
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
        let indent = " ".repeat(label.chars().count());
        for (index, line) in wrap(text, self.width - indent.len().min(20))
            .iter()
            .enumerate()
        {
            let lead = if index == 0 { label } else { &indent };
            self.line(format!("{lead}{line}").trim_end());
        }
    }

    /// What is going on, for the moment; only on a terminal, and gone with the next line.
    pub fn busy(&self, what: &str) {
        let mut stderr = std::io::stderr().lock();
        if stderr.is_terminal() && std::io::stdout().is_terminal() {
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

/// How wide a text is on the screen, colours left out.
fn columns(text: &str) -> usize {
    anstream::adapter::strip_str(text)
        .map(|piece| piece.chars().count())
        .sum()
}

/// Breaks prose into lines of at most `width` characters; a longer word has a line of its own.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if columns(line) + 1 + columns(word) <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
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
        assert_eq!(wrap(&good("one two three"), 7).len(), 2);
    }
}
