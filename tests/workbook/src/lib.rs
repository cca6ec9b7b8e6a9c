//! `cargo workbook`: the student's companion.
//!
//! It reads the course from its folders (crate `course`), builds a chapter (`cargo`, `binaries`), runs
//! each test in a process of its own (crate `runner`), remembers what passed (`progress`) and says in
//! words how far the student is (`output`, `status`, `done`). Each command of `cli` has a module of its
//! name; `cargo workbook` alone is `next`. It is a library so that the house tests in `tests/` read
//! the `book` as it does.

mod attempt;
mod backup;
mod base;
mod binaries;
pub mod book;
mod cargo;
mod cli;
mod compile_errors;
mod digest;
mod done;
mod hint;
mod list;
mod look;
mod next;
mod output;
mod progress;
mod race;
mod read;
mod reset;
mod resolve;
mod script;
mod solution;
mod status;
mod stubs;
mod test;
mod ui;
mod verify;
mod watch;

pub use cli::run;
