//! The same tests, run against the reference solution.

extern crate tcp_receive_solution as tcp_receive;

#[path = "../main.rs"]
mod exercise;
