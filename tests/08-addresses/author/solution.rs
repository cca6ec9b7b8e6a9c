//! The same tests, run against the reference solution.

extern crate addresses_solution as addresses;

#[path = "../main.rs"]
mod exercise;
