//! Which worker of this machine one is. Several runs may share a scratch folder, as the jobs of an
//! array do that a cluster puts on one machine; each of their workers has a number of its own.

use std::fs::File;
use std::io;
use std::path::Path;

use workbook::problem::{Problem, Result};

/// A number that nobody else on this machine has, until it is dropped or its process ends.
pub struct Slot {
    pub number: usize,
    _locked: File,
}

impl Slot {
    /// The lowest one that is free.
    pub fn take(scratch: &Path) -> Result<Slot> {
        std::fs::create_dir_all(scratch)
            .map_err(|error| Problem::with_file("make the folder", scratch, &error))?;
        let mut numbers = 0..;
        loop {
            let number = numbers.next().expect("there are more numbers than workers");
            let path = scratch.join(format!("worker-{number}.lock"));
            let locked =
                locked(&path).map_err(|error| Problem::with_file("lock", &path, &error))?;
            if let Some(file) = locked {
                return Ok(Slot {
                    number,
                    _locked: file,
                });
            }
        }
    }
}

/// The file, unless another has it. The kernel gives it back when its holder ends, also by a SIGKILL.
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

/// The same: who has opened it shares it with nobody.
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
        let take = || Slot::take(dir.path()).unwrap();
        let (first, second) = (take(), take());
        assert_eq!((first.number, second.number), (0, 1));
        drop(first);
        assert_eq!((take().number, second.number), (0, 1));
    }
}
