//! The reference.

use readiness_solution as readiness;

#[path = "ours.rs"]
pub mod ours;
