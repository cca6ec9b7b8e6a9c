//! rustc's command lines for a chapter's reference answer, as cargo made them, and how a wrong answer
//! is compiled with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use course::Chapter;
use course::problem::{Problem, Result};
use runner::rustc::Line;

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

    /// Compiles the answer itself. Most of it is what it was at the last wrong answer in this workdir.
    pub fn library(&self, workdir: &Workdir, chapter: &Chapter) -> Result<Said> {
        let known = workdir.out(chapter).join("incremental");
        let incremental = format!("-Cincremental={}", known.display());
        let options = ["--emit=link", &incremental];
        self.run(&self.library, workdir, chapter, &options)
    }

    /// Compiles the tests, and the program if they start it.
    pub fn tests(&self, workdir: &Workdir, chapter: &Chapter) -> Result<Said> {
        // Parts of the tests may be left out, so there is something unused.
        let options = ["--emit=link,dep-info", "--cap-lints=allow", ONE_UNIT];
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
        if !asked.contains("# env-dep:CARGO_BIN_EXE_") {
            return Ok(None);
        }
        let said = self.run(program, workdir, chapter, &["--emit=link", ONE_UNIT])?;
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
        let name = self.program.as_ref().map_or("", Line::crate_name);
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        workdir.out(chapter).join(name)
    }

    fn run(
        &self,
        line: &Line,
        workdir: &Workdir,
        chapter: &Chapter,
        options: &[&str],
    ) -> Result<Said> {
        let mut command = Command::new(&line.rustc);
        command
            .args(self.args(line, &workdir.out(chapter)))
            .args(options)
            .arg("--color=always")
            .envs(&line.env)
            .env(
                "CARGO_MANIFEST_DIR",
                workdir.root.join(chapter.solution_dir()),
            )
            .current_dir(&workdir.root)
            .stdin(Stdio::null());
        if let Some(program) = &self.program {
            let name = format!("CARGO_BIN_EXE_{}", program.crate_name());
            command.env(name, self.program_path(workdir, chapter));
        }
        let output = command
            .output()
            .map_err(|error| Problem::with_file("run", Path::new(&line.rustc), &error))?;
        let said = String::from_utf8_lossy(&output.stderr);
        Ok((!output.status.success()).then(|| said.into_owned()))
    }

    /// Cargo's arguments, with our folder for its own, and without what serves cargo.
    fn args(&self, line: &Line, out: &Path) -> Vec<String> {
        let library = self.library.stem();
        let mut args = Vec::new();
        let mut given = line.args.iter();
        while let Some(arg) = given.next() {
            match arg.as_str() {
                "--out-dir" => {
                    given.next();
                    args.extend([arg.clone(), out.display().to_string()]);
                }
                "-C" => {
                    let option = given.next().cloned().unwrap_or_default();
                    if !option.starts_with("incremental=") {
                        args.extend([arg.clone(), option]);
                    }
                }
                "--extern" => {
                    let option = given.next().cloned().unwrap_or_default();
                    let is_answer = |path: &str| {
                        let stem = Path::new(path).file_stem();
                        stem.is_some_and(|stem| stem == &*format!("lib{library}"))
                    };
                    let option = match option.split_once('=') {
                        Some((name, path)) if is_answer(path) => {
                            let path = out.join(self.library.artifact());
                            format!("{name}={}", path.display())
                        }
                        _ => option,
                    };
                    args.extend([arg.clone(), option]);
                }
                _ if ["--emit", "--error-format", "--json"]
                    .iter()
                    .any(|option| arg.starts_with(option)) => {}
                _ => args.push(arg.clone()),
            }
        }
        args
    }
}

fn mentions(line: &Line, stem: &str) -> bool {
    line.args.iter().any(|arg| arg.contains(stem))
}
