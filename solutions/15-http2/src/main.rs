//! The program: `serve DIR HOST [-p PORT]` and `get URL...`.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Lossy, because an argument that is not UTF-8 is a wrong argument and no reason to panic.
    let args: Vec<String> = env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    ExitCode::from(http2_solution::run(&args))
}
