//! What a machine may not have: programs to compare with, and networks of one's own. A test that needs them is left
//! out without them, with a word. In CI on Linux nothing is left out.

use std::process::{Command, Stdio};

/// Says why a test, or a part of it, is left out. In CI on Linux this fails: there everything must be there.
#[track_caller]
pub fn left_out(why: &str) {
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    let must_be = cfg!(target_os = "linux") && is_ci;
    assert!(!must_be, "CI must have what this lacks: {why}");
    eprintln!("left out: {why}");
}

/// The program, if it is there and ends well with this argument, which asks for its version. Elsewhere than on Linux
/// nobody is asked: there programs of these names are others.
#[track_caller]
pub fn installed(program: &'static str, version: &str) -> Option<&'static str> {
    if !cfg!(target_os = "linux") {
        left_out(&format!("{program} is asked on Linux only"));
        return None;
    }
    let mut run = Command::new(program);
    let run = run.arg(version).stdout(Stdio::null()).stderr(Stdio::null());
    if run.status().is_ok_and(|status| status.success()) {
        return Some(program);
    }
    left_out(&format!("{program} is not installed"));
    None
}

/// What a test prints that [`in_a_namespace`] runs, as soon as it has what it needs of the namespace.
pub const BEGINS: &str = "the namespace is ready";

/// Runs an ignored test of this program in a network namespace, in which this user is root. The test is left out where
/// it ends without having printed [`BEGINS`].
#[track_caller]
pub fn in_a_namespace(test: &str) {
    let us = std::env::current_exe().expect("this program");
    let run = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net"])
        .arg(us)
        .args(["--exact", test, "--ignored", "--nocapture"])
        .output();
    let said = match run {
        Ok(run) => {
            let [stdout, stderr] =
                [run.stdout, run.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
            if run.status.success() {
                print!("{stdout}");
                return;
            }
            stdout + &stderr
        }
        Err(error) => error.to_string(),
    };
    assert!(!said.contains(BEGINS), "{said}");
    left_out(&format!(
        "no network namespace of one's own, with a TUN device: {said}"
    ));
}
