//! A student's program, as a process that cannot look into the one that judges it.
//!
//! Both are in the same jail. Without more, the program could read in /proc which test runs, what its input is drawn
//! from, and in its judge's memory what is expected. So the grader's binary is started first: it puts a second
//! Landlock around itself, inside of which there is no /proc but the process's own, and becomes the program. Nobody
//! inside of one Landlock may look into a process outside of it, or signal it from Linux 6.12 on (landlock(7)).

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitCode};

use super::landlock;

/// The system's folders, and those in which a program may write. The jail itself says what is open of them.
const FOLDERS: [&str; 10] = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/dev", "/tmp", "/run",
];

/// Comes back only if it fails.
pub fn run(arguments: &[OsString]) -> ExitCode {
    let [program, rest @ ..] = arguments else {
        return ExitCode::FAILURE;
    };
    let why = match landlock::hide_others(&visible(Path::new(program))) {
        Ok(()) => Command::new(program).args(rest).exec().to_string(),
        Err(why) => why,
    };
    eprintln!("{}: {why}", Path::new(program).display());
    ExitCode::FAILURE
}

fn visible(program: &Path) -> Vec<PathBuf> {
    let own = [
        std::env::current_dir().ok(),
        std::env::var_os("TMPDIR").map(PathBuf::from),
        Some(program.to_owned()),
    ];
    // It becomes the program with the same number.
    let process = PathBuf::from(format!("/proc/{}", std::process::id()));
    let folders = FOLDERS.map(PathBuf::from);
    let own = own.iter().flatten().filter_map(|path| top(path));
    own.chain(folders).chain([process]).collect()
}

/// The folder of the root in which it lies.
fn top(path: &Path) -> Option<PathBuf> {
    let mut parts = path.components();
    match (parts.next()?, parts.next()?) {
        (root @ Component::RootDir, first) => Some([root, first].iter().collect()),
        _ => None,
    }
}
