//! The reference.

extern crate packets_solution as packets;

#[path = "ours.rs"]
pub mod ours;
