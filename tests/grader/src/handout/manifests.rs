//! The manifests of a copy, which has fewer packages than the course.

use course::Chapter;
use course::problem::{Problem, Result};
use toml_edit::{Array, DocumentMut, Item, Value};

use super::Files;
use super::commit::Commit;
use super::path::beside;

/// What every copy for students has besides the chapters.
const TOOLS: [&str; 4] = [
    "tests/course",
    "tests/netlab",
    "tests/runner",
    "tests/workbook",
];

/// Mends the manifests of a student's copy: the workspace has fewer members, and a chapter that is
/// linked with the reference of another takes the student's own instead.
pub fn for_students(
    files: &mut Files,
    commit: &Commit,
    chapters: &[&Chapter],
    with_grader: bool,
) -> Result<()> {
    workspace(files, commit, |workspace| {
        let answers: Vec<String> = chapters.iter().map(|chapter| chapter.dir()).collect();
        let mut members = answers.clone();
        members.extend(TOOLS.map(str::to_owned));
        if with_grader {
            members.push("tests/grader".to_owned());
        }
        workspace["members"] = list(&members);
        workspace["default-members"] = list(&answers);
        comment(
            workspace,
            "default-members",
            "# What a plain `cargo test` runs: your answers, chapter by chapter.\n",
        );
    })?;
    edit(files, ".cargo/config.toml", |config| {
        if !with_grader && let Some(aliases) = config["alias"].as_table_mut() {
            aliases.remove("grader");
        }
    })?;
    for chapter in chapters {
        own_chapter(files, chapter, chapters)?;
    }
    // The part for instructors is not in the copy.
    let summary = "book/src/SUMMARY.md";
    if let Some(bytes) = files.get_mut(summary) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let kept = text.lines().filter(|line| !line.contains("](instructors/"));
        *bytes = kept
            .map(|line| format!("{line}\n"))
            .collect::<String>()
            .into();
    }
    Ok(())
}

/// The manifests of what grades: the members are those whose manifests are there.
pub fn for_grading(files: &mut Files, commit: &Commit) -> Result<()> {
    let here = files
        .keys()
        .filter_map(|path| path.strip_suffix("/Cargo.toml"));
    let members: Vec<String> = here.map(str::to_owned).collect();
    for reference in members.iter().filter(|it| it.starts_with("solutions/")) {
        // Its tests are the authors', and not in the copy.
        edit(files, &format!("{reference}/Cargo.toml"), |manifest| {
            manifest.remove("test");
            manifest.remove("dev-dependencies");
        })?;
    }
    workspace(files, commit, |workspace| {
        workspace["members"] = list(&members);
        workspace["default-members"] = list(&["tests/grader"]);
        comment(workspace, "default-members", "");
    })
}

/// The commit that a copy's top manifest names: see [`workspace`].
pub fn made_from(manifest: &str) -> Option<String> {
    let manifest: DocumentMut = manifest.parse().ok()?;
    let loopback = manifest
        .get("workspace")?
        .get("metadata")?
        .get("loopback")?;
    Some(loopback.get("course-commit")?.as_str()?.to_owned())
}

/// The manifests of the references that a chapter is linked with, and of those that these are.
pub fn references(commit: &Commit, chapter: &Chapter) -> Result<Vec<String>> {
    let mut found = links(commit, &format!("{}/Cargo.toml", chapter.dir()))?;
    let mut at = 0;
    while let Some(path) = found.get(at).cloned() {
        for further in links(commit, &path)? {
            if !found.contains(&further) {
                found.push(further);
            }
        }
        at += 1;
    }
    Ok(found)
}

/// The manifests of the references that a manifest names.
fn links(commit: &Commit, path: &str) -> Result<Vec<String>> {
    let manifest = parsed(path, &commit.read(path)?)?;
    let dependencies = manifest.get("dependencies").and_then(Item::as_table_like);
    let paths = dependencies.into_iter().flat_map(|table| table.iter());
    let to_reference = |(_, item): (&str, &Item)| {
        let there = beside(path, item.get("path")?.as_str()?);
        there
            .starts_with("solutions/")
            .then(|| format!("{there}/Cargo.toml"))
    };
    Ok(paths.filter_map(to_reference).collect())
}

pub fn needs_a_reference(commit: &Commit, chapter: &Chapter) -> Result<bool> {
    Ok(!references(commit, chapter)?.is_empty())
}

/// `package = "sol02", path = "../../solutions/02-tcp-echo"` becomes `package = "ch02"`,
/// `path = "../02-tcp-echo"`.
fn own_chapter(files: &mut Files, chapter: &Chapter, chapters: &[&Chapter]) -> Result<()> {
    let path = format!("{}/Cargo.toml", chapter.dir());
    let mut missing = None;
    edit(files, &path, |manifest| {
        let Some(dependencies) = manifest["dependencies"].as_table_mut() else {
            return;
        };
        let names: Vec<String> = dependencies
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in names {
            let Some(dependency) = dependencies[&name].as_inline_table_mut() else {
                continue;
            };
            let there = dependency.get("path").and_then(Value::as_str);
            let there = there.map(|there| beside(&path, there)).unwrap_or_default();
            let Some(folder) = there.strip_prefix("solutions/") else {
                continue;
            };
            let Some(own) = chapters.iter().find(|chapter| chapter.folder == folder) else {
                missing = Some(folder.to_owned());
                continue;
            };
            dependency.insert("package", own.package().into());
            dependency.insert("path", format!("../{folder}").into());
            if let Some(mut key) = dependencies.key_mut(&name) {
                let words = format!("# Your answers of chapter {}.\n", own.number());
                key.leaf_decor_mut().set_prefix(words);
            }
        }
    })?;
    match missing {
        None => Ok(()),
        Some(folder) => Err(Problem::new(format!(
            "Chapter {} builds on {folder}: hand that out too. Nothing was written.",
            chapter.number()
        ))),
    }
}

/// Edits the top manifest's `[workspace]`, and notes the commit that the copy was made from.
fn workspace(
    files: &mut Files,
    commit: &Commit,
    change: impl FnOnce(&mut toml_edit::Table),
) -> Result<()> {
    edit(files, "Cargo.toml", |manifest| {
        if let Some(workspace) = manifest["workspace"].as_table_mut() {
            change(workspace);
        }
        let mut loopback = toml_edit::Table::new();
        loopback["course-commit"] = toml_edit::value(commit.short());
        let mut metadata = toml_edit::Table::new();
        metadata.set_implicit(true);
        metadata.insert("loopback", Item::Table(loopback));
        manifest["workspace"]["metadata"] = Item::Table(metadata);
    })
}

fn edit(files: &mut Files, path: &str, change: impl FnOnce(&mut DocumentMut)) -> Result<()> {
    let Some(bytes) = files.get_mut(path) else {
        return Ok(());
    };
    let mut document = parsed(path, &String::from_utf8_lossy(bytes))?;
    change(&mut document);
    *bytes = document.to_string().into_bytes();
    Ok(())
}

fn parsed(path: &str, text: &str) -> Result<DocumentMut> {
    text.parse()
        .map_err(|error| Problem::new(format!("{path}: {error}\nNothing was written.")))
}

fn list(items: &[impl AsRef<str>]) -> Item {
    let array: Array = items.iter().map(AsRef::as_ref).collect();
    toml_edit::value(array)
}

/// The comment above a key.
fn comment(table: &mut toml_edit::Table, key: &str, words: &str) {
    if let Some(mut key) = table.key_mut(key) {
        key.leaf_decor_mut().set_prefix(words);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_reference_brings_what_it_stands_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let manifest = |dir: &str, on: &str| {
            let dir = folder.path().join(dir);
            std::fs::create_dir_all(&dir).expect("a folder");
            let text = format!("[dependencies]\nlog = \"0.4\"\n{on}");
            std::fs::write(dir.join("Cargo.toml"), text).expect("a file");
        };
        let to = |name: &str, path: &str| format!("{name} = {{ path = \"{path}\" }}\n");
        manifest("chapters/03-c", &to("b", "../../solutions/02-b"));
        manifest(
            "solutions/02-b",
            &(to("a", "../01-a") + &to("own", "../../tests/own")),
        );
        manifest("solutions/01-a", "");
        for arguments in [
            &["init", "-q"][..],
            &["add", "."],
            &[
                "-c",
                "user.name=Somebody",
                "-c",
                "user.email=somebody@localhost",
                "-c",
                "commit.gpgsign=false",
                "commit",
                "-qm",
                "all",
            ],
        ] {
            let git = Command::new("git")
                .args(arguments)
                .current_dir(folder.path())
                .status();
            assert!(git.expect("git runs").success(), "git {arguments:?}");
        }
        let commit = Commit::head(folder.path()).expect("a commit");
        let chapter = Chapter {
            folder: "03-c".into(),
            title: String::new(),
            summary: String::new(),
            minutes: 0,
            answers_use: Vec::new(),
            steps: Vec::new(),
        };
        assert_eq!(
            references(&commit, &chapter).expect("they can be read"),
            ["solutions/02-b/Cargo.toml", "solutions/01-a/Cargo.toml"]
        );
    }
}
