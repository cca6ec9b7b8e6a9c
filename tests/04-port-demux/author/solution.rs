//! The same tests, run against the reference solution.

extern crate port_demux_solution as port_demux;

#[path = "../main.rs"]
mod exercise;

mod house;
