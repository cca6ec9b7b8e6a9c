//! The student.

extern crate tcp_echo;

#[path = "ours.rs"]
pub mod ours;
