//! A folder that is deleted with whatever is in it, however deep that lies.
//!
//! A submission may have made thousands of folders, each in the one before. A function that calls itself for each of
//! them has no stack for that, and one that keeps them open has no descriptors.

use std::io;
use std::path::{Path, PathBuf};

/// Deleted with the value.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one in this folder, whose name begins so.
    pub fn new(above: &Path, prefix: &str) -> io::Result<Folder> {
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(above)?;
        Ok(Folder(folder.keep()))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left, the worker's next start deletes.
        let _ = delete(&self.0);
    }
}

#[cfg(not(unix))]
pub fn delete(folder: &Path) -> io::Result<()> {
    std::fs::remove_dir_all(folder)
}

/// Deletes a folder and all that is in it. It may be closed to us, if it is ours.
#[cfg(unix)]
pub fn delete(folder: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, unlinkat};
    use rustix::io::Errno;

    let mut at = unix::open(CWD, folder)?;
    // Those from `folder` to `at`.
    let mut levels = vec![unix::Level::of(&at)?];
    while let Some(level) = levels.last_mut() {
        if let Some(name) = level.folders.last() {
            match unlinkat(&at, name, AtFlags::REMOVEDIR) {
                Ok(()) => drop(level.folders.pop()),
                Err(Errno::NOTEMPTY | Errno::EXIST) => {
                    at = unix::open(&at, name)?;
                    levels.push(unix::Level::of(&at)?);
                }
                Err(error) => return Err(error.into()),
            }
            continue;
        }
        levels.pop();
        let Some(above) = levels.last_mut() else {
            break;
        };
        at = unix::open(&at, "..")?;
        if unix::id(&at)? != above.id {
            return Err(io::Error::other("a folder was moved while it was deleted"));
        }
        if let Some(name) = above.folders.pop() {
            unlinkat(&at, &name, AtFlags::REMOVEDIR)?;
        }
    }
    std::fs::remove_dir(folder)
}

#[cfg(unix)]
mod unix {
    use std::ffi::CString;
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};

    use rustix::fs::{AtFlags, Dir, Mode, OFlags, chmodat, fchmod, fstat, openat, unlinkat};
    use rustix::io::Errno;
    use rustix::path::Arg;

    /// A folder in which nothing is left but folders.
    pub struct Level {
        /// Tells it from any other.
        pub id: (u64, u64),
        pub folders: Vec<CString>,
    }

    impl Level {
        /// Deletes what else is in it.
        pub fn of(folder: &OwnedFd) -> io::Result<Level> {
            // If it is not ours, the system says so soon enough.
            let _ = fchmod(folder, Mode::RWXU);
            let mut folders = Vec::new();
            for entry in Dir::read_from(folder)? {
                let entry = entry?;
                let name = entry.file_name();
                if matches!(name.to_bytes(), b"." | b"..") {
                    continue;
                }
                match unlinkat(folder, name, AtFlags::empty()) {
                    Ok(()) => {}
                    // How Linux and the others say that it is a folder.
                    Err(Errno::ISDIR | Errno::PERM) => folders.push(name.to_owned()),
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(Level {
                id: id(folder)?,
                folders,
            })
        }
    }

    /// Opens a folder, and no other by way of a link.
    pub fn open(at: impl AsFd, name: impl Arg + Copy) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = match openat(&at, name, flags, Mode::empty()) {
            Err(Errno::ACCESS) => {
                chmodat(&at, name, Mode::RWXU, AtFlags::empty())?;
                openat(&at, name, flags, Mode::empty())
            }
            opened => opened,
        };
        Ok(opened?)
    }

    #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss)] // the types differ between systems
    pub fn id(folder: &OwnedFd) -> io::Result<(u64, u64)> {
        let stat = fstat(folder)?;
        Ok((stat.st_dev as u64, stat.st_ino as u64))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use rustix::fs::{CWD, Mode, mkdirat};
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_folder_goes_however_deep_it_is() {
        // On a disk it takes a while.
        let memory = Path::new("/dev/shm");
        let above = match memory.is_dir() {
            true => memory.to_owned(),
            false => std::env::temp_dir(),
        };
        let folder = Folder::new(&above, "deep-").expect("a folder");
        let path = folder.path().to_owned();
        let mut at = unix::open(CWD, &*path).expect("it is ours");
        for _ in 0..5_000 {
            mkdirat(&at, "d", Mode::RWXU).expect("a folder");
            mkdirat(&at, "e", Mode::RWXU).expect("a folder");
            at = unix::open(&at, "d").expect("it is ours");
        }
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn what_is_closed_goes_and_what_is_elsewhere_stays() {
        let elsewhere = tempfile::tempdir().expect("a folder");
        fs::write(elsewhere.path().join("file"), "kept").expect("a file");
        let folder = Folder::new(&std::env::temp_dir(), "closed-").expect("a folder");
        let path = folder.path().to_owned();
        let closed = path.join("a/b");
        fs::create_dir_all(&closed).expect("folders");
        fs::write(closed.join("file"), "x").expect("a file");
        symlink(elsewhere.path(), closed.join("link")).expect("a link");
        for closed in [&closed, &path.join("a"), &path] {
            fs::set_permissions(closed, fs::Permissions::from_mode(0o000)).expect("ours");
        }
        drop(folder);
        assert!(!path.exists());
        assert!(elsewhere.path().join("file").exists());
        let gone = delete(&path).expect_err("it is not there");
        assert_eq!(gone.kind(), io::ErrorKind::NotFound);
    }
}
