//! What of a chapter's tests one test needs: its own step without the other tests, and the helpers.
//! Compiling less is most of what makes a check cheap.
//!
//! This is found by reading names, so it may be wrong in a rare case. Then the rest does not compile,
//! and the caller takes everything.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use course::{AUTHOR, Chapter, Course, Step};

use super::items::{self, Item};

/// The module of the chapter's `main.rs` in [`ROOT`].
const EXERCISE: &str = "exercise";

pub struct Needed {
    /// The source files that are needed, relative to the workspace.
    pub files: BTreeSet<String>,
    /// Those that hold more than is needed, with what is needed at its old place.
    pub cut: Vec<(String, String)>,
}

/// None when a file cannot be understood.
pub fn by_test(course: &Course, chapter: &Chapter, step: &Step, test: &str) -> Option<Needed> {
    let folder = chapter.tests_dir();
    let path = |file: &str| format!("{folder}/{file}");
    let read = |file: &str| fs::read_to_string(course.root.join(path(file))).ok();

    let step_text = without(&read(&step.file)?, |item| {
        item.is_test() && item.name_after("fn").as_deref() != Some(test)
    })?;
    let main = read("main.rs")?;
    let root = read(&format!("{AUTHOR}/solution.rs"))?;
    let own = step.file.strip_suffix(".rs")?;

    let mut words = words_of(&step_text)?;
    words.extend(words_of(&without(&main, Item::is_module_file)?)?);
    let mut modules = BTreeSet::from([own.to_owned()]);
    let mut files = BTreeSet::from([path("main.rs"), path(&step.file)]);
    // A helper may need further helpers.
    while let Some(module) = modules_in(&main)?
        .into_iter()
        .find(|module| words.contains(module) && !modules.contains(module))
    {
        for file in files_of(&course.root.join(&folder), &module) {
            let text = read(&file)?;
            words.extend(words_of(&text)?);
            files.insert(path(&file));
        }
        modules.insert(module);
    }
    let is_needless = |item: &Item, needed: &dyn Fn(&str) -> bool| {
        item.is_module_file() && item.name_after("mod").is_some_and(|name| !needed(&name))
    };
    let main = without(&main, |item| {
        is_needless(item, &|name| modules.contains(name))
    })?;
    let root = without(&root, |item| {
        is_needless(item, &|name| name == EXERCISE || words.contains(name))
    })?;
    Some(Needed {
        files,
        cut: vec![
            (path(&step.file), step_text),
            (path("main.rs"), main),
            (path(&format!("{AUTHOR}/solution.rs")), root),
        ],
    })
}

/// The files of a module of `main.rs`, relative to `folder`: `fake.rs`, or what lies in `fake/`.
fn files_of(folder: &Path, module: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![module.to_owned()];
    if folder.join(format!("{module}.rs")).is_file() {
        files.push(format!("{module}.rs"));
    }
    while let Some(inner) = folders.pop() {
        let entries = fs::read_dir(folder.join(&inner)).into_iter().flatten();
        for entry in entries.flatten() {
            let name = format!("{inner}/{}", entry.file_name().to_string_lossy());
            match entry.path().is_dir() {
                true => folders.push(name),
                false if name.ends_with(".rs") => files.push(name),
                false => {}
            }
        }
    }
    files
}

/// The text with blanks for the items that are not wanted, so that lines and columns stay.
fn without(text: &str, is_unwanted: impl Fn(&Item) -> bool) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    for item in Item::all(text.parse().ok()?)
        .iter()
        .filter(|item| is_unwanted(item))
    {
        for byte in bytes.get_mut(item.range())? {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn words_of(text: &str) -> Option<HashSet<String>> {
    Some(items::words(text.parse().ok()?))
}

fn modules_in(text: &str) -> Option<Vec<String>> {
    let items = Item::all(text.parse().ok()?);
    let files = items.iter().filter(|item| item.is_module_file());
    Some(files.filter_map(|item| item.name_after("mod")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_tests_leave_and_lines_stay() {
        let text = "use a::{b, c};\n/// One.\n#[test]\nfn one() {\n    b();\n}\n#[cfg(unix)]\n#[test]\nfn two() { c() }\n";
        let left = without(text, |item| {
            item.is_test() && item.name_after("fn").as_deref() != Some("two")
        });
        let left = left.expect("tokens");
        assert_eq!(left.lines().count(), text.lines().count());
        assert!(!left.contains("one") && !left.contains("b();"), "{left}");
        assert!(
            left.starts_with("use a::{b, c};\n")
                && left.ends_with("#[cfg(unix)]\n#[test]\nfn two() { c() }\n"),
            "{left}"
        );
    }

    #[test]
    fn modules_leave_with_their_attributes() {
        let text = "mod a;\n#[cfg(feature = \"x\")]\npub(crate) mod b;\nmod c { fn d() {} }\n";
        assert_eq!(modules_in(text).expect("tokens"), ["a", "b"]);
        let left = without(text, |item| item.name_after("mod").as_deref() == Some("b"));
        assert_eq!(
            left.expect("tokens")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
            "mod a; mod c { fn d() {} }"
        );
    }
}
