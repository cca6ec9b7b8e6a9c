//! `cargo workbook` from outside, in a small workbook of its own.

mod base;
mod fixture;
mod processes;
mod read;
mod reset;
mod script;
mod student;
#[cfg(unix)]
mod terminal;
mod verify;
mod watch;
