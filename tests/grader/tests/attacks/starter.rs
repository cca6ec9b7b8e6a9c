//! Attacks on what the grader's starter has left open.

use std::process::Command;

use grader::report::Report;

use crate::support::{self, CHAPTER_00, Submission, test};

/// Whoever starts the grader may have files open: a shell's `exec 9>notes`, a runner's log.
#[test]
fn what_the_graders_starter_has_open_is_not_the_submissions() {
    let folder = tempfile::tempdir().expect("a folder");
    let notes = folder.path().join("notes");
    let spy = Submission::stubs(&[CHAPTER_00]).begin(
        CHAPTER_00,
        "s1_byte_order.rs",
        "pub fn put_be16",
        "let open = std::fs::read_dir(\"/proc/self/fd\").expect(\"a folder\").flatten(); \
         let open = open.filter_map(|entry| std::fs::read_link(entry.path()).ok()); \
         let notes = open.filter(|file| file.ends_with(\"notes\")).count(); \
         panic!(\"open: {notes}\");",
    );
    for level in ["bwrap", "landlock", "rlimits", "none"] {
        let out = Command::new("/bin/sh")
            .args(["-c", "exec 9>>\"$0\"; exec \"$@\""])
            .arg(&notes)
            .arg(env!("CARGO_BIN_EXE_grader"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["one", "--chapter", "00", "--format", "json"])
            .args(["--at-most", level, "--scratch"])
            .arg(support::scratch())
            .arg("--submission")
            .arg(spy.path())
            .output()
            .expect("the grader runs");
        let told = String::from_utf8_lossy(&out.stderr);
        let report: Report = serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|error| panic!("{level}: {error}: {told}"));
        let said = &test(&report, "s1_be16_is_network_order").message;
        assert!(said.contains("open: 0"), "{level}: {said}");
    }
}
