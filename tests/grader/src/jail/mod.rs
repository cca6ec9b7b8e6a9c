//! What keeps a submission from the rest of the machine.
//!
//! The strongest that the machine offers, found by trying: [`Jail::find`] runs a probe in it and
//! believes only what the probe has seen. With bubblewrap a process has namespaces of its own: it sees
//! no other process, no network but its own loopback, and no file but what it is given. Landlock and
//! seccomp are in force there as well, and where there is no bubblewrap instead.
//!
//! Outside: a `session` runs a cell's program, one run after the other; a `world` is a jail that is
//! built; a `watch` waits for a program's end. Inside, the grader's own binary: `supervise` starts the
//! programs, `alone` becomes a program that is one process, `judged` becomes a student's program beside its judge,
//! `inside` is the jail of limits alone. `order` and `messages` are what the two sides say to each other.

#[cfg(target_os = "linux")]
mod alone;
#[cfg(target_os = "linux")]
mod bwrap;
mod cell;
mod folder;
#[cfg(unix)]
mod inherited;
mod inside;
mod isolation;
#[cfg(target_os = "linux")]
mod judged;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(unix)]
mod limits;
#[cfg(target_os = "linux")]
mod messages;
mod order;
mod probe;
#[cfg(target_os = "linux")]
pub(crate) mod processes;
#[cfg(target_os = "linux")]
mod seccomp;
mod session;
#[cfg(target_os = "linux")]
mod supervise;
mod users;
mod watch;
#[cfg(target_os = "linux")]
mod world;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use course::problem::{Problem, Result};

pub use cell::{Cell, Ending, Outcome, Quotas};
pub use folder::{Folder, delete};
pub use isolation::Isolation;
pub use session::Session;
pub use watch::{Beside, Share, Used};

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

/// Where the helper lies in a mount namespace.
const HELPER: &str = "/run/grader";

impl Jail {
    /// The strongest jail that works here. `worker` is a worker's number; each has a folder in `scratch`
    /// for the jail's temporary files.
    pub fn find(
        worker: usize,
        at_most: Isolation,
        require: Option<Isolation>,
        scratch: &Path,
    ) -> Result<Jail> {
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
        let mut refusals = String::new();
        let levels = [Isolation::Bwrap, Isolation::Landlock, Isolation::Rlimits];
        for level in levels.into_iter().filter(|&level| level <= at_most) {
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
                Err(why) => refusals.push_str(&format!("{}: {why}\n", level.name())),
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

    /// What in this jail starts a program so that it cannot look into the process that judges it.
    pub fn starter(&self) -> Option<PathBuf> {
        match self.level {
            Isolation::Bwrap => Some(HELPER.into()),
            Isolation::Landlock => Some(self.helper.clone()),
            Isolation::Rlimits | Isolation::None => None,
        }
    }

    /// Lets a submission read what lies in a folder of ours.
    pub fn show(&self, folder: &Path) -> Result<()> {
        users::show(self.user, folder).map_err(|error| Problem::with_file("change", folder, &error))
    }

    /// A temporary folder. If we are killed, the worker's next start deletes it.
    pub fn folder(&self, prefix: &str) -> Result<Folder> {
        let folder = Folder::new(&self.room, prefix);
        folder.map_err(|error| Problem::with_file("make a folder in", &self.room, &error))
    }

    /// Gives a folder to the submission's user, so that it can write there.
    pub fn give(&self, folder: &Path) -> Result<()> {
        users::give(self.user, folder)
            .map_err(|error| Problem::with_file("change the owner of", folder, &error))
    }

    /// Takes back what was given to it, with the files in it: it can write there no longer. If submissions run as
    /// our own user, they can, where the jail does not keep them from it.
    pub fn take(&self, folder: &Path) -> Result<()> {
        users::take(self.user, folder)
            .map_err(|error| Problem::with_file("change the owner of", folder, &error))
    }
}

fn too_weak(least: Isolation, words: &str, refusals: &str) -> Problem {
    Problem::new(format!(
        "This machine has no jail as strong as {}: here it would be {words}.\n{refusals}\
         What each of them needs stands in the book, under \"What the jail stops\".",
        least.name()
    ))
}

/// A worker's folder.
pub fn room(worker: usize, scratch: &Path) -> PathBuf {
    scratch.join(format!("worker-{worker}"))
}

/// The argument by which the binary knows that it is to copy a program. What follows is from where and to where.
const COPY: &str = "--copy";

/// Another process writes the copy. While a program is open for writing, nobody can start it, and whatever another
/// worker's thread starts at that moment has what we have open until it becomes its program.
fn copied(program: &Path, to: &Path) -> Result<PathBuf> {
    let copy = || {
        // The old one may be running.
        if to.exists() {
            std::fs::remove_file(to)?;
        }
        let output = Command::new(program)
            .arg(COPY)
            .arg(program)
            .arg(to)
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(std::io::Error::other(said.trim_end().to_owned()));
        }
        to.canonicalize()
    };
    copy().map_err(|error: std::io::Error| Problem::with_file("copy", program, &error))
}

fn copy(from: &OsStr, to: &OsStr) -> ExitCode {
    match std::fs::copy(from, to) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
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

/// Descriptors that nobody meant for us, or for a submission.
pub fn close_inherited() {
    #[cfg(unix)]
    inherited::close();
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
        #[cfg(target_os = "linux")]
        alone::WORD => Some(alone::run(&args.collect::<Vec<_>>())),
        #[cfg(target_os = "linux")]
        netlab::protocol::START => Some(judged::run(&args.collect::<Vec<_>>())),
        probe::WORD => Some(probe::run()),
        COPY => Some(copy(&args.next()?, &args.next()?)),
        _ => None,
    }
}
