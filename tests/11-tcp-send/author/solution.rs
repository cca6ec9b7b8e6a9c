//! The same tests, run against the reference solution.

extern crate tcp_send_solution as tcp_send;

#[path = "../main.rs"]
mod exercise;
