//! A class in which one student goes for the others and for the grader.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use grader::jail::Isolation;
use grader::report::{Report, Status};

use crate::support::{self, CHAPTER_00, Submission};
use crate::volley::{Attack, Volley};

const ATTACKS: &[Attack] = &[
    (
        "ends all that it sees",
        "use std::os::unix::process::CommandExt; std::process::Command::new(\"/bin/sh\").args([\"-c\", \
         \"for one in /proc/[0-9]*; do kill -KILL ${one#/proc/}; done; kill -KILL -1\"]).exec().to_string()",
    ),
    (
        "speaks for all tests",
        "use std::io::Write; for _ in 0..20 { \
         let table = std::fs::read_to_string(\"/proc/net/unix\").unwrap_or_default(); \
         for path in table.lines().filter_map(|line| line.split(' ').next_back()).filter(|path| path.ends_with(\"/witness\")) { \
         if let Ok(mut other) = std::os::unix::net::UnixStream::connect(path) { \
         let _ = other.write_all(b\"begins s1_be16_is_network_order\\nfailed s1_be16_is_network_order\\n\"); } } \
         std::thread::sleep(std::time::Duration::from_millis(100)); } \"done\".into()",
    ),
    (
        "takes the ports",
        "let mut all = Vec::new(); while let Ok(one) = std::net::TcpListener::bind(\"[::]:0\") { all.push(one); } \
         std::thread::sleep(std::time::Duration::from_secs(1)); format!(\"done: {}\", all.len())",
    ),
    (
        "takes away what the grader has built",
        "let _ = std::fs::remove_dir_all(\"{SCRATCH}\"); let _ = std::fs::remove_dir_all(\"{RESULTS}\"); \
         let _ = std::fs::write(\"{RESULTS}/anna/report.json\", \"{}\"); \"done\".into()",
    ),
    (
        "is the first to be ended, and the others",
        "for entry in std::fs::read_dir(\"/proc\").into_iter().flatten().flatten() { for file in [\"oom_score_adj\", \"mem\", \"comm\"] { \
         let _ = std::fs::write(entry.path().join(file), \"1000\"); } } \"done\".into()",
    ),
    (
        "fills the room",
        "let mut n = 0; while n < 100_000 && std::fs::write(std::env::temp_dir().join(n.to_string()), \"\").is_ok() { n += 1; } \
         format!(\"done: {n}\")",
    ),
];

#[test]
fn honest_students_keep_their_points_with_bwrap() {
    class(Isolation::Bwrap);
}

#[test]
fn honest_students_keep_their_points_with_landlock() {
    class(Isolation::Landlock);
}

fn class(level: Isolation) {
    if !support::has(level) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (class, results) = (folder.path().join("class"), folder.path().join("results"));
    let names = [
        ("{SCRATCH}", support::scratch().display().to_string()),
        ("{RESULTS}", results.display().to_string()),
    ];
    let hostile = Volley::of(ATTACKS, &names).submission;
    let honest = Submission::solutions(&[CHAPTER_00]);
    fs::create_dir(&class).expect("a folder");
    for (student, submission) in [
        ("anna", &honest),
        ("mallory", &hostile),
        ("nina", &honest),
        ("oscar", &hostile),
        ("paul", &honest),
    ] {
        let copied = Command::new("cp")
            .arg("-r")
            .arg(submission.path())
            .arg(class.join(student))
            .status();
        assert!(copied.is_ok_and(|status| status.success()));
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["class", "--chapter", "00", "--jobs", "2", "--submissions"])
        .arg(&class)
        .arg("--out")
        .arg(&results)
        .arg("--scratch")
        .arg(support::scratch());
    if level < Isolation::Bwrap {
        command.env("PATH", without_bwrap(folder.path()));
    }
    let out = command.output().expect("the grader runs");
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{level:?}: {} {told}", out.status);
    for student in ["anna", "mallory", "nina", "oscar", "paul"] {
        let text = fs::read(results.join(student).join("report.json")).expect("a report");
        let report: Report = serde_json::from_slice(&text).expect("a report");
        assert!(
            report.isolation.starts_with(&level.name()),
            "{}",
            report.isolation
        );
        assert_eq!(
            (report.status, &report.problem),
            (Status::Graded, &None),
            "{level:?}: {student}"
        );
        match student {
            "mallory" | "oscar" => assert_eq!(report.score, 0, "{level:?}: {student}"),
            _ => support::assert_full(&report),
        }
    }
}

/// A PATH in which bubblewrap does not work.
fn without_bwrap(folder: &Path) -> String {
    let hidden = folder.join("hidden");
    fs::create_dir(&hidden).expect("a folder");
    let bwrap = hidden.join("bwrap");
    fs::write(&bwrap, "#!/bin/sh\nexit 1\n").expect("a file");
    fs::set_permissions(&bwrap, fs::Permissions::from_mode(0o755)).expect("ours");
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{}:{path}", hidden.display())
}
