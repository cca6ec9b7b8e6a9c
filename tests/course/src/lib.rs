//! What the folders say about the course: chapters, steps, tests, hints, wrong answers.
//!
//! All tools read the course through this crate. It knows no tool, runs nothing and writes nothing.

pub mod base;
mod folders;
mod manifest;
pub mod problem;
mod scan;
pub mod select;
pub mod wrong;

pub use folders::{AUTHOR, Chapter, Course, SECTIONS, Step, Test};
