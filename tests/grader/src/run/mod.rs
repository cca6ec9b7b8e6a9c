//! From a submission to its report.
//!
//! Belongs here: which tests count, how a chapter's tests are run, and what the end of a test's process
//! means.

mod chapter_run;
pub mod lanes;
mod ports;
mod test_plan;
mod test_run;
mod verdict;
mod witness;
pub mod worker;
