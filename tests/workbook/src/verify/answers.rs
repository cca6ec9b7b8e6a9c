//! One wrong answer: does its test catch it, and in the right words?

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::{Duration, Instant};

use super::builder::Built;
use super::check::catcher;
use super::lines::Said;
use super::needed;
use super::slots::Slots;
use super::together::Together;
use super::variants::CHOICE;
use super::workdir::Workdir;
use course::problem::{Problem, Result};
use course::wrong::Wrong;
use course::{Chapter, Course, Step, Test};
use runner::test_binary::{DEADLINE, TestBinary};

/// What it takes to try wrong answers.
pub struct Trial<'a> {
    pub course: &'a Course,
    pub chapter: &'a Chapter,
    pub built: &'a Built,
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
}

/// How to make the test program of a wrong answer.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    /// Together with others, where that can be done.
    Short,
    /// By itself, so that nothing is reported which comes of the short way.
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
        let Some(text) = wrong.in_place_of(&right) else {
            let times = right.matches(&wrong.find).count();
            return Ok(Tried::bad(format!(
                "`find` stands {times} times in {file}, not once:\n{}",
                wrong.find
            )));
        };
        let case = Case { wrong, step, test };
        let together = self.built.together.as_ref().filter(|_| way == Way::Short);
        if let Some(together) = together
            && let Some(number) = together.number(wrong)
        {
            return self.one_of_many(&case, together, number);
        }
        workdir.take(self.chapter)?;
        workdir.change(&file, &text)?;
        let tried = self.by_itself(workdir, &case);
        workdir.restore()?;
        tried
    }

    fn one_of_many(&self, case: &Case, together: &Together, number: usize) -> Result<Tried> {
        let began = Instant::now();
        let number = OsString::from(number.to_string());
        let environment = [(CHOICE, number.as_os_str())];
        let complaint = self.run(&together.binary, &together.dir, &environment, case)?;
        Ok(Tried {
            complaint,
            took: began.elapsed(),
        })
    }

    fn by_itself(&self, workdir: &mut Workdir, case: &Case) -> Result<Tried> {
        let mut began = Instant::now();
        let said = self.slots.with(|| {
            began = Instant::now();
            self.compile(workdir, case)
        })?;
        let complaint = match said {
            Some(said) => Some(format!("The wrong answer does not compile.\n{said}")),
            None => {
                let binary = self.built.lines.binary(workdir, self.chapter);
                let dir = workdir.root.join(self.chapter.solution_dir());
                self.run(&binary, &dir, &[], case)?
            }
        };
        Ok(Tried {
            complaint,
            took: began.elapsed(),
        })
    }

    /// Makes the test program of the wrong answer, or finds out what rustc says against it.
    fn compile(&self, workdir: &mut Workdir, case: &Case) -> Result<Said> {
        let lines = &self.built.lines;
        let said = lines.library(workdir, self.chapter)?;
        if said.is_some() {
            return Ok(said);
        }
        let needed = needed::by_test(self.course, self.chapter, case.step, &case.test.name);
        if let Some(needed) = &needed {
            for (file, text) in &needed.cut {
                workdir.change(file, text)?;
            }
            if lines.tests(workdir, self.chapter)?.is_none() {
                return Ok(None);
            }
            // Perhaps too much was left out.
            for (file, _) in &needed.cut {
                workdir.reset(file)?;
            }
        }
        lines.tests(workdir, self.chapter)
    }

    /// Runs the test, and says what is wrong with that, if anything.
    fn run(
        &self,
        binary: &Path,
        dir: &Path,
        environment: &[(&str, &OsStr)],
        case: &Case,
    ) -> Result<Option<String>> {
        let Case { wrong, step, test } = case;
        let binary = TestBinary {
            path: binary,
            dir,
            package: &self.chapter.solution_package(),
            deadline: DEADLINE,
        };
        let report = binary
            .run_with(&format!("exercise::{}", step.path_of(test)), environment)
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
