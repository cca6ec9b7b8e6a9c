//! The tests of chapter 11: how a TCP sends.

mod conversation;
mod hostile;
mod network;
mod plots;
mod s1_rto;
mod s2_segments;
mod s3_window;
mod s4_flight;
mod s5_waiting;
mod s6_congestion;
mod s7_recovery;
mod s8_sender;
mod wire;
mod words;
