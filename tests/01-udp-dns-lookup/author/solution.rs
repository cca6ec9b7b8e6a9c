//! The same tests for the reference answer.

extern crate udp_dns_lookup_solution as udp_dns_lookup;

#[path = "../main.rs"]
mod exercise;
