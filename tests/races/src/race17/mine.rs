//! The student.

extern crate type_a_url;

#[path = "ours.rs"]
pub mod ours;
