//! The reference.

use concurrent_server_solution as concurrent_server;

#[path = "ours.rs"]
pub mod ours;
