//! The student.

extern crate port_demux;

#[path = "ours.rs"]
pub mod ours;
