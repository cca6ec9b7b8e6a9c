//! The reference.

use tcp_echo_solution as tcp_echo;

#[path = "ours.rs"]
pub mod ours;
