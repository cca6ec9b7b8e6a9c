//! The reference.

use http1_solution as http1;

#[path = "ours.rs"]
pub mod ours;
