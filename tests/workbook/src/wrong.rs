//! `wrong.toml`: what students get wrong, each as one replacement in the reference solution.

use serde::Deserialize;

use crate::course::{Chapter, Course};
use crate::manifest::Manifest;
use crate::problem::Result;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// Unique in its chapter.
    pub name: String,
    /// The mistake in a line, for people.
    pub mistake: String,
    /// In the solution's `src`.
    pub file: String,
    /// Text that stands exactly once in that file.
    pub find: String,
    pub replace: String,
    /// The test that must catch it.
    pub test: String,
    /// Words that the test's failure must contain.
    pub says: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrongToml {
    #[serde(default)]
    wrong: Vec<Wrong>,
}

/// The wrong answers of a chapter; none when it has no `wrong.toml`.
pub fn answers(course: &Course, chapter: &Chapter) -> Result<Vec<Wrong>> {
    let shown = format!("{}/wrong.toml", chapter.tests_dir());
    let path = course.root.join(&shown);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let manifest: Manifest<WrongToml> = Manifest::read(&path, &shown)?;
    Ok(manifest.value.wrong)
}
