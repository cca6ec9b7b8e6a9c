//! Writes a copy: into a fresh folder, or a zip file.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use course::problem::{Problem, Result};
use zip::write::SimpleFileOptions;

use super::Files;

/// Writes the files into `dir`, which must be new or empty. Nothing is left there on an error.
pub fn folder(dir: &Path, course: &Path, files: Files) -> Result<()> {
    refuse(dir, course)?;
    // In a folder beside it, so that half a copy never looks like a whole one.
    let parent = match dir.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => ".".into(),
    };
    fs::create_dir_all(&parent)
        .map_err(|error| Problem::with_file("make the folder", &parent, &error))?;
    let fresh = tempfile::Builder::new()
        .prefix(".handout-")
        .tempdir_in(&parent)
        .map_err(|error| Problem::with_file("write into", &parent, &error))?;
    put(fresh.path(), files)?;
    lock(fresh.path())?;
    // An empty folder may be there.
    let _ = fs::remove_dir(dir);
    fs::rename(fresh.path(), dir).map_err(|error| Problem::with_file("write", dir, &error))?;
    // tempfile makes folders that only their owner can read.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let everybody = fs::Permissions::from_mode(0o755);
        fs::set_permissions(dir, everybody)
            .map_err(|error| Problem::with_file("open for everybody", dir, &error))?;
    }
    Ok(())
}

/// Writes the files into a zip file, which must be new.
pub fn zip(file: &Path, course: &Path, files: Files) -> Result<()> {
    if file.exists() {
        return Err(Problem::new(format!(
            "{} is there already. Name a new file, or remove it first.",
            file.display()
        )));
    }
    refuse_inside(file, course)?;
    let fresh = tempfile::tempdir()
        .map_err(|error| Problem::new(format!("Cannot make a folder to work in: {error}.")))?;
    let names: Vec<String> = files.keys().cloned().collect();
    put(fresh.path(), files)?;
    lock(&fresh.path().join("course"))?;
    let failed = |error: std::io::Error| Problem::with_file("write", file, &error);
    let target = fs::File::create_new(file).map_err(failed)?;
    let mut zip = zip::ZipWriter::new(std::io::BufWriter::new(target));
    for name in names {
        let is_script = !name.contains('/');
        let mode = if is_script { 0o755 } else { 0o644 };
        // No compression: the text is small, and it saves a library.
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .unix_permissions(mode);
        let content = fs::read(fresh.path().join(&name)).map_err(failed)?;
        zip.start_file(name.as_str(), options)
            .map_err(|error| failed(error.into()))?;
        zip.write_all(&content).map_err(failed)?;
    }
    let mut rest = zip.finish().map_err(|error| failed(error.into()))?;
    rest.flush().map_err(failed)
}

fn put(dir: &Path, files: Files) -> Result<()> {
    for (name, content) in files {
        let path = dir.join(name);
        let failed = |error: std::io::Error| Problem::with_file("write", &path, &error);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).map_err(failed)?;
        fs::write(&path, content).map_err(failed)?;
    }
    Ok(())
}

/// Makes Cargo.lock fit the packages that are left. No version changes, and nothing is fetched.
fn lock(dir: &Path) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(dir)
        .args(["update", "--workspace", "--offline", "--quiet"])
        .output()
        .map_err(|error| Problem::new(format!("Cannot run cargo: {error}.")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Problem::new(format!(
        "cargo cannot make the Cargo.lock of the copy:\n{}\nBuild the course once (`cargo test --no-run`), and hand out again.",
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

/// A copy needs a folder of its own, out of the course and out of its history.
fn refuse(dir: &Path, course: &Path) -> Result<()> {
    let is_empty = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(Problem::with_file("use the folder", dir, &error)),
    };
    if !is_empty {
        return Err(Problem::new(format!(
            "{} is not empty. Name a folder that is not there yet, so that nothing of yours is overwritten and nothing old stays in.",
            dir.display()
        )));
    }
    refuse_inside(dir, course)
}

fn refuse_inside(target: &Path, course: &Path) -> Result<()> {
    let full = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = |path: &Path| {
        let path = full(path);
        // The nearest folder above it that exists decides where it will be.
        let found = path.ancestors().find_map(|above| above.canonicalize().ok());
        found.unwrap_or(path)
    };
    if real(target).starts_with(real(course)) {
        return Err(Problem::new(format!(
            "{} is inside the course, whose history holds the answers. Name a folder outside.",
            target.display()
        )));
    }
    Ok(())
}
