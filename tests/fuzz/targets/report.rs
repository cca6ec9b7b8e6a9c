//! What a student's program printed, in every format: it stays data.
#![no_main]

use grader::render::{Format, render};
use grader::report::{
    ChapterReport, Report, SCHEMA, Status, TestReport, Tier, Verdict, Visibility,
};

libfuzzer_sys::fuzz_target!(|said: &str| {
    let report = report(said);
    for format in [
        Format::Json,
        Format::ClassroomJson,
        Format::Gradescope,
        Format::PrairieLearn,
        Format::Exercism,
    ] {
        let text = render(format, &report).expect("a score");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
    }
    let xml = render(Format::Junit, &report).expect("a score");
    let mut reader = quick_xml::Reader::from_str(&xml);
    while reader.read_event().expect("XML") != quick_xml::events::Event::Eof {}
    for format in [
        Format::Table,
        Format::Markdown,
        Format::GithubSummary,
        Format::Autolab,
    ] {
        let text = render(format, &report).expect("a score");
        let is_loose = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!text.contains(is_loose), "a control character gets through");
    }
    // The score is the last line's, whatever was printed.
    let autolab = render(Format::Autolab, &report).expect("a score");
    let last = autolab.lines().last().expect("a line");
    serde_json::from_str::<serde_json::Value>(last).expect("Autolab's line");
});

fn report(said: &str) -> Report {
    let test = TestReport {
        id: "s1_test".into(),
        number: "2.1".into(),
        file: "tests/02-tcp-echo/s1_listen.rs".into(),
        tier: Tier::InProcess,
        visibility: Visibility::Visible,
        verdict: Verdict::Fail,
        points: 0,
        max_points: 1,
        ms: 1,
        message: said.into(),
        output: said.into(),
        output_dropped: 0,
    };
    Report {
        schema: SCHEMA.into(),
        student: "s1".into(),
        course_commit: "0123456789ab".into(),
        input_digest: "sha256:0".into(),
        toolchain: "rustc".into(),
        isolation: "none".into(),
        seed: 1,
        submitted_at: None,
        graded_at: "2026-11-01T00:00:00Z".into(),
        status: Status::Graded,
        problem: None,
        score: 0,
        max_score: 1,
        chapters: vec![ChapterReport {
            chapter: "02-tcp-echo".into(),
            title: "A TCP echo server".into(),
            score: 0,
            max_score: 1,
            build_error: (said.len() % 2 == 0).then(|| said.to_owned()),
            looks: Vec::new(),
            tests: vec![test],
        }],
    }
}
