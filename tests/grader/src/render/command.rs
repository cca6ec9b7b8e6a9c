//! `cargo grader render`: a stored report in another format, without grading again.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use course::problem::Problem;

use super::{Format, failure, render};
use crate::command::failure::{Failure, OURS};
use crate::report::{Report, SCHEMA};

#[derive(Args, Debug)]
pub struct RenderArgs {
    /// A report.json, as `one` and `class` write it
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// The format that your platform reads
    #[arg(long, value_enum)]
    format: Format,
    /// The file to write, in place of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Renders. The exit code is 3 for the report of a grader that failed, in every format.
pub fn run(args: &RenderArgs) -> Result<ExitCode, Failure> {
    let path = &args.report;
    let text =
        std::fs::read_to_string(path).map_err(|error| Problem::with_file("read", path, &error))?;
    let report: Report = serde_json::from_str(&text).map_err(|error| {
        Problem::new(format!(
            "{} is no report of the grader: {error}.",
            path.display()
        ))
    })?;
    if report.schema != SCHEMA {
        return Err(Failure::Usage(Problem::new(format!(
            "{} is a report of another kind, {}. This grader reads {SCHEMA}.",
            path.display(),
            super::text::line(&report.schema)
        ))));
    }
    let code = match failure(&report) {
        Some(failure) => {
            eprintln!("{failure}");
            ExitCode::from(OURS)
        }
        None => ExitCode::SUCCESS,
    };
    let Some(rendered) = render(args.format, &report) else {
        return Ok(code);
    };
    match &args.out {
        Some(file) => std::fs::write(file, rendered)
            .map_err(|error| Failure::Ours(Problem::with_file("write", file, &error)))?,
        None => std::io::stdout()
            .write_all(rendered.as_bytes())
            .map_err(|error| {
                let words = format!("Cannot write to standard output: {error}.");
                Failure::Ours(Problem::new(words))
            })?,
    }
    Ok(code)
}
