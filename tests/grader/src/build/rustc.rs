//! Compiles a submission with rustc's command lines as cargo made them for the stubs.
//!
//! When a worker is prepared, cargo builds the course's own chapters, and the grader's binary, as cargo's
//! wrapper of rustc, records each command line ([`runner::rustc`]). A submission is compiled
//! with the same lines, other sources and another output folder. So the jail needs no cargo, manifest,
//! build script or configuration that a student could change, and nothing that was built before can
//! pass for the student's.
//!
//! The test program that cargo builds with the stubs is of use, too: it holds no line of a student's, so it judges
//! their program as a black box ([`Built::judge`]).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use course::Chapter;
use course::problem::{Problem, Result};
use runner::rustc::{self, Line};

use crate::jail::{Cell, Ending, Jail, Quotas, Share};
use crate::settings::Limits;

/// The folder of what was compiled, from the folder of a package.
pub const PROGRAMS: &str = "../../out";

/// Seconds of processor time that the linker may take besides the compiler.
const LINKER: u64 = 10;

/// What the compiler may write into one file. The reference answers need 12 MiB at most, and several such files of
/// each chapter lie in a submission's folder until it is graded.
const LONGEST_FILE_MIB: u64 = 64;

/// Makes rustc stop before it links.
const ONLY_LOOK: &str = "--emit=metadata";

/// The crates of a chapter.
#[derive(Clone, Debug)]
pub struct Lines {
    library: Line,
    program: Option<Line>,
    exercise: Line,
}

/// The course, built by cargo.
#[derive(Clone, Debug)]
pub struct Built {
    /// The course's workspace, from which the lines were taken.
    root: PathBuf,
    /// Cargo's folder, with everything that the chapters depend on.
    target: PathBuf,
    sysroot: PathBuf,
    pub chapters: BTreeMap<String, Lines>,
}

/// The result of compiling a chapter.
pub enum Compiled {
    Ready {
        exercise: PathBuf,
        hidden: Hidden,
    },
    DoesNot {
        /// In rustc's words.
        error: String,
        /// The library itself, and not what is built on it.
        is_library: bool,
    },
}

impl Compiled {
    /// rustc's error, if there is one.
    pub fn complaint(&self) -> Option<&str> {
        match self {
            Compiled::DoesNot { error, .. }
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
    /// They do not compile with this submission.
    DoesNot(String),
}

/// The same command line without linking.
fn only_look(line: &Line) -> Line {
    let mut line = line.clone();
    for arg in &mut line.args {
        if arg.starts_with("--emit=") {
            *arg = ONLY_LOOK.into();
        }
    }
    line
}

/// The file that rustc makes of a line, in the output folder.
fn artifact(line: &Line) -> String {
    match line.args.iter().any(|arg| arg == ONLY_LOOK) {
        true => format!("lib{}.rmeta", line.stem()),
        false => line.artifact(),
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
        say: &dyn Fn(&str),
    ) -> Result<Built> {
        // Without links in it: the jail shows real paths.
        fs::create_dir_all(target).map_err(|error| Problem::with_file("create", target, &error))?;
        let target = target
            .canonicalize()
            .map_err(|error| Problem::with_file("find", target, &error))?;
        let records = target.join("grader-records");
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .current_dir(root)
            .env("CARGO_TARGET_DIR", &target)
            // Ignore what a shell may have set for other builds.
            .env_remove("RUSTC_WORKSPACE_WRAPPER")
            .env_remove("RUSTFLAGS")
            .env("CARGO_INCREMENTAL", "0")
            .args(["test", "--no-run", "--locked", "--test", "exercise"])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        rustc::have_programs_in(&mut command, PROGRAMS);
        rustc::have_recorded(&mut command, &crate::jail::helper()?, &records)
            .map_err(|error| Problem::with_file("create", &records, &error))?;
        for chapter in chapters {
            command.args(["--package", &chapter.package()]);
            for feature in features.get(&chapter.folder).into_iter().flatten() {
                let feature = format!("{}/{feature}", chapter.package());
                command.args(["--features", &feature]);
            }
        }
        say("Building the course");
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
            Line::read(&records, &chapter.package(), kind)
                .map_err(|error| Problem::with_file("read", &records, &error))
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
            target,
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

    /// The tests with the course's own chapter in place of an answer, for the program of whatever answer lies
    /// compiled in the workdir in which they are run.
    pub fn judge(&self, chapter: &Chapter) -> PathBuf {
        let exercise = &self.chapters[&chapter.folder].exercise;
        self.folder().join("deps").join(exercise.artifact())
    }

    /// The same of hidden tests: what [`Built::hidden_error`] has compiled in this workdir.
    pub fn hidden_judge(&self, chapter: &Chapter, workdir: &Path) -> PathBuf {
        let exercise = &self.chapters[&chapter.folder].exercise;
        let hidden = hidden_of(exercise, chapter).artifact();
        workdir.join("out").join(&chapter.folder).join(hidden)
    }

    /// Compiles a chapter whose files lie in `workdir`, a folder with the form of the course: the
    /// student's in `chapters`, ours in `tests` and perhaps in `hidden/tests`.
    ///
    /// `Err` is a failure of ours.
    pub fn compile(
        &self,
        chapter: &Chapter,
        has_hidden: bool,
        workdir: &Path,
        jail: &Jail,
        limits: &Limits,
    ) -> Result<Compiled> {
        let out = self.out(chapter, workdir, jail)?;
        let rustc = self.rustc(chapter, workdir, &out, jail, limits);
        let lines = rustc.lines;
        let student = workdir.join(chapter.dir());
        // The student's own crates see the student's files and what they depend on.
        if let Some(error) = rustc.run(&lines.library, &[&student])? {
            return Ok(Compiled::DoesNot {
                error,
                is_library: true,
            });
        }
        let tests = workdir.join("tests");
        // The two others need the library and not each other.
        let (program, exercise) = std::thread::scope(|scope| {
            let program = scope.spawn(|| match &lines.program {
                Some(program) => rustc.run(program, &[&student]),
                None => Ok(None),
            });
            let exercise = rustc.run(&lines.exercise, &[&student, &tests]);
            (program.join().expect("it does not panic"), exercise)
        });
        if let Some(error) = program?.or(exercise?) {
            return Ok(Compiled::DoesNot {
                error,
                is_library: false,
            });
        }
        if let Some(program) = &lines.program {
            let name = program.crate_name();
            fs::rename(out.join(program.artifact()), out.join(name))
                .map_err(|error| Problem::with_file("find the program", &out, &error))?;
        }
        let mut hidden = Hidden::None;
        if has_hidden {
            let line = hidden_of(&lines.exercise, chapter);
            hidden = match rustc.hidden(&line, chapter)? {
                None => Hidden::Ready(out.join(line.artifact())),
                Some(error) => Hidden::DoesNot(error),
            };
        }
        jail.take(&out)?;
        jail.show(&out)?;
        Ok(Compiled::Ready {
            exercise: out.join(lines.exercise.artifact()),
            hidden,
        })
    }

    /// What rustc says against the library of such a chapter.
    pub fn library_error(
        &self,
        chapter: &Chapter,
        workdir: &Path,
        jail: &Jail,
        limits: &Limits,
    ) -> Result<Option<String>> {
        let out = self.out(chapter, workdir, jail)?;
        let rustc = self.rustc(chapter, workdir, &out, jail, limits);
        rustc.run(&rustc.lines.library, &[&workdir.join(chapter.dir())])
    }

    /// What rustc says against the hidden tests of such a chapter.
    pub fn hidden_error(
        &self,
        chapter: &Chapter,
        workdir: &Path,
        jail: &Jail,
        limits: &Limits,
    ) -> Result<Option<String>> {
        if let Some(error) = self.library_error(chapter, workdir, jail, limits)? {
            return Ok(Some(error));
        }
        let out = self.out(chapter, workdir, jail)?;
        let rustc = self.rustc(chapter, workdir, &out, jail, limits);
        rustc.hidden(&hidden_of(&rustc.lines.exercise, chapter), chapter)
    }

    /// The folder that rustc writes to.
    fn out(&self, chapter: &Chapter, workdir: &Path, jail: &Jail) -> Result<PathBuf> {
        let out = workdir.join("out").join(&chapter.folder);
        fs::create_dir_all(&out).map_err(|error| Problem::with_file("create", &out, &error))?;
        jail.give(&out)?;
        Ok(out)
    }

    fn rustc<'a>(
        &'a self,
        chapter: &Chapter,
        workdir: &'a Path,
        out: &'a Path,
        jail: &'a Jail,
        limits: &'a Limits,
    ) -> Rustc<'a> {
        Rustc {
            began: Instant::now(),
            built: self,
            lines: &self.chapters[&chapter.folder],
            workdir,
            out,
            jail,
            limits,
        }
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
struct Rustc<'a> {
    began: Instant,
    built: &'a Built,
    lines: &'a Lines,
    workdir: &'a Path,
    out: &'a Path,
    jail: &'a Jail,
    limits: &'a Limits,
}

impl Rustc<'_> {
    /// rustc's error, if there is one.
    ///
    /// The linker needs /proc, and an `include_str!` from a pipe there would never end. So a program of
    /// the student's is first compiled without both.
    fn run(&self, line: &Line, sees: &[&Path]) -> Result<Option<String>> {
        if line.kind() == "bin"
            && let Some(error) = self.once(&only_look(line), sees, false)?
        {
            return Ok(Some(error));
        }
        self.once(line, sees, line.kind() != "lib")
    }

    fn hidden(&self, line: &Line, chapter: &Chapter) -> Result<Option<String>> {
        let folder = |name: &str| self.workdir.join(name);
        let sees = [folder(&chapter.dir()), folder("tests"), folder("hidden")];
        self.run(line, &sees.each_ref().map(PathBuf::as_path))
    }

    fn once(&self, line: &Line, sees: &[&Path], sees_proc: bool) -> Result<Option<String>> {
        let cpu_seconds = self.seconds_for(line);
        let wall = self.limits.compile_wall();
        let left = wall
            .saturating_sub(self.began.elapsed())
            .max(Duration::from_secs(1));
        let cell = Cell {
            program: self.built.sysroot.join("bin/rustc"),
            args: self.args(line),
            env: self.env(line),
            dir: self.workdir.to_owned(),
            reads: [&self.built.sysroot, &self.built.folder()]
                .into_iter()
                .cloned()
                .chain(sees.iter().map(|&path| path.to_owned()))
                .collect(),
            writes: vec![self.out.to_owned()],
            is_ours: true,
            is_alone: false,
            sees_proc,
            quotas: Quotas {
                memory_mib: self.limits.compile_memory_mib,
                processes: 256,
                files: 1024,
                file_mib: LONGEST_FILE_MIB,
                cpu_seconds,
            },
        };
        let share = Share {
            // The linker's as well, and the kernel's limit on the compiler comes first.
            cpu: Duration::from_secs(cpu_seconds + LINKER),
            memory_mib: self.limits.compile_memory_mib,
            asleep: Duration::from_secs(self.limits.compile_waits_seconds),
            starved: left,
            ..Share::until(left)
        };
        let outcome = self.jail.run(&cell, &share)?;
        let said = outcome.stderr.text();
        let said = said.trim_end();
        let is_there = self.out.join(artifact(line)).is_file();
        let why = match outcome.ending {
            Ending::Exited(0) if is_there => return Ok(None),
            Ending::Exited(1) => return Ok(Some(said.to_owned())),
            Ending::Exited(0) => "the compiler wrote nothing".into(),
            Ending::Asleep => format!(
                "the compiler waited {} s for something that did not come, and was stopped. Does a \
                 file include a pipe, a terminal or a device?",
                share.asleep.as_secs()
            ),
            // SIGXCPU
            Ending::Signal(24) | Ending::TooMuchTime => format!(
                "the compiler was still busy after {cpu_seconds} s of processor time and was stopped"
            ),
            Ending::TooManyFiles => "the compiler made too many files".into(),
            Ending::TooManyProcesses => "the compiler had too many processes".into(),
            Ending::TooMuchMemory => format!(
                "the compiler used more than {} MiB of memory and was stopped",
                share.memory_mib
            ),
            Ending::Deadline | Ending::AwakeTooLong => format!(
                "the compiler had not ended after {} s by the clock, which it has for a chapter, and was stopped",
                wall.as_secs()
            ),
            Ending::Signal(9) => "the compiler was killed, perhaps for lack of memory".into(),
            // SIGXFSZ
            Ending::Signal(25) => format!(
                "the compiler had more than {LONGEST_FILE_MIB} MiB to write into one file, and was stopped"
            ),
            // rustc's code for an error of its own; it aborts without memory; a file with a million
            // parentheses overflows its stack.
            Ending::Exited(101) | Ending::Signal(4 | 6 | 7 | 8 | 11) => {
                "the compiler crashed".into()
            }
            Ending::Exited(code) => format!("the compiler ended with exit code {code}"),
            Ending::Signal(signal) => format!("the compiler was ended by signal {signal}"),
        };
        // The caller compiles the course's own chapter in the same place, which shows whose fault it is.
        Ok(Some(format!("error: {why}\n{said}").trim_end().to_owned()))
    }

    /// The processor time that a crate may have. Program and tests are compiled side by side.
    fn seconds_for(&self, line: &Line) -> u64 {
        let all = self.limits.compile_seconds;
        let share = if line.kind() == "lib" { all } else { all / 2 };
        share.max(1)
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
        // The least work in all; other submissions use the other processors.
        args.push("-Ccodegen-units=1".into());
        args
    }

    fn env(&self, line: &Line) -> Vec<(String, String)> {
        let (course, workdir) = (
            self.built.root.display().to_string(),
            self.workdir.display().to_string(),
        );
        let folder = self.out.file_name().unwrap_or_default().to_string_lossy();
        let mut env: Vec<(String, String)> = line
            .env
            .iter()
            .map(|(name, value)| match name.strip_prefix(rustc::PROGRAM) {
                Some(program) => (name.clone(), format!("{PROGRAMS}/{folder}/{program}")),
                None => (name.clone(), value.replace(&course, &workdir)),
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
