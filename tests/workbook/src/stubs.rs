//! The stubs as the student got them, read from git's history.
//!
//! A student commits answers, and the course commits better stubs, so neither the first nor the last
//! version of a file is the one to go back to. Answering removes a `todo!`, so the stub is the
//! version with the most of them; among these the newest one, which has the course's last corrections.

use std::path::Path;
use std::process::Command;

use course::problem::{Problem, Result};

/// The files that git knows below `folder`; both are relative to `root`.
pub fn files(root: &Path, folder: &str) -> Result<Vec<String>> {
    let names = git(root, &["ls-files", "-z", "--", folder])?;
    let names = String::from_utf8_lossy(&names).into_owned();
    let names: Vec<String> = names.split_terminator('\0').map(str::to_owned).collect();
    match names[..] {
        [] => Err(unknown(folder)),
        _ => Ok(names),
    }
}

/// git's history holds no stub.
pub fn unknown(path: &str) -> Problem {
    because(&format!("git has never seen {path}."))
}

fn because(reason: &str) -> Problem {
    Problem::new(format!(
        "The original stubs are read from git's history. {}\n\
         Nothing was changed. Take the file from the place where you got the workbook.",
        reason
    ))
}

/// The pristine version of `file`, relative to `root`. A file that never held a `todo!` is not a
/// stub, and its newest version counts. `None` when git has never seen the file.
pub fn of(root: &Path, file: &str) -> Result<Option<Vec<u8>>> {
    let log = git(root, &["log", "--format=%H", "--", file])?;
    let mut best = None;
    let mut most = 0;
    // From the newest to the oldest: an older version has to be better, not as good.
    for commit in String::from_utf8_lossy(&log).lines() {
        // In a commit that deletes the file there is nothing to show. The filters give it the line ends
        // that git gives it in this working copy.
        let Ok(text) = git(
            root,
            &["cat-file", "--filters", &format!("{commit}:./{file}")],
        ) else {
            continue;
        };
        let todos = String::from_utf8_lossy(&text).matches("todo!(").count();
        if best.is_none() || todos > most {
            most = todos;
            best = Some(text);
        }
    }
    Ok(best)
}

fn git(root: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new("git")
        .current_dir(root)
        .args(arguments)
        .output()
        .map_err(|error| because(&format!("git cannot be run: {error}.")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(because(&format!("git says: {}", said.trim())));
    }
    Ok(output.stdout)
}
