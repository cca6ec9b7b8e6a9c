//! `cargo grader`: the instructor's tool.
//!
//! One submission in, one report out: `collect` takes the student's files, `desk` lays them beside
//! a copy of the tests, `compile` and `exam` build and run them inside a `jail`, `report` says what came of
//! it, and `render` writes that in the format a platform reads.

pub mod bench;
mod checklist;
pub mod class;
mod cli;
mod collect;
mod compile;
mod desk;
mod digest;
mod exam;
pub mod export;
mod failure;
pub mod gradebook;
pub mod handout;
mod interrupt;
pub mod jail;
pub mod merge;
pub mod one;
mod overview;
pub mod plan;
pub mod policy;
pub mod progress;
pub mod render;
pub mod report;
pub mod roster;
mod scratch;
mod select;
pub mod settings;
mod sitting;
mod slot;
pub mod store;
mod table;
mod tier;
pub mod workers;

use std::process::ExitCode;

/// Runs the command that the process was started with: a person's, or one by which the grader calls
/// itself.
pub fn run() -> ExitCode {
    compile::record()
        .or_else(jail::entry)
        .unwrap_or_else(cli::run)
}
