//! Runs one test in a process of its own and says how it ended.
//!
//! netlab gives a hanging test its verdict after 5 s. What is caught here is what netlab cannot
//! catch from inside: a process that exits, aborts, overflows its stack or never ends at all.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::capture::Capture;
use crate::child::{kill_group, own_group, wait};
use crate::protocol::{Patience, SKIPPED, TO_DO, paragraph};

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// It is marked to be left out on this system, or this machine lacks what it needs.
    Skipped,
    Failed,
    /// It reached the student's `todo!`.
    ToDo,
    /// It was killed after this time.
    Hung(Duration),
    /// Its process ended before the test did: `exit code 0`, or the name of a signal.
    EndedEarly(String),
    /// It asked for memory that the system does not have: how many bytes.
    OutOfMemory(String),
    /// The test binary knows no such test.
    Missing,
}

impl Verdict {
    /// Nothing is left to do for this test.
    pub fn is_done(&self) -> bool {
        matches!(self, Verdict::Passed | Verdict::Skipped)
    }

    /// One word or two, for a list.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Passed => "passes",
            Verdict::Skipped => "skipped",
            Verdict::Failed => "fails",
            Verdict::ToDo => "to do",
            Verdict::Hung(_) => "hangs",
            Verdict::EndedEarly(_) | Verdict::OutOfMemory(_) => "ends early",
            Verdict::Missing => "missing",
        }
    }
}

/// A finished test.
#[derive(Debug)]
pub struct Report {
    pub verdict: Verdict,
    /// What the test printed about its failure, as it stands.
    pub told: String,
    /// What the student's code printed with `println!`.
    pub printed: String,
    pub took: Duration,
}

/// What can be said about a test that did not live to tell.
pub struct PostMortem {
    pub got: String,
    pub why: String,
}

impl Report {
    /// What is missing for a test that was skipped.
    pub fn lacks(&self) -> Option<String> {
        let is_skipped = self.verdict == Verdict::Skipped;
        // libtest prints the reason of one that is marked.
        let marked = || {
            Some(
                self.printed
                    .lines()
                    .next()?
                    .strip_prefix("ignored, ")?
                    .to_owned(),
            )
        };
        is_skipped.then(|| paragraph(&self.told, SKIPPED).or_else(marked))?
    }

    /// For a test whose process could not finish; nothing for one that gave its own verdict.
    pub fn post_mortem(&self) -> Option<PostMortem> {
        let (got, why) = match &self.verdict {
            Verdict::Hung(after) => (
                format!(
                    "after {} s it was still running, and was stopped",
                    after.as_secs_f64()
                ),
                "It waits for something that never comes, or goes round a loop without end, and \
                 holds up even the laboratory's own clock, so there is no story to tell.",
            ),
            Verdict::EndedEarly(how) if how.starts_with("exit") => (
                format!("it ended early with {how}, without finishing"),
                "Something called std::process::exit, which ends the tests as well. A function \
                 that cannot go on returns an error.",
            ),
            Verdict::OutOfMemory(bytes) => (
                format!("it asked for more memory than there is: {bytes} bytes"),
                "A length or a count was believed before it was checked, for instance one that \
                 came from a peer; or a collection grows without end.",
            ),
            Verdict::EndedEarly(how) => (
                format!("it ended early by {how}, without finishing"),
                "A recursion without end overflows the stack. A panic while another panic is under \
                 way aborts.",
            ),
            Verdict::Missing => (
                "the test program has no such test".to_owned(),
                "It may belong to another system, or to a feature that is not switched on.",
            ),
            _ => return None,
        };
        Some(PostMortem {
            got,
            why: why.to_owned(),
        })
    }
}

/// A test binary, and where and how long it may run.
pub struct TestBinary<'a> {
    pub path: &'a Path,
    /// The package's folder: cargo runs tests there.
    pub dir: &'a Path,
    pub package: &'a str,
    /// How long one test may take, in ordinary patience.
    pub deadline: Duration,
}

/// Above netlab's 5 s for a test, so that its verdict, which has a story, comes first.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// What tells libtest to run the test with this path, alone and in its own words.
pub fn arguments(test: &str) -> [&str; 5] {
    [
        "--exact",
        test,
        "--nocapture",
        "--test-threads=1",
        "--color=never",
    ]
}

impl TestBinary<'_> {
    /// Runs the test with this path, `s1_byte_order::s1_be16_is_network_order`.
    pub fn run(&self, test: &str) -> io::Result<Report> {
        self.run_with(test, &[])
    }

    /// The same with more in its environment.
    pub fn run_with(&self, test: &str, environment: &[(&str, &OsStr)]) -> io::Result<Report> {
        let mut command = Command::new(self.path);
        command
            .args(arguments(test))
            .current_dir(self.dir)
            .env("CARGO_MANIFEST_DIR", self.dir)
            .env("CARGO_PKG_NAME", self.package)
            .env("RUST_BACKTRACE", "0")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        own_group(&mut command);
        let deadline = Patience::from_environment().scale(self.deadline);

        let began = Instant::now();
        let mut child = command.spawn()?;
        let stdout = Capture::of(child.stdout.take().expect("stdout is piped"));
        let stderr = Capture::of(child.stderr.take().expect("stderr is piped"));
        let status = wait(&mut child, began + deadline);
        let took = began.elapsed();
        // Also after an ordinary end: a program that the test started may have outlived it, and
        // would hold the pipes open.
        kill_group(&mut child);
        let (stdout, told) = (stdout.finish().text(), stderr.finish().text());
        let verdict = match status {
            Some(status) => verdict_of(status, &stdout, &told),
            None => Verdict::Hung(deadline),
        };
        Ok(Report {
            verdict,
            told,
            printed: without_harness(&stdout, test),
            took,
        })
    }

    /// The paths of all tests in the binary.
    pub fn list(&self) -> io::Result<Vec<String>> {
        let output = Command::new(self.path)
            .args(["--list", "--format", "terse"])
            .current_dir(self.dir)
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text
            .lines()
            .filter_map(|line| line.strip_suffix(": test"))
            .map(str::to_owned)
            .collect())
    }
}

/// How many bytes a program asked for in vain: std says so, then aborts, for which each system has a
/// status of its own.
pub fn failed_allocation(stderr: &str) -> Option<&str> {
    stderr.lines().rev().find_map(|line| {
        let rest = line.strip_prefix("memory allocation of ")?;
        rest.strip_suffix(" bytes failed")
    })
}

fn verdict_of(status: ExitStatus, stdout: &str, stderr: &str) -> Verdict {
    let is_over = matches!(status.code(), Some(0 | 101));
    if !is_over && let Some(bytes) = failed_allocation(stderr) {
        return Verdict::OutOfMemory(bytes.to_owned());
    }
    let finished = |words: &str| stdout.contains(&format!("test result: {words}"));
    match status.code() {
        Some(0) if finished("ok. 1 passed") => match paragraph(stderr, SKIPPED) {
            Some(_) => Verdict::Skipped,
            None => Verdict::Passed,
        },
        Some(0) if finished("ok. 0 passed; 0 failed; 1 ignored") => Verdict::Skipped,
        Some(0) if finished("ok. 0 passed") => Verdict::Missing,
        // libtest's code for failed tests.
        Some(101) if paragraph(stderr, TO_DO).is_some() => Verdict::ToDo,
        Some(101) => Verdict::Failed,
        // A Windows status such as STATUS_STACK_OVERFLOW.
        Some(code) if code < 0 => Verdict::EndedEarly(format!(
            "a crash, perhaps a stack overflow or an abort ({code:#x})"
        )),
        Some(code) => Verdict::EndedEarly(format!("exit code {code}")),
        None => Verdict::EndedEarly(signal_in_words(status)),
    }
}

/// What the test itself wrote to stdout: without libtest's lines around it.
fn without_harness(stdout: &str, test: &str) -> String {
    let head = format!("test {test} ... ");
    let body = stdout.split_once(&head).map_or(stdout, |(_, body)| body);
    let tail = [
        "ok\n\ntest result: ",
        "FAILED\n\nfailures:\n",
        "ignored\n\ntest result: ",
    ];
    let end = tail
        .iter()
        .filter_map(|tail| body.rfind(tail))
        .min()
        .unwrap_or(body.len());
    body[..end].to_owned()
}

#[cfg(unix)]
fn signal_in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(signal) => signal_words(signal),
        None => "an unknown status".into(),
    }
}

/// What a signal that ended a test mostly means.
pub fn signal_words(signal: i32) -> String {
    match signal {
        6 => "a stack overflow or an abort (SIGABRT)".into(),
        9 => "a kill from outside, perhaps for lack of memory (SIGKILL)".into(),
        11 => "an access outside its memory, perhaps a stack overflow (SIGSEGV)".into(),
        13 => "a write into a closed pipe (SIGPIPE)".into(),
        15 => "a request to end from outside (SIGTERM)".into(),
        signal => format!("signal {signal}"),
    }
}

#[cfg(not(unix))]
fn signal_in_words(_: ExitStatus) -> String {
    "an unknown status".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_student_printed_stands_without_the_harness() {
        let stdout = "\nrunning 1 test\ntest a::b ... hello\nyou\nFAILED\n\nfailures:\n\nfailures:\n    a::b\n\ntest result: FAILED. 0 passed\n";
        assert_eq!(without_harness(stdout, "a::b"), "hello\nyou\n");
        let stdout = "\nrunning 1 test\ntest a::b ... ok\n\ntest result: ok. 1 passed; 0 failed\n";
        assert_eq!(without_harness(stdout, "a::b"), "");
        assert_eq!(without_harness("cut off", "a::b"), "cut off");
    }
}
