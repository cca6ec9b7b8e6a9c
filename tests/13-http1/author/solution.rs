//! The same tests, asked of the reference answer.

extern crate http1_solution as http1;

#[path = "../main.rs"]
mod exercise;
mod pictures;
