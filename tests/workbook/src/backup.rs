//! Copies of the student's files, made before anything replaces them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::progress::FOLDER;
use course::problem::{Problem, Result};

/// Copies `files` (relative to `root`) to `.workbook/backups/<chapter>-<time>/` and returns that
/// folder, relative to `root`. Nothing that is there is overwritten.
pub fn keep(root: &Path, chapter: &str, files: &[String]) -> Result<PathBuf> {
    let folder = new_folder(root, chapter)?;
    for file in files {
        let from = root.join(file);
        let to = root.join(&folder).join(file);
        let parent = to.parent().expect("a file lies in a folder");
        fs::create_dir_all(parent)
            .and_then(|()| fs::copy(&from, &to).map(drop))
            .map_err(|error| Problem::with_file("back up", &from, &error))?;
    }
    Ok(folder)
}

fn new_folder(root: &Path, chapter: &str) -> Result<PathBuf> {
    let backups = Path::new(FOLDER).join("backups");
    let create = |folder: &Path| fs::create_dir_all(root.join(folder));
    create(&backups).map_err(|error| Problem::with_file("create", &backups, &error))?;
    let stamp = format!("{chapter}-{}", timestamp(SystemTime::now()));
    let mut folder = backups.join(&stamp);
    // Two resets within a second do not share a folder.
    for again in 2.. {
        match fs::create_dir(root.join(&folder)) {
            Ok(()) => break,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                folder = backups.join(format!("{stamp}-{again}"));
            }
            Err(error) => return Err(Problem::with_file("create", &folder, &error)),
        }
    }
    Ok(folder)
}

/// `2026-11-20-045219`, in UTC.
fn timestamp(now: SystemTime) -> String {
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    let (mut days, second) = (since / 86_400, since % 86_400);
    let is_leap =
        |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!(
        "{year}-{month:02}-{:02}-{hour:02}{minute:02}{second:02}",
        days + 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_calendar_dates() {
        let at = |seconds| timestamp(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01-000000");
        assert_eq!(at(951_782_399), "2000-02-28-235959");
        assert_eq!(at(951_868_799), "2000-02-29-235959");
        assert_eq!(at(951_868_800), "2000-03-01-000000");
        assert_eq!(at(1_735_689_599), "2024-12-31-235959");
        assert_eq!(at(1_735_689_600), "2025-01-01-000000");
    }
}
