//! `cargo workbook reset`: the stubs come back, and a copy of the student's work is kept.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::backup;
use crate::progress::Progress;
use crate::stubs;
use crate::ui::Ui;
use course::problem::{Problem, Result};
use course::{Chapter, Course, Step};

pub fn run(
    ui: &Ui,
    course: &Course,
    progress: &mut Progress,
    chapter: &Chapter,
    step: Option<&Step>,
    yes: bool,
) -> Result<ExitCode> {
    let src = format!("{}/src", chapter.dir());
    let files = match step {
        Some(step) => vec![chapter.source(step)],
        None => stubs::files(&course.root, &src)?,
    };
    let mut stubs = Vec::new();
    for file in files {
        let stub = stubs::of(&course.root, &file)?.ok_or_else(|| stubs::unknown(&file))?;
        // A file that cannot be read counts as changed too.
        if fs::read(course.root.join(&file)).ok().as_ref() != Some(&stub) {
            stubs.push((file, stub));
        }
    }
    if stubs.is_empty() {
        ui.line("Every file is as you got it already. Nothing was changed.");
        return Ok(ExitCode::SUCCESS);
    }

    ui.line("These files go back to what they were when you got them:");
    for (file, _) in &stubs {
        ui.line(format!("  {file}"));
    }
    if !yes && !agrees(ui)? {
        ui.line("Nothing was changed.");
        return Ok(ExitCode::FAILURE);
    }

    let mut sources = Vec::new();
    files_below(&course.root, &src, &mut sources)?;
    let copies = backup::keep(&course.root, &chapter.folder, &sources)?;
    ui.line("Your files as they were are in");
    ui.line(format!("  {}/", shown(&copies)));
    for (file, stub) in &stubs {
        let path = course.root.join(file);
        fs::write(&path, stub).map_err(|error| Problem::with_file("write", &path, &error))?;
    }
    for step in chapter
        .steps
        .iter()
        .filter(|one| step.is_none_or(|only| only.number == one.number))
    {
        progress.forget_hints(chapter, step);
    }
    progress.save(ui);
    ui.line(match stubs.len() {
        1 => "1 file is as you got it.".to_owned(),
        count => format!("{count} files are as you got them."),
    });
    Ok(ExitCode::SUCCESS)
}

/// Says what a reset wants to know.
pub fn which(current: &Chapter) -> Problem {
    let number = current.number();
    Problem::new(format!(
        "Say what is to go back to its stubs, for instance:\n  \
         cargo workbook reset {number}     a chapter\n  \
         cargo workbook reset {number} s1  a step of it\n\
         Your files are copied first. Nothing was changed."
    ))
}

/// Asks on a terminal. Without one nobody can answer, so `--yes` has to.
fn agrees(ui: &Ui) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Problem::new(
            "There is no terminal to ask at, so nothing was changed. Say `--yes` if you are sure.",
        ));
    }
    ui.prose("Your present files are copied to .workbook/backups first.");
    let mut stdout = std::io::stdout();
    let _ = write!(stdout, "Go on? (y/N) ").and_then(|()| stdout.flush());
    let mut answer = String::new();
    // The end of input is a no.
    let _ = std::io::stdin().read_line(&mut answer);
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// All files below a folder, relative to `root`, with `/` between the parts.
fn files_below(root: &Path, folder: &str, files: &mut Vec<String>) -> Result<()> {
    let path = root.join(folder);
    let entries = fs::read_dir(&path).map_err(|error| Problem::with_file("read", &path, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Problem::with_file("read", &path, &error))?;
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files_below(root, &name, files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}
