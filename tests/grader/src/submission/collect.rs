//! Takes the student's files out of a submission, and nothing else.
//!
//! A submission is a folder from a stranger and may hold anything. Only regular files
//! `chapters/NN-name/src/**/*.rs` are taken, and no link is followed.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::Path;

/// The student's files of one chapter, by their path below `src`: `s1_listen.rs`.
pub type Sources = BTreeMap<String, String>;

/// Limits: bytes of one file, number of files in one chapter, bytes of all files.
const MOST_OF_A_FILE: u64 = 1 << 20;
const MOST_FILES: usize = 200;
const MOST_OF_ALL: u64 = 10 << 20;
/// Files and folders that are looked at, whatever they are called.
const MOST_ENTRIES: usize = 10_000;
/// Levels of folders below `src`.
const DEEPEST: usize = 8;

/// Why nothing was taken, in a sentence.
#[derive(Debug)]
pub enum Refusal {
    /// What was handed in cannot be graded.
    Rejected(String),
    /// The system did not let us read it. That is not the student's fault.
    Unreadable(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Refusal::Rejected(why) | Refusal::Unreadable(why)) = self;
        f.write_str(why)
    }
}

impl From<String> for Refusal {
    fn from(why: String) -> Refusal {
        Refusal::Rejected(why)
    }
}

type Result<T> = std::result::Result<T, Refusal>;

/// What was handed in, by the chapter's folder. A missing chapter is not an error: its tests get no
/// points.
pub fn collect(submission: &Path, chapters: &[&str]) -> Result<BTreeMap<String, Sources>> {
    real_folder(submission, "the submission")?;
    let mut seen = Seen::default();
    let mut all = BTreeMap::new();
    if !exists(&submission.join("chapters")) {
        return Err(without_chapters(submission, chapters).into());
    }
    real_folder(&submission.join("chapters"), "chapters")?;
    for &chapter in chapters {
        let folder = submission.join("chapters").join(chapter);
        let shown = format!("chapters/{chapter}");
        if !exists(&folder) {
            continue;
        }
        real_folder(&folder, &shown)?;
        let (folder, shown) = (folder.join("src"), format!("{shown}/src"));
        if !exists(&folder) {
            continue;
        }
        real_folder(&folder, &shown)?;
        let mut taken = Sources::new();
        take(&folder, &shown, "", 0, &mut taken, &mut seen)?;
        all.insert(chapter.to_owned(), taken);
    }
    Ok(all)
}

/// Says so, and where the chapters seem to be: in a folder of an archive, or in an archive that is not
/// unpacked.
fn without_chapters(submission: &Path, chapters: &[&str]) -> String {
    let entries = fs::read_dir(submission).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name());
    let mut names: Vec<_> = names.take(MOST_ENTRIES).collect();
    names.sort();
    let is_around =
        |name: &String| real_folder(&submission.join(name).join("chapters"), "").is_ok();
    let folder = names.iter().filter_map(|name| plain(name)).find(is_around);
    let is_archive = |name: &std::ffi::OsString| {
        let name = name.to_string_lossy().to_ascii_lowercase();
        let ends = [".zip", ".tar", ".gz", ".tgz", ".7z", ".rar"];
        ends.iter().any(|end| name.ends_with(end))
    };
    let place = if let Some(folder) = folder {
        format!(" It has {folder}/chapters: they lie one folder too deep.")
    } else if chapters.iter().any(|one| exists(&submission.join(one))) {
        " It is that folder itself: hand in the one around it.".into()
    } else if names.iter().any(is_archive) {
        " It holds an archive that nobody has unpacked.".into()
    } else {
        String::new()
    };
    format!("The submission has no folder `chapters`.{place}")
}

/// Whoever hands in a file that nobody may read is not excused by it.
fn unreadable(path: &Path, shown: &str, error: &std::io::Error) -> Refusal {
    let is_refused = error.kind() == std::io::ErrorKind::PermissionDenied;
    if is_refused && path.ancestors().take(2).any(is_closed) {
        return Refusal::Rejected(format!(
            "{shown} cannot be read, since its own mode forbids it. Hand it in with the right to be read."
        ));
    }
    Refusal::Unreadable(format!("Cannot read {shown}: {error}."))
}

/// Whether the mode of a file or folder forbids its owner to read it.
#[cfg(unix)]
fn is_closed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.symlink_metadata().is_ok_and(|meta| {
        let needed = if meta.is_dir() { 0o500 } else { 0o400 };
        meta.permissions().mode() & needed != needed
    })
}

#[cfg(not(unix))]
fn is_closed(_: &Path) -> bool {
    false
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Not a link to one.
fn real_folder(path: &Path, shown: &str) -> Result<()> {
    let meta = path
        .symlink_metadata()
        .map_err(|error| unreadable(path, shown, &error))?;
    if meta.is_symlink() {
        return Err(format!("{shown} is a symbolic link. Only real files are graded.").into());
    }
    if !meta.is_dir() {
        return Err(format!("{shown} is not a folder.").into());
    }
    Ok(())
}

/// What was seen of a submission so far.
#[derive(Default)]
struct Seen {
    entries: usize,
    /// Of the files that were taken.
    bytes: u64,
}

fn take(
    folder: &Path,
    shown: &str,
    prefix: &str,
    depth: usize,
    taken: &mut Sources,
    seen: &mut Seen,
) -> Result<()> {
    if depth > DEEPEST {
        return Err(format!("{shown} lies too deep: {DEEPEST} folders are enough.").into());
    }
    let trouble = |error: std::io::Error| unreadable(folder, shown, &error);
    for entry in fs::read_dir(folder).map_err(trouble)? {
        let entry = entry.map_err(trouble)?;
        seen.entries += 1;
        if seen.entries > MOST_ENTRIES {
            let what = "files and folders in the chapters";
            return Err(format!("{shown}: more than {MOST_ENTRIES} {what}.").into());
        }
        let Some(name) = plain(&entry.file_name()) else {
            // Editors and systems leave files such as `.DS_Store` and `s1.rs~`. They are not taken.
            continue;
        };
        let (path, shown) = (entry.path(), format!("{shown}/{name}"));
        let meta = path
            .symlink_metadata()
            .map_err(|error| unreadable(&path, &shown, &error))?;
        if meta.is_symlink() {
            return Err(format!("{shown} is a symbolic link. Only real files are graded.").into());
        }
        if meta.is_dir() {
            let prefix = format!("{prefix}{name}/");
            take(&path, &shown, &prefix, depth + 1, taken, seen)?;
            continue;
        }
        if !name.ends_with(".rs") {
            continue;
        }
        if !meta.is_file() {
            return Err(format!("{shown} is not a regular file.").into());
        }
        if meta.len() > MOST_OF_A_FILE {
            let most = MOST_OF_A_FILE >> 20;
            return Err(format!("{shown} is larger than {most} MiB.").into());
        }
        let text = read(&path, &shown)?;
        seen.bytes += text.len() as u64;
        if seen.bytes > MOST_OF_ALL {
            let most = MOST_OF_ALL >> 20;
            return Err(
                format!("The submission's files are larger than {most} MiB in all.").into(),
            );
        }
        taken.insert(format!("{prefix}{name}"), text);
        if taken.len() > MOST_FILES {
            return Err(format!("{shown}: more than {MOST_FILES} files in one chapter.").into());
        }
    }
    Ok(())
}

/// A name that means the same to every system: ASCII letters, digits, `_`, `-` and `.`.
fn plain(name: &std::ffi::OsStr) -> Option<String> {
    let name = name.to_str()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.starts_with('.') && name.len() <= 100 && name.chars().all(is_plain))
        .then(|| name.to_owned())
}

/// Checks the opened file, because the path may point at another file by then.
fn read(path: &Path, shown: &str) -> Result<String> {
    let trouble = |error: std::io::Error| unreadable(path, shown, &error);
    let file = open(path).map_err(trouble)?;
    if !file.metadata().map_err(trouble)?.is_file() {
        return Err(format!("{shown} is not a regular file.").into());
    }
    let mut bytes = Vec::new();
    file.take(MOST_OF_A_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(trouble)?;
    if bytes.len() as u64 > MOST_OF_A_FILE {
        let most = MOST_OF_A_FILE >> 20;
        return Err(format!("{shown} is larger than {most} MiB.").into());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("{shown} is not UTF-8: byte {at} belongs to no character.").into()
    })
}

#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<fs::File> {
    use rustix::fs::{Mode, OFlags};
    // A FIFO in the file's place would block us, and a link would lead elsewhere.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<fs::File> {
    fs::File::open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAPTER: &str = "00-bytes-and-sockets";

    fn submission() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let src = folder.path().join("chapters").join(CHAPTER).join("src");
        fs::create_dir_all(&src).expect("a folder");
        fs::write(src.join("lib.rs"), "mod a;").expect("a file");
        (folder, src)
    }

    fn collected(folder: &tempfile::TempDir) -> std::result::Result<Vec<String>, String> {
        let all =
            collect(folder.path(), &[CHAPTER, "09-missing"]).map_err(|why| why.to_string())?;
        Ok(all[CHAPTER].keys().cloned().collect())
    }

    /// What the chapter's folder is prepared with is refused in these words.
    fn says(prepare: &dyn Fn(&Path), words: &str) {
        let (folder, src) = submission();
        prepare(&src);
        let said = collected(&folder).expect_err(words);
        assert!(said.contains(words), "{said}");
    }

    #[test]
    fn only_rust_files_below_src_are_taken() {
        let (folder, src) = submission();
        fs::create_dir(src.join("inner")).expect("a folder");
        for name in ["inner/b.rs", "notes.txt", ".hidden.rs", "a b.rs", "c.rs~"] {
            fs::write(src.join(name), "").expect("a file");
        }
        fs::write(src.join("../build.rs"), "").expect("a file");
        assert_eq!(collected(&folder).expect("taken"), ["inner/b.rs", "lib.rs"]);
    }

    #[test]
    fn what_cannot_be_taken_says_so() {
        says(
            &|src| fs::write(src.join("a.rs"), b"fn \xff").expect("a file"),
            "not UTF-8: byte 3",
        );
        says(
            &|src| {
                let file = fs::File::create(src.join("a.rs")).expect("a file");
                file.set_len(2 << 30).expect("a file with a hole");
            },
            "larger than 1 MiB",
        );
        says(
            &|src| {
                for i in 0..=MOST_FILES {
                    fs::write(src.join(format!("f{i}.rs")), "").expect("a file");
                }
            },
            "more than 200 files",
        );
        says(
            &|src| {
                for i in 0..=MOST_ENTRIES {
                    fs::write(src.join(format!("f{i}.txt")), "").expect("a file");
                }
            },
            "more than 10000 files and folders",
        );
        let (folder, _) = submission();
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).expect("a folder");
        let refused = |path: &Path| {
            let why = collect(path, &[CHAPTER]).expect_err("nothing to take");
            assert!(matches!(why, Refusal::Rejected(_)), "{why:?}");
            why.to_string()
        };
        let said = refused(&empty);
        assert_eq!(said, "The submission has no folder `chapters`.");
        fs::write(empty.join("my work.ZIP"), "").expect("a file");
        let said = refused(&empty);
        assert!(
            said.contains("an archive that nobody has unpacked"),
            "{said}"
        );
        fs::create_dir_all(empty.join("loopback-main/chapters")).expect("a folder");
        let said = refused(&empty);
        assert!(said.contains("It has loopback-main/chapters"), "{said}");
        let said = refused(&folder.path().join("chapters"));
        assert!(said.contains("hand in the one around it"), "{said}");
        // What is not there at all has not been handed in by anybody.
        let said = collect(&folder.path().join("none"), &[CHAPTER]).expect_err("missing");
        assert!(matches!(said, Refusal::Unreadable(_)), "{said:?}");
    }

    /// As root everything can be read, so the error is made up.
    #[cfg(unix)]
    #[test]
    fn a_mode_that_forbids_reading_is_the_students_fault() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.rs");
        fs::write(&file, "").expect("a file");
        let refusal = |path: &Path, mode: u32| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
            let refusal = unreadable(&file, "a.rs", &std::io::ErrorKind::PermissionDenied.into());
            matches!(refusal, Refusal::Rejected(_))
        };
        assert!(refusal(&file, 0o044));
        assert!(!refusal(&file, 0o400));
        assert!(refusal(folder.path(), 0o600));
        assert!(!refusal(folder.path(), 0o700));
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed_and_nothing_special_is_opened() {
        use std::os::unix::fs::symlink;
        says(
            &|src| symlink("/etc/passwd", src.join("a.rs")).expect("a link"),
            "a.rs is a symbolic link",
        );
        says(
            &|src| symlink("/etc", src.join("inner")).expect("a link"),
            "inner is a symbolic link",
        );
        says(
            &|src| {
                let elsewhere = src.with_file_name("other");
                fs::rename(src, &elsewhere).expect("renamed");
                symlink(&elsewhere, src).expect("a link");
            },
            "src is a symbolic link",
        );
        says(
            &|src| {
                std::os::unix::net::UnixListener::bind(src.join("a.rs")).expect("a socket");
            },
            "not a regular file",
        );
    }
}
