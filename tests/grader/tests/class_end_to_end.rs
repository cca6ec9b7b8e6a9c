//! The command `class` on a small class with the real grader: one run, and the same class in three
//! shards of which one was killed in the middle, come to the same.
#![cfg(unix)]

mod support;
#[allow(dead_code)] // some of it is for measuring alone
mod synthetic;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use course::Course;
use grader::class::shards::Shard;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use synthetic::Maker;

#[test]
fn shards_one_of_them_killed_come_to_the_same_as_one_run() {
    let dir = tempfile::tempdir().unwrap();
    let class = Class {
        dir: dir.path(),
        course: Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .unwrap(),
    };
    class.use_what_is_built();
    let students = class.hand_in();

    class.run(&["--seed", "7", "--out", "whole"]);
    let merged = class.merge("whole-grades", &["whole"]);

    let parts: Vec<String> = (1..=3).map(|index| format!("part-{index}")).collect();
    for (part, index) in parts.iter().zip(1..) {
        let shard = format!("{index}/3");
        let parsed: Shard = shard.parse().unwrap();
        let of_this = students.iter().filter(|id| parsed.has(id)).count();
        match of_this == 3 {
            true => class.run_killed(&shard, part),
            false => class.run(&["--seed", "7", "--shard", &shard, "--out", part]),
        }
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    for part in &parts {
        for (path, report) in class.files(part) {
            let whole = class.files("whole");
            assert_eq!(Some(&report), whole.get(&path), "{}", path.display());
        }
    }
    assert_eq!(class.merge("parts-grades", &parts), merged);

    // Where the jail does not part them, they had no neighbours.
    let alone = "one submission at a time";
    let mut seen = 0;
    for (path, report) in class.files("whole") {
        if let Some((_, isolation)) = report.split_once("\"isolation\":\"") {
            let is_parted = isolation.starts_with("bwrap");
            assert_ne!(is_parted, report.contains(alone), "{}", path.display());
            seen += 1;
        }
    }
    assert_eq!(seen, students.len());

    // The points are what they should be, too.
    let grades = &merged[Path::new("grades.csv")];
    let score = |id: &str| {
        let row = grades.lines().find(|line| line.starts_with(id)).unwrap();
        row.split(',').nth(3).unwrap().to_owned()
    };
    let full = score(&students[0]);
    assert!(full.parse::<u32>().unwrap() > 10);
    assert_eq!(score(&students[1]), "0");
    for other in &students[2..] {
        let score: u32 = score(other).parse().unwrap();
        assert!(
            score > 0 && score < full.parse().unwrap(),
            "{other}: {score}"
        );
    }
}

struct Class<'a> {
    dir: &'a Path,
    course: &'a Path,
}

impl Class<'_> {
    /// What does not depend on a submission is built once for all tests of the grader.
    fn use_what_is_built(&self) {
        let worker = support::prepared(&support::settings(&[support::CHAPTER_00]));
        drop(worker);
        std::fs::create_dir(self.dir.join("scratch")).unwrap();
        for entry in std::fs::read_dir(support::scratch()).unwrap().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with("built-") {
                let link = self.dir.join("scratch").join(name);
                std::os::unix::fs::symlink(entry.path(), link).unwrap();
            }
        }
    }

    /// Four submissions of chapter 00, three of them in one shard of three. Returns their ids.
    fn hand_in(&self) -> Vec<String> {
        let third: Shard = "3/3".parse().unwrap();
        let ids = (0..).map(|number| format!("s{number:03}"));
        let (mut inside, mut outside): (Vec<_>, Vec<_>) =
            ids.take(40).partition(|id| third.has(id));
        inside.truncate(3);
        outside.truncate(1);
        let mut students = [inside, outside].concat();
        students.sort();

        let course = Course::load(self.course).unwrap();
        let maker = Maker::new(&course, &["00"]).unwrap();
        let submissions = [
            maker.solution(),
            maker.untouched(),
            maker.half(0),
            maker.wrong_named("adds-without-care"),
        ];
        for (student, submission) in students.iter().zip(submissions) {
            let folder = self.dir.join("in").join(student);
            submission.unwrap().put(&folder).unwrap();
        }
        students
    }

    fn command(&self, arguments: &[&str]) -> Command {
        // Whoever keeps his files to himself grades like everybody else.
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "umask 077; exec \"$@\"", "sh"])
            .arg(env!("CARGO_BIN_EXE_grader"))
            .args(["class", "--submissions", "in", "--scratch", "scratch"])
            .args(["--chapter", "00", "--jobs", "1", "--course"])
            .arg(self.course)
            .args(arguments)
            .current_dir(self.dir)
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) {
        let output = self.command(arguments).output().unwrap();
        let told = [&output.stdout[..], &output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        // A shard that nobody is in has nothing to do, and that is no error.
        assert!(output.status.success(), "{arguments:?}\n{told}");
    }

    /// Ends a run with Ctrl-C when its first student is done, and the next one with SIGKILL when its
    /// second is; then lets it come to its end.
    fn run_killed(&self, shard: &str, out: &str) {
        let seed = ["--seed", "7", "--shard", shard, "--out", out];
        let (mut child, mut lines) = self.until(&seed, "[1/3]");
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(lines.any(|line| line.starts_with("Stopped. The reports that are there stay")));
        #[cfg(target_os = "linux")]
        self.nobody_lives();

        let (mut child, _lines) = self.until(&seed, "[2/3]");
        child.kill().unwrap();
        child.wait().unwrap();
        #[cfg(target_os = "linux")]
        self.nobody_lives();

        // The seed is the earlier one's.
        self.run(&["--shard", shard, "--out", out]);
    }

    /// Starts a run and waits for a line of its progress.
    fn until(&self, arguments: &[&str], begin: &str) -> (Child, impl Iterator<Item = String>) {
        let mut child = self
            .command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = child.stderr.take().unwrap();
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
        let found = lines.find(|line| line.starts_with(begin));
        assert!(found.is_some(), "the run ended early");
        (child, lines)
    }

    /// Our death takes with it what we have started. The kernel needs a moment for that.
    #[cfg(target_os = "linux")]
    fn nobody_lives(&self) {
        let scratch = self.dir.join("scratch").display().to_string();
        let living = || {
            let entries = std::fs::read_dir("/proc").unwrap();
            let lines =
                entries.filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
            let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
            lines
                .filter(|line| line.contains(&scratch))
                .collect::<Vec<_>>()
        };
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while !living().is_empty() {
            assert!(std::time::Instant::now() < deadline, "{:?}", living());
            std::thread::yield_now();
        }
    }

    /// Merges, and returns what came of it without what may differ.
    fn merge(&self, out: &str, results: &[&str]) -> BTreeMap<PathBuf, String> {
        let status = Command::new(env!("CARGO_BIN_EXE_grader"))
            .args(["merge", "--out", out, "--results"])
            .args(results)
            .current_dir(self.dir)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        self.files(out)
    }

    /// Files by path, without times and without the ports that the kernel chose.
    fn files(&self, folder: &str) -> BTreeMap<PathBuf, String> {
        let root = self.dir.join(folder);
        let mut files = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let text = match path.extension().is_some_and(|end| end == "json") {
                    true => without_times(serde_json::from_str(&text).unwrap()).to_string(),
                    false => text,
                };
                let lines = text.lines().map(|line| match line.split_once(", graded ") {
                    Some((line, _)) => line.to_owned(),
                    None => without_ports(line),
                });
                let name = path.strip_prefix(&root).unwrap().to_owned();
                files.insert(name, lines.collect::<Vec<_>>().join("\n"));
            }
        }
        files
    }
}

/// The only fields that may differ between two runs of the same input. On a busy machine a test may
/// have passed at its second try, which its message says.
fn without_times(mut json: Value) -> Value {
    match &mut json {
        Value::Object(fields) => {
            let passes = fields
                .get("verdict")
                .is_some_and(|verdict| verdict == "pass");
            fields.retain(|name, _| {
                name != "ms" && name != "graded_at" && !(passes && name == "message")
            });
            for value in fields.values_mut() {
                *value = without_times(value.take());
            }
        }
        Value::Array(values) => {
            for value in values {
                *value = without_times(value.take());
            }
        }
        _ => {}
    }
    json
}

/// `127.0.0.1:40017` is `127.0.0.1:*`.
fn without_ports(line: &str) -> String {
    let mut parts = line.split(':');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_port = part.len() - rest.len() >= 4;
        text.push(':');
        text.push_str(if is_port { "*" } else { "" });
        text.push_str(if is_port { rest } else { part });
    }
    text
}
