//! The same tests, asked of the reference answer.

extern crate tcp_echo_solution as tcp_echo;

#[path = "../main.rs"]
mod exercise;
mod pictures;
