//! Why a command has no result: it was written wrongly, or the grader failed.

use std::fmt;
use std::process::ExitCode;

use course::problem::Problem;

/// What stops a command early.
#[derive(Debug)]
pub enum Failure {
    /// The command cannot be carried out as it was written.
    Usage(Problem),
    /// The command is right, but the grader failed: the disk is full, for instance.
    Ours(Problem),
}

/// The exit code when the grader failed, not the student.
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
