//! From reports to grades: who is in them, what lateness and decisions change, and that the same
//! reports give the same bytes.

mod fake;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fake::{NOBODY, grade, hand_in, report};
use grader::class::shards::Shard;
use grader::report::{Report, Verdict};

/// A class's folder: submissions, results, roster and grades.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Hands in and grades all of them into `results`.
    fn graded(&self, marks: &[(&str, &str)]) {
        hand_in(&self.path("in"), marks);
        grade(&self.path("in"), &self.path("results"), &|_| true, NOBODY);
    }

    /// Runs `merge` in the folder.
    fn merge(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_grader"))
            .arg("merge")
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }

    /// The rows of the grades by id, each by column.
    fn grades(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut csv = csv::Reader::from_path(self.path("grades/grades.csv")).unwrap();
        let rows = csv.deserialize().map(|row| {
            let row: BTreeMap<String, String> = row.unwrap();
            (row["id"].clone(), row)
        });
        rows.collect()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Puts a report into a folder of results of its own.
    fn put(&self, results: &str, report: &Report) {
        hand_in(&self.path("one"), &[(&report.student, "0")]);
        let folder = self.path(results);
        grade(&self.path("one"), &folder, &|_| false, NOBODY);
        let folder = folder.join(&report.student);
        std::fs::create_dir_all(&folder).unwrap();
        let text = serde_json::to_string(report).unwrap();
        std::fs::write(folder.join("report.json"), text).unwrap();
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let folders = [root.to_owned(), root.join("students")];
    let paths = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    paths
        .map(|path| {
            let name = path.strip_prefix(root).unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect()
}

const ROSTER: &str = "id,name,due,submitted_at\n\
    s4,Dora,,\n\
    s1,\"=HYPERLINK(\"\"http://x\"\")\",2026-11-01T12:00:00Z,2026-11-01T12:05:00Z\n\
    s2,Ben,2026-11-01T12:00:00Z,2026-11-03T11:00:00Z\n\
    s3,@Carla,2026-11-01T12:00:00Z,\n\
    s5,Emil,,\n";

#[test]
fn every_student_of_the_roster_has_a_row_and_missing_is_no_zero() {
    let folder = Folder::new();
    folder.graded(&[
        ("s1", "10"),
        ("s2", "9"),
        ("s3", "0"),
        ("s4", "error"),
        ("s9", "rejected"),
    ]);
    folder.write("roster.csv", ROSTER);
    let output = folder.merge(&["--results", "results", "--roster", "roster.csv"]);
    assert_eq!(code(&output), 3, "{}", told(&output));
    assert!(told(&output).contains("s4  No space left on device"));

    let text = folder.read("grades/grades.csv");
    let expected = "\
id,name,status,score,max_score,earned,days_late,late_percent,submitted_at,due,override,note,00-bytes-and-sockets
s4,Dora,grader_error,,10,,,,,,,No space left on device,
s1,\"'=HYPERLINK(\"\"http://x\"\")\",graded,10,10,10,1,,2026-11-01T12:05:00Z,2026-11-01T12:00:00Z,,,10
s2,Ben,graded,9,10,9,2,,2026-11-03T11:00:00Z,2026-11-01T12:00:00Z,,,9
s3,'@Carla,graded,0,10,0,,,,2026-11-01T12:00:00Z,,No time of submission: taken as in time.,0
s5,Emil,missing,,10,,,,,,,,
s9,,rejected,0,10,0,,,,,,\"chapters/00 is a symbolic link, and those are not followed. Not in the roster.\",
";
    assert_eq!(text, expected);

    let overview = folder.read("grades/class.md");
    for said in [
        "| graded | 3 |",
        "| missing | 1 |",
        "| grader error | 1 |",
        "Of 4 with a score: mean 47 %, median 45 %.",
        "| 100 | 1 |",
        "| `00-bytes-and-sockets` | `s1_test_9` | 2 of 3 | 2 fail |",
        "- `s4` Dora: No space left on device",
        "- `s5` Emil\n",
        "- Seed 1.",
        "- Course `c0ffee`.\n",
    ] {
        assert!(overview.contains(said), "{said} is not in\n{overview}");
    }
    let page = |id: &str| folder.read(&format!("grades/students/{id}.md"));
    assert!(page("s2").starts_with("**Score: 9 of 10**\n\n"));
    assert!(page("s4").starts_with("**No score yet**\n\n"));
    assert!(page("s5").contains("Nothing was handed in."));
}

#[test]
fn a_test_that_was_skipped_is_in_no_sum_and_class_md_says_why() {
    let folder = Folder::new();
    let mut skips = report("s1", "9", "d1");
    let chapter = &mut skips.chapters[0];
    let test = &mut chapter.tests[9];
    (test.verdict, test.max_points) = (Verdict::Skipped, 0);
    test.message = "this machine has no ::1".to_owned();
    (chapter.max_score, skips.max_score) = (9, 9);
    let mut does_not_compile = report("s2", "0", "d2");
    for test in &mut does_not_compile.chapters[0].tests {
        test.verdict = Verdict::BuildError;
    }
    for one in [&skips, &does_not_compile] {
        folder.put("results", one);
    }
    let output = folder.merge(&["--results", "results"]);
    assert_eq!(code(&output), 0, "{}", told(&output));
    let grades = folder.grades();
    assert_eq!(grades["s1"]["score"], "9");
    assert_eq!(grades["s1"]["max_score"], "9");
    assert_eq!(grades["s2"]["max_score"], "9");
    let overview = folder.read("grades/class.md");
    let row = "| `00-bytes-and-sockets` | `s1_test_9` | 1 of 2 | this machine has no ::1 |";
    assert!(overview.contains(row), "{overview}");
}

#[test]
fn a_policy_and_overrides_change_the_grades_and_nothing_runs_again() {
    let folder = Folder::new();
    folder.graded(&[("s1", "10"), ("s2", "9"), ("s3", "5"), ("s4", "error")]);
    folder.write("roster.csv", ROSTER);
    folder.write("late.toml", "percent_per_day = 10\ngrace_minutes = 10\n");
    folder.write(
        "overrides.csv",
        "id,score,due,reason\n\
         s4,7.5,,=oral test_run\n\
         s3,,2026-11-08T12:00:00Z,ill\n\
         s5,0,,\"withdrew, 3 Nov\"\n",
    );
    let before = folder.read("results/s2/report.json");
    let with = |more: &[&str]| {
        let always = [
            "--results",
            "results",
            "--roster",
            "roster.csv",
            "--late",
            "late.toml",
        ];
        let output = folder.merge(&[&always, more].concat());
        (code(&output), folder.grades())
    };
    let score =
        |grades: &BTreeMap<String, BTreeMap<String, String>>, id: &str| grades[id]["score"].clone();

    let (exit, grades) = with(&[]);
    assert_eq!(exit, 3);
    assert_eq!(
        score(&grades, "s1"),
        "10",
        "five minutes are within the grace"
    );
    assert_eq!(grades["s1"]["days_late"], "");
    assert_eq!(score(&grades, "s2"), "7.2", "two started days");
    assert_eq!(
        (&*grades["s2"]["earned"], &*grades["s2"]["late_percent"]),
        ("9", "20")
    );
    let page = folder.read("grades/students/s2.md");
    assert!(
        page.contains("2 days late, which costs 20 % of the earned points."),
        "{page}"
    );

    // Flags go before the file.
    let (_, grades) = with(&["--percent-per-day", "33", "--max-percent", "50"]);
    assert_eq!(score(&grades, "s2"), "4.5");

    let (exit, grades) = with(&["--overrides", "overrides.csv"]);
    assert_eq!(exit, 0, "the error of ours was decided by hand");
    assert_eq!(score(&grades, "s4"), "7.5");
    assert_eq!(grades["s4"]["status"], "grader_error");
    assert_eq!(
        grades["s4"]["note"],
        "'=oral test_run. No space left on device"
    );
    assert_eq!(grades["s4"]["override"], "score");
    assert_eq!(grades["s3"]["due"], "2026-11-08T12:00:00Z");
    assert_eq!(
        (&*grades["s5"]["status"], &*score(&grades, "s5")),
        ("missing", "0")
    );
    assert_eq!(folder.read("results/s2/report.json"), before);

    folder.write("overrides.csv", "id,score,reason\ns6,1,who is that\n");
    let (exit, _) = with(&["--overrides", "overrides.csv"]);
    assert_eq!(exit, 2);
}

#[test]
fn eight_shards_give_the_same_grades_as_one() {
    let folder = Folder::new();
    let marks: Vec<(String, String)> = (0..12)
        .map(|number| (format!("s{number:02}"), (number % 11).to_string()))
        .collect();
    let marks: Vec<(&str, &str)> = marks
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    folder.graded(&marks);
    let output = folder.merge(&["--results", "results", "--out", "whole"]);
    assert_eq!(code(&output), 0, "{}", told(&output));

    let parts: Vec<String> = (1..=8).map(|index| format!("part-{index}")).collect();
    for (part, index) in parts.iter().zip(1..) {
        let shard: Shard = format!("{index}/8").parse().unwrap();
        let part = folder.path(part);
        grade(&folder.path("in"), &part, &|id| shard.has(id), NOBODY);
    }
    let backwards: Vec<&str> = parts.iter().rev().map(String::as_str).collect();
    let merge_parts = |out: &str| {
        let output = folder.merge(&[&["--out", out, "--results"], &backwards[..]].concat());
        assert_eq!(code(&output), 0, "{}", told(&output));
        files(&folder.path(out))
    };
    let whole = files(&folder.path("whole"));
    assert_eq!(merge_parts("parts"), whole);
    assert_eq!(merge_parts("parts"), whole, "again into the same folder");
    assert_eq!(whole.len(), 2 + 12);
}

#[test]
fn a_shard_that_is_not_there_makes_nobody_missing() {
    let folder = Folder::new();
    hand_in(&folder.path("in"), &[("s1", "10"), ("s2", "9")]);
    let results = folder.path("results");
    grade(&folder.path("in"), &results, &|id| id == "s1", NOBODY);
    let output = folder.merge(&["--results", "results"]);
    assert_eq!(code(&output), 3);
    let grades = folder.grades();
    assert_eq!(grades["s2"]["status"], "grader_error");
    assert_eq!(grades["s2"]["score"], "");
    assert!(grades["s2"]["note"].contains("its shard is not among the results"));
}

#[test]
fn of_two_reports_the_one_that_stands_counts_unless_their_inputs_differ() {
    let folder = Folder::new();
    folder.put("a", &report("s1", "error", "same"));
    folder.put("b", &report("s1", "8", "same"));
    let newer = Report {
        graded_at: "2026-11-21T08:00:00Z".to_owned(),
        ..report("s1", "error", "same")
    };
    folder.put("c", &newer);
    for order in [["a", "b", "c"], ["c", "b", "a"]] {
        let output = folder.merge(&[&["--results"], &order[..]].concat());
        assert_eq!(code(&output), 0, "{}", told(&output));
        assert_eq!(folder.grades()["s1"]["score"], "8");
    }

    folder.put("d", &report("s1", "9", "other"));
    let output = folder.merge(&["--results", "a", "b", "d"]);
    assert_eq!(code(&output), 2);
    let told = told(&output);
    assert!(told.contains("s1 has two reports of different submissions or settings"));
    assert!(
        told.contains("b/s1/report.json") && told.contains("d/s1/report.json"),
        "{told}"
    );
}

#[test]
fn pages_of_students_who_are_gone_go_and_a_strange_folder_is_left_alone() {
    let folder = Folder::new();
    folder.graded(&[("s1", "10"), ("s2", "9")]);
    assert_eq!(code(&folder.merge(&["--results", "results"])), 0);
    folder.write("grades/students/s3.md", "from last year");
    folder.write("grades/students/notes.txt", "mine");
    assert_eq!(code(&folder.merge(&["--results", "results"])), 0);
    assert!(!folder.path("grades/students/s3.md").exists());
    assert!(folder.path("grades/students/notes.txt").exists());

    let output = folder.merge(&["--results", "results", "--out", "in"]);
    assert_eq!(code(&output), 2);
    assert!(told(&output).contains("in is not empty, and has no grades.csv"));
    let output = folder.merge(&["--results", "in"]);
    assert!(told(&output).contains("in has no class.json"));
}
