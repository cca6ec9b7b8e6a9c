//! later
use crate::{
    course::{Chapter, Course},
    problem::Result,
    ui::Ui,
};
use std::process::ExitCode;
pub fn run(
    _ui: &Ui,
    _course: &Course,
    _only: Option<&Chapter>,
    _jobs: Option<std::num::NonZeroUsize>,
    _stubs: bool,
) -> Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
