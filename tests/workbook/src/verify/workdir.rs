//! A folder with the form of the course, in which a chapter's reference answer is made wrong.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use course::problem::{Problem, Result};
use course::{Chapter, Course};

/// The workdirs of one run, so that two runs do not meet. They go with it.
pub struct Workdirs {
    pub path: PathBuf,
}

impl Workdirs {
    pub fn create(folder: &Path) -> Result<Workdirs> {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            // Of a run that was interrupted. If it cannot be removed, it takes room and does no harm.
            if entry.file_name().to_string_lossy().starts_with(RUN) && is_old(&entry.path()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let path = folder.join(format!("{RUN}{}", std::process::id()));
        create(&path)?;
        Ok(Workdirs { path })
    }
}

impl Drop for Workdirs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

const RUN: &str = "run-";

/// No run takes so long.
fn is_old(path: &Path) -> bool {
    let age = fs::metadata(path).and_then(|meta| meta.modified());
    age.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age.as_secs() > 24 * 3600))
}

pub struct Workdir<'a> {
    pub root: PathBuf,
    course: &'a Course,
    /// The chapter whose files lie here.
    chapter: Option<String>,
    /// The files that are not as in the course.
    changed: Vec<String>,
}

impl<'a> Workdir<'a> {
    pub fn new(course: &'a Course, root: PathBuf) -> Workdir<'a> {
        Workdir {
            root,
            course,
            chapter: None,
            changed: Vec::new(),
        }
    }

    /// Makes sure that the chapter's files lie here: its reference answer and its tests.
    pub fn take(&mut self, chapter: &Chapter) -> Result<()> {
        if self.chapter.as_ref() == Some(&chapter.folder) {
            return Ok(());
        }
        for folder in [chapter.solution_dir(), chapter.tests_dir()] {
            copy(&self.course.root.join(&folder), &self.root.join(&folder))?;
        }
        create(&self.out(chapter))?;
        self.chapter = Some(chapter.folder.clone());
        Ok(())
    }

    /// Puts other text into a file, until [`Workdir::restore`].
    pub fn change(&mut self, file: &str, text: &str) -> Result<()> {
        let path = self.root.join(file);
        self.changed.push(file.to_owned());
        fs::write(&path, text).map_err(|error| Problem::with_file("write", &path, &error))
    }

    /// A file is as in the course again.
    pub fn reset(&self, file: &str) -> Result<()> {
        copy(&self.course.root.join(file), &self.root.join(file))
    }

    /// Every file is as in the course again.
    pub fn restore(&mut self) -> Result<()> {
        for file in std::mem::take(&mut self.changed) {
            self.reset(&file)?;
        }
        Ok(())
    }

    /// Where a chapter's programs and libraries are built.
    pub fn out(&self, chapter: &Chapter) -> PathBuf {
        self.root.join(OUT).join(&chapter.folder)
    }
}

const OUT: &str = "out";

fn copy(from: &Path, to: &Path) -> Result<()> {
    let trouble = |error| Problem::with_file("copy", from, &error);
    if !from.is_dir() {
        fs::copy(from, to).map_err(trouble)?;
        return Ok(());
    }
    create(to)?;
    for entry in fs::read_dir(from).map_err(trouble)? {
        let name = entry.map_err(trouble)?.file_name();
        if name != OsStr::new("target") {
            copy(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Problem::with_file("create", folder, &error))
}
