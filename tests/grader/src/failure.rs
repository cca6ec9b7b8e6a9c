//! Why a command has no result: because of how it was written, or because of us.

use std::fmt;
use std::process::ExitCode;

use workbook::problem::Problem;

/// What ends a command before its end.
#[derive(Debug)]
pub enum Failure {
    /// The command cannot be carried out as it was written.
    Usage(Problem),
    /// It can, but not by us, here and now: the disk is full.
    Ours(Problem),
}

/// The exit code when the grader failed and not the student.
pub const OURS: u8 = 3;

impl Failure {
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Usage(_) => 2,
            Failure::Ours(_) => OURS,
        })
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure::Usage(problem)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Usage(problem) | Failure::Ours(problem)) = self;
        problem.fmt(f)
    }
}
