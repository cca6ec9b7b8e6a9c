//! The student.

extern crate addresses;

#[path = "ours.rs"]
pub mod ours;
