//! The same tests, run against the reference solution.

extern crate delivery_solution as delivery;

#[path = "../main.rs"]
mod exercise;
