//! The same tests, run against the reference solution.

extern crate tcp_open_solution as tcp_open;

#[path = "../main.rs"]
mod exercise;
