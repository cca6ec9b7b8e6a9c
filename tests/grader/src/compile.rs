//! Compiles a submission with rustc's command lines as cargo made them for the stubs.
//!
//! When a bench is prepared, cargo builds the course's own chapters, and the grader's binary stands
//! between cargo and rustc and writes down each command line ([`record`]). A submission is compiled
//! with the same lines: other sources, another output folder. So there is no cargo in the jail, no
//! manifest, no build script and no configuration that a student could have a part in, and nothing
//! that was built before can be taken for the student's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use workbook::course::Chapter;
use workbook::problem::{Problem, Result};

use crate::jail::{Cell, Ending, Jail, Quotas};
use crate::settings::Limits;

/// The variable that makes the grader's binary a wrapper of rustc: the folder for its records.
const RECORDS: &str = "LOOPBACK_GRADER_RECORDS";

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

/// rustc's option to stop before it makes a program.
const ONLY_LOOK: &str = "--emit=metadata";

/// One crate of a chapter, as cargo has it compiled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    rustc: String,
    args: Vec<String>,
    /// Those of cargo's variables that a crate can see.
    env: BTreeMap<String, String>,
}

/// The crates of a chapter.
#[derive(Clone, Debug)]
pub struct Lines {
    library: Line,
    program: Option<Line>,
    exercise: Line,
}

/// Where things lie when cargo has built the course.
#[derive(Clone, Debug)]
pub struct Built {
    /// The course's workspace, from which the lines were taken.
    root: PathBuf,
    /// Cargo's folder, with everything that the chapters depend on.
    target: PathBuf,
    sysroot: PathBuf,
    pub chapters: BTreeMap<String, Lines>,
}

/// What became of a chapter's files.
pub enum Compiled {
    Ready {
        exercise: PathBuf,
        hidden: Hidden,
    },
    /// In rustc's words.
    DoesNot(String),
}

impl Compiled {
    /// What rustc says against any of it.
    pub fn complaint(&self) -> Option<&str> {
        match self {
            Compiled::DoesNot(error)
            | Compiled::Ready {
                hidden: Hidden::DoesNot(error),
                ..
            } => Some(error),
            Compiled::Ready { .. } => None,
        }
    }
}

/// The hidden tests of a chapter.
pub enum Hidden {
    None,
    Ready(PathBuf),
    /// Not with this submission.
    DoesNot(String),
}

/// As a wrapper of rustc: writes its command line down and becomes it.
pub fn record() -> Option<ExitCode> {
    let folder = std::env::var_os(RECORDS)?;
    let mut words = std::env::args_os().skip(1);
    let rustc = words.next()?;
    let args: Vec<OsString> = words.collect();
    if let Err(error) = write_down(Path::new(&folder), &rustc, &args) {
        eprintln!("cargo grader cannot note how rustc is called: {error}");
        return Some(ExitCode::FAILURE);
    }
    let status = Command::new(&rustc)
        .args(&args)
        .env_remove(RECORDS)
        .status();
    Some(match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo grader cannot run rustc: {error}");
            ExitCode::FAILURE
        }
    })
}

fn write_down(folder: &Path, rustc: &OsString, args: &[OsString]) -> std::io::Result<()> {
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
    let name = format!("{package}-{}.json", line.kind());
    fs::write(folder.join(name), serde_json::to_vec_pretty(&line)?)
}

impl Line {
    fn kind(&self) -> &'static str {
        let has = |word: &str| self.args.iter().any(|arg| arg == word);
        match (has("--test"), has("bin")) {
            (true, _) => "test",
            (false, true) => "bin",
            (false, false) => "lib",
        }
    }

    fn after(&self, option: &str) -> Option<&str> {
        let at = self.args.iter().position(|arg| arg == option)?;
        self.args.get(at + 1).map(String::as_str)
    }

    pub fn crate_name(&self) -> &str {
        self.after("--crate-name").unwrap_or_default()
    }

    fn codegen(&self, key: &str) -> &str {
        self.args
            .iter()
            .find_map(|arg| arg.strip_prefix(key)?.strip_prefix('='))
            .unwrap_or_default()
    }

    /// The same without a program to come of it, and so without the linker.
    fn only_look(&self) -> Line {
        let mut line = self.clone();
        for arg in &mut line.args {
            if arg.starts_with("--emit=") {
                *arg = ONLY_LOOK.into();
            }
        }
        line
    }

    /// The file that rustc makes of it, in the output folder.
    fn artifact(&self) -> String {
        let stem = format!("{}{}", self.crate_name(), self.codegen("extra-filename"));
        match self.kind() {
            _ if self.args.iter().any(|arg| arg == ONLY_LOOK) => format!("lib{stem}.rmeta"),
            "lib" => format!("lib{stem}.rlib"),
            _ => format!("{stem}{}", std::env::consts::EXE_SUFFIX),
        }
    }
}

impl Lines {
    /// The name by which the tests know the student's library.
    pub fn library_name(&self) -> &str {
        self.library.crate_name()
    }

    /// The name of the student's program, if the chapter has one.
    pub fn program_name(&self) -> Option<&str> {
        Some(self.program.as_ref()?.crate_name())
    }
}

impl Built {
    /// Has cargo build the course's own chapters and everything that they need, in `target`.
    pub fn of(
        root: &Path,
        chapters: &[&Chapter],
        features: &BTreeMap<String, Vec<String>>,
        target: &Path,
        hears: &dyn Fn(&str),
    ) -> Result<Built> {
        let records = target.join("grader-records");
        fs::create_dir_all(&records)
            .map_err(|error| Problem::with_file("create", &records, &error))?;
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .current_dir(root)
            .env("CARGO_TARGET_DIR", target)
            .env("RUSTC_WRAPPER", crate::jail::helper()?)
            .env(RECORDS, &records)
            // What a shell may have set for other builds.
            .env_remove("RUSTC_WORKSPACE_WRAPPER")
            .env_remove("RUSTFLAGS")
            .env("CARGO_INCREMENTAL", "0")
            .args(["test", "--no-run", "--locked", "--test", "exercise"])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        for chapter in chapters {
            command.args(["--package", &chapter.package()]);
            for feature in features.get(&chapter.folder).into_iter().flatten() {
                let feature = format!("{}/{feature}", chapter.package());
                command.args(["--features", &feature]);
            }
        }
        hears("Building the course");
        let output = command.output().map_err(no_cargo)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Problem::new(format!(
                "The course does not build.\n{}",
                said.trim_end()
            )));
        }
        let root = root
            .canonicalize()
            .map_err(|error| Problem::with_file("find", root, &error))?;
        let read = |chapter: &Chapter, kind: &str| -> Result<Option<Line>> {
            let path = records.join(format!("{}-{kind}.json", chapter.package()));
            match fs::read(&path) {
                Ok(bytes) => serde_json::from_slice(&bytes)
                    .map(Some)
                    .map_err(|error| Problem::new(format!("{}: {error}.", path.display()))),
                Err(_) => Ok(None),
            }
        };
        let mut lines = BTreeMap::new();
        for chapter in chapters {
            let (Some(library), Some(exercise)) = (read(chapter, "lib")?, read(chapter, "test")?)
            else {
                return Err(Problem::new(format!(
                    "cargo has built {}, but not through the grader. Remove {} and try again.",
                    chapter.package(),
                    target.display()
                )));
            };
            let program = read(chapter, "bin")?;
            let all = Lines {
                library,
                program,
                exercise,
            };
            lines.insert(chapter.folder.clone(), all);
        }
        let rustc = lines
            .values()
            .next()
            .map(|lines| lines.library.rustc.clone())
            .ok_or_else(|| Problem::new("There is no chapter to grade."))?;
        Ok(Built {
            sysroot: sysroot_of(&root, &rustc)?,
            root,
            target: target.to_owned(),
            chapters: lines,
        })
    }

    /// Where the compiler finds what the chapters depend on.
    pub fn folder(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// `rustc 1.95.0 (59807616e 2026-04-14)`
    pub fn toolchain(&self) -> Result<String> {
        let rustc = self.sysroot.join("bin/rustc");
        let output = Command::new(&rustc)
            .arg("--version")
            .output()
            .map_err(|error| Problem::with_file("run", &rustc, &error))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Compiles a chapter whose files lie in `desk`, a folder with the form of the course: the
    /// student's in `chapters`, ours in `tests` and perhaps in `hidden/tests`.
    ///
    /// `Err` is a failure of ours.
    pub fn compile(
        &self,
        chapter: &Chapter,
        has_hidden: bool,
        desk: &Path,
        jail: &Jail,
        limits: &Limits,
    ) -> Result<Compiled> {
        let lines = &self.chapters[&chapter.folder];
        let out = desk.join("out").join(&chapter.folder);
        fs::create_dir_all(&out).map_err(|error| Problem::with_file("create", &out, &error))?;
        jail.give(&out)?;
        let student = desk.join(chapter.dir());
        let press = Press {
            built: self,
            lines,
            desk,
            out: &out,
            jail,
            limits,
        };
        // The student's own crates see the student's files and what they depend on.
        if let Some(error) = press.run(&lines.library, &[&student])? {
            return Ok(Compiled::DoesNot(error));
        }
        let tests = desk.join("tests");
        // The two others need the library and not each other.
        let (program, exercise) = std::thread::scope(|scope| {
            let program = scope.spawn(|| match &lines.program {
                Some(program) => press.run(program, &[&student]),
                None => Ok(None),
            });
            let exercise = press.run(&lines.exercise, &[&student, &tests]);
            (program.join().expect("it does not panic"), exercise)
        });
        if let Some(error) = program?.or(exercise?) {
            return Ok(Compiled::DoesNot(error));
        }
        if let Some(program) = &lines.program {
            let name = program.crate_name();
            fs::rename(out.join(program.artifact()), out.join(name))
                .map_err(|error| Problem::with_file("find the program", &out, &error))?;
        }
        let mut hidden = Hidden::None;
        if has_hidden {
            let line = hidden_of(&lines.exercise, chapter);
            let folder = desk.join("hidden");
            hidden = match press.run(&line, &[&student, &tests, &folder])? {
                None => Hidden::Ready(out.join(line.artifact())),
                Some(error) => Hidden::DoesNot(error),
            };
        }
        Ok(Compiled::Ready {
            exercise: out.join(lines.exercise.artifact()),
            hidden,
        })
    }
}

/// The hidden tests are compiled as the visible ones are, from another file.
fn hidden_of(exercise: &Line, chapter: &Chapter) -> Line {
    let mut line = exercise.clone();
    let visible = format!("tests/{}/main.rs", chapter.folder);
    for arg in &mut line.args {
        if arg == "exercise" {
            *arg = "hidden".into();
        } else if arg.ends_with(&visible) {
            *arg = arg.replace(&visible, &format!("hidden/{visible}"));
        }
    }
    line
}

/// Runs rustc's lines for one submission.
struct Press<'a> {
    built: &'a Built,
    lines: &'a Lines,
    desk: &'a Path,
    out: &'a Path,
    jail: &'a Jail,
    limits: &'a Limits,
}

impl Press<'_> {
    /// What rustc complains about, if it does.
    ///
    /// The linker needs /proc, and an `include_str!` from a pipe there would never end. So a program of
    /// the student's is first compiled without both.
    fn run(&self, line: &Line, sees: &[&Path]) -> Result<Option<String>> {
        if line.kind() == "bin"
            && let Some(error) = self.once(&line.only_look(), sees, false)?
        {
            return Ok(Some(error));
        }
        self.once(line, sees, line.kind() != "lib")
    }

    fn once(&self, line: &Line, sees: &[&Path], sees_proc: bool) -> Result<Option<String>> {
        let cell = Cell {
            program: self.built.sysroot.join("bin/rustc"),
            args: self.args(line),
            env: self.env(line),
            dir: self.desk.to_owned(),
            reads: [&self.built.sysroot, &self.built.folder()]
                .into_iter()
                .cloned()
                .chain(sees.iter().map(|&path| path.to_owned()))
                .collect(),
            writes: vec![self.out.to_owned()],
            is_ours: true,
            sees_proc,
            quotas: Quotas {
                memory_mib: self.limits.memory_mib.max(4096),
                processes: 256,
                files: 1024,
                file_mib: 512,
                cpu_seconds: self.limits.compile_seconds,
            },
        };
        // Processor time is the student's; if the machine takes so much longer for it, that is ours.
        let deadline = Duration::from_secs(5 * self.limits.compile_seconds);
        let outcome = self.jail.run(&cell, deadline)?;
        let said = outcome.stderr.text();
        let said = said.trim_end();
        let is_there = self.out.join(line.artifact()).is_file();
        match outcome.ending {
            Ending::Exited(0) if is_there => Ok(None),
            Ending::Exited(1) => Ok(Some(said.to_owned())),
            // SIGXCPU
            Ending::Signal(24) => Ok(Some(format!(
                "error: the compiler was still busy after {} s and was stopped\n{said}",
                self.limits.compile_seconds
            ))),
            // rustc's code for an error of its own; it aborts without memory; a file with a million
            // parentheses overflows its stack; it may write too much.
            Ending::Exited(101) | Ending::Signal(4 | 6 | 7 | 8 | 11 | 25) => {
                Ok(Some(format!("error: the compiler crashed\n{said}")))
            }
            Ending::Deadline => Err(Problem::new(format!(
                "rustc has not ended {} after {} s, but has not used its processor time either. \
                 The machine is too busy, or the submission makes rustc wait.\n{said}",
                line.crate_name(),
                deadline.as_secs()
            ))),
            ending => Err(Problem::new(format!(
                "rustc ended with {ending:?} for {}.\n{said}",
                line.crate_name()
            ))),
        }
    }

    fn args(&self, line: &Line) -> Vec<String> {
        let stub = self.lines.library.artifact();
        let stub = stub.trim_end_matches(".rlib");
        let mut args = Vec::new();
        let mut given = line.args.iter();
        while let Some(arg) = given.next() {
            if arg == "--out-dir" {
                given.next();
                args.extend(["--out-dir".into(), self.out.display().to_string()]);
            } else if arg.starts_with("--error-format") || arg.starts_with("--json") {
                // In words instead.
            } else if arg.contains(stub) && arg.starts_with(self.lines.library_name()) {
                // The student's library, not the stub's.
                let name = self.lines.library_name();
                let path = self.out.join(self.lines.library.artifact());
                args.push(format!("{name}={}", path.display()));
            } else {
                args.push(arg.clone());
            }
        }
        // The course's manifests say so too. Unsafe code could speak for the laboratory.
        args.extend(["-F", "unsafe_code", "--color=never"].map(str::to_owned));
        args
    }

    fn env(&self, line: &Line) -> Vec<(String, String)> {
        let (course, desk) = (
            self.built.root.display().to_string(),
            self.desk.display().to_string(),
        );
        let mut env: Vec<(String, String)> = line
            .env
            .iter()
            .map(|(name, value)| match name.strip_prefix("CARGO_BIN_EXE_") {
                Some(program) => (name.clone(), self.out.join(program).display().to_string()),
                None => (name.clone(), value.replace(&course, &desk)),
            })
            .collect();
        env.push(("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()));
        env.push(("LC_ALL".into(), "C.UTF-8".into()));
        // Without /proc the loader does not know where rustc lies.
        let libraries = self.built.sysroot.join("lib").display().to_string();
        env.push(("LD_LIBRARY_PATH".into(), libraries));
        env
    }
}

fn sysroot_of(root: &Path, rustc: &str) -> Result<PathBuf> {
    // The course's folder may choose the toolchain.
    let output = Command::new(rustc)
        .current_dir(root)
        .args(["--print", "sysroot"])
        .output()
        .map_err(|error| Problem::with_file("run", Path::new(rustc), &error))?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if path.is_empty() {
        return Err(Problem::new("rustc does not say where it lies."));
    }
    Ok(path.into())
}

fn no_cargo(error: std::io::Error) -> Problem {
    Problem::new(format!(
        "Cannot run cargo: {error}. Is Rust installed and on the PATH?"
    ))
}
