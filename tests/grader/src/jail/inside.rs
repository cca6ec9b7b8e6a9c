//! The inner side of the jail: the grader's own binary takes every right from itself that the program
//! does not need, then becomes the program.

use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use super::{Cell, Isolation, NO_JAIL, NO_JAIL_WORDS, READY};

/// The argument by which the binary knows that it is meant.
pub const WORD: &str = "--inside";

/// What it is told on its command line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub cell: Cell,
    pub level: Isolation,
    /// Whom to become first.
    pub user: Option<u32>,
}

impl Order {
    pub fn written(&self) -> String {
        serde_json::to_string(self).expect("paths of the course are UTF-8")
    }

    /// The grader's program, which the jail's processes begin as.
    pub fn helper(&self) -> Result<PathBuf, String> {
        match self.level {
            // There may be no /proc to ask.
            Isolation::Bwrap => Ok(super::HELPER.into()),
            _ => std::env::current_exe()
                .map_err(|error| format!("cannot find its own program: {error}")),
        }
    }

    pub fn read(text: &str) -> Result<Order, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

/// Comes back only with an error.
pub fn run(order: &str) -> ExitCode {
    let why = match Order::read(order) {
        Ok(order) => become_program(order),
        Err(why) => why,
    };
    eprintln!("{NO_JAIL_WORDS}{why}");
    ExitCode::from(NO_JAIL)
}

#[cfg(unix)]
fn become_program(mut order: Order) -> String {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    if let Some(user) = order.user.take() {
        let own = match order.helper() {
            Ok(own) => own,
            Err(why) => return why,
        };
        // Also gives up the supplementary groups.
        let error = Command::new(own)
            .args([WORD, &order.written()])
            .uid(user)
            .gid(user)
            .exec();
        return format!("cannot become user {user}: {error}");
    }
    let cell = &order.cell;
    first_to_go();
    let prepared = limit(cell)
        .and_then(|()| restrict(&order))
        .and_then(|()| is_ready(cell));
    if let Err(why) = prepared {
        return why;
    }
    // From here on nobody but the program speaks and ends.
    eprint!("{READY}");
    let error = Command::new(&cell.program)
        .args(&cell.args)
        .env_clear()
        .envs(cell.env.iter().map(|(name, value)| (name, value)))
        .exec();
    format!("cannot run {}: {error}", cell.program.display())
}

#[cfg(not(unix))]
fn become_program(_: Order) -> String {
    "there is none on this system".into()
}

/// A machine without memory ends a submission before anybody else. Limits are a process's, and a
/// submission may start many.
#[cfg(unix)]
fn first_to_go() {
    // Linux's. Where it cannot be had, the machine chooses as it likes.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

/// Whether we may start it, there: afterwards it is too late to say so.
#[cfg(unix)]
fn is_ready(cell: &Cell) -> Result<(), String> {
    // Who starts the grader may keep files to himself. What the compiler writes, a test must read.
    rustix::process::umask(rustix::fs::Mode::WGRP | rustix::fs::Mode::WOTH);
    std::env::set_current_dir(&cell.dir)
        .map_err(|error| format!("cannot enter {}: {error}", cell.dir.display()))?;
    rustix::fs::access(&cell.program, rustix::fs::Access::EXEC_OK)
        .map_err(|error| format!("cannot run {}: {error}", cell.program.display()))
}

#[cfg(unix)]
fn limit(cell: &Cell) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let quotas = cell.quotas;
    let limits = [
        (Resource::Core, 0),
        (Resource::Cpu, quotas.cpu_seconds),
        (Resource::Fsize, quotas.file_mib << 20),
        (Resource::Nofile, quotas.files),
        #[cfg(not(any(target_os = "macos", target_os = "openbsd")))]
        (Resource::As, quotas.memory_mib << 20),
        (Resource::Nproc, quotas.processes),
    ];
    for (resource, most) in limits {
        // Nobody can go above what is set already.
        let allowed = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        // SIGXCPU says why it comes; SIGKILL, which the kernel sends at the upper limit, does not.
        let grace = if resource == Resource::Cpu { 5 } else { 0 };
        let both = Rlimit {
            current: Some(allowed.min(most)),
            maximum: Some(allowed.min(most + grace)),
        };
        setrlimit(resource, both).map_err(|error| format!("no limit on {resource:?}: {error}"))?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn restrict(order: &Order) -> Result<(), String> {
    if order.level >= Isolation::Landlock {
        super::landlock::apply(&order.cell, order.level)?;
        super::seccomp::apply()?;
    }
    Ok(())
}

#[cfg(all(unix, not(target_os = "linux")))]
fn restrict(order: &Order) -> Result<(), String> {
    if order.level >= Isolation::Landlock {
        return Err("Landlock and seccomp are Linux's".into());
    }
    Ok(())
}
