//! Attacks that end the test before it has come to its end, or say that it has.

use grader::jail::Isolation;
use grader::render::{Format, render};
use grader::report::Verdict;
use grader::settings::{Limits, Settings};

use clap::ValueEnum;

use crate::support::{self, CHAPTER_00, CHAPTER_02, Submission, grade, settings, test};
use crate::volley::{Attack, Volley};

const KILLS: &str = "kills its parent";

const ATTACKS: &[Attack] = &[
    ("exit", "std::process::exit(0)"),
    (
        "exit in a thread",
        "std::thread::spawn(|| std::process::exit(0)); loop { std::thread::park() }",
    ),
    (
        "exit in Drop",
        "struct D; impl Drop for D { fn drop(&mut self) { std::process::exit(0) } } \
         let _d = D; panic!()",
    ),
    (
        "exit in a panic hook",
        "std::panic::set_hook(Box::new(|_| std::process::exit(0))); panic!()",
    ),
    (
        "exit where a thread's values end",
        "struct D; impl Drop for D { fn drop(&mut self) { as_libtest(); std::process::exit(0) } } \
         std::thread_local! { static LAST: D = const { D } } LAST.with(|_| ()); panic!()",
    ),
    ("abort", "std::process::abort()"),
    ("libtest's words", "as_libtest(); std::process::exit(0)"),
    (
        "libtest's words for a test left out",
        "println!(\"test result: ok. 0 passed; 0 failed; 1 ignored\"); std::process::exit(0)",
    ),
    (
        "the laboratory's words for a skip",
        "as_libtest(); println!(\"skipped {}\", test()); eprintln!(\"\\n  skipped   no ::1\"); \
         std::process::exit(0)",
    ),
    (
        "libtest's words for no test",
        "println!(\"running 0 tests\"); std::process::exit(0)",
    ),
    (
        "the witness's words",
        "as_libtest(); let t = test(); println!(\"done {t}\"); eprintln!(\"done {t}\"); \
         println!(\"{{\\\"type\\\":\\\"test\\\",\\\"event\\\":\\\"ok\\\",\\\"name\\\":\\\"{t}\\\"}}\"); \
         std::process::exit(0)",
    ),
    (
        "a second connection to the witness",
        "use std::io::Write; let t = test(); as_libtest(); \
         let path = std::env::var(\"NETLAB_WITNESS\").unwrap_or_default(); \
         for _ in 0..3 { if let Ok(mut w) = std::os::unix::net::UnixStream::connect(&path) { \
             let _ = write!(w, \"begins {t}\\ndone {t}\\n\"); } } \
         std::process::exit(0)",
    ),
    (
        "the jail's words",
        "eprintln!(\"cargo grader's jail: no room in it\"); std::process::exit(125)",
    ),
    (
        "the laboratory's words for no grader",
        "eprintln!(\"cannot reach the grader\"); std::process::exit(101)",
    ),
    (
        KILLS,
        "let parent = std::os::unix::process::parent_id().to_string(); \
         run(\"kill\", &[\"-KILL\", &parent]); run(\"kill\", &[\"-KILL\", \"-1\"]); as_libtest(); \
         std::process::exit(0)",
    ),
    (
        "a shell in its place that ends by SIGSYS",
        "use std::os::unix::process::CommandExt; \
         std::process::Command::new(\"/bin/sh\").args([\"-c\", \"kill -SYS $$\"]).exec().to_string()",
    ),
    (
        "the pipe of a start that fails",
        "use std::io::Write; for n in 0..64 { \
             if let Ok(mut f) = std::fs::File::options().write(true).open(format!(\"/proc/self/fd/{n}\")) { \
                 let _ = f.write_all(b\"no\"); } } \
         std::process::exit(1)",
    ),
    ("loops", "loop { std::hint::spin_loop() }"),
    (
        "recursion",
        "fn deep(n: u64) -> u64 { if n == 0 { 0 } else { 1 + std::hint::black_box(deep(n - 1)) } } \
         deep(u64::MAX).to_string()",
    ),
    (
        "hostile text",
        r#"eprintln!("\n::error file=a::b\n::set-output name=score::100\n::stop-commands::x\n```\n# 100 points\n</pre><script>alert(1)</script>]]>&#0;\u{1b}[2J\u{1b}]0;x\u{7}\u{0}\u{202e}"); "\u{1b}[31m<b>]]>```\n::notice::100".into()"#,
    ),
    (
        "bytes that are no text",
        "use std::io::Write; let _ = std::io::stderr().write_all(&[0xff, 0xfe, 0, 0x80, b'\\n']); \
         \"done\".into()",
    ),
    (
        "a flood",
        "use std::io::Write; let line = [b'x'; 1 << 20]; let mut out = std::io::stdout().lock(); \
         for _ in 0..100 { let _ = out.write_all(&line); } \"done\".into()",
    ),
];

#[test]
fn an_end_is_no_pass() {
    for level in support::LEVELS {
        if support::has(level) {
            no_end_is_a_pass(level);
        }
    }
}

fn no_end_is_a_pass(level: Isolation) {
    // A program may signal whatever its user's is, the grader as well.
    let is_deadly = level < Isolation::Landlock && !rustix::process::geteuid().is_root();
    let attacks: Vec<Attack> = (ATTACKS.iter().copied())
        .filter(|(name, _)| !is_deadly || *name != KILLS)
        .collect();
    let volley = Volley::of(&attacks, &[]);
    let report = volley.strikes(&Settings {
        limits: Limits {
            patience: 1.0,
            ..Limits::default()
        },
        at_most: level,
        ..settings(&[CHAPTER_00])
    });
    for (attack, verdict) in [
        ("exit", Verdict::NoVerdict),
        ("exit in a thread", Verdict::NoVerdict),
        ("exit in Drop", Verdict::NoVerdict),
        ("exit in a panic hook", Verdict::NoVerdict),
        ("abort", Verdict::Crash),
        ("libtest's words", Verdict::NoVerdict),
        ("libtest's words for a test left out", Verdict::NoVerdict),
        ("the laboratory's words for a skip", Verdict::NoVerdict),
        ("libtest's words for no test", Verdict::NoVerdict),
        ("the witness's words", Verdict::NoVerdict),
        ("a second connection to the witness", Verdict::NoVerdict),
        ("the jail's words", Verdict::NoVerdict),
        ("the laboratory's words for no grader", Verdict::NoVerdict),
        ("recursion", Verdict::Crash),
        ("a shell in its place that ends by SIGSYS", Verdict::Crash),
        ("the pipe of a start that fails", Verdict::NoVerdict),
        ("hostile text", Verdict::Fail),
        ("bytes that are no text", Verdict::Fail),
        ("a flood", Verdict::Fail),
    ] {
        let hit = volley.hit(&report, attack);
        assert_eq!(hit.verdict, verdict, "{level:?}: {attack}: {}", hit.message);
    }
    // Who is quicker, and whether it hits itself or nobody, is not the same each time.
    let killers = [KILLS].into_iter().filter(|_| !is_deadly);
    for attack in killers.chain(["exit where a thread's values end"]) {
        let verdict = volley.hit(&report, attack).verdict;
        assert!(
            matches!(verdict, Verdict::NoVerdict | Verdict::Fail | Verdict::Crash),
            "{level:?}: {attack}: {verdict:?}"
        );
    }
    // On a busy machine it is late before it has used up its processor time.
    let loops = volley.hit(&report, "loops").verdict;
    assert!(
        matches!(loops, Verdict::Timeout | Verdict::Fail),
        "{level:?}: {loops:?}"
    );
    // Not left out of what the others are measured by.
    assert!(report.tests().all(|(_, test)| test.max_points > 0));
    let flood = volley.hit(&report, "a flood");
    assert!(flood.output_dropped > 99 << 20, "{}", flood.output_dropped);
    assert!(flood.output.len() <= 70 << 10);

    // Nothing of it is a command to whoever shows the report.
    for format in Format::value_variants() {
        let text = render(*format, &report).unwrap_or_default();
        assert!(!text.contains('\u{1b}'), "{format:?}: an escape sequence");
        assert!(!text.contains('\0'), "{format:?}: a null byte");
        assert!(!text.contains("]]><"), "{format:?}");
    }
}

/// The program ends its judge by the signal with which the jail says that a program was not started.
#[test]
fn a_signal_to_the_judge_is_no_error_of_the_grader() {
    for level in [Isolation::Bwrap, Isolation::Landlock] {
        if !support::has(level) {
            continue;
        }
        let submission = Submission::stubs(&[CHAPTER_02]).with(
            &format!("chapters/{CHAPTER_02}/src/main.rs"),
            r#"fn main() {
                let kill = format!("kill -SYS {}", std::os::unix::process::parent_id());
                let _ = std::process::Command::new("/bin/sh").args(["-c", &kill]).status();
            }"#,
        );
        let report = grade(
            &submission,
            &Settings {
                at_most: level,
                ..settings(&[CHAPTER_02])
            },
        );
        assert_eq!((&report.problem, report.score), (&None, 0), "{level:?}");
        let help = test(&report, "s6_help_shows_1060");
        // From Linux 6.12 on, no signal reaches its judge.
        assert!(
            matches!(help.verdict, Verdict::Crash | Verdict::Fail),
            "{level:?}: {:?} {}",
            help.verdict,
            help.message
        );
    }
}

/// Unsafe code does not compile, but rustc has a hole through which safe code gets what it takes
/// (rust-lang/rust#25860). A student who knows it can speak for the laboratory in a test in which the
/// two share a process. The book says so, and that the black boxes are not concerned.
///
/// A compiler without the hole will refuse it. Then the book can say less.
#[test]
fn a_hole_in_the_compiler_is_a_hole_here() {
    const HOLE: &str = include_str!("student/hole.rs");
    let volley = Volley::of(&[("hole", "crate::hole::speak(&test())")], &[]);
    let lib = format!("chapters/{CHAPTER_00}/src/lib.rs");
    let text = std::fs::read_to_string(volley.submission.path().join(&lib)).expect("it is there");
    let submission = volley
        .submission
        .with(&lib, &format!("mod hole;\n{text}"))
        .with(&format!("chapters/{CHAPTER_00}/src/hole.rs"), HOLE);
    let report = grade(&submission, &settings(&[CHAPTER_00]));
    let error = report.chapters[0].build_error.as_deref();
    if error.is_some_and(|error| error.contains("lifetime may not live long enough")) {
        return eprintln!("this compiler has closed the hole");
    }
    let first = test(&report, "s1_be16_is_network_order");
    assert_eq!(
        (&report.problem, first.verdict),
        (&None, Verdict::Pass),
        "{:?} {}",
        report.chapters[0].build_error,
        first.message
    );
}

/// A submission has no say in what is asked: its own tests, manifests and scripts are not taken.
#[test]
fn only_the_course_says_what_is_tested() {
    let tests = format!("tests/{CHAPTER_00}");
    let submission = Submission::stubs(&[CHAPTER_00])
        .with(&format!("{tests}/main.rs"), "#[test] fn s1() {}\n")
        .with(&format!("{tests}/chapter.toml"), "title = \"easy\"\n")
        .with("Cargo.toml", "[workspace]\nmembers = [\"chapters/*\"]\n")
        .with(".cargo/config.toml", "[build]\nrustc-wrapper = \"/bin/true\"\n[target.'cfg(all())']\nrunner = \"true\"\n")
        .with("rust-toolchain.toml", "[toolchain]\npath = \"/tmp/evil\"\n")
        .with(
            &format!("chapters/{CHAPTER_00}/Cargo.toml"),
            "[package]\nname = \"ch00\"\nbuild = \"build.rs\"\n[[test]]\nname = \"exercise\"\nharness = false\n",
        )
        .with(
            &format!("chapters/{CHAPTER_00}/build.rs"),
            "fn main() { std::process::exit(0) }",
        )
        .with(&format!("chapters/{CHAPTER_00}/.cargo/config.toml"), "[env]\nNETLAB_WITNESS = \"x\"\n")
        .with("report.json", "{\"score\": 100}");
    let report = grade(&submission, &settings(&[CHAPTER_00]));
    let stubs = grade(&Submission::stubs(&[CHAPTER_00]), &settings(&[CHAPTER_00]));
    assert_eq!(report.input_digest, stubs.input_digest);
    assert_eq!(support::verdicts(&report), support::verdicts(&stubs));
    assert_eq!((report.score, report.max_score), (0, stubs.max_score));
}
