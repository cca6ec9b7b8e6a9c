//! The student.

extern crate connection_pool;

#[path = "ours.rs"]
pub mod ours;
