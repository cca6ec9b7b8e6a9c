//! The same tests, asked of the reference answer.

extern crate readiness_solution as readiness;

#[path = "../main.rs"]
mod exercise;
mod pictures;
