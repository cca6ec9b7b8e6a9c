//! Reports to render.

use grader::report::{
    ChapterReport, Report, SCHEMA, Status, TestReport, Tier, Verdict, Visibility,
};

/// Nine of ten verdicts, a hidden test, two chapters of which one does not compile.
pub fn ordinary() -> Report {
    let echo = chapter(
        "02-tcp-echo",
        "A TCP echo server",
        vec![
            test("s1_listens_on_loopback", Verdict::Pass, 1),
            TestReport {
                message: "expected peer reads 5000 bytes, got 1024 bytes, then connection reset"
                    .into(),
                output: "02-tcp-echo, step 3: s3_half_close\n\n     peer            you\n  1  ├── connects ───▶│\n\n  expected  5000 bytes\n  got       1024 bytes\n"
                    .into(),
                output_dropped: 812,
                tier: Tier::InProcess,
                ..test("s3_half_close_still_gets_its_echo", Verdict::Fail, 2)
            },
            TestReport {
                ms: 20_004,
                message: "still running after 20 s".into(),
                ..test("s3_one_byte_at_a_time", Verdict::Timeout, 1)
            },
            TestReport {
                message: "the process ended with exit code 0 before the test did".into(),
                ..test("s4_frames", Verdict::NoVerdict, 1)
            },
            TestReport {
                message: "signal 11".into(),
                ..test("s5_asks", Verdict::Crash, 1)
            },
            TestReport {
                message: "needs macOS".into(),
                max_points: 0,
                ..test("s6_talks", Verdict::Skipped, 0)
            },
            TestReport {
                visibility: Visibility::Hidden,
                message: "SECRET expected 42".into(),
                output: "SECRET story".into(),
                ..test("s6_hidden_talk", Verdict::Fail, 3)
            },
        ],
    );
    let mut pool = chapter(
        "05-connection-pool",
        "A connection pool",
        vec![test("s1_the_newest_first", Verdict::BuildError, 1)],
    );
    pool.build_error = Some("error[E0308]: mismatched types\n --> src/s1_shelf.rs:9:5\n".into());
    report("s042", vec![echo, pool])
}

/// Everything that a student can write, as nasty as it gets.
pub const NASTY: &str = concat!(
    "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7} bell\u{7} nul\0 back\u{8} \u{202e}txet\u{202c}\n",
    "```\n~~~~\n</pre></details><script>alert(1)</script> & \"quotes\" ]]> <!-- -->\n",
    "````text\n# heading\n| a | b |\n![x](http://evil.example/x.png) [y](javascript:z)\n",
    "::notice title=Grade::100 of 100\n::set-output name=result::e30=\n##[error]x\n",
    "{\"scores\":{\"ex02\":100},\"scoreboard\":[100]}\n",
    "a\u{61c}\u{200b}\u{200d}\u{2060}\u{2066}b \u{e0041}\u{e0042} \u{3164}\u{fe0f}\u{ad}\n",
    "=HYPERLINK(\"http://evil.example\")\r\n+1\n\u{fffe}\u{ffff}\u{fffd} end"
);

/// Names and outputs that try to be something else in each format.
pub fn hostile() -> Report {
    let mut failed = TestReport {
        message: NASTY.into(),
        output: NASTY.into(),
        ..test("s1_<b>`|\u{1b}[1m\"&\n::error::x", Verdict::Fail, 1)
    };
    failed.file = "tests/02-tcp-echo/<x>\"&'\n.rs".into();
    let mut chapter = chapter(
        "02-<tcp>|`&\"",
        "T <i> # * _ ` | \n::warning::w",
        vec![failed],
    );
    chapter.build_error = Some(NASTY.into());
    let mut report = report(
        "=cmd|' /C calc'!A0 <script> `x` \n::notice::n",
        vec![chapter],
    );
    report.toolchain = "rustc <1.95> | `x`".into();
    report.isolation = "bwrap`|\u{1b}[2J".into();
    report
}

/// The grader broke before it could say anything about the tests.
pub fn broken() -> Report {
    Report {
        status: Status::GraderError,
        problem: Some("cannot start bwrap: No space left on device".into()),
        score: 0,
        ..report("s042", vec![])
    }
}

/// One test could not be run; the rest could.
pub fn broken_in_one_test() -> Report {
    let mut report = ordinary();
    report.chapters[0].tests[4].verdict = Verdict::GraderError;
    report
}

pub fn rejected() -> Report {
    Report {
        status: Status::Rejected,
        problem: Some("chapters is a symbolic link. Only real files are graded.".into()),
        max_score: 10,
        ..report("s042", vec![])
    }
}

/// All points.
pub fn perfect() -> Report {
    let tests = vec![
        test("s1_listens_on_loopback", Verdict::Pass, 1),
        test("s2_counts", Verdict::Pass, 2),
    ];
    report(
        "s042",
        vec![chapter("02-tcp-echo", "A TCP echo server", tests)],
    )
}

/// More output than any platform takes.
pub fn huge() -> Report {
    let tests = (0..30).map(|n| TestReport {
        output: format!(
            "the beginning of {n}\n{}\nthe end of {n}",
            "→ a segment ".repeat(6 * 1024)
        ),
        ..test(&format!("s1_huge_{n}"), Verdict::Fail, 1)
    });
    report(
        "s042",
        vec![chapter("02-tcp-echo", "A TCP echo server", tests.collect())],
    )
}

fn test(id: &str, verdict: Verdict, points: u32) -> TestReport {
    let step = id.as_bytes().get(1).map_or('1', |&digit| char::from(digit));
    TestReport {
        id: id.into(),
        number: format!("2.{step}"),
        file: format!("tests/02-tcp-echo/s{step}_topic.rs"),
        tier: Tier::BlackBox,
        visibility: Visibility::Visible,
        verdict,
        points: if verdict.is_pass() { points } else { 0 },
        max_points: points,
        ms: 12,
        message: String::new(),
        output: String::new(),
        output_dropped: 0,
    }
}

fn chapter(folder: &str, title: &str, tests: Vec<TestReport>) -> ChapterReport {
    ChapterReport {
        chapter: folder.into(),
        title: title.into(),
        score: tests.iter().map(|test| test.points).sum(),
        max_score: tests.iter().map(|test| test.max_points).sum(),
        build_error: None,
        looks: Vec::new(),
        tests,
    }
}

fn report(student: &str, chapters: Vec<ChapterReport>) -> Report {
    Report {
        schema: SCHEMA.into(),
        student: student.into(),
        course_commit: "9f1c0d3e".into(),
        input_digest: "sha256:00ff".into(),
        toolchain: "rustc 1.95.0 (59807616e 2026-04-14)".into(),
        isolation: "bwrap+landlock+seccomp+rlimits".into(),
        seed: 4711,
        submitted_at: Some("2026-11-01T10:00:00Z".into()),
        graded_at: "2026-11-02T08:00:00Z".into(),
        status: Status::Graded,
        problem: None,
        score: chapters.iter().map(|chapter| chapter.score).sum(),
        max_score: chapters.iter().map(|chapter| chapter.max_score).sum(),
        chapters,
    }
}
