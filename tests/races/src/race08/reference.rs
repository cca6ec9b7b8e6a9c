//! The reference.

use addresses_solution as addresses;

#[path = "ours.rs"]
pub mod ours;
