//! Whose processes a submission's are.
//!
//! A limit on the number of processes does not bind root. So when the grader is root, each worker's
//! submissions run as a user of their own, which owns nothing.

use std::io;
use std::path::Path;

/// No system gives out these numbers by itself.
#[cfg(unix)]
const FIRST: u32 = 64_000;

#[cfg(unix)]
pub fn of_worker(worker: usize) -> Option<u32> {
    let worker = u32::try_from(worker % 1000).expect("less than 1000");
    rustix::process::geteuid()
        .is_root()
        .then_some(FIRST + worker)
}

#[cfg(not(unix))]
pub fn of_worker(_worker: usize) -> Option<u32> {
    None
}

#[cfg(unix)]
pub fn give(user: Option<u32>, folder: &Path) -> io::Result<()> {
    match user {
        Some(user) => std::os::unix::fs::chown(folder, Some(user), Some(user)),
        None => Ok(()),
    }
}

#[cfg(not(unix))]
pub fn give(_user: Option<u32>, _folder: &Path) -> io::Result<()> {
    Ok(())
}
