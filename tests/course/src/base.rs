//! On whose answers a chapter stands.
//!
//! A chapter may be linked with the libraries of earlier ones, each by one line of its manifest:
//! `packets = { package = "sol06", path = "../../solutions/06-packets" }` is the reference answer, so
//! that the chapter can be done alone, and `packets = { package = "ch06", path = "../06-packets" }`
//! is the reader's own.

use crate::problem::{Problem, Result};
use crate::{Chapter, Course};

/// Whose answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Mine,
    Reference,
}

impl Whose {
    /// How the manifest of another chapter names this one's library.
    fn words(self, chapter: &Chapter) -> String {
        let folder = &chapter.folder;
        match self {
            Whose::Mine => format!(
                "package = \"{}\", path = \"../{folder}\"",
                chapter.package()
            ),
            Whose::Reference => format!(
                "package = \"{}\", path = \"../../solutions/{folder}\"",
                chapter.solution_package()
            ),
        }
    }

    fn other(self) -> Whose {
        match self {
            Whose::Mine => Whose::Reference,
            Whose::Reference => Whose::Mine,
        }
    }
}

/// A chapter's manifest, as far as it tells what the chapter stands on.
pub struct Manifest {
    /// Relative to the workspace.
    pub path: String,
    pub text: String,
}

impl Manifest {
    pub fn of(course: &Course, chapter: &Chapter) -> Result<Manifest> {
        let path = format!("{}/Cargo.toml", chapter.dir());
        let file = course.root.join(&path);
        let text = std::fs::read_to_string(&file)
            .map_err(|error| Problem::with_file("read", &file, &error))?;
        Ok(Manifest { path, text })
    }

    /// Whose answer of another chapter this one is linked with, if with any.
    pub fn stands_on(&self, other: &Chapter) -> Option<Whose> {
        let lines = self.text.lines().filter(|line| !line.starts_with('#'));
        [Whose::Mine, Whose::Reference]
            .into_iter()
            .find(|whose| lines.clone().any(|line| line.contains(&whose.words(other))))
    }

    /// The same text, but linked with this one's answer of another chapter.
    pub fn linked_with(&self, whose: Whose, other: &Chapter) -> String {
        let (from, to) = (whose.other().words(other), whose.words(other));
        let line = |line: &str| match line.starts_with('#') {
            true => line.to_owned(),
            false => line.replace(&from, &to),
        };
        self.text.split_inclusive('\n').map(line).collect()
    }
}
