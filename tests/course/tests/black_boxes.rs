//! A test that `chapter.toml` calls a black box looks at the program from outside: it starts it.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use course::Course;
use netlab::protocol::{Event, Testimony, WITNESS};

#[test]
fn a_black_box_is_a_test_that_starts_the_program() {
    let course = Course::find(Path::new(env!("CARGO_MANIFEST_DIR")));
    let course = course.unwrap_or_else(|problem| panic!("{problem}"));
    let mut complaints = Vec::new();
    let mut black_boxes = BTreeMap::new();
    for chapter in &course.chapters {
        for step in &chapter.steps {
            let is_there = |name: &&String| step.tests.iter().any(|test| test.name == **name);
            let missing = step.black_boxes.iter().find(|name| !is_there(name));
            complaints.extend(missing.map(|name| format!("{}: {name} is no test", chapter.folder)));
            let tests = step.tests.iter().filter(|test| test.is_black_box);
            black_boxes.extend(tests.map(|test| (test.name.as_str(), step.path_of(test))));
        }
    }
    let starters = starters(&course, black_boxes.values());
    let idle = black_boxes.keys().filter(|name| !starters.contains(**name));
    complaints.extend(idle.map(|name| format!("{name} does not start the program")));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Those of the tests after which the laboratory says that a program has run: the reference's. Of those that
/// this machine lacks something for it cannot be seen.
fn starters<'a>(course: &Course, tests: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("witness");
    let listener = UnixListener::bind(&socket).expect("a Unix socket");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // All solutions at once, as a plain `cargo test` builds them: for one alone, the crates that they
    // depend on may have other features, and would be built again.
    let output = Command::new(cargo)
        .current_dir(&course.root)
        .args(["test", "--quiet", "--test", "solution", "--", "--exact"])
        .args(tests.map(|test| format!("exercise::{test}")))
        .env(WITNESS, &socket)
        .output()
        .expect("cargo runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    // The test programs have connected, and have ended.
    listener.set_nonblocking(true).expect("a socket's mode");
    let mut said = String::new();
    while let Ok((mut stream, _)) = listener.accept() {
        stream.set_nonblocking(false).expect("a socket's mode");
        stream.read_to_string(&mut said).expect("lines");
    }
    let heard = said.lines().filter_map(|line| line.parse().ok());
    heard
        .filter(|said: &Testimony| matches!(said.event, Event::Program | Event::Skipped))
        .map(|said| said.test)
        .collect()
}
