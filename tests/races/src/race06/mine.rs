//! The student.

extern crate packets;

#[path = "ours.rs"]
pub mod ours;
