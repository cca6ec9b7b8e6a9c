//! The results of a class on disk: `class.json`, and one folder for each student.
//!
//! A file is complete or absent, even if we are killed: it is written under another name, synced to
//! the disk, and renamed.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use course::problem::{Problem, Result};
use serde::{Deserialize, Serialize};

use crate::command::failure::Failure;
use crate::jail::Isolation;
use crate::render;
use crate::report::{Report, SCHEMA};
use crate::settings::Settings;

const CLASS_SCHEMA: &str = "loopback/class/v1";
const CLASS: &str = "class.json";
const REPORT: &str = "report.json";
const PAGE: &str = "report.md";
/// The beginning of a file's name until it is complete.
const HALF: &str = ".half-";

/// What holds for all reports in a folder of results. Every shard of a class writes the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassFile {
    pub schema: String,
    pub settings: Settings,
    /// Every student whose folder the last run saw, in all shards. A student in this list without a
    /// report did hand in: the report was lost.
    pub submitted: BTreeSet<String>,
}

impl ClassFile {
    pub fn new(settings: Settings, submitted: BTreeSet<String>) -> ClassFile {
        ClassFile {
            schema: CLASS_SCHEMA.to_owned(),
            settings,
            submitted,
        }
    }

    /// What an earlier run left in `results`, if there was one.
    pub fn read(results: &Path) -> Result<Option<ClassFile>> {
        let path = results.join(CLASS);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Problem::with_file("read", &path, &error)),
        };
        match serde_json::from_str::<ClassFile>(&text) {
            Ok(class) if class.schema == CLASS_SCHEMA => Ok(Some(class)),
            _ => Err(Problem::new(format!(
                "{} was not written by this version of the grader. Choose another folder for the \
                 results, or start this one again with --fresh.",
                path.display()
            ))),
        }
    }
}

pub struct Store {
    root: PathBuf,
}

impl Store {
    /// Opens `root` for a run, and creates it if needed.
    ///
    /// # Errors
    /// When it holds results of other settings, which must not be mixed with these.
    pub fn open(root: &Path, class: &ClassFile) -> std::result::Result<Store, Failure> {
        if let Some(earlier) = ClassFile::read(root)? {
            if let Some(setting) = difference(&earlier.settings, &class.settings) {
                return Err(Failure::Usage(Problem::new(format!(
                    "{} holds results of other settings: {setting}. Choose another folder with --out, \
                     or start this one again with --fresh.",
                    root.display()
                ))));
            }
        } else if has_reports(root) {
            return Err(Failure::Usage(Problem::new(format!(
                "{} holds reports, but no {CLASS} that says how they came about. Choose another folder \
                 with --out, or start this one again with --fresh.",
                root.display()
            ))));
        }
        std::fs::create_dir_all(root)
            .map_err(|error| Problem::with_file("make the folder", root, &error))?;
        let path = root.join(CLASS);
        write(&path, crate::render::json(class).as_bytes())
            .map_err(|error| Failure::Ours(Problem::with_file("write", &path, &error)))?;
        Ok(Store {
            root: root.to_owned(),
        })
    }

    /// Deletes what earlier runs left in `root`, and nothing else.
    pub fn clear(root: &Path) -> Result<()> {
        let remove = |path: &Path| match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Problem::with_file("remove", path, &error))
            }
            _ => Ok(()),
        };
        for folder in reports_in(root)? {
            remove(&folder.join(REPORT))?;
            remove(&folder.join(PAGE))?;
            sweep(&folder);
            // Stays when somebody else's files are in it.
            let _ = std::fs::remove_dir(&folder);
        }
        remove(&root.join(CLASS))
    }

    /// The report of an earlier run, unless its input differs or it is a failure of ours.
    pub fn finished(&self, student: &str, digest: &str) -> Option<Report> {
        let report = load(&self.root.join(student).join(REPORT)).ok()?;
        let counts = report.student == student
            && report.input_digest == digest
            && render::failure(&report).is_none();
        counts.then_some(report)
    }

    /// The strongest jail that the submissions of earlier runs had.
    pub fn strongest_jail(&self) -> Result<Option<Isolation>> {
        let reports = reports(&self.root)?;
        let loaded = reports.iter().filter_map(|path| load(path).ok());
        Ok(loaded
            .filter_map(|report| Isolation::of_words(&report.isolation))
            .max())
    }

    /// Saves a report and the page that a person reads. The report comes last: it marks the student as
    /// done.
    pub fn save(&self, report: &Report, page: &str) -> Result<()> {
        let folder = self.root.join(&report.student);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Problem::with_file("make the folder", &folder, &error))?;
        sweep(&folder);
        for (name, contents) in [
            (PAGE, page.as_bytes()),
            (REPORT, crate::render::json(report).as_bytes()),
        ] {
            let path = folder.join(name);
            write(&path, contents).map_err(|error| Problem::with_file("write", &path, &error))?;
        }
        Ok(())
    }
}

/// Reads a report.
pub fn load(path: &Path) -> Result<Report> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Problem::with_file("read", path, &error))?;
    match serde_json::from_str::<Report>(&text) {
        Ok(report) if report.schema == SCHEMA => Ok(report),
        Ok(report) => Err(Problem::new(format!(
            "{} is of the format \"{}\"; this grader reads {SCHEMA}.",
            path.display(),
            report.schema
        ))),
        Err(error) => Err(Problem::new(format!(
            "{} is no report: {error}.",
            path.display()
        ))),
    }
}

/// The paths of the reports in a folder of results, sorted.
pub fn reports(results: &Path) -> Result<Vec<PathBuf>> {
    let mut paths: Vec<_> = reports_in(results)?
        .into_iter()
        .map(|folder| folder.join(REPORT))
        .collect();
    paths.sort();
    Ok(paths)
}

/// Whether it is a file that a killed run did not finish.
pub fn is_half(name: &str) -> bool {
    name.starts_with(HALF)
}

/// Writes a file so that it is there whole, or as it was before.
pub fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut half = tempfile::Builder::new();
    half.prefix(HALF);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What the umask leaves of it, as for any file; tempfile's own choice is for secrets.
        half.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = half.tempfile_in(folder)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The new name is on the disk when the folder is. Not every file system can be asked for that.
    #[cfg(unix)]
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn has_reports(root: &Path) -> bool {
    reports_in(root).is_ok_and(|folders| !folders.is_empty())
}

/// The folders with a report in them; none when there is no such folder of results.
fn reports_in(root: &Path) -> Result<Vec<PathBuf>> {
    let refused = |error: io::Error| Problem::with_file("read the folder", root, &error);
    let entries = match std::fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(refused)?,
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(refused)?.path();
        if path.join(REPORT).is_file() {
            folders.push(path);
        }
    }
    Ok(folders)
}

/// Removes incomplete files of a killed run.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_half(&entry.file_name().to_string_lossy()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// The first setting that differs, in words.
pub fn difference(there: &Settings, here: &Settings) -> Option<String> {
    let fields = |settings: &Settings| match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => unreachable!("settings are a struct"),
    };
    let (there, here) = (fields(there), fields(here));
    let name = here
        .keys()
        .find(|&name| there.get(name) != here.get(name))?;
    Some(format!(
        "`{name}` is {} there and {} here",
        there[name], here[name]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Seed;

    fn class(seed: u64, submitted: &[&str]) -> ClassFile {
        let settings = Settings {
            seed: Seed::OfClass(seed),
            ..Settings::default()
        };
        let submitted = submitted.iter().map(|&id| id.to_owned()).collect();
        ClassFile::new(settings, submitted)
    }

    #[test]
    fn other_settings_are_not_mixed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("results");
        Store::open(&root, &class(1, &["a"])).unwrap();
        Store::open(&root, &class(1, &["b"])).unwrap();
        let there = ClassFile::read(&root).unwrap().unwrap();
        assert_eq!(there, class(1, &["b"]), "what the last run saw");
        let problem = Store::open(&root, &class(2, &["a"])).err().unwrap();
        let said = r#"holds results of other settings: `seed` is {"of_class":1} there and {"of_class":2} here"#;
        assert!(problem.to_string().contains(said), "{problem}");
        Store::clear(&root).unwrap();
        Store::open(&root, &class(2, &["a"])).unwrap();
    }

    #[test]
    fn clearing_leaves_what_is_not_ours() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for file in ["a/report.json", "a/notes.txt", "b/report.json", "c/d.txt"] {
            std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            std::fs::write(root.join(file), "x").unwrap();
        }
        assert!(Store::open(root, &class(1, &[])).is_err(), "no class.json");
        Store::clear(root).unwrap();
        assert!(root.join("a/notes.txt").exists() && root.join("c/d.txt").exists());
        assert!(!root.join("a/report.json").exists() && !root.join("b").exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_cannot_be_written_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        write(&path, b"old").unwrap();
        assert!(write(&dir.path().join("gone/report.json"), b"new").is_err());
        assert!(write(Path::new("/proc/report.json"), b"new").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
