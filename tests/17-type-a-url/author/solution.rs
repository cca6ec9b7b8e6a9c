//! The same tests, asked of the reference answer.

extern crate type_a_url_solution as type_a_url;

#[cfg(feature = "whole")]
mod beside_curl;
#[path = "../main.rs"]
mod exercise;
