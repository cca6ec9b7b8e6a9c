//! The reference.

use http2_solution as http2;

#[path = "ours.rs"]
pub mod ours;
