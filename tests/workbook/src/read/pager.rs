//! Shows a long text a screen at a time, where the reader has chosen a program for that.

use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

use crate::ui::Ui;

/// Prints the text. A text that is longer than the screen goes through `$PAGER`, if that is set.
pub fn show(ui: &Ui, text: &str) {
    let fits = ui.height.is_none_or(|height| text.lines().count() < height);
    let pager = std::env::var("PAGER").unwrap_or_default();
    let is_paged = !fits && std::io::stdout().is_terminal() && through(&pager, text).is_some();
    if !is_paged {
        ui.text(text);
    }
}

/// Nothing when there is no such program.
fn through(pager: &str, text: &str) -> Option<()> {
    let mut words = pager.split_whitespace();
    let mut command = Command::new(words.next()?);
    command.args(words).stdin(Stdio::piped());
    // As git does it: show colours, and end at the end of a text of one screen.
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    let mut child = command.spawn().ok()?;
    let mut stdin = child.stdin.take()?;
    let text = if anstream::AutoStream::choice(&std::io::stdout()) == anstream::ColorChoice::Never {
        anstream::adapter::strip_str(text).to_string()
    } else {
        text.to_owned()
    };
    // The reader may leave before the end.
    let _ = stdin.write_all(text.as_bytes());
    drop(stdin);
    let _ = child.wait();
    Some(())
}
