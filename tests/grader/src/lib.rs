//! `cargo grader`: the instructor's tool.
//!
//! One submission in, one report out: `collect` takes the student's files, `overlay` puts them into a
//! copy of the course, `compile` and `exam` build and run it inside a `jail`, `report` says what came of
//! it, and `render` writes that in the format a platform reads.

pub mod class;
mod cli;
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
mod select;
pub mod settings;
pub mod store;
mod table;

pub use cli::run;
