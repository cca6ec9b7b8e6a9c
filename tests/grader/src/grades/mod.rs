//! From the reports of a class to its grades. Nothing here runs a test.
//!
//! Belongs here: the command `merge`, the late policy and overrides, the grade book and the overview.

pub mod gradebook;
pub mod merge;
mod overview;
pub mod policy;
