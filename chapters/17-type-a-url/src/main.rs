//! The program: `browse URL...`.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Lossy, because an argument that is not UTF-8 is a wrong argument and no reason to panic.
    let args: Vec<String> = env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    program(&args)
}

#[cfg(feature = "whole")]
fn program(args: &[String]) -> ExitCode {
    ExitCode::from(type_a_url::run(args))
}

#[cfg(not(feature = "whole"))]
fn program(_args: &[String]) -> ExitCode {
    eprintln!("this program needs the feature `whole`, which was turned off");
    ExitCode::FAILURE
}
