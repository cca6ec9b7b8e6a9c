//! The reference.

use connection_pool_solution as connection_pool;

#[path = "ours.rs"]
pub mod ours;
