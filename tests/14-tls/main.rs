//! The tests of chapter 14, from a record to a program.

pub mod certificates;
mod configs;
mod hellos;
mod s1_hello;
mod s2_identity;
mod s3_stream;
mod s4_ends;
mod s5_https;
mod s6_program;
mod website;
mod wire;
