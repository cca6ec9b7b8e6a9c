//! What the end of a test's process means.

use std::time::Duration;

use course::problem::{Problem, Result};
use netlab::protocol::{EXPECTED, GOT, SKIPPED, TO_DO, UNREACHABLE, paragraph};
use runner::test_binary;

use crate::jail::{Ending, Outcome};
use crate::report::Verdict;
use crate::run::witness::Heard;

/// How a test went.
pub struct TestOutcome {
    pub verdict: Verdict,
    pub message: String,
    pub output: String,
    pub output_dropped: u64,
    pub took: Duration,
    /// A deadline had a part in it, so that a busy machine may be the reason.
    pub is_late: bool,
    /// It has used up its processor time, whatever else the machine did.
    pub is_spent: bool,
    /// The test itself starts a program, and was not allowed to; or it was skipped, and that may be why.
    pub needs_programs: bool,
}

impl TestOutcome {
    /// The same for a test that has no reason to be skipped.
    pub fn not_skipped(self) -> TestOutcome {
        match self.verdict {
            Verdict::Skipped => TestOutcome {
                verdict: Verdict::Fail,
                message: format!(
                    "skipped, but not for the course's own chapter: {}",
                    self.message
                ),
                ..self
            },
            _ => self,
        }
    }
}

/// `testimony` is `None` on systems without Unix sockets. Then the exit code decides.
pub fn judge(outcome: Outcome, testimony: Option<&Heard>) -> Result<TestOutcome> {
    let stdout = outcome.stdout.text();
    let told = outcome.stderr.text();
    let libtest = |words: &str| stdout.contains(&format!("test result: {words}"));
    let said = testimony.copied().unwrap_or_default();
    let has_begun = said.begun > 0 || testimony.is_none();
    // The test says it before it calls the student's code.
    let lacks = paragraph(&told, SKIPPED);
    let without_memory = test_binary::failed_allocation(&told);
    let (verdict, message) = match outcome.ending {
        Ending::Deadline | Ending::Asleep => (
            Verdict::Timeout,
            format!("still running after {} s", outcome.took.as_secs()),
        ),
        Ending::Signal(6) if without_memory.is_some() => (
            Verdict::Oom,
            format!(
                "memory allocation of {} bytes failed",
                without_memory.unwrap_or_default()
            ),
        ),
        Ending::Signal(24) | Ending::TooMuchTime => (
            Verdict::Timeout,
            "more processor time than there is for a test: a loop without end, or one that asks again and \
             again instead of waiting"
                .to_owned(),
        ),
        Ending::AwakeTooLong => (
            Verdict::Timeout,
            "the tests of this chapter have used up the time that they have together".to_owned(),
        ),
        Ending::TooMuchMemory => (
            Verdict::Oom,
            "more memory than there is for a test, or for all that sleep".to_owned(),
        ),
        Ending::TooManyProcesses => (
            Verdict::Crash,
            "more processes and threads than there are for all tests that sleep".to_owned(),
        ),
        Ending::TooManyFiles => (
            Verdict::Crash,
            "more files and folders than there is room for".to_owned(),
        ),
        Ending::Signal(signal) => (Verdict::Crash, in_words(signal)),
        Ending::Exited(0) if !has_begun && libtest("ok. 0 passed; 0 failed; 1 ignored") => {
            (Verdict::Skipped, "left out on this system".to_owned())
        }
        Ending::Exited(0) if testimony.is_none_or(Heard::is_skip) && lacks.is_some() => {
            (Verdict::Skipped, lacks.unwrap_or_default())
        }
        Ending::Exited(0) if !has_begun && stdout.contains("running 0 tests") => (
            Verdict::Missing,
            "the test program has no such test".to_owned(),
        ),
        Ending::Exited(0) => {
            let is_done = testimony.is_none_or(Heard::is_pass);
            match is_done && libtest("ok. 1 passed") {
                true => (Verdict::Pass, String::new()),
                false => (
                    Verdict::NoVerdict,
                    "the process ended with exit code 0 before the test did".to_owned(),
                ),
            }
        }
        Ending::Exited(101) if told.contains(UNREACHABLE) && !has_begun => {
            return Err(Problem::new(told.trim()));
        }
        // libtest's code for a failed test.
        Ending::Exited(101) if said.failed + said.late > 0 || !has_begun => {
            (Verdict::Fail, summary(&told))
        }
        Ending::Exited(101) if testimony.is_none() => (Verdict::Fail, summary(&told)),
        Ending::Exited(code) => (
            Verdict::NoVerdict,
            format!("the process ended with exit code {code} before the test did"),
        ),
    };
    let is_spent = matches!(
        outcome.ending,
        Ending::Signal(24) | Ending::TooMuchTime | Ending::AwakeTooLong
    );
    let is_timeout = verdict == Verdict::Timeout && !is_spent;
    Ok(TestOutcome {
        is_late: is_timeout || (verdict == Verdict::Fail && said.late > 0),
        is_spent,
        needs_programs: said.refused + said.skipped > 0,
        verdict,
        message,
        output: match verdict {
            Verdict::Pass => String::new(),
            _ => told.trim_matches('\n').to_owned(),
        },
        output_dropped: outcome.stdout.dropped + outcome.stderr.dropped,
        took: outcome.took,
    })
}

/// One line of netlab's report: what was expected and what came, or what is to do.
fn summary(report: &str) -> String {
    let field = |label: &str| paragraph(report, label);
    let text = match (field(TO_DO), field(EXPECTED), field(GOT)) {
        (Some(task), _, _) => format!("to do: {task}"),
        (None, Some(expected), Some(got)) => format!("expected {expected}; got {got}"),
        (None, Some(expected), None) => format!("expected {expected}"),
        (None, None, Some(got)) => format!("got {got}"),
        (None, None, None) => match report.lines().rev().find(|line| !line.trim().is_empty()) {
            Some(line) => line.trim().to_owned(),
            None => "it failed without a word".to_owned(),
        },
    };
    const LONGEST: usize = 240;
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

fn in_words(signal: i32) -> String {
    match signal {
        // A limit on memory is reported in another way, so the words do not mention memory.
        9 => "a kill from outside (SIGKILL)".into(),
        25 => "a file longer than there is room for (SIGXFSZ)".into(),
        signal => test_binary::signal_words(signal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reports_fields_become_one_line() {
        let report = "\n02, step 3: s3\n\n  1  peer sends\n\n  expected  5000 bytes, then\n            end of file\n  got       connection reset\n  why       RST\n";
        assert_eq!(
            summary(report),
            "expected 5000 bytes, then end of file; got connection reset"
        );
        assert_eq!(
            summary("\n  to do     1.2 f(): write\n            it\n  in        a.rs:4\n"),
            "to do: 1.2 f(): write it"
        );
        assert_eq!(summary("thread panicked\nat x\n"), "at x");
        assert!(summary(&"x".repeat(1000)).chars().count() <= 241);
    }
}
