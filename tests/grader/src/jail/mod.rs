//! What keeps a submission from the rest of the machine.
//!
//! The strongest that the machine offers, found by trying: [`Jail::find`] runs a probe in it and
//! believes only what the probe has seen. With bubblewrap a process has namespaces of its own: it sees
//! no other process, no network but its own loopback, and no file but what it is given. Inside, and
//! where there is no bubblewrap instead, the grader's own binary (`inside`) sets limits, Landlock and
//! seccomp on itself before it becomes the program. Its parent, the grader's binary as well
//! (`supervise`), sees to it that nothing outlives the program.

#[cfg(target_os = "linux")]
mod bwrap;
mod inside;
mod kept;
#[cfg(target_os = "linux")]
mod landlock;
mod probe;
#[cfg(target_os = "linux")]
mod seccomp;
#[cfg(target_os = "linux")]
mod supervise;
mod users;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use workbook::problem::{Problem, Result};

pub use kept::Kept;

use crate::settings::Settings;

/// How much of it, from weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// A deadline.
    None,
    /// A process group, and limits on memory, files and processes as well. Unix.
    Rlimits,
    /// Landlock and seccomp as well: it cannot read or write what is not its own. Linux.
    Landlock,
    /// Namespaces of its own as well: it sees no other process and no network. Linux with bubblewrap.
    Bwrap,
}

/// A way to run programs of a submission.
#[derive(Debug)]
pub struct Jail {
    pub level: Isolation,
    /// What is in force, strongest first: `bwrap+landlock+seccomp+rlimits`.
    pub words: String,
    helper: PathBuf,
    user: Option<u32>,
    /// The worker's folder.
    room: PathBuf,
}

/// A program to run, and what it may touch.
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

/// How a cell ended.
#[derive(Debug)]
pub struct Outcome {
    pub ending: Ending,
    pub stdout: Kept,
    pub stderr: Kept,
    pub took: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Exited(i32),
    Signal(i32),
    /// It was killed after its time.
    Deadline,
}

/// Where the helper lies in a mount namespace.
const HELPER: &str = "/run/grader";

/// With this code the helper says that it could not build the jail. Standard error says why.
const NO_JAIL: u8 = 125;
/// How that sentence begins.
const NO_JAIL_WORDS: &str = "cargo grader's jail: ";
/// The helper's last word on standard error, when everything is in force. What comes before it is ours,
/// and what comes after it, the end as well, is the program's: a submission that says it has no jail
/// is not believed, and a jail that was not built costs nobody a point.
const READY: &str = "cargo grader's jail is closed\n";

impl Jail {
    /// The strongest that works here. `worker` tells the benches of a class apart; each has a folder
    /// in `scratch`, in which the jail keeps what it needs for a while.
    pub fn find(worker: usize, settings: &Settings, scratch: &Path) -> Result<Jail> {
        let user = users::of_worker(worker, scratch);
        let room = room(worker, scratch);
        std::fs::create_dir_all(&room)
            .and_then(|()| users::admit(user, &room))
            .map_err(|error| Problem::with_file("prepare", &room, &error))?;
        let mut helper = helper()?;
        if user.is_some() {
            // Another user may not be able to enter the folder that we lie in.
            helper = copied(&helper, &room.join("grader"))?;
            users::show(user, &helper)
                .map_err(|error| Problem::with_file("change", &helper, &error))?;
        }
        let require = settings.require_isolation;
        let mut refusals = String::new();
        let levels = [Isolation::Bwrap, Isolation::Landlock, Isolation::Rlimits];
        for level in levels
            .into_iter()
            .filter(|&level| level <= settings.at_most)
        {
            // Without a mount namespace.
            if level < Isolation::Bwrap
                && user.is_some()
                && let Some(closed) = users::closed_above(&room)
            {
                return Err(Problem::new(format!(
                    "Submissions run as another user, as the grader is root, and no other user can \
                     enter {}. Name another folder with --scratch.",
                    closed.display()
                )));
            }
            let jail = Jail {
                level,
                words: String::new(),
                helper: helper.clone(),
                user,
                room: room.clone(),
            };
            match jail.probe() {
                Ok(words) => {
                    if let Some(least) = require.filter(|&least| level < least) {
                        return Err(too_weak(least, &words, &refusals));
                    }
                    return Ok(Jail { words, ..jail });
                }
                Err(why) => refusals.push_str(&format!("{}: {why}\n", name_of(level))),
            }
        }
        if let Some(least) = require.filter(|&least| least > Isolation::None) {
            return Err(too_weak(least, "none", &refusals));
        }
        Ok(Jail {
            level: Isolation::None,
            words: "none".into(),
            helper,
            user,
            room,
        })
    }

    /// Lets a submission read what lies in a folder of ours.
    pub fn show(&self, folder: &Path) -> Result<()> {
        users::show(self.user, folder).map_err(|error| Problem::with_file("change", folder, &error))
    }

    /// A folder of its own for one run, which goes with the value. Whatever kills us, the worker's next
    /// start takes it away.
    pub fn folder(&self, prefix: &str) -> Result<tempfile::TempDir> {
        let folder = tempfile::Builder::new()
            .prefix(prefix)
            .tempdir_in(&self.room);
        folder.map_err(|error| Problem::with_file("make a folder in", &self.room, &error))
    }

    /// Makes a folder the submission's, so that it can write there whoever it runs as.
    pub fn give(&self, folder: &Path) -> Result<()> {
        users::give(self.user, folder)
            .map_err(|error| Problem::with_file("change the owner of", folder, &error))
    }

    /// Runs it to its end or to the deadline. After that none of its processes is left.
    pub fn run(&self, cell: &Cell, deadline: Duration) -> Result<Outcome> {
        let mut cell = cell.clone();
        let own_tmp = self.own_tmp()?;
        if let Some(folder) = &own_tmp {
            let path = folder.path().display().to_string();
            cell.env.push(("TMPDIR".into(), path));
            cell.writes.push(folder.path().to_owned());
        }
        let mut command = self.command(&cell)?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let is_supervised = self.level >= Isolation::Landlock;
        if is_supervised {
            // The supervisor ends everything when this pipe closes, also when it closes because the
            // grader was killed.
            command.stdin(Stdio::piped());
        }
        own_group(&mut command);
        let began = Instant::now();
        let mut child = command
            .spawn()
            .map_err(|error| Problem::with_file("run", Path::new(command.get_program()), &error))?;
        let stdout = kept::Drain::of(child.stdout.take().expect("stdout is piped"));
        let stderr = kept::Drain::of(child.stderr.take().expect("stderr is piped"));
        let status = wait(&mut child, began + deadline);
        let took = began.elapsed();
        drop(child.stdin.take());
        if is_supervised && status.is_none() {
            // It has the killing to do, which takes a moment.
            let _ = wait(&mut child, Instant::now() + Duration::from_secs(10));
        }
        kill_group(&mut child);
        let (stdout, mut stderr) = (stdout.kept(), stderr.kept());
        let ending = match status {
            None => Ending::Deadline,
            Some(status) => self.ending(status),
        };
        if self.level > Isolation::None && !stderr.begin_after(READY.as_bytes()) {
            let why = stderr.text();
            return Err(Problem::new(match why.trim_end() {
                "" => format!("The jail was not built: {ending:?}."),
                why => why.to_owned(),
            }));
        }
        Ok(Outcome {
            ending,
            stdout,
            stderr,
            took,
        })
    }

    /// Where there is no /tmp of its own, a folder that is removed afterwards.
    fn own_tmp(&self) -> Result<Option<tempfile::TempDir>> {
        if self.level == Isolation::Bwrap {
            return Ok(None);
        }
        let folder = self.folder("tmp-")?;
        self.give(folder.path())?;
        Ok(Some(folder))
    }

    fn command(&self, cell: &Cell) -> Result<Command> {
        let order = |level| inside::Order {
            cell: cell.clone(),
            level,
            user: match self.level {
                Isolation::Bwrap => self.user,
                _ => self.user.filter(|_| !cell.is_ours),
            },
        };
        let mut command = match self.level {
            #[cfg(target_os = "linux")]
            Isolation::Bwrap | Isolation::Landlock => {
                let mut command = match self.level {
                    Isolation::Bwrap => bwrap::command(cell, &self.helper, self.user),
                    _ => Command::new(&self.helper),
                };
                command.args([supervise::WORD, &order(self.level).written()]);
                command
            }
            #[cfg(not(target_os = "linux"))]
            Isolation::Bwrap | Isolation::Landlock => {
                return Err(Problem::new("Such a jail is Linux's."));
            }
            Isolation::Rlimits => {
                let mut command = Command::new(&self.helper);
                command.arg(inside::WORD).arg(order(self.level).written());
                command
            }
            Isolation::None => {
                let mut command = Command::new(&cell.program);
                command.args(&cell.args).current_dir(&cell.dir);
                #[cfg(unix)]
                if let Some(user) = self.user.filter(|_| !cell.is_ours) {
                    use std::os::unix::process::CommandExt;
                    command.uid(user).gid(user);
                }
                command
            }
        };
        command.env_clear();
        command.envs(cell.env.iter().map(|(name, value)| (name, value)));
        if cfg!(windows) {
            // Without it no program finds its libraries.
            for name in ["SystemRoot", "PATH", "TEMP"] {
                command.envs(std::env::var_os(name).map(|value| (name, value)));
            }
        }
        Ok(command)
    }

    fn ending(&self, status: ExitStatus) -> Ending {
        match status.code() {
            // Both bubblewrap and the supervisor pass a signal on as shells do.
            Some(code @ 129..=192) if self.level >= Isolation::Landlock => {
                Ending::Signal(code - 128)
            }
            Some(code) => Ending::Exited(code),
            None => Ending::Signal(signal_of(status)),
        }
    }
}

fn too_weak(least: Isolation, words: &str, refusals: &str) -> Problem {
    Problem::new(format!(
        "This machine has no jail as strong as {}: here it would be {words}.\n{refusals}\
         What each of them needs stands in the book, under \"What the jail stops\".",
        name_of(least)
    ))
}

/// As the command line has it.
fn name_of(level: Isolation) -> String {
    let value = level.to_possible_value().expect("no variant is skipped");
    value.get_name().to_owned()
}

/// A worker's folder.
pub fn room(worker: usize, scratch: &Path) -> PathBuf {
    scratch.join(format!("worker-{worker}"))
}

fn copied(program: &Path, to: &Path) -> Result<PathBuf> {
    let copy = || {
        // Somebody may be running the old one.
        if to.exists() {
            std::fs::remove_file(to)?;
        }
        std::fs::copy(program, to)?;
        to.canonicalize()
    };
    copy().map_err(|error: std::io::Error| Problem::with_file("copy", program, &error))
}

/// The grader's own program, which becomes the jail's inner side.
pub(crate) fn helper() -> Result<PathBuf> {
    let own = std::env::current_exe()
        .and_then(|path| path.canonicalize())
        .map_err(|error| Problem::new(format!("Cannot find the grader's own program: {error}.")))?;
    if own.file_stem().is_some_and(|name| name == "grader") {
        return Ok(own);
    }
    // A test of the grader: cargo puts it into `deps`, beside which the program lies.
    let name = format!("grader{}", std::env::consts::EXE_SUFFIX);
    let beside = own.ancestors().nth(2).map(|folder| folder.join(name));
    beside
        .filter(|path| path.is_file())
        .ok_or_else(|| Problem::new("Cannot find the grader's own program."))
}

/// The inner side: the process was started by a grader, not by a person.
pub fn entry() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let word = args.next()?;
    let word = word.to_str()?;
    match word {
        inside::WORD => Some(inside::run(args.next()?.to_str()?)),
        #[cfg(target_os = "linux")]
        supervise::WORD => Some(supervise::run(args.next()?.to_str()?)),
        probe::WORD => Some(probe::run()),
        _ => None,
    }
}

/// Waits for the end; `None` when it does not come in time.
fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    // std has no wait with a deadline. Most tests are over within a few milliseconds.
    let mut pause = Duration::from_micros(500);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(pause),
            Ok(None) | Err(_) => return None,
        }
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

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
fn signal_of(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.signal().unwrap_or(0)
}

#[cfg(not(unix))]
fn signal_of(_: ExitStatus) -> i32 {
    0
}
