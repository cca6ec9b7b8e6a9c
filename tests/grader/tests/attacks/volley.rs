//! Many attacks in one submission: each of chapter 00's tests is another one's.

use std::fmt::Write;
use std::time::Duration;

use grader::report::{Report, Verdict};
use grader::settings::Settings;

use crate::support::rows::{self, Row};
use crate::support::{CHAPTER_00, Submission, chapter, course, grade, test};

/// What an attack is called, and what it does: a block that is worth a `String`, or never ends.
pub type Attack = (&'static str, &'static str);

/// In a block, what came of an attempt: `done` or `refused: …`.
const STUDENT: &str = r#"
pub fn said<T>(result: std::io::Result<T>) -> String {
    match result {
        Ok(_) => "done".into(),
        Err(error) => format!("refused: {error}"),
    }
}

pub fn run(program: &str, args: &[&str]) -> String {
    let mut command = std::process::Command::new(program);
    match command.args(args).output() {
        Ok(output) if output.status.success() => "done".into(),
        Ok(output) => format!("refused: {}", output.status),
        Err(error) => format!("refused: {error}"),
    }
}

/// What libtest prints for the test that runs.
pub fn as_libtest() {
    println!("running 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
}

pub fn test() -> String {
    let path = std::env::args().skip_while(|arg| arg != "--exact").nth(1).unwrap_or_default();
    path.rsplit("::").next().unwrap_or_default().to_owned()
}
"#;

/// The `todo!`s of the stubs become the attack.
const INSTEAD: &str = "macro_rules! todo { ($($said:tt)*) => {{ let _ = format!($($said)*); \
                       $crate::attack::strike() }} }\nmod attack;\n";

pub struct Volley {
    /// Each with the test in which it is tried.
    attacks: Vec<(&'static str, String)>,
    pub submission: Submission,
}

pub struct Hit {
    pub verdict: Verdict,
    /// What the attack said of itself.
    pub said: String,
    pub output: String,
    pub output_dropped: u64,
    pub message: String,
}

impl Volley {
    /// `names` stand for values in the attacks: `{SECRET}`.
    pub fn of(attacks: &[Attack], names: &[(&str, String)]) -> Volley {
        let course = course();
        let tests: Vec<String> = chapter(&course, CHAPTER_00)
            .tests()
            .map(|(_, test)| test.name.clone())
            .collect();
        assert!(attacks.len() <= tests.len(), "more attacks than tests");
        let mut strike = format!("{STUDENT}\npub fn strike() -> ! {{\n");
        strike.push_str("    let said: String = match test().as_str() {\n");
        let mut placed = Vec::new();
        for ((name, code), test) in attacks.iter().zip(tests) {
            let mut code = (*code).to_owned();
            for (name, value) in names {
                code = code.replace(name, value);
            }
            let _ = writeln!(strike, "        {test:?} => {{ {code} }}");
            placed.push((*name, test));
        }
        strike.push_str("        _ => \"nothing\".into(),\n    };\n");
        strike.push_str("    panic!(\"struck: {said}\")\n}\n");
        let lib = format!("chapters/{CHAPTER_00}/src/lib.rs");
        let stub = std::fs::read_to_string(course.root.join(&lib)).expect("the stub");
        let submission = Submission::stubs(&[CHAPTER_00])
            .with(&lib, &format!("{INSTEAD}{}", stub.replace("//!", "//")))
            .with(&format!("chapters/{CHAPTER_00}/src/attack.rs"), &strike);
        Volley {
            attacks: placed,
            submission,
        }
    }

    /// With functions that the attacks call as `crate::attack::…`.
    pub fn with_helpers(mut self, helpers: &str) -> Volley {
        let file = format!("chapters/{CHAPTER_00}/src/attack.rs");
        let text = std::fs::read_to_string(self.submission.path().join(&file)).expect("its file");
        self.submission = self.submission.with(&file, &format!("{text}{helpers}"));
        self
    }

    /// None of it is worth a point.
    pub fn strikes(&self, settings: &Settings) -> Report {
        let report = grade(&self.submission, settings);
        rows::add(&report, &self.rows(&report));
        assert_eq!(report.problem, None);
        assert_eq!(report.chapters[0].build_error, None);
        assert_eq!(report.score, 0, "{:?}", crate::support::verdicts(&report));
        report
    }

    fn rows(&self, report: &Report) -> Vec<Row<'_>> {
        let row = |(attack, id): &(&'static str, String)| {
            let (hit, test) = (self.hit(report, attack), test(report, id));
            let said = hit.said.split([':', ' ']).next().unwrap_or_default();
            Row {
                attack,
                fate: match said {
                    "done" | "refused" => said.to_owned(),
                    _ => rows::word(hit.verdict),
                },
                points: test.points,
                took: Duration::from_millis(test.ms),
            }
        };
        self.attacks.iter().map(row).collect()
    }

    pub fn hit(&self, report: &Report, attack: &str) -> Hit {
        let placed = self.attacks.iter().find(|(name, _)| *name == attack);
        let (_, id) = placed.unwrap_or_else(|| panic!("no attack is called {attack}"));
        let test = test(report, id);
        let of = |text: &str| Some(text.split("struck: ").nth(1)?.lines().next()?.to_owned());
        let said = of(&test.message)
            .or_else(|| of(&test.output))
            .unwrap_or_default();
        Hit {
            verdict: test.verdict,
            said: said.split(" at chapters").next().unwrap_or_default().into(),
            output: test.output.clone(),
            output_dropped: test.output_dropped,
            message: test.message.clone(),
        }
    }
}
