//! `cargo grader one`: one submission.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use course::problem::Problem;

use crate::build::scratch;
use crate::command::failure::{Failure, OURS};
use crate::command::select;
use crate::jail::Isolation;
use crate::render::{self, Format};
use crate::report::{Report, Status};
use crate::run::lanes::Lanes;
use crate::run::worker::{self, Shared, Worker};
use crate::settings::{Limits, Seed, Settings};

#[derive(Debug, Args)]
pub struct OneArgs {
    /// The folder that holds the student's `chapters`
    #[arg(long, value_name = "DIR")]
    submission: PathBuf,
    /// Only these chapters, 02 or 02-tcp-echo, for instance 00,02 [default: all]
    #[arg(
        long = "chapter",
        alias = "chapters",
        value_name = "NN",
        value_delimiter = ','
    )]
    chapters: Vec<String>,
    /// The workbook that the tests come from [default: the one around this folder]
    #[arg(long, value_name = "DIR")]
    course: Option<PathBuf>,
    /// The student's id, for the report
    #[arg(long, value_name = "ID", default_value = "student")]
    student: String,
    /// When it was handed in, for the report: 2026-11-20T08:00:00Z
    #[arg(long, value_name = "TIME")]
    submitted_at: Option<String>,
    /// Your own tests, which students do not see: a folder that holds folders like tests/02-tcp-echo
    #[arg(long, value_name = "DIR")]
    hidden: Option<PathBuf>,
    /// Count optional steps as well
    #[arg(long)]
    optional: bool,
    /// Random input of the tests comes from it [default: random; the report names it]
    #[arg(long)]
    seed: Option<u64>,
    /// Multiply every deadline
    #[arg(long, value_name = "FACTOR", default_value_t = Limits::default().patience)]
    patience: f64,
    /// Refuse to run with a weaker jail than this
    #[arg(long, value_name = "LEVEL")]
    require_isolation: Option<Isolation>,
    /// Use no stronger jail than this, to see what it stops
    #[arg(long, value_name = "LEVEL", default_value = "bwrap")]
    at_most: Isolation,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, default_value = "table")]
    format: Format,
    /// Where to build; a later run with the same folder is faster [default: a folder of yours in /tmp]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// Keep the submission's files and binaries in the scratch folder, and say where
    #[arg(long)]
    keep: bool,
}

/// Grades one submission. The exit code is 0 when it was graded, whatever the score.
pub fn run(args: &OneArgs) -> Result<ExitCode, Failure> {
    let course = select::course(args.course.as_deref())?;
    let chapters = select::chapters(&course, &args.chapters)?;
    let settings = Settings {
        chapters: chapters.iter().map(|one| one.folder.clone()).collect(),
        hidden: args.hidden.clone(),
        optional: args.optional,
        seed: Seed::Exact(args.seed.unwrap_or_else(Seed::drawn)),
        limits: Limits {
            patience: args.patience,
            ..Limits::default()
        },
        require_isolation: args.require_isolation,
        at_most: args.at_most,
    };
    // A mistyped path is not the student's mistake and must not become a zero.
    args.submission
        .symlink_metadata()
        .map_err(|error| Problem::with_file("find the submission", &args.submission, &error))?;
    let scratch = scratch::chosen(args.scratch.as_deref())?;
    let say = |what: &str| eprintln!("{what}");
    let shared = Shared::new(Lanes::of_this_machine());
    let report = match Worker::prepare(&course, &settings, &scratch, shared, &say) {
        Ok(mut worker) => {
            let at = args.submitted_at.as_deref();
            let report = worker.grade(&args.student, &args.submission, at, &say);
            match args.keep {
                true => eprintln!("Kept: {}", worker.workdir().display()),
                false => worker.clear(),
            }
            report
        }
        // This is a report, too: a platform that waits for a file must not take its absence for a zero.
        Err(problem) => Report::of_our_failure(&args.student, &problem.to_string(), worker::now()),
    };
    if let Some(path) = &args.out {
        let json = render::render(Format::Json, &report).unwrap_or_default();
        fs::write(path, json)
            .map_err(|error| Failure::Ours(Problem::with_file("write", path, &error)))?;
    }
    if let Some(text) = render::render(args.format, &report) {
        print!("{text}");
    }
    if let (Status::GraderError, Some(problem)) = (report.status, &report.problem) {
        eprintln!("error: {problem}");
    }
    Ok(match report.status {
        Status::GraderError => ExitCode::from(OURS),
        Status::Graded | Status::Rejected => ExitCode::SUCCESS,
    })
}
