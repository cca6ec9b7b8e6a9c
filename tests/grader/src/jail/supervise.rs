//! The jail's own process, which starts one program after another, each in a fresh process.
//!
//! It is the grader's binary. In a PID namespace it is the namespace's first process: the kernel ends
//! all others with it. Elsewhere it adopts what is left behind and ends that itself. It has no more
//! rights than it needs, and a program none over it:
//!
//! - The limits are its own, so that every program begins with them.
//! - Landlock and seccomp are in force in one thread of it, which starts the programs. So a program can
//!   neither look into this process nor stop it, and has none of its descriptors.
//! - A program that is to be alone is started by way of [`alone`].
//! - A program that has left something behind, a process or a file, was the last one in this jail: the
//!   grader builds a new one for the next.

use std::collections::BTreeMap;
use std::fs;
use std::io::{PipeReader, Read, pipe, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::statvfs;
use rustix::io::Errno;
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open,
    set_child_subreaper, set_dumpable_behavior,
};

use super::cell::Ending;
use super::isolation::Isolation;
use super::messages::{Reply, Request, receive, send};
use super::order::Order;
use super::processes::{self, Process};
use super::{alone, landlock, limits, seccomp};

/// The argument by which the binary knows that it is meant.
pub const WORD: &str = "--supervise";

/// Runs programs until the grader closes the socket on standard input, or dies. Then nothing is left of
/// them.
pub fn run(order: &str) -> ExitCode {
    let is_first = std::process::id() == 1;
    if let Err(why) = supervise(order, is_first) {
        // A grader that has gone needs no answer.
        let _ = send(stdin().as_fd(), &Reply::Failed(why), &[]);
    }
    if !is_first {
        end_all();
    }
    ExitCode::SUCCESS
}

fn supervise(order: &str, is_first: bool) -> Result<(), String> {
    if !is_first {
        // Orphans become our children, however far down they were started; setsid does not help them.
        set_child_subreaper(Pid::from_raw(1))
            .map_err(|error| format!("cannot adopt orphans: {error}"))?;
    }
    let mut order = Order::read(order)?;
    // It becomes what it starts.
    order.cell.reads.push(own_program()?);
    limits::apply(order.cell.quotas)?;
    // Nobody of the same user may look into it either. A program that it starts is its own again.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| format!("cannot close itself to others: {error}"))?;
    let starter = Starter::begin(&order)?;
    let before = Traces::of(&order.scratch)?;
    let socket = stdin();
    let tell = |reply: &Reply| {
        send(socket.as_fd(), reply, &[]).map_err(|error| format!("cannot answer: {error}"))
    };
    tell(&Reply::Ready)?;
    loop {
        let request = receive::<Request>(socket.as_fd());
        let Some((request, output)) = request.map_err(|error| format!("cannot hear: {error}"))?
        else {
            return Ok(());
        };
        match starter.start(&order, request, output) {
            Ok((mut child, failure)) => {
                let Some(ending) = wait(&mut child, &order)? else {
                    return Ok(());
                };
                if let Some(why) = told(failure)? {
                    return Err(format!("a program could not be started alone: {why}"));
                }
                let is_clean = !has_children() && before.are_all(&order.scratch);
                tell(&Reply::Ended {
                    ending,
                    process: child.id(),
                    is_clean,
                })?;
            }
            Err(why) => tell(&Reply::Failed(why))?,
        }
    }
}

/// The thread that has no more rights than the programs that it starts.
struct Starter {
    commands: Sender<Command>,
    children: Receiver<std::io::Result<Child>>,
}

impl Starter {
    fn begin(order: &Order) -> Result<Starter, String> {
        let (commands, to_start) = channel::<Command>();
        let (started, children) = channel();
        let (tell, told) = channel();
        let (cell, level) = (order.cell.clone(), order.level);
        let run = move || {
            let restricted = match level >= Isolation::Landlock {
                true => landlock::apply(&cell, level).and_then(|()| seccomp::apply()),
                false => Ok(()),
            };
            let _ = tell.send(restricted);
            for mut command in to_start {
                let _ = started.send(command.spawn());
            }
        };
        thread::Builder::new()
            .spawn(run)
            .map_err(|error| format!("cannot start a thread: {error}"))?;
        told.recv().map_err(|error| error.to_string())??;
        Ok(Starter { commands, children })
    }

    fn start(
        &self,
        order: &Order,
        request: Request,
        output: Vec<OwnedFd>,
    ) -> Result<(Child, Option<PipeReader>), String> {
        let [stdout, stderr] = <[OwnedFd; 2]>::try_from(output)
            .map_err(|_| "there is no output for a program".to_owned())?;
        let program = &order.cell.program;
        let mut command;
        let mut failure = None;
        if order.cell.is_alone {
            let (told, tell) = pipe().map_err(|error| format!("cannot make a pipe: {error}"))?;
            command = Command::new(own_program()?);
            command.arg(alone::WORD).arg(program).stdin(tell);
            failure = Some(told);
        } else {
            // Opened here: the thread that starts programs may not.
            let nothing = fs::File::open("/dev/null")
                .map_err(|error| format!("cannot open /dev/null: {error}"))?;
            command = Command::new(program);
            command.stdin(nothing);
        }
        command
            .args(request.args)
            .env_clear()
            .envs(request.env)
            .current_dir(&order.cell.dir)
            .stdout(stdout)
            .stderr(stderr)
            // A signal to all of its group is none to us.
            .process_group(0);
        if let Some(user) = order.user {
            // Also gives up the supplementary groups.
            command.uid(user).gid(user);
        }
        self.commands
            .send(command)
            .map_err(|error| error.to_string())?;
        let child = self.children.recv().map_err(|error| error.to_string())?;
        let child = child.map_err(|error| format!("cannot run {}: {error}", program.display()))?;
        Ok((child, failure))
    }
}

/// What [`alone`] has said, which has ended: nothing when it became the program.
fn told(failure: Option<PipeReader>) -> Result<Option<String>, String> {
    let mut said = String::new();
    if let Some(mut failure) = failure {
        let read = failure.read_to_string(&mut said);
        read.map_err(|error| format!("cannot read from a pipe: {error}"))?;
    }
    Ok(Some(said).filter(|said| !said.is_empty()))
}

/// Where the grader's binary lies, as it was started.
fn own_program() -> Result<PathBuf, String> {
    let own = std::env::args_os().next().map(PathBuf::from);
    own.ok_or_else(|| "cannot find its own program".to_owned())
}

/// A file system in memory has a limit on its bytes alone. An empty file takes a kilobyte of the kernel's memory.
const MOST_FILES: u64 = 10_000;

/// How often they are counted.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// How the program ended; none when the grader has closed the socket before.
fn wait(child: &mut Child, order: &Order) -> Result<Option<Ending>, String> {
    let trouble = |error: Errno| format!("cannot wait for a program: {error}");
    let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).map_err(trouble)?;
    let socket = stdin();
    // Elsewhere the machine's own files lie in the same file system.
    let counts = order.level == Isolation::Bwrap;
    let mut has_too_many = false;
    loop {
        let mut both = [
            PollFd::new(&process, PollFlags::IN),
            PollFd::new(&socket, PollFlags::IN),
        ];
        match poll(&mut both, counts.then_some(&LOOK)) {
            Err(Errno::INTR) => continue,
            other => other.map_err(trouble)?,
        };
        let [has_ended, is_closed] = both.map(|one| !one.revents().is_empty());
        if has_ended {
            let status = child.wait();
            let status = status.map_err(|error| format!("cannot wait for a program: {error}"))?;
            return Ok(Some(match has_too_many {
                true => Ending::TooManyFiles,
                false => status.into(),
            }));
        }
        if is_closed {
            return Ok(None);
        }
        if counts && files_in(&order.scratch) > MOST_FILES {
            has_too_many = true;
            // What else it has started ends with this jail.
            let _ = child.kill();
        }
    }
}

/// How many files and folders there are in these file systems.
fn files_in(scratch: &[PathBuf]) -> u64 {
    let systems = scratch.iter().filter_map(|folder| statvfs(folder).ok());
    systems
        .map(|one| one.f_files.saturating_sub(one.f_ffree))
        .sum()
}

/// Whether any process is below us. Those that have ended are put away.
fn has_children() -> bool {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// What lies in folders, whose it is and how it is open. Files that are shown there from elsewhere are
/// not looked into: no program may write to them.
struct Traces(BTreeMap<PathBuf, (u32, u32, u32)>);

impl Traces {
    fn of(folders: &[PathBuf]) -> Result<Traces, String> {
        let mut all = BTreeMap::new();
        walk(folders, &mut |path, meta| {
            all.insert(path.to_owned(), (meta.mode(), meta.uid(), meta.gid()));
            true
        })
        .map_err(|error| format!("cannot look at what a program may write to: {error}"))?;
        Ok(Traces(all))
    }

    /// Nothing is there that was not there before, and nothing is missing.
    fn are_all(&self, folders: &[PathBuf]) -> bool {
        let mut left = self.0.len();
        let is_known = walk(folders, &mut |path, meta| {
            let is_known = self.0.get(path) == Some(&(meta.mode(), meta.uid(), meta.gid()));
            left = left.saturating_sub(1);
            is_known
        });
        is_known.is_ok_and(|is_known| is_known) && left == 0
    }
}

/// Shows each entry until one is refused. Whether none was.
fn walk(
    folders: &[PathBuf],
    see: &mut dyn FnMut(&Path, &fs::Metadata) -> bool,
) -> std::io::Result<bool> {
    for top in folders {
        let device = fs::symlink_metadata(top)?.dev();
        let mut next = vec![top.clone()];
        while let Some(path) = next.pop() {
            let meta = fs::symlink_metadata(&path)?;
            if !see(&path, &meta) {
                return Ok(false);
            }
            if meta.is_dir() && meta.dev() == device {
                for entry in fs::read_dir(&path)? {
                    next.push(entry?.path());
                }
            }
        }
    }
    Ok(true)
}

/// Kills everything below us until nothing is left: somebody may fork while we look.
fn end_all() {
    let own = std::process::id();
    loop {
        let below = processes::below(own);
        for pid in below.iter().filter_map(Process::pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
        while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
        if below.is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}
