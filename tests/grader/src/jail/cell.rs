//! What runs in a jail, what it may touch, and how it ended.

use std::path::PathBuf;
use std::time::Duration;

use runner::capture::Captured;
use serde::{Deserialize, Serialize};

/// A program, and what it may touch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cell {
    pub program: PathBuf,
    pub args: Vec<String>,
    /// All of its environment.
    pub env: Vec<(String, String)>,
    pub dir: PathBuf,
    /// Files and folders that it may read and execute, besides the system's own in /usr.
    pub reads: Vec<PathBuf>,
    /// Folders in which it may write. A /tmp of its own is always among them.
    pub writes: Vec<PathBuf>,
    /// The program is not the submission's, like the compiler, and may lie where only we can read.
    pub is_ours: bool,
    /// It is one process, which starts no other and hands nothing to anybody. From landlock on, the kernel sees
    /// to it.
    pub is_alone: bool,
    /// It is shown /proc, of its own processes where it has a namespace for them.
    pub sees_proc: bool,
    pub quotas: Quotas,
}

/// Limits of each process in a cell; of `processes`, of all together.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Quotas {
    pub memory_mib: u64,
    pub processes: u64,
    pub files: u64,
    pub file_mib: u64,
    pub cpu_seconds: u64,
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Outcome {
    pub ending: Ending,
    pub stdout: Captured,
    pub stderr: Captured,
    pub took: Duration,
    /// The number of its process on this machine; none where only the jail knows.
    pub process: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    Exited(i32),
    Signal(i32),
    /// It was killed after its time.
    Deadline,
    /// It was killed: it used more processor time than its share.
    TooMuchTime,
    /// It was killed: it did not sleep, and was awake for longer than its share.
    AwakeTooLong,
    /// It was killed: it used more memory than its share.
    TooMuchMemory,
    /// It was killed: it and those that sleep beside it have more processes and threads than their share.
    TooManyProcesses,
    /// It was killed: it made more files than there is room for.
    TooManyFiles,
    /// It was killed: it did nothing but wait.
    Asleep,
}

#[cfg(unix)]
impl From<std::process::ExitStatus> for Ending {
    fn from(status: std::process::ExitStatus) -> Ending {
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Exited(code),
            (None, signal) => Ending::Signal(signal.unwrap_or(0)),
        }
    }
}

#[cfg(not(unix))]
impl From<std::process::ExitStatus> for Ending {
    fn from(status: std::process::ExitStatus) -> Ending {
        Ending::Exited(status.code().unwrap_or(-1))
    }
}
