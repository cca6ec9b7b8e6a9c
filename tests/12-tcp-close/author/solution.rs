//! The same tests, run against the reference solution.

extern crate tcp_close_solution as tcp_close;

#[path = "../main.rs"]
mod exercise;
