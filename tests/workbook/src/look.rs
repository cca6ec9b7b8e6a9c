//! `cargo workbook look`: draws what happened in a run of one test on the student's code.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::binaries::{Binaries, Tried};
use crate::cargo;
use crate::compile_errors;
use crate::output;
use crate::ui::Ui;
use course::problem::{Problem, Result};
use course::{Chapter, Course, Step, Test};
use runner::protocol::{LOOK, PICTURES};

/// Says which tests of a step there are.
pub fn which(chapter: &Chapter, step: &Step) -> Problem {
    let number = chapter.number();
    let mut words = format!("Say which test of step {}:", step.number);
    for test in &step.tests {
        words += &format!("\n  cargo workbook look {number} {}", test.name);
    }
    Problem::new(words)
}

pub fn run(
    ui: &Ui,
    course: &Course,
    chapter: &Chapter,
    (step, test): (&Step, &Test),
) -> Result<ExitCode> {
    let folder = new_folder(course, chapter, test)?;
    let mut binaries = Binaries::student(course, chapter);
    let environment = [(PICTURES, folder.as_os_str()), (LOOK, OsStr::new("1"))];
    let report = match binaries.run_with(ui, step, test, &environment)? {
        Tried::Broken(built) => {
            compile_errors::show(ui, course, chapter, built);
            return Ok(ExitCode::FAILURE);
        }
        Tried::Ran(report) => report,
    };
    ui.line(format!(
        "{}  {}",
        output::verdict(&report.verdict),
        test.name
    ));
    ui.blank();
    let pictures = pictures(&folder)?;
    if pictures.is_empty() {
        let number = chapter.number();
        ui.prose(&format!(
            "The test ended before it could draw anything. `cargo workbook test {number} {}` tells more.",
            test.name
        ));
        return Ok(ExitCode::FAILURE);
    }
    for picture in &pictures {
        // A path is never broken, whatever the folders are called.
        ui.text(&shown(picture));
    }
    ui.blank();
    ui.prose("Open an SVG in a browser. Point at an arrow to see its bytes.");
    if pictures
        .iter()
        .any(|picture| picture.extension() == Some(OsStr::new("pcapng")))
    {
        ui.prose("Wireshark and tshark open a pcapng: `tshark -V -r FILE` shows every field.");
    }
    Ok(ExitCode::SUCCESS)
}

/// An empty folder for the pictures, where cargo builds: that can be written when the workbook cannot.
fn new_folder(course: &Course, chapter: &Chapter, test: &Test) -> Result<PathBuf> {
    let target = cargo::target_dir(&course.root)?;
    let name = format!("{}-{}", chapter.number(), test.name);
    let folder = target.join("workbook").join("look").join(name);
    // What an earlier run drew.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| Problem::with_file("create", &folder, &error))?;
    Ok(folder)
}

/// From where the student is, if that is above it.
fn shown(picture: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    picture
        .strip_prefix(here)
        .unwrap_or(picture)
        .display()
        .to_string()
}

fn pictures(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).map_err(|error| Problem::with_file("read", folder, &error))?;
    let mut pictures: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    pictures.sort();
    Ok(pictures)
}
