//! Runs one test of a submission and says how it went.

use std::path::{Path, PathBuf};
use std::time::Duration;

use workbook::problem::{Problem, Result};

use crate::jail::{Cell, Ending, Jail, Outcome, Quotas};
use crate::report::Verdict;
use crate::settings::Limits;

/// A chapter's test binary, ready to run.
pub struct Exam<'a> {
    pub binary: &'a Path,
    /// The package's folder: cargo runs tests there.
    pub dir: &'a Path,
    pub package: &'a str,
    /// What it may read: itself, the student's program.
    pub reads: &'a [PathBuf],
    pub jail: &'a Jail,
    pub limits: &'a Limits,
    pub seed: u64,
}

/// How a test went.
pub struct Tried {
    pub verdict: Verdict,
    pub message: String,
    pub output: String,
    pub output_dropped: u64,
    pub took: Duration,
    /// A deadline had a part in it, so that a busy machine may be the reason.
    pub is_late: bool,
}

/// Above netlab's 5 s for a test, so that its verdict, which has a story, comes first.
const DEADLINE: Duration = Duration::from_secs(8);

impl Exam<'_> {
    /// Runs the test with this path, `s1_listen::s1_backlog`. `patience` multiplies every deadline.
    pub fn run(&self, path: &str, patience: f64) -> Result<Tried> {
        let witness = Witness::open(self.jail)?;
        let mut env: Vec<(String, String)> = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("LC_ALL", "C.UTF-8"),
            ("RUST_BACKTRACE", "0"),
            ("RUST_TEST_THREADS", "1"),
            // Each arena of the C library reserves 64 MiB of addresses, and addresses are limited.
            ("MALLOC_ARENA_MAX", "2"),
            ("CARGO_PKG_NAME", self.package),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        env.push(("NETLAB_PATIENCE".into(), patience.to_string()));
        env.push(("NETLAB_SEED".into(), self.seed.to_string()));
        env.push((
            "CARGO_MANIFEST_DIR".into(),
            self.dir.to_string_lossy().into(),
        ));
        let mut reads = self.reads.to_vec();
        if let Some(witness) = &witness {
            env.push((
                "NETLAB_WITNESS".into(),
                witness.socket.to_string_lossy().into(),
            ));
            reads.push(witness.folder.path().to_owned());
        }
        let args = [
            "--exact",
            path,
            "--nocapture",
            "--test-threads=1",
            "--color=never",
        ];
        let deadline = DEADLINE.mul_f64(patience);
        let cell = Cell {
            program: self.binary.to_owned(),
            args: args.map(str::to_owned).into(),
            env,
            dir: self.dir.to_owned(),
            reads,
            writes: Vec::new(),
            is_ours: false,
            sees_proc: true,
            quotas: Quotas {
                memory_mib: self.limits.memory_mib,
                processes: self.limits.processes,
                files: self.limits.files,
                file_mib: self.limits.file_mib,
                cpu_seconds: 2 * deadline.as_secs(),
            },
        };
        let outcome = self.jail.run(&cell, deadline)?;
        let test = path.rsplit("::").next().unwrap_or(path);
        let testimony = witness.map(|witness| witness.heard(test));
        judge(outcome, testimony.as_ref())
    }
}

/// What the laboratory said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Testimony {
    begun: u32,
    done: u32,
    failed: u32,
    late: u32,
    /// It spoke of another test.
    is_of_another: bool,
}

impl Testimony {
    fn of(said: &str, test: &str) -> Testimony {
        let mut heard = Testimony::default();
        for line in said.lines() {
            let (word, name) = line.split_once(' ').unwrap_or((line, ""));
            heard.is_of_another |= name != test;
            match word {
                "begins" => heard.begun += 1,
                "done" => heard.done += 1,
                "failed" => heard.failed += 1,
                "late" => heard.late += 1,
                _ => {}
            }
        }
        heard
    }

    fn is_pass(&self) -> bool {
        self.done > 0 && self.done == self.begun && !self.is_of_another
    }
}

/// `testimony` is none where there are no Unix sockets: then the exit code has to do.
fn judge(outcome: Outcome, testimony: Option<&Testimony>) -> Result<Tried> {
    let stdout = outcome.stdout.text();
    let told = outcome.stderr.text();
    let libtest = |words: &str| stdout.contains(&format!("test result: {words}"));
    let said = testimony.copied().unwrap_or_default();
    let has_begun = said.begun > 0 || testimony.is_none();
    // Without memory Rust says so and aborts.
    let without_memory = told
        .lines()
        .rev()
        .find(|line| line.starts_with("memory allocation of ") && line.ends_with(" bytes failed"));
    let (verdict, message) = match outcome.ending {
        Ending::Deadline => (
            Verdict::Timeout,
            format!("still running after {} s", outcome.took.as_secs()),
        ),
        Ending::Signal(6) if without_memory.is_some() => {
            (Verdict::Oom, without_memory.unwrap_or_default().to_owned())
        }
        Ending::Signal(24) => (
            Verdict::Timeout,
            "more processor time than there is for a test".to_owned(),
        ),
        Ending::Signal(signal) => (Verdict::Crash, in_words(signal)),
        Ending::Exited(0) if !has_begun && libtest("ok. 0 passed; 0 failed; 1 ignored") => {
            (Verdict::Skipped, "left out on this system".to_owned())
        }
        // A test that has no laboratory on this system says why and returns. All have one on Linux.
        Ending::Exited(0)
            if !has_begun && !cfg!(target_os = "linux") && libtest("ok. 1 passed") =>
        {
            (Verdict::Skipped, told.trim().to_owned())
        }
        Ending::Exited(0) if !has_begun && stdout.contains("running 0 tests") => (
            Verdict::Missing,
            "the test program has no such test".to_owned(),
        ),
        Ending::Exited(0) => {
            let is_done = testimony.is_none_or(Testimony::is_pass);
            match is_done && libtest("ok. 1 passed") {
                true => (Verdict::Pass, String::new()),
                false => (
                    Verdict::NoVerdict,
                    "the process ended with exit code 0 before the test did".to_owned(),
                ),
            }
        }
        Ending::Exited(101) if told.contains("cannot reach the grader") && !has_begun => {
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
    Ok(Tried {
        is_late: verdict == Verdict::Timeout || (verdict == Verdict::Fail && said.late > 0),
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
    let field = |label: &str| -> Option<String> {
        let begins = format!("  {label:<10}");
        let mut lines = report.lines().skip_while(|line| !line.starts_with(&begins));
        let mut words = lines.next()?.strip_prefix(&begins)?.trim().to_owned();
        for line in lines.take_while(|line| line.starts_with("            ")) {
            words.push(' ');
            words.push_str(line.trim());
        }
        Some(words)
    };
    let text = match (field("to do"), field("expected"), field("got")) {
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
        6 => "a stack overflow or an abort (SIGABRT)".into(),
        9 => "a kill from outside (SIGKILL)".into(),
        11 => "an access outside its memory, perhaps a stack overflow (SIGSEGV)".into(),
        13 => "a write into a closed pipe (SIGPIPE)".into(),
        15 => "a request to end from outside (SIGTERM)".into(),
        25 => "a file longer than there is room for (SIGXFSZ)".into(),
        signal => format!("signal {signal}"),
    }
}

/// Listens for what the laboratory of one process says.
struct Witness {
    folder: tempfile::TempDir,
    socket: PathBuf,
    #[cfg(unix)]
    listening: std::thread::JoinHandle<String>,
}

#[cfg(unix)]
impl Witness {
    fn open(jail: &Jail) -> Result<Option<Witness>> {
        use std::io::{BufRead, BufReader, Read};
        use std::os::unix::fs::PermissionsExt;
        use std::os::unix::net::UnixListener;

        let trouble = |error: std::io::Error| {
            Problem::new(format!("Cannot listen for the laboratory: {error}."))
        };
        let folder = jail.folder("lab-")?;
        let socket = folder.path().join("witness");
        const ROOM: usize = 100; // in a socket's address; some systems have a few more
        if socket.as_os_str().len() > ROOM {
            return Err(Problem::new(format!(
                "A socket's path has room for {ROOM} bytes, and {} is longer. Name a folder with a \
                 shorter path with --scratch.",
                socket.display()
            )));
        }
        let listener = UnixListener::bind(&socket).map_err(trouble)?;
        // The submission may run as another user.
        for (path, mode) in [(folder.path(), 0o711), (&socket, 0o666)] {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(path, mode).map_err(trouble)?;
        }
        let path = socket.clone();
        let listening = std::thread::spawn(move || {
            let Ok((stream, _)) = listener.accept() else {
                return String::new();
            };
            // Nobody else gets a word in.
            drop(listener);
            let _ = std::fs::remove_file(path);
            const ENOUGH: u64 = 64 * 1024;
            let mut said = String::new();
            let mut lines = BufReader::new(stream.take(ENOUGH));
            while lines.read_line(&mut said).is_ok_and(|length| length > 0) {}
            said
        });
        Ok(Some(Witness {
            folder,
            socket,
            listening,
        }))
    }

    /// When the process is over.
    fn heard(self, test: &str) -> Testimony {
        // If nobody has connected, this ends the waiting.
        drop(std::os::unix::net::UnixStream::connect(&self.socket));
        let said = self.listening.join().unwrap_or_default();
        Testimony::of(&said, test)
    }
}

#[cfg(not(unix))]
impl Witness {
    fn open(_: &Jail) -> Result<Option<Witness>> {
        Ok(None)
    }

    fn heard(self, test: &str) -> Testimony {
        Testimony::of("", test)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_labs_of_this_test_done_is_a_pass() {
        let is_pass = |said: &str| Testimony::of(said, "s1_a").is_pass();
        assert!(is_pass("begins s1_a\ndone s1_a\n"));
        assert!(is_pass("begins s1_a\ndone s1_a\nbegins s1_a\ndone s1_a\n"));
        for said in [
            "",
            "begins s1_a\n",
            "begins s1_a\nfailed s1_a\n",
            "begins s1_a\ndone s1_a\nbegins s1_a\n",
            "begins s1_b\ndone s1_b\n",
            "begins s1_a\ndone s1_b\n",
        ] {
            assert!(!is_pass(said), "{said}");
        }
    }

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
