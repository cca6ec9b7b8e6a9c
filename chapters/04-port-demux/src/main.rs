//! The program: `who PORT` and `table`.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Lossy: an argument that is not UTF-8 is a wrong argument, and must not cause a panic.
    let args: Vec<String> = env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    ExitCode::from(port_demux::run(&args))
}
