//! Runs tests of a submission, each in a fresh process of a jail that several of them share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use course::problem::{Problem, Result};
use netlab::protocol::{PATIENCE, SEED, STARTER, WITNESS};
use runner::test_binary;

use crate::jail::{Beside, Cell, Folder, Jail, Quotas, Session, Share};
use crate::run::verdict::{TestOutcome, judge};
use crate::run::witness::{self, Witness};
use crate::settings::Limits;

/// A chapter's test binary, ready to run.
pub struct TestRun<'a> {
    pub binary: &'a Path,
    /// The package's folder: cargo runs tests there.
    pub dir: &'a Path,
    pub package: &'a str,
    /// What it may read: itself, the student's program.
    pub reads: Vec<PathBuf>,
    /// The student's program is judged by another process, which it must not see.
    pub hides_judge: bool,
    pub jail: &'a Jail,
    pub limits: &'a Limits,
    pub seed: u64,
}

/// A jail in which its tests run, one after the other.
pub struct TestSession<'a> {
    session: Session<'a>,
    /// For the witness of each test.
    folder: Folder,
    deadline: Duration,
    memory_mib: u64,
}

/// What a test may take of the machine.
#[derive(Clone, Copy)]
pub struct Time {
    pub cpu: Duration,
    /// Until it sleeps.
    pub awake: Duration,
}

/// Above netlab's 5 s for a test, so that its verdict, which has a story, comes first.
pub const DEADLINE: Duration = Duration::from_secs(8);

impl<'a> TestRun<'a> {
    /// For tests all of whose deadlines are multiplied by `patience`, and that may start programs or not.
    pub fn session(&self, patience: f64, starts_programs: bool) -> Result<TestSession<'a>> {
        let folder = self.jail.folder("lab-")?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The submission may run as another user, and may not list it.
            let passable = std::fs::Permissions::from_mode(0o711);
            std::fs::set_permissions(folder.path(), passable)
                .map_err(|error| Problem::with_file("open", folder.path(), &error))?;
        }
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let env = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("RUST_BACKTRACE", "0".to_owned()),
            ("RUST_TEST_THREADS", "1".to_owned()),
            // Each arena of the C library reserves 64 MiB of addresses, and addresses are limited.
            ("MALLOC_ARENA_MAX", "2".to_owned()),
            ("CARGO_PKG_NAME", self.package.to_owned()),
            ("CARGO_MANIFEST_DIR", text(self.dir)),
            (PATIENCE, patience.to_string()),
            (SEED, self.seed.to_string()),
        ];
        let mut env: Vec<(String, String)> =
            env.map(|(name, value)| (name.to_owned(), value)).into();
        if let Some(starter) = self.jail.starter().filter(|_| self.hides_judge) {
            env.push((STARTER.to_owned(), text(&starter)));
        }
        let deadline = DEADLINE.mul_f64(patience);
        let mut reads = self.reads.clone();
        reads.push(folder.path().to_owned());
        let cell = Cell {
            program: self.binary.to_owned(),
            args: Vec::new(),
            env,
            dir: self.dir.to_owned(),
            reads,
            writes: Vec::new(),
            is_ours: false,
            is_alone: !starts_programs,
            sees_proc: true,
            quotas: Quotas {
                memory_mib: self.limits.memory_mib,
                processes: self.limits.processes,
                files: self.limits.files,
                file_mib: self.limits.file_mib,
                cpu_seconds: 2 * deadline.as_secs(),
            },
        };
        Ok(TestSession {
            session: Session::new(self.jail, cell),
            folder,
            deadline,
            memory_mib: self.limits.memory_mib,
        })
    }
}

impl TestSession<'_> {
    /// Runs the test with this path, `s1_listen::s1_backlog`. `beside` is told when another may run beside it.
    pub fn run(&mut self, path: &str, time: Time, beside: Beside) -> Result<TestOutcome> {
        let witness = Witness::open(self.folder.path())?;
        let mut env = Vec::new();
        if witness.is_some() {
            let socket = witness::socket(self.folder.path());
            env.push((WITNESS.to_owned(), socket.to_string_lossy().into_owned()));
        }
        let args = test_binary::arguments(path).map(str::to_owned);
        let share = Share {
            cpu: time.cpu,
            awake: time.awake,
            // The kernel's limit is a process's.
            memory_mib: self.memory_mib,
            ..Share::until(self.deadline)
        };
        let outcome = self.session.run(&args, &env, &share, Some(beside))?;
        let test = path.rsplit("::").next().unwrap_or(path);
        let heard = witness.map(|witness| witness.heard(test, outcome.process));
        judge(outcome, heard.as_ref())
    }
}
