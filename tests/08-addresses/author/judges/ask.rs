//! Programs that are asked many questions at once.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;

use netlab::needs::left_out;

/// Whether a program can be started and succeeds. Where it cannot, nothing is compared.
pub fn is_there(what: &str, program: &str, args: &[&str]) -> bool {
    let output = Command::new(program).args(args).output();
    let is_there = output.is_ok_and(|output| output.status.success());
    if !is_there {
        left_out(&format!("{what} is not to be had here"));
    }
    is_there
}

/// What a program says to this input.
pub fn ask(program: &str, args: &[&str], input: String) -> Output {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it was there a moment ago");
    let mut stdin = child.stdin.take().expect("a pipe");
    // Beside: it answers before it has read everything.
    let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer
        .join()
        .expect("no panic")
        .expect("it reads all of it");
    output
}

/// The lines that a Python program prints.
pub fn python(program: &str, input: String) -> Vec<String> {
    let output = ask("python3", &["-c", program], input);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "python3: {said}");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    lines.lines().map(str::to_owned).collect()
}
