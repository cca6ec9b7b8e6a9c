//! Gives each worker on this machine a number. Several runs may share a scratch folder, for instance the
//! jobs of an array that a cluster puts on one machine.

use std::fs::File;
use std::io;
use std::path::Path;

use course::problem::{Problem, Result};

/// A number that no other worker on this machine has, until it is dropped or its process ends.
pub struct WorkerLock {
    pub number: usize,
    _locked: File,
}

impl WorkerLock {
    /// The lowest one that is free.
    pub fn take(scratch: &Path) -> Result<WorkerLock> {
        std::fs::create_dir_all(scratch)
            .map_err(|error| Problem::with_file("make the folder", scratch, &error))?;
        let mut numbers = 0..;
        loop {
            let number = numbers.next().expect("there are more numbers than workers");
            let path = scratch.join(format!("worker-{number}.lock"));
            let locked =
                locked(&path).map_err(|error| Problem::with_file("lock", &path, &error))?;
            if let Some(file) = locked {
                return Ok(WorkerLock {
                    number,
                    _locked: file,
                });
            }
        }
    }
}

/// Locks the file; `None` if another holds it. The kernel unlocks it when its holder ends, even by SIGKILL.
#[cfg(unix)]
fn locked(path: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{FlockOperation, flock};
    let mut options = File::options();
    let file = options
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The same on Windows: the file is opened for one process only.
#[cfg(windows)]
fn locked(path: &Path) -> io::Result<Option<File>> {
    use std::os::windows::fs::OpenOptionsExt;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    match options.share_mode(0).open(path) {
        Err(error) if error.raw_os_error() == Some(ERROR_SHARING_VIOLATION) => Ok(None),
        file => file.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_free_again_when_its_worker_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let take = || WorkerLock::take(dir.path()).unwrap();
        let (first, second) = (take(), take());
        assert_eq!((first.number, second.number), (0, 1));
        drop(first);
        assert_eq!((take().number, second.number), (0, 1));
    }
}
