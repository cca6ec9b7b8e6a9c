//! The tests of chapter 10: how TCP makes a stream out of segments.

mod half;
mod model;
mod s1_acceptable;
mod s2_assembler;
mod s3_end;
mod s4_unwrap;
mod s5_window;
mod s6_delay;
mod s7_receiver;
#[cfg(feature = "stretch")]
mod s8_scale;
#[cfg(feature = "stretch")]
mod s9_sack;
mod strip;
