//! Programs that a machine may have or not.

use std::process::{Command, Stdio};

/// The program, if it is there and says its version when it is asked for that. Who judges an answer judges it on
/// Linux: elsewhere programs of these names are others. In CI on Linux, all of them must be there.
pub fn installed(program: &'static str, version: &str) -> Option<&'static str> {
    if !cfg!(target_os = "linux") {
        println!("left out: {program}, which is asked on Linux only");
        return None;
    }
    let run = Command::new(program)
        .arg(version)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if run.is_ok_and(|status| status.success()) {
        return Some(program);
    }
    assert!(std::env::var_os("CI").is_none(), "CI must have {program}");
    println!("left out: {program} is not installed");
    None
}
