//! A fingerprint of everything that a chapter's verdicts depend on.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use course::{Chapter, Course};

/// Changes when a file of the student's crate, of the chapter's tests or of netlab changes.
///
/// The hash is std's: another Rust version may give another one, which costs one more run.
pub fn of(course: &Course, chapter: &Chapter) -> String {
    let mut hasher = DefaultHasher::new();
    for folder in [&chapter.dir(), &chapter.tests_dir(), "tests/netlab/src"] {
        hash_folder(&course.root.join(folder), &mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Editors leave swap and backup files beside the real ones.
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        if path.is_dir() {
            hash_folder(&path, hasher);
        } else {
            name.hash(hasher);
            fs::read(&path).unwrap_or_default().hash(hasher);
        }
    }
}
