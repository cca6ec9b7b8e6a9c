//! The user that a submission runs as.
//!
//! A limit on the number of processes does not bind root. So if the grader runs as root, each worker's
//! submissions run as a separate user that owns nothing.

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

/// The folder above this one that another user cannot enter.
#[cfg(unix)]
pub fn closed_above(folder: &Path) -> Option<&Path> {
    use std::os::unix::fs::PermissionsExt;
    folder.ancestors().skip(1).find(|above| {
        std::fs::metadata(above).is_ok_and(|meta| meta.permissions().mode() & 0o001 == 0)
    })
}

#[cfg(not(unix))]
pub fn closed_above(_folder: &Path) -> Option<&Path> {
    None
}

/// Lets the user enter a folder of ours, and nobody else.
#[cfg(unix)]
pub fn admit(user: Option<u32>, folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{PermissionsExt, chown};
    let mode = match user {
        Some(group) => {
            chown(folder, None, Some(group))?;
            0o750
        }
        None => 0o700,
    };
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub fn admit(_user: Option<u32>, _folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Lets the user read what is in a folder, whatever our umask was when we wrote it.
#[cfg(unix)]
pub fn show(user: Option<u32>, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if user.is_none() {
        return Ok(());
    }
    let meta = match std::fs::symlink_metadata(path) {
        // Another worker builds here.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        meta => meta?,
    };
    if meta.is_symlink() {
        return Ok(());
    }
    let mode = meta.permissions().mode();
    let enters = if mode & 0o100 != 0 { 0o111 } else { 0 };
    let shown = mode | 0o444 | enters;
    if shown != mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(shown))?;
    }
    if meta.is_dir() {
        for entry in std::fs::read_dir(path)? {
            show(user, &entry?.path())?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
pub fn show(_user: Option<u32>, _path: &Path) -> io::Result<()> {
    Ok(())
}

/// Takes a folder, and the files in it, from the user again.
#[cfg(unix)]
pub fn take(user: Option<u32>, folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::lchown;
    if user.is_none() {
        return Ok(());
    }
    let own = |path: &Path| lchown(path, Some(0), Some(0));
    for entry in std::fs::read_dir(folder)? {
        own(&entry?.path())?;
    }
    own(folder)
}

#[cfg(not(unix))]
pub fn take(_user: Option<u32>, _folder: &Path) -> io::Result<()> {
    Ok(())
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
