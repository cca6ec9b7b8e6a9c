//! A course's copy for a class: made in a folder outside the course, and tried.
#![allow(dead_code)] // each test program uses a part

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

pub fn root() -> PathBuf {
    let mut here = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    here.nth(2).expect("the workspace").to_owned()
}

pub fn scratch() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// `cargo grader handout` in this course.
pub fn handout(course: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_grader"))
        .current_dir(course)
        .arg("handout")
        .args(arguments)
        .output()
        .expect("the grader runs")
}

pub fn shown(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[track_caller]
pub fn succeeds(output: &Output) {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
}

/// cargo in a copy, without a network.
pub fn cargo(dir: &Path, target: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .current_dir(dir)
        .args(arguments)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_NET_OFFLINE", "true")
        // Nothing is built twice here.
        .env("CARGO_INCREMENTAL", "0")
        .output()
        .expect("cargo runs")
}
