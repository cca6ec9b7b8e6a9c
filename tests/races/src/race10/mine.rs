//! The student.

extern crate tcp_receive;

#[path = "ours.rs"]
pub mod ours;
