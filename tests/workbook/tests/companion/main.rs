//! `cargo workbook` from outside, in a small workbook of its own.

mod fixture;
mod processes;
mod reset;
mod student;
mod verify;
mod watch;
