//! A whole class: who is in it, what is graded already, and several workers at a time.
//!
//! Belongs here: the commands that go through a folder of submissions (`class`, `plan`, `export`), the
//! roster, and the reports on disk. How one submission is graded is in [`crate::run`]; what grades
//! come of the reports is in [`crate::grades`].

pub mod command;
pub mod export;
mod interrupt;
pub mod progress;
pub mod roster;
pub mod shards;
pub mod store;
pub(crate) mod table;
pub mod workers;
