//! One submission: what it is worth.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use grader::jail::Isolation;
use grader::report::{Report, Status, Tier, Verdict, Visibility};
use grader::settings::{Seed, Settings};
use grader::submission::collect::collect;
use grader::submission::look;

use support::{
    CHAPTER_00, Submission, assert_full, chapter, course, grade, hasty, prepared, scratch,
    settings, test,
};

/// A chapter with a program that is also linked to the reference's frames.
const CHAPTER_03: &str = "03-concurrent-server";

const CHAPTER_02: &str = "02-tcp-echo";

const TWO: [&str; 2] = [CHAPTER_00, CHAPTER_03];

#[test]
fn solutions_get_every_point() {
    let report = grade(&Submission::solutions(&TWO), &settings(&TWO));
    assert_full(&report);
    assert_eq!(report.status, Status::Graded);
    let course = course();
    let skipped = support::skipped(&report);
    for (one, folder) in report.chapters.iter().zip(TWO) {
        let points: u32 = chapter(&course, folder)
            .required_tests()
            .filter(|(_, test)| !skipped.contains(&test.name.as_str()))
            .map(|(_, test)| test.points)
            .sum();
        assert_eq!((one.chapter.as_str(), one.max_score), (folder, points));
    }
    // In a jail that refuses them namespaces.
    if report.isolation.contains("landlock") {
        let lack = [
            "s6_close_wakes_accept_when_nobody_can_connect",
            "s9_the_first_address_that_works_is_taken",
            "s9_an_unknown_host_is_exit_1",
        ];
        assert_eq!(skipped, lack);
    }
    let program = test(&report, "s9_a_taken_port_is_exit_1");
    assert_eq!(program.tier, Tier::BlackBox);
    assert_eq!(program.number, "3.9");
}

/// A program that looks at the process that judges it, and prints 1060 if it is refused. Its library has words by
/// which one knows it.
#[cfg(target_os = "linux")]
fn spy() -> Submission {
    Submission::stubs(&[CHAPTER_02])
        .begin(
            CHAPTER_02,
            "s6_talk.rs",
            "pub fn parse_args",
            "if args.len() > 1000 { panic!(\"a line of the student's\") }",
        )
        .with(
            &format!("chapters/{CHAPTER_02}/src/main.rs"),
            r#"fn main() {
                if std::env::args().nth(1).as_deref() != Some("--help") {
                    return;
                }
                let judge = format!("/proc/{}", std::os::unix::process::parent_id());
                let reads = ["exe", "mem", "maps", "environ", "cmdline"];
                let is_read = |name: &&str| std::fs::File::open(format!("{judge}/{name}")).is_ok();
                let memory = std::fs::OpenOptions::new().write(true).open(format!("{judge}/mem"));
                match reads.iter().any(is_read) || memory.is_ok() {
                    true => println!("seen"),
                    false => println!("1060"),
                }
            }"#,
        )
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_judges_a_program_holds_no_line_of_the_students() {
    if !support::has(Isolation::Landlock) {
        return;
    }
    let folder = hidden_of(
        CHAPTER_02,
        "black_boxes = [\"s1_secret\"]\nblack_box_points = 5\n",
        r#"
        const PROGRAM: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

        #[test]
        fn s1_secret() {
            netlab::lab(|lab| {
                let _ = tcp_echo::parse_args as fn(&_) -> _;
                let judge = std::fs::read("/proc/self/exe").expect("the judge");
                let own = ["a line of", "the student's"].join(" ");
                let holds = judge.windows(own.len()).any(|words| words == own.as_bytes());
                lab.same("words of the answer in its judge", holds, false);
                let output = lab.output(PROGRAM, &["--help"], "");
                lab.same_bytes("the help", &output.stdout, b"1060\n");
            });
        }
        "#,
    );
    let with_hidden = Settings {
        hidden: Some(folder.path().to_owned()),
        // Peers wait for a client that this program never is.
        ..hasty(&[CHAPTER_02])
    };
    let report = grade(&spy(), &with_hidden);
    let [help, secret] = ["s6_help_shows_1060", "s1_secret"].map(|name| {
        let test = test(&report, name);
        assert_eq!(test.verdict, Verdict::Pass, "{}", test.output);
        assert_eq!(test.tier, Tier::BlackBox);
        test.points
    });
    assert_eq!((secret, report.score), (5, help + secret));
}

/// An instructor who looks at a place in every answer soon looks at none.
#[test]
fn of_a_reference_answer_nothing_is_shown_to_a_person() {
    let course = course();
    let folders: Vec<&str> = course.chapters.iter().map(|one| &*one.folder).collect();
    let answers = Submission::solutions(&folders);
    let answers = collect(answers.path(), &folders).expect("they can be graded");
    let stubs = collect(&course.root, &folders).expect("they can be graded");
    for chapter in &course.chapters {
        let (answer, stub) = (&answers[&chapter.folder], &stubs[&chapter.folder]);
        let found = look::at(&chapter.dir(), answer, stub, &chapter.answers_use);
        assert_eq!(found, []);
        let all = look::at(&chapter.dir(), answer, stub, &[]);
        let used: BTreeSet<_> = all.into_iter().map(|one| one.word).collect();
        assert_eq!(used, BTreeSet::from_iter(chapter.answers_use.clone()));
    }
}

#[test]
fn stubs_get_none_and_a_chapter_that_is_missing_neither() {
    let stubs = Submission::stubs(&[CHAPTER_00]);
    let report = grade(&stubs, &settings(&TWO));
    assert_eq!((report.status, report.score), (Status::Graded, 0));
    for (chapter, test) in report.tests() {
        match chapter.chapter.as_str() {
            CHAPTER_03 => {
                assert_eq!(test.verdict, Verdict::Missing);
                assert!(test.message.ends_with("was not handed in"));
            }
            _ => {
                assert_eq!(test.verdict, Verdict::Fail, "{}: {}", test.id, test.message);
                assert!(test.message.starts_with("to do: "), "{}", test.message);
                assert!(test.output.contains("  to do     "), "{}", test.output);
            }
        }
    }
}

#[test]
fn half_the_steps_get_exactly_their_points_every_time() {
    let half = Submission::stubs(&[CHAPTER_00])
        .solves(CHAPTER_00, "s1_byte_order.rs")
        .solves(CHAPTER_00, "s2_reader.rs");
    let course = course();
    let points: u32 = chapter(&course, CHAPTER_00).steps[..2]
        .iter()
        .map(|step| step.points())
        .sum();
    let runs = [(); 2].map(|()| {
        let report = grade(&half, &settings(&[CHAPTER_00]));
        assert_eq!(report.score, points);
        for (_, test) in report.tests() {
            let is_done = test.id.starts_with("s1_") || test.id.starts_with("s2_");
            assert_eq!(test.verdict.is_pass(), is_done, "{}", test.id);
        }
        without_chance(report)
    });
    assert_eq!(runs[0], runs[1]);
}

/// Two runs of one submission differ in times, and in the ports that the kernel gives out, which stand
/// in the stories.
fn without_chance(mut report: Report) -> Report {
    report.graded_at = String::new();
    for chapter in &mut report.chapters {
        for test in &mut chapter.tests {
            test.ms = 0;
            for text in [&mut test.message, &mut test.output] {
                text.retain(|c| !c.is_ascii_digit());
                *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            }
        }
    }
    report
}

#[test]
fn a_chapter_that_does_not_compile_costs_no_other_its_points() {
    let submission = Submission::solutions(&[CHAPTER_00])
        .with(&format!("chapters/{CHAPTER_03}/src/lib.rs"), "fn f( {}\n");
    let report = grade(&submission, &settings(&TWO));
    let [first, second] = &report.chapters[..] else {
        panic!("two chapters")
    };
    assert_eq!(first.score, first.max_score);
    assert_eq!(second.score, 0);
    let said = second.build_error.as_deref().unwrap_or_default();
    assert!(said.contains("unclosed delimiter"), "{said}");
    assert!(
        said.contains(&format!("chapters/{CHAPTER_03}/src/lib.rs:1:")),
        "{said}"
    );
    assert!(!said.contains(&*scratch().to_string_lossy()), "{said}");
    assert!(
        second
            .tests
            .iter()
            .all(|test| test.verdict == Verdict::BuildError)
    );
}

#[test]
fn what_cannot_be_taken_is_rejected_with_words() {
    let bytes = Submission::stubs(&[CHAPTER_00]);
    fs::write(bytes.src(CHAPTER_00).join("x.rs"), b"\xff").expect("a file");
    for (submission, words) in [
        (Submission::empty(), "no folder `chapters`"),
        (bytes, "not UTF-8"),
    ] {
        let report = grade(&submission, &settings(&[CHAPTER_00]));
        assert_eq!((report.status, report.score), (Status::Rejected, 0));
        assert!(report.max_score > 0);
        let problem = report.problem.unwrap_or_default();
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn a_digest_changes_with_what_decides_and_with_nothing_else() {
    let worker = prepared(&settings(&[CHAPTER_00]));
    let digest = |submission: &Submission, student: &str| {
        let digest = worker.digest(student, submission.path());
        digest.unwrap_or_else(|why| panic!("{why}"))
    };
    let stubs = || Submission::stubs(&[CHAPTER_00]);
    let plain = digest(&stubs(), "a");
    assert_eq!(plain, digest(&stubs().with("notes.txt", "x"), "b"));
    assert_ne!(
        plain,
        digest(&stubs().solves(CHAPTER_00, "s1_byte_order.rs"), "a")
    );
    let of_class = prepared(&Settings {
        seed: Seed::OfClass(1),
        ..settings(&[CHAPTER_00])
    });
    let digest = |student: &str| of_class.digest(student, stubs().path()).expect("a digest");
    assert_ne!(digest("a"), digest("b"));
    assert_eq!(digest("a"), digest("a"));
}

/// The instructor's own tests of chapter 00.
fn hidden(body: &str) -> tempfile::TempDir {
    let points = match body.contains("s1_secret") {
        true => "points = { s1_secret = 3 }\n",
        false => "",
    };
    hidden_of(CHAPTER_00, points, body)
}

/// Those of a chapter, with this in the `chapter.toml`.
fn hidden_of(chapter: &str, points: &str, body: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let tests = folder.path().join(chapter);
    fs::create_dir(&tests).expect("a folder");
    let toml = format!(
        "title = \"Hidden\"\nsummary = \"s\"\nminutes = 1\n[[step]]\ntitle = \"Order\"\n\
                file = \"s1_order.rs\"\nminutes = 1\nhints = []\n{points}"
    );
    fs::write(tests.join("chapter.toml"), toml).expect("a file");
    fs::write(tests.join("main.rs"), "mod s1_order;\n").expect("a file");
    fs::write(tests.join("s1_order.rs"), body).expect("a file");
    folder
}

const SECRET: &str = r#"
#[test]
fn s1_secret() {
    netlab::lab(|lab| {
        let seed = std::env::var("NETLAB_SEED").expect("a seed");
        lab.same("the seed", seed.as_str(), "77");
        let got = lab.you("be16", || bytes_and_sockets::be16(&[1, 2], 0));
        lab.same("both bytes", got, Some(0x0102));
    });
}
"#;

#[test]
fn hidden_tests_count_beside_the_visible_ones() {
    let folder = hidden(SECRET);
    let with_hidden = Settings {
        hidden: Some(folder.path().to_owned()),
        seed: Seed::Exact(77),
        ..settings(&[CHAPTER_00])
    };
    let solution = Submission::solutions(&[CHAPTER_00]);
    let report = grade(&solution, &with_hidden);
    assert_full(&report);
    let last = test(&report, "s1_secret");
    assert_eq!((last.visibility, last.max_points), (Visibility::Hidden, 3));
    assert_eq!(last.file, format!("hidden/{CHAPTER_00}/s1_order.rs"));
    assert_eq!(report.seed, 77);
    let report = grade(&Submission::stubs(&[CHAPTER_00]), &with_hidden);
    assert_eq!(test(&report, "s1_secret").verdict, Verdict::Fail);
}

#[test]
fn hidden_tests_that_do_not_compile_are_the_instructors_to_mend() {
    let folder = hidden("#[test]\nfn s1_secret() { no_such_function() }\n");
    let out = one(
        Submission::stubs(&[CHAPTER_00]).path(),
        &[
            "--chapter",
            "00",
            "--hidden",
            &folder.path().to_string_lossy(),
        ],
    );
    assert_eq!(out.status.code(), Some(3));
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(
        said.contains("The hidden tests of 00-bytes-and-sockets do not compile"),
        "{said}"
    );
    assert!(said.contains("no_such_function"), "{said}");
}

/// Hidden tests that hang as long as a condition on their patience holds.
fn hanging(tests: &[&str], condition: &str) -> (tempfile::TempDir, Settings) {
    let bodies = tests.iter().map(|test| {
        format!(
            r#"#[test]
fn {test}() {{
    netlab::lab(|lab| {{
        let said = std::env::var("NETLAB_PATIENCE").expect("the grader says so");
        let patience: f64 = said.parse().expect("a number");
        lab.you("hangs", || while {condition} {{ std::thread::park() }});
    }});
}}
"#
        )
    });
    let folder = hidden(&bodies.collect::<String>());
    let settings = Settings {
        hidden: Some(folder.path().to_owned()),
        ..hasty(&[CHAPTER_00])
    };
    (folder, settings)
}

#[test]
fn a_test_that_is_late_is_tried_once_more_with_twice_the_patience() {
    let (_folder, settings) = hanging(&["s1_secret"], "patience < 0.5");
    let report = grade(&Submission::stubs(&[CHAPTER_00]), &settings);
    let late = test(&report, "s1_secret");
    assert_eq!((late.verdict, late.points), (Verdict::Pass, 3));
    assert!(late.message.contains("tried once more"), "{}", late.message);
}

#[test]
fn a_submission_that_hangs_loses_patience_and_no_test() {
    let tests = [
        "s1_a", "s1_b", "s1_c", "s1_d", "s1_e", "s1_f", "s1_g", "s1_h",
    ];
    let (_folder, settings) = hanging(&tests, "patience > 0.2");
    let report = grade(&Submission::stubs(&[CHAPTER_00]), &settings);
    let verdicts = tests.map(|name| test(&report, name).verdict);
    let (late, left) = verdicts.split_at(6);
    assert_eq!(late, [Verdict::Fail; 6]);
    assert_eq!(
        left,
        [Verdict::Pass; 2],
        "half the patience is enough for them"
    );
}

/// What does not compile for a reason of ours: nobody may read the tests.
#[test]
fn a_compile_error_that_the_stubs_have_too_is_ours() {
    let mut worker = prepared(&settings(&[CHAPTER_00]));
    let folder = worker
        .workdir()
        .parent()
        .expect("the worker's folder")
        .to_owned();
    for workdir in ["workdir", "control"] {
        let tests = folder.join(workdir).join("tests").join(CHAPTER_00);
        fs::remove_file(tests.join("main.rs")).expect("it is there");
    }
    let report = worker.grade(
        "s042",
        Submission::stubs(&[CHAPTER_00]).path(),
        None,
        &|_| {},
    );
    assert_eq!(report.status, Status::GraderError);
    let problem = report.problem.unwrap_or_default();
    assert!(
        problem.contains("does not compile here either"),
        "{problem}"
    );
    assert!(problem.contains("main.rs"), "{problem}");

    // Whatever a grader leaves there, the worker's next start takes away.
    fs::create_dir(folder.join("lab-left")).expect("a folder");
    drop(worker);
    let worker = prepared(&settings(&[CHAPTER_00]));
    if worker.workdir().starts_with(&folder) {
        assert!(!folder.join("lab-left").exists());
    }
}

fn one(submission: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_grader"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["one", "--submission"])
        .arg(submission)
        .arg("--scratch")
        .arg(scratch())
        .args(more)
        .output()
        .expect("the grader runs")
}

#[test]
fn the_command_prints_a_table_and_writes_a_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.json");
    let stubs = Submission::stubs(&[CHAPTER_00]).solves(CHAPTER_00, "s1_byte_order.rs");
    let out = one(
        stubs.path(),
        &[
            "--chapter",
            "0",
            "--student",
            "al",
            "--seed",
            "5",
            "--out",
            &file.to_string_lossy(),
        ],
    );
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{said}");
    let table = String::from_utf8_lossy(&out.stdout);
    assert!(table.contains("s1_be16_is_network_order"), "{table}");
    let report = fs::read(file).expect("the report");
    let report: Report = serde_json::from_slice(&report).expect("a report");
    assert_eq!((report.student.as_str(), report.seed), ("al", 5));
    assert!(report.score > 0 && report.score < report.max_score);
}

#[test]
fn wrong_usage_ends_with_2_and_a_failure_of_ours_with_3() {
    let stubs = Submission::stubs(&[CHAPTER_00]);
    let out = one(stubs.path(), &["--chapter", "77"]);
    assert_eq!(out.status.code(), Some(2));
    let out = Command::new(env!("CARGO_BIN_EXE_grader"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "one",
            "--chapter",
            "00",
            "--scratch",
            "/dev/null/no",
            "--format",
            "json",
        ])
        .arg("--submission")
        .arg(stubs.path())
        .output()
        .expect("the grader runs");
    assert_eq!(out.status.code(), Some(3));
    let report: Report = serde_json::from_slice(&out.stdout).expect("a report");
    assert_eq!(report.status, Status::GraderError);
    assert!(report.problem.unwrap_or_default().contains("/dev/null/no"));
}

#[test]
fn a_weaker_jail_comes_to_the_same_verdicts() {
    if !support::has(Isolation::Landlock) {
        return;
    }
    let weaker = Settings {
        at_most: Isolation::Landlock,
        ..settings(&[CHAPTER_00])
    };
    let report = grade(&Submission::solutions(&[CHAPTER_00]), &weaker);
    assert_full(&report);
    assert_eq!(report.isolation, "landlock+seccomp+rlimits");
}
