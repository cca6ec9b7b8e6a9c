//! The student.

extern crate delivery;

#[path = "ours.rs"]
pub mod ours;
