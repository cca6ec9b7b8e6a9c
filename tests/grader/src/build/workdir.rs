//! A worker's folder, laid out like the course. It holds a copy of the course's tests, the instructor's
//! hidden tests, and the files of one submission at a time. It holds no solutions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use course::problem::{Problem, Result};
use course::{AUTHOR, Chapter};

use crate::jail;
use crate::submission::collect::Sources;

/// The folder of the hidden tests, laid out like a course.
pub const HIDDEN: &str = "hidden";

pub struct Workdir {
    pub root: PathBuf,
}

impl Workdir {
    /// Creates an empty one, with the tests.
    pub fn create(
        root: &Path,
        course: &Path,
        chapters: &[&Chapter],
        hidden: Option<&Path>,
    ) -> Result<Workdir> {
        empty(root)?;
        let workdir = Workdir {
            // Without links in it: the jail shows real paths.
            root: root
                .canonicalize()
                .map_err(|error| Problem::with_file("find", root, &error))?,
        };
        for chapter in chapters {
            let folder = chapter.tests_dir();
            copy(&course.join(&folder), &workdir.root.join(&folder))?;
            if let Some(hidden) = hidden {
                let from = hidden.join(&chapter.folder);
                if from.exists() {
                    copy(&from, &workdir.root.join(HIDDEN).join(&folder))?;
                }
            }
        }
        Ok(workdir)
    }

    /// Adds lines to a chapter's tests, the hidden ones too.
    pub fn add_to_tests(&self, chapter: &Chapter, lines: &str) -> Result<()> {
        let visible = self.root.join(chapter.tests_dir());
        let hidden = self.root.join(HIDDEN).join(chapter.tests_dir());
        for main in [visible, hidden].map(|folder| folder.join("main.rs")) {
            if main.exists() {
                let add = || fs::write(&main, fs::read_to_string(&main)? + lines);
                add().map_err(|error| Problem::with_file("write", &main, &error))?;
            }
        }
        Ok(())
    }

    /// Puts a submission in it, and removes the one before.
    pub fn take(&self, submission: &BTreeMap<String, Sources>) -> Result<()> {
        empty(&self.root.join("out"))?;
        empty(&self.root.join("chapters"))?;
        for (chapter, sources) in submission {
            let src = self.root.join("chapters").join(chapter).join("src");
            create(&src)?;
            for (name, text) in sources {
                let path = src.join(name);
                create(path.parent().expect("it lies in src"))?;
                fs::write(&path, text)
                    .map_err(|error| Problem::with_file("write", &path, &error))?;
            }
        }
        Ok(())
    }
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Problem::with_file("create", folder, &error))
}

/// Creates the folder, or empties it.
pub fn empty(folder: &Path) -> Result<()> {
    match jail::delete(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Problem::with_file("empty", folder, &error))
        }
        _ => create(folder),
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let trouble = |error| Problem::with_file("copy", from, &error);
    if !from.is_dir() {
        fs::copy(from, to).map_err(trouble)?;
        return Ok(());
    }
    create(to)?;
    for entry in fs::read_dir(from).map_err(trouble)? {
        let name = entry.map_err(trouble)?.file_name();
        if name != AUTHOR {
            copy(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}
