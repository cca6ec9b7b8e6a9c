//! `cargo grader export`: what students wrote, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const STEP: &str = "chapters/00-bytes-and-sockets/src/s1_byte_order.rs";

fn root() -> PathBuf {
    let mut here = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    here.nth(2).expect("the workspace").to_owned()
}

/// What a student makes of a stub.
type Change = fn(String) -> String;

/// A class in which each student hands in the stub of chapter 00's first step, changed as said.
fn class(students: &[(&str, Change)]) -> TempDir {
    let class = tempfile::tempdir().expect("a folder");
    let stub = fs::read_to_string(root().join(STEP)).expect("a stub");
    for (id, change) in students {
        let file = class.path().join("in").join(id).join(STEP);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, change(stub.clone())).expect("a file");
    }
    class
}

fn export(class: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_grader"))
        .args(["export", "--chapter", "00", "--submissions"])
        .arg(class.join("in"))
        .arg("--out")
        .arg(class.join("out"))
        .current_dir(root())
        .output()
        .expect("the grader runs")
}

#[test]
fn only_what_a_student_changed_is_compared() {
    let class = class(&[
        ("alice", |stub| stub + "\nfn mine() {}\n"),
        ("bob", |stub| stub),
        ("carol", |stub| stub.replace('\n', "\r\n") + "\n\n"),
    ]);
    let said = export(class.path());
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let words = String::from_utf8_lossy(&said.stdout);
    assert!(
        words.contains("1 of 3 students have changed a stub"),
        "{words}"
    );
    for command in ["jplag.jar -l rust --base-code", "dolos run -l rust"] {
        assert!(words.contains(command), "{words}");
    }

    let out = class.path().join("out");
    let text = |file: &str| fs::read_to_string(out.join(file)).expect(file);
    let chapter = "00-bytes-and-sockets";
    let mine = text(&format!("jplag/students/alice/{chapter}/s1_byte_order.rs"));
    assert!(mine.contains("fn mine()"));
    assert!(text(&format!("jplag/stubs/{chapter}/s1_byte_order.rs")).contains("todo!("));
    assert!(text(&format!("dolos/{chapter}/alice.rs")).contains("// s1_byte_order.rs\n"));
    assert!(text(&format!("dolos/{chapter}.stubs.rs")).contains("todo!("));
    for left_out in [
        "jplag/students/bob",
        "jplag/students/carol",
        "dolos/00-bytes-and-sockets/bob.rs",
    ] {
        assert!(!out.join(left_out).exists(), "{left_out}");
    }

    let again = export(class.path());
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is not empty"));
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed_and_the_others_are_exported() {
    let class = class(&[("alice", |stub| stub + "\n// mine\n"), ("eve", |stub| stub)]);
    let eve = class.path().join("in/eve").join(STEP);
    fs::remove_file(&eve).expect("a file");
    std::os::unix::fs::symlink("/etc/passwd", &eve).expect("a link");
    let said = export(class.path());
    assert_eq!(said.status.code(), Some(0));
    let words = String::from_utf8_lossy(&said.stdout);
    assert!(
        words.contains("eve: ") && words.contains("1 of 2"),
        "{words}"
    );
    assert!(class.path().join("out/jplag/students/alice").is_dir());
    assert!(!class.path().join("out/jplag/students/eve").exists());
}
