//! The reference.

use type_a_url_solution as type_a_url;

#[path = "ours.rs"]
pub mod ours;
