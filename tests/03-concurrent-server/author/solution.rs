//! The same tests, asked of the reference answer.

extern crate concurrent_server_solution as concurrent_server;

#[path = "../main.rs"]
mod exercise;
mod pictures;
