//! How cargo calls rustc, written down, so that a crate can be compiled again without cargo: from
//! other sources, into another folder.
//!
//! Cargo runs a program of ours in rustc's place ([`have_recorded`]); that program writes the command
//! line down and runs rustc ([`record`]).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

/// The variable that makes a program a wrapper of rustc: the folder for its records.
const RECORDS: &str = "LOOPBACK_RUSTC_RECORDS";

/// The variable that tells such a wrapper where tests shall look for the programs of their package.
const PROGRAMS: &str = "LOOPBACK_RUSTC_PROGRAMS";

/// How the variables begin that tell a test where a program lies.
pub const PROGRAM: &str = "CARGO_BIN_EXE_";

/// Beginnings of the variables that cargo sets for a crate to see.
const SEEN: [&str; 7] = [
    "CARGO_BIN_",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_TMPDIR",
    "OUT_DIR",
];

/// One crate, as cargo has it compiled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    pub rustc: String,
    pub args: Vec<String>,
    /// Those of cargo's variables that a crate can see.
    pub env: BTreeMap<String, String>,
}

/// Has cargo record in the folder `records`. `wrapper` is a program that begins with [`record`].
///
/// Cargo calls rustc for what is not up to date. So a folder of records belongs to one target folder.
pub fn have_recorded(cargo: &mut Command, wrapper: &Path, records: &Path) -> io::Result<()> {
    fs::create_dir_all(records)?;
    cargo.env("RUSTC_WRAPPER", wrapper).env(RECORDS, records);
    Ok(())
}

/// Has the tests look for the programs of their package in this folder: its name is the package's, and
/// `programs` the way to it from where the tests are run. Cargo does not notice a change of it.
pub fn have_programs_in(cargo: &mut Command, programs: &str) {
    cargo.env(PROGRAMS, programs);
}

/// In rustc's place: writes the command line down and runs rustc. Nothing when the process was not
/// started for that.
pub fn record() -> Option<ExitCode> {
    let folder = std::env::var_os(RECORDS)?;
    let mut words = std::env::args_os().skip(1);
    let rustc = words.next()?;
    let args: Vec<OsString> = words.collect();
    if let Err(error) = write_down(Path::new(&folder), &rustc, &args) {
        eprintln!("cannot note how rustc is called: {error}");
        return Some(ExitCode::FAILURE);
    }
    let status = Command::new(&rustc)
        .args(&args)
        .env_remove(RECORDS)
        .envs(programs_elsewhere())
        .status();
    Some(match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot run rustc: {error}");
            ExitCode::FAILURE
        }
    })
}

fn programs_elsewhere() -> Vec<(String, String)> {
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let (Ok(programs), Some(package)) = (std::env::var(PROGRAMS), Path::new(&package).file_name())
    else {
        return Vec::new();
    };
    let package = package.to_string_lossy();
    std::env::vars()
        .filter_map(|(variable, _)| {
            let program = variable.strip_prefix(PROGRAM)?;
            let place = format!("{programs}/{package}/{program}");
            Some((variable, place))
        })
        .collect()
}

fn write_down(folder: &Path, rustc: &OsString, args: &[OsString]) -> io::Result<()> {
    let text = |word: &OsString| word.to_string_lossy().into_owned();
    let line = Line {
        rustc: text(rustc),
        args: args.iter().map(text).collect(),
        env: std::env::vars()
            .filter(|(name, _)| SEEN.iter().any(|begin| name.starts_with(begin)))
            .collect(),
    };
    let Some(package) = line.env.get("CARGO_PKG_NAME") else {
        return Ok(()); // Cargo asks rustc about itself.
    };
    let name = file_name(package, line.kind());
    fs::write(folder.join(name), serde_json::to_vec_pretty(&line)?)
}

fn file_name(package: &str, kind: &str) -> String {
    format!("{package}-{kind}.json")
}

impl Line {
    /// The last record of a package's `lib`, `bin` or `test`; none when cargo has not built it.
    pub fn read(records: &Path, package: &str, kind: &str) -> io::Result<Option<Line>> {
        match fs::read(records.join(file_name(package, kind))) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `lib`, `bin` or `test`.
    pub fn kind(&self) -> &'static str {
        let has = |word: &str| self.args.iter().any(|arg| arg == word);
        match (has("--test"), has("bin")) {
            (true, _) => "test",
            (false, true) => "bin",
            (false, false) => "lib",
        }
    }

    pub fn crate_name(&self) -> &str {
        let at = self.args.iter().position(|arg| arg == "--crate-name");
        let name = at.and_then(|at| self.args.get(at + 1));
        name.map_or("", String::as_str)
    }

    /// What its files are called: the crate's name and cargo's mark.
    pub fn stem(&self) -> String {
        let mark = "extra-filename=";
        let mark = self.args.iter().find_map(|arg| arg.strip_prefix(mark));
        format!("{}{}", self.crate_name(), mark.unwrap_or_default())
    }

    /// The file that rustc makes of it, in the output folder.
    pub fn artifact(&self) -> String {
        let stem = self.stem();
        match self.kind() {
            "lib" => format!("lib{stem}.rlib"),
            _ => format!("{stem}{}", std::env::consts::EXE_SUFFIX),
        }
    }
}
