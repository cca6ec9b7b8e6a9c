//! Answers that a test cannot survive: each gets a verdict in words.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::fixture::{ONE, Workbook};

#[test]
fn a_hang_is_killed_and_explained() {
    let workbook = Workbook::new("hang");
    workbook.write(
        ONE,
        "pub fn one() -> u32 {\n    loop {\n        std::thread::park();\n    }\n}\n",
    );
    // Built beforehand: what is measured is the hang.
    workbook.run(&["test", "0", "s2_two_is_two"]);
    let began = Instant::now();
    let mut command = workbook.command(&["test", "0", "1"]);
    command.env("NETLAB_PATIENCE", "0.05");
    crate::fixture::Said::of(command.output().expect("it runs")).is(
        1,
        &[
            "hangs       s1_one_is_one",
            "00-first, step 1: s1_one_is_one",
            "was stopped",
            "read      cargo workbook read 00 s1",
            "cargo workbook hint 00 s1",
        ],
    );
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn exit_is_no_pass() {
    let workbook = Workbook::new("exit");
    workbook.write(ONE, "pub fn one() -> u32 {\n    std::process::exit(0)\n}\n");
    workbook.run(&["test", "0", "1"]).is(
        1,
        &[
            "ends early  s1_one_is_one",
            "ended early with exit code 0, without finishing",
        ],
    );
    // Nor when the output looks like a pass.
    workbook.write(
        ONE,
        "pub fn one() -> u32 {\n    println!(\"test result: ok. 1 passed; 0 failed\");\n    std::process::exit(1)\n}\n",
    );
    workbook
        .run(&["test", "0", "1"])
        .is(1, &["ended early with exit code 1"]);
}

#[test]
fn an_abort_and_a_stack_overflow_have_a_name() {
    let workbook = Workbook::new("abort");
    workbook.write(ONE, "pub fn one() -> u32 {\n    std::process::abort()\n}\n");
    workbook
        .run(&["test", "0", "1"])
        .is(1, &["ends early  s1_one_is_one", "ended early"]);
    workbook.write(
        ONE,
        "pub fn one() -> u32 {\n    if crate::two() > 0 { one() + 1 } else { 0 }\n}\n",
    );
    workbook.write(
        crate::fixture::TWO,
        "pub fn two() -> u32 {\n    1 + crate::one() % 2\n}\n",
    );
    let said = workbook.run(&["test", "0", "1"]);
    said.is(1, &["ended early"]);
    if cfg!(unix) {
        said.is(1, &["SIGABRT"]);
    }
}

#[test]
fn too_much_memory_has_words_of_its_own() {
    let workbook = Workbook::new("memory");
    workbook.write(
        ONE,
        "pub fn one() -> u32 {\n    Vec::<u8>::with_capacity(isize::MAX as usize).len() as u32\n}\n",
    );
    let said = workbook.run(&["test", "0", "1"]);
    let bytes = isize::MAX.to_string();
    said.is(1, &["ends early", "more memory than there is", &bytes]);
    assert!(!said.stdout.contains("overflow"), "{}", said.stdout);
}

#[test]
fn a_flood_of_words_does_not_bury_the_verdict() {
    let workbook = Workbook::new("flood");
    workbook.write(
        ONE,
        "pub fn one() -> u32 {\n    for n in 0..20_000 {\n        println!(\"line {n}\");\n        eprintln!(\"line {n}\");\n    }\n    3\n}\n",
    );
    let said = workbook.run(&["test", "0", "1"]);
    said.is(
        1,
        &[
            "line 0\n",
            "left out",
            "line 19999\n",
            "left out",
            "expected 1, got 3",
        ],
    );
    assert!(
        said.stdout.lines().count() < 300,
        "{} lines",
        said.stdout.lines().count()
    );
}

#[test]
#[cfg(unix)]
fn what_a_test_started_ends_with_it() {
    let workbook = Workbook::new("child");
    workbook.write(
        ONE,
        "pub fn one() -> u32 {\n    let child = std::process::Command::new(\"sleep\").arg(\"600\").spawn().unwrap();\n    std::fs::write(\"child\", child.id().to_string()).unwrap();\n    1\n}\n",
    );
    let began = Instant::now();
    workbook.run(&["test", "0", "1"]).is(0, &["passes"]);
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "it waited for the child"
    );
    let child = workbook.read("chapters/00-first/child");
    // `kill -0` asks whether the process is there. Its end may take the system a moment.
    let is_there = || {
        Command::new("sh")
            .args([
                "-c",
                &format!("kill -0 {child} 2>/dev/null && ps -o stat= -p {child} | grep -qv Z"),
            ])
            .status()
            .is_ok_and(|status| status.success())
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    while is_there() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!(
        !is_there(),
        "the program that the test started is still there"
    );
}
