//! Builds a test binary with cargo and understands what cargo says about it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde::Deserialize;

use course::problem::{Problem, Result};
use runner::rustc;

/// What to build: one integration test of one package.
pub struct Request<'a> {
    /// The folder with the workspace's Cargo.toml.
    pub workspace: &'a Path,
    pub package: &'a str,
    /// The test target's name in the package's manifest.
    pub target: &'a str,
    pub features: &'a [String],
    pub default_features: bool,
    /// Another folder than the workspace's own for what is built, and for the records of rustc's
    /// command lines ([`records`]).
    pub target_dir: Option<&'a Path>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Built {
    /// The test binary; none when something does not compile.
    pub binary: Option<PathBuf>,
    pub errors: Vec<Diagnostic>,
    pub warnings: Vec<Diagnostic>,
    /// The root source files of the libraries and programs that were compiled now rather than found
    /// up to date.
    pub compiled: Vec<PathBuf>,
    /// What cargo itself said.
    pub said: String,
}

/// One message of rustc about a workspace member.
#[derive(Debug)]
pub struct Diagnostic {
    /// As rustc draws it, with colours.
    pub rendered: String,
    /// The source file that is the root of the crate it is about.
    pub crate_root: PathBuf,
}

/// Runs `cargo test --no-run`. `hears` gets cargo's remarks that explain a delay, as they come.
pub fn build(request: &Request, hears: &(dyn Fn(&str) + Sync)) -> Result<Built> {
    let mut command = cargo();
    command
        .current_dir(request.workspace)
        .args([
            "test",
            "--no-run",
            "--message-format",
            "json-diagnostic-rendered-ansi",
        ])
        .args(["--package", request.package, "--test", request.target])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if !request.default_features {
        command.arg("--no-default-features");
    }
    if !request.features.is_empty() {
        command.args(["--features", &request.features.join(",")]);
    }
    if let Some(folder) = request.target_dir {
        command.env("CARGO_TARGET_DIR", folder);
        let own = std::env::current_exe();
        own.and_then(|own| rustc::have_recorded(&mut command, &own, &records(folder)))
            .map_err(|error| Problem::with_file("prepare", folder, &error))?;
    }
    let mut child = command.spawn().map_err(no_cargo)?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let stderr = child.stderr.take().expect("stderr is piped");

    let mut built = Built::default();
    thread::scope(|scope| {
        let said = scope.spawn(|| listen(stderr, hears));
        // A line that is not one of cargo's messages is none of our business.
        let lines = BufReader::new(stdout)
            .lines()
            .map_while(std::io::Result::ok);
        for message in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
            built.take(message, request.target);
        }
        built.said = said.join().unwrap_or_default();
    });
    let status = child.wait().map_err(no_cargo)?;
    if !status.success() {
        built.binary = None;
    }
    Ok(built)
}

/// Where the records of rustc's command lines lie for what is built in `target_dir`.
pub fn records(target_dir: &Path) -> PathBuf {
    target_dir.join("rustc-records")
}

/// The folder into which cargo builds the workspace.
pub fn target_dir(workspace: &Path) -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let output = cargo()
        .current_dir(workspace)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .map_err(no_cargo)?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout).map_err(|_| {
        let said = String::from_utf8_lossy(&output.stderr);
        Problem::new(format!(
            "cargo cannot read the workspace.\n{}",
            said.trim_end()
        ))
    })?;
    Ok(metadata.target_directory)
}

pub fn cargo() -> Command {
    // Under `cargo workbook` this names the very cargo that runs us.
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

pub fn no_cargo(error: std::io::Error) -> Problem {
    Problem::new(format!(
        "Cannot run cargo: {error}. Is Rust installed and on the PATH?"
    ))
}

/// Collects what cargo says and passes on what explains a wait.
fn listen(stderr: impl std::io::Read, hears: &(dyn Fn(&str) + Sync)) -> String {
    let mut said = String::new();
    for line in BufReader::new(stderr)
        .lines()
        .map_while(std::io::Result::ok)
    {
        let remark = line.trim();
        if ["Blocking", "Compiling", "Downloading", "Updating"]
            .iter()
            .any(|word| remark.starts_with(word))
        {
            hears(remark);
        }
        said.push_str(&line);
        said.push('\n');
    }
    said
}

impl Built {
    fn take(&mut self, message: Message, test_target: &str) {
        match message {
            Message::Diagnostic { target, message } => {
                let Rustc {
                    level,
                    rendered: Some(rendered),
                    spans,
                    ..
                } = message
                else {
                    return;
                };
                let diagnostic = Diagnostic {
                    rendered,
                    crate_root: target.src_path,
                };
                match level.as_str() {
                    // The closing "aborting due to 2 previous errors" points nowhere.
                    "error" if spans.is_empty() && message.message.starts_with("aborting") => {}
                    level if level.starts_with("error") => self.errors.push(diagnostic),
                    // As above: "2 warnings emitted".
                    "warning" if spans.is_empty() && message.message.ends_with("emitted") => {}
                    "warning" => self.warnings.push(diagnostic),
                    _ => {}
                }
            }
            Message::Artifact {
                target,
                executable,
                fresh,
            } => {
                let is_a = |kind: &str| target.kind.iter().any(|its| its == kind);
                if is_a("test") && target.name == test_target && executable.is_some() {
                    self.binary = executable;
                } else if !fresh && (is_a("lib") || is_a("bin")) {
                    self.compiled.push(target.src_path);
                }
            }
            Message::Other => {}
        }
    }
}

/// The part of cargo's `--message-format json` that we need.
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-message")]
    Diagnostic { target: Target, message: Rustc },
    #[serde(rename = "compiler-artifact")]
    Artifact {
        target: Target,
        executable: Option<PathBuf>,
        fresh: bool,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
    src_path: PathBuf,
}

#[derive(Deserialize)]
struct Rustc {
    level: String,
    message: String,
    rendered: Option<String>,
    spans: Vec<serde::de::IgnoredAny>,
}
