//! Runs one test in a process of its own and says how it ended.
//!
//! netlab gives a hanging test its verdict after 5 s. What is caught here is what netlab cannot
//! catch from inside: a process that exits, aborts, overflows its stack or never ends at all.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::problem::{Problem, Result};

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// It is marked to be left out on this system.
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

impl TestBinary<'_> {
    /// Runs the test with this path, `s1_byte_order::s1_be16_is_network_order`.
    pub fn run(&self, test: &str) -> Result<Report> {
        let mut command = Command::new(self.path);
        command
            .args([
                "--exact",
                test,
                "--nocapture",
                "--test-threads=1",
                "--color=never",
            ])
            .current_dir(self.dir)
            .env("CARGO_MANIFEST_DIR", self.dir)
            .env("CARGO_PKG_NAME", self.package)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        own_group(&mut command);
        let deadline = self.deadline.mul_f64(patience());

        let began = Instant::now();
        let mut child = command
            .spawn()
            .map_err(|error| Problem::with_file("run the test binary", self.path, &error))?;
        let stdout = Drain::of(child.stdout.take().expect("stdout is piped"));
        let stderr = Drain::of(child.stderr.take().expect("stderr is piped"));
        let status = wait(&mut child, began + deadline);
        let took = began.elapsed();
        // Also after an ordinary end: a program that the test started may have outlived it, and
        // would hold the pipes open.
        kill_group(&mut child);
        let (stdout, told) = (stdout.text(), stderr.text());
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
    pub fn list(&self) -> Result<Vec<String>> {
        let output = Command::new(self.path)
            .args(["--list", "--format", "terse"])
            .current_dir(self.dir)
            .output()
            .map_err(|error| Problem::with_file("run the test binary", self.path, &error))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text
            .lines()
            .filter_map(|line| line.strip_suffix(": test"))
            .map(str::to_owned)
            .collect())
    }
}

/// `NETLAB_PATIENCE=2` doubles every deadline, as it does in netlab.
fn patience() -> f64 {
    let said = std::env::var("NETLAB_PATIENCE")
        .ok()
        .and_then(|text| text.parse().ok());
    said.filter(|factor| (0.01..=1000.0).contains(factor))
        .unwrap_or(1.0)
}

/// Waits for the end; `None` when it does not come in time.
fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    // std has no wait with a deadline. Most tests are over within a few milliseconds, so the pause
    // starts small.
    let mut pause = Duration::from_micros(500);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(pause),
            Ok(None) | Err(_) => return None,
        }
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

fn verdict_of(status: ExitStatus, stdout: &str, stderr: &str) -> Verdict {
    // An abort, for which each system has a status of its own; std says why before it.
    let without_memory = |line: &str| {
        let rest = line.strip_prefix("memory allocation of ")?;
        Some(rest.strip_suffix(" bytes failed")?.to_owned())
    };
    let is_over = matches!(status.code(), Some(0 | 101));
    if !is_over && let Some(bytes) = stderr.lines().rev().find_map(without_memory) {
        return Verdict::OutOfMemory(bytes);
    }
    let finished = |words: &str| stdout.contains(&format!("test result: {words}"));
    match status.code() {
        Some(0) if finished("ok. 1 passed") => Verdict::Passed,
        Some(0) if finished("ok. 0 passed; 0 failed; 1 ignored") => Verdict::Skipped,
        Some(0) if finished("ok. 0 passed") => Verdict::Missing,
        // libtest's code for failed tests.
        Some(101) if stderr.lines().any(|line| line.starts_with("  to do")) => Verdict::ToDo,
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

/// Reads a pipe to its end in the background.
struct Drain {
    kept: Arc<Mutex<Kept>>,
    /// Disconnected at the end of the pipe.
    ended: Receiver<()>,
}

impl Drain {
    fn of(mut pipe: impl Read + Send + 'static) -> Drain {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (until_the_end, ended) = mpsc::channel();
        let keeper = kept.clone();
        thread::spawn(move || {
            let _until_the_end: Sender<()> = until_the_end;
            let mut piece = [0; 8 * 1024];
            while let Ok(n @ 1..) = pipe.read(&mut piece) {
                keeper
                    .lock()
                    .expect("keeping does not panic")
                    .push(&piece[..n]);
            }
        });
        Drain { kept, ended }
    }

    fn text(self) -> String {
        // The pipe ends with the process, unless one that it has started holds it open.
        let _ = self.ended.recv_timeout(Duration::from_secs(1));
        self.kept.lock().expect("keeping does not panic").text()
    }
}

/// The beginning and the end of what came, so that a loop full of `println!` does not fill the memory.
#[derive(Default)]
struct Kept {
    head: Vec<u8>,
    tail: Vec<u8>,
    left_out: usize,
}

impl Kept {
    /// Bytes of the head, and at least as many of the tail.
    const ENOUGH: usize = 32 * 1024;

    fn push(&mut self, piece: &[u8]) {
        let room = Kept::ENOUGH - self.head.len();
        let (first, rest) = piece.split_at(piece.len().min(room));
        self.head.extend_from_slice(first);
        self.tail.extend_from_slice(rest);
        // Cut in large strides: cutting at every piece would copy the tail each time.
        if self.tail.len() > 2 * Kept::ENOUGH {
            let cut = self.tail.len() - Kept::ENOUGH;
            self.tail.drain(..cut);
            self.left_out += cut;
        }
    }

    fn text(&self) -> String {
        let gap = match self.left_out {
            0 => String::new(),
            n => format!("\n[… {n} bytes left out …]\n"),
        };
        let bytes = [self.head.as_slice(), gap.as_bytes(), &self.tail].concat();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

/// Ends the test's process and, where the system has process groups, all that it started.
fn kill_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        // An error means that nobody is left in the group.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(unix)]
fn signal_in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(6) => "a stack overflow or an abort (SIGABRT)".into(),
        Some(9) => "a kill from outside, perhaps for lack of memory (SIGKILL)".into(),
        Some(11) => "an access outside its memory, perhaps a stack overflow (SIGSEGV)".into(),
        Some(13) => "a write into a closed pipe (SIGPIPE)".into(),
        Some(15) => "a request to end from outside (SIGTERM)".into(),
        Some(signal) => format!("signal {signal}"),
        None => "an unknown status".into(),
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

    #[test]
    fn a_flood_of_output_keeps_its_head_and_its_tail() {
        let flood: Vec<u8> = b"first line\n"
            .iter()
            .copied()
            .chain(std::iter::repeat_n(b'x', 50 * Kept::ENOUGH))
            .chain(*b"\nlast line")
            .collect();
        let text = Drain::of(std::io::Cursor::new(flood)).text();
        assert!(text.starts_with("first line\n") && text.ends_with("\nlast line"));
        assert!(text.contains("bytes left out"));
        assert!(text.len() < 4 * Kept::ENOUGH, "{} bytes kept", text.len());
    }
}
