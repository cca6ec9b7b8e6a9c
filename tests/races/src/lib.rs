//! The races: the answers of this workbook beside real software, measured and drawn.
//!
//! A race (`race`) is a list of disciplines, each with its contestants. The referee (`referee`) starts
//! each contestant as a process of its own (`contestant`) and gives turns to all of them, round by
//! round, so that a slow moment of the machine hits everybody. What came of it is a `record`, from
//! which the `table`, the `picture` and the file of `--json` are made.
#![allow(
    clippy::duplicate_mod,
    reason = "ours.rs of each race is compiled against the reference and against the student's crate"
)]

mod answer_line;
mod cli;
mod contestant;
mod descriptors;
pub mod foreign;
mod grid;
mod h2load;
mod machine;
mod nginx;
mod picture;

mod progress;
mod race;
mod race01;
mod race02;
mod race03;
mod race04;
mod race05;
mod race06;
mod race07;
mod race08;
mod race10;
mod race13;
mod race15;
mod race16;
mod race17;
mod record;
mod referee;
mod rehearsal;
mod server;
mod stats;
mod stopwatch;
mod table;
#[cfg(target_os = "linux")]
pub mod tun;
mod usage;
mod wrk;

pub use cli::run;

/// Every race there is, in the order of the chapters.
const RACES: &[race::Race] = &[
    race01::RACE,
    race02::RACE,
    race03::RACE,
    race04::RACE,
    race05::RACE,
    race06::RACE,
    race07::RACE,
    race08::RACE,
    race10::RACE,
    race13::RACE,
    race15::RACE,
    race16::RACE,
    race17::RACE,
];
