//! A copy of the workspace's sources in which answers can be made wrong.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::problem::{Problem, Result};

/// What the workspace is made of. The book and the student's own files are not needed to build.
const PARTS: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    ".cargo",
    "chapters",
    "solutions",
    "tests",
];

pub struct Scratch {
    /// A workspace of its own.
    pub root: PathBuf,
    /// A build folder of its own, so that several of these can build at a time.
    pub target: PathBuf,
}

impl Scratch {
    /// The scratch copy in `folder`, brought up to date with the workspace at `root`.
    pub fn of(root: &Path, folder: &Path) -> Result<Scratch> {
        let sources = folder.join("sources");
        // Without links in it, as cargo reports paths.
        let sources = fs::create_dir_all(&sources)
            .and_then(|()| sources.canonicalize())
            .map_err(|error| Problem::with_file("create", &sources, &error))?;
        let scratch = Scratch {
            root: sources,
            target: folder.join("target"),
        };
        for part in PARTS {
            let from = root.join(part);
            if from.exists() {
                mirror(&from, &scratch.root.join(part))?;
            }
        }
        Ok(scratch)
    }

    pub fn read(&self, file: &str) -> Result<String> {
        let path = self.root.join(file);
        fs::read_to_string(&path).map_err(|error| Problem::with_file("read", &path, &error))
    }

    pub fn write(&self, file: &str, text: &str) -> Result<()> {
        write(&self.root.join(file), text.as_bytes())
    }
}

/// Makes `to` equal to `from`. A file that is equal already is not touched: its time is how cargo
/// knows that there is nothing to build.
fn mirror(from: &Path, to: &Path) -> Result<()> {
    let trouble = |path: &Path| {
        let path = path.to_owned();
        move |error| Problem::with_file("copy", &path, &error)
    };
    if !from.is_dir() {
        let text = fs::read(from).map_err(trouble(from))?;
        if fs::read(to).ok().as_ref() != Some(&text) {
            write(to, &text)?;
        }
        return Ok(());
    }
    fs::create_dir_all(to).map_err(trouble(to))?;
    let mut names = HashSet::new();
    for entry in fs::read_dir(from).map_err(trouble(from))? {
        let name = entry.map_err(trouble(from))?.file_name();
        if name != OsStr::new("target") {
            mirror(&from.join(&name), &to.join(&name))?;
        }
        names.insert(name);
    }
    for entry in fs::read_dir(to).map_err(trouble(to))? {
        let entry = entry.map_err(trouble(to))?;
        let path = entry.path();
        if !names.contains(&entry.file_name()) {
            let gone = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            gone.map_err(trouble(&path))?;
        }
    }
    Ok(())
}

/// A written file is newer than any build before it, which is what makes cargo look at it again.
fn write(path: &Path, text: &[u8]) -> Result<()> {
    fs::write(path, text).map_err(|error| Problem::with_file("write", path, &error))
}
