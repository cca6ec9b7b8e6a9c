//! The tests of chapter 15, from nine bytes to a program.

mod blocks;
mod ends;
mod frames;
mod lossy;
mod machine;
mod memory;
mod program;
mod rules;
mod s1_frames;
mod s2_hpack;
mod s3_settings;
mod s4_streams;
mod s5_content;
mod s6_limits;
mod s7_program;
mod site;
mod talk;
