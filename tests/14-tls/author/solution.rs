//! The same tests, asked of the reference answer.

extern crate tls_solution as tls;

#[path = "../main.rs"]
mod exercise;
mod pictures;
