//! The student.

extern crate concurrent_server;

#[path = "ours.rs"]
pub mod ours;
