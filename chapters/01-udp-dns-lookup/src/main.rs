//! `ch01 NAME [@ADDRESS:PORT]`: prints a name's addresses. All of it is in step 10.

use std::env;
use std::io::{stderr, stdout};
use std::process::ExitCode;

use udp_dns_lookup::run;

fn main() -> ExitCode {
    let args: Vec<String> = env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    // A pipe that was closed early (`| head -1`) is the reader's choice, not a failure of ours.
    run(&args, &mut stdout(), &mut stderr()).map_or(ExitCode::FAILURE, ExitCode::from)
}
