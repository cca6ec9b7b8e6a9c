//! The same tests, asked of the reference answer.

extern crate http2_solution as http2;

#[path = "../main.rs"]
mod exercise;
