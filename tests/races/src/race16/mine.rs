//! The student.

extern crate readiness;

#[path = "ours.rs"]
pub mod ours;
