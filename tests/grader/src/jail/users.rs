//! Whose processes a submission's are.
//!
//! A limit on the number of processes does not bind root. So when the grader is root, each worker's
//! submissions run as a user of their own, which owns nothing.

use std::io;
use std::path::Path;

/// From 64000 up to `nobody`: no system gives out these numbers by itself, and the user namespaces of
/// containers have them.
#[cfg(unix)]
const USERS: std::ops::Range<u32> = 64_000..65_534;

/// Two workers of one scratch folder have different users. Those of two folders most likely have, too.
#[cfg(unix)]
pub fn of_worker(worker: usize, scratch: &Path) -> Option<u32> {
    use std::hash::{DefaultHasher, Hash, Hasher};

    let mut hasher = DefaultHasher::new();
    scratch.hash(&mut hasher);
    let all = u64::from(USERS.end - USERS.start);
    let place = (hasher.finish() % all + worker as u64) % all;
    let user = USERS.start + u32::try_from(place).expect("less than all");
    rustix::process::geteuid().is_root().then_some(user)
}

#[cfg(not(unix))]
pub fn of_worker(_worker: usize, _scratch: &Path) -> Option<u32> {
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
