//! The tests of chapter 12: how a connection ends, and a host that has many of them.

mod desk;
mod ends;
mod player;
mod remote;
mod s1_states;
mod s2_verdict;
mod s3_time_wait;
mod s4_streams;
mod s5_order;
mod s6_cut;
mod s7_bytes;
mod s8_host;
mod scenes;
mod states;
mod wire;
