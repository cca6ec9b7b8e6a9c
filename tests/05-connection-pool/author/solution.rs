//! The same tests, asked of the reference answer.

extern crate connection_pool_solution as connection_pool;

#[path = "../main.rs"]
mod exercise;
