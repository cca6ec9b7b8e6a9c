//! The command line: the commands, how they end, and what they say about the course.

pub mod failure;
pub mod one;
pub mod select;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::class::{command as class, export, shards as plan};
use crate::command::failure::Failure;
use crate::grades::merge;
use crate::{handout, render};

/// Grade Loopback: one submission or a class.
///
/// A submission is a folder that holds the student's `chapters`. Only the files in
/// chapters/*/src are taken from it; tests, manifests and settings are the course's own.
///
/// The exit code is 0 when everything was graded, whatever the scores; 2 when the
/// command cannot be carried out as it was written; 3 when the grader itself failed
/// for a student. Such a failure is never a score of 0.
#[derive(Parser)]
#[command(name = "cargo grader", bin_name = "cargo grader", verbatim_doc_comment)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Copy the workbook for students, without the answers; or make the zip for Gradescope
    ///
    /// The copy is made from the course's last commit. With a platform it holds the workflow
    /// that grades each push with your tests, not with the student's.
    ///
    /// Examples:
    ///   cargo grader handout ../loopback --chapters 00,01,02
    ///   cargo grader handout ../loopback --platform github --repository my-org/loopback
    ///   cargo grader handout ../autograder.zip --gradescope --chapters 02
    #[command(verbatim_doc_comment)]
    Handout(handout::HandoutArgs),
    /// Grade one submission
    ///
    /// Prints a table, or another format; writes the report as JSON with --out.
    ///
    /// Example:
    ///   cargo grader one --submission handed-in/s042 --chapter 02 --out report.json
    #[command(verbatim_doc_comment)]
    One(one::OneArgs),
    /// Grade every submission in a folder; continues an earlier run that was stopped
    ///
    /// Writes RESULTS/<id>/report.json, for programs, and report.md, for the student.
    /// A submission that already has a report and has not changed is skipped: after
    /// a power cut, the same command grades the rest. `merge` makes the grades.
    ///
    /// Example:
    ///   cargo grader class --submissions handed-in --roster class.csv --chapter 02
    ///
    /// A part of the class, on one of eight machines:
    ///   cargo grader class --submissions handed-in --shard 3/8 --seed 4711 --out part
    #[command(verbatim_doc_comment)]
    Class(class::ClassArgs),
    /// Cut a class into shards for a CI matrix or a job array
    ///
    /// A student stays in the same shard, no matter who else hands in.
    ///
    /// Example, in a step of GitHub Actions:
    ///   echo "matrix=$(cargo grader plan --shards 8 --format github)" >> "$GITHUB_OUTPUT"
    #[command(verbatim_doc_comment)]
    Plan(plan::PlanArgs),
    /// Make the grades from the reports of a class; runs no test
    ///
    /// Writes GRADES/grades.csv, class.md (how the class did, what to look at) and
    /// students/<id>.md. Late policy and overrides count here: change them and merge again,
    /// as often as you like. A student who handed in nothing is `missing`; one for whom
    /// the grader failed is `grader_error`. Neither has a score.
    ///
    /// Example:
    ///   cargo grader merge --results part-* --roster class.csv --percent-per-day 10
    #[command(verbatim_doc_comment)]
    Merge(merge::MergeArgs),
    /// Write what students changed, laid out for the plagiarism detectors JPlag and Dolos
    ///
    /// Example:
    ///   cargo grader export --submissions handed-in --chapter 02 --out similar
    #[command(verbatim_doc_comment)]
    Export(export::ExportArgs),
    /// Write a stored report in another format, without grading again
    ///
    /// Example:
    ///   cargo grader render report.json --format junit --out junit.xml
    #[command(verbatim_doc_comment)]
    Render(render::RenderArgs),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    dispatch(Arguments::parse().command).unwrap_or_else(|failure| {
        eprintln!("error: {failure}");
        failure.exit_code()
    })
}

fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    Ok(match command {
        Command::Handout(args) => handout::run(&args)?,
        Command::One(args) => one::run(&args)?,
        Command::Class(args) => class::run(&args)?,
        Command::Plan(args) => plan::run(&args).map(|()| ExitCode::SUCCESS)?,
        Command::Merge(args) => merge::run(&args)?,
        Command::Export(args) => export::run(&args)?,
        Command::Render(args) => render::run(&args)?,
    })
}
