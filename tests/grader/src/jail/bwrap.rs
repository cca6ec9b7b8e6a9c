//! bubblewrap's command line.

use std::path::{Path, PathBuf};
use std::process::Command;

use course::problem::{Problem, Result};

use super::HELPER;
use super::cell::Cell;

/// Where a program may write.
pub const SCRATCH: [&str; 2] = ["/tmp", "/dev/shm"];

/// bubblewrap as the grader's PATH has it. The command's own environment is empty, and with it the system
/// would look in places of its own.
fn program() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|folder| folder.join("bwrap"));
    found
        .find(|path| path.is_file())
        .ok_or_else(|| Problem::new("bubblewrap is not installed: there is no bwrap in PATH"))
}

/// The command up to the helper's arguments.
pub fn command(cell: &Cell, helper: &Path, user: Option<u32>) -> Result<Command> {
    let mut command = Command::new(program()?);
    // It ends when its first process does, which ends when the grader does.
    command.args(["--new-session", "--as-pid-1"]);
    match user {
        // Root needs no user namespace. The helper becomes the worker's user, for which it keeps two
        // capabilities until then.
        Some(_) => command.args([
            "--unshare-pid",
            "--unshare-net",
            "--unshare-ipc",
            "--unshare-uts",
            "--unshare-cgroup-try",
            "--cap-add",
            "CAP_SETUID",
            "--cap-add",
            "CAP_SETGID",
        ]),
        None => command.arg("--unshare-all"),
    };
    command.args(["--hostname", "loopback", "--ro-bind", "/usr", "/usr"]);
    for folder in ["/bin", "/sbin", "/lib", "/lib32", "/lib64"] {
        match std::fs::read_link(folder) {
            Ok(to) => command.arg("--symlink").arg(to).arg(folder),
            Err(_) => command.args(["--ro-bind-try", folder, folder]),
        };
    }
    command.args(["--dir", "/etc"]);
    // The linker and the loader look here; nothing else of /etc is needed.
    for file in ["/etc/alternatives", "/etc/ld.so.cache", "/etc/hosts"] {
        command.args(["--ro-bind-try", file, file]);
    }
    if cell.sees_proc {
        command.args(["--proc", "/proc"]);
    }
    command.args(["--dev", "/dev"]);
    let room = (cell.quotas.file_mib << 20).to_string();
    for folder in SCRATCH {
        command.args(["--perms", "1777", "--size", &room, "--tmpfs", folder]);
    }
    for (bind, paths) in [("--ro-bind", &cell.reads), ("--bind", &cell.writes)] {
        for path in paths {
            add_parents(&mut command, path);
            command.arg(bind).arg(path).arg(path);
        }
    }
    add_parents(&mut command, Path::new(HELPER));
    command.arg("--ro-bind").arg(helper).arg(HELPER);
    command.args(["--chdir", "/", "--", HELPER]);
    Ok(command)
}

/// bubblewrap makes the folders above a mount by itself, but for root only.
fn add_parents(command: &mut Command, path: &Path) {
    let above: Vec<&Path> = path.ancestors().skip(1).collect();
    for folder in above.into_iter().rev().skip(1) {
        command.arg("--dir").arg(folder);
    }
}
