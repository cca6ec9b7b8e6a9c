//! The course's last commit, as git tells it: what is tracked, and nothing else.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use course::problem::{Problem, Result};

use super::Files;

pub struct Commit {
    root: PathBuf,
    id: String,
    /// Path and blob of every file.
    blobs: BTreeMap<String, String>,
}

impl Commit {
    /// The commit that `root` has checked out.
    pub fn head(root: &Path) -> Result<Commit> {
        let id = text(git(root, &["rev-parse", "HEAD"], b"")?);
        let tree = text(git(root, &["ls-tree", "-r", "-z", "HEAD"], b"")?);
        let mut blobs = BTreeMap::new();
        for entry in tree.split_terminator('\0') {
            // `100644 blob 9f1c…\tpath`
            let (facts, path) = entry.split_once('\t').unwrap_or((entry, ""));
            let facts: Vec<&str> = facts.split(' ').collect();
            match facts[..] {
                ["100644" | "100755", "blob", blob] => {
                    blobs.insert(path.to_owned(), blob.to_owned());
                }
                _ => {
                    return Err(Problem::new(format!(
                        "{path} is no regular file. Nothing was written: a copy of it could lead out of the workbook."
                    )));
                }
            }
        }
        Ok(Commit {
            root: root.to_owned(),
            id: id.trim().to_owned(),
            blobs,
        })
    }

    /// Its number, as far as people need it.
    pub fn short(&self) -> &str {
        &self.id[..self.id.len().min(12)]
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.blobs.keys().map(String::as_str)
    }

    pub fn has(&self, path: &str) -> bool {
        self.blobs.contains_key(path)
    }

    /// The text of one file, which must be there.
    pub fn read(&self, path: &str) -> Result<String> {
        let files = self.files(&[path])?;
        let content = files.into_values().next().unwrap_or_default();
        String::from_utf8(content)
            .map_err(|_| Problem::new(format!("{path} is no text in UTF-8. Nothing was written.")))
    }

    /// These files with what is in them.
    pub fn files(&self, paths: &[&str]) -> Result<Files> {
        let mut blobs = String::new();
        for path in paths {
            let blob = self.blobs.get(*path).ok_or_else(|| {
                Problem::new(format!(
                    "{path} is not in the last commit. Nothing was written."
                ))
            })?;
            blobs += blob;
            blobs.push('\n');
        }
        let said = git(&self.root, &["cat-file", "--batch"], blobs.as_bytes())?;
        let mut files = Files::new();
        let mut rest = said.as_slice();
        for path in paths {
            let (content, after) = one_of_batch(rest)
                .ok_or_else(|| Problem::new(format!("git does not give out {path}.")))?;
            files.insert((*path).to_owned(), content.to_owned());
            rest = after;
        }
        Ok(files)
    }

    /// Whether the working copy differs from it.
    pub fn has_changes(&self) -> Result<bool> {
        Ok(!git(&self.root, &["status", "--porcelain"], b"")?.is_empty())
    }
}

/// `9f1c… blob 12\n`, 12 bytes, `\n`: the bytes, and what follows.
fn one_of_batch(batch: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = batch.iter().position(|&byte| byte == b'\n')?;
    let head = std::str::from_utf8(&batch[..line]).ok()?;
    let length: usize = head.rsplit(' ').next()?.parse().ok()?;
    let content = batch.get(line + 1..line + 1 + length)?;
    Some((content, batch.get(line + 2 + length..)?))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn git(root: &Path, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let because = |reason: &str| {
        Problem::new(format!(
            "The copy is made from the course's last commit, and git says: {}\nNothing was written.",
            reason.trim()
        ))
    };
    let failed = |error: std::io::Error| because(&format!("cannot run git: {error}."));
    let mut child = Command::new("git")
        .current_dir(root)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let input = input.to_owned();
    // In a thread of its own: git answers while it is being asked.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().map_err(failed)?;
    // An error means that git has ended early, and then it has said why.
    let _ = writer.join();
    if !output.status.success() {
        return Err(because(&String::from_utf8_lossy(&output.stderr)));
    }
    Ok(output.stdout)
}
