//! Attacks by what belongs to a student's types: `==`, and what they look like.
//!
//! Answers that are right, but whose types are not to be trusted: where a test asks one, the answer loses
//! points. So no test does, and nobody gains from an `==` that is always true.

use std::fs;
use std::path::Path;

use grader::settings::{Limits, Settings};

use crate::support::{CHAPTER_02, Submission, assert_full, course, grade, settings};

#[test]
fn no_test_asks_a_students_equality() {
    // Tests are compiled with the stubs too, so a type that has no == there is compared by none.
    let with_equality = |folder: &&str| {
        let src = course().root.join("chapters").join(folder).join("src");
        let files = fs::read_dir(src).expect("a folder").flatten();
        files
            .filter_map(|file| fs::read_to_string(file.path()).ok())
            .any(|text| text.contains("PartialEq"))
    };
    tried(&with_equality, "PartialEq", &|head| {
        let (of, arguments) = (head.parameters, head.arguments());
        let name = format!("{}{arguments}", head.name);
        format!(
            "impl{of} PartialEq for {name} {{\n    #[track_caller]\n    fn eq(&self, other: &{name}) -> bool {{ \
             crate::asked_for_equality(self, other) }}\n    #[track_caller]\n    fn ne(&self, other: &{name}) -> bool {{ \
             !crate::asked_for_equality(self, other) }}\n}}\n"
        )
    });
}

#[test]
fn no_test_reads_a_students_debug() {
    tried(&|_| true, "Debug", &|head| {
        format!(
            "impl{} std::fmt::Debug for {}{} {{\n    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) \
             -> std::fmt::Result {{ f.write_str(\"lies\") }}\n}}\n",
            head.parameters,
            head.name,
            head.arguments()
        )
    });
}

/// `use tcp_echo::listen_on` in a test would bring the trait with it, and where a test says `addr.ip().to_string()` it
/// would ask the student.
#[test]
fn no_name_brings_a_trait_with_it() {
    const TRAIT: &str = "\npub trait Asked: Sized { fn to_string(self) -> String { \"127.0.0.1\".into() } }\n\
                         impl Asked for std::net::IpAddr {}\npub use Asked as listen_on;\n";
    let submission = Submission::solutions(&[CHAPTER_02]);
    let lib = submission.src(CHAPTER_02).join("lib.rs");
    let text = fs::read_to_string(&lib).expect("a library") + TRAIT;
    fs::write(lib, text).expect("ours");
    let report = grade(&submission, &settings(&[CHAPTER_02]));
    assert_eq!((&report.problem, report.score), (&None, 0));
    let error = report.chapters[0].build_error.as_deref();
    let error = error.unwrap_or_default();
    assert!(
        error.contains("the name `listen_on` is defined multiple times"),
        "{error}"
    );
    assert!(
        error.contains("names_without_a_trait") || error.contains("type listen_on"),
        "{error}"
    );
}

/// Honest to the answer itself; a panic when a test asks. Which of the two it is, the place of the call
/// says, and where that is in the standard library, the stack: at first, for a table of thousands asks often.
const JUDGE: &str = r#"
#[doc(hidden)]
#[track_caller]
pub fn asked_for_equality(one: &dyn std::fmt::Debug, other: &dyn std::fmt::Debug) -> bool {
    static ASKED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let asks = std::panic::Location::caller().file();
    let is_often = || ASKED.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 200;
    if !asks.contains("chapters/") && !(asks.contains("/library/") && is_often()) {
        let stack = std::backtrace::Backtrace::force_capture().to_string();
        let own = concat!(env!("CARGO_CRATE_NAME"), "::");
        let is_own = |line: &str| line.contains(own) && !line.contains("asked_for_equality") && !line.contains("PartialEq");
        // Without a descriptor to read the program's names with, the stack says nothing.
        let is_known = stack.contains("asked_for_equality");
        assert!(!is_known || stack.lines().any(is_own), "a test asks for a student's ==");
    }
    format!("{one:?}") == format!("{other:?}")
}
"#;

fn tried(is_meant: &dyn Fn(&&str) -> bool, derived: &str, instead: &dyn Fn(&Head) -> String) {
    let course = course();
    let chapters: Vec<&str> = course
        .chapters
        .iter()
        .map(|chapter| chapter.folder.as_str())
        .filter(is_meant)
        .collect();
    let submission = Submission::solutions(&chapters);
    for chapter in &chapters {
        let src = submission.src(chapter);
        let changed = change(&src, derived, instead);
        assert!(changed > 0, "{chapter} has no type with {derived}");
        let lib = src.join("lib.rs");
        let text = fs::read_to_string(&lib).expect("a library") + JUDGE;
        fs::write(lib, text).expect("ours");
    }
    // The judge looks at the stack and compares text: it needs many times the processor time of an answer.
    let patient = Settings {
        limits: Limits {
            patience: 10.0,
            ..Limits::default()
        },
        ..settings(&chapters)
    };
    assert_full(&grade(&submission, &patient));
}

/// Puts something else in the place of what is derived for the public types of a folder.
fn change(folder: &Path, derived: &str, instead: &dyn Fn(&Head) -> String) -> usize {
    let mut changed = 0;
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        // A program is another crate.
        if path.is_dir() || path.ends_with("main.rs") {
            continue;
        }
        let source = fs::read_to_string(&path).expect("a file");
        let mut text = String::new();
        let mut added = String::new();
        let mut lines = source.lines().peekable();
        while let Some(line) = lines.next() {
            let names = line
                .strip_prefix("#[derive(")
                .and_then(|rest| rest.strip_suffix(")]"));
            let head = lines.peek().and_then(|next| Head::of(next));
            match (names, head) {
                (Some(names), Some(head)) if names.split(", ").any(|name| name == derived) => {
                    let kept: Vec<&str> =
                        names.split(", ").filter(|&name| name != derived).collect();
                    text.push_str(&format!("#[derive({})]\n", kept.join(", ")));
                    added.push_str(&instead(&head));
                    changed += 1;
                }
                _ => {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
        fs::write(path, text + &added).expect("ours");
    }
    changed
}

/// `PoolError` and `<E>` of `pub enum PoolError<E> {`.
struct Head<'a> {
    name: &'a str,
    parameters: &'a str,
}

impl Head<'_> {
    fn of(line: &str) -> Option<Head<'_>> {
        let rest = ["pub struct ", "pub enum "]
            .iter()
            .find_map(|words| line.strip_prefix(words))?;
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        let (name, rest) = rest.split_at(end);
        let parameters = match rest.starts_with('<') {
            true => &rest[..=rest.find('>')?],
            false => "",
        };
        Some(Head { name, parameters })
    }

    /// The parameters without their bounds.
    fn arguments(&self) -> String {
        let inner = self.parameters.trim_matches(['<', '>']);
        let names: Vec<&str> = inner
            .split(',')
            .map(|one| one.split(':').next().unwrap_or_default().trim())
            .collect();
        match inner {
            "" => String::new(),
            _ => format!("<{}>", names.join(", ")),
        }
    }
}
