//! A worker's folder with the form of the course: in it lie a copy of the course's tests, the
//! instructor's hidden ones, and the files of one submission after another. No solutions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use workbook::course::Chapter;
use workbook::problem::{Problem, Result};

use crate::collect::Sources;

/// The folder of the hidden tests, which has the form of a course itself.
pub const HIDDEN: &str = "hidden";

/// What belongs to authors: answers, and tests of the answers.
const AUTHORS: [&str; 2] = ["solution.rs", "wrong.toml"];

pub struct Desk {
    pub root: PathBuf,
}

impl Desk {
    /// A fresh one.
    pub fn lay(
        root: &Path,
        course: &Path,
        chapters: &[&Chapter],
        hidden: Option<&Path>,
    ) -> Result<Desk> {
        empty(root)?;
        let desk = Desk {
            // Without links in it: the jail shows real paths.
            root: root
                .canonicalize()
                .map_err(|error| Problem::with_file("find", root, &error))?,
        };
        for chapter in chapters {
            let folder = chapter.tests_dir();
            copy(&course.join(&folder), &desk.root.join(&folder))?;
            if let Some(hidden) = hidden {
                let from = hidden.join(&chapter.folder);
                if from.exists() {
                    copy(&from, &desk.root.join(HIDDEN).join(&folder))?;
                }
            }
        }
        Ok(desk)
    }

    /// Puts a submission on it, and nothing is left of the one before.
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

/// Makes the folder, with nothing in it.
pub fn empty(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
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
        if !AUTHORS.iter().any(|author| name == *author) {
            copy(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}
