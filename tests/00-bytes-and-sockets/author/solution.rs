//! The same tests, run against the reference solution.

extern crate bytes_and_sockets_solution as bytes_and_sockets;

#[path = "../main.rs"]
mod exercise;
