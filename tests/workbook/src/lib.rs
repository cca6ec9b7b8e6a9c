//! `cargo workbook`: the student's companion.
//!
//! It reads the course from its folders (`course`), builds a chapter (`cargo`), runs each test in a
//! process of its own (`process`) and says in words how far the student is. It is a library so that
//! the house tests in `tests/` look at the course through the same eyes.

mod attempt;
mod backup;
mod bench;
mod broken;
mod cargo;
mod cli;
pub mod course;
mod digest;
mod done;
mod hint;
mod list;
mod manifest;
mod meant;
mod next;
mod pristine;
pub mod problem;
mod process;
mod progress;
mod race;
mod reset;
mod scan;
pub mod select;
mod solution;
mod status;
mod tell;
mod test;
mod ui;
mod verify;
mod watch;
pub mod wrong;

pub use cli::run;
