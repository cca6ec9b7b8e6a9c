//! `cargo grader`: the instructor's tool.
//!
//! One submission in, one report out:
//!
//! | folder | what it does |
//! |---|---|
//! | `submission` | takes the student's files |
//! | `build` | lays them beside a copy of the tests, and compiles both |
//! | `jail` | runs a program so that it reaches nothing that is not its own |
//! | `run` | runs the tests in the jail and writes the report |
//! | `render` | writes a report in the format that a platform reads |
//! | `class` | does so for every submission of a folder |
//! | `grades` | makes grades from the reports |
//! | `handout` | copies the workbook for students |
//! | `command` | the command line |
//!
//! `report` and `settings` are the data that they share.

mod build;
pub mod class;
mod command;
pub mod grades;
pub mod handout;
pub mod jail;
pub mod render;
pub mod report;
pub mod run;
pub mod settings;
pub mod submission;

use std::process::ExitCode;

/// Runs the command that the process was started with: a person's, or one by which the grader calls
/// itself.
pub fn run() -> ExitCode {
    // rustc needs what cargo hands down.
    if let Some(code) = runner::rustc::record() {
        return code;
    }
    jail::close_inherited();
    jail::entry().unwrap_or_else(command::run)
}
