//! The reference.

use tcp_receive_solution as tcp_receive;

#[path = "ours.rs"]
pub mod ours;
