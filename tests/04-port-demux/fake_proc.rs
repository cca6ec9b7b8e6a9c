//! A folder that is made like `/proc`.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder is gone with this value.
pub struct FakeProc(PathBuf);

impl FakeProc {
    pub fn new(name: &str) -> FakeProc {
        let folder = format!("loopback-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the test");
        FakeProc(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A process with the links of its descriptors.
    pub fn process(&self, pid: u32, comm: Option<&str>, links: &[&str]) {
        for (n, target) in links.iter().enumerate() {
            self.link(&format!("{pid}/fd/{n}"), target);
        }
        if let Some(comm) = comm {
            self.file(&format!("{pid}/comm"), comm.as_bytes());
        }
    }

    pub fn file(&self, path: &str, bytes: &[u8]) {
        fs::write(self.place(path), bytes).expect("a file");
    }

    pub fn link(&self, path: &str, target: impl AsRef<Path>) {
        std::os::unix::fs::symlink(target, self.place(path)).expect("a link");
    }

    fn place(&self, path: &str) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        path
    }
}

impl Drop for FakeProc {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
