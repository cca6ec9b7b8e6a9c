//! Which files of the course go into a copy.
//!
//! A chapter's tests are found from its manifest: the sources of its targets, and the modules that
//! these declare. So tests of the reference answer alone, and lists of wrong answers, which hold
//! pieces of it, stay out without being named.

use std::collections::BTreeSet;

use workbook::course::Chapter;
use workbook::problem::Result;

use super::Files;
use super::commit::Commit;
use super::manifests;

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
    files(commit, &paths)
}

/// What grades: no book, but the references that a chapter is linked with.
pub fn for_grading(commit: &Commit, chapters: &[&Chapter]) -> Result<Files> {
    let mut paths = common(commit, chapters, true)?;
    for chapter in chapters {
        for manifest in manifests::references(commit, chapter)? {
            let folder = manifest.trim_end_matches("Cargo.toml");
            let of_reference = |path: &&str| path.starts_with(folder);
            paths.extend(commit.paths().filter(of_reference).map(str::to_owned));
            targets(commit, &manifest, &mut paths)?;
        }
    }
    files(commit, &paths)
}

fn common(commit: &Commit, chapters: &[&Chapter], with_grader: bool) -> Result<BTreeSet<String>> {
    let mut paths: BTreeSet<String> = TOP.map(str::to_owned).into();
    paths.retain(|path| commit.has(path));
    let mut crates = vec!["tests/netlab/", "tests/workbook/"];
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
        paths.insert(format!("{}/chapter.toml", chapter.tests_dir()));
        targets(commit, &format!("{folder}Cargo.toml"), &mut paths)?;
    }
    Ok(paths)
}

fn files(commit: &Commit, paths: &BTreeSet<String>) -> Result<Files> {
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    commit.files(&paths)
}

/// Adds the sources of a package's targets, and what they are made of.
fn targets(commit: &Commit, manifest: &str, paths: &mut BTreeSet<String>) -> Result<()> {
    for target in manifests::target_paths(&commit.read(manifest)?) {
        let file = beside(manifest, &target);
        if commit.has(&file) {
            modules(commit, &file, true, paths)?;
        }
    }
    Ok(())
}

/// Adds a source and the modules and texts that it names.
fn modules(commit: &Commit, file: &str, is_root: bool, paths: &mut BTreeSet<String>) -> Result<()> {
    if !paths.insert(file.to_owned()) && !is_root {
        return Ok(());
    }
    let source = commit.read(file)?;
    // The modules of main.rs lie beside it, those of x.rs in the folder x.
    let is_root = is_root || file.ends_with("/mod.rs");
    let home = if is_root {
        file.to_owned()
    } else {
        format!("{}/", file.trim_end_matches(".rs"))
    };
    let mut said_path = None;
    for line in source.lines().map(str::trim) {
        if let Some(path) = quoted_after(line, "#[path = ") {
            said_path = Some(path);
        } else if let Some(name) = declared(line) {
            let found = match said_path.take() {
                // rustc takes it from the folder of the file, for a file that is no inner module.
                Some(path) => vec![beside(file, path)],
                None => vec![
                    beside(&home, &format!("{name}.rs")),
                    beside(&home, &format!("{name}/mod.rs")),
                ],
            };
            for file in found.iter().filter(|file| commit.has(file)) {
                modules(commit, file, false, paths)?;
            }
        }
        for macro_name in ["include_str!(", "include_bytes!(", "include!("] {
            let text = quoted_after(line, macro_name).map(|text| beside(file, text));
            paths.extend(text.filter(|text| commit.has(text)));
        }
    }
    Ok(())
}

/// `x` of `mod x;`, `pub(crate) mod x;`. The sources are formatted, so a declaration is a line.
fn declared(line: &str) -> Option<&str> {
    let (before, name) = line.strip_suffix(';')?.rsplit_once(' ')?;
    let is_module = before == "mod" || (before.starts_with("pub") && before.ends_with(" mod"));
    is_module.then_some(name)
}

fn quoted_after<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(mark)?;
    Some(rest.strip_prefix('"')?.split_once('"')?.0)
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

/// A path that a file names, from the top of the course. One that leads out of it stays empty.
pub fn beside(file: &str, path: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return String::new();
                }
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_found() {
        for line in ["mod a;", "pub mod a;", "pub(crate) mod a;"] {
            assert_eq!(declared(line), Some("a"), "{line}");
        }
        for line in ["mod a {", "// mod a;", "let x = mod_a;", "use a;"] {
            assert_eq!(declared(line), None, "{line}");
        }
    }

    #[test]
    fn paths_are_flat() {
        assert_eq!(beside("a/b/c.toml", "../../d/e.rs"), "d/e.rs");
        assert_eq!(beside("a/b/", "c.rs"), "a/b/c.rs");
        assert_eq!(beside("a", "../../b"), "");
        assert_eq!(
            includes("x\n{{#include ../../tests/x.rs:anchor}} {{#title x}}"),
            ["../../tests/x.rs"]
        );
    }
}
