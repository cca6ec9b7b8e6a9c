//! The same tests, run against the reference solution.

extern crate packets_solution as packets;

#[path = "../main.rs"]
mod exercise;

mod house;
