//! The student.

extern crate http2;

#[path = "ours.rs"]
pub mod ours;
