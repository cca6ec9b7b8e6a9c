//! The same tests, asked of the reference answer.

extern crate type_a_url_solution as type_a_url;

#[path = "../main.rs"]
mod exercise;
