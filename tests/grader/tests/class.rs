//! A class run with a quick grader: what is kept, what is done again, and what a `kill -9` leaves.

mod fake;
#[path = "support/skip.rs"]
mod skip;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use fake::{NOBODY, grade, hand_in};
use grader::class::shards::Shard;
use skip::skip;

const MARKS: [(&str, &str); 12] = [
    ("s01", "10"),
    ("s02", "0"),
    ("s03", "5"),
    ("s04", "7"),
    ("s05", "9"),
    ("s06", "10"),
    ("s07", "rejected"),
    ("s08", "3"),
    ("s09", "10"),
    ("s10", "1"),
    ("s11", "2"),
    ("s12", "8"),
];

const ALL: &dyn Fn(&str) -> bool = &|_| true;

/// All files below a folder, with their contents.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_owned();
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

#[test]
fn a_second_run_grades_only_what_is_new() {
    static GRADED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let graded: fn(&str) = |student| GRADED.lock().unwrap().push(student.to_owned());
    let taken = || {
        let mut graded = std::mem::take(&mut *GRADED.lock().unwrap());
        graded.sort();
        graded
    };
    let dir = tempfile::tempdir().unwrap();
    let (submissions, results) = (dir.path().join("in"), dir.path().join("out"));
    hand_in(&submissions, &MARKS);
    hand_in(&submissions, &[("s12", "error")]);

    let outcome = grade(&submissions, &results, ALL, graded);
    assert_eq!(taken().len(), 12);
    assert_eq!((outcome.graded, outcome.rejected), (11, 1));
    assert_eq!(
        outcome.errors,
        [("s12".to_owned(), "No space left on device".to_owned())]
    );
    assert!(!outcome.is_complete());

    // An error of ours is tried again, and so is a submission that has changed.
    hand_in(&submissions, &[("s03", "6")]);
    let outcome = grade(&submissions, &results, ALL, graded);
    assert_eq!(taken(), ["s03", "s12"]);
    assert_eq!((outcome.graded, outcome.from_earlier), (11, 10));

    hand_in(&submissions, &[("s12", "8")]);
    let outcome = grade(&submissions, &results, ALL, graded);
    assert_eq!(taken(), ["s12"]);
    assert!(outcome.is_complete());
    assert!(results.join("s12/report.md").exists());

    // A report that is half there does not count, whoever has cut it.
    let report = results.join("s01/report.json");
    let whole = std::fs::read(&report).unwrap();
    std::fs::write(&report, &whole[..whole.len() / 2]).unwrap();
    grade(&submissions, &results, ALL, graded);
    assert_eq!(taken(), ["s01"]);
    assert_eq!(std::fs::read(&report).unwrap(), whole);
}

#[test]
fn a_mistake_of_ours_over_one_student_stops_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (submissions, results) = (dir.path().join("in"), dir.path().join("out"));
    hand_in(&submissions, &MARKS);
    hand_in(&submissions, &[("s02", "panic"), ("s05", "panic")]);
    let outcome = grade(&submissions, &results, ALL, NOBODY);
    assert_eq!((outcome.graded, outcome.left), (10, 0));
    let named: Vec<_> = outcome.errors.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(named, ["s02", "s05"]);
    let said = &outcome.errors[0].1;
    assert!(said.contains("a mistake of ours over s02"), "{said}");
    let report = grader::class::store::load(&results.join("s02/report.json")).unwrap();
    assert_eq!(report.status, grader::report::Status::GraderError);
}

/// Says in which folder another process of this test binary grades the class, and how.
const FOLDER: &str = "LOOPBACK_TEST_CLASS";

/// Starts this test binary once more, to do what `helper` does.
fn other_process(program: &str, arguments: &[&str], helper: &str, folder: &Path) -> Child {
    Command::new(program)
        .args(arguments)
        .args([helper, "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn this_binary() -> String {
    std::env::current_exe().unwrap().display().to_string()
}

#[test]
#[ignore = "runs in a process of its own, which the next test kills"]
fn helper_that_is_killed() {
    let Some(dir) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let graded: fn(&str) = |student| {
        if student == "s08" {
            // As if the kill came while this report was written.
            let folder = std::env::var_os(FOLDER).map(PathBuf::from).unwrap();
            let folder = folder.join("killed").join(student);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(".half-x1y2z3"), "{\"schema\": \"loop").unwrap();
            println!("\nready to be killed");
            std::io::stdout().flush().unwrap();
            loop {
                std::thread::park();
            }
        }
    };
    // The first seven of them are done by then: there are two workers, and one of them waits.
    let first: &dyn Fn(&str) -> bool = &|student| student <= "s08";
    grade(&dir.join("in"), &dir.join("killed"), first, graded);
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_happened() {
    let dir = tempfile::tempdir().unwrap();
    let submissions = dir.path().join("in");
    hand_in(&submissions, &MARKS);

    let mut child = other_process(&this_binary(), &[], "helper_that_is_killed", dir.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap() == "ready to be killed"),
        "the helper ended early"
    );
    child.kill().unwrap();
    child.wait().unwrap();

    let killed = dir.path().join("killed");
    let left = files(&killed);
    assert!(left.contains_key(Path::new("s08/.half-x1y2z3")));
    assert!(!left.contains_key(Path::new("s08/report.json")));

    let outcome = grade(&submissions, &killed, ALL, NOBODY);
    assert!(
        outcome.is_complete() && outcome.from_earlier >= 6,
        "{outcome:?}"
    );
    let whole = dir.path().join("whole");
    grade(&submissions, &whole, ALL, NOBODY);
    assert_eq!(files(&killed), files(&whole));
}

#[test]
fn shards_make_the_same_reports_as_one_run() {
    let dir = tempfile::tempdir().unwrap();
    let submissions = dir.path().join("in");
    hand_in(&submissions, &MARKS);
    let whole = dir.path().join("whole");
    grade(&submissions, &whole, ALL, NOBODY);
    let together = dir.path().join("together");
    for index in 1..=8 {
        let shard: Shard = format!("{index}/8").parse().unwrap();
        grade(&submissions, &together, &|id| shard.has(id), NOBODY);
    }
    assert_eq!(files(&together), files(&whole));
}

#[test]
#[ignore = "runs where the disk is full"]
fn helper_on_a_full_disk() {
    let Some(dir) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let results = dir.join("disk/results");
    let fill = |left: usize| {
        // Pages of 4096 bytes; the last ones do not fit.
        let mut file = std::fs::File::create(dir.join("disk/filler")).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length - 4096 * left as u64).unwrap();
    };
    grade(&dir.join("in"), &results, &|id| id == "s01", NOBODY);
    fill(1);
    let outcome = grade(&dir.join("in"), &results, ALL, NOBODY);
    println!("\n{outcome:?}");
    let disk = dir.join("disk");
    let ends = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_grader"))
            .current_dir(&disk)
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        println!(
            "\n{} ends with {:?}: {said}",
            arguments[0],
            output.status.code()
        );
    };
    let course = env!("CARGO_MANIFEST_DIR");
    ends(&[
        "class",
        "--submissions",
        "../in",
        "--out",
        "other",
        "--course",
        course,
    ]);
    ends(&["merge", "--results", "results"]);
    std::fs::remove_file(dir.join("disk/filler")).unwrap();
    let outcome = grade(&dir.join("in"), &results, ALL, NOBODY);
    println!("\nwith room: {} graded", outcome.graded);
}

/// bubblewrap mounts a small file system that only the helper sees.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_our_failure_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    hand_in(&dir.path().join("in"), &MARKS);
    std::fs::create_dir(dir.path().join("disk")).unwrap();
    let disk = dir.path().join("disk").display().to_string();
    let small_disk = ["--dev-bind", "/", "/", "--size", "262144", "--tmpfs", &disk];
    let can_mount = Command::new("bwrap")
        .args(small_disk)
        .arg("true")
        .output()
        .is_ok_and(|output| output.status.success());
    if !can_mount {
        return skip("there is no bubblewrap here, or it may not mount anything");
    }
    let this = this_binary();
    let arguments: Vec<&str> = small_disk.into_iter().chain([this.as_str()]).collect();
    let child = other_process("bwrap", &arguments, "helper_on_a_full_disk", dir.path());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    for said in [
        "No space left on device",
        "graded: 1, from_earlier: 1",
        "stopped: Some(\"Cannot write",
        "class ends with Some(3): error: Cannot write other/class.json",
        "merge ends with Some(3): error: Cannot write grades/grades.csv",
        "with room: 12 graded",
    ] {
        assert!(told.contains(said), "{said} is not in {told}");
    }
}
