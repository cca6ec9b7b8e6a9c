//! The reference.

use delivery_solution as delivery;

#[path = "ours.rs"]
pub mod ours;
