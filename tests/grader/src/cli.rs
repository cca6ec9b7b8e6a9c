//! The command line.

use std::process::ExitCode;

use clap::Parser;

/// Grade Loopback: one submission or a class.
#[derive(Parser)]
#[command(name = "cargo grader", bin_name = "cargo grader")]
struct Arguments {}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let Arguments {} = Arguments::parse();
    ExitCode::SUCCESS
}
