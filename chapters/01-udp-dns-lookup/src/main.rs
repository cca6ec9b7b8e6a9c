//! `ch01 NAME [@ADDRESS:PORT]`: prints a name's addresses. All of it is in step 10.

use std::env;
use std::io::{ErrorKind, Write, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;

use udp_dns_lookup::run;

/// The file in which a Unix system names its DNS servers, resolv.conf(5).
const RESOLV_CONF: &str = "/etc/resolv.conf";

fn main() -> ExitCode {
    let args: Vec<String> = env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    match run(&args, Path::new(RESOLV_CONF), &mut stdout(), &mut stderr()) {
        Ok(code) => code.into(),
        // A pipe that was closed early (`| head -1`) is the reader's choice, not a failure of ours.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error cannot be written, the error cannot be reported.
            let _ = writeln!(stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
