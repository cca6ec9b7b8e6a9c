//! The formats, read back by parsers that are not ours, and compared with golden files.

mod reports;
mod schema;

use std::collections::HashSet;
use std::path::Path;

use clap::ValueEnum;
use grader::render::classroom50::{self, Identity};
use grader::render::{self, Format, render, text};
use grader::report::{Report, Verdict};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use quick_xml::events::Event as Xml;
use serde_json::Value;

use reports::NASTY;

fn rendered(format: Format, report: &Report) -> String {
    render(format, report).unwrap_or_else(|| panic!("{format:?} has nothing to say"))
}

fn parsed(format: Format, report: &Report) -> Value {
    let text = rendered(format, report);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{format:?}: {error}\n{text}"))
}

fn every_report() -> Vec<(&'static str, Report)> {
    vec![
        ("ordinary", reports::ordinary()),
        ("hostile", reports::hostile()),
        ("broken", reports::broken()),
        ("broken in one test", reports::broken_in_one_test()),
        ("rejected", reports::rejected()),
        ("perfect", reports::perfect()),
    ]
}

/// `GOLDEN=write cargo test -p grader --test render` writes them anew; then look at the difference.
#[test]
fn golden_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut wrong = Vec::new();
    for format in Format::value_variants() {
        let name = format.to_possible_value().expect("no format is hidden");
        let file = folder.join(format!("{}.txt", name.get_name()));
        let now = match format {
            // The runner's environment stands in it, not ours.
            Format::Classroom50 => {
                let identity = Identity::from(|name| Some(format!("the runner's {name}")));
                classroom50::render(&reports::ordinary(), &identity).expect("a score")
            }
            format => rendered(*format, &reports::ordinary()),
        };
        if std::env::var_os("GOLDEN").is_some_and(|said| said == "write") {
            std::fs::write(&file, &now).expect("the folder is writable");
        }
        let golden = std::fs::read_to_string(&file).unwrap_or_default();
        if golden != now {
            wrong.push(format!("--- {}\n{now}", file.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "these differ from their golden files:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_canonical_report_is_what_it_was() {
    for (name, report) in every_report() {
        let text = rendered(Format::Json, &report);
        assert!(text.ends_with("}\n"), "{name}");
        let again: Report = serde_json::from_str(&text).expect("a report");
        assert_eq!(again, report, "{name}");
    }
}

#[test]
fn platforms_find_what_they_read() {
    for (name, report) in every_report() {
        for (format, schema) in [
            (Format::Classroom50, schema::CLASSROOM50),
            (Format::ClassroomJson, schema::CLASSROOM),
            (Format::Gradescope, schema::GRADESCOPE),
            (Format::PrairieLearn, schema::PRAIRIELEARN),
            (Format::Exercism, schema::EXERCISM),
        ] {
            let Some(text) = render(format, &report) else {
                continue;
            };
            let value: Value = serde_json::from_str(&text).expect("JSON");
            let schema: Value = serde_json::from_str(schema).expect("a schema is JSON");
            let complaints = schema::check(&schema, &value, "$");
            assert!(
                complaints.is_empty(),
                "{name} as {format:?}: {complaints:#?}\n{text}"
            );
        }
    }
}

/// Whatever a format does when the grader failed, nobody can take it for a score.
#[test]
fn our_failure_is_never_a_score() {
    for report in [reports::broken(), reports::broken_in_one_test()] {
        let said = render::failure(&report).expect("it failed");
        assert!(said.contains("not the submission"), "{said}");
        assert_eq!(render(Format::Classroom50, &report), None);

        let gradescope = parsed(Format::Gradescope, &report);
        assert!(gradescope.get("score").is_none() && gradescope.get("tests").is_none());
        assert!(
            gradescope["output"]
                .as_str()
                .is_some_and(|o| o.contains("The grader failed"))
        );

        let prairielearn = parsed(Format::PrairieLearn, &report);
        assert_eq!(prairielearn["gradable"], false);
        assert!(prairielearn.get("score").is_none());

        assert_eq!(parsed(Format::Exercism, &report)["status"], "error");

        let classroom = parsed(Format::ClassroomJson, &report);
        assert_eq!(classroom["status"], "error");
        let tests = classroom["tests"].as_array().expect("a list");
        assert!(
            tests.iter().all(|test| test.get("score").is_none()),
            "{classroom}"
        );

        let autolab = rendered(Format::Autolab, &report);
        let last = autolab.lines().last().unwrap_or_default();
        assert!(serde_json::from_str::<Value>(last).is_err(), "{autolab}");

        let junit = rendered(Format::Junit, &report);
        assert!(junit.contains("<error"), "{junit}");

        for format in [Format::Table, Format::Markdown, Format::GithubSummary] {
            let text = rendered(format, &report);
            assert!(text.contains("The grader failed"), "{format:?}: {text}");
            assert!(
                !text.contains("1 of 10"),
                "{format:?} names a score: {text}"
            );
        }

        let cells = render::csv::cells(&report, &["02-tcp-echo".into()]);
        assert_eq!(cells[..2], ["grader_error", ""]);
        assert!(cells[3].is_empty(), "{cells:?}");
    }
    assert_eq!(render::failure(&reports::ordinary()), None);
    assert_eq!(render::failure(&reports::rejected()), None);
}

#[test]
fn a_hidden_test_shows_its_name_and_verdict_only() {
    for format in Format::value_variants() {
        let text = match format {
            // The step output is the same in base64.
            Format::Classroom => continue,
            format => rendered(*format, &reports::ordinary()),
        };
        let is_for_instructors = *format == Format::Json;
        assert_eq!(text.contains("SECRET"), is_for_instructors, "{format:?}");
        if *format != Format::Autolab {
            assert!(text.contains("s6_hidden_talk"), "{format:?}");
        }
    }
}

#[test]
fn outputs_come_back_from_json_as_they_are_shown() {
    let report = reports::hostile();
    let (shown, name) = (
        text::plain(NASTY),
        text::line(&report.chapters[0].tests[0].id),
    );
    for (format, field) in [
        (Format::Gradescope, "output"),
        (Format::ClassroomJson, "message"),
    ] {
        let said = &parsed(format, &report)["tests"][0];
        let output = said[field].as_str().expect("text");
        assert!(output.ends_with(shown.trim_end()), "{format:?}: {output}");
        assert!(
            said["name"]
                .as_str()
                .is_some_and(|said| said.ends_with(&name)),
            "{said}"
        );
        assert!(
            !output.contains(['\u{1b}', '\0', '\u{7}', '\u{202e}']),
            "{output}"
        );
    }
    let gradescope = parsed(Format::Gradescope, &report);
    for place in [&gradescope, &gradescope["tests"][0]] {
        assert_eq!(place["output_format"], "text");
    }
    let step_output = rendered(Format::Classroom, &report);
    let encoded = step_output
        .strip_prefix("result=")
        .expect("a step output")
        .trim_end();
    assert!(
        !encoded.contains('\n'),
        "a second line would be a second output"
    );
    use base64::Engine;
    let json = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .expect("base64");
    assert_eq!(json, rendered(Format::ClassroomJson, &report).as_bytes());
}

#[test]
fn no_format_holds_what_nobody_can_see() {
    let hidden: Vec<char> = NASTY.chars().filter(|c| !c.is_ascii()).collect();
    for format in Format::value_variants() {
        let text = rendered(*format, &reports::hostile());
        let found = hidden
            .iter()
            .find(|&&c| c != '\u{fffd}' && text.contains(c));
        assert_eq!(found, None, "{format:?}");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\0']), "{format:?}");
    }
}

#[test]
fn junit_comes_back_from_an_xml_parser() {
    for (name, report) in every_report() {
        let xml = rendered(Format::Junit, &report);
        let mut reader = quick_xml::Reader::from_str(&xml);
        let (mut names, mut texts, mut open) = (Vec::new(), String::new(), 0_i32);
        loop {
            match reader
                .read_event()
                .unwrap_or_else(|e| panic!("{name}: {e}\n{xml}"))
            {
                Xml::Start(tag) | Xml::Empty(tag)
                    if tag.name().as_ref() == "testcase".as_bytes() =>
                {
                    let value = |key: &str| {
                        let found = tag
                            .attributes()
                            .flatten()
                            .find(|a| a.key.as_ref() == key.as_bytes());
                        let found = found.unwrap_or_else(|| panic!("{name}: no {key}"));
                        found
                            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                            .expect("escaped text")
                            .into_owned()
                    };
                    names.push((value("classname"), value("name")));
                    if report.status == grader::report::Status::Graded && names.len() > 1 {
                        value("file");
                        value("time");
                    }
                }
                Xml::Text(text) => texts += &text.decode().expect("UTF-8"),
                Xml::GeneralRef(reference) => {
                    let named = match reference.decode().expect("UTF-8").as_ref() {
                        "lt" => '<',
                        "gt" => '>',
                        "amp" => '&',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => reference
                            .resolve_char_ref()
                            .expect("a character")
                            .expect("a numeric reference"),
                    };
                    texts.push(named);
                }
                Xml::Eof => break,
                _ => {}
            }
            open += 1;
            assert!(open < 1_000_000, "{name}: no end");
        }
        let unique: HashSet<_> = names.iter().collect();
        assert_eq!(
            unique.len(),
            names.len(),
            "{name}: GitLab drops a second test of one name"
        );
        let is_legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(
            xml.chars().all(is_legal),
            "{name}: a character that XML cannot hold"
        );
        if name == "hostile" {
            let shown = text::plain(NASTY);
            assert!(
                texts.contains(shown.trim_end()),
                "{texts:?}\n\nlacks\n\n{shown:?}"
            );
        }
    }
}

/// In Markdown every nasty line stands in a block of code, and nothing is HTML, a link or a picture.
#[test]
fn markdown_comes_back_from_a_markdown_parser() {
    for format in [Format::Markdown, Format::GithubSummary] {
        for (name, report) in every_report() {
            let page = rendered(format, &report);
            let (mut blocks, mut block, mut headings) = (Vec::new(), None::<String>, 0);
            let mut heading = None::<String>;
            let mut titles = Vec::new();
            for event in Parser::new_ext(&page, Options::ENABLE_TABLES | Options::ENABLE_GFM) {
                match event {
                    Event::Start(Tag::CodeBlock(_)) => block = Some(String::new()),
                    Event::End(TagEnd::CodeBlock) => blocks.extend(block.take()),
                    Event::Start(Tag::Heading { .. }) => {
                        headings += 1;
                        heading = Some(String::new());
                    }
                    Event::End(TagEnd::Heading(_)) => titles.extend(heading.take()),
                    Event::Text(text) | Event::Code(text) => {
                        for place in [&mut block, &mut heading].into_iter().flatten() {
                            *place += &text;
                        }
                    }
                    Event::Html(html) | Event::InlineHtml(html) => panic!("{name}: HTML: {html}"),
                    Event::Start(Tag::Link { .. } | Tag::Image { .. }) => {
                        panic!("{name}: a link\n{page}")
                    }
                    _ => {}
                }
            }
            if name == "hostile" {
                let shown = text::plain(NASTY) + "\n";
                assert_eq!(blocks, [shown.clone(), shown], "{page}");
                assert_eq!(titles[0], text::line(&report.student));
            }
            let told = |verdict| !matches!(verdict, Verdict::Pass | Verdict::BuildError);
            let told = report.tests().filter(|(_, test)| {
                told(test.verdict) && !(test.message.is_empty() && test.output.is_empty())
            });
            assert_eq!(
                headings,
                1 + report.chapters.len() + told.count(),
                "{name}\n{page}"
            );
        }
    }
}

#[test]
fn limits_of_platforms_are_kept() {
    let report = reports::huge();
    let results = rendered(Format::PrairieLearn, &report);
    assert!(results.len() <= 1_000_000);
    serde_json::from_str::<Value>(&results).expect("JSON, cut or not");
    assert!(rendered(Format::GithubSummary, &report).len() <= 1024 * 1024);
    for (name, report) in every_report() {
        let exercism = parsed(Format::Exercism, &report);
        for test in exercism["tests"].as_array().into_iter().flatten() {
            let output = test["output"].as_str().unwrap_or_default();
            assert!(output.chars().count() <= 500, "{name}");
        }
        for line in rendered(Format::Table, &report).lines() {
            let is_sum = line.starts_with(&text::line(&report.student));
            assert!(is_sum || line.chars().count() <= 80, "{name}: {line}");
            assert!(!line.contains('\u{1b}'), "{name}: {line:?}");
        }
    }
    // The end of a cut output is the part that says what was expected.
    let page = rendered(Format::GithubSummary, &report);
    assert!(page.contains("the beginning of 29") && page.contains("the end of 29"));
}

/// Autolab takes the last line; what a student prints cannot be it.
#[test]
fn autolab_reads_the_last_line() {
    for report in [reports::ordinary(), reports::hostile(), reports::perfect()] {
        let text = rendered(Format::Autolab, &report);
        let scores: Value =
            serde_json::from_str(text.lines().last().unwrap_or_default()).expect("JSON");
        assert_eq!(scores["scoreboard"][0], report.score);
        let sum: u64 = scores["scores"]
            .as_object()
            .expect("scores")
            .values()
            .filter_map(Value::as_u64)
            .sum();
        assert_eq!(sum, u64::from(report.score));
    }
}

#[test]
fn text_for_a_log_holds_no_command() {
    let quoted = render::quoted_for_log(NASTY, "9f1c");
    assert!(quoted.starts_with("::stop-commands::9f1c\n") && quoted.ends_with("\n::9f1c::\n"));
}

#[test]
fn a_cell_holds_no_formula() {
    for (cell, harmless) in [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("a=1", "a=1"),
        ("two\nlines\u{1b}[1m", "two lines"),
    ] {
        assert_eq!(render::csv::harmless(cell), harmless);
    }
    let cells = render::csv::cells(&reports::ordinary(), &["02-tcp-echo".into(), "00-x".into()]);
    assert_eq!(cells, ["graded", "1", "10", "1", ""]);
}
