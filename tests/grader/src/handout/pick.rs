//! Which files of the course go into a copy.
//!
//! One path rule parts the course's files: what only the course needs lies in `tests/NN-name/author`.

use std::collections::BTreeSet;

use course::Chapter;
use course::problem::Result;

use super::Files;
use super::commit::Commit;
use super::manifests;
use super::path::beside;
use super::reading;

/// What stands at the top of every copy.
const TOP: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    ".gitignore",
    ".gitattributes",
    ".cargo/config.toml",
];

/// The student's copy.
pub fn for_students(commit: &Commit, chapters: &[&Chapter], with_grader: bool) -> Result<Files> {
    let mut paths = common(commit, chapters, with_grader)?;
    let instructors = "book/src/instructors/";
    let of_book = |path: &&str| path.starts_with("book/") && !path.starts_with(instructors);
    paths.extend(commit.paths().filter(of_book).map(str::to_owned));
    let devcontainer = |path: &&str| path.starts_with(".devcontainer/");
    paths.extend(commit.paths().filter(devcontainer).map(str::to_owned));
    // The book is whole, also when chapters are left out: so is the code on its pages.
    let pages = paths.iter().filter(|path| path.ends_with(".md"));
    let pages: Vec<String> = pages.cloned().collect();
    for page in pages {
        for included in includes(&commit.read(&page)?) {
            let path = beside(&page, &included);
            if path.starts_with("tests/") && commit.has(&path) {
                paths.insert(path);
            }
        }
    }
    let mut files = files(commit, &paths)?;
    for (path, content) in files.iter_mut().filter(|(path, _)| path.ends_with(".md")) {
        let page = String::from_utf8_lossy(content);
        *content = reading::of_copy(path, &page)?.into_bytes();
    }
    // Nor does it have the pictures of what was left out.
    let pages: Vec<String> = files
        .iter()
        .filter(|(path, _)| path.ends_with(".md"))
        .map(|(_, page)| String::from_utf8_lossy(page).into_owned())
        .collect();
    files.retain(|path, _| {
        let name = path.strip_prefix("book/src/");
        name.is_none_or(|name| {
            !name.starts_with("pictures/") || pages.iter().any(|page| page.contains(name))
        })
    });
    Ok(files)
}

/// What grades: no book, but the references that a chapter is linked with.
pub fn for_grading(commit: &Commit, chapters: &[&Chapter]) -> Result<Files> {
    let mut paths = common(commit, chapters, true)?;
    for chapter in chapters {
        for manifest in manifests::references(commit, chapter)? {
            let folder = manifest.trim_end_matches("Cargo.toml");
            let of_reference = |path: &&str| path.starts_with(folder);
            paths.extend(commit.paths().filter(of_reference).map(str::to_owned));
        }
    }
    files(commit, &paths)
}

fn common(commit: &Commit, chapters: &[&Chapter], with_grader: bool) -> Result<BTreeSet<String>> {
    let mut paths: BTreeSet<String> = TOP.map(str::to_owned).into();
    paths.retain(|path| commit.has(path));
    let mut crates = vec![
        "tests/course/",
        "tests/netlab/",
        "tests/runner/",
        "tests/workbook/",
    ];
    if with_grader {
        crates.push("tests/grader/");
    }
    for folder in crates {
        // Their own tests look at the whole course.
        let tests = format!("{folder}tests/");
        let of_crate = |path: &&str| path.starts_with(folder) && !path.starts_with(&tests);
        paths.extend(commit.paths().filter(of_crate).map(str::to_owned));
    }
    for chapter in chapters {
        let folder = format!("{}/", chapter.dir());
        let of_chapter = |path: &&str| path.starts_with(&folder);
        paths.extend(commit.paths().filter(of_chapter).map(str::to_owned));
        let folder = format!("{}/", chapter.tests_dir());
        let author = format!("{}/", chapter.author_dir());
        let of_tests = |path: &&str| path.starts_with(&folder) && !path.starts_with(&author);
        paths.extend(commit.paths().filter(of_tests).map(str::to_owned));
    }
    Ok(paths)
}

fn files(commit: &Commit, paths: &BTreeSet<String>) -> Result<Files> {
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    commit.files(&paths)
}

/// The files that a page takes in, as it names them.
fn includes(page: &str) -> Vec<String> {
    let pieces = page.split("{{#").skip(1);
    let target = |piece: &str| {
        let (command, _) = piece.split_once("}}")?;
        let (kind, target) = command.trim().split_once(' ')?;
        let file = target.trim().split(':').next()?;
        kind.ends_with("include").then(|| file.to_owned())
    };
    pieces.filter_map(target).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_the_files_that_it_takes_in() {
        assert_eq!(
            includes("x\n{{#include ../../tests/x.rs:anchor}} {{#title x}}"),
            ["../../tests/x.rs"]
        );
    }
}
