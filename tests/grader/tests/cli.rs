//! The command line: what it says to a person who has mistyped, and its exit codes.

use std::path::Path;
use std::process::{Command, Output};

fn grader(dir: &Path, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_grader"))
        .args(arguments.split_whitespace())
        .current_dir(dir)
        .output()
        .unwrap()
}

/// The course that this test belongs to.
fn course() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap().display().to_string()
}

/// Runs it, and takes it for granted that it refuses.
fn refused(dir: &Path, arguments: &str) -> String {
    let output = grader(dir, arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments}\n{told}");
    assert!(told.starts_with("error: "), "{told}");
    told
}

#[test]
fn a_class_is_refused_with_words_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let class = |arguments: &str| refused(dir, &format!("class {arguments} --course {}", course()));
    std::fs::create_dir(dir.join("in")).unwrap();

    assert!(class("--submissions gone").contains("Cannot read the submissions in gone"));
    assert!(class("--submissions in").contains("in holds no submission"));
    std::fs::create_dir_all(dir.join("in/s1/chapters")).unwrap();
    assert!(class("--submissions in --chapter 77").contains("There is no chapter \"77\""));
    assert!(class("--submissions in --roster gone.csv").contains("Cannot read gone.csv"));
    std::fs::write(dir.join("latin1.csv"), b"id,name\ns1,Ren\xe9e\n").unwrap();
    assert!(
        class("--submissions in --roster latin1.csv").contains("latin1.csv:2: this is not UTF-8")
    );
    std::fs::write(dir.join("twice.csv"), "id\ns1\nS1\n").unwrap();
    assert!(
        class("--submissions in --roster twice.csv").contains("differ only in upper and lower")
    );
    assert!(class("--submissions in --shard 1/2").contains("A shard needs --seed"));
    assert!(class("--submissions in --shard 1/2 --seed 1 --fresh").contains("the other shards"));
    assert!(
        class("--submissions in --out in/results").contains("cannot stand among the submissions")
    );
    assert!(!dir.join("results").exists());

    std::fs::create_dir_all(dir.join("old/s1")).unwrap();
    std::fs::write(dir.join("old/s1/report.json"), "{}").unwrap();
    assert!(class("--submissions in --out old").contains("no class.json"));
}

#[test]
fn wrong_usage_ends_with_2_as_well() {
    let here = Path::new(".");
    for arguments in [
        "plan --shards 0",
        "plan --shards 257",
        "class",
        "merge",
        "what",
        "class --shard 9/8",
    ] {
        let output = grader(here, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments}");
    }
    let output = grader(here, "plan");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("--shards <N>"), "{told}");
}

#[test]
fn a_plan_leaves_out_shards_that_nobody_is_in() {
    let dir = tempfile::tempdir().unwrap();
    for student in ["s1", "s2", "s3"] {
        std::fs::create_dir_all(dir.path().join("in").join(student)).unwrap();
    }
    let plan = |arguments: &str| {
        let output = grader(dir.path(), arguments);
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let all = plan("plan --shards 256");
    assert_eq!(all.lines().count(), 256);
    let taken = plan("plan --shards 256 --submissions in");
    assert_eq!(taken.lines().count(), 3, "{taken}");
    let json = plan("plan --shards 256 --submissions in --format github");
    let matrix: serde_json::Value = serde_json::from_str(&json).unwrap();
    let lines: Vec<_> = taken.lines().collect();
    assert_eq!(matrix["shard"], serde_json::json!(lines));
}

#[test]
fn help_gives_an_example_for_each_command() {
    let help = |arguments: &str| {
        let output = grader(Path::new("."), arguments);
        String::from_utf8(output.stdout).unwrap()
    };
    let all = help("--help");
    let commands = all.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .map_while(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(
        commands.contains(&"class") && commands.contains(&"merge"),
        "{all}"
    );
    for command in commands {
        let told = help(&format!("{command} --help"));
        assert!(
            told.contains(&format!("  cargo grader {command} "))
                || told.contains(&format!("$(cargo grader {command} ")),
            "{command} has no example:\n{told}"
        );
    }
}
