//! `cargo workbook script`: a conversation of one's own, played to one's own TCP.
//!
//! A chapter whose answers can be played scripts to has a `script.rs` beside its tests, which is an example of the chapter's
//! package.

use std::process::ExitCode;

use crate::cargo;
use course::problem::{Problem, Result};
use course::{Chapter, Course};

pub fn run(course: &Course, chapter: Option<&Chapter>, file: &str) -> Result<ExitCode> {
    let has_player = |chapter: &&Chapter| {
        let player = course.root.join(chapter.tests_dir()).join("script.rs");
        player.is_file()
    };
    let chapter = match chapter {
        Some(chapter) => Some(chapter).filter(has_player),
        None => course.chapters.iter().rfind(has_player),
    };
    let Some(chapter) = chapter else {
        return Err(Problem::new(
            "No script can be played to this chapter's answer.",
        ));
    };
    let number = chapter.number();
    // The folder is left as it is: the file is the student's.
    let status = cargo::cargo()
        .args(["run", "--quiet", "--package", &format!("ch{number}")])
        .arg("--manifest-path")
        .arg(course.root.join("Cargo.toml"))
        .args(["--example", &format!("script{number}"), "--", file])
        .status()
        .map_err(cargo::no_cargo)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}
