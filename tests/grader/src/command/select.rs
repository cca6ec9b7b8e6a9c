//! Finds the course and the chapters that a command line names.

use std::path::Path;

use course::problem::Result;
use course::{Chapter, Course};

/// The course in this folder, or the one around the present folder.
pub fn course(root: Option<&Path>) -> Result<Course> {
    match root {
        Some(root) => Course::load(root),
        None => Course::find(&std::env::current_dir().unwrap_or_default()),
    }
}

/// The named chapters, each once and in the order of the course; all if none is named.
pub fn chapters<'a>(course: &'a Course, said: &[String]) -> Result<Vec<&'a Chapter>> {
    if said.is_empty() {
        return Ok(course.chapters.iter().collect());
    }
    let named = said
        .iter()
        .map(|said| course::select::chapter(course, said));
    let mut chapters = named.collect::<Result<Vec<_>>>()?;
    chapters.sort_by(|a, b| a.folder.cmp(&b.folder));
    chapters.dedup_by(|a, b| a.folder == b.folder);
    Ok(chapters)
}
