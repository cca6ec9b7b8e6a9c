//! Who is in the class: the roster, the folders that were handed in, and what an id may look like.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::class::table::{Columns, Table};
use course::problem::{Problem, Result};

/// The columns of a roster.
pub const COLUMNS: Columns = Columns {
    required: &["id"],
    optional: &["name", "folder", "due", "submitted_at"],
};

/// A file with one row for each student.
#[derive(Debug, Default)]
pub struct Roster {
    /// In the order of the file.
    pub students: Vec<Student>,
    /// Columns that are ignored, as the file names them.
    pub unread: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Student {
    pub id: String,
    pub name: Option<String>,
    /// The submission's folder, if its name is not the id.
    pub folder: Option<String>,
    pub due: Option<Timestamp>,
    pub submitted_at: Option<Timestamp>,
}

impl Roster {
    pub fn read(path: &Path) -> Result<Roster> {
        Roster::of(&Table::read(path, &COLUMNS)?)
    }

    /// `shown` names the file in messages.
    pub fn parse(shown: &str, bytes: &[u8]) -> Result<Roster> {
        Roster::of(&Table::parse(shown, bytes, &COLUMNS)?)
    }

    fn of(table: &Table) -> Result<Roster> {
        let mut students: Vec<Student> = Vec::new();
        let mut ids = Ids::default();
        let mut folders = BTreeMap::new();
        for row in &table.rows {
            let complain = |what: String| table.complain(row, &what);
            let id = table
                .get(row, "id")
                .ok_or_else(|| complain("the id is empty.".into()))?;
            let way_out = match check_id(id) {
                Ok(()) => "",
                Err(_) => " The folder may be called so: name it in the column `folder`.",
            };
            ids.add(id)
                .map_err(|why| complain(format!("{why}{way_out}")))?;
            let folder = table.get(row, "folder");
            if let Some(folder) = folder {
                check_folder(folder).map_err(complain)?;
            }
            if let Some(other) = folders.insert(folder.unwrap_or(id).to_owned(), id) {
                let folder = folder.unwrap_or(id);
                return Err(complain(format!(
                    "{other} and {id} cannot both have the folder \"{folder}\"."
                )));
            }
            students.push(Student {
                id: id.to_owned(),
                name: table.get(row, "name").map(str::to_owned),
                folder: folder.map(str::to_owned),
                due: table.time(row, "due")?,
                submitted_at: table.time(row, "submitted_at")?,
            });
        }
        if students.is_empty() {
            return Err(Problem::new("The roster names no student."));
        }
        Ok(Roster {
            students,
            unread: table.unread(&COLUMNS),
        })
    }
}

/// The class of one run: who handed in, and who did not.
#[derive(Debug, PartialEq, Eq)]
pub struct Class {
    /// In roster order; then folders that no row names, by id.
    pub submissions: Vec<Submission>,
    /// Ids of the roster without a folder.
    pub missing: Vec<String>,
    /// Entries among the submissions that are not submissions: see [`LEFT_BEHIND`].
    pub passed_over: Vec<String>,
}

/// What archives and desktops leave behind.
const LEFT_BEHIND: [&str; 3] = ["__MACOSX", "Thumbs.db", "desktop.ini"];

#[derive(Debug, PartialEq, Eq)]
pub struct Submission {
    pub id: String,
    pub folder: PathBuf,
    pub submitted_at: Option<Timestamp>,
    /// A folder without a row in the roster is graded, too.
    pub is_in_roster: bool,
}

impl Class {
    /// Joins the folders in `submissions` with the roster. Without a roster every folder is a student.
    ///
    /// Refuses, before anything is written, whatever would mix up students later or silently leave out
    /// somebody's work: ids that are not plain names, ids that differ only in case, and files where
    /// folders should be.
    pub fn gather(submissions: &Path, roster: Option<&Roster>) -> Result<Class> {
        let mut passed_over = Vec::new();
        let mut folders = folders_in(submissions, &mut passed_over)?;
        let mut class = Class {
            submissions: Vec::new(),
            missing: Vec::new(),
            passed_over,
        };
        let mut ids = Ids::default();
        for student in roster.map_or(&[][..], |roster| &roster.students) {
            // The roster has checked its ids against each other.
            ids.add(&student.id).map_err(Problem::new)?;
            let folder = student.folder.as_ref().unwrap_or(&student.id);
            if folders.remove(folder) {
                class.submissions.push(Submission {
                    id: student.id.clone(),
                    folder: submissions.join(folder),
                    submitted_at: student.submitted_at,
                    is_in_roster: true,
                });
            } else {
                class.missing.push(student.id.clone());
            }
        }
        for folder in folders {
            ids.add(&folder).map_err(|why| {
                let way_out = if roster.is_some() {
                    "Rename the folder, or name it in the column `folder` of its student's row."
                } else {
                    "Rename the folder."
                };
                Problem::new(format!(
                    "The folder {} cannot be a student: {why}\n{way_out}",
                    submissions.join(&folder).display()
                ))
            })?;
            class.submissions.push(Submission {
                folder: submissions.join(&folder),
                id: folder,
                submitted_at: None,
                is_in_roster: roster.is_none(),
            });
        }
        if class.submissions.is_empty() {
            return Err(Problem::new(format!(
                "{} holds no submission: one folder a student is expected, each with the student's \
                 `chapters` in it.",
                submissions.display()
            )));
        }
        Ok(class)
    }

    /// The ids of those who handed in, sorted.
    pub fn ids(&self) -> BTreeSet<String> {
        self.submissions
            .iter()
            .map(|submission| submission.id.clone())
            .collect()
    }
}

/// The names of the folders, those that begin with a dot left out.
fn folders_in(submissions: &Path, passed_over: &mut Vec<String>) -> Result<BTreeSet<String>> {
    let refused =
        |error: std::io::Error| Problem::with_file("read the submissions in", submissions, &error);
    let mut folders = BTreeSet::new();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(submissions).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let Ok(name) = entry.file_name().into_string() else {
            return Err(Problem::new(format!(
                "The name of {} is not UTF-8. Rename it.",
                entry.path().display()
            )));
        };
        if name.starts_with('.') {
            continue; // .git, .DS_Store
        }
        if LEFT_BEHIND.contains(&name.as_str()) {
            passed_over.push(name);
            continue;
        }
        // A symbolic link stays: collecting refuses it with words in that student's report.
        if entry.file_type().map_err(refused)?.is_file() {
            files.push(name);
            continue;
        }
        folders.insert(name);
    }
    if files.is_empty() {
        return Ok(folders);
    }
    files.sort();
    let (what, them) = match files.as_slice() {
        [_] => ("This is a file", "it"),
        _ => ("These are files", "them"),
    };
    let files: Vec<_> = (files.iter())
        .map(|name| format!("  {}", submissions.join(name).display()))
        .collect();
    Err(Problem::new(format!(
        "{what}, and each submission is a folder: unpack {them}, or move {them} away.\n{}",
        files.join("\n")
    )))
}

/// Ids that can be told apart by every file system.
#[derive(Default)]
pub struct Ids(BTreeMap<String, String>);

impl Ids {
    /// Says why the id cannot be taken.
    pub fn add(&mut self, id: &str) -> std::result::Result<(), String> {
        check_id(id)?;
        match self.0.insert(id.to_ascii_lowercase(), id.to_owned()) {
            None => Ok(()),
            Some(other) if other == id => Err(format!("the id {id} is there twice.")),
            Some(other) => Err(format!(
                "the ids {other} and {id} differ only in upper and lower case, and some systems \
                 would give them one folder."
            )),
        }
    }
}

/// Longest id, in bytes: a file name may have 255, and ours add to it.
const LONGEST: usize = 100;

/// An id must be a plain word: it names a folder and appears in tables.
fn check_id(id: &str) -> std::result::Result<(), String> {
    let shown = id.escape_debug();
    if id.is_empty() {
        return Err("the id is empty.".into());
    }
    if id.len() > LONGEST {
        let head: String = id.chars().take(20).collect();
        return Err(format!(
            "the id \"{}…\" is longer than {LONGEST} bytes.",
            head.escape_debug()
        ));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-@+".contains(c);
    if let Some(bad) = id.chars().find(|&c| !is_plain(c)) {
        return Err(format!(
            "the id \"{shown}\" has '{}' in it; letters A to Z, digits, and . _ - @ + are allowed.",
            bad.escape_debug()
        ));
    }
    if !id.starts_with(|c: char| c.is_ascii_alphanumeric()) || id.ends_with('.') {
        return Err(format!(
            "the id \"{shown}\" must begin with a letter or a digit, and must not end with a dot."
        ));
    }
    // Names of the results folder, and device names of Windows.
    let stem = id.split('.').next().unwrap_or(id).to_ascii_lowercase();
    let is_device = ["con", "prn", "aux", "nul"].contains(&stem.as_str())
        || (stem.len() == 4
            && (stem.starts_with("com") || stem.starts_with("lpt"))
            && stem.ends_with(|c: char| c.is_ascii_digit()));
    if is_device || id.eq_ignore_ascii_case("class.json") {
        return Err(format!("the id \"{shown}\" is a reserved name."));
    }
    Ok(())
}

/// A folder of the roster is one name below the submissions, whatever a platform put into it.
fn check_folder(folder: &str) -> std::result::Result<(), String> {
    let is_one_name = !folder.contains(['/', '\\']) && folder != "." && folder != "..";
    if is_one_name && !folder.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(format!(
            "the folder \"{}\" must be the name of one folder in the submissions.",
            folder.escape_debug()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(text: &str) -> Result<Roster> {
        Roster::parse("roster.csv", text.as_bytes())
    }

    fn refusal(text: &str) -> String {
        roster(text).expect_err("it is refused").to_string()
    }

    #[test]
    fn hostile_ids_are_refused() {
        let long = "x".repeat(101);
        let hostile = [
            "..",
            ".",
            ".git",
            "a/b",
            "../../etc",
            "a\\b",
            "a\0b",
            "a\nb",
            "a b",
            "-rf",
            "=cmd",
            "@x",
            "a.",
            "con",
            "NUL.txt",
            "com1",
            "class.json",
            "é",
            "",
            &long,
        ];
        for id in hostile {
            assert!(check_id(id).is_err(), "{id:?}");
        }
        for id in [
            "s001",
            "20261234",
            "ada.lovelace@uni.edu",
            "a+b",
            "A_b-c",
            "community",
        ] {
            assert_eq!(check_id(id), Ok(()), "{id:?}");
        }
    }

    #[test]
    fn a_roster_says_what_is_wrong_with_it_and_where() {
        assert_eq!(
            refusal("id\ns1\ns1\n"),
            "roster.csv:3: the id s1 is there twice."
        );
        assert!(refusal("id\nAda\nada\n").contains("differ only in upper and lower case"));
        assert!(refusal("id\n../x\n").starts_with("roster.csv:2: the id \"../x\" has '/' in it"));
        assert!(refusal("id,name\n,Ada\n").contains("the id is empty"));
        assert!(refusal("id,folder\ns1,a/../..\n").contains("must be the name of one folder"));
        assert!(refusal("id,folder\ns1,x\nx,\n").contains("s1 and x cannot both have the folder"));
        assert!(refusal("id\n").contains("names no student"));
    }

    #[test]
    fn folders_and_roster_are_joined() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["s2", "Ada Lovelace_123_file", "s9", ".git", "__MACOSX"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let roster = roster("id,folder,extra\ns1,Ada Lovelace_123_file,\ns2,,\ns3,,\n").unwrap();
        assert_eq!(roster.unread, ["extra"]);
        let class = Class::gather(dir.path(), Some(&roster)).unwrap();
        let seen: Vec<_> = class
            .submissions
            .iter()
            .map(|one| (one.id.as_str(), one.is_in_roster))
            .collect();
        assert_eq!(seen, [("s1", true), ("s2", true), ("s9", false)]);
        assert_eq!(class.missing, ["s3"]);
        assert_eq!(class.passed_over, ["__MACOSX"]);
        // Without the roster the platform's long name would have to be an id.
        let problem = Class::gather(dir.path(), None).unwrap_err().to_string();
        assert!(problem.contains("has ' ' in it") && problem.contains("Rename the folder."));
    }

    #[test]
    fn a_folder_of_submissions_says_what_is_wrong_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let gather = || Class::gather(dir.path(), None).unwrap_err().to_string();
        assert!(gather().contains("holds no submission"));
        std::fs::write(dir.path().join("s1.zip"), "PK").unwrap();
        assert!(gather().contains("is a folder: unpack it"));
        let gone = Class::gather(&dir.path().join("gone"), None).unwrap_err();
        assert!(gone.to_string().contains("gone"));
    }
}
