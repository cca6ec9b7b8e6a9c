//! One wrong answer: does its test catch it, and in the right words?

use std::time::{Duration, Instant};

use super::bodies;
use super::check::catcher;
use super::lines::{Lines, Said};
use super::needed::{self, Needed};
use super::slots::Slots;
use super::workdir::Workdir;
use course::problem::{Problem, Result};
use course::wrong::Wrong;
use course::{Chapter, Course, Step, Test};
use runner::rustc::PROGRAM;
use runner::test_binary::{DEADLINE, TestBinary};

/// What it takes to try wrong answers.
pub struct Trial<'a> {
    pub course: &'a Course,
    pub chapter: &'a Chapter,
    pub lines: &'a Lines,
    pub slots: &'a Slots,
}

/// What came of a wrong answer.
#[derive(Default)]
pub struct Tried {
    /// What is wrong with it, if anything.
    pub complaint: Option<String>,
    /// Without the wait for a free compiler.
    pub took: Duration,
}

impl Tried {
    pub fn bad(complaint: impl Into<String>) -> Tried {
        Tried {
            complaint: Some(complaint.into()),
            ..Tried::default()
        }
    }
}

/// A wrong answer, and the test that should catch it.
struct Case<'a> {
    wrong: &'a Wrong,
    step: &'a Step,
    test: &'a Test,
    needed: Option<Needed>,
}

/// How to make the test program of a wrong answer.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    /// With what was compiled for all, where that can be done.
    Short,
    /// From its source, so that nothing is reported which comes of the short way.
    Long,
}

impl Trial<'_> {
    pub fn of(&self, workdir: &mut Workdir, wrong: &Wrong, way: Way) -> Result<Tried> {
        let Some((step, test)) = catcher(self.chapter, wrong) else {
            return Ok(Tried::bad(format!("There is no test {}.", wrong.test)));
        };
        let file = format!("{}/src/{}", self.chapter.solution_dir(), wrong.file);
        let path = self.course.root.join(&file);
        let right = std::fs::read_to_string(&path)
            .map_err(|error| Problem::with_file("read", &path, &error))?;
        let times = right.matches(&wrong.find).count();
        if times != 1 {
            return Ok(Tried::bad(format!(
                "`find` stands {times} times in {file}, not once:\n{}",
                wrong.find
            )));
        }
        let text = right.replacen(&wrong.find, &wrong.replace, 1);
        let needed = needed::by_test(self.course, self.chapter, step, &test.name);
        let may_link = way == Way::Short
            && bodies::are_all_that_differs(&right, &text)
            && !self.lines.is_of_program(&file)
            && needed.as_ref().is_some_and(has_only_code);
        let case = Case {
            wrong,
            step,
            test,
            needed,
        };
        workdir.take(self.chapter)?;
        workdir.change(&file, &text)?;
        let tried = self.once(workdir, &case, may_link);
        workdir.restore()?;
        tried
    }

    fn once(&self, workdir: &mut Workdir, case: &Case, may_link: bool) -> Result<Tried> {
        let mut began = Instant::now();
        let said = self.slots.with(|| {
            began = Instant::now();
            self.compile(workdir, case, may_link)
        })?;
        let complaint = match said {
            Some(said) => Some(format!("The wrong answer does not compile.\n{said}")),
            None => self.run(workdir, case)?,
        };
        Ok(Tried {
            complaint,
            took: began.elapsed(),
        })
    }

    /// Makes the test program of the wrong answer, or finds out what rustc says against it.
    fn compile(&self, workdir: &mut Workdir, case: &Case, may_link: bool) -> Result<Said> {
        let said = self.lines.library(workdir, self.chapter)?;
        if said.is_some() {
            return Ok(said);
        }
        if let Some(needed) = &case.needed {
            let starts_program = needed.mentions(PROGRAM);
            if may_link && self.lines.link(workdir, self.chapter, starts_program)? {
                return Ok(None);
            }
            for (file, text) in &needed.cut {
                workdir.change(file, text)?;
            }
            if self.lines.tests(workdir, self.chapter)?.is_none() {
                return Ok(None);
            }
            // Perhaps too much was left out.
            for (file, _) in &needed.cut {
                workdir.reset(file)?;
            }
        }
        self.lines.tests(workdir, self.chapter)
    }

    /// Runs the test, and says what is wrong with that, if anything.
    fn run(&self, workdir: &Workdir, case: &Case) -> Result<Option<String>> {
        let Case {
            wrong, step, test, ..
        } = case;
        let binary = self.lines.binary(workdir, self.chapter);
        let binary = TestBinary {
            path: &binary,
            dir: &workdir.root.join(self.chapter.solution_dir()),
            package: &self.chapter.solution_package(),
            deadline: DEADLINE,
        };
        let report = binary
            .run(&format!("exercise::{}", step.path_of(test)))
            .map_err(|error| Problem::with_file("run the test binary", binary.path, &error))?;
        if report.verdict.is_done() {
            let word = report.verdict.word();
            return Ok(Some(format!("It escapes: {} {word}.", test.name)));
        }
        let mut told = report.told.clone();
        if let Some(post_mortem) = report.post_mortem() {
            told = format!("{told}\n{}\n{}\n", post_mortem.got, post_mortem.why);
        }
        let missing = missing(&told, &wrong.says);
        if missing.is_empty() {
            return Ok(None);
        }
        let missing = missing.join("\n  ");
        Ok(Some(format!(
            "The failure does not say:\n  {missing}\nIt says:\n\n{told}"
        )))
    }
}

/// Whether the tests take from the answer nothing but its code: not its source, and its program only by
/// a path from the folder in which they run.
fn has_only_code(needed: &Needed) -> bool {
    !["CARGO_MANIFEST_DIR", "current_dir"]
        .iter()
        .any(|words| needed.mentions(words))
}

/// The words that do not stand in the report. Reports wrap their lines, so white space is folded.
fn missing<'a>(report: &str, words: &'a [String]) -> Vec<&'a str> {
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let report = fold(report);
    words
        .iter()
        .map(String::as_str)
        .filter(|words| !report.contains(&fold(words)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn words_are_found_across_a_line_break() {
        let report = "  why   the low\n        byte first";
        let says = ["the low byte first".to_owned(), "34 12".to_owned()];
        assert_eq!(missing(report, &says), ["34 12"]);
    }
}
