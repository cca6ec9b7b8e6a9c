#![cfg(target_os = "linux")]
//! What students try instead of answering, and what comes of it: at most the points of the honest part.
//!
//! Each attack is safe Rust, as nothing else compiles; where one is not stopped, that is asserted too.

#[path = "../support/mod.rs"]
mod support;

mod bombs;
mod compiles;
mod ends;
mod hand_in;
mod more;
mod neighbours;
mod next_test;
mod reaches;
mod skips;
mod starter;
mod types;
mod user;
mod volley;
