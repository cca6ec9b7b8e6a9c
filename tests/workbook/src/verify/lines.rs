//! rustc's command lines for a chapter's reference answer, as cargo made them, and how a wrong answer
//! is compiled with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use course::Chapter;
use course::problem::{Problem, Result};
use runner::rustc::{Line, PROGRAM};

use super::workdir::Workdir;

pub struct Lines {
    library: Line,
    program: Option<Line>,
    exercise: Line,
}

/// The least work for a crate that is compiled anew each time.
const ONE_UNIT: &str = "-Ccodegen-units=1";

/// What rustc says against a crate, or nothing.
pub type Said = Option<String>;

impl Lines {
    /// The lines by which cargo built the test program `binary`; none when the records tell of another
    /// build.
    pub fn read(records: &Path, chapter: &Chapter, binary: &Path) -> Result<Option<Lines>> {
        let read = |kind| {
            Line::read(records, &chapter.solution_package(), kind)
                .map_err(|error| Problem::with_file("read", records, &error))
        };
        let (Some(library), Some(exercise)) = (read("lib")?, read("test")?) else {
            return Ok(None);
        };
        let uses_library = |line: &Line| mentions(line, &library.stem());
        let program = read("bin")?;
        let is_whole = binary
            .file_name()
            .is_some_and(|name| name == &*exercise.artifact())
            && uses_library(&exercise)
            && program.as_ref().is_none_or(uses_library);
        Ok(is_whole.then_some(Lines {
            library,
            program,
            exercise,
        }))
    }

    /// The files, relative to the workspace, with which the library and the program begin.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        let crates = std::iter::once(&self.library).chain(&self.program);
        let is_source = |arg: &&str| arg.ends_with(".rs");
        crates.filter_map(move |line| line.args.iter().map(String::as_str).find(is_source))
    }

    /// Compiles the answer, the tests, and the program if they start it; rustc's messages are a line
    /// each.
    pub fn all(&self, workdir: &Workdir, chapter: &Chapter) -> Result<Said> {
        let options = ["--emit=link", "--error-format=short"];
        match self.run(&self.library, workdir, chapter, &options)? {
            None => self.tests_with(workdir, chapter, &["--error-format=short"]),
            said => Ok(said),
        }
    }

    /// Compiles the answer itself. Most of it is what it was at the last wrong answer in this workdir.
    pub fn library(&self, workdir: &Workdir, chapter: &Chapter) -> Result<Said> {
        let known = workdir.out(chapter).join("incremental");
        let incremental = format!("-Cincremental={}", known.display());
        let options = ["--emit=link", &incremental];
        self.run(&self.library, workdir, chapter, &options)
    }

    /// Compiles the tests, and the program if they start it.
    pub fn tests(&self, workdir: &Workdir, chapter: &Chapter) -> Result<Said> {
        self.tests_with(workdir, chapter, &[])
    }

    fn tests_with(&self, workdir: &Workdir, chapter: &Chapter, more: &[&str]) -> Result<Said> {
        // Parts of the tests may be left out, so there is something unused.
        let options = [
            &["--emit=link,dep-info", "--cap-lints=allow", ONE_UNIT],
            more,
        ]
        .concat();
        let said = self.run(&self.exercise, workdir, chapter, &options)?;
        if said.is_some() {
            return Ok(said);
        }
        let Some(program) = &self.program else {
            return Ok(None);
        };
        // rustc notes which of cargo's variables a crate has asked for.
        let notes = workdir
            .out(chapter)
            .join(format!("{}.d", self.exercise.stem()));
        let asked = fs::read_to_string(&notes)
            .map_err(|error| Problem::with_file("read", &notes, &error))?;
        if !asked.contains(&format!("# env-dep:{PROGRAM}")) {
            return Ok(None);
        }
        let options = [&["--emit=link", ONE_UNIT], more].concat();
        let said = self.run(program, workdir, chapter, &options)?;
        if said.is_none() {
            let out = workdir.out(chapter);
            fs::rename(
                out.join(program.artifact()),
                self.program_path(workdir, chapter),
            )
            .map_err(|error| Problem::with_file("find the program", &out, &error))?;
        }
        Ok(said)
    }

    /// The test program.
    pub fn binary(&self, workdir: &Workdir, chapter: &Chapter) -> PathBuf {
        workdir.out(chapter).join(self.exercise.artifact())
    }

    /// Where the tests look for the program.
    fn program_path(&self, workdir: &Workdir, chapter: &Chapter) -> PathBuf {
        let name = self.program.as_ref().map(program_name);
        workdir.out(chapter).join(name.unwrap_or_default())
    }

    fn run(
        &self,
        line: &Line,
        workdir: &Workdir,
        chapter: &Chapter,
        options: &[&str],
    ) -> Result<Said> {
        let out = workdir.out(chapter);
        let mut command = self.command(line, &out, Some(&out.join(self.library.artifact())));
        command
            .args(options)
            .arg("--color=always")
            .env(
                "CARGO_MANIFEST_DIR",
                workdir.root.join(chapter.solution_dir()),
            )
            .current_dir(&workdir.root);
        if let Some(program) = &self.program {
            command.env(
                program_variable(program),
                self.program_path(workdir, chapter),
            );
        }
        let output = output(&mut command)?;
        let said = String::from_utf8_lossy(&output.stderr);
        Ok((!output.status.success()).then(|| said.into_owned()))
    }

    /// Cargo's command, with our folder for its own, without what serves cargo, and with another
    /// answer's library if there is one.
    fn command(&self, line: &Line, out: &Path, library: Option<&Path>) -> Command {
        let mut command = Command::new(&line.rustc);
        command.envs(&line.env).stdin(Stdio::null());
        let mut given = line.args.iter();
        while let Some(arg) = given.next() {
            match arg.as_str() {
                "--out-dir" => {
                    given.next();
                    command.arg(arg).arg(out);
                }
                "-C" => {
                    let option = given.next().map_or("", String::as_str);
                    if !option.starts_with("incremental=") {
                        command.args([arg, option]);
                    }
                }
                "--extern" => {
                    let option = given.next().map_or("", String::as_str);
                    let option = match (option.split_once('='), library) {
                        (Some((name, path)), Some(library)) if self.is_library(path) => {
                            format!("{name}={}", library.display())
                        }
                        _ => option.to_owned(),
                    };
                    command.args([arg, &option]);
                }
                _ if ["--emit", "--error-format", "--json"]
                    .iter()
                    .any(|option| arg.starts_with(option)) => {}
                _ => {
                    command.arg(arg);
                }
            }
        }
        command
    }

    /// Whether this is the answer's library, as cargo built it.
    fn is_library(&self, path: &str) -> bool {
        let stem = Path::new(path).file_stem();
        stem.is_some_and(|stem| stem == &*format!("lib{}", self.library.stem()))
    }
}

fn program_name(program: &Line) -> String {
    format!("{}{}", program.crate_name(), std::env::consts::EXE_SUFFIX)
}

fn program_variable(program: &Line) -> String {
    format!("{PROGRAM}{}", program.crate_name())
}

fn output(command: &mut Command) -> Result<Output> {
    command
        .output()
        .map_err(|error| Problem::with_file("run", Path::new(command.get_program()), &error))
}

fn mentions(line: &Line, stem: &str) -> bool {
    line.args.iter().any(|arg| arg.contains(stem))
}
