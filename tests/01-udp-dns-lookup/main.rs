//! The tests of chapter 01. One module a step.

mod picture;
mod scene;
mod wire;

mod s10_program;
#[cfg(feature = "library")]
mod s11_library;
mod s1_names;
mod s2_query;
mod s3_header;
mod s4_compression;
mod s5_message;
mod s6_udp;
mod s7_judge;
mod s8_tcp;
mod s9_lookup;
