//! The folder in which submissions are built: its owner, and the names of its parts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::rustc::PROGRAMS;
use course::Chapter;
use course::problem::{Problem, Result};
use sha2::{Digest as _, Sha256};

/// The folder that the instructor named, or the user's own below the system's temporary folder.
pub fn chosen(named: Option<&Path>) -> Result<PathBuf> {
    #[cfg(unix)]
    let name = format!("loopback-grader-{}", rustix::process::geteuid().as_raw());
    #[cfg(not(unix))]
    let name = "loopback-grader";
    let path = named.map_or_else(|| std::env::temp_dir().join(name), Path::to_owned);
    std::path::absolute(&path).map_err(|error| Problem::with_file("find", &path, &error))
}

/// Makes sure that nobody else can write to it: they could change the grades.
pub fn own(scratch: &Path) -> Result<()> {
    fs::create_dir_all(scratch).map_err(|error| Problem::with_file("create", scratch, &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let meta = fs::symlink_metadata(scratch)
            .map_err(|error| Problem::with_file("look at", scratch, &error))?;
        if !meta.is_dir() || meta.uid() != rustix::process::geteuid().as_raw() {
            return Err(Problem::new(format!(
                "{} belongs to somebody else. Name another folder with --scratch.",
                scratch.display()
            )));
        }
        // Passable, for submissions that run as another user.
        let mode = match rustix::process::geteuid().is_root() {
            true => 0o711,
            false => 0o700,
        };
        fs::set_permissions(scratch, fs::Permissions::from_mode(mode))
            .map_err(|error| Problem::with_file("change", scratch, &error))?;
    }
    Ok(())
}

/// Identifies everything that decides what cargo builds. Each key has a folder of its own.
pub fn build_key(
    root: &Path,
    chapters: &[&Chapter],
    features: &BTreeMap<String, Vec<String>>,
) -> Result<String> {
    let rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .current_dir(root)
        .arg("-vV")
        .output()
        .map_err(|error| Problem::new(format!("Cannot run rustc: {error}.")))?;
    let folders: Vec<&str> = chapters.iter().map(|one| one.folder.as_str()).collect();
    let all = format!(
        "{root:?} {folders:?} {features:?} {PROGRAMS:?} {:?}",
        rustc.stdout
    );
    let hash = Sha256::digest(all);
    Ok(hash[..6].iter().map(|byte| format!("{byte:02x}")).collect())
}
