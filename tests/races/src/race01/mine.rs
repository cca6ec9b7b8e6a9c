//! The student.

extern crate udp_dns_lookup;

#[path = "ours.rs"]
pub mod ours;
