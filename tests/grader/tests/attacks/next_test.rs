//! Attacks by one test on the next, which runs in the same jail: what it leaves, and what it does to the
//! process that starts both.

use grader::jail::Isolation;
use grader::report::Verdict;
use grader::settings::{Limits, Settings};

use crate::support::{self, CHAPTER_00, settings};
use crate::volley::{Attack, Volley};

/// In order: each one that leaves something is followed by one that looks for it.
const ATTACKS: &[Attack] = &[
    (
        "leaves files",
        "let mut left = 0; for folder in [\"/tmp\", \"/dev/shm\", &std::env::temp_dir().to_string_lossy()] { \
         left += i32::from(std::fs::write(format!(\"{folder}/loopback-left\"), test()).is_ok()); } \
         format!(\"done: {left}\")",
    ),
    (
        "finds files",
        "let folders = [\"/tmp\".to_owned(), \"/dev/shm\".to_owned(), std::env::temp_dir().to_string_lossy().into_owned()]; \
         match folders.iter().find(|folder| std::fs::read(format!(\"{folder}/loopback-left\")).is_ok()) { \
         Some(folder) => format!(\"done: {folder}\"), None => \"refused\".into() }",
    ),
    (
        "leaves a process",
        "run(\"/usr/bin/setsid\", &[\"--fork\", \"sleep\", \"1000\"])",
    ),
    (
        "closes its room",
        "let closed = [\"/tmp\", \"/dev/shm\"].map(|folder| { use std::os::unix::fs::PermissionsExt; \
         std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0)).is_ok() }); format!(\"{closed:?}\")",
    ),
    (
        "has room",
        "said(std::fs::write(std::env::temp_dir().join(\"mine\"), \"x\"))",
    ),
    (
        "looks into the supervisor",
        "let parent = format!(\"/proc/{}\", std::os::unix::process::parent_id()); \
         let files = [\"mem\", \"environ\", \"fd/0\", \"fd/1\"]; \
         match files.iter().find(|file| std::fs::File::open(format!(\"{parent}/{file}\")).is_ok()) { \
         Some(file) => format!(\"done: {file}\"), None => \"refused\".into() }",
    ),
    (
        "writes to the supervisor",
        "let parent = format!(\"/proc/{}\", std::os::unix::process::parent_id()); \
         let open = |file: &&&str| std::fs::OpenOptions::new().write(true).open(format!(\"{parent}/{file}\")).is_ok(); \
         match [\"mem\", \"fd/0\", \"fd/1\", \"oom_score_adj\"].iter().find(|file| open(file)) { \
         Some(file) => format!(\"done: {file}\"), None => \"refused\".into() }",
    ),
    (
        "limits the supervisor",
        "let parent = std::os::unix::process::parent_id().to_string(); \
         run(\"/usr/bin/prlimit\", &[\"--nofile=3\", \"--pid\", &parent])",
    ),
    (
        "stops the supervisor",
        "let parent = std::os::unix::process::parent_id().to_string(); \
         run(\"/bin/sh\", &[\"-c\", &format!(\"kill -STOP {parent}; kill -KILL {parent}; kill -0 {parent}\")]); \
         \"done\".into()",
    ),
    ("lives after all", "\"done\".into()"),
];

#[test]
fn nothing_of_a_test_reaches_the_next() {
    for level in [Isolation::Bwrap, Isolation::Landlock] {
        if !support::has(level) {
            continue;
        }
        let volley = Volley::of(ATTACKS, &[]);
        let report = volley.strikes(&Settings {
            at_most: level,
            ..settings(&[CHAPTER_00])
        });
        let said = |attack: &str| volley.hit(&report, attack).said;
        let files = said("leaves files");
        let least = if level == Isolation::Bwrap {
            "done: 3"
        } else {
            "done: 1"
        };
        assert_eq!(files, least, "{level:?}");
        for attack in [
            "finds files",
            "leaves a process",
            "looks into the supervisor",
            "writes to the supervisor",
            "limits the supervisor",
        ] {
            let said = said(attack);
            assert!(said.starts_with("refused"), "{level:?}: {attack}: {said}");
        }
        assert_eq!(said("has room"), "done", "{level:?}");
        assert_eq!(said("lives after all"), "done", "{level:?}");
    }
}

/// In order: the first goes on while the others run, and looks for the sockets on which their laboratories are
/// awaited.
const THIEF: &[Attack] = &[
    (
        "connects first",
        "use std::io::Write; let own = std::env::var(\"NETLAB_WITNESS\").unwrap_or_default(); let mut others = 0; \
         for _ in 0..150 { \
         let table = std::fs::read_to_string(\"/proc/net/unix\").unwrap_or_default(); \
         let paths = table.lines().filter_map(|line| line.split(' ').next_back()); \
         for path in paths.filter(|path| path.ends_with(\"/witness\") && *path != own) { \
         if let Ok(mut other) = std::os::unix::net::UnixStream::connect(path) { \
         let _ = other.write_all(b\"begins s1\\nfailed s1\\n\"); others += 1; } } \
         std::thread::sleep(std::time::Duration::from_millis(20)); } format!(\"done: {others}\")",
    ),
    ("a neighbour", BESIDE),
    ("another", BESIDE),
    ("a third", BESIDE),
];

const BESIDE: &str = "std::thread::sleep(std::time::Duration::from_millis(300)); \"done\".into()";

#[test]
fn a_test_that_sleeps_speaks_for_no_other() {
    if !support::has(Isolation::Landlock) {
        return;
    }
    let volley = Volley::of(THIEF, &[]);
    let report = volley.strikes(&Settings {
        at_most: Isolation::Landlock,
        limits: Limits {
            patience: 2.0,
            ..Limits::default()
        },
        ..settings(&[CHAPTER_00])
    });
    let others = volley.hit(&report, "connects first").said;
    assert!(
        others.starts_with("done: ") && others != "done: 0",
        "{others}"
    );
    for (neighbour, _) in &THIEF[1..] {
        let hit = volley.hit(&report, neighbour);
        let said = (hit.verdict, hit.said.as_str());
        assert_eq!(
            said,
            (Verdict::Fail, "done"),
            "{neighbour}: {}",
            hit.message
        );
    }
}
