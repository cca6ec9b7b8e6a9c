//! The student.

extern crate http1;

#[path = "ours.rs"]
pub mod ours;
